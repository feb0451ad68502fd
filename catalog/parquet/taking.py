"""Read one file of another catalogue's Parquet package, in a child process: whatever it holds is hostile.

The functions run in :class:`harvester.bounded.BoundedChild`, which bounds memory, time and output. They read the
columns that are asked for and nothing else, check every value, and write the rows as lines of JSON. A child is started
for each package, so this module imports nothing but pyarrow.
"""

from __future__ import annotations

import json
import math
import re
from collections.abc import Callable, Mapping, Sequence
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Any

__all__ = ["GROUPS_MAX", "TEXT_MAX", "document", "read", "write_rows"]

TEXT_MAX = 200_000
"""Characters of one text; the longest description of a real portal has a tenth of it."""
MEMBERS_MAX = 5_000
"""Texts of one list."""
COLUMNS_MAX = 500
GROUPS_MAX = 10_000
_NUMBER_MAX = 2**53
_BATCH = 2_000
_ID = re.compile(r"[A-Za-z0-9._~-]{1,200}")
_CODE = re.compile(r"[A-Za-z0-9 ._+/-]{0,100}")
_DEPTH = 40
"""Levels of a JSON text; what we write ourselves has five."""


def read(found: bytes | Path, **options: Any) -> Any:
    """Return what :func:`document` returns for bytes, or :func:`write_rows` for the path of a file: one child process
    reads a whole package."""
    return document(found) if isinstance(found, bytes) else write_rows(found, **options)


def document(found: bytes) -> Any:
    """Return the JSON document ``found``. Raise ValueError if it is none, or nested deeper than 40 levels."""
    value = json.loads(found)
    _check_depth(value)
    return value


def write_rows(
    path: Path,
    *,
    out: str,
    columns: dict[str, str],
    ids: list[str],
    codes: list[str],
    portal: str | None,
    rows: int,
    size: int,
    bounds: Mapping[str, Sequence[float]] | None = None,
) -> int:
    """Write the rows of the Parquet file ``path`` into the file ``out``, each a JSON list in the order of ``columns``,
    and return how many they are.

    ``columns``: names and types of the columns to read; one that the file does not have gives nulls. ``ids``: those
    whose values are ids. ``codes``: those with short words that no stranger writes, such as a grade. ``portal``: the
    value that the column ``portal_id`` must have everywhere; None for any. ``rows``: rows that the file must have.
    ``size``: bytes of the file unpacked, at most. ``bounds``: the smallest and the largest value of columns of numbers.
    Raise ValueError, with the column and the reason, if anything is otherwise: another type, a text or list that is too
    long, a number that is not finite, too large or out of its bounds, an id with other characters than letters, digits,
    ".", "_", "~" and "-".
    """
    import pyarrow as pa
    from pyarrow import parquet

    pa.set_memory_pool(pa.system_memory_pool())
    pa.set_cpu_count(1)
    pa.set_io_thread_count(1)
    file = parquet.ParquetFile(path, memory_map=False, pre_buffer=False)
    about = file.metadata
    if about.num_rows != rows:
        raise ValueError(f"it has {about.num_rows:,} rows, and the package says {rows:,}")
    if about.num_columns > COLUMNS_MAX or about.num_row_groups > GROUPS_MAX:
        raise ValueError(f"it has {about.num_columns:,} columns and {about.num_row_groups:,} groups of rows")
    if sum(about.row_group(number).total_byte_size for number in range(about.num_row_groups)) > size:
        raise ValueError(f"it unpacks to more than {size:,} bytes")
    there = {one.name: one.type for one in file.schema_arrow}
    for name, kind in columns.items():
        if name in there and not _is_of(there[name], kind):
            raise ValueError(f"column {name} is {str(there[name])[:60]}, and should be {kind}")
    wanted = [name for name in columns if name in there]
    checks = [
        (name, _CHECKS["id" if name in ids else "code" if name in codes else kind]) for name, kind in columns.items()
    ]
    limits = [(list(columns).index(name), name, ends) for name, ends in (bounds or {}).items() if name in there]
    at = list(columns).index("portal_id") if portal is not None and "portal_id" in columns else None
    done = 0
    with Path(out).open("w", encoding="ascii") as lines:
        for batch in file.iter_batches(_BATCH, columns=wanted, use_threads=False):
            cells: Mapping[str, Sequence[Any]] = {name: _listed(batch, name) for name in wanted}
            for number in range(batch.num_rows):
                row: list[Any] = [
                    _checked(name, cells[name][number], check) if name in cells else None for name, check in checks
                ]
                if at is not None and row[at] not in (None, portal):
                    raise ValueError(f"a row is of the portal {str(row[at])[:80]!r}")
                for place, name, (least, most) in limits:
                    value = row[place]
                    if value is not None and not least <= value <= most:
                        raise ValueError(f"column {name}: {value} is not between {least:g} and {most:g}")
                lines.write(json.dumps(row, separators=(",", ":")) + "\n")
            done += batch.num_rows
            if done > rows:
                break
    if done != rows:
        raise ValueError("its groups have other rows than it says")
    return done


def _listed(batch: Any, name: str) -> list[Any]:
    try:
        return list(batch.column(name).to_pylist())
    except (ValueError, OverflowError, KeyError) as error:
        raise ValueError(f"column {name}: {error}") from None


def _is_of(found: Any, kind: str) -> bool:
    """Return whether an Arrow type is that of a type of column; an instant may be finer than milliseconds."""
    name = str(found)
    if kind == "instant":
        return name.startswith("timestamp[") and name.endswith("tz=UTC]")
    return name in _ARROW[kind]


def _checked(name: str, value: Any, check: Callable[[Any], Any]) -> Any:
    if value is None:
        return None
    try:
        return check(value)
    except ValueError as error:
        raise ValueError(f"column {name}: {error}") from None


def _text(value: str) -> str:
    if len(value) > TEXT_MAX:
        raise ValueError(f"a text of {len(value):,} characters")
    return value.replace("\0", "")


def _id(value: str) -> str:
    if not _ID.fullmatch(value):
        raise ValueError(f"{value[:80]!r} is no id")
    return value


def _code(value: str) -> str:
    if not _CODE.fullmatch(value):
        raise ValueError(f"{value[:80]!r} is no code")
    return value


def _texts(value: list[str | None]) -> str:
    if len(value) > MEMBERS_MAX or sum(len(one or "") for one in value) > TEXT_MAX:
        raise ValueError(f"a list of {len(value):,} texts, or a longer one than {TEXT_MAX:,} characters")
    return json.dumps([_text(one) for one in value if one is not None], ensure_ascii=False)


def _json(value: str) -> str:
    _check_depth(json.loads(_text(value)))
    return value


def _whole(value: int) -> int:
    if abs(value) >= _NUMBER_MAX:
        raise ValueError(f"the number {value}")
    return value


def _number(value: float) -> float:
    if not math.isfinite(value):
        raise ValueError(f"the number {value}")
    return value


def _instant(value: datetime) -> str:
    return value.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")


def _day(value: date) -> str:
    return value.isoformat()


def _check_depth(value: Any, level: int = 0) -> None:
    if level > _DEPTH:
        raise ValueError("it is nested too deeply")
    for one in value.values() if isinstance(value, dict) else value if isinstance(value, list) else ():
        _check_depth(one, level + 1)


_ARROW = {
    "text": {"string"}, "json": {"string"}, "integer": {"int64"}, "number": {"double"}, "boolean": {"bool"},
    "day": {"date32[day]"}, "texts": {"list<element: string>", "list<item: string>"},
}  # fmt: skip
"""By type of column, see :mod:`catalog.parquet.columns`: the Arrow types that it may have."""
_CHECKS: dict[str, Callable[[Any], Any]] = {
    "id": _id, "code": _code, "text": _text, "texts": _texts, "json": _json, "integer": _whole, "number": _number,
    "boolean": int, "instant": _instant, "day": _day,
}  # fmt: skip
"""By type of column: the function that returns a value as the catalogue stores it, or raises ValueError."""
