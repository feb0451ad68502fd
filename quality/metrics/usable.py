"""Can a program read the data, and does the catalogue say how?"""

from __future__ import annotations

from catalog import vocabulary
from quality.metrics.answers import present, yes
from quality.subject import UNKNOWN, DatasetSubject, DistributionSubject, Measurement

__all__: list[str] = []

_SAME = ({"TXT", "CSV", "TSV"}, {"JSON", "GEOJSON", "JSON_LD"}, {"XML", "KML", "GML", "RDF_XML", "RSS", "ATOM"})
"""Formats that are kinds of one another: to call a CSV file text is vague, not false."""
_WRAPPERS = ("ZIP", "GZIP", "TAR")


def format_present(s: DistributionSubject) -> float:
    return present(s.distribution.format)


def format_known(s: DistributionSubject) -> float:
    return yes(vocabulary.file_format(s.distribution.format) is not None)


def media_type_present(s: DistributionSubject) -> float:
    return present(s.distribution.media_type)


def media_type_known(s: DistributionSubject) -> float:
    return yes(vocabulary.known_media_type(s.distribution.media_type) is not None)


def format_aligned(s: DistributionSubject) -> float:
    return format_known(s) * media_type_known(s)


def format_mqa_machine_readable(s: DistributionSubject) -> float:
    return yes(s.declared_format is not None and s.declared_format.mqa_machine_readable)


def format_mqa_non_proprietary(s: DistributionSubject) -> float:
    return yes(s.declared_format is not None and s.declared_format.mqa_non_proprietary)


def machine_readable(s: DistributionSubject) -> Measurement:
    fmt = s.served_format or s.declared_format
    return UNKNOWN if fmt is None else yes(fmt.is_machine_readable)


def format_truthful(s: DistributionSubject) -> Measurement:
    """Not asked where no format was declared, where a page was meant, or where a page came instead of the file
    (that is ``file_served``)."""
    declared, served = s.declared_format, s.served_format
    if declared is None or declared.kind in ("web", "service"):
        return None
    if s.check is None or not s.check.is_known:
        return UNKNOWN
    if s.check.outcome != "ok" or (s.table is not None and s.table.status == "wrong_content"):
        return None
    if served is None:
        return UNKNOWN
    if served.id == declared.id or any({served.id, declared.id} <= group for group in _SAME):
        return 1.0
    # A zip of the declared format is what many portals serve; the table inside is judged as such.
    return yes(served.id in _WRAPPERS and declared.kind in ("table", "geo", "archive"))


def byte_size_present(s: DistributionSubject) -> float:
    return present(s.distribution.byte_size)


def documentation_present(s: DistributionSubject) -> float:
    d, dataset = s.distribution, s.dataset
    own = (d.documentation, d.described_by, d.conforms_to)
    shared = (dataset.documentation, dataset.described_by, dataset.conforms_to)
    return yes(any(present(value) for value in (*own, *shared)))


def status_present(s: DistributionSubject) -> float:
    return present(s.distribution.status)


def dcat_ap_mandatory(s: DatasetSubject) -> float:
    d = s.dataset
    has_names = (d.publisher is None or bool(d.publisher.name)) and present(d.title) and present(d.description)
    return yes(bool(has_names) and all(present(x.distribution.access_url) for x in s.distributions))
