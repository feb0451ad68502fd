"""Validate a table against its declared schema, by frictionless.

frictionless receives rows in memory, never a path or an address. The rows are those of the sample, errors are counted
up to a limit, and neither the defects nor the report contain a cell.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

from frictionless import Dialect, Field, FrictionlessException, Package, Schema
from frictionless.resources import TableResource

from catalog.model import TableDefect
from quality.tables.declared.reading import read_schema
from quality.tables.declared.schema import DeclaredField, DeclaredSchema
from quality.tables.read.column_names import fold
from quality.tables.read.text_table import TextTable

__all__ = ["SchemaReport", "DeclaredSchema", "ReferencedTable", "read_schema", "validate"]

MAX_REPORTED_ERRORS = 100
_MAX_ERRORS = 5_000
_MAX_COLUMNS_SAID = 20
_OWN_NAME = "table"
_RULES = {
    "type-error": ("schema_type_error", "Some cells are not of the type that the declared schema gives the column."),
    "constraint-error": ("schema_constraint_error", "Some cells contain what the declared schema does not allow."),
    "unique-error": ("schema_constraint_error", "Some cells repeat a value that the declared schema allows once."),
    "primary-key": (
        "schema_primary_key",
        "The columns that should tell the rows apart are empty or repeated.",
    ),
    "foreign-key": ("schema_foreign_key", "Some rows refer to entries that do not exist."),
}
"""Rule and message by frictionless' type of error. Ragged and blank rows are left out: the scan reports them."""
_KEPT = ("type", "title", "tags", "rowNumber", "fieldNumber", "fieldName", "fieldNames", "referenceName")
"""Keys of an error that never quote a cell, unlike ``message``, ``note``, ``cell``, ``cells`` and ``fieldCells``."""


@dataclass(frozen=True, slots=True)
class ReferencedTable:
    """The table to which a foreign key in a declared schema refers.

    ``is_whole`` is true if ``table`` contains all rows of its file. If it contains only the first rows, a value that is
    missing in it may be in the rest of the file, so the foreign key is not reported as broken.
    """

    table: TextTable
    is_whole: bool


@dataclass(frozen=True, slots=True)
class SchemaReport:
    """The result of validating a table against the schema that its publisher declares."""

    defects: tuple[TableDefect, ...]
    report: dict[str, Any] = field(default_factory=dict)
    """The report of frictionless, with line numbers of the file as row numbers and without cells. It is empty if
    frictionless was not run or could not apply the schema."""


def validate(
    table: TextTable,
    schema: DeclaredSchema,
    *,
    is_whole: bool = True,
    referenced: Mapping[str, ReferencedTable] | None = None,
) -> SchemaReport:
    """Validate a table against the schema that its publisher declares.

    - ``is_whole``: true if ``table`` contains all rows of the file, false if only the first.
    - ``referenced``: the tables to which foreign keys refer, by their names in ``schema.resources``. A foreign key to
      one of them is checked only if that table is complete, one to ``table`` itself only if ``is_whole``, and one to
      any other table not at all.

    If fewer than half of the declared columns are in the table, the schema is taken for that of another table, and only
    faults of the schema itself are reported. A schema that cannot be applied to any table counts as faulty itself.
    """
    problems = [schema.problem] if schema.problem else []
    table = _without_blank_rows(table)
    if not schema.fields:
        return SchemaReport(tuple(_invalid(problems)))
    places = _match(table, schema.fields)
    if len(places) < len(schema.fields) / 2:
        # Most of the declared columns are not in the table: the schema is probably for another one.
        return SchemaReport(tuple(_invalid(problems)))
    defects = _header(table, schema, places)
    fields = {number: _usable(schema.fields[index], problems) for number, index in places.items()}
    keys = _foreign_keys(table, schema, places, is_whole, referenced or {})
    try:
        resource = _resource(table, schema, fields, keys, referenced or {})
        raw = resource.validate(limit_errors=_MAX_ERRORS).to_descriptor()
    except (FrictionlessException, TypeError, ValueError, ArithmeticError):
        # A field allows values that do not fit its type, which shows only when a cell is read.
        problems.append("it cannot be applied to a table")
        return SchemaReport((*_invalid(problems), *defects))
    errors = [error for task in raw.get("tasks", []) for error in task.get("errors", [])]
    if any("#table" not in error.get("tags", ()) for error in (*errors, *raw.get("errors", []))):
        problems.append("it cannot be applied to a table")
    errors = _plain(errors, schema)
    return SchemaReport((*_invalid(problems), *defects, *_collect(errors, table)), _strip(raw, table))


def _without_blank_rows(table: TextTable) -> TextTable:
    """Return the table without blank rows: the scan reports them, and they need no key."""
    filled = [(row, line) for row, line in zip(table.rows, table.lines, strict=True) if any(map(str.strip, row))]
    return replace(table, rows=[row for row, _ in filled], lines=[line for _, line in filled])


def _invalid(problems: Sequence[str]) -> list[TableDefect]:
    if not problems:
        return []
    said = "; ".join(dict.fromkeys(problems))
    return [_defect("schema_invalid", 1, f"The declared schema is not valid: {said}.", None, None)]


def _defect(rule: str, count: int, message: str, column: str | None, line: int | None) -> TableDefect:
    return TableDefect(rule=rule, count=count, message=message, field=column, first_row=line, source="frictionless")


# The header


def _match(table: TextTable, fields: Sequence[DeclaredField]) -> dict[int, int]:
    """Return the index of the field that describes each column, by column number. An exact name comes first."""
    found: dict[int, int] = {}
    forms = (lambda name: " ".join(name.split()), fold)
    for form in forms:
        wanted: dict[str, int] = {}
        for index, one in enumerate(fields):
            for name in one.names:
                wanted.setdefault(form(name), index)
        for number, label in enumerate(table.header):
            index = wanted.get(form(label), -1) if form(label) else -1
            if number not in found and index >= 0 and index not in found.values():
                found[number] = index
    return dict(sorted(found.items()))


def _header(table: TextTable, schema: DeclaredSchema, places: Mapping[int, int]) -> list[TableDefect]:
    line, names = table.header_line, table.names
    defects = []
    missing = [one for index, one in enumerate(schema.fields) if index not in places.values()]
    if not schema.allows_missing:
        message = "The declared schema has a column that the table does not have."
        defects += [
            _defect("schema_missing_column", 1, message, one.names[0][:200], line)
            for one in missing[:_MAX_COLUMNS_SAID]
        ]
        if len(missing) > _MAX_COLUMNS_SAID:
            rest = len(missing) - _MAX_COLUMNS_SAID
            defects.append(
                _defect(
                    "schema_missing_column",
                    rest,
                    f"The declared schema has {rest} more columns that the table does not have.",
                    None,
                    line,
                )
            )
    extra = [name for number, name in enumerate(names) if number not in places]
    if extra and not schema.allows_extra:
        listed = ", ".join(name[:60] for name in extra[:5]) + (", …" if len(extra) > 5 else "")
        message = f"The table has columns that the declared schema does not have: {listed}."
        only = extra[0] if len(extra) == 1 else None
        defects.append(_defect("schema_extra_column", len(extra), message, only, line))
    order = list(places.values())
    if schema.is_ordered and order != sorted(order):
        message = "The columns are in a different order than in the declared schema."
        moved = sum(index != wanted for index, wanted in zip(order, sorted(order), strict=True))
        defects.append(_defect("schema_column_order", moved, message, None, line))
    other = [
        number for number, index in places.items() if table.header[number].strip() not in schema.fields[index].names
    ]
    if other:
        message = "Column names are written differently than in the declared schema (capitals, spaces or signs)."
        only = names[other[0]] if len(other) == 1 else None
        defects.append(_defect("schema_column_name", len(other), message, only, line))
    return defects


# What frictionless is given


def _usable(one: DeclaredField, problems: list[str]) -> dict[str, Any]:
    """Return the field in the form that frictionless accepts; a field that it refuses describes nothing."""
    descriptor = _in_version_1(one.descriptor)
    try:
        Field.from_descriptor(descriptor)
    except FrictionlessException:
        problems.append("a field has settings that its type does not allow")
        return {"name": descriptor["name"], "type": "any"}
    return descriptor


def _in_version_1(descriptor: dict[str, Any]) -> dict[str, Any]:
    """Return the field in terms of version 1, which frictionless assumes for data in memory and which
    has no open bounds.
    """
    if descriptor["type"] == "list":
        return {"name": descriptor["name"], "type": "any"}
    constraints = dict(descriptor.get("constraints", {}))
    for name, key, towards in (
        ("exclusiveMinimum", "minimum", math.inf),
        ("exclusiveMaximum", "maximum", -math.inf),
    ):
        bound = constraints.pop(name, None)
        if bound is not None and key not in constraints and descriptor["type"] in ("integer", "number"):
            constraints[key] = math.nextafter(float(bound), towards)
    return (
        {**descriptor, "constraints": constraints}
        if constraints
        else {key: value for key, value in descriptor.items() if key != "constraints"}
    )


def _resource(
    table: TextTable,
    schema: DeclaredSchema,
    fields: Mapping[int, dict[str, Any]],
    keys: Sequence[dict[str, Any]],
    referenced: Mapping[str, ReferencedTable],
) -> TableResource:
    taken = {one["name"] for one in fields.values()}
    described = []
    for number, name in enumerate(table.names):
        described.append(fields.get(number) or {"name": _free(name, taken), "type": "any"})
        taken.add(described[-1]["name"])
    present = {one["name"] for one in fields.values()}
    descriptor: dict[str, Any] = {"fields": described, "missingValues": list(schema.missing_values)}
    if schema.primary_key and set(schema.primary_key) <= present:
        descriptor["primaryKey"] = list(schema.primary_key)
    if keys:
        descriptor["foreignKeys"] = list(keys)
    resource = _in_memory(_OWN_NAME, table.rows, descriptor)
    others = []
    for name in {key["reference"]["resource"] for key in keys} - {""}:
        other = referenced[name].table
        # Compared as the type of the column that refers to it; otherwise "1" would not equal 1.
        types = {label: fields for key in keys if key["reference"]["resource"] == name
                 for label, fields in zip(key["reference"]["fields"], key["fields"], strict=True)}  # fmt: skip
        by_name = {one["name"]: one for one in described}
        there = [
            {**_type_only(by_name[types[label]]), "name": label} if label in types else {"name": label, "type": "any"}
            for label in other.names
        ]
        others.append(_in_memory(name, other.rows, {"fields": there, "missingValues": list(schema.missing_values)}))
    if others:
        Package(resources=[resource, *others])
    return resource


def _type_only(one: Mapping[str, Any]) -> dict[str, Any]:
    return {key: value for key, value in one.items() if key != "constraints"}


def _free(name: str, taken: set[str]) -> str:
    while name in taken:
        name += " (2)"
    return name


def _in_memory(name: str, rows: Sequence[Sequence[str]], descriptor: Mapping[str, Any]) -> TableResource:
    labels = [one["name"] for one in descriptor["fields"]]
    # Spaces around values do not violate a schema, but frictionless' readers of integers and dates fail on them.
    cells = [[cell.strip() for cell in row] for row in rows]
    return TableResource(
        name=name,
        data=[labels, *cells],
        dialect=Dialect(header_rows=[1]),  # given, or frictionless would search for a header itself
        schema=Schema.from_descriptor(dict(descriptor)),
    )


def _foreign_keys(
    table: TextTable,
    schema: DeclaredSchema,
    places: Mapping[int, int],
    is_whole: bool,
    referenced: Mapping[str, ReferencedTable],
) -> list[dict[str, Any]]:
    """Return the foreign keys that can be checked: all columns exist, and the table referred to is complete."""
    present = {schema.fields[index].descriptor["name"] for index in places.values()}
    found = []
    for key in schema.foreign_keys:
        name, wanted = key["reference"]["resource"], key["reference"]["fields"]
        if not set(key["fields"]) <= present or len(key["fields"]) != len(wanted):
            continue
        if not name:
            if is_whole and set(wanted) <= present:
                found.append(key)
            continue
        other = referenced.get(name)
        if other is None or not other.is_whole:
            continue
        labels = {fold(label): label for label in reversed(other.table.names)}
        columns = [labels.get(fold(column)) for column in wanted]
        if None not in columns:
            found.append({"fields": key["fields"], "reference": {"resource": name, "fields": columns}})
    return found


# What came out


def _plain(errors: Sequence[Mapping[str, Any]], schema: DeclaredSchema) -> list[Mapping[str, Any]]:
    """Return independent errors: a key that cannot be read is a cell of a wrong type, not a missing key as well."""
    unreadable: dict[int, set[str]] = {}
    for error in errors:
        if error["type"] == "type-error":
            unreadable.setdefault(error["rowNumber"], set()).add(error["fieldName"])
    kept = []
    for error in errors:
        bad = unreadable.get(error.get("rowNumber", 0), set())
        if error["type"] == "primary-key" and bad & set(schema.primary_key):
            continue
        if error["type"] == "foreign-key" and (
            bad & set(error["fieldNames"]) or any(cell in (None, "", "None") for cell in error.get("fieldCells", ()))
        ):
            continue  # a key with an empty part is not checked (SQL: MATCH SIMPLE)
        if error["type"] in _RULES:
            kept.append(error)
    return kept


def _line(error: Mapping[str, Any], table: TextTable) -> int | None:
    number = error.get("rowNumber")
    return table.lines[number - 2] if isinstance(number, int) else None


def _collect(errors: Sequence[Mapping[str, Any]], table: TextTable) -> list[TableDefect]:
    """Return one defect for each rule and column, or for the columns of a key."""
    names = table.names
    places: dict[tuple[str, str, str | None], set[int | None]] = {}
    for error in errors:
        rule, message = _RULES[error["type"]]
        number = error.get("fieldNumber")
        column = names[number - 1] if number else ", ".join(error.get("fieldNames") or ()) or None
        places.setdefault((rule, message, column), set()).add(_line(error, table))
    suffix = f" (At least: counting stopped at {_MAX_ERRORS} errors)" if len(errors) >= _MAX_ERRORS else ""
    return [
        _defect(
            rule, len(lines), _with(message, suffix), column, min((x for x in lines if x is not None), default=None)
        )
        for (rule, message, column), lines in places.items()
    ]


def _with(message: str, suffix: str) -> str:
    return f"{message.rstrip('.')}{suffix}."


def _strip(raw: Mapping[str, Any], table: TextTable) -> dict[str, Any]:
    room = MAX_REPORTED_ERRORS

    def kept(errors: Sequence[Mapping[str, Any]]) -> list[dict[str, Any]]:
        nonlocal room
        taken = errors[:room]
        room -= len(taken)
        bare = []
        for error in taken:
            entry = {key: error[key] for key in _KEPT if key in error}
            if "rowNumber" in entry:
                entry["rowNumber"] = _line(error, table)
            bare.append(entry)
        return bare

    tasks = [
        {key: task.get(key) for key in ("name", "type", "valid")}
        | {"stats": dict(task.get("stats", {})), "errors": kept(task.get("errors", []))}
        for task in raw.get("tasks", [])
    ]
    return {
        "valid": raw.get("valid"),
        "stats": dict(raw.get("stats", {})),
        "errors": kept(raw.get("errors", [])),
        "tasks": tasks,
    }
