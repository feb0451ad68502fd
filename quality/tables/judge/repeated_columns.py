"""Find columns that repeat another one: the same values in every row, under a similar name."""

from __future__ import annotations

import re
from collections.abc import Container, Iterator, Sequence

from quality.tables.scan.profile import ColumnProfile, TableProfile

__all__ = ["repeated_columns"]


def repeated_columns(profile: TableProfile) -> Iterator[str]:
    """Yield the names of the columns that have the same values as an earlier one in every row, and a similar name.

    Two columns may agree in every row by chance, so columns whose names differ do not repeat each other. Columns with
    one value, or without any, never do. ``profile`` is the result of the scan of all rows.
    """
    if profile.rows < 2:
        return
    shared = _shared_names(profile.columns)
    earlier: dict[str, str] = {}
    for column in profile.columns:
        if not column.filled or column.scanned["distinct"] <= 1:
            continue
        digest = column.scanned["digest"]
        if digest in earlier and _are_alike(earlier[digest], column, shared):
            yield column.name
        earlier.setdefault(digest, column.name)


def _are_alike(name: str, column: ColumnProfile, shared: Container[str]) -> bool:
    """Return whether two names are equal, or one contains the other and the values are many: an amount stated twice.

    An equal name that is one of ``shared`` proves nothing without many values.
    """
    one, other = _bare_name(name), _bare_name(column.name)
    is_rich = column.scanned["distinct"] >= max(20.0, 0.5 * column.filled)
    if one == other:
        return is_rich or one not in shared
    return is_rich and min(len(one), len(other)) > 2 and (one in other or other in one)


def _shared_names(columns: Sequence[ColumnProfile]) -> set[str]:
    """Return the names that columns of different content have: they do not say that two of these are the same."""
    contents: dict[str, set[str]] = {}
    for column in columns:
        contents.setdefault(_bare_name(column.name), set()).add(column.scanned["digest"])
    return {name for name, digests in contents.items() if len(digests) > 1}


def _bare_name(name: str) -> str:
    return re.sub(r"[\W_]+", "", re.sub(r"\s*\(\d+\)$", "", name)).casefold()
