"""One form of a record whatever the order of its keys, and what differs between two records."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterator, Sequence
from typing import Any

import orjson

__all__ = ["differences", "fingerprint", "json_text", "record_hash", "unordered", "without"]

_KEYS = ("id", "identifier", "@id", "key", "name")
"""What tells the members of a list apart, in this order."""
MAX_DIFFERENCES = 200
CUT = 300
"""Characters of a value that are shown."""


def json_text(value: Any, *, is_sorted: bool = False) -> str:
    """A parsed value as compact JSON. Lone surrogates and huge integers pass as the standard library writes them."""
    try:
        return orjson.dumps(value, option=orjson.OPT_SORT_KEYS if is_sorted else 0).decode()
    except (TypeError, ValueError, RecursionError):
        return json.dumps(value, ensure_ascii=False, separators=(",", ":"), sort_keys=is_sorted, default=str)


def fingerprint(raw: Any, volatile: Sequence[str] = ()) -> tuple[str, int]:
    """SHA-256 of a parsed record in canonical form (keys sorted, without its volatile fields), and that form's size.

    Raises RecursionError for a record that is nested too deeply to be written down.
    """
    text = json_text(without(raw, volatile) if volatile else raw, is_sorted=True).encode("utf-8", "surrogatepass")
    return hashlib.sha256(text).hexdigest(), len(text)


def unordered(value: Any) -> Any:
    """A parsed value whose lists of texts and objects are sorted: in JSON-LD they are sets.

    Lists of numbers, as coordinates are, keep their order, and so does what stands under "@list".
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
    """The hash of :func:`fingerprint`."""
    return fingerprint(raw, volatile)[0]


def without(raw: Any, volatile: Sequence[str]) -> Any:
    """A record without some fields. A path such as ``resources.*.views`` names a field; ``*`` is any key or member.

    What is left alone is not copied.
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
    """The fields in which two records differ: path, old and new value; None where there is no value.

    Members of lists are matched by what identifies them (``resources[3f2a].url``), not by their place, so that one
    new member is one difference. At most 200 are given; then the last one says how many more there are.
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
    """The key that tells the objects of a list apart; None where nothing does."""
    for key in _KEYS:
        if all(isinstance(item, dict) and isinstance(item.get(key), str | int) for item in items):
            return key
    return None


def _cut(value: Any) -> Any:
    if value is None or isinstance(value, bool | int | float):
        return value
    text = value if isinstance(value, str) else json_text(value)
    return text if len(text) <= CUT else text[: CUT - 1] + "…"
