"""Store the shards of a run, and read what a machine without the catalogue needs to look into files."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from catalog.db.store import Catalog, now
from catalog.repositories.targets import schema_addresses

__all__ = ["InspectionTarget", "Shard", "inspection_targets", "mark_merged", "seen_in_run", "shards_of", "write_shards"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Shard:
    """A shard of a run as stored: one part of the run's addresses, which another machine checks.

    ``number``: of the shard, among ``shards`` in the run. ``addresses``: how many it has. ``task``: SHA-256 of the file
    that was handed out. ``part``: SHA-256 of the file with its results; None until these are merged into the catalogue.
    """

    run_id: str
    number: int
    shards: int
    addresses: int
    task: str
    part: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class InspectionTarget:
    """A distribution whose file is to be inspected after its download: what its record declares, and its last
    inspection.

    ``title``: the titles of dataset and distribution together. ``sha256``, ``status``, ``version`` (of the rules) and
    ``profile`` are those of the last report on the file. Without a report they are None, and ``profile`` is {}.
    """

    distribution_id: str
    url: str
    format: str | None
    media_type: str | None
    title: str | None
    sha256: str | None = None
    status: str | None = None
    version: str | None = None
    profile: dict[str, Any] = field(default_factory=dict)


def inspection_targets(catalog: Catalog, portal_id: str) -> Iterator[InspectionTarget]:
    """Yield the current distributions of a portal that have an address and whose files can be inspected without any
    other file, sorted by id. Only datasets that the portal lists are considered.

    A distribution that declares a schema is left out: the schema is a file at another address, which another machine
    may have downloaded.
    """
    rows = catalog.each(
        """select d.id, d.url, d.format, d.media_type, d.described_by, d.conforms_to,
             trim(coalesce(s.title, '') || ' ' || coalesce(d.title, '')) as title,
             t.sha256, t.status, t.methodology_version, t.profile
           from current_distributions d
           join present_datasets s on s.id = d.dataset_id
           left join table_reports t on t.distribution_id = d.id
           where d.portal_id = ? and d.url is not null order by d.id""",
        [portal_id],
    )
    for row in rows:
        if not schema_addresses(row["described_by"], row["conforms_to"]):
            yield InspectionTarget(
                distribution_id=row["id"],
                url=row["url"],
                format=row["format"],
                media_type=row["media_type"],
                title=row["title"] or None,
                sha256=row["sha256"],
                status=row["status"],
                version=row["methodology_version"],
                profile=json.loads(catalog.packed.text(row["profile"]) or "{}"),
            )


def write_shards(catalog: Catalog, shards: Sequence[Shard]) -> None:
    """Store the shards of a run that is split between machines; shards of this run that were stored before are
    replaced.

    ``shards``: all of one run, none of them merged yet.
    """
    with catalog.writing():
        catalog.db.conn.executemany("delete from shards where run_id = ?", {(one.run_id,) for one in shards})
        catalog.upsert(
            "shards",
            [
                {
                    "id": f"{one.run_id}/{one.number}",
                    "run_id": one.run_id,
                    "number": one.number,
                    "shards": one.shards,
                    "addresses": one.addresses,
                    "task": one.task,
                }
                for one in shards
            ],
        )


def shards_of(catalog: Catalog, run_id: str) -> list[Shard]:
    """Return the shards of a run by number; an empty list if it was not split."""
    sql = "select run_id, number, shards, addresses, task, part from shards where run_id = ? order by number"
    return [Shard(**row) for row in catalog.rows(sql, [run_id])]


def seen_in_run(catalog: Catalog, run_id: str, urls: Sequence[str]) -> set[str]:
    """Return those of the addresses ``urls`` that the run ``run_id`` has already checked."""
    # The list is one parameter, however long it is.
    sql = "select url from resource_checks where run_id = ? and url in (select value from json_each(?))"
    return {row["url"] for row in catalog.rows(sql, [run_id, json.dumps(list(urls))])}


def mark_merged(
    catalog: Catalog, run_id: str, number: int, *, part: str, not_asked: int, traffic: Mapping[str, int]
) -> None:
    """Store that the results of a shard are merged, and add its traffic to that of the run.

    A shard that is already marked is left unchanged. ``part``: SHA-256 of the file with the results. ``not_asked``:
    number of addresses that were not checked and are left for the next run; it is added to "carried_over" of the
    traffic. ``traffic``: counts by name, such as requests and bytes.
    """
    with catalog.writing():
        done = catalog.db.conn.execute(
            "update shards set part = ?, not_asked = ?, merged_at = ? where run_id = ? and number = ? and part is null",
            [part, not_asked, now(), run_id, number],
        )
        if done.rowcount:
            spent = json.loads(catalog.value("select traffic from runs where id = ?", [run_id]) or "{}")
            for name, count in [*traffic.items(), ("carried_over", not_asked)]:
                spent[name] = spent.get(name, 0) + count
            catalog.set_run(run_id, traffic=spent)
