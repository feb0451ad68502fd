"""Queries for an incremental harvest: which datasets may have been deleted, and which were read longest ago."""

from __future__ import annotations

import json
from collections.abc import Sequence

from catalog.db.store import Catalog

__all__ = ["missing_datasets", "named_datasets", "oldest_read", "present_among"]


def missing_datasets(catalog: Catalog, portal_id: str, run_id: str) -> dict[str, str]:
    """Return the datasets that earlier harvests of a portal did not find, and that this run has not found either.

    The result maps dataset id to the portal's identifier. Retired datasets are left out.
    """
    sql = "select id, identifier from datasets where portal_id = ? and status = 'missing' and last_seen_run < ?"
    return {row["id"]: row["identifier"] for row in catalog.rows(sql, (portal_id, run_id))}


def named_datasets(catalog: Catalog, portal_id: str, run_id: str) -> list[tuple[str, str, str | None]]:
    """Return the datasets that a portal was listing until now and that run ``run_id`` has not received or confirmed.

    Each is a tuple (dataset id, portal's identifier, field "name" of the raw record or None).
    """
    sql = """select d.id, d.identifier, r.name
             from present_datasets d left join records r on r.dataset_id = d.id
             where d.portal_id = ? and d.last_seen_run < ?"""
    return [(row["id"], row["identifier"], row["name"]) for row in catalog.rows(sql, (portal_id, run_id))]


def present_among(catalog: Catalog, ids: Sequence[str]) -> int:
    """Return how many of the datasets with these ids their portals currently list (neither missing nor retired)."""
    sql = "select count(*) from present_datasets where id in (select value from json_each(?))"
    return int(catalog.value(sql, (json.dumps(list(ids)),)))


def oldest_read(catalog: Catalog, portal_id: str, run_id: str, count: int) -> tuple[int, str, str] | None:
    """Choose the datasets that an incremental harvest, which otherwise reads only changed records, should read again:
    those that were read longest ago.

    They are the first ``count`` or fewer, by identifier, of the datasets last read in the oldest run. The result is
    (offset, first identifier, last identifier). The offset is the number of the portal's listed datasets with an
    identifier before the first one. Between first and last there may be datasets that were read later. None if the
    present run, ``run_id``, has already read all datasets that the portal lists.
    """
    values = {"portal": portal_id, "run": run_id, "count": count}
    rows = catalog.rows(
        """select min(identifier) as first, max(identifier) as last from (
             select identifier from present_datasets
             where portal_id = :portal and last_seen_run = (
               select min(last_seen_run) from present_datasets
               where portal_id = :portal and last_seen_run < :run)
             order by identifier limit :count)""",
        values,
    )
    if rows[0]["first"] is None:
        return None
    before = "select count(*) from present_datasets where portal_id = ? and identifier < ?"
    return int(catalog.value(before, (portal_id, rows[0]["first"]))), rows[0]["first"], rows[0]["last"]
