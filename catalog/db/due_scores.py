"""Find the datasets that must be scored again, because something a measurement depends on was written.

Triggers note datasets whose record, addresses or tables have changed, whatever code writes. The calendar and the
methodology are considered when a portal is scored. All other datasets would get the same score again, so they are
skipped.
"""

from __future__ import annotations

from datetime import date
from typing import TYPE_CHECKING

from catalog.db.schema import TABLES
from catalog.db.schema.views import is_present
from catalog.db.sqlite import Database
from catalog.repositories.touched import adopt

if TYPE_CHECKING:
    from catalog.db.store import Catalog

__all__ = ["create_triggers", "due"]

_CLOCKS = {
    "resource_checks": {
        "checked_at", "elapsed_ms", "first_byte_ms", "next_check_at", "stable_checks", "run_id", "method",
        "certificate_expires_on", "exchange",
        "uptime", "uptime_checks", "etag", "failed_checks", "failing_since", "ok_since",
    },
    "table_reports": {"run_id", "elapsed_ms"},
    "publishers": {"portal_id", "datasets", "score", "score_low", "score_high", "grade"},
}  # fmt: skip
"""Columns that no measurement depends on."""


def _differs(table: str) -> str:
    names = [name for name in TABLES[table].columns if name not in _CLOCKS[table]]
    return " or ".join(f"old.[{name}] is not new.[{name}]" for name in names)


def _at(row: str) -> str:
    """Return SQL for the datasets that declare a row's address; ``row`` is "new" or "old" within a trigger."""
    return f"""select dataset_id from distributions where download_url = {row}.url
               union select dataset_id from distributions where access_url = {row}.url"""  # noqa: S608


def _of_part(row: str) -> str:
    """Return SQL for the dataset of a row's distribution; ``row`` is "new" or "old" within a trigger."""
    return f"select dataset_id from distributions where id = {row}.distribution_id"  # noqa: S608


_TWINS = """select d.dataset_id from resource_checks c
   join distributions d on d.download_url = c.url or d.access_url = c.url
   where c.sha256 in ({hashes})"""
_NOTE = "insert into to_score (dataset_id) select dataset_id from ({select}) where true on conflict do nothing"
"""SQLite ignores "or ignore" within an upsert."""


def create_triggers(db: Database) -> None:
    """Create the triggers that note datasets when something a measurement depends on is written."""
    of_dataset = "select new.id as dataset_id"
    bodies = {
        "datasets_insert": ("after insert on datasets", "", of_dataset),
        "datasets_update": (
            "after update on datasets",
            "old.mapping_hash is not new.mapping_hash or old.status is not new.status"
            " or old.publisher_id is not new.publisher_id",
            of_dataset,
        ),
        "publishers_update": (
            "after update on publishers",
            _differs("publishers"),
            "select id as dataset_id from datasets where publisher_id = new.id",
        ),
        "checks_insert": ("after insert on resource_checks", "", _at("new")),
        "checks_update": ("after update on resource_checks", _differs("resource_checks"), _at("new")),
        "twins_insert": (
            "after insert on resource_checks",
            "new.sha256 is not null",
            _TWINS.format(hashes="new.sha256"),
        ),
        # Files that were, or now are, identical to this one have findings that depend on it.
        "twins_update": (
            "after update on resource_checks",
            " or ".join(f"old.{name} is not new.{name}" for name in ("sha256", "is_truncated", "outcome")),
            _TWINS.format(hashes="old.sha256, new.sha256"),
        ),
        # The rhythm of changes is derived from the stored checks.
        "history_delete": ("after delete on resource_history", "old.is_changed = 1", _at("old")),
        "reports_insert": ("after insert on table_reports", "", _of_part("new")),
        "reports_delete": ("after delete on table_reports", "", _of_part("old")),
        "reports_update": ("after update on table_reports", _differs("table_reports"), _of_part("new")),
    }
    for name, (event, condition, select) in bodies.items():
        db.execute(f"drop trigger if exists to_score_{name}")
        when = f"when {condition}" if condition else ""
        db.execute(f"create trigger to_score_{name} {event} {when} begin {_NOTE.format(select=select)}; end")


def due(catalog: Catalog, portal_id: str, as_of: date, methodology: str, *, is_full: bool) -> list[str]:
    """Return the ids of a portal's present datasets that must be scored, in sorted order.

    After a patch of the methodology only the datasets it touches are due; after any other version, all of them.
    """
    if is_full:
        sql = "select id from present_datasets where portal_id = ? order by id"
        return [row["id"] for row in catalog.rows(sql, [portal_id])]
    adopt(catalog, portal_id, methodology)
    with catalog.writing():
        # Files with the same bytes are distinguished by the titles of their datasets.
        catalog.db.conn.execute(
            _NOTE.format(
                select="""with addresses as (
                  select same.url from to_score t
                  join distributions own on own.dataset_id = t.dataset_id
                  join resource_checks c on c.url in (own.download_url, own.access_url) and c.sha256 is not null
                  join resource_checks same on same.sha256 = c.sha256)
                select d.dataset_id from distributions d
                join dataset_quality q on q.dataset_id = d.dataset_id
                where d.portal_id = :portal and d.id in (
                  select id from distributions where download_url in (select url from addresses) union
                  select id from distributions where access_url in (select url from addresses))"""
            ),
            {"portal": portal_id},
        )
        # A dataset no longer listed is done; if it returns, it is noted again.
        catalog.db.conn.execute(
            f"""delete from to_score
               where dataset_id in (select id from datasets where portal_id = ? and not {is_present("")})""",  # noqa: S608
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
