"""Two whole nights over the demo portals, through the command line, and what their scorecards say."""

from __future__ import annotations

import csv
import json
import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import frictionless
import pytest

from catalog.store import Catalog, open_catalog
from harvester.demo import STORY

pytestmark = [
    pytest.mark.slow,
    # The nights run once for the module: its tests must meet in one worker.
    pytest.mark.xdist_group("night"),
]
WINNOW = str(Path(sys.executable).with_name("winnow"))


@pytest.fixture(scope="module")
def data(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("demo") / "data"
    done = subprocess.run([WINNOW, "--data", str(folder), "demo"], capture_output=True, text=True, timeout=300)
    assert done.returncode == 0, done.stderr
    assert "Night 2" in done.stdout
    assert "Traceback" not in done.stderr
    return folder


@pytest.fixture
def night(data: Path) -> Iterator[Catalog]:
    with open_catalog(data / "catalog.db") as opened:
        yield opened


def read(path: Path) -> list[dict[str, str]]:
    with path.open(encoding="utf-8", newline="") as file:
        return list(csv.DictReader(file))


def dataset(night: Catalog, portal: str, identifier: str) -> dict[str, Any]:
    return night.rows("select * from datasets where portal_id = ? and identifier = ?", [portal, identifier])[0]


@pytest.mark.parametrize("change", STORY, ids=lambda change: f"{change.portal}-{change.kind}")
def test_the_scorecards_tell_the_story(night: Catalog, change: Any) -> None:
    row = dataset(night, change.portal, change.dataset)
    last = night.value("select max(id) from runs")
    states = {
        (f["rule_id"], f["state"]) for f in night.rows("select * from findings where dataset_id = ?", [row["id"]])
    }
    match change.kind:
        case "added":
            assert row["first_seen_run"] == last
        case "removed":
            assert row["status"] == "missing" and row["missing_since"] == last
        case "improved":
            assert row["changed_run"] == last
        case "link_broken":
            assert ("link_ok", "new") in states
        case "link_repaired":
            assert ("link_ok", "fixed") in states
        case "content_repaired":
            assert ("file_served", "fixed") in states
        case "table_mended":
            assert ("table_rectangular", "fixed") in states


def test_added_and_removed_are_in_the_scorecard(data: Path) -> None:
    rows = {(r["entity_level"], r["entity_id"]): r for r in read(data / "exports" / "scorecard.csv")}
    for portal in ("solmark", "verdania"):
        for kind, column in (("added", "datasets_added"), ("removed", "datasets_removed")):
            expected = sum(1 for change in STORY if change.portal == portal and change.kind == kind)
            assert rows["portal", portal][column] == str(expected)
    assert float(rows["portal", "harborview"]["score_delta"]) > 0


def test_blocked_is_unknown_and_never_a_finding(night: Catalog) -> None:
    blocked = night.rows(
        "select * from resource_checks where fault in ('blocked', 'robots', 'private_address', 'auth')"
    )
    assert {row["fault"] for row in blocked} >= {"blocked", "robots", "private_address"}
    assert {row["outcome"] for row in blocked} == {"unknown"}
    for row in blocked:
        found = night.rows("select * from findings where resource_url = ? and rule_id = 'link_ok'", [row["url"]])
        assert found == []


def test_nothing_inside_the_network_was_downloaded(night: Catalog) -> None:
    inside = night.rows("select * from resource_checks where url like '%169.254.%' or url like 'file:%'")
    assert len(inside) >= 2
    assert all(row["file_path"] is None for row in inside)


def test_csvs_hold_to_their_schemas_and_run_no_formula(data: Path) -> None:
    for path in sorted((data / "exports").rglob("*.csv")):
        if path.name.endswith(".excel.csv"):
            assert path.read_bytes().startswith(b"\xef\xbb\xbf")
            continue
        schema = path.with_suffix(".schema.json").name
        report = frictionless.Resource(path=path.name, basepath=str(path.parent), schema=schema).validate()
        assert report.valid, report.flatten(["rowNumber", "fieldName", "type"])[:5]
        fields = {f["name"]: f["type"] for f in json.loads(path.with_suffix(".schema.json").read_text())["fields"]}
        for row in read(path):
            for name, cell in row.items():
                if fields[name] == "string":
                    assert not cell.lstrip(" ").startswith(("=", "+", "-", "@")), (path, name, cell)


def test_every_percentage_reproduces_from_the_catalogue(data: Path, night: Catalog) -> None:
    row = next(r for r in read(data / "exports" / "scorecard.csv") if r["entity_id"] == "solmark")
    share = night.value("select round(100 * avg(link_ok), 2) from distribution_quality where portal_id = 'solmark'")
    assert float(row["links_ok_pct"]) == share
    assert float(row["score"]) == night.value(
        "select round(avg(score), 2) from dataset_quality where portal_id = 'solmark'"
    )


def test_every_lost_record_is_a_harvest_error(night: Catalog) -> None:
    errors = night.rows("select * from harvest_errors where portal_id = 'verdania'")
    assert {e["kind"] for e in errors} == {"duplicate", "identifier"}
    assert all(e["remedy"] and e["pointer"] and e["url"] and e["message"] for e in errors)


def test_scoring_and_exporting_again_changes_nothing(data: Path) -> None:
    before = {path: path.read_bytes() for path in (data / "exports").rglob("*.csv")}
    portals = ["solmark", "verdania", "harborview"]
    for command in ("export", "score", "export"):
        done = subprocess.run(
            [WINNOW, "--data", str(data), command, *portals, "--json"], capture_output=True, text=True, timeout=120
        )
        assert done.returncode == 0, done.stderr
        assert json.loads(done.stdout)["mean_score"] is not None
        for path, content in before.items():
            if command == "export" and path.name.startswith("scorecard"):
                assert path.read_bytes() == content
    for path, content in before.items():
        if path.name == "findings.csv":
            old = list(csv.DictReader(content.decode().splitlines()))
            assert [r | {"checked_at": ""} for r in old] == [r | {"checked_at": ""} for r in read(path)]


def test_summary_and_explanation(data: Path) -> None:
    with open_catalog(data / "catalog.db") as opened:
        name = opened.value("select dataset_id from dataset_quality order by 1")
    for what, words in ((name, "Winnow score"), ("link_ok", "Does the address answer?")):
        done = subprocess.run(
            [WINNOW, "--data", str(data), "explain", what], capture_output=True, text=True, timeout=60
        )
        assert done.returncode == 0 and words in done.stdout
    done = subprocess.run([WINNOW, "--data", str(data), "explain", "nonsense"], capture_output=True, timeout=60)
    assert done.returncode == 2


def test_help_answers_at_once() -> None:
    before = os.times()
    subprocess.run([WINNOW, "--help"], capture_output=True, check=True, timeout=20)
    after = os.times()
    spent = after.children_user + after.children_system - before.children_user - before.children_system
    # A bound with room for a busy machine; the heavy libraries alone would cost seconds.
    assert spent < 1.0
    code = (
        "import harvester.cli, sys;"
        "heavy = {'scrapy', 'pandas', 'great_expectations', 'frictionless', 'rdflib', 'datasette'} & set(sys.modules);"
        "assert not heavy, heavy"
    )
    subprocess.run([sys.executable, "-c", code], check=True, timeout=60)
