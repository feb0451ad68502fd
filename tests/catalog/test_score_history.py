"""The view of scores is written like a table, and stores values that stay the same only once."""

from __future__ import annotations

import random
from pathlib import Path
from typing import Any

import pytest

from catalog.db.schema.scored import SCORE_COLUMNS
from catalog.db.store import Catalog, open_catalog
from catalog.repositories.scores import write_entity_scores

RUNS = ("20261123T000000Z", "20261124T000000Z", "20261125T000000Z")
WRITTEN = [name for name in SCORE_COLUMNS if name not in ("id", "run_id", "entity_level", "corrections")]


def score(entity_id: str, score: float, system: str = "winnow", version: str = "2.1.0") -> dict[str, Any]:
    named = {"entity_id": entity_id, "system": system, "methodology_version": version, "score": score, "datasets": 7}
    return dict.fromkeys(WRITTEN) | named


def write(catalog: Catalog, run_id: str, *rows: dict[str, Any]) -> None:
    catalog.db.conn.execute("insert or ignore into runs (id) values (?)", [run_id])
    write_entity_scores(catalog, run_id, "portal", rows)


def values(catalog: Catalog) -> int:
    """Return how many values are stored, all of which a row must refer to."""
    assert catalog.rows("select key from score_values except select value from score_rows") == []
    assert catalog.rows("select value from score_rows except select key from score_values") == []
    return int(catalog.value("select count(*) from score_values"))


def scores(catalog: Catalog) -> list[tuple[Any, ...]]:
    sql = (
        "select run_id, system, methodology_version, entity_id, score, corrections from score_history order by 1, 2, 4"
    )
    return catalog.db.conn.execute(sql).fetchall()


def test_values_stand_once_while_they_stay_the_same(tmp_path: Path) -> None:
    with open_catalog(tmp_path / "catalog.db") as catalog:
        for run_id, of_a in zip(RUNS, (50.1, 50.1, 60.0), strict=True):
            write(catalog, run_id, score("a", of_a), score("b", 50.1), score("a", 3.0, "odin", "1"))
        assert values(catalog) == 4
        assert [row[4] for row in scores(catalog) if row[1] == "winnow" and row[3] == "a"] == [50.1, 50.1, 60.0]
        first = catalog.rows("select * from score_history where run_id = ? and entity_id = 'b'", [RUNS[0]])
        named = {"id": f"{RUNS[0]}/winnow/portal/b", "run_id": RUNS[0], "entity_level": "portal", "corrections": None}
        assert first == [score("b", 50.1) | named] and list(first[0]) == list(SCORE_COLUMNS)


def test_a_run_that_scores_again_replaces_its_scores_and_keeps_its_corrections(tmp_path: Path) -> None:
    with open_catalog(tmp_path / "catalog.db") as catalog:
        for run_id in RUNS[:2]:
            write(catalog, run_id, score("a", 50.0))
        with catalog.writing():
            catalog.db.conn.execute("update score_history set corrections = 1 where run_id = ?", [RUNS[1]])
        before = (RUNS[0], "winnow", "2.1.0", "a", 50.0, None)
        assert scores(catalog) == [before, (RUNS[1], "winnow", "2.1.0", "a", 50.0, 1)]
        assert values(catalog) == 2
        # With another version too: a run has one score of an entity in a system.
        write(catalog, RUNS[1], score("a", 51.0, version="2.1.1"))
        assert scores(catalog) == [before, (RUNS[1], "winnow", "2.1.1", "a", 51.0, 1)]
        assert values(catalog) == 2


@pytest.mark.parametrize("gone", RUNS[:2])
def test_what_is_deleted_takes_no_values_of_other_runs_along(tmp_path: Path, gone: str) -> None:
    with open_catalog(tmp_path / "catalog.db") as catalog:
        for run_id in RUNS[:2]:
            write(catalog, run_id, score("a", 50.0), score("b", 40.0 + RUNS.index(run_id)))
        with catalog.writing():
            catalog.db.conn.execute("delete from score_history where run_id = ?", [gone])
        assert [(row[0], row[3]) for row in scores(catalog)] == [
            (one, e) for one in RUNS[:2] if one != gone for e in "ab"
        ]
        assert values(catalog) == 2


def test_scores_written_at_once_are_stored_as_the_view_stores_them_one_by_one(tmp_path: Path) -> None:
    """The triggers of the view are the oracle, over nights with new entities, versions, repeats and corrections."""
    rng = random.Random(3)
    stored = """select r.entity, r.system, r.run, v.* from score_rows r join score_values v on v.key = r.value
                order by 1, 2, 3"""
    with open_catalog(tmp_path / "a.db") as at_once, open_catalog(tmp_path / "b.db") as one_by_one:
        for run_id in (*RUNS, RUNS[1], RUNS[2]):
            version = rng.choice(("1", "2"))
            rows = [
                score(entity, rng.choice((1.0, 2.0)), system, version if system == "odin" else "2.1.0")
                for entity in "abcdefg"
                for system in ("winnow", "odin")
                if rng.random() < 0.8
            ]
            write(at_once, run_id, *rows)
            insert = f"""insert into score_history (run_id, entity_level, {", ".join(WRITTEN)}, corrections) select
                :run_id, 'portal', {", ".join(f":{name}" for name in WRITTEN)}, (select corrections from score_history
                where run_id = :run_id and system = :system and entity_level = 'portal' and entity_id = :entity_id)"""  # noqa: S608  # names of the schema
            with one_by_one.writing():
                one_by_one.db.conn.execute("insert or ignore into runs (id) values (?)", [run_id])
                one_by_one.db.conn.executemany(insert, [row | {"run_id": run_id} for row in rows])
            for catalog in (at_once, one_by_one):
                with catalog.writing():
                    catalog.db.conn.execute("update score_history set corrections = 1 where entity_id in ('a', 'b')")
            assert values(at_once) == values(one_by_one)
            assert [row[:3] + row[4:] for row in at_once.db.conn.execute(stored)] == [
                row[:3] + row[4:] for row in one_by_one.db.conn.execute(stored)
            ]
