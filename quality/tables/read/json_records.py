"""Find tables in JSON: arrays of records, an object with such arrays, columns of equal length, GeoJSON and JSON-stat.

Numbers keep the text that they have in the file. Nothing is judged here: a table becomes rows of text, which are judged
like those of a CSV.
"""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, NoReturn

from quality.tables.read.json_stat import cells_of_json_stat

__all__ = ["JsonNumber", "RecordTable", "check_syntax", "parse", "records_of"]

_DEEPEST = 4
"""Most levels of nested objects in which an array of records is searched for."""
_FEWEST = 2
_SAME_SHAPE = 0.5
"""Least share of all keys that a record has on average; below it the records do not have one shape."""
_MOST_KEYS = 2_000
_MOST_ARRAYS = 10
_ENVELOPE = 15
"""Most facts beside arrays of records: a number, a title, the next page."""
_FLAT_KEYS = 20
"""Most keys of an object inside a record for which each key becomes a column."""
_DESCRIBING = frozenset(
    {"fields", "columns", "schema", "links", "errors", "facets", "parameters", "headers", "dimensions", "metadata"}
)
"""Names of arrays that describe the records beside them."""


class JsonNumber(str):
    """A number in a JSON document, as text with exactly the digits that it has there."""

    __slots__ = ()


@dataclass(frozen=True, slots=True)
class RecordTable:
    """A table without lines, for example of objects in a JSON array. Rows are numbered from 1."""

    names: list[str]
    rows: list[list[str]]
    unit: str = "records"
    """What a row is called, in the plural: "records", "features", "values"."""
    name: str | None = None
    """The path of the array in the document, or the name of the layer."""
    as_text: dict[str, tuple[int, list[int]]] = field(default_factory=dict)
    """By column of numbers: how many numbers are written as text, and the first rows with one."""
    is_sample: bool = False
    """True if ``rows`` are only some of the rows in the file."""


def parse(text: str) -> Any:
    """Parse a JSON document. Numbers become JsonNumber, so that their digits are not changed.

    Raise JSONDecodeError for faulty syntax, also for NaN and Infinity, and RecursionError if it is nested too deeply.
    """
    return json.loads(text, parse_constant=_no_constant, parse_int=JsonNumber, parse_float=JsonNumber)


def check_syntax(text: str) -> None:
    """Check the syntax of a JSON document without keeping its content. Raise the same errors as :func:`parse`."""
    json.loads(text, parse_constant=_no_constant, parse_float=bool, parse_int=bool, object_pairs_hook=bool)


def _no_constant(name: str) -> NoReturn:
    raise json.JSONDecodeError(f"{name} is not a value in JSON", name, 0)


def records_of(document: Any) -> list[RecordTable]:
    """Return the tables in a JSON document; empty if it contains nothing that is certainly a table, or more than ten
    arrays of records.

    ``document`` is what :func:`parse` returned: only then numbers can be told from texts.
    """
    if isinstance(document, dict):
        if (rows := cells_of_json_stat(document)) is not None:
            return [RecordTable(rows[0], rows[1], unit="values")]
        if (features := _features(document)) is not None:
            return _listed([features], "features")
        if (columns := _columns(document)) is not None:
            return [columns]
        if (keyed := _by_key(document)) is not None:
            return _listed([keyed], "records")
    found = list(_arrays(document))
    plain = [one for one in found if (one[0].rsplit(".", 1)[-1]).lower() not in _DESCRIBING] or found
    if len(plain) > 1:
        # One long array among short ones is the table, and the others describe it.
        longest = max(plain, key=lambda one: len(one[1]))
        plain = [longest] if all(len(one[1]) * 3 <= len(longest[1]) for one in plain if one is not longest) else plain
    beside = [one for one in found if all(one is not other for other in plain)]
    names = _names_beside(document, beside)
    are_named = any(isinstance(rows[0], list) and len(one) == len(rows[0]) for _, rows in plain for one in names)
    if len(plain) > _MOST_ARRAYS or not (are_named or _is_envelope(document, [records for _, records in found])):
        return []
    tables = []
    for name, records in plain:
        table = _rows(records, names) if isinstance(records[0], list) else _table(records, "records")
        if table is not None:
            tables.append(RecordTable(table.names, table.rows, table.unit, name or None, table.as_text))
    return tables


def _is_envelope(document: Any, arrays: Sequence[list[Any]]) -> bool:
    """Return whether a document is little more than its arrays; one that describes a thing has many
    facts beside its lists.
    """
    inside = {id(records) for records in arrays}
    outside, pending = 0, [document]
    while pending:
        value = pending.pop()
        if id(value) in inside:
            continue
        if isinstance(value, dict | list):
            pending.extend(value.values() if isinstance(value, dict) else value)
        else:
            outside += 1
            if outside > _ENVELOPE:
                return False
    return True


def _listed(found: Sequence[Sequence[Mapping[str, Any]]], unit: str) -> list[RecordTable]:
    return [table for records in found if (table := _table(records, unit)) is not None]


def _features(document: Mapping[str, Any]) -> list[dict[str, Any]] | None:
    """Return the attributes of the features in GeoJSON or Esri JSON, or None for other documents."""
    features = document.get("features")
    if not isinstance(features, list) or not features or not all(isinstance(one, dict) for one in features):
        return None
    said = [one.get("properties", one.get("attributes")) for one in features]
    if not all(isinstance(one, dict) or one is None for one in said) or not any(said):
        return None
    return [one or {} for one in said]


def _columns(document: Mapping[str, Any]) -> RecordTable | None:
    """Return a table given as columns of equal length, as pandas writes it: lists, or objects with the
    keys 0, 1, 2, ...
    """
    if len(document) < 2:
        return None
    values = list(document.values())
    if all(isinstance(one, dict) for one in values):
        keys = list(values[0])
        if len(keys) < _FEWEST or keys != [str(n) for n in range(len(keys))]:
            return None
        if any(list(one) != keys for one in values[1:]):
            return None
        values = [list(one.values()) for one in values]
    if not all(isinstance(one, list) and len(one) == len(values[0]) for one in values) or len(values[0]) < _FEWEST:
        return None
    if any(isinstance(cell, dict | list) for one in values for cell in one):
        return None
    rows = [[_text(cell) for cell in cells] for cells in zip(*values, strict=True)]
    return RecordTable(list(document), rows, as_text=_as_text(list(document), values))


def _by_key(document: Mapping[str, Any]) -> list[dict[str, Any]] | None:
    """Return records of one shape that are stored under a key each, or None."""
    values = list(document.values())
    if len(values) < 3 or not all(isinstance(one, dict) and one for one in values):
        return None
    if any(set(one) != set(values[0]) for one in values) or len(values[0]) < 2:
        return None
    if any(isinstance(cell, dict | list) for one in values for cell in one.values()):
        return None
    return [{"key": key, **one} for key, one in document.items()]


def _arrays(value: Any, path: str = "", depth: int = 0) -> Iterator[tuple[str, list[Any]]]:
    """Yield arrays of records or rows, with the path to them, but not those inside records."""
    if isinstance(value, list):
        if len(value) >= _FEWEST and (
            all(isinstance(one, dict) for one in value)
            or all(isinstance(one, list) and one and len(one) == len(value[0]) for one in value)
        ):
            yield path, value
    elif isinstance(value, dict) and depth < _DEEPEST:
        for key, one in value.items():
            yield from _arrays(one, f"{path}.{key}" if path else key, depth + 1)


def _names_beside(document: Any, arrays: Sequence[tuple[str, list[Any]]]) -> list[list[str]]:
    """Return lists of names that are stored beside rows: arrays of words, or of objects with a name."""
    found = [
        [str(one.get("name") or one.get("fieldName") or one.get("id") or one.get("label") or "") for one in records]
        for _, records in arrays
        if isinstance(records[0], dict)
    ]
    pending: list[tuple[Any, int]] = [(document, 0)]
    while pending:
        value, depth = pending.pop()
        if not isinstance(value, dict) or depth > _DEEPEST:
            continue
        for one in value.values():
            if isinstance(one, list) and len(one) > 1 and all(type(word) is str for word in one):
                found.append(one)
            pending.append((one, depth + 1))
    return [names for names in found if all(names)]


def _rows(rows: Sequence[Sequence[Any]], beside: Sequence[list[str]]) -> RecordTable | None:
    """Return rows that are arrays as a table; their names are stored beside them or in the first row."""
    width = len(rows[0])
    names = next((one for one in beside if len(one) == width), None)
    if names is None:
        if width < 2 or not all(type(one) is str for one in rows[0]):
            return None
        names, rows = list(rows[0]), rows[1:]
        if not any(isinstance(cell, JsonNumber) for row in rows for cell in row) or len(set(names)) < width:
            # Nothing shows that the first row contains names and is not a row like the others.
            return None
    nested = sum(isinstance(cell, dict | list) for row in rows[:1_000] for cell in row)
    if not rows or nested > 0.25 * width * min(len(rows), 1_000):
        return None
    columns = list(zip(*rows, strict=True))
    return RecordTable(list(names), [[_text(cell) for cell in row] for row in rows], as_text=_as_text(names, columns))


def _table(records: Sequence[Mapping[str, Any]], unit: str) -> RecordTable | None:
    """Return records of one shape as a table; a missing key becomes an empty cell."""
    flat = [_flat(record) for record in records]
    keys = dict.fromkeys(key for record in flat for key in record)
    if not keys or len(keys) > _MOST_KEYS:
        return None
    filled = sum(map(len, flat))
    if filled < _SAME_SHAPE * len(keys) * len(flat) and unit != "features":
        return None
    nested = sum(isinstance(cell, dict | list) for record in flat[:1_000] for cell in record.values())
    if nested > 0.5 * sum(len(record) for record in flat[:1_000]):
        return None
    names = list(keys)
    columns = {name: [record.get(name) for record in flat] for name in names}
    rows = [[_text(record.get(name)) for name in names] for record in flat]
    return RecordTable(names, rows, unit, as_text=_as_text(names, list(columns.values())))


def _flat(record: Mapping[str, Any]) -> dict[str, Any]:
    """Return a record whose small objects become columns of their own: address.town."""
    if not any(isinstance(value, dict) for value in record.values()):
        return dict(record)
    flat: dict[str, Any] = {}
    for key, value in record.items():
        if isinstance(value, dict) and 0 < len(value) <= _FLAT_KEYS:
            flat |= {f"{key}.{inner}": cell for inner, cell in value.items()}
        else:
            flat[key] = value
    return flat


def _text(value: Any) -> str:
    if value is None:
        return ""
    if isinstance(value, str):
        return str(value)
    if isinstance(value, bool):
        return "true" if value else "false"
    return json.dumps(value, ensure_ascii=False, separators=(",", ":"))


def _as_text(names: Sequence[str], columns: Sequence[Sequence[Any]]) -> dict[str, tuple[int, list[int]]]:
    """Return numbers in quotes, by column in which most numbers have none. A column that is all text
    may contain codes.
    """
    found = {}
    for name, cells in zip(names, columns, strict=True):
        kinds = Counter(map(type, cells))
        if not kinds[str] or kinds[JsonNumber] <= kinds[str]:
            continue
        lines = [at for at, cell in enumerate(cells, 1) if type(cell) is str and _is_number(cell)]
        if lines:
            found[name] = (len(lines), lines[:100])
    return found


def _is_number(text: str) -> bool:
    try:
        float(text)
    except ValueError:
        return False
    return text[:1].isdigit() or text[:1] in "+-."
