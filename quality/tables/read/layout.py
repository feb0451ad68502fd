"""Find where a table begins and ends in a file: what is above its header, below its last row, and a second table."""

from __future__ import annotations

import re
import statistics
from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache

from quality.tables.read.total_words import TOTALS
from quality.tables.scan import cell_class

__all__ = [
    "TableSurroundings",
    "Footer",
    "find_footer",
    "has_no_header",
    "is_total",
    "rows_of_totals",
    "second_table",
    "title_above",
]

_NOTE = re.compile(
    r"(?i)^\W*(sources?|quelle|fuente|fonte|bron|källa|zdroj|źródło|forrás|allikas|notes?|"
    r"anmerkung|nota|remarque|opmerking|"
    r"footnote|©|copyright|licen[cs]e|generated|created|stand|data as at|as at|last updated|updated|"
    r"[\(\[]?\w{1,2}[\)\]]|"
    r"\*|_{3,}|-{3,})(?=\W|\d|$)"
)
_TOTAL = re.compile(
    r"(?i)\W*((grand|sub|overall|all|national|of which|sum|gesamt|general|total)[ -]?)?"
    rf"({TOTALS}|計|계)"
    r"(\W+(totals?|sum|all|g[eé]n[eé]ral(es?|i)?|general|expenses|amount|spend|cost))?\W*"
)
"""A label that means total and nothing else: there are firms called Total, and ensembles of musicians."""
_DATA = {
    *("integer", "zero_led", "point", "comma", "point_or_group", "comma_or_group", "group_point", "group_comma"),
    *("group_both", "decorated_point", "decorated_comma", "decorated_both", "iso_date", "iso_time", "slash_dmy"),
    *("slash_mdy", "slash_either", "dot_dmy", "local_time", "with_unit"),
}
"""Classes of cells that are data, and hardly ever names of columns."""
_MOST_NOTES = 30
Row = tuple[int, Sequence[str]]
"""A line and its cells."""


@dataclass(frozen=True, slots=True)
class TableSurroundings:
    """What is above the header of a table and at its end: titles, totals and notes, by their lines (from 1).

    ``notes`` is the number of notes below the table, ``note_line`` the line of the first note.
    """

    above: list[int]
    """Lines above the header that are not blank, such as titles."""
    totals: list[int]
    """Lines of totals at the end of the table."""
    notes: int = 0
    note_line: int = 0
    note_rows: int = 0
    """Number of lines below the table, including blank ones."""


@dataclass(frozen=True, slots=True)
class Footer:
    """The notes below a table.

    ``rows`` is the number of rows at the end of the file that do not belong to the table, including blank ones.
    ``first_line`` is the line of the first note.
    """

    rows: int
    notes: int
    """Number of those rows that are not blank."""
    first_line: int


def _filled(cells: Sequence[str]) -> int:
    return sum(bool(cell.strip()) for cell in cells)


def find_footer(last: Sequence[Row], width: int) -> Footer | None:
    """Find the notes below a table; None if there are none.

    ``last`` are the last rows of the file with their lines, ``width`` is the number of columns. A note fills one cell,
    or at most 40 % as many cells as rows usually do, and has no amount, date or total; only a date alone in its row may
    be a note. If it fills several, none of them behind the first may also be in the same column of the table above.
    One of the notes must also begin as notes usually do, be longer than 40 characters, or follow a blank
    row. None also if there are fewer than two columns, or if all rows look like notes.
    """
    rows = notes = 0
    usual = statistics.median([_filled(cells) for _, cells in last[:-1] if _filled(cells)] or [0])
    if width < 2 or usual < 2:
        return None
    pending = 0
    is_certain = False
    above = _told_above(last, max(1, usual * 0.4))
    for line, cells in reversed(last):
        count = _filled(cells)
        if not count:
            pending += 1
            is_certain = is_certain or notes > 0
            continue
        text = next(cell.strip() for cell in cells if cell.strip())
        is_data = cell_class(text[:60]) in _DATA and not (count == 1 and _is_day(text))
        if count > max(1, usual * 0.4) or notes >= _MOST_NOTES or is_data or is_total(cells):
            break
        if count > 1 and (any(_is_amount(cell.strip()) for cell in cells) or not above.isdisjoint(_told(cells))):
            break
        is_certain = is_certain or bool(_NOTE.match(text)) or len(text) > 40
        rows, notes, pending, first = rows + pending + 1, notes + 1, 0, line
    else:
        return None  # only notes: these are not the rows of a table
    if not notes or not is_certain:
        return None
    # The blank rows between table and notes belong to the notes.
    return Footer(rows + pending, notes, first)


def _told(cells: Sequence[str]) -> set[tuple[int, str]]:
    """Return the filled cells of a row behind the first one, with their places."""
    filled = [(place, cell.strip().casefold()) for place, cell in enumerate(cells) if cell.strip()]
    return set(filled[1:])


def _told_above(last: Sequence[Row], few: float) -> set[tuple[int, str]]:
    """Return the cells of the rows above the last one that fills more than ``few`` cells, which are surely of the
    table. A row below that repeats one of them in its column, such as "nil return", is no note.
    """
    end = max((n for n, (_, cells) in enumerate(last) if _filled(cells) > few), default=0)
    told: set[tuple[int, str]] = set()
    return told.union(*(_told(cells) for _, cells in last[:end]))


def _is_day(text: str) -> bool:
    """Return whether a text is a date, perhaps with a time; alone below a table it says when the table was made."""
    return (
        "date" in cell_class(text[:60])
        or cell_class(text[:60]) in _DAYS
        or re.match(r"\d{4}-\d\d-\d\d[T ]", text) is not None
    )


_DAYS = frozenset({"iso_time", "slash_dmy", "slash_mdy", "slash_either", "dot_dmy", "local_time"})


def _is_amount(cell: str) -> bool:
    """Return whether a cell is a number that is neither a year nor the number of a note."""
    kind = cell_class(cell[:60])
    return kind in _DATA and "date" not in kind and (kind != "integer" or len(cell) > 4)


def is_total(cells: Sequence[str]) -> bool:
    """Return whether a row contains totals: one of its first two filled cells is a word for total, and a number
    follows.
    """
    says = False
    seen = 0
    for cell in cells:
        label = cell.strip()
        if label:
            seen += 1
            says = says or _says_total(label)
            if seen == _LABELS:
                break
    if not says:
        return False
    filled = [cell.strip() for cell in cells if cell.strip()]
    return len(filled) > 1 and any(cell_class(cell) in _DATA for cell in filled[1:])


def rows_of_totals(rows: Sequence[Row]) -> list[int]:
    """Return the lines of the rows that contain totals, by the rule of :func:`is_total`.

    It is faster than calling that for every row, because each different cell at the left is examined once.
    """
    labels = {cells[place] for place in range(_LABELS) for _, cells in rows if len(cells) > place}
    # Behind an empty cell, one further to the right may say so.
    odd = {
        cell
        for cell in labels
        if not cell[:1].isdigit()
        and not _NO_WORD.fullmatch(cell)
        and ((label := cell.strip()) == "" or _says_total(label))
    }
    return [line for line, cells in rows if not odd.isdisjoint(cells[:_LABELS]) and is_total(cells)] if odd else []


_LABELS = 2
"""Number of cells at the left that may say so."""


_DIGIT, _PARTING = re.compile(r"\d"), re.compile(r"[-–—/|]")
_NO_WORD = re.compile(r"[^-–—/|]*\d[^-–—/|]*")
"""A digit and nothing that parts: :func:`_says_total` says no."""


@lru_cache(maxsize=16_384)
def _says_total(label: str) -> bool:
    if len(label) > 60 or label[0].isdigit() or (_DIGIT.search(label) and not _PARTING.search(label)):
        return False  # no word for total contains a digit
    parts = [part for part in re.split(r"\s+[-–—/|]\s*|\s*[/|]\s+", label) if part]
    return bool(parts) and any(_TOTAL.fullmatch(part) for part in parts)


def has_no_header(header: Sequence[str], rows: Sequence[Sequence[str]]) -> bool:
    """Return whether a table has no header: the row taken for it has numbers, dates or codes where the rows below have
    them.

    Three in ten of its filled cells are enough; or one, if some of the cells are equal and most recur below in their
    columns. Integers of up to four digits, such as years, are often names of columns, so they prove nothing. The result
    is False if fewer than two cells are filled, or fewer than three rows follow.
    """
    filled = [(index, cell.strip()) for index, cell in enumerate(header) if cell.strip()]
    if len(filled) < 2 or len(rows) < 3:
        return False
    alike = weak = 0
    for index, cell in filled:
        kind = cell_class(cell)
        values = [row[index].strip() for row in rows[:20] if len(row) > index and row[index].strip()]
        below = [cell_class(value) for value in values]
        is_name = kind == "integer" and len(cell) <= 4
        if kind in _DATA and not is_name and below.count(kind) > len(below) / 2:
            alike += 1
        elif cell in values:
            weak += 1
    # Names are different, and none is a value of its own column: one number is enough where most cells are values.
    is_row = alike > 0 and len({cell for _, cell in filled}) < len(filled) and alike + weak >= 0.6 * len(filled)
    return is_row or alike >= max(1, 0.3 * len(filled))


def second_table(rows: Sequence[Row], header: Sequence[str]) -> tuple[str, int] | None:
    """Find the first row among the data of a table that contains names of columns again.

    Return the id of the table rule that is broken, and the line of that row; None if there is no such row. ``rows`` are
    the rows of data with their lines, ``header`` is the header of the table. The rule is "repeated_header" if the names
    are those in ``header`` and no gap or title precedes them. It is "several_tables" if another table begins: names of
    ``header`` below a gap or title, or a row with words where the rows above and below have numbers or dates.
    """
    names = [" ".join(cell.split()).casefold() for cell in header]
    typed = _typed(rows, len(header))
    if not typed:
        return None
    places = sorted(typed)
    begin = next((place for place, name in enumerate(names) if name), 0)
    for index in range(2, len(rows) - 1):
        line, cells = rows[index]
        if _begins_with_data(cells, places) and _is_wide(rows[index - 1][1]):
            continue
        if _begins_alike(cells, begin, names) and _names_again(cells, names) and not _is_wide(rows[index - 1][1]):
            return "several_tables", line
        filled = {place: cell.strip() for place, cell in enumerate(cells) if cell.strip()}
        told = [place for place in filled if place in typed]
        if len(filled) < 2 or not told:
            continue
        is_after_gap = _filled(rows[index - 1][1]) <= 1
        if not is_after_gap and 0 in filled and len(set(filled.values())) < 0.25 * len(filled) > 1:
            continue  # a label and a few words that repeat: a row of a transposed table
        years = sum(bool(_YEAR.fullmatch(filled[place])) for place in told)
        if not all(_is_name(filled[place]) or (is_after_gap and _YEAR.fullmatch(filled[place])) for place in told):
            continue
        if years == len(told) and (years < 2 or any(_is_year_column(rows, place) for place in told)):
            continue
        above = [row for _, row in rows[max(0, index - 20) : index] if _filled(row)]
        below = [row for _, row in rows[index + 1 : index + 4] if _filled(row)]
        if not below or not all(any(_holds_data(row, place) for place in told) for row in below[:2]):
            continue
        if sum(any(_holds_data(row, place) for place in told) for row in above) < min(2, len(above)):
            continue
        folded = [" ".join(cell.split()).casefold() for cell in cells]
        same = sum(a == b for a, b in zip(folded, names, strict=False) if a)
        if same >= 0.8 * len(filled) and not is_after_gap:
            return "repeated_header", line
        # A single word among numbers is a slip; a row of words with another width, or below a gap, is a header.
        is_wider = len(cells) != len(rows[index - 1][1]) or len(filled) != _filled(rows[index - 1][1])
        if is_after_gap or len(told) >= max(2, 0.6 * len(typed)) or (is_wider and same):
            return "several_tables", line
    return None


def _names_again(cells: Sequence[str], names: Sequence[str]) -> bool:
    """Return whether a row below a gap contains names of the header, or of its first line, in the same columns."""
    filled = [(place, " ".join(cell.split()).casefold()) for place, cell in enumerate(cells) if cell.strip()]
    same = sum(
        place < len(names) and (names[place] == cell or names[place].startswith(f"{cell} ")) for place, cell in filled
    )
    return same >= _FEW_NAMES and same >= 0.6 * len(filled)


_FEW_NAMES = 3


def _begins_alike(cells: Sequence[str], place: int, names: Sequence[str]) -> bool:
    """Return whether the cell in the first named column begins like that name: most rows do not, and
    need no closer look.
    """
    cell = cells[place].strip() if place < len(cells) else ""
    return bool(cell) and names[place].startswith(cell[0].casefold())


def _begins_with_data(cells: Sequence[str], places: Sequence[int]) -> bool:
    """Return whether the first filled cell in a column of numbers or dates begins like one, as in most rows."""
    for place in places:
        if place < len(cells) and cells[place]:
            return cells[place][0] in "0123456789-+.("
    return True


def _is_wide(cells: Sequence[str]) -> bool:
    """Return whether more than one cell is filled: the row is neither a gap nor a title."""
    seen = 0
    for cell in cells:
        if cell and cell.strip():
            seen += 1
            if seen > 1:
                return True
    return False


def _is_year_column(rows: Sequence[Row], place: int) -> bool:
    cells = [row[place].strip() for _, row in rows[:100] if place < len(row) and row[place].strip()]
    return sum(bool(_YEAR.fullmatch(cell)) for cell in cells) > 0.5 * len(cells)


def title_above(rows: Sequence[Row], line: int) -> int:
    """Return the line of the title above a second table, whose header is on ``line``; ``line`` if it has no title.

    Of a title in several rows, it is the line of the last one. ``rows`` are the rows of the file with their lines.
    """
    index = next((n for n, (at, _) in enumerate(rows) if at == line), 0)
    begin = index
    while index and _filled(rows[index - 1][1]) <= 1:
        index -= 1
    return next((at for at, cells in reversed(rows[index:begin]) if _filled(cells)), line)


def _typed(rows: Sequence[Row], width: int) -> frozenset[int]:
    """Return the columns in which most cells are numbers or dates."""
    found = set()
    head = [row for _, row in rows[:200]]
    for place in range(min(width, 300)):
        cells = [cell for row in head if place < len(row) and (cell := row[place].strip())]
        if cells and _are_most(cells, 0.6):
            found.add(place)
    return frozenset(found)


def _are_most(cells: Sequence[str], share: float) -> bool:
    """Return whether more than ``share`` of the cells are numbers or dates; it looks at no more than it needs."""
    most = share * len(cells)
    data = 0
    for seen, cell in enumerate(cells, start=1):
        data += cell_class(cell[:80]) in _DATA
        if data > most or data + len(cells) - seen <= most:
            break
    return data > most


def _is_name(cell: str) -> bool:
    """Return whether a cell contains words, as the name of a column does."""
    return cell_class(cell[:80]) in _NAMING and any(char.isalpha() for char in cell) and len(cell) > 1


_NAMING = frozenset({"text", "text_with_digits"})
_YEAR = re.compile(r"(?:1[89]|20)\d\d")


def _holds_data(row: Sequence[str], place: int) -> bool:
    return len(row) > place and cell_class(row[place].strip()[:80]) in _DATA
