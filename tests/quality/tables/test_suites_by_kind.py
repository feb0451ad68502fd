"""The expectations of each known kind of table: clean tables keep them, spoiled ones break them."""

from __future__ import annotations

import pytest

from quality.tables.expect.check import ExpectationResults
from specs.expectations import kinds, load
from tests.quality.tables.suite_tables import CLEAN, SPOILED, judged, table


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
