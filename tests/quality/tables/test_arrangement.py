"""Sheets that are no table of rows below one header: what is seen is said, and nothing else of their cells."""

from __future__ import annotations

import json
import time
from pathlib import Path

import pytest

from catalog.model import Dataset, Distribution, TableContext, TableReport
from quality.evidence.subject import UNKNOWN, DistributionSubject
from quality.metrics import sound
from quality.tables.inspect import inspect
from quality.tables.judge.unusual_layout import beside


def look(tmp_path: Path, lines: list[str]) -> TableReport:
    path = tmp_path / "table.csv"
    path.write_text("\n".join(lines) + "\n", "utf-8")
    return inspect(TableContext(path=path, declared_format="CSV"))


def said(report: TableReport) -> dict[str, str]:
    return {one.rule: one.message for one in report.defects}


BLOCKS = [
    line
    for n in range(12)
    for line in (f"Name,Hall {n}", f"Street,Mill Street {n}", f"Opened,19{n + 10}", f"Seats,{n * 31 + 7}", ",")
]
WARDS = [f"Ward {n}" for n in range(24)]
ON_ITS_SIDE = [
    f"Indicator,{','.join(WARDS)}",
    f"Population,{','.join(str(n * 137 % 900 + 90) for n in range(24))}",
    f"Area,{','.join(f'{n * 7 % 9}.{n % 9}' for n in range(24))}",
    f"Party,{','.join('Red' if n % 3 else 'Blue' for n in range(24))}",
    f"Founded,{','.join(f'19{n + 10}-01-01' for n in range(24))}",
]
RAGGED = [",".join(["x", "12", "see 3", "2020", "-", "y", "7", "z", "4"][: n * 5 % 9 + 1]) for n in range(30)]
FIXED = [f"{'Station':<14}{'Day':<12}{'Rain':>6}"] + [
    f"{f'Holm {n}':<14}{f'2024-01-{n % 28 + 1:02}':<12}{n * 13 % 90 / 10:>6}" for n in range(40)
]


@pytest.mark.parametrize(
    ("lines", "seen"),
    [
        (BLOCKS, "a block of lines"),
        (ON_ITS_SIDE, "on its side"),
        (RAGGED, "as many cells"),
        (FIXED, "parted by blanks"),
    ],
)
def test_what_is_no_table_below_a_header_is_said_and_nothing_else(lines: list[str], seen: str, tmp_path: Path) -> None:
    report = look(tmp_path, lines)
    assert set(said(report)) == {"layout_not_understood"} and report.status == "valid"
    assert seen in said(report)["layout_not_understood"]
    assert [one.severity for one in report.defects] == ["info"]
    # What was not judged is not good either.
    subject = DistributionSubject(
        id="x", distribution=Distribution(format="CSV"), dataset=Dataset(identifier="x"), table=report
    )
    judged = (sound.table_rectangular, sound.table_header_clean, sound.table_types_consistent)
    assert {metric(subject) for metric in (*judged, sound.table_expectations_met)} == {UNKNOWN}
    assert sound.table_encoding_utf8(subject) == sound.table_not_empty(subject) == 1.0


def test_a_declared_schema_and_an_earlier_version_are_not_held_against_what_was_not_understood(tmp_path: Path) -> None:
    """Both speak of columns below a header, and where the header is nobody knows."""
    schema = tmp_path / "schema.json"
    fields = [{"name": "Indicator", "type": "string"}, *({"name": ward, "type": "integer"} for ward in WARDS)]
    schema.write_text(json.dumps({"fields": fields}), "utf-8")
    upright = [
        f"Indicator,{','.join(WARDS)}",
        *(f"Year {n},{','.join(str(n + k) for k in range(24))}" for n in range(90)),
    ]
    before = look(tmp_path, upright)
    assert "layout_not_understood" not in said(before)
    path = tmp_path / "table.csv"
    path.write_text("\n".join(ON_ITS_SIDE) + "\n", "utf-8")
    report = inspect(TableContext(path=path, declared_format="CSV", schema_path=schema, previous=before.profile))
    assert set(said(report)) == {"layout_not_understood"} and report.status == "valid"
    # Nor is it a measure for what comes after it.
    path.write_text("\n".join(upright[:40]) + "\n", "utf-8")
    after = inspect(TableContext(path=path, declared_format="CSV", previous=report.profile))
    assert not {rule for rule in said(after) if rule.startswith("drift")}
    again = inspect(TableContext(path=path, declared_format="CSV", previous=before.profile))
    assert "drift_rows_lost" in said(again)


def test_labels_that_come_again_in_a_table_are_no_blocks(tmp_path: Path) -> None:
    months = ["January", "February", "March", "April"]
    rows = [f"{months[n % 4]},{n * 7 % 40 + 3}" for n in range(40)]
    assert "layout_not_understood" not in said(look(tmp_path, ["Month,Rain", *rows]))
    # A wide table of years is no table on its side.
    wide = [f"Rate {n}," + ",".join(str(n * k % 90) for k in range(12)) for n in range(5)]
    assert "layout_not_understood" not in said(look(tmp_path, ["Rate," + ",".join(map(str, range(2001, 2013))), *wide]))


@pytest.mark.parametrize("has_titles", [False, True])
def test_two_tables_side_by_side_are_one_finding(has_titles: bool, tmp_path: Path) -> None:
    rows = [f"Ward {n},{n * 17 % 90},,Ward {n + 40},{n * 13 % 70}" for n in range(25)]
    titles = ["Table 1: births,,,Table 2: deaths,"] if has_titles else []
    report = look(tmp_path, [*titles, "Region,Births,,Region,Deaths", *rows])
    assert set(said(report)) == {"several_tables"} and "side by side" in said(report)["several_tables"]
    # A blank column between other names is a column without a name.
    report = look(tmp_path, ["Region,Births,,Deaths,Moved", *(f"Ward {n},{n * 3},,{n * 7},{n}" for n in range(25))])
    assert "several_tables" not in said(report) and "blank_column_name" in said(report)


def test_years_below_groups_are_names_of_columns(tmp_path: Path) -> None:
    groups, years = ",Men,,,Women,,", ",2001,2011,2021,2001,2011,2021"
    rows = [f"{n}-{n + 4}," + ",".join(str((n + 7) * k * 91 % 9000) for k in range(1, 7)) for n in range(0, 90, 5)]
    report = look(tmp_path, [groups, years, *rows])
    assert report.columns[1:] == ("Men 2001", "Men 2011", "Men 2021", "Women 2001", "Women 2011", "Women 2021")
    assert set(said(report)) <= {"multi_row_header", "blank_column_name"}


def test_a_row_of_very_many_blank_names_is_read_in_one_pass() -> None:
    blanks = [""] * 16_384
    began = time.process_time()
    assert beside([*blanks, "a", "b", "", "a", "b"], [["1"] * 16_389]) is None
    assert beside(["a", "b", *blanks, "a", "b"], [["1", "2", *blanks, "1", "2"]]) == 2
    # Looking at each of them in turn took 15 seconds.
    assert time.process_time() - began < 2
