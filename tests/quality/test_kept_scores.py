"""Scores that are taken over from the night before are those that would be computed."""

from __future__ import annotations

import shutil
from dataclasses import replace
from pathlib import Path
from typing import Any

from catalog.db.store import Catalog, open_catalog
from catalog.repositories.kept_scores import keep_entity_scores
from quality.findings.cause_stage import find_causes
from quality.systems.entities import score_entities
from quality.systems.stage import score_portal
from tests.making import portal, store
from tests.quality.test_cause_stage import RUNS, night, two

TABLES = ("score_history", "top_fixes", "causes", "portals", "publishers")


def versions(catalog: Catalog, run_id: str) -> dict[str, str]:
    rows = catalog.rows("select system, methodology_version as version from score_history where run_id = ?", [run_id])
    return {row["system"]: row["version"] for row in rows}


def begin(catalog: Catalog, run_id: str, status_of_last: str) -> None:
    with catalog.writing():
        catalog.db.conn.execute("update runs set status = ? where id = ?", [status_of_last, RUNS[0]])
    catalog.begin_run("test", [portal("a")], version="0", methodology="2.1.0", run_id=run_id)


def second_night(path: Path, status_of_last: str) -> tuple[bool, dict[str, list[Any]]]:
    """Return whether the scores of the first night can be taken over, and all that the second night stored."""
    with open_catalog(path) as catalog:
        begin(catalog, RUNS[1], status_of_last)
        store(catalog, RUNS[1], "a", two(40, [*range(12), 20, 21]))
        assert score_portal(catalog, RUNS[1], "a", is_full=False) == 0
        score_entities(catalog, RUNS[1])
        kept = keep_entity_scores(catalog, RUNS[1], versions(catalog, RUNS[0]))
        find_causes(catalog, RUNS[1], ["a"], {"a"}, hold_days=0)
        return kept, {name: sorted(map(repr, catalog.rows(f"select * from {name}"))) for name in TABLES}  # noqa: S608


def test_scores_that_are_kept_are_those_that_would_be_computed(tmp_path: Path) -> None:
    first = tmp_path / "first.db"
    with open_catalog(first) as catalog:
        night(catalog, RUNS[0], two(40, [*range(12), 20, 21]))
        with catalog.writing():
            catalog.db.conn.execute("update score_history set corrections = 2 where system = 'winnow'")
    results = {}
    for status in ("complete", "interrupted"):
        shutil.copy(first, tmp_path / f"{status}.db")
        is_kept, results[status] = second_night(tmp_path / f"{status}.db", status)
        assert is_kept is (status == "complete")
    assert results["complete"] == results["interrupted"]
    assert sum(RUNS[1] in row for row in results["complete"]["score_history"]) > 0


def test_a_portal_that_another_government_takes_over_is_scored_again(tmp_path: Path) -> None:
    with open_catalog(tmp_path / "catalog.db") as catalog:
        night(catalog, RUNS[0], two(40, range(12)))
        for government, count in ((None, 0), ("Elsewhere", 1)):
            own = portal("a") if government is None else replace(portal("a"), government=government)
            with catalog.writing():
                catalog.register([own])
            # The governments may have as many datasets as before: they have swapped portals.
            assert catalog.value("select count(*) from to_score") == count


def test_scores_are_computed_again_after_any_change(tmp_path: Path) -> None:
    with open_catalog(tmp_path / "catalog.db") as catalog:
        night(catalog, RUNS[0], two(40, range(12)))
        begin(catalog, RUNS[1], "complete")
        present = versions(catalog, RUNS[0])
        assert keep_entity_scores(catalog, RUNS[1], present)
        assert not keep_entity_scores(catalog, RUNS[1], present | {"winnow": "3.0.0"})
        for sql in (
            "update dataset_quality set run_id = :run where rowid = 1",
            "delete from dataset_quality where rowid = 1",
            "update portals set government = 'Elsewhere'",
            "update datasets set copy_of = 'b-1' where rowid = 1",
            "insert into changes (dataset_id, run_id, kind) values ('x', :run, 'changed')",
            "delete from causes",
            # As many as before, and others.
            "insert into to_score select dataset_id from dataset_quality limit 1",
        ):
            run = catalog.db.conn.execute
            run("savepoint before")
            run(sql, {"run": RUNS[1]} if ":run" in sql else {})
            assert not keep_entity_scores(catalog, RUNS[1], present), sql
            run("rollback to before")
            run("release before")
        assert keep_entity_scores(catalog, RUNS[1], present)
