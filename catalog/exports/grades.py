"""The grades that a score allows: one letter, or a range where too little was observed."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from typing import Any

from catalog.db.store import Catalog
from catalog.repositories.scores import COUNTED
from specs.metrics import grade

__all__ = ["COVERAGE_MIN", "add_grades", "grade_range", "grade_text", "is_observed"]

COVERAGE_MIN = 80.0
"""Percent of the applicable measurements that one letter, or a rank, needs."""


def is_observed(row: Mapping[str, Any]) -> bool:
    """Return whether enough was observed for one letter and for a rank: 80 % of the applicable measurements, and the
    answer of an address if there are any.

    ``row``: a row with ``coverage_pct``, and ``addresses`` (of files) and ``asked`` (those of them that were asked) if
    it has them.
    """
    return bool(not row.get("addresses") or row.get("asked")) and (row.get("coverage_pct") or 0.0) >= COVERAGE_MIN


def grade_range(row: Mapping[str, Any]) -> tuple[str, str] | None:
    """Return the best and the worst grade that a score allows, from "A" to "E"; None if nothing was observed.

    ``row``: a row as for :func:`is_observed`, with score, score_low and score_high, and ``withheld`` if it has it. If
    enough was observed, both are the grade of the score. Otherwise they are the grades it would have if everything
    unknown had passed, and if it had failed. A withheld score has no grades.
    """
    if row.get("score") is None or row.get("withheld"):
        return None
    if is_observed(row):
        letter = grade(row["score"]) or "E"
        return letter, letter
    low, high = row.get("score_low"), row.get("score_high")
    return grade(100.0 if high is None else high) or "A", grade(0.0 if low is None else low) or "E"


def grade_text(grades: tuple[str, str] | None) -> str | None:
    """Return what :func:`grade_range` gave as a text for tables, "B" or "A to D"; None for None.

    >>> grade_text(("A", "D"))
    'A to D'
    """
    if grades is None:
        return None
    best, worst = grades
    return best if best == worst else f"{best} to {worst}"


_OF = {
    "government": "governments g on g.name = j.value join present_datasets d on d.portal_id = g.portal_id",
    "portal": "present_datasets d on d.portal_id = j.value",
    "publisher": "present_datasets d on d.publisher_id = j.value",
}


def add_grades(catalog: Catalog, rows: Sequence[dict[str, Any]]) -> None:
    """Fill ``grade`` of the rows of a scorecard, one letter or None, and ``grades``, what :func:`grade_range` gives.

    Where no answer of any address counts as a measurement, it is looked up whether one was asked at all; such rows also
    get ``addresses`` and ``asked``, which ranks depend on.
    """
    for level in _OF:
        found = {row["entity_id"]: row for row in rows if row["entity_level"] == level and _may_be_unasked(row)}
        for told in _asked(catalog, level, list(found)):
            found[told["id"]] |= {"addresses": told["addresses"], "asked": told["asked"]}
    for row in rows:
        row["grades"] = grades = grade_range(row)
        row["grade"] = grades[0] if grades and grades[0] == grades[1] else None


def _may_be_unasked(row: Mapping[str, Any]) -> bool:
    return row.get("score") is not None and is_observed(row) and row.get("links_ok_pct") is None


def _asked(catalog: Catalog, level: str, ids: list[str]) -> list[dict[str, Any]]:
    """Return how many addresses the present files of some entities have, and how many of them were asked."""
    if not ids:
        return []
    return catalog.rows(
        f"""select j.value as id, count(f.url) as addresses,
              count(*) filter (where c.outcome in ('ok', 'broken', 'invalid')) as asked
            from json_each(:ids) j cross join {_OF[level]} join current_distributions f on f.dataset_id = d.id
            left join resource_checks c on c.url = f.url where {COUNTED[level]} group by 1""",  # noqa: S608  # texts of ours
        {"ids": json.dumps(ids)},
    )
