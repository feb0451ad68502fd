"""Which columns a table lost or gained between two readings, by the names that its header gives them."""

from __future__ import annotations

import re
from collections.abc import Sequence

__all__ = ["gone"]

_NUMBERED = re.compile(r"(.+) \((\d+)\)", re.DOTALL)


def gone(before: Sequence[str], now: Sequence[str]) -> list[str]:
    """Return the names that a table had ``before`` and no longer has ``now``.

    A reader of tables makes a repeated name unique by adding the number of its column, as in "a (3)". That number is
    ignored here: a column "a (3)" is not gone while the table still has a column "a".

    >>> gone(["a", "b", "a (3)"], ["a", "c"])
    ['b']
    """
    kept = set(_labels(now))
    return [name for name, label in zip(before, _labels(before), strict=True) if label not in kept]


def _labels(names: Sequence[str]) -> list[str]:
    """Return the names as the header has them, without the numbers of repeated ones."""
    labels: list[str] = []
    for column, name in enumerate(names, start=1):
        label, found = name, _NUMBERED.fullmatch(name)
        while found and int(found[2]) == column and found[1] in names[: column - 1]:
            label = found[1]
            found = _NUMBERED.fullmatch(label)
        labels.append(label)
    return labels
