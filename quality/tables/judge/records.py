"""Judge rows that have no lines: JSON records, Parquet rows, features of a layer. Defects give their
numbers instead.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from catalog.model import TableContext, TableDefect, TableReport
from quality.tables.judge.defects import defect
from quality.tables.judge.scanned_table import ScannedTable
from quality.tables.judge.verdict import judge
from quality.tables.judge.whole_file import join_notes
from quality.tables.limits import UnreadableError
from quality.tables.read.delimited_text import MISSING_BYTES, MOST_CELLS, MOST_COLUMNS
from quality.tables.read.header_lines import HeaderLines
from quality.tables.read.header_rows import HeaderRows
from quality.tables.read.json_records import RecordTable
from quality.tables.read.layout import TableSurroundings
from quality.tables.read.spreadsheets import csv_blocks
from quality.tables.read.text_table import TextTable
from quality.tables.scan import Scan, Scanner

__all__ = ["judge_records"]


def judge_records(base: TableReport, found: RecordTable, context: TableContext) -> TableReport:
    """Return the report on a table of records, such as objects in a JSON array, by the same rules as for CSV.

    ``found`` is the table. ``base`` is the report with what is already known about the file, ``context`` what the
    catalogue knows about it. In the result, numbers of records (from 1) take the place of line numbers. Raise
    UnreadableError if the records have more than 250,000 different keys.
    """
    if len(found.names) > MOST_CELLS:
        raise UnreadableError(f"its records have {len(found.names):,} keys")
    names = [name[:1_000] for name in found.names]
    table = TextTable(
        names, 0, found.rows[: context.max_rows], list(range(1, min(len(found.rows), context.max_rows) + 1))
    )
    heading = HeaderRows(names=tuple(names), lines=(0,), extra=(), kind="", confidence=1.0)
    lines = HeaderLines((0,), (), heading)
    own = [defect("number_as_text", count, at, name) for name, (count, at) in found.as_text.items()]
    base = replace(base, is_sample=base.is_sample or found.is_sample)
    report = judge(
        base,
        ScannedTable(table, _scan(names, found.rows), TableSurroundings([], []), own, lines, has_lines=False),
        context,
    )
    note = f"rows are numbers of {found.unit}" + (", of which the first were looked at" if found.is_sample else "")
    return replace(
        report,
        header_row=None,
        note=join_notes(base.note, note, report.note if report.note != base.note else None),
        defects=tuple(map(_numbered, report.defects)),
        profile=report.profile | {"table": found.name, "layout": report.profile["layout"] | {"header_rows": None}},
    )


def _numbered(one: TableDefect) -> TableDefect:
    """Return a defect without the line of a header, because records have none."""
    rows = tuple(row for row in one.rows if row)
    return replace(one, rows=rows, first_row=one.first_row or None)


def _scan(names: Sequence[str], rows: Sequence[Sequence[str]]) -> Scan:
    width = max(1, min(len(names), MOST_COLUMNS))
    scanner = Scanner(b",", b'"', None, width=width, skip=0, places=100, missing=MISSING_BYTES, expected=len(names))
    for block in csv_blocks(rows):
        scanner.feed(block)
    return scanner.finish()
