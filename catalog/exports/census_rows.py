"""The rows of ``census.csv``: which key datasets each portal has.

A key dataset is a kind of dataset, such as the budget, that open-data indices look for in every country. A census is
one search of a portal for all of them.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from catalog.db.store import Catalog, started
from catalog.repositories.census import census_of
from catalog.vocabulary.promises import key_datasets

__all__ = ["census_rows"]


def census_rows(catalog: Catalog, *, government: str | None = None) -> Iterator[dict[str, Any]]:
    """Yield the rows of ``census.csv``: for each portal and each key dataset, the state that the last census of the
    portal gave it.

    A row has the columns of :func:`catalog.repositories.census.census_of`, the title of the key dataset as
    ``key_title`` (its id if the vocabulary no longer has it), and ``since``, the day from which it has had its state.
    Portals without a census have no rows. ``government``: name of the only government whose portals are wanted; None
    means all.
    """
    titles = {one.id: one.title for one in key_datasets()}
    for row in census_of(catalog, government=government, is_shown=True):
        yield {
            **row,
            "key_title": titles.get(row["key"], row["key"]),
            "since": started(row["since_run"]).date().isoformat(),
        }
