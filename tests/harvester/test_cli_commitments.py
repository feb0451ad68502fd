"""The commands about commitments, as they are typed."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner, Result

from catalog.db.store import open_catalog
from harvester.cli.commitment_files import of_portal, portals_by_country
from harvester.cli.main import cli
from specs.commitments import load_file
from specs.errors import SpecError
from tests.making import datasets, portal, store

SAID = [
    "--id", "test/one", "--title", "Open licences", "--country", "Kenya", "--url", "https://example.org/plan",
    "--quote", "all open", "--start", "2024-01-01", "--deadline", "2027-12-31", "--scope", "portal=a",
    "--indicator", "dataset.licence_open:0.2:0.9", "--indicator", "dataset.median_age_days:120",
]  # fmt: skip


def winnow(data: Path, *words: str, answers: str | None = None) -> Result:
    return CliRunner().invoke(cli, ["--data", str(data), *words], input=answers)


@pytest.fixture
def data(tmp_path: Path) -> Path:
    """A data folder with one harvested portal."""
    with open_catalog(tmp_path / "catalog.db") as catalog:
        run_id = catalog.begin_run("test", [portal("a")], version="0", methodology="0")
        store(catalog, run_id, "a", list(datasets(6)))
        catalog.set_run(run_id, status="complete")
    return tmp_path


def test_a_commitment_is_written_checked_tracked_and_compared(data: Path) -> None:
    made = winnow(data, "commitments", "new", *SAID)
    assert made.exit_code == 0, made.output
    path = data / "commitments" / "test-one.toml"
    one = load_file(path)
    with open_catalog(data / "catalog.db") as catalog:
        (of_portal,) = catalog.rows("select name from governments")
    # The government that answers for the portal, by the name that scorecards have; the country is as said.
    assert one.government.name == of_portal["name"] != "Kenya" and one.government.iso3 == "KEN"
    assert [(i.baseline, i.target, i.direction) for i in one.indicators] == [
        (0.2, 0.9, "increase"),
        (None, 120, "decrease"),
    ]
    checked = json.loads(winnow(data, "commitments", "check", "test/one", "--json").output)
    assert [row["in_scope"] for row in checked["indicators"]] == [6, 6]
    shown = winnow(data, "commitments", "check", str(path)).output
    assert "the file is in order" in shown and "dataset.licence_open" in shown
    tracked = winnow(data, "track", "--json")
    assert tracked.exit_code == 0, tracked.output
    listed: list[dict[str, Any]] = json.loads(winnow(data, "commitments", "--json").output)
    kinds = {row["id"]: row["kind"] for row in listed}
    assert kinds["test/one"] == "tracked" and kinds["ogp/KE0034"] == "example"
    assert {row["id"]: row["timing_status"] for row in listed}["ogp/KE0034"] is None
    with open_catalog(data / "catalog.db") as catalog:
        assert catalog.value("select count(*) from commitment_readings") == 3
    # Nothing was scored, so nothing is known of any licence; ages are.
    compared = json.loads(winnow(data, "commitments", "compare", "--json").output)
    assert {row["measure"] for row in compared} <= {"dataset.median_age_days"}
    # Examples only where they are asked for.
    assert winnow(data, "track", "--examples", "--json").exit_code == 0
    with open_catalog(data / "catalog.db") as catalog:
        assert catalog.value("select count(distinct commitment_id) from commitment_readings") == 5


def test_what_is_not_said_is_asked(tmp_path: Path) -> None:
    answers = (
        "test/two\nTitle\nKEN\nhttps://example.org\nwords\n2024-01-01\n2025-01-01\nportal=a\n\ndataset.bulk:0:1\n\n"
    )
    made = winnow(tmp_path, "commitments", "new", answers=answers)
    assert made.exit_code == 0, made.output
    assert load_file(tmp_path / "commitments" / "test-two.toml").indicators[0].measure == "dataset.bulk"


def test_templates_are_filled_in_for_any_country(tmp_path: Path) -> None:
    assert winnow(tmp_path, "commitments", "new", "--from", "eu-hvd", "--country", "IE").exit_code == 0
    one = load_file(tmp_path / "commitments" / "eu-hvd-IRL.toml")
    assert one.title == "High-value datasets, Ireland" and not one.example
    again = winnow(tmp_path, "commitments", "new", "--from", "eu-hvd", "--country", "IE")
    assert isinstance(again.exception, SpecError) and "is there already" in str(again.exception)


@pytest.mark.parametrize(
    ("words", "fault"),
    [
        (["new", *SAID, "--indicator", "dataset.lovely:0:1"], "wants measure:baseline:target"),
        (["new", *SAID, "--scope", "colour=red"], "wants key=value"),
        (["new", "--from", "eu-hvd", "--country", "Atlantis"], "'Atlantis' is no country"),
        (
            ["new", "--from", "eu-hvd", "--country", "IE", "--title", "T", "--start", "2024-01-01"],
            "leave out --title, --start",
        ),
        (["new", "--from", "eu-hvd", "--country", "IE", "--indicator", "dataset.bulk:0:1"], "leave out --indicator"),
        (
            ["new", "--from", "eu-hvd", "--scope", "portal=zurich", "--scope", "theme=ENVI"],
            "leave out --scope theme=ENVI",
        ),
        (["check", "no/such"], "is neither a .toml file nor the id of a commitment"),
        (["compare", "dataset.lovely"], "no such measure"),
    ],
)
def test_what_cannot_be_is_refused_in_words(tmp_path: Path, words: list[str], fault: str) -> None:
    found = winnow(tmp_path, "commitments", *words)
    assert found.exit_code == 2 and fault in found.output


def test_a_bad_file_stops_the_night_before_it_begins(data: Path) -> None:
    folder = data / "commitments"
    folder.mkdir()
    (folder / "test-bad.toml").write_text('id = "test/bad"\n', encoding="utf-8")
    found = winnow(data, "track")
    assert isinstance(found.exception, SpecError) and "title: missing; add it" in str(found.exception)


def test_the_government_is_that_of_a_portal_that_comes_with_the_program(tmp_path: Path) -> None:
    said = [word if word != "portal=a" else "portal=tokyo" for word in SAID if word not in ("--country", "Kenya")]
    assert winnow(tmp_path, "commitments", "new", *said).exit_code == 0
    one = load_file(tmp_path / "commitments" / "test-one.toml")
    assert (one.government.name, one.government.iso3) == ("東京都", "JPN")
    assert of_portal(tmp_path, ["theme=ENVI", "portal=nowhere"]) == (None, None)
    assert "tokyo" in portals_by_country(tmp_path)["JPN"] and None not in portals_by_country(tmp_path)
