"""Read the rows of files that come back: CSV in any delimiter and encoding that spreadsheets write, XLSX and ODS."""

from __future__ import annotations

import csv
import io
import re
from collections.abc import Iterator
from itertools import islice
from pathlib import Path

__all__ = ["Row", "UnusableFileError", "sheets"]

BYTES_MAX = 100_000_000
"""Bytes of a file; nothing we send is nearly as long."""
SHEETS_MAX, ROWS_MAX = 50, 1_048_576
"""Sheets of a workbook that are looked through, and rows of one that are read: as many as Excel has."""
_WORKBOOK = b"PK\x03\x04"
_OLD_WORKBOOK = b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1"
"""Compound files: workbooks of Excel 97 to 2003, and encrypted ones of today."""
_DELIMITERS = ",;\t"
_STATED = re.compile(r"\s*sep=([^\s\"]|\t)\r?\n", re.IGNORECASE)

Row = tuple[int, list[str]]
"""The number of a line, from 1, and the texts of its cells."""


class UnusableFileError(ValueError):
    """Raised if the content of a file cannot be read. The message says why, and after a semicolon what the sender
    should do."""


def sheets(path: Path) -> Iterator[Iterator[Row]]:
    """Yield the sheets in the file at ``path``, each as an iterator of its rows without blank ones.

    A CSV file is offered several times: once with each delimiter that it may have, the likeliest first. Raise
    UnusableFileError if the file cannot be read, and OSError if it cannot be opened. Reading the rows of a sheet may
    raise UnusableFileError too.
    """
    if path.stat().st_size > BYTES_MAX:
        raise UnusableFileError(f"the file has more than {BYTES_MAX:,} bytes; send only the lines with a reply")
    content = path.read_bytes()
    if content.startswith(_OLD_WORKBOOK):
        raise UnusableFileError(
            "the file is a workbook of Excel 97 to 2003 (.xls) or protected by a password, and neither is read; "
            "save it as XLSX, ODS or CSV without a password and send it again"
        )
    if content.startswith(_WORKBOOK):
        yield from _of_workbook(content)
    else:
        text = _text(content)
        for delimiter in _delimiters(text):
            yield _of_csv(text, delimiter)


def _of_workbook(content: bytes) -> Iterator[Iterator[Row]]:
    from python_calamine import CalamineError, CalamineSheet, load_workbook

    def rows(sheet: CalamineSheet) -> Iterator[Row]:
        if not sheet.height:
            return
        for number, row in enumerate(islice(sheet.iter_rows(), ROWS_MAX), 1):
            # Whole numbers and dates are wanted in their plain spelling only.
            cells = [str(int(cell)) if isinstance(cell, float) and cell.is_integer() else str(cell) for cell in row]
            if any(cell.strip() for cell in cells):
                yield number, cells

    try:
        workbook = load_workbook(io.BytesIO(content))
        for name in workbook.sheet_names[:SHEETS_MAX]:
            yield rows(workbook.get_sheet_by_name(name))
    except (CalamineError, OSError, ValueError) as error:
        raise UnusableFileError(
            f"the workbook cannot be read: {error}; save it as CSV (UTF-8) and send it again"
        ) from error


def _of_csv(text: str, delimiter: str) -> Iterator[Row]:
    csv.field_size_limit(10_000_000)
    reader = csv.reader(io.StringIO(text, newline=""), delimiter=delimiter)
    try:
        for cells in reader:
            if any(cell.strip() for cell in cells):
                yield reader.line_num, cells
    except csv.Error as error:
        raise UnusableFileError(
            f"the file breaks off in line {reader.line_num}: {error}; save it as CSV (UTF-8) or XLSX and send it again"
        ) from error


def _text(content: bytes) -> str:
    if content[:2] in (b"\xff\xfe", b"\xfe\xff"):
        return content.decode("utf-16", "replace")
    try:
        return content.decode("utf-8-sig")
    except UnicodeDecodeError:
        # Excel's encoding for "CSV" in western Europe and the Americas.
        return content.decode("cp1252", "replace")


def _delimiters(text: str) -> str:
    """Return the delimiters that a CSV may have, the likeliest first: the one that a line ``sep=`` states, then those
    that occur most often in the first lines, outside of quotes."""
    start = re.sub(r'"[^"]*"', "", text[:20_000])
    stated = _STATED.match(text)
    likely = sorted(_DELIMITERS, key=start.count, reverse=True)
    return "".join(dict.fromkeys([*(stated[1] if stated else ""), *likely]))
