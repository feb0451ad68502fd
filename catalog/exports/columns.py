"""The columns of the CSVs that are sent, as ``specs/exports`` declares them, and their machine-readable
descriptions."""

from __future__ import annotations

import json
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from specs.exports import ExportColumn, export_files

__all__ = ["CHANGES", "COMMITMENTS", "FINDINGS", "SCORECARD", "csvw", "describe_findings", "table_schema"]

SCORECARD, FINDINGS, COMMITMENTS, CHANGES = (
    export_files()[name].column for name in ("scorecard", "findings", "commitments", "changes")
)


def table_schema(fields: Sequence[ExportColumn], key: Sequence[str]) -> dict[str, Any]:
    """Return the description of a CSV as a Frictionless Table Schema (https://datapackage.org/standard/table-schema/).

    ``fields``: its columns. ``key``: names of the columns that identify a row.
    """
    described = []
    for field in fields:
        entry: dict[str, Any] = {"name": field.name, "type": field.type, "description": field.description}
        if field.type == "datetime":
            entry["format"] = "%Y-%m-%dT%H:%M:%SZ"
        if field.enum:
            entry["constraints"] = {"enum": list(field.enum)}
        described.append(entry)
    return {"fields": described, "primaryKey": list(key), "missingValues": [""]}


def csvw(file: str, fields: Sequence[ExportColumn], key: Sequence[str], language: str = "en") -> dict[str, Any]:
    """Return the description of a CSV as "CSV on the Web" metadata (https://www.w3.org/TR/tabular-metadata/).

    ``file``: name of the CSV. ``fields``: its columns. ``key``: names of the columns that identify a row. ``language``:
    code of the language of the descriptions.
    """
    columns = []
    for field in fields:
        datatype: Any = "decimal" if field.type == "number" else field.type
        if field.type == "datetime":
            datatype = {"base": "dateTime", "format": "yyyy-MM-ddTHH:mm:ssX"}
        columns.append(
            {
                "name": field.name,
                "titles": field.name,
                "dc:description": field.description,
                "datatype": datatype,
                "required": field.name in key,
            }
        )
    return {
        "@context": ["http://www.w3.org/ns/csvw", {"language": language}],
        "url": file,
        "dialect": {"delimiter": ",", "lineTerminators": ["\r\n"], "header": True, "encoding": "utf-8"},
        "dc:license": {"@id": "https://creativecommons.org/licenses/by/4.0/"},
        "notes": [
            "Text that a spreadsheet would run begins with an apostrophe, which is no part of it; one that begins "
            "with an apostrophe of its own has two."
        ],
        "tableSchema": {"columns": columns, "primaryKey": list(key)},
    }


def describe_findings(folder: Path) -> Path:
    """Write the Table Schema of ``findings.csv`` of schema 2 into ``folder`` as ``findings.schema.json``; return its
    path."""
    file, path = export_files()["findings"], folder / "findings.schema.json"
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(json.dumps(table_schema(file.for_programs, file.key), indent=1, ensure_ascii=False) + "\n", "utf-8")
    return path
