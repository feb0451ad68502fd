"""``/commitments``: all promises, with how far each has come beside how far it should be."""

from __future__ import annotations

from typing import Any

from catalog.exports.folders import folder_name
from catalog.exports.promises import OVERALL
from catalog.repositories.commitment_slugs import commitment_slugs
from catalog.site.pages.page import Content, Visit
from catalog.site.pages.paging import paged

__all__ = ["PAGES", "promises", "slugs"]

SHOWN = 50
"""Promises on a page."""
_LATE = ("missed", "off_track", "at_risk", "regressed")


def slugs(visit: Visit) -> dict[str, str]:
    """Return the part of each commitment's address that names it, by the commitment's id: the id, with hyphens in
    place of slashes. Where that is the same for several ids, all but the first in order of the alphabet end with a hash
    of the id."""
    return commitment_slugs(visit.conn)


def _with_slugs(visit: Visit, rows: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """Return rows of commitments, which have an "id", each with its "slug" as :func:`slugs` gives it."""
    known = slugs(visit) if rows else {}
    return [row | {"slug": known[row["id"]]} for row in rows]


def promises(visit: Visit, where: str = "true", limit: int = -1, **values: object) -> list[dict[str, Any]]:
    """Return commitments with their last overall reading, those in most danger first, each with its "slug".

    ``where``: SQL condition on the commitment ``c`` and that reading ``r``, a constant of ours. ``limit``: how many at
    most; -1 for all. ``values``: values of the SQL parameters by name.
    """
    rows = visit.rows(
        f"""select c.id, c.title, c.government, c.country, c.lead, c.is_example, c.irm_completion,
              coalesce(r.deadline, c.deadline) as deadline, r.progress, r.expected, r.timing_status,
              r.suggested_completion, r.run_id
            from commitments c left join commitment_readings r on r.commitment_id = c.id
              and r.indicator_id = :overall
              and r.run_id = (select max(l.run_id) from commitment_readings l
                              where l.commitment_id = c.id and l.indicator_id = :overall)
            where {where}
            order by case r.timing_status when 'missed' then 0 when 'regressed' then 1 when 'off_track' then 2
              when 'at_risk' then 3 when 'on_track' then 4 when 'scheduled' then 5 when 'met' then 7
              when 'met_late' then 7 else 6 end, coalesce(r.deadline, c.deadline, '9'), c.id limit :limit""",  # noqa: S608  # SQL of ours
        overall=OVERALL,
        limit=limit,
        **values,
    )
    return _with_slugs(visit, rows)


def _count(visit: Visit) -> int:
    return int((visit.row("select count(*) as n from commitments") or {})["n"])


def _read(visit: Visit, offset: int) -> Content:
    found = promises(visit)
    chosen = found[offset : offset + SHOWN]
    for one in chosen:
        one["government_slug"] = folder_name(one["government"] or "")
    t = visit.words.phrase
    return {
        "title": t("commitments.title"),
        "description": t("commitments.description"),
        "commitments": chosen,
        "count": len(found),
        "late": sum(one["timing_status"] in _LATE for one in found),
    }


PAGES = paged("commitments", "/commitments", shown=SHOWN, count=_count, read=_read)
