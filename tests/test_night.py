"""Two whole nights over the demo portals, through the command line, and what their scorecards say."""

from __future__ import annotations

import csv
import json
import os
import shutil
import subprocess
import sys
from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import frictionless
import pytest
from warcio.archiveiterator import ArchiveIterator

from catalog.db.store import Catalog, open_catalog
from harvester.demo import STORY
from harvester.http.archive import Archive, Replay
from tests import warm
from tests.comparing import content, differences

pytestmark = [
    pytest.mark.slow,
    # The nights run once for the module: its tests must meet in one worker.
    pytest.mark.xdist_group("night"),
]
WINNOW = str(Path(sys.executable).with_name("winnow"))


@pytest.fixture(scope="module")
def data(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("demo") / "data"
    done = warm.run(
        [*warm.NIGHT, "--data", str(folder), "demo", "--nights", "2"], capture_output=True, text=True, timeout=300
    )
    assert done.returncode == 0, done.stderr
    assert "Night 2" in done.stdout
    assert "Traceback" not in done.stderr
    return folder


@pytest.fixture
def catalog(data: Path) -> Iterator[Catalog]:
    with open_catalog(data / "catalog.db") as opened:
        yield opened


def read(path: Path) -> list[dict[str, str]]:
    with path.open(encoding="utf-8", newline="") as file:
        return list(csv.DictReader(file))


def dataset(catalog: Catalog, portal: str, identifier: str) -> dict[str, Any]:
    return catalog.rows("select * from datasets where portal_id = ? and identifier = ?", [portal, identifier])[0]


@pytest.mark.parametrize("change", STORY, ids=lambda change: f"{change.portal}-{change.kind}")
def test_the_scorecards_tell_the_story(catalog: Catalog, change: Any) -> None:
    row = dataset(catalog, change.portal, change.dataset)
    last = catalog.value("select max(id) from runs")
    states = {
        (f["rule_id"], f["state"]) for f in catalog.rows("select * from findings where dataset_id = ?", [row["id"]])
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
        case "table_fixed":
            assert ("table_rectangular", "fixed") in states


def test_added_and_removed_are_in_the_scorecard(data: Path) -> None:
    rows = {(r["entity_level"], r["entity_id"]): r for r in read(data / "exports" / "scorecard.csv")}
    for portal in ("solmark", "verdania"):
        for kind, column in (("added", "datasets_added"), ("removed", "datasets_removed")):
            expected = sum(1 for change in STORY if change.portal == portal and change.kind == kind)
            assert rows["portal", portal][column] == str(expected)
    assert float(rows["portal", "harborview"]["score_delta"]) > 0


def test_blocked_is_unknown_and_never_a_finding(catalog: Catalog) -> None:
    blocked = catalog.rows(
        "select * from resource_checks where fault in ('blocked', 'robots', 'private_address', 'auth')"
    )
    assert {row["fault"] for row in blocked} >= {"blocked", "robots", "private_address"}
    assert {row["outcome"] for row in blocked} == {"unknown"}
    for row in blocked:
        found = catalog.rows("select * from findings where resource_url = ? and rule_id = 'link_ok'", [row["url"]])
        assert found == []


def test_nothing_inside_the_network_was_downloaded(catalog: Catalog) -> None:
    inside = catalog.rows("select * from resource_checks where url like '%169.254.%' or url like 'file:%'")
    assert len(inside) >= 2
    assert all(row["file_path"] is None for row in inside)


def test_csvs_hold_to_their_schemas_and_run_no_formula(data: Path) -> None:
    exports = data / "exports"
    # Copies in a language are for people, and have titles in that language.
    paths = [path for path in sorted(exports.rglob("*.csv")) if path.stem.count(".") == 0]
    assert len(paths) > 12
    for path in paths:
        # What describes the columns is in the folder of everything, and holds in all folders.
        described = exports / f"{path.stem}.schema.json"
        schema = json.loads(described.read_text("utf-8"))
        report = frictionless.Resource(
            path=path.name, basepath=str(path.parent), schema=frictionless.Schema.from_descriptor(schema)
        ).validate()
        assert report.valid, report.flatten(["rowNumber", "fieldName", "type"])[:5]
        fields = {f["name"]: f["type"] for f in schema["fields"]}
        for row in read(path):
            for name, cell in row.items():
                if fields[name] == "string":
                    assert not cell.lstrip(" ").startswith(("=", "+", "-", "@")), (path, name, cell)


def test_every_percentage_reproduces_from_the_catalogue(data: Path, catalog: Catalog) -> None:
    row = next(r for r in read(data / "exports" / "scorecard.csv") if r["entity_id"] == "solmark")
    share = catalog.value("select round(100 * avg(link_ok), 2) from distribution_quality where portal_id = 'solmark'")
    assert float(row["links_ok_pct"]) == share
    # A family counts once; so do datasets of one publisher with the same bytes.
    mean = """select round(avg(mean), 2) from (select avg(score) as mean from (
                select score, case when content is null then family else min(family) over
                  (partition by coalesce(publisher_id, portal_id), content) end as kin
                from dataset_quality where portal_id = 'solmark') group by kin)"""
    assert float(row["score"]) == catalog.value(mean)


def test_every_lost_record_is_a_harvest_error(catalog: Catalog) -> None:
    errors = catalog.rows("select * from harvest_errors where portal_id = 'verdania'")
    assert {e["kind"] for e in errors} == {"duplicate"}
    assert all(e["remedy"] and e["pointer"] and e["url"] and e["message"] for e in errors)


def test_scoring_and_exporting_again_changes_nothing(data: Path, tmp_path: Path) -> None:
    # Other tests look at the night as it was.
    data = Path(shutil.copytree(data, tmp_path / "copy"))
    before = {path: path.read_bytes() for path in (data / "exports").rglob("*.csv")}
    portals = ["solmark", "verdania", "harborview"]
    for command in ("export", "score", "export"):
        done = warm.run(
            [*warm.NIGHT, "--data", str(data), command, *portals, "--json"], capture_output=True, text=True, timeout=120
        )
        assert done.returncode == 0, done.stderr
        assert json.loads(done.stdout)["mean_score"] is not None
        for path, written in before.items():
            if command == "export" and path.name.startswith("scorecard"):
                assert path.read_bytes() == written
    for path, written in before.items():
        if path.name == "findings.csv":
            old = list(csv.DictReader(written.decode().splitlines()))
            assert [r | {"checked_at": ""} for r in old] == [r | {"checked_at": ""} for r in read(path)]


def test_summary_and_explanation(data: Path) -> None:
    with open_catalog(data / "catalog.db") as opened:
        name = opened.value("select dataset_id from dataset_quality order by 1")
    for what, words in ((name, "Winnow score"), ("link_ok", "Does the address answer?")):
        done = warm.run([*warm.NIGHT, "--data", str(data), "explain", what], capture_output=True, text=True, timeout=60)
        assert done.returncode == 0 and words in done.stdout
    done = warm.run([*warm.NIGHT, "--data", str(data), "explain", "nonsense"], capture_output=True, timeout=60)
    assert done.returncode == 2


def test_help_answers_at_once() -> None:
    before = os.times()
    subprocess.run([WINNOW, "--help"], capture_output=True, check=True, timeout=20)
    after = os.times()
    spent = after.children_user + after.children_system - before.children_user - before.children_system
    # A bound with room for a busy machine; the heavy libraries alone would cost seconds.
    assert spent < 1.0
    code = (
        "import harvester.cli.main, sys;"
        "heavy = {'scrapy', 'pandas', 'great_expectations', 'frictionless', 'rdflib', 'datasette'} & set(sys.modules);"
        "assert not heavy, heavy"
    )
    subprocess.run([sys.executable, "-c", code], check=True, timeout=60)


@pytest.fixture(scope="module")
def replayed(data: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Replay both runs from their archives alone; the demo server no longer runs."""
    folder = tmp_path_factory.mktemp("replay") / "data"
    for archive in sorted((data / "archive").glob("*.warc.gz")):
        command = [*warm.NIGHT, "--data", str(folder), "nightly", "--replay", str(archive), "--json"]
        done = warm.run(command, capture_output=True, text=True, timeout=200)
        assert done.returncode == 0, done.stderr
    return folder


def test_a_night_replayed_from_its_archive_gives_the_same_bytes(data: Path, replayed: Path) -> None:
    files = sorted(path.relative_to(data) for path in (data / "exports").rglob("*.csv"))
    assert len(files) >= 16
    for path in files:
        assert (replayed / path).read_bytes() == (data / path).read_bytes(), path


def test_a_night_replayed_from_its_archive_gives_the_same_catalogue(data: Path, replayed: Path) -> None:
    # Of addresses that were never asked there is no exchange; the others have the same id again.
    assert differences(content(replayed), content(data)) == {}


def test_an_archive_is_not_replayed_over_its_own_night(data: Path) -> None:
    archive = sorted((data / "archive").glob("*.warc.gz"))[0]
    command = [*warm.NIGHT, "--data", str(data), "nightly", "--replay", str(archive)]
    done = warm.run(command, capture_output=True, text=True, timeout=60)
    assert done.returncode == 2 and "name another folder with --data" in done.stderr


def test_the_archive_is_warc_that_others_read(data: Path) -> None:
    for path in (data / "archive").glob("*.warc.gz"):
        checked = subprocess.run(
            [str(Path(sys.executable).with_name("warcio")), "check", str(path)],
            capture_output=True,
            text=True,
            timeout=60,
        )
        assert checked.returncode == 0, checked.stdout
        with path.open("rb") as file:
            kinds = Counter(record.rec_type for record in ArchiveIterator(file))
        assert kinds["warcinfo"] == 1 and kinds["response"] == kinds["request"] > 100 and kinds["metadata"] > 0


def test_findings_lead_to_the_exchange_behind_them(data: Path, catalog: Catalog) -> None:
    rows = read(data / "exports" / "findings.csv")
    asked = [row for row in rows if row["rule_id"] != "link_ok" or row["http_status"]]
    assert asked and all(row["evidence_record"].startswith("urn:uuid:") for row in asked)
    broken = next(row for row in rows if row["rule_id"] == "link_ok" and row["http_status"] == "404")
    for row, words in ((broken, b"404"), (asked[0], b"HTTP/1.1 200")):
        done = warm.run(
            [*warm.NIGHT, "--data", str(data), "evidence", row["evidence_record"]], capture_output=True, timeout=60
        )
        assert done.returncode == 0 and done.stdout.startswith(b"WARC/1.1") and words in done.stdout
    assert (
        broken["resource_url"].encode()
        in warm.run(
            [*warm.NIGHT, "--data", str(data), "evidence", broken["evidence_record"]], capture_output=True, timeout=60
        ).stdout
    )


def test_what_was_sealed_is_checked(data: Path, tmp_path: Path) -> None:
    copy = tmp_path / "data"
    shutil.copytree(data, copy)
    card = copy / "exports" / "scorecard.csv"
    sent = tmp_path / "received.csv"
    shutil.copy(card, sent)

    def verify(*files: Path) -> subprocess.CompletedProcess[str]:
        command = [*warm.NIGHT, "--data", str(copy), "verify", *map(str, files)]
        return warm.run(command, capture_output=True, text=True, timeout=60)

    well = verify(sent)
    assert well.returncode == 0 and "received.csv: is exports/scorecard.csv of run" in well.stdout, well.stderr
    sent.write_bytes(sent.read_bytes().replace(b"solmark", b"Solmark", 1))
    card.write_bytes(card.read_bytes() + b"x")
    changed = verify(sent)
    assert changed.returncode == 5
    assert "exports/scorecard.csv: was changed" in changed.stderr and "no manifest knows these bytes" in changed.stderr
    first = sorted((copy / "manifests").glob("*.json"))[0]
    first.write_text(first.read_text("utf-8").replace('"bytes": ', '"bytes": 1'), "utf-8")
    assert f"{first.name}: was changed after" in verify().stderr
    first.unlink()
    assert "which is missing" in verify().stderr or "is missing" in verify().stderr


def test_what_a_night_changed_is_named(data: Path, catalog: Catalog) -> None:
    first, last = (row["id"] for row in catalog.rows("select id from runs order by id"))

    def diff(*words: str) -> list[dict[str, Any]]:
        command = [*warm.NIGHT, "--data", str(data), "diff", *words, "--json"]
        done = warm.run(command, capture_output=True, text=True, timeout=60)
        assert done.returncode == 0, done.stderr
        return [json.loads(line) for line in done.stdout.splitlines()]

    named = {(c["portal_id"], c["identifier"]): c for c in diff(last)}
    expected = {"added": "added", "removed": "missing", "improved": "changed"}
    for change in STORY:
        if change.kind in expected:
            assert named.pop((change.portal, change.dataset))["kind"] == expected[change.kind]
    assert not named
    assert diff(first, last) == diff(last) and len(diff(first)) > 40
    rows = read(data / "exports" / "changes.csv")
    licence = [r for r in rows if r["kind"] == "changed" and r["field"] == "license_id"]
    assert licence and all(r["old_value"] != r["new_value"] for r in licence)


def test_the_second_night_costs_less(catalog: Catalog) -> None:
    first, second = (json.loads(row["summary"]) for row in catalog.rows("select summary from runs order by id"))
    assert second["traffic"]["not_modified"]["check"] > 20
    assert second["traffic"]["requests"]["check"] < first["traffic"]["requests"]["check"]


@pytest.mark.parametrize("run_id", ["../../outside", "20261124", 7, None])
def test_an_archive_with_a_forged_run_is_refused(run_id: Any, tmp_path: Path) -> None:
    info = {"run_id": run_id, "command": "", "stages": ["export"], "contact": "", "portals": []}
    path = tmp_path / "x.warc.gz"
    Archive(path, "x", info).close()
    command = [*warm.NIGHT, "--data", str(tmp_path / "a" / "b"), "nightly", "--replay", str(path)]
    done = warm.run(command, capture_output=True, text=True, timeout=60)
    assert done.returncode == 2 and "does not say which run it holds" in done.stderr
    assert {p.name for p in tmp_path.rglob("*.json")} == set()


def test_an_archive_that_was_killed_in_its_first_record_begins_anew(tmp_path: Path) -> None:
    info = {"run_id": "20261124T010000Z", "command": "", "stages": [], "contact": "", "portals": []}
    path = tmp_path / "x.warc.gz"
    Archive(path, info["run_id"], info).close()  # type: ignore[arg-type]
    path.write_bytes(path.read_bytes()[:40])
    Archive(path, info["run_id"], info).close()  # type: ignore[arg-type]
    assert Replay(path).info == info
