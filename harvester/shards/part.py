"""What a machine found in its shard: Parquet files with one row a check and one a report, and the downloads.

A part comes from another machine and is read as hostile input: in a bounded child process, against a fixed schema,
and value by value in :mod:`.merge`.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from operator import attrgetter
from pathlib import Path
from types import UnionType
from typing import Any, Literal, Union, get_args, get_origin, get_type_hints

from catalog.files import sha256, write_whole
from catalog.model import ResourceCheck, TableReport
from harvester.bounded import BoundedChild
from harvester.errors import ShardError
from harvester.shards.row_group import ROWS_AT_ONCE
from quality.tables.messages import dump_report

__all__ = ["CHECKS", "REPORTS", "InspectionRow", "kinds", "pyarrow_of_parts", "read_rows", "reader", "write_part"]

CHECKS, REPORTS = "checks.parquet", "reports.parquet"
REPORT_COLUMNS = {"distribution_id": "string", "url": "string", "sha256": "string", "report": "string"}


@dataclass(frozen=True, slots=True)
class InspectionRow:
    """The report on the downloaded file of a distribution.

    ``distribution_id`` is its id in the catalogue. ``sha256`` is the hash of the bytes at ``url`` that were inspected.
    """

    distribution_id: str
    url: str
    sha256: str
    report: TableReport


@cache
def kinds() -> dict[str, str]:
    """Return the columns of ``checks.parquet`` (the fields of ResourceCheck) as a mapping from name to type.

    The types are "string", "int64" and "bool", "list" for a list of texts, and "json" for an object, stored as text.
    """
    return {name: _kind(hint) for name, hint in get_type_hints(ResourceCheck).items()}


def _kind(hint: Any) -> str:
    if get_origin(hint) in (UnionType, Union):
        hint = next(one for one in get_args(hint) if one is not type(None))
    if get_origin(hint) is Literal or hint is str:
        return "string"
    if hint in (int, bool):
        return "bool" if hint is bool else "int64"
    return "list" if get_origin(hint) is tuple else "json"


def write_part(
    folder: Path, about: Mapping[str, Any], checks: Sequence[ResourceCheck], reports: Sequence[InspectionRow]
) -> None:
    """Write what one machine found in its shard into ``folder``: checks.parquet, reports.parquet and, last, part.json.

    ``checks``: the rows of checks.parquet. ``reports``: those of reports.parquet. ``about``: values for part.json, such
    as the run and the number of the shard; the SHA-256 of the two Parquet files are added. Raise ShardError if pyarrow
    is not installed.
    """
    arrow, parquet = pyarrow_of_parts()
    columns = zip(*map(attrgetter(*kinds()), checks), strict=True) if checks else [()] * len(kinds())
    by_name = {
        name: [_cell(value, kind) for value in values] if kind in ("string", "json") else list(values)
        for (name, kind), values in zip(kinds().items(), columns, strict=True)
    }
    _write(arrow, parquet, folder / CHECKS, by_name, kinds())
    told: dict[str, list[Any]] = {name: [getattr(one, name) for one in reports] for name in REPORT_COLUMNS}
    told["report"] = [dump_report(one.report).decode("ascii") for one in reports]
    _write(arrow, parquet, folder / REPORTS, told, REPORT_COLUMNS)
    digests = {name: sha256(folder / name) for name in (CHECKS, REPORTS)}
    write_whole(folder / "part.json", json.dumps({"format": 1, **about, "sha256": digests}, indent=1) + "\n")


def _cell(value: Any, kind: str) -> Any:
    if kind == "json":
        return json.dumps(value, sort_keys=True) if value else "{}"
    if value is None or value.isascii():
        return value
    # Servers send what is no Unicode; Parquet holds nothing else.
    return value.encode("utf-8", "replace").decode("utf-8")


def _write(arrow: Any, parquet: Any, path: Path, columns: Mapping[str, list[Any]], types: Mapping[str, str]) -> None:
    names = {"list": arrow.list_(arrow.string()), "json": arrow.string(), "bool": arrow.bool_()}
    schema = arrow.schema([(name, names.get(kind) or arrow.type_for_alias(kind)) for name, kind in types.items()])
    parquet.write_table(
        arrow.table(dict(columns), schema=schema), path, compression="zstd", row_group_size=ROWS_AT_ONCE
    )


def pyarrow_of_parts() -> tuple[Any, Any]:
    """Return the modules pyarrow and pyarrow.parquet. Raise ShardError if pyarrow is not installed."""
    try:
        import pyarrow
        from pyarrow import parquet
    except ImportError as error:
        raise ShardError(
            "parts are Parquet files, and pyarrow is not installed; pip install 'winnow-opendata[parquet]'"
        ) from error
    return pyarrow, parquet


def reader() -> BoundedChild:
    """Return a child process that reads Parquet files for :func:`read_rows`, as a context manager."""
    return BoundedChild("harvester.shards.row_group:rows_of", seconds=60)


def read_rows(child: BoundedChild, path: Path, types: Mapping[str, str], most: int) -> Iterator[tuple[Any, ...]]:
    """Yield the rows of the Parquet file ``path``, which another machine wrote, each a tuple of values in the order of
    ``types``.

    ``child``: a process from :func:`reader`, of bounded memory and time, in which the file is read. ``types``: the
    columns that the file must have, no more and no fewer, with their types as in :func:`kinds`. ``most``: the number of
    rows it may have. Raise ShardError if the file is not of this form or cannot be read, or if pyarrow is not
    installed.
    """
    pyarrow_of_parts()
    group, groups = 0, 1
    while group < groups:
        try:
            groups, columns = child.call(path, types=dict(types), group=group, most=most)
        except ValueError as error:
            raise ShardError(f"{path}: {error}; work on the shard again") from error
        yield from zip(*columns, strict=True)
        group += 1
