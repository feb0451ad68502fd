"""Measure scoring from the database and back: all metrics, systems, gains and findings, in one process on one core.

    python bench/scoring.py [datasets] [large]

Compared in the same run: the same datasets without the database; a pass that reads all rows of these datasets as dicts
with sqlite-utils and writes them into another table, which any program must do; and the second night, on which one
dataset in a hundred has changed. ``large`` is the number of datasets of the unchanged catalogue. Seconds of CPU, the
best of three for short cases.
"""

from __future__ import annotations

import random
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parents[1]))

from catalog.db.store import Catalog, open_catalog
from catalog.repositories.reading import stored_datasets
from quality.findings.derive import JudgedDataset, findings
from quality.findings.gains import gains
from quality.systems.entities import score_entities
from quality.systems.matrix import measure_all
from quality.systems.stage import day_of, score_portal, subject_of
from quality.systems.third_party import system_points
from quality.systems.winnow import winnow_scores
from specs.systems import systems
from tests.making import changed, datasets, observe, portal, store

FIRST, SECOND, THIRD = (f"202611{day}T010000Z" for day in (20, 21, 22))


def cpu(work: Callable[[], object]) -> float:
    began = time.process_time()
    work()
    return time.process_time() - began


def made(folder: Path, count: int) -> Catalog:
    catalog = open_catalog(folder / "catalog.db")
    rng = random.Random(5)
    catalog.begin_run("bench", [portal("p")], version="0", methodology="0", run_id=FIRST)
    found = list(datasets(count))
    for start in range(0, count, 2_000):
        part = found[start : start + 2_000]
        store(catalog, FIRST, "p", part, is_whole=start + 2_000 >= count)
        observe(catalog, FIRST, "p", part, rng)
    return catalog


def plain_copy(catalog: Catalog) -> None:
    """Read every row behind a score as a dict, and write as many rows as a score has."""
    tables = ("datasets", "distributions", "resource_checks", "table_reports")
    read = {name: catalog.rows(f"select * from {name}") for name in tables}  # noqa: S608  # names of the schema
    for name in ("datasets", "distributions"):
        rows = [{"id": row["id"], **{f"c{n}": n / 7 for n in range(60)}} for row in read[name]]
        catalog.db.table(f"copy_of_{name}").insert_all(rows, pk="id", replace=True, batch_size=1_000)
        catalog.db.table(f"copy_of_{name}").drop()


def main(count: int, large: int) -> None:
    with tempfile.TemporaryDirectory() as folder, made(Path(folder), count) as catalog:
        ids = [row["id"] for row in catalog.rows("select id from datasets order by id")]
        subjects = [subject_of(one, day_of(FIRST)) for one in stored_datasets(catalog, ids)]
        read = cpu(lambda: [subject_of(one, day_of(FIRST)) for one in stored_datasets(catalog, ids)])
        measured = measure_all(subjects)
        measure = cpu(lambda: measure_all(subjects))
        add_up = cpu(lambda: (winnow_scores(measured), [system_points(s, measured) for s in systems().values()]))
        gain = cpu(lambda: gains(measured))
        gained = gains(measured)

        def all_findings() -> None:
            begin = 0
            for number, one in enumerate(subjects):
                end = begin + len(one.distributions)
                findings(
                    JudgedDataset(
                        one,
                        measured.datasets[number],
                        measured.distributions[begin:end],
                        gained.dataset[number],
                        gained.part[begin:end],
                    )
                )
                begin = end

        say = cpu(all_findings)
        whole = cpu(lambda: score_portal(catalog, FIRST, "p"))
        again = cpu(lambda: score_portal(catalog, FIRST, "p"))
        copy = cpu(lambda: plain_copy(catalog))
        entities = cpu(lambda: score_entities(catalog, FIRST))
        print(f"{count:,} datasets with {len(measured.distributions):,} distributions, {len(systems()) + 1} systems")
        for name, seconds in (
            ("read", read), ("measure", measure), ("add up, all systems", add_up), ("gains", gain), ("findings", say),
            ("from the database and back, first", whole), ("again", again), ("plain copy of the rows", copy),
            ("portals, publishers, governments", entities),
        ):  # fmt: skip
            print(f"  {name:36} {seconds:7.2f} s {count / seconds:12,.0f} datasets/s")
        print(f"  from the database and back takes {again / copy:.2f} x the time of the plain copy")
        rng = random.Random(6)
        catalog.begin_run("bench", [portal("p")], version="0", methodology="0", run_id=SECOND)
        some = [changed(one, rng) for at, one in enumerate(datasets(count)) if at % 100 == 0]
        store(catalog, SECOND, "p", some, is_whole=False)
        second = cpu(lambda: score_portal(catalog, SECOND, "p", is_full=False))
        print(f"  a night with {len(some):,} changed: {second:.2f} s")
    if large:
        with tempfile.TemporaryDirectory() as folder, made(Path(folder), large) as catalog:
            score_portal(catalog, FIRST, "p")
            catalog.begin_run("bench", [portal("p")], version="0", methodology="0", run_id=THIRD)
            nothing = cpu(lambda: score_portal(catalog, THIRD, "p", is_full=False))
            entities = cpu(lambda: score_entities(catalog, THIRD))
            print(f"{large:,} datasets, none changed: {nothing:.2f} s; portals and publishers {entities:.2f} s")


if __name__ == "__main__":
    main(int(sys.argv[1]) if len(sys.argv) > 1 else 5_000, int(sys.argv[2]) if len(sys.argv) > 2 else 0)
