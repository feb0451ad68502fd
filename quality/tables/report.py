"""What the pass over a whole table found, as a report in frictionless' form.

Its errors have frictionless' types and places, but the line of the file for a row number, and no cell values. Where a
schema is declared frictionless itself judges, and its own report is kept instead (:mod:`.declared`).
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any

from catalog.model import TableDefect
from quality.tables.profile import Profile

__all__ = ["MAX_REPORTED_ERRORS", "report_of"]

MAX_REPORTED_ERRORS = 100
_ROW_ERRORS = (("long_rows", "extra-cell"), ("short_rows", "missing-cell"), ("blank_rows", "blank-row"))
_LABEL_ERRORS = {"blank_column_name": "blank-label", "duplicate_column": "duplicate-label"}


def report_of(profile: Profile, header_line: int, defects: Sequence[TableDefect]) -> dict[str, Any]:
    """The report: at most :data:`MAX_REPORTED_ERRORS` errors are listed, all are counted."""
    fields = [{"name": column.name, **column.kind.descriptor} for column in profile.columns]
    listed = list(_labels(defects, header_line)) + sorted(_cells(profile), key=lambda error: error["rowNumber"])
    counted = sum(defect.count for defect in defects if defect.rule in _LABEL_ERRORS)
    counted += sum(profile.scan[key][0] for key, _ in _ROW_ERRORS)  # type: ignore[literal-required]
    counted += sum(column.bad()[0] for column in profile.columns)
    stats = {"errors": counted, "warnings": 0, "seconds": 0}
    task = {
        "name": "table",
        "type": "table",
        "valid": not counted,
        "place": "memory",
        "labels": [],
        "schema": {"fields": fields[:500]},
        "stats": {**stats, "fields": len(fields), "rows": profile.rows},
        "warnings": [],
        "errors": listed[:MAX_REPORTED_ERRORS],
    }
    return {"valid": not counted, "stats": {**stats, "tasks": 1}, "warnings": [], "errors": [], "tasks": [task]}


def _labels(defects: Sequence[TableDefect], line: int) -> Iterator[dict[str, Any]]:
    for defect in defects:
        if kind := _LABEL_ERRORS.get(defect.rule):
            yield {"type": kind, "rowNumbers": [line], "tags": ["#table", "#header", "#label"]}


def _cells(profile: Profile) -> Iterator[dict[str, Any]]:
    for key, kind in _ROW_ERRORS:
        for line in profile.scan[key][1]:  # type: ignore[literal-required]
            yield {"type": kind, "rowNumber": line, "tags": ["#table", "#row"]}
    for number, column in enumerate(profile.columns, start=1):
        for line in column.bad()[1]:
            yield {
                "type": "type-error",
                "rowNumber": line,
                "fieldName": column.name,
                "fieldNumber": number,
                "tags": ["#table", "#row", "#cell"],
            }
