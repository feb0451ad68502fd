"""Read datasets for what is published of them as RDF, from the catalogue or from the public file.

Both have the same views. What only the catalogue has, addresses of contacts for example, is None if it is read from a
public file that does not hold it.
"""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Iterable, Iterator, Sequence
from functools import lru_cache
from typing import Any, NamedTuple

__all__ = ["PublishedDataset", "PublishedFile", "PublishedPublisher", "PublishedService", "published_datasets"]

CHUNK = 500
"""Datasets read at once."""
_ADDRESS = "coalesce(nullif(trim(access_url), ''), download_url)"


class PublishedFile(NamedTuple):
    """What a distribution declares; None means not declared. The first fields are those that many declare."""

    title: str | None
    description: str | None
    access_url: str | None
    """The access address, or else the download address."""
    download_url: str | None
    byte_size: str | None
    issued: str | None
    modified: str | None
    identifier: str | None
    format: str | None
    media_type: str | None
    licence: str | None
    licence_title: str | None
    checksum: str | None
    checksum_algorithm: str | None
    rights: str | None
    language: str | None
    """A JSON list, as are all fields with several values."""
    conforms_to: str | None
    documentation: str | None
    status: str | None
    availability: str | None


class PublishedService(NamedTuple):
    """What a data service declares; None means not declared."""

    title: str | None
    description: str | None
    endpoint_url: str | None
    endpoint_description: str | None
    licence: str | None
    access_rights: str | None
    documentation: str | None
    conforms_to: str | None


class PublishedPublisher(NamedTuple):
    """A publisher as the catalogue knows it."""

    id: str
    name: str
    identifier: str | None
    email: str | None
    url: str | None
    parent: str | None
    ancestors: tuple[str, ...]


class PublishedDataset(NamedTuple):
    """What a dataset declares, with all that belongs to it; None means not declared."""

    id: str
    portal_id: str
    publisher_id: str | None
    title: str | None
    description: str | None
    identifier: str | None
    issued: str | None
    modified: str | None
    landing_page: str | None
    keywords: str | None
    """A JSON list, as are all fields with several values."""
    themes: str | None
    language: str | None
    documentation: str | None
    relations: str | None
    applicable_legislation: str | None
    hvd_categories: str | None
    licence: str | None
    licence_title: str | None
    access_rights: str | None
    rights: str | None
    frequency: str | None
    spatial: str | None
    temporal_start: str | None
    temporal_end: str | None
    conforms_to: str | None
    provenance: str | None
    other_identifiers: str | None
    is_part_of: str | None
    is_series: int | None
    described_by: str | None
    bureau_codes: str | None
    program_codes: str | None
    translations: str | None
    """A JSON object of objects, see :attr:`catalog.model.Dataset.translations`."""
    text_language: str | None
    """Language of title, description and keywords, as a code in lower case; None if the record does not say it."""
    source_url: str | None
    first_seen_run: str | None
    changed_run: str | None
    contact_url: str | None
    contact_name: str | None
    contact_email: str | None
    publisher: PublishedPublisher | None = None
    files: Sequence[tuple[str, PublishedFile]] = ()
    """Id and declared values of each distribution, in the order of the record."""
    services: Sequence[PublishedService] = ()


_DATASET = PublishedDataset._fields[: PublishedDataset._fields.index("publisher")]
_FILE = PublishedFile._fields
_PUBLISHER = PublishedPublisher._fields
_OF = {"access_url": _ADDRESS}


def published_datasets(conn: sqlite3.Connection, ids: Sequence[str]) -> Iterator[PublishedDataset]:
    """Yield the present datasets with these ids, with their files, services and publishers.

    Ids of datasets that are unknown, missing, retired or withheld are skipped. The datasets are sorted by id within
    each chunk of 500 ids. ``conn``: connection to the catalogue or to a public file of it; any row factory.
    """
    for start in range(0, len(ids), CHUNK):
        yield from _chunk(conn, ids[start : start + CHUNK])


def _chunk(conn: sqlite3.Connection, ids: Sequence[str]) -> Iterator[PublishedDataset]:
    rows = sorted(_selected(conn, _DATASET, "shown_datasets", "id", ids))
    files: dict[str, list[tuple[int, str, PublishedFile]]] = {}
    for dataset_id, key, position, *values in _selected(
        conn, ("dataset_id", "id", "position", *_FILE), "current_distributions", "dataset_id", ids
    ):
        files.setdefault(dataset_id, []).append((position or 0, key, PublishedFile._make(values)))
    services: dict[str, list[tuple[str, PublishedService]]] = {}
    for dataset_id, key, *values in _selected(
        conn, ("dataset_id", "id", *PublishedService._fields), "current_services", "dataset_id", ids
    ):
        services.setdefault(dataset_id, []).append((key, PublishedService._make(values)))
    named = sorted({row[2] for row in rows if row[2]})
    publishers = {
        row[0]: PublishedPublisher._make((*row[:-1], tuple(json.loads(row[-1] or "[]"))))
        for row in _selected(conn, _PUBLISHER, "publishers", "id", named)
    }
    for row in rows:
        own = files.get(row[0], [])
        own.sort(key=_place)
        of_dataset = [(key, file) for _, key, file in own], [one for _, one in sorted(services.get(row[0], ()))]
        yield PublishedDataset._make((*row, publishers.get(row[2]), *of_dataset))


def _place(file: tuple[int, str, PublishedFile]) -> tuple[int, str]:
    return file[:2]


def _selected(
    conn: sqlite3.Connection, columns: Iterable[str], table: str, key: str, values: Sequence[str]
) -> Iterator[tuple[Any, ...]]:
    if not values:
        return iter(())
    cursor = conn.cursor()
    cursor.row_factory = None
    marks = ", ".join("?" * len(values))
    # Only names of the schema and placeholders are inserted into the text.
    return iter(cursor.execute(_sql(tuple(columns), table, _columns(conn, table), f"{key} in ({marks})"), values))


def _columns(conn: sqlite3.Connection, table: str) -> frozenset[str]:
    cursor = conn.cursor()
    cursor.row_factory = None
    return frozenset(row[1] for row in cursor.execute(f"pragma table_info([{table}])"))


@lru_cache(maxsize=64)
def _sql(columns: tuple[str, ...], table: str, present: frozenset[str], where: str) -> str:
    wanted = ", ".join((_OF.get(name) or f"[{name}]") if name in present else "null" for name in columns)
    return f"select {wanted} from {table} where {where}"  # noqa: S608  # names of the schema
