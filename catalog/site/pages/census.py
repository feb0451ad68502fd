"""``/census``: which of the key datasets every government is asked for, and the one that was taken for each."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable
from typing import Any

from catalog.exports.folders import folder_name
from catalog.site.pages.page import Content, Visit
from catalog.site.pages.paging import paged
from catalog.vocabulary.promises import key_datasets

__all__ = ["PAGES", "best_of", "portals_of"]

_BEST = ("open", "unknown", "closed", "not_observed", "not_found")
"""States of a key dataset: a government has the first of them that one of its portals has. So it is "not found" only
where all portals were looked through: not observed is never missed."""
_LEGEND = ("open", "unknown", "closed", "not_found", "not_observed")
COLUMNS = 8
"""Governments side by side on a page."""


def best_of(rows: Iterable[dict[str, Any]], portals: int) -> dict[str, dict[str, Any]]:
    """Return the row of the census that counts for a government, by key: the best of its portals.

    ``rows``: rows of ``census`` of its portals, with at least "key" and "state"; states that are not known are left
    out. ``portals``: how many portals it has. A key that was not found where it was looked for counts as not observed
    if a portal has no row for it: nobody has looked there.
    """
    best: dict[str, dict[str, Any]] = {}
    seen: Counter[str] = Counter()
    for row in rows:
        if row["state"] not in _BEST:
            continue
        seen[row["key"]] += 1
        known = best.get(row["key"])
        if known is None or _BEST.index(row["state"]) < _BEST.index(known["state"]):
            best[row["key"]] = row
    return {
        key: row | {"state": "not_observed", "reason": None} if _is_early(row, seen[key], portals) else row
        for key, row in best.items()
    }


def _is_early(row: dict[str, Any], seen: int, portals: int) -> bool:
    return row["state"] == "not_found" and seen < portals


def portals_of(visit: Visit, government: str) -> int:
    """Return how many portals a government has, those included that nobody has read yet."""
    return int((visit.row("select count(*) as n from governments where name = :name", name=government) or {})["n"])


def _governments(visit: Visit) -> list[str]:
    return [
        row["name"]
        for row in visit.rows(
            "select distinct g.name from census c join governments g on g.portal_id = c.portal_id order by g.name"
        )
    ]


def _read(visit: Visit, offset: int) -> Content:
    chosen = _governments(visit)[offset : offset + COLUMNS]
    cells = {name: best_of(_rows(visit, name), portals_of(visit, name)) for name in chosen}
    t = visit.words.phrase
    return {
        "title": t("census.title"),
        "description": t("census.description"),
        "governments": [{"name": name, "slug": folder_name(name)} for name in chosen],
        "keys": [
            {
                "key": one.id,
                "title": visit.words.keys.get(one.id, one.title),
                "cells": [cells[name].get(one.id) for name in chosen],
            }
            for one in key_datasets()
        ],
        "states": list(_LEGEND),
    }


def _rows(visit: Visit, government: str) -> list[dict[str, Any]]:
    return visit.rows(
        """select c.portal_id, c.key, c.state, c.reason, c.dataset_id, c.points, c.evidence, c.confirmed_by,
             c.confirmed_on, c.since_run, d.title, d.identifier
           from governments g join census c on c.portal_id = g.portal_id left join datasets d on d.id = c.dataset_id
           where g.name = :name order by c.portal_id""",
        name=government,
    )


PAGES = paged("census", "/census", shown=COLUMNS, count=lambda visit: len(_governments(visit)), read=_read)
