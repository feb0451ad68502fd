"""Find values that cannot be meant, judged by the other values of their column or row.

Coordinates of 0 and 0, a plain 0 among names, codes that a spreadsheet program turned into numbers, quotation marks
around the value of every cell, and codes whose leading zeros are lost although another column of the row has them.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterator

from catalog.model import TableDefect
from quality.tables.judge.defects import defect
from quality.tables.read.text_table import TextTable
from quality.tables.scan.profile import ColumnProfile, TableProfile, number_of

__all__ = ["value_outliers"]

_FEW = 20
"""Number of values that show what a column contains."""
_MANY_NAMES = 200
_RARE = 0.01
_POWER = re.compile(r"\d(?:\.\d+)?E[+-]\d{2,3}")
"""A number with an exponent, as spreadsheet programs write it."""
_DIGITS = re.compile(r"\d+")


def value_outliers(table: TextTable, profile: TableProfile) -> Iterator[TableDefect]:
    """Yield defects for values that cannot be meant, judged by the other values of the column or row.

    ``table`` has the first rows, ``profile`` is that of all rows. The values are coordinates of 0 and 0, a bare 0 among
    names, codes turned into numbers (46E5), quotation marks around every value, and codes that have lost leading zeros.
    """
    yield from _zero_places(table, profile)
    if quoted := [column for column in profile.columns if column.kind.kind == "text" and _is_quoted(column)]:
        # One program wrote all of them: one defect, however many columns there are.
        count, field = sum(column.filled for column in quoted), quoted[0].name if len(quoted) == 1 else None
        message = "Every cell has quotation marks that have become part of its value."
        yield defect("stray_quote", count, [], field, message=message)
    for place, column in enumerate(profile.columns):
        if column.kind.kind != "text" or not column.filled:
            continue
        if zeros := _zeros_among_names(column):
            message = "Some cells contain a bare 0 among names, as a formula gives it that points to an empty cell."
            yield defect("type_error", *zeros, column.name, message=message)
        if powers := _powers_among_codes(column):
            message = "Some codes, such as 46E5, became numbers because a spreadsheet program read them so."
            yield defect("type_error", *powers, column.name, message=message)
        if lines := _lost_zeros(table, place, column):
            message = "Codes have lost the zeros at their beginning, which another column of the same row still has."
            yield defect("leading_zeros_lost", len(lines), lines, column.name, message=message)


def _zero_places(table: TextTable, profile: TableProfile) -> Iterator[TableDefect]:
    """Yield defects for rows in which two coordinates are 0, far from all others of their columns."""
    rows: dict[frozenset[int], list[str]] = {}
    for place, column in enumerate(profile.columns):
        if column.kind.kind != "number" or not column.scanned["low"][0] <= 0 <= column.scanned["high"][0]:
            continue
        way = column.kind.way
        if not _may_stand_apart(column):
            continue
        may_be_zero = [row[place] for row in table.rows if place < len(row) and row[place] and _may_be_zero(row[place])]
        if not any(number_of(cell.strip(), way) == 0 for cell in may_be_zero):
            continue
        cells = [(n, row[place].strip()) for n, row in enumerate(table.rows) if place < len(row) and row[place].strip()]
        values = [(n, value, cell) for n, cell in cells if (value := number_of(cell, way)) is not None]
        zeros = frozenset(n for n, value, _ in values if value == 0)
        others = sorted(value for _, value, _ in values if value != 0)
        if not zeros or len(zeros) > 0.1 * len(values) or len(others) < _FEW or others[0] * others[-1] < 0:
            continue
        nearest, span = min(map(abs, (others[0], others[-1]))), others[-1] - others[0]
        exact = sum(len(cell.partition("," if way else ".")[2]) >= 3 for _, _, cell in values)
        are_places = exact > 0.8 * len(others) and max(map(abs, (others[0], others[-1]))) <= 180
        # Degrees with many decimals in one country, or metres of a grid that begins far from 0.
        if (are_places and nearest > 0.25 * span and nearest > 1) or (nearest > 3 * span and nearest > 10_000):
            rows.setdefault(zeros, []).append(column.name)
    for zeros, names in rows.items():
        if len(names) == _PAIR:
            message = f"Both coordinates are 0 ({names[0][:60]}, {names[1][:60]}), which is a place in the Atlantic."
            yield defect("placeholder_value", len(zeros), [table.lines[n] for n in sorted(zeros)], message=message)


def _may_be_zero(cell: str) -> bool:
    """Return False for most cells that are another number: with a digit from 1 to 9, in the usual notation."""
    return _NOT_ZERO.search(cell) is None or "e" in cell or "E" in cell or len(cell) > _LONG


_NOT_ZERO = re.compile("[1-9]")
_LONG = 60


def _may_stand_apart(column: ColumnProfile) -> bool:
    """Return whether 0 can be far from the other values, judged by the quartiles."""
    quartiles, way = column.scanned["quartiles"], column.kind.way
    if not quartiles:
        return True
    low, high = column.scanned["low"][way], column.scanned["high"][way]
    return quartiles[way][0] >= 0.2 * high > 0 or quartiles[way][2] <= 0.2 * low < 0


_PAIR = 2


def _zeros_among_names(column: ColumnProfile) -> tuple[int, list[int]] | None:
    """Return the cells with 0 in a column in which hundreds of others are words."""
    count, lines = column.scanned["classes"].get("integer", (0, []))
    is_zero = column.scanned["low"][0] == column.scanned["high"][0] == 0
    words = column.count("text")
    if not count or not is_zero or column.filled < _MANY_NAMES or count > _RARE * column.filled:
        return None
    letters = sum(map(len, column.scanned["sample"])) / max(1, len(column.scanned["sample"]))
    are_names = words >= 0.95 * column.filled and column.scanned["distinct"] >= 5 and letters >= 5
    return (count, lines) if are_names else None


def _powers_among_codes(column: ColumnProfile) -> tuple[int, list[int]] | None:
    """Return the numbers with an exponent in a column without other decimals, which is therefore no measurement."""
    count, lines = column.scanned["classes"].get("point", (0, []))
    if count < 2 or count > 0.5 * column.filled:
        return None
    powers = decimals = 0
    for cell in column.scanned["sample"]:
        if _POWER.fullmatch(cell):
            powers += 1
        elif re.fullmatch(r"[<>~≤≥=+-]?\s?\d*[.,]\d+\s?[*†%]?", cell) or _POWER.search(cell) or cell[0] in "<>~≤≥":
            decimals += 1
    words = column.count("text", "text_with_digits", "with_unit")
    return (count, lines) if powers >= 2 and not decimals and words > 0.3 * column.filled else None


def _is_quoted(column: ColumnProfile) -> bool:
    cells = column.scanned["sample"]
    # Where the first twentieth has no mark, too few cells can have one.
    if len(cells) < 3 or not any(cell[:1] == '"' for cell in cells[: len(cells) // 20 + 1]):
        return False
    quoted = sum(len(cell) > 2 and cell[0] == cell[-1] == '"' and cell.count('"') == 2 for cell in cells)
    return quoted >= 0.95 * len(cells)


def _lost_zeros(table: TextTable, place: int, column: ColumnProfile) -> list[int]:
    """Return the lines on which a number is shorter than all others and another cell of the row has
    its leading zeros.
    """
    if not 0 < column.count("integer") <= 0.2 * column.filled:
        return []
    cells = [(n, row[place].strip()) for n, row in enumerate(table.rows) if place < len(row) and row[place].strip()]
    runs = [(n, cell, found[-1]) for n, cell in cells if (found := _DIGITS.findall(cell))]
    lengths = Counter(len(run) for _, cell, run in runs if run[0] == "0")
    if not lengths:
        return []
    length, count = lengths.most_common(1)[0]
    if count < max(5, 0.8 * len(runs)) or length < 4:
        return []
    lost = []
    for n, cell, run in runs:
        if run == cell and run[0] != "0" and len(run) < length:
            full = run.zfill(length)
            others = (text for at, text in enumerate(table.rows[n]) if at != place and full in text)
            if any(full in _DIGITS.findall(text) for text in others):
                lost.append(table.lines[n])
    return lost
