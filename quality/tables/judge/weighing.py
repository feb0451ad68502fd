"""Weigh defects: the severity of each, whether they make the table invalid, and how many of a rule are listed."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import replace

from catalog.model import TableDefect
from quality.tables.judge.rules import severity_of

__all__ = ["bounded", "is_invalid", "weighed"]

MOST_OF_A_RULE = 100
FAILING_RATE = 1.0
"""Defects per 1,000 rows from which on a table is invalid: one bad cell in a million does not fail a file."""


def weighed(defects: Iterable[TableDefect]) -> list[TableDefect]:
    """Return the defects with the severity of their rules, as ``specs/table_rules.toml`` and ``specs/expectations``
    state it.
    """
    return [replace(one, severity=severity_of(one.rule)) for one in defects]


def is_invalid(defects: Iterable[TableDefect], rows: int) -> bool:
    """Return whether a table is invalid: a defect with the severity "error" occurs at least once for every 1,000 rows.

    ``rows`` is the number of rows of the table.
    """
    return any(one.severity == "error" and 1000 * one.count >= FAILING_RATE * rows for one in defects)


def bounded(defects: Iterable[TableDefect]) -> Iterator[TableDefect]:
    """Yield the defects, but at most 100 for each rule, and one more that stands for all others of the rule.

    That one has the sum of their counts and no column name.
    """
    by_rule: dict[str, list[TableDefect]] = {}
    for one in defects:
        by_rule.setdefault(one.rule, []).append(one)
    for found in by_rule.values():
        yield from found[:MOST_OF_A_RULE]
        if beyond := found[MOST_OF_A_RULE:]:
            yield replace(beyond[0], field=None, count=sum(one.count for one in beyond), rows=(), first_row=None)
