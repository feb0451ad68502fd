"""Stream the rows of a table that is read for its content, such as an inventory: text or spreadsheet."""

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
    """The rows of a table one after the other, each with the line of the file on which it starts (from 1).

    The rows can be read only once.
    """

    header: list[str]
    header_line: int
    source: Iterable[tuple[int, list[str]]]
    """All rows below the header: pairs of line and cells."""
    max_rows: int
    """Largest number of rows to return."""
    count: int = field(default=0, init=False)
    """Number of rows returned so far."""
    is_sample: bool = field(default=False, init=False)
    """True if the table has more than ``max_rows`` rows, or a cell that is too long to read on; known only after the
    last row was returned."""
    last_width: int = field(default=0, init=False)
    """Number of cells in the row returned last."""

    @property
    def rows(self) -> Iterator[tuple[int, list[str]]]:
        """Yield at most the first ``max_rows`` rows, each with its line. End early at a cell that is far too long."""
        try:
            for row in self.source:
                if self.count >= self.max_rows:
                    self.is_sample = True
                    return
                self.count += 1
                self.last_width = len(row[1])
                yield row
        except csv.Error:
            # A cell that is far too long.
            self.is_sample = True


def rows_of_text(path: Path, declared_charset: str | None, max_rows: int) -> RowStream | None:
    """Return the rows of a delimited text, or None if the file is blank.

    ``declared_charset`` is the charset that the server named; None if none. At most ``max_rows`` rows are read. Raise
    UnreadableError if the header has more than 250,000 cells, or if something stands below 200 blank rows.
    """
    opened = open_text(path, declared_charset)
    return RowStream(opened.header, opened.header_line, records_below(path, opened), max_rows) if opened else None


def rows_of_spreadsheet(path: Path, max_rows: int) -> RowStream | None:
    """Return the rows of the main sheet of a spreadsheet, at most ``max_rows``; None if no sheet has a table.

    The main sheet is the first that is not small beside the largest (see
    :class:`~quality.tables.read.spreadsheets.WorkbookTables`).

    Raise UnreadableError, or an error of the library calamine, if the file cannot be read.
    """
    sheets = read_workbook(path, max_rows + 100).sheets
    if not sheets:
        return None
    one = sheets[0]
    return RowStream(one.header, one.header_line, zip(one.lines, one.rows, strict=True), max_rows)
