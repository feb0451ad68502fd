"""Map a hit of piveau's search to a dataset.

The index writes DCAT-AP as JSON under its own names. Texts are objects by language. Concepts have ``resource`` (their
address), ``id`` and ``label``. ``translation_meta`` marks machine translations, which come after the publisher's own
texts. ``catalog_record`` has the dates of the hub's record. If a catalogue has its own site elsewhere, the hub got the
record from there.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from catalog.model import Contact, Dataset, Distribution, Publisher
from catalog.vocabulary import language_code
from harvester.facts.languages import worded
from harvester.facts.values import email, first, host_of, text, texts
from harvester.spiders.base.boxes import box_of
from harvester.spiders.base.losses import LostRecord

__all__ = ["to_dataset"]


def _object(value: Any) -> dict[str, Any]:
    return value if isinstance(value, dict) else {}


def _objects(value: Any) -> Iterator[dict[str, Any]]:
    return (one for one in (value if isinstance(value, list) else [value]) if isinstance(one, dict))


def to_dataset(raw: Any, base: str, language: str | None = None) -> Dataset:
    """Map a hit of piveau's search to a :class:`Dataset`.

    ``raw``: the hit, as parsed JSON. ``base``: the address of the search. ``language``: the portal's language code,
    whose texts are preferred; None for the publisher's own language. Raise LostRecord if the hit is no object or has
    no id.
    """
    if not isinstance(raw, dict):
        raise LostRecord("the record is not an object", "ask the portal to fix the record", value=raw)
    identifier = first(raw.get("id"), raw.get("resource"))
    if identifier is None:
        raise LostRecord("the record has no id", "ask the portal to fix the record", "/id")
    record, catalogue = _object(raw.get("catalog_record")), _object(raw.get("catalog"))
    said = worded(
        _by_language(raw.get("title")),
        _by_language(raw.get("description")),
        _keywords(raw.get("keywords")),
        (language, *_originals(raw)),
    )
    start, end = _period(raw.get("temporal"))
    licence, licence_title = _licence(raw.get("license"))
    return Dataset(
        identifier=identifier,
        title=said.title,
        description=said.description,
        keywords=said.keywords,
        themes=_concepts(raw.get("categories")),
        publisher=_publisher(raw.get("publisher")),
        contact=_contact(raw.get("contact_point")),
        licence=licence,
        licence_title=licence_title,
        access_rights=next(iter(_concepts(raw.get("access_right"))), None),
        rights=next(iter(_labels(raw.get("rights"))), None),
        issued=first(raw.get("issued"), raw.get("release_date")),
        modified=first(raw.get("modified"), raw.get("modification_date")),
        record_modified=first(record.get("modified"), record.get("issued")),
        frequency=next(iter(_concepts(raw.get("accrual_periodicity"))), None),
        spatial=_places(raw),
        temporal_start=start,
        temporal_end=end,
        language=_concepts(raw.get("language")),
        landing_page=next(iter(_addresses(raw.get("landing_page"))), None),
        conforms_to=_concepts(raw.get("conforms_to")),
        applicable_legislation=_addresses(raw.get("applicable_legislation")),
        hvd_categories=_concepts(raw.get("hvd_category")),
        provenance=next(iter(_labels(raw.get("provenance"))), None),
        relations=(*_addresses(raw.get("relation")), *_addresses(raw.get("source"))),
        other_identifiers=tuple(
            one
            for one in dict.fromkeys((*texts(raw.get("identifier")), *texts(raw.get("resource"))))
            if one != identifier
        ),
        documentation=_addresses(raw.get("page")),
        is_part_of=next(iter(_addresses(raw.get("in_series"))), None),
        is_series=text(raw.get("index")) in ("dataset-series", "datasetseries"),
        harvested_from=_origin(catalogue, base),
        translations=said.translations,
        distributions=tuple(_distribution(one, language) for one in _objects(raw.get("distributions"))),
    )


def _by_language(value: Any) -> dict[str | None, str]:
    if not isinstance(value, dict):
        found = text(value)
        return {None: found} if found else {}
    return {language_code(str(code)) or str(code): words for code, held in value.items() if (words := text(held))}


def _originals(raw: dict[str, Any]) -> tuple[str, ...]:
    """Return the languages in which the publisher wrote, without those of machine translations."""
    details = _object(_object(raw.get("translation_meta")).get("details"))
    return tuple(code for code, one in details.items() if _object(one).get("machine_translated") is False)


def _keywords(value: Any) -> dict[str | None, list[str]]:
    made: dict[str | None, list[str]] = {}
    for one in value if isinstance(value, list) else ():
        found = _object(one)
        code = text(found.get("language"))
        if word := first(found.get("label"), found.get("title"), found.get("id")) if found else text(one):
            made.setdefault((language_code(code) or code) if code else None, []).append(word)
    return made


def _shown(value: Any) -> str | None:
    """Return the label of a concept in any language."""
    return first(*_by_language(value).values()) if isinstance(value, dict) else text(value)


def _concepts(value: Any) -> tuple[str, ...]:
    """Return concepts by address, else by label; texts as they are."""
    found = []
    for one in value if isinstance(value, list) else [value]:
        held = _object(one)
        said = first(held.get("resource"), _shown(held.get("label")), held.get("id"), held.get("title"))
        found.append(said if held else text(one))
    return tuple(dict.fromkeys(one for one in found if one))


def _labels(value: Any) -> tuple[str, ...]:
    found = []
    for one in value if isinstance(value, list) else [value]:
        held = _object(one)
        found.append(
            first(_shown(held.get("label")), _shown(held.get("title")), held.get("resource")) if held else text(one)
        )
    return tuple(one for one in found if one)


def _addresses(value: Any) -> tuple[str, ...]:
    found = []
    for one in value if isinstance(value, list) else [value]:
        held = _object(one)
        found.append(first(held.get("resource"), held.get("id"), held.get("url")) if held else text(one))
    return tuple(dict.fromkeys(one for one in found if one))


def _publisher(value: Any) -> Publisher | None:
    one = _object(value)
    name = first(_shown(one.get("name")), _shown(one.get("label")), None if one else value)
    if name is None:
        return None
    return Publisher(
        name=name, identifier=text(one.get("resource")), email=email(one.get("email")), url=text(one.get("homepage"))
    )


def _contact(value: Any) -> Contact | None:
    found = [
        Contact(
            name=first(_shown(one.get("name")), one.get("organisation_name"), one.get("organization_name")),
            email=email(one.get("email")),
            url=next(iter((*_addresses(one.get("url")), *_addresses(one.get("homepage")))), None),
        )
        for one in _objects(value)
    ]
    stated = [one for one in found if one != Contact()]
    return next((one for one in stated if one.email), next(iter(stated), None))


def _period(value: Any) -> tuple[str | None, str | None]:
    spans = [
        (first(one.get("gte"), one.get("start_date")), first(one.get("lte"), one.get("end_date")))
        for one in _objects(value)
    ]
    starts, ends = [one for one, _ in spans if one], [one for _, one in spans if one]
    is_open = [len(side) < len(spans) for side in (starts, ends)]
    return None if is_open[0] else min(starts, default=None), None if is_open[1] else max(ends, default=None)


def _places(raw: dict[str, Any]) -> tuple[str, ...]:
    areas = raw.get("spatial")
    boxes = [box for one in (areas if isinstance(areas, list) else [areas]) for box in box_of(one)]
    return tuple(dict.fromkeys([*_concepts(raw.get("spatial_resource")), *boxes]))


def _licence(value: Any) -> tuple[str | None, str | None]:
    """Return the licence by its address, and its label if that differs."""
    one = _object(next(iter(value), None) if isinstance(value, list) else value)
    declared = [one.get("resource"), _shown(one.get("label")), one.get("id")] if one else [value]
    found = [*dict.fromkeys(said for held in declared if (said := text(held))), None, None]
    return found[0], found[1]


def _origin(catalogue: dict[str, Any], base: str) -> str | None:
    """Return the site of the catalogue that the record came from; None if it is this hub."""
    home = next(iter(_addresses(catalogue.get("homepage"))), None)
    return home if home and host_of(home) != host_of(base) else None


def _distribution(raw: dict[str, Any], language: str | None) -> Distribution:
    said = worded(_by_language(raw.get("title")), _by_language(raw.get("description")), {}, (language,))
    pages = _addresses(raw.get("access_url"))
    files = (*_addresses(raw.get("download_url")), *_addresses(raw.get("download_urls")))
    licence, licence_title = _licence(raw.get("license"))
    checksum = _object(raw.get("checksum"))
    return Distribution(
        identifier=first(raw.get("id"), raw.get("resource")),
        title=said.title,
        description=said.description,
        access_url=next(iter((*pages, *files)), None),
        download_url=next(iter(files), None),
        format=next(iter(_concepts(raw.get("format"))), None),
        media_type=next(iter(_concepts(raw.get("media_type"))), None),
        byte_size=text(raw.get("byte_size")),
        checksum=first(checksum.get("checksum_value"), checksum.get("value")),
        checksum_algorithm=first(*_concepts(checksum.get("algorithm"))),
        licence=licence,
        licence_title=licence_title,
        rights=next(iter(_labels(raw.get("rights"))), None),
        issued=first(raw.get("issued"), raw.get("release_date")),
        modified=first(raw.get("modified"), raw.get("modification_date")),
        language=_concepts(raw.get("language")),
        conforms_to=_concepts(raw.get("conforms_to")),
        documentation=next(iter(_addresses(raw.get("page"))), None),
        status=next(iter(_concepts(raw.get("status"))), None),
        availability=next(iter(_concepts(raw.get("availability"))), None),
    )
