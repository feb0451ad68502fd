"""What is shown of a value in place of the value: its shape, and of a range its order of magnitude.

The catalogue, its files, the site and mails never hold a cell. Names of columns are no cells; but where a table has no
header its first row stands in their place, and is not shown either (see :mod:`.header_cells`).
"""

from __future__ import annotations

import hashlib

__all__ = ["coarse", "digest", "shape"]

_LONGEST = 20
"""Signs of a shape that are shown."""
_DIGITS = 3
"""Of a number in a range."""


def shape(value: str) -> str:
    """``9999-99`` for a month, ``aaa`` for a word: each digit as 9, each letter as a, other signs as they are."""
    signs = ("9" if c.isdigit() else "a" if c.isalpha() else c if c.isascii() else "·" for c in value[: _LONGEST + 1])
    found = "".join(signs)
    return found if len(found) <= _LONGEST else f"{found[:_LONGEST]}…"


def coarse(value: float) -> float:
    """A number to three digits: a range says how large values are, and not what stands in a cell. Years are kept."""
    if value == int(value) and 1000 <= abs(value) < 3000:
        return value
    return float(f"{value:.{_DIGITS}g}")


def digest(value: object) -> str:
    """By which two values are seen to be the same."""
    return hashlib.blake2b(str(value).encode(), digest_size=6).hexdigest()
