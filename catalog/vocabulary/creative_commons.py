"""Read Creative Commons licences, which have too many versions, ports and languages for a list of names.

The words are in ``creative_commons.csv``. A name is accepted only if *every* word of it is known there: "CC BY, but
ask first" is not CC BY. Ported versions count as the version they port (``by/3.0/au`` is CC-BY-3.0).
"""

from __future__ import annotations

import re
from functools import lru_cache

from catalog.vocabulary.folding import name_key, split_list
from specs.vocabularies import read

__all__ = ["from_name", "from_url", "in_prose"]

_FAMILIES = {
    frozenset(family.split("-")): f"CC-{family.upper()}"
    for family in ("by", "by-sa", "by-nc", "by-nd", "by-nc-sa", "by-nc-nd")
}
_VERSION = re.compile(r"([1-4])(?:\.?([015]))?")
_URL = re.compile(
    r"(?:i\.)?creativecommons\.org/licen[sc]es?/([a-z]{2}(?:[-+][a-z]{2}){0,2})(?:/(\d\.\d))?(?:/[a-z-]{2,8})?"
)
_PUBLIC_DOMAIN_URL = re.compile(r"(?:i\.)?creativecommons\.org/publicdomain/(zero|mark)(?:/1\.0)?(?:/[a-z]{2})?")
_LONGEST = 6


@lru_cache(maxsize=1)
def _words() -> dict[str, tuple[str, ...]]:
    rows = read("creative_commons")
    return {name_key(w): tuple(r["meaning"].split()) for r in rows for w in split_list(r["words"])}


def _scan(tokens: list[str], start: int) -> tuple[int, tuple[str, ...]] | None:
    """Return the longest known phrase at ``start``: its number of tokens, and its meaning."""
    for size in range(min(_LONGEST, len(tokens) - start), 0, -1):
        meaning = _words().get(" ".join(tokens[start : start + size]))
        if meaning is not None:
            return size, meaning
    version = _VERSION.fullmatch(tokens[start])
    return (1, (f"{version[1]}.{version[2] or 0}",)) if version else None


def _identify(meanings: set[str]) -> str | None:
    versions = {m for m in meanings if m[0].isdigit()}
    elements = meanings - versions - {"place", "filler"}
    if "cc" not in elements or len(versions) > 1:
        return None
    elements -= {"cc"}
    if elements in ({"zero"}, {"mark"}):
        if versions - {"1.0"}:
            return None
        return "CC0-1.0" if elements == {"zero"} else "CC-PDM-1.0"
    family = _FAMILIES.get(frozenset(elements))
    if family is None:
        return None
    return "-".join([family, *versions])


def from_url(key: str) -> str | None:
    """Return the id of the Creative Commons licence at an address, such as "CC-BY-4.0"; None if it is not one.

    ``key``: the address as :func:`.folding.url_key` returns it; its query and fragment are ignored. An address without
    a version gives an id without one, except for CC0 and the public domain mark, which have only the version 1.0.
    """
    address = key.split("?")[0].split("#")[0].rstrip("/")
    if match := _PUBLIC_DOMAIN_URL.fullmatch(address):
        return "CC0-1.0" if match[1] == "zero" else "CC-PDM-1.0"
    if match := _URL.fullmatch(address):
        family = _FAMILIES.get(frozenset(re.split("[-+]", match[1])))
        return f"{family}-{match[2]}" if family and match[2] else family
    return None


def from_name(key: str) -> str | None:
    """Return the id of the Creative Commons licence that a name means, such as "CC-BY-4.0"; None if it means none.

    ``key``: the name as :func:`.folding.name_key` returns it. A name without a version gives an id without one, except
    for CC0 and the public domain mark. The result is also None if any word of the name cannot be part of the name of a
    Creative Commons licence, if its words do not make up one licence, or if it has more than 40 words.
    """
    tokens, at = key.split(), 0
    if len(tokens) > 40:
        return None
    meanings: set[str] = set()
    while at < len(tokens):
        step = _scan(tokens, at)
        if step is None:
            return None
        at += step[0]
        meanings.update(step[1])
    return _identify(meanings) if meanings else None


def in_prose(key: str) -> tuple[set[str], set[str | None]]:
    """Return which Creative Commons licences a sentence mentions: a set of certain ids and a set of uncertain mentions.

    ``key``: the sentence as :func:`.folding.name_key` returns it. Certain are ids with a version, and those of CC0 and
    the public domain mark.

    An uncertain mention is an id without version, a version alone ("-1.0" for "Creative Commons 1.0 Universal"), or
    None for words of Creative Commons that make no licence. It does not establish a licence, but it may contradict one
    found elsewhere.
    """
    tokens, at = key.split(), 0
    firm: set[str] = set()
    weak: set[str | None] = set()
    while at < len(tokens):
        step = _scan(tokens, at)
        if step is None or "cc" not in step[1]:
            at += 1
            continue
        meanings: set[str] = set()
        while at < len(tokens) and (step := _scan(tokens, at)):
            at += step[0]
            meanings.update(step[1])
        identified = _identify(meanings)
        if identified is not None and identified[-1].isdigit():
            firm.add(identified)
        elif said := meanings - {"cc", "filler", "place"}:
            weak.add(f"-{said.pop()}" if len(said) == 1 and next(iter(said))[0].isdigit() else identified)
    return firm, weak
