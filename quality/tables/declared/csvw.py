"""Read CSVW metadata as a declared schema: https://www.w3.org/TR/tabular-metadata/.

What Table Schema cannot express is left out rather than expressed wrongly: dates in the notations of XML Schema become
patterns, and cells with a separator are not checked.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any

from quality.tables.declared.schema import (
    DeclaredField,
    DeclaredSchema,
    dialect_of,
    is_pattern,
    is_quick,
    licence_of,
    pick,
)

__all__ = ["date_format", "read_csvw"]

_INHERITED = ("null", "datatype", "required", "separator")
"""Properties that columns inherit from the schema, the table and the group of tables (section 5.7)."""
_ZONE = r"(?:Z|[+-]\d\d:\d\d)?"
_DAY = r"-?\d{4,}-(?:0[1-9]|1[0-2])-(?:0[1-9]|[12]\d|3[01])"
_TIME = r"(?:[01]\d|2[0-4]):[0-5]\d:[0-5]\d(?:\.\d+)?"
_LEXICAL = {
    "date": _DAY + _ZONE,
    "datetime": f"{_DAY}T{_TIME}{_ZONE}",
    "dateTime": f"{_DAY}T{_TIME}{_ZONE}",
    "dateTimeStamp": f"{_DAY}T{_TIME}(?:Z|[+-]\\d\\d:\\d\\d)",
    "time": _TIME + _ZONE,
    "gYear": r"-?\d{4,}" + _ZONE,
    "gYearMonth": r"-?\d{4,}-(?:0[1-9]|1[0-2])" + _ZONE,
    "gMonth": r"--(?:0[1-9]|1[0-2])" + _ZONE,
}
"""Patterns of XML Schema part 2, because frictionless, which has neither zones nor fractions, would
refuse such cells."""
_INTEGERS: dict[str, tuple[int | None, int | None]] = {
    "integer": (None, None),
    "long": (-(2**63), 2**63 - 1),
    "int": (-(2**31), 2**31 - 1),
    "short": (-(2**15), 2**15 - 1),
    "byte": (-128, 127),
    "nonNegativeInteger": (0, None),
    "positiveInteger": (1, None),
    "nonPositiveInteger": (None, 0),
    "negativeInteger": (None, -1),
    "unsignedLong": (0, 2**64 - 1),
    "unsignedInt": (0, 2**32 - 1),
    "unsignedShort": (0, 2**16 - 1),
    "unsignedByte": (0, 255),
}
_NUMBERS = frozenset({"number", "decimal", "double", "float"})
_PIECES = re.compile(r"'[^']*'|T|([A-Za-z])\1*|.", re.DOTALL)
"""Quoted text, runs of one letter, and everything between."""
_TOKENS = {"yyyy": "%Y", "MM": "%m", "M": "%m", "dd": "%d", "d": "%d", "HH": "%H", "mm": "%M", "ss": "%S"}


def read_csvw(document: Mapping[str, Any], file: str | None) -> DeclaredSchema | None:
    """Return the schema that CSVW metadata declare for one table; None if it is not clear which table is meant.

    ``document`` is the parsed JSON of the metadata. ``file`` is the name, path or URL of the table, which identifies it
    among several; None if unknown. The result has no fields if the metadata describe no columns.
    """
    listed = document.get("tables")
    tables = [one for one in listed if isinstance(one, dict)] if isinstance(listed, list) else [document]
    chosen = pick(file, [(str(one.get("url") or ""), "") for one in tables])
    if chosen is None:
        return None
    table = tables[chosen]
    declared = DeclaredSchema(
        form="csvw",
        resources={str(one.get("url")): str(one.get("url")) for one in tables if one is not table and one.get("url")},
        licence=_licence(table) or _licence(document),
        dialect=dialect_of(table.get("dialect")) or dialect_of(document.get("dialect")),
        encoding=_encoding(table) or _encoding(document),
    )
    schema = table.get("tableSchema", document.get("tableSchema"))
    columns = schema.get("columns") if isinstance(schema, dict) else None
    if not isinstance(schema, dict) or not isinstance(columns, list):
        return declared
    above = [document, table, schema]
    real = [one for one in columns if isinstance(one, dict) and not one.get("virtual")]
    fields = tuple(_field(one, number, above) for number, one in enumerate(real, start=1))
    known = {one.descriptor["name"] for one in fields}
    key = _listed(schema.get("primaryKey"))
    problem = None if set(key) <= known else "the primary key names a column that is not declared"
    return replace(
        declared,
        fields=fields,
        primary_key=() if problem else key,
        foreign_keys=tuple(_foreign_keys(schema.get("foreignKeys"), known, str(table.get("url") or ""))),
        problem=problem,
    )


def _field(column: Mapping[str, Any], number: int, above: Sequence[Mapping[str, Any]]) -> DeclaredField:
    settings = {key: one[key] for one in (*above, column) for key in _INHERITED if key in one}
    titles = _titles(column.get("titles"))
    name = str(column.get("name") or (titles[0] if titles else f"_col.{number}"))
    descriptor: dict[str, Any] = (
        {"type": "string"} if settings.get("separator") else _datatype(settings.get("datatype", "string"))
    )
    if settings.get("required") is True:
        descriptor.setdefault("constraints", {})["required"] = True
    nulls = settings.get("null", "")
    descriptor["missingValues"] = [
        one for one in ([nulls] if isinstance(nulls, str) else nulls) if isinstance(one, str)
    ]
    descriptor["name"] = name
    # The header has the titles; the name is used if there are none (section 5.6).
    return DeclaredField(tuple(dict.fromkeys((*titles, name))), descriptor)


def _titles(value: object) -> list[str]:
    """Return all titles of a natural language property: a string, a list, or either by language."""
    if isinstance(value, str):
        return [value]
    if isinstance(value, dict):
        return [title for one in value.values() for title in _titles(one)]
    return [title for title in value if isinstance(title, str)] if isinstance(value, list) else []


def _datatype(value: object) -> dict[str, Any]:
    more = value if isinstance(value, dict) else {}
    base = str(more.get("base", "string") if isinstance(value, dict) else value)
    form = more.get("format")
    if base in _INTEGERS or base in _NUMBERS:
        return _number(base, more, form)
    if base == "boolean":
        return _boolean(form)
    if base in _LEXICAL:
        return _moment(base, form)
    constraints = {key: more[key] for key in ("minLength", "maxLength") if isinstance(more.get(key), int)}
    if isinstance(more.get("length"), int):
        constraints = {"minLength": more["length"], "maxLength": more["length"]}
    if (
        isinstance(form, str)
        and base in ("string", "normalizedString", "token")
        and is_pattern(form)
        and is_quick(form)
    ):
        constraints["pattern"] = form
    return {"type": "string", "constraints": constraints} if constraints else {"type": "string"}


def _number(base: str, more: Mapping[str, Any], form: object) -> dict[str, Any]:
    low, high = _INTEGERS.get(base, (None, None))
    constraints: dict[str, Any] = {}
    for key, names, bound in (
        ("minimum", ("minimum", "minInclusive"), low),
        ("maximum", ("maximum", "maxInclusive"), high),
        ("exclusiveMinimum", ("minExclusive",), None),
        ("exclusiveMaximum", ("maxExclusive",), None),
    ):
        found = next((number for name in names if (number := _plain(more.get(name))) is not None), bound)
        if found is not None:
            constraints[key] = found
    descriptor: dict[str, Any] = {"type": "integer" if base in _INTEGERS else "number"}
    if constraints:
        descriptor["constraints"] = constraints
    settings = form if isinstance(form, dict) else {"pattern": form} if isinstance(form, str) else {}
    if settings:
        pattern = str(settings.get("pattern") or "")
        group = settings.get("groupChar") or ("," if "," in pattern else None)
        if isinstance(group, str):
            descriptor["groupChar"] = group
        if isinstance(settings.get("decimalChar"), str) and descriptor["type"] == "number":
            descriptor["decimalChar"] = settings["decimalChar"]
        descriptor["bareNumber"] = False  # a format may have a percent sign
    return descriptor


def _plain(value: object) -> int | float | None:
    try:
        number = float(str(value))
    except ValueError:
        return None
    return int(number) if number.is_integer() else number


def _boolean(form: object) -> dict[str, Any]:
    yes, _, no = form.partition("|") if isinstance(form, str) else ("", "", "")
    if yes and no:
        return {"type": "boolean", "trueValues": [yes], "falseValues": [no]}
    return {"type": "boolean", "trueValues": ["true", "1"], "falseValues": ["false", "0"]}


def _moment(base: str, form: object) -> dict[str, Any]:
    if not isinstance(form, str):
        return {"type": "string", "constraints": {"pattern": _LEXICAL[base]}}
    found = date_format(form)
    kind = {"date": "date", "time": "time"}.get(base, "datetime")
    if found is None or base.startswith("g"):
        return {"type": "string"}
    return {"type": kind, "format": found}


def date_format(pattern: str) -> str | None:
    """Return the ``strptime`` format of a CSVW date pattern (section 6.4.4), or None if it has no equivalent.

    >>> date_format("dd.MM.yyyy")
    '%d.%m.%Y'
    """
    built = []
    for found in _PIECES.finditer(pattern):
        piece = found[0]
        if piece in _TOKENS:
            built.append(_TOKENS[piece])
        elif piece[0] == "S":
            built.append("%f")
        elif piece[0] in "Xx":
            built.append("%z")
        elif piece == "T" or not piece[0].isalpha():
            built.append(piece.strip("'").replace("%", "%%"))
        else:
            return None
    return "".join(built)


def _foreign_keys(value: object, known: set[str], own: str) -> list[dict[str, Any]]:
    found = []
    for one in value if isinstance(value, list) else ():
        reference = one.get("reference") if isinstance(one, dict) else None
        if not isinstance(reference, dict) or not isinstance(reference.get("resource"), str):
            continue  # by schemaReference: in another document
        fields, target = _listed(one.get("columnReference")), _listed(reference.get("columnReference"))
        if fields and set(fields) <= known and len(fields) == len(target):
            resource = "" if reference["resource"] == own else reference["resource"]
            found.append({"fields": list(fields), "reference": {"resource": resource, "fields": list(target)}})
    return found


def _listed(value: object) -> tuple[str, ...]:
    if isinstance(value, str):
        return (value,)
    return tuple(one for one in value if isinstance(one, str)) if isinstance(value, list) else ()


def _licence(document: Mapping[str, Any]) -> str | None:
    for key in ("dc:license", "dcterms:license", "dct:license", "schema:license", "license", "dc:rights"):
        if key in document:
            return licence_of({"license": document[key]})
    return None


def _encoding(document: Mapping[str, Any]) -> str | None:
    dialect = document.get("dialect")
    encoding = dialect.get("encoding") if isinstance(dialect, dict) else None
    return encoding if isinstance(encoding, str) else None
