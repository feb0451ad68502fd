"""From what a pass over a table found to its defects: rule, how often, where, and never what stands there."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING

from catalog.model import TableDefect
from quality.tables.profile import Column, Profile, number_of
from quality.tables.vote import mixture
from specs.table_rules import table_rules

if TYPE_CHECKING:
    from quality.tables.judge import HeaderLines

__all__ = ["column_defects", "defect", "header_defects", "row_defects"]

_FIRST = 10
"""Lines that a defect names."""
_RULE_OF = {"mojibake": "mojibake", "error": "spreadsheet_error", "formula": "formula", "padded": "padded_cell"}
_CODES = re.compile(
    r"(?i)(post(al|leit)?[ _-]*(code|zahl)?|\bplz\b|\bzip|\bcap\b|code[ _-]?postal|codigo[ _-]?postal|insee|fips|"
    r"siren|siret|\bags\b|\bnuts\b|\bcog\b|gemeinde(schl|kenn|nummer)|municip\w*[ _-]?(code|id)|"
    r"code[ _-]?(de[ _-]?)?(la[ _-]?)?commune)"
)
_STAND_INS = re.compile(
    r"(?i)^(x{3,}|-?9{3,}(\.0+)?|-1|tbd|tba|t\.b\.[ad]\.?|to be (confirmed|determined|announced)|dummy|"
    r"test(wert|value)?|lorem ipsum.*|placeholder|fixme|todo|asdf+|foo|undefined|#+|00/00/0000|0000-00-00)$"
)


def defect(
    rule: str, count: int, lines: Sequence[int] = (), field: str | None = None, message: str | None = None
) -> TableDefect:
    """A defect of ``specs/table_rules.toml``, with its own words and weight."""
    known = table_rules()[rule]
    return TableDefect(
        rule=rule,
        count=count,
        message=message or known.message,
        field=field,
        first_row=lines[0] if lines else None,
        severity=known.severity,
        rows=tuple(lines[:_FIRST]),
        source="scan",
    )


def header_defects(header: Sequence[str], names: Sequence[str], found: HeaderLines) -> Iterator[TableDefect]:
    """Columns without a name, names that come twice, and a header that takes several lines."""
    line, nameless = found.lines[-1], set(found.heading.nameless)
    seen: set[str] = set()
    blanks = 0
    for place, (label, name) in enumerate(zip(header, names, strict=False)):
        folded = " ".join(label.split())
        if place in nameless:
            blanks += 1
        elif folded in seen and len(found.lines) == 1:
            # Over several lines a name is put together by us: that two come out alike is no fault of the table.
            yield defect("duplicate_column", 1, [line], name)
        seen.add(folded)
    if blanks:
        yield defect("blank_column_name", blanks, found.lines)
    if len(found.lines) > 1:
        yield defect("multi_row_header", len(found.lines), found.lines)
    elif found.heading.kind in ("units", "labels"):
        yield defect("multi_row_header", 2, [*found.lines, *found.extra], message=_EXTRA[found.heading.kind])


_EXTRA = {
    "units": "The row below the header holds units: a program reads it as data.",
    "labels": "The row below the header holds a second set of labels: a program reads it as data.",
}


def row_defects(profile: Profile) -> Iterator[TableDefect]:
    """Ragged, blank and repeated rows; quotes and line ends."""
    scan = profile.scan
    width = len(profile.columns)
    for rule, (count, lines) in (
        ("extra_cell", scan["long_rows"]),
        ("missing_cell", scan["short_rows"]),
        ("blank_row", scan["blank_rows"]),
        ("duplicate_row", scan["duplicate_rows"]),
        ("stray_quote", scan["stray_quotes"]),
        ("unclosed_quote", scan["open_quotes"]),
        ("long_record", scan["long_records"]),
    ):
        # In a single column an empty line is an empty cell, and equal values are no equal rows.
        is_moot = width == 1 and rule in ("blank_row", "missing_cell", "duplicate_row")
        if count and not is_moot:
            yield defect(rule, count, lines)
    ends = [scan["crlf"], scan["lf"], scan["cr"]]
    odd = sum(ends) - max(ends)
    # A single last line without its carriage return is nothing to speak of.
    if odd > 1:
        yield defect("mixed_line_ends", odd)
    if width in (255, 256, 1023, 1024):
        yield defect("column_limit_cut", 1)


def column_defects(profile: Profile) -> Iterator[TableDefect]:
    """What is wrong with the cells of each column."""
    by_content: dict[str, str] = {}
    for column in profile.columns:
        yield from _types(column)
        yield from _oddities(column)
        yield from _values(column)
        digest = column.scanned["digest"]
        if column.filled and profile.rows > 1 and column.scanned["distinct"] > 1:
            if digest in by_content:
                yield defect("duplicate_column_content", profile.rows, [], column.name)
            by_content.setdefault(digest, column.name)


def _types(column: Column) -> Iterator[TableDefect]:
    counts = {kind: count for kind, (count, _) in column.scanned["classes"].items()}
    count, lines = column.bad()
    if count:
        yield defect("type_error", count, lines, column.name)
    impossible, lines = column.scanned["classes"].get("no_such_date", (0, []))
    mixed = mixture(counts) if column.kind.detail == "text" else None
    if impossible and (column.kind.kind == "date" or mixed == "dates"):
        yield defect("impossible_date", impossible, lines, column.name)
    if mixed:
        kinds = sorted((c, n) for n, c in counts.items() if n not in ("blank", "missing"))
        yield defect(f"mixed_{mixed}", sum(c for c, _ in kinds[:-1]), _lines_of(column, kinds[:-1]), column.name)
    elif column.kind.detail == "text" and (found := _mostly_data(column, counts)):
        yield defect("mixed_types", found[0], found[1], column.name)
    units = counts.get("with_unit", 0)
    if column.kind.kind == "text" and units >= max(5, 0.9 * column.filled) and _are_units(column):
        yield defect("number_with_unit", units, column.scanned["classes"]["with_unit"][1], column.name)


def _are_units(column: Column) -> bool:
    """Units are few and short; "12 Main", "14 Oak" and so on are addresses."""
    suffixes = {re.sub(r"^[^A-Za-z\u0080-\uffff]+", "", value) for value in column.scanned["sample"]}
    return len(suffixes) <= 4 and all(len(suffix) <= 7 for suffix in suffixes)


def _lines_of(column: Column, kinds: Sequence[tuple[int, str]]) -> list[int]:
    return sorted(line for _, name in kinds for line in column.scanned["classes"][name][1])


def _mostly_data(column: Column, counts: dict[str, int]) -> tuple[int, list[int]] | None:
    """Words in a column where four of five cells are numbers or dates: too many to be errors, too few to be meant."""
    words = counts.get("text", 0)
    rest = column.filled - words
    odd = counts.get("text_with_digits", 0) + counts.get("with_unit", 0)
    # Where signs for "no value" are as many as values, they may be values themselves.
    are_enough = column.filled >= max(20, column.count("missing") + 1)
    if words and are_enough and rest >= 0.8 * column.filled and odd < 0.05 * column.filled:
        return words, column.scanned["classes"]["text"][1]
    return None


def _oddities(column: Column) -> Iterator[TableDefect]:
    for odd, rule in _RULE_OF.items():
        count, lines = column.odd(odd)
        if count:
            yield defect(rule, count, lines, column.name)
    count, lines = column.odd("epoch")
    # A column of historic dates may hold these days by right: there they do not stand out.
    is_often = count >= 3 or count > 0.2 * column.filled
    if column.kind.kind == "date" and count and is_often and not _is_historic(column, count):
        yield defect("epoch_date", count, lines, column.name)


def _is_historic(column: Column, count: int) -> bool:
    first = column.scanned["first_day"][column.kind.way] // 10000
    return first < 1890 or count < 0.01 * column.filled


def _values(column: Column) -> Iterator[TableDefect]:
    scanned = column.scanned
    for value, count in scanned["frequent"]:
        is_sign = bool(_STAND_INS.match(value))
        if not is_sign or count < max(2, 0.005 * column.filled) or count > 0.9 * column.filled:
            continue
        is_number = value.lstrip("-").replace(".", "").isdigit()
        # Among codes 999 may be one of them.
        if is_number and (column.kind.kind != "number" or not _stands_apart(column, value)):
            continue
        yield defect("placeholder_value", count, [], column.name)
    digits = {length: count for length, count in enumerate(scanned["digits"]) if count}
    if _CODES.search(column.name) and column.kind.detail == "integer" and len(digits) > 1:
        full = max(digits)
        short = digits.get(full - 1, 0)
        # All codes of a kind have the same length: the short ones are a part, and one digit short.
        are_the_rest = 2 <= short == column.filled - digits[full] <= digits[full]
        if full in (5, 8, 9, 14) and are_the_rest:
            yield defect("leading_zeros_lost", short, [], column.name)


def _stands_apart(column: Column, value: str) -> bool:
    """Whether a number lies far from all others of its column: below zero alone, or beyond thrice their range."""
    number = number_of(value, column.kind.way)
    values = [v for cell in column.scanned["sample"] if (v := number_of(cell, column.kind.way)) not in (None, number)]
    others = sorted(v for v in values if v is not None)
    if number is None or len(others) < 10:
        return False
    return number < 0 <= others[0] or number > others[-1] + 2 * (others[-1] - others[0])
