"""Turn values into text that is the same on every version of Python and its libraries, and hash that text."""

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
"""Decimal places to which numbers are rounded: the order of a sum changes only later digits."""


def canonical(value: Any) -> Any:
    """Return a value as plain JSON: numbers rounded to 9 decimals, sets sorted, whole floats as integers, NaN and
    enumerations as texts, arrays as shape and hash.

    Raise TypeError for a value of any other type than numbers, texts, dates, enumerations, arrays and collections. The
    text of any other object may differ between versions of Python or a library although no result differs.

    >>> canonical({"share": 0.1 + 0.2, "ids": {"b", "a"}, "count": 2.0})
    {'share': 0.3, 'ids': ['a', 'b'], 'count': 2}
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
    """Return the SHA-256 of a matrix of rounded numbers."""
    # Adding 0 turns -0 into 0; and NaN has many bit patterns, of which one is chosen.
    rounded = np.round(value.astype("<f8"), DIGITS) + 0.0
    rounded[np.isnan(rounded)] = np.nan
    return hashlib.sha256(np.ascontiguousarray(rounded, dtype="<f8").tobytes()).hexdigest()


def hashed(value: Any) -> str:
    """Return the SHA-256 of a value's canonical JSON (see :func:`canonical`), in hexadecimal digits."""
    text = json.dumps(canonical(value), ensure_ascii=True, sort_keys=True, separators=(",", ":"), allow_nan=False)
    return hashlib.sha256(text.encode("ascii")).hexdigest()
