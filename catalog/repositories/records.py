"""Write what a portal sent: one page in one transaction, so that a killed run leaves only complete pages.

A record that is unchanged, and is mapped to the same rows, costs one small update: its rows are not written again.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterator, Sequence
from dataclasses import asdict
from typing import Any

import orjson

from catalog.db.encoding import short_run
from catalog.db.rows import dataset_id, dataset_row, distribution_rows, plain, publisher_row, service_rows
from catalog.db.store import Catalog, now
from catalog.model import CachedResponse, Dataset, HarvestError, HarvestPage, Record
from catalog.model.canonical import differences, json_text
from catalog.model.records import record_facts
from catalog.repositories.aliases import aliased, ids_of

__all__ = ["write_errors", "write_page", "write_records"]

CHUNK = 500
_IS_BACK = {"status": "present", "missed_runs": 0, "missing_since": None, "missing_on": None, "retired_at": None}


def write_page(catalog: Catalog, run_id: str, portal_id: str, page: HarvestPage, *, version: str = "") -> None:
    """Write the page that a spider made of one response of a portal, in one transaction.

    A page has datasets with their distributions, data services and raw records; identifiers of datasets confirmed as
    unchanged; harvest errors; what to cache about the response; and the checkpoint from which reading continues.
    ``version``: key of what read the response, stored with it, see :func:`harvester.night.harvest_store.reader_of`. A
    response that is cached under another key is read again.
    """
    with catalog.writing():
        write_records(catalog, run_id, portal_id, page.records)
        _write_unchanged(catalog, run_id, portal_id, page.unchanged)
        _write_errors(catalog, run_id, portal_id, page.errors)
        if page.response is not None:
            _write_response(catalog, run_id, portal_id, page.response, version)
        if page.checkpoint is not None:
            catalog.db.conn.execute(
                "update harvests set checkpoint = ? where id = ?",
                (json_text(page.checkpoint), f"{run_id}/{portal_id}"),
            )


def write_errors(catalog: Catalog, run_id: str, portal_id: str, errors: Sequence[HarvestError]) -> None:
    """Write errors of a portal's harvest that belong to no page that :func:`write_page` writes."""
    with catalog.writing():
        _write_errors(catalog, run_id, portal_id, errors)


def _mapping_hash(dataset: Dataset) -> str:
    """Return a digest of a mapped record that is equal if all its rows are equal."""
    try:
        text = orjson.dumps(dataset)
    except TypeError:
        # The text may hold lone surrogates.
        text = repr(dataset).encode("utf-8", "surrogatepass")
    return hashlib.blake2b(text, digest_size=16).hexdigest()


def write_records(catalog: Catalog, run_id: str, portal_id: str, records: Sequence[Record]) -> None:
    """Write datasets with their distributions, data services, publishers and raw records, and store what changed in
    each.

    ``records``: what this run received from the portal. If a record is the same as the stored one and is mapped to the
    same fields, only the columns that say when and where it was last seen are updated. If its dataset was missing or
    retired, it counts as present again, and its return is stored as a change. Distributions and data services that a
    written dataset no longer has are marked as retired. Call it inside a transaction.
    """
    datasets, parts, services, raws, events, same = [], [], [], [], [], []
    refreshed: list[dict[str, Any]] = []
    publishers: dict[str, dict[str, Any]] = {}
    records, ids = ids_of(catalog, run_id, portal_id, records)
    known = _known(catalog, ids)
    seen = {"first_seen_run": run_id, "last_seen_run": run_id}
    for key, record in zip(ids, records, strict=True):
        old = known.get(key)
        mapping_hash = _mapping_hash(record.dataset)
        is_same = old is not None and old["raw_hash"] == record.raw_hash
        if old is None or not is_same or old["status"] != "present":
            events.append((key, record, old))
        place = {"source_url": plain(record.url), "source_pointer": record.pointer, "exchange": record.exchange}
        if is_same and old is not None and old["mapping_hash"] == mapping_hash:
            same.append({"id": key, "last_seen_run": run_id, **place, **_IS_BACK})
            continue
        row = dataset_row(portal_id, record.dataset) | {"id": key}
        hashes = {"raw_hash": record.raw_hash, "mapping_hash": mapping_hash}
        changed_run = old["changed_run"] if old is not None and is_same else run_id
        datasets.append(row | seen | place | hashes | _IS_BACK | {"changed_run": changed_run})
        if publisher := publisher_row(portal_id, record.dataset.publisher):
            publishers[publisher["id"]] = publisher
        parts += [r | seen for r in distribution_rows(portal_id, record.dataset, key)]
        services += [r | seen for r in service_rows(portal_id, record.dataset, key)]
        if not is_same:
            raws.append({"dataset_id": key, "raw_hash": record.raw_hash, "run_id": run_id, **_record_row(record.raw)})
        else:
            # Only data shared with other records has changed. The record counts as the same; its payload is refreshed.
            refreshed.append({"dataset_id": key, **_record_row(record.raw)})
    _write_events(catalog, run_id, portal_id, events)
    catalog.upsert("publishers", publishers.values())
    catalog.upsert("datasets", datasets, keep=["first_seen_run"])
    catalog.upsert("distributions", parts, keep=["first_seen_run"])
    catalog.upsert("data_services", services, keep=["first_seen_run"])
    for rows in (raws, refreshed):
        frames = catalog.packed.pack(portal_id, [row["raw"] for row in rows])
        catalog.upsert("records", [row | {"raw": frame} for row, frame in zip(rows, frames, strict=True)])
    if raws:
        catalog.packed.repack(portal_id, catalog.packed.learn(portal_id))
    _touch(catalog, same)
    catalog.db.conn.executemany(
        """update distribution_rows set is_retired = 1
           where dataset_id = (select key from keys where id = ?) and last_seen_run != ?""",
        [(d["id"], short_run(run_id)) for d in datasets],
    )
    catalog.db.conn.executemany(
        "update data_services set is_retired = 1 where dataset_id = ? and last_seen_run != ?",
        [(d["id"], run_id) for d in datasets],
    )


def _record_row(raw: Any) -> dict[str, Any]:
    """Return the columns of a record that follow from the record as received, its text uncompressed."""
    text = plain(json_text(raw))
    return {"raw": text} | {name: plain(value) for name, value in record_facts(raw, text).items()}


def _touch(catalog: Catalog, rows: Sequence[dict[str, Any]]) -> None:
    """Mark existing rows as seen, without other changes."""
    if rows:
        names = [name for name in rows[0] if name != "id"]
        sets = ", ".join(f"[{name}] = ?" for name in names)
        sql = f"update datasets set {sets} where id = ?"  # noqa: S608  # names of this module
        catalog.db.conn.executemany(sql, [[*(row[name] for name in names), row["id"]] for row in rows])


def _write_unchanged(catalog: Catalog, run_id: str, portal_id: str, identifiers: Sequence[str]) -> None:
    """Mark datasets that the portal confirmed as unchanged as seen."""
    ids = [dataset_id(portal_id, identifier) for identifier in identifiers]
    names = aliased(catalog, ids)
    ids = [names.get(key, key) for key in ids]
    known = _known(catalog, ids)
    back = [(key, None, row) for key, row in known.items() if row["status"] != "present"]
    _write_events(catalog, run_id, portal_id, back)
    _touch(catalog, [{"id": key, "last_seen_run": run_id, **_IS_BACK} for key in known])


def _known(catalog: Catalog, ids: Sequence[str]) -> dict[str, dict[str, Any]]:
    known = {}
    for chunk in _chunks(ids):
        marks = ", ".join("?" * len(chunk))
        sql = f"select id, raw_hash, mapping_hash, changed_run, status, first_seen_run from datasets where id in ({marks})"  # noqa: S608, E501
        known.update({row["id"]: row for row in catalog.rows(sql, chunk)})
    return known


def _chunks(ids: Sequence[str]) -> Iterator[Sequence[str]]:
    for start in range(0, len(ids), CHUNK):
        yield ids[start : start + CHUNK]


def _write_events(
    catalog: Catalog, run_id: str, portal_id: str, events: Sequence[tuple[str, Record | None, dict[str, Any] | None]]
) -> None:
    """Store the replaced record as a version, and what changed in each field."""
    replaced = [
        key
        for key, record, old in events
        if old is not None and record is not None and old["raw_hash"] != record.raw_hash
    ]
    before: dict[str, dict[str, Any]] = {}
    for chunk in _chunks(replaced):
        marks = ", ".join("?" * len(chunk))
        sql = f"select * from records where dataset_id in ({marks})"  # noqa: S608  # only marks
        before.update({row["dataset_id"]: row for row in catalog.rows(sql, chunk)})
    changes = []
    for key, record, old in events:
        base = {"run_id": run_id, "portal_id": portal_id, "dataset_id": key, "fields": None}
        hashes = {"old_hash": old["raw_hash"] if old else None, "new_hash": record.raw_hash if record else None}
        if old is None or (old["first_seen_run"] == run_id and old["status"] == "present"):
            changes.append(base | hashes | {"kind": "added"})
            continue
        if old["status"] != "present":
            changes.append(base | hashes | {"kind": "returned"})
        if record is not None and (stored := before.get(key)):
            found = differences(json.loads(catalog.packed.text(stored["raw"]) or "null"), record.raw)
            if not found and old["status"] == "present":
                # No field differs: another version of the program hashed the same record differently.
                del before[key]
                continue
            fields = plain(found)
            changes.append(base | hashes | {"kind": "changed", "fields": fields})
    catalog.upsert("changes", changes)
    catalog.upsert(
        "record_versions",
        [
            {
                "id": f"{row['dataset_id']}/{row['run_id']}",
                "dataset_id": row["dataset_id"],
                "run_id": row["run_id"],
                "replaced_run": run_id,
                "raw_hash": row["raw_hash"],
                "raw": row["raw"],
            }
            for row in before.values()
            if row["run_id"] != run_id
        ],
    )


def _write_response(catalog: Catalog, run_id: str, portal_id: str, response: CachedResponse, version: str) -> None:
    catalog.upsert(
        "response_cache",
        [
            {
                "id": f"{portal_id} {response.url}",
                "portal_id": portal_id,
                "url": response.url,
                "etag": response.etag,
                "last_modified": response.last_modified,
                "sha256": response.sha256,
                "identifiers": plain(json_text(response.identifiers)),
                "state": plain(json_text(response.state)),
                "winnow_version": version,
                "run_id": run_id,
            }
        ],
    )


def _write_errors(catalog: Catalog, run_id: str, portal_id: str, errors: Sequence[HarvestError]) -> None:
    if not errors:
        return
    count = catalog.value("select count(*) from harvest_errors where run_id = ? and portal_id = ?", (run_id, portal_id))
    catalog.upsert(
        "harvest_errors",
        [
            {
                "id": f"{run_id}/{portal_id}/{number:06}",
                "run_id": run_id,
                "portal_id": portal_id,
                "created_at": now(),
                **{k: plain(v) for k, v in asdict(error).items()},
            }
            for number, error in enumerate(errors, count + 1)
        ],
    )
