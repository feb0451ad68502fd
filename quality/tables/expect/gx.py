"""Use Great Expectations as one engine for each process: context, source and suites are built once.

Measured: a context with its source costs 16 ms, a validation about 7 ms and 2 ms more for each expectation. So all
questions about a table are asked at once with yes or no as results, and details only about what failed.

Importing this module takes seconds and 200 MB: only child processes do it.
"""

from __future__ import annotations

import os
import warnings
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from functools import cache
from typing import Any

from quality.confine import room_to_load
from quality.tables.expect.asking import ABOUT_NULLS, Ask
from specs.imports import load_when_used

# Only the Kullback-Leibler and Kolmogorov-Smirnov expectations and their charts need them: a third of the import time.
load_when_used("scipy.stats", "altair", within=room_to_load)
os.environ["GX_ANALYTICS_ENABLED"] = "false"  # before the import, which reads it
with warnings.catch_warnings():
    # great_expectations 1.24 (datasource/fluent) imports modules that Python 3.11 renamed.
    warnings.filterwarnings("ignore", r"module 'sre_\w+' is deprecated", DeprecationWarning)
    import great_expectations as gx
    import pandas as pd
    from great_expectations.core.id_dict import IDDict
    from great_expectations.exceptions import ExpectationNotFoundError
    from great_expectations.expectations.expectation import (
        ColumnAggregateExpectation,
        ColumnMapExpectation,
        ColumnPairMapExpectation,
        Expectation,
        MulticolumnMapExpectation,
    )
    from great_expectations.expectations.registry import get_expectation_impl

# Patterns mean in Python what they mean in compiled expectations; those of pyarrow, which some files load, are others.
pd.set_option("mode.string_storage", "python")

__all__ = ["ask", "ignored_rows", "ignores_nulls", "is_possible", "warm_up"]

_MAX_SUITES = 128
_MAX_KNOWN = 2_000
_SCALARS = frozenset({str, int, float, bool, type(None)})
_AGGREGATES = frozenset(
    f"expect_column_{name}_to_be_between" for name in ("max", "min", "mean", "sum", "unique_value_count")
)


@cache
def _batch_definition() -> Any:
    context = gx.get_context(mode="ephemeral")
    context.variables.progress_bars = {"globally": False, "metric_calculations": False}
    asset = context.data_sources.add_pandas("winnow").add_dataframe_asset("table")
    return asset.add_batch_definition_whole_dataframe("whole")


def warm_up() -> None:
    """Check one expectation on a tiny table, so that Great Expectations sets up what it needs before the first real
    one.
    """
    ask([("expect_column_values_to_not_be_null", {"column": "a"})], pd.DataFrame({"a": ["x"]}))


def ask(asks: Sequence[Ask], frame: Any, form: Mapping[str, Any] | None = None) -> list[dict[str, Any]]:
    """Check expectations on a pandas data frame by the library Great Expectations; return its results in the order of
    ``asks``.

    Each element of ``asks`` consists of the type of an expectation and its settings. ``form`` is the result format of
    the library; None means only pass or fail.
    """
    if not asks:
        return []
    suite = _suite(asks)
    batch = _batch_definition().get_batch({"dataframe": frame})
    with warnings.catch_warnings(), _repetitions_remembered():
        # pandas warns about patterns with groups: people who write expectations need not know (?:...).
        warnings.filterwarnings("ignore", "This pattern is interpreted as a regular expression", UserWarning)
        results = batch.validate(suite, result_format=dict(form or {"result_format": "BOOLEAN_ONLY"}))
        found = results.to_json_dict()["results"]
    return sorted(found, key=_position)


def _position(result: Mapping[str, Any]) -> int:
    return int(result["expectation_config"]["meta"]["position"])


_possible: dict[tuple[str, str], bool] = {}
_suites: dict[tuple[tuple[str, str], ...], Any] = {}


def is_possible(one: Ask) -> bool:
    """Return whether Great Expectations knows the type of the expectation ``one`` and accepts its settings."""
    key = _key(one)
    if key not in _possible:
        if len(_possible) >= _MAX_KNOWN:
            _possible.clear()
        try:
            get_expectation_impl(one[0])(**one[1])
            _possible[key] = True
        except (ExpectationNotFoundError, ValueError, TypeError):
            _possible[key] = False
    return _possible[key]


def _key(one: Ask) -> tuple[str, str]:
    return one[0], repr(sorted(one[1].items()))


def _suite(asks: Sequence[Ask]) -> Any:
    """Return the suite for these questions, built once for all tables with the same schema."""
    key = tuple(_key(one) for one in asks)
    if key not in _suites:
        if len(_suites) >= _MAX_SUITES:
            del _suites[next(iter(_suites))]
        # GX returns results in an order of its own; the position restores ours.
        built = [
            get_expectation_impl(kind)(**settings, meta={"position": position})
            for position, (kind, settings) in enumerate(asks)
        ]
        _suites[key] = gx.ExpectationSuite(name="table", expectations=built)
    return _suites[key]


@contextmanager
def _repetitions_remembered() -> Iterator[None]:
    """Cache what GX computes repeatedly from the same fields, inside this context.

    It reads the configuration of an expectation about sixty times, and rebuilds it each time. No field changes while a
    suite runs, and each reader gets a copy of its own, as before. The id of a dictionary depends only on its content.
    """
    configuration, to_id = Expectation.configuration, IDDict.to_id
    made: dict[int, tuple[Any, Any]] = {}
    ids: dict[tuple[Any, ...], Any] = {}

    def configuration_once(self: Any) -> Any:
        known = made.get(id(self))
        if known is None:
            # The expectation is kept too; otherwise another one could get its id.
            known = made[id(self)] = (self, configuration.fget(self))
        one = known[1]
        return type(one)(
            type=one.type,
            kwargs=dict(one.kwargs),
            meta=dict(one.meta) if one.meta else one.meta,
            notes=one.notes,
            description=one.description,
            severity=one.severity,
            id=one.id,
            rendered_content=one.rendered_content,
        )

    def to_id_once(self: Any, id_keys: Any = None, id_ignore_keys: Any = None) -> Any:
        if id_keys is not None or id_ignore_keys is not None or type(self) is not IDDict:
            return to_id(self, id_keys, id_ignore_keys)
        for value in self.values():
            if type(value) not in _SCALARS:
                return to_id(self)
        key = tuple((name, type(value), value) for name, value in self.items())
        if key not in ids:
            ids[key] = to_id(self)
        return ids[key]

    Expectation.configuration, IDDict.to_id = property(configuration_once), to_id_once
    try:
        yield
    finally:
        Expectation.configuration, IDDict.to_id = configuration, to_id


def ignores_nulls(kind: str, settings: Mapping[str, Any]) -> bool:
    """Return whether the result of an expectation certainly stays the same if missing values are appended to the
    column.

    If so, the column can be padded to the length of others in the same data frame. ``kind`` is the type of the
    expectation, ``settings`` are its settings.
    """
    implementation = get_expectation_impl(kind)
    if kind in ABOUT_NULLS:
        return False
    if issubclass(implementation, (ColumnPairMapExpectation, MulticolumnMapExpectation)):
        return settings.get("ignore_row_if") not in ("never", "neither")
    if issubclass(implementation, ColumnMapExpectation):
        return True
    return (issubclass(implementation, ColumnAggregateExpectation) and kind in _AGGREGATES) or (
        kind == "expect_column_to_exist" and "column_index" not in settings
    )


def ignored_rows(kind: str) -> str | None:
    """Return the usual value for the setting ``ignore_row_if`` of an expectation of type ``kind``.

    With it, rows that lack one of the compared values are not checked. For example "either_value_is_missing" for an
    expectation about two columns. None if expectations of this type have no such setting, or if the type is unknown.
    """
    try:
        implementation = get_expectation_impl(kind)
    except ExpectationNotFoundError:
        return None
    if issubclass(implementation, ColumnPairMapExpectation):
        return "either_value_is_missing"
    return "any_value_is_missing" if issubclass(implementation, MulticolumnMapExpectation) else None
