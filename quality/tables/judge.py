"""One table, read whole: its defects, its profile, and the report on it."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path, PurePosixPath
from typing import Any

from catalog.model import TableContext, TableDefect, TableReport
from quality.tables.arrangement import beside, odd_layout
from quality.tables.declared import DeclaredSchema, Referenced, read_schema, validate
from quality.tables.defects import column_defects, defect, header_defects, row_defects
from quality.tables.drift import drift
from quality.tables.encoding import Encoding
from quality.tables.expectations import check_table
from quality.tables.heading import HeaderLines, heading_of
from quality.tables.layout import TableSurroundings, has_no_header, is_total
from quality.tables.odd_codes import odd_codes
from quality.tables.odd_values import odd_values
from quality.tables.personal import find_personal
from quality.tables.profile import Profile, profile_of
from quality.tables.report import report_of
from quality.tables.rules import severity_of
from quality.tables.scanning import Scan
from quality.tables.second_thoughts import contradicted
from quality.tables.sections import repeated_in_earnest
from quality.tables.shapes import names_are_cells, shape
from quality.tables.sheets import Sheet, Workbook, scan_sheet
from quality.tables.stacked import parted
from quality.tables.structure import Table
from quality.tables.sums import has_amounts, named_totals, sub_totals, sum_row, summed, written
from quality.tables.text import first_rows, open_text

__all__ = ["ScannedTable", "encoding_defects", "judge", "judge_workbook", "spoiled"]

HXL = "the row below the header holds HXL hashtags (hxlstandard.org) and was skipped"
MOST_DECLARED_ROWS = 20_000
"""Rows that are held against a declared schema: frictionless takes 1.5 microseconds a cell, and they are in memory."""
MOST_OF_A_RULE = 100
MOST_PARTED = 60_000
"""Rows of a sheet in which a second table is looked for."""
MOST_LOOKED_AT = 60
"""Rows of a sheet by which its header is told from them."""
FAILING_RATE = 1.0
"""Defects per 1,000 rows from which on a table is invalid: one bad cell in a million does not fail a file."""


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


OF_LINES = frozenset(
    {"no_header", "preamble", "footer", "multi_row_header", "repeated_header", "several_tables", "row_numbers"}
)
"""Rules about lines above and below the rows of a table."""


def joined(*notes: str | None) -> str | None:
    return "; ".join(filter(None, notes)) or None


def spoiled(base: TableReport, rule: str, line: int | None = None, message: str | None = None) -> TableReport:
    """A report on a file that is spoiled as a whole."""
    found = replace(defect(rule, 1, [line] if line else [], message=message), source="sniff")
    return replace(base, status="invalid", defects=(*base.defects, found))


def encoding_defects(encoding: Encoding) -> Iterator[TableDefect]:
    """Bytes that are not what the encoding allows, and NUL characters."""
    if encoding.bad_bytes:
        lines = [encoding.first_bad_line] if encoding.first_bad_line else []
        message = f"Some characters of the file cannot be read as {encoding.name}."
        yield defect("encoding_error", encoding.bad_bytes, lines, message=message)
    if encoding.nuls:
        yield defect("nul_byte", encoding.nuls)


def judge(base: TableReport, found: ScannedTable, context: TableContext) -> TableReport:
    """The report on a table."""
    table = found.table
    seen = odd_layout(table.header, table.rows, base.delimiter)
    is_understood = seen is None and not not_understood(found)
    if names_are_cells(table.header, table.rows) or not is_understood:
        table = replace(table, is_nameless=True)
    names = table.names
    width = len(found.scan["columns"])
    if len(names) > width:
        found.defects.append(defect("too_many_columns", 1, [table.header_line]))
        # Beyond what any program shows: counted, and not looked into.
        rows = [row[:width] for row in table.rows]
        table = Table(table.header[:width], table.header_line, rows, table.lines, table.is_nameless)
    totals = _totals(found)
    profile = profile_of(names[:width], found.scan, totals)
    defects = [*found.defects, *_around(found, totals)]
    if is_parted := beside(table.header, table.rows) is not None:
        defects.append(defect("several_tables", 1, [table.header_line], message="Two tables stand side by side."))
    if not is_parted and not any(one.rule == "no_header" for one in defects):
        # Where there is none, names that come twice or are blank follow from that.
        defects += header_defects(table.header, names, found.header)
    if _begins_with_row_numbers(table.header, profile):
        defects = [one for one in defects if one.rule != "blank_column_name"] + [defect("row_numbers", 1)]
    defects += [*_repeated(profile, table, totals), *column_defects(profile)]
    defects += [*odd_codes(table, profile), *odd_values(table, profile)]
    first_line = table.lines[0] if table.lines else max((table.header_line, *found.header.extra)) + 1
    defects += find_personal(profile.columns, first_line, context.today)
    if not found.has_lines:
        defects = [one for one in defects if one.rule not in OF_LINES]
    if not is_understood:
        plain = PLAIN_RULES - _OF_LAYOUT if seen else PLAIN_RULES
        what = f"We did not understand how the table is laid out: {seen}." if seen else None
        defects = [one for one in defects if one.rule in plain] + [defect("layout_not_understood", 1, message=what)]
    kinds = [column.kind for column in profile.columns]
    report = report_of(profile, names[:width] if table.is_nameless else table.header, table.header_line)
    licence, has_schema = None, False
    if context.schema_path and (schema := read_schema(context.schema_path, context.file_name)):
        is_whole = len(table.rows) == profile.rows
        declared = validate(table, schema, is_whole=is_whole, referenced=_referenced(schema, context.siblings))
        defects += _weighed(declared.defects)
        report, licence, has_schema = declared.report or report, schema.licence, bool(declared.report)
    verdict = check_table(table, kinds, profile.rows, title=context.title, today=context.today)
    known = {one.rule for one in defects}
    said = [one for one in verdict.defects if one.rule not in known and not contradicted(one, profile, found.header)]
    defects += _weighed(said) if is_understood else []
    kept = profile.to_dict(is_sample=context.is_truncated) | {"has_schema": has_schema, "layout": _layout(found.header)}
    if context.previous:
        defects += _weighed(replace(one, source="drift") for one in drift(context.previous, kept))
    return replace(
        base,
        status="invalid" if _fails(defects, profile.rows) else "valid",
        note=joined(
            base.note, HXL if found.header.heading.kind == "hxl" else None, _rows(found.header), _signs(profile)
        ),
        header_row=table.header_line,
        row_count=profile.rows,
        column_count=len(names),
        columns=tuple(names),
        defects=tuple(_bounded(defects)),
        expectations_passed=verdict.passed,
        expectations_total=verdict.total,
        report=report | {"expectations": list(verdict.results)},
        profile=kept | ({"licence": licence} if licence else {}),
        kind=verdict.kind,
    )


def _rows(header: HeaderLines) -> str | None:
    """That the header takes several rows: no fault, and worth a word."""
    count = len(header.lines)
    return f"header in {count} rows: a tidy copy with one would be easier to use" if count > 1 else None


UNDERSTOOD = 0.4
"""Confidence in the layout below which the cells are not judged."""
PLAIN_RULES = frozenset(
    {"preamble", "footer", "several_tables", "merged_cells", "hidden_sheet", "encoding_error", "nul_byte", "mojibake"}
    | {"cr_line_ends", "mixed_line_ends", "multi_row_header", "whole_line_quoted", "spreadsheet_error", "macros"}
)
"""What is true of a file however its table is laid out."""
_OF_LAYOUT = frozenset({"preamble", "footer", "several_tables"})
"""Those that take it for a table of rows below a header."""


def not_understood(found: ScannedTable) -> bool:
    """Whether the rows below the header do not agree with one another, or the names do not cover the columns."""
    return found.header.heading.confidence < UNDERSTOOD and len(found.table.rows) > 3


_REPEATED = 3
_SHORT = 5
"""Characters of a sign that is shown even if it stands once."""


def _signs(profile: Profile) -> str | None:
    """The signs for no value that stand where numbers or days should, each once: they are no faults."""
    counts: Counter[str] = Counter()
    for column in profile.columns:
        for text, count in column.judged.no_values:
            counts[text[:20]] += count
    if not counts:
        return None
    # Signs are the one exception from showing no cell; a longer one that stands once or twice may be a remark.
    shown = [
        (text if count >= _REPEATED or len(text) <= _SHORT else shape(text), count) for text, count in counts.items()
    ]
    listed = ", ".join(f"{text} ({count})" for text, count in Counter(dict(shown)).most_common(8))
    return f"signs taken for no value: {listed}; say in the data dictionary what they mean (CSVW: null)"


def _layout(header: HeaderLines) -> dict[str, Any]:
    """How the table is laid out, as it is kept."""
    return {
        "header_rows": len(header.lines),
        "header_lines": list(header.lines),
        "extra_lines": list(header.extra),
        "extra_kind": header.heading.kind or None,
        "confidence": header.heading.confidence,
    }


def _referenced(schema: DeclaredSchema, siblings: Mapping[str, Path]) -> dict[str, Referenced]:
    """The tables that foreign keys refer to, where they are text and at hand."""
    found = {}
    wanted = {str(key["reference"]["resource"]) for key in schema.foreign_keys}
    for name in wanted & set(schema.resources):
        path = siblings.get(PurePosixPath(schema.resources[name]).name)
        opened = open_text(path) if path is not None and path.is_file() else None
        if path is not None and opened is not None:
            found[name] = Referenced(*first_rows(path, opened, MOST_DECLARED_ROWS))
    return found


def _begins_with_row_numbers(header: Sequence[str], profile: Profile) -> bool:
    """Whether the one column without a name counts the rows, as R and pandas write it unless they are told not to."""
    if [place for place, label in enumerate(header) if not label.strip()] != [0] or not profile.columns:
        return False
    scanned = profile.columns[0].scanned
    low, high = scanned["low"][0], scanned["high"][0]
    return scanned["is_rising"] and low in (0.0, 1.0) and high - low == profile.rows - 1


def _bounded(defects: Iterable[TableDefect]) -> Iterator[TableDefect]:
    """At most a hundred columns for each rule; those beyond are counted together, without a name."""
    by_rule: dict[str, list[TableDefect]] = {}
    for one in defects:
        by_rule.setdefault(one.rule, []).append(one)
    for found in by_rule.values():
        yield from found[:MOST_OF_A_RULE]
        if beyond := found[MOST_OF_A_RULE:]:
            yield replace(beyond[0], field=None, count=sum(one.count for one in beyond), rows=(), first_row=None)


def _weighed(defects: Iterable[TableDefect]) -> list[TableDefect]:
    return [replace(one, severity=severity_of(one.rule)) for one in defects]


def _fails(defects: Iterable[TableDefect], rows: int) -> bool:
    return any(one.severity == "error" and 1000 * one.count >= FAILING_RATE * rows for one in defects)


def _around(found: ScannedTable, totals: Sequence[int]) -> Iterator[TableDefect]:
    """What stands above, below and beside the table."""
    table = found.table
    around = found.around
    if above := [line for line in around.above if line not in found.header.again]:
        yield defect("preamble", len(above), above)
    for line in found.header.again:
        # The second of them, and the blank rows between, are what a program reads as data.
        yield defect("repeated_header", 1, [found.header.lines[0]])
        yield defect("blank_row", found.header.lines[0] - line - 1, list(range(line + 1, found.header.lines[0])))
    if around.notes:
        yield defect("footer", around.notes, [around.note_line])
    if has_no_header(table.header, table.rows[:50]):
        yield defect("no_header", 1, [table.header_line])
    if totals and len(table.rows) > 2:
        yield defect("totals_row", len(totals), totals)


def _totals(found: ScannedTable) -> list[int]:
    """Lines of totals: those that say so, unless they are many, and the last where it adds up the others."""
    if not has_amounts(found.scan):
        return []  # a list of codes, one of which may stand for all
    rows = list(zip(found.table.lines, found.table.rows, strict=True))
    columns = written(found.scan)
    within = set(named_totals([line for line, cells in rows if is_total(cells)], rows, columns))
    if len(rows) == found.scan["rows"] and (last := sum_row(rows, summed(found.scan))) is not None:
        within.add(last)
    named = within if len(within) <= max(1, 0.2 * len(rows)) else ()
    return sorted({*found.around.totals, *named, *sub_totals(rows, columns)})


def _repeated(profile: Profile, table: Table, totals: Sequence[int]) -> Iterator[TableDefect]:
    """What is wrong with the rows, without those that come again by right."""
    for one in row_defects(profile):
        count, lines = profile.scan["duplicate_rows"]
        if one.rule == "duplicate_row" and count == len(lines):
            kept = repeated_in_earnest(lines, list(zip(table.lines, table.rows, strict=True)), totals)
            if kept:
                yield defect("duplicate_row", len(kept), kept)
        else:
            yield one


def judge_workbook(base: TableReport, workbook: Workbook, context: TableContext) -> TableReport:
    """The report on the main sheet, with what is wrong with the others."""
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
    base = replace(base, sheet=main.name, note=joined(*notes))
    table, scan, around, stacked = parted(main.table(MOST_PARTED), scan_sheet(main), main.around)
    table = Table(table.header, table.header_line, table.rows[: context.max_rows], table.lines[: context.max_rows])
    report = judge(base, ScannedTable(table, scan, around, [*found, *stacked], heading_of(main)), context)
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
        status="invalid" if _fails(defects, sum(len(sheet.rows) for sheet in workbook.sheets)) else report.status,
        defects=tuple(_bounded(defects)),
        profile={**report.profile, "sheets": sheets},
    )


def _names(sheet: Sheet) -> list[str]:
    """The names of the columns of a sheet, as they may be shown."""
    is_nameless = names_are_cells(sheet.header, sheet.rows[:MOST_LOOKED_AT])
    return Table(sheet.header, sheet.header_line, [], [], is_nameless).names


def _of_sheet(sheet: Sheet) -> Iterator[TableDefect]:
    names = _names(sheet)
    for name, (count, lines), filled in zip(names, sheet.as_text, sheet.filled, strict=False):
        # Codes are text by right; what is a number in most cells and text in some is not.
        if count and (count < filled or count >= 5) and count > 0.5 * filled:
            yield defect("number_as_text", count, lines, name)
    if sheet.merged:
        yield defect("merged_cells", len(sheet.merged), sheet.merged)


def _is_plain_table(sheet: Sheet) -> bool:
    """Whether a sheet beside the main one is a table at all, and not a form, a list of choices or a page of text."""
    named = sum(bool(label.strip()) for label in sheet.header)
    return len(sheet.rows) >= 3 and named >= 2 and named >= 0.8 * len(sheet.header)


def _judged_beside(sheet: Sheet) -> list[TableDefect]:
    """Structure and types of a sheet that is not the main one; fields are named ``sheet!column``."""
    names = _names(sheet)
    scan = scan_sheet(sheet)
    profile = profile_of(names[: len(scan["columns"])], scan, sheet.around.totals)
    defects = [*_of_sheet(sheet), *header_defects(sheet.header, names, heading_of(sheet))]
    table = sheet.table(len(sheet.rows))
    defects += [*_repeated(profile, table, sheet.around.totals), *column_defects(profile)]
    beside = (one for one in defects if one.rule != "multi_row_header")
    return [replace(one, field=f"{sheet.name}!{one.field or ''}".rstrip("!")) for one in beside]
