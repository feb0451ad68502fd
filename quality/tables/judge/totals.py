"""Recognise rows that add up rows above them: totals and sub-totals, whatever they are called.

A row is a sub-total if in every column of whole numbers (or of amounts) it is the sum of the rows directly above, and
if that is unlikely to be chance: the equal figures have many digits together, or the row contains a word for total.
Rows that were recognised are not added again, so that a grand total may follow its sub-totals.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence

from quality.tables.read.total_words import PARTS_OF_WORDS, WHOLE_WORDS
from quality.tables.scan import Scan
from quality.tables.scan.column_kinds import NUMBERS
from quality.tables.scan.parse_cells import numbers

__all__ = ["has_amounts", "named_totals", "sub_totals", "sum_row", "summed", "written"]

Row = tuple[int, Sequence[str]]
_MOST_COLUMNS = 6
_MOST_ROWS = 5_000
_DIGITS = 8
"""Digits that must agree, in at least two columns, if no word says what the row is."""
_FEW_DIGITS = 3
_MOST_UNSAID = 400
"""Most rows in which a total is accepted without a word: in long lists a number is the sum of others by chance."""
_LARGEST = 1e15
_SAYS = re.compile(rf"(?i)(?<!\w)(?:{WHOLE_WORDS})(?!\w)|{PARTS_OF_WORDS}")
_PART = re.compile(
    r"(?i)\W*(of which|davon|darunter|dont|di cui|de l[oa]s cuales|waarvan|varav|herav|z toho|w tym|в том)\b"
)
"""Words for a part of the row above, which is not added again."""


def sub_totals(rows: Sequence[Row], columns: Mapping[int, str]) -> list[int]:
    """Return the lines of rows that are the sum of at least two rows directly above them.

    ``rows`` are the rows with their lines. ``columns`` maps the position of each column of numbers to its decimal sign
    ("" for integers). The sums must be right in all of the first six columns of integers or, if there are none, of the
    first six columns. They must also be no chance: eight digits agree in at least two columns, or three in a row with a
    word for total. The result is empty for more than 5,000 rows, and if more than half of the rows were totals. In more
    than 400 rows, only rows with a word for total are found.
    """
    places = [place for place, sign in columns.items() if not sign] or list(columns)
    places = places[:_MOST_COLUMNS]
    if not places or len(rows) > _MOST_ROWS:
        return []
    if len(rows) > _MOST_UNSAID and not any(
        _SAYS.search(cell) for cell in _labels(rows) if 1 < len(cell) < _LABEL and not cell[-1].isdigit()
    ):
        return []
    sums = (0,) * len(places)
    before: dict[tuple[int, ...], int] = {sums: 0}
    added, found = 0, []
    for line, cells in rows:
        values = tuple(_value(cells[place], columns[place]) if place < len(cells) else 0 for place in places)
        if not any(values):
            continue
        begin = before.get(tuple(a - b for a, b in zip(sums, values, strict=True)))
        if begin is not None and added - begin > 1 and _is_meant(cells, values, len(rows)):
            found.append(line)
            continue
        if _PART.match(next((cell for cell in cells if cell.strip()), "")):
            continue
        sums = tuple(a + b for a, b in zip(sums, values, strict=True))
        added += 1
        before[sums] = added
    return found if len(found) <= 0.5 * len(rows) else []


def _labels(rows: Sequence[Row]) -> set[str]:
    """Return the different cells in the first columns."""
    return {cells[place] for place in range(_LABELS) for _, cells in rows if len(cells) > place}


def _is_meant(cells: Sequence[str], values: Sequence[int], rows: int) -> bool:
    """Return whether so many digits agree that it is no chance; a row with a word for total needs fewer."""
    told = {str(abs(value)).rstrip("0") for value in values if value}
    digits = sum(map(len, told))
    if _says(cells):
        return digits >= _FEW_DIGITS
    return rows <= _MOST_UNSAID and len(told) > 1 and digits >= _DIGITS


def _says(cells: Sequence[str]) -> bool:
    """Return whether one of the first three cells contains a word for a total."""
    return any(map(_is_word, cells[:_LABELS]))


def _is_word(cell: str) -> bool:
    return 1 < len(cell) < _LABEL and not cell[-1].isdigit() and _SAYS.search(cell) is not None


_LABELS = 3
_LABEL = 60


def named_totals(lines: Sequence[int], rows: Sequence[Row], columns: Mapping[int, str]) -> list[int]:
    """Return those of the given lines that really contain totals.

    ``lines`` are the lines of rows with a word for total, ``rows`` all rows with their lines. ``columns`` maps the
    position of each column of numbers to its decimal sign.

    Several lines are all returned, and so is a single one within three rows of either end of the table, or in a table
    without columns of numbers. Any other single line is returned only if it contains the largest number so far in some
    column: in a list, "total" may be part of a name.
    """
    if len(lines) != 1 or not columns:
        return list(lines)
    at = next(n for n, (line, _) in enumerate(rows) if line == lines[0])
    if at < _END or at >= len(rows) - _END:
        return list(lines)
    for place, decimal in list(columns.items())[:_MOST_COLUMNS]:
        values = [_value(cells[place], decimal) if place < len(cells) else 0 for _, cells in rows]
        if values[at] > 0 and values[at] >= max(values[:at]):
            return list(lines)
    return []


_END = 3
"""Number of rows at each end of a table."""


def _value(cell: str, decimal: str) -> int:
    """Return a number in hundredths, so that sums are exact; 0 if the cell is no number."""
    text = cell.strip()
    if not text:
        return 0
    kept = text.replace("." if decimal == "," else ",", "").replace(" ", "").replace("\u00a0", "").replace("\u202f", "")
    try:
        number = float(kept.replace(decimal, ".") if decimal else kept)
    except ValueError:
        return 0
    return round(100 * number) if abs(number) < _LARGEST else 0


_MIN_ADDENDS = 3


def sum_row(rows: Sequence[Row], columns: Mapping[int, float]) -> int | None:
    """Return the line of the last row of a table if that row contains totals by its numbers, else None.

    It does if it contains the sums of the rows above in at least 60 % of the columns of numbers that it fills, and each
    sum adds at least three numbers. A word for total is not needed. ``rows`` are the rows with their lines. ``columns``
    maps the position of each column of numbers to the largest number in the column; a total is not less than it.
    """
    end = len(rows)
    while end and not any(cell.strip() for cell in rows[end - 1][1]):
        end -= 1
    if end < _MIN_ADDENDS + 1 or not columns:
        return None
    line, last = rows[end - 1]
    asked = right = 0
    for place, highest in list(columns.items())[:_MOST_SUMMED]:
        value = _number(last, place)
        if value is None:
            continue
        if value < highest - 1e-6 * abs(highest):
            asked += 1
            if asked > _MOST_UNLIKE and not right:
                return None
            continue
        written = numbers([cells[place] if place < len(cells) else None for _, cells in rows[: end - 1]], ".")
        above = [number for number in written if number is not None]
        if sum(number != 0 for number in above) < _MIN_ADDENDS:
            continue
        asked += 1
        scale = sum(map(abs, above)) or 1.0
        right += abs(sum(above) - value) <= 1e-7 * scale + 0.006 * (value != round(value))
    return line if asked and right >= max(1, 0.6 * asked) else None


_MOST_SUMMED = 60
_MOST_UNLIKE = 3


def _number(cells: Sequence[str], place: int) -> float | None:
    if place >= len(cells) or not cells[place].strip():
        return None
    return numbers([cells[place]], ".")[0]


def has_amounts(scan: Scan) -> bool:
    """Return whether a table has a column of numbers that are neither row numbers nor codes."""
    for column in scan["columns"]:
        counts = {name: places[0] for name, places in column["classes"].items() if name not in ("blank", "missing")}
        numbers = sum(count for name, count in counts.items() if name in NUMBERS)
        if "zero_led" in counts or numbers < _MOSTLY * sum(counts.values()) or numbers < _FEW_NUMBERS:
            continue
        is_whole = counts.keys() == {"integer"} and column["distinct"] > 0.9 * scan["rows"]
        if not (is_whole and column["high"][0] - column["low"][0] < 1.2 * scan["rows"]):
            return True
    return False


_MOSTLY = 0.95
_FEW_NUMBERS = 2


def summed(scan: Scan) -> dict[int, float]:
    """Return the columns of numbers that can be added up, as a mapping from position to the largest number of the
    column.

    These are the columns in which not all numbers are equal and none has leading zeros.
    """
    return {
        place: column["high"][0]
        for place, column in enumerate(scan["columns"])
        if column["high"][0] > column["low"][0] and not column["classes"].get("zero_led")
    }


def written(scan: Scan) -> dict[int, str]:
    """Return the columns of plain numbers, as a mapping from position to decimal sign: "," or ".", or "" for integers.

    Only columns that :func:`summed` returns are among them; up to a fifth of their cells may be texts. A column with a
    number such as 1.234, which may be a decimal or a thousand, is left out unless another cell has a decimal comma.
    """
    found = {}
    for place in summed(scan):
        names = {name for name in scan["columns"][place]["classes"] if name not in ("blank", "missing")}
        texts = scan["columns"][place]["classes"].get("text", (0, []))[0]
        if not names <= _PLAIN_NUMBERS | {"text"} or texts > 0.2 * scan["rows"]:
            continue
        has_comma = bool(names & {"comma", "group_comma"})
        if has_comma or "point_or_group" not in names:
            found[place] = "," if has_comma else "." if "point" in names else ""
    return found


_PLAIN_NUMBERS = frozenset(
    ["integer", "point", "comma", "group_point", "group_comma", "group_both", "comma_or_group", "point_or_group"]
)
