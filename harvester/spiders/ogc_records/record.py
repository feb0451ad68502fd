"""Map a record of OGC API - Records to a dataset.

Schema: OGC 20-004, record core. "created" and "updated" are dates of the record; there is no field for the data's
dates. Extensions such as the WMO's are ignored. Links to data are distributions, links to an interface are services.
Drafts of the standard, which pygeoapi still serves, call links associations and contacts providers, and put time and
area in ``extent``. GeoNetwork adds the ISO record, or returns a document of its index.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import replace
from typing import Any

from catalog.model import Contact, DataService, Dataset, Distribution, Publisher
from catalog.vocabulary import file_format
from catalog.vocabulary import licence as known_licence
from harvester.facts import RecordFacts, dataset_fields
from harvester.facts.values import email, first, names, text, texts
from harvester.spiders.base.boxes import box_of
from harvester.spiders.base.losses import LostRecord
from harvester.spiders.documents import any_xml, geonetwork

__all__ = ["kind_of", "to_dataset"]

_DATA = ("enclosure", "item", "data", "download", "archives")
_SERVICES = ("service", "service-desc", "items")
_PROTOCOLS = ("ogc:", "esri:rest", "wms", "wfs", "wcs", "wmts", "ogc-api")
"""Beginnings of protocols that mean a service."""
_PAGES = ("about", "canonical", "alternate", "self")
"""Relations of links to the record's page, the best first; the last two only if their type says that they are pages."""
_PUBLISHERS = (
    "publisher", "owner", "custodian", "producer", "resourceprovider", "creator", "originator", "distributor", "host",
)  # fmt: skip
"""Roles of the organisation responsible for a dataset, the best first; many records have no "publisher"."""


_OF_THE_STANDARD = frozenset((
    "created", "updated", "recordCreated", "recordUpdated", "record-created", "record-updated", "type", "id",
    "identifier", "license", "contacts", "providers", "extent", "extents", "time", "links", "associations", "formats",
    "externalIds", "keywords", "themes", "language", "languages", "resourceLanguages", "conformsTo", "spatial",
    "temporal", "gn-record-xml", "gn-elastic-index-record",
))  # fmt: skip
"""Properties that the standard defines; their dates are the record's."""
_NO_FIELD = ("issued", "modified", "frequency")
"""Facts that record core has no field for."""


def kind_of(raw: Any) -> str:
    """Return what the record ``raw`` describes, in lower case and without a vocabulary's address: "dataset", "series",
    "service".

    The result is "" if the record does not say, but "dataset" for such a document of GeoNetwork's index.
    """
    if isinstance(raw, dict) and isinstance(raw.get("_source"), dict):
        return geonetwork.kind_of(raw["_source"])
    properties = raw.get("properties") if isinstance(raw, dict) else None
    kind = text(properties.get("type")) if isinstance(properties, dict) else None
    if kind is None and isinstance(raw, dict) and raw.get("type") != "Feature":
        # GeoNetwork writes the kind in place of the feature's type.
        kind = text(raw.get("type"))
    return (kind or "").replace("#", "/").rpartition("/")[2].lower()


def to_dataset(raw: Any, *, is_qualified: bool = False, language: str | None = None) -> Dataset:
    """Map a record of OGC API - Records to a :class:`Dataset`.

    ``raw``: the record, as parsed JSON, with the id of its collection under "@collection". ``is_qualified``: whether
    the identifier is "collection/id" and not the id alone, because ids are unique only within a collection.
    ``language``: the portal's language code, or None. Raise LostRecord if ``raw`` is no object or has no id.
    """
    if not isinstance(raw, dict):
        raise LostRecord("the record is not an object", "ask the portal to fix the record", value=raw)
    collection = text(raw.get("@collection"))
    properties = raw.get("properties")
    said = properties if isinstance(properties, dict) else {}
    if (whole := _of_geonetwork(raw, said, language)) is not None:
        named = f"{collection}/{whole.identifier}" if is_qualified and collection else whole.identifier
        own = (whole.identifier,) if named != whole.identifier else ()
        return replace(whole, identifier=named, other_identifiers=(*own, *whole.other_identifiers))
    identifier = first(raw.get("id"), said.get("identifier"), said.get("id"))
    if identifier is None:
        raise LostRecord("the record has no id", "ask the portal to fix the record", "/id")
    own_id = identifier
    if is_qualified and collection:
        identifier = f"{collection}/{own_id}"
    held = (raw.get("links"), said.get("links"), said.get("associations"), raw.get("associations"))
    links = [one for listed in held for one in _objects(listed) if text(one.get("href"))]
    distributions = tuple(_distribution(one) for one in links if _role(one) == "data")
    offered = tuple(dict.fromkeys(names(said.get("formats"), "name", "mediaType")))
    if len(offered) == 1:
        # If the record states one format, it applies to every file without its own.
        distributions = tuple(
            one if one.format or one.media_type else replace(one, format=offered[0]) for one in distributions
        )
    contacts = [*_objects(said.get("contacts")), *_objects(said.get("providers"))]
    extent = _object(said.get("extent") or said.get("extents"))
    start, end = _period(raw.get("time") or said.get("time") or extent.get("temporal"))
    facts = _facts(said, links, language)
    made = dataset_fields(facts)
    own_place = box_of(raw.get("geometry")) or box_of(_object(extent.get("spatial")).get("bbox"))
    if re.match(r"https?://", made.get("licence_title") or ""):
        # A link's title tells readers more than its address.
        worded = next((words for one in links if _rel(one) == "license" and (words := text(one.get("title")))), None)
        made["licence_title"] = worded if worded and worded != made["licence"] else made["licence_title"]
    stated: dict[str, Any] = {
        "keywords": names(said.get("keywords"), "name", "keyword", "title", "value") or texts(said.get("keywords")),
        "themes": tuple(_concepts(said.get("themes"))),
        "publisher": _publisher(contacts),
        "contact": _contact(contacts),
        "spatial": own_place or box_of(raw.get("bbox")),
        "language": _languages(said.get("resourceLanguages")) or _languages(said.get("language")),
        "landing_page": _page(links),
        "conforms_to": texts(said.get("conformsTo")),
        "documentation": _hrefs(links, "help", "documentation"),
        "described_by": next(iter(_hrefs(links, "describedby")), None),
        "relations": _hrefs(links, "related"),
    }
    # Fields of the standard go before the same facts in extensions.
    made |= {field: held for field, held in stated.items() if held}
    if start or end:
        made["temporal_start"], made["temporal_end"] = start, end
    made["other_identifiers"] = (
        *((own_id,) if identifier != own_id else ()), *names(said.get("externalIds"), "value"),
    )  # fmt: skip
    return Dataset(
        identifier=identifier,
        record_modified=first(
            said.get("updated"),
            said.get("recordUpdated"),
            said.get("record-updated"),
            said.get("created"),
            said.get("recordCreated"),
            said.get("record-created"),
        ),
        not_carried=tuple(field for field in _NO_FIELD if not made.get(field)),
        is_series="series" in kind_of(raw) and not distributions,
        distributions=distributions,
        data_services=tuple(
            DataService(title=first(one.get("title"), one.get("name")), endpoint_url=text(one.get("href")))
            for one in links
            if _role(one) == "service"
        ),
        **made,
    )


def _facts(said: dict[str, Any], links: list[dict[str, Any]], language: str | None) -> RecordFacts:
    """Collect facts from a record's properties by their names, including those of extensions."""
    facts = RecordFacts("dataset", (language,))
    facts.read({key: held for key, held in said.items() if key not in _OF_THE_STANDARD}, "properties/")
    facts.drop("other_identifiers", "keywords", "themes", "language", "conforms_to")
    # A licence may be an address, a code, or "other" with a link beside it.
    facts.add("licence", _named(said.get("license")), "properties/license")
    for one in links:
        if _rel(one) == "license":
            facts.add("licence", text(one.get("href")), "links/license", rank=10)
            facts.add("licence", text(one.get("title")), "links/license/title", rank=20)
    rights = text(said.get("rights"))
    if rights and known_licence(rights) is not None:
        facts.add("licence", rights, "properties/rights", rank=50)
    return facts


def _of_geonetwork(raw: dict[str, Any], said: dict[str, Any], language: str | None) -> Dataset | None:
    """Return the dataset of GeoNetwork's ISO record or index document; None if there is neither."""
    own = first(raw.get("id"), raw.get("_id"))
    if (xml := text(said.get("gn-record-xml"))) is not None:
        try:
            return any_xml.to_dataset(xml, own, (language,))
        except (ValueError, LostRecord):
            # The index document is still available then.
            pass
    source = raw.get("_source") or said.get("gn-elastic-index-record")
    return geonetwork.to_dataset(source, own, language) if isinstance(source, dict) else None


def _object(value: Any) -> dict[str, Any]:
    """Return an object, or the first object of a list."""
    first_one = value[0] if isinstance(value, list) and value else value
    return first_one if isinstance(first_one, dict) else {}


def _objects(value: Any) -> Iterator[dict[str, Any]]:
    return (one for one in value if isinstance(one, dict)) if isinstance(value, list) else iter(())


def _named(value: Any) -> str | None:
    """Return a text, or the address or name of an object."""
    if isinstance(value, dict) and (found := first(value.get("url"), value.get("href"), value.get("id"))):
        return found
    return first(value.get("title"), value.get("name")) if isinstance(value, dict) else text(value)


def _rel(link: dict[str, Any]) -> str:
    return (text(link.get("rel")) or "").rpartition("/")[2].lower()


def _role(link: dict[str, Any]) -> str | None:
    """Return whether a link leads to data or a service; pycsw and GeoNetwork also state a protocol."""
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
    bare = media_type if media_type and "/" not in media_type else None
    return Distribution(
        title=first(link.get("title"), link.get("name")),
        description=text(link.get("description")),
        access_url=url,
        download_url=url if is_file or is_data else None,
        # A link may name its format in a word of its own, such as "GRIB2"; the word "collection" is no format.
        format=first(next(iter(names(formats, "name")), None), media_type if file_format(bare) else None),
        media_type=media_type if bare is None else None,
        byte_size=text(length),
        language=texts(link.get("hreflang")),
    )


def _page(links: list[dict[str, Any]]) -> str | None:
    def may_be(link: dict[str, Any]) -> bool:
        kind = text(link.get("type"))
        return "html" in kind if kind else _rel(link) in ("about", "canonical")

    pages = [(_PAGES.index(_rel(one)), text(one.get("href"))) for one in links if _rel(one) in _PAGES and may_be(one)]
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
    """Return the roles of a contact, given as texts or as objects with a name."""
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
    """Return the email as in the standard, or as in a draft: ``contactInfo.email.office``."""
    drafted = _object(contact.get("contactInfo")).get("email")
    drafted = next(iter(texts(list(drafted.values()))), None) if isinstance(drafted, dict) else drafted
    return email(first(*names(contact.get("emails"), "value"), *texts(contact.get("email")), drafted))


def _link(contact: dict[str, Any]) -> str | None:
    drafted = _object(contact.get("contactInfo")).get("url")
    return first(*names(contact.get("links"), "href"), _object(drafted).get("href") or text(drafted))


def _period(time: Any) -> tuple[str | None, str | None]:
    """Return start and end of an interval ("..": open end); an instant is both. Drafts have a list or a single text."""
    held = time.get("interval") if isinstance(time, dict) else time
    if isinstance(held, list) and len(held) == 1 and isinstance(held[0], list):
        held = held[0]
    if isinstance(held, str) and "/" in held:
        held = held.split("/")
    if isinstance(held, list) and len(held) == 2:
        start, end = (None if one in ("..", "") else text(one) for one in held)
        return start, end
    at = first(time.get("timestamp"), time.get("date")) if isinstance(time, dict) else text(held)
    return at, at


def _languages(value: Any) -> tuple[str, ...]:
    listed = value if isinstance(value, list) else [value]
    return tuple(found for one in listed if (found := first(one.get("code")) if isinstance(one, dict) else text(one)))
