"""Read what the words of a title say about time: how often data are published, and whether their period is over."""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import date
from functools import lru_cache

from quality.evidence.years import YEAR, fold, last_day_named, western
from specs.vocabularies import read

__all__ = ["TitlePeriod", "told_by"]

LOOKED_AT = 500
"""Characters of a title that are read."""
_ARTICLES = {"ar": "ال", "he": "ה"}
"""Articles that are written together with the following word, by language."""
_JOINED = re.compile("[\u0e00-\u0eff\u2e80-\ud7af]")
"""Scripts without spaces between words, or with endings that are attached to them."""


@dataclass(frozen=True, slots=True)
class TitlePeriod:
    """What the title of a dataset says about update frequency and period."""

    frequency: str | None = None
    """Id of the update frequency that the title names, such as "MONTHLY"; None without one."""
    word: str = ""
    """The word of the title that names the frequency."""
    is_closed: bool = False
    """True if the title says that the data are historical or no longer updated."""
    until: date | None = None
    """Last day of the period that the title names; None without one, or for a period without end ("since 2015")."""


NOTHING_TOLD = TitlePeriod()
_YEAR = re.compile(YEAR)
_WORD = re.compile(r"\w+")


@lru_cache(maxsize=1)
def _meanings() -> dict[str, str]:
    """Return the meaning of each word: a frequency, CLOSED, SINCE, TO_DATE, or NOTHING for a phrase
    that only looks like one.
    """
    found: dict[str, str] = {}
    for row in read("period_words"):
        for word in (fold(part.strip()) for part in row["words"].split("|")):
            article = _ARTICLES.get(row["language"], "")
            for form in {word, " ".join(article + part for part in word.split()) if article else word}:
                if found.setdefault(form, row["meaning"]) != row["meaning"]:
                    raise ValueError(f"period_words.csv: {word!r} means two things; keep it in one row")
    return found


def _any_of(words: list[str]) -> str:
    """Return a pattern that matches one of the words, the longest first: "semi-annual" is not "annual"."""
    ordered = sorted(words, key=len, reverse=True)
    # In scripts in which vowels are not letters, such as Devanagari, \b finds no edges of words.
    spaced = "|".join(re.escape(word) for word in ordered if not _JOINED.match(word))
    joined = "|".join(re.escape(word) for word in ordered if _JOINED.match(word))
    return rf"(?<!\w)(?:{spaced})(?!\w)" + (f"|(?:{joined})" if joined else "")


@lru_cache(maxsize=1)
def _patterns() -> tuple[re.Pattern[str], re.Pattern[str]]:
    """Return two patterns of all words except those of open ends: the words in ASCII, and all words."""
    words = [word for word, meaning in _meanings().items() if meaning not in ("SINCE", "TO_DATE")]
    return re.compile(_any_of([word for word in words if word.isascii()])), re.compile(_any_of(words))


@lru_cache(maxsize=1)
def _beginnings() -> tuple[frozenset[str], re.Pattern[str]]:
    """Return the first word of each phrase of :func:`_patterns`, and a pattern of the phrases that stand within words.

    Few titles have any. To look for these is much faster than to search for the phrases.
    """
    phrases = [word for word, meaning in _meanings().items() if meaning not in ("SINCE", "TO_DATE")]
    spaced = frozenset(first[0] for word in phrases if not _JOINED.match(word) and (first := _WORD.match(word)))
    return spaced, re.compile("|".join(re.escape(word) for word in phrases if _JOINED.match(word)))


def _may_tell(text: str) -> bool:
    """Return whether one of the phrases of :func:`_patterns` may be in a text."""
    first_words, joined = _beginnings()
    if not first_words.isdisjoint(_WORD.findall(text)):
        return True
    return not text.isascii() and joined.search(text) is not None


@lru_cache(maxsize=1)
def _open_ends() -> tuple[re.Pattern[str], re.Pattern[str]]:
    """Return the patterns of what precedes, and of what follows, the last year of a period without end.

    One word may stand between: "since January 2009", "2009 through the present".
    """
    since, to_date = ([w for w, meaning in _meanings().items() if meaning == which] for which in ("SINCE", "TO_DATE"))
    return (
        re.compile(rf"(?:{_any_of(since)})\W{{0,3}}(?:\w+\W{{1,2}})?$"),
        re.compile(rf"[^\d]{{0,15}}?(?:{_any_of(to_date)})|\s?(?:[-–—]|\+)\s?(?=[)\]]|$)"),
    )


def _until(text: str) -> date | None:
    years = list(_YEAR.finditer(text))
    if years:
        since, to_date = _open_ends()
        start, end = years[-1].span()
        if since.search(text[max(0, start - 40) : start]) or to_date.match(text, end):
            return None
    return last_day_named(text)


@lru_cache(maxsize=16384)
def told_by(title: str) -> TitlePeriod:
    """Return what the title of a dataset says about its update frequency and period.

    Without any words about time, all fields of the result have their default values.

    >>> told_by("Monthly unemployment 2019")
    TitlePeriod(frequency='MONTHLY', word='monthly', is_closed=False, until=datetime.date(2019, 12, 31))
    """
    text = western(title[:LOOKED_AT])
    words = _patterns()[0 if text.isascii() else 1]
    frequency, word, is_closed, has_phrases = None, "", False, False
    for found in words.finditer(text) if _may_tell(text) else ():
        meaning = _meanings()[found[0]]
        if meaning == "CLOSED":
            is_closed = True
        elif meaning == "NOTHING":
            has_phrases = True
        elif frequency is None:
            frequency, word = meaning, found[0]
    if not any(map(str.isdigit, text)):
        return TitlePeriod(frequency, word, is_closed) if frequency or is_closed else NOTHING_TOLD
    if has_phrases:
        text = words.sub(lambda found: " " if _meanings()[found[0]] == "NOTHING" else found[0], text)
    return TitlePeriod(frequency, word, is_closed, _until(text))
