"""How far a promise has come, and what to call that. Pure: no rows, no clock.

The cut-offs of ``suggested_completion`` and of the timing are Winnow's own; OGP's Independent Reporting Mechanism
publishes none, and its verdict is never overwritten by ours.
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
"""Share of the scope that must have been observed; with less there is no evidence."""
SHRINK = 0.05
"""Share of the datasets that may vanish from a scope before a reader is warned."""

Better = Literal["increase", "decrease"]
Completion = Literal["no_evidence", "not_started", "limited", "substantial", "complete"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Goal:
    """What was promised of one figure."""

    start: date
    deadline: date
    baseline: float | None
    """None until the first value that was read with enough evidence stands for it."""
    baseline_date: date | None = None
    target: float
    better: Better
    """The side on which more is done."""


@dataclass(frozen=True, slots=True)
class CommitmentItem:
    """An indicator or milestone within a commitment: progress from 0 to 1, None where there never was evidence."""

    progress: float | None
    weight: float = 1.0


def satisfied(value: float, target: float, better: Better) -> bool:
    """Whether a value meets its target."""
    return value >= target if better == "increase" else value <= target


def progress(value: float, baseline: float, target: float, better: Better) -> float:
    """The part of the way from baseline to target that was covered, 0 to 1, for both directions.

    Where the baseline meets the target already (maintain), there is no way: 1 as long as it is met, else 0.
    """
    if satisfied(value, target, better):
        return 1.0
    if satisfied(baseline, target, better):
        return 0.0
    # Below 1 whatever the rounding: 1 says that the target is met.
    return min(max((value - baseline) / (target - baseline), 0.0), 1.0 - 1e-9)


def overall(items: Sequence[CommitmentItem]) -> float | None:
    """The weighted mean over indicators and milestones; those without any evidence are left out. None without one."""
    known = [(one.progress, one.weight) for one in items if one.progress is not None]
    total = sum(weight for _, weight in known)
    if not known:
        return None
    mean = sum(value * weight for value, weight in known) / total
    return 1.0 if all(value == 1.0 for value, _ in known) else min(mean, 1.0 - 1e-9)


def elapsed(start: date, deadline: date, day: date) -> float:
    """The part of the time from start to deadline that has passed, 0 to 1."""
    return min(max((day - start).days / (deadline - start).days, 0.0), 1.0)


def suggested_completion(
    share: float | None, coverage: float | None, *, is_met: bool, is_resolved: bool = True
) -> Completion:
    """The word of the IRM's scale that the figures suggest.

    ``share`` is the progress, ``is_met`` whether every item meets its target, ``is_resolved`` whether the scope holds
    enough datasets.
    """
    if share is None or coverage is None or coverage < COVERAGE or not is_resolved:
        return "no_evidence"
    if is_met:
        return "complete"
    if share < 0.05:
        return "not_started"
    return "limited" if share < 0.5 else "substantial"
