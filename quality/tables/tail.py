"""The end of a text table: totals, and the notes below them, told by its last lines before the whole is read."""

from __future__ import annotations

import codecs
from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from quality.tables.dialect import Dialect, read_records
from quality.tables.encoding import Encoding
from quality.tables.layout import find_footer, is_total

__all__ = ["Tail", "read_tail"]

_BYTES = 32_768
_LINES = 60
_WIDTHS = {"utf-16": 2, "utf-16-le": 2, "utf-16-be": 2, "utf-32": 4}


@dataclass(frozen=True, slots=True)
class Tail:
    """Lines are counted back from the last one that belongs to the table, which is 0."""

    notes: int = 0
    """Notes below the table that are not blank."""
    note_at: int = 0
    """How far the first of them stands below the table."""
    note_rows: int = 0
    """Lines that do not belong to the table, blank ones included."""
    totals: tuple[int, ...] = ()
    end: int | None = None
    """Bytes of the file up to and with the table; None where it goes on to the end."""


def read_tail(path: Path, encoding: Encoding, dialect: Dialect, width: int, first_line: int) -> Tail:
    """Look at the last lines of a table with ``width`` columns, whose first row stands on ``first_line``."""
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
    # The first line is cut, unless the tail is all there is; then the header and what is above it are no rows.
    lines = lines[1:] if start else lines[first_line - 1 :]
    end = _cells(next((line for line in reversed(lines) if line.strip()), ""), dialect) or []
    if sum(bool(cell.strip()) for cell in end) > 0.6 * width and not is_total(end):
        return Tail()  # as full as any row: so most tables end
    rows = [_cells(line, dialect) for line in lines[-_LINES:]]
    last = [row for row in rows if row is not None]
    if width < 2 or len(last) < 4 or len(last) != len(rows):
        return Tail()
    footer = find_footer(list(enumerate(last)), width)
    kept = last[: len(last) - footer.rows] if footer else last
    totals = []
    for back, row in enumerate(reversed(kept)):
        if any(cell.strip() for cell in row):
            if not is_total(row):
                break
            totals.append(back)
    if footer is None:
        return Tail(totals=tuple(totals))
    beyond = sum(len(line.encode(codec, "replace")) for line in lines[-footer.rows :])
    return Tail(
        footer.notes, footer.first_line - len(kept) + 1, footer.rows, tuple(totals), encoding.size_bytes - beyond
    )


def _cells(line: str, dialect: Dialect) -> Sequence[str] | None:
    """The cells of one line; None where it is no whole record."""
    text = line.rstrip("\r\n")
    if dialect.quote_char and text.count(dialect.quote_char) % 2:
        return None
    return next((cells for _, cells in read_records(text, replace(dialect, skip_lines=0))), [])
