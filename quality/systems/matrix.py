"""Hold measurements of many datasets as matrices, so that weights are applied to thousands at once.

Rows are datasets (or distributions, or data services); columns are metrics in the order of ``specs/metrics.toml``. A
cell is 0..1, ``NOT_APPLICABLE`` (NaN) if the metric does not apply, or ``UNKNOWN_CELL`` if nobody could observe it.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import Final, Literal

import numpy as np
from numpy.typing import NDArray

from catalog.model import DataService
from quality.evidence.carried import not_charged
from quality.evidence.subject import UNKNOWN, DatasetSubject, DistributionSubject, Measurement
from quality.metrics import functions
from specs.metrics import metrics

__all__ = [
    "NOT_APPLICABLE",
    "UNKNOWN_CELL",
    "Counts",
    "Group",
    "Matrix",
    "Measurements",
    "MeasurementMatrix",
    "by_dataset",
    "columns",
    "measurement",
    "position",
    "measure_all",
    "matrix_of_measurements",
]

Matrix = NDArray[np.float64]
Counts = NDArray[np.int64]
Group = Literal["dataset", "distribution", "service"]
Measurements = dict[str, Measurement]
NOT_APPLICABLE: Final = float("nan")
UNKNOWN_CELL: Final = -1.0


@lru_cache(maxsize=3)
def columns(group: Group) -> tuple[str, ...]:
    """Return the ids of the metrics of a group, in the order of the columns of its matrix.

    ``group``: "dataset", "distribution" or "service", of which the metrics are asked.
    """
    return tuple(metric.id for metric in metrics().values() if metric.subject == group)


@lru_cache(maxsize=512)
def position(metric_id: str) -> tuple[Group, int]:
    """Return where a metric is stored: the group ("dataset", "distribution" or "service") whose matrix has it, and the
    column.
    """
    group = metrics()[metric_id].subject
    return group, columns(group).index(metric_id)


def measurement(value: float) -> Measurement:
    """Return the Measurement that a matrix cell stands for.

    NaN becomes None (the metric does not apply), UNKNOWN_CELL becomes UNKNOWN; any other number stays.
    """
    if value != value:  # not a number
        return None
    return UNKNOWN if value == UNKNOWN_CELL else float(value)


@dataclass(frozen=True, slots=True, kw_only=True)
class MeasurementMatrix:
    """The measurements of some datasets, and of all their distributions and data services, as three matrices.

    Each matrix has one row for each dataset, distribution or service, and one column for each metric asked of it.
    Distributions and services have the order of their datasets.
    """

    datasets: Matrix
    distributions: Matrix
    services: Matrix
    distribution_counts: Counts
    """Shape (datasets,): number of distributions of each dataset; their rows are consecutive."""
    service_counts: Counts

    def group(self, name: Group) -> Matrix:
        """Return the matrix of datasets, distributions or services, shape (rows, metrics).

        ``name``: "dataset", "distribution" or "service".
        """
        return {"dataset": self.datasets, "distribution": self.distributions, "service": self.services}[name]

    def measurements(self, group: Group, row: int) -> Measurements:
        """Return the measurements of one dataset, distribution or service by metric id. ``row`` is its row in the
        group's matrix.
        """
        return {name: measurement(v) for name, v in zip(columns(group), self.group(group)[row], strict=True)}


Row = tuple[Measurement, ...]
"""The measurements of one dataset, distribution or service, in the order of the columns."""


def measure_all(subjects: Sequence[DatasetSubject]) -> MeasurementMatrix:
    """Measure all given datasets, with their distributions and data services, by every metric in
    ``specs/metrics.toml``.

    A failed measurement becomes unknown if the metric depends on a field that is empty and that the portal's interface
    cannot transport (:func:`~quality.evidence.carried.not_charged`).
    """
    return matrix_of_rows(
        [measure_dataset(s) for s in subjects],
        [[measure_distribution(part) for part in s.distributions] for s in subjects],
        [[measure_service(one) for one in s.services] for s in subjects],
    )


def measure_dataset(s: DatasetSubject) -> Row:
    """Return the measurements of a dataset itself, in the order of ``columns("dataset")``; see :func:`measure_all`."""
    row = [f(s) for f in functions("dataset").values()]
    if s.dataset.not_carried:
        not_charged(columns("dataset"), row, s.dataset)
    return tuple(row)


def measure_distribution(s: DistributionSubject) -> Row:
    """Return the measurements of a distribution in the order of ``columns("distribution")``; see
    :func:`measure_all`.
    """
    row = [f(s) for f in functions("distribution").values()]
    if s.dataset.not_carried:
        not_charged(columns("distribution"), row, s.dataset, s.distribution)
    return tuple(row)


def measure_service(s: DataService) -> Row:
    """Return the measurements of a data service, in the order of ``columns("service")``.

    A field that is empty because the portal's interface cannot transport it fails as any empty field does.
    """
    return tuple(f(s) for f in functions("service").values())


def matrix_of_rows(
    datasets: Sequence[Row], distributions: Sequence[Sequence[Row]], services: Sequence[Sequence[Row]]
) -> MeasurementMatrix:
    """Return the MeasurementMatrix of some datasets from rows of measurements.

    ``datasets`` has one row for each dataset. ``distributions`` and ``services`` have, for each dataset, a list with
    the rows of its distributions and data services.
    """
    return MeasurementMatrix(
        datasets=_matrix(datasets, "dataset"),
        distributions=_matrix([row for rows in distributions for row in rows], "distribution"),
        services=_matrix([row for rows in services for row in rows], "service"),
        distribution_counts=np.array([len(rows) for rows in distributions], dtype=np.int64),
        service_counts=np.array([len(rows) for rows in services], dtype=np.int64),
    )


def cells(row: Sequence[Measurement]) -> Matrix:
    """Return the measurements of one dataset or distribution as numbers for a matrix, shape (metrics,).

    None (the metric does not apply) becomes NaN, UNKNOWN becomes UNKNOWN_CELL; see :func:`measurement`.
    """
    return np.array([_cell(value) for value in row])


def _cell(value: Measurement) -> float:
    return NOT_APPLICABLE if value is None else UNKNOWN_CELL if value is UNKNOWN else float(value)


def _matrix(rows: Sequence[Sequence[Measurement]], group: Group) -> Matrix:
    made = np.empty((len(rows), len(columns(group))))
    # Distributions of one kind share their row.
    different = {id(row): row for row in rows}
    known = {key: cells(row) for key, row in different.items()}
    for number, row in enumerate(rows):
        made[number] = known[id(row)]
    return made


def matrix_of_measurements(
    own: Mapping[str, Measurement],
    parts: Sequence[Mapping[str, Measurement]],
    services: Sequence[Mapping[str, Measurement]] = (),
) -> MeasurementMatrix:
    """Build the MeasurementMatrix of a single dataset from measurements by metric id.

    ``own`` are the measurements of the dataset itself; ``parts`` and ``services`` contain one mapping for each
    distribution and each data service. A metric that is not in a mapping does not apply.
    """

    def rows(groups: Sequence[Mapping[str, Measurement]], kind: Group) -> Matrix:
        return _matrix([[values.get(name) for name in columns(kind)] for values in groups], kind)

    return MeasurementMatrix(
        datasets=rows([own], "dataset"),
        distributions=rows(parts, "distribution"),
        services=rows(services, "service"),
        distribution_counts=np.array([len(parts)], dtype=np.int64),
        service_counts=np.array([len(services)], dtype=np.int64),
    )


def by_dataset(values: Matrix, counts: Counts, how: Literal["sum", "max", "min"], empty: float = 0.0) -> Matrix:
    """Aggregate rows that belong to distributions (or services) to one row for each dataset, by ``how``.

    ``values`` has the shape (distributions, ...), ordered by dataset. ``counts`` has the shape (datasets,) and says how
    many rows each dataset has. The result has the shape (datasets, ...); a dataset without rows gets ``empty``.
    """
    made = np.full((len(counts), *values.shape[1:]), empty)
    there = counts > 0
    if there.any():
        starts = (np.cumsum(counts) - counts)[there]
        ufunc = {"sum": np.add, "max": np.maximum, "min": np.minimum}[how]
        made[there] = ufunc.reduceat(values, starts, axis=0)
    return made
