"""Get the rows out of a file: text, spreadsheets, and archives that hold one of these.

Everything is bounded: a download may be a bomb, a log of years, or cut in the middle.
"""

from __future__ import annotations

import datetime as dt
import re
import zipfile
import zlib
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from itertools import islice
from pathlib import Path
from tempfile import TemporaryDirectory

from python_calamine import CalamineWorkbook, SheetVisibleEnum

from catalog.model import TableDefect
from quality.tables.dialect import Decoded, Dialect, decode, detect_dialect, find_header, read_records
from quality.tables.structure import Table

__all__ = ["Content", "Refused", "only_member", "read_spreadsheet", "read_text", "unpacked_gzip", "unpacked_member"]

MAX_TEXT_BYTES = 16 * 1024**2
MAX_MEMBER_BYTES = 64 * 1024**2
MAX_WORKBOOK_BYTES = 256 * 1024**2
"""Unpacked size of a spreadsheet: the reader keeps a whole sheet in memory."""
MAX_RATIO = 300
_MAX_COUNTED_BYTES = 512 * 1024**2
_MAX_SHEETS = 12
_RUNAWAY_LINES = 1000
"""A cell with more lines than this began with a quote that nobody closed."""
_TABLES = {".csv", ".tsv", ".tab", ".xlsx", ".xls", ".ods"}
_CLUTTER = ("__macosx/", ".ds_store", "thumbs.db", "desktop.ini")


class Refused(Exception):
    """The file is not looked into, for a reason of ours: too large, protected, a bomb, cut."""


@dataclass(frozen=True, slots=True)
class Content:
    """``table`` is None where there is no header: nothing but blanks."""

    table: Table | None
    is_sample: bool
    row_count: int | None
    """Rows of the whole file below the header; None where not counted."""
    decoded: Decoded | None = None
    dialect: Dialect | None = None
    sheet: str | None = None
    notes: tuple[str, ...] = ()
    defects: tuple[TableDefect, ...] = field(default=())


def _sniffed(rule: str, count: int, message: str, line: int | None) -> TableDefect:
    return TableDefect(rule=rule, count=count, message=message, first_row=line, source="sniff")


def read_text(path: Path, declared_charset: str | None, is_truncated: bool, max_rows: int) -> Content:
    """Read the first :data:`MAX_TEXT_BYTES` of a delimited text."""
    with path.open("rb") as stream:
        raw = stream.read(MAX_TEXT_BYTES)
        lines_beyond = _count_newlines(stream)
    is_cut = lines_beyond is not None
    decoded = decode(raw, declared_charset, is_cut or is_truncated)
    dialect = detect_dialect(decoded.text)
    # Thirty lines may stand above the header, and one more row tells whether there are more.
    records = list(islice(read_records(decoded.text, dialect), max_rows + 40))
    has_all = len(records) < max_rows + 40
    defects: list[TableDefect] = []
    if decoded.bad_bytes:
        message = f"Bytes are not what the encoding {decoded.encoding} allows."
        defects.append(_sniffed("encoding_error", decoded.bad_bytes, message, decoded.first_bad_line))
    if "\x00" in decoded.text:
        defects.append(_sniffed("nul_byte", decoded.text.count("\x00"), "The text holds NUL characters.", None))
    if has_all and records:
        start, breaks, is_open = _last_record(decoded.text, records[-1], dialect)
        if is_open and (breaks > _RUNAWAY_LINES or not (is_cut or is_truncated)):
            defects.append(_sniffed("unclosed_quote", 1, "A quote is opened and never closed.", start))
        if (is_cut or is_truncated) and (is_open or not decoded.text.endswith(("\n", "\r"))):
            records.pop()  # the cut lies within it
    content = _with_header(records, max_rows, has_all and not (is_cut or is_truncated))
    row_count = content.row_count
    if row_count is None and content.table and not is_truncated:
        row_count = _estimate_rows(decoded.text, content.table, lines_beyond or 0)
    return Content(
        table=content.table,
        is_sample=content.is_sample,
        row_count=row_count,
        decoded=decoded,
        dialect=dialect,
        notes=content.notes,
        defects=(*defects, *content.defects),
    )


def _count_newlines(stream: object) -> int | None:
    """Newlines from here to the end; None where the file ends here."""
    total, seen = 0, 0
    while seen < _MAX_COUNTED_BYTES and (block := stream.read(1024**2)):  # type: ignore[attr-defined]
        total, seen = total + block.count(b"\n"), seen + len(block)
    return total if seen else None


def _estimate_rows(text: str, table: Table, lines_beyond: int) -> int | None:
    """Rows by counting lines: None where cells hold line breaks, so that lines are not rows."""
    if not table.lines or table.lines[-1] - table.header_line != len(table.lines):
        return None
    lines = max(text.count("\n"), text.count("\r")) + (not text.endswith(("\n", "\r")))
    return lines + lines_beyond - table.header_line


def _last_record(text: str, last: tuple[int, list[str]], dialect: Dialect) -> tuple[int, int, bool]:
    """Line of the last record, how many line breaks its cells hold, and whether a quote in it is still open."""
    start, cells = last
    breaks = sum(max(cell.count("\n"), cell.count("\r")) for cell in cells)
    tail = "\n".join(re.split(r"\r\n|\r|\n", text)[start - 1 :])
    return start, breaks, tail.count(dialect.quote_char) % 2 == 1 and bool(breaks or tail.count("\n"))


def _with_header(records: Sequence[tuple[int, list[str]]], max_rows: int, is_whole: bool) -> Content:
    index = find_header([cells for _, cells in records])
    if index is None:
        return Content(None, False, 0)
    defects, notes = [], []
    above = [line for line, cells in records[:index] if any(cell.strip() for cell in cells)]
    if above:
        message = "Lines stand above the header: programs take the first of them for the column names."
        defects.append(_sniffed("preamble", len(above), message, above[0]))
    line, header = records[index]
    body = list(records[index + 1 :])
    if body and _is_hxl(body[0][1]):
        notes.append("the row below the header holds HXL hashtags (hxlstandard.org) and was skipped")
        body = body[1:]
    row_count = len(body) if is_whole else None
    is_sample = not is_whole or len(body) > max_rows
    body = body[:max_rows]
    table = Table(header, line, [cells for _, cells in body], [start for start, _ in body])
    return Content(table, is_sample, row_count, notes=tuple(notes), defects=tuple(defects))


def _is_hxl(cells: Sequence[str]) -> bool:
    filled = [cell.strip() for cell in cells if cell.strip()]
    return len(filled) > 1 and all(cell.startswith("#") and cell[1:2].isalpha() for cell in filled)


def read_spreadsheet(path: Path, max_rows: int) -> Content:
    """Read the first sheet that is not small beside the largest: covers and notes come first in many workbooks."""
    if zipfile.is_zipfile(path):
        with zipfile.ZipFile(path) as archive:
            unpacked = sum(info.file_size for info in archive.infolist())
        if unpacked > MAX_WORKBOOK_BYTES:
            raise Refused(f"the workbook unpacks to {unpacked:,} bytes: too large to look into")
    elif path.stat().st_size > MAX_WORKBOOK_BYTES // 2:
        raise Refused("the workbook is too large to look into")
    with CalamineWorkbook.from_path(path) as workbook:
        shown = [
            meta.name for meta in workbook.sheets_metadata if meta.visible == SheetVisibleEnum.Visible
        ] or workbook.sheet_names
        sheets = [workbook.get_sheet_by_name(name) for name in shown[:_MAX_SHEETS]]
        filled = [sheet for sheet in sheets if sheet.height and sheet.width]
        if not filled:
            return Content(None, False, 0)
        largest = max(sheet.height * sheet.width for sheet in filled)
        sheet = next(sheet for sheet in filled if sheet.height * sheet.width >= largest / 5)
        # iter_rows starts at row 1 of the sheet, whatever is empty there: so do the line numbers
        cells = [[_text(value) for value in row] for row in islice(sheet.iter_rows(), max_rows + 40)]
        height = sheet.total_height
    others = [name for name in shown if name != sheet.name]
    notes = [f"{len(others)} more sheet(s) not judged"] if others else []
    is_whole = len(cells) == height
    while cells and not any(cell.strip() for cell in cells[-1]):
        cells.pop()  # formatted cells below the table are no rows
    content = _with_header(list(enumerate(_without_empty_columns(cells), start=1)), max_rows, is_whole)
    row_count = content.row_count
    if row_count is None and content.table:
        row_count = height - content.table.header_line
    return Content(
        table=content.table,
        is_sample=content.is_sample,
        row_count=row_count,
        sheet=sheet.name,
        notes=(*notes, *content.notes),
        defects=content.defects,
    )


def _without_empty_columns(rows: list[list[str]]) -> list[list[str]]:
    """Columns to the right that hold nothing at all exist only for their formatting."""
    width = max((i + 1 for row in rows for i, cell in enumerate(row) if cell.strip()), default=0)
    return [row[:width] for row in rows]


def _text(value: object) -> str:
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, float):
        # repr keeps every digit, and says 1e+22 where a person would too
        return str(int(value)) if value.is_integer() and abs(value) < 1e15 else repr(value)
    if isinstance(value, dt.datetime) and value.time() == dt.time():
        return value.date().isoformat()
    if isinstance(value, dt.date | dt.time):
        return value.isoformat()
    return str(value)


def only_member(path: Path) -> zipfile.ZipInfo | str:
    """The one table in a ZIP archive, or a sentence saying what it holds instead."""
    with zipfile.ZipFile(path) as archive:
        infos = [i for i in archive.infolist() if not i.is_dir() and not i.filename.lower().endswith(_CLUTTER[1:])]
    infos = [info for info in infos if not info.filename.lower().startswith(_CLUTTER[0])]
    tables = [info for info in infos if Path(info.filename).suffix.lower() in _TABLES]
    if len(infos) == 1 and Path(infos[0].filename).suffix.lower() == ".txt":
        tables = infos
    if len(tables) == 1:
        return tables[0]
    if tables:
        return f"an archive with {len(tables)} tables: judged only where there is one"
    return f"an archive with {len(infos)} file(s), none of them a table"


@contextmanager
def unpacked_member(path: Path, info: zipfile.ZipInfo) -> Iterator[Path]:
    """A temporary file with one member. Its name is ours: names in archives may point anywhere."""
    if info.flag_bits & 1:
        raise Refused("the archive is protected by a password")
    if info.file_size > MAX_MEMBER_BYTES:
        raise Refused(f"the file in the archive has {info.file_size:,} bytes: too large to look into")
    if info.file_size > 1024**2 and info.file_size > MAX_RATIO * max(1, info.compress_size):
        raise Refused("the archive unpacks to several hundred times its size: not looked into")
    with TemporaryDirectory(prefix="winnow-") as folder, zipfile.ZipFile(path) as archive:
        target = Path(folder) / "member"
        with archive.open(info) as source, target.open("wb") as out:
            left = MAX_MEMBER_BYTES  # the size in the table of contents may be a lie
            while left > 0 and (block := source.read(min(left, 1024**2))):
                left -= out.write(block)
        yield target


@contextmanager
def unpacked_gzip(path: Path) -> Iterator[tuple[Path, bool]]:
    """A temporary file with what a gzip file holds, and whether it ended early: cut short, or at our cap."""
    with TemporaryDirectory(prefix="winnow-") as folder:
        target = Path(folder) / "member"
        decoder, written, is_complete = zlib.decompressobj(wbits=31), 0, False
        with path.open("rb") as source, target.open("wb") as out:
            while written < MAX_MEMBER_BYTES and (block := source.read(65_536)):
                while block and written < MAX_MEMBER_BYTES:
                    written += out.write(decoder.decompress(block, MAX_MEMBER_BYTES - written))
                    block = decoder.unconsumed_tail
                    is_complete = decoder.eof
                    if decoder.eof:  # gzip files may be strung together (RFC 1952 section 2.2)
                        block = decoder.unused_data
                        if block[:2] != b"\x1f\x8b":
                            break
                        decoder = zlib.decompressobj(wbits=31)
        yield target, not is_complete
