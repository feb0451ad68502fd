"""``/imported``: portals that other Winnows measured and whose packages were taken in.

They stand beside our own: nothing here is ranked, and no figure of ours counts them.
"""

from __future__ import annotations

import json
from typing import Any

from catalog.db.schema.imported import same_portal
from catalog.site.pages.page import Content, Visit
from catalog.site.pages.paging import paged
from specs.methodology import is_comparable
from specs.metrics import methodology_version

__all__ = ["PAGES"]

SHOWN = 50
_SQL = f"""select i.id, i.portal_id, i.title, i.url, i.government, i.country, i.datasets, i.score, i.score_low,
       i.score_high, i.methodology_version, i.last_complete_at, i.measured_by, i.origin, k.counts,
       (select min(p.id) from portals p where k.copies > 1 and {same_portal("p.url")} = {same_portal("i.url")}) as ours
    from imported_portals i join known_portals k on k.id = i.id
    order by coalesce(i.title, i.portal_id), i.id limit :shown offset :offset"""  # noqa: S608  # our own SQL
"""By title, whatever their scores: those of other versions of the method are not compared."""


def _count(visit: Visit) -> int:
    return int((visit.row("select count(*) as n from imported_portals") or {})["n"])


def _portal(row: dict[str, Any], current: str) -> dict[str, Any]:
    version = row["methodology_version"]
    # Whoever handed it on is named with it, and is not to be found at the address of who measured it.
    origin = json.loads(row.pop("origin") or "[]")
    site = origin[0].get("site_url") if len(origin) == 1 else None
    return row | {
        "site_url": site,
        "counts": bool(row["counts"]),
        "is_comparable": version is not None and is_comparable(version, current),
    }


def _read(visit: Visit, offset: int) -> Content:
    t, current = visit.words.phrase, methodology_version()
    count = _count(visit)
    return {
        "title": t("imported.title"),
        "description": t("imported.description"),
        "count": count,
        "portals": [_portal(row, current) for row in visit.rows(_SQL, shown=SHOWN, offset=offset)],
        "is_listed": count > 0,
    }


PAGES = paged("imported", "/imported", shown=SHOWN, count=_count, read=_read)
