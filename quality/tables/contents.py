"""The rows of a table that is read for what it says, such as an inventory: text or spreadsheet."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from quality.tables.limits import Refused
from quality.tables.sheets import read_workbook
from quality.tables.structure import Table
from quality.tables.text import first_rows, open_text

__all__ = ["Content", "Refused", "read_spreadsheet", "read_text"]


@dataclass(frozen=True, slots=True)
class Content:
    """``table`` is None where there is no header: nothing but blanks. ``is_sample``: there are more rows."""

    table: Table | None
    is_sample: bool = False


def read_text(path: Path, declared_charset: str | None, is_truncated: bool, max_rows: int) -> Content:
    """The first ``max_rows`` rows of a delimited text."""
    opened = open_text(path, declared_charset, is_truncated)
    if opened is None:
        return Content(None)
    table, is_whole = first_rows(path, opened, max_rows, is_cut=is_truncated)
    return Content(table, not is_whole)


def read_spreadsheet(path: Path, max_rows: int) -> Content:
    """The first ``max_rows`` rows of the main sheet. Raises Refused, and calamine's own errors."""
    sheets = read_workbook(path, max_rows + 100).sheets
    if not sheets:
        return Content(None)
    return Content(sheets[0].table(max_rows), len(sheets[0].rows) > max_rows)
