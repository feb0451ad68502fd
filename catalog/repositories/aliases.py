"""Find the id of a dataset whose identifier has changed since it was first seen."""

from __future__ import annotations

import json
from collections.abc import Sequence

from catalog.db.rows import dataset_id
from catalog.db.store import Catalog
from catalog.model import Record
from catalog.repositories import reading

__all__ = ["aliased", "ids_of", "stored_record"]

CHUNK = 500


def aliased(catalog: Catalog, ids: Sequence[str]) -> dict[str, str]:
    """Return, for each of the dataset ids ``ids`` that is an alias, the id of the dataset it stands for.

    If a portal gives a dataset a new identifier, the dataset keeps its id. The id that would follow from the new
    identifier is then stored as an alias. Ids that are not aliases are left out of the result.
    """
    found: dict[str, str] = {}
    for start in range(0, len(ids), CHUNK):
        chunk = ids[start : start + CHUNK]
        marks = ", ".join("?" * len(chunk))
        sql = f"select id, dataset_id from dataset_aliases where id in ({marks})"
        found.update({row["id"]: row["dataset_id"] for row in catalog.rows(sql, chunk)})
    return found


def ids_of(
    catalog: Catalog, run_id: str, portal_id: str, records: Sequence[Record]
) -> tuple[Sequence[Record], list[str]]:
    """Return a tuple: the records to write, and for each of them, in the same order, the dataset id to store it under.

    The id follows from the portal and the record's identifier. If that id is an alias (see :func:`aliased`), the
    dataset that it stands for is taken instead.

    If the portal lists both the old and the new identifier in the same run, they belong to two datasets: the alias is
    deleted and each dataset gets its own id. If the record with the new identifier was already written in this run, it
    is added to the returned records, so that it is written again under its own id. Call it inside a transaction.
    """
    own = [dataset_id(portal_id, record.dataset.identifier) for record in records]
    names = aliased(catalog, own)
    by_target = _targets(catalog, own)
    if not names and not by_target:
        return records, own
    written = _written(catalog, run_id, [*names.values(), *by_target])
    direct = set(own) - names.keys()
    parted, displaced = set(), []
    for key, target in names.items():
        identifier = written.get(target)
        mine = next(r.dataset.identifier for r, one in zip(records, own, strict=True) if one == key)
        if target in direct or (identifier is not None and identifier != mine):
            parted.add(key)
    for target in direct & by_target.keys():
        mine = next(r.dataset.identifier for r, one in zip(records, own, strict=True) if one == target)
        if (identifier := written.get(target)) is not None and identifier != mine:
            parted.add(dataset_id(portal_id, identifier))
            displaced += stored_record(catalog, target)
    for key in parted:
        catalog.db.conn.execute("delete from dataset_aliases where id = ?", [key])
    records = [*records, *displaced]
    ids = [dataset_id(portal_id, record.dataset.identifier) for record in records]
    return records, [key if key in parted else names.get(key, key) for key in ids]


def _targets(catalog: Catalog, ids: Sequence[str]) -> dict[str, str]:
    """Return, for the ids that are aliases, the ids they lead to."""
    if not catalog.value("select 1 from dataset_aliases limit 1"):
        return {}
    sql = "select dataset_id, id from dataset_aliases where dataset_id in (select value from json_each(?))"
    return {row["dataset_id"]: row["id"] for row in catalog.rows(sql, [json.dumps(list(ids))])}


def _written(catalog: Catalog, run_id: str, ids: Sequence[str]) -> dict[str, str]:
    """Return the identifiers of those datasets that the run has already written."""
    sql = """select id, identifier from datasets where last_seen_run = ? and id in (select value from json_each(?))"""
    return {row["id"]: row["identifier"] for row in catalog.rows(sql, [run_id, json.dumps(list(ids))])}


def stored_record(catalog: Catalog, key: str) -> list[Record]:
    """Return the stored record of the dataset with the id ``key``, as a list of one.

    [] if the catalogue has no such dataset, or no record of it.
    """
    stored = reading.dataset(catalog, key)
    rows = catalog.rows(
        """select d.source_url, d.source_pointer, d.exchange, r.raw, r.raw_hash from datasets d
           join records r on r.dataset_id = d.id where d.id = ?""",
        [key],
    )
    if stored is None or not rows:
        return []
    row = rows[0]
    return [
        Record(
            dataset=stored.dataset,
            raw=json.loads(catalog.packed.text(row["raw"]) or "null"),
            url=row["source_url"] or "",
            pointer=row["source_pointer"] or "",
            raw_hash=row["raw_hash"],
            exchange=row["exchange"],
        )
    ]
