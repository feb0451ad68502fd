"""What kind of values a column holds, by vote: at least 95 % of its values must agree, or it is text.

Inference of frictionless is not used: it calls the decimal comma a geographic point, small integers a year, and
then reports every other row (``reference/ecosystem.md`` §7).
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, Literal

__all__ = ["MISSING", "ColumnKind", "vote"]

_SIGNS = """
- -- – — . .. ... : * ** ? x X XX c z s NA na N/A n/a N.A. n.a. n.d. ND nd NULL Null null (null) None none NaN nan
nil Nil NIL #N/A #NV \\N unknown Unknown k.A. s.o.
"""
MISSING = frozenset({"", "keine Angabe", "not available", *_SIGNS.split()})
"""Signs for "no value", of national statistics (Eurostat ":", Destatis ".", suppressed "*") and of programs."""

SHARE = 0.95
_MIN_VALUES = 5
"""With fewer values one odd cell would decide."""


@dataclass(frozen=True, slots=True)
class ColumnKind:
    kind: Literal["text", "number", "date"]
    descriptor: dict[str, Any] = field(default_factory=lambda: {"type": "string"})
    """Field descriptor of frictionless (Table Schema), without the name."""


@dataclass(frozen=True, slots=True)
class _Candidate:
    kind: Literal["number", "date"]
    pattern: re.Pattern[str]
    descriptor: dict[str, Any] | None
    """None: no field type of frictionless fits, so the pattern itself becomes a constraint."""


_SIGN = r"[+\-\u2212]?"
_MONEY = r"(?:[£€$¥₤]|GBP|EUR|USD|CHF|kr\.?|zł|Kč|Ft|%|‰|p)"
_GROUPED_POINT = r"(?:\d{1,3}(?:,\d{2,3})+|\d+)?(?:\.\d*)?(?:[eE][+-]?\d+)?"
_GROUPED_COMMA = r"(?:\d{1,3}(?:[. \u00a0\u202f'’]\d{3})+|\d+)?(?:,\d*)?(?:[eE][+-]?\d+)?"
_DATE_FORMATS = (
    (r"\d{4}-\d{2}-\d{2}", "%Y-%m-%d"),
    (r"\d{1,2}/\d{1,2}/\d{4}", "%d/%m/%Y"),
    (r"\d{1,2}/\d{1,2}/\d{4}", "%m/%d/%Y"),
    (r"\d{1,2}\.\d{1,2}\.\d{4}", "%d.%m.%Y"),
    (r"\d{1,2}-\d{1,2}-\d{4}", "%d-%m-%Y"),
    (r"\d{1,2}-\d{1,2}-\d{4}", "%m-%d-%Y"),
    (r"\d{4}/\d{1,2}/\d{1,2}", "%Y/%m/%d"),
    (r"\d{1,2}/\d{1,2}/\d{2}", "%d/%m/%y"),
    (r"\d{1,2}/\d{1,2}/\d{2}", "%m/%d/%y"),
    (r"\d{1,2}\.\d{1,2}\.\d{2}", "%d.%m.%y"),
    (r"\d{1,2}-[A-Za-z]{3}-\d{2}", "%d-%b-%y"),
    (r"\d{1,2}-[A-Za-z]{3}-\d{4}", "%d-%b-%Y"),
    (r"\d{1,2} [A-Za-z]{3} \d{4}", "%d %b %Y"),
)


def _amount(body: str) -> re.Pattern[str]:
    # Currency or percent before or after, and the bookkeeper's (1,234.00) for less than nothing.
    signed = rf"{_SIGN}\s?{_MONEY}?\s?{_SIGN}(?=[\d.,]*\d){body}\s?{_MONEY}?-?"
    return re.compile(rf"(?:{signed}|\({signed}\))")


_CANDIDATES: tuple[_Candidate, ...] = (
    _Candidate("number", re.compile(r"[+-]?\d+"), {"type": "integer"}),
    _Candidate("number", re.compile(r"[+-]?(?:\d+\.?\d*|\.\d+)(?:[eE][+-]?\d+)?"), {"type": "number"}),
    _Candidate(
        "number",
        re.compile(r"[+-]?(?:\d+(?:,\d*)?|,\d+)(?:[eE][+-]?\d+)?"),
        {"type": "number", "decimalChar": ","},
    ),
    _Candidate("number", _amount(_GROUPED_POINT), None),
    _Candidate("number", _amount(_GROUPED_COMMA), None),
    *(_Candidate("date", re.compile(p), {"type": "date", "format": f}) for p, f in _DATE_FORMATS),
    _Candidate(
        "date",
        re.compile(
            r"\d{4}-(?:0[1-9]|1[0-2])-(?:0[1-9]|[12]\d|3[01])"
            r"(?:[T ](?:[01]\d|2[0-4]):[0-5]\d(?::[0-6]\d(?:[.,]\d+)?)?\s?(?:Z|UTC|[+-]\d{2}(?::?\d{2})?)?)?"
        ),
        None,
    ),
    _Candidate("date", re.compile(r"\d{1,2}[/.]\d{1,2}[/.]\d{2,4} \d{1,2}:\d{2}(?::\d{2})?(?: ?[AaPp][Mm])?"), None),
)


def vote(values: Sequence[str]) -> ColumnKind:
    """Kind of a column by its stripped ``values``: signs for "no value" do not vote, blanks are not among them."""
    voters = [value for value in values if value not in MISSING]
    # Where most are signs they may well be the values: an "x" for yes, "c" and "s" for kinds of something.
    if len(voters) < max(_MIN_VALUES, len(values) / 2):
        return ColumnKind("text")
    needed = SHARE * len(voters)
    best: tuple[int, _Candidate] | None = None
    for candidate in _CANDIDATES:
        yes = _count(candidate, voters, needed)
        # A tie goes to the narrower candidate, which stands first.
        if yes >= needed and (best is None or yes > best[0]):
            best = (yes, candidate)
        if best is not None and best[0] == len(voters):
            break
    if best is None:
        return ColumnKind("text")
    winner = best[1]
    if winner.kind == "number" and _are_codes(voters, winner):
        return ColumnKind("text")
    if winner.descriptor is None:
        constraint = {"pattern": winner.pattern.pattern}
        return ColumnKind(winner.kind, {"type": "string", "constraints": constraint})
    return ColumnKind(winner.kind, dict(winner.descriptor))


def _count(candidate: _Candidate, voters: Sequence[str], needed: float) -> int:
    """Votes for ``candidate``; 0 as soon as it cannot reach ``needed``: most candidates lose early."""
    may_fail = len(voters) - needed
    failed = 0
    for value in voters:
        if not _agrees(candidate, value):
            failed += 1
            if failed > may_fail:
                return 0
    return len(voters) - failed


def _agrees(candidate: _Candidate, value: str) -> bool:
    if not candidate.pattern.fullmatch(value):
        return False
    if candidate.descriptor and candidate.descriptor["type"] == "date":
        with suppress(ValueError):
            datetime.strptime(value, candidate.descriptor["format"])  # noqa: DTZ007 -- only whether it is a date
            return True
        return False
    return True


def _are_codes(voters: Sequence[str], winner: _Candidate) -> bool:
    """Digits that name things: with leading zeros, or where the odd ones out look like 14a, 3-5 or A12."""
    if any(re.fullmatch(r"0\d+", value) for value in voters):
        return True
    if winner.descriptor != {"type": "integer"}:
        return False
    odd = [value for value in voters if not winner.pattern.fullmatch(value)]
    return sum(any(c.isdigit() for c in value) for value in odd) > len(odd) / 2 if odd else False
