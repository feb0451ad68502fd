"""The clock that everything stored is dated by. The demo sets it back: its nights, seconds apart, are of six days."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta

__all__ = ["present", "set_back"]

_behind = timedelta()


def present() -> datetime:
    """Return the present time (UTC), or an earlier one within :func:`set_back`."""
    return datetime.now(UTC) - _behind


@contextmanager
def set_back(by: timedelta) -> Iterator[None]:
    """Context manager within which :func:`present` is earlier, in this process.

    What a night within it does is real, and dated as if it had happened then. Only the demo uses it.
    """
    global _behind
    before, _behind = _behind, by
    try:
        yield
    finally:
        _behind = before
