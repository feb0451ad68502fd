"""Find what has become worse since the last version of a table, by comparing the profiles of both.

A profile is a plain JSON object::

    {"row_count": int, "is_sample": bool, "columns": [
        {"name": str, "kind": "integer|number|date|datetime|time|text|code|empty", "filled": int, "nulls": int,
         "blanks": int, "distinct": int, "minimum": number|str|null, "maximum": number|str|null, "hash": str,
         "ends": [str, str]}]}

Dates are kept to the month; ``ends`` are digests of the first day and the last.

Growth is not drift, and many files replace their content regularly: one month after the other, or the last thirty days.
So only changes are reported that no such file would show; in doubt nothing is. No cell is quoted.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from datetime import date
from typing import Any

from catalog.model import TableDefect
from quality.tables.read.column_names import fold

__all__ = ["drift"]

_FALL = 0.2
"""Share of the rows from which on their loss is reported."""
_FEW = 10
"""Number of rows up to which their loss is not reported."""
_NULLS_UP = 0.2
_MIN_ROWS = 20
"""Least number of rows; in smaller tables shares change by chance."""
_NEAR = 0.1
"""Relative difference within which two numbers count as nearly the same."""
_NUMBERS = frozenset({"integer", "number"})
_DATES = frozenset({"date", "datetime"})
_WORDS = {"integer": "whole numbers", "number": "numbers", "date": "dates", "datetime": "dates", "time": "times"}

_MISSED = 5
"""Number of new days that must be missing, given as many rows a day as before."""
_MAX_STEP = 40
"""Most days from one date to the next; in columns with longer steps, dates are too rare to be missed."""
_MONTH = re.compile(r"\b(?:jan|feb|mar|apr|may|mai|jun|jul|aug|sep|oct|okt|nov|dec|dez)[a-z]*\b", re.IGNORECASE)

Profile = Mapping[str, Any]
_Pair = tuple[Profile, Profile]
"""The same column in the last version and in the present one."""


def drift(previous: Profile, present: Profile) -> tuple[TableDefect, ...]:
    """Return what has become worse in a table since its previous version, by comparing the profiles of both versions.

    ``previous`` and ``present`` are profiles as they are stored. The result is empty if they have no column in common.
    Rows lost, and dates that no longer move on, are looked for only if both versions were read as a whole.
    """
    before, after = _columns(previous), _columns(present)
    renamed = _renamed(before, after)
    pairs = [(before[name], after[name]) for name in before if name in after]
    pairs += [(before[old], after[new]) for old, new in renamed.items()]
    if not pairs:
        return ()  # the file now contains another table, or its header was read differently
    lost = [name for name in before if name not in after and name not in renamed]
    found = [_lost(lost, list(before), list(after)), *_renames(renamed)]
    # A sample ends anywhere: a file that was cut says nothing about the rows after the cut.
    if not previous.get("is_sample") and not present.get("is_sample"):
        found += [_rows(previous, present, pairs), *_stopped(previous, present, pairs)]
    for old, new in pairs:
        found += [_type(old, new), _nulls(old, new, previous, present)]
    return tuple(defect for defect in found if defect is not None)


def _columns(profile: Profile) -> dict[str, Profile]:
    columns = profile.get("columns") or ()
    return {str(column["name"]): column for column in columns}


def _say(rule: str, message: str, *, count: int = 1, field: str | None = None) -> TableDefect:
    return TableDefect(rule=rule, count=count, message=message, field=field, source="sniff")


# Columns


def _renamed(before: Mapping[str, Profile], after: Mapping[str, Profile]) -> dict[str, str]:
    """Return the new name of each column that is plainly the same under another name, by old name."""
    gone = [name for name in before if name not in after and not _is_period(name)]
    new = [name for name in after if name not in before and not _is_period(name)]
    found: dict[str, str] = {}
    for is_same in (_is_same_word, _has_same_content):
        for old in [name for name in gone if name not in found]:
            likely = [name for name in new if name not in found.values() and is_same(before[old], after[name])]
            if len(likely) == 1:
                found[old] = likely[0]
    if len(before) == len(after):  # columns that were added or removed would shift the positions of the others
        for old, fresh in zip(before, after, strict=True):
            is_free = old in gone and old not in found and fresh in new and fresh not in found.values()
            if is_free and _looks_alike(before[old], after[fresh]):
                found[old] = fresh
    return found


def _is_period(name: str) -> bool:
    """Return whether a column stands for a year or month: such tables lose the oldest and gain the newest."""
    return bool(re.search(r"(?:^|\D)(?:19|20)\d\d(?:\D|$)", name) or _MONTH.search(name))


def _is_same_word(old: Profile, new: Profile) -> bool:
    """Return whether two names are the same word, such as "Postcode" and "post_code"."""
    word = fold(str(old["name"]))
    return bool(word) and word == fold(str(new["name"]))


def _has_same_content(old: Profile, new: Profile) -> bool:
    # Columns with a single value, or none, are equal by chance.
    return bool(old.get("hash")) and old.get("hash") == new.get("hash") and int(old.get("distinct") or 0) > 2


def _looks_alike(old: Profile, new: Profile) -> bool:
    if old.get("kind") != new.get("kind") or old.get("kind") == "empty":
        return False
    if not _near(old.get("distinct"), new.get("distinct")):
        return False
    if old.get("kind") in _NUMBERS:
        return _near(old.get("minimum"), new.get("minimum")) and _near(old.get("maximum"), new.get("maximum"))
    # The alphabetical range of text proves something only if both ends are unchanged.
    return old.get("minimum") is not None and all(
        old.get(end) == new.get(end) for end in ("minimum", "maximum", "ends")
    )


def _near(one: object, other: object) -> bool:
    if not isinstance(one, int | float) or not isinstance(other, int | float):
        return False
    return abs(one - other) <= _NEAR * max(abs(one), abs(other))


def _lost(lost: Sequence[str], before: Sequence[str], after: Sequence[str]) -> TableDefect | None:
    if any(_is_period(name) for name in after if name not in before):
        lost = [name for name in lost if not _is_period(name)]
    if not lost:
        return None
    if len(lost) == 1:
        return _say("drift_columns_lost", "A column of the last version is gone.", field=lost[0])
    names = ", ".join(name[:60] for name in lost[:5]) + (", …" if len(lost) > 5 else "")
    message = f"{len(lost)} of the {len(before)} columns of the last version are gone: {names}."
    return _say("drift_columns_lost", message, count=len(lost))


def _renames(renamed: Mapping[str, str]) -> list[TableDefect]:
    return [
        _say(
            "drift_columns_renamed",
            f"A column has another name than in the last version: it was '{old[:100]}'.",
            field=new,
        )
        for old, new in renamed.items()
    ]


# Rows


def _rows(previous: Profile, present: Profile, pairs: Sequence[_Pair]) -> TableDefect | None:
    before, after = int(previous.get("row_count") or 0), int(present.get("row_count") or 0)
    fall = before - after
    if fall <= _FEW or fall <= _FALL * before or any(_is_another_period(*pair) for pair in pairs):
        return None
    message = f"{fall:,} of {before:,} rows ({fall / before:.0%}) are gone since the last version."
    return _say("drift_rows_lost", message, count=fall)


def _is_another_period(old: Profile, new: Profile) -> bool:
    """Return whether the file of one month was replaced by that of another, or a window of days moved on or back."""
    began, ended, begins, ends = (_moment(one, end) for one in (old, new) for end in ("minimum", "maximum"))
    if began is None or ended is None or begins is None or ends is None:
        return False
    # Ends are kept to the month; within a month they have moved if their digests differ.
    moves = [begins - began, ends - ended]
    has_moved = all(move or not _is_same_end(old, new, end) for end, move in enumerate(moves))
    return has_moved and (min(moves) >= 0 or max(moves) <= 0)


def _is_same_end(old: Profile, new: Profile, end: int) -> bool:
    """Return whether the first day (``end`` 0) or the last (1) of a column is unchanged."""
    before, after = old.get("ends"), new.get("ends")
    if isinstance(before, list) and isinstance(after, list):
        return bool(before[end] == after[end])
    name = ("minimum", "maximum")[end]
    return _day(old.get(name)) == _day(new.get(name))


def _moment(column: Profile, end: str) -> int | None:
    """Return a day as an ordinal number, a year as its first day, or None for anything else."""
    value = column.get(end)
    if column.get("kind") == "integer" and isinstance(value, int | float) and 1900 <= value <= 2100:
        return date(int(value), 1, 1).toordinal()
    day = _day(value) if column.get("kind") in _DATES else None
    return day.toordinal() if day else None


# Cells


def _type(old: Profile, new: Profile) -> TableDefect | None:
    was, now = str(old.get("kind")), str(new.get("kind"))
    if was == now or "empty" in (was, now):
        return None
    # Numbers that gained decimals, or that turn out to be codes, are no fault, and neither is text that has become
    # stricter.
    is_worse = (was in _NUMBERS and now in {"text", "time", *_DATES}) or (was in _DATES and now not in _DATES)
    if not is_worse or min(int(old.get("filled") or 0), int(new.get("filled") or 0)) < _MIN_ROWS:
        return None
    message = f"The column held {_WORDS[was]} in the last version, and holds {_WORDS.get(now, now)} now."
    return _say("drift_type_changed", message, field=str(new["name"]))


def _nulls(old: Profile, new: Profile, previous: Profile, present: Profile) -> TableDefect | None:
    before, after = _null_share(old, previous), _null_share(new, present)
    if before is None or after is None or after - before < _NULLS_UP:
        return None
    count = _empty(new, present)
    message = f"{after:.0%} of the cells of the column are empty; in the last version it was {before:.0%}."
    return _say("drift_nulls_up", message, count=count, field=str(new["name"]))


def _empty(column: Profile, profile: Profile) -> int:
    """Return the number of cells without a value: blank ones and signs for missing values.

    ``filled`` may or may not include the latter.
    """
    nulls, blanks = int(column.get("nulls") or 0), int(column.get("blanks") or 0)
    rest = int(profile.get("row_count") or 0) - int(column.get("filled") or 0)
    return rest if rest in (nulls + blanks, nulls) else nulls + blanks


def _null_share(column: Profile, profile: Profile) -> float | None:
    rows = int(profile.get("row_count") or 0)
    return min(1.0, _empty(column, profile) / rows) if rows >= _MIN_ROWS else None


# Dates


def _stopped(previous: Profile, present: Profile, pairs: Sequence[_Pair]) -> list[TableDefect]:
    """Report columns whose last date is unchanged although enough rows for several new days were added.

    Nothing is reported if any date column of the table moved on: a live file may well contain dates of past events.
    """
    dates = [(old, new) for old, new in pairs if {old.get("kind"), new.get("kind")} <= _DATES]
    if any(not _is_same_end(old, new, 1) for old, new in dates):
        return []
    rows = int(previous.get("row_count") or 0)
    grown = int(present.get("row_count") or 0) - rows
    found = []
    for old, new in dates:
        first, last, distinct = _day(old.get("minimum")), _day(old.get("maximum")), int(old.get("distinct") or 0)
        if first is None or last is None or distinct < _MIN_ROWS or int(new.get("distinct") or 0) > distinct:
            continue
        step = (last - first).days / (distinct - 1)
        if step > _MAX_STEP or grown < max(_FEW, _MISSED * rows / distinct):
            continue
        message = f"{grown:,} rows came since the last version, and the latest date of the column is the same."
        found.append(_say("drift_date_stopped", message, count=grown, field=str(new["name"])))
    return found


def _day(value: object) -> date | None:
    """Return a day, or the first day of a month; None if the value is neither."""
    said = str(value)[:10]
    try:
        return date.fromisoformat(f"{said}-01" if len(said) == 7 else said)
    except ValueError:
        return None
