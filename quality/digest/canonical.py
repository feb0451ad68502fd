"""Values as text that is the same on every version of Python and of the libraries, and its hash."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping, Sequence, Set
from datetime import date
from enum import Enum
from typing import Any

import numpy as np

__all__ = ["DIGITS", "canonical", "hashed"]

DIGITS = 9
"""Digits after the point to which numbers are rounded: sums in another order differ further behind."""


def canonical(value: Any) -> Any:
    """A value as plain JSON. Numbers are rounded, sets sorted; a number that is whole is the same as an integer.

    Raises TypeError for what has no such form. An object of a library would leave a text that its next version writes
    in another way, and one of ours the names of its fields, which may change without any answer.
    """
    if value is None or isinstance(value, str | bool):
        return value
    if isinstance(value, np.ndarray):
        return [list(value.shape), _bytes_hashed(value)]
    if isinstance(value, int):
        return value
    if isinstance(value, float):
        if value != value:
            return "not a number"
        rounded = round(value, DIGITS)
        return int(rounded) if rounded.is_integer() else rounded
    if isinstance(value, Enum):
        return f"<{canonical(value.value)}>"
    if isinstance(value, date):
        return value.isoformat()
    if isinstance(value, Mapping):
        return {str(key): canonical(one) for key, one in value.items()}
    if isinstance(value, Set):
        return sorted((canonical(one) for one in value), key=json.dumps)
    if isinstance(value, Sequence):
        return [canonical(one) for one in value]
    raise TypeError(f"{type(value).__name__} has no form that can be hashed: say which of its values count")


def _bytes_hashed(value: np.ndarray[Any, Any]) -> str:
    """SHA-256 of a matrix of numbers, rounded."""
    # Adding 0 makes minus zero plain; there are many bit patterns that are not a number.
    rounded = np.round(value.astype("<f8"), DIGITS) + 0.0
    rounded[np.isnan(rounded)] = np.nan
    return hashlib.sha256(np.ascontiguousarray(rounded, dtype="<f8").tobytes()).hexdigest()


def hashed(value: Any) -> str:
    """SHA-256 of a value, in hexadecimal digits."""
    text = json.dumps(canonical(value), ensure_ascii=True, sort_keys=True, separators=(",", ":"), allow_nan=False)
    return hashlib.sha256(text.encode("ascii")).hexdigest()
