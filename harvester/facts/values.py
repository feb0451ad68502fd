"""Read loosely typed JSON: missing texts, and single values where a list is expected."""

from __future__ import annotations

import json
import re
from functools import lru_cache
from typing import Any
from urllib.parse import urljoin, urlsplit

from catalog.vocabulary import language_code

__all__ = ["absolute", "email", "first", "host_of", "is_language_map", "json_text", "names", "text", "texts"]


def text(value: Any) -> str | None:
    """Return the JSON ``value`` as text; None if it has no text that is not blank.

    A number is written out. A language map gives its English text or else its first, a list its first text, a JSON-LD
    value its "@value". Booleans are no text, because many portals write ``false`` for "nothing".

    >>> text({"fr": "Eau", "en": "Water"}), text(["", 7]), text(False)
    ('Water', '7', None)
    """
    if value is None:
        return None
    try:
        return _text(value)
    except RecursionError:
        # Nested too deeply to hold a text.
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
"""Longest text that is parsed as JSON, in characters."""
_ARRAY = re.compile(r"\{\s*\w[\w-]{1,30}(?:\s*,\s*\w[\w-]{1,30})*\s*\}")
_TAG = re.compile(r"[a-z]{2,3}(?:[-_]\w+)?")


@lru_cache(maxsize=4096)
def _is_tag(key: str) -> bool:
    return len(key) <= 20 and _TAG.fullmatch(key) is not None and (len(key) == 2 or language_code(key) is not None)


def is_language_map(value: dict[Any, Any]) -> bool:
    """Return whether all keys of the object ``value`` are language codes, as in {"de": "Wasser", "en": "water"}.

    "id" is the code of Indonesian, but usually the name of a field: it counts only if "en" is a key too. An empty
    object is no language map.
    """
    return (
        bool(value)
        and "id" not in value
        and all(_is_tag(str(key)) for key in value)
        or (len(value) > 1 and "id" in value and "en" in value and all(_is_tag(str(key)) for key in value))
    )


def first(*values: Any) -> str | None:
    """Return the text of the first of ``values`` that contains one; None if none does.

    What counts as text is decided by :func:`text`.
    """
    for value in values:
        # Most values are missing.
        if value is not None and (found := text(value)) is not None:
            return found
    return None


def texts(value: Any) -> tuple[str, ...]:
    """Return all texts in a JSON value that are not blank; () if there are none.

    ``value`` is a single value, a list, a list as JSON in a text, or a language map of lists such as {"de": ["Wasser"],
    "en": ["water"]}. Of a language map only one language is read, English if possible.
    """
    if value is None:
        return ()
    value = json_text(value)
    if isinstance(value, dict):
        if is_language_map(value) and any(isinstance(v, list) for v in value.values()):
            # Every language lists the same keywords, so one language is enough.
            return next((found for v in [value.get("en"), *value.values()] if (found := texts(v))), ())
        single = text(value)
        return (single,) if single else ()
    items = value if isinstance(value, list) else [value]
    return tuple(word for item in items if (word := text(item)) is not None)


def json_text(value: Any) -> Any:
    """Return the parsed value if ``value`` is a text that holds a JSON list or object; else return ``value`` itself.

    A list in PostgreSQL's notation ("{ITA,DEU}") is parsed too. A text that would give too many values, or is nested
    too deeply, is returned as it is.
    """
    if isinstance(value, str) and value.lstrip()[:1] in ("[", "{"):
        if _ARRAY.fullmatch(value.strip()):
            return [one.strip() for one in value.strip()[1:-1].split(",")]
        if len(value) > MAX_TEXT and sum(map(value.count, "[{,")) > MAX_TEXT:
            # Each parsed value would take some 64 bytes of memory.
            return value
        try:
            return json.loads(value)
        except (ValueError, RecursionError):
            return value
    return value


def names(items: Any, *keys: str) -> tuple[str, ...]:
    """Return one text for each element of the list ``items``; () if ``items`` is no list.

    Of an object, the text is the first one found under the keys ``keys``. A string is returned as it is. Elements
    without a text are left out.
    """
    found = []
    for item in items if isinstance(items, list) else []:
        name = first(*(item.get(key) for key in keys)) if isinstance(item, dict) else text(item)
        if name is not None:
            found.append(name)
    return tuple(found)


def email(value: Any) -> str | None:
    """Return ``value`` as an email address without "mailto:"; None if it has no text. The form is not checked."""
    found = text(value)
    return re.sub(r"(?i)^mailto:", "", found).strip() or None if found else None


def absolute(address: str, base: str) -> str:
    """Return ``address`` joined to ``base``, the portal's address; an invalid address is returned unchanged."""
    try:
        return urljoin(f"{base}/", address)
    except ValueError:
        return address


def host_of(address: str | None) -> str | None:
    """Return the host name in ``address`` in lower case; None if the address names no host or is invalid."""
    try:
        return urlsplit(address or "").hostname
    except ValueError:
        return None
