"""The words and dates of replies, in every language that has a file."""

from __future__ import annotations

import re
import unicodedata
from datetime import date, timedelta
from functools import cache

from specs.languages import languages

__all__ = ["day", "reply_of", "words_of"]

_EARLIER = {"will be mended by": "will_fix_by"}
"""Labels of version 0.1.0; clerks may still return files that hold them."""

_EPOCH = date(1899, 12, 30)
"""Day 0 of Excel's calendar, valid for days after February 1900."""


def words_of(text: str) -> str:
    """Return a text in a form for comparing words: lower case, without accents and punctuation, single blanks between
    words."""
    plain = unicodedata.normalize("NFKD", text.casefold())
    return " ".join(re.findall(r"[^\W_]+", "".join(sign for sign in plain if not unicodedata.combining(sign))))


@cache
def _replies() -> list[tuple[str, str]]:
    """Return pairs of words and reply, the longest first."""
    found = {words_of(name): name for name in languages()["en"].values["response"]} | _EARLIER
    for one in languages().values():
        found |= {words_of(label): name for name, label in one.values["response"].items()}
    return sorted(found.items(), key=lambda pair: -len(pair[0]))


@cache
def _fixed() -> frozenset[str]:
    """Return the words for a fixed finding, which people write although it is no reply."""
    return frozenset(words_of(one.values["state"]["fixed"]) for one in languages().values())


@cache
def reply_headers() -> frozenset[str]:
    """Return the words, as :func:`words_of` gives them, that head a column of replies if the column has lost its own
    name: "reply", "response", "answer", and the same in every language."""
    return frozenset(words_of(word) for one in languages().values() for word in one.reply_headers)


def reply_of(text: str) -> tuple[str, str]:
    """Return the kind of reply that the text of a cell stands for, and the text that follows it.

    The kind is acknowledged, disputed, will_fix_by or waived; it is recognised in every language that Winnow has words
    for. The text that follows is usually a date, or "". Raise ValueError for an unknown reply; after a semicolon its
    message says what to write instead.
    """
    plain = words_of(text)
    for words, name in _replies():
        if plain == words:
            return name, ""
        if plain.startswith(f"{words} "):
            count = len(words.split())
            ends = [one.end() for one in re.finditer(r"[^\W_]+", text)]
            return name, text[ends[min(count, len(ends)) - 1] :].strip(" :;=,_-")
    if plain in _fixed():
        raise ValueError("what is fixed needs no reply, the next check sees it; leave the cell empty")
    known = ", ".join(languages()["en"].values["response"])
    raise ValueError(f"the reply {text[:60]!r} is not known; write one of: {known}")


@cache
def _months() -> dict[str, int]:
    """Return the number of each month, 1 to 12, by its names and abbreviations in every language, as in CLDR."""
    from babel.dates import get_month_names

    return {
        words_of(name): number
        for code in languages()
        for width in ("wide", "abbreviated")
        for number, name in get_month_names(width, locale=code.replace("-", "_")).items()
    }


_NAMED_MONTH = re.compile(
    r"(?:(?P<day>\d{1,2})(?:st|nd|rd|th|er|\.|º)?\s*(?:de\s+|-)?)(?P<month>[^\W\d_]+)\.?,?\s*(?:de\s+|del\s+|-)?(?P<year>\d{4})"
    r"|(?P<month_first>[^\W\d_]+)\.?\s+(?P<then_day>\d{1,2})(?:st|nd|rd|th)?,?\s+(?P<then_year>\d{4})",
    re.IGNORECASE,
)
"""A day with the month in words: 24 novembre 2026, 24 de noviembre de 2026, Nov 24, 2026."""


def day(text: str, is_day_first: bool | None) -> str:
    """Return the ISO date that a spreadsheet's text for a date means.

    The month may be in words of any language of ours. ``is_day_first``: whether the day precedes the month in dates
    such as 3/4/2026; None if unknown. Raise ValueError if the text is no date or could be two; after a semicolon the
    message says what to write instead.
    """
    plain = text.strip().strip("'\"")
    try:
        found = _day(plain, is_day_first)
    except (ValueError, OverflowError) as error:
        raise ValueError(f"there is no day {plain[:40]!r}; {_REMEDY}") from error
    if found is None:
        raise ValueError(f"{plain[:40]!r} is no date; {_REMEDY}")
    if len(found) > 1:
        raise ValueError(f"the date {plain} may be two days; {_REMEDY}")
    return found[0].isoformat()


_REMEDY = "write it as 2026-12-31"


def _day(plain: str, is_day_first: bool | None) -> list[date] | None:
    """Return the days that a text may mean; None if it is no date. Raise ValueError if there is no such day."""
    if found := re.match(r"(\d{4})[-/.](\d{1,2})[-/.](\d{1,2})(?:[T ][\d:.]+Z?)?$", plain):
        return [date(*map(int, found.groups()))]
    if re.fullmatch(r"\d{5}(\.0+)?", plain):
        return [_EPOCH + timedelta(days=int(float(plain)))]
    if found := _NAMED_MONTH.fullmatch(plain):
        first, name, year = (found[1], found[2], found[3]) if found[1] else (found[5], found[4], found[6])
        month = _months().get(words_of(name))
        return None if month is None else [date(int(year), month, int(first))]
    if found := re.match(r"(\d{1,2})\s?[-/.]\s?(\d{1,2})\s?[-/.]\s?(\d{4}|\d\d)(?: [\d:.]+)?$", plain):
        first, second, year = map(int, found.groups())
        is_short, year = year < 100, year + 2000 if year < 100 else year
        # Americans do not use a point between day and month.
        if is_day_first or "." in plain:
            return [date(year, second, first)]
        if second > 12:
            return [date(year, first, second)]
        if first > 12 or first == second:
            # With two figures, the year may stand first.
            return [date(year, second, first), *([date(first + 2000, second, year - 2000)] if is_short else [])]
        return [date(year, second, first), date(year, first, second)]
    return None
