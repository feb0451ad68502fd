"""Estimate the trend of a figure: Theil-Sen over weekly values, which a few unusual nights do not change.

Source: P. K. Sen, "Estimates of the regression coefficient based on Kendall's tau", JASA 63 (1968).
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
"""Least number of weekly values for a trend."""
WEEKS = 26
"""Number of weeks that a trend looks back; with more, a trend that has stopped would still seem to go on."""
DAYS_PER_MONTH = 365.2425 / 12
FAR = 36_525
"""Limit of a forecast in days: a century."""


def weekly(values: Iterable[tuple[date, float]]) -> list[tuple[date, float]]:
    """Return the last value of each ISO week, with its day, for the 26 weeks up to the last value.

    ``values`` are pairs of day and value. They must be sorted by day, oldest first.
    """
    found: dict[tuple[int, int], tuple[date, float]] = {}
    for day, value in values:
        found[day.isocalendar()[:2]] = (day, value)
    points = list(found.values())
    return [point for point in points if points[-1][0] - point[0] < timedelta(weeks=WEEKS)][-WEEKS:]


def theil_sen(points: Sequence[tuple[date, float]]) -> float | None:
    """Return the trend of a value per day by the Theil-Sen estimator: the median of the slopes between all pairs of
    points.

    ``points`` are pairs of day and value; no two may have the same day. None if there are fewer than eight points.
    """
    if len(points) < POINTS:
        return None
    return median((b - a) / (late - early).days for (early, a), (late, b) in combinations(points, 2))


def forecast(value: float, slope: float | None, target: float, better: Better, day: date) -> date | None:
    """Return the day on which ``value`` reaches ``target`` if it goes on to change by ``slope`` a day.

    ``day`` is the day of ``value``, and ``better`` the direction in which the value improves. The result is ``day`` if
    the target is met already. It is None if ``slope`` is None, if the value does not move towards the target, or if it
    needs a century or longer.
    """
    if satisfied(value, target, better):
        return day
    if not slope or (slope > 0) != (better == "increase"):
        return None
    days = (target - value) / slope
    return day + timedelta(days=ceil(days)) if days < FAR else None
