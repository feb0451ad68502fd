"""The grades that a score allows: one letter, or a range where too little was observed."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from catalog.exports.peers import COVERAGE_MIN
from specs.metrics import grade

__all__ = ["grade_range"]


def grade_range(row: Mapping[str, Any]) -> tuple[str, str] | None:
    """Return the best and the worst grade that a score allows, from "A" to "E"; None if nothing was observed.

    ``row``: a row with score, score_low, score_high and coverage_pct, and ``withheld``, ``addresses`` (of files) and
    ``asked`` (those of them that were asked) if it has them. With at least 80 % of the applicable measurements made and
    an address asked, both are the grade of the score. Otherwise they are the grades it would have if everything unknown
    had passed, and if it had failed. A withheld score has no grades.
    """
    if row.get("score") is None or row.get("withheld"):
        return None
    was_asked = not row.get("addresses") or row.get("asked")
    if was_asked and (row.get("coverage_pct") or 0.0) >= COVERAGE_MIN:
        letter = grade(row["score"]) or "E"
        return letter, letter
    low, high = row.get("score_low"), row.get("score_high")
    return grade(100.0 if high is None else high) or "A", grade(0.0 if low is None else low) or "E"
