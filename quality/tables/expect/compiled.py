"""Compile an expectation into a plain function of columns, which costs microseconds where Great Expectations costs
milliseconds.

Each function counts as Great Expectations counts on pandas (``great_expectations/expectations/metrics``). It knows only
the types, settings and values for which that is proved (``tests/quality/tables/test_compiled.py``); anything else is
left to Great Expectations itself.
"""

from __future__ import annotations

import math
import re
from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from functools import lru_cache
from typing import Any

from quality.tables.expect.asking import Ask
from quality.tables.expect.frames import Pool
from quality.tables.expect.needed_texts import needed_texts
from specs.expectations import COLUMN_KEYS

__all__ = ["Compiled", "Counts", "compiled"]

Column = Sequence[Any]
_MAX_KNOWN = 2_000


@dataclass(frozen=True, slots=True)
class Counts:
    """The result of checking an expectation on some columns: whether they meet it, and how many values do not.

    ``unexpected`` is the number of values or rows that do not meet it, ``considered`` the number of those that were
    checked. Both are None for an expectation about a column as a whole, such as its maximum.
    """

    success: bool
    unexpected: int | None = None
    considered: int | None = None


@dataclass(frozen=True, slots=True)
class Compiled:
    """An expectation as a plain function, ``judge``, that gives the same result as Great Expectations.

    ``judge`` takes the values of the columns that the expectation is about, in the order of its settings. It returns
    None if it cannot judge values of their kind; then ask Great Expectations. ``kwargs`` are the settings of the
    expectation, without columns, as Great Expectations reports them.
    """

    kwargs: Mapping[str, Any]
    judge: Callable[[Sequence[Column]], Counts | None]


def compiled(ask: Ask) -> Compiled | None:
    """Return an expectation as a plain function; None if only Great Expectations itself can check it.

    ``ask`` consists of its type and settings. The function for each type and settings is built once and cached.
    """
    kind, settings = ask
    if kind not in _MAKERS:
        return None
    own = tuple((key, _frozen(value)) for key, value in settings.items() if key not in COLUMN_KEYS)
    try:
        return _compiled(kind, tuple(key for key in COLUMN_KEYS if key in settings), own)
    except TypeError:
        return None  # a setting that cannot be hashed: none that is known here


def _frozen(value: Any) -> Any:
    # The type is part of the key: 1, 1.0 and True are equal, and settings of different meaning.
    return tuple(map(_frozen, value)) if isinstance(value, list) else (type(value), value)


def _thawed(value: Any) -> Any:
    is_scalar = len(value) == 2 and isinstance(value[0], type)
    return value[1] if is_scalar else [_thawed(one) for one in value]


@lru_cache(maxsize=_MAX_KNOWN)
def _compiled(kind: str, columns: tuple[str, ...], own: tuple[tuple[str, Any], ...]) -> Compiled | None:
    wanted, make = _MAKERS[kind]
    settings = {key: _thawed(value) for key, value in own}
    mostly = settings.pop("mostly", None)
    if columns != wanted or not (mostly is None or (_is_number(mostly) and 0 <= mostly <= 1 and kind not in _WHOLE)):
        return None
    made = make(settings, 1.0 if mostly is None else float(mostly))
    if made is None:
        return None
    kwargs, judge = made
    # Great Expectations leaves out what is as by default.
    return Compiled({"mostly": float(mostly), **kwargs} if mostly not in (None, 1) else kwargs, judge)


_Made = tuple[Mapping[str, Any], Callable[[Sequence[Column]], Counts | None]]


def _counts(unexpected: int, considered: int, mostly: float) -> Counts:
    success = not considered or (considered - unexpected) / considered >= mostly
    return Counts(success, unexpected, considered)


def _is_number(value: Any) -> bool:
    return type(value) in (int, float) and math.isfinite(value)


def _are(values: Sequence[Any], *types: type) -> bool:
    return {*map(type, values)} <= {*types}


def _known(column: Column) -> list[Any]:
    return [value for value in column if value is not None]


def _not_null(settings: Mapping[str, Any], mostly: float) -> _Made | None:
    def judge(columns: Sequence[Column]) -> Counts:
        (column,) = columns
        return _counts(sum(1 for value in column if value is None), len(column), mostly)

    return None if settings else ({}, judge)


def _regex(is_wanted: bool) -> Callable[[Mapping[str, Any], float], _Made | None]:
    def make(settings: Mapping[str, Any], mostly: float) -> _Made | None:
        if settings.keys() != {"regex"} or not isinstance(settings["regex"], str):
            return None
        try:
            search, needed = re.compile(settings["regex"]).search, needed_texts(settings["regex"])
        except re.error:
            return None

        def judge(columns: Sequence[Column]) -> Counts | None:
            (column,) = columns
            is_pool = isinstance(column, Pool)
            values = column if is_pool else _known(column)
            if not is_pool and not _are(values, str):
                return None
            whole = (column.joined if isinstance(column, Pool) else "\n".join(values)) if needed else ""
            may_match = not needed or any(text in whole for text in needed)
            if isinstance(column, Pool) and not may_match and not is_wanted:
                return Counts(True)  # how many values there are, nobody asks
            matching = sum(1 for value in values if search(value)) if may_match else 0
            return _counts(len(values) - matching if is_wanted else matching, len(values), mostly)

        return {"regex": settings["regex"]}, judge

    return make


def _in_set(is_wanted: bool) -> Callable[[Mapping[str, Any], float], _Made | None]:
    def make(settings: Mapping[str, Any], mostly: float) -> _Made | None:
        wanted = settings.get("value_set")
        if settings.keys() != {"value_set"} or not isinstance(wanted, list) or not wanted:
            return None
        is_text = _are(wanted, str)
        if not is_text and not all(map(_is_number, wanted)):
            return None
        members = frozenset(wanted)

        def judge(columns: Sequence[Column]) -> Counts | None:
            values = _known(columns[0])
            if not (_are(values, str) if is_text else _are(values, int, float)):
                return None
            inside = sum(value in members for value in values)
            return _counts(len(values) - inside if is_wanted else inside, len(values), mostly)

        return {"value_set": list(wanted)}, judge

    return make


def _bounds(settings: Mapping[str, Any]) -> tuple[Mapping[str, Any], Callable[[Any], bool], tuple[type, ...]] | None:
    """Return the settings of a range as they are reported, the test of one value, and the types it understands."""
    low, high = settings.get("min_value"), settings.get("max_value")
    given = [bound for bound in (low, high) if bound is not None]
    flags = {key: settings[key] for key in ("strict_min", "strict_max") if key in settings}
    if not given or len(given) + len(flags) != len(settings) or not _are([*flags.values()], bool):
        return None
    if all(map(_is_number, given)):
        types: tuple[type, ...] = (int, float)
        kwargs: dict[str, Any] = {key: float(settings[key]) for key in ("min_value", "max_value") if key in settings}
    elif _are(given, datetime) and all(bound.tzinfo is None for bound in given):
        types = (datetime,)
        kwargs = {key: settings[key].isoformat() for key in ("min_value", "max_value") if key in settings}
    else:
        return None
    if len(given) == 2 and given[0] > given[1]:
        return None
    is_above, is_below = flags.get("strict_min", False), flags.get("strict_max", False)

    def fits(value: Any) -> bool:
        if low is not None and not (value > low if is_above else value >= low):
            return False
        return high is None or bool(value < high if is_below else value <= high)

    return {**kwargs, **{key: True for key, is_set in flags.items() if is_set}}, fits, types


def _between(settings: Mapping[str, Any], mostly: float) -> _Made | None:
    if (bounds := _bounds(settings)) is None:
        return None
    kwargs, fits, types = bounds

    def judge(columns: Sequence[Column]) -> Counts | None:
        values = _known(columns[0])
        if not _are(values, *types):
            return None
        return _counts(sum(not fits(value) for value in values), len(values), mostly)

    return kwargs, judge


def _max_between(settings: Mapping[str, Any], _mostly: float) -> _Made | None:
    if (bounds := _bounds(settings)) is None or bounds[2] == (datetime,):
        return None
    kwargs, fits, types = bounds

    def judge(columns: Sequence[Column]) -> Counts | None:
        values = _known(columns[0])
        return Counts(fits(max(values))) if values and _are(values, *types) else None

    return kwargs, judge


def _distinct_between(settings: Mapping[str, Any], _mostly: float) -> _Made | None:
    if (bounds := _bounds(settings)) is None or not _are([v for k, v in settings.items() if "value" in k], int):
        return None
    kwargs, fits, _ = bounds

    def judge(columns: Sequence[Column]) -> Counts | None:
        values = _known(columns[0])
        return Counts(fits(len({*values}))) if _are(values, str) or _are(values, int, float) else None

    return {key: settings.get(key) for key in kwargs}, judge


def _unique(settings: Mapping[str, Any], mostly: float) -> _Made | None:
    def judge(columns: Sequence[Column]) -> Counts | None:
        values = _known(columns[0])
        if not (_are(values, str) or _are(values, int, float) or _are(values, datetime)):
            return None
        return _counts(_repeated(values), len(values), mostly)

    return None if settings else ({}, judge)


def _repeated(values: Sequence[Any]) -> int:
    """Return how many of the values, all of them hashable, are equal to another one."""
    if len({*values}) == len(values):
        return 0
    return sum(count for count in Counter(values).values() if count > 1)


def _rows_unique(settings: Mapping[str, Any], mostly: float) -> _Made | None:
    ignored = settings.get("ignore_row_if", "all_values_are_missing")
    if settings.keys() - {"ignore_row_if"} or ignored not in ("all_values_are_missing", "any_value_is_missing"):
        return None
    is_any = ignored == "any_value_is_missing"

    def judge(columns: Sequence[Column]) -> Counts | None:
        if len(columns) < 2:
            return None
        rows = list(zip(*columns, strict=True))
        if not all(map(all, columns)):
            nothing = (None,) * len(columns)
            rows = [row for row in rows if (None not in row if is_any else row != nothing)]
        return _counts(_repeated(rows), len(rows), mostly)

    return ({"ignore_row_if": ignored} if is_any else {}), judge


def _pair_greater(settings: Mapping[str, Any], mostly: float) -> _Made | None:
    or_equal = settings.get("or_equal", False)
    if settings.keys() - {"or_equal", "ignore_row_if"} or type(or_equal) is not bool:
        return None
    if settings.get("ignore_row_if") != "either_value_is_missing":
        return None

    def judge(columns: Sequence[Column]) -> Counts | None:
        pairs = [(a, b) for a, b in zip(*columns, strict=True) if a is not None and b is not None]
        values = [value for column in columns for value in column if value is not None]
        if not (_are(values, int, float) or _are(values, datetime)):
            return None
        unexpected = sum(not (a >= b if or_equal else a > b) for a, b in pairs)
        return _counts(unexpected, len(pairs), mostly)

    kwargs = {"or_equal": or_equal} if "or_equal" in settings else {}
    return {**kwargs, "ignore_row_if": "either_value_is_missing"}, judge


def _exists(settings: Mapping[str, Any], _mostly: float) -> _Made | None:
    # A column without a row is not in the frame.
    return None if settings else ({}, lambda columns: Counts(bool(columns[0])))


_ONE = ("column",)
_MAKERS: Mapping[str, tuple[tuple[str, ...], Callable[[Mapping[str, Any], float], _Made | None]]] = {
    "expect_column_max_to_be_between": (_ONE, _max_between),
    "expect_column_pair_values_a_to_be_greater_than_b": (("column_A", "column_B"), _pair_greater),
    "expect_column_to_exist": (_ONE, _exists),
    "expect_column_unique_value_count_to_be_between": (_ONE, _distinct_between),
    "expect_column_values_to_be_between": (_ONE, _between),
    "expect_column_values_to_be_in_set": (_ONE, _in_set(is_wanted=True)),
    "expect_column_values_to_be_unique": (_ONE, _unique),
    "expect_column_values_to_match_regex": (_ONE, _regex(is_wanted=True)),
    "expect_column_values_to_not_be_in_set": (_ONE, _in_set(is_wanted=False)),
    "expect_column_values_to_not_be_null": (_ONE, _not_null),
    "expect_column_values_to_not_match_regex": (_ONE, _regex(is_wanted=False)),
    "expect_compound_columns_to_be_unique": (("column_list",), _rows_unique),
}
"""By type of expectation, the settings that name its columns, and the function that compiles it."""
_WHOLE = frozenset(kind for kind, (_, make) in _MAKERS.items() if make in (_max_between, _distinct_between, _exists))
"""Types without the setting ``mostly``."""
