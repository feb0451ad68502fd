"""The cells that a finding speaks of, read from the file anew: for the terminal of its owner, and kept nowhere."""

from __future__ import annotations

from pathlib import Path

from catalog.model import TableDefect, TableReport
from quality.tables.limits import Refused
from quality.tables.sheets import read_workbook
from quality.tables.structure import Table
from quality.tables.text import first_rows, open_text

__all__ = ["cells_of"]

_MOST_ROWS = 1_000_000


def cells_of(path: Path, report: TableReport, defect: TableDefect) -> list[tuple[int, str]]:
    """Line and text of each cell that ``defect`` names by column and line; empty where it names none."""
    if defect.field is None or not defect.rows:
        return []
    try:
        table = _table(path, report)
    except (Refused, OSError, ValueError):
        return []
    if table is None or defect.field not in table.names:
        return []
    place = table.names.index(defect.field)
    wanted = set(defect.rows)
    rows = zip(table.lines, table.rows, strict=True)
    return [(line, row[place]) for line, row in rows if line in wanted and place < len(row)]


def _table(path: Path, report: TableReport) -> Table | None:
    if report.sheet is not None:
        sheet = next((one for one in read_workbook(path).sheets if one.name == report.sheet), None)
        return sheet.table(_MOST_ROWS) if sheet else None
    opened = open_text(path)
    return first_rows(path, opened, _MOST_ROWS)[0] if opened else None
