"""The result of a recogniser."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from harvester.detect.asking import ProbeResponse

__all__ = ["BEGINNING", "CERTAIN", "HINT", "LIKELY", "Detection", "Recogniser", "count_of", "recognised"]

CERTAIN, LIKELY, HINT = 0.95, 0.7, 0.4


@dataclass(frozen=True, slots=True)
class Detection:
    """A portal type found behind an address: how certain, how many datasets, and what identified it."""

    type: str
    confidence: float
    datasets: int | None
    evidence: str


Recogniser = Callable[[ProbeResponse], Detection | None]

MAX_DIGITS = 12
"""Digits of a count, at most; a longer number is not a count."""
BEGINNING = 500_000
"""Bytes at the beginning of a page that are searched."""


def recognised(recogniser: Recogniser, seen: ProbeResponse) -> Detection | None:
    """Return a recogniser's result, or None if it fails: servers send anything, and an exception is no detection."""
    try:
        return recogniser(seen)
    except Exception:  # noqa: BLE001  # an answer of a shape nobody thought of must not end the detection
        return None


def count_of(value: Any) -> int | None:
    """Return a stated count as an integer; None if the value is not a plausible count."""
    if isinstance(value, str) and value.isascii() and value.isdigit() and len(value) <= MAX_DIGITS:
        return int(value)
    is_count = isinstance(value, int) and not isinstance(value, bool) and 0 <= value < 10**MAX_DIGITS
    return value if is_count else None
