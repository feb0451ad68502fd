"""``/corrections``: where we were wrong, since when, and what it did to the score; and its feed."""

from __future__ import annotations

from typing import Any

from catalog.site.pages.page import Content, Page, Visit
from catalog.site.pages.paging import paged

__all__ = ["PAGES"]

SHOWN = 50
"""Corrections on a page, and in the feed."""


def _rows(visit: Visit, offset: int) -> list[dict[str, Any]]:
    return visit.rows(
        """select c.id, c.corrected_at, coalesce(c.reason, 'dispute') as reason, c.portal_id, p.title as portal,
             c.dataset_id, coalesce(d.title, d.identifier) as dataset, c.rule_id, coalesce(c.field, f.field) as field,
             c.observed_before, f.first_seen_run, f.resource_url, c.score_before, c.score_after, c.finding_id
           from (select * from corrections order by corrected_at desc, id desc limit :shown offset :offset) c
           left join portals p on p.id = c.portal_id left join datasets d on d.id = c.dataset_id
           left join findings f on f.id = c.finding_id order by c.corrected_at desc, c.id desc""",
        shown=SHOWN,
        offset=offset,
    )


def _count(visit: Visit) -> int:
    return int((visit.row("select count(*) as n from corrections") or {})["n"])


def _read(visit: Visit, offset: int) -> Content:
    t = visit.words.phrase
    return {
        "title": t("corrections.title"),
        "description": t("corrections.description"),
        "corrections": _rows(visit, offset),
        "feed": "/corrections.xml",
    }


def _feed(visit: Visit) -> Content:
    words = visit.words
    return {
        "title": words.phrase("corrections.title"),
        "about": "/corrections",
        "entries": [
            {
                "id": row["id"],
                "title": f"{row['portal'] or row['portal_id']}: {row['dataset'] or row['dataset_id'] or ''}",
                "updated": row["corrected_at"],
                "path": f"/dataset/{row['dataset_id']}" if row["dataset_id"] else "/corrections",
                "text": words.phrase(f"corrections.reason_{row['reason']}")
                + f" {words.question(row['rule_id'] or '')} {words.said(row['observed_before'], row['field'])}",
            }
            for row in _rows(visit, 0)
        ],
    }


PAGES = (
    *paged("corrections", "/corrections", shown=SHOWN, count=_count, read=_read),
    Page(name="feed", address="/corrections.xml", read=_feed, form="xml", is_translated=False),
)
