"""Return what the scan of a whole table found as a report in frictionless' format.

Its errors have frictionless' types and places, but line numbers of the file instead of row numbers, and no cell values.
If a schema is declared, frictionless itself judges and its own report is kept instead (:mod:`quality.tables.declared`).
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any

from quality.tables.scan.profile import TableProfile
from specs.table_rules import table_rules

__all__ = ["MAX_REPORTED_ERRORS", "report_of"]

MAX_REPORTED_ERRORS = 100
_ROW_ERRORS = (("long_rows", "extra-cell"), ("short_rows", "missing-cell"), ("blank_rows", "blank-row"))
_RULES = {
    "extra-cell": "extra_cell",
    "missing-cell": "missing_cell",
    "blank-row": "blank_row",
    "type-error": "type_error",
    "blank-label": "blank_column_name",
    "duplicate-label": "duplicate_column",
}
_CELL: dict[str, dict[str, Any]] = {
    kind: {"cell": "", "fieldName": "", "fieldNumber": 0} for kind in ("extra-cell", "missing-cell")
}
"""Fields that frictionless requires in errors of cells; for a ragged row only the row is known."""


def report_of(profile: TableProfile, header: Sequence[str], header_line: int) -> dict[str, Any]:
    """Return the results of the scan of a table as a report in the format of frictionless.

    ``profile`` is the result of the scan. ``header`` contains the names of the columns as written, ``header_line`` is
    their line. All errors are counted, but at most :data:`MAX_REPORTED_ERRORS` are listed.
    """
    fields = [{"name": column.name, **column.kind.descriptor} for column in profile.columns]
    labels = list(_labels(header, header_line))
    listed = labels + sorted(_cells(profile), key=lambda error: error["rowNumber"])
    counted = len(labels)
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


def _labels(header: Sequence[str], line: int) -> Iterator[dict[str, Any]]:
    labels = [" ".join(label.split())[:200] for label in header]
    seen: set[str] = set()
    for number, label in enumerate(labels, start=1):
        kind = "blank-label" if not label else "duplicate-label" if label in seen else None
        seen.add(label)
        if kind:
            place = {"rowNumbers": [line], "labels": [], "label": label, "fieldName": label, "fieldNumber": number}
            yield _error(kind, f"The label of field {number} is {kind.partition('-')[0]}.", tags=["#label"], **place)


def _cells(profile: TableProfile) -> Iterator[dict[str, Any]]:
    for key, kind in _ROW_ERRORS:
        for line in profile.scan[key][1]:  # type: ignore[literal-required]
            yield _error(kind, f"Row at line {line}.", tags=["#row"], rowNumber=line, cells=[], **_CELL.get(kind, {}))
    for number, column in enumerate(profile.columns, start=1):
        for line in column.bad()[1]:
            words = f"The cell at line {line}, field {number}, is not of the type of its field."
            place = {"rowNumber": line, "cells": [], "cell": "", "fieldName": column.name, "fieldNumber": number}
            yield _error("type-error", words, tags=["#cell"], **place)


def _error(kind: str, words: str, *, tags: Sequence[str], **place: Any) -> dict[str, Any]:
    title = kind.replace("-", " ").capitalize()
    texts = {"title": title, "description": table_rules()[_RULES[kind]].message, "message": words, "note": ""}
    return {"type": kind, **texts, "tags": ["#table", *tags], **place}
