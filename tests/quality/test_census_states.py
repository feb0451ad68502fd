"""The census says of each key dataset only what was observed, in a real catalogue with harvests, checks and answers."""

from __future__ import annotations

from dataclasses import replace
from datetime import date
from pathlib import Path
from typing import Any

import pytest

from catalog.db.store import Catalog, instant, started
from catalog.model import Dataset, Distribution, ResourceCheck
from catalog.repositories.census import census_changes, census_of, claims_of
from catalog.repositories.checks import write_checks
from catalog.repositories.harvests import begin_harvest, finish_harvest
from catalog.repositories.scores import was_scored
from quality.census.stage import take_census
from quality.census.states import is_readable, usable_state
from quality.systems.stage import score_portal
from specs.census import key_words
from specs.census.confirmed import Confirmation, confirmations_path, read_confirmations, write_confirmations
from specs.errors import SpecError
from specs.languages import language
from tests.making import portal, store

OPEN = "http://creativecommons.org/licenses/by/4.0/"
FIRST, SECOND, THIRD = "20260101T000000Z", "20260102T000000Z", "20260103T000000Z"


def dataset(n: int, title: str, *, licence: str | None = OPEN, **more: Any) -> Dataset:
    part = Distribution(identifier="r", access_url=f"https://f.example/{n}.csv", format="CSV", licence=licence)
    return Dataset(identifier=str(n), title=title, distributions=(part,), **more)


def night(
    catalog: Catalog, run_id: str, found: list[Dataset], *, verdict: str = "complete", asked: str = "ok", **about: Any
) -> None:
    """Store a run of the portal "a"; ``asked``: outcome of every check, or "" where no address was asked."""
    catalog.begin_run("test", [replace(portal("a"), **about)], version="0", methodology="0", run_id=run_id)
    if verdict == "complete":
        store(catalog, run_id, "a", found)
    else:
        store(catalog, run_id, "a", found, is_whole=False)
        finish_harvest(catalog, run_id, "a", verdict)  # type: ignore[arg-type]
    at = instant(started(run_id))
    urls = [part.access_url for one in found for part in one.distributions if part.access_url]
    if asked:
        about_served: dict[str, Any] = {"status": 200, "content_type": "text/csv"} if asked == "ok" else {}
        checks = [ResourceCheck(url=url, outcome=asked, checked_at=at, **about_served) for url in urls]  # type: ignore[arg-type]
        write_checks(catalog, run_id, checks)
    score_portal(catalog, run_id, "a")


def states(catalog: Catalog, run_id: str, folder: Path | None = None) -> dict[str, dict[str, Any]]:
    assert take_census(catalog, run_id, folder) == len(key_words())
    return {row["key"]: row for row in census_of(catalog, "a")}


def test_a_portal_that_was_never_read_whole_misses_nothing(catalog: Catalog) -> None:
    night(catalog, FIRST, [dataset(1, "Air quality")], verdict="partial")
    found = states(catalog, FIRST)
    assert {row["state"] for key, row in found.items() if key != "air"} == {"not_observed"}
    assert found["budget"]["reason"] == "No harvest has read the whole catalogue yet."
    # What is found is found, also in a part of a catalogue.
    assert found["air"]["state"] == "open"


def test_a_dataset_whose_address_was_not_asked_is_not_observed(catalog: Catalog) -> None:
    night(catalog, FIRST, [dataset(1, "Air quality"), dataset(2, "Water quality", licence="cc-by-nc")], asked="")
    found = states(catalog, FIRST)
    assert found["air"]["state"] == "not_observed" and found["air"]["dataset_title"] == "Air quality"
    assert "none of its addresses was asked" in found["air"]["reason"]
    # A licence that is not open decides without a request.
    assert found["water"]["state"] == "closed" and found["water"]["reason"] == "It is not openly licensed."


def test_where_no_licence_is_stated_nobody_is_said_to_have_a_closed_one(catalog: Catalog) -> None:
    night(catalog, FIRST, [dataset(1, "Air quality", licence=None)], asked="")
    row = states(catalog, FIRST)["air"]
    assert (row["state"], row["reason"]) == ("closed", "No licence is stated.")
    night(catalog, SECOND, [dataset(1, "Air quality", licence=None)], asked="invalid")
    assert states(catalog, SECOND)["air"]["reason"] == "It is not accessible. No licence is stated."
    assert language("es").said(row["reason"]) == "No se indica ninguna licencia."


@pytest.mark.parametrize(
    ("outcome", "state", "said"),
    [("ok", "open", "can be fetched"), ("invalid", "closed", "not accessible"), ("unknown", "unknown", "not known")],
)
def test_what_was_found_is_open_closed_or_unknown(catalog: Catalog, outcome: str, state: str, said: str) -> None:
    night(catalog, FIRST, [dataset(1, "Air quality"), dataset(2, "Trees")], asked=outcome)
    row = states(catalog, FIRST)["air"]
    assert row["state"] == state and said in row["reason"]
    assert row["evidence"] == "name_in_title: air quality (+3)" and row["candidates"] == 1
    missing = census_of(catalog, "a")[-1]
    assert (missing["key"], missing["state"], missing["searched"]) == ("trade", "not_found", 2)
    assert missing["reason"].startswith("Not found in this catalogue (A), among 2 datasets.")
    assert "international trade" in missing["reason"] and missing["reason"].endswith("published elsewhere.")


def test_a_catalogue_in_a_script_without_words_was_not_understood(catalog: Catalog) -> None:
    night(catalog, FIRST, [dataset(n, "งบประมาณรายจ่าย") for n in range(5)])
    assert {row["state"] for row in states(catalog, FIRST).values()} == {"not_observed"}
    assert is_readable([]) and is_readable(["2019", "Budget", "人口", "Бюджет"])


def test_one_open_dataset_is_enough_and_the_trend_is_kept(catalog: Catalog) -> None:
    night(catalog, FIRST, [dataset(1, "Air quality of the city", licence=None), dataset(2, "Air pollution")])
    row = states(catalog, FIRST)["air"]
    assert (row["dataset_title"], row["state"], row["candidates"]) == ("Air pollution", "open", 2)
    assert (row["since_run"], row["state_before"]) == (FIRST, None)
    night(catalog, SECOND, [dataset(1, "Air quality of the city", licence=None), dataset(2, "Air pollution")])
    assert states(catalog, SECOND)["air"]["since_run"] == FIRST
    night(catalog, THIRD, [dataset(1, "Air quality of the city", licence=None), dataset(2, "Air pollution")],
          asked="invalid")  # fmt: skip
    row = states(catalog, THIRD)["air"]
    assert (row["state"], row["state_before"], row["since_run"], row["run_id"]) == ("closed", "open", THIRD, THIRD)
    changes = [(one["run_id"], one["state"]) for one in census_changes(catalog, "a") if one["key"] == "air"]
    assert changes == [(FIRST, "open"), (THIRD, "closed")]
    # A night in which the portal does not answer leaves what is known.
    catalog.begin_run("test", [portal("a")], version="0", methodology="0", run_id="20260104T000000Z")
    begin_harvest(catalog, "20260104T000000Z", "a")
    finish_harvest(catalog, "20260104T000000Z", "a", "failed")
    assert states(catalog, "20260104T000000Z")["budget"]["state"] == "not_found"


DOUBTFUL = "Contracts of the old port office"


def answer(catalog: Catalog, folder: Path, said: str, key: str = "procurement") -> None:
    (claim,) = [one for one in claims_of(catalog, "a", ["asked", "taken", "lapsed"]) if one["key"] == key]
    one = Confirmation(
        key=key, dataset=claim["dataset_id"], identifier=claim["identifier"], title=claim["title"], answer=said,  # type: ignore[arg-type]
        who="Ada", when=date(2026, 1, 1), why="Read the file.", said=claim["said"],
    )  # fmt: skip
    write_confirmations(confirmations_path(folder, "a"), [one])


def doubtful(identifier: int = 1, **more: Any) -> Dataset:
    about = {"description": "Public procurement"}
    return dataset(identifier, DOUBTFUL, **(about | more))


def test_in_doubt_a_person_is_asked_and_the_answer_is_shown(catalog: Catalog, tmp_path: Path) -> None:
    night(catalog, FIRST, [doubtful(), dataset(2, "Trees")])
    row = states(catalog, FIRST, tmp_path)["procurement"]
    assert (row["state"], row["waiting"], row["candidates"]) == ("not_observed", 1, 0)
    assert DOUBTFUL in row["reason"] and "winnow census review" in row["reason"]
    answer(catalog, tmp_path, "yes")
    row = states(catalog, FIRST, tmp_path)["procurement"]
    assert (row["state"], row["confirmed_by"], row["confirmed_on"]) == ("open", "Ada", "2026-01-01")
    assert row["reason"].endswith("Confirmed by Ada on 2026-01-01: Read the file.")
    answer_path = confirmations_path(tmp_path, "a")
    no = [one.model_copy(update={"answer": "no"}) for one in read_confirmations(answer_path)]
    write_confirmations(answer_path, no)
    row = states(catalog, FIRST, tmp_path)["procurement"]
    assert (row["state"], row["waiting"], row["confirmed_by"]) == ("not_found", 0, "Ada")
    assert "Ada said on 2026-01-01 that it is not: Read the file." in row["reason"]


def test_an_answer_survives_harvests_and_a_catalogue_made_anew_and_lapses_with_a_question(
    catalog: Catalog, tmp_path: Path
) -> None:
    night(catalog, FIRST, [doubtful()])
    states(catalog, FIRST, tmp_path)
    answer(catalog, tmp_path, "yes")
    # Another identifier, the same words: the title tells which dataset is meant.
    night(catalog, SECOND, [doubtful(7)])
    assert states(catalog, SECOND, tmp_path)["procurement"]["confirmed_by"] == "Ada"
    night(catalog, THIRD, [doubtful(7, description="Contracts of employment in the port, by year. Tenders")])
    row = states(catalog, THIRD, tmp_path)["procurement"]
    assert (row["state"], row["waiting"], row["confirmed_by"]) == ("not_observed", 1, None)
    assert [one["verdict"] for one in claims_of(catalog, "a", ["lapsed"])] == ["lapsed"]


def test_a_dataset_without_any_evidence_can_be_confirmed(catalog: Catalog, tmp_path: Path) -> None:
    night(catalog, FIRST, [dataset(1, "Blue book")])
    id = catalog.value("select id from datasets")
    one = Confirmation(
        key="spending", dataset=id, answer="yes", who="Ada", when=date(2026, 1, 1), why="It holds all payments."
    )
    write_confirmations(confirmations_path(tmp_path, "a"), [one])
    assert states(catalog, FIRST, tmp_path)["spending"]["state"] == "open"


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ('[[answer]]\nkey = "trees"\n', r"a\.toml: answer\.0\.dataset"),
        ('key = 1\n', r"a\.toml: key: unknown key"),
        ("[[answer]", r"a\.toml: not valid TOML"),
    ],
)  # fmt: skip
def test_a_file_that_cannot_be_used_is_told_with_key_and_remedy(text: str, said: str, tmp_path: Path) -> None:
    path = confirmations_path(tmp_path, "a")
    path.parent.mkdir()
    path.write_text(text, "utf-8")
    with pytest.raises(SpecError, match=said):
        read_confirmations(path)
    one = Confirmation(key="air", dataset="d", answer="no", who='A "B"', when=date(2026, 1, 1), why="line\nline\x7f")
    write_confirmations(path, [one])
    assert read_confirmations(path) == (one,)
    write_confirmations(path, [one, one])
    with pytest.raises(SpecError, match="answered twice"):
        read_confirmations(path)
    write_confirmations(path, [one.model_copy(update={"key": "trees"})])
    with pytest.raises(SpecError, match="no such key dataset; use one of: budget"):
        read_confirmations(path)


def test_what_is_false_decides_and_what_is_not_known_does_not() -> None:
    assert usable_state({"accessible": None, "openly licensed": False}, was_asked=False)[0] == "closed"
    assert usable_state({"accessible": None, "openly licensed": True}, was_asked=False)[0] == "not_asked"
    assert usable_state({"accessible": None, "openly licensed": True}, was_asked=True)[0] == "unknown"
    assert usable_state({"accessible": True}, was_asked=True) == ("open", ())


def test_the_census_of_an_unchanged_portal_is_kept_and_no_other(catalog: Catalog, tmp_path: Path) -> None:
    night(catalog, FIRST, [dataset(1, "Air quality")])
    first = states(catalog, FIRST, tmp_path)
    # What the recogniser would say now is not asked: the title is changed behind its back.
    with catalog.writing():
        catalog.db.conn.execute("update datasets set title = 'Nothing in particular'")

    def again(run_id: str, unchanged: set[str], folder: Path | None = tmp_path) -> dict[str, dict[str, Any]]:
        catalog.begin_run("test", [portal("a")], version="0", methodology="0", run_id=run_id)
        assert take_census(catalog, run_id, folder, unchanged=unchanged) == len(key_words())
        return {row["key"]: row for row in census_of(catalog, "a")}

    kept = again(SECOND, {"a"})
    assert {row["run_id"] for row in kept.values()} == {SECOND}
    assert {key: row["state"] for key, row in kept.items()} == {key: row["state"] for key, row in first.items()}
    # A person has confirmed something: it is taken anew.
    write_confirmations(confirmations_path(tmp_path, "a"), [])
    confirmations_path(tmp_path, "a").write_text(confirmations_path(tmp_path, "a").read_text("utf-8") + "# said\n")
    taken = again(THIRD, {"a"})
    assert {row["state"] for row in taken.values()} == {"not_found"} != {row["state"] for row in kept.values()}


def test_only_what_changed_is_looked_at_again_and_all_of_it_under_another_name(catalog: Catalog) -> None:
    night(catalog, FIRST, [dataset(1, "Air quality"), dataset(2, "Dogs"), dataset(3, "Cats")])
    assert states(catalog, FIRST)["air"]["candidates"] == 1
    second = [dataset(1, "Air quality"), dataset(2, "Air pollution in the city")]
    catalog.begin_run("test", [portal("a")], version="0", methodology="0", run_id=SECOND)
    store(catalog, SECOND, "a", second, is_whole=False)
    score_portal(catalog, SECOND, "a")
    # Behind its back, so that it shows which datasets are looked at.
    with catalog.writing():
        catalog.db.conn.execute("update datasets set title = 'Air pollution' where title = 'Cats'")
        catalog.db.conn.execute(
            "update dataset_quality set run_id = ? where dataset_id = (select id from datasets where identifier = '3')",
            [FIRST],
        )
    assert states(catalog, SECOND)["air"]["candidates"] == 2
    catalog.begin_run("test", [replace(portal("a"), title="Town")], version="0", methodology="0", run_id=THIRD)
    assert states(catalog, THIRD)["air"]["candidates"] == 3


def test_the_census_is_taken_anew_if_a_run_was_killed_between_score_and_census(catalog: Catalog) -> None:
    night(catalog, FIRST, [dataset(1, "Air quality")])
    before = states(catalog, FIRST)
    night(catalog, SECOND, [dataset(1, "Dog registrations")])
    # The run that goes on scores nothing more, and takes the portal for unchanged.
    assert was_scored(catalog, SECOND, "a") and not was_scored(catalog, THIRD, "a")
    assert take_census(catalog, SECOND, unchanged={"a"}) == len(key_words())
    after = {row["key"]: row["state"] for row in census_of(catalog, "a")}
    assert before["air"]["state"] != "not_found" and after["air"] == "not_found"
