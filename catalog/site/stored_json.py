"""Read JSON that stands in a cell of the public file. A cell with anything else counts as empty: portals wrote it."""

from __future__ import annotations

import json
from typing import Any, TypeVar

__all__ = ["listed", "stored", "texts"]

T = TypeVar("T", list[Any], dict[str, Any])


def stored(cell: str | None, kind: type[T]) -> T:
    """Return the list or the object (``kind``: list or dict) that a cell holds as JSON; an empty one if it holds none.

    >>> stored('{"a": 1}', dict), stored("[1]", dict), stored("[", list)
    ({'a': 1}, {}, [])
    """
    try:
        found = json.loads(cell) if cell else None
    except (ValueError, RecursionError):
        found = None
    return found if isinstance(found, kind) else kind()


def listed(cell: str | None) -> list[Any]:
    """Return the members of the list that a cell holds as JSON; none of any other cell."""
    return stored(cell, list)


def texts(cell: str | None) -> list[str]:
    """Return the texts in the list that a cell holds as JSON; other members are left out."""
    return [one for one in listed(cell) if isinstance(one, str)]
