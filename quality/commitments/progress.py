"""Compute how far a commitment has come, and the word for it. Pure functions: no rows, no clock.

The thresholds of ``suggested_completion`` and of the timing are Winnow's own: OGP's Independent Reporting Mechanism
(IRM) publishes none. Our result never overwrites a verdict of the IRM.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from typing import Literal

__all__ = [
    "COVERAGE",
    "SHRINK",
    "Better",
    "Completion",
    "Goal",
    "CommitmentItem",
    "elapsed",
    "overall",
    "progress",
    "satisfied",
    "suggested_completion",
]

COVERAGE = 0.8
"""Least share of the scope that must be observed, 0 to 1; with less there is no evidence."""
SHRINK = 0.05
"""Share of the datasets that may vanish from a scope before the reader is warned, 0 to 1."""

Better = Literal["increase", "decrease"]
Completion = Literal["no_evidence", "not_started", "limited", "substantial", "complete"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Goal:
    """What a commitment promises about one value: from which baseline to which target, and between which days."""

    start: date
    deadline: date
    baseline: float | None
    """Value at the start; None until a first value has been read with enough evidence, which then
    becomes the baseline."""
    baseline_date: date | None = None
    target: float
    better: Better
    """The direction in which the figure improves."""


@dataclass(frozen=True, slots=True)
class CommitmentItem:
    """The progress and the weight of one indicator or milestone of a commitment.

    ``progress`` is from 0 to 1. It is None if the indicator was never measured with enough coverage.
    """

    progress: float | None
    weight: float = 1.0


def satisfied(value: float, target: float, better: Better) -> bool:
    """Return whether ``value`` reaches ``target``; a value equal to the target does.

    With ``better="increase"`` the value must be at least the target, with "decrease" at most.
    """
    return value >= target if better == "increase" else value <= target


def progress(value: float, baseline: float, target: float, better: Better) -> float:
    """Return how much of the way from ``baseline`` to ``target`` has been covered by ``value``, 0 to 1.

    ``better`` is the direction of improvement. If the baseline itself meets the target, the promise is to maintain it:
    the result is 1 while ``value`` meets the target, else 0.

    >>> progress(30, baseline=20, target=40, better="increase")
    0.5
    >>> progress(10, baseline=20, target=10, better="decrease")
    1.0
    """
    if satisfied(value, target, better):
        return 1.0
    if satisfied(baseline, target, better):
        return 0.0
    # Stay below 1 in spite of rounding: 1 means that the target is met.
    return min(max((value - baseline) / (target - baseline), 0.0), 1.0 - 1e-9)


def overall(items: Sequence[CommitmentItem]) -> float | None:
    """Return the weighted mean of the progress of ``items``, the indicators and milestones of a commitment, 0 to 1.

    Items whose progress is None are left out; the result is None if all are. It is 1 only if every item counted is
    complete.
    """
    known = [(one.progress, one.weight) for one in items if one.progress is not None]
    total = sum(weight for _, weight in known)
    if not known:
        return None
    mean = sum(value * weight for value, weight in known) / total
    return 1.0 if all(value == 1.0 for value, _ in known) else min(mean, 1.0 - 1e-9)


def elapsed(start: date, deadline: date, day: date) -> float:
    """Return the share of the time from ``start`` to ``deadline`` that has passed on ``day``, 0 to 1."""
    return min(max((day - start).days / (deadline - start).days, 0.0), 1.0)


def suggested_completion(
    share: float | None, coverage: float | None, *, is_met: bool, is_resolved: bool = True
) -> Completion:
    """Return the degree of completion, in the words of OGP's Independent Reporting Mechanism, that the figures suggest.

    - ``share``: the progress, 0 to 1; None means unknown.
    - ``coverage``: the observed share of the scope, 0 to 1; None means unknown.
    - ``is_met``: whether every item meets its target.
    - ``is_resolved``: whether the scope contains enough datasets.

    The result is "no_evidence" if progress or coverage is unknown, the coverage is below 80 % or the scope is too
    small. Otherwise it is "complete" if the targets are met, "not_started" below a progress of 5 %, "limited" below 50
    %, and else "substantial".
    """
    if share is None or coverage is None or coverage < COVERAGE or not is_resolved:
        return "no_evidence"
    if is_met:
        return "complete"
    if share < 0.05:
        return "not_started"
    return "limited" if share < 0.5 else "substantial"
