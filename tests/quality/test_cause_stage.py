"""Causes over runs: their states, what they bring, replies to them, and hosts that nobody could observe."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import replace
from datetime import date
from pathlib import Path

import numpy as np
import pytest

from catalog.db.store import Catalog, open_catalog
from catalog.exports.cards import card_rows
from catalog.exports.finding_lines import FindingLines
from catalog.exports.finding_rows import finding_rows
from catalog.model import Dataset, Distribution, Publisher, ResourceCheck, stable_id
from catalog.model.public_ids import current_form
from catalog.repositories.cause_facts import cause_facts
from catalog.repositories.checks import BrokenRule, write_checks
from catalog.repositories.first_fixes import first_fixes, rank_fixes
from catalog.repositories.replies import import_replies
from catalog.repositories.reply_files import Reply, parse
from quality.findings.cause_gains import rescored
from quality.findings.cause_stage import find_causes
from quality.systems.entities import score_entities
from quality.systems.stage import score_portal
from specs.causes import cause_rules
from tests.making import portal, store

RUNS = ["20261120T010000Z", "20261121T010000Z", "20261122T010000Z", "20261123T010000Z"]
DAY = date(2026, 11, 24)


def dataset(number: int, publisher: str, *, media_type: bool = True, host: str = "files.example") -> Dataset:
    url = f"https://{host}/{number}.csv"
    return Dataset(
        identifier=f"d{number}",
        title=f"Street trees of {chr(97 + number // 26) * 3}{chr(97 + number % 26) * 3}",
        description=f"All trees on streets of district {number}, with species, age, height and the last inspection.",
        keywords=("trees",),
        themes=("ENVI",),
        publisher=Publisher(name=publisher),
        licence="http://creativecommons.org/licenses/by/4.0/",
        distributions=(
            Distribution(
                identifier="r", title="Trees", access_url=url, download_url=url, format="CSV",
                media_type="text/csv" if media_type else None,
            ),
        ),
    )  # fmt: skip


def two(count: int, without: Sequence[int] = range(12), host: str = "files.example") -> list[Dataset]:
    """Office A has the first 12 datasets, Office B the others; those with a number in ``without`` lack a media type."""
    return [
        dataset(n, "Office A" if n < 12 else "Office B", media_type=n not in without, host=host) for n in range(count)
    ]


@pytest.fixture
def catalog(tmp_path: Path) -> Iterator[Catalog]:
    with open_catalog(tmp_path / "catalog.db") as opened:
        yield opened


def night(catalog: Catalog, run_id: str, found: Sequence[Dataset], checks: Sequence[ResourceCheck] = ()) -> None:
    catalog.begin_run("test", [portal("a")], version="0", methodology="2.1.0", run_id=run_id)
    store(catalog, run_id, "a", found)
    write_checks(catalog, run_id, list(checks), {one.url: BrokenRule(checks=1, days=0) for one in checks})
    score_portal(catalog, run_id, "a")
    score_entities(catalog, run_id)
    find_causes(catalog, run_id, ["a"], hold_days=0)


def media_type(catalog: Catalog) -> dict[str, object]:
    (row,) = catalog.rows("select * from causes where rule_id = 'media_type_present' and level = 'publisher'")
    return row


def test_a_cause_is_new_then_open_then_fixed_then_reopened_with_one_id(catalog: Catalog) -> None:
    states, ids = [], set()
    for run_id, without in zip(RUNS, (range(12), range(11), (), range(12)), strict=True):
        night(catalog, run_id, two(40, without))
        row = media_type(catalog)
        states.append((row["state"], row["findings"], row["first_seen_run"], row["fixed_run"]))
        ids.add(row["id"])
    assert states == [
        ("new", 12, RUNS[0], None),
        ("open", 11, RUNS[0], None),
        ("fixed", 0, RUNS[0], RUNS[2]),
        ("reopened", 12, RUNS[0], None),
    ]
    assert len(ids) == 1


def test_each_open_finding_has_one_cause_or_is_single(catalog: Catalog) -> None:
    night(catalog, RUNS[0], two(40, [*range(12), 20, 21]))
    members = catalog.rows("select finding, count(*) as n from cause_members group by 1")
    assert {row["n"] for row in members} == {1}
    whole = catalog.value("select count(*) from open_findings")
    assert whole > len(members) == catalog.value("select sum(findings) from causes")
    # A media type that two of Office B's files lack has no root.
    assert media_type(catalog)["datasets"] == 12


def test_scoring_again_changes_nothing(catalog: Catalog) -> None:
    night(catalog, RUNS[0], two(40))
    tables = ("causes", "cause_members", "top_fixes")
    before = {name: sorted(map(repr, catalog.rows(f"select * from {name}"))) for name in tables}  # noqa: S608
    score_entities(catalog, RUNS[0])
    find_causes(catalog, RUNS[0], ["a"], hold_days=0)
    assert before == {name: sorted(map(repr, catalog.rows(f"select * from {name}"))) for name in tables}  # noqa: S608


def test_the_gain_is_that_of_scoring_with_all_members_fixed(catalog: Catalog, tmp_path: Path) -> None:
    night(catalog, RUNS[0], two(40))
    before = {row["id"]: row["score"] for row in catalog.rows("select id, score from publishers")}
    gain = media_type(catalog)
    portal_before = catalog.value("select score from portals")
    night(catalog, RUNS[1], two(40, ()))
    after = {row["id"]: row["score"] for row in catalog.rows("select id, score from publishers")}
    whose = gain["entity_id"]
    assert gain["publisher_gain_points"] == pytest.approx(after[whose] - before[whose], abs=2e-4)
    assert gain["gain_points"] == pytest.approx(catalog.value("select score from portals") - portal_before, abs=2e-4)


def test_where_data_come_back_datasets_are_scored_again(catalog: Catalog) -> None:
    """A dead link hides the licence and the format too: all of them count again when it is repaired."""
    gone = [
        ResourceCheck(url=f"https://files.example/{n}.csv", outcome="failing", fault="gone", status=404,
                      checked_at="2026-11-20T01:00:00Z")
        for n in range(5)
    ]  # fmt: skip
    ok = [
        ResourceCheck(url=f"https://other.example/{n}.csv", outcome="ok", status=200, content_type="text/csv",
                      checked_at="2026-11-20T01:00:00Z")
        for n in range(5, 40)
    ]  # fmt: skip
    found = [*two(5, ()), *two(40, (), "other.example")[5:]]
    night(catalog, RUNS[0], found, [*gone, *ok])
    (row,) = catalog.rows("select * from causes where rule_id = 'link_ok'")
    assert (row["level"], row["root"], row["root_value"], row["findings"]) == ("host", "host", "files.example", 5)
    before = catalog.value("select score from portals")
    fixed = [
        ResourceCheck(url=one.url, outcome="ok", status=200, content_type="text/csv",
                      checked_at="2026-11-21T01:00:00Z")
        for one in gone
    ]  # fmt: skip
    assert row["gain_points"] > 1
    keys = [number for (number,) in catalog.db.conn.execute("select rowid from datasets order by rowid")]
    again = rescored(
        catalog, keys, "link_ok", {n for (n,) in catalog.db.conn.execute("select id from distribution_rows")}
    )
    assert np.mean(again) == pytest.approx(row["gain_points"], abs=1e-3)
    night(catalog, RUNS[1], found, [*fixed, *ok])
    assert catalog.value("select score from portals") > before
    assert catalog.value("select state from causes where rule_id = 'link_ok'") == "fixed"


def test_a_host_that_could_not_be_observed_is_unknown_without_points(catalog: Catalog) -> None:
    walls = [
        ResourceCheck(url=f"https://files.example/{n}.csv", outcome="unknown", fault="blocked", status=403,
                      checked_at="2026-11-20T01:00:00Z")
        for n in range(40)
    ]  # fmt: skip
    night(catalog, RUNS[0], two(40), walls)
    (row,) = catalog.rows("select * from causes where state = 'unknown'")
    assert (row["root_value"], row["files"], row["datasets"], row["fault_party"]) == (
        "files.example",
        40,
        40,
        "unknown",
    )
    assert (row["findings"], row["gain_points"], row["effort_hours"]) == (0, None, None)
    assert not catalog.rows(
        "select * from cause_members m join causes c on c.number = m.cause where c.id = ?", [row["id"]]
    )
    # Once it answers, nothing is left of it.
    fine = [
        ResourceCheck(url=one.url, outcome="ok", status=200, content_type="text/csv", checked_at="2026-11-21T01:00:00Z")
        for one in walls
    ]
    night(catalog, RUNS[1], two(40), fine)
    assert not catalog.rows("select * from causes where state = 'unknown'")


def test_a_host_that_was_down_and_cannot_be_observed_now_is_not_fixed(catalog: Catalog) -> None:
    def checks(outcome: str, fault: str | None, day: int) -> list[ResourceCheck]:
        at = f"2026-11-{day}T01:00:00Z"
        return [
            ResourceCheck(url=f"https://files.example/{n}.csv", outcome=outcome, fault=fault, checked_at=at)  # type: ignore[arg-type]
            for n in range(40)
        ]

    night(catalog, RUNS[0], two(40), checks("failing", "dns", 20))
    night(catalog, RUNS[1], two(40), checks("unknown", "timeout", 21))
    (row,) = catalog.rows("select * from causes where rule_id = 'link_ok' and split = 'dns'")
    assert (row["state"], row["gain_points"]) == ("unknown", None)
    night(catalog, RUNS[2], two(40), checks("failing", "dns", 22))
    (row,) = catalog.rows("select * from causes where rule_id = 'link_ok'")
    assert (row["state"], row["findings"]) == ("open", 40)


def reply(cause: object, said: str) -> Reply:
    return Reply(
        line=2, finding_id=str(cause), reply=said, promised_on=None, note="so", replied_by="A", replied_on=None
    )


@pytest.mark.parametrize("said", ["waived", "disputed"])
def test_a_waiver_of_a_cause_covers_the_findings_it_has_and_a_dispute_later_ones_too(
    said: str, catalog: Catalog
) -> None:
    night(catalog, RUNS[0], two(40))
    cause = media_type(catalog)["id"]
    assert import_replies(catalog, [reply(cause, said)], "2026-11-20").written == {said: 1}
    sql = "select state, count(*) as n from findings where rule_id = 'media_type_present' group by 1 order by 2"
    assert catalog.rows(sql) == [{"state": said, "n": 12}]
    assert media_type(catalog)["state"] == said
    # Found again, as before.
    find_causes(catalog, RUNS[0], ["a"], hold_days=0)
    assert media_type(catalog)["state"] == said
    # Three more datasets of the same office, without a media type too.
    more = [*two(40), *(dataset(n, "Office A", media_type=False) for n in range(50, 53))]
    night(catalog, RUNS[1], more)
    later = [{"state": "new", "n": 3}, {"state": "waived", "n": 12}] if said == "waived" else [{"state": said, "n": 15}]
    row = media_type(catalog)
    assert catalog.rows(sql) == later
    assert (row["state"], row["findings"], row["datasets"]) == ("open" if said == "waived" else said, 3, 15)
    rows = [one for one in finding_rows(catalog, RUNS[1]) if one["rule_id"] == "media_type_present"]
    told = {(one["state"], one["answer"], one["answer_outcome"]) for one in rows}
    covered = {("waived", "waived", None), ("new", "waived", "not_covered")}
    assert told == (covered if said == "waived" else {(said, said, None)})
    ids = [key for (key,) in catalog.db.conn.execute("select id from datasets order by id")]
    lines = [one for one in FindingLines(catalog, RUNS[1]).rows(ids) if one["rule_id"] == "media_type_present"]
    assert {one.get("answer_outcome") for one in lines} == {one for _, _, one in told}
    # The reply is taken back.
    import_replies(catalog, [reply(cause, "acknowledged")], "2026-11-22")
    taken_back = [later[0], {"state": "open", "n": 12}] if said == "waived" else [{"state": "open", "n": 15}]
    assert catalog.rows(sql) == taken_back
    assert media_type(catalog)["state"] == "open"


def test_a_finding_keeps_the_reply_of_its_own(catalog: Catalog) -> None:
    night(catalog, RUNS[0], two(40))
    own = catalog.value("select id from findings where rule_id = 'media_type_present' order by id limit 1")
    replies = [reply(own, "disputed"), reply(media_type(catalog)["id"], "waived")]
    assert not import_replies(catalog, replies, "2026-11-20").problems
    states = catalog.rows("select state, count(*) as n from findings where rule_id = 'media_type_present' group by 1")
    assert states == [{"state": "disputed", "n": 1}, {"state": "waived", "n": 11}]


def test_replies_in_causes_csv_are_read(catalog: Catalog, tmp_path: Path) -> None:
    night(catalog, RUNS[0], two(40))
    cause = media_type(catalog)["id"]
    path = tmp_path / "causes.csv"
    path.write_text(
        f"cause_id,response,response_note,responder,responded_on\n{cause},disputed,we have them,A,\n", "utf-8"
    )
    found = parse(path, DAY)
    assert [(one.finding_id, one.reply) for one in found.replies] == [(cause, "disputed")] and not found.problems
    import_replies(catalog, found.replies, "2026-11-20")
    assert media_type(catalog)["state"] == "disputed"
    unknown = import_replies(catalog, [reply("cause-" + "0" * 20, "waived")], "2026-11-20")
    assert [one.line for one in unknown.problems] == [2]


def test_what_to_fix_first_is_a_cause_with_its_one_effort(catalog: Catalog) -> None:
    night(catalog, RUNS[0], two(40))
    row = media_type(catalog)
    first = catalog.rows("select * from top_fixes where entity_level = 'publisher' and cause_id = ?", [row["id"]])
    assert [one["entity_id"] for one in first] == [row["entity_id"]]
    assert first[0]["effort_hours"] == cause_rules().effort_hours["publisher"]
    ranks = catalog.rows(
        "select rank, gain_points * gain_per_hour as worth from top_fixes where entity_level = 'portal' order by rank"
    )
    assert [one["rank"] for one in ranks] == list(range(1, len(ranks) + 1))
    assert [one["worth"] for one in ranks] == sorted((one["worth"] for one in ranks), reverse=True)


def test_a_portal_with_nothing_new_keeps_its_causes(catalog: Catalog) -> None:
    night(catalog, RUNS[0], two(40))
    before = catalog.rows("select * from top_fixes order by id")
    catalog.begin_run("test", [portal("a")], version="0", methodology="2.1.0", run_id=RUNS[1])
    store(catalog, RUNS[1], "a", two(40))
    score_entities(catalog, RUNS[1])
    assert find_causes(catalog, RUNS[1], ["a"], unchanged={"a"}, hold_days=0) == 0
    assert media_type(catalog)["state"] == "open"
    kept = catalog.rows("select * from top_fixes where cause_id is not null order by id")
    assert kept == [row for row in before if row["cause_id"]]


def test_facts_leave_out_what_is_gone(catalog: Catalog) -> None:
    night(catalog, RUNS[0], two(40))
    night(catalog, RUNS[1], two(30))
    (facts,) = cause_facts(catalog, "a", {"media_type_present": None})
    assert len(facts.number) == 12 and len(facts.dataset_key) == 30


def test_a_small_fix_is_no_advice(catalog: Catalog) -> None:
    """One dataset of forty lacks a media type: for the portal, neither half a point nor a tenth of what is missing."""
    night(catalog, RUNS[0], two(40, range(1)))
    small = catalog.rows("select * from top_fixes where rule_id = 'media_type_present'")
    assert {row["entity_level"] for row in small} == {"portal", "publisher", "government"}
    portal_row = next(row for row in small if row["entity_level"] == "portal")
    assert portal_row["gain_points"] < 0.5 and portal_row["is_large"] == 0
    for row in catalog.rows("select t.*, p.score from top_fixes t join portals p on p.id = t.entity_id"):
        is_large = row["gain_points"] >= 0.5 or row["gain_points"] >= 0.1 * (100 - row["score"])
        assert row["is_large"] == is_large
    ranked = catalog.rows("select is_large from top_fixes where entity_level = 'portal' order by rank")
    assert [row["is_large"] for row in ranked] == sorted((row["is_large"] for row in ranked), reverse=True)


def test_where_nothing_large_is_left_the_scorecard_says_so(catalog: Catalog) -> None:
    night(catalog, RUNS[0], two(40))
    card = next(row for row in card_rows(catalog, RUNS[0]) if row["entity_level"] == "portal")
    assert card["top_fix"] in ("cause", "single_findings") and card["top_fix_gain"] >= 0.5
    with catalog.writing():
        catalog.db.conn.execute("update top_fixes set gain_points = 0.01, gain_per_hour = 0.01")
    rank_fixes(catalog, [], 0.5, 0.1)
    card = next(row for row in card_rows(catalog, RUNS[0]) if row["entity_level"] == "portal")
    assert card["top_fix"] == "nothing_large" and card.get("top_fix_rule") is None
    assert not first_fixes(catalog, "portal", "a", 1)[0]["is_large"]


def test_a_publisher_is_told_first_what_is_in_its_own_hands(catalog: Catalog) -> None:
    """All of the portal lacks a media type, and Office A its keywords too: the office cannot change the portal."""
    found = [replace(one, keywords=()) if number < 12 else one for number, one in enumerate(two(40, range(40)))]
    night(catalog, RUNS[0], found)
    ranks = catalog.rows(
        """select c.level, t.rank, t.is_large, t.gain_points from top_fixes t left join causes c on c.id = t.cause_id
           join publishers p on p.id = t.entity_id
           where t.entity_level = 'publisher' and p.name = 'Office A' and t.is_large order by t.rank"""
    )
    levels = [row["level"] == "portal" for row in ranks]
    assert True in levels and False in levels and levels == sorted(levels)


def test_a_later_night_settles_the_dispute_of_a_cause(catalog: Catalog) -> None:
    """The records were read again, and the field is still missing."""
    night(catalog, RUNS[0], two(40))
    cause = media_type(catalog)["id"]
    import_replies(catalog, [reply(cause, "disputed")], "2026-11-20")
    find_causes(catalog, RUNS[0], ["a"], hold_days=0)
    # Nothing was read since.
    assert catalog.value("select outcome from replies") is None
    catalog.db.conn.execute("update replies set imported_at = '2026-11-20T02:00:00Z'")
    night(catalog, RUNS[1], two(40))
    assert catalog.value("select outcome from replies") == "upheld"
    states = catalog.rows("select state, count(*) as n from findings where rule_id = 'media_type_present' group by 1")
    assert states == [{"state": "disputed", "n": 12}]


def test_what_was_fixed_after_a_dispute_settles_nothing(catalog: Catalog) -> None:
    night(catalog, RUNS[0], two(40))
    import_replies(catalog, [reply(media_type(catalog)["id"], "disputed")], "2026-11-20")
    catalog.db.conn.execute("update replies set imported_at = '2026-11-20T02:00:00Z'")
    night(catalog, RUNS[1], two(40, range(6)))
    assert catalog.value("select outcome from replies") is None


def test_a_cause_keeps_the_id_of_version_0_1_0(catalog: Catalog) -> None:
    night(catalog, RUNS[0], two(40))
    row = media_type(catalog)
    said = ["a", "media_type_present", row["level"], row["root_value"], row["split"]]
    former = f"cause-{stable_id(*said)}"
    assert row["id"] == current_form(former) != former
    catalog.db.conn.execute("update causes set id = ? where id = ?", [former, row["id"]])
    catalog.db.conn.execute("update top_fixes set cause_id = ? where cause_id = ?", [former, row["id"]])
    night(catalog, RUNS[1], two(40))
    assert media_type(catalog)["id"] == former and media_type(catalog)["first_seen_run"] == RUNS[0]
    sql = "select distinct cause_id from top_fixes where rule_id = 'media_type_present' and cause_id is not null"
    assert [row["cause_id"] for row in catalog.rows(sql)] == [former]
