"""Map a GeoNode dataset (layer) to a dataset, for API v2 and the older API; no request is made.

``last_updated`` is the record's date. ``date`` is the data's date, and ``date_type`` says whether it is creation,
publication or revision. A list without the type means GeoNode's default, publication. The list of GeoNode 2 and 3 has
few fields, and only the number of a licence. An account's name is neither publisher nor contact. Links to pictures and
metadata are no distributions; OGC links are services. Addresses may be relative to the portal.
"""

from __future__ import annotations

import re
from typing import Any

from catalog.model import Contact, DataService, Dataset, Distribution, Publisher
from harvester.facts import RecordFacts, filled
from harvester.facts.values import absolute, email, first, names, text, texts
from harvester.spiders.base.boxes import box_of
from harvester.spiders.base.losses import LostRecord

__all__ = ["identifier_of", "to_dataset"]

DATA_LINKS = ("data", "original", "uploaded")
_UNSAID = re.compile(r"(?i)no (abstract|information|description) (provided|available)\.?")
"""Match GeoNode's own texts for an empty field."""
_LISTED_ALONE = ("licence", "frequency", "language", "publisher", "contact", "distributions", "format", "byte_size")
"""Facts that the list of GeoNode 2 and 3 has no field for."""
COPIES = ("REMOTE", "COPYREMOTE", "HARVESTED")
"""Values of ``sourcetype`` for datasets that another server holds, or held first."""


def _dict(value: Any) -> dict[str, Any]:
    return value if isinstance(value, dict) else {}


def _dicts(value: Any) -> list[dict[str, Any]]:
    return [item for item in value if isinstance(item, dict)] if isinstance(value, list) else []


def identifier_of(raw: dict[str, Any]) -> str | None:
    """Return the uuid of the GeoNode record ``raw``, else its number (``pk`` or ``id``); None if it has none."""
    return first(raw.get("uuid"), raw.get("pk"), raw.get("id"))


def to_dataset(raw: Any, base: str) -> Dataset:
    """Map a GeoNode record to a :class:`Dataset`.

    ``raw``: the record of API v2 or the older API, as parsed JSON. ``base``: the portal's address, to which relative
    addresses are joined. Raise LostRecord if the record is no object or has neither uuid nor number.
    """
    if not isinstance(raw, dict):
        raise LostRecord("the record is not an object", "ask the portal to fix the record", value=raw)
    identifier = identifier_of(raw)
    if identifier is None:
        raise LostRecord("the record has neither uuid nor pk", "ask the portal to fix the record", "/uuid")
    date, kind = text(raw.get("date")), text(raw.get("date_type"))
    page = first(raw.get("detail_url"))
    own = Dataset(
        identifier=identifier,
        title=first(raw.get("title"), raw.get("name")),
        description=_told(raw.get("abstract")) or _told(raw.get("raw_abstract")),
        keywords=_keywords(raw),
        themes=_themes(raw),
        publisher=_publisher(raw),
        contact=_contact(raw),
        licence=_licence(raw.get("license")),
        licence_title=_second(raw.get("license")),
        rights=first(raw.get("constraints_other"), _named(raw.get("restriction_code_type"), "identifier")),
        issued=date if kind in ("creation", "publication", None) else None,
        modified=date if kind == "revision" else None,
        record_modified=text(raw.get("last_updated")),
        frequency=text(raw.get("maintenance_frequency")),
        spatial=_places(raw),
        temporal_start=text(raw.get("temporal_extent_start")),
        temporal_end=text(raw.get("temporal_extent_end")),
        language=texts(raw.get("language")),
        landing_page=absolute(page, base) if page else text(raw.get("distribution_url")),
        provenance=first(raw.get("data_quality_statement")),
        other_identifiers=texts([raw.get("doi"), first(raw.get("alternate"), raw.get("typename"))]),
        harvested_from=_origin(raw),
        not_carried=_not_carried(raw),
        distributions=_distributions(raw, base),
        data_services=_services(raw),
    )
    facts = RecordFacts("dataset")
    # GeoNode 4 stores an operator's additional fields under "metadata", as pairs.
    added = [one for one in _dicts(raw.get("metadata")) if "field_name" in one]
    pairs = [(str(one["field_name"]), one.get("field_value")) for one in added]
    facts.read(pairs, "metadata/")
    facts.read(_dict(raw.get("extra_metadata")) or _dict(raw.get("metadata")), "metadata/")
    return filled(own, facts)


def _told(value: Any) -> str | None:
    said = text(value)
    return None if said is None or _UNSAID.fullmatch(said.strip()) else said


def _licence(value: Any) -> str | None:
    """Return the licence of a record; its number or its address within the API says nothing and is left out."""
    said = _named(value, "url", "identifier", "name")
    return None if said is None or re.fullmatch(r"\d+|/api/.*", said) else said


def _not_carried(raw: dict[str, Any]) -> tuple[str, ...]:
    if "links" not in raw and "pk" not in raw:
        return _LISTED_ALONE
    return ("licence",) if raw.get("license") and _licence(raw["license"]) is None else ()


def _places(raw: dict[str, Any]) -> tuple[str, ...]:
    """Return the names of regions, and the first box of the data in degrees."""
    extent = _dict(raw.get("extent"))
    sides = [raw.get(f"bbox_{side}") for side in ("x0", "y0", "x1", "y1")]
    areas = (
        raw.get("ll_bbox_polygon"),
        extent.get("coords") if str(extent.get("srid", "EPSG:4326")).endswith(":4326") else None,
        raw.get("csw_wkt_geometry"),
        raw.get("bbox_polygon"),
        sides if str(raw.get("srid") or "EPSG:4326").endswith(":4326") else None,
    )
    box: tuple[str, ...] = next((found for area in areas if (found := box_of(area))), ())
    return (*names(raw.get("regions"), "name", "code"), *box)


def _named(value: Any, *keys: str) -> str | None:
    """Return the first of some fields of an object; a plain value as it is."""
    return first(*(value.get(key) for key in keys)) if isinstance(value, dict) else text(value)


def _second(licence: Any) -> str | None:
    """Return the code of a licence that is given by its address."""
    return first(licence.get("identifier"), licence.get("name")) if _dict(licence).get("url") else None


def _keywords(raw: dict[str, Any]) -> tuple[str, ...]:
    """Return free keywords and keywords of thesauri."""
    free = raw.get("keywords")
    return (names(free, "name", "slug") or texts(free)) + names(raw.get("tkeywords"), "name")


def _themes(raw: dict[str, Any]) -> tuple[str, ...]:
    theme = first(_named(raw.get("category"), "gn_description", "identifier"), raw.get("category__gn_description"))
    return (theme,) if theme else ()


def _person(value: Any) -> dict[str, Any]:
    """Return the first person in a role; GeoNode 3 has one object for it, GeoNode 4 a list."""
    return _dict(value[0] if isinstance(value, list) and value else value)


def _name(person: dict[str, Any]) -> str | None:
    whole = " ".join(part for key in ("first_name", "last_name") if (part := text(person.get(key))))
    return first(person.get("organization"), whole)


def _publisher(raw: dict[str, Any]) -> Publisher | None:
    """Return the stated publisher, or whom the data are attributed to; the owner is an account and does not count."""
    person = _person(raw.get("publisher"))
    name = first(_name(person), raw.get("attribution"))
    return Publisher(name=name, email=email(person.get("email"))) if name else None


def _contact(raw: dict[str, Any]) -> Contact | None:
    person = _person(raw.get("poc")) or _person(raw.get("owner"))
    contact = Contact(name=_name(person), email=email(person.get("email")))
    return contact if contact != Contact() else None


def _origin(raw: dict[str, Any]) -> str | None:
    source = text(raw.get("sourcetype"))
    harvester = raw.get("harvester")
    is_copy = (source or "").upper() in COPIES or bool(harvester) or raw.get("storeType") == "remoteStore"
    if not is_copy:
        return None
    held = raw.get("ows_url") if source != "COPYREMOTE" else None
    return first(_named(harvester, "remote_url", "url", "name"), raw.get("remote_service"), held, source, "remoteStore")


def _distributions(raw: dict[str, Any], base: str) -> tuple[Distribution, ...]:
    made: dict[str, Distribution] = {}
    for link in _dicts(raw.get("links")):
        url = text(link.get("url"))
        if url is None or text(link.get("link_type")) not in DATA_LINKS:
            continue
        url = absolute(url, base)
        made[url] = Distribution(
            title=text(link.get("name")),
            access_url=url,
            download_url=url,
            format=text(link.get("extension")),
            media_type=text(link.get("mime")),
        )
    for declared in (raw.get("download_url"), *(item.get("url") for item in _dicts(raw.get("download_urls")))):
        if (address := text(declared)) is not None:
            url = absolute(address, base)
            made.setdefault(url, Distribution(access_url=url, download_url=url))
    return tuple(made.values())


def _services(raw: dict[str, Any]) -> tuple[DataService, ...]:
    made: dict[tuple[str, str | None], DataService] = {}
    for link in _dicts(raw.get("links")):
        kind, url = text(link.get("link_type")) or "", text(link.get("url"))
        if url is not None and kind.startswith("OGC:"):
            made[url, kind] = DataService(title=text(link.get("name")), endpoint_url=url, conforms_to=(kind,))
    url = text(raw.get("ows_url"))
    if url is not None and not made:
        made[url, None] = DataService(endpoint_url=url)
    return tuple(made.values())
