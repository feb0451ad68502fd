"""Read the catalogue back as model objects, in chunks, for the stages that check, validate and score."""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import date
from pathlib import Path, PurePosixPath
from typing import Any
from urllib.parse import urlsplit

from catalog.db.rows import dataset_of, part_of, table_report_of
from catalog.db.store import Catalog
from catalog.model import DataService, Dataset, Distribution, Publisher, ResourceCheck, TableContext
from catalog.model.judged import MAX_UNPACKED_BYTES
from catalog.repositories.subjects import DistributionSubject, Twin
from catalog.repositories.targets import schema_addresses
from specs.table_rules import table_rules_version

__all__ = [
    "StoredDataset",
    "dataset",
    "datasets",
    "files",
    "present",
    "stored_datasets",
]

CHUNK = 500
"""Datasets read at once."""


@dataclass(frozen=True, slots=True, kw_only=True)
class StoredDataset:
    """A dataset as stored, with its distributions, their latest checks and reports, its data services and its
    publisher."""

    id: str
    portal_id: str
    publisher_id: str | None
    dataset: Dataset
    distributions: tuple[DistributionSubject, ...]
    exchange: str | None = None
    """WARC-Record-ID of the response that held the record."""


def _marks(values: Sequence[str]) -> str:
    return ", ".join("?" * len(values))


def datasets(catalog: Catalog, portal_id: str) -> Iterator[StoredDataset]:
    """Yield the datasets that a portal currently lists, sorted by id within each chunk, with all that is stored about
    each."""
    yield from stored_datasets(catalog, present(catalog, portal_id))


def present(catalog: Catalog, portal_id: str) -> list[str]:
    """Return the ids of the datasets that a portal currently lists (neither missing nor retired), sorted."""
    sql = "select id from present_datasets where portal_id = ? order by id"
    return [row["id"] for row in catalog.rows(sql, [portal_id])]


def stored_datasets(catalog: Catalog, ids: Sequence[str]) -> Iterator[StoredDataset]:
    """Yield the datasets with these ids, even if they are missing or retired. Unknown ids are skipped.

    They are read in chunks of 500 ids and sorted by id within each chunk.
    """
    for start in range(0, len(ids), CHUNK):
        yield from _chunk(catalog, ids[start : start + CHUNK])


def dataset(catalog: Catalog, dataset_id: str) -> StoredDataset | None:
    """Return the dataset with this id, even if it is missing or retired; None if the id is unknown."""
    return next(_chunk(catalog, [dataset_id]), None)


def _chunk(catalog: Catalog, ids: Sequence[str]) -> Iterator[StoredDataset]:
    marks = _marks(ids)
    # Only the placeholders are inserted into the text of these queries.
    rows = catalog.rows(f"select * from datasets where id in ({marks}) order by id", ids)  # noqa: S608
    parts = catalog.rows(
        f"select * from current_distributions where dataset_id in ({marks}) order by position, id",  # noqa: S608
        ids,
    )
    services = catalog.rows(
        f"select * from current_services where dataset_id in ({marks}) order by id",  # noqa: S608
        ids,
    )
    urls = sorted({u for p in parts for u in (p["access_url"], p["download_url"]) if u})
    checks = {
        row["url"]: part_of(ResourceCheck, "resource_checks", row)
        for row in _by_key(catalog, "resource_checks", "url", urls)
    }
    reports = {
        row["distribution_id"]: table_report_of(row)
        for row in _by_key(catalog, "table_reports", "distribution_id", [p["id"] for p in parts])
    }
    publishers = {
        row["id"]: row
        for row in _by_key(catalog, "publishers", "id", sorted({r["publisher_id"] for r in rows if r["publisher_id"]}))
    }
    seen = _changes(catalog, urls)
    same = _twins(catalog, [check for check in checks.values() if check.sha256 and not check.is_truncated])
    by_dataset: dict[str, list[dict[str, Any]]] = {}
    for part in parts:
        by_dataset.setdefault(part["dataset_id"], []).append(part)
    served: dict[str, list[DataService]] = {}
    for service in services:
        served.setdefault(service["dataset_id"], []).append(part_of(DataService, "data_services", service))
    for row in rows:
        own = by_dataset.get(row["id"], [])
        stored = dataset_of(
            row,
            _publisher(publishers.get(row["publisher_id"])),
            tuple(part_of(Distribution, "distributions", part) for part in own),
            tuple(served.get(row["id"], ())),
        )
        yield StoredDataset(
            id=row["id"],
            portal_id=row["portal_id"],
            publisher_id=row["publisher_id"],
            dataset=stored,
            distributions=tuple(
                DistributionSubject(
                    id=part["id"],
                    distribution=distribution,
                    dataset=stored,
                    access_check=checks.get(part["access_url"]),
                    download_check=checks.get(part["download_url"]),
                    table=reports.get(part["id"]),
                    changes=seen.get(part["url"], ()),
                    twins=_without(part["id"], same.get((part["url"], row["publisher_id"]))),
                )
                for part, distribution in zip(own, stored.distributions, strict=True)
            ),
            exchange=row["exchange"],
        )


def _by_key(catalog: Catalog, table: str, key: str, values: Sequence[str]) -> Iterator[dict[str, Any]]:
    for start in range(0, len(values), CHUNK):
        chunk = values[start : start + CHUNK]
        yield from catalog.rows(f"select * from {table} where {key} in ({_marks(chunk)})", chunk)  # noqa: S608


def _changes(catalog: Catalog, urls: Sequence[str]) -> dict[str, tuple[date, ...]]:
    """Return, for each address, the days on which its content was seen to have changed."""
    found: dict[str, list[date]] = {}
    for start in range(0, len(urls), CHUNK):
        chunk = urls[start : start + CHUNK]
        # Only placeholders are inserted into the text.
        sql = f"""select url, checked_at from resource_history
                  where is_changed = 1 and url in ({_marks(chunk)}) order by checked_at"""  # noqa: S608
        for url, checked_at in catalog.db.conn.execute(sql, chunk):
            found.setdefault(url, []).append(date.fromisoformat(checked_at[:10]))
    return {url: tuple(days) for url, days in found.items()}


def _without(distribution_id: str, twins: tuple[Twin, ...] | None) -> tuple[Twin, ...]:
    return tuple(one for one in twins or () if one.distribution_id != distribution_id)


MAX_TWINS = 50
"""Addresses of one identical file that are examined: thousands of addresses may serve the same empty form."""


def _twins(catalog: Catalog, checks: Sequence[ResourceCheck]) -> dict[tuple[str, str], tuple[Twin, ...]]:
    """Return, by address and publisher, the distributions whose files are identical byte for byte, itself included."""
    hashes = sorted({check.sha256 for check in checks if check.sha256})
    alike: dict[str, list[str]] = {}
    for row in _by_key(catalog, "resource_checks", "sha256", hashes):
        if row["outcome"] == "ok" and not row["is_truncated"]:
            alike.setdefault(row["sha256"], []).append(row["url"])
    hash_of = {url: sha256 for sha256, urls in alike.items() for url in sorted(urls)[:MAX_TWINS]}
    found: dict[tuple[str, str], list[Twin]] = {}
    for row in _distributions_at(catalog, sorted(hash_of)):
        if row["publisher_id"]:
            one = Twin(distribution_id=row["id"], title=row["title"] or "", dataset_title=row["dataset_title"] or "")
            found.setdefault((hash_of[row["url"]], row["publisher_id"]), []).append(one)
    by_url: dict[tuple[str, str], tuple[Twin, ...]] = {}
    for (sha256, publisher_id), twins in found.items():
        if len(twins) > 1:
            by_url |= {(url, publisher_id): tuple(twins[:MAX_TWINS]) for url in alike[sha256]}
    return by_url


def _distributions_at(catalog: Catalog, urls: Sequence[str]) -> Iterator[dict[str, Any]]:
    for start in range(0, len(urls), CHUNK):
        chunk = urls[start : start + CHUNK]
        # Only the placeholders are inserted into the text. Each half uses its own index.
        yield from catalog.rows(
            f"""select d.id, d.title, d.url, s.title as dataset_title, s.publisher_id
                from current_distributions d join present_datasets s on s.id = d.dataset_id
                where d.download_url in ({_marks(chunk)})
                union all
                select d.id, d.title, d.url, s.title, s.publisher_id
                from current_distributions d join present_datasets s on s.id = d.dataset_id
                where not d.is_download and d.access_url in ({_marks(chunk)})
                order by 1""",  # noqa: S608
            [*chunk, *chunk],
        )


def _publisher(row: dict[str, Any] | None) -> Publisher | None:
    if row is None:
        return None
    own = {k: row[k] for k in ("name", "identifier", "email", "url", "parent")}
    return Publisher(**own, ancestors=tuple(json.loads(row["ancestors"] or "[]")))


def files(
    catalog: Catalog, portal_id: str, data: Path, today: date | None = None, unpacked_bytes: int = MAX_UNPACKED_BYTES
) -> list[TableContext]:
    """Return the downloaded files of a portal that must be inspected, sorted by distribution id.

    A file must be inspected if its present bytes have no report, or one with the status "unknown" or made by an earlier
    version of the rules. ``data``: folder that the file paths in the catalogue are relative to. ``today``: day of the
    run. ``unpacked_bytes``: limit for unpacking an archive.
    """
    rows = catalog.rows(
        """
        select d.id, d.dataset_id, c.url, c.file_path, c.sha256, d.format, d.media_type, c.content_type, c.is_truncated,
          d.described_by, d.conforms_to, coalesce(s.title, '') || ' ' || coalesce(d.title, '') as title,
          case when t.sha256 != c.sha256 then t.profile end as profile
        from current_distributions d
        join present_datasets s on s.id = d.dataset_id
        join resource_checks c on c.url = d.url
        left join table_reports t on t.distribution_id = d.id
        where d.portal_id = :portal and c.file_path is not null and c.outcome = 'ok'
          and (t.sha256 is null or t.sha256 != c.sha256 or t.status = 'unknown'
            or t.methodology_version is not :version)
        order by d.id
        """,
        {"portal": portal_id, "version": table_rules_version()},
    )
    declared = {row["id"]: schema_addresses(row["described_by"], row["conforms_to"]) for row in rows}
    schemas = _documents(catalog, sorted({url for urls in declared.values() for url in urls}))
    siblings = _siblings(catalog, sorted({row["dataset_id"] for row in rows if declared[row["id"]]}))
    return [
        TableContext(
            path=data / row["file_path"],
            key=row["id"],
            url=row["url"],
            sha256=row["sha256"],
            declared_format=row["format"],
            declared_media_type=row["media_type"],
            content_type=row["content_type"],
            is_truncated=bool(row["is_truncated"]),
            title=row["title"].strip() or None,
            file_name=_file_name(row["url"]) or None,
            today=today,
            previous=json.loads(row["profile"]) if row["profile"] else {},
            schema_path=next((data / schemas[url] for url in declared[row["id"]] if url in schemas), None),
            siblings={
                _file_name(url): data / path for url, path in siblings.get(row["dataset_id"], ()) if url != row["url"]
            },
            unpacked_bytes=unpacked_bytes,
        )
        for row in rows
    ]


def _file_name(url: str) -> str:
    """Return the last part of the path of an address; "" if there is none."""
    return PurePosixPath(urlsplit(url).path).name


def _siblings(catalog: Catalog, dataset_ids: Sequence[str]) -> dict[str, list[tuple[str, str]]]:
    """Return the complete files of datasets, by dataset."""
    found: dict[str, list[tuple[str, str]]] = {}
    for row in _by_key(catalog, "current_distributions", "dataset_id", dataset_ids):
        found.setdefault(row["dataset_id"], []).append((row["url"] or "", ""))
    files = _documents(catalog, sorted({url for pairs in found.values() for url, _ in pairs}))
    return {key: [(url, files[url]) for url, _ in pairs if url in files] for key, pairs in found.items()}


def _documents(catalog: Catalog, urls: Sequence[str]) -> dict[str, str]:
    """Return the complete files downloaded from these addresses, by address."""
    return {
        row["url"]: row["file_path"]
        for row in _by_key(catalog, "resource_checks", "url", urls)
        if row["file_path"] and not row["is_truncated"]
    }
