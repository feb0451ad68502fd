"""Learn what the columns of a table contain from the lower part of its first rows, and classify single cells."""

from __future__ import annotations

import re
import statistics
from collections import Counter
from collections.abc import Sequence
from functools import lru_cache

from quality.tables.scan import cell_class
from quality.tables.scan.column_kinds import MISSING

__all__ = ["BodySample", "group_of", "is_year"]

_DATES = frozenset(
    {"iso_date", "iso_time", "year_slash", "year_dot", "slash_dmy", "slash_mdy", "slash_either", "dot_dmy", "dash_dmy"}
    | {"dash_mdy", "dash_either", "short_slash_dmy", "short_slash_mdy", "short_slash_either", "short_dot_dmy"}
    | {"month_dash_short", "month_dash", "month_space", "local_time", "no_such_date"}
)
_TEXTS = frozenset({"text", "text_with_digits"})
_UNIT_SIGNS = frozenset({"%", "‰", "°", "€", "$", "£", "¥", "(%)", "°C"})
_FEW_WIDE = 20
_MOST_LEARNT = 60
"""Number of rows, evenly spaced, from which the content of the columns is learned."""
_FEW_STEPS = 3
_FEW_YEARS = 6
_YEAR = re.compile(r"(?:1[789]|2[01])\d\d[*†ab p]?\s?\(?\d?\)?")
"""A year, perhaps with a footnote mark."""


@lru_cache(maxsize=65_536)
def group_of(cell: str) -> str:
    """Return what a cell looks like: "" for empty, "sign" for a missing value, "number" (with or without a unit),
    "date", "time", "code" for words or letters with digits, or "text".

    The cell must have no spaces around it.
    """
    if not cell:
        return ""
    kind = cell_class(cell[:80])
    if kind in _TEXTS:
        if cell in _UNIT_SIGNS:
            return "text"
        if cell in MISSING or not any(map(str.isalnum, cell)):
            return "sign"
        return "code" if kind == "text_with_digits" else "text"
    if kind in _DATES:
        return "date"
    return "time" if kind == "clock" else "number"


class BodySample:
    """What the columns of a table contain, learned from the lower part of its first rows. It serves to find the header.

    ``rows``: the first rows of the table, each as the texts of its cells, without spaces around them.
    """

    def __init__(self, rows: Sequence[Sequence[str]]) -> None:
        self.rows = rows
        filled = [sum(map(bool, cells)) for cells in rows]
        self.filled = filled
        # A header is in the first third, unless there are hardly any rows.
        start = min(len(rows) // 3, 30) if len(rows) > 6 else len(rows) // 2
        counts = [count for count in filled[start:] if count] or [count for count in filled if count]
        self.usual = statistics.median([count for count in counts if count > 1] or counts)
        body = [cells for cells, count in zip(rows[start:], filled[start:], strict=True) if count > self.usual * 0.4]
        wide = [cells for cells, count in zip(rows, filled, strict=True) if count >= 0.5 * max(filled)]
        if max(filled) > 2 * self.usual and 3 <= len(wide) <= _FEW_WIDE:
            # A few rows of figures with long notes below them.
            body, self.usual = wide, float(max(filled))
        self.body = body or list(rows)
        width = max((len(cells) for cells in rows), default=0)
        self.typed: dict[int, str] = {}
        self.years: set[int] = set()
        step = -(-len(self.body) // _MOST_LEARNT)
        learnt = self.body[::step]
        for place in range(min(width, 2_000)):
            cells = [row[place] for row in learnt if place < len(row) and row[place]]
            groups = Counter(map(group_of, cells))
            told = sum(groups[name] for name in ("number", "date", "time", "text", "code"))
            for name in ("number", "date", "time"):
                if groups[name] and groups[name] >= 0.6 * told and groups[name] >= 0.2 * len(learnt):
                    self.typed[place] = name
                    if name == "number" and sum(map(is_year, cells)) > 0.8 * groups[name]:
                        self.years.add(place)

    def agreement(self, cells: Sequence[str]) -> tuple[int, int, int]:
        """Compare the cells of a row with what their columns contain, and return three counts: (yes, words, filled).

        Only cells with content in columns of numbers, dates or times are counted. ``yes`` is the number of cells that
        fit their column. ``words`` is the number of cells that do not fit: in a header, which has names there, these
        are many. ``filled`` is the sum of the two. A sign for a missing value fits every column, but a row of different
        letters and nothing else, such as "x" and "y", has names of axes. Years in a row, such as 2019, 2020, 2021, fit
        only columns of years.
        """
        yes = words = filled = 0
        sequence = self._is_sequence(cells)
        are_letters = _are_letters(cells)
        for place, wanted in self.typed.items():
            group = group_of(cells[place]) if place < len(cells) else ""
            if not group:
                continue
            filled += 1
            if (group == "sign" and not are_letters) or (
                group == wanted and not (sequence and place not in self.years)
            ):
                yes += 1
            else:
                # Dates above numbers, numbers above dates, and years in a row are names of columns, as words are.
                words += 1
        return yes, words, filled

    def _is_sequence(self, cells: Sequence[str]) -> bool:
        """Return whether the numbers of a row are consecutive or repeated years, so names of columns."""
        values = [cells[place] for place, kind in self.typed.items() if kind == "number" and place < len(cells)]
        values = [value for value in values if value]
        if len(values) < 2 or not all(map(is_year, values)):
            return False
        years = [int(value[:4]) for value in values]
        if _is_cycle(years):
            return True
        steps = Counter(b - a for a, b in zip(years, years[1:], strict=False))
        # Surveys are made every two or three years, and a second block of years starts again.
        backwards = sum(count for step, count in steps.items() if step <= 0)
        is_broken = len(years) >= _FEW_YEARS and len(steps) == _FEW_STEPS and backwards <= 1
        return (
            (len(steps) <= 2 or is_broken)
            and all(abs(step) <= 10 for step in steps)
            and (len(values) >= 0.5 * len(self.typed) or len(values) == sum(map(bool, cells)))
        )

    def is_data(self, cells: Sequence[str]) -> bool:
        """Return whether the row ``cells`` looks like data.

        Of its cells in columns of numbers, dates and times, two in three must fit their column. It must also fill three
        in ten of these columns, or so many of them that they make a third of the cells that a row usually fills.
        """
        yes, words, filled = self.agreement(cells)
        return (
            filled > 0 and yes > 0 and words <= 0.34 * filled and filled >= min(0.3 * len(self.typed), self.usual / 3)
        )

    def is_wordy(self, cells: Sequence[str]) -> bool:
        """Return whether the row ``cells`` looks like a header.

        It does if most of its cells in columns of numbers, dates and times do not fit their column.
        """
        yes, words, filled = self.agreement(cells)
        return words >= 1 and words >= 0.6 * filled and yes <= 0.3 * filled


def _are_letters(cells: Sequence[str]) -> bool:
    """Return whether each filled cell is a single letter, and not all are the same."""
    if not all(len(cell) < 2 for cell in cells):
        return False
    letters = {cell for cell in cells if cell}
    return len(letters) > 1 and all(map(str.isalpha, letters))


def _is_cycle(years: Sequence[int]) -> bool:
    """Return whether the same rising years repeat: first below "men", then below "women"."""
    size = next((n for n in range(2, len(years) // 2 + 1) if years[n] == years[0]), 0)
    if not size or any(year != years[place % size] for place, year in enumerate(years)):
        return False
    return all(a < b for a, b in zip(years[: size - 1], years[1:size], strict=True))


def is_year(cell: str) -> bool:
    """Return whether a cell is a year from 1700 to 2199, perhaps with a footnote mark."""
    return len(cell) <= 8 and _YEAR.fullmatch(cell) is not None
