"""Suites judged by Great Expectations: clean tables pass, spoiled ones say what is spoiled, and nothing passes by
having been looked at without being there."""

from __future__ import annotations

import json
import subprocess
import sys

import pandas as pd
import pytest

from quality.tables.expect import asking
from quality.tables.expect.check import check_expectations
from quality.tables.expect.engine import great_expectations
from quality.tables.judge.rules import fix_of, severity_of
from quality.tables.read.text_table import column_kinds
from quality.tables.scan.parse_cells import days, numbers
from specs.expectations import Expectation, kinds, load
from tests.quality.tables.suite_tables import asked, expectation, judged, table

# What is not there is not asked


def test_empty_table_is_asked_nothing_of_its_rows() -> None:
    verdict = judged(table("a;b;c", []))
    assert [(d.rule) for d in verdict.defects] == ["no_rows"]
    # Asked of the header and of the number of rows: of those there is something to look at.
    rules = {result["expectation_config"]["meta"]["rule"] for result in verdict.results}
    assert rules == {"no_rows", "row_limit_cut", "generated_column_name", "untidy_column_name"}
    assert (verdict.passed, verdict.total) == (3, 4)


@pytest.mark.parametrize(
    "one",
    [
        expectation("expect_column_values_to_be_unique", kwargs={"column": "b"}),
        expectation("expect_column_values_to_match_regex", kwargs={"column": "b", "regex": "x", "mostly": 0.5}),
        expectation("expect_column_max_to_be_between", read_as="number", kwargs={"column": "b", "min_value": 1}),
        expectation("expect_column_values_to_match_regex", each="number", kwargs={"regex": "x"}),
        expectation("expect_column_values_to_be_unique", each="date"),
        expectation("expect_column_max_to_be_between", read_as="number", kwargs={"column": "a", "min_value": 1}),
        expectation("expect_column_pair_values_a_to_be_greater_than_b", kwargs={"column_A": "a", "column_B": "b"}),
        expectation("expect_compound_columns_to_be_unique", kwargs={"column_list": ["a", "b"]}),
        expectation(
            "expect_column_values_to_be_between", target="file", kwargs={"column": "row_count", "min_value": 1}
        ),
    ],
)
def test_nothing_to_look_at_is_no_pass(one: Expectation) -> None:
    data = table("a;b", [[f"x{number}", "  "] for number in range(30)])
    verdict = asked(data, one)  # the number of rows of the file is not known
    assert (verdict.passed, verdict.total, verdict.defects, verdict.results) == (0, 0, (), ())


def test_an_empty_column_is_a_case_for_those_who_ask_for_values() -> None:
    data = table("a;b", [[f"x{number}", ""] for number in range(30)])
    verdict = asked(data, expectation("expect_column_values_to_not_be_null", kwargs={"column": "b"}))
    assert [(d.rule, d.field, d.count, d.first_row) for d in verdict.defects] == [("rule", "b", 30, 2)]


def test_mostly_leaves_nulls_aside() -> None:
    rows = [["good"] if number % 2 else ["bad" if number == 0 else ""] for number in range(20)]
    for mostly, passed in ((0.9, 1), (0.95, 0)):  # one of eleven values
        one = expectation("expect_column_values_to_match_regex", kwargs={"column": "a", "regex": "g", "mostly": mostly})
        assert asked(table("a", rows), one).passed == passed


def test_blank_rows_are_nobodys_payment() -> None:
    rows = [[f"s{number}", "10", "2024-01-01"] for number in range(30)] + [["", " ", ""]] * 400
    verdict = judged(table("Supplier;Amount;Date", rows))
    assert verdict.kind == "spending" and not verdict.defects


def test_without_today_nothing_is_asked_of_it() -> None:
    data = table("a", [["2024-01-01"]] * 9)
    one = expectation(
        "expect_column_values_to_be_between", read_as="date", kwargs={"column": "a", "max_value": "today"}
    )
    assert check_expectations(data, column_kinds(data), 9, [one]).total == 0
    assert asked(data, one).passed == 1


# One question for many columns


def test_one_answer_for_columns_of_several_lengths() -> None:
    """All that ignores nulls is asked of one frame: the verdicts are those of each expectation alone."""
    rows = [[str(n), "x" if n % 3 else "", f"2024-01-{n % 28 + 1:02}", "bad" if n == 7 else f"v{n}"] for n in range(40)]
    data = table("id;flag;day;word", rows)
    forty = {"column": "row_count", "value_set": [40]}
    every = [
        expectation("expect_column_values_to_not_match_regex", "a", each="any", kwargs={"regex": "^bad$"}),
        expectation("expect_column_values_to_not_match_regex", "b", each="text", kwargs={"regex": "zzz"}),
        expectation("expect_column_values_to_be_unique", "c", each="text"),
        expectation("expect_column_values_to_be_unique", "d", kwargs={"column": "id"}),
        expectation("expect_column_values_to_not_be_null", "e", kwargs={"column": "flag", "mostly": 0.9}),
        expectation("expect_column_values_to_not_be_null", "f", kwargs={"column": "flag", "mostly": 0.5}),
        expectation("expect_compound_columns_to_be_unique", "g", kwargs={"column_list": "*"}),
        expectation("expect_column_unique_value_count_to_be_between", "h", kwargs={"column": "flag", "min_value": 2}),
        expectation("expect_column_max_to_be_between", "i", read_as="number", kwargs={"column": "id", "max_value": 39}),
        expectation("expect_table_row_count_to_equal", "j", kwargs={"value": 40}),
        expectation("expect_table_row_count_to_equal", "k", kwargs={"value": 41}),
        expectation("expect_column_values_to_be_in_set", "l", target="file", kwargs=forty),
    ]
    together = asked(data, *every, row_count=40)
    alone = [asked(data, one, row_count=40) for one in every]
    assert sorted(map(repr, together.defects)) == sorted(repr(d) for verdict in alone for d in verdict.defects)
    assert (together.passed, together.total) == (sum(v.passed for v in alone), len(every))
    assert {d.rule for d in together.defects} == {"a", "c", "e", "h", "k"}


def test_memory_of_repetitions_changes_no_result(monkeypatch: pytest.MonkeyPatch) -> None:
    from contextlib import nullcontext

    frame = pd.DataFrame({"a": ["x", "y", "y", None], "b": [1.0, 2.0, None, -4.0]})
    asks: list[asking.Ask] = [
        ("expect_column_values_to_be_unique", {"column": "a"}),
        ("expect_column_values_to_be_in_set", {"column": "a", "value_set": ["x"], "mostly": 0.4}),
        ("expect_column_values_to_be_between", {"column": "b", "min_value": 0}),
        ("expect_column_values_to_be_between", {"column": "b", "min_value": False}),
        ("expect_column_values_to_match_regex", {"column": "a", "regex": "(unclosed"}),
        ("expect_column_values_to_not_be_null", {"column": "nowhere"}),
        ("expect_compound_columns_to_be_unique", {"column_list": ["a", "b"]}),
    ]
    gx = great_expectations()
    for form in ("BOOLEAN_ONLY", "COMPLETE"):
        quick = gx.ask(asks, frame, {"result_format": form})
        with monkeypatch.context() as patch:
            patch.setattr(gx, "_repetitions_remembered", nullcontext)
            plain = gx.ask(asks, frame, {"result_format": form})
        assert [asking.compact(result, "r") for result in quick] == [asking.compact(result, "r") for result in plain]
        if form == "COMPLETE":
            assert [result["result"] for result in quick] == [result["result"] for result in plain]


def test_wide_tables_are_asked_of_the_columns_that_failed() -> None:
    names = ";".join(f"c{number}" for number in range(150))
    rows = [["#REF!" if (row, number) in ((3, 120), (5, 149)) else "x" for number in range(150)] for row in range(8)]
    verdict = asked(table(names, rows), *[one for one in load("any") if one.rule == "spreadsheet_error"])
    assert [(d.field, d.count, d.first_row) for d in verdict.defects] == [("c120", 1, 5), ("c149", 1, 7)]


def test_expectations_that_cannot_run_spoil_no_other_and_count_neither_way() -> None:
    data = table("a;b", [[f"x{number}", str(number)] for number in range(9)])
    verdict = asked(
        data,
        expectation("expect_column_values_to_match_regex", each="any", kwargs={"regex": "(unclosed"}),
        expectation("expect_column_values_to_be_between", kwargs={"column": "a", "min_value": 3}),  # of text
        expectation("expect_column_values_to_be_purple", kwargs={"column": "a"}),
        expectation("expect_column_values_to_be_unique", kwargs={"column": "a", "colour": 3}),
        expectation("expect_column_values_to_be_unique", "good", kwargs={"column": "a"}),
        expectation("expect_column_values_to_match_regex", "bad", kwargs={"column": "a", "regex": "x[0-7]"}),
    )
    assert (verdict.passed, verdict.total) == (1, 2)
    assert [d.rule for d in verdict.defects] == ["bad", *["expectation_not_checked"] * 4]


def test_columns_with_bad_names_are_named_up_to_a_bound() -> None:
    data = table(";".join(f"Unnamed: {number}" for number in range(130)), [["x"] * 130] * 3)
    defects = asked(data, *[one for one in load("any") if one.rule == "generated_column_name"]).defects
    assert len(defects) == 101
    assert (defects[0].field, defects[-1].field, defects[-1].count) == ("Unnamed: 0", None, 30)


def test_rows_are_compared_whole_however_many_columns() -> None:
    (one,) = [one for one in load("any") if one.rule == "duplicate_row"]
    rows = [[str(number % 9), "", "x", str(number // 9)] for number in range(81)]
    assert asked(table("a;b;c;d", rows), one).passed == 1
    again = asked(table("a;b;c;d", [*rows, *rows[:9]]), one)
    assert [(d.count, d.first_row, d.field) for d in again.defects] == [(18, 2, None)]
    (result,) = again.results
    assert result["expectation_config"]["kwargs"]["column_list"] == "*"


# What is kept


def test_results_are_in_the_form_of_gx_and_quote_no_cell() -> None:
    rows = [[f"secret{number}", f"-{number}77.5", "2030-12-24"] for number in range(25)]
    verdict = judged(table("Supplier;Contract value;Award date;Contract title;CPV", [[*r, "t", "45"] for r in rows]))
    assert verdict.kind == "contracts" and verdict.defects
    kept = json.dumps(verdict.results)
    for cell in ("secret", "77.5", "2030-12-24"):
        assert cell not in kept and cell not in repr(verdict.defects)
    for result in verdict.results:
        assert {"success", "expectation_config", "result", "exception_info"} == set(result)
        assert result["expectation_config"]["type"].startswith("expect_")
    assert "\\u001f" not in kept
    failed = [r for r in verdict.results if not r["success"]]
    assert {r["expectation_config"]["meta"]["rule"] for r in failed} == {d.rule for d in verdict.defects}
    assert all("unexpected_count" in r["result"] for r in failed)


def test_missing_needed_column_is_a_finding() -> None:
    rows = [[f"s{number}", "Roads", f"T{number}", "x"] for number in range(30)]
    verdict = judged(table("Supplier;Expense type;Transaction number;Note", rows))
    missing = [d for d in verdict.defects if d.rule == "missing_column"]
    assert [d.field for d in missing] == ["amount", "date or period"]
    assert all(d.first_row == 1 and d.source == "great_expectations" for d in missing)
    assert verdict.total - verdict.passed == 2
    assert severity_of("missing_column") == "warning" and fix_of("missing_column")
    assert not [d for d in judged(table("Supplier;Note", [r[:2] for r in rows])).defects if d.rule == "missing_column"]


def test_every_rule_has_a_severity_and_a_remedy() -> None:
    for kind in ("any", *kinds()):
        for one in load(kind):
            assert severity_of(one.rule) == one.severity and fix_of(one.rule) == one.fix
    assert severity_of("extra_cell") == "error" and fix_of("extra_cell") and fix_of("no_such_rule") is None


def test_no_rule_has_two_meanings() -> None:
    rules = [one.rule for kind in ("any", *kinds()) for one in load(kind)]
    assert len(rules) == len(set(rules))


def test_what_the_parent_asks_loads_no_heavy_library() -> None:
    tables = ("expect.table_kinds", "judge.rules", "judge.drift", "declared.schema", "declared.csvw")
    light = (*(f"tables.{name}" for name in tables), "catalogue")
    code = (
        f"import sys, {', '.join(f'quality.{name}' for name in light)}\n"
        "quality.tables.judge.rules.severity_of('x')\n"
        "print([name for name in ('great_expectations', 'pandas', 'frictionless') if name in sys.modules])"
    )
    found = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True, timeout=60)
    assert found.stdout.strip() == "[]"


# Cells


@pytest.mark.parametrize(
    ("cells", "wanted"),
    [
        (["1", "2.5", "-3"], [1, 2.5, -3]),
        (["1,5", "2", None], [1.5, 2, None]),
        (["1.234,50", "7"], [1234.5, 7]),
        (["£68,486.66", "(1,234.00)", "12.00-"], [68486.66, -1234, -12]),
        (["1 234,5 €", "CHF 12'000", "5 %"], [1234.5, 12000, 5]),
        (["1.234.567", "12"], [1234567, 12]),
        (["47.123", "8.541"], [47.123, 8.541]),
        (["1,234", "5,678"], [None, None]),  # thousands, or three decimals
        (["1,5", "2.5"], [None, None]),
        (["n/a", "abc", "", "12 apples"], [None] * 4),
        (["\u22123", "1e3"], [-3, 1000]),
    ],
)
def test_numbers(cells: list[str | None], wanted: list[float | None]) -> None:
    assert numbers(cells) == wanted


@pytest.mark.parametrize(
    ("cells", "wanted"),
    [
        (["2024-03-04", "2024-03-04T10:00:00Z", "2024-03", "2024"], ["2024-03-04", "2024-03-04", "2024-03-01", None]),
        (["04/03/2024", "13/03/2024"], ["2024-03-04", "2024-03-13"]),
        (["04/03/2024", "04/13/2024"], ["2024-04-03", "2024-04-13"]),
        (["04/03/2024", "05/06/2024"], [None, None]),  # day or month first: no cell tells
        (["13/03/2024", "03/13/2024"], [None, None]),
        (["04.03.2024", "4.3.24"], ["2024-03-04", "2024-03-04"]),
        (["09-Mar-11", "9 Mar 2011", "31-Feb-11"], ["2011-03-09", "2011-03-09", None]),
        (["9999-12-31", "soon", None, "2024-13-01"], [None] * 4),
    ],
)
def test_days(cells: list[str | None], wanted: list[str | None]) -> None:
    assert [day and day.date().isoformat() for day in days(cells)] == wanted


def test_an_expectation_whose_libraries_are_loaded_when_used() -> None:
    halves = {"values": ["x", "y"], "weights": [0.5, 0.5]}
    kind = "expect_column_kl_divergence_to_be_less_than"
    frame = pd.DataFrame({"a": ["x", "y", "x", "y"]})
    near, far = great_expectations().ask(
        [
            (kind, {"column": "a", "partition_object": halves, "threshold": 0.1}),
            (kind, {"column": "a", "partition_object": {**halves, "weights": [0.01, 0.99]}, "threshold": 0.1}),
        ],
        frame,
    )
    assert (near["success"], far["success"]) == (True, False)
