"""Choose the tables of which Great Expectations checks everything itself, to see that the compiled functions agree."""

from __future__ import annotations

__all__ = ["is_sampled"]

_ONE_IN = 100
_DIGITS = 12
"""Hexadecimal digits of the hash that decide; far more than enough for equal shares."""


def is_sampled(sha256: str) -> bool:
    """Return whether a file is one of those, by the SHA-256 of its bytes: one in a hundred, the same ones every night.

    ``sha256`` is in hexadecimal digits; a file whose hash is not known ("") is not chosen.
    """
    return bool(sha256) and int(sha256[:_DIGITS], 16) % _ONE_IN == 0
