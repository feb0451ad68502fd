"""``/vanished``: what disappeared from portals after a complete harvest and the grace period, or lost columns; and
what the operator withholds."""

from __future__ import annotations

import json
from typing import Any

from catalog.db.schema.views import address
from catalog.site.columns import gone
from catalog.site.pages.page import Content, Page, Visit
from catalog.site.pages.paging import paged

__all__ = ["PAGES"]

SHOWN = 50
"""Datasets on a page, and entries of the feed."""
FILES = 20
"""Files, and tables that lost columns, on the first page."""
SILENT_RUNS = 7
"""Harvests in a row that must have failed before a portal counts as silent."""


def _datasets(visit: Visit, offset: int) -> list[dict[str, Any]]:
    """Return retired datasets, those retired last first, each with where a copy is still listed."""
    rows = visit.rows(
        """select d.id, d.title, d.identifier, d.portal_id, p.title as portal, b.name as publisher, d.last_seen_run,
             d.missing_on, d.retired_at, d.raw_hash, d.landing_page, d.cluster_id
           from (select * from datasets where status = 'retired' order by retired_at desc, id desc
                 limit :shown offset :offset) d
           join portals p on p.id = d.portal_id left join publishers b on b.id = d.publisher_id
           order by d.retired_at desc, d.id desc""",
        shown=SHOWN,
        offset=offset,
    )
    for row in rows:
        cluster = row.pop("cluster_id")
        row["elsewhere"] = (
            visit.rows(
                """select d.id, p.title as portal from present_datasets d join portals p on p.id = d.portal_id
                   where d.cluster_id = :cluster and d.id != :id limit 3""",
                cluster=cluster,
                id=row["id"],
            )
            if cluster
            else []
        )
    return rows


def _files(visit: Visit) -> list[dict[str, Any]]:
    """Return files that datasets still listed have lost, those seen last first."""
    # "cross join" keeps the order of the tables: retired files from the last one, until enough belong to such datasets.
    return visit.rows(
        f"""select f.id, f.title, f.dataset_id, d.title as dataset, f.last_seen_run,
             {address("f")} as url
           from distributions f cross join present_datasets d on d.id = f.dataset_id
           where f.is_retired = 1 order by f.last_seen_run desc, f.id desc limit :shown""",  # noqa: S608  # SQL of ours
        shown=FILES,
    )


def _columns(visit: Visit) -> list[dict[str, Any]]:
    """Return tables that have fewer columns than in the report before, those checked last first, with the names that
    are gone."""
    rows = visit.conn.execute(
        """select t.distribution_id, f.title, f.dataset_id, d.title as dataset, t.run_id, t.columns, t.columns_before
           from table_reports t cross join distributions f on f.id = t.distribution_id
           cross join present_datasets d on d.id = f.dataset_id
           where t.columns_before != t.columns and t.rejudged_run is null and t.status in ('valid', 'invalid')
           order by t.run_id desc, t.distribution_id desc"""
    )
    found: list[dict[str, Any]] = []
    # Rows come as they are read: no more are read than are shown.
    for row in map(dict, rows):
        now, before = json.loads(row.pop("columns")), json.loads(row.pop("columns_before"))
        lost = gone(before, now)
        if lost and now and len(now) < len(before):
            found.append(row | {"lost": lost[:20], "count": len(lost)})
        if len(found) == FILES:
            break
    return found


def _portals(visit: Visit) -> list[dict[str, Any]]:
    """Return portals that were read once and of which nothing could be read in the last nights, with the last run that
    read them and the number of those nights. Why is not said: it may be our own fault."""
    return visit.rows(
        """select p.id, p.title, p.url, p.datasets, r.last_read,
             (select count(*) from harvests h where h.portal_id = p.id and h.verdict = 'failed'
              and h.run_id > r.last_read) as nights
           from (select portal_id, max(run_id) as last_read from harvests
                 where verdict is not null and verdict != 'failed' group by portal_id) r
           join portals p on p.id = r.portal_id where nights >= :runs
           order by p.title, p.id""",
        runs=SILENT_RUNS,
    )


_WITHHELD_COUNT = "select count(distinct dataset_id) as n from withholdings where lifted_at is null"


def _withheld(visit: Visit) -> list[dict[str, Any]]:
    """Return datasets whose content the operator has withheld, the latest first, with the day and the reason."""
    return visit.rows(
        """select h.dataset_id as id, h.portal_id, p.title as portal, min(h.withheld_at) as withheld_at, h.reason
           from withholdings h left join portals p on p.id = h.portal_id
           where h.lifted_at is null group by h.dataset_id order by withheld_at desc, id limit :shown""",
        shown=SHOWN,
    )


def _count(visit: Visit) -> int:
    return int((visit.row("select count(*) as n from datasets where status = 'retired'") or {})["n"])


def _read(visit: Visit, offset: int) -> Content:
    t, is_first = visit.words.phrase, offset == 0
    return {
        "title": t("vanished.title"),
        "description": t("vanished.description"),
        "count": _count(visit),
        "datasets": _datasets(visit, offset),
        "portals": _portals(visit) if is_first else [],
        "files": _files(visit) if is_first else [],
        "tables": _columns(visit) if is_first else [],
        "withheld": _withheld(visit) if is_first else [],
        "withheld_count": (visit.row(_WITHHELD_COUNT) or {})["n"],
        "feed": "/vanished.xml",
    }


def _feed(visit: Visit) -> Content:
    words = visit.words
    return {
        "title": words.phrase("vanished.title"),
        "about": "/vanished",
        "entries": [
            {
                "id": row["id"],
                "title": f"{row['title'] or row['identifier']} ({row['portal']})",
                "updated": row["retired_at"] or "1970-01-01T00:00:00Z",
                "path": f"/dataset/{row['id']}",
                "text": words.phrase("vanished.record", hash=row["raw_hash"] or "–"),
            }
            for row in _datasets(visit, 0)
        ],
    }


PAGES = (
    *paged("vanished", "/vanished", shown=SHOWN, count=_count, read=_read),
    Page(name="feed", address="/vanished.xml", read=_feed, form="xml", is_translated=False),
)
