"""Judge a delimited text: open it, scan all of it, and write the report."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

from catalog.model import TableReport
from quality.tables.declared.references import MOST_DECLARED_ROWS
from quality.tables.file_at_hand import FileAtHand
from quality.tables.judge.defects import defect
from quality.tables.judge.scanned_table import ScannedTable
from quality.tables.judge.stacked_tables import parted, rows_for_second_table
from quality.tables.judge.verdict import judge
from quality.tables.judge.whole_file import encoding_defects, spoiled
from quality.tables.read.delimited_text import first_rows, head_of, open_text, scan_text
from quality.tables.read.encoding import Encoding
from quality.tables.read.header_lines import header_lines_of
from quality.tables.read.quoted_lines import is_quoted_by_lines, without_quotes
from quality.tables.read.sniff import MEDIA_TYPES
from quality.tables.read.text_table import TextTable

__all__ = ["judge_text"]


def judge_text(file: FileAtHand, base: TableReport) -> TableReport:
    """Return the report on a delimited text. ``base`` is the report with what is already known about the file.

    ``base`` is returned unchanged for a plain text whose lines have no columns, unless it is declared as CSV or TSV. A
    text is reported as empty if it is blank. Raise UnreadableError if the text cannot be read.
    """
    return _judged(file, file.path, base, is_unquoted=False)


def _judged(file: FileAtHand, path: Path, base: TableReport, *, is_unquoted: bool) -> TableReport:
    opened = open_text(path, file.charset, file.is_cut)
    if opened is None:
        return spoiled(base, "empty_file")
    if not is_unquoted and is_quoted_by_lines(head_of(path, opened.encoding, file.is_cut)):
        return _unquoted(file, base, opened.encoding)
    delimiter = opened.dialect.delimiter
    if delimiter is None and base.format == "TXT" and not file.promised & {"CSV", "TSV"}:
        return base
    format_id = "TSV" if delimiter == "\t" else "CSV"
    base = replace(
        base,
        format=format_id,
        media_type=MEDIA_TYPES[format_id],
        encoding=opened.encoding.name,
        encoding_confidence=opened.encoding.confidence,
        delimiter=delimiter,
    )
    scan, around = scan_text(path, opened, is_cut=file.is_cut)
    most = MOST_DECLARED_ROWS if file.context.schema_path else file.context.max_rows
    table, _ = first_rows(path, opened, most, is_cut=file.is_cut)
    own = encoding_defects(opened.encoding)
    if around.note_rows and len(table.rows) > scan["rows"]:
        # Notes below the table are not rows.
        table = TextTable(table.header, table.header_line, table.rows[: scan["rows"]], table.lines[: scan["rows"]])
    longer = rows_for_second_table(path, opened, table, scan, is_cut=file.is_cut)
    longer, scan, around, stacked = parted(longer, scan, around)
    table = TextTable(table.header, table.header_line, longer.rows[:most], longer.lines[:most])
    return judge(base, ScannedTable(table, scan, around, [*own, *stacked], header_lines_of(opened)), file.context)


def _unquoted(file: FileAtHand, base: TableReport, encoding: Encoding) -> TableReport:
    """Return the report on a table whose lines are each quoted as a whole, including that fault."""
    with without_quotes(file.path, encoding) as plain:
        if plain is None:
            return _judged(file, file.path, base, is_unquoted=True)
        report = _judged(file, plain, base, is_unquoted=True)
    told = replace(defect("whole_line_quoted", report.row_count or 1), source="scan")
    return replace(
        report,
        encoding=encoding.name,
        encoding_confidence=encoding.confidence,
        defects=(told, *encoding_defects(encoding), *report.defects),
    )
