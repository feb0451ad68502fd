"""What is asked of Great Expectations, and what is kept of its results. Light: it imports nothing of the engine."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

__all__ = ["ABOUT_NULLS", "CELL_BY_CELL", "Ask", "compact", "exception_of"]

Ask = tuple[str, Mapping[str, Any]]
"""Type of an expectation, and its settings with the columns of the frame filled in."""

ABOUT_NULLS = frozenset({"expect_column_values_to_not_be_null", "expect_column_values_to_be_null"})
"""Expectations about missing values: to them an empty column is a case like any other."""
CELL_BY_CELL = frozenset(
    f"expect_column_{name}"
    for name in (
        "value_lengths_to_be_between",
        "value_lengths_to_equal",
        "values_to_be_between",
        "values_to_be_in_set",
        "values_to_match_regex",
        "values_to_match_regex_list",
        "values_to_match_strftime_format",
        "values_to_not_be_in_set",
        "values_to_not_match_regex",
        "values_to_not_match_regex_list",
    )
)
"""Expectations that judge each cell separately, so that equal values need to be checked only once."""
_COUNTS = (
    "element_count",
    "unexpected_count",
    "unexpected_percent",
    "missing_count",
    "missing_percent",
    "unexpected_percent_total",
    "unexpected_percent_nonmissing",
)
"""Keys of a result that are kept: row numbers and shares. The others quote cells."""
_OBSERVED_COUNTS = frozenset(
    {
        "expect_column_unique_value_count_to_be_between",
        "expect_column_proportion_of_unique_values_to_be_between",
        "expect_table_row_count_to_be_between",
        "expect_table_column_count_to_be_between",
    }
)
"""Expectations whose observed value is a count or share, not a cell."""


def compact(result: Mapping[str, Any], rule: str, **meta: Any) -> dict[str, Any]:
    """Return what is stored of a result of Great Expectations, a library that checks tables, in that library's own
    form.

    ``result`` is the result as the library returns it. Kept are whether the expectation is met, its type and settings,
    counts, and whether checking it raised an exception. Left out is whatever quotes cells, and tracebacks. ``rule`` is
    the id of the table rule that is broken if the expectation is not met. It is added to the meta data of the
    expectation, and so are the values in ``meta`` that are not None.
    """
    config = result["expectation_config"]
    details = result.get("result") or {}
    kept = {key: details[key] for key in _COUNTS if key in details}
    if config["type"] in _OBSERVED_COUNTS and "observed_value" in details:
        kept["observed_value"] = details["observed_value"]
    problem = exception_of(result)
    return {
        "success": bool(result["success"]),
        "expectation_config": {
            "type": config["type"],
            "kwargs": {key: value for key, value in config["kwargs"].items() if key != "batch_id"},
            "meta": {"rule": rule, **{key: value for key, value in meta.items() if value is not None}},
        },
        "result": kept,
        "exception_info": {"raised_exception": problem is not None},
    }


def exception_of(result: Mapping[str, Any]) -> str | None:
    """Return the message of the exception that kept Great Expectations from checking an expectation; None if there was
    none.

    ``result`` is the result for the expectation, as Great Expectations returns it.
    """
    info = result.get("exception_info") or {}
    if info.get("raised_exception"):
        return str(info.get("exception_message"))
    for value in info.values():
        if isinstance(value, Mapping) and value.get("raised_exception"):
            return str(value.get("exception_message"))
    return None
