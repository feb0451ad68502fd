"""Judge a spreadsheet: its main sheet in full, and the structure and types of the others."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

from catalog.model import TableContext, TableDefect, TableReport
from quality.tables.file_at_hand import FileAtHand
from quality.tables.judge.defects import column_defects, defect, header_defects
from quality.tables.judge.row_findings import repeated_rows
from quality.tables.judge.scanned_table import ScannedTable
from quality.tables.judge.stacked_tables import parted
from quality.tables.judge.verdict import judge
from quality.tables.judge.weighing import bounded, is_invalid
from quality.tables.judge.whole_file import join_notes, spoiled
from quality.tables.limits import UnreadableError
from quality.tables.read.header_cells import names_are_cells
from quality.tables.read.header_lines import header_lines_of
from quality.tables.read.spreadsheets import WorkbookTables, Worksheet, read_workbook, scan_sheet
from quality.tables.read.text_table import TextTable
from quality.tables.scan.profile import profile_of

__all__ = ["judge_spreadsheet"]

MOST_PARTED = 60_000
"""Number of rows of a sheet in which a second table is searched for."""
MOST_LOOKED_AT = 60
"""Number of rows of a sheet with which the header is compared."""


def judge_spreadsheet(file: FileAtHand, base: TableReport) -> TableReport:
    """Return the report on a spreadsheet: on its main sheet in full, and on structure and types of the others.

    ``base`` is the report with what is already known about the file. Other sheets are judged only if they are tables,
    and not forms, lists of choices or pages of text. A workbook without any table is reported as empty. Raise
    UnreadableError, or an error of the library calamine, if the file cannot be read.
    """
    if file.is_cut:
        raise UnreadableError("a spreadsheet that was downloaded in part cannot be read")
    if base.format == "XLS" and base.note:
        raise UnreadableError(f"{base.note}: too old for the reader used here")
    return _judge_workbook(base, read_workbook(file.path), file.context)


def _judge_workbook(base: TableReport, workbook: WorkbookTables, context: TableContext) -> TableReport:
    if not workbook.sheets:
        return spoiled(base, "empty_file", message="The workbook holds no table.")
    main, *others = workbook.sheets
    found = [*_of_sheet(main)]
    if workbook.errors:
        found.append(defect("spreadsheet_error", workbook.errors, workbook.error_rows))
    if base.format == "XLSM":
        found.append(defect("macros", 1))
    if workbook.hidden:
        found.append(defect("hidden_sheet", len(workbook.hidden)))
    notes = [base.note]
    if workbook.small:
        notes.append(f"{len(workbook.small)} sheet(s) without a table")
    base = replace(base, sheet=main.name, note=join_notes(*notes))
    table, scan, around, stacked = parted(main.table(MOST_PARTED), scan_sheet(main), main.around)
    table = TextTable(table.header, table.header_line, table.rows[: context.max_rows], table.lines[: context.max_rows])
    report = judge(base, ScannedTable(table, scan, around, [*found, *stacked], header_lines_of(main)), context)
    beside = (one for sheet in others if _is_plain_table(sheet) for one in _judged_beside(sheet))
    defects = [*report.defects, *beside]
    sheets = [
        {
            "name": one.name,
            "rows": len(one.rows),
            "columns": len(one.header),
            "header_row": one.header_line,
            "header_rows": len(one.heading.lines),
            "names": _names(one)[:200],
        }
        for one in workbook.sheets
    ]
    return replace(
        report,
        status="invalid" if is_invalid(defects, sum(len(sheet.rows) for sheet in workbook.sheets)) else report.status,
        defects=tuple(bounded(defects)),
        profile={**report.profile, "sheets": sheets},
    )


def _names(sheet: Worksheet) -> list[str]:
    """Return the column names of a sheet in a form that may be shown."""
    is_nameless = names_are_cells(sheet.header, sheet.rows[:MOST_LOOKED_AT])
    return TextTable(sheet.header, sheet.header_line, [], [], is_nameless).names


def _of_sheet(sheet: Worksheet) -> Iterator[TableDefect]:
    names = _names(sheet)
    for name, (count, lines), filled in zip(names, sheet.as_text, sheet.filled, strict=False):
        # Codes may be text; what is a number in most cells and text in some should not be.
        if count and (count < filled or count >= 5) and count > 0.5 * filled:
            yield defect("number_as_text", count, lines, name)
    if sheet.merged:
        yield defect("merged_cells", len(sheet.merged), sheet.merged)


def _is_plain_table(sheet: Worksheet) -> bool:
    """Return whether a sheet beside the main one is a table, and not a form, a list of choices or a page of text."""
    named = sum(bool(label.strip()) for label in sheet.header)
    return len(sheet.rows) >= 3 and named >= 2 and named >= 0.8 * len(sheet.header)


def _judged_beside(sheet: Worksheet) -> list[TableDefect]:
    """Return the defects in structure and types of a sheet that is not the main one; fields are named
    ``sheet!column``.
    """
    names = _names(sheet)
    scan = scan_sheet(sheet)
    profile = profile_of(names[: len(scan["columns"])], scan, sheet.around.totals)
    defects = [*_of_sheet(sheet), *header_defects(sheet.header, names, header_lines_of(sheet))]
    table = sheet.table(len(sheet.rows))
    defects += [*repeated_rows(profile, table, sheet.around.totals), *column_defects(profile)]
    beside = (one for one in defects if one.rule != "multi_row_header")
    return [replace(one, field=f"{sheet.name}!{one.field or ''}".rstrip("!")) for one in beside]
