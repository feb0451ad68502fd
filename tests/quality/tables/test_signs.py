"""Signs, flags, categories and slips: by how they behave. Names and figures are invented."""

from __future__ import annotations

import csv
from pathlib import Path

import pytest

from catalog.model import TableContext, TableReport
from quality.tables.inspect import inspect
from quality.tables.scan.cell_roles import unit_of

ROWS = 160
PLACES = (6, 41, 77, 118)


def look(tmp_path: Path, cells: list[str], name: str = "Level", others: str = "Site") -> TableReport:
    text = f"{others},{name}\n" + "".join(f"Well {n},{cell}\n" for n, cell in enumerate(cells))
    path = tmp_path / "table.csv"
    path.write_text(text, encoding="utf-8")
    return inspect(TableContext(path=path, declared_format="CSV"))


def figures() -> list[str]:
    return [f"{(n * 37) % 101 + 1}.{n % 10}" for n in range(ROWS)]


def errors(report: TableReport) -> list[tuple[str, tuple[int, ...]]]:
    return [(one.rule, one.rows) for one in report.defects if one.severity != "info"]


SIGNS = [
    "[x]",
    "[low]",
    "(NA)",
    "(D)",
    "W",
    "NM",
    ": c",
    ":u",
    "/",
    "///",
    "…",
    "－",
    "np",
    "nfd",
    "n.v.",
    "k. A.",
    "s/d",
]
SIGNS += ["<LOD", "BDL", "*", "..", "[z]", "(X)", "n.d.", "c", "#", "†", "ND", "{c}", "~", "n/a", "•", "?", "-x"]
FLAGS = ["12.3*", "12.3 r", "<5", "≥90", "12.3 (p)", "12.3†", "△4.5", "~7", "12.3[b]", "12.3e"]


def table(tmp_path: Path, odd: dict[str, tuple[int, ...]]) -> TableReport:
    """Return the report on a table with a column of figures for each odd cell, which replaces figures in these rows."""
    columns = [figures() for _ in odd]
    for column, (cell, places) in zip(columns, odd.items(), strict=True):
        for place in places:
            column[place] = cell
    path = tmp_path / "table.csv"
    with path.open("w", encoding="utf-8", newline="") as file:
        writer = csv.writer(file)
        writer.writerow(["Site", *(f"Level {n}" for n in range(len(odd)))])
        writer.writerows([f"Well {n}", *row] for n, row in enumerate(zip(*columns, strict=True)))
    return inspect(TableContext(path=path, declared_format="CSV"))


@pytest.mark.parametrize("times", [2, 4])
def test_signs_and_flags_are_no_errors(tmp_path: Path, times: int) -> None:
    odd = [*SIGNS, *FLAGS]
    report = table(
        tmp_path, {cell: tuple((place + n) % ROWS for place in PLACES[:times]) for n, cell in enumerate(odd)}
    )
    accused = [odd[int((one.field or "0").split()[-1])] for one in report.defects if one.severity != "info"]
    assert accused == [] and report.status == "valid"


@pytest.mark.parametrize("times", [1, 3, 20])
def test_slips_are_found_with_their_lines(tmp_path: Path, times: int) -> None:
    # A phrase again and again is a value of the column.
    odd = ["4O.1", "12..5", "1.2.3.4", "0.O5", "7/8?", *(["see sheet two", "lost in the post"] if times == 1 else [])]
    report = table(tmp_path, {cell: tuple(7 * k + 3 + n for k in range(times)) for n, cell in enumerate(odd)})
    found = {one.field: (one.count, one.rows) for one in report.defects if one.rule == "type_error"}
    assert found == {f"Level {n}": (times, tuple(7 * k + 5 + n for k in range(times))[:10]) for n in range(len(odd))}


def test_more_dirt_is_never_less_of_a_fault(tmp_path: Path) -> None:
    counts = []
    for times in (0, 1, 8, 12, 40, 60):
        cells = figures()
        for n in range(times):
            cells[2 * n] = f"4O.{n}"
        found = [one.count for one in look(tmp_path, cells).defects if one.rule == "type_error"]
        counts.append(sum(found))
    assert counts == [0, 1, 8, 12, 40, 60]


def test_the_same_word_again_is_a_category(tmp_path: Path) -> None:
    for word in ("At-Large", "K", "90+"):
        cells = [str(n % 9 + 1) for n in range(ROWS)]
        for place in PLACES:
            cells[place] = word
        assert errors(look(tmp_path, cells, "District")) == []


def test_signs_are_named_once_and_advised_upon(tmp_path: Path) -> None:
    cells = figures()
    cells[3] = cells[30] = "[q]"
    note = look(tmp_path, cells).note or ""
    assert "[q] (2)" in note and "data dictionary" in note


@pytest.mark.parametrize(
    "cells",
    [
        [f"{1440 + n % 6}/{n % 12 + 1:02}/30" for n in range(60)],  # Hijri
        [f"{1399 + n % 4}-{n % 6 + 1:02}-31" for n in range(60)],  # Solar Hijri
        [f"{n % 28 + 1:02}/02/{2560 + n % 8}" for n in range(59)] + ["29/02/2567"],  # Buddhist
        [f"2079-{n % 12 + 1:02}-{n % 28 + 1:02}" for n in range(58)] + ["2079-02-32", "2079-04-31"],  # Nepali
        [f"{2000 + n // 4} Q{n % 4 + 1}" for n in range(60)],
        [f"{n % 52 + 1}. KW" for n in range(60)],
        [f"{n}{'st' if n % 10 == 1 else 'nd' if n % 10 == 2 else 'th'}" for n in range(20, 80)],
        [f"{n % 12 + 1} {'AM' if n % 2 else 'PM'}" for n in range(60)],
        [f"{2000 + n}/{(n + 1) % 100:02}" for n in range(60)],
        [f"2024-W{n % 52 + 1:02}" for n in range(60)],
    ],
)
def test_other_calendars_and_periods_are_right_as_they_are(tmp_path: Path, cells: list[str]) -> None:
    assert errors(look(tmp_path, cells, "When")) == []


@pytest.mark.parametrize("bad", ["31/02/2024", "30/02/2023", "31/04/2024", "00/01/2024"])
def test_days_of_no_calendar_are_found(tmp_path: Path, bad: str) -> None:
    cells = [f"{n % 28 + 1:02}/{n % 12 + 1:02}/2024" for n in range(60)]
    cells[9] = bad
    assert errors(look(tmp_path, cells, "When")) == [("impossible_date", (11,))]


def test_units() -> None:
    assert [unit_of(cell) for cell in ("12 km", "3.5 mg/l", "120m", "5 years")] == ["km", "mg/l", "m", "years"]
    assert [unit_of(cell) for cell in ("1st", "12. KW", "12 b", "North", "12")] == [None] * 5
