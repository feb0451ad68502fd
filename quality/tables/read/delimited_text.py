"""Read a delimited text: its encoding and dialect, its header, its first rows, and one scan of the whole file."""

from __future__ import annotations

import csv
import io
import re
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import dataclass
from functools import partial
from itertools import islice
from pathlib import Path

from quality.tables.limits import UnreadableError
from quality.tables.read.body_sample import group_of
from quality.tables.read.dialect import Dialect, detect_dialect, find_header, read_records
from quality.tables.read.encoding import Encoding, read_encoding, utf8_blocks
from quality.tables.read.header_rows import HeaderRows, find_header_rows
from quality.tables.read.layout import TableSurroundings
from quality.tables.read.tail import TableTail, read_tail
from quality.tables.read.text_table import TextTable
from quality.tables.scan import Scan, Scanner, cell_class
from quality.tables.scan.column_kinds import MISSING

__all__ = ["MISSING_BYTES", "OpenedText", "first_rows", "head_of", "open_text", "records_below", "scan_text"]

csv.field_size_limit(2**24)
_HEAD_CHARS = 65_536
_MAX_LINE = 2**22
"""Most characters of a line that are read at once; a longer line is not a row of a table."""
_HEAD_RECORDS = 250
_FEW_RECORDS = 8
MOST_COLUMNS = 16_384
"""The limit of spreadsheet programs. Further columns of a wider table are not profiled."""
MOST_CELLS = 250_000
"""Most columns of a file that still counts as a table."""
MISSING_BYTES = tuple(sorted(sign.encode() for sign in MISSING if sign))


@dataclass(frozen=True, slots=True)
class OpenedText:
    """A delimited text of which encoding, dialect and header are known.

    ``header`` has one name for each column, joined if the header has several lines. ``header_lines`` are the lines of
    the header (from 1), ``header_line`` is the last of them.
    """

    encoding: Encoding
    dialect: Dialect
    header: list[str]
    header_line: int
    skip: int
    """Number of records to skip up to the first row of data, including rows of units or hashtags below the header."""
    above: list[int]
    """Lines above the header that are not blank."""
    heading: HeaderRows
    """The header. Its positions are those of records, from 0."""
    header_lines: tuple[int, ...]
    extra_lines: tuple[int, ...]
    """Lines of units, labels or hashtags below the names."""
    again: tuple[int, ...] = ()
    """Lines above the header that name the same columns."""

    @property
    def first_line(self) -> int:
        """Return the line below the header and below any rows of units or labels: the first line of data."""
        return max((self.header_line, *self.extra_lines)) + 1


def open_text(path: Path, declared_charset: str | None = None, is_cut: bool = False) -> OpenedText | None:
    """Detect encoding, dialect and header of a delimited text. Return None if it is blank.

    ``declared_charset`` is the charset that the server named; None if none. ``is_cut`` says that the file is only the
    beginning of a longer one. Raise UnreadableError if the header has more than 250,000 cells, or if something stands
    below 200 blank rows.
    """
    encoding = read_encoding(path, declared_charset, is_cut)
    text = head_of(path, encoding, is_cut)
    dialect = detect_dialect(text)
    reader = read_records(text, dialect)
    records = list(islice(reader, _FEW_RECORDS))
    heading = _plain_heading([cells for _, cells in records])
    if heading is None:
        records += islice(reader, _HEAD_RECORDS - _FEW_RECORDS)
        rows = [cells for _, cells in records]
        heading = find_header_rows(rows, find_header(rows))
    if heading is None:
        if _is_blank(path, encoding):
            return None
        raise UnreadableError("it begins with hundreds of blank rows, and what follows was not read")
    lines = [line for line, _ in records]
    header = list(heading.names)
    if len(header) > MOST_CELLS:
        raise UnreadableError(f"its first row has {len(header):,} cells")
    first = heading.lines[0]
    return OpenedText(
        encoding=encoding,
        dialect=dialect,
        header=header,
        header_line=lines[heading.lines[-1]],
        skip=dialect.skip_lines + heading.last + 1,
        above=[start for start, cells in records[:first] if any(cell.strip() for cell in cells)],
        heading=heading,
        header_lines=tuple(lines[place] for place in heading.lines),
        extra_lines=tuple(lines[place] for place in heading.extra),
        again=tuple(lines[place] for place in heading.again),
    )


def _is_blank(path: Path, encoding: Encoding) -> bool:
    """Return whether a text has nothing but blanks, quotation marks and delimiters."""
    with _stream(path, encoding) as stream:
        return not any(_SOMETHING.search(text) for text in iter(partial(stream.read, _HEAD_CHARS), ""))


_SOMETHING = re.compile(r"""[^\s"',;|]""")


def _plain_heading(first: list[list[str]]) -> HeaderRows | None:
    """Return the header if the first rows leave no doubt: distinct names, with numbers or dates below some of them."""
    names = [cell.strip() for cell in first[0]] if len(first) == _FEW_RECORDS else []
    if len(names) < 2 or not all(names) or len(set(names)) < len(names):
        return None
    below = first[1:]
    if any(len(cells) != len(names) for cells in below) or not all(cell_class(name[:80]) in _NAMING for name in names):
        return None
    if any("@" in name or ":" in name or name[0] == "#" for name in names):
        return None
    typed = sum(
        all(group_of(cells[place].strip()) in ("number", "date") for cells in below) for place in range(len(names))
    )
    return HeaderRows((0,), tuple(first[0])) if typed >= max(2, 0.3 * len(names)) else None


_NAMING = frozenset({"text", "text_with_digits"})


def _stream(path: Path, encoding: Encoding) -> io.TextIOWrapper:
    return io.TextIOWrapper(path.open("rb"), encoding=encoding.codec, errors="backslashreplace", newline="")


def head_of(path: Path, encoding: Encoding, is_cut: bool) -> str:
    """Return the first lines of a text: 65,536 characters, or more if the first line is longer.

    What follows the last line end in them is left out, except at the end of a file that is not cut. A first line of
    more than four million characters is cut. ``encoding`` is that of the file at ``path``. ``is_cut`` says that the
    file is only the beginning of a longer one.
    """
    with _stream(path, encoding) as stream:
        text = stream.read(_HEAD_CHARS)
        # A header of 100,000 columns is a line of half a megabyte.
        while "\n" not in text and "\r" not in text and len(text) < _MAX_LINE and (more := stream.read(_HEAD_CHARS)):
            text += more
        goes_on = is_cut or bool(stream.read(1))
    end = max(text.rfind("\n"), text.rfind("\r")) + 1
    return text[:end] if goes_on and end else text


def records_below(path: Path, opened: OpenedText) -> Iterator[tuple[int, list[str]]]:
    """Yield the rows below the header of a text, each with the line on which it starts.

    ``opened`` is what :func:`open_text` returned for ``path``. Raise csv.Error for a cell of more than 16,777,216
    characters.
    """
    with _stream(path, opened.encoding) as stream:
        records = read_records(iter(partial(stream.readline, _MAX_LINE), ""), opened.dialect)
        # Lines that are meant only for programs are read but not yielded.
        yield from islice(records, opened.skip - opened.dialect.skip_lines, None)


def first_rows(path: Path, opened: OpenedText, most: int, *, is_cut: bool = False) -> tuple[TextTable, bool]:
    """Return the first rows below the header, at most ``most``, and whether they are all rows of the file.

    ``opened`` is what :func:`open_text` returned for ``path``. ``is_cut`` says that the file is only the beginning of a
    longer one; then its last row, which may be cut too, is left out, and the rows are not all. If a cell is too long to
    be read, the rows end before it, and are not all either.
    """
    rows: list[tuple[int, list[str]]] = []
    is_read = False
    with suppress(csv.Error):  # the scan of the whole file reports it
        rows.extend(islice(records_below(path, opened), most + 1))
        is_read = True
    is_whole = len(rows) <= most
    if is_whole and is_cut and rows:
        rows.pop()  # the file was cut inside this row
    rows = rows[:most]
    table = TextTable(opened.header, opened.header_line, [cells for _, cells in rows], [line for line, _ in rows])
    return table, is_read and is_whole and not is_cut


def scan_text(
    path: Path, opened: OpenedText, *, is_cut: bool = False, places: int = 100
) -> tuple[Scan, TableSurroundings]:
    """Scan all rows of a text in one pass. Return the results, and what is above and below the table.

    ``opened`` is what :func:`open_text` returned for ``path``. Notes below the table are not scanned. ``is_cut`` says
    that the file is only the beginning of a longer one. ``places`` is the number of lines that are listed for each kind
    of defect.
    """
    dialect, encoding = opened.dialect, opened.encoding
    width = max(1, min(len(opened.header), MOST_COLUMNS))
    tail = TableTail() if is_cut else read_tail(path, encoding, dialect, width, opened.first_line)
    scanner = Scanner(
        dialect.delimiter.encode() if dialect.delimiter else None,
        dialect.quote_char.encode(),
        dialect.escape_char.encode() if dialect.escape_char else None,
        width=width,
        skip=opened.skip,
        places=places,
        missing=MISSING_BYTES,
        expected=len(opened.header),
    )
    ends_open = False
    for block in utf8_blocks(path, encoding, end=tail.end, is_cut=is_cut):
        scanner.feed(block)
        ends_open = not block.endswith((b"\n", b"\r")) if block else ends_open
    scan = scanner.finish()
    last = scan["crlf"] + scan["lf"] + scan["cr"] + ends_open
    return scan, TableSurroundings(
        above=opened.above,
        totals=[last - back for back in reversed(tail.totals)],
        notes=tail.notes,
        note_line=last + tail.note_at,
        note_rows=tail.note_rows,
    )
