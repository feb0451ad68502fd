"""A table and its declared schema, for tests."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from quality.tables.declared.validation import DeclaredSchema, SchemaReport, read_schema
from quality.tables.judge.rules import fix_of
from quality.tables.read.text_table import TextTable

FIELDS = [
    {"name": "id", "type": "integer", "constraints": {"required": True}},
    {"name": "name", "type": "string", "constraints": {"maxLength": 9}},
    {"name": "day", "type": "date"},
    {"name": "parent", "type": "integer"},
]
ROWS = [["1", "Alpha", "2024-01-01", ""], ["2", "Beta", "2024-01-02", "1"], ["3", "Gamma", "", "1"]]


def table(header: str = "id;name;day;parent", rows: list[list[str]] | None = None) -> TextTable:
    rows = ROWS if rows is None else rows
    # Lines that are not row numbers: a preamble of two lines, and a line break in every cell.
    return TextTable(header.split(";"), 3, rows, [4 + 2 * number for number in range(len(rows))])


def schema(tmp_path: Path, document: object, file: str | None = None) -> DeclaredSchema:
    found = maybe(tmp_path, document, file)
    assert found is not None
    return found


def maybe(tmp_path: Path, document: object, file: str | None = None) -> DeclaredSchema | None:
    path = tmp_path / "document.json"
    path.write_text(document if isinstance(document, str) else json.dumps(document), encoding="utf-8")
    return read_schema(path, file)


def said(found: SchemaReport) -> list[tuple[str, str | None, int, int | None]]:
    assert all(fix_of(defect.rule) for defect in found.defects)
    return [(defect.rule, defect.field, defect.count, defect.first_row) for defect in found.defects]


def csvw(*columns: dict[str, Any], **more: Any) -> dict[str, Any]:
    return {"@context": ["http://www.w3.org/ns/csvw", {"@language": "en"}], "url": "a.csv",
            "tableSchema": {"columns": list(columns), **more}}  # fmt: skip
