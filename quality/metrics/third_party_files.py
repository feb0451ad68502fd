"""Metrics of files that third-party scoring systems ask for, each by the rule of its system (``specs/systems``)."""

from __future__ import annotations

import re

from catalog import vocabulary
from quality.evidence.subject import UNKNOWN, DistributionSubject, Measurement
from quality.metrics.accessible import link_ok
from quality.metrics.answers import half, present, usable_url, yes
from quality.metrics.open import licence_present
from quality.metrics.usable import documentation_present

__all__: list[str] = []
_UDATA_CLOSED = {"pdf", "doc", "docx", "word", "xls", "excel", "xlsx"}
_PROTOCOL = re.compile(r"^\s*(?:https?|s?ftp)://", re.IGNORECASE)


def url_present(s: DistributionSubject) -> float:
    """Return 1 if the distribution has an access URL or a download URL, else 0."""
    return yes(bool(present(s.distribution.access_url) or present(s.distribution.download_url)))


def url_valid(s: DistributionSubject) -> float:
    """Return 1 if the access URL or the download URL is an http or https URL, else 0."""
    return yes(usable_url(s.distribution.access_url) or usable_url(s.distribution.download_url))


def protocol_standard(s: DistributionSubject) -> float:
    """Return 1 if the download URL, or without one the access URL, uses HTTP, HTTPS, FTP or SFTP, else 0 (F-UJI)."""
    return yes(bool(_PROTOCOL.match(s.url or "")))


def bulk_download(s: DistributionSubject) -> Measurement:
    """Return 1 if the distribution is a machine-readable file whose link works, else 0. Services and web pages give 0.

    Unknown if the format is unknown and there is a URL, or if the link was not checked or the check was inconclusive.
    """
    fmt = s.served_format or s.declared_format
    if fmt is None:
        return UNKNOWN if s.url else 0.0
    if fmt.kind in ("service", "web") or not fmt.is_machine_readable:
        return 0.0
    return link_ok(s)


def licence_approved(s: DistributionSubject) -> Measurement:
    """Return 1 if the Open Definition approves the licence, 0 if it does not or no licence is declared.

    Unknown if a licence is declared but not recognised, if it only says "open" without naming a licence, or if the Open
    Definition has not reviewed it.
    """
    if not licence_present(s):
        return 0.0
    if s.licence is None or s.licence.open_definition in ("declared", "not_reviewed"):
        return UNKNOWN
    return yes(s.licence.open_definition == "open")


def licence_mappable(s: DistributionSubject) -> float:
    """Return 1 if the Open Definition lists the licence, approved or not, else 0 (Open Data Portal Watch, CoLi)."""
    return yes(s.licence is not None and s.licence.open_definition in ("open", "not_open", "not_reviewed"))


def terms_openness(s: DistributionSubject) -> float:
    """Return 1 for an open licence, 0.5 for any other declared licence, 0 without one (ODIN, openness, element 5)."""
    if s.licence is not None and s.licence.is_open:
        return 1.0
    return 0.5 if licence_present(s) else 0.0


def format_udata_open(s: DistributionSubject) -> float:
    """Return 1 if the distribution declares a format that is not one of udata's closed formats; 0 if it is one of
    them, or if no format is declared.

    The closed formats are pdf, doc, docx, word, xls, excel and xlsx. As in udata, only the name of the format is
    compared; a declared media type is not looked at.
    """
    declared = (s.distribution.format or "").strip().casefold().lstrip(".")
    return yes(bool(declared) and declared not in _UDATA_CLOSED)


def format_udata_open_2022(s: DistributionSubject) -> float:
    """Return 1 or 0 as :func:`format_udata_open` does, but by udata's rule of 2022, which allows XLSX."""
    declared = (s.distribution.format or "").strip().casefold().lstrip(".")
    return yes(bool(declared) and declared not in _UDATA_CLOSED - {"xlsx"})


def format_declared_open(s: DistributionSubject) -> float:
    """Return 1 if the declared format is recognised and not proprietary, else 0."""
    return yes(s.declared_format is not None and s.declared_format.is_non_proprietary)


def format_declared_machine_readable(s: DistributionSubject) -> float:
    """Return 1 if the declared format is recognised and machine-readable, else 0."""
    return yes(s.declared_format is not None and s.declared_format.is_machine_readable)


def format_or_media_type_known(s: DistributionSubject) -> float:
    """Return 1 if the declared format or the declared media type is in Winnow's vocabularies, else 0."""
    return yes(s.declared_format is not None or vocabulary.known_media_type(s.distribution.media_type) is not None)


def description_fields_share(s: DistributionSubject) -> float:
    """Return the share of format, media type and byte size that are declared: 0, 1/3, 2/3 or 1."""
    d = s.distribution
    return (present(d.format) + present(d.media_type) + present(d.byte_size)) / 3


def media_type_in_content_type(s: DistributionSubject) -> Measurement:
    """Return 1 if the Content-Type header of the response contains the declared media type, else 0.

    None if no media type is declared, or no successful response stated a Content-Type.
    """
    declared = (s.distribution.media_type or "").strip().casefold()
    if not declared or s.check is None or s.check.outcome != "ok" or not s.check.content_type:
        return None
    return yes(declared in s.check.content_type.casefold())


def _served(s: DistributionSubject, ask: str) -> Measurement:
    """Return an attribute of the format served: 0 if the link is broken, UNKNOWN if no bytes were inspected."""
    if link_ok(s) == 0.0:
        return 0.0
    return UNKNOWN if s.served_format is None else yes(bool(getattr(s.served_format, ask)))


def served_machine_readable(s: DistributionSubject) -> Measurement:
    """Return 1 if the file served is machine-readable, 0 if not, or if the link is broken or missing.

    Unknown if no format was recognised in the bytes of the file, for example because it was not inspected.
    """
    return _served(s, "is_machine_readable")


def served_non_proprietary(s: DistributionSubject) -> Measurement:
    """Return 1 if the file served is not in a proprietary format, 0 if it is, or if the link is broken or missing.

    Unknown if no format was recognised in the bytes of the file, for example because it was not inspected.
    """
    return _served(s, "is_non_proprietary")


def served_rdf(s: DistributionSubject) -> Measurement:
    """Return 1 if the file served is RDF, 0 if not, or if the link is broken or missing.

    Unknown if no format was recognised in the bytes of the file, for example because it was not inspected.
    """
    if link_ok(s) == 0.0:
        return 0.0
    return UNKNOWN if s.served_format is None else yes(s.served_format.kind == "rdf")


def served_linked(s: DistributionSubject) -> Measurement:
    """Return 0 if the file served is not RDF, or if the link is broken or missing; else unknown.

    Whether RDF links to other data is not examined, so the result is never 1.
    """
    return UNKNOWN if served_rdf(s) in (1.0, UNKNOWN) else 0.0


def openness_ckan(s: DistributionSubject) -> Measurement:
    """Return the stars of ckanext-qa divided by five: 0 without a licence known to be open, or with no working link.

    The format is that recognised in the bytes, else that of the URL, else the declared one. A format that is not known,
    or is not in ckanext-qa's table, has one star. Unknown if the link was not checked or the check was inconclusive.
    """
    licence = licence_present(s) and s.licence is not None and s.licence.is_open
    if link_ok(s) == 0.0 or not licence:
        return 0.0
    if link_ok(s) is UNKNOWN:
        return UNKNOWN
    fmt = s.served_format or vocabulary.format_of_url(s.url) or s.declared_format
    return (1 if fmt is None or fmt.ckan_stars is None else fmt.ckan_stars) / 5


def open_format_fuji(s: DistributionSubject) -> Measurement:
    """Return 1 if the format is not proprietary, else 0 (F-UJI). Unknown if the format is not known.

    The format is that of the file served, or else the declared one.
    """
    fmt = s.served_format or s.declared_format
    return UNKNOWN if fmt is None else yes(fmt.is_non_proprietary)


def resource_documented(s: DistributionSubject) -> float:
    """Return 1 if the distribution has a description or a page of documentation, else 0.

    A distribution that is documentation itself cannot be recognised here, so it does not count.
    """
    return yes(bool(present(s.distribution.description) or present(s.distribution.documentation)))


def format_open_and_machine_readable(s: DistributionSubject) -> Measurement:
    """Return 1 if the format is not proprietary and machine-readable, else 0. Unknown if the format is not known.

    The format is that of the file served, or else the declared one.
    """
    fmt = s.served_format or s.declared_format
    return UNKNOWN if fmt is None else yes(fmt.is_non_proprietary and fmt.is_machine_readable)


def content_described_share(s: DistributionSubject) -> float:
    """Return the share of two descriptions that the distribution has: its size with its format, and documentation.

    The result is 0, 0.5 or 1. The rule is F-UJI's FsF-R1-01M.
    """
    d = s.distribution
    has_size = present(d.byte_size) and (present(d.format) or present(d.media_type))
    return half(bool(has_size) + bool(documentation_present(s)), 2)
