"""Compiled expectations give the verdicts, counts and reports of Great Expectations, and it has the last word."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import asdict, replace
from datetime import date, datetime, timedelta
from hashlib import sha256
from pathlib import Path
from typing import Any

import pandas as pd
import pytest
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st

from catalog.model import TableContext
from quality.catalogue import judge_file
from quality.tables.expect import compiled, verdicts
from quality.tables.expect.asking import ABOUT_NULLS, Ask
from quality.tables.expect.check import check_expectations
from quality.tables.expect.engine import great_expectations
from quality.tables.expect.sampling import is_sampled
from quality.tables.inspect import inspect
from quality.tables.read.text_table import column_kinds
from specs.expectations import COLUMN_KEYS, Expectation, kinds, load
from tests.quality.tables.suite_tables import CLEAN, SPOILED, asked, expectation, judged, table

SHARED = Path(__file__).parents[3].parent / "shared"
FILES = sorted(
    path
    for folder in ("tables-labelled/files", "tables-statistics/files")
    for path in (SHARED / folder).glob("*")
    if path.stat().st_size < 60_000
)[::4]
"""Every fourth of the real files that are small."""
TODAY = date(2025, 6, 1)
DAY = datetime(2025, 5, 30)  # noqa: DTZ001 -- a day of a table has no zone
FORM = {"result_format": "COMPLETE", "partial_unexpected_count": 20}
_ANY = settings(
    deadline=None, max_examples=15, suppress_health_check=list(HealthCheck), phases=[Phase.explicit, Phase.generate]
)
PATTERNS = [
    one.kwargs["regex"] for kind in ("any", "catalogue", *kinds()) for one in load(kind) if "regex" in one.kwargs
]

numbers = st.one_of(st.integers(-3, 3), st.floats(-2, 2, width=16), st.sampled_from([0.0, -0.0, 1e300, 9999, 0.1]))
words = st.sampled_from(["a", "ab", "B", "nan", "None", "1", "é Ã©", "x\ny", "#REF!", "1.5E+12", "5-Mar", "\ufffd"])
days = st.integers(0, 5).map(lambda number: DAY + timedelta(days=number))
VALUES = {"n": numbers, "w": words, "d": days}
shares = st.sampled_from([{}, *({"mostly": share} for share in (0, 0.05, 0.5, 0.6, 0.75, 0.95, 1, 1.0))])


@st.composite
def ranges(draw: st.DrawFn, bounds: st.SearchStrategy[Any]) -> dict[str, Any]:
    keys = draw(st.sampled_from([("min_value",), ("max_value",), ("min_value", "max_value")]))
    flags = {key: draw(st.booleans()) for key in ("strict_min", "strict_max") if draw(st.booleans())}
    return {key: draw(bounds) for key in keys} | flags


@st.composite
def questions(draw: st.DrawFn) -> Ask:
    """Draw a question of a type that is compiled, about the columns n1, n2 (numbers), w1, w2 (words), d1, d2 (days)."""
    kind = draw(st.sampled_from(sorted(compiled._MAKERS)))
    sort = draw(st.sampled_from("nwd"))
    named: dict[str, Any] = {"column": f"{sort}1"}
    match kind.removeprefix("expect_"):
        case "column_values_to_be_between":
            own = draw(ranges(VALUES[sort])) | draw(shares)
        case "column_max_to_be_between":
            own = draw(ranges(numbers))
        case "column_unique_value_count_to_be_between":
            own = draw(ranges(st.integers(0, 4)))
        case "column_values_to_match_regex" | "column_values_to_not_match_regex":
            own = {"regex": draw(st.sampled_from(["^a", "B|x$", "(a)b", r"^\d", *PATTERNS]))} | draw(shares)
        case "column_values_to_be_in_set" | "column_values_to_not_be_in_set":
            own = {"value_set": draw(st.lists(VALUES[sort], min_size=1, max_size=3))} | draw(shares)
        case "column_pair_values_a_to_be_greater_than_b":
            named = {"column_A": f"{sort}1", "column_B": f"{sort}2"}
            own = draw(shares) | draw(st.sampled_from([{}, {"or_equal": True}, {"or_equal": False}]))
            own |= {"ignore_row_if": "either_value_is_missing"}
        case "compound_columns_to_be_unique":
            named = {"column_list": draw(st.permutations(["n1", "w1", "w2", "d1"]))[:2]}
            own = draw(shares) | draw(st.sampled_from([{}, {"ignore_row_if": "any_value_is_missing"}]))
        case "column_to_exist":
            own = {}
        case _:
            own = draw(shares)
    return kind, {**named, **own}


ROWS = st.lists(st.tuples(*(st.none() | VALUES[sort] for sort in "nnwwdd")), min_size=1, max_size=12)


def own_verdict(ask: Ask, frame: dict[str, Sequence[Any]]) -> tuple[compiled.Compiled, compiled.Counts] | None:
    function = compiled.compiled(ask)
    named = [ask[1][key] for key in COLUMN_KEYS if key in ask[1]]
    columns = [frame[name] for one in named for name in ([one] if isinstance(one, str) else one)]
    # Without a single value nothing is asked, except whether there is one.
    has_values = all(any(value is not None for value in column) for column in columns)
    if function is None or not (has_values or ask[0] in ABOUT_NULLS):
        return None
    own = function.judge(columns)
    return own and (function, own)


def typed(kwargs: Mapping[str, Any]) -> list[tuple[str, type, Any]]:
    return [(key, type(value), value) for key, value in kwargs.items()]


@_ANY
@given(ROWS, st.lists(questions(), min_size=12, max_size=12))
def test_verdict_counts_and_settings_are_those_of_great_expectations(rows: list[Any], asks: list[Ask]) -> None:
    frame: dict[str, Sequence[Any]] = dict(
        zip(("n1", "n2", "w1", "w2", "d1", "d2"), zip(*rows, strict=True), strict=True)
    )
    own = [(ask, *found) for ask in asks if (found := own_verdict(ask, frame))]
    data = pd.DataFrame({name: pd.Series(list(column)) for name, column in frame.items()})
    results = great_expectations().ask([ask for ask, *_ in own], data, FORM)
    for (ask, function, counts), result in zip(own, results, strict=True):
        assert counts.success == result["success"], (ask, result)
        if counts.unexpected is not None:
            assert counts.unexpected == result["result"]["unexpected_count"], (ask, result)
        told = {key: value for key, value in result["expectation_config"]["kwargs"].items() if key != "batch_id"}
        columns = {key: value for key, value in told.items() if key in COLUMN_KEYS}
        assert typed({**columns, **function.kwargs}) == typed(told)


def test_every_expectation_of_the_suites_is_compiled() -> None:
    for kind in ("any", "catalogue", *kinds()):
        for one in load(kind):
            settings = {"column": "a"} if one.each else {}
            settings |= {key: DAY if value == "today" else value for key, value in one.kwargs.items()}
            if one.type in verdicts._IGNORED and "*" not in settings.values():
                settings["ignore_row_if"] = verdicts._IGNORED[one.type]
            assert compiled.compiled((one.type, settings)) is not None, one.rule


# Whole tables


def as_before(monkeypatch: pytest.MonkeyPatch, look: Callable[[], Any]) -> Any:
    """Return what ``look`` returns if Great Expectations alone is asked."""
    with monkeypatch.context() as patch:
        patch.setattr(verdicts, "compiled", lambda _: None)
        return look()


@pytest.mark.parametrize("kind", sorted(CLEAN))
def test_results_of_clean_and_spoiled_tables_are_as_by_great_expectations_alone(
    kind: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    header, rows = CLEAN[kind]
    tables = [table(header, rows)]
    for _, column, cells, _ in (one for one in SPOILED if one[0] == kind):
        place = header.split(";").index(column)
        tables.append(
            table(header, [[*row[:place], cell, *row[place + 1 :]] for row, cell in zip(rows, cells, strict=True)])
        )
    for one in tables[:3]:
        own = judged(one)
        assert json.dumps(asdict(own)) == json.dumps(asdict(as_before(monkeypatch, lambda one=one: judged(one))))


@pytest.mark.skipif(not FILES, reason="the collections of real files are not on this machine")
@pytest.mark.parametrize("path", FILES, ids=lambda path: path.name)
def test_reports_on_real_files_are_as_by_great_expectations_alone(path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    context = TableContext(path=path, file_name=path.name, title=path.stem, today=TODAY)
    before = as_before(monkeypatch, lambda: replace(inspect(context), elapsed_ms=None))
    assert replace(inspect(context), elapsed_ms=None) == before


# Great Expectations has the last word


def blind(_settings: Mapping[str, Any], _mostly: float) -> Any:
    return {"regex": "bad"}, lambda columns: compiled.Counts(success=True, unexpected=0, considered=len(columns[0]))


def harsh(_settings: Mapping[str, Any], _mostly: float) -> Any:
    return {"regex": "bad"}, lambda columns: compiled.Counts(success=False, unexpected=1, considered=len(columns[0]))


NO_MATCH = "expect_column_values_to_not_match_regex"
BAD = expectation(NO_MATCH, "bad_word", kwargs={"column": "a", "regex": "bad"})
EACH = expectation(NO_MATCH, "bad_cell", each="any", kwargs={"regex": "bad"})


@pytest.fixture
def wrong(monkeypatch: pytest.MonkeyPatch) -> Iterator[Callable[[Any], None]]:
    """Give a compiled function that is wrong the place of the right one."""

    def place(made: Any) -> None:
        monkeypatch.setitem(compiled._MAKERS, NO_MATCH, (("column",), made))
        compiled._compiled.cache_clear()

    yield place
    monkeypatch.undo()
    compiled._compiled.cache_clear()


@pytest.mark.parametrize("one", [BAD, EACH])
def test_a_failure_that_great_expectations_does_not_see_is_none(one: Expectation, wrong: Callable[[Any], None]) -> None:
    data = table("a;b", [[f"x{number}", "y"] for number in range(9)])
    right = asked(data, one)
    wrong(harsh)
    for is_sampled_too in (False, True):
        found = check_expectations(data, column_kinds(data), 9, [one], today=TODAY, is_sampled=is_sampled_too)
        assert (found.defects, found.passed, found.total, found.differing) == ((), 1, 1, (one.rule,))
        assert [result["success"] for result in found.results] == [True]
    assert (right.passed, right.total, right.differing) == (1, 1, ())


@pytest.mark.parametrize("one", [BAD, EACH])
def test_a_failure_that_only_great_expectations_sees_is_reported_and_not_charged(
    one: Expectation, wrong: Callable[[Any], None]
) -> None:
    data = table("a;b", [["bad" if number == 3 else f"x{number}", "y"] for number in range(9)])
    wrong(blind)
    found = check_expectations(data, column_kinds(data), 9, [one], today=TODAY, is_sampled=True)
    assert (found.defects, found.passed, found.total, found.differing) == ((), 0, 0, (one.rule,))
    assert [result["success"] for result in found.results] == [False]
    unseen = check_expectations(data, column_kinds(data), 9, [one], today=TODAY)
    assert (unseen.passed, unseen.total, unseen.differing) == (1, 1, ())


def test_one_file_in_a_hundred_is_sampled_the_same_every_time() -> None:
    hashes = [sha256(str(number).encode()).hexdigest() for number in range(20_000)]
    chosen = [one for one in hashes if is_sampled(one)]
    assert 150 < len(chosen) < 250
    assert all(map(is_sampled, chosen)) and not is_sampled("")


def test_a_sampled_file_has_the_same_report(tmp_path: Path) -> None:
    path = tmp_path / "a.csv"
    path.write_text("id,name,empty\n" + "".join(f"{number},x{number},\n" for number in range(30)))
    chosen = next(one for n in range(1000) if is_sampled(one := sha256(str(n).encode()).hexdigest()))
    reports = [replace(inspect(TableContext(path=path, sha256=one)), elapsed_ms=None) for one in ("", chosen)]
    assert reports[0] == reports[1] and reports[0].expectations_total


def test_a_portal_is_not_charged_with_a_difference(tmp_path: Path, wrong: Callable[[Any], None]) -> None:
    path = tmp_path / "portal.jsonl"
    path.write_text("\n".join(json.dumps({"title": f"Trees {number}"}) for number in range(30)))
    right = judge_file(path).report
    wrong(harsh)
    found = judge_file(path).report
    rules = ["catalogue_titles_are_code", "catalogue_titles_garbled"]
    assert found["differing"] == rules and "differing" not in right
    assert found["results"] == right["results"]
