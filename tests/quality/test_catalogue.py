"""A harvest that brought nonsense fails at a gate; a poor catalogue, and a small one, do not."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import asdict
from datetime import date
from pathlib import Path
from typing import Any

import pytest

from quality.catalogue import ExpectationResult, failed_gates, judge, row
from quality.tables.judge.rules import fix_of, severity_of
from specs import expectations
from specs.expectations import ExpectationsError, load

TODAY = date(2025, 6, 1)


def dataset(number: int, **more: Any) -> dict[str, Any]:
    fields: dict[str, Any] = {
        "title": f"Trees {number}",
        "description": f"All trees of district {number}",
        "licence": "CC0-1.0",
        "identifier": f"id-{number}",
        "modified": "2025-01-31",
        "distributions": 2,
        "urls": 2,
    }
    return row(**{**fields, **more}, today=TODAY)


def portal(change: Callable[[int], dict[str, Any]] = lambda _: {}, count: int = 100) -> tuple[ExpectationResult, ...]:
    return judge([dataset(number, **change(number)) for number in range(count)])


def failed(results: tuple[ExpectationResult, ...]) -> set[str]:
    return {one.rule for one in results if one.passed is False}


def test_a_good_catalogue() -> None:
    results = portal()
    assert [one.rule for one in results] == [one.rule for one in load("catalogue")]
    assert all(one.passed and one.observed is not None and one.observed >= one.wanted for one in results)
    assert not failed_gates(results)


@pytest.mark.parametrize(
    ("change", "rules", "is_gate"),
    [
        (lambda n: {"title": None if n % 3 else "x"}, {"catalogue_titles_missing", "catalogue_titles_same"}, True),
        (lambda n: {"title": "Open data" if n % 10 else f"t{n}"}, {"catalogue_titles_same"}, True),
        (lambda n: {"title": f"{{'en': 'Trees {n}'}}"}, {"catalogue_titles_are_code"}, True),
        (lambda n: {"title": f"<b>{n}"}, {"catalogue_titles_are_code"}, True),
        (lambda n: {"identifier": f"id-{n % 7}"}, {"catalogue_identifiers_doubled"}, True),
        (lambda n: {"urls": int(n == 1)}, {"catalogue_no_addresses"}, False),
        (lambda n: {"modified": "2026-01-01"}, {"catalogue_dates_ahead"}, True),
        (lambda n: {"description": f"Trees  {n}"}, {"catalogue_descriptions_are_titles"}, True),
        (lambda n: {"description": "No description"}, {"catalogue_descriptions_same"}, False),
        (lambda n: {"description": None if n % 9 else f"d{n}"}, {"catalogue_descriptions_missing"}, False),
        (lambda n: {"licence": " " if n % 9 else "x"}, {"catalogue_licences_missing"}, False),
        (lambda n: {"distributions": int(n < 5)}, {"catalogue_files_missing"}, False),
        (lambda n: {"title": f"id-{n}"}, {"catalogue_titles_are_identifiers"}, False),
        (lambda n: {"title": f"GemÃ¼se {n}"}, {"catalogue_titles_garbled"}, False),
    ],
)
def test_what_is_said_of_a_bad_one(change: Callable[[int], dict[str, Any]], rules: set[str], is_gate: bool) -> None:
    results = portal(change)
    assert failed(results) == rules
    assert bool(failed_gates(results)) == is_gate
    for one in results:
        if one.passed is False:
            assert one.observed is not None and one.observed < one.wanted
            assert fix_of(one.rule) == one.fix and severity_of(one.rule) == ("error" if one.gate else "warning")


@pytest.mark.parametrize(
    "change",
    [
        lambda n: {"title": "Budget" if n % 2 else f"t{n}"},  # half of them the same
        lambda n: {"title": None if n % 3 == 0 else f"t{n}"},
        lambda n: {"identifier": None},
        lambda n: {"identifier": f"id-{n // 2}" if n < 40 else f"id-{n}"},
        lambda n: {"modified": ("2026-01-01" if n % 3 == 0 else "2024-01-01")},
        lambda n: {"modified": "2025"},  # the year is not over
        lambda n: {"modified": "2025-06"},
        lambda n: {"modified": "whenever"},
        lambda n: {"modified": None},
        lambda n: {"description": f"Trees {n}" if n % 2 else "more"},
        lambda n: {"urls": int(n % 10 == 0)},
        lambda n: {"title": f"[old] trees {n}"},
    ],
)
def test_what_is_odd_and_no_nonsense(change: Callable[[int], dict[str, Any]]) -> None:
    assert not failed_gates(portal(change))


def test_small_portals_and_empty_ones_are_asked_nothing() -> None:
    for count in (0, 1, 19):
        results = portal(lambda _: {"title": None, "urls": 0, "modified": "2099-01-01"}, count)
        assert {one.passed for one in results} == {None}
        assert {(one.observed, one.asked) for one in results} == {(None, 0)}
    assert "catalogue_titles_missing" in failed(portal(lambda _: {"title": None}, 20))


def test_nothing_to_look_at_is_no_pass() -> None:
    results = {one.rule: one for one in portal(lambda _: {"modified": None, "identifier": "", "title": None})}
    for rule in ("dates_ahead", "identifiers_doubled", "titles_same", "titles_garbled", "descriptions_are_titles"):
        assert results[f"catalogue_{rule}"].passed is None
    assert results["catalogue_titles_missing"].observed == 0.0


def test_observed_shares() -> None:
    results = {one.rule: one for one in portal(lambda n: {"urls": int(n % 4 == 0), "licence": "x" if n % 2 else None})}
    assert results["catalogue_no_addresses"].observed == 0.25
    assert (results["catalogue_licences_missing"].observed, results["catalogue_licences_missing"].wanted) == (0.5, 0.2)


def test_rows_and_results_travel_as_json() -> None:
    rows = json.loads(json.dumps([dataset(number, title="x" * 10_000 + str(number)) for number in range(30)]))
    assert max(len(one["title"]) for one in rows) == 300
    results = judge(rows)
    assert (
        tuple(ExpectationResult(**one) for one in json.loads(json.dumps([asdict(one) for one in results]))) == results
    )


def test_unknown_columns_are_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "catalogue.toml").write_text(
        '[[expectation]]\nrule = "r"\ntype = "expect_column_values_to_be_unique"\nseverity = "error"\n'
        'message = "It is not met."\nfix = "Fix it, please."\nkwargs = { column = "titel" }\n'
    )
    monkeypatch.setattr(expectations, "files", lambda _: tmp_path)
    expectations.suite.cache_clear()
    load.cache_clear()
    try:
        with pytest.raises(ExpectationsError, match=r"catalogue.toml, rule r: there is no column 'titel'; take one of"):
            judge([])
    finally:
        monkeypatch.undo()
        expectations.suite.cache_clear()
        load.cache_clear()
