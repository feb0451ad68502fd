"""Find the datasets that must be scored again, because something a measurement depends on was written.

The triggers of :mod:`catalog.db.due_triggers` note datasets whose record, addresses or tables have changed. The
calendar and the methodology are considered here, when a portal is scored. All other datasets would get the same score
again, so they are skipped.
"""

from __future__ import annotations

from datetime import date
from typing import TYPE_CHECKING

from catalog.db.due_triggers import NOTE
from catalog.db.schema.views import is_present
from catalog.repositories.touched import adopt

if TYPE_CHECKING:
    from catalog.db.store import Catalog

__all__ = ["due"]


def due(catalog: Catalog, portal_id: str, as_of: date, methodology: str, *, is_full: bool) -> list[str]:
    """Return the ids, sorted, of the datasets that a portal currently lists and that must be scored now.

    A dataset must be scored if it never was, if something its score depends on has changed, or if the day has come on
    which its score changes by itself. ``as_of``: the day of the run. A dataset must also be scored if its last score is
    by another methodology version than ``methodology``, the present one. If the two versions differ only by names added
    to vocabularies, this holds just for datasets that declare one of these names.

    ``is_full``: True returns all datasets that the portal lists. Otherwise the call also writes: it updates the table
    ``to_score``, and marks scores that the new version does not change as being by that version.
    """
    if is_full:
        sql = "select id from present_datasets where portal_id = ? order by id"
        return [row["id"] for row in catalog.rows(sql, [portal_id])]
    adopt(catalog, portal_id, methodology)
    with catalog.writing():
        # Files with the same bytes are distinguished by the titles of their datasets.
        if catalog.value("select exists (select 1 from resource_checks where sha256 is not null)"):
            catalog.db.conn.execute(
                NOTE.format(
                    # Each hash once: a server may send the same page in place of thousands of files.
                    select="""with hashes as materialized (
                      select distinct c.sha256 from to_score t
                      join distributions own on own.dataset_id = t.dataset_id
                      join resource_checks c on c.url in (own.download_url, own.access_url) and c.sha256 is not null),
                    addresses as materialized (
                      select same.url from resource_checks same where same.sha256 in (select sha256 from hashes))
                    select d.dataset_id from distributions d
                    join dataset_quality q on q.dataset_id = d.dataset_id
                    where d.portal_id = :portal and d.id in (
                      select x.id from addresses a join distributions x on x.download_digest = address_digest(a.url)
                        and x.download_url = a.url
                      union select x.id from addresses a join distributions x on x.access_digest = address_digest(a.url)
                        and x.access_url = a.url)"""
                ),
                {"portal": portal_id},
            )
        # A dataset no longer listed is done; if it returns, it is noted again.
        catalog.db.conn.execute(
            f"""delete from to_score
               where dataset_id in (select id from datasets where portal_id = ? and not {is_present("")})""",
            [portal_id],
        )
    rows = catalog.rows(
        """select d.id from present_datasets d left join dataset_quality q on q.dataset_id = d.id
           where d.portal_id = :portal
             and (q.dataset_id is null or q.methodology_version is not :methodology or q.review_on <= :day
               or exists (select 1 from to_score t where t.dataset_id = d.id))
           order by d.id""",
        {"portal": portal_id, "methodology": methodology, "day": as_of.isoformat()},
    )
    return [row["id"] for row in rows]
