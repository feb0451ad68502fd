"""What people expect of a table (``specs/expectations/*.toml``), judged by Great Expectations.

Recipe of ``reference/performance.md`` B: one context for each process, one batch definition, booleans first, and
details only for the few expectations that were not met.
"""

from __future__ import annotations

import os
import warnings
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from typing import Any

from catalog.model import TableDefect
from quality.tables.structure import Table
from quality.tables.vote import ColumnKind
from specs.expectations import Expectation

os.environ["GX_ANALYTICS_ENABLED"] = "false"  # before the import: it is read there
with warnings.catch_warnings():
    # great_expectations 1.24 (datasource/fluent) imports modules that Python 3.11 renamed.
    warnings.filterwarnings("ignore", r"module 'sre_\w+' is deprecated", DeprecationWarning)
    import great_expectations as gx
    from great_expectations.expectations.registry import get_expectation_impl
import pandas as pd

__all__ = ["Verdict", "check_expectations"]

_MAX_COLUMNS = 100
"""Columns an expectation is repeated for: each costs some 10 ms."""


@dataclass(frozen=True, slots=True)
class Verdict:
    """``passed`` and ``total`` count expectations of the file, not their repetitions for each column."""

    defects: tuple[TableDefect, ...]
    passed: int
    total: int


@cache
def _batch_definition() -> Any:
    context = gx.get_context(mode="ephemeral")
    context.variables.progress_bars = {"globally": False, "metric_calculations": False}
    asset = context.data_sources.add_pandas("winnow").add_dataframe_asset("table")
    return asset.add_batch_definition_whole_dataframe("whole")


def check_expectations(
    table: Table, kinds: Sequence[ColumnKind], row_count: int | None, expectations: Sequence[Expectation]
) -> Verdict:
    """Judge the rows of ``table``. ``row_count`` is that of the whole file where it is known."""
    frames = {
        "rows": _rows_frame(table),
        "columns": _columns_frame(table),
        "file": pd.DataFrame({"row_count": [row_count], "column_count": [len(table.header)]}, dtype="float64"),
    }
    defects: list[TableDefect] = []
    asked = [one for one in expectations if len(table.rows) >= one.min_rows and len(table.header) >= one.min_columns]
    failed: set[int] = set()
    doubtful = _doubtful(asked, frames["rows"], table, kinds)
    for target, frame in frames.items():
        runs = [
            (number, one, column)
            for number, one in enumerate(asked)
            if one.target == target and (one.each is None or number in doubtful)
            for column in _columns_for(one, table, kinds)
        ]
        if not runs or frame.empty:
            continue
        for (number, one, column), result in _run(runs, frame, table):
            failed.add(number)
            defects.extend(_defects(one, column, result, table))
    return Verdict(tuple(defects), len(asked) - len(failed), len(asked))


def _doubtful(asked: Sequence[Expectation], rows: Any, table: Table, kinds: Sequence[ColumnKind]) -> set[int]:
    """Numbers of the repeated expectations that some column may not meet.

    All values of all fitting columns are first asked as one long column: where it passes, each of them passes,
    and a table of 80 columns costs one validation instead of 80. With ``mostly`` this would not follow.
    """
    doubtful = set()
    for each in {one.each for one in asked if one.each}:
        group = [(number, one) for number, one in enumerate(asked) if one.each == each]
        columns = [n for n, kind in zip(table.names, kinds, strict=True) if each in ("any", kind.kind)]
        values = pd.unique(pd.concat([rows[name].dropna() for name in columns])) if columns else []
        if not len(values):
            continue
        runs: list[tuple[int, Expectation, str | None]] = [
            (number, one, "cell") for number, one in group if "mostly" not in one.kwargs
        ]
        results = _validate(runs, pd.DataFrame({"cell": values}), table, {"result_format": "BOOLEAN_ONLY"})
        passed = {number for (number, _, _), result in zip(runs, results, strict=True) if result["success"]}
        doubtful |= {number for number, _ in group} - passed
    return doubtful


def _rows_frame(table: Table) -> Any:
    width = len(table.header)
    rows = [[cell.strip() or None for cell in row[:width]] + [None] * (width - len(row)) for row in table.rows]
    return pd.DataFrame(rows, columns=table.names)


def _columns_frame(table: Table) -> Any:
    counts = [0] * len(table.header)
    for row in table.rows:
        for index, cell in enumerate(row[: len(counts)]):
            counts[index] += bool(cell.strip())
    total = len(table.rows)
    return pd.DataFrame(
        {
            # A blank name is a defect of structure already; as None it is not asked again.
            "name": [label if label.strip() else None for label in table.header],
            "filled_share": [count / total if total else None for count in counts],
        }
    )


def _columns_for(one: Expectation, table: Table, kinds: Sequence[ColumnKind]) -> list[str | None]:
    if one.each is None:
        return [None]
    fitting = [n for n, kind in zip(table.names, kinds, strict=True) if one.each in ("any", kind.kind)]
    return [*fitting[:_MAX_COLUMNS]]


def _run(
    runs: Sequence[tuple[int, Expectation, str | None]], frame: Any, table: Table
) -> list[tuple[tuple[int, Expectation, str | None], Mapping[str, Any]]]:
    """The runs that were not met, each with its result."""
    quick = _validate(runs, frame, table, {"result_format": "BOOLEAN_ONLY"})
    not_met = [run for run, result in zip(runs, quick, strict=True) if not result["success"]]
    if not not_met:
        return []
    # The frames of columns and of the file are small: there every index is wanted, not the first twenty.
    form = {"result_format": "SUMMARY" if len(frame) > 1000 else "COMPLETE", "partial_unexpected_count": 20}
    return list(zip(not_met, _validate(not_met, frame, table, form), strict=True))


def _validate(
    runs: Sequence[tuple[int, Expectation, str | None]], frame: Any, table: Table, form: Mapping[str, Any]
) -> list[Mapping[str, Any]]:
    built = []
    for position, (_, one, column) in enumerate(runs):
        kwargs = {key: table.names if value == "*" else value for key, value in one.kwargs.items()}
        if column is not None:
            kwargs["column"] = column
        # GX gives results back in an order of its own: the position finds them again.
        built.append(get_expectation_impl(one.type)(**kwargs, meta={"position": position}))
    suite = gx.ExpectationSuite(name="table", expectations=built)
    batch = _batch_definition().get_batch({"dataframe": frame})
    with warnings.catch_warnings():
        # pandas, for patterns with brackets: people who write expectations need not know (?:...).
        warnings.filterwarnings("ignore", "This pattern is interpreted as a regular expression", UserWarning)
        results = batch.validate(suite, result_format=dict(form)).to_json_dict()["results"]
    return sorted(results, key=lambda result: int(result["expectation_config"]["meta"]["position"]))


def _defects(one: Expectation, column: str | None, result: Mapping[str, Any], table: Table) -> list[TableDefect]:
    def defect(count: int, message: str, field: str | None, row: int | None, rule: str = one.rule) -> TableDefect:
        return TableDefect(
            rule=rule, count=count, message=message, field=field, first_row=row, source="great_expectations"
        )

    wanted = column or one.kwargs.get("column")
    details = result.get("result", {})
    if not details and (problem := _exception(result)) is not None:
        if f'The column "{wanted}" in BatchData does not exist' in problem:
            return [defect(1, f"The column is missing. {one.message}", wanted, table.header_line)]
        return [defect(1, f"{one.rule} could not be checked.", column, None, "expectation_not_checked")]
    count = int(details.get("unexpected_count", 1) or 1)
    indexes = details.get("unexpected_index_list") or details.get("partial_unexpected_index_list") or []
    if one.target == "columns":
        return [defect(1, one.message, table.names[index], table.header_line) for index in indexes] or [
            defect(count, one.message, None, table.header_line)
        ]
    row = table.lines[min(indexes)] if one.target == "rows" and indexes else None
    return [defect(count, one.message, column, row)]


def _exception(result: Mapping[str, Any]) -> str | None:
    info = result.get("exception_info") or {}
    if info.get("raised_exception"):
        return str(info.get("exception_message"))
    for value in info.values():
        if isinstance(value, Mapping) and value.get("raised_exception"):
            return str(value.get("exception_message"))
    return None
