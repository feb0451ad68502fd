"""Where a figure is heading: Theil-Sen over weekly values, which a few odd nights do not bend.

P. K. Sen, "Estimates of the regression coefficient based on Kendall's tau", JASA 63 (1968).
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import date, timedelta
from itertools import combinations
from math import ceil
from statistics import median

from quality.commitments.progress import Better, satisfied

__all__ = ["DAYS_PER_MONTH", "POINTS", "WEEKS", "forecast", "theil_sen", "weekly"]

POINTS = 8
"""Weekly values that a trend needs."""
WEEKS = 26
"""Weeks that a trend looks back: with more, one that has stopped would still seem to go on."""
DAYS_PER_MONTH = 365.2425 / 12
FAR = 36_525
"""Days: what lies a century ahead is no forecast."""


def weekly(values: Iterable[tuple[date, float]]) -> list[tuple[date, float]]:
    """The last value of each ISO week, of the last 26 weeks. ``values`` are in the order of their days."""
    found: dict[tuple[int, int], tuple[date, float]] = {}
    for day, value in values:
        found[day.isocalendar()[:2]] = (day, value)
    points = list(found.values())
    return [point for point in points if points[-1][0] - point[0] < timedelta(weeks=WEEKS)][-WEEKS:]


def theil_sen(points: Sequence[tuple[date, float]]) -> float | None:
    """The slope for a day: the median of the slopes of all pairs. None with fewer than eight points."""
    if len(points) < POINTS:
        return None
    return median((b - a) / (late - early).days for (early, a), (late, b) in combinations(points, 2))


def forecast(value: float, slope: float | None, target: float, better: Better, day: date) -> date | None:
    """The day on which the trend reaches the target; ``day`` where it is met; None where the trend does not."""
    if satisfied(value, target, better):
        return day
    if not slope or (slope > 0) != (better == "increase"):
        return None
    days = (target - value) / slope
    return day + timedelta(days=ceil(days)) if days < FAR else None
