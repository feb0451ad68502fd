"""Write tables of the package as Parquet files, one for each portal, and leave those alone whose rows have not changed.

``<table>/portal=<id>/part-0.parquet`` is the form that Hive, DuckDB, pandas and polars read as one table; a table
without portals is ``<table>/part-0.parquet``. Rows without a portal, such as the scores of a government, are in the
partition :data:`NO_PORTAL`: pandas cannot read one that stands for null, as Hive has it, beside others or alone.
"""

from __future__ import annotations

import hashlib
import json
import marshal
import sqlite3
from collections.abc import Collection, Iterable, Iterator, Mapping
from dataclasses import dataclass
from itertools import groupby, islice
from operator import itemgetter
from pathlib import Path
from typing import Any

from catalog.files import sha256
from catalog.parquet.columns import array_of, arrow_type
from catalog.parquet.tables import PackageTable

__all__ = ["NO_PORTAL", "Partition", "arrow_schema", "write_table"]

NO_PORTAL = "_none"
"""Value of the partition of rows without a portal; no portal has such an id."""
_CHUNK = 20_000
"""Rows of a table that are in memory at a time."""
_GROUP = 6
"""Chunks in a row group: readers skip whole groups by their smallest and largest key."""
Row = tuple[Any, ...]


@dataclass(frozen=True, slots=True)
class Partition:
    """One Parquet file of a table, as it was written."""

    table: str
    portal: str | None
    """Portal of its rows; None where they have none."""
    path: str
    """Path below the folder of the package."""
    rows: int
    bytes: int
    sha256: str
    source: str
    """Digest of the rows that it was made from and of the columns, to recognise whether it must be written again."""


def arrow_schema(table: PackageTable) -> Any:
    """Return the Arrow schema of a table, with the description of the table and of each column in its metadata.

    ``columns`` in the metadata of the schema holds the descriptions once more, as a JSON object, for readers that do
    not see those of the fields. Raise ImportError if pyarrow is not installed.
    """
    import pyarrow as pa

    fields = [
        pa.field(one.name, arrow_type(one.type), metadata={"description": one.description}) for one in table.columns
    ]
    described = json.dumps({one.name: one.description for one in table.columns}, ensure_ascii=False)
    return pa.schema(fields, metadata={"table": table.name, "description": table.description, "columns": described})


def path_of(table: PackageTable, portal: str | None) -> str:
    """Return the path of the partition of a portal below the folder of the package."""
    folder = f"{table.name}/portal={portal or NO_PORTAL}" if table.portal else table.name
    return f"{folder}/part-0.parquet"


def write_table(
    table: PackageTable, public: sqlite3.Connection, out: Path, known: Mapping[str, Partition]
) -> Iterator[Partition]:
    """Write the partitions of one table that are new or have changed, and yield all its partitions in their order.

    ``public``: the public file. ``out``: folder of the package. ``known``: the partitions of the last package by path.
    A partition is left alone if its rows and columns are those of ``known`` and the file has the recorded size. A table
    without portals and rows gets a file without rows, so that every query finds it; so does one of portals, with none.
    """
    schema = arrow_schema(table)
    start = _digest(schema)
    own = {path: one for path, one in known.items() if one.table == table.name}
    found = 0
    changed: set[str | None] = set()
    kept: dict[str | None, Partition | None] = {}
    if own:
        for portal, rows in _by_portal(_read(table, public)):
            path, digest, count = path_of(table, portal), start.copy(), 0
            for chunk in _chunks(rows):
                digest.update(marshal.dumps(chunk, 2))
                count += len(chunk)
            before = own.get(path)
            if before and before.source == digest.hexdigest() and _is_whole(out, before):
                kept[portal] = before
            else:
                kept[portal] = None
                changed.add(portal)
    for portal, rows in _by_portal(_read(table, public, changed if own else None)) if changed or not own else ():
        kept[portal] = _write(table, portal, rows, out, schema, start.copy())
    for one in kept.values():
        if one is not None:
            found += 1
            yield one
    if not found:
        # Nothing of it but its columns.
        empty = own.get(path_of(table, None))
        is_kept = empty and empty.source == start.hexdigest() and _is_whole(out, empty)
        yield empty if empty and is_kept else _write(table, None, iter(()), out, schema, start.copy())


def _read(table: PackageTable, public: sqlite3.Connection, only: Collection[str | None] | None = None) -> Iterator[Row]:
    """Yield the rows, each with its portal first. ``only``: the portals whose rows are read; None for all."""
    if table.rows is not None:
        yield from (row for row in table.rows() if only is None or row[0] in only)
        return
    sql, values = table.sql, []
    if only is not None and table.portal:
        values = [one for one in only if one is not None]
        sql = f"select * from ({sql}) where _portal in ({', '.join('?' * len(values))})"
        sql += " or _portal is null" if None in only else ""
    yield from public.execute(sql, values)


def _by_portal(rows: Iterable[Row]) -> Iterator[tuple[str | None, Iterator[Row]]]:
    for portal, group in groupby(rows, itemgetter(0)):
        yield portal, (row[1:] for row in group)


def _chunks(rows: Iterator[Row]) -> Iterator[list[Row]]:
    while chunk := list(islice(rows, _CHUNK)):
        yield chunk


def _digest(schema: Any) -> Any:
    """Return a digest of names, types and descriptions of the columns, to which the rows are added."""
    return hashlib.blake2b(repr([(f.name, str(f.type), f.metadata) for f in schema]).encode(), digest_size=16)


def _is_whole(out: Path, one: Partition) -> bool:
    try:
        return (out / one.path).stat().st_size == one.bytes
    except OSError:
        return False


def _write(
    table: PackageTable, portal: str | None, rows: Iterator[Row], out: Path, schema: Any, digest: Any
) -> Partition:
    import pyarrow as pa
    import pyarrow.parquet as pq

    path = path_of(table, portal)
    target = out / path
    target.parent.mkdir(parents=True, exist_ok=True)
    part = target.with_name(f"{target.name}.part")
    count, waiting = 0, []
    sorting = [pq.SortingColumn(schema.get_field_index(name)) for name in table.key]
    with pq.ParquetWriter(part, schema, compression="zstd", sorting_columns=sorting, write_page_index=True) as writer:
        for chunk in _chunks(rows):
            digest.update(marshal.dumps(chunk, 2))
            count += len(chunk)
            values = zip(*chunk, strict=True)
            arrays = [array_of(one, column, table.name) for one, column in zip(values, table.columns, strict=True)]
            waiting.append(pa.RecordBatch.from_arrays(arrays, schema=schema))
            if len(waiting) == _GROUP:
                writer.write_table(pa.Table.from_batches(waiting))
                waiting = []
        if waiting:
            writer.write_table(pa.Table.from_batches(waiting))
    part.replace(target)
    return Partition(table.name, portal, path, count, target.stat().st_size, sha256(target), digest.hexdigest())
