"""List the texts of a record that are mapped to nothing, for people who preview a portal."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import asdict
from typing import Any

from catalog.model import Dataset
from catalog.model.canonical import json_text
from catalog.vocabulary import is_no_value
from harvester.facts.values import json_text as parsed

__all__ = ["unmapped"]

_DEEPEST = 8
_MOST = 2_000
"""Texts of one record that are examined, at most."""
_NO_TEXT = re.compile(
    r"[\d\s.,:+/TZ-]*|true|false|\{?[0-9a-f]{8}-?(?:[0-9a-f]{4}-?){3}[0-9a-f]{12}\}?|[0-9a-f]{16,}", re.I
)
"""Numbers, instants, booleans and database keys: they are no facts by themselves."""


def unmapped(raw: Any, dataset: Dataset) -> list[str]:
    """Return the paths of those texts in a portal's record whose content appears in no field of the mapped dataset.

    ``raw``: the record as the portal sent it. ``dataset``: the dataset made from it. Paths look like "extras/funding"
    or "resources/*/note", and each is returned once. Numbers, dates, database keys and placeholders ("N/A") are
    ignored, and so are texts after the first 2,000 and those nested more than eight deep. The list is empty if the
    record is no JSON object.
    """
    if not isinstance(raw, dict):
        return []
    told = json_text(asdict(dataset))
    missing: dict[str, None] = {}
    for number, (path, text) in enumerate(_texts(raw, "", 0)):
        if number >= _MOST:
            break
        if not _NO_TEXT.fullmatch(text.strip()) and not is_no_value(text) and json_text(text)[1:-1] not in told:
            missing[path] = None
    return list(missing)


def _texts(value: Any, path: str, depth: int) -> Iterator[tuple[str, str]]:
    """Yield the texts of a record with their paths. List items are "*"; key-value pairs are named by their key."""
    if depth > _DEEPEST:
        return
    if isinstance(value, str):
        inner = parsed(value)
        if isinstance(inner, str):
            if value.strip():
                yield path, value
        else:
            yield from _texts(inner, path, depth + 1)
    elif isinstance(value, dict):
        for key, one in value.items():
            yield from _texts(one, f"{path}/{key}" if path else str(key), depth + 1)
    elif isinstance(value, list):
        for one in value:
            if isinstance(one, dict) and {"key", "value"} <= set(one):
                yield from _texts(one["value"], f"{path}/{one['key']}", depth + 1)
            else:
                yield from _texts(one, path if isinstance(one, str) else f"{path}/*", depth + 1)
