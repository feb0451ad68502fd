"""Score datasets by pattern: datasets with the same measurements have the same scores, gains and failures.

A portal has few patterns: 670 among 3,000 real datasets with 20,000 files. Each is scored once; a dataset then only
takes over the result.
"""

from __future__ import annotations

import json
from collections.abc import Hashable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from typing import Any

import numpy as np

from catalog.repositories.stored_parts import StoredParts
from quality.evidence.by_column import FactsOfRows, facts_of
from quality.evidence.subject import UNKNOWN, DatasetSubject
from quality.findings.derive import Failures, failures
from quality.findings.failing import words_of_kind
from quality.findings.gains import gains
from quality.findings.verdicts import OpenVerdict, open_definition
from quality.systems.alike import (
    facts_of_dataset,
    facts_of_distribution,
    facts_shared_by_dataset,
    is_known_by_columns,
    observed_facts,
)
from quality.systems.declared import looks_of_metrics
from quality.systems.matrix import (
    Group,
    Matrix,
    MeasurementMatrix,
    Row,
    by_dataset,
    columns,
    matrix_of_rows,
    measure_dataset,
    measure_distribution,
    measure_service,
    position,
)
from quality.systems.third_party import system_points
from quality.systems.winnow import weighted, winnow_scores
from specs.metrics import grade, methodology_version
from specs.systems import systems

__all__ = ["DistributionKind", "Pattern", "PatternBook", "score_columns", "score_names"]

MOST = 20_000
"""Patterns, and kinds of distributions, that are remembered; then the book begins anew, to bound its memory."""


@dataclass(frozen=True, slots=True)
class DistributionKind:
    """The measurements and stored values that are the same for all distributions with equal
    :func:`~quality.systems.alike.facts_of_distribution`."""

    row: Row
    """The measurement in each metric of distributions, in the order of ``columns("distribution")``."""
    verdict: OpenVerdict
    """The Open Definition's verdict on the licence."""
    words: Mapping[str, str]
    """What was found for some of the failed metrics, by metric."""
    values: tuple[Any, ...]
    """Columns of ``distribution_quality`` from ``open_definition`` on."""


@dataclass(frozen=True, slots=True)
class Pattern:
    """The scores, failures and stored values that are the same for all datasets with equal measurements and
    distributions of the same kinds."""

    row: Row
    """The measurement in each metric of datasets, in the order of ``columns("dataset")``."""
    kinds: tuple[DistributionKind, ...]
    """The kind of each distribution, in their order."""
    failures: Failures
    scores: tuple[Any, ...]
    """Values of :func:`score_columns`."""
    values: tuple[Any, ...]
    """Values for ``dataset_quality``: the ids of the metrics that could not be observed, as one text with commas, and
    then the measurement in each metric."""


Key = tuple[int, tuple[int, ...], tuple[Row, ...]]
"""The measurements of a dataset and the kinds of its distributions, by number, and the measurements of its services."""


class PatternBook:
    """A cache of scores: datasets with the same measurements (the same pattern) are scored once.

    Use one for datasets that are measured for the same day.
    """

    def __init__(self) -> None:
        self._shared: dict[Hashable, int] = {}
        self._declared: dict[Hashable, int] = {}
        self._columns: FactsOfRows | None = None
        self._kinds: dict[Hashable, int] = {}
        self._known: list[DistributionKind] = []
        self.rows: dict[Hashable, int] = {}
        """Measurements of datasets by their facts, as a number: hashing them is slow."""
        self._measured: dict[Row, int] = {}
        self._patterns: dict[Key, Pattern] = {}

    def keys(self, subjects: Sequence[DatasetSubject]) -> Iterator[Key]:
        """Measure datasets and yield the cache key of the pattern of each. Pass the keys to :meth:`patterns`.

        A key is yielded before the next dataset is measured. So functions that cache the result for their last dataset
        still have it.
        """
        declared = self._declared_facts(subjects)
        for s in subjects:
            shared = self._number(facts_shared_by_dataset(s.dataset))
            kinds = tuple(self._kinds_of(s, shared, declared))
            facts = (kinds, facts_of_dataset(s))
            number = self.rows.get(facts)
            if number is None:
                number = self.rows[facts] = self._measured.setdefault(measure_dataset(s), len(self._measured))
            yield number, kinds, tuple([measure_service(one) for one in s.services])

    def patterns(self, keys: Sequence[Key]) -> list[Pattern]:
        """Return the pattern for each key, in the same order; patterns that are new are scored.

        The keys must have been returned by :meth:`keys` since the last call: this call may empty the cache to bound its
        memory.
        """
        new = [key for key in dict.fromkeys(keys) if key not in self._patterns]
        if new:
            self._patterns |= zip(new, self._scored(new), strict=True)
        found = [self._patterns[key] for key in keys]
        if max(len(self.rows), len(self._kinds), len(self._declared)) > MOST:
            self.__init__()  # type: ignore[misc]
        return found

    def _number(self, facts: Hashable) -> int:
        return self._shared.setdefault(facts, len(self._shared))

    def _declared_facts(self, subjects: Sequence[DatasetSubject]) -> Iterator[tuple[int, bool]]:
        """Return the number of what is declared of each distribution of the datasets, and whether that is a text."""
        facts: Iterable[tuple[Hashable, ...]]
        if subjects and all(isinstance(s.distributions, StoredParts) for s in subjects):
            if self._columns is None:
                self._columns = FactsOfRows(looks_of_metrics(subjects[0].as_of))
            rows = [row for s in subjects for row in s.distributions.rows]  # type: ignore[attr-defined]
            facts = self._columns.of(rows)
        else:
            facts = (
                facts_of(part.distribution, looks_of_metrics(part.as_of)) for s in subjects for part in s.distributions
            )
        numbers = self._declared
        return iter([(numbers.setdefault(one, len(numbers)), bool(one[-1])) for one in facts])

    def _kinds_of(self, s: DatasetSubject, shared: int, declared: Iterator[tuple[int, bool]]) -> Iterator[int]:
        """Yield the number of the kind of each distribution of a dataset."""
        by_columns = is_known_by_columns(s)
        for at, of_record in zip(range(len(s.distributions)), declared, strict=False):
            observed = None if by_columns else observed_facts(s.distributions[at])
            facts = facts_of_distribution(s.dataset, shared, of_record, observed)
            number = self._kinds.get(facts)
            if number is None:
                number = self._kinds[facts] = len(self._known)
                part = s.distributions[at]
                row, verdict = measure_distribution(part), open_definition(part)
                recognised = (part.licence, part.declared_format, part.served_format)
                ids = (one.id if one else None for one in recognised)
                values = (verdict, *ids, *_stored(row, "distribution"))
                self._known.append(DistributionKind(row, verdict, words_of_kind(part, row), values))
            yield number

    def _scored(self, keys: Sequence[Key]) -> list[Pattern]:
        kinds = [tuple(self._known[number] for number in numbers) for _, numbers, _ in keys]
        rows = list(self._measured)
        measured = matrix_of_rows(
            [rows[number] for number, _, _ in keys],
            [[kind.row for kind in of_dataset] for of_dataset in kinds],
            [services for _, _, services in keys],
        )
        gained = gains(measured)
        ends = np.cumsum(measured.distribution_counts)
        begins = ends - measured.distribution_counts
        scores = zip(*score_columns(measured, gained.dataset).values(), strict=True)
        return [
            Pattern(
                row=rows[key[0]],
                kinds=of_dataset,
                failures=failures(
                    measured.datasets[at],
                    measured.distributions[begin:end],
                    gained.dataset[at],
                    gained.part[begin:end],
                    [kind.words for kind in of_dataset],
                ),
                scores=of_score,
                values=_stored(rows[key[0]], "dataset"),
            )
            for at, (key, of_dataset, begin, end, of_score) in enumerate(
                zip(keys, kinds, begins, ends, scores, strict=True)
            )
        ]


def _stored(row: Row, group: Group) -> tuple[Any, ...]:
    """Return a row as it is stored: the names of the unknown metrics, then numbers, or None for no value."""
    unknown = [name for name, value in zip(columns(group), row, strict=True) if value is UNKNOWN]
    return ",".join(unknown) or None, *(None if value is UNKNOWN or value is None else float(value) for value in row)


def _rounded(values: Matrix, digits: int) -> list[float | None]:
    return [None if value != value else value for value in np.round(values, digits).tolist()]


def score_columns(measured: MeasurementMatrix, gained: Matrix) -> dict[str, Sequence[Any]]:
    """Return the columns of ``dataset_quality`` that are computed from the measurements, by name.

    ``measured``: the datasets. Each column has one value for each of them, in their order. ``gained``: points that each
    dataset gains if a metric is fixed, as in :class:`~quality.findings.gains.Gains`.
    """
    total = winnow_scores(measured)
    found: dict[str, Sequence[Any]] = {
        "score": _rounded(total.value, 4),
        "score_low": _rounded(np.nan_to_num(total.low, nan=0.0), 4),
        "score_high": _rounded(np.nan_to_num(total.high, nan=100.0), 4),
        "methodology_version": [methodology_version()] * len(measured.datasets),
        "fixes": _fixes(measured, gained),
        **_counts(measured),
    }
    found["grade"] = [grade(value) for value in found["score"]]
    for number, name in enumerate(weighted().dimension_names):
        found[name] = _rounded(total.dimension_value[:, number], 2)
    for name, system in systems().items():
        points = system_points(system, measured)
        found[name], found[f"{name}_low"], found[f"{name}_high"] = (
            _rounded(values, 4) for values in (points.value, points.low, points.high)
        )
    return found


@cache
def score_names() -> tuple[str, ...]:
    """Return the names of the columns that :func:`score_columns` computes, in their order."""
    return tuple(score_columns(matrix_of_rows([], [], []), np.zeros((0, len(weighted().metrics)))))


def _fixes(measured: MeasurementMatrix, gained: Matrix) -> list[str | None]:
    """Return for each dataset, as JSON, the points that fixing each metric brings and in how many places it fails."""
    names = [metric.id for metric in weighted().metrics]
    failing = {metric_id: _failing(measured, metric_id) for metric_id in names}
    made: list[str | None] = []
    for row, values in enumerate(gained):
        found = {
            names[at]: [round(float(values[at]), 6), int(failing[names[at]][row])] for at in np.flatnonzero(values > 0)
        }
        made.append(json.dumps(found) if found else None)
    return made


def _failing(measured: MeasurementMatrix, metric_id: str) -> Matrix:
    """Return in how many places each dataset fails a metric, shape (datasets,)."""
    group, column = position(metric_id)
    values = measured.group(group)[:, column]
    fails = ((values >= 0) & (values < 1)).astype(float)
    return fails if group == "dataset" else by_dataset(fails, measured.distribution_counts, "sum")


def _counts(measured: MeasurementMatrix) -> dict[str, list[int]]:
    """Return the number of measurements made, and of those that apply, for every dataset with its distributions."""
    made = {}
    for name, matrices in (
        ("measured", (measured.datasets >= 0, measured.distributions >= 0)),
        ("applicable", (~np.isnan(measured.datasets), ~np.isnan(measured.distributions))),
    ):
        own, parts = (matrix.sum(axis=1).astype(float) for matrix in matrices)
        made[name] = (own + by_dataset(parts, measured.distribution_counts, "sum")).astype(int).tolist()
    return made
