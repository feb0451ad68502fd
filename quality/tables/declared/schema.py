"""Read what a publisher declares about a table: Table Schema, Data Package or CSVW, from a local JSON document.

Sources: Table Schema and Data Package 1 and 2 (specs.frictionlessdata.io, datapackage.org), Metadata Vocabulary for
Tabular Data (w3.org/TR/tabular-metadata). All three become one Table Schema in frictionless' terms. Other addresses are
never fetched: a part that is only linked counts as not declared. A document of another kind is no schema, which is not
reported, because ``conformsTo`` mostly links to a page for people.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import PurePosixPath
from typing import Any, Literal
from urllib.parse import unquote, urlsplit

__all__ = ["DeclaredField", "DeclaredSchema"]

MAX_BYTES = 8 * 1024**2
"""Largest document, in bytes; a larger one contains data and is no schema."""
_MAX_FIELDS = 5_000
_MAX_PATTERN = 500
TYPES = frozenset(
    {"any", "array", "boolean", "date", "datetime", "duration", "geojson", "geopoint", "integer", "list", "number"}
    | {"object", "string", "time", "year", "yearmonth"}
)
"""Field types of Table Schema 1 and 2."""
_FIELD_KEYS = (
    *("type", "format", "constraints", "trueValues", "falseValues", "decimalChar", "groupChar", "bareNumber"),
    *("missingValues", "delimiter", "itemType"),
)
"""Keys of a field that say what its cells must be like; titles, links and others are ignored."""
_CONSTRAINTS = (
    *("required", "unique", "minimum", "maximum", "exclusiveMinimum", "exclusiveMaximum"),
    *("minLength", "maxLength", "pattern", "enum"),
)
"""Constraints that are checked; ``jsonSchema`` is not, because its references lead elsewhere."""
_DIALECT = ("delimiter", "quoteChar", "escapeChar", "doubleQuote", "header", "headerRows", "lineTerminator")


@dataclass(frozen=True, slots=True)
class DeclaredField:
    """One column as a publisher's schema declares it."""

    names: tuple[str, ...]
    """The declared name of the column, then the other names that are also allowed in the header (titles)."""
    descriptor: dict[str, Any]
    """The column as a field of Table Schema. The "name" in it is the one that keys use."""


@dataclass(frozen=True, slots=True)
class DeclaredSchema:
    """One table as its publisher declares it, in a Table Schema, a Data Package or CSVW metadata."""

    form: Literal["table-schema", "data-package", "csvw"]
    fields: tuple[DeclaredField, ...] = ()
    """Empty if the document describes no columns, or only links to their description."""
    missing_values: tuple[str, ...] = ("",)
    primary_key: tuple[str, ...] = ()
    foreign_keys: tuple[dict[str, Any], ...] = ()
    """Foreign keys in the form of Table Schema. ``reference.resource`` is a key of ``resources``, or "" if the key
    refers to this table itself."""
    resources: Mapping[str, str] = field(default_factory=dict)
    """The other tables of the package: by name, the path as written in the package."""
    is_ordered: bool = True
    """Whether the order of columns is declared too."""
    allows_missing: bool = False
    """Whether the table may lack declared columns."""
    allows_extra: bool = False
    """Whether the table may have columns that are not declared."""
    licence: str | None = None
    dialect: Mapping[str, Any] = field(default_factory=dict)
    """How the file is declared to be written, in the terms of Data Package: delimiter, quoteChar, header and so on."""
    encoding: str | None = None
    problem: str | None = None
    """What is wrong with the schema itself; None if nothing is."""


def is_package(document: Mapping[str, Any]) -> bool:
    """Return whether a JSON document is a Data Package: it has "resources" with a path or with data."""
    resources = document.get("resources")
    return isinstance(resources, list) and any(
        isinstance(one, dict) and ("path" in one or "data" in one) for one in resources
    )


def is_table_schema(document: Mapping[str, Any]) -> bool:
    """Return whether a JSON document is a Table Schema, and not a list of fields by ArcGIS, Avro or BigQuery.

    All fields must have a name. Then it is one if it names Table Schema as its profile, or if more than half of its
    types of fields are those of Table Schema.
    """
    fields = document.get("fields")
    if not isinstance(fields, list) or not fields or document.get("type") == "record":
        return False
    if not all(isinstance(one, dict) and isinstance(one.get("name"), str) for one in fields):
        return False
    known = sum(one.get("type") in TYPES for one in fields if isinstance(one.get("type"), str))
    typed = sum("type" in one for one in fields)
    if re.search(r"table-?schema", str(document.get("$schema") or document.get("profile") or "")):
        return True
    return typed > 0 and known > typed / 2


def read_table_schema(document: Mapping[str, Any]) -> DeclaredSchema:
    """Return the schema in a Table Schema document. Faulty parts are left out and described in ``problem``."""
    problems: list[str] = []
    fields = tuple(_field(one, problems) for one in document.get("fields", [])[:_MAX_FIELDS] if isinstance(one, dict))
    names = [one.names[0] for one in fields]
    if len(set(names)) < len(names):
        problems.append("two fields have the same name")
    key = _names(document.get("primaryKey", document.get("primaryKeys")))
    if not set(key) <= set(names):
        problems.append("the primary key names a field that is not declared")
        key = ()
    foreign = []
    for one in document.get("foreignKeys") or ():
        reference = one.get("reference") if isinstance(one, dict) else None
        if not isinstance(reference, dict) or not set(_names(one.get("fields"))) <= set(names):
            problems.append("a foreign key names a field that is not declared, or nothing that it refers to")
            continue
        target = {"resource": str(reference.get("resource") or ""), "fields": list(_names(reference.get("fields")))}
        foreign.append({"fields": list(_names(one.get("fields"))), "reference": target})
    match = document.get("fieldsMatch", "exact")
    match = match[0] if isinstance(match, list) and match else match
    return DeclaredSchema(
        form="table-schema",
        fields=fields,
        missing_values=_missing(document.get("missingValues")) or ("",),
        primary_key=key,
        foreign_keys=tuple(foreign),
        is_ordered=match == "exact",
        allows_missing=match in ("superset", "partial"),
        allows_extra=match in ("subset", "partial"),
        licence=licence_of(document),
        problem="; ".join(dict.fromkeys(problems)) or None,
    )


def _field(one: Mapping[str, Any], problems: list[str]) -> DeclaredField:
    name = str(one.get("name") or "")
    kept = {key: one[key] for key in _FIELD_KEYS if key in one and one[key] is not None}
    kept["name"] = name
    if not name:
        problems.append("a field has no name")
    if kept.setdefault("type", "string") not in TYPES:
        problems.append("a field has a type that Table Schema does not know")
        kept = {"name": name, "type": "any"}
    if "missingValues" in kept:
        kept["missingValues"] = list(_missing(kept["missingValues"]))
    constraints = kept.pop("constraints", None)
    if isinstance(constraints, dict):
        kept["constraints"] = {}
        for key in _CONSTRAINTS:
            value = constraints.get(key)
            if key == "pattern" and isinstance(value, str) and not is_quick(value):
                continue  # not checked
            if value is not None and _is_sensible(key, value, str(kept["type"])):
                kept["constraints"][key] = value
            elif value is not None:
                problems.append(f"the {key} of a field makes no sense")
    title = one.get("title")
    return DeclaredField((name, *([title] if isinstance(title, str) and title != name else [])), kept)


def _is_sensible(key: str, value: object, kind: str) -> bool:
    if key in ("required", "unique"):
        return isinstance(value, bool)
    if key in ("minLength", "maxLength"):
        return isinstance(value, int) and not isinstance(value, bool) and value >= 0
    if key == "enum":
        return isinstance(value, list)
    if key == "pattern":
        return isinstance(value, str) and is_pattern(value)
    if kind in ("integer", "number", "year"):
        return not isinstance(value, bool) and bool(re.fullmatch(r"[+-]?\d+(\.\d+)?([eE][+-]?\d+)?", str(value)))
    return isinstance(value, str)


def is_quick(pattern: str) -> bool:
    r"""Return whether the regular expression ``pattern`` is fast enough to be matched with every cell of a column.

    It must have at most 500 characters and no nested repetitions, which could take hours.

    >>> is_quick(r"[A-Z]{2}\d+"), is_quick(r"(a+)+")
    (True, False)
    """
    return len(pattern) <= _MAX_PATTERN and not re.search(r"[+*}][^()]*\)+\??[+*{]", pattern)


def is_pattern(pattern: object) -> bool:
    """Return whether a value is a regular expression that Python can compile."""
    try:
        re.compile(str(pattern))
    except re.error:
        return False
    return True


def _names(value: object) -> tuple[str, ...]:
    if isinstance(value, str):
        return (value,)
    return tuple(one for one in value if isinstance(one, str)) if isinstance(value, list) else ()


def _missing(value: object) -> tuple[str, ...]:
    """Return the missing values of a schema; version 2 also allows objects with a label for each value."""
    if isinstance(value, str):
        return (value,)
    if not isinstance(value, list):
        return ()
    found = [one.get("value") if isinstance(one, dict) else one for one in value]
    return tuple(one for one in found if isinstance(one, str))


# Data packages


def read_package(document: Mapping[str, Any], file: str | None) -> DeclaredSchema | None:
    """Return the schema that a Data Package declares for one table; None if it is not clear which table is meant.

    ``document`` is the parsed JSON of the package, for which :func:`is_package` is true, ``file`` the name, path or URL
    of the table; None if unknown. If the package has several files, only those with a schema are considered. If the
    package only links to a schema elsewhere, the result has no fields.
    """
    resources = [one for one in document["resources"] if isinstance(one, dict)]
    tables = [one for one in resources if "schema" in one or len(resources) == 1]
    paths = {str(one.get("name") or number): _path(one) for number, one in enumerate(tables)}
    chosen = pick(file, [(_path(one), str(one.get("name") or "")) for one in tables])
    if chosen is None:
        return None
    resource = tables[chosen]
    own = str(resource.get("name") or chosen)
    schema = resource.get("schema")
    found = DeclaredSchema(form="data-package")  # remains empty if the schema is at another address
    if isinstance(schema, dict) and isinstance(schema.get("fields"), list):
        found = read_table_schema(schema)
    for key in found.foreign_keys:
        if key["reference"]["resource"] == own:
            key["reference"]["resource"] = ""
    encoding = resource.get("encoding")
    return replace(
        found,
        form="data-package",
        resources={name: path for name, path in paths.items() if name != own and path},
        licence=licence_of(resource) or licence_of(document) or found.licence,
        dialect=dialect_of(resource.get("dialect")),
        encoding=encoding if isinstance(encoding, str) else None,
    )


def _path(resource: Mapping[str, Any]) -> str:
    path = resource.get("path") or resource.get("url") or ""
    if isinstance(path, list):
        return str(path[0]) if len(path) == 1 else ""
    return str(path)


def pick(file: str | None, tables: Sequence[tuple[str, str]]) -> int | None:
    """Return the index of the table in ``tables`` that ``file`` refers to; None if that is not clear.

    ``tables`` are pairs of path (or URL) and name. ``file`` is the name, path or URL of a file; None if unknown. If
    there is only one table, that is the one.
    """
    if file and len(tables) > 1:
        wanted = _last(file)
        for compare in (lambda path, _: path == file, lambda path, _: _last(path) == wanted and bool(wanted)):
            found = [number for number, table in enumerate(tables) if compare(*table)]
            if len(found) == 1:
                return found[0]
        stem = PurePosixPath(wanted).stem
        found = [number for number, (_, name) in enumerate(tables) if name and name.lower() in (wanted, stem)]
        return found[0] if len(found) == 1 else None
    return 0 if len(tables) == 1 else None


def _last(path: str) -> str:
    """Return the name of the file at the end of a path or URL, in lower case."""
    try:
        return PurePosixPath(unquote(urlsplit(path).path)).name.lower()
    except ValueError:
        return ""


def licence_of(document: Mapping[str, Any]) -> str | None:
    """Return the first licence that a data package, resource or schema declares: the licence's name, or else its URL or
    title.

    None if it declares none. The text is cut after 500 characters.
    """
    licences = document.get("licenses") or document.get("licences")
    if isinstance(licences, list) and licences:
        return _licence(licences[0])
    return _licence(document.get("license") or document.get("licence"))


def _licence(value: object) -> str | None:
    if isinstance(value, dict):
        keys = ("name", "@id", "path", "url", "type", "title", "@value")
        value = next((value[key] for key in keys if isinstance(value.get(key), str) and value[key]), None)
    return value.strip()[:500] or None if isinstance(value, str) else None


def dialect_of(value: object) -> dict[str, Any]:
    """Return what a dialect in a Data Package or CSVW document says about delimiter, quotes and header.

    ``value`` is the dialect as parsed from JSON. The result is empty if it is only a link.
    """
    if not isinstance(value, dict):
        return {}
    if isinstance(value.get("csv"), dict):  # frictionless nests the settings of a format one level down
        value = {**value, **value["csv"]}
    return {key: value[key] for key in _DIALECT if key in value and not isinstance(value[key], dict)}
