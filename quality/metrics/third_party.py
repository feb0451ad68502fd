"""Facts that the scoring systems of others ask for, by their own rules."""

from __future__ import annotations

import re

from catalog import vocabulary
from catalog.vocabulary import FileFormat
from quality.evidence.dates import last_day
from quality.evidence.periods import last_change
from quality.evidence.subject import UNKNOWN, DatasetSubject, DistributionSubject, Measurement
from quality.metrics.accessible import link_ok
from quality.metrics.answers import present, usable_url, valid_email, yes
from quality.metrics.open import licence_present
from quality.metrics.usable import documentation_present

__all__: list[str] = []

_UUID = re.compile(r"^\{?[0-9a-f]{8}-(?:[0-9a-f]{4}-){3}[0-9a-f]{12}\}?$", re.IGNORECASE)
_UDATA_CLOSED = {"pdf", "doc", "docx", "word", "xls", "excel", "xlsx"}
_PROTOCOL = re.compile(r"^\s*(?:https?|s?ftp)://", re.IGNORECASE)


def _half(found: int, of: int) -> float:
    """1 for all, a half for some, 0 for none."""
    return 1.0 if found == of else 0.5 if found else 0.0


# Standards


def _conforms(s: DatasetSubject, *standards: str) -> Measurement:
    """Not asked where no standard of these applies; unknown where the record has not been held against any yet."""
    if s.conformance is None:
        return UNKNOWN
    found = [s.conformance[name] for name in standards if name in s.conformance]
    return yes(all(found)) if found else None


def dcat_ap_2_conforms(s: DatasetSubject) -> Measurement:
    """Unknown where the record could not be judged: DCAT-AP applies to all."""
    found = _conforms(s, "dcat_ap_2")
    return UNKNOWN if found is None else found


def dcat_ap_3_conforms(s: DatasetSubject) -> Measurement:
    """Unknown where the record could not be judged: DCAT-AP applies to all."""
    found = _conforms(s, "dcat_ap_3")
    return UNKNOWN if found is None else found


def dcat_ap_hvd_conforms(s: DatasetSubject) -> Measurement:
    return _conforms(s, "dcat_ap_hvd")


def dcat_us_conforms(s: DatasetSubject) -> Measurement:
    return _conforms(s, "dcat_us_1_federal", "dcat_us_1", "dcat_us_3")


# Datasets


def _kinds(s: DatasetSubject) -> list[FileFormat]:
    return [fmt for part in s.distributions if (fmt := part.declared_format) is not None]


def api_present(s: DatasetSubject) -> float:
    return yes(bool(s.services) or any(fmt.kind == "service" for fmt in _kinds(s)))


def contact_or_publisher_present(s: DatasetSubject) -> float:
    return yes(s.dataset.contact is not None or s.dataset.publisher is not None)


def contact_email_valid(s: DatasetSubject) -> float:
    """The publisher's counts where there is no contact point, as there."""
    return yes(any(valid_email(who.email) for who in (s.dataset.contact, s.dataset.publisher) if who is not None))


def contact_url_valid(s: DatasetSubject) -> float:
    return yes(any(usable_url(who.url) for who in (s.dataset.contact, s.dataset.publisher) if who is not None))


def _dates(s: DatasetSubject) -> list[str | None]:
    own = [s.dataset.issued, s.dataset.modified]
    return own + [text for x in s.distributions for text in (x.distribution.issued, x.distribution.modified)]


def dates_present_share(s: DatasetSubject) -> float:
    dates = _dates(s)
    return sum(present(text) for text in dates) / len(dates)


def dates_valid_share(s: DatasetSubject) -> float:
    dates = _dates(s)
    return sum(last_day(text) is not None for text in dates) / len(dates)


def description_over_100(s: DatasetSubject) -> float:
    return yes(len(s.dataset.description or "") > 100)


def description_over_200(s: DatasetSubject) -> float:
    return yes(len(s.dataset.description or "") > 200)


def licence_set(s: DatasetSubject) -> float:
    """Any licence will do; that none is specified is none."""
    own = vocabulary.licence(s.dataset.licence, s.dataset.licence_title)
    if present(s.dataset.licence):
        return yes(own is None or own.open_definition != "none")
    return yes(any(licence_present(part) for part in s.distributions))


def frequency_set(s: DatasetSubject) -> float:
    found = vocabulary.frequency(s.dataset.frequency)
    return yes(bool(present(s.dataset.frequency)) and (found is None or found.id != "UNKNOWN"))


def updated_in_time_udata(s: DatasetSubject) -> Measurement:
    """0 without a frequency, as there. A frequency that cannot be told is unknown."""
    if not frequency_set(s):
        return 0.0
    frequency = vocabulary.frequency(s.dataset.frequency)
    if frequency is None:
        return UNKNOWN
    if frequency.is_unbounded or frequency.period_days is None:
        return 1.0
    changed = last_change(s)
    return UNKNOWN if changed is None else yes((s.as_of - changed[0]).days <= frequency.period_days + 1)


def core_metadata_share(s: DatasetSubject) -> float:
    d = s.dataset
    found = (d.title, d.description, d.identifier, d.keywords, d.publisher, d.issued or d.modified)
    return _half(sum(bool(present(value)) for value in found), len(found))


def identifier_global(s: DatasetSubject) -> float:
    names = (s.dataset.identifier, *s.dataset.other_identifiers)
    return yes(any(usable_url(one) or _UUID.match(one.strip()) or "10." in one and "/" in one for one in names))


def terms_from_vocabularies(s: DatasetSubject) -> float:
    d = s.dataset
    terms = (*d.themes, d.frequency, d.access_rights, d.licence, *(x.distribution.licence for x in s.distributions))
    return yes(any(usable_url(term) for term in terms))


def download_options(s: DatasetSubject) -> Measurement:
    bulk = [bulk_download(part) for part in s.distributions]
    if 1.0 in bulk:
        return 1.0 if api_present(s) else 0.5
    if UNKNOWN in bulk:
        return UNKNOWN
    return 0.5 if api_present(s) else 0.0


def metadata_depth(s: DatasetSubject) -> float:
    d = s.dataset
    return _half(sum((bool(present(d.description)), bool(d.issued or d.modified), d.publisher is not None)), 3)


# Distributions


def url_present(s: DistributionSubject) -> float:
    return yes(bool(present(s.distribution.access_url) or present(s.distribution.download_url)))


def url_valid(s: DistributionSubject) -> float:
    return yes(usable_url(s.distribution.access_url) or usable_url(s.distribution.download_url))


def protocol_standard(s: DistributionSubject) -> float:
    return yes(bool(_PROTOCOL.match(s.url or "")))


def bulk_download(s: DistributionSubject) -> Measurement:
    fmt = s.served_format or s.declared_format
    if fmt is None:
        return UNKNOWN if s.url else 0.0
    if fmt.kind in ("service", "web") or not fmt.is_machine_readable:
        return 0.0
    return link_ok(s)


def licence_approved(s: DistributionSubject) -> Measurement:
    if not licence_present(s):
        return 0.0
    if s.licence is None or s.licence.open_definition in ("declared", "not_reviewed"):
        return UNKNOWN
    return yes(s.licence.open_definition == "open")


def licence_mappable(s: DistributionSubject) -> float:
    return yes(s.licence is not None and s.licence.open_definition in ("open", "not_open", "not_reviewed"))


def terms_openness(s: DistributionSubject) -> float:
    if s.licence is not None and s.licence.is_open:
        return 1.0
    return 0.5 if licence_present(s) else 0.0


def format_udata_open(s: DistributionSubject) -> float:
    declared = (s.distribution.format or "").strip().casefold().lstrip(".")
    return yes(bool(declared) and declared not in _UDATA_CLOSED)


def format_udata_open_2022(s: DistributionSubject) -> float:
    declared = (s.distribution.format or "").strip().casefold().lstrip(".")
    return yes(bool(declared) and declared not in _UDATA_CLOSED - {"xlsx"})


def format_declared_open(s: DistributionSubject) -> float:
    return yes(s.declared_format is not None and s.declared_format.is_non_proprietary)


def format_declared_machine_readable(s: DistributionSubject) -> float:
    return yes(s.declared_format is not None and s.declared_format.is_machine_readable)


def format_or_media_type_known(s: DistributionSubject) -> float:
    return yes(s.declared_format is not None or vocabulary.known_media_type(s.distribution.media_type) is not None)


def description_fields_share(s: DistributionSubject) -> float:
    d = s.distribution
    return (present(d.format) + present(d.media_type) + present(d.byte_size)) / 3


def media_type_in_content_type(s: DistributionSubject) -> Measurement:
    declared = (s.distribution.media_type or "").strip().casefold()
    if not declared or s.check is None or s.check.outcome != "ok" or not s.check.content_type:
        return None
    return yes(declared in s.check.content_type.casefold())


def _served(s: DistributionSubject, ask: str) -> Measurement:
    """An attribute of the format served. What cannot be had is nothing; where no bytes were looked at, unknown."""
    if link_ok(s) == 0.0:
        return 0.0
    return UNKNOWN if s.served_format is None else yes(bool(getattr(s.served_format, ask)))


def served_machine_readable(s: DistributionSubject) -> Measurement:
    return _served(s, "is_machine_readable")


def served_non_proprietary(s: DistributionSubject) -> Measurement:
    return _served(s, "is_non_proprietary")


def served_rdf(s: DistributionSubject) -> Measurement:
    if link_ok(s) == 0.0:
        return 0.0
    return UNKNOWN if s.served_format is None else yes(s.served_format.kind == "rdf")


def served_linked(s: DistributionSubject) -> Measurement:
    return UNKNOWN if served_rdf(s) in (1.0, UNKNOWN) else 0.0


def openness_ckan(s: DistributionSubject) -> Measurement:
    """In fifths. The bytes count first, then the ending of the address, then what is declared; none of them known
    is one star, as there: something can be had."""
    licence = licence_present(s) and s.licence is not None and s.licence.is_open
    if link_ok(s) == 0.0 or not licence:
        return 0.0
    if link_ok(s) is UNKNOWN:
        return UNKNOWN
    fmt = s.served_format or vocabulary.format_of_url(s.url) or s.declared_format
    return (1 if fmt is None or fmt.ckan_stars is None else fmt.ckan_stars) / 5


def open_format_fuji(s: DistributionSubject) -> Measurement:
    fmt = s.served_format or s.declared_format
    return UNKNOWN if fmt is None else yes(fmt.is_non_proprietary)


def resource_documented(s: DistributionSubject) -> float:
    """A distribution that is documentation itself is not told from others here: only a description counts, and a page
    about the file."""
    return yes(bool(present(s.distribution.description) or present(s.distribution.documentation)))


def format_open_and_machine_readable(s: DistributionSubject) -> Measurement:
    fmt = s.served_format or s.declared_format
    return UNKNOWN if fmt is None else yes(fmt.is_non_proprietary and fmt.is_machine_readable)


def content_described_share(s: DistributionSubject) -> float:
    d = s.distribution
    has_size = present(d.byte_size) and (present(d.format) or present(d.media_type))
    return _half(bool(has_size) + bool(documentation_present(s)), 2)
