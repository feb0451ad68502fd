"""Find the totals and notes at the end of a text table from its last lines, before the whole file is scanned."""

from __future__ import annotations

import codecs
from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from quality.tables.read.dialect import Dialect, read_records
from quality.tables.read.encoding import Encoding
from quality.tables.read.layout import find_footer, is_total

__all__ = ["TableTail", "read_tail"]

_BYTES = 32_768
_LINES = 60
_WIDTHS = {"utf-16": 2, "utf-16-le": 2, "utf-16-be": 2, "utf-32": 4}


@dataclass(frozen=True, slots=True)
class TableTail:
    """What is at the end of a text table: totals in its last rows, and notes below it."""

    notes: int = 0
    """Number of notes below the table that are not blank."""
    note_at: int = 0
    """Number of lines from the end of the table to the first note."""
    note_rows: int = 0
    """Number of lines that do not belong to the table, including blank ones."""
    totals: tuple[int, ...] = ()
    """Lines of totals at the end of the table, from the last one upwards: each is the number of lines between it and
    the table's last line, which is 0."""
    end: int | None = None
    """Position in the file, in bytes, at which the table ends; None if it goes on to the end."""


def read_tail(path: Path, encoding: Encoding, dialect: Dialect, width: int, first_line: int) -> TableTail:
    """Find the totals and the notes at the end of a text table, by its last lines.

    ``encoding`` and ``dialect`` say how the file at ``path`` is written. ``width`` is the number of columns,
    ``first_line`` the line of the first row of data. Nothing is found in tables with one column or fewer than four
    rows, and if the last row is as full as others and no total.
    """
    unit = _WIDTHS.get(encoding.codec, 1)
    start = max(0, encoding.size_bytes - _BYTES)
    start += -start % unit
    with path.open("rb") as stream:
        mark = stream.read(4)
        stream.seek(start)
        tail = stream.read(_BYTES + unit)
    codec = encoding.codec.removesuffix("-sig")
    if codec == "utf-16":
        codec = "utf-16-be" if mark.startswith(codecs.BOM_UTF16_BE) else "utf-16-le"
    elif codec == "utf-32":
        codec = "utf-32-be" if mark.startswith(codecs.BOM_UTF32_BE) else "utf-32-le"
    lines = tail.decode(codec, "backslashreplace").splitlines(keepends=True)
    # The first line is cut, unless the tail is the whole file; then the header and what is above it are not rows.
    lines = lines[1:] if start else lines[first_line - 1 :]
    if _ends_full(lines, dialect, width):
        return TableTail()
    records = _records(lines[-_LINES:], dialect)
    if records is None or width < 2 or len(records) < 4:
        return TableTail()
    end = next((cells for _, cells in reversed(records) if any(cell.strip() for cell in cells)), [])
    if sum(bool(cell.strip()) for cell in end) > 0.6 * width and not is_total(end):
        return TableTail()  # as full as any row: most tables end like this
    count = len(lines[-_LINES:])
    footer = find_footer(records, width)
    kept = records[: len(records) - footer.rows] if footer else records
    table_end = (kept[-1][0] if kept else 0) if footer else count - 1
    if footer:
        # The last row of the table may itself have several lines.
        table_end = records[len(kept)][0] - 1
    totals = []
    for place, row in reversed(kept):
        if any(cell.strip() for cell in row):
            if not is_total(row):
                break
            totals.append(table_end - place)
    if footer is None:
        return TableTail(totals=tuple(totals))
    notes = lines[-_LINES:][table_end + 1 :]
    beyond = sum(len(line.encode(codec, "replace")) for line in notes)
    first = footer.first_line - table_end
    return TableTail(footer.notes, first, footer.rows, tuple(totals), encoding.size_bytes - beyond)


def _ends_full(lines: Sequence[str], dialect: Dialect, width: int) -> bool:
    """Return whether the last line alone is as full as any row and no total: most tables end so, and
    no more is read.
    """
    last = next((line for line in reversed(lines) if line.strip()), "")
    if dialect.quote_char and dialect.quote_char in last:
        return False
    cells = next((cells for _, cells in read_records(last, replace(dialect, skip_lines=0))), [])
    return sum(bool(cell.strip()) for cell in cells) > max(1, 0.6 * width) and not is_total(cells)


def _records(lines: Sequence[str], dialect: Dialect) -> list[tuple[int, Sequence[str]]] | None:
    """Return the records of some lines, each with the position where it begins; None if they begin inside a cell."""
    text = "".join(lines)
    if dialect.quote_char and text.count(dialect.quote_char) % 2:
        # The beginning cuts a cell of several lines: after the line that closes it all records are complete.
        for place, line in enumerate(lines):
            if line.count(dialect.quote_char) % 2:
                rest = _records(lines[place + 1 :], dialect)
                return [(place + 1 + at, cells) for at, cells in rest] if rest else None
        return None
    return [(line - 1, cells) for line, cells in read_records(text, replace(dialect, skip_lines=0))]
