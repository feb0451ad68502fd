"""Totals told by adding up, rows that come again by right, and tables below one another. All of it is invented."""

from __future__ import annotations

from pathlib import Path

from catalog.model import TableContext, TableDefect
from quality.tables.inspect import inspect
from quality.tables.judge.totals import sub_totals

TOWNS = ["Alnwick", "Brecon", "Corby", "Deal", "Ely", "Frome"]


def found(tmp_path: Path, text: str) -> list[TableDefect]:
    path = tmp_path / "table.csv"
    path.write_text(text, "utf-8")
    return list(inspect(TableContext(path=path, declared_format="CSV")).defects)


def lines(defects: list[TableDefect], rule: str) -> list[tuple[int, ...]]:
    return [one.rows for one in defects if one.rule == rule]


def parts(factor: int) -> list[tuple[int, int]]:
    return [(1371 * n + 17 * factor, 2113 * n + 29 * factor) for n in range(1, 6)]


def added(rows: list[tuple[int, int]]) -> tuple[int, int]:
    return sum(a for a, _ in rows), sum(b for _, b in rows)


def test_sub_totals_and_the_total_of_them_whatever_they_are_called() -> None:
    north, south = parts(1), parts(7)
    figures = [*north, added(north), *south, added(south), added([*north, *south])]
    rows = [(n, [f"place {n}", str(a), str(b)]) for n, (a, b) in enumerate(figures, start=2)]
    assert sub_totals(rows, {1: "", 2: ""}) == [7, 13, 14]
    # One figure that is not the sum, and it is a row like any other.
    rows[5][1][2] = "99999"
    assert 7 not in sub_totals(rows, {1: "", 2: ""})


def test_small_numbers_add_up_by_chance() -> None:
    rows = [(n, [f"ward {n}", str(n % 3), str(n % 4), str(n % 2)]) for n in range(2, 300)]
    assert sub_totals(rows, {1: "", 2: "", 3: ""}) == []
    # One column and no word: a coincidence is likely enough.
    single = [(n, [f"item {n}", str(value)]) for n, value in enumerate([120, 345, 465, 700, 1165], start=2)]
    assert sub_totals(single, {1: ""}) == []
    named = [
        (n, ["sub-total" if value == 465 else "item", str(value)])
        for n, (_, (_, v)) in enumerate(single, start=2)
        for value in [int(v)]
    ]
    assert sub_totals(named, {1: ""}) == [4]


def test_a_part_of_a_row_is_not_added_up_again(tmp_path: Path) -> None:
    rows = [("Grants", 1482, 1931), ("of which: schools", 494, 474), ("Loans", 1235, 1230), ("Fees", 786, 788)]
    total = ("Income", 1482 + 1235 + 786, 1931 + 1230 + 788)
    text = "Kind,2021 sum,2022 sum\n" + "\n".join(",".join(map(str, row)) for row in [*rows, total]) + "\n"
    assert lines(found(tmp_path, text), "totals_row") == [(6,)]


def test_rows_under_another_heading_are_not_the_same(tmp_path: Path) -> None:
    block = "Women,12,30,2\nMen,15,31,4\nTogether,8,16,9\n"
    parted = "Kind,Births,Deaths,Moves\n" + "".join(f"{town},,,\n{block}" for town in TOWNS)
    assert not lines(found(tmp_path, parted), "duplicate_row")
    plain = (
        "Kind,Births,Deaths,Moves\n"
        + block
        + "".join(f"{town},{n},{n * 7},{n * 3}\n" for n, town in enumerate(TOWNS))
        + block
    )
    assert lines(found(tmp_path, plain), "duplicate_row") == [(11, 12, 13)]


def test_a_table_with_the_same_names_below_a_title(tmp_path: Path) -> None:
    head = "Date,Place,Journey,,Sum\n,,Rail,Bus,\n"
    rows = "".join(
        f"{n + 1:02}.04.2021,{town},{n * 7 + 1}.50,{n + 2}.10,{n * 8 + 3}.60\n" for n, town in enumerate(TOWNS)
    )
    text = f"Journeys of A. Holm,,,,\n,,,,\n{head}{rows}\nJourneys of B. Lund,,,,\n,,,,\n{head}{rows}"
    defects = found(tmp_path, text)
    assert lines(defects, "several_tables") == [(12, 14)]
    assert not [one for one in defects if one.severity == "error"]


def test_a_header_that_a_blank_row_parts(tmp_path: Path) -> None:
    rows = "".join(
        f"{n + 1:02}.04.2021,{town},{n * 7 + 1}.50,{n + 2}.10,{n * 8 + 3}.60\n" for n, town in enumerate(TOWNS)
    )
    path = tmp_path / "table.csv"
    path.write_text(f"Date,Place,Journey,,Sum\n,,,,\n,,Rail,Bus,\n{rows}", "utf-8")
    report = inspect(TableContext(path=path, declared_format="CSV"))
    assert report.columns == ("Date", "Place", "Journey Rail", "Journey Bus", "Sum") and report.header_row == 3
    assert "blank_column_name" not in {one.rule for one in report.defects}


def test_the_day_below_a_table_is_a_note(tmp_path: Path) -> None:
    rows = "".join(f"{town},{n},{n * 7},{n * 3}\n" for n, town in enumerate(TOWNS * 3))
    text = f"Town,Births,Deaths,Moves\n{rows},,,\nOffice of statistics of the county of Holm,,,\n2021-04-18,,,\n"
    assert lines(found(tmp_path, text), "footer") == [(21,)]
    by_day = "Day,Births,Deaths,Moves\n" + "".join(f"2021-04-{n:02},{n},{n * 7},{n * 3}\n" for n in range(1, 20))
    assert not lines(found(tmp_path, by_day + "2021-04-20,,,\n"), "footer")
