"""What a recogniser says of an answer."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from harvester.detect.asking import ProbeResponse

__all__ = ["BEGINNING", "CERTAIN", "HINT", "LIKELY", "Detection", "Recogniser", "count_of", "recognised"]

CERTAIN, LIKELY, HINT = 0.95, 0.7, 0.4


@dataclass(frozen=True, slots=True)
class Detection:
    """A portal type behind an address: how sure, how many datasets, and by what it was told."""

    type: str
    confidence: float
    datasets: int | None
    evidence: str


Recogniser = Callable[[ProbeResponse], Detection | None]

MAX_DIGITS = 12
"""Of a count; what is longer is none."""
BEGINNING = 500_000
"""Bytes of a page that are looked through where its beginning tells."""


def recognised(recogniser: Recogniser, seen: ProbeResponse) -> Detection | None:
    """What a recogniser says. One that stumbles over an answer recognises nothing: strangers send anything."""
    try:
        return recogniser(seen)
    except Exception:  # noqa: BLE001  # an answer of a shape nobody thought of must not end the detection
        return None


def count_of(value: Any) -> int | None:
    """A count that an answer tells; None where it is none that can be meant."""
    if isinstance(value, str) and value.isascii() and value.isdigit() and len(value) <= MAX_DIGITS:
        return int(value)
    is_count = isinstance(value, int) and not isinstance(value, bool) and 0 <= value < 10**MAX_DIGITS
    return value if is_count else None
