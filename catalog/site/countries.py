"""Countries: which governments are national, and the map of the front page."""

from __future__ import annotations

import json
import re
from collections.abc import Iterable
from functools import cache, lru_cache
from pathlib import Path
from typing import Any

from specs.languages import languages
from specs.vocabularies.countries import alpha2

__all__ = ["government_level", "is_national", "world"]

_WORDS = frozenset((
    "the", "government", "of", "federal", "national", "republic", "kingdom", "commonwealth",
    "gobierno", "de", "la", "del", "el", "república", "reino", "nacional", "governo", "do", "da", "federativa",
    "gouvernement", "du", "le", "les", "l", "d", "république", "royaume", "confédération", "bundesrepublik",
    "republik", "regierung", "bundesregierung", "königreich", "eidgenossenschaft", "repubblica", "koninkrijk",
    "overheid", "kongeriket", "kungariket", "konungariket", "rzeczpospolita", "democratic", "democrática",
    "démocratique", "people", "s", "islamic", "arab", "plurinational", "bolivarian", "oriental",
))  # fmt: skip
"""Words that may stand beside a country's name in the name of its national government."""


def government_level(government: str | None, code: str | None, declared: Iterable[str | None]) -> str | None:
    """Return what kind of government it is: national, regional, local, supranational or other; None if nobody knows.

    ``declared``: what the files of its portals say, None for one that says nothing; those that contradict each other
    say nothing. Only where no file says anything, the name tells a national one, see :func:`is_national`. ``code``: ISO
    3166-1 alpha-3.
    """
    known = {level for level in declared if level}
    if known:
        return known.pop() if len(known) == 1 else None
    return "national" if is_national(government, code) else None


def is_national(government: str | None, code: str | None) -> bool:
    """Return whether the name of a government says that it is the national one of its country.

    It does if it is the country's name in a language of the site or of the country itself, with no other words beside
    it than such as "government of" or "federal republic". ``code``: ISO 3166-1 alpha-3. Governments that do not name
    themselves so count as others: a city must never colour a country.
    """
    if not government or not code:
        return False
    words = _words(government)
    for name in _names(code):
        for start in range(len(words) - len(name) + 1):
            if words[start : start + len(name)] == name:
                rest = words[:start] + words[start + len(name) :]
                return all(word in _WORDS for word in rest)
    return False


@cache
def world() -> dict[str, Any]:
    """Return the map: ``source`` of the borders, ``width``, ``height``, and ``countries``.

    A country has its ``code`` (ISO 3166-1 alpha-3; None for an area without one), the SVG ``path`` of its borders, and
    if it is too small to be seen a ``dot``, the place of its centre.
    """
    found: dict[str, Any] = json.loads((Path(__file__).parent / "world.json").read_text("utf-8"))
    return found


@lru_cache(maxsize=500)
def _names(code: str) -> list[list[str]]:
    """Return the names of a country in the languages of the site and in its own, as words, the longest first."""
    from babel import Locale, UnknownLocaleError
    from babel.languages import get_official_languages

    two, found = alpha2(code) or code, []
    for tag in [*languages(), *get_official_languages(two, regional=True)]:
        try:
            name = Locale.parse(tag.replace("_", "-"), sep="-").territories.get(two)
        except (ValueError, UnknownLocaleError):
            continue
        if name and _words(name) not in found:
            found.append(_words(name))
    return sorted(found, key=len, reverse=True)


def _words(text: str) -> list[str]:
    return re.findall(r"\w+", text.casefold())
