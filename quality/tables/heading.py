"""The header of a text or a sheet, by lines of the file or rows of the sheet."""

from __future__ import annotations

from dataclasses import dataclass

from quality.tables.headers import Heading
from quality.tables.sheets import Sheet
from quality.tables.text import Opened

__all__ = ["HeaderLines", "heading_of"]


@dataclass(frozen=True, slots=True)
class HeaderLines:
    """The header of a table, by lines of its file or rows of its sheet."""

    lines: tuple[int, ...]
    extra: tuple[int, ...]
    """Lines of units, labels or hashtags below the names."""
    heading: Heading
    again: tuple[int, ...] = ()
    """Lines above that name the same columns."""


def heading_of(found: Opened | Sheet) -> HeaderLines:
    """The header of a text or a sheet."""
    if isinstance(found, Opened):
        return HeaderLines(found.header_lines, found.extra_lines, found.heading, found.again)
    lines, extra, again = found.heading.lines, found.heading.extra, found.heading.again
    return HeaderLines(_rows(lines), _rows(extra), found.heading, _rows(again))


def _rows(places: tuple[int, ...]) -> tuple[int, ...]:
    return tuple(place + 1 for place in places)
