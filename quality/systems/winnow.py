"""Compute the Winnow score from measurements, with its interval.

A dimension is the weighted mean of the metrics that apply, the score the weighted mean of the dimensions that apply. An
unknown measurement never lowers a score: it widens the interval between ``low`` (all unknown failed) and ``high`` (all
unknown passed). What does not apply is left out. A metric about the data themselves (``needs_data``) counts only if
there are data: an open licence on a dead link opens nothing.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache

import numpy as np
from numpy.typing import NDArray

from quality.evidence.subject import DatasetSubject
from quality.systems.matrix import (
    UNKNOWN_CELL,
    Matrix,
    MeasurementMatrix,
    Measurements,
    by_dataset,
    columns,
    measure_all,
)
from quality.systems.third_party import system_points
from specs.metrics import Metric, dimensions, metrics
from specs.systems import systems

__all__ = [
    "Answers",
    "Bounds",
    "DatasetScore",
    "Interval",
    "Scores",
    "answers",
    "apply_needs_data",
    "aggregate_to_dataset",
    "score_dataset",
    "score_of",
    "score_values",
    "scores",
    "weighted",
    "winnow_scores",
    "without_data",
]


@dataclass(frozen=True, slots=True)
class Interval:
    """A value with its bounds: ``low`` counts everything unknown as failed, ``high`` counts it as passed.

    ``value`` is computed from what is known; it is None if nothing is known. If nothing applies either, ``low`` is 0
    and ``high`` is 100.
    """

    value: float | None
    low: float
    high: float


@dataclass(frozen=True, slots=True, kw_only=True)
class DatasetScore:
    """The measurements of a dataset and its distributions, its Winnow score, and its totals in the other scoring
    systems.
    """

    dataset: Measurements
    distributions: Sequence[Measurements]
    score: Interval
    """0..100."""
    dimensions: Mapping[str, Interval]
    """0..100 each; dimensions in which nothing applies are left out."""
    systems: Mapping[str, Interval]


@dataclass(frozen=True, slots=True)
class Weighted:
    """The metrics that have a weight in the Winnow score, as arrays. Arrays over metrics have the shape (metrics,).

    ``weights`` are the weights of the metrics within their dimensions. ``dimension_weights`` are those of the
    dimensions within the score, in the order of ``dimension_names``.
    """

    metrics: tuple[Metric, ...]
    weights: Matrix
    dimension: NDArray[np.int64]
    """Index of each metric's dimension."""
    is_own: NDArray[np.bool_]
    """True for metrics of the dataset itself, false for those of its distributions."""
    column: tuple[int, ...]
    """Column of each metric in the matrix of its group."""
    dimension_names: tuple[str, ...]
    dimension_weights: Matrix


@lru_cache(maxsize=1)
def weighted() -> Weighted:
    """Return the metrics that have a weight in the Winnow score, in the order of ``specs/metrics.toml``."""
    chosen = tuple(metric for metric in metrics().values() if metric.weight)
    names: tuple[str, ...] = tuple(dimensions())
    return Weighted(
        metrics=chosen,
        weights=np.array([m.weight for m in chosen]),
        dimension=np.array([names.index(m.dimension) for m in chosen]),
        is_own=np.array([m.subject == "dataset" for m in chosen]),
        column=tuple(columns(m.subject).index(m.id) for m in chosen),
        dimension_names=names,
        dimension_weights=np.array([spec.weight for spec in dimensions().values()]),
    )


@dataclass(frozen=True, slots=True)
class Answers:
    """The answer of each dataset to each metric with a weight, 0 to 1, shape (datasets, metrics with a weight).

    The columns are in the order of :func:`weighted`. In ``low``, everything unknown counts as failed, in ``high`` as
    passed. A cell is NaN where the metric does not apply; in ``value`` also where nothing is known.
    """

    value: Matrix
    low: Matrix
    high: Matrix


@dataclass(frozen=True, slots=True)
class Scores:
    """The Winnow scores of some datasets, 0 to 100, shape (datasets,), with their lower and upper bounds.

    A cell is NaN where no metric applies; in ``value`` also where nothing is known.
    """

    value: Matrix
    low: Matrix
    high: Matrix
    dimension_value: Matrix
    """The score in each dimension, shape (datasets, dimensions). The next two are its bounds, in the same shape."""
    dimension_low: Matrix
    dimension_high: Matrix


@lru_cache(maxsize=1)
def _data_columns() -> tuple[list[int], list[int]]:
    """Return the columns of distributions whose metrics show whether there are data, and of those that need data."""
    all_metrics = [metrics()[name] for name in columns("distribution")]
    shows = [number for number, metric in enumerate(all_metrics) if metric.shows_data]
    needs = [number for number, metric in enumerate(all_metrics) if metric.needs_data]
    return shows, needs


@dataclass(frozen=True, slots=True)
class Bounds:
    """The measurements of distributions as they count in the score, shape (distributions, metrics of distributions).

    In ``low``, everything unknown counts as failed, in ``high`` as passed.
    """

    value: Matrix
    """NaN where not applicable or unknown."""
    low: Matrix
    high: Matrix
    is_empty: NDArray[np.bool_]
    """Shape (distributions,): true if a metric shows that the distribution has no data, for example because its link is
    dead."""


def apply_needs_data(parts: Matrix) -> Bounds:
    """Return the measurements of distributions; without data, metrics that need the data count as 0.

    ``parts`` has the shape (distributions, metrics of distributions). A distribution has no data if a metric that shows
    whether there are data (``shows_data``) is 0, for example because its link is dead. If none of these metrics is 0
    but one is unknown, the metrics that need data count as 0 in the lower bound only.
    """
    is_unknown = parts == UNKNOWN_CELL
    value = np.where(is_unknown, np.nan, parts)
    low, high = np.where(is_unknown, 0.0, parts), np.where(is_unknown, 1.0, parts)
    shows, needs = _data_columns()
    is_empty = (parts[:, shows] == 0).any(axis=1)
    in_doubt = ~is_empty & (parts[:, shows] == UNKNOWN_CELL).any(axis=1)
    for column in needs:
        applies = ~np.isnan(parts[:, column])
        nothing = applies & is_empty
        value[nothing, column] = low[nothing, column] = high[nothing, column] = 0.0
        low[applies & in_doubt, column] = 0.0
    return Bounds(value, low, high, is_empty)


def answers(measured: MeasurementMatrix, parts: Bounds | None = None) -> Answers:
    """Return the answer of every dataset to every metric with a weight.

    Metrics of the dataset are taken as measured; metrics of distributions are aggregated over the dataset's
    distributions. Of those, a metric that counts without a distribution (``without_distribution`` is "fail") is 0 for a
    dataset that should have a distribution and has none. It is unknown for one that has only data services, or whose
    distributions the portal's interface cannot transport. ``parts`` is the result of :func:`apply_needs_data` for
    ``measured``; None means that it is computed here.
    """
    w, counts = weighted(), measured.distribution_counts
    parts = parts or apply_needs_data(measured.distributions)
    shape = (len(measured.datasets), len(w.metrics))
    found = Answers(np.full(shape, np.nan), np.full(shape, np.nan), np.full(shape, np.nan))
    is_due = without_data(measured)
    own_present = measured.datasets[:, columns("dataset").index("distribution_present")]
    # A dataset that is served only by an API was not inspected: no distribution fails, and none passes.
    is_unseen = (counts == 0) & ~np.isnan(own_present) & (own_present != 0)
    for number, metric in enumerate(w.metrics):
        column = w.column[number]
        if w.is_own[number]:
            own = measured.datasets[:, column]
            is_unknown = own == UNKNOWN_CELL
            found.value[:, number] = np.where(is_unknown, np.nan, own)
            found.low[:, number] = np.where(is_unknown, 0.0, own)
            found.high[:, number] = np.where(is_unknown, 1.0, own)
            continue
        for target, source in ((found.value, parts.value), (found.low, parts.low), (found.high, parts.high)):
            target[:, number] = aggregate_to_dataset(source[:, column], counts, is_best=metric.over == "best")
        if metric.without_distribution == "fail":
            for target in (found.value, found.low, found.high):
                target[is_due, number] = 0.0
            found.low[is_unseen, number], found.high[is_unseen, number] = 0.0, 1.0
    return found


def without_data(measured: MeasurementMatrix) -> NDArray[np.bool_]:
    """Return which datasets have no distribution although they should, as a mask of shape (datasets,).

    Dataset series, and datasets that are served only by an API, need no distribution.
    """
    own = measured.datasets[:, columns("dataset").index("distribution_present")]
    return np.asarray((measured.distribution_counts == 0) & (own == 0))


def aggregate_to_dataset(values: Matrix, counts: NDArray[np.int64], *, is_best: bool) -> Matrix:
    """Return one value for each dataset from the values of its distributions: the best if ``is_best``, else the mean.

    ``values`` has the shape (distributions,), ``counts`` says how many distributions each dataset has. NaN is left out;
    the result, shape (datasets,), is NaN if no distribution has a value.
    """
    is_there = ~np.isnan(values)
    known = by_dataset(is_there.astype(float), counts, "sum")
    if is_best:
        found = by_dataset(np.where(is_there, values, -np.inf), counts, "max", -np.inf)
    else:
        sums = by_dataset(np.where(is_there, values, 0.0), counts, "sum")
        found = np.divide(sums, known, out=np.zeros(len(sums)), where=known > 0)
    return np.where(known > 0, found, np.nan)


def scores(found: Answers) -> Scores:
    """Compute the Winnow scores of datasets from ``found``, their answers to the metrics.

    Answers to metrics are averaged to dimensions, and dimensions to the score, both by their weights.
    """
    w = weighted()
    value, low, high = (_by_dimension(matrix) for matrix in (found.value, found.low, found.high))
    # The mean of what is known lies between the bounds; only rounding can move it outside.
    value = np.clip(value, low, high)
    totals = [_mean(matrix, w.dimension_weights) for matrix in (value, low, high)]
    return Scores(
        value=np.clip(totals[0], totals[1], totals[2]) * 100,
        low=totals[1] * 100,
        high=totals[2] * 100,
        dimension_value=value * 100,
        dimension_low=low * 100,
        dimension_high=high * 100,
    )


def score_values(value: Matrix) -> Matrix:
    """Return the Winnow scores, 0 to 100, shape (datasets,), without bounds.

    ``value`` are the answers, shape (datasets, metrics with a weight); NaN where one does not apply or is unknown.
    """
    return _mean(_by_dimension(value), weighted().dimension_weights) * 100


def _by_dimension(matrix: Matrix) -> Matrix:
    w = weighted()
    made = np.full((len(matrix), len(w.dimension_names)), np.nan)
    for number in range(len(w.dimension_names)):
        chosen = w.dimension == number
        made[:, number] = _mean(matrix[:, chosen], w.weights[chosen])
    return made


def _mean(matrix: Matrix, weights: Matrix) -> Matrix:
    """Return the weighted mean of each row over the cells that are not NaN; NaN if there are none."""
    is_there = ~np.isnan(matrix)
    total = is_there @ weights
    sums = np.where(is_there, matrix, 0.0) @ weights
    return np.asarray(np.divide(sums, total, out=np.full(len(matrix), np.nan), where=total > 0))


def winnow_scores(measured: MeasurementMatrix) -> Scores:
    """Return the Winnow scores of all datasets of a MeasurementMatrix."""
    return scores(answers(measured))


def score_dataset(subject: DatasetSubject) -> DatasetScore:
    """Measure a dataset, and compute its score and its totals in all systems."""
    return score_of(measure_all([subject]))


def score_of(measured: MeasurementMatrix, row: int = 0) -> DatasetScore:
    """Return the measurements, the Winnow score and all other totals of one dataset in a MeasurementMatrix.

    ``row`` is the dataset's row in the matrix of datasets.
    """
    total = winnow_scores(measured)
    begin = int(measured.distribution_counts[:row].sum())

    def interval(value: Matrix, low: Matrix, high: Matrix, *at: int) -> Interval:
        known = None if np.isnan(value[at]) else float(value[at])
        # If nothing applies, nothing is known, and the bounds are the widest.
        return Interval(known, *(float(x[at]) if not np.isnan(x[at]) else y for x, y in ((low, 0.0), (high, 100.0))))

    dims = (total.dimension_value, total.dimension_low, total.dimension_high)
    return DatasetScore(
        dataset=measured.measurements("dataset", row),
        distributions=[
            measured.measurements("distribution", begin + number)
            for number in range(int(measured.distribution_counts[row]))
        ],
        score=interval(total.value, total.low, total.high, row),
        dimensions={
            name: interval(*dims, row, number)
            for number, name in enumerate(weighted().dimension_names)
            if not np.isnan(total.dimension_low[row, number])
        },
        systems={
            name: interval(points.value, points.low, points.high, row)
            for name, system in systems().items()
            for points in [system_points(system, measured)]
        },
    )
