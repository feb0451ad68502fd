"""Read columns of text as numbers or dates, in the notations that publishers use.

A whole column is read in one way: cells that leave no doubt decide whether a comma is a decimal sign, and whether the
day or the month comes first. A column that remains ambiguous is not read at all.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from datetime import datetime

__all__ = ["days", "numbers"]

_CLUTTER = re.compile(r"[\s'’\u00a0\u202f]|[£€$¥₤%‰]|(?:GBP|EUR|USD|CHF|SEK|NOK|DKK|PLN|CZK|kr\.?|zł|Kč|Ft)")
_PLAIN = re.compile(r"[+\-\u2212]?\d[\d.,]*(?:[eE][+-]?\d+)?-?|[+\-\u2212]?[.,]\d+")
_ISO = re.compile(r"(\d{4})-(\d{1,2})(?:-(\d{1,2}))?(?:[T ].*)?")
_YEAR_FIRST = re.compile(r"(\d{4})[/.](\d{1,2})[/.](\d{1,2})(?: .*)?")
_YEAR_LAST = re.compile(r"(\d{1,2})([./-])(\d{1,2})\2(\d{4}|\d{2})(?: .*)?")
_NAMED = re.compile(r"(\d{1,2})[- ]([A-Za-z]{3})[a-z]*[- ](\d{4}|\d{2})")
_MONTHS = ("jan", "feb", "mar", "apr", "may", "jun", "jul", "aug", "sep", "oct", "nov", "dec")
_YEARS = (1700, 2200)
_CENTURY = 50
"""Two-digit years below this belong to this century. The limit of POSIX, 69, would put births of 1955
into the future."""


def numbers(cells: Sequence[str | None], decimal_char: str | None = None) -> list[float | None]:
    """Read the cells of a column as numbers, all in the same notation; None for cells that are no numbers.

    ``decimal_char`` is the decimal sign, "." or ",". If it is None, it is found from the cells: in "1.234,5" it can
    only be the comma, whereas "1,234" may be 1234 or 1.234. If the column contains commas and the decimal sign remains
    in doubt, or if cells contradict each other, the result is None for every cell.

    >>> numbers(["1.234,5", "7", "none"])
    [1234.5, 7.0, None]
    """
    plain = [_unclutter(cell) for cell in cells]
    decimal = decimal_char or _decimal_char([cell for cell in plain if cell])
    if decimal is None:
        return [None] * len(plain)
    return [None if cell is None else _number(cell, decimal) for cell in plain]


def _unclutter(cell: str | None) -> str | None:
    if cell is None:
        return None
    text = _CLUTTER.sub("", cell)
    if text.startswith("(") and text.endswith(")"):
        text = "-" + text[1:-1]  # how bookkeepers write a negative number
    if not _PLAIN.fullmatch(text):
        return None
    text = text.replace("\u2212", "-")
    return "-" + text[:-1] if text.endswith("-") else text


def _decimal_char(cells: Sequence[str]) -> str | None:
    """Return "." or ",", or None if the column can be read both ways."""
    for one, other in ((".", ","), (",", ".")):
        if any(_proves(cell, one, other) for cell in cells):
            return None if any(_proves(cell, other, one) for cell in cells) else one
    if not any("," in cell for cell in cells):
        return "."  # programs write a point; without any comma 1.234 is read as they mean it
    return None


def _proves(cell: str, decimal: str, other: str) -> bool:
    """Return whether ``cell`` makes sense only with this decimal sign."""
    body = cell.lstrip("+-")
    if body.count(other) > 1:
        return decimal not in body or body.rindex(decimal) > body.rindex(other)
    if decimal not in body:
        return False
    if other in body:
        return body.rindex(decimal) > body.rindex(other)
    if body.count(decimal) > 1:
        return False
    before, _, after = body.partition(decimal)
    return len(after) != 3 or not before or before.startswith("0") or len(before) > 3


def _number(cell: str, decimal: str) -> float | None:
    text = cell.replace("," if decimal == "." else ".", "").replace(decimal, ".")
    try:
        return float(text)
    except ValueError:
        return None


def days(cells: Sequence[str | None]) -> list[datetime | None]:
    """Read the cells of a column as dates (ISO 8601, DD.MM.YYYY, 09-Mar-11); None for cells that are no dates.

    The result is midnight at the beginning of each day. A month (2024-03) gives its first day. A year alone gives None,
    and so does a year before 1700 or after 2200. Dates such as 03/04/2024 give None if no cell of the column shows
    whether day or month comes first, or if cells contradict each other.
    """
    is_day_first = _is_day_first([cell for cell in cells if cell])
    return [None if cell is None else _day(cell.strip(), is_day_first) for cell in cells]


def _is_day_first(cells: Sequence[str]) -> bool | None:
    """Return whether 03/04/2024 has the day first; None if no cell decides or cells contradict. Points
    mean day first.
    """
    day = month = False
    for cell in cells:
        if match := _YEAR_LAST.fullmatch(cell.strip()):
            day = day or int(match[1]) > 12 or match[2] == "."
            month = month or int(match[3]) > 12
    return day if day != month else None


def _day(text: str, is_day_first: bool | None) -> datetime | None:
    if match := _ISO.fullmatch(text) or _YEAR_FIRST.fullmatch(text):
        return _midnight(int(match[1]), int(match[2]), int(match[3] or 1))
    if match := _YEAR_LAST.fullmatch(text):
        if is_day_first is None:
            return None
        first, second = int(match[1]), int(match[3])
        day, month = (first, second) if is_day_first else (second, first)
        return _midnight(_year(match[4]), month, day)
    if match := _NAMED.fullmatch(text):
        name = match[2].lower()
        return _midnight(_year(match[3]), _MONTHS.index(name) + 1, int(match[1])) if name in _MONTHS else None
    return None


def _year(text: str) -> int:
    year = int(text)
    return year if len(text) == 4 else year + (2000 if year < _CENTURY else 1900)


def _midnight(year: int, month: int, day: int) -> datetime | None:
    if not _YEARS[0] <= year <= _YEARS[1]:
        return None
    try:
        return datetime(year, month, day)  # noqa: DTZ001 -- a day of a table has no zone
    except ValueError:
        return None
