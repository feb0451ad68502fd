"""Recognise sheets that are not a table of rows below one header, so that nothing false is said about their cells.

Such layouts are records in blocks (a label and a value a line), a transposed table, two tables side by side, columns
separated only by spaces, and rows of many different widths.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence

from quality.tables.read.body_sample import group_of

__all__ = ["beside", "unusual_layout"]

Row = Sequence[str]
_MOST_ROWS = 400
_FEW_ROWS = 8
_FEW_BLOCKS = 3
_MOST_LABELS = 40
_WIDE = 6
_NARROW = 3
_MOST_WIDTHS = 4


def unusual_layout(header: Row, rows: Sequence[Row], delimiter: str | None) -> str | None:
    """Return a clause that says how a sheet or text is laid out; None if it is a table of rows below one header.

    For example "the table lies on its side: each row holds one kind of value". ``delimiter`` is the character between
    cells; None if there is none.
    """
    rows = rows[:_MOST_ROWS]
    if len(header) < 2 and not delimiter:
        return "the columns are parted by blanks alone" if _has_fixed_width([*header], rows) else None
    if _is_in_blocks(header, rows):
        return "each record is a block of lines, with a label and a value in each"
    if _is_on_its_side(header, rows):
        return "the table lies on its side: each row holds one kind of value"
    return "hardly two rows have as many cells as one another" if _is_ragged(header, rows) else None


def beside(header: Row, rows: Sequence[Row]) -> int | None:
    """Return the position of the blank column between two tables with equal names that are side by side.

    ``header`` contains the names of the columns, ``rows`` are the rows below. None if there is no such column.
    """
    # If names are joined over several rows, the last word is from the row next to the data.
    names = [" ".join(cell.split()[-1:]).casefold() for cell in header]
    # One pass each way, because a file may have 16,384 columns: what is left of a place, and right of it.
    left: set[str] = set()
    first_right, count_right = [""] * len(names), [0] * len(names)
    for place in range(len(names) - 2, -1, -1):
        name = names[place + 1]
        first_right[place] = name or first_right[place + 1]
        count_right[place] = count_right[place + 1] + bool(name)
    for place, name in enumerate(names):
        if name:
            left.add(name)
            continue
        right = first_right[place]
        if len(left) < 2 or count_right[place] < 2 or right not in left or names[0] != right:
            continue
        if not any(len(cells) > place and cells[place].strip() for cells in rows[:_MOST_ROWS]):
            return place
    return None


def _is_in_blocks(header: Row, rows: Sequence[Row]) -> bool:
    """Return whether the labels in the first column repeat in a fixed order, including the one in the header."""
    if len(header) > _NARROW or not header[0].strip() or group_of(header[0].strip()) not in ("text", "code"):
        return False
    filled = [cells for cells in [header, *rows] if any(cell.strip() for cell in cells)]
    labels = [cells[0].strip() for cells in filled]
    again = [place for place, label in enumerate(labels) if label == labels[0]]
    if len(again) < _FEW_BLOCKS or len({b - a for a, b in zip(again, again[1:], strict=False)}) != 1:
        return False
    size = again[1] - again[0]
    block = labels[:size]
    values = {cells[1].strip() for cells in (filled[place] for place in again) if len(cells) > 1}
    is_one_order = all(label == block[place % size] for place, label in enumerate(labels))
    return 1 < size <= _MOST_LABELS and len(set(block)) == size and is_one_order and len(values) > 1


def _is_on_its_side(header: Row, rows: Sequence[Row]) -> bool:
    """Return whether rows, not columns, contain one kind of value: words in some of them, numbers in others."""
    names = {cell.strip() for cell in header[1:]}
    if not 3 <= len(rows) < len(header) > _WIDE or len(names) < len(header) - 1:
        return False
    kinds = []
    for cells in rows:
        groups = Counter(group_of(cell.strip()) for cell in cells[1:])
        told = sum(count for name, count in groups.items() if name not in ("", "sign"))
        if told < max(_WIDE - 1, 0.6 * (len(header) - 1)):
            return False
        name, count = max(groups.items(), key=lambda pair: pair[1])
        if count < 0.9 * told:
            return False
        kinds.append(name)
    return {"text", "number"} <= set(kinds)


def _is_ragged(header: Row, rows: Sequence[Row]) -> bool:
    widths = Counter(len(cells) for cells in [header, *rows] if any(cell.strip() for cell in cells))
    total = sum(widths.values())
    return total >= _FEW_ROWS and len(widths) > _MOST_WIDTHS and max(widths.values()) < 0.3 * total


def _has_fixed_width(header: Row, rows: Sequence[Row]) -> bool:
    """Return whether nearly all lines have spaces at the same positions, with text on both sides."""
    lines = [cells[0].rstrip() for cells in [header, *rows] if len(cells) == 1 and cells[0].strip()]
    if len(lines) < _FEW_ROWS or sum("  " in line.strip() for line in lines) < 0.8 * len(lines):
        return False
    longest = sorted(map(len, lines))[len(lines) // 2]
    most = 0.95 * len(lines)
    gaps = [n for n in range(1, longest) if sum(line[n - 1 : n + 1].isspace() for line in lines) > most]
    return any(sum(bool(line[:n].strip() and line[n:].strip()) for line in lines) > most for n in gaps)
