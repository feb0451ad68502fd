"""``/census``: which of the key datasets every government is asked for, and the one that was taken for each."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from catalog.exports.folders import folder_name
from catalog.site.pages.page import Content, Page, Visit
from catalog.vocabulary.promises import key_datasets

__all__ = ["PAGES"]

_BEST = ("open", "unknown", "closed", "not_observed", "not_found")
"""States of a key dataset: a government has the first of them that one of its portals has. So it is "not found" only
where all portals were looked through: not observed is never missed."""
_LEGEND = ("open", "unknown", "closed", "not_found", "not_observed")
COLUMNS = 8
"""Governments side by side on a page."""


def _governments(visit: Visit) -> list[str]:
    return [
        row["name"]
        for row in visit.rows(
            "select distinct g.name from census c join governments g on g.portal_id = c.portal_id order by g.name"
        )
    ]


def _read(visit: Visit) -> Content | None:
    number = int(visit.name) if visit.name.isdecimal() and len(visit.name) < 5 else 1 if not visit.name else 0
    names = _governments(visit)
    last = max(1, -(-len(names) // COLUMNS))
    if not 1 <= number <= last:
        return None
    chosen = names[(number - 1) * COLUMNS : number * COLUMNS]
    cells: dict[tuple[str, str], dict[str, Any]] = {}
    for name in chosen:
        for row in _rows(visit, name):
            known = cells.get((row["key"], name))
            if known is None or _BEST.index(row["state"]) < _BEST.index(known["state"]):
                cells[row["key"], name] = row
    t = visit.words.phrase
    return {
        "title": t("census.title"),
        "description": t("census.description"),
        "governments": [{"name": name, "slug": folder_name(name)} for name in chosen],
        "keys": [
            {
                "key": one.id,
                "title": visit.words.keys.get(one.id, one.title),
                "cells": [cells.get((one.id, name)) for name in chosen],
            }
            for one in key_datasets()
        ],
        "states": list(_LEGEND),
        "page_number": number,
        "last_page": last,
        "canonical": "/census" if number == 1 else None,
    }


def _rows(visit: Visit, government: str) -> list[dict[str, Any]]:
    rows = visit.rows(
        """select c.portal_id, c.key, c.state, c.reason, c.dataset_id, c.points, c.evidence, c.confirmed_by,
             c.confirmed_on, c.since_run, d.title, d.identifier
           from governments g join census c on c.portal_id = g.portal_id left join datasets d on d.id = c.dataset_id
           where g.name = :name order by c.portal_id""",
        name=government,
    )
    return [row for row in rows if row["state"] in _BEST]


def _further(visit: Visit) -> Iterator[str]:
    last = -(-len(_governments(visit)) // COLUMNS)
    yield from (str(number) for number in range(2, last + 1))


PAGES = (
    Page(name="census", address="/census", read=_read),
    Page(name="census", address="/census/page/<number>", read=_read, names=_further),
)
