"""The types of what a scan of a text returns."""

from __future__ import annotations

from typing import TypedDict

__all__ = ["Places", "Scan", "ScannedColumn"]

Places = tuple[int, list[int]]
"""How often something occurs, and the first lines (from 1)."""


class ScannedColumn(TypedDict):
    """What a scan of all rows found in one column.

    In each pair of values, the first was read with a decimal point or with the day first, the second with a decimal
    comma or with the month first. ``Places`` are a pair too: how often something occurs, and its first lines, from 1.
    """

    classes: dict[str, Places]
    """Cells by what they look like, see the list in ``scan.h``; classes without cells are left out."""
    odd: dict[str, Places]
    """Cells with an oddity: "padded" (spaces around it), "line_break", "mojibake" (Ã© for é), "lost" (a "?" between
    letters beyond ASCII), "error" (#REF!), "formula" (begins with "="), "epoch" (the first date that a program knows,
    such as 1970-01-01), "email", "iban" and "phone"."""
    low: tuple[float, float]
    high: tuple[float, float]
    """Smallest and largest number; inf and -inf without numbers."""
    first_day: tuple[int, int]
    last_day: tuple[int, int]
    """First and last date as yyyymmdd; 0 without dates."""
    shortest: int
    longest: int
    """Shortest and longest cell that is not blank, in characters."""
    digest: str
    """Digest of all cells in their order."""
    digits: list[int]
    """Number of integers by their number of digits."""
    is_rising: bool
    """True if all cells are integers, each greater than the one before, and so all different."""
    distinct: float
    """Number of different values."""
    is_exact: bool
    """True if ``distinct`` was counted (up to 1,024), false if it was estimated (HyperLogLog, standard error 1.6 %)."""
    quartiles: tuple[tuple[float, float, float], tuple[float, float, float]] | None
    """Quartiles of the numbers in the sample."""
    tokens: list[tuple[str, str, Places]]
    """Cells that are no plain numbers or dates: text, class and places of the first 96 different ones."""
    are_all_tokens: bool
    """True if ``tokens`` contains every such cell."""
    frequent: list[tuple[str, int]]
    """Values that occur more than once, at most ten."""
    sample: list[str]
    """Up to 1,000 cells, evenly spaced, that are neither blank nor missing."""


class Scan(TypedDict):
    """What one pass over all rows of a table found: counts, each with the first lines concerned, and the columns.

    ``short_rows`` have fewer cells than the header, ``long_rows`` more. ``duplicate_rows`` are equal to an earlier row
    in all cells. ``stray_quotes`` are rows with a quotation mark inside an unquoted cell, or with text after a closing
    one; ``open_quotes`` those in which one is never closed. ``long_records`` are too long to be read. ``Places`` are a
    pair: how often something occurs, and its first lines, from 1.
    """

    rows: int
    """Number of rows below the header, including blank ones."""
    crlf: int
    lf: int
    cr: int
    """Number of line ends of each kind."""
    compared_rows: int
    """Number of rows in which duplicates were searched for; at most 8,388,608 different rows are remembered."""
    blank_rows: Places
    short_rows: Places
    long_rows: Places
    duplicate_rows: Places
    stray_quotes: Places
    open_quotes: Places
    long_records: Places
    columns: list[ScannedColumn]
