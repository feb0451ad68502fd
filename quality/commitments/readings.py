"""Convert the state of an item to columns of ``commitment_readings``, and back."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date
from typing import Any

from catalog.db.store import started
from quality.commitments.progress import Goal
from quality.commitments.timing import ItemState

__all__ = ["columns", "point_of"]


def columns(goal: Goal, point: ItemState, flags: set[str]) -> dict[str, Any]:
    """Return the state of an indicator or commitment after a run as columns of the table ``commitment_readings``.

    ``goal`` is what was promised, ``point`` the state after the run. ``flags`` are stored instead of the flags in
    ``point``. Coverage becomes a percentage, dates become ISO 8601 strings.
    """
    return {
        "start": goal.start.isoformat(),
        "deadline": goal.deadline.isoformat(),
        "baseline": point.baseline,
        "baseline_date": point.baseline_date.isoformat() if point.baseline_date else None,
        "value": point.value,
        "value_at_deadline": point.value_at_deadline,
        "coverage_pct": None if point.coverage is None else round(100 * point.coverage, 2),
        "progress": point.progress,
        "expected": point.expected,
        "trend_per_month": point.trend_per_month,
        "forecast_date": point.forecast_date.isoformat() if point.forecast_date else None,
        "timing_status": point.status,
        "candidate_status": point.candidate,
        "candidate_runs": point.candidate_runs,
        "suggested_completion": point.completion,
        "flags": sorted(flags),
        "is_observed": int(point.is_observed),
        "methodology_version": point.methodology,
    }


def point_of(row: Mapping[str, Any]) -> ItemState:
    """Return a row of the table ``commitment_readings`` as an ItemState; coverage becomes a share from 0 to 1."""
    coverage = row["coverage_pct"]
    return ItemState(
        day=started(row["run_id"]).date(),
        value=row["value"],
        coverage=None if coverage is None else coverage / 100,
        baseline=row["baseline"],
        baseline_date=_day(row["baseline_date"]),
        value_at_deadline=row["value_at_deadline"],
        progress=row["progress"],
        expected=row["expected"],
        trend_per_month=row["trend_per_month"],
        forecast_date=_day(row["forecast_date"]),
        status=row["timing_status"],
        candidate=row["candidate_status"],
        candidate_runs=row["candidate_runs"],
        completion=row["suggested_completion"],
        flags=tuple(row["flags"]),
        is_observed=bool(row["is_observed"]),
        methodology=row["methodology_version"] or "",
    )


def _day(text: str | None) -> date | None:
    return date.fromisoformat(text) if text else None
