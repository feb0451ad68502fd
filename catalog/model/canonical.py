"""Bring records into one canonical form, whatever the order of their keys, and list the differences of two records."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterator, Sequence
from typing import Any

import orjson

__all__ = ["differences", "fingerprint", "json_text", "record_hash", "unordered", "without"]

_KEYS = ("id", "identifier", "@id", "key", "name")
"""Keys that identify the members of a list, in this order of preference."""
MAX_DIFFERENCES = 200
CUT = 300
"""Characters of a value that are shown."""


def json_text(value: Any, *, is_sorted: bool = False) -> str:
    """Return a parsed JSON value as compact JSON text.

    ``is_sorted``: whether the keys of objects are sorted. Values that orjson refuses, such as lone surrogates and
    integers beyond 64 bits, are written as the module ``json`` of the standard library writes them.

    >>> json_text({"b": 1, "a": [True, None]}, is_sorted=True)
    '{"a":[true,null],"b":1}'
    """
    try:
        return orjson.dumps(value, option=orjson.OPT_SORT_KEYS if is_sorted else 0).decode()
    except (TypeError, ValueError, RecursionError):
        return json.dumps(value, ensure_ascii=False, separators=(",", ":"), sort_keys=is_sorted, default=str)


def fingerprint(raw: Any, volatile: Sequence[str] = ()) -> tuple[str, int]:
    """Return the SHA-256 of a parsed record in canonical form, in hexadecimal, and the size of that form in bytes of
    UTF-8.

    By the hash a changed record is noticed. The canonical form is compact JSON with sorted keys. ``volatile``: paths of
    fields to leave out, such as view counters, that differ at every harvest; see :func:`without`. Raise RecursionError
    for a record that is nested too deeply.
    """
    text = json_text(without(raw, volatile) if volatile else raw, is_sorted=True).encode("utf-8", "surrogatepass")
    return hashlib.sha256(text).hexdigest(), len(text)


def unordered(value: Any) -> Any:
    """Return a copy of a parsed JSON-LD value in which lists of texts and objects are sorted, for comparison.

    In JSON-LD the order of such lists has no meaning. Lists of numbers, such as coordinates, keep their order, and so
    do lists under "@list".
    """
    if isinstance(value, dict):
        return {key: one if key == "@list" else unordered(one) for key, one in value.items()}
    if isinstance(value, list):
        members = [unordered(one) for one in value]
        is_set = len(members) > 1 and all(isinstance(one, str | dict) for one in members)
        return sorted(members, key=_as_sorted) if is_set else members
    return value


def _as_sorted(value: Any) -> str:
    return value if isinstance(value, str) else json_text(value, is_sorted=True)


def record_hash(raw: Any, volatile: Sequence[str] = ()) -> str:
    """Return the SHA-256 of a parsed record in canonical form, in hexadecimal, by which a changed record is noticed.

    ``volatile``: paths of fields to leave out, see :func:`without`. Raise RecursionError for a record that is nested
    too deeply.
    """
    return fingerprint(raw, volatile)[0]


def without(raw: Any, volatile: Sequence[str]) -> Any:
    """Return a parsed record without some of its fields.

    ``volatile``: paths such as ``resources.*.views``, each of which names a field; ``*`` stands for any key of an
    object or any member of a list. Unchanged values are shared with the original, not copied.

    >>> without({"id": 1, "resources": [{"url": "a", "views": 7}]}, ["resources.*.views"])
    {'id': 1, 'resources': [{'url': 'a'}]}
    """
    for path in volatile:
        raw = _without(raw, path.split("."))
    return raw


def _without(value: Any, path: list[str]) -> Any:
    head, *rest = path
    if isinstance(value, dict):
        names = list(value) if head == "*" else [head] if head in value else []
        if not names:
            return value
        kept = dict(value)
        for name in names:
            if rest:
                kept[name] = _without(value[name], rest)
            else:
                del kept[name]
        return kept
    if isinstance(value, list) and head == "*":
        return [_without(one, rest) for one in value] if rest else []
    return value


def differences(old: Any, new: Any) -> list[dict[str, Any]]:
    """Return the fields in which two parsed records differ, each as a dict with the keys field, old and new.

    ``field`` is the path of the field, or "record" for the record as a whole; a value that one record does not have is
    None. Members of a list are matched by a key that all of them have, such as "id" or "name"
    (``resources[3f2a].url``), not by position, so that one new member is one difference. If both lists have the same
    keys in another order, one more entry has a ``field`` that ends with ": order", and the keys as old and new. A list
    without such a key, or with two members of the same key, is compared as one value. So are two records that are
    nested too deeply. Texts, and lists and objects as JSON, are cut at 300 characters. After 200 differences one more
    entry says in ``field`` how many were left out.
    """
    try:
        found = list(_differences(old, new, ""))
    except RecursionError:
        found = [("", old, new)]
    shown = [{"field": path or "record", "old": _cut(a), "new": _cut(b)} for path, a, b in found[:MAX_DIFFERENCES]]
    if len(found) > MAX_DIFFERENCES:
        shown.append({"field": f"{len(found) - MAX_DIFFERENCES} more fields", "old": None, "new": None})
    return shown


def _differences(old: Any, new: Any, path: str) -> Iterator[tuple[str, Any, Any]]:
    if type(old) is type(new) and old == new:
        return
    if isinstance(old, dict) and isinstance(new, dict):
        for name in dict.fromkeys([*old, *new]):
            yield from _differences(old.get(name), new.get(name), f"{path}.{name}" if path else str(name))
    elif isinstance(old, list) and isinstance(new, list) and (key := _identifying(old + new)):
        before, after = ({str(item[key]): item for item in items} for items in (old, new))
        if len(before) < len(old) or len(after) < len(new):
            yield path, old, new
            return
        for name in dict.fromkeys([*before, *after]):
            yield from _differences(before.get(name), after.get(name), f"{path}[{name}]")
        if list(before) != list(after) and set(before) == set(after):
            yield f"{path}: order", list(before), list(after)
    else:
        yield path, old, new


def _identifying(items: list[Any]) -> str | None:
    """Return the key that identifies the objects of a list; None if no key does."""
    for key in _KEYS:
        if all(isinstance(item, dict) and isinstance(item.get(key), str | int) for item in items):
            return key
    return None


def _cut(value: Any) -> Any:
    if value is None or isinstance(value, bool | int | float):
        return value
    text = value if isinstance(value, str) else json_text(value)
    return text if len(text) <= CUT else text[: CUT - 1] + "…"
