"""Decide whether the row in place of the column names is data; then its cells are not shown as names."""

from __future__ import annotations

import re
from collections.abc import Sequence

from quality.tables.read.layout import has_no_header

__all__ = ["is_one_of", "names_are_cells"]

_ROWS = 60
_COLUMNS = 200
_PERSONAL = re.compile(r"[^@\s]+@[^@\s]+\.\w{2,}|\+\d[\d ()./-]{8,}|[A-Z]{2}\d{2}[ ]?[A-Z0-9]{4}[A-Z0-9 ]{7,30}")
"""An e-mail address, a telephone number or a bank account, none of which is the name of a column."""


def names_are_cells(header: Sequence[str], rows: Sequence[Sequence[str]]) -> bool:
    """Return whether the row that was taken for the header is probably a row of data, so that its cells must not be
    shown.

    ``header`` is that row, ``rows`` are the rows below. It is a row of data if one of its cells is an e-mail address, a
    telephone number or a bank account, if :func:`~quality.tables.read.layout.has_no_header` says so, or if at least
    half of its cells look like the values below them (:func:`is_one_of`).
    """
    if any(_PERSONAL.fullmatch(cell.strip()) for cell in header) or has_no_header(header, rows[:50]):
        return True
    filled = [(place, cell.strip()) for place, cell in enumerate(header[:_COLUMNS]) if cell.strip()]
    below = [row for row in rows[:_ROWS] if list(row) != list(header)]
    alike = sum(is_one_of(cell, [row[place].strip() for row in below if len(row) > place]) for place, cell in filled)
    return bool(filled) and 2 * alike >= len(filled)


def is_one_of(cell: str, below: Sequence[str]) -> bool:
    """Return whether a cell of the first row is probably a value like those of the rows below it, and not a name.

    It is if nine in ten of the cells ``below`` have the same pattern of digits, capitals and small letters, or begin
    with the same five characters (unless these are digits). Cells of fewer than five characters, and columns with fewer
    than three different values, are not judged: the result is False.
    """
    if len(cell) < 5:
        return False
    values = [one for one in below if one]
    most = 0.9 * len(values)
    start = "" if cell[:5].isdigit() else cell[:5]
    begins = sum(one.startswith(start) and not one.startswith(cell) for one in values) if start else 0
    if begins < most and sum(len(one) == len(cell) for one in values) < most:
        return False
    if len(set(values)) < 3:
        return False
    wanted = _full_shape(cell)
    return begins >= most or sum(_full_shape(one) == wanted for one in values) >= most


def _full_shape(value: str) -> str:
    return "".join("9" if c.isdigit() else "A" if c.isupper() else "a" if c.isalpha() else c for c in value)
