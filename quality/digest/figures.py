"""The parts of the digest about metrics and scores: their answers over the corpus of records."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import lru_cache
from typing import Any

import numpy as np

from quality.digest.records import AS_OF, subjects
from quality.digest.words import records_of_rows
from quality.evidence.periods import next_review_on
from quality.evidence.subject import UNKNOWN, DatasetSubject, Measurement
from quality.findings.gains import gains
from quality.findings.verdicts import open_definition, open_definition_of_all
from quality.metrics import functions
from quality.systems.families import content_of, family_of
from quality.systems.matrix import NOT_APPLICABLE, UNKNOWN_CELL, Group, Matrix, MeasurementMatrix, measure_all
from quality.systems.stage import subject_of
from quality.systems.third_party import coverage, system_points
from quality.systems.winnow import winnow_scores
from specs.metrics import metrics
from specs.systems import systems

__all__ = ["asked", "figure_parts", "forget", "measured"]


def figure_parts() -> dict[str, Callable[[], Any]]:
    """Return the parts of the digest about metrics and scores: by name, a function that computes their results.

    The results are those for the made-up records in :mod:`quality.digest.records`.
    """
    return {
        **{f"metric:{name}": lambda name=name: _cells(measured(name)) for name in metrics()},  # type: ignore[misc]
        "score:carried": _carried,
        "score:winnow": _winnow,
        "score:gains": _gains,
        "score:kinds": _kinds,
        **{f"score:{name}": lambda name=name: _points(name) for name in systems()},  # type: ignore[misc]
    }


@lru_cache(maxsize=1)
def _subjects() -> tuple[DatasetSubject, ...]:
    return (*subjects(), *(subject_of(one, AS_OF, {}) for _, one in records_of_rows()))


def forget() -> None:
    """Clear the cached results for the made-up records. Call it after a vocabulary has changed within the process."""
    _subjects.cache_clear()
    _parts.cache_clear()
    _sheet.cache_clear()


def asked(group: Group) -> Sequence[Any]:
    """Return the made-up datasets, distributions or services (by ``group``) that the metrics are computed for."""
    return _subjects() if group == "dataset" else _parts(group)


@lru_cache(maxsize=2)
def _parts(group: Group) -> list[Any]:
    return [one for s in _subjects() for one in (s.distributions if group == "distribution" else s.services)]


def measured(name: str) -> list[Measurement]:
    """Return the measurements that a metric gives for every made-up dataset, distribution or service. ``name`` is its
    id.
    """
    group: Group = metrics()[name].subject
    function = functions(group)[name]
    return [function(one) for one in asked(group)]


def _cells(answers: Sequence[Measurement]) -> Matrix:
    return np.array([NOT_APPLICABLE if v is None else UNKNOWN_CELL if v is UNKNOWN else v for v in answers])


@lru_cache(maxsize=1)
def _sheet() -> MeasurementMatrix:
    return measure_all(_subjects()[: _written()])


@lru_cache(maxsize=1)
def _written() -> int:
    return len(subjects())


def _carried() -> list[Any]:
    """Return the measurements of datasets whose interface could not transport a fact."""
    measured = measure_all([one for one in _subjects() if one.dataset.not_carried])
    return [measured.datasets, measured.distributions, measured.services]


def _winnow() -> list[Any]:
    found = winnow_scores(_sheet())
    return [found.value, found.low, found.high, found.dimension_value, found.dimension_low, found.dimension_high]


def _gains() -> list[Any]:
    found = gains(_sheet())
    return [found.dataset, found.part]


def _points(name: str) -> list[Any]:
    """Return the points of every dataset in a scoring system, and the coverage of all of them."""
    found = system_points(systems()[name], _sheet())
    bands = [systems()[name].band_of(value) for value in found.value.tolist()]
    return [found.value, found.low, found.high, bands, coverage(systems()[name], _sheet())]


def _kinds() -> list[Any]:
    """Return what else is computed for a dataset: its family, the verdict of the Open Definition, and the day on which
    the calendar alone can change its score.
    """
    return [
        [
            family_of(one),
            content_of(one),
            next_review_on(one),
            [open_definition(part) for part in one.distributions],
            open_definition_of_all([open_definition(part) for part in one.distributions]),
            [
                [getattr(x, "id", None) for x in (p.licence, p.declared_format, p.served_format)]
                for p in one.distributions
            ],
        ]
        for one in _subjects()
    ]
