"""The header of a text or a sheet, in lines of the file or rows of the sheet."""

from __future__ import annotations

from dataclasses import dataclass

from quality.tables.read.delimited_text import OpenedText
from quality.tables.read.header_rows import HeaderRows
from quality.tables.read.spreadsheets import Worksheet

__all__ = ["HeaderLines", "header_lines_of"]


@dataclass(frozen=True, slots=True)
class HeaderLines:
    """Where the header of a table is, in lines of the text or rows of the sheet, from 1."""

    lines: tuple[int, ...]
    extra: tuple[int, ...]
    """Lines between header and data with units, labels or hashtags."""
    heading: HeaderRows
    """The same header as it was found among the first rows: names of the columns, and positions of rows from 0."""
    again: tuple[int, ...] = ()
    """Lines above the header that name the same columns."""


def header_lines_of(found: OpenedText | Worksheet) -> HeaderLines:
    """Return where the header of a text or of a sheet is, in lines of the text or rows of the sheet."""
    if isinstance(found, OpenedText):
        return HeaderLines(found.header_lines, found.extra_lines, found.heading, found.again)
    lines, extra, again = found.heading.lines, found.heading.extra, found.heading.again
    return HeaderLines(_rows(lines), _rows(extra), found.heading, _rows(again))


def _rows(places: tuple[int, ...]) -> tuple[int, ...]:
    return tuple(place + 1 for place in places)
