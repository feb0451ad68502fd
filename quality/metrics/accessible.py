"""Metrics of accessibility: can the data be fetched, and is there someone to ask?"""

from __future__ import annotations

import re

from catalog import vocabulary
from quality.evidence.subject import UNKNOWN, DatasetSubject, DistributionSubject, Measurement
from quality.metrics.answers import NOTHING_MORE, answers, present, usable_url, valid_email, yes
from quality.tables.judge.wording import what_and_why
from quality.tables.read.sniff import is_error_note

__all__: list[str] = []

_CERTAIN = re.compile(r"(?i)has expired|self[- ]signed certificate(?! in)|mismatch|not valid for|doesn't match")
"""OpenSSL's messages about faults of the certificate itself, which no other list of authorities would cure."""


def distribution_present(s: DatasetSubject) -> float | None:
    """Return 1 if the dataset has a distribution or a data service, else 0.

    None for a dataset series without any: the files belong to the datasets in the series.
    """
    is_there = bool(s.distributions or s.services)
    return None if s.dataset.is_series and not is_there else yes(is_there)


def access_url_present(s: DistributionSubject) -> float:
    """Return 1 if the distribution declares an access URL (dcat:accessURL), else 0."""
    return present(s.distribution.access_url)


def access_url_ok(s: DistributionSubject) -> Measurement:
    """Return 1 if the access URL answered the last check, 0 if it is broken or invalid.

    It is broken only if it failed so many checks, over so many days, as the portal's rule asks. None without an access
    URL. Unknown if it was never checked, or the check was inconclusive: a bot wall, a time-out, a server error, or a
    failure that is not confirmed yet.
    """
    return answers(s.distribution.access_url, s.access_check)


def download_url_present(s: DistributionSubject) -> Measurement:
    """Return 1 if the distribution has an address from which its file can be downloaded directly, else 0.

    1 if it declares a download URL (dcat:downloadURL) with a letter or digit. Without one the access URL decides: 1 if
    it served a file, 0 if it served a web page. None if there is no address at all or if it is broken or invalid,
    because ``link_ok`` already fails, and for a distribution that is declared as a service. Unknown if the access URL
    was never checked, or if the check was inconclusive or does not tell what was served.
    """
    fmt, check = s.declared_format, s.access_check
    if s.distribution.download_url:
        return present(s.distribution.download_url)
    if not present(s.distribution.access_url) or (fmt is not None and fmt.kind == "service"):
        return None
    if check is None or not check.is_known:
        return UNKNOWN
    if check.outcome != "ok":
        return None
    if s.table is not None and s.table.format:
        return yes(s.table.format != "HTML")
    served = (check.content_type or "").lower()
    return UNKNOWN if not served else yes("html" not in served)


def download_url_present_observed(s: DistributionSubject) -> str:
    """Return the words for the column ``observed`` of a finding of ``download_url_present``: what is there instead."""
    if s.distribution.download_url:
        return "the download address is no address"
    return "no download address is given, and the access address serves a web page"


def download_url_declared(s: DistributionSubject) -> float:
    """Return 1 if the distribution declares a download URL (dcat:downloadURL), else 0."""
    return present(s.distribution.download_url)


def download_url_ok(s: DistributionSubject) -> Measurement:
    """Return 1 if the download URL answered the last check, 0 if it is broken or invalid.

    It is broken only if it failed so many checks, over so many days, as the portal's rule asks. None without a download
    URL. Unknown if it was never checked, or the check was inconclusive: a bot wall, a time-out, a server error, or a
    failure that is not confirmed yet.
    """
    return answers(s.distribution.download_url, s.download_check)


def link_ok(s: DistributionSubject) -> Measurement:
    """Return 1 if the download URL or the access URL answered; 0 if each is missing, broken or invalid.

    Unknown if neither answered and at least one of them was never checked, or its check was inconclusive (a bot wall, a
    time-out, a server error, a failure that is not confirmed yet).
    """
    download = answers(s.distribution.download_url, s.download_check)
    access = answers(s.distribution.access_url, s.access_check)
    if download == 1.0 or access == 1.0:
        return 1.0
    return UNKNOWN if download is UNKNOWN or access is UNKNOWN else 0.0


def link_ok_observed(s: DistributionSubject) -> str:
    """Return the words for the column ``observed`` of a finding of ``link_ok``: how the check of the URL failed.

    "no answer" if the check does not say how. "no address is given" if the distribution has no URL, "no" if its URL was
    not checked.
    """
    if s.check is not None:
        return s.check.detail or s.check.fault or "no answer"
    return "no address is given" if s.url is None else NOTHING_MORE


def tls_valid(s: DistributionSubject) -> Measurement:
    """Return 1 if the TLS certificate of an https URL was verified, 0 if the certificate itself is at fault.

    The URL is the download URL, else the access URL. None if it is no https URL or was never checked. Unknown if the
    server sent no HTTP response although TLS did not fail, or if the chain of trust could not be followed, because our
    own list of certificate authorities may be incomplete.
    """
    if s.check is None or not (s.url or "").strip().lower().startswith("https:"):
        return None
    if s.check.tls_fault:
        return 0.0 if _CERTAIN.search(s.check.tls_fault) else UNKNOWN
    return 1.0 if s.check.status is not None else UNKNOWN


def tls_valid_observed(s: DistributionSubject) -> str:
    """Return the words for the column ``observed`` of a finding of ``tls_valid``: why the certificate is not valid.

    "TLS fails" if the reason is not known, "no" if the URL was not checked.
    """
    return NOTHING_MORE if s.check is None else s.check.tls_fault or "TLS fails"


def file_served(s: DistributionSubject) -> Measurement:
    """Return 1 if the URL served a file where one is promised, 0 if it served a web page or an error message instead.

    A file is promised if the record has a download URL, or declares a format that is neither of a web page nor of a
    service. None if no file is promised, or if the URL was never checked, is broken or is invalid. Unknown if the check
    was inconclusive.

    If the content was inspected, it decides. A web page fails unless one is declared, and an error message fails if a
    format of files is declared. Otherwise, what looks like an error message may be the data themselves, so that the
    result is unknown. A file in another format than the declared one passes here; see ``format_truthful``.
    Otherwise the Content-Type header decides: only "text/html" fails, unless HTML is declared. Without that header the
    result is unknown.
    """
    fmt = s.declared_format
    is_promised = bool(s.distribution.download_url) or (fmt is not None and fmt.kind not in ("web", "service"))
    if not is_promised or s.check is None or s.check.outcome in ("broken", "invalid"):
        return None
    if s.check.outcome != "ok":
        return UNKNOWN
    if s.table is not None and s.table.status != "unknown":
        if s.table.status != "wrong_content" and is_error_note(s.table.note):
            return UNKNOWN
        is_page = s.table.format == "HTML" and (fmt is None or fmt.kind != "web")
        return yes(s.table.status != "wrong_content" and not is_page)
    # The content was not inspected: only the media type can show that a page was served in place of the file.
    served = (s.check.content_type or "").lower()
    return UNKNOWN if not served else yes("text/html" not in served or (fmt is not None and fmt.id == "HTML"))


def file_served_observed(s: DistributionSubject) -> str:
    """Return the words for the column ``observed`` of a finding of ``file_served``: what came in place of the file.

    If no defect was found in the content or it was not inspected, they name the media type that came; "no" if the
    address was not checked, or no media type was sent.
    """
    if s.table is not None and s.table.defects:
        return what_and_why(s.table.defects[0])
    served = s.check.content_type if s.check is not None else None
    return f"the address serves {served}" if served else NOTHING_MORE


def contact_present(s: DatasetSubject) -> float:
    """Return 1 if the dataset declares a contact point (dcat:contactPoint), else 0."""
    return yes(s.dataset.contact is not None)


def contact_usable(s: DatasetSubject) -> float | None:
    """Return 1 if the contact point has a valid e-mail address or an http or https URL, else 0. None without a contact
    point.
    """
    contact = s.dataset.contact
    if contact is None:
        return None
    return yes(valid_email(contact.email) or usable_url(contact.url))


def publisher_present(s: DatasetSubject) -> float:
    """Return 1 if the dataset names its publisher (dct:publisher), else 0."""
    return yes(s.dataset.publisher is not None)


def access_rights_present(s: DatasetSubject) -> float:
    """Return 1 if the dataset declares access rights (dct:accessRights), in any words, else 0."""
    return present(s.dataset.access_rights)


def access_rights_known(s: DatasetSubject) -> float:
    """Return 1 if the declared access rights are recognised as a term of Winnow's vocabulary (public, restricted, ...);
    0 if they are not, or if none are declared.
    """
    return yes(vocabulary.access_right(s.dataset.access_rights) is not None)


def provenance_present(s: DatasetSubject) -> float:
    """Return 1 if the dataset describes where its data come from (dct:provenance), else 0."""
    return present(s.dataset.provenance)
