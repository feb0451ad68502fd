"""Quick ways of looking at many cells give the same as looking at each of them."""

from __future__ import annotations

import random
import re

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from quality.tables.expect.needed_texts import needed_texts
from quality.tables.judge.code_outliers import _shape, _shapes
from quality.tables.judge.value_outliers import _may_be_zero
from quality.tables.read.layout import is_total, rows_of_totals
from quality.tables.scan.profile import number_of
from specs.expectations import kinds, load

cells = st.one_of(
    st.sampled_from(["Total", " total ", "Total 2019", "Total / 2019", "12", "", " ", "Roads 3", "3 Total", "x"]),
    st.text(alphabet="aZé9٣ -\n|/", max_size=6),
)
numbers = st.one_of(
    st.floats(allow_nan=True).map(str),
    st.text(alphabet="0123456789.,-eE+ _٣x", max_size=9),
    st.sampled_from(["0", "0.00", "-0", "0e5", "1e-400", "0,0", "nan", "inf", "1_000", " 12 ", "0." + "0" * 400 + "1"]),
)


@settings(deadline=None, max_examples=150)
@given(st.lists(st.lists(cells, max_size=4), max_size=8))
def test_rows_of_totals(rows: list[list[str]]) -> None:
    numbered = list(enumerate(rows, start=5))
    assert rows_of_totals(numbered) == [line for line, row in numbered if is_total(row)]


@settings(deadline=None, max_examples=100)
@given(st.lists(cells, min_size=1, max_size=8))
def test_shapes_of_many_codes(codes: list[str]) -> None:
    assert _shapes(codes) == list(map(_shape, codes))
    assert all(("9" in _shape(code)) is (re.search(r"\d", code) is not None) for code in codes)


@settings(deadline=None, max_examples=300)
@given(numbers, st.sampled_from([0, 1]))
def test_numbers(cell: str, way: int) -> None:
    kept = "".join(c for c in cell if c.isdigit() or c in ".,-eE+")
    kept = kept.replace(".", "").replace(",", ".") if way else kept.replace(",", "")
    try:
        value: float | None = float(kept)
    except ValueError:
        value = None
    if value is not None and value in (float("inf"), float("-inf")):
        value = None
    assert number_of(cell, way) == value
    assert value != 0 or _may_be_zero(cell)


@pytest.mark.parametrize(
    "pattern", [one.kwargs["regex"] for kind in ("any", *kinds()) for one in load(kind) if "regex" in one.kwargs]
)
def test_a_match_holds_a_needed_text(pattern: str) -> None:
    needed = needed_texts(pattern)
    chance = random.Random(pattern)
    letters = [*pattern, *"#REF!0123456789E+Ã©Â€ï»¿�Vx.,FYfy "]
    for _ in range(300 if needed else 0):
        text = "".join(chance.choice(letters) for _ in range(chance.randrange(1, 12))) + chance.choice(("", *needed))
        assert not re.search(pattern, text) or any(one in text for one in needed)


@pytest.mark.parametrize(
    ("pattern", "needed"),
    [
        ("^#(REF!|N/A)$", ("#",)),
        ("é|à+b", ("é", "à")),
        ("(?i)total", ()),
        ("(?i:total)|x", ()),
        ("a*b?", ()),
        ("a|b*", ()),
        (r"\d{3}", ()),
        (r"(?<!x)abc(?=d)", ("abc",)),
        ("ab{0,2}c", ("a",)),
        ("(?:ab){2,}", ("ab",)),
        ("[ab]", ()),
    ],
)
def test_needed_texts(pattern: str, needed: tuple[str, ...]) -> None:
    assert needed_texts(pattern) == needed
