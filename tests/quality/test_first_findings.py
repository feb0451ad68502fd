"""The first findings of datasets, stored many at a time, are those that the comparison with none would store."""

from __future__ import annotations

import random
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

from catalog.db.interned import keys_of
from catalog.db.schema.found import FINDING_COLUMNS
from catalog.db.store import Catalog, open_catalog
from catalog.repositories.findings import FoundInDataset, carry_findings
from catalog.repositories.first_findings import with_findings, write_first
from catalog.repositories.reading import stored_datasets
from quality.evidence.subject import DatasetSubject
from quality.findings.derive import Failures, failures, findings_of, first_findings_of
from quality.findings.gains import gains
from quality.systems.matrix import measure_all
from quality.systems.stage import day_of, subject_of
from tests.making import datasets, observe, portal, store

RUN, AT = "20261120T010000Z", "2026-11-20T01:00:00Z"
Failing = list[tuple[DatasetSubject, Failures]]


def made(path: Path) -> None:
    with open_catalog(path) as catalog:
        catalog.begin_run("test", [portal("p")], version="0", methodology="0", run_id=RUN)
        found = list(datasets(100))
        store(catalog, RUN, "p", found)
        observe(catalog, RUN, "p", found, random.Random(7))
        with catalog.writing():
            catalog.db.conn.execute("update resource_checks set exchange = 'urn:check:' || rowid where rowid % 3")
            catalog.db.conn.execute("update datasets set exchange = 'urn:record:' || rowid where rowid % 2")


def failing(catalog: Catalog) -> Failing:
    ids = [row["id"] for row in catalog.rows("select id from datasets order by id")]
    subjects = [subject_of(one, day_of(RUN)) for one in stored_datasets(catalog, ids, day_of(RUN), for_score=True)]
    measured = measure_all(subjects)
    gained = gains(measured)
    found, begin = [], 0
    for at, one in enumerate(subjects):
        end = begin + len(one.distributions)
        parts = measured.distributions[begin:end], gained.dataset[at], gained.part[begin:end]
        found.append((one, failures(measured.datasets[at], *parts)))
        begin = end
    return found


def compared(catalog: Catalog, found: Failing) -> None:
    rows = [
        FoundInDataset(dataset_id=s.id, portal_id="p", publisher_id=s.publisher_id, findings=findings_of(s, failed))
        for s, failed in found
    ]
    carry_findings(catalog, RUN, rows, AT)


def at_once(catalog: Catalog, found: Failing) -> None:
    first = [(s, first_findings_of(s, failed)) for s, failed in found]
    rows = [
        FoundInDataset(dataset_id=s.id, portal_id="p", publisher_id=s.publisher_id, findings=rest)
        for s, (_, rest) in first
    ]
    carry_findings(catalog, RUN, rows, AT)
    ids = [
        RUN,
        "p",
        *(name for s, _ in found for name in (s.id, s.publisher_id, *(part.id for part in s.distributions))),
    ]
    keys = keys_of(catalog.db.conn, ids)
    write_first(catalog, RUN, [places for _, (places, _) in first], AT, keys)


def stored(path: Path, write: Callable[[Catalog, Failing], None]) -> list[Any]:
    with open_catalog(path) as catalog:
        found = failing(catalog)
        ids = [s.id for s, _ in found]
        assert not with_findings(catalog, ids)
        with catalog.writing():
            write(catalog, found)
        assert with_findings(catalog, [*ids, "unknown"]) == set(ids)
        columns = ", ".join(f"[{name}]" for name in FINDING_COLUMNS if name != "key")
        return catalog.db.conn.execute(f"select {columns} from findings order by id").fetchall()  # noqa: S608


def test_first_findings_are_those_of_the_comparison(tmp_path: Path) -> None:
    one, other = tmp_path / "one.db", tmp_path / "other.db"
    made(one)
    shutil.copy(one, other)
    expected, found = stored(one, compared), stored(other, at_once)
    assert len(found) > 1_000
    assert found == expected
    # Those of tables, those that a response proves, and those in words of their own.
    for name in ("field", "exchange", "http_status", "format_served"):
        at = [name for name in FINDING_COLUMNS if name != "key"].index(name)
        assert any(row[at] is not None for row in found), name
