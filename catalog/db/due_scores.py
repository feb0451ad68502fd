"""Which datasets must be scored again: those of which something was written that a measurement may rest on.

Triggers note the datasets whose record, addresses or tables have changed, whoever writes; the calendar and the
methodology are asked when a portal is scored. What is not due would be scored the same again, and is left alone.
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
"""Columns on which no measurement rests."""


def _differs(table: str) -> str:
    names = [name for name in TABLES[table].columns if name not in _CLOCKS[table]]
    return " or ".join(f"old.[{name}] is not new.[{name}]" for name in names)


def _at(row: str) -> str:
    """The datasets that declare the address of a row, "new" or "old" within a trigger."""
    return f"""select dataset_id from distributions where download_url = {row}.url
               union select dataset_id from distributions where access_url = {row}.url"""  # noqa: S608


def _of_part(row: str) -> str:
    """The dataset of the distribution that a row is about, "new" or "old" within a trigger."""
    return f"select dataset_id from distributions where id = {row}.distribution_id"  # noqa: S608


_TWINS = """select d.dataset_id from resource_checks c
   join distributions d on d.download_url = c.url or d.access_url = c.url
   where c.sha256 in ({hashes})"""
_NOTE = "insert into to_score (dataset_id) select dataset_id from ({select}) where true on conflict do nothing"
"""Within an upsert SQLite would not heed "or ignore"."""


def create_triggers(db: Database) -> None:
    """Note whatever is written that a measurement may rest on."""
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
        # Of the files that were the same as this one, or are so now, something is to be said.
        "twins_update": (
            "after update on resource_checks",
            " or ".join(f"old.{name} is not new.{name}" for name in ("sha256", "is_truncated", "outcome")),
            _TWINS.format(hashes="old.sha256, new.sha256"),
        ),
        # A rhythm of changes is read from the checks that are kept.
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
    """The ids of a portal's present datasets that must be scored, in their order.

    A newer patch of the methodology makes those due that it touches; any other version, all of them.
    """
    if is_full:
        sql = "select id from present_datasets where portal_id = ? order by id"
        return [row["id"] for row in catalog.rows(sql, [portal_id])]
    adopt(catalog, portal_id, methodology)
    with catalog.writing():
        # Files with the same bytes are told apart by the titles of their datasets.
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
        # What is listed no longer has had its say: back in the list, it is noted anew.
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
