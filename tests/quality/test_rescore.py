"""Scoring only what changed gives what scoring everything gives."""

from __future__ import annotations

import random
import shutil
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from catalog.db.schema import TABLES, metric_columns
from catalog.db.schema.views import VIEWS, view_columns
from catalog.db.store import Catalog, instant, open_catalog, started
from catalog.model import Dataset, Distribution, Publisher, ResourceCheck
from catalog.repositories.checks import write_checks
from catalog.repositories.finding_states import LAST_SEEN, runs_failing
from quality.systems.entities import score_entities
from quality.systems.stage import score_portal
from specs.metrics import methodology_version
from tests.making import changed, check_of, datasets, key_of, observe, portal, store

RUNS = ["20261120T010000Z", "20261121T010000Z", "20270315T010000Z"]
OF_RUN = {"run_id", "first_seen_run", "last_seen_run", "fixed_run", "runs_failing", "checked_at"}


def begin(catalog: Catalog, run_id: str) -> None:
    made = catalog.begin_run("test", [portal("a"), portal("b")], version="0", methodology="0", run_id=run_id)
    assert made == run_id


def score(catalog: Catalog, run_id: str, *, is_full: bool) -> int:
    done = sum(score_portal(catalog, run_id, one, is_full=is_full) for one in ("a", "b"))
    score_entities(catalog, run_id)
    return done


def content(catalog: Catalog, but: frozenset[str] | set[str] = frozenset()) -> dict[str, list[Any]]:
    found = {}
    for table in ("dataset_quality", "distribution_quality", "findings", "score_history", "top_fixes"):
        names = [*(view_columns(table) if table in VIEWS else TABLES[table].columns)]
        if table == "dataset_quality":
            names += metric_columns("dataset")
        chosen = ", ".join(f"[{name}]" for name in names if name not in but)
        found[table] = sorted(map(repr, catalog.db.conn.execute(f"select {chosen} from {table}")))  # noqa: S608
    return found


@pytest.mark.parametrize("seed", [1, 2])
def test_a_night_scores_what_changed_and_comes_to_the_same(tmp_path: Path, seed: int) -> None:
    rng = random.Random(seed)
    kept = {name: list(datasets(60, seed * 10 + at, files=None)) for at, name in enumerate(("a", "b"))}
    with open_catalog(tmp_path / "night.db") as catalog:
        begin(catalog, RUNS[0])
        for name, found in kept.items():
            store(catalog, RUNS[0], name, found)
            observe(catalog, RUNS[0], name, found, rng)
        assert score(catalog, RUNS[0], is_full=False) == 120
        # Nothing has changed: nothing is scored, and scoring all again changes nothing.
        before = content(catalog)
        assert score(catalog, RUNS[0], is_full=False) == 0
        assert score(catalog, RUNS[0], is_full=True) == 120 and content(catalog) == before
        # Some records, some answers.
        begin(catalog, RUNS[1])
        touched = rng.sample(range(60), 6)
        kept["a"] = [changed(one, rng) if at in touched else one for at, one in enumerate(kept["a"])][:-1]
        for name, found in kept.items():
            store(catalog, RUNS[1], name, found)
        urls = [d.access_url for one in kept["b"][:4] for d in one.distributions if d.access_url]
        write_checks(catalog, RUNS[1], [check_of(url, RUNS[1], rng) for url in urls])
        catalog.db.conn.execute("delete from table_reports where url like '%/33/%'")
        catalog.db.conn.commit()
        done = _both_ways(catalog, tmp_path, RUNS[1])
        assert 6 <= done <= 40
        # Months later, with no other change, what has become late is scored again.
        begin(catalog, RUNS[2])
        for name, found in kept.items():
            store(catalog, RUNS[2], name, found)
        assert _both_ways(catalog, tmp_path, RUNS[2]) < 120


def test_a_response_that_nothing_has_changed_makes_nothing_due(catalog: Catalog) -> None:
    found = list(datasets(3, 1, files=1))
    urls = [d.access_url for one in found for d in one.distributions if d.access_url]

    def due(run_id: str, status: int) -> int:
        begin(catalog, run_id)
        seen = [ResourceCheck(url=url, outcome="ok", status=status, etag="1", checked_at=run_id) for url in urls]
        write_checks(catalog, run_id, seen)
        count = int(catalog.value("select count(*) from to_score"))
        catalog.db.conn.execute("delete from to_score")
        catalog.db.conn.commit()
        return count

    begin(catalog, RUNS[0])
    store(catalog, RUNS[0], "a", found)
    assert due("20261120T020000Z", 200) and not due("20261121T020000Z", 304)
    assert not due("20261122T020000Z", 200) and due("20261123T020000Z", 206)


def lives(catalog: Catalog, run_id: str) -> list[Any]:
    """Return what findings.csv says of how long each finding has been open."""
    life = f"{LAST_SEEN} as last_seen, {runs_failing(':run')} as runs"
    sql = f"select id, state, first_seen_run, {life} from findings f order by id"  # noqa: S608
    return catalog.rows(sql, {"run": run_id})


def _both_ways(catalog: Catalog, folder: Path, run_id: str) -> int:
    """Score a copy in full and the catalogue incrementally; fail if they do not hold the same."""
    catalog.db.conn.execute("pragma wal_checkpoint(truncate)")
    shutil.copy(catalog.path, folder / f"{run_id}.db")
    with open_catalog(folder / f"{run_id}.db") as other:
        score(other, run_id, is_full=True)
        whole = content(other, OF_RUN)
        states = lives(other, run_id)
    done = score(catalog, run_id, is_full=False)
    ours = content(catalog, OF_RUN)
    for table, rows in whole.items():
        assert ours[table] == rows, table
    assert lives(catalog, run_id) == states
    return done


@pytest.mark.parametrize("url", ["https://files.example/2.csv", "https://files.example/1.csv"])
@pytest.mark.parametrize("is_withdrawn", [False, True])
def test_another_title_or_none_is_heard_by_the_datasets_that_serve_the_same_bytes(
    tmp_path: Path, url: str, is_withdrawn: bool
) -> None:
    def trees(number: int, title: str, at: str) -> Dataset:
        file = Distribution(title="Trees", access_url=at, download_url=at, format="CSV")
        publisher = Publisher(name="City")
        return Dataset(identifier=str(number), title=title, publisher=publisher, distributions=(file,))

    first = "https://files.example/1.csv"
    found = [trees(1, "Trees 2025", first), trees(2, "Trees 2026", url)]
    rule = "select distinct dataset_id from findings where rule_id = 'file_distinct' and state in ('new', 'open')"
    with open_catalog(tmp_path / "night.db") as catalog:
        begin(catalog, RUNS[0])
        store(catalog, RUNS[0], "a", found)
        # The same records on another portal, which is scored after this one.
        store(catalog, RUNS[0], "b", found)
        for one in {first, url}:
            at = instant(started(RUNS[0]))
            same = ResourceCheck(
                url=one, outcome="ok", status=200, content_type="text/csv", size_bytes=9_000, downloaded_bytes=9_000,
                sha256="a" * 64, checked_at=at,
            )  # fmt: skip
            write_checks(catalog, RUNS[0], [same])
        assert score(catalog, RUNS[0], is_full=False) == 4
        assert len(catalog.rows(rule)) == 4
        begin(catalog, RUNS[1])
        store(catalog, RUNS[1], "a", [trees(2, "Shrubs 2026", url)][is_withdrawn:] + found[:1])
        store(catalog, RUNS[1], "b", found)
        assert _both_ways(catalog, tmp_path, RUNS[1]) == 2 - is_withdrawn
        assert len(catalog.rows(rule)) == 2
        assert not catalog.rows("select * from to_score")


def test_a_new_methodology_scores_everything_again_without_a_crawl(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with open_catalog(tmp_path / "c.db") as catalog:
        begin(catalog, RUNS[0])
        found = list(datasets(8))
        for name in ("a", "b"):
            store(catalog, RUNS[0], name, found)
        assert score(catalog, RUNS[0], is_full=False) == 16
        catalog.db.conn.execute("update dataset_quality set methodology_version = '0.9'")
        catalog.db.conn.commit()
        assert score(catalog, RUNS[0], is_full=False) == 16
        assert catalog.value("select min(methodology_version) from dataset_quality") == methodology_version()


@pytest.mark.parametrize(
    ("rule", "fixed"),
    [("keyword_present", {"keywords": ("city",)}), ("theme_present", {"themes": ("ENVI",)}),
     ("spatial_present", {"spatial": ("City",)}), ("issued_present", {"issued": "2024-01-01"})],
)  # fmt: skip
def test_fixing_a_rule_everywhere_brings_exactly_what_was_promised(
    tmp_path: Path, rule: str, fixed: dict[str, Any]
) -> None:
    with open_catalog(tmp_path / "c.db") as catalog:
        begin(catalog, RUNS[0])
        found = list(datasets(80, files=None))
        store(catalog, RUNS[0], "a", found)
        observe(catalog, RUNS[0], "a", found, random.Random(4))
        score(catalog, RUNS[0], is_full=False)

        def of_portal() -> float:
            sql = """select score from score_history where entity_level = 'portal' and entity_id = 'a'
                     and system = 'winnow' order by run_id desc limit 1"""
            return float(catalog.value(sql))

        before = of_portal()
        sql = "select * from top_fixes where entity_level = 'portal' and entity_id = 'a'"
        fixes = {row["rule_id"]: row for row in catalog.rows(sql)}
        ranks = [row["gain_per_hour"] for row in sorted(fixes.values(), key=lambda row: row["rank"])]
        assert ranks == sorted(ranks, reverse=True)
        begin(catalog, RUNS[1])
        query = f"select dataset_id from dataset_quality where {rule} = 0"  # noqa: S608
        failing = {row["dataset_id"] for row in catalog.rows(query)}
        assert len(failing) == fixes[rule]["datasets"] > 0
        store(catalog, RUNS[1], "a", [replace(one, **fixed) if key_of("a", one) in failing else one for one in found])
        score(catalog, RUNS[1], is_full=False)
        assert of_portal() - before == pytest.approx(fixes[rule]["gain_points"], abs=2e-4)
