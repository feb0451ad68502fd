"""The rows of ``census.csv``: which key datasets each portal has."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from catalog.db.store import Catalog, started
from catalog.repositories.census import census_of
from catalog.vocabulary.promises import key_datasets

__all__ = ["census_rows"]


def census_rows(catalog: Catalog, *, government: str | None = None) -> Iterator[dict[str, Any]]:
    """Yield the rows of ``census.csv``: for each portal and key dataset what its last census says.

    ``government``: the only government whose portals are wanted; None means all.
    """
    titles = {one.id: one.title for one in key_datasets()}
    for row in census_of(catalog):
        if government is None or row["government"] == government:
            yield {
                **row,
                "key_title": titles.get(row["key"], row["key"]),
                "since": started(row["since_run"]).date().isoformat(),
            }
