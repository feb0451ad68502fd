"""Map a DKAN record to a dataset, for both of its formats; no request is made.

DKAN 2 stores DCAT-US, parts of which may be references ({identifier, data}); ``%modified`` is the record's date. DKAN 1
writes CKAN packages whose groups are the publishers. Its written-out dates and sizes ("Date changed Lun, 06/05/2017
- 10:11", "12.3 octets") keep their wording, because day and month cannot be told apart.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import Any

from catalog.model import Dataset, Publisher
from harvester.facts.values import first, text
from harvester.spiders.base.losses import LostRecord
from harvester.spiders.ckan import record as ckan_record
from harvester.spiders.dcat_us import record as dcat_us_record

__all__ = ["is_package", "to_dataset"]


def is_package(raw: Any) -> bool:
    """Return whether ``raw`` is a CKAN package, as DKAN 1 serves, and not a DCAT-US record of DKAN 2.

    A package is an object with an "id" and without an "identifier".
    """
    return isinstance(raw, dict) and "id" in raw and "identifier" not in raw


def to_dataset(raw: Any, base: str, languages: Sequence[str | None] = ()) -> Dataset:
    """Map a record of DKAN 1 or DKAN 2 to a :class:`Dataset`.

    ``raw``: the record, as parsed JSON. ``base``: the portal's address. ``languages``: the portal's language codes,
    the preferred one first. Raise LostRecord if it is no object or has no identifier.
    """
    if not isinstance(raw, dict):
        raise LostRecord("the record is not an object", "ask the portal to fix the record", value=raw)
    if is_package(raw):
        return _of_package(raw, base, languages)
    plain = {key: _plain(value) for key, value in raw.items() if not key.startswith("%")}
    return replace(dcat_us_record.to_dataset(plain, languages), record_modified=text(raw.get("%modified")))


def _plain(value: Any) -> Any:
    """Return a value with references replaced by their data; a distribution keeps its own identifier."""
    if isinstance(value, list):
        return [_plain(item) for item in value]
    if not isinstance(value, dict) or "data" not in value or not set(value) <= {"identifier", "data"}:
        return value
    data = value["data"]
    return {"identifier": value.get("identifier"), **_of_file(data), **data} if isinstance(data, dict) else data


def _of_file(data: dict[str, Any]) -> dict[str, Any]:
    """Return what DKAN knows about a file it stores itself, in addition to the types the record states."""
    held = data.get("%Ref:downloadURL")
    first_one = held[0] if isinstance(held, list) and held else None
    known = first_one.get("data") if isinstance(first_one, dict) else None
    kind = text(known.get("mimeType")) if isinstance(known, dict) else None
    return {"mediaType": kind} if kind else {}


def _of_package(raw: dict[str, Any], base: str, languages: Sequence[str | None]) -> Dataset:
    dataset = ckan_record.to_dataset(raw, base, languages)
    groups = raw.get("groups")
    group = next((one for one in groups if isinstance(one, dict)), {}) if isinstance(groups, list) else {}
    name = first(group.get("title"), group.get("name"))
    if name is None or dataset.publisher is not None:
        return dataset
    return replace(dataset, themes=(), publisher=Publisher(name=name, identifier=text(group.get("id"))))
