"""Generate catalogues for tests and benchmarks: datasets with files, checks and table reports of many kinds."""

from __future__ import annotations

import random
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import replace
from datetime import date, timedelta
from typing import Any

from catalog.db.interned import keys_of, rule_keys, stored_id, text_keys
from catalog.db.rows import dataset_id, distribution_rows
from catalog.db.schema.found import FINDING_COLUMNS, IDS, RULE, TEXTS
from catalog.db.store import Catalog, instant, started
from catalog.model import (
    Contact,
    DataService,
    Dataset,
    Distribution,
    HarvestPage,
    Portal,
    Publisher,
    Record,
    ResourceCheck,
    TableDefect,
    TableReport,
)
from catalog.model.canonical import record_hash
from catalog.repositories.checks import write_checks, write_reports
from catalog.repositories.distribution_kinds import write_kinds
from catalog.repositories.harvests import begin_harvest, finish_harvest
from catalog.repositories.records import write_page

__all__ = ["check_of", "datasets", "observe", "portal", "put_findings", "report_of", "store"]

WORDS = (
    "budget", "trees", "schools", "air", "water", "roads", "permits", "grants", "votes", "parks", "noise", "buses",
    "crime", "rents", "wages", "births",
)  # fmt: skip
LICENCES = ("http://creativecommons.org/licenses/by/4.0/", "CC0-1.0", "see website", "cc-by-nc", None, "other-open")
FORMATS = (("CSV", "text/csv"), ("XLSX", None), ("PDF", "application/pdf"), ("JSON", "application/json"), (None, None))
FREQUENCIES = (
    "R/P1M",
    "R/P1Y",
    "R/P1D",
    "irregular",
    None,
    "http://publications.europa.eu/resource/authority/frequency/WEEKLY",
)
LAST_DAY = date(2026, 11, 20)


def portal(portal_id: str) -> Portal:
    """Return a portal as the catalogue stores it."""
    return Portal(
        id=portal_id,
        type="ckan",
        title=portal_id.title(),
        url=f"https://{portal_id}.example",
        government="Example Land",
    )


def datasets(count: int, seed: int = 1, *, files: int | None = 3) -> Iterator[Dataset]:
    """Yield datasets with more or fewer of their fields filled in. With ``files`` None, each has zero to five files."""
    rng = random.Random(seed)

    def maybe(value: object, share: float = 0.7) -> object:
        return value if rng.random() < share else None

    for number in range(count):
        topic, year = rng.choice(WORDS), rng.randint(2015, 2026)
        day = (LAST_DAY - timedelta(days=rng.randint(0, 900))).isoformat()
        parts = []
        for at in range(rng.randint(0, 5) if files is None else files):
            fmt, media_type = rng.choice(FORMATS)
            url = f"https://files.example/{seed}/{number}/{at}.{(fmt or 'dat').lower()}"
            parts.append(
                Distribution(
                    identifier=f"r{at}", title=maybe(f"{topic} {at}"), access_url=url, download_url=maybe(url, 0.8),
                    description=maybe("All rows.", 0.4), format=fmt, media_type=media_type,
                    licence=rng.choice(LICENCES),
                    byte_size=maybe(str(rng.randint(10, 10**7)), 0.5), modified=maybe(day, 0.3), issued=maybe(day, 0.3),
                )
            )  # fmt: skip
        yield Dataset(
            identifier=f"{seed}-{number}",
            title=maybe(f"{topic.title()} of ward {number} {year}", 0.95),
            description=maybe(f"Every line on {topic} that the city keeps, by ward and street. " * rng.randint(1, 4)),
            keywords=tuple(rng.sample(WORDS, rng.randint(0, 4))),
            themes=tuple(rng.sample(("ENVI", "GOVE", "TRAN"), rng.randint(0, 2))),
            publisher=Publisher(name=f"Office {number % 40}") if rng.random() < 0.9 else None,
            contact=Contact(name="Desk", email=maybe("desk@example.org")) if rng.random() < 0.7 else None,
            licence=maybe(LICENCES[0], 0.3), issued=maybe(day), modified=maybe(day), frequency=rng.choice(FREQUENCIES),
            spatial=("City",) if rng.random() < 0.5 else (), temporal_start=maybe("2015-01-01", 0.4),
            landing_page=maybe(f"https://portal.example/{number}"), access_rights=maybe("PUBLIC", 0.3),
            distributions=tuple(parts),
            data_services=(DataService(endpoint_url=f"https://api.example/{number}"),) if rng.random() < 0.1 else (),
        )  # fmt: skip


def store(catalog: Catalog, run_id: str, portal_id: str, found: Sequence[Dataset], *, is_whole: bool = True) -> None:
    """Write datasets as one page of a harvest."""
    begin_harvest(catalog, run_id, portal_id)
    records = []
    for dataset in found:
        # The record contains every field that is mapped from it.
        raw = {"id": dataset.identifier, "all": repr(dataset)}
        records.append(Record(dataset=dataset, raw=raw, url="https://x", pointer="", raw_hash=record_hash(raw)))
    write_page(catalog, run_id, portal_id, HarvestPage(records=tuple(records)))
    if is_whole:
        finish_harvest(catalog, run_id, portal_id, "complete")


def check_of(url: str, run_id: str, rng: random.Random) -> ResourceCheck:
    """Return the check of an address, with a random outcome."""
    at = instant(started(run_id))
    kind = rng.random()
    if kind < 0.1:
        return ResourceCheck(url=url, outcome="invalid", fault="invalid", detail="no such scheme", checked_at=at)
    if kind < 0.25:
        return ResourceCheck(url=url, outcome="unknown", fault="blocked", status=403, checked_at=at)
    return ResourceCheck(
        url=url, outcome="ok", status=200, content_type=rng.choice(("text/csv", "text/html", "application/pdf")),
        size_bytes=rng.randint(10, 10**6), downloaded_bytes=1_000, sha256=f"{rng.getrandbits(40):064x}", checked_at=at,
        last_modified="Sun, 01 Feb 2026 08:00:00 GMT" if rng.random() < 0.5 else None,
        checksums={"md5": "0" * 32} if rng.random() < 0.1 else {},
    )  # fmt: skip


def report_of(rng: random.Random) -> TableReport:
    """Return the report on a file, with random findings."""
    defects = [
        TableDefect(rule=rule, count=rng.randint(1, 3), message="x", first_row=3, rows=(3,))
        for rule in rng.sample(("missing_cell", "type_error", "duplicate_column", "wrong_encoding"), rng.randint(0, 2))
    ]
    status = "invalid" if defects else rng.choice(("valid", "valid", "not_a_table", "wrong_content"))
    return TableReport(
        status=status, format=rng.choice(("CSV", "XLSX", "HTML")), encoding=rng.choice(("utf-8", "windows-1252")),
        row_count=rng.choice((0, 100, 5_000)), column_count=4, defects=tuple(defects), expectations_passed=7,
        expectations_total=8, profile={"columns": [{"name": "a", "kind": "integer"}]},
    )  # type: ignore[arg-type]  # fmt: skip


def observe(catalog: Catalog, run_id: str, portal_id: str, found: Sequence[Dataset], rng: random.Random) -> None:
    """Write a check of every address, and a report on most files that were served."""
    checks, reports = {}, []
    for dataset in found:
        for row, part in zip(distribution_rows(portal_id, dataset), dataset.distributions, strict=True):
            url = part.download_url or part.access_url
            if url is None:
                continue
            check = checks.setdefault(url, check_of(url, run_id, rng))
            if check.outcome == "ok" and check.sha256 and rng.random() < 0.8:
                reports.append((row["id"], url, check.sha256, report_of(rng)))
    write_checks(catalog, run_id, list(checks.values()))
    write_reports(catalog, run_id, reports)


def changed(dataset: Dataset, rng: random.Random) -> Dataset:
    """Return a dataset with one random change of its record."""
    kind = rng.randrange(4)
    if kind == 0:
        return replace(dataset, title=f"{dataset.title} (new)", keywords=())
    if kind == 1:
        return replace(dataset, distributions=dataset.distributions[1:])
    if kind == 2:
        return replace(dataset, publisher=Publisher(name="Office 1", email=f"o{rng.randint(0, 9)}@example.org"))
    return replace(dataset, licence="CC0-1.0", frequency="R/P1D", modified=LAST_DAY.isoformat())


def key_of(portal_id: str, dataset: Dataset) -> str:
    """Return the id of a dataset in the catalogue."""
    return dataset_id(portal_id, dataset.identifier)


def put_findings(catalog: Catalog, rows: Iterable[Mapping[str, Any]]) -> None:
    """Write findings as the view shows them, without the life that scoring gives them. Columns may be left out."""
    for number, row in enumerate(rows, catalog.value("select coalesce(max(key), 0) + 1 from finding_rows")):
        told = tuple(row.get(name) for name in RULE)
        keys = keys_of(catalog.db.conn, [row.get(name) for name in IDS])
        texts = text_keys(catalog.db.conn, [row.get(name) for name in TEXTS])
        stored = {
            "key": number,
            "public_id": stored_id(row["id"]),
            "rule_key": rule_keys(catalog.db.conn, [told])[told],
        }
        stored |= {key: keys[row.get(name)] for name, key in IDS.items()}
        stored |= {name: texts[row.get(name)] for name in TEXTS}
        rest = FINDING_COLUMNS.keys() - {"id", "key", "carried_to", *RULE, *IDS, *TEXTS}
        catalog.upsert("finding_rows", [stored | {name: row[name] for name in rest & row.keys()}])


def put_measurements(catalog: Catalog, rows: Iterable[Mapping[str, Any]]) -> None:
    """Write measurements of distributions as the view ``distribution_quality`` shows them. Columns may be left out."""
    for row in rows:
        keys = keys_of(catalog.db.conn, [row["distribution_id"], row.get("run_id")])
        columns = [name for name in row if name not in ("distribution_id", "dataset_id", "portal_id", "run_id")]
        kind = tuple(row[name] for name in columns)
        write_kinds(catalog, row.get("run_id"), columns, [(row["distribution_id"], kind)], keys)  # type: ignore[arg-type]
