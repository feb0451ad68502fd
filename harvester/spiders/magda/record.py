"""Map a record of Magda's registry, or a hit of its search, to a dataset; no request is made.

A record holds what its source knew in several aspects. ``dcat-dataset-strings`` is Magda's own view; ``ckan-dataset``
and ``project-open-data-dataset`` are the original records. Each fact is taken from the first aspect that states it.
Magda's connector for CKAN writes the dates of CKAN's *record* in the fields for the data's dates; they are stored as
dates of the record.
"""

from __future__ import annotations

import re
from dataclasses import fields, replace
from typing import Any

from catalog.model import Contact, Dataset, Distribution, Publisher
from harvester.facts.values import first, text, texts
from harvester.spiders.base.boxes import box_of
from harvester.spiders.base.losses import LostRecord
from harvester.spiders.ckan import record as ckan_record
from harvester.spiders.dcat_us import record as dcat_us_record

__all__ = ["ASPECTS", "is_dataset", "to_dataset"]

ASPECTS = (
    "dcat-dataset-strings", "dataset-distributions", "dataset-publisher", "source", "temporal-coverage",
    "spatial-coverage", "publishing", "provenance", "ckan-dataset", "project-open-data-dataset",
)  # fmt: skip
"""Aspects requested for each record."""
_DATASETS = (
    "dcat-dataset-strings",
    "ckan-dataset",
    "project-open-data-dataset",
    "csw-dataset",
    "dap-dataset",
    "esri-dataset",
)
"""Aspects that only datasets have."""
_MAIL = re.compile(r"[\w.+%'-]+@[\w-]+(?:\.[\w-]+)+")
_OWN = ("magda", "system", "internal")
"""Sources that are the site itself."""


def _dict(value: Any) -> dict[str, Any]:
    return value if isinstance(value, dict) else {}


def _dicts(value: Any) -> list[dict[str, Any]]:
    return [one for one in value if isinstance(one, dict)] if isinstance(value, list) else []


def is_dataset(raw: dict[str, Any]) -> bool:
    """Return whether ``raw``, a record of Magda's registry, is a published dataset.

    It is one unless it is a draft or has none of the aspects of datasets, as organisations and distributions have none.
    A record without any aspect counts as a dataset.
    """
    aspects = _dict(raw.get("aspects"))
    if text(_dict(aspects.get("publishing")).get("state")) == "draft":
        return False
    return any(one in aspects for one in _DATASETS) or not aspects


def to_dataset(raw: Any, base: str) -> Dataset:
    """Map a record of Magda's registry, or a hit of its search, to a :class:`Dataset`.

    ``raw``: the record or hit, as parsed JSON. ``base``: the portal's address. Raise LostRecord if ``raw`` is no
    object or has no identifier.
    """
    if not isinstance(raw, dict):
        raise LostRecord("the record is not an object", "ask the portal to fix the record", value=raw)
    identifier = first(raw.get("id"), raw.get("identifier"))
    if identifier is None:
        raise LostRecord("the record has no id", "ask the portal to fix the record", "/id")
    aspects = _dict(raw.get("aspects"))
    found = _own(raw, identifier) if not aspects else _of_aspects(raw, aspects, identifier)
    for name, read in (("ckan-dataset", _of_ckan), ("project-open-data-dataset", _of_open_data)):
        if _dict(aspects.get(name)):
            found = _filled(found, read(aspects[name], base))
    return found if found.title else replace(found, title=text(raw.get("name")))


def _of_ckan(aspect: dict[str, Any], base: str) -> Dataset:
    found = ckan_record.to_dataset({"id": "-", **aspect}, base)
    # The dataset's page is at the source, not below this site's address.
    is_of_record = found.issued is not None and found.issued == text(aspect.get("metadata_created"))
    return replace(found, landing_page=text(aspect.get("url")), issued=None if is_of_record else found.issued)


def _of_open_data(aspect: dict[str, Any], base: str) -> Dataset:
    return dcat_us_record.to_dataset({"identifier": "-", **aspect})


def _filled(found: Dataset, source: Dataset) -> Dataset:
    """Return a dataset with its empty fields filled from the source's record."""
    own = ("identifier", "is_series", "is_part_of", "licence", "licence_title")
    empty = [one.name for one in fields(found) if one.name not in own and not getattr(found, one.name)]
    changes = {name: getattr(source, name) for name in empty}
    if found.licence is None:
        changes |= {"licence": source.licence, "licence_title": source.licence_title}
    return replace(found, **changes)


def _of_aspects(raw: dict[str, Any], aspects: dict[str, Any], identifier: str) -> Dataset:
    dcat, source = _dict(aspects.get("dcat-dataset-strings")), _dict(aspects.get("source"))
    held = _dict(aspects.get("dataset-distributions")).get("distributions")
    listed = _dicts(held)
    published = _dict(_dict(aspects.get("dataset-publisher")).get("publisher"))
    start, end = _period(dcat.get("temporal"), _dict(aspects.get("temporal-coverage")).get("intervals"))
    return replace(
        _told(dcat, source, identifier, is_ckan="ckan-dataset" in aspects),
        publisher=_publisher(published, dcat.get("publisher")),
        licence=text(dcat.get("defaultLicense")),
        frequency=_frequency(dcat),
        spatial=box_of(_dict(aspects.get("spatial-coverage")).get("bbox")) or _area(dcat.get("spatial")),
        temporal_start=start,
        temporal_end=end,
        provenance=first(_dict(aspects.get("provenance")).get("mechanism")),
        # With ids alone, or nothing, the files are in records that were not sent along.
        not_carried=() if isinstance(held, list) and len(listed) == len(held) else ("distributions",),
        distributions=tuple(_of_record(one) for one in listed),
    )


def _own(raw: dict[str, Any], identifier: str) -> Dataset:
    """Return the dataset of a hit of the search."""
    start, end = _period(raw.get("temporal"), None)
    return replace(
        _told(raw, _dict(raw.get("source")), identifier),
        publisher=_publisher(_dict(raw.get("publisher")), None),
        frequency=first(_dict(raw.get("accrualPeriodicity")).get("text"), raw.get("accrualPeriodicity")),
        spatial=_area(first(_dict(raw.get("spatial")).get("text")) or raw.get("spatial")),
        temporal_start=start,
        temporal_end=end,
        distributions=tuple(
            _distribution(one, text(one.get("identifier"))) for one in _dicts(raw.get("distributions"))
        ),
    )


def _told(said: dict[str, Any], source: dict[str, Any], identifier: str, *, is_ckan: bool = False) -> Dataset:
    """Return the fields that both forms name alike; with ``is_ckan`` the dates are dates of the record."""
    is_ckan = is_ckan or (text(source.get("type")) or "").startswith("ckan")
    issued, modified = _when(said.get("issued")), _when(said.get("modified"))
    return Dataset(
        identifier=identifier,
        title=text(said.get("title")),
        description=text(said.get("description")),
        keywords=texts(said.get("keywords")),
        themes=texts(said.get("themes")),
        contact=_contact(said.get("contactPoint")),
        issued=None if is_ckan else issued,
        modified=None if is_ckan else modified,
        record_modified=modified if is_ckan else None,
        language=texts(said.get("languages")),
        landing_page=text(said.get("landingPage")),
        harvested_from=_origin(source),
    )


def _frequency(dcat: dict[str, Any]) -> str | None:
    said = text(dcat.get("accrualPeriodicity"))
    is_custom = said is not None and said.strip().lower() == "custom"
    return first(dcat.get("accrualPeriodicityRecurrenceRule"), said) if is_custom else said


def _publisher(record: dict[str, Any], name: Any) -> Publisher | None:
    """Return the organisation, from the registry's record, the search's object, or a name alone."""
    details = _dict(_dict(record.get("aspects")).get("organization-details")) or record
    found = first(details.get("title"), details.get("name"), record.get("name"), name)
    if found is None:
        return None
    return Publisher(
        name=found,
        identifier=first(record.get("id"), record.get("identifier")),
        email=text(details.get("email")),
        url=text(details.get("website")),
    )


def _contact(said: Any) -> Contact | None:
    """Return the contact from a free text that may hold an address, or from the search's object."""
    whole = first(_dict(said).get("identifier"), _dict(said).get("name"), None if isinstance(said, dict) else said)
    if whole is None:
        return None
    mail = _MAIL.search(whole)
    name = re.sub(r"(?i)\s*[<(\[]?\s*(mailto:)?" + re.escape(mail[0]) + r"\s*[>)\]]?", "", whole) if mail else whole
    name = name.strip(" ,;:-")
    return Contact(name=name or None, email=mail[0] if mail else None)


def _when(value: Any) -> str | None:
    """Return a date, which the search may give as an object of a date and its text."""
    return first(value.get("date"), value.get("text")) if isinstance(value, dict) else text(value)


def _period(temporal: Any, intervals: Any) -> tuple[str | None, str | None]:
    """Return the span of all intervals, open if one of them is; without intervals, the dataset's period."""
    spans = [(text(one.get("start")), text(one.get("end"))) for one in _dicts(intervals)]
    if spans:
        starts, ends = [one for one, _ in spans], [one for _, one in spans]
        start = None if None in starts else min(one for one in starts if one)
        return start, None if None in ends else max(one for one in ends if one)
    whole = _dict(temporal)
    return _when(whole.get("start")), _when(whole.get("end"))


def _area(said: Any) -> tuple[str, ...]:
    return box_of(said) or texts(said)


def _origin(source: dict[str, Any]) -> str | None:
    """Return where a connector got the record; None for the site's own records."""
    own = {text(source.get("id")), text(source.get("type"))} & set(_OWN)
    return None if own else first(source.get("url"), source.get("name"), source.get("id"))


def _of_record(record: dict[str, Any]) -> Distribution:
    """Return the distribution in a record of its own."""
    aspects = _dict(record.get("aspects"))
    dcat = _dict(aspects.get("dcat-distribution-strings")) or _dict(aspects.get("ckan-resource"))
    sleuthed = text(_dict(aspects.get("dataset-format")).get("format"))
    found = _distribution({**dcat, "title": first(dcat.get("title"), record.get("name"))}, text(record.get("id")))
    return found if found.format else replace(found, format=sleuthed)


def _distribution(raw: dict[str, Any], identifier: str | None) -> Distribution:
    licence = raw.get("license")
    named = licence if isinstance(licence, dict) else {"name": licence}
    declared = [one for one in (text(named.get("url")), text(named.get("name"))) if one]
    return Distribution(
        identifier=identifier,
        title=first(raw.get("title"), raw.get("name")),
        description=text(raw.get("description")),
        access_url=first(raw.get("accessURL"), raw.get("downloadURL"), raw.get("url")),
        download_url=text(raw.get("downloadURL")),
        format=text(raw.get("format")),
        media_type=text(raw.get("mediaType")),
        byte_size=text(raw.get("byteSize")),
        licence=declared[0] if declared else None,
        licence_title=declared[1] if len(declared) > 1 else None,
        rights=text(raw.get("rights")),
        issued=_when(raw.get("issued")),
        modified=_when(raw.get("modified")),
    )
