"""Read the dates that publishers write. A date that cannot be read is None, never today."""

from __future__ import annotations

import re
from datetime import UTC, date, datetime
from functools import lru_cache

import ciso8601

__all__ = ["first_day", "last_day"]

_MONTH = re.compile(r"(\d{4})-(\d{2})")
_EUROPEAN = re.compile(r"^(\d{1,2})[./](\d{1,2})[./](\d{4})$")


@lru_cache(maxsize=16384)
def last_day(text: str | None) -> date | None:
    """Return the last day that a date, month or year may mean, or None if it cannot be read.

    Reads ISO 8601, ``DD.MM.YYYY``, ``DD/MM/YYYY`` if the day is above 12, and HTTP dates. Years up to 1900 and the
    usual filler 1970-01-01 give None.

    >>> last_day("2024"), last_day("2024-02"), last_day("31/12/2024"), last_day("5/6/2024")
    (datetime.date(2024, 12, 31), datetime.date(2024, 2, 29), datetime.date(2024, 12, 31), None)
    """
    value = (text or "").strip()
    found: date | None = None
    if len(value) == 4 and value.isdecimal() and value.isascii():
        found = _date(int(value), 12, 31)
    elif match := _MONTH.fullmatch(value):
        year, month = int(match[1]), int(match[2])
        found = next((d for day in (31, 30, 29, 28) if (d := _date(year, month, day))), None)
    elif match := _EUROPEAN.match(value):
        day, month, year = int(match[1]), int(match[2]), int(match[3])
        if "." in value or day > 12:
            found = _date(year, month, day)
    elif value:
        found = _iso(value) or _http(value)
    return found if found and found.year > 1900 and found != date(1970, 1, 1) else None


def first_day(text: str | None) -> date | None:
    """Return the first day that a date, month or year may mean, or None if it cannot be read.

    It reads the same forms as ``last_day``.

    >>> first_day("2024-02")
    datetime.date(2024, 2, 1)
    """
    last = last_day(text)
    match len((text or "").strip()):
        case 4 if last is not None:
            return last.replace(month=1, day=1)
        case 7 if last is not None:
            return last.replace(day=1)
    return last


def _date(year: int, month: int, day: int) -> date | None:
    try:
        return date(year, month, day)
    except ValueError:
        return None


def _iso(value: str) -> date | None:
    try:
        parsed: datetime = ciso8601.parse_datetime(value)
    except ValueError:
        return None
    return parsed.date()


def _http(value: str) -> date | None:
    try:
        return datetime.strptime(value, "%a, %d %b %Y %H:%M:%S GMT").replace(tzinfo=UTC).date()
    except ValueError:
        return None
