"""Expectations are data, and Great Expectations is not believed when it passes without looking."""

from __future__ import annotations

from pathlib import Path

import pytest

from quality.tables.expect.check import check_expectations
from quality.tables.read.text_table import TextTable, column_kinds
from specs import expectations
from specs.expectations import Expectation, ExpectationsError, load


def expectation(**fields: object) -> Expectation:
    return Expectation.model_validate(
        {"rule": "rule", "target": "rows", "severity": "error", "message": "x" * 10, "fix": "x" * 10, **fields}
    )


def table(header: list[str], *rows: list[str]) -> TextTable:
    return TextTable(header, 1, list(rows), list(range(2, len(rows) + 2)))


def test_missing_column_is_a_defect() -> None:
    data = table(["id"], *[[str(n)] for n in range(6)])
    asked = expectation(type="expect_column_values_to_be_unique", kwargs={"column": "budget"})
    verdict = check_expectations(data, column_kinds(data), 6, [asked])
    assert (verdict.passed, verdict.total) == (0, 1)
    assert [(d.rule, d.field) for d in verdict.defects] == [("rule", "budget")]


def test_expectation_that_cannot_run_is_no_pass() -> None:
    data = table(["id"], *[[str(n)] for n in range(6)])
    asked = expectation(type="expect_column_values_to_match_regex", each="any", kwargs={"regex": "(unclosed"})
    verdict = check_expectations(data, column_kinds(data), 6, [asked])
    assert verdict.passed == 0
    assert [d.rule for d in verdict.defects] == ["expectation_not_checked"]


def test_repeated_for_each_column_of_a_kind() -> None:
    rows = [[str(n), f"name {n}", f"{n}.5", "bad" if n == 4 else "good"] for n in range(8)]
    data = table(["id", "name", "sum", "state"], *rows)
    asked = expectation(type="expect_column_values_to_not_match_regex", each="text", kwargs={"regex": "^bad|name 5"})
    verdict = check_expectations(data, column_kinds(data), 8, [asked])
    assert [(d.field, d.count, d.first_row) for d in verdict.defects] == [("name", 1, 7), ("state", 1, 6)]


def test_same_verdict_column_by_column() -> None:
    """With ``mostly`` the short cut over all columns is not taken."""
    data = table(["a", "b"], *[["bad" if n == 0 else "x", "y"] for n in range(20)])
    for mostly, count in ((0.9, 0), (1.0, 1)):
        asked = expectation(
            type="expect_column_values_to_not_match_regex", each="any", kwargs={"regex": "bad", "mostly": mostly}
        )
        assert len(check_expectations(data, column_kinds(data), 20, [asked]).defects) == count


def test_duplicate_rows() -> None:
    few = [[str(n), "x", "y"] for n in range(38)]
    data = table(["a", "b", "c"], *few, *few[:1])
    (asked,) = [one for one in load("any") if one.rule == "duplicate_row"]
    assert check_expectations(data, column_kinds(data), 39, [asked]).passed == 0  # 2 of 39 rows: over 5 %
    data = table(["a", "b", "c"], *few, *[[str(n), "z", "y"] for n in range(10)], *few[:1])
    assert check_expectations(data, column_kinds(data), 49, [asked]).passed == 1


@pytest.mark.parametrize(
    ("text", "remedy"),
    [
        ("[[expectation]]\nrule = 'X'\n", "key expectation.0.rule"),
        ("[[expectations]]\n", "key expectation"),
        ("[[expectation]\n", "is not TOML"),
    ],
)
def test_bad_files_are_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, text: str, remedy: str) -> None:
    (tmp_path / "spoiled.toml").write_text(text)
    monkeypatch.setattr(expectations, "files", lambda _: tmp_path)
    with pytest.raises(ExpectationsError, match=remedy):
        load("spoiled")
    load.cache_clear()


@pytest.mark.parametrize("kind", ["nowhere", "../any"])
def test_unknown_kind(kind: str) -> None:
    with pytest.raises(ExpectationsError):
        load(kind)
