"""Map a STAC Collection to a dataset; no request is made.

Specification: STAC 1.0 and 1.1, Collection; the extensions for contacts and languages, and those for files, timestamps
and scientific citation as far as they are cheap. ``created`` and ``updated`` are dates of the STAC record. Preview
images are not distributions, and the address of the record itself is not a page.
"""

from __future__ import annotations

import math
from typing import Any
from urllib.parse import urljoin

from catalog.model import Contact, DataService, Dataset, Distribution, Publisher
from harvester.facts import RecordFacts, filled
from harvester.facts.values import email, first, names, text, texts
from harvester.spiders.base.losses import LostRecord

__all__ = ["links_of", "to_dataset"]

_ROLES = ("producer", "licensor", "processor", "host")
"""Roles of a provider; the one responsible for the data comes first."""
_PICTURES = {"thumbnail", "overview", "visual-preview"}
_OF_THE_STANDARD = frozenset((
    "id", "type", "stac_version", "stac_extensions", "title", "description", "keywords", "license", "extent",
    "providers", "links", "assets", "summaries", "item_assets", "created", "updated", "themes", "contacts", "language",
    "languages", "spatial", "temporal", "sci:doi", "sci:citation", "sci:publications",
))  # fmt: skip
"""Fields that the standard defines; others are recognised by their names."""
_PAGES = ("about", "alternate", "self")
"""Relations of a page about the collection; the last two count only if their type says that they are pages."""


def links_of(raw: Any, *rels: str) -> list[dict[str, Any]]:
    """Return the links of the STAC document ``raw`` that have an address and a relation in ``rels`` ("license")."""
    links = raw.get("links") if isinstance(raw, dict) else None
    found = [one for one in links if isinstance(one, dict)] if isinstance(links, list) else []
    return [one for one in found if one.get("rel") in rels and text(one.get("href"))]


def to_dataset(raw: Any) -> Dataset:
    """Map a STAC Collection to a :class:`Dataset`.

    ``raw``: the Collection, as parsed JSON. Raise LostRecord if it is no object or has no id.
    """
    if not isinstance(raw, dict):
        raise LostRecord("the collection is not an object", "ask the portal to fix the record", value=raw)
    identifier = text(raw.get("id"))
    if identifier is None:
        raise LostRecord("the collection has no id", "ask the portal to fix the record", "/id")
    # Static catalogues write addresses relative to the document's own address, which its "self" link gives.
    base = text(next((one["href"] for one in links_of(raw, "self")), None)) or ""

    def hrefs(*rels: str) -> tuple[str, ...]:
        return tuple(_resolved(base, one["href"]) for one in links_of(raw, *rels))

    facts = RecordFacts("dataset")
    facts.read({key: held for key, held in raw.items() if key not in _OF_THE_STANDARD})
    facts.add("licence", text(raw.get("license")), "license")
    for one in links_of(raw, "license"):
        facts.add("licence", _resolved(base, one["href"]), "links/license", rank=-1)
        facts.add("licence", text(one.get("title")), "links/license/title", rank=1)
    pages = [
        one
        for rel in _PAGES
        for one in links_of(raw, rel)
        if "html" in str(one.get("type")) or (rel == "about" and one.get("type") is None)
    ]
    start, end = _interval(_in(raw, "extent", "temporal", "interval") or _in(raw, "extent", "temporal"))
    title = text(raw.get("title"))
    own = Dataset(
        identifier=identifier,
        title=title,
        description=text(raw.get("description")),
        keywords=texts(raw.get("keywords")),
        themes=_themes(raw.get("themes")),
        publisher=_publisher(raw.get("providers")),
        contact=_contact(raw.get("contacts")),
        issued=text(raw.get("published")),
        record_modified=first(raw.get("updated"), raw.get("created")),
        spatial=_boxes(_in(raw, "extent", "spatial", "bbox") or _in(raw, "extent", "spatial")),
        temporal_start=start,
        temporal_end=end,
        language=_languages(raw),
        landing_page=_resolved(base, pages[0]["href"]) if pages else None,
        other_identifiers=texts(raw.get("sci:doi")),
        documentation=(*hrefs("documentation", "service-doc"), *_about(raw.get("assets"), base)),
        described_by=next(iter(hrefs("describedby")), None),
        relations=hrefs("cite-as", "related", "derived_from"),
        distributions=_distributions(raw.get("assets"), base),
        data_services=tuple(DataService(title=title, endpoint_url=url) for url in hrefs("items")),
    )
    return filled(own, facts)


def _resolved(base: str, href: Any) -> str:
    said = text(href) or ""
    try:
        return urljoin(base, said) if base and said and not said.startswith(("s3:", "gs:")) else said
    except ValueError:
        return said


def _in(holder: Any, *path: str) -> Any:
    for key in path:
        holder = holder.get(key) if isinstance(holder, dict) else None
    return holder


def _publisher(providers: Any) -> Publisher | None:
    named = [one for one in _list(providers) if isinstance(one, dict) and text(one.get("name"))]
    for role in _ROLES:
        for one in named:
            if role in texts(one.get("roles")):
                return Publisher(name=str(text(one["name"])), url=text(one.get("url")))
    return Publisher(name=str(text(named[0]["name"])), url=text(named[0].get("url"))) if named else None


def _contact(contacts: Any) -> Contact | None:
    """Return a contact of the contacts extension, preferring one with an address."""
    found = []
    for one in _list(contacts):
        if isinstance(one, dict):
            mails, pages = (names(one.get(kind), key) for kind, key in (("emails", "value"), ("links", "href")))
            name = first(one.get("organization"), one.get("name"))
            found.append(Contact(name=name, email=email(next(iter(mails), None)), url=next(iter(pages), None)))
    stated = [one for one in found if one != Contact()]
    return next((one for one in stated if one.email), next(iter(stated), None))


def _languages(raw: dict[str, Any]) -> tuple[str, ...]:
    """Return the languages of the language extension: the collection's own, and those it is offered in."""
    own = raw.get("language")
    return tuple(dict.fromkeys((*names([own] if own else [], "code"), *names(raw.get("languages"), "code"))))


def _list(value: Any) -> list[Any]:
    return value if isinstance(value, list) else []


def _themes(themes: Any) -> tuple[str, ...]:
    found: list[str] = []
    for theme in _list(themes):
        found += names(_in(theme, "concepts"), "title", "name", "id")
    return tuple(found)


def _boxes(boxes: Any) -> tuple[str, ...]:
    """Return the first box as "west,south,east,north"; it covers the whole collection, and heights are left out.

    Up to STAC 0.8 there is a single box instead of a list.
    """
    first_one = next(iter(_list(boxes)), None)
    box = _list(first_one) if isinstance(first_one, list) else _list(boxes)
    if len(box) not in (4, 6) or not all(isinstance(one, int | float) and math.isfinite(one) for one in box):
        return ()
    half = len(box) // 2
    return (",".join(str(one) for one in (*box[:2], *box[half : half + 2])),)


def _interval(intervals: Any) -> tuple[str | None, str | None]:
    """Return the first interval, which covers the whole collection; null is an open end. STAC 0.8 has just one."""
    first_one = next(iter(_list(intervals)), None)
    interval = _list(first_one) if isinstance(first_one, list) else _list(intervals)
    return (text(interval[0]), text(interval[1])) if len(interval) == 2 else (None, None)


def _is_about(asset: Any) -> bool:
    """Return whether an asset describes the data and holds none."""
    return isinstance(asset, dict) and "metadata" in (roles := texts(asset.get("roles"))) and "data" not in roles


def _about(assets: Any, base: str) -> tuple[str, ...]:
    told = (one for one in assets.values() if _is_about(one)) if isinstance(assets, dict) else ()
    return tuple(url for one in told if (url := _resolved(base, one.get("href"))))


def _distributions(assets: Any, base: str) -> tuple[Distribution, ...]:
    found = []
    for key, asset in assets.items() if isinstance(assets, dict) else ():
        if not isinstance(asset, dict) or _PICTURES & set(texts(asset.get("roles"))) or _is_about(asset):
            continue
        url = _resolved(base, asset.get("href")) or None
        found.append(
            Distribution(
                identifier=str(key),
                title=first(asset.get("title"), key),
                description=text(asset.get("description")),
                access_url=url,
                download_url=url,
                media_type=text(asset.get("type")),
                byte_size=text(asset.get("file:size")),
                checksum=text(asset.get("file:checksum")),
                modified=text(asset.get("updated")),
            )
        )
    return tuple(found)
