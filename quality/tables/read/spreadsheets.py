"""Read spreadsheets with calamine: every visible sheet, row by row, as text."""

from __future__ import annotations

import csv
import datetime as dt
import io
import re
import zipfile
from array import array
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from itertools import islice
from pathlib import Path

from python_calamine import CalamineSheet, CalamineWorkbook, SheetVisibleEnum

from quality.tables.limits import MAX_WORKBOOK_BYTES, UnreadableError
from quality.tables.read.delimited_text import MISSING_BYTES, MOST_COLUMNS
from quality.tables.read.dialect import find_header
from quality.tables.read.header_rows import HeaderRows, find_header_rows
from quality.tables.read.layout import TableSurroundings, find_footer, is_total
from quality.tables.read.text_table import TextTable
from quality.tables.scan import Scan, Scanner, cell_class

__all__ = ["Worksheet", "WorkbookTables", "csv_blocks", "read_workbook", "scan_sheet"]

_MAX_SHEETS = 50
_HEAD_ROWS = 250
"""Number of rows in which a header is searched for."""
_MAX_ERROR_BYTES = 256 * 1024**2
_NUMBERS = ("integer", "point", "comma", "iso_date", "slash_dmy", "slash_mdy", "slash_either", "dot_dmy")


@dataclass(frozen=True, slots=True)
class Worksheet:
    """A sheet of a workbook with the table in it. ``rows[i]`` is in row ``lines[i]`` of the sheet."""

    name: str
    header: list[str]
    header_line: int
    heading: HeaderRows
    rows: list[list[str]]
    around: TableSurroundings
    as_text: list[tuple[int, list[int]]]
    """For each column: how many amounts and dates are stored as text, and the first rows with one."""
    filled: list[int]
    """By column: number of cells that are not empty."""
    merged: list[int]
    """Rows of the table in which merged cells begin."""

    @property
    def first_line(self) -> int:
        """Return the row of the sheet, from 1, with which the data begin."""
        return self.heading.last + 2

    @property
    def lines(self) -> list[int]:
        """Return the number of each row of data in the sheet, from 1."""
        return list(range(self.first_line, self.first_line + len(self.rows)))

    def table(self, most: int) -> TextTable:
        """Return the first ``most`` rows of data as a table."""
        return TextTable(self.header, self.header_line, self.rows[:most], self.lines[:most])


@dataclass(frozen=True, slots=True)
class WorkbookTables:
    """The sheets of a workbook: those with a table (the main one first), hidden ones, and those without a table.

    The main one is the first whose sheet has at least a fifth as many cells as the largest.
    ``errors`` is the number of cells with a formula error other than #N/A in all sheets of an XLSX or XLSM file, hidden
    ones too; 0 for other formats, which are not searched. ``error_rows`` are the numbers of the first ten rows with
    one; of which sheet is not kept.
    """

    sheets: list[Worksheet]
    hidden: list[str]
    """Names of the hidden sheets with more than one row; they are not read."""
    small: list[str]
    """Names of visible sheets without a table, such as covers and notes, and of those after the 50th, which are not
    read."""
    errors: int = 0
    error_rows: list[int] = field(default_factory=list)


def read_workbook(path: Path, max_rows: int = 1_048_576) -> WorkbookTables:
    """Read the tables in the visible sheets of a workbook, at most 50 sheets and ``max_rows`` rows of each.

    If no sheet is visible, all are read. Raise UnreadableError if the workbook is too large, or an error of the library
    calamine if it cannot be read.
    """
    if zipfile.is_zipfile(path):
        with zipfile.ZipFile(path) as archive:
            unpacked = sum(info.file_size for info in archive.infolist())
        if unpacked > MAX_WORKBOOK_BYTES:
            raise UnreadableError(f"the workbook unpacks to {unpacked:,} bytes: too large to look into")
    elif path.stat().st_size > MAX_WORKBOOK_BYTES // 2:
        raise UnreadableError("the workbook is too large to look into")
    tables: list[tuple[int, Worksheet]] = []
    small: list[str] = []
    with CalamineWorkbook.from_path(path) as workbook:
        shown = [one.name for one in workbook.sheets_metadata if one.visible == SheetVisibleEnum.Visible]
        hidden = [name for name in workbook.sheet_names if name not in shown]
        for name in (shown or workbook.sheet_names)[:_MAX_SHEETS]:
            sheet = workbook.get_sheet_by_name(name)
            size = sheet.height * sheet.width if sheet.height and sheet.width else 0
            found = _table_of(sheet, max_rows) if size else None
            if found is not None:
                tables.append((size, found))
        # A cover or a note has one line or one column of text; if there is nothing else, that is the table.
        tables = [one for one in tables if one[1].rows and len(one[1].header) > 1] or tables[:1]
        small = [name for name in shown if name not in {sheet.name for _, sheet in tables}]
        hidden = [name for name in hidden if workbook.get_sheet_by_name(name).height > 1] if shown else []
    largest = max((size for size, _ in tables), default=0)
    # In many workbooks covers and notes come first: the main sheet is the first that is not small beside the largest.
    main = next((index for index, (size, _) in enumerate(tables) if size >= largest / 5), 0)
    ordered = [sheet for _, sheet in [*tables[main : main + 1], *tables[:main], *tables[main + 1 :]]]
    errors, rows = _error_cells(path)
    return WorkbookTables(ordered, hidden, small, errors, rows)


def _table_of(sheet: CalamineSheet, max_rows: int) -> Worksheet | None:
    texts, digits = _texts_of(sheet, max_rows)
    width = max(map(len, texts), default=0)
    if not width:
        return None
    for row in texts:
        row.extend([""] * (width - len(row)))
    heading = find_header_rows(texts[:_HEAD_ROWS], find_header(texts))
    if heading is None:
        return None
    index, start = heading.lines[0], heading.last + 1
    rows = texts[start:]
    footer = find_footer(list(enumerate(rows[-60:], start=start + max(0, len(rows) - 60) + 1)), width)
    if footer is not None:
        rows = rows[: len(rows) - footer.rows]
    totals = []
    for number in range(len(rows) - 1, -1, -1):
        if not is_total(rows[number]):
            break
        totals.append(start + number + 1)
    as_text, filled = _stored_as_text(rows, digits, start, width)
    merged = [first[0] + 1 for first, last in sheet.merged_cell_ranges or [] if last[0] >= index and first != last]
    around = TableSurroundings(
        above=[number for number, row in enumerate(texts[:index], start=1) if any(cell.strip() for cell in row)],
        totals=totals[::-1],
        notes=footer.notes if footer else 0,
        note_line=footer.first_line if footer else 0,
    )
    line = heading.lines[-1] + 1
    return Worksheet(sheet.name, list(heading.names), line, heading, rows, around, as_text, filled, sorted(merged))


_COLUMN_BITS = 20
_MOST_KNOWN = 50_000


def _texts_of(sheet: CalamineSheet, max_rows: int) -> tuple[list[list[str]], array[int]]:
    """Return the rows as text without trailing blank cells and rows, and the positions of texts that begin like a
    number.

    A position is row (from 0) and column in one integer. Nothing else is kept of calamine's cells, so that a workbook
    of a million cells fits into the memory of a child process.
    """
    texts: list[list[str]] = []
    digits = array("Q")
    known: dict[str, str] = {}
    # iter_rows starts at row 1 of the sheet even if that is empty, and so do the line numbers.
    for number, raw in enumerate(islice(sheet.iter_rows(), max_rows)):
        row = []
        for index, value in enumerate(raw):
            text = value if isinstance(value, str) else _text(value)
            if text is value and (text[:1] in _DIGITS or text[:1].isspace() and text.lstrip()[:1] in _DIGITS):
                digits.append(number << _COLUMN_BITS | index)
            if text in known:
                text = known[text]
            elif len(known) < _MOST_KNOWN:
                known[text] = text
            row.append(text)
        while row and not row[-1]:
            row.pop()
        texts.append(row)
    while texts and not texts[-1]:
        texts.pop()  # formatted cells below the table are not rows
    return texts, digits


_DIGITS = frozenset("0123456789-+.,")


def _stored_as_text(
    rows: Sequence[Sequence[str]], digits: array[int], start: int, width: int
) -> tuple[list[tuple[int, list[int]]], list[int]]:
    """Return by column how many amounts and dates are stored as text with the first lines, and the number of filled
    cells.

    ``rows`` begin at row ``start`` (from 0) of the sheet.
    """
    counts, filled = [0] * width, [0] * width
    places: list[list[int]] = [[] for _ in range(width)]
    seen: list[list[str]] = [[] for _ in range(width)]
    for row in rows:
        for index, text in enumerate(row):
            if text:
                filled[index] += 1
    for place in digits:
        number, index = place >> _COLUMN_BITS, place & (1 << _COLUMN_BITS) - 1
        if not start <= number < start + len(rows):
            continue
        text = rows[number - start][index].strip()
        kind = cell_class(text)
        if len(seen[index]) < _MOST_SEEN and (kind in _NUMBERS or kind == "zero_led"):
            seen[index].append(text)
        if kind in _NUMBERS:
            counts[index] += 1
            if len(places[index]) < 10:
                places[index].append(number + 1)
    return [
        (0, []) if are_codes(values) else (count, lines)
        for count, lines, values in zip(counts, places, seen, strict=True)
    ], filled


_MOST_SEEN = 500


def are_codes(values: Sequence[str]) -> bool:
    """Return whether values of digits are codes and not quantities, so that they are rightly stored as text.

    They are if at least nine in ten contain only digits, and some of these have leading zeros, nearly all have the same
    length of three digits or more, or all have at least seven digits.
    """
    whole = [value for value in values if value.isdigit()]
    if len(whole) < 0.9 * len(values) or not whole:
        return False
    lengths = Counter(map(len, whole))
    usual, count = lengths.most_common(1)[0]
    zero_led = any(len(value) > 1 and value[0] == "0" for value in whole)
    return zero_led or (usual >= 3 and count >= 0.9 * len(whole)) or min(lengths) >= 7


def _text(value: object) -> str:
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, float):
        # repr keeps every digit, and writes 1e+22 as a person would.
        return str(int(value)) if value.is_integer() and abs(value) < 1e15 else repr(value)
    if isinstance(value, dt.datetime) and value.time() == dt.time():
        return value.date().isoformat()
    if isinstance(value, dt.date | dt.time):
        return value.isoformat()
    return str(value)


_ERROR_CELL = re.compile(
    rb'<(?:\w+:)?c\s[^>]{0,200}?\br="[A-Z]+(\d+)"[^>]{0,200}?\bt="e"|<(?:\w+:)?c\s[^>]{0,200}?\bt="e"'
)
_ERROR_VALUE = re.compile(rb">#N/A<")


def _error_cells(path: Path) -> tuple[int, list[int]]:
    """Return how many cells of an XLSX file contain a formula error, and the first rows: calamine
    leaves these cells empty.
    """
    if not zipfile.is_zipfile(path):
        return 0, []
    count, rows, read = 0, [], 0  # type: ignore[var-annotated]
    with zipfile.ZipFile(path) as archive:
        for info in archive.infolist():
            if not re.fullmatch(r"xl/worksheets/[^/]+\.xml", info.filename):
                continue
            held = b""
            with archive.open(info) as stream:
                while read < _MAX_ERROR_BYTES and (block := stream.read(1024**2)):
                    read += len(block)
                    held += block
                    end = held.rfind(b"<c ") if b"<c " in held else len(held)
                    # Most sheets contain none, and searching for the bytes takes a hundredth of the time.
                    for match in _ERROR_CELL.finditer(held, 0, end) if b't="e"' in held else ():
                        # #N/A says that there is no value, which is its purpose.
                        if _ERROR_VALUE.search(held, match.end(), match.end() + 200):
                            continue
                        count += 1
                        if match.group(1) and len(rows) < 10:
                            rows.append(int(match.group(1)))
                    held = held[end:][-65_536:]
    return count, sorted(rows)


def scan_sheet(sheet: Worksheet, places: int = 100) -> Scan:
    """Scan all rows of a sheet in one pass. Line numbers in the result are row numbers of the sheet.

    ``places`` is the number of rows that are listed for each kind of defect.
    """
    scanner = Scanner(
        b",",
        b'"',
        None,
        width=max(1, min(len(sheet.header), MOST_COLUMNS)),
        skip=sheet.first_line - 1,
        places=places,
        missing=MISSING_BYTES,
    )
    scanner.feed(b"\n" * (sheet.first_line - 1))
    for block in csv_blocks(sheet.rows):
        scanner.feed(block)
    return scanner.finish()


def csv_blocks(rows: Sequence[Sequence[str]]) -> Iterator[bytes]:
    """Yield rows as blocks of CSV in UTF-8, with exactly one line for each row; line breaks in cells become spaces."""
    buffer = io.StringIO(newline="")
    writer = csv.writer(buffer, lineterminator="\n", quoting=csv.QUOTE_MINIMAL)
    for number, row in enumerate(rows, start=1):
        # A line break in a cell would shift the line numbers of the rows below.
        writer.writerow([cell.replace("\r\n", " ").replace("\n", " ").replace("\r", " ") for cell in row])
        if number % 2000 == 0:
            yield buffer.getvalue().encode("utf-8", "replace")
            buffer.seek(0)
            buffer.truncate()
    yield buffer.getvalue().encode("utf-8", "replace")
