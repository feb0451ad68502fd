"""What each column of a table holds, as it is kept beside the report: counts, never the values of cells.

Built from one pass over the whole file (:mod:`quality.tables.scan`). Extremes and quantiles are given of numbers and
dates alone, to three digits or to the month; of the frequent values of a column that has few different ones, their
shapes.
"""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from quality.tables.scan import Scan, ScannedColumn
from quality.tables.scan.cell_roles import ColumnContent, classify_column
from quality.tables.scan.column_kinds import ColumnKind
from quality.tables.scan.masking import coarse, digest, shape

__all__ = ["ColumnProfile", "TableProfile", "number_of", "profile_of"]

FEW = 50
"""Different values up to which a column is a list of kinds."""
_RARE = 3
"""A shape that comes less often is not shown."""


@dataclass(frozen=True, slots=True)
class ColumnProfile:
    """One column: its name, its kind, and what the pass over it found."""

    name: str
    judged: ColumnContent
    scanned: ScannedColumn
    totals: frozenset[int] = frozenset()
    """Lines that hold totals: what stands there is another defect."""
    filled: int = field(init=False)
    """Cells that hold a value: neither blank nor a sign for "no value"."""

    def __post_init__(self) -> None:
        classes = self.scanned["classes"].items()
        filled = sum(count for name, (count, _) in classes if name not in ("blank", "missing"))
        object.__setattr__(self, "filled", filled)

    @property
    def kind(self) -> ColumnKind:
        return self.judged.kind

    def count(self, *classes: str) -> int:
        return sum(self.scanned["classes"].get(name, (0, []))[0] for name in classes)

    def odd(self, name: str) -> tuple[int, list[int]]:
        """Cells with an oddity, and the lines of the first."""
        return self.scanned["odd"].get(name, (0, []))

    def bad(self) -> tuple[int, list[int]]:
        """Cells that are not as the column wants them, but for dates that do not exist; lines of the first."""
        count, lines = self.judged.bad
        meant = [line for line in lines if line not in self.totals]
        return count - (len(lines) - len(meant)), meant


@dataclass(frozen=True, slots=True)
class TableProfile:
    """A table: how many rows, and its columns."""

    rows: int
    columns: tuple[ColumnProfile, ...]
    scan: Scan

    def to_dict(self, *, is_sample: bool = False) -> dict[str, Any]:
        """As it is kept, plain JSON."""
        return {
            "row_count": self.rows,
            "is_sample": is_sample,
            "columns": [_plain(column, self.rows) for column in self.columns],
        }


def profile_of(names: Sequence[str], scan: Scan, totals: Sequence[int] = ()) -> TableProfile:
    """The profile of a table whose columns have these ``names``."""
    columns = []
    for name, scanned in zip(names, scan["columns"], strict=True):
        columns.append(ColumnProfile(name, classify_column(scanned), scanned, frozenset(totals)))
    return TableProfile(scan["rows"], tuple(columns), scan)


def number_of(cell: str, way: int) -> float | None:
    """A number read with a decimal point (``way`` 0) or comma (1); None where it cannot be."""
    kept = "".join(c for c in cell if c.isdigit() or c in ".,-eE+")
    kept = kept.replace(".", "").replace(",", ".") if way else kept.replace(",", "")
    try:
        value = float(kept)
    except ValueError:
        return None
    return value if math.isfinite(value) else None


def _plain(column: ColumnProfile, rows: int) -> dict[str, Any]:
    scanned, kind = column.scanned, column.kind
    distinct = round(scanned["distinct"])
    low, high = _extremes(kind, scanned)
    plain: dict[str, Any] = {
        "name": column.name,
        "kind": kind.detail,
        "filled": column.filled,
        "nulls": column.count("missing"),
        "blanks": column.count("blank"),
        "distinct": min(distinct, column.filled + column.count("missing")),
        "is_distinct_exact": scanned["is_exact"] or scanned["is_rising"],
        "minimum": low,
        "maximum": high,
        "shortest": scanned["shortest"],
        "longest": scanned["longest"],
        "is_key": _is_key(column, rows),
        "hash": scanned["digest"],
    }
    if kind.kind == "number":
        plain["quartiles"] = [coarse(one) for one in scanned["quartiles"][kind.way]] if scanned["quartiles"] else []
    if kind.kind == "date" and low and high:
        plain["ends"] = [digest(scanned[end][kind.way]) for end in ("first_day", "last_day")]
    if _is_list(column):
        plain["frequent"] = _shapes(scanned["frequent"])
    return plain


def _shapes(values: Sequence[tuple[str, int]]) -> list[list[Any]]:
    """The shapes of values, with how many cells have them, the most frequent first."""
    counts: Counter[str] = Counter()
    for value, count in values:
        counts[shape(value)] += count
    return [[one, count] for one, count in counts.most_common() if count >= _RARE]


def _extremes(kind: ColumnKind, scanned: Mapping[str, Any]) -> tuple[Any, Any]:
    if kind.kind == "number":
        low, high = scanned["low"][kind.way], scanned["high"][kind.way]
        return (coarse(low), coarse(high)) if math.isfinite(low) and math.isfinite(high) else (None, None)
    if kind.kind == "date":
        return _month(scanned["first_day"][kind.way]), _month(scanned["last_day"][kind.way])
    return None, None


def _month(number: int) -> str | None:
    return f"{number // 10000:04}-{number // 100 % 100:02}" if number else None


def _is_key(column: ColumnProfile, rows: int) -> bool:
    """Whether each row has a value of its own here, as far as it was counted: an estimate is never said to be a key."""
    if column.filled != rows or rows < 2:
        return False
    return column.scanned["is_rising"] or (column.scanned["is_exact"] and column.scanned["distinct"] == rows)


def _is_list(column: ColumnProfile) -> bool:
    scanned = column.scanned
    is_list = scanned["is_exact"] and scanned["distinct"] <= FEW and scanned["longest"] <= 60
    return is_list and column.kind.kind == "text"
