"""The rows of a table that is read for what it says, such as an inventory: text or spreadsheet."""

from __future__ import annotations

import csv
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from pathlib import Path

from quality.tables.limits import UnreadableError
from quality.tables.read.delimited_text import open_text, records_below
from quality.tables.read.spreadsheets import read_workbook

__all__ = ["UnreadableError", "RowStream", "rows_of_spreadsheet", "rows_of_text"]


@dataclass(slots=True)
class RowStream:
    """A table, row by row: each with the line (1-based) of the file it starts on. To be gone through once."""

    header: list[str]
    header_line: int
    source: Iterable[tuple[int, list[str]]]
    max_rows: int
    count: int = field(default=0, init=False)
    """Rows handed out so far."""
    is_sample: bool = field(default=False, init=False)
    """Whether there are more; known at the end."""
    last_width: int = field(default=0, init=False)
    """Cells of the row handed out last."""

    @property
    def rows(self) -> Iterator[tuple[int, list[str]]]:
        """The first ``max_rows`` rows."""
        try:
            for row in self.source:
                if self.count >= self.max_rows:
                    self.is_sample = True
                    return
                self.count += 1
                self.last_width = len(row[1])
                yield row
        except csv.Error:
            # A cell beyond all bounds.
            self.is_sample = True


def rows_of_text(path: Path, declared_charset: str | None, max_rows: int) -> RowStream | None:
    """The rows of a delimited text. None where there is no header: nothing but blanks."""
    opened = open_text(path, declared_charset)
    return RowStream(opened.header, opened.header_line, records_below(path, opened), max_rows) if opened else None


def rows_of_spreadsheet(path: Path, max_rows: int) -> RowStream | None:
    """The rows of the main sheet. Raises Refused, and calamine's own errors."""
    sheets = read_workbook(path, max_rows + 100).sheets
    if not sheets:
        return None
    one = sheets[0]
    return RowStream(one.header, one.header_line, zip(one.lines, one.rows, strict=True), max_rows)
