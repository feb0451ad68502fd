"""Split written periods of time into start and end; each end keeps its original text.

Supported are ISO 8601 intervals ("2019/2020", "../2020"), years and ranges in many languages ("1899-2017", "du 2000 au
2010", "since 1998"), DCMI periods ("start=2000; end=2010"), and objects with the field names of
``specs/field_names.toml``.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from datetime import date, timedelta
from typing import Any

from catalog.vocabulary import is_no_value
from harvester.facts.names import field_name
from harvester.facts.values import json_text, text

__all__ = ["OPEN", "Period", "periods", "span"]

Period = tuple[str | None, str | None]
"""Start and end: None if not stated, OPEN if the record says that the end is open."""
OPEN = ".."
"""An open end, as written in ISO 8601-2."""
_LONGEST = 500
"""Length in characters; longer texts are not searched."""
_YEAR = r"(?:1[0-9]|20|21)\d\d"
_DAY = (
    r"(?:\d{4}-\d{1,2}-\d{1,2}(?:[T ]\d{1,2}:\d{2}(?::\d{2}(?:[.,]\d+)?)?\s?(?:Z|UTC|[+-]\d{2}:?\d{2})?)?"
    rf"|\d{{8}}|\d{{1,2}}[./-]\d{{1,2}}[./-]\d{{4}}|\d{{4}}/\d{{1,2}}/\d{{1,2}}|\d{{1,2}}[./-]{_YEAR}|{_YEAR}-\d{{2}}|{_YEAR})"
)
_NOW = (
    r"(?:\.\.|present|the present|now|today|current|currently|ongoing|on-going|to date|date|onwards?|heute|jetzt"
    r"|laufend|pr[eé]sent|aujourd['’]hui|ce jour|en cours|hoy|actualidad|la actualidad|presente|actual|hoje|atual|oggi"
    r"|heden|nu|i dag|nykyhetki|現在|至今)"
)
_TO = (
    r"\s*(?:/|--?|[–—~～→]|\bto\b|\bthrough\b|\bthru\b|\buntil\b|\btill\b|\bbis(?: zum)?\b|\bau\b|\bà\b|\ba\b|\bal\b"
    r"|\bhasta\b|\bate\b|\baté\b|\btot\b|\bt/m\b|\btil\b|\btill?\b|\bdo\b|から|至|到)\s*"
)
_FROM = (
    r"(?:from|since|starting|between|beginning|von|seit|vom|ab|du|depuis|de|desde|dal|dalla|da|van|vanaf|sinds|fra|siden"
    r"|fr[aå]n|sedan|od|alkaen)"
)
_RANGE = re.compile(rf"(?:{_FROM}\s+)?({_DAY}|\.\.)?{_TO}({_DAY}|{_NOW})?", re.IGNORECASE)
_SINCE = re.compile(
    rf"(?:since|seit|ab|depuis|desde|dal|vanaf|sinds|siden|sedan|od)\s+({_DAY})|({_DAY})\s*(?:\+|onwards?|\s?[–—-]\s*)$",
    re.IGNORECASE,
)
_UNTIL = re.compile(
    rf"(?:until|till|up to|bis|jusqu['’](?:en|à|au)|hasta|fino al?|tot|before)\s+({_DAY})", re.IGNORECASE
)
_SEASON = re.compile(rf"({_YEAR})\s?([/–—-])\s?(\d\d)")
_ALONE = re.compile(rf"({_YEAR}(?:-\d{{2}})?)")
_YEARS = re.compile(rf"(?<!\d){_YEAR}(?!\d)")
_LASTS = re.compile(
    rf"({_YEAR}(?:-\d\d(?:-\d\d)?)?)/P(?=\d)(?:(\d{{1,3}})Y)?(?:(\d{{1,3}})M)?(?:(\d{{1,4}})W)?(?:(\d{{1,5}})D)?"
)
_DCMI = re.compile(r"\b(start|end)\s*=\s*([^;]+)", re.IGNORECASE)
_SOLR = re.compile(r"\[(\S+) TO (\S+)\]")
_NO_DATE = re.compile(r"0{1,4}[01]?-0?[01]-0?[01](?:T.*|\s.*)?|0+")
"""The first day of the calendar, or zero: programs write these when there is no date."""


def periods(value: Any) -> list[Period]:
    """Return all periods of time in the JSON ``value`` (text, object or list), as pairs of start and end.

    Each end is the original text, None if it is not stated, or OPEN ("..") if the period is open there. A text of more
    than 500 characters gives none.

    >>> periods("2019/2020")
    [('2019', '2020')]
    """
    value = json_text(value)
    if isinstance(value, list):
        return [one for item in value for one in periods(item)]
    if isinstance(value, dict):
        return _of_object(value)
    said = text(value)
    found = _of_text(said.strip()) if said and not is_no_value(said) else (None, None)
    return [found] if found != (None, None) else []


def _of_object(value: dict[str, Any]) -> list[Period]:
    ends: dict[str, str] = {}
    for key, one in value.items():
        name = field_name(str(key), "period")
        if name is None or name.fact in ends:
            continue
        inner = one
        if isinstance(one, dict) and "@value" not in one:
            # time:hasBeginning points to an instant, and the date is the only text inside it.
            inner = next((part for part in one.values() if isinstance(part, str) and re.search(r"\d", part)), None)
        said = text(inner)
        if said and not is_no_value(said) and not _NO_DATE.fullmatch(said.strip()):
            ends[name.fact] = said
    if ends:
        return [(ends.get("start"), ends.get("end"))]
    inner = next((value[key] for key in ("value", "@value", "temporal", "label", "interval") if key in value), None)
    return periods(inner) if inner is not None else []


def _of_text(said: str) -> Period:
    if len(said) > _LONGEST:
        return None, None
    if match := _SOLR.fullmatch(said):
        said = f"{match[1]}/{match[2]}".replace("*", OPEN)
    if "=" in said and (ends := {name.lower(): end.strip() for name, end in _DCMI.findall(said)}):
        return ends.get("start"), ends.get("end")
    if (match := _SEASON.fullmatch(said)) and _is_next(match[1], match[3]) and (match[2] != "-" or int(match[3]) > 12):
        return match[1], match[1][:2] + match[3] if match[3] != "00" else str(int(match[1]) + 1)
    if _ALONE.fullmatch(said):
        return said, said
    if match := _SINCE.fullmatch(said):
        return match[1] or match[2], OPEN
    if match := _UNTIL.fullmatch(said):
        return None, match[1]
    if match := _LASTS.fullmatch(said):
        return _lasting(match[1], *(int(number) for number in match.groups("0")[1:]))
    if (match := _RANGE.fullmatch(said)) and (match[1] or match[2]):
        end = OPEN if match[2] and re.fullmatch(_NOW, match[2], re.IGNORECASE) else match[2]
        # "2019/" is an open interval, like "2019/..".
        start = _end(match[1])
        return None if start == OPEN else start, end or OPEN
    if "/" in said and said.count("/") == 1:
        start, _, end = (part.strip() for part in said.partition("/"))
        if re.search(r"\d", said):
            return _end(start), OPEN if re.fullmatch(_NOW, end, re.IGNORECASE) else _end(end)
    years = _YEARS.findall(said)
    if len(years) > 1 and years[0] <= years[-1]:
        return years[0], years[-1]
    return (said, None) if re.search(r"\d", said) and not _NO_DATE.fullmatch(said) else (None, None)


def _lasting(start: str, years: int, months: int, weeks: int, days: int) -> Period:
    """Return the period from a start with a duration (ISO 8601-1, 5.5.2.2): "2021-03/P2M" is March and April."""
    year, month, day = (int(part) for part in (start + "-01-01")[:10].split("-"))
    count = (year + years) * 12 + month - 1 + months
    try:
        first_after = date(count // 12, count % 12 + 1, day) + timedelta(weeks=weeks, days=days)
    except (ValueError, OverflowError):
        return start, None
    last = first_after - timedelta(days=1)
    return start, last.isoformat()[: max(len(start[:10]), 10 if weeks or days else 7 if months else 4)]


def _end(said: str | None) -> str | None:
    """Return one end of an interval; None for a duration or for words without a number."""
    if said == OPEN:
        return OPEN
    is_date = said and re.search(r"\d", said) and not re.match(r"[Pp][\dT]", said) and not _NO_DATE.fullmatch(said)
    return said if is_date else None


def _is_next(year: str, short: str) -> bool:
    return (int(year) + 1) % 100 == int(short)


def span(found: Iterable[Period]) -> Period:
    """Return the earliest start and the latest end of the periods in ``found``, as original texts.

    The start is None if no period states one. The end is None if no period states one, or if one of the periods is open
    at the end.
    """
    all_of_them = list(found)
    starts = [start for start, _ in all_of_them if start and start != OPEN]
    ends = [end for _, end in all_of_them if end]
    last = None if OPEN in ends else max(ends, key=_order, default=None)
    return min(starts, key=_order, default=None), last


def _order(said: str) -> str:
    """Return a sort key for a date: later dates sort after earlier ones, and a bare year sorts as the year."""
    if match := re.match(r"(\d{1,2})[./](\d{1,2})[./](\d{4})", said):
        return f"{match[3]}-{int(match[2]):02}-{int(match[1]):02}"
    match = re.search(r"\d{4}", said)
    return said[match.start() :] if match else "9999" + said
