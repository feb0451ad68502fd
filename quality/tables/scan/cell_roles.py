"""Classify cells that are no plain numbers or dates in columns of those: missing-value signs, flags, categories, slips.

A sign is recognised by its behaviour: a short token of marks or few letters, often in brackets, in the place of a
number, and usually repeated. A flag is a mark before or after a number. A slip is a failed number or date, or a word
that occurs only once. No list of signs is complete, because every statistical office has its own (Eurostat ": c", UK
"[x]", US Census "(D)", ABS "np", INSEE "n.d.", Japan "…").
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace

from quality.tables.scan import ScannedColumn, cell_class
from quality.tables.scan.column_kinds import DATES, NUMBERS, TEXT, ColumnKind, are_codes, kind_by_classes
from quality.tables.scan.units import is_unit

__all__ = ["ColumnContent", "classify_column", "unit_of"]

_NUMBER = r"[+\-\u2212]?\d(?:[\d.,'’ \u00a0\u202f]*\d)?(?:[eE][+-]?\d{1,3})?"
_FLAGGED = re.compile(
    rf"[<>≤≥=~≈±△▲▼∆]{{1,2}}\s?{_NUMBER}|{_NUMBER}\s?[*†‡§¶^+#°!]{{1,3}}|{_NUMBER}\s[A-Za-z]{{1,2}}"
    rf"|{_NUMBER}\s?\([A-Za-z\d]{{1,3}}\)|{_NUMBER}\s?\[[A-Za-z\d]{{1,3}}\]|\d[\d.,]*[.,]\d+[a-z]|[*a-z]\s{_NUMBER}|\d[\d.,]{{2,}}[A-HJ-NP-Zabcd-kmnp-z]"
)
"""A number with a mark before or after it."""
_BRACKETED = re.compile(r"\[[^\d\]]{1,16}\]|\([^\d)]{1,16}\)|\{[^\d}]{1,16}\}|<[^\d>]{1,16}>")
_MARKED = re.compile(r"[:/<>*.=~-]{1,2}\s?[^\W\d_]{1,4}\.?|[^\W\d_]{1,3}[*/:]{1,2}")
_SHORT = re.compile(r"[^\W\d_]{1,3}|[A-Z]{4,5}")
_ABBREVIATED = re.compile(r"(?:[^\W\d_]{1,3}[./&]\s?){1,4}(?:[^\W\d_]{1,3}\.?)?|[^\W\d_]\s[^\W\d_]{1,2}\.?")
_WITH_UNIT = re.compile(rf"(?:約|约|大約|ca\.?|approx\.?|about|env\.?|~|≈|±)?\s?({_NUMBER})\s?([^\d\s].{{0,11}})")
_APPROXIMATELY = frozenset("约約大cae")
"""First letters of the words that may stand before the number in :data:`_WITH_UNIT`."""
_PARTS = re.compile(r"(\d{1,4})([-/.])(\d{1,2})\2(\d{1,4})\.?")
_FORMULA_ERROR = re.compile(r"#[^\W\d_]+(?:/[^\W_]+)?[!?]?")
_MOST_WORDS = 4
_MOST_LETTERS = 28
_LONE = 500
"""Number of plain values among which a single short word, without other odd cells, is a slip and not a sign."""
SHARE = 0.95
_MANY = 5
_MOST_SIGNS = 8
"""Most different short words that may still be signs."""


@dataclass(frozen=True, slots=True)
class ColumnContent:
    """What a column contains, after signs for missing values and flags beside numbers have been recognised."""

    kind: ColumnKind
    bad: tuple[int, list[int]] = (0, [])
    """Number of cells that do not fit the column, and the first lines."""
    impossible: tuple[int, list[int]] = (0, [])
    """Number of dates that exist in no calendar which the column may use, and the first lines."""
    signs: tuple[tuple[str, int], ...] = ()
    """Signs for missing values, flags and categories, each with its number of cells."""
    no_values: tuple[tuple[str, int], ...] = ()
    """The signs for missing values among ``signs``, each with its number of cells."""
    no_value: int = 0
    """Number of cells with a sign for a missing value, including the signs that are known in advance."""
    units: tuple[int, list[int]] = (0, [])
    """Number of cells with a unit after the number, and the first lines."""
    counts: Mapping[str, int] = field(default_factory=dict)
    """Number of cells by class; signs count as missing, flagged numbers as numbers."""


@dataclass
class _Token:
    text: str
    kind: str
    count: int
    lines: list[int]


def unit_of(cell: str) -> str | None:
    """Return the unit of measure that follows the number in a cell, or None if the cell is not a number with a unit.

    >>> unit_of("12 km"), unit_of("12a"), unit_of("12")
    ('km', None, None)
    """
    if cell[:1].isalpha() and cell[0] not in _APPROXIMATELY:
        return None
    match = _WITH_UNIT.fullmatch(cell.strip())
    if match is None or not is_unit(match[2]) or match[1].endswith("."):
        return None
    # 12a is a house number.
    return None if match[2] in _LETTERS and cell.strip()[-2].isdigit() else match[2].strip()


_LETTERS = frozenset("abcdef")


def classify_column(scanned: ScannedColumn) -> ColumnContent:
    """Decide what kind of values a scanned column contains, and what the cells are that do not fit that kind.

    They may be signs for missing values, flags, units or errors.
    """
    counts = {name: count for name, (count, _) in scanned["classes"].items()}
    plain = sum(count for name, count in counts.items() if name in NUMBERS or name in DATES or name == "clock")
    odd = sum(counts.get(name, 0) for name in ("text", "text_with_digits", "with_unit", "no_such_date"))
    if not plain or (odd > plain and counts.get("no_such_date", 0) < 0.5 * odd):
        return ColumnContent(kind_by_classes(counts), counts=counts, no_value=counts.get("missing", 0))
    if not odd:
        return _regular(scanned, counts)
    tokens = [_Token(text, kind, count, list(lines)) for text, kind, (count, lines) in scanned["tokens"]]
    groups: dict[str, list[_Token]] = {"sign": [], "flag": [], "category": [], "slip": [], "date": [], "unit": []}
    others = [token for token in tokens if token.kind != "missing"]
    is_lunar = _is_day_32(others)
    for token in others:
        groups[_role(token, others, plain, is_lunar)].append(token)
    adjusted = _adjusted(counts, groups)
    return _decided(scanned, adjusted, groups, plain)


def _regular(scanned: ScannedColumn, counts: Mapping[str, int]) -> ColumnContent:
    """Return the content of a column of only numbers, dates and times: what is not of the column's kind is a slip."""
    kind = kind_by_classes(counts)
    strange = [
        places
        for name, places in scanned["classes"].items()
        if kind.classes and name not in kind.classes and name not in ("blank", "missing")
    ]
    bad = sum(count for count, _ in strange), sorted(line for _, lines in strange for line in lines)
    return ColumnContent(kind, bad, no_value=counts.get("missing", 0), counts=counts)


def _role(token: _Token, others: Sequence[_Token], plain: int, is_lunar: bool) -> str:
    text = token.text.strip()
    if token.kind == "no_such_date":
        return "date" if is_lunar and _day_of(text) <= 32 else "slip"
    if not any(char.isalnum() for char in text) or _BRACKETED.fullmatch(text) or _MARKED.fullmatch(text):
        return "sign"
    if _FORMULA_ERROR.fullmatch(text):
        return "sign"  # another rule reports it
    if any(char.isdigit() for char in text):
        if unit_of(text):
            return "unit"
        return "flag" if _FLAGGED.fullmatch(text) else "slip"
    if _SHORT.fullmatch(text) or _ABBREVIATED.fullmatch(text):
        is_lone = token.count == 1 and len(others) == 1 and plain >= _LONE
        return "slip" if is_lone else "sign"
    is_short = len(text) <= _MOST_LETTERS and len(text.split()) <= _MOST_WORDS
    return "category" if token.count > 1 and is_short else "slip"


def _is_day_32(tokens: Iterable[_Token]) -> bool:
    """Return whether days go up to 32, which only the Nepali calendar (Bikram Sambat) has."""
    days = [_day_of(token.text) for token in tokens if token.kind == "no_such_date"]
    return 32 in days and max(days) == 32


def _day_of(text: str) -> int:
    match = _PARTS.fullmatch(text.strip())
    if match is None:
        return 99
    return int(match[4] if len(match[1]) == 4 else match[1])


def _adjusted(counts: Mapping[str, int], groups: Mapping[str, Sequence[_Token]]) -> Counter[str]:
    adjusted = Counter(dict(counts))
    main = max(
        (name for name in counts if name in NUMBERS or name in DATES), key=lambda n: counts[n], default="integer"
    )
    for token in groups["sign"]:
        adjusted[token.kind] -= token.count
        adjusted["missing"] += token.count
    for token in groups["flag"]:
        adjusted[token.kind] -= token.count
        adjusted[main] += token.count
    for token in groups["date"]:
        adjusted[token.kind] -= token.count
        adjusted[_written_as(token.text)] += token.count
    return adjusted


def _written_as(text: str) -> str:
    match = _PARTS.fullmatch(text.strip())
    if match is None:
        return "no_such_date"
    year_first = len(match[1]) == 4
    return cell_class(f"{match[1]}{match[2]}01{match[2]}01" if year_first else f"13{match[2]}01{match[2]}{match[4]}")


def _total(tokens: Iterable[_Token]) -> int:
    return sum(token.count for token in tokens)


def _decided(
    scanned: ScannedColumn, adjusted: Counter[str], groups: Mapping[str, Sequence[_Token]], plain: int
) -> ColumnContent:
    counts = {name: count for name, count in adjusted.items() if count > 0}
    # Spaces alone are not a sign that a data dictionary could explain.
    said = [token for token in groups["sign"] if token.text.strip()]
    signs = tuple((token.text, token.count) for token in (*said, *groups["flag"], *groups["category"]))
    base = ColumnContent(
        kind_by_classes(counts),
        signs=signs,
        no_values=tuple((token.text, token.count) for token in said),
        no_value=counts.get("missing", 0),
        units=(_total(groups["unit"]), sorted(line for token in groups["unit"] for line in token.lines)),
        counts=counts,
    )
    slips, categories, units = groups["slip"], groups["category"], groups["unit"]
    if _total(units) < max(_MANY, (1 - SHARE) * plain):
        # A unit in one cell of many is a slip; in many cells it is a separate fault.
        slips, units = [*slips, *units], []
    days = [token for token in slips if token.kind == "no_such_date"]
    slips = [token for token in slips if token.kind != "no_such_date"]
    bare = Counter(counts)
    for token in (*slips, *days, *categories, *units):
        bare[token.kind] -= token.count
    # If too few cells remain to decide on a kind, those that were left out must count after all.
    kind = kind_by_classes({name: count for name, count in bare.items() if count > 0})
    if kind.kind == "text" or (not scanned["are_all_tokens"] and base.kind.kind == "text"):
        return base
    few = _total(slips) + _total(days) <= plain
    if not few or _total(categories) > (1 - SHARE) * plain + 3 or _total(units) > (1 - SHARE) * plain:
        return replace(base, kind=base.kind if base.kind.kind == "text" else TEXT)
    if len(slips) + len(groups["sign"]) > _MOST_SIGNS and _are_kinds(groups["sign"]):
        return replace(base, kind=TEXT)
    if _are_names(slips, kind, counts, plain) or _are_outlines(slips, plain):
        return replace(base, kind=ColumnKind("text", detail="code"))
    others = [
        (count, lines)
        for name, (count, lines) in scanned["classes"].items()
        if name not in kind.classes and name not in _TOKENS and name not in ("blank", "missing")
    ]
    if not scanned["are_all_tokens"]:
        beyond = sum(adjusted[name] for name in _TOKENS - {"no_such_date"}) - _total((*slips, *categories, *units))
        others.append((max(0, beyond), []))
    lines = sorted(line for token in slips for line in token.lines) + [line for _, more in others for line in more]
    return replace(
        base,
        kind=kind,
        bad=(_total(slips) + sum(count for count, _ in others), sorted(lines)),
        impossible=(_total(days), sorted(line for token in days for line in token.lines)),
    )


def _are_outlines(slips: Sequence[_Token], plain: int) -> bool:
    """Return whether the numbers are those of an outline, such as 3, 3.1 and 3.1.1: names of things."""
    outlines = [token for token in slips if _OUTLINE.fullmatch(token.text.strip())]
    return len(outlines) >= _FEW_OUTLINES and _total(outlines) >= max(0.5 * _total(slips), (1 - SHARE) * plain / 5)


_OUTLINE = re.compile(r"\d{1,3}(?:\.[A-Za-z]?\d{1,3}){2,}[a-z]?")
_FEW_OUTLINES = 3


def _are_kinds(signs: Sequence[_Token]) -> bool:
    """Return whether the supposed signs are categories of a list: many different short words."""
    return sum(bool(_SHORT.fullmatch(token.text.strip())) for token in signs) > _MOST_SIGNS


_TOKENS = frozenset({"text", "text_with_digits", "with_unit", "no_such_date"})


def _is_name(text: str) -> bool:
    """Return whether a text has digits with a letter or word, like a house or document number; "2 and
    a half" is an amount.
    """
    return any(char.isdigit() for char in text) and len(_WORDS.findall(text)) < _SENTENCE


_WORDS = re.compile(r"[^\W\d_]{3,}")
_SENTENCE = 2


def _are_names(slips: Sequence[_Token], kind: ColumnKind, counts: Mapping[str, int], plain: int) -> bool:
    """Return whether digits are names of things, because the odd ones look like 14a, 3-5 or A12."""
    if kind.detail == "code":
        return True
    odd = _total(slips)
    with_digits = _total(token for token in slips if _is_name(token.text))
    whole = counts.get("integer", 0) + counts.get("zero_led", 0)
    return kind.kind == "number" and whole >= SHARE * plain and are_codes(odd, with_digits)
