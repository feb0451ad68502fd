"""Read the cells that a finding mentions from the file again, for the terminal of its owner. They are not stored."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from python_calamine import CalamineError

from quality.tables.limits import UnreadableError
from quality.tables.read.delimited_text import first_rows, open_text
from quality.tables.read.spreadsheets import read_workbook
from quality.tables.read.text_table import TextTable

__all__ = ["read_cells"]

_MOST_ROWS = 1_000_000
MOST_CHARACTERS = 1_000
"""Most characters of a cell that are returned."""


def read_cells(document: Path, *, sheet: str | None, column: str, lines: list[int]) -> list[list[Any]]:
    """Read cells of one column from a file, and return them as pairs [line, text]. Texts are cut to 1,000 characters.

    ``document`` is the file, ``column`` the name by which the column is reported. ``sheet`` is the name of the sheet in
    a workbook; None for a text. ``lines`` are the lines of the wanted cells. Empty if the file is no table, is damaged
    or too large, or has no such sheet or column. Call it in a child process with limits: the file is not trusted.
    """
    try:
        table = _table(document, sheet)
    except (UnreadableError, CalamineError, OSError, ValueError):
        return []
    if table is None or column not in table.names:
        return []
    place, wanted = table.names.index(column), set(lines)
    rows = zip(table.lines, table.rows, strict=True)
    return [[line, row[place][:MOST_CHARACTERS]] for line, row in rows if line in wanted and place < len(row)]


def _table(path: Path, sheet: str | None) -> TextTable | None:
    if sheet is not None:
        one = next((one for one in read_workbook(path).sheets if one.name == sheet), None)
        return one.table(_MOST_ROWS) if one else None
    opened = open_text(path)
    return first_rows(path, opened, _MOST_ROWS)[0] if opened else None
