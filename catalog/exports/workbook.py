"""The Excel twin of a CSV: a real workbook whose cells are texts and numbers, never formulas or links."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from catalog.exports.columns import Field

__all__ = ["ROWS_MAX", "Workbook"]

ROWS_MAX = 50_000
"""Rows of a workbook: with more of them few machines open it. The CSV beside it has all, and the workbook says so."""
_WIDTHS = {"integer": 10, "number": 12, "date": 12, "datetime": 22}
_LONG = {"how_to_fix": 60, "observed": 40, "rule_title": 40, "dataset_title": 40, "title": 40, "sql": 80, "note": 40}
_CREATED = datetime(2000, 1, 1, tzinfo=UTC).replace(tzinfo=None)
"""A workbook holds when it was made; the same content must give the same bytes."""


class Workbook:
    """One sheet, with a header that stays in sight; opened, written row by row, and closed."""

    def __init__(self, path: Path, fields: tuple[Field, ...]) -> None:
        self.path, self.fields = path, fields
        self._is_number = [field.type in ("integer", "number") for field in fields]

    def open(self) -> None:
        """Begin the file, beside its place."""
        from xlsxwriter import Workbook as Book

        self._part = self.path.with_name(f"{self.path.name}.part")
        never = {"strings_to_formulas": False, "strings_to_urls": False, "strings_to_numbers": False}
        self._book: Any = Book(str(self._part), {"constant_memory": True, **never})
        self._book.set_properties({"created": _CREATED, "author": "Winnow"})
        self._sheet: Any = self._book.add_worksheet(self.path.stem[:31])
        bold = self._book.add_format({"bold": True, "bg_color": "#E8EEF2", "bottom": 1})
        for number, field in enumerate(self.fields):
            width = _LONG.get(field.name) or max(_WIDTHS.get(field.type, 18), min(len(field.name) + 2, 24))
            self._sheet.set_column(number, number, width)
            self._sheet.write_string(0, number, field.name, bold)
        self._sheet.freeze_panes(1, 0)
        self._rows = 0

    def write(self, cells: Sequence[str]) -> None:
        """Add a row of cells as they stand in the CSV."""
        self._rows += 1
        if self._rows > ROWS_MAX:
            return
        for number, cell in enumerate(cells):
            if not cell:
                continue
            if self._is_number[number]:
                self._sheet.write_number(self._rows, number, float(cell))
            else:
                self._sheet.write_string(self._rows, number, cell)

    def close(self, *, is_kept: bool) -> None:
        """End the file and put it in its place, or throw it away."""
        shown = min(self._rows, ROWS_MAX)
        self._sheet.autofilter(0, 0, shown, len(self.fields) - 1)
        about = self._book.add_worksheet("about")
        about.set_column(0, 0, 24)
        about.set_column(1, 1, 100)
        whole = "all rows" if shown == self._rows else f"the first {shown:,} of {self._rows:,} rows: the CSV has all"
        about.write_string(0, 0, f"This sheet holds {whole}.")
        for number, field in enumerate(self.fields, 2):
            about.write_string(number, 0, field.name)
            about.write_string(number, 1, field.description)
        self._book.close()
        if is_kept:
            self._part.replace(self.path)
        else:
            self._part.unlink(missing_ok=True)
