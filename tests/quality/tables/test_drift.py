"""Drift is said where it is plain, and never of files that replace what they hold, or grow."""

from __future__ import annotations

from typing import Any

import pytest

from quality.tables.judge.drift import drift
from quality.tables.judge.rules import fix_of, severity_of


def column(name: str, kind: str = "text", rows: int = 100, nulls: int = 0, **more: Any) -> dict[str, Any]:
    return {
        "name": name,
        "kind": kind,
        "filled": rows - nulls,
        "nulls": nulls,
        "blanks": 0,
        "distinct": 60,
        "minimum": None,
        "maximum": None,
        "hash": f"{name}/{rows}",
        **more,
    }


def profile(*columns: dict[str, Any], rows: int = 100, is_sample: bool = False) -> dict[str, Any]:
    return {"row_count": rows, "is_sample": is_sample, "columns": list(columns)}


def days(name: str, first: str, last: str, **more: Any) -> dict[str, Any]:
    return column(name, "date", **{"minimum": first, "maximum": last, **more})


def said(previous: dict[str, Any], present: dict[str, Any]) -> list[tuple[str, str | None]]:
    found = drift(previous, present)
    for defect in found:
        assert severity_of(defect.rule) == "warning" and fix_of(defect.rule)
        assert defect.source == "sniff"
    return [(defect.rule, defect.field) for defect in found]


def test_same_file_and_empty_profiles() -> None:
    one = profile(column("id"), column("name"))
    assert said(one, one) == []
    assert said({}, one) == said(one, {}) == said({"columns": []}, {"columns": []}) == []


def test_columns_lost() -> None:
    before = profile(column("id"), column("name"), column("area"), column("note"))
    assert said(before, profile(column("id"), column("name"), column("area"))) == [("drift_columns_lost", "note")]
    (defect,) = drift(before, profile(column("id"), column("name")))
    assert defect.count == 2 and "area, note" in defect.message


def test_columns_gained_and_moved_are_no_drift() -> None:
    assert said(profile(column("id"), column("a")), profile(column("new"), column("a"), column("id"))) == []


def test_another_table_altogether() -> None:
    assert said(profile(column("id"), column("a")), profile(column("x"), column("y"))) == []


def test_the_oldest_year_of_a_wide_table_gives_way_to_the_newest() -> None:
    def wide(*years: int) -> dict[str, Any]:
        return profile(column("area"), *[column(f"{y}", "integer", minimum=1, maximum=90, distinct=50) for y in years])

    assert said(wide(2018, 2019, 2020), wide(2019, 2020, 2021)) == []
    assert said(wide(2018, 2019, 2020), wide(2018, 2019)) == [("drift_columns_lost", "2020")]
    months = [profile(column("Library"), column(f"{month}-24", "integer")) for month in ("Jan", "Feb")]
    assert said(*months) == []


@pytest.mark.parametrize(
    ("old", "new"),
    [
        (column("Post-Code"), column("post_code")),
        (column("amount", "number", hash="same"), column("total", "number", hash="same")),
        (
            column("amount", "number", minimum=1, maximum=100, distinct=50, hash="x"),
            column("total", "number", minimum=1, maximum=104, distinct=52, hash="y"),
        ),
        (column("ward", minimum="A", maximum="Z", hash="x"), column("district", minimum="A", maximum="Z", hash="y")),
    ],
)
def test_renamed(old: dict[str, Any], new: dict[str, Any]) -> None:
    found = said(profile(column("id"), old), profile(column("id"), new))
    assert found == [("drift_columns_renamed", new["name"])]


def test_lost_and_new_columns_that_differ_are_no_pair() -> None:
    old = column("amount", "number", minimum=1, maximum=100, distinct=50)
    for new in (
        column("year", "number", minimum=1990, maximum=2020, distinct=30),
        column("amount_text", "text", minimum="a", maximum="z", distinct=50),
    ):
        assert said(profile(column("id"), old), profile(column("id"), new)) == [("drift_columns_lost", "amount")]
    # Two columns of one value have the same content by chance.
    flags = column("a", hash="same", distinct=1), column("b", hash="same", distinct=1, kind="code")
    assert said(profile(column("id"), flags[0]), profile(column("id"), flags[1])) == [("drift_columns_lost", "a")]


def test_rows_lost() -> None:
    def rows(count: int, **more: Any) -> dict[str, Any]:
        return profile(column("id", rows=count), rows=count, **more)

    assert said(rows(1000), rows(700)) == [("drift_rows_lost", None)]
    (defect,) = drift(rows(1000), rows(700))
    assert defect.count == 300
    for before, after in ((1000, 850), (20, 12), (1000, 5000), (1000, 1000)):
        assert said(rows(before), rows(after)) == []
    assert said(rows(1000), rows(100, is_sample=True)) == said(rows(1000, is_sample=True), rows(100)) == []


def test_rows_of_another_period_are_not_lost() -> None:
    def file(first: str, last: str, rows: int) -> dict[str, Any]:
        return profile(column("id", rows=rows), days("date", first, last, rows=rows), rows=rows)

    january = file("2024-01-01", "2024-01-31", 900)
    assert said(january, file("2024-02-01", "2024-02-29", 300)) == []  # the next month
    assert said(january, file("2024-01-15", "2024-02-14", 300)) == []  # a window that moved on
    assert said(january, file("2024-01-01", "2024-01-20", 500)) == [("drift_rows_lost", None)]  # the end is missing
    assert said(january, file("2024-01-20", "2024-01-31", 500)) == [("drift_rows_lost", None)]  # the beginning is
    years = [
        profile(column("year", "integer", minimum=low, maximum=high), rows=rows)
        for low, high, rows in ((2010, 2020, 900), (2021.0, 2022.0, 200))
    ]
    assert said(*years) == []


@pytest.mark.parametrize(
    ("was", "now", "is_said"),
    [
        ("number", "text", True),
        ("integer", "text", True),
        ("date", "text", True),
        ("date", "integer", True),
        ("integer", "date", True),
        ("datetime", "text", True),
        ("datetime", "date", False),
        ("date", "datetime", False),
        ("time", "text", False),
        ("integer", "number", False),
        ("number", "integer", False),
        ("integer", "code", False),
        ("text", "number", False),
        ("code", "text", False),
        ("number", "empty", False),
        ("empty", "text", False),
    ],
)
def test_type_change(was: str, now: str, is_said: bool) -> None:
    found = said(profile(column("a", was)), profile(column("a", now)))
    assert found == ([("drift_type_changed", "a")] if is_said else [])


def test_type_of_few_cells_says_nothing() -> None:
    assert said(profile(column("a", "number", rows=8), rows=8), profile(column("a", rows=8), rows=8)) == []


@pytest.mark.parametrize(
    ("before", "after", "is_said"), [(5, 60, True), (5, 20, False), (60, 5, False), (0, 100, True)]
)
def test_nulls_up(before: int, after: int, is_said: bool) -> None:
    found = said(profile(column("a", nulls=before)), profile(column("a", nulls=after)))
    assert found == ([("drift_nulls_up", "a")] if is_said else [])


def test_nulls_however_they_are_counted() -> None:
    before = profile(column("a"))
    for counts in (
        {"filled": 60, "nulls": 30, "blanks": 10},  # each cell once
        {"filled": 60, "nulls": 40, "blanks": 10},  # blanks are nulls too
        {"filled": 90, "nulls": 30, "blanks": 10},  # signs for none count as filled
    ):
        (defect,) = drift(before, profile({**column("a"), **counts}))
        assert (defect.rule, defect.count) == ("drift_nulls_up", 40)
    few = [profile(column("a", rows=9, nulls=nulls), rows=9) for nulls in (0, 9)]
    assert said(*few) == []


def test_date_stopped() -> None:
    before = profile(days("date", "2024-01-01", "2024-03-31", distinct=90), rows=900)

    def later(last: str, rows: int, distinct: int = 90, *more: dict[str, Any]) -> dict[str, Any]:
        return profile(days("date", "2024-01-01", last, distinct=distinct), *more, rows=rows)

    assert said(before, later("2024-03-31", 1000)) == [("drift_date_stopped", "date")]
    assert said(before, later("2024-04-10", 1000, 100)) == []  # it moved on
    assert said(before, later("2024-03-31", 920)) == []  # rows of the last days came late
    assert said(before, later("2024-03-31", 1000, 95)) == []  # gaps were filled
    assert said(before, later("2024-03-31", 900)) == []  # nothing came
    assert said(before, later("2024-03-31", 700, 60)) == [("drift_rows_lost", None)]


def test_dates_that_are_over_in_a_file_that_lives() -> None:
    def file(last: str, rows: int) -> dict[str, Any]:
        built = days("built", "1990-01-01", "1995-12-31", distinct=400)
        return profile(days("inspected", "2024-01-01", last, distinct=90), built, rows=rows)

    assert said(file("2024-03-31", 900), file("2024-04-30", 1000)) == []
    rare = [profile(days("founded", "1800-01-01", "2020-01-01", distinct=25), rows=rows) for rows in (30, 90)]
    assert said(*rare) == []


def test_no_cell_is_quoted() -> None:
    before = profile(column("id"), days("date", "2024-01-01", "2024-03-31", distinct=90), column("x", "number"))
    after = profile(column("id", nulls=90), days("date", "2024-01-01", "2024-03-31", distinct=90), column("x"))
    assert all("2024" not in defect.message for defect in drift(before, after))
