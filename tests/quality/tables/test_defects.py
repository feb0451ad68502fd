"""Tables that are spoiled in one way: the defect is told, and no other."""

from __future__ import annotations

import random
from pathlib import Path

import pytest

from catalog.model import TableContext
from quality.tables.inspect import inspect
from quality.tables.read.delimited_text import open_text
from specs.table_rules import table_rules
from tests.quality.tables.dirt import SPOILERS, clean_tables, workbook_of

BY_EXPECTATION = {"empty_column", "generated_column_name", "rounded_long_number"}
FOLLOWS = {
    "no_header": {"blank_column_name", "duplicate_column"},
    "unclosed_quote": {"missing_cell", "extra_cell", "type_error", "padded_cell"},
    "several_tables": {"blank_row", "type_error"},
}
"""What a defect brings along by itself."""


def rules_of(path: Path, data: bytes, declared: str = "CSV") -> dict[str, tuple[int, ...]]:
    path.write_bytes(data)
    report = inspect(TableContext(path=path, declared_format=declared))
    return {defect.rule: defect.rows for defect in report.defects}


@pytest.mark.parametrize("rule", SPOILERS)
def test_a_defect_is_told_and_no_other(rule: str, tmp_path: Path) -> None:
    assert rule in table_rules() or rule in BY_EXPECTATION
    for number, sheet in enumerate(clean_tables(3)):
        spoiled = SPOILERS[rule](sheet, random.Random(number))
        found = set(rules_of(tmp_path / "table.csv", spoiled.to_bytes()))
        assert rule in found, number
        assert found - {rule} <= FOLLOWS.get(rule, set()), number


def test_clean_tables_are_clean(tmp_path: Path) -> None:
    for number, sheet in enumerate(clean_tables(20)):
        assert rules_of(tmp_path / "table.csv", sheet.to_bytes()) == {}, number
        opened = open_text(tmp_path / "table.csv")
        assert opened is not None and opened.dialect.delimiter == sheet.delimiter, number
        data = (tmp_path / "table.csv").read_bytes()
        assert data.decode(opened.encoding.codec) == data.decode(sheet.encoding), number


def test_spreadsheets(tmp_path: Path) -> None:
    path = tmp_path / "book.xlsx"
    sheet = next(clean_tables(1))
    dates = {"number_as_text"} if not sheet.rows[0][4].isdigit() else set()
    # The dates of this table are text in the workbook: that is said of their column, and of no other.
    assert set(rules_of(path, workbook_of(sheet), "XLSX")) <= dates
    half = len(sheet.rows) * 2 // 3
    report = rules_of(path, workbook_of(sheet, as_text=half, hidden=True, merged="B5:C6"), "XLSX")
    assert {"number_as_text", "hidden_sheet", "merged_cells"} <= set(report)


def test_notes_and_totals_stand_where_they_are_said_to(tmp_path: Path) -> None:
    rows = "".join(f"{n},town {n},{n * 3}\n" for n in range(5000))
    text = "id,town,sum\n" + rows + "Total,,37492500\n\nSource: the city\nNote: provisional\n"
    found = rules_of(tmp_path / "table.csv", text.encode())
    assert found == {"totals_row": (5002,), "footer": (5004,)}
    assert rules_of(tmp_path / "table.csv", text.encode("utf-16")) == found
