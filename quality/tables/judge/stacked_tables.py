"""Recognise tables below one another and repeated headers: only the rows of the first table are judged."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

from catalog.model import TableDefect
from quality.tables.judge.defects import defect
from quality.tables.read.delimited_text import MISSING_BYTES, MOST_COLUMNS, OpenedText, first_rows
from quality.tables.read.layout import TableSurroundings, second_table, title_above
from quality.tables.read.spreadsheets import csv_blocks
from quality.tables.read.text_table import TextTable
from quality.tables.scan import Scan, Scanner

__all__ = ["parted", "rows_for_second_table"]

_MOST_ROWS = 60_000
"""Number of rows in which a second table is searched for."""
_MOST_CELLS = 200_000
"""Number of cells in these rows; they take about 15 MB."""
_MOST_TABLES = 50
_FEW_TABLES = 4
_FEW_WORDS = 0.1
"""Share of words from which on a column counts as one of words."""
_NAMED = 0.5
_EMPTY = 0.6
_MOST_BYTES = 64 * 1024**2


def rows_for_second_table(path: Path, opened: OpenedText, table: TextTable, scan: Scan, *, is_cut: bool) -> TextTable:
    """Return the table with more of its rows, if the scan shows that another table may begin below the first rows.

    Return ``table`` unchanged if the scan shows no such place, if ``table`` has all rows already, or if the file is
    larger than 64 MiB. ``path`` is the file, ``opened`` its encoding, dialect and header, ``table`` its first rows, and
    ``scan`` the result of scanning all of its rows. ``is_cut`` says that the file is only the beginning of a longer
    one. At most 60,000 rows are read, and at most 200,000 cells unless ``table`` itself has more.
    """
    last = table.lines[-1] if table.lines else 0
    if len(table.rows) >= scan["rows"] or opened.encoding.size_bytes > _MOST_BYTES:
        return table
    ragged = {line for _, lines in (scan["short_rows"], scan["long_rows"]) for line in lines if line > last}
    # A single row of another width is a slip; when a table of another width begins, all following rows have it.
    beyond = any(line > last for line in scan["blank_rows"][1]) or any(line + 1 in ragged for line in ragged)
    words: Counter[int] = Counter()
    blanks: Counter[int] = Counter()
    typed = 0
    for column in scan["columns"]:
        blanks.update(column["classes"].get("blank", (0, []))[1])
        if column["classes"].get("text", (0, []))[0] > _FEW_WORDS * scan["rows"]:
            continue  # a column of words
        typed += 1
        for _, kind, (_, lines) in column["tokens"]:
            words.update(lines if kind == "text" else ())
    # A header has words in most columns of numbers, or follows an empty line with only a title; slips do neither.
    gaps = ragged | {line for line, count in blanks.items() if count >= _EMPTY * len(scan["columns"])}
    named = {line for line, count in words.items() if line > last and count > 1}
    if beyond or any(words[line] >= _NAMED * typed or line - 1 in gaps for line in named):
        most = min(_MOST_ROWS, max(len(table.rows), _MOST_CELLS // max(1, len(opened.header))))
        return first_rows(path, opened, most, is_cut=is_cut)[0]
    return table


def parted(
    table: TextTable, scan: Scan, around: TableSurroundings
) -> tuple[TextTable, Scan, TableSurroundings, list[TableDefect]]:
    """Keep only the rows of the first table, if another table or a repeated header follows among the rows of ``table``.

    If another table follows, its title, header and rows are cut off. If the header is repeated, only the rows that
    repeat it are removed. Return the table that is left, a scan of it, ``around`` without the totals that were cut off,
    and a list with one defect, which says what follows. If nothing follows, or if the header is repeated but ``table``
    has not all rows that were scanned, return the three arguments unchanged and an empty list.
    """
    rows = list(zip(table.lines, table.rows, strict=True))
    found = second_table(rows, table.header)
    if found is None:
        return table, scan, around, []
    rule, line = found
    if rule == "repeated_header":
        if len(rows) < scan["rows"]:
            return table, scan, around, []
        names = [" ".join(cell.split()).casefold() for cell in table.header]
        again = [at for at, cells in rows if [" ".join(cell.split()).casefold() for cell in cells] == names] or [line]
        kept = [(at, cells) for at, cells in rows if at not in again]
        cut = _table(table, kept)
        return cut, _scanned(cut), around, [defect(rule, len(again), again)]
    start = title_above(rows, line)
    kept = [(at, cells) for at, cells in rows if at < start]
    while kept and not any(cell.strip() for cell in kept[-1][1]):
        kept.pop()
    titles = [start]
    begins = {start, line}
    count = 1
    rest = [(at, cells) for at, cells in rows if at >= line]
    while count < _MOST_TABLES and (more := second_table(rest, table.header)) and more[1] > line:
        line = more[1]
        titles.append(title_above(rest, line))
        begins |= {titles[-1], line}
        count += 1
        rest = [(at, cells) for at, cells in rest if at >= line]
    # The lines of the titles and of the headers below them; if there are many tables, only the titles.
    starts = sorted(begins) if count <= _FEW_TABLES else titles
    cut = _table(table, kept)
    totals = [at for at in around.totals if at < start]
    return cut, _scanned(cut), replace(around, totals=totals), [defect(rule, count, starts)]


def _table(table: TextTable, rows: Sequence[tuple[int, list[str]]]) -> TextTable:
    return TextTable(table.header, table.header_line, [cells for _, cells in rows], [line for line, _ in rows])


def _scanned(table: TextTable) -> Scan:
    """Scan rows that are in memory; the result has the line numbers of their file."""
    width = max(1, min(len(table.header), MOST_COLUMNS))
    scanner = Scanner(b",", b'"', None, width=width, skip=0, places=100, missing=MISSING_BYTES)
    for block in csv_blocks(table.rows):
        scanner.feed(block)
    scan = scanner.finish()
    found: Scan = _under(scan, table.lines)
    return found


def _under(value: Any, lines: Sequence[int]) -> Any:
    """Replace row numbers by line numbers in pairs of a count and a list of rows, at any depth of a scan."""
    match value:
        case dict():
            return {
                key: _under(one, lines) if key not in ("digits", "sample", "frequent") else one
                for key, one in value.items()
            }
        case (int() as count, list() as found) if all(isinstance(one, int) for one in found):
            return count, [lines[min(one, len(lines)) - 1] for one in found] if lines else []
        case list() if value and isinstance(value[0], dict):
            return [_under(one, lines) for one in value]
        case list() if value and isinstance(value[0], tuple) and len(value[0]) == 3:
            return [(text, kind, _under(places, lines)) for text, kind, places in value]
    return value
