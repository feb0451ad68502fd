"""Build the profile of each column that is stored beside the report: counts, never values of cells.

It is built from one scan of the whole file (:mod:`quality.tables.scan`). Extremes and quartiles are given only for
numbers and dates, to three digits or to the month; for a column with few different values, the shapes of the frequent
ones.
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
"""Most different values of a column that counts as a list of categories."""
_RARE = 3
"""Least number of cells with a shape for it to be shown."""


@dataclass(frozen=True, slots=True)
class ColumnProfile:
    """One column of a table: its name, what it contains, and what the scan found in it."""

    name: str
    judged: ColumnContent
    scanned: ScannedColumn
    totals: frozenset[int] = frozenset()
    """Lines with totals. Cells on these lines are not counted as bad, because another rule reports the lines."""
    filled: int = field(init=False)
    """Number of cells with a value: neither blank nor a sign for a missing value."""

    def __post_init__(self) -> None:
        classes = self.scanned["classes"].items()
        filled = sum(count for name, (count, _) in classes if name not in ("blank", "missing"))
        object.__setattr__(self, "filled", filled)

    @property
    def kind(self) -> ColumnKind:
        """Return the kind of values that the column contains."""
        return self.judged.kind

    def count(self, *classes: str) -> int:
        """Return the number of cells that look like one of ``classes``, such as "integer" or "text" (see
        ``scan.h``).
        """
        return sum(self.scanned["classes"].get(name, (0, []))[0] for name in classes)

    def odd(self, name: str) -> tuple[int, list[int]]:
        """Return the number of cells with a peculiarity, and the first lines with one.

        ``name`` is one of: padded, line_break, mojibake, lost, error, formula, epoch, email, iban, phone. They are
        explained at :attr:`.found.ScannedColumn.odd`.
        """
        return self.scanned["odd"].get(name, (0, []))

    def bad(self) -> tuple[int, list[int]]:
        """Return the number of cells that do not fit the kind of the column, and the first lines with one.

        Impossible dates are not counted, nor are cells in rows of totals as far as their lines are listed.
        """
        count, lines = self.judged.bad
        meant = [line for line in lines if line not in self.totals]
        return count - (len(lines) - len(meant)), meant


@dataclass(frozen=True, slots=True)
class TableProfile:
    """The profile of a table: its number of rows, its columns, and the results of the scan."""

    rows: int
    columns: tuple[ColumnProfile, ...]
    scan: Scan

    def to_dict(self, *, is_sample: bool = False) -> dict[str, Any]:
        """Return the profile as plain JSON values, as it is stored: names of columns, counts, rounded extremes, and
        shapes of frequent values, but no text of a cell.

        ``is_sample`` says that only the beginning of the file was available.
        """
        return {
            "row_count": self.rows,
            "is_sample": is_sample,
            "columns": [_plain(column, self.rows) for column in self.columns],
        }


def profile_of(names: Sequence[str], scan: Scan, totals: Sequence[int] = ()) -> TableProfile:
    """Return the profile of a table from the scan of its rows.

    ``names`` are the names of the columns, ``totals`` the lines with totals.
    """
    columns = []
    for name, scanned in zip(names, scan["columns"], strict=True):
        columns.append(ColumnProfile(name, classify_column(scanned), scanned, frozenset(totals)))
    return TableProfile(scan["rows"], tuple(columns), scan)


def number_of(cell: str, way: int) -> float | None:
    """Return the number in a cell, or None if it is not a finite number.

    ``way`` is 0 if numbers have a decimal point, 1 if they have a decimal comma. Characters that no number has, such as
    spaces and signs of currency, are ignored.

    >>> number_of("1.234,5", 1), number_of("1,234.5", 0), number_of("oak", 0)
    (1234.5, 1234.5, None)
    """
    if not way:
        # Most cells are plain; what float understands has no other digits and signs than those kept below.
        try:
            value = float(cell)
        except ValueError:
            pass
        else:
            return value if math.isfinite(value) else None
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
    """Return the shapes of values with their number of cells, the most frequent first."""
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
    """Return whether every row has a different value here; an estimate is never enough to say so."""
    if column.filled != rows or rows < 2:
        return False
    return column.scanned["is_rising"] or (column.scanned["is_exact"] and column.scanned["distinct"] == rows)


def _is_list(column: ColumnProfile) -> bool:
    scanned = column.scanned
    is_list = scanned["is_exact"] and scanned["distinct"] <= FEW and scanned["longest"] <= 60
    return is_list and column.kind.kind == "text"
