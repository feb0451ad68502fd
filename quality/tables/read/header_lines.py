"""The header of a text or a sheet, in lines of the file or rows of the sheet."""

from __future__ import annotations

from dataclasses import dataclass

from quality.tables.read.delimited_text import OpenedText
from quality.tables.read.header_rows import HeaderRows
from quality.tables.read.spreadsheets import Worksheet

__all__ = ["HeaderLines", "header_lines_of"]


@dataclass(frozen=True, slots=True)
class HeaderLines:
    """The header of a table, in lines of its file or rows of its sheet, from 1."""

    lines: tuple[int, ...]
    extra: tuple[int, ...]
    """Lines of units, labels or hashtags below the names."""
    heading: HeaderRows
    again: tuple[int, ...] = ()
    """Lines above the header that name the same columns."""


def header_lines_of(found: OpenedText | Worksheet) -> HeaderLines:
    """Return the header of a text or a sheet, in lines or rows."""
    if isinstance(found, OpenedText):
        return HeaderLines(found.header_lines, found.extra_lines, found.heading, found.again)
    lines, extra, again = found.heading.lines, found.heading.extra, found.heading.again
    return HeaderLines(_rows(lines), _rows(extra), found.heading, _rows(again))


def _rows(places: tuple[int, ...]) -> tuple[int, ...]:
    return tuple(place + 1 for place in places)
