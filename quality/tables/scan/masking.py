"""Mask values: show the shape of a value in its place, and the order of magnitude of a range.

The catalogue, its files, the site and mails never contain a cell. Names of columns are not cells; but if a table has no
header, its first row is in their place and is not shown either (see :mod:`quality.tables.read.header_cells`).
"""

from __future__ import annotations

import hashlib

__all__ = ["coarse", "digest", "shape"]

_LONGEST = 20
"""Most characters of a shape that are shown."""
_DIGITS = 3
"""Number of significant digits that are kept."""


def shape(value: str) -> str:
    """Return the form of a value without its content: each digit as 9, each letter as a, other ASCII characters
    unchanged.

    Any other character becomes "·". After 20 characters the result is cut and ends with "…".

    >>> shape("2024-05"), shape("Oak, red")
    ('9999-99', 'aaa, aaa')
    """
    signs = ("9" if c.isdigit() else "a" if c.isalpha() else c if c.isascii() else "·" for c in value[: _LONGEST + 1])
    found = "".join(signs)
    return found if len(found) <= _LONGEST else f"{found[:_LONGEST]}…"


def coarse(value: float) -> float:
    """Return a number rounded to three significant digits, so that a long number shows only its magnitude.

    Numbers of up to three digits stay as they are, and so do whole numbers from 1000 to 2999, because they may be
    years.

    >>> coarse(123456.0), coarse(1987.0)
    (123000.0, 1987.0)
    """
    if value == int(value) and 1000 <= abs(value) < 3000:
        return value
    return float(f"{value:.{_DIGITS}g}")


def digest(value: object) -> str:
    """Return a digest of a value (12 hexadecimal digits), by which values can be compared without being shown."""
    return hashlib.blake2b(str(value).encode(), digest_size=6).hexdigest()
