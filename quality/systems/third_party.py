"""Score measurements by third-party scoring systems, each by its own rule, thousands of datasets at once."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import get_args

import numpy as np

from quality.systems.matrix import UNKNOWN_CELL, Counts, Group, Matrix, MeasurementMatrix, by_dataset, columns, position
from specs.systems import System, SystemItem

__all__ = ["Points", "answer_of", "coverage", "group_points", "system_points", "winner_of"]


@dataclass(frozen=True, slots=True)
class Points:
    """The totals of datasets in a third-party scoring system, with lower and upper bounds, each of shape
    (datasets,).
    """

    value: Matrix
    """Total with unknown measurements treated as the system does. NaN only in a system that leaves out what does not
    apply, if nothing applies or nothing is known; the bounds are NaN there if nothing applies."""
    low: Matrix
    """Total if everything unknown had failed."""
    high: Matrix
    """Total if everything unknown had passed."""


def system_points(system: System, measured: MeasurementMatrix) -> Points:
    """Return the totals of the datasets in ``measured`` in a third-party scoring system, with their bounds."""
    low, high = _total(system, measured, 0.0), _total(system, measured, 1.0)
    if system.unknown == "left_out":
        return Points(_total(system, measured, None), low, high)
    # A single item may treat the unknown differently from the rest of the system.
    has_own = any(item.unknown is not None for item in system.item)
    if has_own:
        return Points(_total(system, measured, 0.0, is_own=True), low, high)
    return Points(low if system.unknown == "failed" else high, low, high)


def _total(system: System, measured: MeasurementMatrix, unknown_as: float | None, *, is_own: bool = False) -> Matrix:
    rules = {"best_distribution": _best_distribution, "group_mean": _group_mean, "sum": _sum, "ladder": _ladder}
    return rules[system.rule](system, measured, _filled(system, measured, unknown_as, is_own=is_own))


Filled = dict[Group, Matrix]


def _filled(system: System, measured: MeasurementMatrix, unknown_as: float | None, *, is_own: bool) -> Filled:
    """Return the matrices with unknown cells replaced; None leaves them out, as not applicable."""
    made: Filled = {}
    for group in get_args(Group):
        values = measured.group(group)
        made[group] = np.where(values == UNKNOWN_CELL, np.nan if unknown_as is None else unknown_as, values)
    if is_own:
        for item in system.item:
            way = item.unknown or system.unknown
            group, column = position(item.metric)
            values = measured.group(group)[:, column]
            as_own = {"failed": 0.0, "passed": 1.0, "left_out": np.nan}[way]
            made[group][:, column] = np.where(values == UNKNOWN_CELL, as_own, values)
    return made


@lru_cache(maxsize=64)
def _items(system: System, group: Group) -> tuple[list[SystemItem], list[int], Matrix]:
    """Return the items of a group, their columns and their points."""
    chosen = [item for item in system.item if position(item.metric)[0] == group]
    return chosen, [position(i.metric)[1] for i in chosen], np.array([i.points for i in chosen])


def _points(values: Matrix, where: list[int], points: Matrix) -> Matrix:
    return np.nan_to_num(values[:, where]) @ points if where else np.zeros(len(values))


def _best_distribution(system: System, measured: MeasurementMatrix, filled: Filled) -> Matrix:
    """Return the points of the best distribution (the first of equal ones) plus the dataset's own points."""
    _, where, points = _items(system, "distribution")
    part_totals = _points(filled["distribution"], where, points)
    best = by_dataset(part_totals, measured.distribution_counts, "max", 0.0)
    items, where, points = _items(system, "dataset")
    total = best + _points(filled["dataset"], where, points)
    if len(part_totals):
        owner = np.repeat(np.arange(len(measured.distribution_counts)), measured.distribution_counts)
        candidates = np.flatnonzero(part_totals == best[owner])
        winners = np.full(len(measured.distribution_counts), -1)
        # Assigned in reverse order, so that the first of equal ones remains.
        winners[owner[candidates[::-1]]] = candidates[::-1]
        has_parts = winners >= 0
        for item in items:
            if item.unless is None:
                continue
            column = columns("distribution").index(item.unless)
            is_out = np.zeros(len(total), dtype=bool)
            is_out[has_parts] = ~np.isnan(measured.distributions[winners[has_parts], column])
            own = np.nan_to_num(filled["dataset"][:, position(item.metric)[1]])
            total -= np.where(is_out, own * item.points, 0.0)
    return total


def _group_mean(system: System, measured: MeasurementMatrix, filled: Filled) -> Matrix:
    """Return the mean of the groups that exist: the dataset, the mean of its distributions, the mean
    of its services.
    """
    _, where, points = _items(system, "dataset")
    total, groups = _points(filled["dataset"], where, points), np.ones(len(measured.datasets))
    parts: tuple[tuple[Group, Counts], ...] = (
        ("distribution", measured.distribution_counts),
        ("service", measured.service_counts),
    )
    for group, counts in parts:
        _, where, points = _items(system, group)
        if not where:
            continue
        # If not all metrics of a group are implemented here, its points are scaled to the maximum.
        scale = system.maximum / points.sum()
        sums = by_dataset(_points(filled[group], where, points), counts, "sum") * scale
        total += np.divide(sums, counts, out=np.zeros(len(counts)), where=counts > 0)
        groups += counts > 0
    return np.asarray(total / groups)


def _sum(system: System, measured: MeasurementMatrix, filled: Filled) -> Matrix:
    """Return the sum of the points of all items; distributions are aggregated by the way of the item, or of the system.

    If both the dataset and its representative distribution have a date, the dataset's counts.
    """
    replaced = {item.unless for item in system.item if item.unless}
    total, due = np.zeros(len(measured.datasets)), np.zeros(len(measured.datasets))
    for item in system.item:
        if item.metric in replaced:
            continue
        answer = _answer(system, item, measured, filled)
        applies = ~np.isnan(answer)
        total += np.nan_to_num(answer) * item.points
        due += applies * item.points
    if system.not_applicable == "failed":
        return total
    return np.asarray(np.divide(total * system.maximum, due, out=np.full(len(due), np.nan), where=due > 0))


def _answer(system: System, item: SystemItem, measured: MeasurementMatrix, filled: Filled) -> Matrix:
    """Return each dataset's answer to an item, shape (datasets,), 0..1; NaN where the item does not apply."""
    group, column = position(item.metric)
    values = filled[group][:, column]
    if group == "dataset":
        return values
    counts = measured.distribution_counts if group == "distribution" else measured.service_counts
    if system.not_applicable == "failed":
        values = np.nan_to_num(values)
    applies = ~np.isnan(values)
    known = by_dataset(applies.astype(float), counts, "sum")
    match item.over or system.over:
        case "best":
            found = by_dataset(np.where(applies, values, -np.inf), counts, "max", -np.inf)
        case "all":
            found = by_dataset(np.where(applies, values, np.inf), counts, "min", np.inf)
        case _:
            sums = by_dataset(np.nan_to_num(values), counts, "sum")
            found = np.divide(sums, known, out=np.zeros(len(sums)), where=known > 0)
    return np.where((known > 0) & np.isfinite(found), found, np.nan)


def _ladder(system: System, measured: MeasurementMatrix, filled: Filled) -> Matrix:
    """Return the points of the steps that the best distribution passes before its first failure."""
    where: Sequence[int] = [position(item.metric)[1] for item in system.item]
    points = np.array([item.points for item in system.item])
    passed = np.nan_to_num(filled["distribution"][:, where]) >= 1.0
    climbed = np.logical_and.accumulate(passed, axis=1)
    return by_dataset(climbed @ points, measured.distribution_counts, "max", 0.0)


# The following functions explain the total of a single dataset.


def _as_official(system: System, measured: MeasurementMatrix) -> Filled:
    unknown_as = {"failed": 0.0, "passed": 1.0, "left_out": None}[system.unknown]
    return _filled(system, measured, unknown_as, is_own=any(item.unknown is not None for item in system.item))


def winner_of(system: System, measured: MeasurementMatrix) -> int | None:
    """Return the row of the distribution with most points, which represents a dataset in a scoring system.

    Of several with equal points it is the first. ``measured`` must contain only that dataset. None if the dataset has
    no distribution.
    """
    if not len(measured.distributions):
        return None
    filled = _as_official(system, measured)
    _, where, points = _items(system, "distribution")
    values = np.nan_to_num(filled["distribution"][:, where])
    if system.rule == "ladder":
        values = np.logical_and.accumulate(values >= 1.0, axis=1).astype(float)
    return int(np.argmax(values @ points))


def group_points(system: System, item: SystemItem, measured: MeasurementMatrix) -> tuple[float, float]:
    """Return the points that an item contributes to the total of a single dataset, and the most that it could
    contribute.

    Call it for systems with the rule "group_mean": there the total is the mean of up to three groups, which are the
    dataset, its distributions and its services. ``measured`` must contain only that dataset. Both are 0 if the item is
    about distributions or services and the dataset has none.
    """
    group, column = position(item.metric)
    groups = 1 + bool(len(measured.distributions)) + bool(len(measured.services))
    values = np.nan_to_num(_as_official(system, measured)[group][:, column])
    if not len(values):
        return 0.0, 0.0
    _, _, points = _items(system, group)
    scale = 1.0 if group == "dataset" else system.maximum / points.sum()
    most = item.points * scale / groups
    return float(values.mean() * most), float(most)


def answer_of(system: System, item: SystemItem, measured: MeasurementMatrix) -> tuple[float, float]:
    """Return the points that an item contributes to the total of a single dataset, and the most that it could
    contribute.

    Call it for systems with the rule "sum": there the total is the sum over all items. ``measured`` must contain only
    that dataset. Both are 0 if the item does not apply to the dataset and the system leaves such items out.
    """
    filled = _as_official(system, measured)
    replaced = {one.unless for one in system.item if one.unless}
    answer = _answer(system, item, measured, filled)[0]
    if system.not_applicable == "failed":
        return float(np.nan_to_num(answer) * item.points), item.points
    due = sum(
        one.points
        for one in system.item
        if one.metric not in replaced and not np.isnan(_answer(system, one, measured, filled)[0])
    )
    if np.isnan(answer) or not due:
        return 0.0, 0.0
    most = item.points * system.maximum / due
    return float(answer * most), float(most)


def coverage(system: System, measured: MeasurementMatrix) -> tuple[float, dict[str, float]]:
    """Score a whole catalogue as one: return its total in a scoring system, and the points by metric id.

    ``measured`` are the measurements of all its datasets. The points of a metric are multiplied by its mean over all
    datasets (or distributions, or services). Unknown and not applicable measurements count as 0. A metric that another
    item names as ``unless`` is left out.
    """
    replaced = {item.unless for item in system.item if item.unless}
    found = {}
    for item in system.item:
        if item.metric not in replaced:
            group, column = position(item.metric)
            values = measured.group(group)[:, column]
            found[item.metric] = item.points * float(np.where(values > 0, values, 0.0).mean()) if len(values) else 0.0
    return sum(found.values()), found
