"""Read the catalogue back as model objects, in chunks, for the stages that check, validate and score."""

from __future__ import annotations

import json
from collections.abc import Collection, Iterator, Sequence
from dataclasses import dataclass
from datetime import date
from pathlib import Path, PurePosixPath
from typing import Any
from urllib.parse import urlsplit

from catalog.db.rows import RowReader, contact_of, row_reader
from catalog.db.store import Catalog
from catalog.model import DataService, Dataset, Distribution, Publisher, ResourceCheck, TableContext, TableReport
from catalog.model.declared import DeclaredPart, declared_part
from catalog.model.judged import MAX_UNPACKED_BYTES
from catalog.repositories.check_history import days_of_change
from catalog.repositories.stored_parts import PART, DeclaredParts, StoredParts
from catalog.repositories.subjects import DistributionSubject, Twin
from catalog.repositories.targets import schema_addresses
from specs.table_rules import table_rules_version

__all__ = [
    "StoredDataset",
    "dataset",
    "datasets",
    "files",
    "present",
    "publishers_of",
    "shown",
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
    distributions: Sequence[DistributionSubject]
    exchange: str | None = None
    """WARC-Record-ID of the response that held the record."""

    @property
    def parts(self) -> list[tuple[str, DeclaredPart]]:
        """Return the id of each distribution with what it declares, as a tuple."""
        return [(one.id, declared_part(one.distribution)) for one in self.distributions]


def _marks(values: Sequence[str]) -> str:
    return ", ".join("?" * len(values))


def datasets(catalog: Catalog, portal_id: str) -> Iterator[StoredDataset]:
    """Yield the datasets that a portal currently lists, with everything that is stored about each.

    They are read in chunks, and sorted by id within each chunk.
    """
    yield from stored_datasets(catalog, present(catalog, portal_id))


def present(catalog: Catalog, portal_id: str) -> list[str]:
    """Return the ids of the datasets that a portal currently lists (neither missing nor retired), sorted."""
    sql = "select id from present_datasets where portal_id = ? order by id"
    return [row["id"] for row in catalog.rows(sql, [portal_id])]


def shown(catalog: Catalog, portal_id: str) -> list[str]:
    """Return the ids of the datasets that a portal currently lists, sorted, without those whose content is withheld."""
    sql = "select id from shown_datasets where portal_id = ? order by id"
    return [row["id"] for row in catalog.rows(sql, [portal_id])]


def stored_datasets(
    catalog: Catalog, ids: Sequence[str], as_of: date | None = None, *, for_score: bool = False
) -> Iterator[StoredDataset]:
    """Yield the datasets with these ids, even if they are missing or retired. Unknown ids are skipped.

    They are read in chunks of 500 ids and sorted by id within each chunk. ``as_of``: day for which their distributions
    are measured; None if they are only read. ``for_score``: True leaves out two parts of the reports on tables that are
    large and slow to parse: the report in the form of the library frictionless, and the profile, except for the facts
    ``PROFILE_FACTS``.
    """
    for start in range(0, len(ids), CHUNK):
        yield from _chunk(catalog, ids[start : start + CHUNK], as_of, for_score)


PROFILE_FACTS = ("licence", "has_schema")
"""What metrics ask of the profile of a table."""


def dataset(catalog: Catalog, dataset_id: str) -> StoredDataset | None:
    """Return the dataset with this id, even if it is missing or retired; None if the id is unknown."""
    return next(_chunk(catalog, [dataset_id]), None)


_DATASET = row_reader("datasets", Dataset)
_SERVICE = row_reader("data_services", DataService)
_CHECK = row_reader("resource_checks", ResourceCheck)
_REPORT = row_reader("table_reports", TableReport)
_ACCESS, _DOWNLOAD = PART.columns.index("access_url"), PART.columns.index("download_url")


def _chunk(
    catalog: Catalog,
    ids: Sequence[str],
    as_of: date | None = None,
    for_score: bool = False,
) -> Iterator[StoredDataset]:
    rows = list(
        _selected(
            catalog,
            ("id", "portal_id", "publisher_id", "exchange", "contact_name", "contact_email", "contact_url"),
            _DATASET,
            "datasets where id in ({marks}) order by id",
            ids,
        )
    )
    by_dataset: dict[str, list[tuple[Any, ...]]] = {}
    for part in _selected(
        catalog, ("dataset_id", "id"), PART,
        "current_distributions where dataset_id in ({marks}) order by position, id", ids,
    ):  # fmt: skip
        by_dataset.setdefault(part[0], []).append(part)
    parts = [part for own in by_dataset.values() for part in own]
    urls: set[str] = set()
    if _has_rows(catalog, "resource_checks"):
        urls = {url for part in parts for url in (part[2 + _ACCESS], part[2 + _DOWNLOAD]) if url}
    services: dict[str, list[DataService]] = {}
    for row in _selected(
        catalog, ("dataset_id",), _SERVICE, "current_services where dataset_id in ({marks}) order by id", ids
    ):
        services.setdefault(row[0], []).append(_SERVICE.read(row[1:]))
    checks = {
        row[0]: _CHECK.read(row[1:])
        for row in _selected(catalog, ("url",), _CHECK, "resource_checks where url in ({marks})", sorted(urls))
    }
    is_read = _has_rows(catalog, "table_reports")
    reports = _reports(catalog, [part[1] for part in parts], for_score) if is_read else {}
    publishers = publishers_of(catalog, {row[2] for row in rows if row[2]})
    # Only an address that was checked has a history.
    seen = days_of_change(catalog, sorted(checks))
    same = _twins(catalog, [check for check in checks.values() if check.sha256 and not check.is_truncated])
    is_any_observed = bool(checks or reports)
    for dataset_id, portal_id, publisher_id, exchange, *contact_and_row in rows:
        declared = DeclaredParts(by_dataset.get(dataset_id, ()))
        parts_of_dataset = (
            publishers.get(publisher_id), contact_of(*contact_and_row[:3]),
            declared if for_score else tuple(declared), tuple(services.get(dataset_id, ())),
        )  # fmt: skip
        stored = _DATASET.read([*contact_and_row[3:], *parts_of_dataset])

        def observed(
            distribution_id: str, distribution: Distribution, whole: Dataset, publisher_id: str = publisher_id or ""
        ) -> DistributionSubject:
            url = distribution.url or ""
            return DistributionSubject(
                id=distribution_id,
                distribution=distribution,
                dataset=whole,
                access_check=checks.get(distribution.access_url or ""),
                download_check=checks.get(distribution.download_url or ""),
                table=reports.get(distribution_id),
                twins=_without(distribution_id, same.get((url, publisher_id))) if same else (),
                as_of=as_of,
                changes=seen.get(url, ()) if seen else (),
            )

        is_observed = is_any_observed and any(
            [row[1] in reports or row[2 + _ACCESS] in checks or row[2 + _DOWNLOAD] in checks for row in declared.rows]
        )
        subjects = StoredParts(declared, stored, observed, as_of=as_of, is_observed=is_observed)
        yield StoredDataset(
            id=dataset_id,
            portal_id=portal_id,
            publisher_id=publisher_id,
            dataset=stored,
            distributions=subjects if for_score else tuple(subjects),
            exchange=exchange,
        )


def _selected(
    catalog: Catalog, keys: Sequence[str], reader: RowReader[Any], where: str, values: Sequence[str]
) -> Iterator[tuple[Any, ...]]:
    """Yield the columns ``keys`` and then those of ``reader``, of the rows of a table, in chunks of values.

    ``where``: name of the table or view, with a condition on ``{marks}``.
    """
    columns = ", ".join(f"[{name}]" for name in (*keys, *reader.columns))
    for start in range(0, len(values), CHUNK):
        chunk = values[start : start + CHUNK]
        # Only names of the schema and placeholders are inserted into the text.
        yield from catalog.db.conn.execute(f"select {columns} from {where.format(marks=_marks(chunk))}", chunk)


def _has_rows(catalog: Catalog, table: str) -> bool:
    """Return whether a table has rows; a first night looks for checks and reports of every file in vain."""
    return catalog.value(f"select 1 from {table} limit 1") is not None  # names of the schema


def _reports(catalog: Catalog, part_ids: Sequence[str], for_score: bool) -> dict[str, TableReport]:
    """Return the reports on the files of distributions, by distribution; see :func:`stored_datasets`."""
    facts = ", ".join(f"'{name}', json_extract(unpacked(profile), '$.{name}')" for name in PROFILE_FACTS)
    instead = {"report": "unpacked(report)", "profile": "unpacked(profile)"}
    if for_score:
        instead = {"report": "null", "profile": f"json_object({facts})"}
    columns = ", ".join(instead.get(name, f"[{name}]") for name in _REPORT.columns)
    found = {}
    for start in range(0, len(part_ids), CHUNK):
        chunk = part_ids[start : start + CHUNK]
        # Only names of the schema and placeholders are inserted into the text.
        sql = f"select distribution_id, {columns} from table_reports where distribution_id in ({_marks(chunk)})"
        for key, *row in catalog.db.conn.execute(sql, chunk):
            found[key] = _REPORT.read(row)
    return found


def _by_key(catalog: Catalog, table: str, key: str, values: Sequence[str]) -> Iterator[dict[str, Any]]:
    for start in range(0, len(values), CHUNK):
        chunk = values[start : start + CHUNK]
        yield from catalog.rows(f"select * from {table} where {key} in ({_marks(chunk)})", chunk)


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
    chosen = "(select value from json_each(:urls))"
    numbers = "(select address_digest(value) from json_each(:urls))"
    for start in range(0, len(urls), CHUNK):
        chunk = urls[start : start + CHUNK]
        # Only constants are inserted into the text. Each half uses its own index.
        yield from catalog.rows(
            f"""select d.id, d.title, d.url, s.title as dataset_title, s.publisher_id
                from current_distributions d join present_datasets s on s.id = d.dataset_id
                where d.download_digest in {numbers} and d.download_url in {chosen}
                union all
                select d.id, d.title, d.url, s.title, s.publisher_id
                from current_distributions d join present_datasets s on s.id = d.dataset_id
                where not d.is_download and d.access_digest in {numbers} and d.access_url in {chosen}
                order by 1""",
            {"urls": json.dumps(chunk)},
        )


def publishers_of(catalog: Catalog, ids: Collection[str]) -> dict[str, Publisher]:
    """Return the publishers with these ids, by id. Unknown ids are left out."""
    return {row["id"]: _publisher(row) for row in _by_key(catalog, "publishers", "id", sorted(ids))}


def _publisher(row: dict[str, Any]) -> Publisher:
    own = {k: row[k] for k in ("name", "identifier", "email", "url", "parent")}
    return Publisher(**own, ancestors=tuple(json.loads(row["ancestors"] or "[]")))


def files(
    catalog: Catalog, portal_id: str, data: Path, today: date | None = None, unpacked_bytes: int = MAX_UNPACKED_BYTES
) -> list[TableContext]:
    """Return the downloaded files of a portal that must be inspected, sorted by distribution id.

    Only files at addresses whose last check had the outcome ok are considered. Such a file must be inspected if its
    present bytes have no report, or one with the status "unknown" or made by another version of the rules. ``data``:
    folder that the file paths in the catalogue are relative to. ``today``: day of the run. ``unpacked_bytes``: number
    of bytes up to which an archive is unpacked.
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
            previous=json.loads(catalog.packed.text(row["profile"]) or "{}"),
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
    """Return the complete files downloaded from these addresses, by address, if the last check reached the address."""
    return {
        row["url"]: row["file_path"]
        for row in _by_key(catalog, "resource_checks", "url", urls)
        if row["file_path"] and not row["is_truncated"] and row["outcome"] == "ok"
    }
