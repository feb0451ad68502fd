"""Compute the exact gain of a fix: the points by which the score rises when a measurement becomes 1.

The score is a weighted mean of weighted means, so most gains are a product of shares. Only if a file can be fetched
again, other measurements come back with it (see ``needs_data``); then the score is computed anew.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache

import numpy as np
from numpy.typing import NDArray

from quality.systems.matrix import Matrix, MeasurementMatrix, by_dataset
from quality.systems.winnow import (
    Answers,
    Bounds,
    aggregate_to_dataset,
    answers,
    apply_needs_data,
    score_values,
    weighted,
    without_data,
)

__all__ = ["Gains", "gains", "number_of", "shares"]


@lru_cache(maxsize=1)
def _numbers() -> dict[str, int]:
    return {metric.id: number for number, metric in enumerate(weighted().metrics)}


def number_of(metric_id: str) -> int | None:
    """Return the column of a metric in the matrices of gains, or None if the metric has no weight."""
    return _numbers().get(metric_id)


@dataclass(frozen=True, slots=True)
class Gains:
    """The points that the score of a dataset would gain if a failure were fixed, 0 to 100; NaN where nothing can be
    gained.

    The columns are the metrics with a weight, in the order of ``specs/metrics.toml``.
    """

    dataset: Matrix
    """Shape (datasets, metrics): points gained if the metric is fixed everywhere in the dataset."""
    part: Matrix
    """Shape (distributions, metrics): points gained if the metric is fixed in that distribution only."""


def gains(measured: MeasurementMatrix) -> Gains:
    """Return by how many points fixing each metric would raise the score of each dataset in ``measured``."""
    w = weighted()
    bounds = apply_needs_data(measured.distributions)
    found = answers(measured, bounds)
    share = shares(found.value)
    dataset = share * (1.0 - found.value)
    owner = np.repeat(np.arange(len(measured.distribution_counts)), measured.distribution_counts)
    part = np.full((len(measured.distributions), len(w.metrics)), np.nan)
    old = score_values(found.value)
    for number, metric in enumerate(w.metrics):
        if w.is_own[number]:
            continue
        column = w.column[number]
        value = bounds.value[:, column]
        if metric.shows_data:
            _of_data_shown(measured, found, bounds, number, owner, old, dataset, part)
            continue
        if metric.over == "best":
            part[:, number] = (share * (1.0 - found.value))[owner, number]
        else:
            known = by_dataset((~np.isnan(value)).astype(float), measured.distribution_counts, "sum")
            part[:, number] = share[owner, number] * (1.0 - value) / np.where(known > 0, known, np.nan)[owner]
        if metric.needs_data:
            # As long as the distribution has no data, the answer brings nothing.
            part[bounds.is_empty, number] = 0.0
            fixed = np.where(np.isnan(value), np.nan, np.where(bounds.is_empty, 0.0, 1.0))
            answered = aggregate_to_dataset(fixed, measured.distribution_counts, is_best=metric.over == "best")
            has_parts = measured.distribution_counts > 0
            dataset[has_parts, number] = (share[:, number] * (answered - found.value[:, number]))[has_parts]
        # A measurement that passes, does not apply or is unknown has no gain.
        part[~(measured.distributions[:, column] < 1.0) | (measured.distributions[:, column] < 0.0), number] = np.nan
    # If a dataset has no distribution, only that can be fixed.
    dataset[np.ix_(measured.distribution_counts == 0, ~w.is_own)] = np.nan
    _of_first_data(measured, old, dataset)
    dataset[~(dataset > 0)] = np.nan
    return Gains(dataset, part)


def shares(value: Matrix) -> Matrix:
    """Return how many points of the Winnow score depend on each answer: with the answer 1 the dataset gets all of them.

    ``value`` contains the answers of datasets to the metrics that have a weight, 0 to 1, shape (datasets, metrics with
    a weight). It is NaN if an answer is unknown or the metric does not apply. The result has the same shape, and is NaN
    in the same cells. The other cells of a dataset add up to 100.
    """
    w = weighted()
    known = ~np.isnan(value)
    in_dimension = np.zeros((len(value), len(w.dimension_names)))
    for number in range(len(w.dimension_names)):
        chosen = w.dimension == number
        in_dimension[:, number] = known[:, chosen] @ w.weights[chosen]
    total = (in_dimension > 0) @ w.dimension_weights
    with np.errstate(divide="ignore", invalid="ignore"):
        of_score = w.dimension_weights / total[:, None]
        share = 100 * of_score[:, w.dimension] * w.weights / in_dimension[:, w.dimension]
    return np.where(known, share, np.nan)


def _chosen(measured: MeasurementMatrix, which: NDArray[np.bool_], own: Matrix, parts: Matrix) -> MeasurementMatrix:
    """Return the chosen datasets of a MeasurementMatrix, with other measurements."""
    owner = np.repeat(np.arange(len(measured.distribution_counts)), measured.distribution_counts)
    return MeasurementMatrix(
        datasets=own[which],
        distributions=parts[which[owner]],
        services=measured.services[:0],
        distribution_counts=measured.distribution_counts[which],
        service_counts=measured.service_counts[which],
    )


def _of_first_data(measured: MeasurementMatrix, old: Matrix, dataset: Matrix) -> None:
    """Set the gains of the first distribution: what failed only because there was none no longer applies."""
    which, number = without_data(measured), number_of("distribution_present")
    if number is None or not which.any():
        return
    after_fix = measured.datasets.copy()
    after_fix[which, weighted().column[number]] = 1.0
    after = answers(_chosen(measured, which, after_fix, measured.distributions))
    dataset[which, number] = score_values(after.value) - old[which]


def _of_data_shown(
    measured: MeasurementMatrix,
    found: Answers,
    bounds: Bounds,
    number: int,
    owner: NDArray[np.int64],
    old: Matrix,
    dataset: Matrix,
    part: Matrix,
) -> None:
    """Set the gains of a metric whose failure means that there are no data: everything that needs data counts again."""
    w = weighted()
    column = w.column[number]
    failing = np.flatnonzero((measured.distributions[:, column] >= 0) & (measured.distributions[:, column] < 1))
    dataset[:, number] = np.nan
    if not len(failing):
        return
    # First the dataset: all its distributions are fixed at once.
    after_fix = measured.distributions.copy()
    after_fix[failing, column] = 1.0
    is_concerned = np.zeros(len(measured.distribution_counts), dtype=bool)
    is_concerned[owner[failing]] = True
    after = answers(_chosen(measured, is_concerned, measured.datasets, after_fix))
    dataset[is_concerned, number] = score_values(after.value) - old[is_concerned]
    # Then each distribution alone: replace what it contributed to the answers of its dataset.
    alone = apply_needs_data(after_fix[failing])
    whose = owner[failing]
    answered = found.value[whose]
    for other, metric in enumerate(w.metrics):
        if w.is_own[other] or not (metric.needs_data or other == number):
            continue
        before, then = bounds.value[failing, w.column[other]], alone.value[:, w.column[other]]
        column_values = bounds.value[:, w.column[other]]
        if metric.over == "best":
            rest = _best_of_others(column_values, measured.distribution_counts, owner, failing)
            best = np.fmax(rest, then)
            answered[:, other] = best
        else:
            there = ~np.isnan(column_values)
            known = by_dataset(there.astype(float), measured.distribution_counts, "sum")[whose]
            sums = by_dataset(np.where(there, column_values, 0.0), measured.distribution_counts, "sum")[whose]
            known += (~np.isnan(then)).astype(float) - (~np.isnan(before)).astype(float)
            sums += np.nan_to_num(then) - np.nan_to_num(before)
            answered[:, other] = np.divide(sums, known, out=np.full(len(sums), np.nan), where=known > 0)
    part[failing, number] = score_values(answered) - old[whose]


def _best_of_others(
    values: Matrix, counts: NDArray[np.int64], owner: NDArray[np.int64], rows: NDArray[np.int64]
) -> Matrix:
    """Return for each row in ``rows`` the best value among the other rows of its dataset; NaN without one."""
    there = np.where(np.isnan(values), -np.inf, values)
    best = by_dataset(there, counts, "max", -np.inf)
    is_best = there == best[owner]
    how_many = by_dataset(is_best.astype(float), counts, "sum")
    second = by_dataset(np.where(is_best, -np.inf, there), counts, "max", -np.inf)
    whose = owner[rows]
    found = np.where(is_best[rows] & (how_many[whose] == 1), second[whose], best[whose])
    return np.where(np.isfinite(found), found, np.nan)
