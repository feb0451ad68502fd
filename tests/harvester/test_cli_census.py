"""winnow census: what it shows, and how a person answers."""

from __future__ import annotations

import csv
import json
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner, Result

from catalog.db.store import open_catalog
from catalog.exports import export_all
from harvester.cli.main import cli
from quality.census.stage import take_census
from specs.census.confirmed import confirmations_path, read_confirmations
from tests.quality.test_census_states import FIRST, SECOND, dataset, doubtful, night


def run(data: Path, *args: str, said: str | None = None) -> Result:
    return CliRunner().invoke(cli, ["--data", str(data), "census", *args], input=said)


@pytest.fixture
def data(tmp_path: Path) -> Path:
    with open_catalog(tmp_path / "catalog.db") as catalog:
        night(catalog, FIRST, [dataset(1, "Air quality"), dataset(2, "Trees")])
        take_census(catalog, FIRST, tmp_path)
        night(catalog, SECOND, [dataset(1, "Air quality"), dataset(2, "Trees"), doubtful(3)])
        take_census(catalog, SECOND, tmp_path)
    return tmp_path


def shown(data: Path) -> dict[str, dict[str, Any]]:
    return {row["key"]: row for row in json.loads(run(data, "show", "a", "--json").output)["keys"]}


def test_the_census_is_shown_for_all_portals_and_for_one(data: Path) -> None:
    (one,) = json.loads(run(data, "--json").output)
    assert one == {
        "portal_id": "a", "open": 1, "unknown": 0, "closed": 0, "not_found": 18, "not_observed": 1,
        "coverage_pct": 95.0, "waiting": 1,
    }  # fmt: skip
    assert "95" in run(data).output
    told = json.loads(run(data, "show", "a", "--json").output)
    assert told["trend"] == [{"run_id": FIRST, "open": 1, "found": 1}, {"run_id": SECOND, "open": 1, "found": 1}]
    text = run(data, "show", "a").output
    assert "Air quality" in text and "Not found in this catalogue" in text and "coverage 95 %" in text


def test_a_person_answers_one_question_after_the_other(data: Path) -> None:
    questions = json.loads(run(data, "review", "a", "--json").output)
    assert [(one["key"], one["verdict"], one["points"]) for one in questions] == [("procurement", "asked", 2.5)]
    result = run(data, "review", "a", said="later\n")
    assert result.exit_code == 0 and not confirmations_path(data, "a").exists()
    result = run(data, "review", "a", said="yes\nAda\nIt lists all tenders.\n")
    assert result.exit_code == 0 and "1 answers written" in result.output, result.output
    (one,) = read_confirmations(confirmations_path(data, "a"))
    assert (one.key, one.answer, one.who, one.why) == ("procurement", "yes", "Ada", "It lists all tenders.")
    row = shown(data)["procurement"]
    assert (row["state"], row["confirmed_by"]) == ("open", "Ada")
    assert "nothing to ask about a" in run(data, "review", "a").output


def test_an_answer_is_given_without_a_question_and_replaced(data: Path) -> None:
    answer = ("review", "a", "--key", "procurement", "--dataset", "3", "--who", "Ada", "--why", "A port's own.")
    assert run(data, *answer, "--no").exit_code == 0
    assert (shown(data)["procurement"]["state"], shown(data)["procurement"]["confirmed_by"]) == ("not_found", "Ada")
    assert run(data, *answer, "--yes").exit_code == 0
    assert [one.answer for one in read_confirmations(confirmations_path(data, "a"))] == ["yes"]


@pytest.mark.parametrize(
    ("args", "said"),
    [
        (("show", "b"), "no census of 'b' was taken yet"),
        (("review", "a", "--key", "trees"), "no such key dataset; use one of: budget"),
        (("review", "a", "--dataset", "3"), "--dataset needs --key"),
        (("review", "a", "--dataset", "9", "--key", "air", "--yes"), "no dataset with the id or identifier '9'"),
    ],
)
def test_what_cannot_be_done_is_said(data: Path, args: tuple[str, ...], said: str) -> None:
    result = run(data, *args)
    assert result.exit_code == 2 and said in result.output


def test_the_census_is_exported_for_all_and_for_each_government(data: Path) -> None:
    with open_catalog(data / "catalog.db") as catalog:
        export_all(catalog, SECOND, data / "exports")
    out = next((data / "exports").rglob("census.csv")).parent
    assert len([*(data / "exports").rglob("census.csv")]) == 2
    with (out / "census.csv").open(encoding="utf-8", newline="") as file:
        rows = {row["key"]: row for row in csv.DictReader(file)}
    assert len(rows) == 20
    air = rows["air"]
    assert (air["state"], air["dataset_title"], air["since"], air["points"]) == (
        "open",
        "Air quality",
        "2026-01-01",
        "3",
    )
    assert rows["trade"]["state"] == "not_found" and rows["trade"]["dataset_id"] == ""
    package = json.loads((out / "datapackage.json").read_text("utf-8"))
    assert "census.csv" in [one["path"] for one in package["resources"]]
