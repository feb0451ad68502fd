"""Map a schema.org Dataset to a dataset; no request is made.

The vocabulary is schema.org/Dataset as in the guides of search engines; ``@page`` is the page that holds the node.
``dateModified`` is the data's date. ``sdDatePublished`` is the date of the structured data, which is the record.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import Any
from urllib.parse import urljoin

from catalog.model import Contact, Dataset, Distribution, Publisher
from harvester.facts import RecordFacts, filled, periods, span, worded_values
from harvester.facts.values import email, first, text, texts
from harvester.spiders.base.losses import LostRecord

__all__ = ["is_sure", "to_dataset"]

_GLOBAL = re.compile(
    r"(?i)(https?:|urn:|doi:|hdl:|ark:|info:|10\.\d{4,9}/)\S+$|\{?[0-9a-f]{8}(-?[0-9a-f]{4}){3}-?[0-9a-f]{12}\}?$"
)
"""Match identifiers that are globally unique: addresses, URNs, DOIs, handles, UUIDs."""
_READ = frozenset((
    "identifier", "temporalCoverage", "name", "description", "alternateName", "headline", "abstract", "keywords",
    "about", "genre", "publisher", "provider", "creator", "contactPoint", "license", "conditionsOfAccess", "usageInfo",
    "copyrightNotice", "datePublished", "dateModified", "dateCreated", "sdDatePublished", "spatialCoverage", "spatial",
    "inLanguage", "url", "mainEntityOfPage", "isBasedOn", "citation", "sameAs", "isPartOf", "distribution", "author",
))  # fmt: skip
"""Properties that are read explicitly; others are recognised by their names."""


def to_dataset(raw: Any, languages: Sequence[str | None] = ()) -> Dataset:
    """Map a schema.org Dataset to a :class:`Dataset`.

    ``raw``: the JSON-LD object, with the address of its page under "@page". ``languages``: the portal's language
    codes, the preferred one first. The identifier is a globally unique one such as a DOI, else ``@id``, ``url``, the
    publisher's own number, or the page. Raise ValueError if the JSON-LD was not valid, LostRecord if there is no
    identifier at all.
    """
    if "@broken" in raw:
        raise ValueError(f"a JSON-LD block of the page is not valid JSON: {raw['@broken']}")
    named = _identifiers(raw.get("identifier"))
    identifier = first(*_sure_names(raw), *named, raw.get("@page"))
    if identifier is None:
        raise LostRecord("nothing names the dataset", "give the dataset an identifier or a url", "/identifier")
    start, end = _period(raw.get("temporalCoverage"))
    words = worded_values(raw.get("name"), raw.get("description"), None, languages)
    own = Dataset(
        identifier=identifier,
        title=words.title or first(raw.get("alternateName"), raw.get("headline")),
        description=words.description or text(raw.get("abstract")),
        keywords=_keywords(raw.get("keywords")),
        translations=words.translations,
        themes=_labels(raw.get("about")) or _labels(raw.get("genre")),
        publisher=_agent(raw.get("publisher")) or _agent(raw.get("provider")) or _agent(raw.get("creator")),
        contact=_contact(raw),
        access_rights=text(raw.get("conditionsOfAccess")),
        rights=first(_label(raw.get("usageInfo")), raw.get("copyrightNotice")),
        issued=text(raw.get("datePublished")),
        modified=text(raw.get("dateModified")),
        record_modified=text(raw.get("sdDatePublished")),
        spatial=_places(raw.get("spatialCoverage")) or _places(raw.get("spatial")) or _geometries(raw),
        temporal_start=start,
        temporal_end=end,
        language=_labels(raw.get("inLanguage")),
        landing_page=first(_address(raw.get("url")), _address(raw.get("mainEntityOfPage")), raw.get("@page")),
        relations=_labels(raw.get("isBasedOn")) + _labels(raw.get("citation")),
        other_identifiers=tuple(
            dict.fromkeys(
                one for one in (*named, text(raw.get("@id")), *texts(raw.get("sameAs"))) if one and one != identifier
            )
        ),
        is_part_of=_name(raw.get("isPartOf")),
        distributions=tuple(_distribution(one) for one in _files(raw.get("distribution"))),
    )
    facts = RecordFacts("dataset", languages)
    facts.read({key: held for key, held in raw.items() if key not in _READ and not key.startswith("@")})
    for at, one in enumerate(_items(raw.get("license"))):
        # Several licences are several candidates; within one, the address is preferred to the name.
        facts.add("licence", _address(one), "license", rank=2 * at - 50)
        facts.add("licence", _label(one), "license", rank=2 * at - 49)
    return filled(own, facts)


def is_sure(raw: dict[str, Any]) -> bool:
    """Return whether a schema.org Dataset has an identifier that no other dataset can have.

    Such an identifier is a globally unique one such as a DOI, an ``@id`` or a ``url``. Two records with the same such
    identifier are one dataset. A publisher's own number such as "1" is not enough. ``raw``: the JSON-LD object; the
    result is also True if its JSON was invalid.
    """
    return "@broken" in raw or bool(_sure_names(raw))


def _sure_names(raw: dict[str, Any]) -> list[str]:
    """Return the unique names of a node, the best first.

    A publisher's own number such as "1" is not unique: two offices, or all pages of a template, may use it.
    """
    names = [one for one in _identifiers(raw.get("identifier")) if _GLOBAL.match(one.strip())]
    for one in (text(raw.get("@id")), _address(raw.get("url"))):
        if one and not one.startswith("_:"):
            # "#dataset" stands on every page of a site.
            names.append(_absolute(one, raw.get("@page")))
    return names


def _absolute(address: str, page: str | None) -> str:
    try:
        return urljoin(page or "", address)
    except ValueError:
        return address


def _files(value: Any) -> list[dict[str, Any]]:
    """Return the distributions as objects; a text is the address of a file."""
    return [
        one if isinstance(one, dict) else {"contentUrl": one} for one in _items(value) if isinstance(one, dict | str)
    ]


def _items(value: Any) -> list[Any]:
    return value if isinstance(value, list) else [] if value is None else [value]


def _nodes(value: Any) -> list[dict[str, Any]]:
    return [one for one in _items(value) if isinstance(one, dict)]


def _identifiers(value: Any) -> tuple[str, ...]:
    """Return the identifiers, some of which may be nodes with a value."""
    found = [first(one.get("value"), one.get("@id"), one.get("url")) if isinstance(one, dict) else text(one)
             for one in _items(value)]  # fmt: skip
    return tuple(one for one in found if one)


def _address(value: Any) -> str | None:
    for one in _items(value):
        if found := first(one.get("@id"), one.get("url")) if isinstance(one, dict) else text(one):
            return found
    return None


def _label(value: Any) -> str | None:
    """Return a node's name, else its address; a text as it is."""
    for one in _items(value):
        found = (
            first(one.get("name"), one.get("alternateName"), one.get("@value")) if isinstance(one, dict) else text(one)
        )
        if found := found or _address(one):
            return found
    return None


def _labels(value: Any) -> tuple[str, ...]:
    found = [_label(one) for one in _items(value)]
    return tuple(dict.fromkeys(one for one in found if one))


def _name(value: Any) -> str | None:
    """Return what identifies another node: its address, else its name."""
    return _address(value) or _label(value)


def _keywords(value: Any) -> tuple[str, ...]:
    """Return keywords from a list, from comma-separated texts, or from DefinedTerms."""
    found: list[str] = []
    for one in _items(value):
        word = _label(one)
        if word and isinstance(one, str):
            found += [part.strip() for part in re.split(r"[,;]", word)]
        elif word:
            found.append(word)
    return tuple(dict.fromkeys(word for word in found if word))


def _agent(value: Any) -> Publisher | None:
    for one in _items(value):
        name = _label(one)
        if name is None:
            continue
        if not isinstance(one, dict):
            return Publisher(name=name)
        return Publisher(
            name=name,
            identifier=text(one.get("@id")),
            email=email(one.get("email")),
            url=_address(one.get("url")),
            parent=_label(one.get("parentOrganization")),
        )
    return None


def _contact(raw: dict[str, Any]) -> Contact | None:
    """Return the contact point of the dataset, else of its publisher or creator."""
    holders = [raw, *_nodes(raw.get("publisher")), *_nodes(raw.get("creator")), *_nodes(raw.get("provider"))]
    for holder in holders:
        for point in _nodes(holder.get("contactPoint")):
            contact = Contact(
                name=first(point.get("name"), point.get("contactType")),
                email=email(point.get("email")),
                url=_address(point.get("url")),
            )
            if contact.email or contact.url:
                return contact
    return None


def _licence(value: Any) -> str | None:
    """Return the address of a licence, else its name."""
    return _address(value) or _label(value)


def _period(value: Any) -> tuple[str | None, str | None]:
    """Return start and end of the period that the dataset covers.

    The value is "start/end" with ".." for an open end, a node with startDate and endDate, or a single date, which is
    the start. Several periods are joined from the first start to the last end.
    """
    if len(_items(value)) > 1:
        return span(periods(value))
    for one in _items(value):
        if isinstance(one, dict):
            return text(one.get("startDate")), text(one.get("endDate"))
        start, _, end = (text(one) or "").partition("/")
        found = [part.strip() if part.strip() not in ("", "..") else None for part in (start, end)]
        return found[0], found[1]
    return None, None


def _places(value: Any) -> tuple[str, ...]:
    found = []
    for one in _items(value):
        if isinstance(one, dict):
            shape = one.get("geo")
            shape = shape if isinstance(shape, dict) else {}
            point = f"{text(shape.get('latitude'))} {text(shape.get('longitude'))}" if shape.get("latitude") else None
            drawn = (shape.get("box"), shape.get("polygon"), point, *_geometries(one))
            found.append(first(one.get("name"), *drawn, one.get("@id")))
        else:
            found.append(text(one))
    return tuple(one for one in found if one)


def _geometries(node: dict[str, Any]) -> tuple[str, ...]:
    """Return shapes in GeoSPARQL 1.1 properties, which some catalogues add to those of schema.org."""
    found = []
    for key, value in node.items():
        if re.split(r"[:#/]", key)[-1] in ("hasGeometry", "hasDefaultGeometry", "geometry"):
            for shape in _items(value):
                inside = shape if isinstance(shape, dict) else {"asWKT": shape}
                by_name = {re.split(r"[:#/]", name)[-1]: said for name, said in inside.items()}
                found.append(first(by_name.get("asWKT"), by_name.get("asGeoJSON")))
    return tuple(dict.fromkeys(one for one in found if one))


def _distribution(node: dict[str, Any]) -> Distribution:
    content = _address(node.get("contentUrl"))
    formats = [one for one in _labels(node.get("encodingFormat")) + _labels(node.get("fileFormat"))]
    media = next((one for one in formats if re.match(r"^[a-z]+/[\w.+-]+", one)), None)
    return Distribution(
        identifier=first(*_identifiers(node.get("identifier")), node.get("@id")),
        title=first(node.get("name"), node.get("headline")),
        description=text(node.get("description")),
        access_url=first(_address(node.get("url")), content),
        download_url=content,
        format=next((one for one in formats if one != media), None),
        media_type=media,
        byte_size=text(node.get("contentSize")),
        checksum=text(node.get("sha256")),
        checksum_algorithm="SHA-256" if node.get("sha256") else None,
        licence=_licence(node.get("license")),
        issued=text(node.get("datePublished")),
        modified=text(node.get("dateModified")),
        language=_labels(node.get("inLanguage")),
    )
