"""A table in the form in which it is judged: its first rows, the scan of all rows, and what is around it."""

from __future__ import annotations

from dataclasses import dataclass

from catalog.model import TableDefect
from quality.tables.read.header_lines import HeaderLines
from quality.tables.read.layout import TableSurroundings
from quality.tables.read.text_table import TextTable
from quality.tables.scan import Scan

__all__ = ["ScannedTable"]


@dataclass(frozen=True, slots=True)
class ScannedTable:
    """All that is known about a table before it is judged: its first rows, the scan of all rows, and its surroundings.

    ``defects`` are those that were found while the table was read.
    """

    table: TextTable
    scan: Scan
    around: TableSurroundings
    defects: list[TableDefect]
    header: HeaderLines
    has_lines: bool = True
    """True for lines of a file or rows of a sheet, with a header above them; false for records with named values."""
