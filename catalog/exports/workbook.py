"""The Excel copy of a CSV: a real workbook whose cells are texts and numbers, never formulas or links."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from specs.exports import ExportColumn

__all__ = ["ROWS_MAX", "WorkbookWriter"]

ROWS_MAX = 20_000
"""Maximum of rows in a workbook, since few machines open more. The CSV has all rows, and the workbook says so."""
_HELD = 2_000
"""Rows up to which a workbook is made in memory; a longer one goes through files."""
_WIDTHS = {"integer": 10, "number": 12, "date": 12, "datetime": 22}
_CREATED = datetime(2000, 1, 1, tzinfo=UTC).replace(tzinfo=None)
"""A workbook stores when it was made; a fixed time makes the same content give the same bytes."""


class WorkbookWriter:
    """Writes one Excel workbook row by row: a sheet with a frozen header, and a sheet that explains the columns.

    Call :meth:`open`, then :meth:`write` for each row, then :meth:`close`.
    """

    def __init__(self, path: Path, fields: Sequence[ExportColumn]) -> None:
        self.path, self.fields = path, fields
        self._part = path.with_name(f"{path.name}.part")
        self._is_number = [field.type in ("integer", "number") for field in fields]

    def open(self) -> None:
        """Begin a new workbook. It has a temporary name until :meth:`close` moves it to its place."""
        self._rows = 0
        self._held: list[Sequence[str]] = []
        self._book: Any = None

    def write(self, cells: Sequence[str]) -> None:
        """Add a row, given as the texts of its cells in the CSV.

        Rows after the first 20,000 are left out; the sheet that explains the columns then says how many rows there are.
        """
        self._rows += 1
        if self._rows > ROWS_MAX:
            return
        if self._book is None:
            self._held.append(cells)
            if len(self._held) > _HELD:
                self._begin(is_long=True)
        else:
            self._put(self._rows, cells)

    def close(self, *, is_kept: bool) -> None:
        """Finish the workbook.

        ``is_kept``: True moves it to its place; False deletes it, because writing the rows has failed.
        """
        if self._book is None:
            self._begin(is_long=False)
        shown = min(self._rows, ROWS_MAX)
        self._sheet.autofilter(0, 0, shown, len(self.fields) - 1)
        self._describe(shown)
        self._book.close()
        if is_kept:
            self._part.replace(self.path)
        else:
            self._part.unlink(missing_ok=True)

    def _begin(self, *, is_long: bool) -> None:
        from xlsxwriter import Workbook as Book

        never = {"strings_to_formulas": False, "strings_to_urls": False, "strings_to_numbers": False}
        self._book = Book(str(self._part), {"constant_memory": is_long, "in_memory": not is_long, **never})
        self._book.set_properties({"created": _CREATED, "author": "Winnow"})
        self._sheet: Any = self._book.add_worksheet(self.path.stem[:31])
        bold = self._book.add_format({"bold": True, "bg_color": "#E8EEF2", "bottom": 1})
        for number, field in enumerate(self.fields):
            width = field.width or max(_WIDTHS.get(field.type, 18), min(len(field.name) + 2, 24))
            self._sheet.set_column(number, number, width)
            self._sheet.write_string(0, number, field.name, bold)
        self._sheet.freeze_panes(1, 0)
        for number, cells in enumerate(self._held, 1):
            self._put(number, cells)
        self._held = []

    def _put(self, row: int, cells: Sequence[str]) -> None:
        for number, cell in enumerate(cells):
            if not cell:
                continue
            if self._is_number[number]:
                self._sheet.write_number(row, number, float(cell))
            else:
                self._sheet.write_string(row, number, cell)

    def _describe(self, shown: int) -> None:
        about = self._book.add_worksheet("about")
        about.set_column(0, 0, 24)
        about.set_column(1, 1, 100)
        whole = "all rows" if shown == self._rows else f"the first {shown:,} of {self._rows:,} rows: the CSV has all"
        about.write_string(0, 0, f"This sheet holds {whole}.")
        for number, field in enumerate(self.fields, 2):
            about.write_string(number, 0, field.name)
            about.write_string(number, 1, field.description)
