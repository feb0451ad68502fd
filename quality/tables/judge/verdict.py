"""Judge one table that was read and scanned: its defects, its profile, and the report.

Reads no file, except the schema that is declared for the table and the tables that the schema refers to.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from catalog.model import TableContext, TableDefect, TableReport
from quality.tables.declared.references import referenced_tables
from quality.tables.declared.validation import read_schema, validate
from quality.tables.expect.check import check_table
from quality.tables.expect.sampling import is_sampled
from quality.tables.judge.code_outliers import code_outliers
from quality.tables.judge.cross_check import contradicted
from quality.tables.judge.defects import column_defects, defect, header_defects
from quality.tables.judge.drift import drift
from quality.tables.judge.frictionless_report import report_of
from quality.tables.judge.notes import HXL, header_note, layout_facts, missing_signs_note
from quality.tables.judge.row_findings import (
    begins_with_row_numbers,
    ends_in_delimiter,
    repeated_rows,
    surroundings_defects,
    total_lines,
    without_headings,
)
from quality.tables.judge.scanned_table import ScannedTable
from quality.tables.judge.unusual_layout import beside, unusual_layout
from quality.tables.judge.value_outliers import value_outliers
from quality.tables.judge.weighing import bounded, is_invalid, weighed
from quality.tables.judge.whole_file import join_notes
from quality.tables.personal.detect import find_personal
from quality.tables.read.header_cells import names_are_cells
from quality.tables.read.text_table import TextTable
from quality.tables.scan.profile import TableProfile, profile_of

__all__ = ["judge"]

UNDERSTOOD = 0.4
"""Confidence in the layout (0..1) below which the cells are not judged."""
PLAIN_RULES = frozenset(
    {"preamble", "footer", "several_tables", "merged_cells", "hidden_sheet", "encoding_error", "nul_byte", "mojibake"}
    | {"cr_line_ends", "mixed_line_ends", "multi_row_header", "whole_line_quoted", "spreadsheet_error", "macros"}
)
"""Rules that hold for a file however its table is laid out."""
_OF_LAYOUT = frozenset({"preamble", "footer", "several_tables"})
"""Those of them that assume a table of rows below a header."""
OF_LINES = frozenset(
    {"no_header", "preamble", "footer", "multi_row_header", "repeated_header", "several_tables", "row_numbers"}
)
"""Rules about lines above and below the rows of a table, which records do not have."""


def judge(base: TableReport, found: ScannedTable, context: TableContext) -> TableReport:
    """Judge one table: return the report on it, with its defects, its profile and the results of all expectations.

    ``found`` is the table as it was read and scanned. ``base`` is the report with what is already known about the file,
    ``context`` what the catalogue knows about it.

    If the layout of the table is not understood, the report has the defect ``layout_not_understood`` and otherwise only
    defects that hold whatever the layout is. It has none by the declared schema, by expectations or by comparison with
    the previous version, because each of them takes a line for the header. The numbers of expectations met and checked,
    and the report on the schema, are in the result even then.
    """
    table = found.table
    seen = unusual_layout(table.header, table.rows, base.delimiter)
    is_understood = seen is None and not _is_confused(found)
    if names_are_cells(table.header, table.rows) or not is_understood:
        table = replace(table, is_nameless=True)
    names = table.names
    width = len(found.scan["columns"])
    own = list(found.defects)
    if len(names) > width:
        own.append(defect("too_many_columns", 1, [table.header_line]))
        # More columns than any program shows: they are counted but not inspected.
        rows = [row[:width] for row in table.rows]
        table = TextTable(table.header[:width], table.header_line, rows, table.lines, table.is_nameless)
    totals = total_lines(found)
    profile = profile_of(names[:width], found.scan, totals)
    defects = [*own, *_defects(found, table, names, profile, totals, context)]
    if not found.has_lines:
        defects = [one for one in defects if one.rule not in OF_LINES]
    if not is_understood:
        plain = PLAIN_RULES - _OF_LAYOUT if seen else PLAIN_RULES
        what = f"We did not understand how the table is laid out: {seen}." if seen else None
        defects = [one for one in defects if one.rule in plain] + [defect("layout_not_understood", 1, message=what)]
    report = report_of(profile, names[:width] if table.is_nameless else table.header, table.header_line)
    licence, has_schema = None, False
    if context.schema_path and (schema := read_schema(context.schema_path, context.file_name)):
        is_whole = len(table.rows) == profile.rows
        declared = validate(table, schema, is_whole=is_whole, referenced=referenced_tables(schema, context.siblings))
        defects += weighed(declared.defects) if is_understood else []
        report, licence, has_schema = declared.report or report, schema.licence, bool(declared.report)
    kinds = [column.kind for column in profile.columns]
    chosen = context.is_sampled or is_sampled(context.sha256)
    verdict = check_table(table, kinds, profile.rows, title=context.title, today=context.today, is_sampled=chosen)
    known = {one.rule for one in defects}
    if table.is_nameless:
        known.add("untidy_column_name")  # what stands there is no name
    said = [one for one in verdict.defects if one.rule not in known and not contradicted(one, profile, found.header)]
    defects += weighed(said) if is_understood else []
    kept = profile.to_dict(is_sample=base.is_sample)
    kept |= {"has_schema": has_schema, "layout": layout_facts(found.header)}
    if not is_understood:
        kept["is_understood"] = False
    elif context.previous and context.previous.get("is_understood", True):
        defects += weighed(replace(one, source="drift") for one in drift(context.previous, kept))
    if verdict.differing:
        report |= {"differing": list(verdict.differing)}
    hxl = HXL if found.header.heading.kind == "hxl" else None
    return replace(
        base,
        status="invalid" if is_invalid(defects, profile.rows) else "valid",
        note=join_notes(base.note, hxl, header_note(found.header), missing_signs_note(profile)),
        header_row=table.header_line,
        row_count=profile.rows,
        column_count=len(names),
        columns=tuple(names),
        defects=tuple(bounded(defects)),
        expectations_passed=verdict.passed if is_understood else None,
        expectations_total=verdict.total if is_understood else None,
        report=report | {"expectations": list(verdict.results) if is_understood else []},
        profile=kept | ({"licence": licence} if licence else {}),
        kind=verdict.kind,
    )


def _is_confused(found: ScannedTable) -> bool:
    """Return whether the rows below the header contradict each other, or the names do not cover the columns."""
    return found.header.heading.confidence < UNDERSTOOD and len(found.table.rows) > 3


def _defects(
    found: ScannedTable,
    table: TextTable,
    names: Sequence[str],
    profile: TableProfile,
    totals: Sequence[int],
    context: TableContext,
) -> list[TableDefect]:
    """Return what the table itself shows, whatever is declared or expected: around it, in its header, rows and cells.

    ``table`` is that of ``found`` without the excess columns.
    """
    defects = list(surroundings_defects(found, totals))
    if is_parted := beside(table.header, table.rows) is not None:
        defects.append(defect("several_tables", 1, [table.header_line], message="Two tables stand side by side."))
    if not is_parted and not any(one.rule == "no_header" for one in (*found.defects, *defects)):
        # Without a header, repeated or blank names are only a consequence.
        defects += header_defects(table.header, names, found.header)
    if begins_with_row_numbers(table.header, profile):
        defects = [one for one in defects if one.rule != "blank_column_name"] + [defect("row_numbers", 1)]
    defects += repeated_rows(profile, table, totals)
    if ends_in_delimiter(found.header, profile):
        defects = [one for one in defects if one.rule != "missing_cell"]
    defects += without_headings(column_defects(profile), table)
    defects += [*code_outliers(table, profile), *value_outliers(table, profile)]
    first_line = table.lines[0] if table.lines else max((table.header_line, *found.header.extra)) + 1
    return [*defects, *find_personal(profile.columns, first_line, context.today)]
