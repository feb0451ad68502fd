"""Triggers that note which datasets must be scored again, whatever code writes to what a measurement depends on."""

from __future__ import annotations

from catalog.db.schema import TABLES
from catalog.db.schema.address import is_at
from catalog.db.sqlite import Database

__all__ = ["NOTE", "create_triggers", "of_address"]

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


_SAME = {"status": "iif({0}.status = 304, 200, {0}.status)"}
"""SQL for what counts of a column: 304 (not modified) confirms what was served with 200 before."""


def _differs(table: str) -> str:
    names = [name for name in TABLES[table].columns if name not in _CLOCKS[table]]
    counted = [
        _SAME.get(name, f"{{0}}.[{name}]") if table == "resource_checks" else f"{{0}}.[{name}]" for name in names
    ]
    return " or ".join(f"{one.format('old')} is not {one.format('new')}" for one in counted)


def of_address(url: str) -> str:
    """Return SQL that selects the ids of the datasets that declare an address; ``url`` is SQL for the address."""
    return f"""select dataset_id from distributions where {is_at("download", url)}
               union select dataset_id from distributions where {is_at("access", url)}"""  # constants


def _of_part(row: str) -> str:
    """Return SQL for the dataset of a row's distribution; ``row`` is "new" or "old" within a trigger."""
    return f"select dataset_id from distributions where id = {row}.distribution_id"


_TWINS = f"""select d.dataset_id from addresses c
   join distributions d on {is_at("download", "c.url", "d")} or {is_at("access", "c.url", "d")}
   where c.sha256 in ({{hashes}})"""
NOTE = "insert into to_score (dataset_id) select dataset_id from ({select}) where true on conflict do nothing"
"""SQLite ignores "or ignore" within an upsert."""


def create_triggers(db: Database) -> None:
    """Create the SQLite triggers that note in the table ``to_score`` which datasets must be scored again.

    They do so whenever something that a dataset's score depends on is written, such as its record or a check of its
    addresses.
    """
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
        # The view resource_checks shows the addresses that were checked.
        "checks_insert": ("after insert on addresses", "new.outcome is not null", of_address("new.url")),
        "checks_update": ("after update on addresses", _differs("resource_checks"), of_address("new.url")),
        "twins_insert": (
            "after insert on addresses",
            "new.sha256 is not null",
            _TWINS.format(hashes="new.sha256"),
        ),
        # Files that were, or now are, identical to this one have findings that depend on it.
        "twins_update": (
            "after update on addresses",
            " or ".join(f"old.{name} is not new.{name}" for name in ("sha256", "is_truncated", "outcome")),
            _TWINS.format(hashes="old.sha256, new.sha256"),
        ),
        "reports_insert": ("after insert on table_reports", "", _of_part("new")),
        "reports_delete": ("after delete on table_reports", "", _of_part("old")),
        "reports_update": ("after update on table_reports", _differs("table_reports"), _of_part("new")),
    }
    for name, (event, condition, select) in bodies.items():
        db.execute(f"drop trigger if exists to_score_{name}")
        when = f"when {condition}" if condition else ""
        db.execute(f"create trigger to_score_{name} {event} {when} begin {NOTE.format(select=select)}; end")
