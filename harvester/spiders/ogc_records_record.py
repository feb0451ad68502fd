"""From a record of OGC API - Records to a dataset: a pure mapping.

Schema: OGC 20-004, record core ("created" and "updated" are dates of the record). Extensions such as those of the WMO
are passed over. Of the links, those that lead to data are distributions; those that lead to an interface, services.
"""

from __future__ import annotations

import math
from collections.abc import Iterator
from typing import Any

from catalog.model import Contact, DataService, Dataset, Distribution, Publisher
from harvester.spiders.losses import LostRecord
from harvester.spiders.values import email, first, names, text, texts

__all__ = ["kind_of", "to_dataset"]

_DATA = ("enclosure", "item", "data", "download", "archives")
_SERVICES = ("service", "service-desc", "items")
_PROTOCOLS = ("ogc:", "esri:rest", "wms", "wfs", "wcs", "wmts", "ogc-api")
"""Beginnings of protocols that name a service."""
_PAGES = ("about", "canonical", "alternate", "self")
"""Links to the record's page, the best first."""
_PUBLISHERS = (
    "publisher", "owner", "custodian", "producer", "resourceprovider", "creator", "originator", "distributor", "host",
)  # fmt: skip
"""Roles of the organisation that answers for a dataset, the best first: many records name no "publisher"."""


def kind_of(raw: Any) -> str:
    """The kind of a record in lower case, without the vocabulary before it: "dataset", "series", "service"."""
    properties = raw.get("properties") if isinstance(raw, dict) else None
    kind = text(properties.get("type")) if isinstance(properties, dict) else None
    return (kind or "").replace("#", "/").rpartition("/")[2].lower()


def to_dataset(raw: Any, *, is_qualified: bool = False) -> Dataset:
    """The dataset of one record; with ``is_qualified`` it is named by its collection ("@collection") and its id.

    Raises LostRecord where it is no object or has no id.
    """
    if not isinstance(raw, dict):
        raise LostRecord("the record is not an object", "ask the portal to mend the record", value=raw)
    properties = raw.get("properties")
    said = properties if isinstance(properties, dict) else {}
    identifier = first(raw.get("id"), said.get("identifier"), said.get("id"))
    if identifier is None:
        raise LostRecord("the record has no id", "ask the portal to mend the record", "/id")
    own_id, collection = identifier, text(raw.get("@collection"))
    if is_qualified and collection:
        identifier = f"{collection}/{own_id}"
    links = [one for one in _objects(raw.get("links")) if text(one.get("href"))]
    licence = next((one for one in links if _rel(one) == "license"), {})
    distributions = tuple(_distribution(one) for one in links if _role(one) == "data")
    contacts = list(_objects(said.get("contacts"))) or list(_objects(said.get("providers")))
    start, end = _period(raw.get("time"))
    return Dataset(
        identifier=identifier,
        title=text(said.get("title")),
        description=text(said.get("description")),
        keywords=names(said.get("keywords"), "name", "keyword", "title", "value") or texts(said.get("keywords")),
        themes=tuple(_concepts(said.get("themes"))),
        publisher=_publisher(contacts),
        contact=_contact(contacts),
        licence=first(_named(said.get("license")), licence.get("href")),
        licence_title=text(licence.get("title")),
        access_rights=text(said.get("accessRights")),
        rights=text(said.get("rights")),
        issued=text(said.get("created")),
        record_modified=first(said.get("updated"), said.get("recordUpdated")),
        spatial=_box(raw.get("geometry")),
        temporal_start=start,
        temporal_end=end,
        language=_languages(said.get("language")),
        landing_page=_page(links),
        conforms_to=texts(said.get("conformsTo")),
        other_identifiers=(*((own_id,) if identifier != own_id else ()), *names(said.get("externalIds"), "value")),
        documentation=_hrefs(links, "help", "documentation"),
        described_by=next(iter(_hrefs(links, "describedby")), None),
        relations=_hrefs(links, "related"),
        is_series="series" in kind_of(raw) and not distributions,
        distributions=distributions,
        data_services=tuple(
            DataService(title=first(one.get("title"), one.get("name")), endpoint_url=text(one.get("href")))
            for one in links
            if _role(one) == "service"
        ),
    )


def _objects(value: Any) -> Iterator[dict[str, Any]]:
    return (one for one in value if isinstance(one, dict)) if isinstance(value, list) else iter(())


def _named(value: Any) -> str | None:
    """A text, or the address or name of an object."""
    if isinstance(value, dict) and (found := first(value.get("url"), value.get("href"), value.get("id"))):
        return found
    return first(value.get("title"), value.get("name")) if isinstance(value, dict) else text(value)


def _rel(link: dict[str, Any]) -> str:
    return (text(link.get("rel")) or "").rpartition("/")[2].lower()


def _role(link: dict[str, Any]) -> str | None:
    """Whether a link leads to data or to a service. pycsw and GeoNetwork state a protocol beside the relation."""
    rel, protocol = _rel(link), (text(link.get("protocol")) or "").lower()
    if protocol.startswith(_PROTOCOLS) or rel in _SERVICES:
        return "service"
    return "data" if rel in _DATA or "download" in protocol else None


def _distribution(link: dict[str, Any]) -> Distribution:
    url, media_type = text(link.get("href")), text(link.get("type"))
    offered = link.get("distribution")
    formats = offered.get("availableFormats") if isinstance(offered, dict) else None
    is_file = _rel(link) in ("enclosure", "download") or "download" in (text(link.get("protocol")) or "").lower()
    is_data = _rel(link) != "archives" and bool(media_type) and "/" in str(media_type) and "html" not in str(media_type)
    length = link.get("length")
    return Distribution(
        title=first(link.get("title"), link.get("name")),
        description=text(link.get("description")),
        access_url=url,
        download_url=url if is_file or is_data else None,
        format=next(iter(names(formats, "name")), None),
        media_type=media_type,
        byte_size=text(length),
        language=texts(link.get("hreflang")),
    )


def _page(links: list[dict[str, Any]]) -> str | None:
    pages = [
        (_PAGES.index(_rel(one)), text(one.get("href")))
        for one in links
        if _rel(one) in _PAGES and (_rel(one) != "alternate" or "html" in (text(one.get("type")) or ""))
    ]
    return min(pages, key=lambda page: page[0])[1] if pages else None


def _hrefs(links: list[dict[str, Any]], *rels: str) -> tuple[str, ...]:
    return tuple(url for one in links if _rel(one) in rels and not _role(one) and (url := text(one.get("href"))))


def _concepts(themes: Any) -> Iterator[str]:
    for theme in themes if isinstance(themes, list) else ():
        if isinstance(theme, dict) and isinstance(theme.get("concepts"), list):
            yield from names(theme["concepts"], "title", "name", "id", "url")
        elif found := text(theme):
            yield found


def _roles(contact: dict[str, Any]) -> list[str]:
    """Roles of a contact: texts, or objects with a name."""
    found = contact.get("roles", contact.get("role"))
    return [one.lower() for one in names(found if isinstance(found, list) else [found], "name", "title")]


def _publisher(contacts: list[dict[str, Any]]) -> Publisher | None:
    for role in _PUBLISHERS:
        for one in contacts:
            name = first(one.get("organization"), one.get("name"))
            if role in _roles(one) and name:
                return Publisher(name=name, identifier=text(one.get("identifier")), email=_mail(one), url=_link(one))
    return None


def _contact(contacts: list[dict[str, Any]]) -> Contact | None:
    points = [one for one in contacts if {"pointofcontact", "contact"} & set(_roles(one))]
    for one in (*points, *contacts):
        contact = Contact(name=first(one.get("name"), one.get("organization")), email=_mail(one), url=_link(one))
        if contact.email or contact.url or (one in points and contact.name):
            return contact
    return None


def _mail(contact: dict[str, Any]) -> str | None:
    return email(first(*names(contact.get("emails"), "value"), contact.get("email")))


def _link(contact: dict[str, Any]) -> str | None:
    return first(*names(contact.get("links"), "href"))


def _period(time: Any) -> tuple[str | None, str | None]:
    """An interval, whose open end is ".."; an instant or a day is both its ends."""
    if not isinstance(time, dict):
        return None, None
    interval = time.get("interval")
    if isinstance(interval, list) and len(interval) == 2:
        start, end = (None if one == ".." else text(one) for one in interval)
        return start, end
    at = first(time.get("timestamp"), time.get("date"))
    return at, at


def _languages(value: Any) -> tuple[str, ...]:
    listed = value if isinstance(value, list) else [value]
    return tuple(found for one in listed if (found := first(one.get("code")) if isinstance(one, dict) else text(one)))


def _box(geometry: Any) -> tuple[str, ...]:
    """ "west,south,east,north" of a geometry."""
    points: list[tuple[float, float]] = []

    def gather(one: Any) -> None:
        if isinstance(one, list) and len(one) > 1 and all(isinstance(n, int | float) for n in one):
            points.append((one[0], one[1]))
        elif isinstance(one, list):
            for inner in one:
                gather(inner)

    gather(geometry.get("coordinates") if isinstance(geometry, dict) else None)
    if not points or not all(math.isfinite(n) for point in points for n in point):
        return ()
    west, south = (min(axis) for axis in zip(*points, strict=True))
    east, north = (max(axis) for axis in zip(*points, strict=True))
    return (f"{west},{south},{east},{north}",)
