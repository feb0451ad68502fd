"""Structure and types of a table, judged by frictionless on its first rows.

Rows are handed over in memory instead of as a path: the reader of :mod:`.dialect` knows the line each record
starts on (frictionless counts records), spreadsheets take the same way, and frictionless, which downloads any
path that looks like an address, never sees one.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from frictionless import Dialect, Schema
from frictionless.resources import TableResource

from catalog.model import TableDefect
from quality.tables.vote import MISSING, ColumnKind, vote

__all__ = ["MAX_REPORTED_ERRORS", "Structure", "Table", "check_structure", "column_kinds"]

MAX_REPORTED_ERRORS = 100
_MAX_ERRORS = 20_000
_MAX_NAME = 200
"""A "column name" longer than this is a paragraph that stands where the header should."""

_RULES = {
    "blank-label": ("blank_column_name", "A column has no name."),
    "duplicate-label": ("duplicate_column", "Two columns have the same name."),
    "blank-row": ("blank_row", "Rows are blank."),
    "extra-cell": ("extra_cell", "Rows have more cells than the header."),
    "missing-cell": ("missing_cell", "Rows have fewer cells than the header."),
    "type-error": ("type_error", "Cells do not hold what the rest of the column holds."),
    "constraint-error": ("type_error", "Cells do not hold what the rest of the column holds."),
    "source-error": ("source_error", "The table cannot be read."),
    "encoding-error": ("encoding_error", "Bytes are not what the encoding allows."),
}
_IGNORED = {"incorrect-label"}
"""Labels that differ from the field names, which are made from them here."""
_BY_COLUMN = {"duplicate_column", "type_error"}
"""Rules reported column by column."""
_KEPT = ("type", "title", "tags", "rowNumber", "rowNumbers", "fieldNumber", "fieldName")
"""Keys of an error that never quote a cell. ``message``, ``note``, ``cell``, ``cells`` and ``labels`` do."""


@dataclass(frozen=True, slots=True)
class Table:
    """The first rows of a table as text. ``lines[i]`` is the line (1-based) of the file ``rows[i]`` starts on."""

    header: list[str]
    header_line: int
    rows: list[list[str]]
    lines: list[int]

    @property
    def names(self) -> list[str]:
        """One name for each column of the header, none blank, none twice."""
        seen: set[str] = set()
        names = []
        for number, label in enumerate(self.header, start=1):
            name = _label(label) or f"column {number}"
            while name in seen:
                name = f"{name} ({number})"
            seen.add(name)
            names.append(name)
        return names


def _label(cell: str) -> str:
    return " ".join(cell.split())[:_MAX_NAME]


@dataclass(frozen=True, slots=True)
class Structure:
    defects: tuple[TableDefect, ...]
    report: dict[str, Any]
    """frictionless' report: no cell values, at most :data:`MAX_REPORTED_ERRORS` errors, lines for row numbers."""


def column_kinds(table: Table) -> list[ColumnKind]:
    """Kind of each column of the header."""
    columns: list[list[str]] = [[] for _ in table.header]
    for row in table.rows:
        for column, cell in zip(columns, row, strict=False):
            if stripped := cell.strip():
                column.append(stripped)
    return [vote(column) for column in columns]


def check_structure(table: Table, kinds: Sequence[ColumnKind]) -> Structure:
    """Run frictionless' baseline checks on ``table`` with the voted types."""
    # Blanks around values are no defect of structure, and the readers of integers and dates stumble over them.
    rows = [[cell.strip() for cell in row] for row in table.rows]
    schema = Schema.from_descriptor(
        {
            "missingValues": sorted(MISSING),
            "fields": [{**kind.descriptor, "name": name} for kind, name in zip(kinds, table.names, strict=True)],
        }
    )
    labels = [_label(cell) for cell in table.header]
    resource = TableResource(
        data=[labels, *rows],
        # Given explicitly, or frictionless would look for a header of its own.
        dialect=Dialect(header_rows=[1]),
        schema=schema,
    )
    report = resource.validate(limit_errors=_MAX_ERRORS).to_descriptor()
    errors = [error for task in report.get("tasks", []) for error in task.get("errors", [])]
    errors += report.get("errors", [])
    errors = [error for error in errors if error["type"] not in _IGNORED]
    defects = _collect(errors, table)
    return Structure(defects, _strip(report, table))


def _line(error: Mapping[str, Any], table: Table) -> int | None:
    if "rowNumber" in error:
        number: int = error["rowNumber"]
        return table.lines[number - 2]
    return table.header_line if "rowNumbers" in error else None


def _collect(errors: Sequence[Mapping[str, Any]], table: Table) -> tuple[TableDefect, ...]:
    """One defect for each rule and column. Ragged and blank rows are counted as rows, bad cells as cells."""
    places: dict[tuple[str, str | None], set[tuple[int | None, int | None]]] = {}
    messages: dict[str, str] = {}
    names = table.names
    for error in errors:
        rule, message = _RULES.get(error["type"], (error["type"].replace("-", "_"), error.get("title", "")))
        if rule == "blank_row" and len(names) == 1:
            continue  # in a single column, an empty line is an empty cell
        messages[rule] = message
        number = error.get("fieldNumber")
        column = names[number - 1] if rule in _BY_COLUMN and number and number <= len(names) else None
        # A row with three cells too many is one ragged row; three columns without a name are three.
        place = (_line(error, table), number if "rowNumbers" in error else None)
        places.setdefault((rule, column), set()).add(place)
    suffix = f" At least: counting stopped at {_MAX_ERRORS} errors." if len(errors) >= _MAX_ERRORS else ""
    return tuple(
        TableDefect(
            rule=rule,
            count=len(found),
            message=messages[rule] + suffix,
            field=column,
            first_row=min((line for line, _ in found if line is not None), default=None),
        )
        for (rule, column), found in places.items()
    )


def _strip(report: Mapping[str, Any], table: Table) -> dict[str, Any]:
    room = MAX_REPORTED_ERRORS

    def kept(errors: Sequence[Mapping[str, Any]]) -> list[dict[str, Any]]:
        nonlocal room
        taken = errors[:room]
        room -= len(taken)
        bare = []
        for error in taken:
            line = _line(error, table)
            entry = {key: error[key] for key in _KEPT if key in error}
            if "rowNumber" in entry:
                entry["rowNumber"] = line
            if "rowNumbers" in entry:
                entry["rowNumbers"] = [line]
            bare.append(entry)
        return bare

    return {
        "valid": report.get("valid"),
        "stats": dict(report.get("stats", {})),
        "errors": kept(report.get("errors", [])),
        "tasks": [
            {
                "name": task.get("name"),
                "type": task.get("type"),
                "valid": task.get("valid"),
                "stats": dict(task.get("stats", {})),
                "errors": kept(task.get("errors", [])),
            }
            for task in report.get("tasks", [])
        ],
    }
