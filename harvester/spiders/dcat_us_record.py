"""From a DCAT-US 1.1 or Project Open Data 1.0 record to a dataset: a pure mapping."""

from __future__ import annotations

import re
from typing import Any

from catalog.model import Contact, DataService, Dataset, Distribution, Publisher
from harvester.spiders.losses import LostRecord
from harvester.spiders.values import email, first, text, texts

__all__ = ["keywords_of", "to_dataset"]


def to_dataset(raw: Any) -> Dataset:
    """The dataset of one record.

    A record without identifier is known by its ``@id`` or landing page, which name it as well. Raises LostRecord
    where it has none of these, or is no object.
    """
    if not isinstance(raw, dict):
        raise LostRecord("the record is not an object", "ask the publisher to mend the record", value=raw)
    identifier = first(raw.get("identifier"), raw.get("@id"), raw.get("landingPage"))
    if identifier is None:
        raise LostRecord(
            "the record has no identifier, and nothing else that names it",
            "give every dataset an identifier that never changes",
            "/identifier",
        )
    start, end = _period(raw.get("temporal"))
    return Dataset(
        identifier=identifier,
        title=text(raw.get("title")),
        description=text(raw.get("description")),
        keywords=keywords_of(raw.get("keyword")),
        themes=texts(raw.get("theme")),
        publisher=_publisher(raw.get("publisher")),
        contact=_contact(raw),
        licence=text(raw.get("license")),
        access_rights=text(raw.get("accessLevel")),
        rights=first(raw.get("rights"), raw.get("accessLevelComment")),
        issued=first(raw.get("issued"), raw.get("releaseDate")),
        modified=text(raw.get("modified")),
        frequency=text(raw.get("accrualPeriodicity")),
        spatial=texts(raw.get("spatial")),
        temporal_start=start,
        temporal_end=end,
        language=texts(raw.get("language")),
        landing_page=text(raw.get("landingPage")),
        conforms_to=texts(raw.get("conformsTo")),
        relations=texts(raw.get("references")),
        documentation=texts(raw.get("references")),
        described_by=first(raw.get("describedBy"), raw.get("dataDictionary")),
        is_part_of=text(raw.get("isPartOf")),
        distributions=_distributions(raw),
        data_services=_services(raw),
    )


def keywords_of(value: Any) -> tuple[str, ...]:
    """Keywords of a list, or of one text with commas or semicolons between them."""
    if isinstance(value, str):
        return tuple(word.strip() for word in re.split(r"[,;]", value) if word.strip())
    return texts(value)


def _period(value: Any) -> tuple[str | None, str | None]:
    """ "start/end"; a single date is the start."""
    start, _, end = (text(value) or "").partition("/")
    return start.strip() or None, end.strip() or None


def _publisher(value: Any) -> Publisher | None:
    if isinstance(value, dict):
        name = text(value.get("name"))
        parent = value.get("subOrganizationOf")
        parent_name = text(parent.get("name")) if isinstance(parent, dict) else text(parent)
        return Publisher(name=name, parent=parent_name) if name else None
    name = text(value)
    return Publisher(name=name) if name else None


def _contact(raw: dict[str, Any]) -> Contact | None:
    point = raw.get("contactPoint")
    if isinstance(point, dict):
        contact = Contact(name=text(point.get("fn")), email=email(point.get("hasEmail")), url=text(point.get("hasURL")))
    else:
        contact = Contact(name=text(point), email=email(raw.get("mbox")))
    return contact if contact != Contact() else None


def _distributions(raw: dict[str, Any]) -> tuple[Distribution, ...]:
    declared = raw.get("distribution")
    items = declared if isinstance(declared, list) else [declared] if isinstance(declared, dict) else []
    found = [_distribution(item) for item in items if isinstance(item, dict)]
    if not found and (url := text(raw.get("accessURL"))) is not None:
        # Project Open Data 1.0 keeps the only distribution in fields of the dataset.
        found = [Distribution(access_url=url, format=text(raw.get("format")), media_type=text(raw.get("mediaType")))]
    return tuple(found)


def _distribution(item: dict[str, Any]) -> Distribution:
    download = text(item.get("downloadURL"))
    # Project Open Data 1.0 as Socrata wrote it: a list of {label, value}.
    listed = item.get("formats")
    named = listed[0] if isinstance(listed, list) and listed and isinstance(listed[0], dict) else {}
    return Distribution(
        identifier=first(item.get("identifier"), item.get("@id")),
        title=text(item.get("title")),
        description=text(item.get("description")),
        access_url=first(item.get("accessURL"), download),
        download_url=download,
        format=first(item.get("format"), named.get("label")),
        media_type=first(item.get("mediaType"), named.get("value")),
        byte_size=first(item.get("byteSize"), item.get("size")),
        licence=text(item.get("license")),
        rights=text(item.get("rights")),
        issued=text(item.get("issued")),
        modified=text(item.get("modified")),
        conforms_to=texts(item.get("conformsTo")),
        described_by=text(item.get("describedBy")),
    )


def _services(raw: dict[str, Any]) -> tuple[DataService, ...]:
    url = text(raw.get("webService"))
    return (DataService(title=text(raw.get("title")), endpoint_url=url),) if url else ()
