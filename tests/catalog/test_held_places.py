"""What is held back stands in no corner, and what was published or accuses nobody is not held back."""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest

from catalog.db.store import Catalog, open_catalog
from catalog.exports.fingerprints import Fingerprints
from catalog.exports.options import ExportOptions
from catalog.exports.page import _fixes
from catalog.repositories.findings import Finding, FoundInDataset, carry_findings
from catalog.repositories.held import HELD_FINDING, decide
from catalog.repositories.shareable import copy_shareable
from specs.languages import language

RUNS = ("20260101T000000Z", "20260102T000000Z")


@pytest.fixture
def catalog(tmp_path: Path) -> Iterator[Catalog]:
    with open_catalog(tmp_path / "catalog.db") as opened:
        with opened.writing():
            run = opened.db.conn.execute
            run("insert into portals (id, title, government, contact_email) values ('p', 'P', 'Gov', 'a@example.org')")
            for one in RUNS:
                run("insert into runs (id) values (?)", [one])
                run("insert into harvests (id, run_id, portal_id) values (?, ?, 'p')", [f"{one}/p", one])
            for one in ("d1", "d2"):
                row = [one, one, f"https://x.example/{one}"]
                run(
                    "insert into datasets (id, portal_id, title, landing_page, status) values (?,'p',?,?,'present')",
                    row,
                )
        yield opened


def find(catalog: Catalog, run_id: str, *dataset_ids: str, **more: Any) -> None:
    one = Finding(rule_id="link_ok", rule_title="t", dimension="accessible", severity="error", how_to_fix="x",
                  gain_points=5.0, **more)  # fmt: skip
    found = [FoundInDataset(dataset_id=name, portal_id="p", publisher_id=None, findings=[one]) for name in dataset_ids]
    with catalog.writing():
        carry_findings(catalog, run_id, found, "2026-01-01T00:00:00Z", {})


def hold(catalog: Catalog, run_id: str, *dataset_ids: str, state: str = "new") -> None:
    with catalog.writing():
        run = catalog.db.conn.execute
        run("insert into causes (id, number, portal_id, rule_id, level, state, first_seen_run, is_held) "
            "values ('c', 1, 'p', 'link_ok', 'host', ?, ?, 1)", [state, run_id])  # fmt: skip
        for one in dataset_ids:
            run("insert into cause_members (finding, cause) select key, 1 from findings where dataset_id = ?", [one])


def test_the_examples_of_a_fix_name_nothing_that_is_held_back(catalog: Catalog) -> None:
    find(catalog, RUNS[0], "d1", "d2")
    hold(catalog, RUNS[0], "d1")
    with catalog.writing():
        catalog.db.conn.execute(
            """insert into top_fixes
                 (id, run_id, entity_level, entity_id, rank, is_large, rule_id, how_to_fix, datasets, places,
                  gain_points, effort_hours)
               values ('t', ?, 'government', 'Gov', 1, 1, 'link_ok', 'x', 1, 1, 1, 1)""",
            [RUNS[0]],
        )
    card = {"entity_level": "government", "entity_id": "Gov", "run_id": RUNS[0]}
    (fix,) = _fixes(catalog, language("en"), card)
    assert [one["title"] for one in fix["examples"]] == ["d2"]


def test_a_cause_that_nobody_can_see_any_more_is_not_held_back(catalog: Catalog) -> None:
    hold(catalog, RUNS[0], state="unknown")
    decide(catalog, RUNS[1], 14)
    assert catalog.value("select is_held from causes") is None  # It is decided anew once it is seen.
    with catalog.writing():
        catalog.db.conn.execute("update causes set is_held = 1")
    decide(catalog, RUNS[1], 0)
    assert catalog.value("select is_held from causes") == 0


def test_what_was_published_before_its_cause_was_found_stays_so(catalog: Catalog) -> None:
    find(catalog, RUNS[0], "d1")
    find(catalog, RUNS[1], "d2")
    hold(catalog, RUNS[1], "d1", "d2")
    assert catalog.rows(f"select dataset_id from findings f where {HELD_FINDING}") == [{"dataset_id": "d2"}]  # noqa: S608


def test_the_shareable_copy_has_no_defects_of_findings_that_are_held_back(catalog: Catalog, tmp_path: Path) -> None:
    find(catalog, RUNS[0], "d1", distribution_id="f1", field="empty_column: secret")
    hold(catalog, RUNS[0], "d1")
    with catalog.writing():
        run = catalog.db.conn.execute
        run("insert into distributions (id, dataset_id, portal_id) values ('f1', 'd1', 'p')")
        defects = [{"rule": "empty_column", "field": name} for name in ("secret", "other")]
        run("insert into table_reports (distribution_id, defects) values ('f1', ?)", [json.dumps(defects)])
    copy_shareable(catalog.path, tmp_path / "copy.db")
    with closing(sqlite3.connect(tmp_path / "copy.db")) as copy:
        assert json.loads(copy.execute("select defects from table_reports").fetchone()[0]) == defects[1:]


def test_a_letter_in_a_quiet_night_is_heard_by_the_scorecard(catalog: Catalog) -> None:
    def told() -> str:
        return Fingerprints(catalog, RUNS[1], None, ExportOptions()).everything

    find(catalog, RUNS[0], "d1")
    before = told()
    assert told() == before
    with catalog.writing():
        catalog.db.conn.execute(
            """insert into sent (id, run_id, channel, entity_level, entity_id, recipient_hash, sent_at)
               values ('s', ?, 'mail', 'government', 'Gov', 'h', '2026-01-01T06:00:00Z')""",
            [RUNS[0]],
        )
    assert told() != before
