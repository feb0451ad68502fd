"""Follow whether a commitment is on time: the state of an item from run to run. Pure: equal runs give equal states.

A state changes only after three runs in a row that agree. A run whose harvest failed changes nothing. At the deadline
the last value with enough evidence is frozen, and decides.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from typing import Literal

from quality.commitments.progress import (
    COVERAGE,
    SHRINK,
    Completion,
    Goal,
    elapsed,
    progress,
    satisfied,
    suggested_completion,
)
from quality.commitments.trend import DAYS_PER_MONTH, forecast, theil_sen, weekly
from specs.methodology import is_comparable

__all__ = ["RUNS", "ItemState", "ItemObservation", "Status", "step"]

Status = Literal[
    "scheduled", "on_track", "at_risk", "off_track", "met", "missed", "met_late", "regressed", "unmeasurable"
]
FINAL = ("met", "missed", "met_late", "regressed")
RUNS = 3
"""Number of runs in a row that change a state."""
SLACK, RISK = 0.10, 0.30
"""How far progress may lag behind the elapsed share of time: up to SLACK it is on track, up to RISK at risk."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ItemObservation:
    """What one run observed of an indicator, or of a commitment as a whole."""

    day: date
    value: float | None
    coverage: float | None
    """Share of the scope that was observed, 0 to 1; always 1 for a value that a person states."""
    is_harvested: bool = True
    """False if too little of the scope was harvested in this run: then the run changes no status."""
    is_resolved: bool = True
    """Whether the scope contains enough datasets."""
    is_whole: bool = True
    """False if an indicator or milestone of the commitment was never measured: then the commitment cannot be complete.
    """
    vanished: float = 0.0
    """Share of the scope's datasets that vanished and were neither replaced nor waived, 0 to 1."""
    methodology: str = ""
    """Version of the methodology by which the run measured."""

    @property
    def is_evidence(self) -> bool:
        """Return whether the value may be judged: the harvest succeeded, the scope is large enough, and 80 % was
        observed.
        """
        return self.is_harvested and self.is_resolved and self.value is not None and (self.coverage or 0.0) >= COVERAGE


@dataclass(frozen=True, slots=True, kw_only=True)
class ItemState:
    """The state of an indicator, milestone or commitment after one run, as stored. Shares are from 0 to 1.

    ``status`` is the current status. ``candidate`` is another status that each of the last ``candidate_runs`` runs
    suggests; after three runs it replaces ``status``. ``expected`` is the share of the time that has passed.
    ``value_at_deadline`` is the value that decides whether the promise was kept; None before the deadline, or if no
    value could be judged by then.
    ``trend_per_month`` is the change of the value in a month, and ``forecast_date`` the day on which the trend reaches
    the target; each is None if there is no such trend. ``flags`` are remarks on the observation, such as
    "low_coverage". ``is_observed`` says whether the run's value may be judged, see :attr:`ItemObservation.is_evidence`.
    """

    day: date
    value: float | None
    coverage: float | None
    baseline: float | None
    baseline_date: date | None
    value_at_deadline: float | None
    progress: float | None
    expected: float
    trend_per_month: float | None
    forecast_date: date | None
    status: Status
    candidate: Status | None
    candidate_runs: int
    completion: Completion
    flags: tuple[str, ...]
    is_observed: bool
    methodology: str = ""


def step(goal: Goal, seen: ItemObservation, past: Sequence[ItemState] = ()) -> ItemState:
    """Return the state of an indicator or commitment after a run, computed from its states after earlier runs.

    If too little was harvested in the run, the figures and the status of the last state are kept; only at the deadline
    the last value that may be judged decides even then.

    - ``goal``: what was promised.
    - ``seen``: what the run observed.
    - ``past``: the earlier states, oldest first. They must belong to the same definition of the indicator.
    """
    last = past[-1] if past else None
    flags: set[str] = set()
    baseline, baseline_date = goal.baseline, goal.baseline_date
    if baseline is None:
        baseline, baseline_date = _measured_baseline(seen, last)
        if baseline is not None:
            flags.add("baseline_measured")
    # If nothing was observed, the last figures are kept.
    value, share = seen.value, last.progress if last else None
    coverage = seen.coverage
    if not seen.is_harvested:
        flags.add("no_observation")
        value, coverage = (last.value, last.coverage) if last else (None, None)
    elif not seen.is_resolved:
        flags.add("scope_unresolved")
    elif seen.value is None:
        flags.add("no_value")
    elif not seen.is_evidence:
        flags.add("low_coverage")
    if seen.is_evidence and seen.value is not None and baseline is not None:
        share = progress(seen.value, baseline, goal.target, goal.better)
    if seen.vanished > SHRINK:
        flags.add("scope_shrunk")
    if last and not is_comparable(seen.methodology, last.methodology):
        flags.add("methodology_changed")
    evidence = [(p.day, p.value) for p in past if p.is_observed and p.value is not None]
    frozen = _frozen(goal, seen, last, evidence)
    if seen.day >= goal.deadline and frozen is None and seen.is_evidence:
        flags.add("read_after_deadline")
    slope, ahead = _trend(goal, seen, past)
    is_met = share == 1.0 and seen.is_whole
    status, candidate, runs = _state(goal, seen, last, share, frozen, slope is not None, ahead)
    return ItemState(
        day=seen.day,
        value=value,
        coverage=coverage,
        baseline=baseline,
        baseline_date=baseline_date,
        value_at_deadline=frozen,
        progress=share,
        expected=elapsed(goal.start, goal.deadline, seen.day),
        trend_per_month=None if slope is None else slope * DAYS_PER_MONTH,
        forecast_date=ahead,
        status=status,
        candidate=candidate,
        candidate_runs=runs,
        completion=suggested_completion(share, coverage, is_met=is_met, is_resolved=seen.is_resolved),
        flags=tuple(sorted(flags)),
        is_observed=seen.is_evidence,
        methodology=seen.methodology,
    )


def _measured_baseline(seen: ItemObservation, last: ItemState | None) -> tuple[float | None, date | None]:
    if last and last.baseline is not None:
        return last.baseline, last.baseline_date
    return (seen.value, seen.day) if seen.is_evidence else (None, None)


def _frozen(
    goal: Goal, seen: ItemObservation, last: ItemState | None, evidence: Sequence[tuple[date, float]]
) -> float | None:
    """Return the value that decides at the deadline; None before it, or if there was no evidence by then."""
    if seen.day < goal.deadline:
        return None
    if seen.day == goal.deadline and seen.is_evidence:
        return seen.value
    if last and last.day >= goal.deadline and last.value_at_deadline is not None:
        return last.value_at_deadline
    return next((value for day, value in reversed(evidence) if day <= goal.deadline), None)


def _trend(goal: Goal, seen: ItemObservation, past: Sequence[ItemState]) -> tuple[float | None, date | None]:
    if not seen.is_evidence or seen.value is None:
        # Nothing new was observed: the last trend is kept.
        last = past[-1] if past else None
        if last is None or last.trend_per_month is None:
            return None, None
        return last.trend_per_month / DAYS_PER_MONTH, last.forecast_date
    # Values of methodologies that are not comparable are two different figures.
    values = [
        (p.day, p.value)
        for p in past
        if p.is_observed and p.value is not None and is_comparable(p.methodology, seen.methodology) and p.day < seen.day
    ]
    slope = theil_sen(weekly([*values, (seen.day, seen.value)]))
    ahead = forecast(seen.value, slope, goal.target, goal.better, seen.day) if slope is not None else None
    return slope, ahead


def _state(
    goal: Goal,
    seen: ItemObservation,
    last: ItemState | None,
    share: float | None,
    frozen: float | None,
    has_trend: bool,
    ahead: date | None,
) -> tuple[Status, Status | None, int]:
    """Return the state, the other state that recent runs suggest, and for how many runs in a row they have."""
    before = last.status if last else None
    if seen.day < goal.start:
        return "scheduled", None, 0
    is_over = seen.day >= goal.deadline
    if is_over and frozen is not None and before not in FINAL:
        # The frozen value was read before: no later run can change it.
        kept = satisfied(frozen, goal.target, goal.better) and seen.is_whole
        return ("met" if kept else "missed"), None, 0
    if last and before != "scheduled" and (not seen.is_harvested or (before in FINAL and not seen.is_evidence)):
        return last.status, last.candidate, last.candidate_runs
    found = _after(goal, seen, before, frozen) if is_over else _before(goal, seen, share, has_trend, ahead)
    # An item that was never read has no state to defend: its first evidence is accepted at once.
    is_first = last is None or before == "scheduled" or (before == "unmeasurable" and last.progress is None)
    if last is None or is_first or before == found:
        return found, None, 0
    runs = last.candidate_runs + 1 if last.candidate == found else 1
    return (found, None, 0) if runs >= RUNS else (last.status, found, runs)


def _before(goal: Goal, seen: ItemObservation, share: float | None, has_trend: bool, ahead: date | None) -> Status:
    if share is None or (seen.is_harvested and not seen.is_evidence):
        return "unmeasurable"
    behind = elapsed(goal.start, goal.deadline, seen.day) - share
    # A small tolerance for the rounding of fractions.
    if behind > RISK + 1e-9:
        return "off_track"
    is_late = has_trend and share < 1 and (ahead is None or ahead > goal.deadline)
    if behind > SLACK + 1e-9 or is_late or seen.vanished > SHRINK:
        return "at_risk"
    return "on_track"


def _after(goal: Goal, seen: ItemObservation, before: Status | None, frozen: float | None) -> Status:
    """Return the state of an item after its deadline, from what is read now."""
    if not seen.is_evidence or seen.value is None:
        return "unmeasurable"
    is_met = satisfied(seen.value, goal.target, goal.better) and seen.is_whole
    if frozen is None:
        # Without evidence by the deadline nothing says that the promise was broken then.
        return "met" if is_met else "regressed" if before in ("met", "regressed") else "unmeasurable"
    if is_met:
        return "met" if satisfied(frozen, goal.target, goal.better) else "met_late"
    return "regressed" if before in ("met", "met_late", "regressed") else "missed"
