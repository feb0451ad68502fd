"""Find defects of the rows of a table, and of the lines above and below them."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import replace

from catalog.model import TableDefect
from quality.tables.judge.defects import defect, row_defects
from quality.tables.judge.repeated_rows import unexplained_repeats
from quality.tables.judge.scanned_table import ScannedTable
from quality.tables.judge.totals import has_amounts, named_totals, sub_totals, sum_row, summed, written
from quality.tables.read.header_lines import HeaderLines
from quality.tables.read.layout import has_no_header, rows_of_totals
from quality.tables.read.text_table import TextTable
from quality.tables.scan.profile import TableProfile

__all__ = [
    "begins_with_row_numbers",
    "ends_in_delimiter",
    "repeated_rows",
    "surroundings_defects",
    "total_lines",
    "without_headings",
]


def surroundings_defects(found: ScannedTable, totals: Sequence[int]) -> Iterator[TableDefect]:
    """Yield the defects around a table: titles above it, notes below it, a repeated header, no header, rows with
    totals.

    ``found`` is the table, ``totals`` are the lines with totals; they are reported only if more than two rows were
    read. For a header that is repeated above the table, the blank rows in between are reported too.
    """
    table = found.table
    around = found.around
    if above := [line for line in around.above if line not in found.header.again]:
        yield defect("preamble", len(above), above)
    for line in found.header.again:
        # A program reads the repeated header, and the blank rows before it, as data.
        yield defect("repeated_header", 1, [found.header.lines[0]])
        yield defect("blank_row", found.header.lines[0] - line - 1, list(range(line + 1, found.header.lines[0])))
    if around.notes:
        yield defect("footer", around.notes, [around.note_line])
    if has_no_header(table.header, table.rows[:50]):
        yield defect("no_header", 1, [table.header_line])
    if totals and len(table.rows) > 2:
        yield defect("totals_row", len(totals), totals)


def total_lines(found: ScannedTable) -> list[int]:
    """Return the lines with totals: rows that are named so, rows that are the sum of others, and those in
    ``found.around.totals``.

    Rows that are named so, and the last row as the sum of all above, do not count if together they are several and
    more than a fifth of all rows. The result is empty if the table has no column of amounts.
    """
    if not has_amounts(found.scan):
        return []  # a list of codes, one of which may mean "all"
    rows = list(zip(found.table.lines, found.table.rows, strict=True))
    columns = written(found.scan)
    within = set(named_totals(rows_of_totals(rows), rows, columns))
    if len(rows) == found.scan["rows"] and (last := sum_row(rows, summed(found.scan))) is not None:
        within.add(last)
    named = within if len(within) <= max(1, 0.2 * len(rows)) else ()
    return sorted({*found.around.totals, *named, *sub_totals(rows, columns)})


def repeated_rows(profile: TableProfile, table: TextTable, totals: Sequence[int]) -> Iterator[TableDefect]:
    """Yield the defects of rows: those of :func:`.row_defects`, but without rows that are repeated for a good reason.

    A good reason is, for example, that they are totals. ``profile`` has the result of the scan, ``table`` the rows that
    can be examined, and ``totals`` the lines with totals. If the scan did not list the lines of all repeated rows,
    because they are too many, all of them count.
    """
    for one in row_defects(profile):
        count, lines = profile.scan["duplicate_rows"]
        if one.rule == "duplicate_row" and count == len(lines):
            kept = unexplained_repeats(lines, list(zip(table.lines, table.rows, strict=True)), totals)
            if kept:
                yield defect("duplicate_row", len(kept), kept)
        else:
            yield one


def begins_with_row_numbers(header: Sequence[str], profile: TableProfile) -> bool:
    """Return whether the first column has no name and numbers the rows from 0 or 1, as R and pandas write it by
    default.

    ``header`` contains the names of the columns as written, ``profile`` is that of all rows. No other column may be
    without a name.
    """
    if [place for place, label in enumerate(header) if not label.strip()] != [0] or not profile.columns:
        return False
    scanned = profile.columns[0].scanned
    low, high = scanned["low"][0], scanned["high"][0]
    return scanned["is_rising"] and low in (0.0, 1.0) and high - low == profile.rows - 1


def ends_in_delimiter(header: HeaderLines, profile: TableProfile) -> bool:
    """Return whether a delimiter ends the header, and no row: a last column without a name, which every row lacks.

    That is one fault, the column without a name; the rows are complete. ``profile`` is that of all rows.
    """
    last = len(profile.columns) - 1
    return last > 0 and header.heading.nameless[-1:] == (last,) and profile.scan["short_rows"][0] == profile.rows


def without_headings(defects: Iterable[TableDefect], table: TextTable) -> Iterator[TableDefect]:
    """Yield the defects of cells, but without type errors in rows that have no other cell: these are headings.

    A heading between two parts of a table may stand in the middle of the row, in a column of numbers. It does not count
    in a table with fewer than three columns. ``table`` contains the rows that can be examined; if the lines of a defect
    are not all known, it is left as it is.
    """
    alone = {
        line
        for line, cells in zip(table.lines, table.rows, strict=True)
        if sum(bool(cell.strip()) for cell in cells) == 1
    }
    for one in defects:
        if one.rule == "type_error" and len(table.header) > _FEW_COLUMNS and one.count == len(one.rows):
            kept = tuple(line for line in one.rows if line not in alone)
            if kept:
                yield replace(one, count=len(kept), rows=kept, first_row=kept[0])
        else:
            yield one


_FEW_COLUMNS = 2
