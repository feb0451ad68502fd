"""Where the header stands, and what it is put together from. The tables are invented."""

from __future__ import annotations

from pathlib import Path

import pytest

from catalog.model import TableContext, TableReport
from quality.tables.inspect import inspect
from quality.tables.read.header_rows import find_header_rows
from quality.tables.scan.units import is_unit

DATA = [["North", "12.5", "3"], ["South", "14.1", "4"], ["East", "9.8", "5"], ["West", "8.0", "1"], ["Mid", "7.7", "2"]]


def look(tmp_path: Path, text: str) -> TableReport:
    path = tmp_path / "table.csv"
    path.write_text(text, encoding="utf-8")
    return inspect(TableContext(path=path, declared_format="CSV"))


def heading(rows: list[list[str]]) -> tuple[tuple[int, ...], tuple[str, ...]]:
    found = find_header_rows(rows, 0)
    assert found is not None
    return found.lines, found.names


def test_names_over_two_rows_are_joined() -> None:
    rows = [["", "Rainfall", ""], ["Region", "mean", "rank"], *DATA]
    assert heading(rows) == ((0, 1), ("Region", "Rainfall mean", "Rainfall rank"))


def test_years_in_a_row_are_names_above_figures() -> None:
    rows = [
        ["Area", "2019", "2020"],
        ["North", "4711.5", "4822.5"],
        ["South", "1210.0", "1198.5"],
        *[["W", "1.5", "2"]] * 3,
    ]
    assert heading(rows)[0] == (0,)


def test_days_are_names_above_counts() -> None:
    rows = [
        ["", "Day", "Day"],
        ["", "31.12.2001", "31.12.2002"],
        *[[f"A{n}", str(70 + n), str(90 + n)] for n in range(9)],
    ]
    assert heading(rows)[0] == (0, 1)


def test_titles_and_keys_with_values_stand_above() -> None:
    rows = [["Rain in Northmere", "", ""], ["Unit:", "mm", ""], ["", "", ""], ["Region", "Rain", "Rank"], *DATA]
    assert heading(rows)[0] == (3,)


def test_first_row_without_figures_is_a_row() -> None:
    rows = [["Region", "Rain", "Rank"], ["Isle", "", ""], ["Holm", "", ""], *DATA]
    assert heading(rows)[0] == (0,)


@pytest.mark.parametrize("unit", ["mm", "°C", "km/h", "%", "kWh", "mg/l", "€", "(ha)", "m²"])
def test_units(unit: str) -> None:
    assert is_unit(unit)


@pytest.mark.parametrize("word", ["Rain", "North", "Wind speed", "total", "Kommune"])
def test_words_are_no_units(word: str) -> None:
    assert not is_unit(word)


def test_a_row_of_units_is_one_finding(tmp_path: Path) -> None:
    rows = "".join(f"2024-02-{day:02},{day},{day / 4}\n" for day in range(1, 25))
    report = look(tmp_path, "Day,Sun,Snow\n,h,cm\n" + rows)
    assert [defect.rule for defect in report.defects] == ["multi_row_header"]
    assert report.defects[0].rows == (1, 2)
    assert (report.header_row, report.row_count, report.columns) == (1, 24, ("Day", "Sun", "Snow"))


def test_a_wrong_cell_below_a_row_of_units_is_found(tmp_path: Path) -> None:
    rows = [f"2024-02-{day:02},{day},{day / 4}" for day in range(1, 25)]
    rows[9] = "2024-02-10,not read,1.5"
    report = look(tmp_path, "Day,Sun,Snow\n,h,cm\n" + "\n".join(rows))
    assert [(one.rule, one.field, one.rows) for one in report.defects if one.severity == "error"] == [
        ("type_error", "Sun", (12,))
    ]


def test_a_header_of_three_rows_accuses_no_column(tmp_path: Path) -> None:
    head = ",Births,,Deaths,\nDistrict,boys,girls,men,women\n,no.,no.,no.,no.\n"
    body = "".join(f"D{n},{n + 10},{n + 11},{n + 5},{n + 6}\n" for n in range(20))
    report = look(tmp_path, head + body)
    assert {defect.severity for defect in report.defects} <= {"info"}
    assert report.columns[:3] == ("District", "Births boys no.", "Births girls no.") or report.header_row == 2
    assert report.row_count == 20


def test_row_with_addresses_is_no_second_row_of_names() -> None:
    rows = [
        ["List of data", "", "", ""],
        ["Id", "Title", "Changed", "Link"],
        ["wells", "All wells", "31/12/2025", "http://northmere.example/wells.csv"],
        ["roads", "All roads", "2024", "http://northmere.example/roads.csv"],
        ["", "Trees", "2023", "http://northmere.example/trees.csv"],
        ["parks", "Parks", "", "desk@northmere.example"],
    ]
    assert heading(rows) == ((1,), ("Id", "Title", "Changed", "Link"))


def test_a_row_that_holds_an_address_is_data_and_no_header() -> None:
    """Where the columns are words, a first row with a date here and an address there looks like names of columns."""
    rows = [
        ["Register of the town", "", "", ""],
        ["Identifier", "Title", "Updated", "Link"],
        ["w", "Wells", "31/12/2025", "http://larkholm.example/wells.csv"],
        ["w", "", "", "files/wells.xlsx"],
        ["t", "Trees", "2024", "http://larkholm.example/trees.csv"],
    ]
    found = find_header_rows(rows, 1)
    assert found is not None and (found.lines, found.names) == ((1,), ("Identifier", "Title", "Updated", "Link"))


def test_a_table_below_hundreds_of_blank_lines_is_not_called_empty(tmp_path: Path) -> None:
    """Nor is it judged: we have not read what stands there."""
    path = tmp_path / "late.csv"
    path.write_text("\n" * 300 + "id,name\n" + "".join(f"{n},Hall {n}\n" for n in range(50)), "utf-8")
    late = inspect(TableContext(path=path, declared_format="CSV"))
    assert late.status == "unknown" and [one.rule for one in late.defects] == ["not_looked_into"]
    path.write_text(",,\n" * 300, "utf-8")
    blank = inspect(TableContext(path=path, declared_format="CSV"))
    assert [one.rule for one in blank.defects] == ["empty_file"]
