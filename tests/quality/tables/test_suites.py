"""Suites judged by Great Expectations: clean tables pass, spoiled ones say what is spoiled, and nothing passes by
having been looked at without being there."""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Callable
from datetime import date

import pandas as pd
import pytest

from quality.tables.expect import asking, gx
from quality.tables.expect.check import ExpectationResults, check_expectations, check_table
from quality.tables.judge.rules import fix_of, severity_of
from quality.tables.read.text_table import TextTable, column_kinds
from quality.tables.scan.parse_cells import days, numbers
from specs.expectations import Expectation, kinds, load

TODAY = date(2025, 6, 1)
Rows = list[list[str]]


def table(header: str, rows: Rows) -> TextTable:
    return TextTable(header.split(";"), 1, rows, list(range(2, len(rows) + 2)))


def judged(data: TextTable, title: str | None = None) -> ExpectationResults:
    return check_table(data, column_kinds(data), len(data.rows), title=title, today=TODAY)


def asked(data: TextTable, *expectations: Expectation, row_count: int | None = None) -> ExpectationResults:
    return check_expectations(data, column_kinds(data), row_count, expectations, today=TODAY)


def expectation(kind: str, rule: str = "rule", **fields: object) -> Expectation:
    texts = {"severity": "error", "message": "It is not met.", "fix": "Fix it, please."}
    return Expectation.model_validate({"rule": rule, "type": kind, **texts, **fields})


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


# The suites


def _rows(make: Callable[[int], list[str]], count: int = 240) -> Rows:
    return [make(number) for number in range(count)]


CLEAN: dict[str, tuple[str, Rows]] = {
    "spending": (
        "Entity;Date of payment;Supplier;Amount;Transaction number",
        _rows(lambda n: ["Council", f"{n % 28 + 1:02}/03/2024", f"Firm {n % 40}", f"£{n},{n % 900 + 100}.50", f"T{n}"]),
    ),
    "budget": (
        "Jahr;Institution;Konto;Kontobezeichnung;Budget",
        _rows(lambda n: [str(2020 + n % 4), "Schulamt", f"{3000 + n}", "Löhne", f"{n}'{n % 900 + 100},50"]),
    ),
    "contracts": (
        "Contract number;Title;Supplier;Contract value;Start date;End date;CPV",
        _rows(lambda n: [f"C{n}", "Works", f"Firm {n}", f"{n}50.00", "2024-01-01", "2024-12-31", "45000000-7"]),
    ),
    "ocds": (
        "ocid;id;tag;tender/value/amount;tender/value/currency;tender/procurementMethod;awards/0/value/amount",
        _rows(lambda n: [f"ocds-213czf-{n}", str(n), "tender", f"{n}00", "EUR", "open", f"{n}"]),
    ),
    "elections": (
        "Wahlkreis;Wahlberechtigte;Wähler;Ungültige Stimmen;Partei;Stimmen;Wahlbeteiligung",
        _rows(lambda n: [f"Kreis {n}", f"{1000 + n}", f"{600 + n}", f"{n % 9}", "Partei", f"{n}", f"{50 + n % 9},5"]),
    ),
    "companies": (
        "CompanyNumber;CompanyName;CompanyStatus;IncorporationDate;DissolutionDate",
        _rows(lambda n: [f"0{n}44556", f"Firm {n}", "Active", "13/02/1999", "14/03/2001" if n % 5 == 0 else ""]),
    ),
    "air_quality": (
        "Station;Date;NO2;PM10;PM2.5;O3",
        _rows(lambda n: ["Centre", f"2024-03-{n % 28 + 1:02}", f"{n % 90}.5", f"{n % 60}", f"{n % 30}", f"{n % 120}"]),
    ),
    "transport_stops": (
        "stop_id;stop_name;stop_lat;stop_lon",
        _rows(lambda n: [f"S{n}", f"Main Street {n}", f"{47 + n / 1000:.4f}", f"{8 + n / 1000:.4f}"]),
    ),
    "addresses": (
        "UPRN;Strasse;Hausnummer;PLZ;Ort;lat;lon",
        _rows(lambda n: [f"{n}", "Hauptstrasse", f"{n}a", "8001", "Zürich", f"{47 + n / 1000:.4f}", "8.5417"]),
    ),
    "population": (
        "Gemeinde;Jahr;Wohnbevölkerung;Männer;Frauen",
        _rows(lambda n: [f"Dorf {n}", "2023", f"{2 * n + 10}", f"{n + 4}", f"{n + 6}"]),
    ),
    "crime": (
        "Crime ID;Month;Crime type;LSOA name;Latitude;Longitude;Count",
        _rows(lambda n: [f"c{n}", "2024-03", ["Theft", "Drugs"][n % 2], "Bath 001", "51.38", "-2.36", "1"]),
    ),
}

SPOILED = [
    ("spending", "Supplier", ["Firm"] * 240, {"spending_one_supplier"}),
    ("spending", "Supplier", ["", "Firm", "Other"] * 80, {"spending_supplier_blank"}),
    ("spending", "Amount", ["", "5", "6"] * 80, {"spending_amount_blank"}),
    ("spending", "Amount", ["about five", "5", "6"] * 80, {"spending_amount_no_number"}),
    ("spending", "Amount", ["-5"] * 240, {"spending_amount_all_zero"}),
    ("spending", "Date of payment", ["2026-01-01"] * 240, {"spending_date_in_future"}),
    ("budget", "Budget", ["", "", "5", "", "", "6"] * 40, {"budget_planned_blank"}),
    ("budget", "Budget", ["five", "5", "6"] * 80, {"budget_planned_no_number"}),
    ("budget", "Budget", ["0.0"] * 240, {"budget_all_zero"}),
    ("budget", "Jahr", ["24"] * 240, {"budget_year_odd"}),
    ("contracts", "Supplier", ["", "", "x"] * 80, {"contracts_supplier_blank"}),
    ("contracts", "Contract value", ["", "", "1.5"] * 80, {"contracts_value_blank"}),
    ("contracts", "Contract value", ["-1.5"] * 240, {"contracts_value_negative"}),
    ("contracts", "End date", ["2023-12-31"] * 240, {"contracts_end_before_start"}),
    ("contracts", "CPV", ["4.5E+7"] * 240, {"contracts_cpv_odd"}),
    ("ocds", "ocid", ["", "ocds-213czf-1"] * 120, {"ocds_ocid_blank"}),
    ("ocds", "ocid", ["17"] * 240, {"ocds_ocid_odd"}),
    ("ocds", "tender/value/amount", ["-1"] * 240, {"ocds_tender_value_negative"}),
    ("ocds", "awards/0/value/amount", ["-1"] * 240, {"ocds_award_value_negative"}),
    ("ocds", "tender/value/currency", ["€"] * 240, {"ocds_currency_odd"}),
    ("ocds", "tender/procurementMethod", ["Offenes Verfahren"] * 240, {"ocds_method_odd"}),
    ("elections", "Stimmen", ["", "5"] * 120, {"elections_votes_blank"}),
    ("elections", "Stimmen", ["-5"] * 240, {"elections_votes_negative"}),
    ("elections", "Wahlberechtigte", ["500"] * 240, {"elections_more_ballots_than_voters"}),
    ("elections", "Ungültige Stimmen", ["5000"] * 240, {"elections_more_invalid_than_ballots"}),
    ("elections", "Wahlbeteiligung", ["105,5"] * 240, {"elections_turnout_odd"}),
    ("companies", "CompanyNumber", ["", "123"] * 120, {"companies_number_blank"}),
    ("companies", "CompanyNumber", ["1.2E+08"] * 240, {"companies_number_shortened"}),
    ("companies", "CompanyName", ["", "", "x"] * 80, {"companies_name_blank"}),
    (
        "companies",
        "IncorporationDate",
        ["13/02/2031"] * 240,
        {"companies_registered_in_future", "companies_dissolved_before_registered"},
    ),
    ("companies", "DissolutionDate", ["14/03/1990"] * 240, {"companies_dissolved_before_registered"}),
    ("air_quality", "Date", ["", "2024-03-01"] * 120, {"air_time_blank"}),
    ("air_quality", "NO2", ["-999", "5"] * 120, {"air_no2_impossible"}),
    ("air_quality", "PM10", ["99999", "5"] * 120, {"air_pm10_impossible"}),
    ("air_quality", "PM2.5", ["-9999", "5"] * 120, {"air_pm25_impossible"}),
    ("air_quality", "O3", ["-999", "5"] * 120, {"air_o3_impossible"}),
    ("transport_stops", "stop_id", ["", "S1"] * 120, {"stops_id_blank"}),
    ("transport_stops", "stop_name", ["", "S1"] * 120, {"stops_name_blank"}),
    ("transport_stops", "stop_lat", ["147.12", "47.1"] * 120, {"stops_latitude_impossible"}),
    ("transport_stops", "stop_lon", ["208.54", "8.5"] * 120, {"stops_longitude_impossible"}),
    ("transport_stops", "stop_lat", ["0", "47.1"] * 120, {"stops_at_zero"}),
    ("transport_stops", "stop_lat", ["47.1"] * 240, {"stops_same_place"}),
    ("addresses", "Strasse", ["", "", "x"] * 80, {"addresses_street_blank"}),
    ("addresses", "Hausnummer", ["Villa Rosa"] * 240, {"addresses_number_no_number"}),
    ("addresses", "Hausnummer", ["05-Mar", "7"] * 120, {"addresses_number_date"}),
    ("addresses", "lat", ["2683111.5"] * 240, {"addresses_latitude_impossible"}),
    ("addresses", "lon", ["1247922.5"] * 240, {"addresses_longitude_impossible"}),
    ("addresses", "UPRN", ["7"] * 240, {"addresses_id_twice"}),
    ("population", "Wohnbevölkerung", ["", "", "900"] * 80, {"population_blank"}),
    ("population", "Männer", ["-1"] * 240, {"population_men_negative"}),
    ("population", "Frauen", ["-1"] * 240, {"population_women_negative"}),
    ("population", "Männer", ["9999"] * 240, {"population_part_above_whole"}),
    ("population", "Wohnbevölkerung", ["-1"] * 240, {"population_negative", "population_part_above_whole"}),
    ("crime", "Crime type", ["", "", "x"] * 80, {"crime_offence_blank"}),
    ("crime", "Month", ["2027-03"] * 240, {"crime_date_in_future"}),
    ("crime", "Count", ["-1"] * 240, {"crime_count_negative"}),
    ("crime", "Latitude", ["0.0"] * 240, {"crime_at_zero"}),
]


def of_kind(verdict: ExpectationResults) -> set[str]:
    everywhere = {one.rule for one in load("any")}
    return {defect.rule for defect in verdict.defects} - everywhere


@pytest.mark.parametrize("kind", sorted(CLEAN))
def test_clean_tables_of_every_kind(kind: str) -> None:
    verdict = judged(table(*CLEAN[kind]))
    assert verdict.kind == kind
    assert not verdict.defects
    assert verdict.passed == verdict.total > len(load("any")) - 2


@pytest.mark.parametrize(("kind", "column", "cells", "rules"), SPOILED)
def test_spoiled_tables(kind: str, column: str, cells: list[str], rules: set[str]) -> None:
    header, rows = CLEAN[kind]
    place = header.split(";").index(column)
    spoiled = [[*row[:place], cell, *row[place + 1 :]] for row, cell in zip(rows, cells, strict=True)]
    assert of_kind(judged(table(header, spoiled))) == rules


def test_every_rule_is_proved_above() -> None:
    proved = {rule for *_, rules in SPOILED for rule in rules}
    left = {one.rule for kind in kinds() for one in load(kind)} - proved
    assert left == {"air_value_blank", "air_value_missing_sign", "crime_one_offence"}  # below


def test_measurements_one_to_a_row() -> None:
    rows = [["A", "2024-01-01", "NO2", "-9999" if n == 3 else str(n), "µg/m3"] for n in range(40)]
    assert of_kind(judged(table("station;time;pollutant;value;unit", rows))) == {"air_value_missing_sign"}
    rows = [["A", "2024-01-01", "NO2", "7" if n == 3 else "", "µg/m3"] for n in range(40)]
    assert of_kind(judged(table("station;time;pollutant;value;unit", rows))) == {"air_value_blank"}


def test_one_offence_in_a_long_table() -> None:
    rows = [["2024-03", "Theft", f"Place {number}"] for number in range(600)]
    assert of_kind(judged(table("Month;Crime type;LSOA name", rows))) == {"crime_one_offence"}


def test_an_expectation_whose_libraries_are_loaded_when_used() -> None:
    halves = {"values": ["x", "y"], "weights": [0.5, 0.5]}
    kind = "expect_column_kl_divergence_to_be_less_than"
    frame = pd.DataFrame({"a": ["x", "y", "x", "y"]})
    near, far = gx.ask(
        [
            (kind, {"column": "a", "partition_object": halves, "threshold": 0.1}),
            (kind, {"column": "a", "partition_object": {**halves, "weights": [0.01, 0.99]}, "threshold": 0.1}),
        ],
        frame,
    )
    assert (near["success"], far["success"]) == (True, False)
