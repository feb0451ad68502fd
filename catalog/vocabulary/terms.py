"""Recognise frequencies, themes, access rights and languages as codes of the EU authority tables."""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass
from functools import lru_cache
from typing import TypeVar

from catalog.vocabulary.folding import clean, name_key, segment_after, split_list, url_key
from specs.vocabularies import read

__all__ = ["Frequency", "Concept", "access_right", "frequency", "language", "language_code", "theme"]

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
"""An ISO 8601 duration, alone or as a repeating interval with or without a date: R/P1M, R5/2008-03-01/P1Y, P1.5M."""
_DAYS = {
    "years": 365.243, "months": 30.4369, "weeks": 7.0, "days": 1.0,
    "hours": 1 / 24, "minutes": 1 / 1440, "seconds": 1 / 86400,
}  # fmt: skip
_ALIKE = 0.02
"""Two periods that differ by less than this share are equal: R/P52W is a year."""
_UNITS = {
    form: days
    for days, forms in (
        (365.243, "year years yr yrs jahr jahre jahren an ans année années año años anno anni ano anos jaar 年"),
        (30.4369, "month months monat monate monaten mois mes meses mese mesi mês maand maanden 月"),
        (7.0, "week weeks woche wochen semaine semaines semana semanas settimana settimane weken 週"),
        (1.0, "day days tag tage tagen jour jours día días giorno giorni dia dias dag dagen 日"),
        (1 / 24, "hour hours hr hrs stunde stunden heure heures hora horas ora ore uur uren 時間"),
        (1 / 1440, "minute minutes min mins minuten minuto minutos minuti 分"),
    )
    for form in forms.split()
}
_NUMBERS = {
    word: float(number)
    for number, words in (
        (0.5, "half 半"), (1, "once one a an"), (2, "twice two zwei deux dos due other"),
        (3, "thrice three drei trois tres tre"),
        (4, "four vier quatre cuatro quattro"), (5, "five fünf cinq cinco cinque"), (6, "six sechs seis sei"),
        (7, "seven"), (8, "eight"), (10, "ten zehn dix diez dieci"), (12, "twelve"), (18, "eighteen"),
    )
    for word in words.split()
}  # fmt: skip
_UNIT = "(?P<unit>" + "|".join(sorted(_UNITS, key=len, reverse=True)) + ")"
_COUNT = rf"\d{{1,3}}|{'|'.join(sorted(_NUMBERS, key=len, reverse=True))}"
_COUNTS = tuple(
    re.compile(pattern)
    for pattern in (
        rf"(?:every|each|alle|tous les|toutes les|cada|ogni|elke|om de)(?: (?P<length>{_COUNT}))? {_UNIT}",
        rf"(?P<times>{_COUNT})(?: ?(?:times|x|mal|fois|veces|volte|keer))?"
        rf" ?(?:/|per|a|an|each|every|pro|im|par|al|por|all'?) ?(?:(?P<length>{_COUNT}) )?{_UNIT}",
        rf"(?P<length>\d{{1,3}}|半)?(?:か|ヶ|ヵ|カ|ケ|箇|個)?{_UNIT}(?:ごと|毎|間隔|に1回|1回)",
        rf"(?P<length>\d{{1,3}}|半)?(?:か|ヶ|ヵ|カ|ケ|箇|個)?{_UNIT}に?(?P<times>\d{{1,3}})[回度]",
        rf"(?P<times>\d{{1,3}})回/(?P<length>\d{{1,3}})?(?:か|ヶ|ヵ|カ|ケ|箇|個)?{_UNIT}",
    )
)
"""Frequencies with numbers: every so many units, or so many times in one. They are matched after NFKC."""
_ROUGHLY = re.compile(
    r"^(?:概ね|おおむね|約|about |approximately |approx\.? |roughly |at least |mindestens |ca\.? |updated )"
    r"|(?:程度|くらい)$|(?<=回)[(（][^()（）]*[)）]$"
)
_KANJI = str.maketrans("一二三四五六七八九", "123456789")
_COUNTRY = re.compile(r"(?<=\w)(?:;\s?[A-Z]{2,3}|\s\([^()]*\))$")
_LANGUAGE_TAG = re.compile(r"([a-z]{2,3})(?:[-_][a-z0-9]{2,8}){1,3}")


@dataclass(frozen=True, slots=True, kw_only=True)
class Concept:
    """A concept of an EU authority table: a theme, an access right or a language. ``id``: its code; ``eu_uri``: its
    IRI."""

    id: str
    title: str
    eu_uri: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Frequency:
    """How often a dataset is updated according to its publisher. ``id``: code of the EU authority table "frequency"."""

    id: str
    title: str
    eu_uri: str
    period_days: float | None
    """Days between two updates, in mean Gregorian months and years; None if ``is_unbounded``."""
    is_unbounded: bool
    """True if it sets no interval that could be exceeded: irregular, unknown, never, continuous."""


def _key(text: str) -> str:
    # An ISO 8601 interval means the same with and without the repetition in front.
    return url_key(text) or re.sub(r"^r ?\d* (?=p)", "", name_key(text))


def _term(row: dict[str, str]) -> Concept:
    return Concept(id=row["id"], title=row["title"], eu_uri=row["eu_uri"])


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
def _terms(name: str) -> dict[str, Concept]:
    return _build(name, _term)


def _first(index: dict[str, _Entry], declared: tuple[str | None, ...]) -> _Entry | None:
    for text in declared:
        cleaned = clean(text, _LIMIT) if text and len(text) <= _LIMIT else None
        if cleaned and (entry := index.get(_key(cleaned))):
            return entry
    return None


@lru_cache(maxsize=4096)
def frequency(*declared: str | None) -> Frequency | None:
    """Return the update frequency that the first recognisable text means; None if no text is recognised.

    ``declared``: texts in order of preference; None is skipped. Recognised are EU codes and URIs, Dublin Core names and
    URIs, names that udata portals use, and words in many languages, in texts of up to 1,000 characters; in texts of up
    to 80 also ISO 8601 durations (``R/P1Y``, ``P45D``) and words with numbers ("every 18 months"). A duration that is
    within 2 % of that of an EU code gets this code; any other of less than a thousand years gets the EU code "OTHER"
    and keeps its number of days.

    >>> frequency("R/P1Y").id, frequency("R/P1Y").period_days
    ('ANNUAL', 365.243)
    """
    for text in declared:
        if text and (found := _first(_frequencies(), (text,)) or _of_duration(text) or _in_words(text)):
            return found
    return None


def _of_duration(text: str) -> Frequency | None:
    match = _DURATION.fullmatch(text.strip()) if len(text) <= 80 else None
    if match is None:
        return None
    return _of_days(
        sum(float(value.replace(",", ".")) * _DAYS[unit] for unit, value in match.groupdict().items() if value)
    )


def _of_days(days: float) -> Frequency | None:
    # Nobody means an interval of over a thousand years.
    if not 0 < days < 365_000:
        return None
    known = [one for one in _frequencies().values() if one.period_days is not None]
    nearest = min(known, key=lambda one: abs(one.period_days / days - 1) if one.period_days else 1e9)
    if nearest.period_days and abs(nearest.period_days / days - 1) < _ALIKE:
        return nearest
    other = _frequencies()["other"]
    return Frequency(id=other.id, title=other.title, eu_uri=other.eu_uri, period_days=days, is_unbounded=False)


def _in_words(text: str) -> Frequency | None:
    """Return a frequency in numbers and units ("every 18 months", "three times a year", "3か月ごと"), before any
    bracket."""
    if len(text) > 80 or (cleaned := clean(text, 80)) is None:
        return None
    plain = _ROUGHLY.sub("", cleaned.casefold()).translate(_KANJI).strip(" .")
    for pattern in _COUNTS:
        if match := pattern.fullmatch(plain):
            found = match.groupdict()
            length = _number(found.get("length") or "1") * _UNITS[found["unit"]]
            return _of_days(length / (_number(found.get("times") or "1") or 1))
    before, bracket, _ = cleaned.partition("(")
    # Some write "jaehrlich" without umlauts; accents are folded away.
    for said in (before if bracket else "", re.sub("(?<=[aou])e", "", cleaned)):
        if said and said != cleaned and (entry := _first(_frequencies(), (said,))):
            return entry
    return None


def _number(word: str) -> float:
    return _NUMBERS.get(word) or float(word)


@lru_cache(maxsize=4096)
def theme(*declared: str | None) -> Concept | None:
    """Return the EU data theme, one of 13, that the first recognisable text means; None if no text is recognised.

    ``declared``: names, codes or URIs in order of preference; None is skipped, and so is a text of more than 1,000
    characters.
    """
    return _first(_terms("themes"), declared)


@lru_cache(maxsize=4096)
def access_right(*declared: str | None) -> Concept | None:
    """Return the EU access right that the first recognisable text means; None if no text is recognised.

    ``declared``: names, codes, URIs or DCAT-US access levels in order of preference; None is skipped, and so is a text
    of more than 1,000 characters.
    """
    return _first(_terms("access_rights"), declared)


@lru_cache(maxsize=4096)
def language(*declared: str | None) -> Concept | None:
    """Return the language that the first recognisable text means, without its region; None if no text is recognised.

    ``declared``: texts in order of preference, each an ISO 639 code, a name, a tag such as ``en-US``, or a URI; None is
    skipped, and so is a text of more than 1,000 characters.
    """
    index = _terms("languages")
    for text in declared:
        cleaned = clean(text, _LIMIT) if text and len(text) <= _LIMIT else None
        if cleaned is None:
            continue
        # "eng; CAN" and "English (Canada)" name a language and a country.
        cleaned = _COUNTRY.sub("", cleaned)
        plain = segment_after(url_key(cleaned), *_LANGUAGE_URIS) or cleaned.casefold()
        tag = _LANGUAGE_TAG.fullmatch(plain)
        if entry := index.get(_key(plain)) or (index.get(tag[1]) if tag else None):
            return entry
    return None


@lru_cache(maxsize=4096)
def language_code(declared: str) -> str | None:
    """Return the lower-case ISO 639-1 code of a declared language; the ISO 639-3 code if there is no shorter one.

    None for a text that is not recognised as a language, and for "several languages", "undetermined" and "no linguistic
    content".

    >>> language_code("en-US"), language_code("ENG"), language_code("klingonish")
    ('en', 'en', None)
    """
    found = language(declared)
    if found is None or found.id in ("MUL", "UND", "ZXX"):
        return None
    return _short_codes().get(found.id) or found.id.lower()


@lru_cache(maxsize=1)
def _short_codes() -> dict[str, str]:
    return {row["id"]: row["iso2"] for row in read("languages") if row["iso2"]}
