"""A small scored catalogue of four portals, with commitments and all that a scorecard tells, for tests."""

from __future__ import annotations

import random
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from typing import Any

from catalog.db.store import Catalog, open_catalog
from catalog.exports import ExportOptions, export_all
from catalog.model import Dataset, Portal
from quality.systems.entities import score_entities
from quality.systems.stage import score_portal
from tests.making import datasets, observe, store

RUNS = ("20261120T010000Z", "20261121T010000Z")
EVIL = '=HYPERLINK("http://evil.example","é")<script>alert(1)</script>'
PORTALS = (
    Portal(id="a", type="ckan", title="Alpha", url="https://a.example", government="République d'Exemple",
           country="CHE", contact_email="ministre@example.org", language="fr"),
    Portal(id="b", type="ckan", title=EVIL, url="javascript:alert(1)", government=EVIL, country="CHE"),
    Portal(id="c", type="ckan", title="Gamma", url="https://c.example", government="Gamma", country="CHE"),
    Portal(id="d", type="dcat-us", title="Delta", url="https://d.example", government="Delta", country="USA"),
)  # fmt: skip
_COMMITMENTS = {
    "commitments": "id text primary key, title text, government text, country text, lead text, ogp_url text, "
    "is_example integer, start text, deadline text, irm_completion text",
    "commitment_readings": "id text primary key, run_id text, commitment_id text, indicator_id text, kind text, "
    "measure text, direction text, start text, deadline text, baseline real, baseline_date text, target real, "
    "value real, value_at_deadline real, numerator integer, denominator integer, coverage_pct real, progress real, "
    "expected real, trend_per_month real, forecast_date text, timing_status text, suggested_completion text, "
    "flags text, failing_datasets integer, evidence_query text, note text",
    "commitment_members": "id text primary key, commitment_id text, indicator_id text, dataset_id text, "
    "is_in_scope integer, passes integer",
}


def insert(catalog: Catalog, table: str, row: dict[str, Any]) -> None:
    """Add a row to any table."""
    marks = ", ".join("?" * len(row))
    catalog.db.conn.execute(f"insert into {table} ({', '.join(row)}) values ({marks})", list(row.values()))  # noqa: S608
    catalog.db.conn.commit()


def promise(catalog: Catalog) -> None:
    """A commitment of the first government, read in both runs."""
    there = set(catalog.db.table_names())
    for name, columns in _COMMITMENTS.items():
        if name not in there:
            catalog.db.conn.execute(f"create table {name} ({columns})")
    about = {"title": "Open the books", "government": PORTALS[0].government, "country": "CHE", "lead": "Trésor"}
    insert(catalog, "commitments", {"id": "ogp/CH1", **about, "ogp_url": "https://ogp.example/CH1", "is_example": 1})
    for run_id, value in zip(RUNS, (2.0, 3.0), strict=True):
        for indicator in ("_overall", "books"):
            row = {"id": f"{run_id}/ogp/CH1/{indicator}", "run_id": run_id, "commitment_id": "ogp/CH1"}
            figures = {"indicator_id": indicator, "value": value, "progress": 0.5, "timing_status": "at_risk"}
            days = {"start": "2026-01-01", "deadline": "2026-12-31", "flags": '["low_coverage", "scope_shrunk"]'}
            insert(catalog, "commitment_readings", row | figures | days | {"evidence_query": "select 1"})
    keys = catalog.rows("select id from datasets where portal_id = 'a' order by id limit 2")
    for number, key in enumerate(keys):
        member = {"id": f"m{number}", "commitment_id": "ogp/CH1", "indicator_id": "books", "dataset_id": key["id"]}
        insert(catalog, "commitment_members", member | {"is_in_scope": 1, "passes": number})


def _of_few(at: int, dataset: Dataset, offices: int) -> Dataset:
    return (
        replace(dataset, publisher=replace(dataset.publisher, name=f"Office {at % offices}"))
        if dataset.publisher
        else dataset
    )


def data_folder(folder: Path, count: int = 40) -> Path:
    """Return the folder, with a catalogue in which the first run is stored."""
    with open_catalog(folder / "catalog.db") as catalog:
        write_run(catalog, RUNS[0], count=count)
    return folder


def write_run(catalog: Catalog, run_id: str, seed: int = 1, count: int = 40) -> None:
    """Store, observe and score the portals in a run."""
    made = catalog.begin_run("test", PORTALS, version="0", methodology="2.0.0", run_id=run_id)
    assert made == run_id
    rng = random.Random(seed)
    for number, one in enumerate(PORTALS):
        found = list(datasets(count, number + 1))
        if number < 3:
            # A publisher with fewer than five datasets gets no folder; those of the last portal have one each.
            found = [_of_few(at, dataset, count // 6) for at, dataset in enumerate(found)]
        found[0] = replace(found[0], title=EVIL, landing_page="javascript:alert(2)")
        store(catalog, run_id, one.id, found)
        observe(catalog, run_id, one.id, found, rng)
        score_portal(catalog, run_id, one.id)
    score_entities(catalog, run_id)
    catalog.set_run(run_id, status="complete", finished_at="2026-11-21T02:00:00Z")


@contextmanager
def scored(folder: Path, *, runs: int = 2, count: int = 40) -> Iterator[Catalog]:
    """Return the catalogue after ``runs`` runs, with ``count`` datasets in each portal."""
    with open_catalog(folder / "catalog.db") as catalog:
        for number, run_id in enumerate(RUNS[:runs]):
            write_run(catalog, run_id, seed=number + 1, count=count)
        promise(catalog)
        yield catalog


def put_out(catalog: Catalog, out: Path, **options: Any) -> list[Path]:
    """Export the last run."""
    run_id = catalog.latest_run()
    assert run_id
    return export_all(catalog, run_id, out, ExportOptions(**options))
