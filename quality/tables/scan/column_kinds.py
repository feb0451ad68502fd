"""Decide what kind of values a column contains, by vote: if fewer than 95 % of its values agree, it is text.

The inference of frictionless is not used: it takes a decimal comma for a geographic point and small integers for years,
and then reports every other row. The votes are the classes of ``scan/scan.h``.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Literal

from quality.tables.scan import cell_class

__all__ = [
    "DATES",
    "MISSING",
    "NUMBERS",
    "TEXT",
    "ColumnKind",
    "Detail",
    "are_codes",
    "mixture",
    "kind_by_values",
    "kind_by_classes",
]

_SIGNS = """
- -- – — . .. ... : * ** ? x X XX c z s NA na N/A n/a N.A. n.a. n.d. ND nd NULL Null null (null) None none NaN nan
nil Nil NIL #N/A #NV \\N unknown Unknown k.A. s.o.
"""
MISSING = frozenset({"", "keine Angabe", "not available", *_SIGNS.split()})
"""Signs for missing values of statistical offices (Eurostat ":", Destatis ".", suppressed "*") and of programs."""

SHARE = 0.95
_MIN_VALUES = 5
"""Least number of values; with fewer, one odd cell would decide."""

Detail = Literal["integer", "number", "date", "datetime", "time", "code", "text", "empty"]


@dataclass(frozen=True, slots=True)
class ColumnKind:
    """The kind of values that a column contains, and how they are written."""

    kind: Literal["text", "number", "date"]
    descriptor: dict[str, Any] = field(default_factory=lambda: {"type": "string"})
    """The column as a field of Table Schema (frictionless), without the name."""
    detail: Detail = "text"
    """The kind in detail. "code": digits that identify things, such as postcodes; "empty": no value at all."""
    classes: frozenset[str] = frozenset()
    """Classes of cells that fit the column; empty for text, which any cell fits."""
    way: int = 0
    """How numbers and dates are read: 0 for a decimal point, or the day first; 1 for a comma, or the month first."""


TEXT = ColumnKind("text")


@dataclass(frozen=True, slots=True)
class _Candidate:
    kind: Literal["number", "date"]
    detail: Detail
    classes: frozenset[str]
    descriptor: dict[str, Any]
    way: int = 0


def _of(kind: Literal["number", "date"], detail: Detail, classes: str, way: int = 0, **descriptor: Any) -> _Candidate:
    return _Candidate(kind, detail, frozenset(classes.split()), descriptor, way)


def _pattern(regex: str) -> dict[str, Any]:
    """Return a descriptor with the form as a constraint, because no field type of frictionless fits."""
    return {"type": "string", "constraints": {"pattern": regex}}


_SIGN = r"[+\-\u2212]?"
_MONEY = r"(?:[£€$¥₤]|GBP|EUR|USD|CHF|kr\.?|zł|Kč|Ft|%|‰|p)"
_GROUP_SIGN = r"[ \u00a0\u202f'’]"
_GROUPED_POINT = rf"(?:\d{{1,3}}(?:,\d{{2,3}})+|\d{{1,3}}(?:{_GROUP_SIGN}\d{{3}})+|\d+)?(?:\.\d*)?(?:[eE][+-]?\d+)?"
_GROUPED_COMMA = rf"(?:\d{{1,3}}(?:\.\d{{3}})+|\d{{1,3}}(?:{_GROUP_SIGN}\d{{3}})+|\d+)?(?:,\d*)?(?:[eE][+-]?\d+)?"


def _amount(body: str) -> dict[str, Any]:
    # Currency or percent before or after, and (1,234.00) as bookkeepers write a negative amount.
    blank = r"[ \u00a0\u202f]?"
    signed = rf"{_SIGN}{blank}{_MONEY}?{blank}{_SIGN}(?=[\d.,]*\d){body}{blank}{_MONEY}?-?"
    return _pattern(rf"(?:{signed}|\({signed}\))")


_WHOLE = "integer zero_led"
_BOTH = "group_both decorated_both"
_CANDIDATES: tuple[_Candidate, ...] = (
    _of("number", "integer", _WHOLE, type="integer"),
    _of("number", "number", f"{_WHOLE} point point_or_group", type="number"),
    _of("number", "number", f"{_WHOLE} comma comma_or_group", 1, type="number", decimalChar=","),
    _of(
        "number",
        "number",
        f"{_WHOLE} {_BOTH} point point_or_group comma_or_group group_point decorated_point",
        **_amount(_GROUPED_POINT),
    ),
    _of(
        "number",
        "number",
        f"{_WHOLE} {_BOTH} comma comma_or_group point_or_group group_comma decorated_comma",
        1,
        **_amount(_GROUPED_COMMA),
    ),
    _of("date", "date", "iso_date", type="date", format="%Y-%m-%d"),
    _of("date", "date", "slash_dmy slash_either", type="date", format="%d/%m/%Y"),
    _of("date", "date", "slash_mdy slash_either", 1, type="date", format="%m/%d/%Y"),
    _of("date", "date", "dot_dmy", type="date", format="%d.%m.%Y"),
    _of("date", "date", "dash_dmy dash_either", type="date", format="%d-%m-%Y"),
    _of("date", "date", "dash_mdy dash_either", 1, type="date", format="%m-%d-%Y"),
    _of("date", "date", "year_slash", type="date", format="%Y/%m/%d"),
    _of("date", "date", "year_dot", **_pattern(r"\d{4}\.\d{1,2}\.\d{1,2}\.?")),
    _of("date", "date", "short_slash_dmy short_slash_either", type="date", format="%d/%m/%y"),
    _of("date", "date", "short_slash_mdy short_slash_either", 1, type="date", format="%m/%d/%y"),
    _of("date", "date", "short_dot_dmy", type="date", format="%d.%m.%y"),
    _of("date", "date", "month_dash_short", type="date", format="%d-%b-%y"),
    _of("date", "date", "month_dash", type="date", format="%d-%b-%Y"),
    _of("date", "date", "month_space", type="date", format="%d %b %Y"),
    _of(
        "date",
        "datetime",
        "iso_date iso_time",
        **_pattern(
            r"\d{4}-(?:0[1-9]|1[0-2])-(?:0[1-9]|[12]\d|3[01])"
            r"(?:[T ](?:[01]\d|2[0-4]):[0-5]\d(?::[0-6]\d(?:[.,]\d+)?)?\s?(?:Z|UTC|[+-]\d{2}(?::?\d{2})?)?)?"
        ),
    ),
    _of(
        "date",
        "datetime",
        "local_time",
        **_pattern(r"\d{1,2}[/.]\d{1,2}[/.]\d{2,4} \d{1,2}:\d{2}(?::\d{2})?(?: ?[AaPp][Mm])?"),
    ),
)
NUMBERS = frozenset().union(*(one.classes for one in _CANDIDATES if one.kind == "number"))
DATES = frozenset().union(*(one.classes for one in _CANDIDATES if one.kind == "date"))


def kind_by_values(values: Sequence[str]) -> ColumnKind:
    """Return the kind of a column by its values, given without blank cells and surrounding spaces.

    At least 95 % of the values must agree, else the kind is text. Signs for missing values do not count. With fewer
    than five values besides them, or more signs than values, the kind is text. A column of numbers counts as text, with
    the detail "code", if one of them has a leading zero, or if most exceptions among its integers contain digits
    ("14a").

    >>> kind_by_values(["1", "2", "3", "4", "n/a", "5"]).detail
    'integer'
    """
    classes = Counter("missing" if value in MISSING else cell_class(value) for value in values)
    return kind_by_classes(classes)


def kind_by_classes(counts: Mapping[str, int]) -> ColumnKind:
    """Return the kind of a column by the number of its cells in each class, by the rules of :func:`kind_by_values`.

    ``counts`` maps a class, which is what a cell looks like ("integer", "text", "blank", see ``scan.h``), to a number
    of cells. The detail of the kind is "empty" if all cells are blank.
    """
    missing = counts.get("missing", 0)
    voters = {name: count for name, count in counts.items() if name not in ("blank", "missing")}
    total = sum(voters.values())
    if not total + missing:
        return ColumnKind("text", detail="empty")
    # If most cells are signs, they may be the values: "x" for yes, or "c" and "s" for two categories.
    if total < max(_MIN_VALUES, (total + missing) / 2):
        return TEXT
    winner = _winner(voters, total)
    if winner is None:
        return ColumnKind("text", detail="time") if voters.get("clock", 0) >= SHARE * total else TEXT
    if winner.kind == "number" and _are_codes(voters, total, winner):
        return ColumnKind("text", detail="code")
    return ColumnKind(winner.kind, dict(winner.descriptor), winner.detail, winner.classes, winner.way)


def _winner(voters: Mapping[str, int], total: int) -> _Candidate | None:
    if sum(count for name, count in voters.items() if name in NUMBERS or name in DATES) < SHARE * total:
        return None
    best: tuple[int, _Candidate] | None = None
    for candidate in _CANDIDATES:
        yes = sum(count for name, count in voters.items() if name in candidate.classes)
        # On a tie the narrower candidate, which comes first, wins.
        if yes >= SHARE * total and (best is None or yes > best[0]):
            best = (yes, candidate)
    return best[1] if best else None


def _are_codes(voters: Mapping[str, int], total: int, winner: _Candidate) -> bool:
    """Return whether digits are names of things: with leading zeros, or because the odd ones look like
    14a, 3-5 or A12.
    """
    if voters.get("zero_led"):
        return True
    odd = total - sum(voters.get(name, 0) for name in winner.classes)
    return winner.detail == "integer" and are_codes(odd, odd - voters.get("text", 0))


def are_codes(odd: int, with_digits: int) -> bool:
    """Return whether a column of integers with some exceptions contains codes, and not quantities.

    House numbers are an example: "12", "12a", "14". They are codes if more than half of the exceptions contain digits.
    ``odd`` is the number of values that are no integers, and ``with_digits`` is how many of those contain digits.
    """
    return odd > 0 and with_digits > odd / 2


def mixture(counts: Mapping[str, int]) -> Literal["dates", "numbers"] | None:
    """Return "dates" or "numbers" if a column counts as text only because it mixes several notations of these; else
    None.

    For example, ISO dates and dates such as 31.12.2024 in one column give "dates". With fewer than ten values the
    result is None. ``counts`` maps each class of cells (what a cell looks like, see ``scan.h``) to a number of cells.
    """
    voters = {name: count for name, count in counts.items() if name not in ("blank", "missing")}
    total = sum(voters.values())
    if total < 2 * _MIN_VALUES or _winner(voters, total) is not None:
        return None
    if sum(voters.get(name, 0) for name in (*DATES, "no_such_date")) >= SHARE * total:
        return "dates"
    return "numbers" if sum(voters.get(name, 0) for name in NUMBERS) >= SHARE * total else None
