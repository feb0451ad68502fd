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

__all__ = ["guard", "unguard", "write_csv"]

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


def write_csv(path: Path, fields: tuple[Field, ...], key: list[str], rows: Iterable[Mapping[str, Any]]) -> list[Path]:
    """Write ``path``, its twin for Excel and its Table Schema; return the three. Each appears whole or not at all."""
    lines = [[field.name for field in fields]]
    lines += [[_cell(row.get(field.name), field) for field in fields] for row in rows]
    path.parent.mkdir(parents=True, exist_ok=True)
    twin, schema = path.with_suffix(".excel.csv"), path.with_suffix(".schema.json")
    for target, encoding in ((path, "utf-8"), (twin, "utf-8-sig")):
        part = target.with_suffix(".part")
        with part.open("w", encoding=encoding, newline="") as file:
            csv.writer(file, lineterminator="\r\n").writerows(lines)
        part.replace(target)
    schema.write_text(json.dumps(table_schema(fields, key), indent=1, ensure_ascii=False) + "\n", "utf-8")
    return [path, twin, schema]
