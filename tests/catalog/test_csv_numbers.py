"""Numbers in the cells of CSVs: no figure loses digits that a reader could compare."""

from __future__ import annotations

from typing import Any

import pytest

from catalog.exports.csvfile import cells_of, number_cell
from specs.exports import ExportColumn


@pytest.mark.parametrize(
    ("value", "wanted"),
    [
        (0, "0"),
        (-0.00001, "0"),
        (0.00012, "0.0001"),
        (87.5, "87.5"),
        (100.0, "100"),
        (123.4567, "123.4567"),
        (12_345.67, "12345.67"),
        (999_999.5, "999999.5"),
        (1_234_567.25, "1234567.25"),
        (10.0**15, "1000000000000000"),
        (2**53 + 1, "9007199254740993"),
        (True, "1"),
        ("12.50", "12.5"),
        (None, ""),
    ],
)
def test_a_number_keeps_four_decimals_at_any_size(value: Any, wanted: str) -> None:
    field = ExportColumn(name="figure", type="number", description="A figure.")
    assert cells_of({"figure": value}, [field]) == [wanted]
    if isinstance(value, float):
        assert number_cell(value) == wanted
