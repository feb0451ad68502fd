"""Frequencies, themes, access rights and languages, in the codes of the EU authority tables."""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass
from functools import lru_cache
from typing import TypeVar

from specs.vocabularies import read

from .folding import clean, name_key, segment_after, split_list, url_key

__all__ = ["Frequency", "Term", "access_right", "frequency", "language", "language_code", "theme"]

_LIMIT = 1_000
_Entry = TypeVar("_Entry")
_LANGUAGE_URIS = (
    "publications.europa.eu/resource/authority/language/",
    "lexvo.org/id/iso639-3/",
    "lexvo.org/id/iso639-1/",
    "id.loc.gov/vocabulary/iso639-1/",
    "id.loc.gov/vocabulary/iso639-2/",
)
_DURATION = re.compile(
    r"(?:r\s?-?\d*\s?/\s?)?(?:\d{4}[^/]{0,30}/\s?)?"
    r"p(?=t?\d)(?:(?P<years>\d+(?:[.,]\d+)?)y)?(?:(?P<months>\d+(?:[.,]\d+)?)m)?(?:(?P<weeks>\d+(?:[.,]\d+)?)w)?"
    r"(?:(?P<days>\d+(?:[.,]\d+)?)d)?"
    r"(?:t(?:(?P<hours>\d+(?:[.,]\d+)?)h)?(?:(?P<minutes>\d+(?:[.,]\d+)?)m)?(?:(?P<seconds>\d+(?:[.,]\d+)?)s)?)?"
    r"(?:/\s?\d{4}[^/]{0,30})?",
    re.IGNORECASE,
)
"""A duration of ISO 8601, alone or as a repeating interval with or without a date: R/P1M, R5/2008-03-01/P1Y, P1.5M."""
_DAYS = {
    "years": 365.243, "months": 30.4369, "weeks": 7.0, "days": 1.0,
    "hours": 1 / 24, "minutes": 1 / 1440, "seconds": 1 / 86400,
}  # fmt: skip
_ALIKE = 0.02
"""Two periods that differ by less than this share are one: R/P52W is a year."""
_LANGUAGE_TAG = re.compile(r"([a-z]{2,3})(?:[-_][a-z0-9]{2,8}){1,3}")


@dataclass(frozen=True, slots=True, kw_only=True)
class Term:
    """A concept: a theme, an access right or a language."""

    id: str
    title: str
    eu_uri: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Frequency:
    """How often the publisher promises an update."""

    id: str
    title: str
    eu_uri: str
    period_days: float | None
    """Days between two updates, in mean Gregorian months and years; None where ``is_unbounded``."""
    is_unbounded: bool
    """No interval that could be overrun: irregular, unknown, never, continuous."""


def _key(text: str) -> str:
    # An ISO 8601 interval means the same with and without the repetition in front.
    return url_key(text) or re.sub(r"^r ?\d* (?=p)", "", name_key(text))


def _term(row: dict[str, str]) -> Term:
    return Term(id=row["id"], title=row["title"], eu_uri=row["eu_uri"])


def _frequency(row: dict[str, str]) -> Frequency:
    days = row["period_days"]
    return Frequency(
        id=row["id"],
        title=row["title"],
        eu_uri=row["eu_uri"],
        period_days=float(days) if days else None,
        is_unbounded=row["is_unbounded"] == "yes",
    )


def _build(name: str, make: Callable[[dict[str, str]], _Entry]) -> dict[str, _Entry]:
    index: dict[str, _Entry] = {}
    for row in read(name):
        entry = make(row)
        for alias in (row["id"], row["title"], row["eu_uri"], *split_list(row["aliases"])):
            key = _key(alias)
            if index.setdefault(key, entry) is not entry:
                raise ValueError(f"{name}.csv: {alias!r} of {row['id']} stands elsewhere too: drop one")
    return index


@lru_cache(maxsize=1)
def _frequencies() -> dict[str, Frequency]:
    return _build("frequencies", _frequency)


@lru_cache(maxsize=8)
def _terms(name: str) -> dict[str, Term]:
    return _build(name, _term)


def _first(index: dict[str, _Entry], declared: tuple[str | None, ...]) -> _Entry | None:
    for text in declared:
        cleaned = clean(text, _LIMIT) if text and len(text) <= _LIMIT else None
        if cleaned and (entry := index.get(_key(cleaned))):
            return entry
    return None


@lru_cache(maxsize=4096)
def frequency(*declared: str | None) -> Frequency | None:
    """EU code or URI, Dublin Core name or URI, ISO 8601 duration (``R/P1Y``, ``P45D``), udata name, or a word.

    A duration for which the EU has no code is its "OTHER", with the days that it states.
    """
    for text in declared:
        found = _first(_frequencies(), (text,)) or _of_duration(text or "")
        if found:
            return found
    return None


def _of_duration(text: str) -> Frequency | None:
    match = _DURATION.fullmatch(text.strip()) if len(text) <= 80 else None
    if match is None:
        return None
    days = sum(float(value.replace(",", ".")) * _DAYS[unit] for unit, value in match.groupdict().items() if value)
    # Beyond a thousand years nobody means what the sign says.
    if not 0 < days < 365_000:
        return None
    known = [one for one in _frequencies().values() if one.period_days is not None]
    nearest = min(known, key=lambda one: abs(one.period_days / days - 1) if one.period_days else 1e9)
    if nearest.period_days and abs(nearest.period_days / days - 1) < _ALIKE:
        return nearest
    other = _frequencies()["other"]
    return Frequency(id=other.id, title=other.title, eu_uri=other.eu_uri, period_days=days, is_unbounded=False)


@lru_cache(maxsize=4096)
def theme(*declared: str | None) -> Term | None:
    """One of the 13 EU data themes."""
    return _first(_terms("themes"), declared)


@lru_cache(maxsize=4096)
def access_right(*declared: str | None) -> Term | None:
    """EU access right; DCAT-US access levels are read as the right they amount to."""
    return _first(_terms("access_rights"), declared)


@lru_cache(maxsize=4096)
def language(*declared: str | None) -> Term | None:
    """The language, its region left aside: ISO 639-1, -2 and -3 codes, names, tags (``en-US``), URIs."""
    index = _terms("languages")
    for text in declared:
        cleaned = clean(text, _LIMIT) if text and len(text) <= _LIMIT else None
        if cleaned is None:
            continue
        plain = segment_after(url_key(cleaned), *_LANGUAGE_URIS) or cleaned.casefold()
        tag = _LANGUAGE_TAG.fullmatch(plain)
        if entry := index.get(_key(plain)) or (index.get(tag[1]) if tag else None):
            return entry
    return None


@lru_cache(maxsize=4096)
def language_code(declared: str) -> str | None:
    """The code by which texts are told apart: ISO 639-1, or 639-3 where there is none shorter, in lower case.

    ``en``, ``en-US``, ``ENG`` and English's address in the EU's table are "en". None for what is no language, and for
    "several" and "undetermined".
    """
    found = language(declared)
    if found is None or found.id in ("MUL", "UND", "ZXX"):
        return None
    return _short_codes().get(found.id) or found.id.lower()


@lru_cache(maxsize=1)
def _short_codes() -> dict[str, str]:
    return {row["id"]: row["iso2"] for row in read("languages") if row["iso2"]}
