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
    known = ", ".join(languages()["en"].values["response"])
    raise ValueError(f"the reply {text[:60]!r} is not known; write one of: {known}")


def day(text: str, is_day_first: bool | None) -> str:
    """Return the ISO date that a spreadsheet's text for a date means.

    ``is_day_first``: whether the day precedes the month in dates such as 3/4/2026; None if unknown. Raise ValueError if
    the text is no date or could be two; after a semicolon the message says what to write instead.
    """
    plain = text.strip().strip("'\"")
    remedy = "write it as 2026-12-31"
    try:
        if found := re.match(r"(\d{4})[-/.](\d{1,2})[-/.](\d{1,2})(?:[T ][\d:.]+Z?)?$", plain):
            return date(*map(int, found.groups())).isoformat()
        if re.fullmatch(r"\d{5}(\.0+)?", plain):
            return (_EPOCH + timedelta(days=int(float(plain)))).isoformat()
        if found := re.match(r"(\d{1,2})\s?[-/.]\s?(\d{1,2})\s?[-/.]\s?(\d{4})(?: [\d:.]+)?$", plain):
            first, second, year = map(int, found.groups())
            # Americans do not use a point between day and month.
            if is_day_first or "." in plain or first > 12 or first == second:
                return date(year, second, first).isoformat()
            if second > 12:
                return date(year, first, second).isoformat()
            raise ValueError(f"the date {plain} may be two days; {remedy}")
    except ValueError as error:
        if "; " in str(error):
            raise
        raise ValueError(f"there is no day {plain[:40]!r}; {remedy}") from error
    raise ValueError(f"{plain[:40]!r} is no date; {remedy}")
