"""Read what records declare, for the catalogue in RDF: without checks, reports, or an object for each distribution.

It takes half the time of :mod:`catalog.repositories.reading`, which gives the same with everything observed.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from operator import itemgetter
from typing import Any

from catalog.db.rows import contact_of, row_reader
from catalog.db.store import Catalog
from catalog.model import DataService, Dataset
from catalog.model.declared import DeclaredPart
from catalog.repositories.reading import publishers_of

__all__ = ["DeclaredDataset", "declared_of"]

CHUNK = 500
"""Datasets read at once."""


@dataclass(frozen=True, slots=True, kw_only=True)
class DeclaredDataset:
    """A dataset as its record declares it, with what each of its distributions declares."""

    id: str
    publisher_id: str | None
    dataset: Dataset
    """Its field ``distributions`` is empty: see ``parts``."""
    parts: Sequence[tuple[str, DeclaredPart]]
    """Id and declared values of each distribution that the dataset still has, in the order of the record."""


_DATASET = row_reader("datasets", Dataset)
_SERVICE = row_reader("data_services", DataService)
_OF_DATASET = ("id", "publisher_id", "contact_name", "contact_email", "contact_url", *_DATASET.columns)
_OF_PART = ("dataset_id", "position", "id", *DeclaredPart._fields)
_FIRST = _OF_PART.index("id") + 1
_LANGUAGE, _CONFORMS_TO = _LISTS = tuple(DeclaredPart._fields.index(name) for name in ("language", "conforms_to"))


def _place(row: tuple[Any, ...]) -> tuple[bool, int, str]:
    return row[1] is not None, row[1] or 0, row[2]


def declared_of(catalog: Catalog, ids: Sequence[str]) -> Iterator[DeclaredDataset]:
    """Yield the datasets with these ids, with what their records declare.

    Unknown ids are skipped. The others come in the order of ``ids`` if those are sorted.
    """
    for start in range(0, len(ids), CHUNK):
        yield from _chunk(catalog, ids[start : start + CHUNK])


def _chunk(catalog: Catalog, ids: Sequence[str]) -> Iterator[DeclaredDataset]:
    rows = _selected(catalog, _OF_DATASET, "datasets where id", ids)
    rows.sort(key=itemgetter(0))
    of_dataset: dict[str, list[tuple[Any, ...]]] = {}
    for row in _selected(catalog, _OF_PART, "current_distributions where dataset_id", ids):
        of_dataset.setdefault(row[0], []).append(row)
    services: dict[str, list[DataService]] = {}
    for dataset_id, _, *values in sorted(
        _selected(catalog, ("dataset_id", "id", *_SERVICE.columns), "current_services where dataset_id", ids),
        key=itemgetter(1),
    ):
        services.setdefault(dataset_id, []).append(_SERVICE.read(values))
    publishers = publishers_of(catalog, {row[1] for row in rows if row[1]})
    for dataset_id, publisher_id, name, email, url, *values in rows:
        own = of_dataset.get(dataset_id, [])
        # Nearly always they are stored in this order; SQLite would copy whole rows to sort them.
        own.sort(key=_place)
        found = publishers.get(publisher_id), contact_of(name, email, url), (), tuple(services.get(dataset_id, ()))
        yield DeclaredDataset(
            id=dataset_id,
            publisher_id=publisher_id,
            dataset=_DATASET.read([*values, *found]),
            parts=[(row[2], _part(row[_FIRST:])) for row in own],
        )


def _part(values: tuple[Any, ...]) -> DeclaredPart:
    if values[_LANGUAGE] or values[_CONFORMS_TO]:
        told = list(values)
        for at in _LISTS:
            told[at] = tuple(json.loads(values[at])) if values[at] else ()
        return DeclaredPart(*told)
    return DeclaredPart._make(values)


def _selected(catalog: Catalog, columns: Sequence[str], where: str, ids: Sequence[str]) -> list[tuple[Any, ...]]:
    named = ", ".join(f"[{name}]" for name in columns)
    sql = f"select {named} from {where} in ({', '.join('?' * len(ids))})"  # noqa: S608  # names of the schema
    return catalog.db.conn.execute(sql, ids).fetchall()
