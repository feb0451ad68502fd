"""Find defects of the rows of a table, and of the lines above and below them."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from catalog.model import TableDefect
from quality.tables.judge.defects import defect, row_defects
from quality.tables.judge.repeated_rows import unexplained_repeats
from quality.tables.judge.scanned_table import ScannedTable
from quality.tables.judge.totals import has_amounts, named_totals, sub_totals, sum_row, summed, written
from quality.tables.read.layout import has_no_header, rows_of_totals
from quality.tables.read.text_table import TextTable
from quality.tables.scan.profile import TableProfile

__all__ = ["begins_with_row_numbers", "repeated_rows", "surroundings_defects", "total_lines"]


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
