"""More dirt never scores better: with each added defect of one kind, more is said, and the table stays as bad."""

from __future__ import annotations

import random
from collections.abc import Callable
from pathlib import Path

import pytest

from catalog.model import TableContext
from quality.tables.inspect import inspect

ROWS = 60
Row = list[str]


def clean() -> list[Row]:
    return [
        [
            f"Place {i}",
            str(i * 37 % 991 + 3),
            f"{i * 53 % 877 / 7:.2f}",
            f"2023-{i % 12 + 1:02}-{i % 28 + 1:02}",
            f"K{1000 + i * 7}",
        ]
        for i in range(ROWS)
    ]


def words(place: int) -> Callable[[Row, int], Row]:
    heads, tails = ("lor", "mip", "zan", "tok", "wer", "nul", "qua", "bri"), ("emo", "sita", "dolu", "nare", "gip")
    return lambda row, i: put(row, place, f"{heads[i % 8]}{tails[i % 5]} {heads[i // 8]}{tails[i * 3 % 5]}")


def put(row: Row, place: int, cell: str) -> Row:
    return [*row[:place], cell, *row[place + 1 :]]


KINDS: dict[str, Callable[[Row, int], Row]] = {
    "words among numbers": words(1),
    "words among days": words(3),
    "numbers with a unit": lambda row, i: put(row, 1, f"{row[1]} kg"),
    "days in no calendar": lambda row, i: put(row, 3, "2023-02-31"),
    "days written in another way": lambda row, i: put(row, 3, f"{i % 12 + 1:02}/{13 + i % 15}/2023"),
    "letters of another encoding": lambda row, i: put(row, 0, f"Ã©cole {i}"),
    "lost letters": lambda row, i: put(row, 0, f"Stra\ufffde {i}"),
    "errors of formulas": lambda row, i: put(row, 1, "#REF!"),
    "blanks around values": lambda row, i: put(row, 0, f"{row[0]}  "),
    "the same row": lambda row, i: clean()[0],
    "blank rows": lambda row, i: [""] * 5,
    "rows too short": lambda row, i: row[:3],
    "rows too long": lambda row, i: [*row, "x"],
    "signs of no value": lambda row, i: put(row, 1, "[x]"),
}


def measured(tmp_path: Path, rows: list[Row]) -> tuple[bool, int]:
    path = tmp_path / "table.csv"
    path.write_text("name,count,rate,day,code\n" + "".join(",".join(row) + "\n" for row in rows), "utf-8")
    report = inspect(TableContext(path=path, declared_format="CSV"))
    return report.status == "invalid", sum(one.count for one in report.defects)


@pytest.mark.parametrize("kind", KINDS)
def test_more_defects_of_a_kind_are_never_less_said(tmp_path: Path, kind: str) -> None:
    order = random.Random(11).sample(range(1, ROWS), ROWS // 2)
    was_bad, was_said = measured(tmp_path, clean())
    assert (was_bad, was_said) == (False, 0)
    for many in (1, 4, 8, 15, 29):
        rows = clean()
        for i in order[:many]:
            rows[i] = KINDS[kind](rows[i], i)
        is_bad, said = measured(tmp_path, rows)
        assert is_bad >= was_bad and said >= was_said, f"{many} of {kind}"
        was_bad, was_said = is_bad, said


def test_beyond_half_the_column_is_text(tmp_path: Path) -> None:
    rows = [words(1)(row, i) if i < 45 else row for i, row in enumerate(clean())]
    assert measured(tmp_path, rows) == (False, 0)
