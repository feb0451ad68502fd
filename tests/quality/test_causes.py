"""Findings with one root are one cause, at the widest level that is proved; what is not proved stays single."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from catalog.repositories.cause_facts import CauseFacts
from catalog.repositories.coded import Codes
from quality.findings.causes import CauseKey, causes_of
from specs.causes import cause_rules

RULES = ("media_type_present", "temporal_present", "format_open", "link_ok", "licence_known", "table_header_clean")


def codes(texts: Sequence[str]) -> Codes:
    names = list(dict.fromkeys(text for text in texts if text))
    return Codes(np.array([names.index(text) if text else -1 for text in texts], dtype=np.int64), names)


def facts(files: Sequence[dict[str, Any]], fails: Sequence[tuple[str, int, str]]) -> CauseFacts:
    """Each file is a dataset of its own. ``fails``: rule, file, and the value that the finding says."""
    size = len(files)

    def of(name: str) -> Codes:
        return codes([str(one.get(name, "")) for one in files])

    subject = np.array([file for _, file, _ in fails], dtype=np.int64)
    is_file = np.array([rule != "temporal_present" for rule, _, _ in fails], dtype=bool)
    splits = ["", *dict.fromkeys(said for _, _, said in fails if said)]
    return CauseFacts(
        number=np.arange(len(fails)) + 100,
        rule=np.array([RULES.index(rule) for rule, _, _ in fails], dtype=np.int64),
        dataset=subject,
        file=np.where(is_file, subject, -1),
        split=np.array([splits.index(said) for _, _, said in fails], dtype=np.int64),
        gain=np.ones(len(fails)),
        is_open=np.ones(len(fails), dtype=bool),
        rules=RULES,
        splits=splits,
        dataset_key=np.arange(size) + 1,
        dataset_id=[f"d{number}" for number in range(size)],
        file_key=np.arange(size) + 1,
        publisher=of("publisher"),
        source=of("source"),
        dataset_host=of("host"),
        file_dataset=np.arange(size),
        host=of("host"),
        format=of("format"),
        written=of("written"),
        pattern=of("pattern"),
        applies={rule: np.array([bool(one.get("applies", True)) for one in files], dtype=bool) for rule in RULES},
    )


def some(count: int, **common: str) -> list[dict[str, Any]]:
    return [dict(common) for _ in range(count)]


def failing(rule: str, chosen: Sequence[int], said: str = "") -> list[tuple[str, int, str]]:
    return [(rule, number, said) for number in chosen]


def test_what_the_whole_portal_lacks_is_one_cause_of_the_portal() -> None:
    files = some(60, publisher="a") + some(60, publisher="b")
    (one,) = causes_of(facts(files, failing("media_type_present", range(118))))
    assert (one.key.level, one.key.value, len(one.members)) == ("portal", "", 118)
    assert (one.failing, one.applicable, one.publisher) == (118, 120, None)


def test_what_only_one_publisher_lacks_is_its_own_cause() -> None:
    files = some(30, publisher="a") + some(90, publisher="b")
    (one,) = causes_of(facts(files, failing("media_type_present", [*range(30), 40, 41])))
    assert (one.key.level, one.key.value, one.publisher) == ("publisher", "a", "a")
    assert (one.rest_failing, one.rest_applicable) == (2, 90)


def test_a_server_that_several_publishers_share_comes_before_them() -> None:
    files = some(20, publisher="a", host="cdn.example") + some(20, publisher="b", host="cdn.example")
    files += some(60, publisher="c", host="other.example")
    (one,) = causes_of(facts(files, failing("media_type_present", range(40))))
    assert (one.key.level, one.key.value) == ("host", "cdn.example")


def test_a_service_where_anyone_puts_files_is_no_root() -> None:
    files = some(20, publisher="a", host="drive.google.com") + some(20, publisher="b", host="drive.google.com")
    files += some(60, publisher="c", host="other.example")
    found = causes_of(facts(files, failing("media_type_present", range(40))))
    assert [(one.key.level, one.key.value) for one in found] == [("publisher", "a"), ("publisher", "b")]


def test_a_format_and_an_import_are_roots_within_a_publisher() -> None:
    files = some(40, publisher="a", format="SHP") + some(40, publisher="a", format="CSV", written="2021-03-05")
    files += some(120, publisher="a", format="CSV", written="2024-01-01")
    found = causes_of(facts(files, failing("media_type_present", range(80))))
    assert [(one.key.level, one.key.value) for one in found] == [("format", "a SHP"), ("batch", "a")]


def test_an_import_that_stood_does_not_take_in_other_days() -> None:
    files = some(40, publisher="a", written="2021-03-05") + some(10, publisher="a", written="2022-01-01")
    files += some(120, publisher="a", written="2024-01-01")
    given_facts = facts(files, failing("media_type_present", range(48)))
    (one,) = causes_of(given_facts)
    (again,) = causes_of(given_facts, [one.key])
    assert (len(one.members), len(again.members), one.key.level) == (40, 40, "batch")


def test_half_of_a_publisher_at_random_is_no_cause() -> None:
    files = some(40, publisher="a") + some(40, publisher="b")
    assert not causes_of(facts(files, failing("media_type_present", range(0, 80, 2))))


def test_few_failures_where_most_fail_elsewhere_prove_nothing() -> None:
    """Five of five fail, but so do nine in ten of all others."""
    files = some(5, publisher="a") + [{"publisher": f"p{number}"} for number in range(100)]
    assert not causes_of(facts(files, failing("media_type_present", range(95))))


def test_one_value_is_one_cause_and_other_values_stay_single() -> None:
    files = some(19, publisher="a", host="a.example") + some(30, publisher="b", host="b.example")
    fails = failing("format_open", range(14), "the format is XLSX") + failing("format_open", [15], "the format is XLS")
    (one,) = causes_of(facts(files, fails))
    assert (one.key.level, one.key.split, len(one.members)) == ("publisher", "the format is XLSX", 14)


def test_an_unknown_licence_text_is_one_cause_wherever_it_stands() -> None:
    files = [{"publisher": f"p{number % 4}"} for number in range(40)]
    fails = failing("licence_known", range(6), "the licence is: see terms") + failing("licence_known", [9], "other")
    (one,) = causes_of(facts(files, fails))
    assert (one.key.level, one.key.value, len(one.members)) == ("value", "", 6)


def test_a_host_that_does_not_answer_is_one_cause_and_so_is_a_pattern_of_another() -> None:
    files = some(4, publisher="a", host="dead.example", pattern="dead.example/*.csv")
    files += some(5, publisher="a", host="live.example", pattern="live.example/old/*.csv")
    files += some(20, publisher="a", host="live.example", pattern="live.example/new/*.csv")
    fails = failing("link_ok", range(4), "dns ") + failing("link_ok", range(4, 9), "gone 404")
    found = causes_of(facts(files, fails))
    assert [(one.key.level, one.key.value) for one in found] == [
        ("host", "dead.example"),
        ("pattern", "live.example/old/*.csv"),
    ] or [(one.key.level, one.key.value) for one in found] == [
        ("pattern", "live.example/old/*.csv"),
        ("host", "dead.example"),
    ]


def test_one_address_that_answers_acquits_its_host() -> None:
    files = some(10, publisher="a", host="half.example", pattern="half.example/*.csv")
    assert not causes_of(facts(files, failing("link_ok", range(8), "gone 404")))


def test_one_defect_of_all_tables_of_a_publisher_is_its_software() -> None:
    files = some(20, publisher="a") + some(60, publisher="b")
    fails = [("table_header_clean", number, f"blank_column_name: {number}") for number in range(20)]
    (one,) = causes_of(facts(files, fails))
    assert (one.key.level, one.key.value, one.key.split) == ("publisher", "a", "blank_column_name")


def test_what_could_not_be_observed_counts_for_nothing() -> None:
    """Unknown is never failed: files that nobody could observe are neither failing nor passing."""
    files = some(10, publisher="a") + [{"publisher": "a", "applies": False} for _ in range(50)]
    files += some(60, publisher="b")
    (one,) = causes_of(facts(files, failing("media_type_present", range(10))))
    assert (one.failing, one.applicable) == (10, 10)


def test_the_key_of_a_cause_does_not_follow_from_its_members() -> None:
    few, many = (some(count, publisher="a") + some(200, publisher="b") for count in (10, 40))
    (one,), (other,) = (
        causes_of(facts(files, failing("media_type_present", range(len(files) - 200)))) for files in (few, many)
    )
    assert one.key == other.key and len(one.members) != len(other.members)


def test_a_cause_that_stood_is_kept_until_half_is_fixed() -> None:
    files = some(20, publisher="a") + some(80, publisher="b")
    key = CauseKey(rule_id="media_type_present", level="publisher", value="a", split="")
    for count, is_kept in ((14, True), (9, False)):
        found = causes_of(facts(files, failing("media_type_present", range(count))), [key])
        assert bool(found) is is_kept
    assert not causes_of(facts(files, failing("media_type_present", range(14))))


@settings(max_examples=60, deadline=None)
@given(st.data())
def test_each_finding_has_one_cause_at_most(data: st.DataObject) -> None:
    size = data.draw(st.integers(1, 60))
    word = st.sampled_from(["a", "b", "c", ""])
    files = [
        {
            "publisher": data.draw(word),
            "host": data.draw(word),
            "source": data.draw(word),
            "format": data.draw(word),
            "written": data.draw(word),
            "pattern": data.draw(word),
            "applies": data.draw(st.booleans()),
        }
        for _ in range(size)
    ]
    pairs = st.lists(st.tuples(st.sampled_from(RULES), st.integers(0, size - 1)), unique=True, max_size=150)
    fails = [(rule, file, data.draw(word)) for rule, file in data.draw(pairs)]
    given_facts = facts(files, fails)
    found = causes_of(given_facts)
    members = np.concatenate([one.members for one in found]) if found else np.zeros(0)
    assert len(members) == len(set(members.tolist()))
    assert len({one.key for one in found}) == len(found)
    # What stood before, with the same findings, has the same findings again.
    again = causes_of(given_facts, [one.key for one in found])
    assert [(one.key, one.members.tolist()) for one in again] == [(one.key, one.members.tolist()) for one in found]
    for one in found:
        assert {given_facts.rules[at] for at in given_facts.rule[one.members]} == {one.key.rule_id}
        assert len(one.members) and one.failing <= one.applicable
        assert one.key.level in next(c for c in cause_rules().classes if one.key.rule_id in c.rules).levels


@pytest.mark.parametrize("rule", [rule for one in cause_rules().classes for rule in one.rules])
def test_every_rule_with_a_class_has_an_effort(rule: str) -> None:
    one = cause_rules().class_of(rule)
    assert one is not None and set(one.levels) <= set(cause_rules().effort_hours)
