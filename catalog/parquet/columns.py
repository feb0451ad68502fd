"""The columns of the Parquet package: their types, and how a value of the public file becomes one of that type.

SQLite keeps a date as text and a list as JSON; here they are what they are. A declaration of the catalogue says "text",
so the names decide: an instant ends ``_at``, a day ``_on`` (:data:`INSTANTS` and :data:`DAYS` list the exceptions).
What publishers declare stays the text that they wrote.
"""

from __future__ import annotations

import json
import logging
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any, Literal

import orjson

from catalog.db.schema.kinds import ColumnSpec

__all__ = ["ColumnType", "PackageColumn", "array_of", "arrow_type", "column_type"]

log = logging.getLogger(__name__)

ColumnType = Literal["text", "integer", "number", "boolean", "instant", "day", "texts", "json"]
"""``texts`` is a list of texts; ``json`` a text that holds JSON, for values of no fixed form."""

INSTANTS = frozenset({"ok_since", "failing_since", "unchanged_until", "newest_record_at"})
DAYS = frozenset({"start", "deadline", "baseline_date", "forecast_date"})
OBJECTS = frozenset({"examples", "fields", "results", "suite", "defects"})
"""Lists whose members are no texts."""


@dataclass(frozen=True, slots=True)
class PackageColumn:
    """A column of a table of the package."""

    name: str
    type: ColumnType
    description: str
    sql: str
    """SQL expression that reads it from the public file."""
    references: str | None = None
    """Name of the table of the package whose ids the values are; None if there is none."""


def column_type(name: str, spec: ColumnSpec) -> ColumnType:
    """Return the type of the column ``name`` of the catalogue, which is declared by ``spec``."""
    if spec.type is str:
        is_instant, is_day = name.endswith("_at") or name in INSTANTS, name.endswith("_on") or name in DAYS
        return "instant" if is_instant else "day" if is_day else "text"
    if spec.type is list:
        return "json" if name in OBJECTS else "texts"
    names: dict[type, ColumnType] = {int: "integer", float: "number", bool: "boolean", dict: "json"}
    return names[spec.type]


def arrow_type(kind: ColumnType) -> Any:
    """Return the Arrow type for a type of column. Raise ImportError if pyarrow is not installed."""
    import pyarrow as pa

    types = {
        "text": pa.string(),
        "integer": pa.int64(),
        "number": pa.float64(),
        "boolean": pa.bool_(),
        "instant": pa.timestamp("ms", tz="UTC"),
        "day": pa.date32(),
        "texts": pa.list_(pa.string()),
        "json": pa.string(),
    }
    return types[kind]


def array_of(values: Sequence[Any], column: PackageColumn, table: str) -> Any:
    """Return values of the public file as an Arrow array of the type of ``column``.

    A value that is not of that type becomes null, and the log says how many did; it names them by ``table``, the name
    of the table. Raise ImportError if pyarrow is not installed.
    """
    import pyarrow as pa

    kind, type_ = column.type, arrow_type(column.type)
    if kind == "texts":
        values = [None if value is None else _texts(value) for value in values]
    elif kind == "boolean":
        values = [None if value is None else bool(value) for value in values]
    try:
        made = pa.array(values, pa.string() if kind in ("instant", "day") else type_)
        return made.cast(type_) if kind in ("instant", "day") else made
    except (ValueError, TypeError, OverflowError, pa.ArrowNotImplementedError):
        read = [None if value is None else _read(value, kind) for value in values]
        lost = sum(a is None and b is not None for a, b in zip(read, values, strict=True))
        if lost:
            log.warning("%s.%s: %d values are no %s and are left empty in Parquet", table, column.name, lost, kind)
        return pa.array(read, type_)


def _texts(value: Any) -> list[str]:
    """Return a JSON list as texts; a member that is no text, as JSON. What is no list is its only member."""
    try:
        found = _loads(value)
    except (ValueError, TypeError, RecursionError):
        return [str(value)]
    if not isinstance(found, list):
        return [str(value)]
    return [one if isinstance(one, str) else json.dumps(one, ensure_ascii=False) for one in found if one is not None]


def _loads(text: str) -> Any:
    try:
        return orjson.loads(text)
    except orjson.JSONDecodeError:
        # It may have half of a pair of surrogates, which orjson refuses.
        return json.loads(text)


def _read(value: Any, kind: ColumnType) -> Any:
    """Return one value as Arrow takes it; None if it is not of this type."""
    try:
        if kind in ("text", "json"):
            # A lone surrogate has no place in UTF-8.
            text = value.decode("utf-8", "replace") if isinstance(value, bytes) else str(value)
            return text.encode("utf-8", "replace").decode()
        if kind == "integer":
            whole = int(value)
            return whole if whole == float(value) and abs(whole) < 1 << 63 else None
        if kind == "number":
            return float(value)
        if kind == "instant":
            return datetime.fromisoformat(value)
        if kind == "day":
            return date.fromisoformat(str(value)[:10])
        if kind == "texts":
            return [one.encode("utf-8", "replace").decode() for one in value]
        return value
    except (ValueError, TypeError, OverflowError):
        return None
