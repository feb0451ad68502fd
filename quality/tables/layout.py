"""Where the table stands in a file: what is above its header, what below its last row, and what it is followed by."""

from __future__ import annotations

import re
import statistics
from collections.abc import Sequence
from dataclasses import dataclass

from quality.tables.scanning import look

__all__ = ["Around", "Footer", "find_footer", "has_no_header", "is_hxl", "is_total", "second_table"]

_NOTE = re.compile(
    r"(?i)^\W*(sources?|quelle|fuente|fonte|bron|källa|zdroj|źródło|forrás|allikas|notes?|anmerkung|nota|remarque|opmerking|"
    r"footnote|©|copyright|licen[cs]e|generated|created|stand|data as at|as at|last updated|updated|\(?\d\)|\*)"
)
_TOTAL = re.compile(
    r"(?i)^\W*((grand|sub|overall|all)[ -]?)?(totals?|totales|totaal|totale|totaux|sum|summe|summa|suma|somme|"
    r"soma|insgesamt|gesamt(summe)?|zusammen|razem|ogółem|celkem|spolu|összesen|kokku|yhteensä|i alt|sammanlagt|"
    r"ukupno|skupaj|kopā|iš viso|ensemble|σύνολο|всего|итого)\b"
)
_DATA = {
    *("integer", "zero_led", "point", "comma", "point_or_group", "comma_or_group", "group_point", "group_comma"),
    *("group_both", "decorated_point", "decorated_comma", "decorated_both", "iso_date", "iso_time", "slash_dmy"),
    *("slash_mdy", "slash_either", "dot_dmy", "local_time", "with_unit"),
}
"""What data look like, and names of columns hardly ever do."""
_MOST_NOTES = 30
Row = tuple[int, Sequence[str]]
"""Line, and cells."""


@dataclass(frozen=True, slots=True)
class Around:
    """What stands above and below a table, by lines."""

    above: list[int]
    """Lines above the header that are not blank."""
    totals: list[int]
    """Rows of totals at its end."""
    notes: int = 0
    note_line: int = 0
    note_rows: int = 0
    """Lines below the table, blank ones included."""


@dataclass(frozen=True, slots=True)
class Footer:
    """Notes below a table: ``rows`` of the last rows handed in belong to it."""

    rows: int
    notes: int
    """Those of them that are not blank."""
    first_line: int


def _filled(cells: Sequence[str]) -> int:
    return sum(bool(cell.strip()) for cell in cells)


def find_footer(last: Sequence[Row], width: int) -> Footer | None:
    """Notes at the end of ``last``, the last rows of a table with ``width`` columns; None where there are none.

    A note fills one or two cells of several, and begins as notes do, or is a sentence, or stands below a blank row.
    """
    rows = notes = 0
    usual = statistics.median([_filled(cells) for _, cells in last[:-1] if _filled(cells)] or [0])
    if width < 2 or usual < 2:
        return None
    pending = 0
    is_certain = False
    for line, cells in reversed(last):
        count = _filled(cells)
        if not count:
            pending += 1
            is_certain = is_certain or notes > 0
            continue
        text = next(cell.strip() for cell in cells if cell.strip())
        if count > max(1, usual * 0.4) or notes >= _MOST_NOTES or look(text[:60]) in _DATA or is_total(cells):
            break
        is_certain = is_certain or bool(_NOTE.match(text)) or len(text) > 40
        rows, notes, pending, first = rows + pending + 1, notes + 1, 0, line
    else:
        return None  # notes and nothing else: these are not the rows of a table
    if not notes or not is_certain:
        return None
    # The blank rows between table and notes belong to the notes.
    return Footer(rows + pending, notes, first)


def is_total(cells: Sequence[str]) -> bool:
    """Whether a row holds totals: its first filled cell says so, and numbers follow."""
    filled = [cell.strip() for cell in cells if cell.strip()]
    return len(filled) > 1 and bool(_TOTAL.match(filled[0])) and any(look(cell) in _DATA for cell in filled[1:])


def is_hxl(cells: Sequence[str]) -> bool:
    """Whether a row holds HXL hashtags (hxlstandard.org)."""
    filled = [cell.strip() for cell in cells if cell.strip()]
    return len(filled) > 1 and all(cell.startswith("#") and cell[1:2].isalpha() for cell in filled)


def has_no_header(header: Sequence[str], rows: Sequence[Sequence[str]]) -> bool:
    """Whether the supposed header looks like the rows below: numbers with decimals, dates, codes in the same places.

    Years and small whole numbers are names of columns often enough, and say nothing.
    """
    filled = [(index, cell.strip()) for index, cell in enumerate(header) if cell.strip()]
    if len(filled) < 2 or len(rows) < 3:
        return False
    alike = 0
    for index, cell in filled:
        kind = look(cell)
        below = [look(row[index].strip()) for row in rows[:20] if len(row) > index and row[index].strip()]
        is_name = kind == "integer" and len(cell) <= 4
        if kind in _DATA and not is_name and below.count(kind) > len(below) / 2:
            alike += 1
    return alike >= max(1, 0.3 * len(filled))


def second_table(rows: Sequence[Row]) -> int | None:
    """Line on which a second table begins below the first: a blank row, a row of words, and numbers under some."""

    def holds_data(row: Sequence[str], place: int) -> bool:
        return len(row) > place and look(row[place].strip()) in _DATA

    for index in range(2, len(rows) - 2):
        line, cells = rows[index]
        places = [place for place, cell in enumerate(cells) if cell.strip()]
        if _filled(rows[index - 1][1]) or len(places) < 2 or any(holds_data(cells, place) for place in places):
            continue
        above = [row for _, row in rows[: index - 1][-20:] if _filled(row)]
        below = [row for _, row in rows[index + 1 : index + 4] if _filled(row)]
        if len(above) < 2 or len(below) < 2:
            continue
        if any(all(holds_data(row, place) for row in (*above, *below)) for place in places):
            return line
    return None
