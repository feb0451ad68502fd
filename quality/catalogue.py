"""Ask whether a harvest brought a real catalogue or nonsense: one Great Expectations suite over all datasets of a
portal.

As for tables (:mod:`quality.tables.expect.check`), the suite is compiled, and Great Expectations confirms what fails.
Importing it takes seconds and 150 MB, so call :func:`judge` in a child process only. The child receives the output of
:func:`row` as JSON and sends :class:`ExpectationResult` back as JSON.
"""

from __future__ import annotations

import json
from array import array
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import asdict, dataclass, replace
from datetime import date
from pathlib import Path
from typing import Any

from catalog.files import sha256
from catalog.model import TableReport
from quality.evidence.dates import last_day
from quality.tables.expect.asking import compact
from quality.tables.expect.compiled import Counts, compiled
from quality.tables.expect.engine import great_expectations
from quality.tables.expect.sampling import is_sampled
from quality.tables.messages import FAULT
from specs.expectations import Expectation, ExpectationsError, load

__all__ = ["ExpectationResult", "failed_gates", "judge", "judge_file", "row"]

COLUMNS = (
    *("title", "description", "licence", "identifier", "distributions", "urls", "days_ahead"),
    *("title_is_commonest", "description_is_commonest", "description_is_title", "title_is_identifier"),
)
_MAX_TEXT = 300
"""Longest text that is kept, in characters: enough to tell two texts apart."""
_MAX_BEGINNING = 20


@dataclass(frozen=True, slots=True)
class ExpectationResult:
    """The result of one expectation of ``specs/expectations/catalogue.toml`` for one portal."""

    rule: str
    passed: bool | None
    """None: no verdict, because the portal has too few datasets or none with the value in question, because the check
    itself failed, or because only one of Great Expectations and Winnow's own function sees a failure."""
    observed: float | None
    """Share of the evaluated datasets that meet the expectation, 0 to 1; None if there is no verdict."""
    wanted: float
    """Share of the datasets that must meet the expectation, 0 to 1."""
    asked: int
    """Number of datasets that have the value which the expectation is about; 0 if it was not evaluated."""
    gate: bool
    """True if a harvest that fails this expectation is not accepted."""
    message: str
    fix: str


def row(
    *,
    title: str | None,
    description: str | None,
    licence: str | None,
    identifier: str | None,
    modified: str | None,
    distributions: int,
    urls: int,
    today: date,
) -> dict[str, Any]:
    """Return a dataset as plain JSON values, one for each column that the expectations about a portal use.

    - ``title``, ``description``, ``licence``, ``identifier``: as declared.
    - ``distributions`` and ``urls``: the number of distributions, and of URLs of distributions and data services.
    - ``modified``: the date of change as declared.
    - ``today``: the day of the run.

    Instead of the date of change, the result has the column "days_ahead": how many days the date lies after ``today``,
    negative for a date in the past. It is None if the date is missing, cannot be read, or is not a full date. Texts
    are cut to 300 characters; empty ones become None.
    """
    day = last_day(modified)
    # A month or year that is still running has its last day in the future, although nothing is wrong with it: only full
    # dates are compared with today.
    is_day = day is not None and len((modified or "").strip()) > len("2024-01")
    return {
        "title": _text(title),
        "description": _text(description),
        "licence": _text(licence),
        "identifier": _text(identifier),
        "distributions": distributions,
        "urls": urls,
        "days_ahead": (day - today).days if day is not None and is_day else None,
    }


def _text(value: str | None) -> str | None:
    return " ".join(value.split())[:_MAX_TEXT] or None if value else None


def judge(rows: Iterable[Mapping[str, Any]]) -> tuple[ExpectationResult, ...]:
    """Check all datasets of a portal against the expectations in ``specs/expectations/catalogue.toml``.

    ``rows`` are the datasets, each as :func:`row` returns it. Return one result for each expectation, in the order of
    the file. Raise ExpectationsError if an expectation names an unknown column.
    """
    return _judged(rows, is_sampled=False)[0]


def _judged(
    rows: Iterable[Mapping[str, Any]], *, is_sampled: bool
) -> tuple[tuple[ExpectationResult, ...], tuple[str, ...]]:
    """Return the results, and the rules for which Great Expectations and the compiled function differ.

    With ``is_sampled``, Great Expectations checks everything, otherwise only what fails.
    """
    expectations = load("catalogue")
    for one in expectations:
        if unknown := [name for name in one.columns if name not in COLUMNS]:
            raise ExpectationsError(
                f"specs/expectations/catalogue.toml, rule {one.rule}: there is no column {unknown[0]!r}; "
                f"take one of {', '.join(COLUMNS)}."
            )
    datasets, columns = _columns(rows)
    filled = {name: sum(cell is not None for cell in cells) for name, cells in columns.items()}
    asked = [one for one in expectations if datasets >= one.min_rows and (_is_about_nulls(one) or _least(one, filled))]
    found = dict(zip((one.rule for one in asked), _ask(asked, columns, is_sampled), strict=True))
    results = []
    for one in expectations:
        result = found.get(one.rule)
        count = datasets if _is_about_nulls(one) else _least(one, filled)
        results.append(_result(one, result, count if result else 0))
    return tuple(results), tuple(rule for rule, result in found.items() if result.differs)


def judge_file(path: Path) -> TableReport:
    """Check the datasets of a portal, one JSON object a line in the file at ``path``, as :func:`judge` does.

    The results are in the report, under the key "results", and under "differing" the rules for which Great Expectations
    and Winnow's own functions differ, if there are any. The status of the report is then "not_a_table", whatever the
    results are. It never raises: if the check itself fails, the report has the status "unknown" and no results.
    """
    try:
        digest = sha256(path)
        with path.open(encoding="utf-8", newline="\n") as lines:
            results, differing = _judged((json.loads(line) for line in lines), is_sampled=is_sampled(digest))
    except MemoryError:
        return TableReport(
            status="unknown", note=f"{FAULT}there are too many datasets for the memory of a table checker"
        )
    except Exception as error:  # noqa: BLE001  # a fault of ours is no fault of the portal
        return TableReport(status="unknown", note=f"{FAULT}{type(error).__name__}: {error}"[:300])
    report: dict[str, Any] = {"results": [asdict(result) for result in results]}
    return TableReport(status="not_a_table", report=report | ({"differing": list(differing)} if differing else {}))


def failed_gates(results: Iterable[ExpectationResult]) -> tuple[ExpectationResult, ...]:
    """Return the failed expectations that are marked as gates; a single one is enough to reject the harvest.

    ``results`` are those of one portal, as :func:`judge` returns them.
    """
    return tuple(one for one in results if one.gate and one.passed is False)


def _is_about_nulls(one: Expectation) -> bool:
    return one.type == "expect_column_values_to_not_be_null"


def _least(one: Expectation, filled: Mapping[str, int]) -> int:
    return min((filled[name] for name in one.columns), default=0)


def _columns(rows: Iterable[Mapping[str, Any]]) -> tuple[int, dict[str, list[Any]]]:
    """Return the number of datasets and the columns to evaluate, in one pass over the rows.

    Only the beginning of each description is kept: the full descriptions of 300,000 datasets would not fit into the
    memory of a child process.
    """
    columns: dict[str, list[Any]] = {name: [] for name in COLUMNS}
    titles, descriptions = columns["title"], columns["description"]
    digests = array("q")
    licences: dict[str, str] = {}
    for one in rows:
        title, description, licence = one.get("title"), one.get("description"), one.get("licence")
        for name in ("identifier", "distributions", "urls", "days_ahead"):
            columns[name].append(one.get(name))
        titles.append(title)
        # 0 stands for "no description"; a real hash of 0 is as rare as one in 10 to the 19th.
        digests.append(0 if description is None else hash(description))
        descriptions.append(None if description is None else description[:_MAX_BEGINNING])
        columns["licence"].append(None if licence is None else licences.setdefault(licence, licence))
        columns["description_is_title"].append(_is_same(description, title))
        columns["title_is_identifier"].append(_is_same(title, one.get("identifier")))
    columns["title_is_commonest"] = _is_commonest(titles, None)
    columns["description_is_commonest"] = _is_commonest(digests, 0)
    return len(titles), columns


def _is_commonest(values: Iterable[object], none: object) -> list[int | None]:
    counts = Counter(value for value in values if value != none)
    commonest = counts.most_common(1)[0][0] if counts else None
    return [None if value == none else int(value == commonest) for value in values]


def _is_same(this: str | None, that: str | None) -> int | None:
    return None if this is None or that is None else int(this == that)


@dataclass(frozen=True, slots=True)
class _Verdict:
    """The verdict on one expectation. ``passed`` is None if there is none, or if two checks differ on a failure."""

    passed: bool | None
    unexpected: int
    differs: bool = False


def _ask(asked: Sequence[Expectation], columns: Mapping[str, list[Any]], is_sampled: bool) -> list[_Verdict]:
    """Return the verdicts in the order of ``asked``."""
    own = {one.rule: _own(one, columns) for one in asked}
    again = [one for one in asked if is_sampled or (counts := own[one.rule]) is None or not counts.success]
    told = dict(zip((one.rule for one in again), _confirmed(again, columns), strict=True))
    return [_settled(own[one.rule], told.get(one.rule)) for one in asked]


def _own(one: Expectation, columns: Mapping[str, list[Any]]) -> Counts | None:
    function = compiled((one.type, one.kwargs))
    return function.judge([columns[name] for name in one.columns]) if function is not None else None


def _confirmed(asked: Sequence[Expectation], columns: Mapping[str, list[Any]]) -> list[_Verdict]:
    """Return the verdicts of Great Expectations."""
    if not asked:
        return []
    engine = great_expectations()
    import pandas as pd

    wanted = {name for one in asked for name in one.columns}
    frame = pd.DataFrame({name: pd.Series(columns[name]) for name in COLUMNS if name in wanted})
    form = {"result_format": "BASIC", "partial_unexpected_count": 0}
    results = [compact(one, "") for one in engine.ask([(one.type, one.kwargs) for one in asked], frame, form)]
    return [
        _Verdict(
            None if one["exception_info"]["raised_exception"] else one["success"],
            int(one["result"].get("unexpected_count", 0)),
        )
        for one in results
    ]


def _settled(own: Counts | None, told: _Verdict | None) -> _Verdict:
    if told is None:
        assert own is not None  # or Great Expectations would have been asked
        return _Verdict(own.success, own.unexpected or 0)
    if own is None or own.success == told.passed:
        return told
    # A portal is not charged with a failure that only one of two checks sees.
    return replace(told, passed=told.passed or None, differs=True)


def _result(one: Expectation, result: _Verdict | None, count: int) -> ExpectationResult:
    passed = None if result is None else result.passed
    observed = None
    if result is not None and passed is not None and count:
        observed = round(1 - result.unexpected / count, 4)
    wanted = float(one.kwargs.get("mostly", 1.0))
    return ExpectationResult(one.rule, passed, observed, wanted, count, one.gate, one.message, one.fix)
