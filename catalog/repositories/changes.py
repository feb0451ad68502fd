"""List what changed between two runs, record by record."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from catalog.db.store import Catalog, CatalogError
from catalog.model.canonical import differences

__all__ = ["RecordChange", "changes"]

PRESENT = {"added", "changed", "returned"}


@dataclass(frozen=True, slots=True, kw_only=True)
class RecordChange:
    """One change of one dataset: ``kind`` is added, changed, missing, retired or returned.

    A dataset is missing if a complete harvest did not find it, and retired after it was missing for long enough. It has
    returned if its portal lists it again.
    """

    portal_id: str
    dataset_id: str
    identifier: str
    title: str | None
    kind: str
    fields: list[dict[str, Any]]
    """If ``kind`` is changed: one dict for each changed field of the record, with the keys field (its path), old and
    new."""
    missing_on: str | None
    """Day on which a harvest first did not find the dataset, ISO 8601; None unless ``kind`` is missing or retired."""
    retired_at: str | None
    """UTC instant at which the dataset was retired; None unless it is retired."""


def changes(
    catalog: Catalog, newer: str, older: str | None = None, *, portal: str | None = None
) -> Iterator[RecordChange]:
    """Yield the changes that the run ``newer`` recorded, or the differences between the catalogue after two runs.

    Without ``older``, the changes are those of the run ``newer`` alone. With it, the state after run ``older`` is
    compared with the state after run ``newer``; the two ids may be given in either order. ``portal``: id of the only
    portal to report on; None means all. Changes are sorted by portal, kind and dataset. Raise CatalogError if a run is
    not in the catalogue.
    """
    for run in filter(None, (newer, older)):
        if not catalog.value("select 1 from runs where id = ?", [run]):
            latest = ", ".join(r["id"] for r in catalog.rows("select id from runs order by id desc limit 5"))
            raise CatalogError(f"{run}: no such run; the latest are {latest or 'none: run winnow nightly first'}")
    if older is not None and older > newer:
        older, newer = newer, older
    return _of_run(catalog, newer, portal) if older is None else _between(catalog, older, newer, portal)


def _of_run(catalog: Catalog, run: str, portal: str | None) -> Iterator[RecordChange]:
    rows = catalog.rows(
        """select c.kind, c.fields, d.portal_id, d.id, d.identifier, d.title, d.missing_on, d.retired_at
           from changes c join datasets d on d.id = c.dataset_id
           where c.run_id = :run and (:portal is null or c.portal_id = :portal)
             and not (c.kind = 'missing' and exists (select 1 from changes r where r.run_id = c.run_id
               and r.dataset_id = c.dataset_id and r.kind = 'retired'))
           order by c.portal_id, c.kind, c.dataset_id""",
        {"run": run, "portal": portal},
    )
    for row in rows:
        yield _change(row, row["kind"], json.loads(row["fields"] or "[]"))


_LAST_KIND = """(select kinds.id from change_rows c
    join keys kinds on kinds.key = c.kind join keys run on run.key = c.run_id
    where c.dataset_id = (select key from keys where keys.id = d.id) and run.id <= {run}
    order by run.id desc, c.key desc limit 1)"""
"""SQL for the kind of the last change of a dataset ``d`` up to a run."""


def _between(catalog: Catalog, older: str, newer: str, portal: str | None) -> Iterator[RecordChange]:
    touched = catalog.rows(
        f"""select d.*, {_LAST_KIND.format(run=":older")} as was, {_LAST_KIND.format(run=":newer")} as is_now
           from datasets d where d.id in (select dataset_id from changes where run_id > :older and run_id <= :newer)
             and (:portal is null or d.portal_id = :portal)
           order by d.portal_id, d.id""",  # noqa: S608  # a constant of this module
        {"older": older, "newer": newer, "portal": portal},
    )
    found = []
    for row in touched:
        # In a catalogue older than this table, datasets without an event already existed.
        was = row["was"] or ("added" if row["first_seen_run"] <= older else None)
        is_now = row["is_now"]
        if is_now in PRESENT and was is None:
            found.append(_change(row, "added", []))
        elif is_now in PRESENT and was not in PRESENT:
            found.append(_change(row, "returned", []))
        elif is_now not in PRESENT and was is not None and is_now != was:
            found.append(_change(row, is_now, []))
        elif is_now in PRESENT:
            fields = differences(_version(catalog, row["id"], older), _version(catalog, row["id"], newer))
            if fields:
                found.append(_change(row, "changed", fields))
    yield from sorted(found, key=lambda change: (change.portal_id, change.kind, change.dataset_id))


def _version(catalog: Catalog, dataset_id: str, run: str) -> Any:
    """Return the record of a dataset as it was after a run."""
    raw = catalog.value(
        """select raw from (
             select run_id, raw from records where dataset_id = :id
             union all select run_id, raw from record_versions where dataset_id = :id)
           where run_id <= :run order by run_id desc limit 1""",
        {"id": dataset_id, "run": run},
    )
    return json.loads(catalog.packed.text(raw) or "null")


def _change(row: dict[str, Any], kind: str, fields: list[dict[str, Any]]) -> RecordChange:
    is_gone = kind in ("missing", "retired")
    return RecordChange(
        portal_id=row["portal_id"],
        dataset_id=row["id"],
        identifier=row["identifier"],
        title=row["title"],
        kind=kind,
        fields=fields,
        missing_on=row["missing_on"] if is_gone else None,
        retired_at=row["retired_at"] if is_gone else None,
    )
