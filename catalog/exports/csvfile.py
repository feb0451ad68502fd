"""Write CSVs that any program can read and in which no spreadsheet runs a formula.

RFC 4180: comma, CRLF, UTF-8. Text that a spreadsheet would take for a formula gets a leading apostrophe, because
titles come from anyone. The copy ``.excel.csv`` has the byte-order mark without which Excel breaks accents;
``.xlsx`` is a real workbook. If a language is asked for, ``.<language>.csv`` has its words in header and cells.
"""

from __future__ import annotations

import csv
import json
import re
from collections.abc import Callable, Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any

from catalog.exports.columns import csvw, table_schema
from catalog.exports.workbook import WorkbookWriter
from specs.exports import ExportColumn
from specs.languages import language as language_of

__all__ = ["CsvFile", "cells_of", "guard", "line_cell", "number_cell", "unguard", "write_csv"]

_FORMULA = ("=", "+", "-", "@", "\t", "\r", "\n", "\x00", "＝", "＋", "－", "＠")
_BREAK = re.compile(r"\s*[\r\n\t\u2028\u2029]+\s*")
_CONTROL = re.compile(r"[\x00-\x08\x0b\x0c\x0e-\x1f\x7f\ud800-\udfff]")
CELL_MAX = 32_767
"""Characters that Excel accepts in a cell."""
Translate = Callable[[ExportColumn, Mapping[str, Any]], Any]
"""Returns a cell of a row in another language."""


def guard(text: str) -> str:
    """Return a text as a CSV cell that no spreadsheet program runs as a formula: with an apostrophe in front if needed.

    A text that begins with an apostrophe also gets another one, so that :func:`unguard` restores every text.
    """
    return f"'{text}" if text.lstrip(" ").startswith(_FORMULA) or text.startswith("'") else text


def unguard(cell: str) -> str:
    """Return the original text of a cell made by :func:`guard`: without the apostrophe in front, if there is one."""
    return cell[1:] if cell.startswith("'") else cell


def _cell(value: Any, field: ExportColumn) -> str:
    if value is None:
        return ""
    if field.type in ("integer", "number"):
        return _number(value)
    text = str(value)
    # Nearly all texts have nothing to remove, and this test is ten times as fast.
    if not text.isprintable():
        text = _CONTROL.sub("", _BREAK.sub(" ", text))
    return guard(text)[:CELL_MAX]


def _number(value: Any) -> str:
    if value.__class__ is int:
        return str(value)
    # The sum turns the zero with a sign that rounding can give into a plain one.
    return f"{round(float(value), 4) + 0.0:.4f}".rstrip("0").rstrip(".")


def cells_of(row: Mapping[str, Any], fields: Sequence[ExportColumn]) -> list[str]:
    """Return the values of a row as texts of CSV cells, in the order of the columns ``fields``. A missing value gives
    "".

    Texts are guarded (:func:`guard`), have line breaks and tabs replaced by blanks and control characters removed, and
    are cut at 32,767 characters. Numbers are rounded to four decimals, and written without an exponent and without
    zeros at their end.
    """
    return [_cell(row.get(field.name), field) for field in fields]


_PLAIN = frozenset("=+-@'＝＋－＠ ")
"""First characters of a text that may need an apostrophe; see :func:`guard`."""
_TEXT = ExportColumn(name="text", type="string", description="A text.")
_NUMBER = ExportColumn(name="number", type="number", description="A number.")


def line_cell(text: str) -> str:
    """Return a text as a cell of a CSV line: guarded as by :func:`cells_of`, and in quotes if it needs them.

    It gives the same result as the CSV writer, and is faster for texts that need no guarding.
    """
    if text[:1] in _PLAIN or len(text) > CELL_MAX - 1 or not text.isprintable():
        text = _cell(text, _TEXT)
    return '"' + text.replace('"', '""') + '"' if "," in text or '"' in text else text


def number_cell(value: float) -> str:
    """Return a number as the text of a cell of a CSV line, with a decimal point, rounded as by :func:`cells_of`."""
    return _cell(value, _NUMBER)


class CsvFile:
    """Writes a CSV file and its copies row by row. Use it in a ``with`` block; if the block raises, no file is written.

    ``fields``: the columns. ``key``: names of the columns that identify a row. ``is_sent``: whether the file is sent to
    governments. Beside the CSV these files are written:

    - unless ``is_alone``: a copy for Excel (``.excel.csv``) and the Table Schema; if ``is_sent``, CSVW metadata too;
    - if ``is_sent`` and ``has_book``: a workbook (``.xlsx``) in the language, or in English without one;
    - if ``language``, a language code, is given: a copy in that language (``.<language>.csv``). ``header`` has its
      column titles.

    ``translate`` is a function of (column, row) that gives the cells of the workbook and of the copy in a language;
    without it they are those of the CSV.

    ``for_people``: columns of the workbook and of the copy in a language; None means ``fields``. In schema 2
    ``is_alone`` is True: the plain CSV is for programs, and people read the workbook or the copy in a language.
    """

    def __init__(
        self,
        path: Path,
        fields: Sequence[ExportColumn],
        key: Sequence[str],
        *,
        is_sent: bool = False,
        has_book: bool = True,
        language: str | None = None,
        header: Sequence[str] = (),
        translate: Translate | None = None,
        for_people: Sequence[ExportColumn] | None = None,
        is_alone: bool = False,
    ) -> None:
        self.path, self.fields, self.key, self.is_alone = path, fields, key, is_alone
        self.for_people = fields if for_people is None else for_people
        self.language, self.header, self.translate = language, header, translate
        self.schema, self.metadata = path.with_suffix(".schema.json"), path.with_suffix(".csv-metadata.json")
        self.csvs = [path] if is_alone else [path, path.with_suffix(".excel.csv")]
        self._plain = len(self.csvs)
        if language:
            self.csvs.append(path.with_suffix(f".{language}.csv"))
        self.is_sent = is_sent
        words = language_of(language)
        self.book = WorkbookWriter(path.with_suffix(".xlsx"), self.for_people, words) if is_sent and has_book else None
        self.paths = [*self.csvs] if is_alone else [*self.csvs, self.schema]
        self.paths += [self.metadata] if is_sent and not is_alone else []
        self.paths += [self.book.path] if self.book else []

    def __enter__(self) -> CsvFile:
        self.path.parent.mkdir(parents=True, exist_ok=True)
        # People open the file in their language in a spreadsheet, so it needs the byte-order mark too.
        self._files = [
            path.with_name(f"{path.name}.part").open("w", encoding="utf-8-sig" if number else "utf-8", newline="")
            for number, path in enumerate(self.csvs)
        ]
        self._writers = [csv.writer(file, lineterminator="\r\n") for file in self._files]
        names = [field.name for field in self.fields]
        for number, writer in enumerate(self._writers):
            writer.writerow(names if number < self._plain else self.header)
        if self.book:
            self.book.open()
        return self

    def write(self, row: Mapping[str, Any], cells: list[str] | None = None) -> None:
        """Add a row to the file and its copies.

        ``cells``: texts of the row's cells, if :func:`cells_of` has already made them; None makes them here.
        """
        cells = cells_of(row, self.fields) if cells is None else cells
        for writer in self._writers[: self._plain]:
            writer.writerow(cells)
        if not self.is_for_people:
            return
        if self.translate:
            told = [_cell(self.translate(field, row), field) for field in self.for_people]
        else:
            told = cells if self.for_people is self.fields else cells_of(row, self.for_people)
        if len(self.csvs) > self._plain:
            self._writers[-1].writerow(told)
        if self.book:
            self.book.write(told)

    @property
    def is_for_people(self) -> bool:
        """Return whether the file has a copy that people read: a workbook, or a CSV in another language."""
        return self.book is not None or len(self.csvs) > self._plain

    def write_lines(self, lines: Sequence[str]) -> None:
        """Add lines to the CSV, each made of cells as :func:`line_cell` gives them, without the line end.

        Use it only for a file that has no workbook and no copy in a language: the lines are not added to copies.
        """
        if lines:
            self._files[0].write("\r\n".join(lines) + "\r\n")

    def __exit__(self, kind: type[BaseException] | None, *_: object) -> None:
        for file, path in zip(self._files, self.csvs, strict=True):
            file.close()
            if kind is None:
                Path(file.name).replace(path)
            else:
                Path(file.name).unlink()
        if self.book:
            self.book.close(is_kept=kind is None)
        if kind is None and not self.is_alone:
            _write_json(self.schema, table_schema(self.fields, self.key))
            if self.is_sent:
                _write_json(self.metadata, csvw(self.path.name, self.fields, self.key))


def _write_json(path: Path, content: Mapping[str, Any]) -> None:
    path.write_text(json.dumps(content, indent=1, ensure_ascii=False) + "\n", "utf-8")


def write_csv(
    path: Path, fields: Sequence[ExportColumn], key: Sequence[str], rows: Iterable[Mapping[str, Any]]
) -> list[Path]:
    """Write ``rows`` as a CSV file, with its copy for Excel and its Table Schema; return the paths.

    ``fields``: the columns. ``key``: names of the columns that identify a row.
    """
    with CsvFile(path, fields, key) as file:
        for row in rows:
            file.write(row)
    return file.paths
