"""A table as the judge gets it: its first rows, what the pass over all rows found, and what stands around it."""

from __future__ import annotations

from dataclasses import dataclass

from catalog.model import TableDefect
from quality.tables.heading import HeaderLines
from quality.tables.layout import TableSurroundings
from quality.tables.scanning import Scan
from quality.tables.structure import Table

__all__ = ["ScannedTable"]


@dataclass(frozen=True, slots=True)
class ScannedTable:
    """A table: its first rows, the pass over all of it, and what stands around it."""

    table: Table
    scan: Scan
    around: TableSurroundings
    defects: list[TableDefect]
    header: HeaderLines
    has_lines: bool = True
    """Whether rows are lines of a file or rows of a sheet, with a header above them; records name their values."""
