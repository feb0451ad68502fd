"""Metrics of datasets that third-party scoring systems ask for, each by the rule of its system (``specs/systems``)."""

from __future__ import annotations

import re

from catalog import vocabulary
from catalog.vocabulary import FileFormat
from quality.evidence.dates import last_day
from quality.evidence.periods import last_change
from quality.evidence.subject import UNKNOWN, DatasetSubject, Measurement
from quality.metrics.answers import half, present, usable_url, valid_email, yes
from quality.metrics.open import licence_present
from quality.metrics.third_party_files import bulk_download

__all__: list[str] = []
_UUID = re.compile(r"^\{?[0-9a-f]{8}-(?:[0-9a-f]{4}-){3}[0-9a-f]{12}\}?$", re.IGNORECASE)


# Standards


def _conforms(s: DatasetSubject, *standards: str) -> Measurement:
    """Return 1 if the record conforms to all given standards that apply, else 0.

    None if none of them applies; UNKNOWN if the record has not been validated yet.
    """
    if s.conformance is None:
        return UNKNOWN
    found = [s.conformance[name] for name in standards if name in s.conformance]
    return yes(all(found)) if found else None


def dcat_ap_2_conforms(s: DatasetSubject) -> Measurement:
    """Return 1 if the record conforms to DCAT-AP 2, else 0.

    Unknown if it has not been validated, or if the standard does not apply (DCAT-AP 2 has no dataset series).
    """
    found = _conforms(s, "dcat_ap_2")
    return UNKNOWN if found is None else found


def dcat_ap_3_conforms(s: DatasetSubject) -> Measurement:
    """Return 1 if the record conforms to DCAT-AP 3, else 0. Unknown if there is no result of a validation."""
    found = _conforms(s, "dcat_ap_3")
    return UNKNOWN if found is None else found


def dcat_ap_hvd_conforms(s: DatasetSubject) -> Measurement:
    """Return 1 if a high-value dataset's record conforms to DCAT-AP HVD, else 0.

    Unknown if the record has not been validated. None if it was and is not that of a high-value dataset.
    """
    return _conforms(s, "dcat_ap_hvd")


def dcat_us_conforms(s: DatasetSubject) -> Measurement:
    """Return 1 if the record conforms to every DCAT-US version that applies to it, else 0.

    Unknown if the record has not been validated. None if it was and no version applies.
    """
    return _conforms(s, "dcat_us_1_federal", "dcat_us_1", "dcat_us_3")


# Datasets


def _kinds(s: DatasetSubject) -> list[FileFormat]:
    return [fmt for part in s.distributions if (fmt := part.declared_format) is not None]


def api_present(s: DatasetSubject) -> float:
    """Return 1 if the dataset has a data service, or a distribution that is declared as an API, else 0."""
    return yes(bool(s.services) or any(fmt.kind == "service" for fmt in _kinds(s)))


def contact_or_publisher_present(s: DatasetSubject) -> float:
    """Return 1 if the dataset has a contact point or a publisher, else 0."""
    return yes(s.dataset.contact is not None or s.dataset.publisher is not None)


def contact_email_valid(s: DatasetSubject) -> float:
    """Return 1 if the contact point or the publisher has a valid e-mail address, else 0 (Portal Watch, CoCE)."""
    return yes(any(valid_email(who.email) for who in (s.dataset.contact, s.dataset.publisher) if who is not None))


def contact_url_valid(s: DatasetSubject) -> float:
    """Return 1 if the contact point or the publisher has an http or https URL, else 0."""
    return yes(any(usable_url(who.url) for who in (s.dataset.contact, s.dataset.publisher) if who is not None))


def _dates(s: DatasetSubject) -> list[str | None]:
    own = [s.dataset.issued, s.dataset.modified]
    return own + [text for x in s.distributions for text in (x.distribution.issued, x.distribution.modified)]


def dates_present_share(s: DatasetSubject) -> float:
    """Return which share of the dates issued and modified of the dataset and its distributions is declared, 0 to 1."""
    dates = _dates(s)
    return sum(present(text) for text in dates) / len(dates)


def dates_valid_share(s: DatasetSubject) -> float:
    """Return the share of dates that can be read, 0 to 1: issued and modified, of the dataset and each distribution. A
    missing date counts as one that cannot be read. :func:`~quality.evidence.dates.last_day` says which can.
    """
    dates = _dates(s)
    return sum(last_day(text) is not None for text in dates) / len(dates)


def description_over_100(s: DatasetSubject) -> float:
    """Return 1 if the description has more than 100 characters, else 0."""
    return yes(len(s.dataset.description or "") > 100)


def description_over_200(s: DatasetSubject) -> float:
    """Return 1 if the description has more than 200 characters, else 0."""
    return yes(len(s.dataset.description or "") > 200)


def licence_set(s: DatasetSubject) -> float:
    """Return 1 if a licence is declared for the dataset or, if the dataset has none, for any distribution; else 0.

    "Not specified" counts as none. A dataset that itself declares "not specified" gets 0, whatever its distributions
    declare.
    """
    own = vocabulary.licence(s.dataset.licence, s.dataset.licence_title)
    if present(s.dataset.licence) or present(s.dataset.licence_title):
        return yes(own is None or own.open_definition != "none")
    return yes(any(licence_present(part) for part in s.distributions))


def frequency_set(s: DatasetSubject) -> float:
    """Return 1 if an update frequency is declared, else 0; the declared value "unknown" counts as none."""
    found = vocabulary.frequency(s.dataset.frequency)
    return yes(bool(present(s.dataset.frequency)) and (found is None or found.id != "UNKNOWN"))


def updated_in_time_udata(s: DatasetSubject) -> Measurement:
    """Return 1 if the last change is no older than the declared period plus one day, else 0 (the rule of udata).

    0 without a frequency or with the frequency "unknown", as in udata; 1 for a frequency without a period, such as
    "irregular". Unknown if the frequency is not recognised or no change is known.
    """
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
    """Return 1 if title, description, identifier, keywords, publisher and a date are all declared, 0.5 for some, 0 for
    none.

    The rule is F-UJI's FsF-F2-01M. It asks for creator and publisher, of which a record has only the publisher.
    """
    d = s.dataset
    found = (d.title, d.description, d.identifier, d.keywords, d.publisher, d.issued or d.modified)
    return half(sum(bool(present(value)) for value in found), len(found))


def identifier_global(s: DatasetSubject) -> float:
    """Return 1 if an identifier is globally unique by its form (URL, UUID or DOI), else 0."""
    names = (s.dataset.identifier, *s.dataset.other_identifiers)
    return yes(any(usable_url(one) or _UUID.match(one.strip()) or "10." in one and "/" in one for one in names))


def terms_from_vocabularies(s: DatasetSubject) -> float:
    """Return 1 if a theme, frequency, access right or licence is a URL, as terms of vocabularies are, else 0."""
    d = s.dataset
    terms = (*d.themes, d.frequency, d.access_rights, d.licence, *(x.distribution.licence for x in s.distributions))
    return yes(any(usable_url(term) for term in terms))


def download_options(s: DatasetSubject) -> Measurement:
    """Return 1 for a bulk download and an API, 0.5 for one of the two, 0 for neither (ODIN, openness, element 3).

    Unknown if no distribution is known to be a bulk download, but at least one may be.
    """
    bulk = [bulk_download(part) for part in s.distributions]
    if 1.0 in bulk:
        return 1.0 if api_present(s) else 0.5
    if UNKNOWN in bulk:
        return UNKNOWN
    return 0.5 if api_present(s) else 0.0


def metadata_depth(s: DatasetSubject) -> float:
    """Return 1 if description, a date and publisher are all declared, 0.5 for some, 0 for none."""
    d = s.dataset
    return half(sum((bool(present(d.description)), bool(d.issued or d.modified), d.publisher is not None)), 3)
