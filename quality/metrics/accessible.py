"""Can the data be had, and is there someone to ask?"""

from __future__ import annotations

import re

from catalog import vocabulary
from quality.evidence.subject import UNKNOWN, DatasetSubject, DistributionSubject, Measurement
from quality.metrics.answers import NOTHING_MORE, answers, present, usable_url, valid_email, yes
from quality.tables.judge.wording import what_and_why

__all__: list[str] = []

_CERTAIN = re.compile(r"(?i)has expired|self[- ]signed certificate(?! in)|mismatch|not valid for|doesn't match")
"""OpenSSL's words for what is wrong with the certificate itself."""


def distribution_present(s: DatasetSubject) -> float | None:
    """Not asked of a series: its files are those of its members."""
    is_there = bool(s.distributions or s.services)
    return None if s.dataset.is_series and not is_there else yes(is_there)


def access_url_present(s: DistributionSubject) -> float:
    return present(s.distribution.access_url)


def access_url_ok(s: DistributionSubject) -> Measurement:
    return answers(s.distribution.access_url, s.access_check)


def download_url_present(s: DistributionSubject) -> float:
    return present(s.distribution.download_url)


def download_url_ok(s: DistributionSubject) -> Measurement:
    return answers(s.distribution.download_url, s.download_check)


def link_ok(s: DistributionSubject) -> Measurement:
    """The best of its addresses; 0 where a distribution has none at all."""
    download = answers(s.distribution.download_url, s.download_check)
    access = answers(s.distribution.access_url, s.access_check)
    if download == 1.0 or access == 1.0:
        return 1.0
    return UNKNOWN if download is UNKNOWN or access is UNKNOWN else 0.0


def link_ok_observed(s: DistributionSubject) -> str:
    """Say what the address answered, or that there is none."""
    if s.check is not None:
        return s.check.detail or s.check.fault or "no answer"
    return "no address is given" if s.url is None else NOTHING_MORE


def tls_valid(s: DistributionSubject) -> Measurement:
    """Not asked of addresses without TLS. A chain that we cannot follow may be one that our own list does not know."""
    if s.check is None or not (s.url or "").strip().lower().startswith("https:"):
        return None
    if s.check.tls_fault:
        return 0.0 if _CERTAIN.search(s.check.tls_fault) else UNKNOWN
    return 1.0 if s.check.status is not None else UNKNOWN


def tls_valid_observed(s: DistributionSubject) -> str:
    """Say why the certificate cannot be verified."""
    return NOTHING_MORE if s.check is None else s.check.tls_fault or "TLS fails"


def file_served(s: DistributionSubject) -> Measurement:
    """Only where a file is promised (by a download URL, or a format that is none of the web) and something came."""
    fmt = s.declared_format
    is_promised = bool(s.distribution.download_url) or (fmt is not None and fmt.kind not in ("web", "service"))
    if not is_promised or s.check is None or s.check.outcome in ("broken", "invalid"):
        return None
    if s.check.outcome != "ok":
        return UNKNOWN
    if s.table is not None and s.table.status != "unknown":
        is_page = s.table.format == "HTML" and (fmt is None or fmt.kind != "web")
        return yes(s.table.status != "wrong_content" and not is_page)
    # The file was not looked into: a page in its place is told by its media type.
    served = (s.check.content_type or "").lower()
    return UNKNOWN if not served else yes("text/html" not in served or (fmt is not None and fmt.id == "HTML"))


def file_served_observed(s: DistributionSubject) -> str:
    """Say what was found in place of the file."""
    return what_and_why(s.table.defects[0]) if s.table is not None and s.table.defects else NOTHING_MORE


def contact_present(s: DatasetSubject) -> float:
    return yes(s.dataset.contact is not None)


def contact_usable(s: DatasetSubject) -> float | None:
    contact = s.dataset.contact
    if contact is None:
        return None
    return yes(valid_email(contact.email) or usable_url(contact.url))


def publisher_present(s: DatasetSubject) -> float:
    return yes(s.dataset.publisher is not None)


def access_rights_present(s: DatasetSubject) -> float:
    return present(s.dataset.access_rights)


def access_rights_known(s: DatasetSubject) -> float:
    return yes(vocabulary.access_right(s.dataset.access_rights) is not None)


def provenance_present(s: DatasetSubject) -> float:
    return present(s.dataset.provenance)
