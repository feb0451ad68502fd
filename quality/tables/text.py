"""A delimited text: how it is written, where its table stands, its first rows, and one pass over all of it."""

from __future__ import annotations

import csv
import io
from collections.abc import Sequence
from dataclasses import dataclass, replace
from itertools import islice
from pathlib import Path

from quality.tables.dialect import Dialect, detect_dialect, find_header, read_records
from quality.tables.encoding import Encoding, read_encoding, utf8_blocks
from quality.tables.layout import Footer, find_footer, is_hxl
from quality.tables.scanning import Scan, Scanner
from quality.tables.structure import Table
from quality.tables.vote import MISSING

__all__ = ["MISSING_BYTES", "Opened", "first_rows", "open_text", "scan_text"]

csv.field_size_limit(2**24)
_HEAD_CHARS = 65_536
_TAIL_BYTES = 32_768
_HEAD_RECORDS = 80
MOST_COLUMNS = 16_384
"""As many as a spreadsheet program holds. Of a wider table the columns beyond are not profiled."""
MISSING_BYTES = tuple(sorted(sign.encode() for sign in MISSING if sign))
_SINGLE_BYTE = ("utf-8", "utf-8-sig", "windows-", "cp", "iso-8859", "iso8859", "koi8", "mac")


@dataclass(frozen=True, slots=True)
class Opened:
    """A text whose header was found."""

    encoding: Encoding
    dialect: Dialect
    header: list[str]
    header_line: int
    skip: int
    """Records up to and with the header, and with a row of hashtags below it."""
    above: list[int]
    """Lines above the header that are not blank."""
    has_hxl: bool
    head: list[tuple[int, list[str]]]
    """The first records below the header, with their lines."""


def open_text(path: Path, declared_charset: str | None = None, is_cut: bool = False) -> Opened | None:
    """Find out how ``path`` is written, and its header; None where it holds nothing but blanks."""
    encoding = read_encoding(path, declared_charset, is_cut)
    text = _head(path, encoding, is_cut)
    dialect = detect_dialect(text)
    records = list(islice(read_records(text, dialect), _HEAD_RECORDS))
    index = find_header([cells for _, cells in records])
    if index is None:
        return None
    line, header = records[index]
    below = records[index + 1 :]
    has_hxl = bool(below) and is_hxl(below[0][1])
    return Opened(
        encoding=encoding,
        dialect=dialect,
        header=header,
        header_line=line,
        skip=dialect.skip_lines + index + 1 + has_hxl,
        above=[start for start, cells in records[:index] if any(cell.strip() for cell in cells)],
        has_hxl=has_hxl,
        head=below[1:] if has_hxl else below,
    )


def _stream(path: Path, encoding: Encoding) -> io.TextIOWrapper:
    return io.TextIOWrapper(path.open("rb"), encoding=encoding.codec, errors="backslashreplace", newline="")


def _head(path: Path, encoding: Encoding, is_cut: bool) -> str:
    """The first whole lines; where there is no line's end for long, as much of the one as there is."""
    with _stream(path, encoding) as stream:
        text = stream.read(_HEAD_CHARS)
        goes_on = is_cut or bool(stream.read(1))
    end = max(text.rfind("\n"), text.rfind("\r")) + 1
    return text[:end] if goes_on and end else text


def first_rows(path: Path, opened: Opened, most: int, *, is_cut: bool = False) -> tuple[Table, bool]:
    """Up to ``most`` rows below the header, as text; and whether these are all."""
    with _stream(path, opened.encoding) as stream:
        records = read_records(stream, opened.dialect)
        # Lines for programs are read, and not handed out.
        below = islice(records, opened.skip - opened.dialect.skip_lines, None)
        rows = list(islice(below, most + 1))
    is_whole = len(rows) <= most
    if is_whole and is_cut and rows:
        rows.pop()  # the cut lies within it
    rows = rows[:most]
    table = Table(opened.header, opened.header_line, [cells for _, cells in rows], [line for line, _ in rows])
    return table, is_whole and not is_cut


def scan_text(path: Path, opened: Opened, *, is_cut: bool = False, places: int = 100) -> tuple[Scan, Footer | None]:
    """One pass over all rows but the notes below the table."""
    dialect, encoding = opened.dialect, opened.encoding
    footer, end = (None, None) if is_cut else _footer(path, opened)
    scanner = Scanner(
        dialect.delimiter.encode() if dialect.delimiter else None,
        dialect.quote_char.encode(),
        dialect.escape_char.encode() if dialect.escape_char else None,
        width=max(1, min(len(opened.header), MOST_COLUMNS)),
        skip=opened.skip,
        places=places,
        missing=MISSING_BYTES,
    )
    for block in utf8_blocks(path, encoding, end=end, is_cut=is_cut):
        scanner.feed(block)
    scan = scanner.finish()
    if footer is not None:
        # The lines of the tail were counted from its own beginning; all above them were read.
        footer = Footer(footer.rows, footer.notes, scan["crlf"] + scan["lf"] + scan["cr"] + footer.first_line)
    return scan, footer


def _footer(path: Path, opened: Opened) -> tuple[Footer | None, int | None]:
    """Notes at the end of the file, their first line counted from where they begin, and that place in bytes."""
    encoding = opened.encoding
    width = len(opened.header)
    if width < 2 or not encoding.codec.startswith(_SINGLE_BYTE):
        return None, None
    start = max(0, encoding.size_bytes - _TAIL_BYTES)
    with path.open("rb") as stream:
        stream.seek(start)
        tail = stream.read(_TAIL_BYTES)
    raw = tail.splitlines(keepends=True)
    # The first line is cut, unless the tail is all there is; then the header and what is above it are no rows.
    raw = raw[1:] if start else raw[opened.header_line :]
    end = next((line for line in reversed(raw) if line.strip()), b"")
    # Most tables end with a row as full as any.
    if len(raw) < 4 or sum(bool(cell.strip()) for cell in _cells(end, opened) or []) > max(1.0, 0.4 * width):
        return None, None
    last = [(number, _cells(line, opened)) for number, line in enumerate(raw)][-60:]
    if any(cells is None for _, cells in last):
        return None, None
    found = find_footer([(number, cells or []) for number, cells in last], width)
    if found is None:
        return None, None
    first = len(raw) - found.rows
    return (
        Footer(found.rows, found.notes, found.first_line - first + 1),
        encoding.size_bytes - sum(len(line) for line in raw[first:]),
    )


def _cells(line: bytes, opened: Opened) -> Sequence[str] | None:
    """The cells of one line; None where it is no whole record."""
    text = line.decode(opened.encoding.codec.removesuffix("-sig"), "replace").rstrip("\r\n")
    if opened.dialect.quote_char and text.count(opened.dialect.quote_char) % 2:
        return None
    return next((cells for _, cells in read_records(text, replace(opened.dialect, skip_lines=0))), [])
