"""What a pass over a text finds."""

from __future__ import annotations

from typing import TypedDict

__all__ = ["Places", "Scan", "ScannedColumn"]

Places = tuple[int, list[int]]
"""How often, and the lines (1-based) of the first."""


class ScannedColumn(TypedDict):
    """What a column holds. Pairs of values: read with a decimal point or with a comma; day or month first."""

    classes: dict[str, Places]
    """Cells by what they look like: see the list in ``scan.h``. Classes that no cell has are left out."""
    odd: dict[str, Places]
    """Cells that are odd: padded, line_break, mojibake, email, iban, phone, epoch, formula, error,
    lost."""
    low: tuple[float, float]
    high: tuple[float, float]
    """Smallest and largest number; inf and -inf where there is none."""
    first_day: tuple[int, int]
    last_day: tuple[int, int]
    """As yyyymmdd; 0 where there is no date."""
    shortest: int
    longest: int
    """Characters, of the cells that are not blank."""
    digest: str
    """Of all cells in their order."""
    digits: list[int]
    """How many whole numbers have so many digits."""
    is_rising: bool
    """All are whole numbers, each greater than the one before: then all differ."""
    distinct: float
    is_exact: bool
    """Whether ``distinct`` was counted (up to 1,024), not estimated (HyperLogLog, standard error 1.6 %)."""
    quartiles: tuple[tuple[float, float, float], tuple[float, float, float]] | None
    """Quarter points of the numbers in the sample."""
    tokens: list[tuple[str, str, Places]]
    """Cells that are no plain numbers or dates: their text, class, and places. Of the first 96 different ones."""
    are_all_tokens: bool
    """Whether ``tokens`` holds every such cell."""
    frequent: list[tuple[str, int]]
    """Values that came more than once, ten at most."""
    sample: list[str]
    """Up to 1,000 cells that are neither blank nor missing, drawn evenly."""


class Scan(TypedDict):
    rows: int
    crlf: int
    lf: int
    cr: int
    compared_rows: int
    """Rows up to which duplicates were looked for: 8,388,608 different rows at most are remembered."""
    blank_rows: Places
    short_rows: Places
    long_rows: Places
    duplicate_rows: Places
    stray_quotes: Places
    open_quotes: Places
    long_records: Places
    columns: list[ScannedColumn]
