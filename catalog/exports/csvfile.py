"""Writing a CSV that any program reads and no spreadsheet runs.

RFC 4180: comma, CRLF, UTF-8. Text that a spreadsheet would take for a formula gets a leading apostrophe, as titles
come from anyone. The twin ``.excel.csv`` has the byte-order mark without which Excel breaks accents.
"""

from __future__ import annotations

import csv
import json
import re
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

from catalog.exports.columns import Field, table_schema

__all__ = ["CsvFile", "guard", "unguard", "write_csv"]

_FORMULA = ("=", "+", "-", "@", "\t", "\r", "\n", "\x00", "＝", "＋", "－", "＠")
_CONTROL = re.compile(r"[\x00-\x08\x0b\x0c\x0e-\x1f\x7f\ud800-\udfff]")
CELL_MAX = 32_767
"""Characters that Excel takes in a cell."""


def guard(text: str) -> str:
    """A text cell that no spreadsheet runs. One that begins with an apostrophe gets another, so that :func:`unguard`
    gives back what was there."""
    return f"'{text}" if text.lstrip(" ").startswith(_FORMULA) or text.startswith("'") else text


def unguard(cell: str) -> str:
    """The text behind a guarded cell."""
    return cell[1:] if cell.startswith("'") else cell


def _cell(value: Any, field: Field) -> str:
    if value is None:
        return ""
    if field.type in ("integer", "number"):
        return format(round(float(value), 4), "g" if abs(float(value)) < 1e6 else ".0f")
    text = _CONTROL.sub("", re.sub(r"\s*[\r\n\t\u2028\u2029]+\s*", " ", str(value)))
    return guard(text)[:CELL_MAX]


class CsvFile:
    """A CSV, its twin for Excel and its Table Schema, written row by row; each appears whole or not at all."""

    def __init__(self, path: Path, fields: tuple[Field, ...], key: list[str]) -> None:
        self.fields, self.key = fields, key
        self.paths = [path, path.with_suffix(".excel.csv"), path.with_suffix(".schema.json")]

    def __enter__(self) -> CsvFile:
        self.paths[0].parent.mkdir(parents=True, exist_ok=True)
        self._files = [
            path.with_suffix(".part").open("w", encoding=encoding, newline="")
            for path, encoding in zip(self.paths[:2], ("utf-8", "utf-8-sig"), strict=True)
        ]
        self._writers = [csv.writer(file, lineterminator="\r\n") for file in self._files]
        for writer in self._writers:
            writer.writerow([field.name for field in self.fields])
        return self

    def write(self, row: Mapping[str, Any]) -> None:
        """Add a row."""
        cells = [_cell(row.get(field.name), field) for field in self.fields]
        for writer in self._writers:
            writer.writerow(cells)

    def __exit__(self, kind: type[BaseException] | None, *_: object) -> None:
        for file, path in zip(self._files, self.paths, strict=False):
            file.close()
            if kind is None:
                Path(file.name).replace(path)
            else:
                Path(file.name).unlink()
        if kind is None:
            schema = json.dumps(table_schema(self.fields, self.key), indent=1, ensure_ascii=False)
            self.paths[2].write_text(schema + "\n", "utf-8")


def write_csv(path: Path, fields: tuple[Field, ...], key: list[str], rows: Iterable[Mapping[str, Any]]) -> list[Path]:
    """Write all rows of a file; return the paths of the three."""
    with CsvFile(path, fields, key) as file:
        for row in rows:
            file.write(row)
    return file.paths
