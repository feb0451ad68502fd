"""Turn the scan of a table into defects: rule, number and lines, but never the content of a cell."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING

from catalog.model import TableDefect
from quality.tables.judge.repeated_columns import repeated_columns
from quality.tables.scan import cell_class
from quality.tables.scan.cell_roles import unit_of
from quality.tables.scan.column_kinds import mixture
from quality.tables.scan.parse_cells import days
from quality.tables.scan.profile import ColumnProfile, TableProfile, number_of
from specs.table_rules import table_rules

if TYPE_CHECKING:
    from quality.tables.read.header_lines import HeaderLines

__all__ = ["column_defects", "defect", "header_defects", "row_defects"]

_FIRST = 10
"""Most lines that a defect names."""
_RULE_OF = {
    "mojibake": "mojibake",
    "lost": "mojibake",
    "error": "spreadsheet_error",
    "formula": "formula",
    "padded": "padded_cell",
}
_CODES = re.compile(
    r"(?i)(post(al|leit)?[ _-]*(code|zahl)?|\bplz\b|\bzip|\bcap\b|code[ _-]?postal|codigo[ _-]?postal|insee|fips|"
    r"siren|siret|kennzi|kreis[ _-]?(nr|nummer|schl|kenn|code)|\bags\b|\bnuts\b|\bcog\b|"
    r"gemeinde(schl|kenn|nummer)|municip\w*[ _-]?(code|id)|"
    r"code[ _-]?(de[ _-]?)?(la[ _-]?)?commune)"
)
_STAND_INS = re.compile(
    r"(?i)^(x{3,}|-?9{3,}(\.0+)?|-1|tbd|tba|t\.b\.[ad]\.?|to be (confirmed|determined|announced)|dummy|"
    r"test(wert|value)?|lorem ipsum.*|placeholder|fixme|todo|asdf+|foo|undefined|#{2,}|00/00/0000|0000-00-00)$"
)


def defect(
    rule: str, count: int, lines: Sequence[int] = (), field: str | None = None, message: str | None = None
) -> TableDefect:
    """Return a defect for a rule in ``specs/table_rules.toml``, with the severity of the rule.

    - ``count``: how often the rule is broken.
    - ``lines``: the first lines on which it is.
    - ``field``: the name of the column; None if it is not about one column.
    - ``message``: what is wrong; None means the message of the rule.
    """
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
    """Yield the defects of a header: columns without a name, repeated names, and a row of units or labels below the
    names.

    ``header`` contains the names as written in the file, ``names`` those by which the columns are reported, ``found``
    the place of the header. In a header of several lines, repeated names are no defect.
    """
    line, nameless = found.lines[-1], set(found.heading.nameless)
    seen: set[str] = set()
    blanks = 0
    for place, (label, name) in enumerate(zip(header, names, strict=False)):
        folded = " ".join(label.split())
        if place in nameless:
            blanks += 1
        elif folded in seen and len(found.lines) == 1:
            # Names over several lines are joined by us: that two of them are equal is no fault of the table.
            yield defect("duplicate_column", 1, [line], name)
        seen.add(folded)
    if blanks:
        yield defect("blank_column_name", blanks, [line])
    if found.heading.kind in ("units", "labels"):
        yield defect("multi_row_header", 2, [*found.lines, *found.extra], message=_EXTRA[found.heading.kind])


_EXTRA = {
    "units": "The row below the column names contains units.",
    "labels": "The row below the column names contains a second set of names.",
}


def row_defects(profile: TableProfile) -> Iterator[TableDefect]:
    """Yield the defects of rows: too many or too few cells, blank, repeated and overlong rows, faulty quotes and line
    ends.

    ``profile`` is the result of the scan of all rows. In a table with one column, too few cells, blank and repeated
    rows are no defect. Repeated rows are none either if labels in the first column span several rows. A single odd line
    end is never one. A table of 255, 256, 1,023 or 1,024 columns has a defect too, because old spreadsheet programs cut
    tables there.
    """
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
        if rule == "duplicate_row" and _is_spanned(profile):
            continue  # only the first of several rows has the label, so the rows are not the same
        # In a table with one column, an empty line is an empty cell, and equal values are not equal rows.
        is_moot = width == 1 and rule in ("blank_row", "missing_cell", "duplicate_row")
        if count and not is_moot:
            yield defect(rule, count, lines)
    ends = [scan["crlf"], scan["lf"], scan["cr"]]
    odd = sum(ends) - max(ends)
    # A single line without a carriage return, usually the last, is harmless.
    if odd > 1:
        yield defect("mixed_line_ends", odd)
    elif scan["cr"] > 1:
        yield defect("cr_line_ends", scan["cr"])
    if width in (255, 256, 1023, 1024):
        yield defect("column_limit_cut", 1)


def _is_spanned(profile: TableProfile) -> bool:
    """Return whether labels in the first column span several rows, whose cells below the label are empty."""
    first = profile.columns[0] if profile.columns else None
    if first is None or not first.filled or len(profile.columns) < 2:
        return False
    return first.count("blank") >= 0.2 * profile.rows and first.count("text", "text_with_digits") > 0.5 * first.filled


def column_defects(profile: TableProfile) -> Iterator[TableDefect]:
    """Yield the defects of the cells of each column, and columns that repeat the content of another with a similar
    name. ``profile`` is the result of the scan of all rows.
    """
    for column in profile.columns:
        yield from _types(column)
        yield from _oddities(column)
        yield from _values(column)
    for name in repeated_columns(profile):
        yield defect("duplicate_column_content", profile.rows, [], name)


def _types(column: ColumnProfile) -> Iterator[TableDefect]:
    judged = column.judged
    counts = dict(judged.counts)
    count, lines = column.bad()
    if count:
        yield defect("type_error", count, lines, column.name)
    impossible, lines = judged.impossible
    mixed = mixture(counts) if column.kind.detail == "text" else None
    if mixed == "dates" and not impossible:
        impossible, lines = column.scanned["classes"].get("no_such_date", (0, []))
    if impossible:
        yield defect("impossible_date", impossible, lines, column.name)
    if mixed:
        kinds = sorted((c, n) for n, c in counts.items() if n not in ("blank", "missing"))
        yield defect(f"mixed_{mixed}", sum(c for c, _ in kinds[:-1]), _lines_of(column, kinds[:-1]), column.name)
    elif column.kind.detail == "text" and (found := _mostly_data(column, counts)):
        yield defect("mixed_types", found[0], found[1], column.name)
    if found := _units(column):
        yield defect("number_with_unit", found[0], found[1], column.name)


_WITH_SIGNS = frozenset(["with_unit", "text_with_digits", "decorated_point", "decorated_comma", "decorated_both"])
_UNIT_SHARE = 0.05
_FEW_NUMBERS = 2
_FEW_CELLS = 20
_MANY = 5


def _units(column: ColumnProfile) -> tuple[int, list[int]] | None:
    """Return the cells that contain a unit beside the number: in most cells, or repeatedly among plain numbers."""
    if not _WITH_SIGNS & column.scanned["classes"].keys() or column.count("text") > 0.5 * column.filled:
        return None
    with_unit, lines = column.scanned["classes"].get("with_unit", (0, []))
    decorated = [column.scanned["classes"].get(f"decorated_{sign}", (0, [])) for sign in ("point", "comma", "both")]
    if _is_numbered(column):
        return None
    if column.kind.kind == "text" and with_unit >= max(_MANY, 0.9 * column.filled) and _are_units(column):
        return with_unit, lines
    signs = sum(count for count, _ in decorated)
    # In a table that is mostly empty the sign helps the reader.
    is_dense = column.filled >= 0.5 * (column.filled + column.count("blank", "missing"))
    if is_dense and signs >= max(_MANY, 0.9 * column.filled) and _are_signed(column):
        return signs, sorted(line for _, some in decorated for line in some)
    count, lines = column.judged.units
    attached = column.count("text_with_digits", "with_unit")
    if not column.scanned["are_all_tokens"] and attached:
        units = sum(unit_of(cell) is not None for cell in column.scanned["sample"])
        count = units and round(attached * units / max(1, sum(not _is_bare(cell) for cell in column.scanned["sample"])))
        lines = lines or _lines_of(column, [(0, name) for name in ("text_with_digits", "with_unit")])
    bare = column.filled - column.count("text", "text_with_digits", "with_unit")
    if count >= max(_MANY, _UNIT_SHARE * column.filled) and bare + count >= 0.8 * column.filled:
        return count, lines
    return None


def _is_bare(cell: str) -> bool:
    return cell_class(cell) not in ("text", "text_with_digits", "with_unit")


def _are_signed(column: ColumnProfile) -> bool:
    """Return whether the sign is one of money or percentage, not a bracket, minus or space of bookkeeping."""
    cells = column.scanned["sample"]
    return sum(bool(_MONEY.search(cell)) for cell in cells) >= 0.9 * len(cells)


_MONEY = re.compile(r"[£€$¥₤%‰]|^(GBP|EUR|USD|CHF)|(GBP|EUR|USD|CHF|kr\.?|zł|Kč|Ft)$")
_TIMES = frozenset(["am", "pm", "a.m.", "p.m.", "st", "nd", "rd", "th", "er", "e", "o", "a", "kw", "uhr", "bc", "ad"])


def _are_units(column: ColumnProfile) -> bool:
    """Return whether the words are units of measure, or the same word after every number.

    Ordinals, times of day and house numbers are not units.
    """
    cells = column.scanned["sample"]
    if len({re.sub(r"[^\d]", "", cell) for cell in cells}) < _FEW_NUMBERS and len(cells) >= _FEW_CELLS:
        return False  # the same address in every row
    if sum(unit_of(cell) is not None for cell in cells) >= 0.9 * len(cells):
        return True
    parts = [_NUMBER_AND_WORD.fullmatch(cell.strip()) for cell in cells]
    words = {match[2].casefold() for match in parts if match}
    if (
        len(words) != 1
        or sum(map(bool, parts)) < 0.9 * len(parts)
        or words & _TIMES
        or not all(len(word) > 1 for word in words)
    ):
        return False
    numbers = {match[1] for match in parts if match}
    # Each number from 1 to n once: a numbering, not amounts.
    is_list = len(numbers) == len(cells) and all(number.isdigit() and int(number) <= len(cells) for number in numbers)
    return not is_list


def _is_numbered(column: ColumnProfile) -> bool:
    """Return whether the numbers rise by one from row to row, with the same word: classes such as years of age, each
    the label of its row. The first or the last class may be written differently.
    """
    cells = column.scanned["sample"]
    parts = [match for cell in cells if (match := _NUMBER_AND_LABEL.fullmatch(cell.strip()))]
    words = Counter(match[2] for match in parts).most_common(1)
    values = [int(match[1]) for match in parts if match[2] == words[0][0]]
    if len(values) < max(_MANY, 0.9 * len(cells)):
        return False
    is_rising = all(a < b for a, b in zip(values, values[1:], strict=False))
    # Of a long column the sample leaves out some numbers, but not the range.
    return is_rising and abs(values[-1] - values[0] + 1 - column.filled) <= max(2, 0.1 * column.filled)


_NUMBER_AND_LABEL = re.compile(r"(\d{1,4})\s?([^\W\d_]{1,12})")
_NUMBER_AND_WORD = re.compile(r"([+-]?\d(?:[\d.,' ]*\d)?)\s?([^\W\d_]{2,12}\.?)")


def _lines_of(column: ColumnProfile, kinds: Sequence[tuple[int, str]]) -> list[int]:
    return sorted(line for _, name in kinds for line in column.scanned["classes"].get(name, (0, []))[1])


def _mostly_data(column: ColumnProfile, counts: dict[str, int]) -> tuple[int, list[int]] | None:
    """Find words in a column where four of five cells are numbers or dates: too many for errors, too few for intent."""
    words = counts.get("text", 0)
    filled = sum(count for name, count in counts.items() if name not in ("blank", "missing"))
    rest = filled - words
    odd = counts.get("text_with_digits", 0) + counts.get("with_unit", 0)
    # A word that is repeated again and again is a value of the column, and so may short words be.
    repeated = sum(count for text, count in column.judged.signs if not any(char.isdigit() for char in text))
    tokens = [one for one in column.scanned["tokens"] if one[1] == "text"]
    are_remarks = bool(tokens) and sum(" " in text for text, _, _ in tokens) > len(tokens) / 2
    if not are_remarks or words <= 2 * repeated or filled < max(20, column.judged.no_value + 1):
        return None
    return (words, column.scanned["classes"]["text"][1]) if rest >= 0.8 * filled and odd < 0.05 * filled else None


def _oddities(column: ColumnProfile) -> Iterator[TableDefect]:
    for odd, rule in _RULE_OF.items():
        count, lines = column.odd(odd)
        if count:
            yield defect(rule, count, lines, column.name)
    count, lines = column.odd("epoch")
    if column.kind.kind == "date" and count >= 2 and _stands_out(column, count):
        yield defect("epoch_date", count, lines, column.name)


def _stands_out(column: ColumnProfile, count: int) -> bool:
    """Return whether the zero date of a program stands out: other days spread over the year, and none is so early."""
    cells = column.scanned["sample"]
    found = [day for day in days(cells) if day is not None]
    zeros = {(1970, 1, 1), (1900, 1, 1), (1904, 1, 1), (1899, 12, 30), (1899, 12, 31)}
    # The last day that a program knows says that there is no end, which is a statement and not a missing date.
    found = [day for day in found if (day.year, day.month, day.day) != (9999, 12, 31)]
    others = [day for day in found if (day.year, day.month, day.day) not in zeros]
    if not others or len(others) == len(found):
        return False
    firsts = sum(day.month == 1 and day.day == 1 for day in others)
    if firsts > 0.5 * len(others):
        return False  # a yearly series
    years = sorted(day.year for day in others)
    first_zero = min(((day.year, day.month, day.day) for day in found if day not in others), default=(1970, 1, 1))
    gap = years[0] - first_zero[0]
    if gap > 15:
        return True
    # In a column of historical dates these days may be real, so they do not stand out.
    is_historic = years[0] < 1890 or count < 0.01 * column.filled
    near = sum(abs(year - first_zero[0]) <= 2 for year in years)
    return not is_historic and (count >= 3 or count > 0.2 * column.filled) and count > 3 * max(1, near)


def _values(column: ColumnProfile) -> Iterator[TableDefect]:
    scanned = column.scanned
    for value, count in scanned["frequent"]:
        is_sign = bool(_STAND_INS.match(value))
        if not is_sign or count < max(2, 0.005 * column.filled) or count > 0.9 * column.filled:
            continue
        is_number = value.lstrip("-").replace(".", "").isdigit()
        # Among codes, 999 may be a real one.
        if is_number and (column.kind.kind != "number" or not _stands_apart(column, value)):
            continue
        if not is_number and _is_of_the_list(column, value):
            continue
        yield defect("placeholder_value", count, [], column.name)
    digits = {length: count for length, count in enumerate(scanned["digits"]) if count}
    if _CODES.search(column.name) and column.kind.detail == "integer" and len(digits) > 1 and _is_in_order(column):
        full = max(digits)
        short = digits.get(full - 1, 0)
        # All codes of a kind have the same length: the short ones are few and lack exactly one digit.
        if full in (5, 8, 9, 14) and 2 <= short == column.filled - digits[full]:
            yield defect("leading_zeros_lost", short, [], column.name)


_ROMAN = re.compile(r"[IVXLCDM]+")


def _is_of_the_list(column: ColumnProfile, value: str) -> bool:
    """Return whether a word that looks like a placeholder is a real value: a Roman numeral, or a category."""
    others = [cell for cell in column.scanned["sample"] if cell != value]
    if _ROMAN.fullmatch(value) and sum(bool(_ROMAN.fullmatch(cell)) for cell in others) > 0.5 * len(others):
        return True
    # In a list of categories "test" may be one of them, but not where nearly every value is different.
    return value.isalpha() and value.casefold().startswith("test") and len(set(others)) < 0.5 * len(others)


def _is_in_order(column: ColumnProfile) -> bool:
    """Return whether codes are in the order of a list, the short ones first: then they are of one kind.

    Postcodes of two countries also have two lengths, but they are mixed.
    """
    if column.scanned["is_rising"]:
        return True
    values = [int(cell) for cell in column.scanned["sample"] if cell.isdigit()]
    rises = sum(a <= b for a, b in zip(values, values[1:], strict=False))
    return len(values) > 10 and rises >= 0.9 * (len(values) - 1)


def _stands_apart(column: ColumnProfile, value: str) -> bool:
    """Return whether a number is far from all others of its column: the only negative one, or far above their range."""
    number = number_of(value, column.kind.way)
    values = [v for cell in column.scanned["sample"] if (v := number_of(cell, column.kind.way)) not in (None, number)]
    others = sorted(v for v in values if v is not None)
    if number is None or len(others) < 10:
        return False
    if number < 0:
        # Beside 0 and 1, a balance of -1 is normal.
        return others[0] >= 5 and others[0] > -2 * number
    return number > others[-1] + 2 * (others[-1] - others[0])
