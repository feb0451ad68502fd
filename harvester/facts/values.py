"""Reading loosely typed JSON: a text where a text may be missing, a list where a string may stand."""

from __future__ import annotations

import json
import re
from functools import lru_cache
from typing import Any
from urllib.parse import urljoin, urlsplit

from catalog.vocabulary import language_code

__all__ = ["absolute", "email", "first", "host_of", "is_language_map", "json_text", "names", "text", "texts"]


def text(value: Any) -> str | None:
    """A scalar as text, a language dict by its English or first entry, a list by its first; None where blank.

    Booleans are no text: ``false`` stands for "nothing" in many portals.
    """
    if value is None:
        return None
    try:
        return _text(value)
    except RecursionError:
        # Nested too deeply to be a text.
        return None


def _text(value: Any) -> str | None:
    match value:
        case str():
            return value if value.strip() else None
        case bool():
            return None
        case int() | float():
            return str(value)
        case dict():
            chosen = [value.get("en"), *value.values()] if is_language_map(value) else [value.get("@value")]
            return first(*chosen)
        case list():
            return first(*value)
    return None


MAX_TEXT = 1_000_000
"""Values in JSON that stands in a string."""
_ARRAY = re.compile(r"\{\s*\w[\w-]{1,30}(?:\s*,\s*\w[\w-]{1,30})*\s*\}")
_TAG = re.compile(r"[a-z]{2,3}(?:[-_]\w+)?")


@lru_cache(maxsize=4096)
def _is_tag(key: str) -> bool:
    return len(key) <= 20 and _TAG.fullmatch(key) is not None and (len(key) == 2 or language_code(key) is not None)


def is_language_map(value: dict[Any, Any]) -> bool:
    """Whether the keys of an object are languages. ``{"id": 7}`` is no Indonesian."""
    return (
        bool(value)
        and "id" not in value
        and all(_is_tag(str(key)) for key in value)
        or (len(value) > 1 and "id" in value and "en" in value and all(_is_tag(str(key)) for key in value))
    )


def first(*values: Any) -> str | None:
    """The first value that has a text."""
    for value in values:
        # Most are not there at all.
        if value is not None and (found := text(value)) is not None:
            return found
    return None


def texts(value: Any) -> tuple[str, ...]:
    """A list, a language dict of lists, a JSON list in a string or a single value, as texts without blanks."""
    if value is None:
        return ()
    value = json_text(value)
    if isinstance(value, dict):
        if is_language_map(value) and any(isinstance(v, list) for v in value.values()):
            # Every language lists the same keywords: one language stands for all.
            return next((found for v in [value.get("en"), *value.values()] if (found := texts(v))), ())
        single = text(value)
        return (single,) if single else ()
    items = value if isinstance(value, list) else [value]
    return tuple(word for item in items if (word := text(item)) is not None)


def json_text(value: Any) -> Any:
    """A JSON list or object that stands in a string, parsed, or a list of codes as PostgreSQL writes it ("{ITA,DEU}");
    anything else as it is."""
    if isinstance(value, str) and value.lstrip()[:1] in ("[", "{"):
        if _ARRAY.fullmatch(value.strip()):
            return [one.strip() for one in value.strip()[1:-1].split(",")]
        if len(value) > MAX_TEXT and sum(map(value.count, "[{,")) > MAX_TEXT:
            # Each would take some 64 bytes of memory.
            return value
        try:
            return json.loads(value)
        except (ValueError, RecursionError):
            return value
    return value


def names(items: Any, *keys: str) -> tuple[str, ...]:
    """The first of ``keys`` of every object of a list; plain strings count as they are."""
    found = []
    for item in items if isinstance(items, list) else []:
        name = first(*(item.get(key) for key in keys)) if isinstance(item, dict) else text(item)
        if name is not None:
            found.append(name)
    return tuple(found)


def email(value: Any) -> str | None:
    """An address without ``mailto:``."""
    found = text(value)
    return re.sub(r"(?i)^mailto:", "", found).strip() or None if found else None


def absolute(address: str, base: str) -> str:
    """An address that may be relative to that of a portal; one that is none at all as it is."""
    try:
        return urljoin(f"{base}/", address)
    except ValueError:
        return address


def host_of(address: str | None) -> str | None:
    """The host that an address names, in lower case; None where it names none or is none."""
    try:
        return urlsplit(address or "").hostname
    except ValueError:
        return None
