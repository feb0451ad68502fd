"""Copy what the catalogue knows of some portals into a catalogue of its own, for a harvest on another machine."""

from __future__ import annotations

import json
from collections.abc import Collection, Iterator, Mapping
from pathlib import Path

from catalog.db.schema import TABLES
from catalog.db.store import Catalog, open_catalog

__all__ = ["are_renames", "known_hosts", "owns_datasets", "write_slice"]

SLICED = (
    "harvests", "response_cache", "publishers", "datasets", "dataset_aliases", "distributions", "data_services",
    "record_dictionaries",
)  # fmt: skip
"""Tables that a harvest reads; each has a column portal_id."""


def write_slice(catalog: Catalog, portal_ids: Collection[str], path: Path) -> None:
    """Write a new catalogue file at ``path`` that holds what a harvest of the portals ``portal_ids`` reads from
    ``catalog``.

    These are the earlier harvests, cached responses, datasets with their files, services, publishers and aliases, and
    their records. The text of a record is copied only if its dataset has an alias, because a harvest reads no other
    texts. Neither checks nor scores are copied. Call it outside a transaction.
    """
    with open_catalog(path):
        pass
    chosen = "(select value from json_each(:portals))"
    values = {"portals": json.dumps(sorted(portal_ids))}
    run = catalog.db.conn.execute
    run("attach database ? as slice", [str(path)])
    try:
        with catalog.writing():
            for table in SLICED:
                # Names come from the schema, never from data. The program that made the file is this one.
                names = ", ".join(f"[{name}]" for name in TABLES[table].columns)
                sql = f"insert into slice.[{table}] ({names}) select {names} from main.[{table}]"  # noqa: S608  # names of the schema
                run(f"{sql} where portal_id in {chosen}", values)
            aliased = f"(select dataset_id from main.dataset_aliases where portal_id in {chosen})"  # noqa: S608  # SQL of ours
            names = ", ".join(f"[{name}]" for name in TABLES["records"].columns)
            values_of = ", ".join(
                f"case when dataset_id in {aliased} then raw end" if name == "raw" else f"[{name}]"
                for name in TABLES["records"].columns
            )
            run(
                f"""insert into slice.records ({names}) select {values_of} from main.records where dataset_id in (
                      select id from main.datasets where portal_id in {chosen})""",  # noqa: S608  # SQL of ours
                values,
            )
    finally:
        run("detach database slice")


def known_hosts(catalog: Catalog, portal_id: str) -> Iterator[str]:
    """Yield scheme and host of the addresses that earlier harvests of a portal read, such as
    "https://data.example.org", each once, sorted.

    These are the addresses of cached responses and of the responses that held records.
    """
    sql = """select distinct substr(url, 1, instr(substr(url || '/', 9), '/') + 7) as site from (
               select url from response_cache where portal_id = :portal
               union all select source_url from datasets where portal_id = :portal)
             where url like 'http%' order by 1"""
    for row in catalog.rows(sql, {"portal": portal_id}):
        yield row["site"]


def owns_datasets(catalog: Catalog, portal_id: str, ids: Collection[str]) -> bool:
    """Return whether all of these dataset ids belong to datasets of the portal."""
    sql = "select count(*) from datasets where portal_id = ? and id in (select value from json_each(?))"
    return int(catalog.value(sql, [portal_id, json.dumps(sorted(set(ids)))])) == len(set(ids))


def are_renames(catalog: Catalog, portal_id: str, run_id: str, pairs: Mapping[str, str]) -> bool:
    """Return whether all of ``pairs`` may be datasets of a portal that got a new identifier in the run ``run_id``.

    ``pairs``: mapping from new dataset id to old one. A pair may be one if both ids belong to datasets of the portal,
    the new one was first seen in this run, and the old one was last seen in an earlier run.
    """
    sql = """select count(*) from json_each(?) j
             join datasets new on new.id = j.key and new.portal_id = ? and new.first_seen_run = ?
             join datasets old on old.id = j.value and old.portal_id = ? and old.last_seen_run < ?"""
    values = [json.dumps(dict(pairs)), portal_id, run_id, portal_id, run_id]
    return int(catalog.value(sql, values)) == len(pairs)
