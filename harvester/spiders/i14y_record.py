"""From a dataset of the Swiss interoperability platform I14Y to a dataset: a pure mapping.

The API gives DCAT-AP CH as JSON: texts are language dicts, terms of vocabularies ``{code, name, uri}``, addresses
``{uri, label}``. ``issued`` and ``modified`` are the publisher's; ``system.modifiedAt`` is the record's date.
"""

from __future__ import annotations

from typing import Any

from catalog.model import Contact, DataService, Dataset, Distribution, Publisher
from harvester.spiders.losses import LostRecord
from harvester.spiders.values import email, first, names, text, texts

__all__ = ["to_dataset"]


def to_dataset(raw: Any) -> Dataset:
    """The dataset of one record. Raises LostRecord where it is no object or has no id."""
    if not isinstance(raw, dict):
        raise LostRecord("the record is not an object", "ask the portal to mend the record", value=raw)
    identifier = text(raw.get("id"))
    if identifier is None:
        raise LostRecord("the record has no id", "ask the portal to mend the record", "/id")
    files = _objects(raw.get("distributions"))
    period = next(iter(_objects(raw.get("temporalCoverage"))), {})
    return Dataset(
        identifier=identifier,
        title=text(raw.get("title")),
        description=text(raw.get("description")),
        keywords=names(raw.get("keywords"), "label"),
        themes=names(raw.get("themes"), "uri", "name", "code"),
        publisher=_publisher(raw.get("publisher")),
        contact=_contact(raw.get("contactPoints")),
        access_rights=_term(raw.get("accessRights")),
        issued=text(raw.get("issued")),
        modified=text(raw.get("modified")),
        record_modified=text(_object(raw.get("system")).get("modifiedAt")),
        frequency=_term(raw.get("frequency")),
        spatial=texts(raw.get("spatial")),
        temporal_start=text(period.get("start")),
        temporal_end=text(period.get("end")),
        language=names(raw.get("languages"), "code", "uri"),
        landing_page=next(iter(names(raw.get("landingPages"), "uri")), None),
        conforms_to=names(raw.get("conformsTo"), "uri", "label"),
        relations=names(raw.get("relations"), "uri"),
        other_identifiers=texts(raw.get("identifiers")),
        documentation=names(raw.get("documentation"), "uri"),
        distributions=tuple(_distribution(one) for one in files),
        data_services=tuple(_services(files)),
    )


def _object(value: Any) -> dict[str, Any]:
    return value if isinstance(value, dict) else {}


def _objects(value: Any) -> list[dict[str, Any]]:
    return [one for one in value if isinstance(one, dict)] if isinstance(value, list) else []


def _term(value: Any) -> str | None:
    """The address of a term, or its code or name; a plain text as it is."""
    if not isinstance(value, dict):
        return text(value)
    return first(value.get("uri"), value.get("code"), value.get("name"), value.get("label"))


def _size(value: Any) -> str | None:
    """Bytes, which the API writes as decimal numbers."""
    return text(int(value) if isinstance(value, float) and value.is_integer() else value)


def _publisher(value: Any) -> Publisher | None:
    agent = _object(value)
    name = first(agent.get("name"), agent.get("prefLabel"))
    if name is None:
        return None
    return Publisher(name=name, identifier=text(agent.get("identifier")), url=text(agent.get("homePage")))


def _contact(value: Any) -> Contact | None:
    for point in _objects(value):
        contact = Contact(name=text(point.get("fn")), email=email(point.get("hasEmail")), url=text(point.get("hasUrl")))
        if contact != Contact():
            return contact
    return None


def _distribution(item: dict[str, Any]) -> Distribution:
    licence, checksum = item.get("license"), _object(item.get("checksum"))
    address = text(_object(licence).get("uri"))
    return Distribution(
        identifier=first(item.get("id"), item.get("identifier")),
        title=text(item.get("title")),
        description=text(item.get("description")),
        access_url=_term(item.get("accessUrl")),
        download_url=_term(item.get("downloadUrl")),
        format=_term(item.get("format")),
        media_type=_term(item.get("mediaType")),
        byte_size=_size(item.get("byteSize")),
        checksum=text(checksum.get("checksumValue")),
        checksum_algorithm=_term(checksum.get("algorithm")),
        licence=_term(licence),
        licence_title=first(_object(licence).get("code"), _object(licence).get("name")) if address else None,
        rights=_term(item.get("rights")),
        issued=text(item.get("issued")),
        modified=text(item.get("modified")),
        language=names(item.get("languages"), "code", "uri"),
        conforms_to=names(item.get("conformsTo"), "uri", "label"),
        documentation=next(iter(names(item.get("documentation"), "uri")), None),
        availability=_term(item.get("availability")),
    )


def _services(files: list[dict[str, Any]]) -> list[DataService]:
    """The services through which the files can be had, each once. The listing names them, without their addresses."""
    found: dict[str, DataService] = {}
    for one in (service for item in files for service in _objects(item.get("accessServices"))):
        if identifier := text(one.get("id")):
            urls = names(one.get("endpointUrls"), "uri")
            found.setdefault(
                identifier,
                DataService(identifier=identifier, title=text(one.get("title")), endpoint_url=next(iter(urls), None)),
            )
    return list(found.values())
