"""Tell which metrics a dataset and its files fail, with the points that a fix brings."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import cache, lru_cache
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from catalog.repositories.first_findings import Failure
from quality.evidence.subject import DistributionSubject, Measurement
from quality.findings.gains import number_of
from quality.metrics import observed, sentence_of
from quality.metrics.answers import NOTHING_MORE
from quality.systems.matrix import Group, Matrix, columns
from specs.metrics import Metric, metrics

__all__ = ["SAME_WORDS", "Failures", "Rule", "failures", "rule_of", "why_no_gain", "words_of_kind"]


class Rule(NamedTuple):
    """What all findings of a metric have in common."""

    words: tuple[str, str, str, str, str]
    """Its id, question, dimension, severity and fix."""
    metric: Metric
    sentence: Callable[[Any], str] | None
    """Says what was found; takes the subject of the metric. None if it says only "no"."""


@cache
def rule_of(metric_id: str) -> Rule:
    """Return what all findings of the metric with this id have in common."""
    metric = metrics()[metric_id]
    words = (metric.id, metric.question, metric.dimension, metric.severity, metric.fix)
    return Rule(words, metric, sentence_of(metric.id))


@lru_cache(maxsize=100_000)
def _failure(metric_id: str, gain: float | None, told: str | None = None) -> Failure:
    """Return a failure of a metric: the same object for the same arguments. ``told``: what was found, if that is known
    already."""
    (*words, fix), metric, sentence = rule_of(metric_id)
    if sentence is None:
        told = NOTHING_MORE
    observed = None if told is None else told + why_no_gain(metric, gain)
    return Failure((*words, "publisher", fix, "yes"), gain, observed, metric.observed)


@lru_cache(maxsize=2)
def _asked(group: Group) -> tuple[NDArray[np.bool_], tuple[tuple[str, int | None], ...]]:
    """Return a mask of the columns that give findings, and the metric and the column of gains of each column."""
    found = [(metrics()[name], number_of(name)) for name in columns(group)]
    mask = np.array([bool(metric.weight or metric.reported) for metric, _ in found])
    return mask, tuple((metric.id, number) for metric, number in found)


@cache
def _special_columns() -> tuple[list[int], list[int], tuple[int, int]]:
    """Return columns of distributions: of metrics of which the best distribution counts; of those that show whether
    there are data; and of ``licence_present`` and ``licence_open``.
    """
    names = columns("distribution")
    best = [at for at, name in enumerate(names) if metrics()[name].over == "best"]
    shows = [at for at, name in enumerate(names) if metrics()[name].shows_data]
    return best, shows, (names.index("licence_present"), names.index("licence_open"))


@dataclass(frozen=True, slots=True)
class Failures:
    """The metrics that a dataset fails and that give findings: those of the dataset itself, and those of each
    distribution.
    """

    own: tuple[Failure, ...]
    parts: tuple[tuple[Failure, ...], ...]


def failures(
    own: Matrix,
    parts: Matrix,
    own_gains: Matrix,
    part_gains: Matrix,
    words: Sequence[Mapping[str, str]] | None = None,
) -> Failures:
    """Return which metrics a dataset and each of its distributions fail, with the points that a fix brings.

    The first arguments are the fields of :class:`~quality.findings.derive.JudgedDataset`. ``words``: for each
    distribution, what was found, by metric, as far as it is known already; see :func:`words_of_kind`. Left out are:

    - metrics that have no weight in the score and are not reported;
    - metrics of which one good distribution is enough (``over`` is "best"), if the dataset has that one: there is
      nothing to fix;
    - ``licence_open`` where no licence is declared: one fact is missing, so that ``licence_present`` alone fails, with
      the points of both.
    """
    is_asked, of_column = _asked("dataset")
    of_dataset = []
    for column in np.flatnonzero((own >= 0) & (own < 1) & is_asked):
        name, number = of_column[column]
        of_dataset.append(_failure(name, rounded(0.0 if number is None else own_gains[number])))
    is_asked, of_column = _asked("distribution")
    of_parts: list[list[Failure]] = [[] for _ in parts]
    fails = (parts >= 0) & (parts < 1) & is_asked
    best, shows, (licence, is_open) = _special_columns()
    has_data = (parts[:, shows] != 0).all(axis=1)
    fails[:, best] &= ~(parts[:, best] == 1)[has_data].any(axis=0)
    fails[:, is_open] &= ~fails[:, licence]
    for row, column in zip(*np.nonzero(fails), strict=True):
        name, number = of_column[column]
        gain = 0.0 if number is None else part_gains[row, number]
        if column == licence:
            gain = np.nan_to_num(gain) + np.nan_to_num(part_gains[row, of_column[is_open][1]])
        of_parts[row].append(_failure(name, rounded(gain), words[row].get(name) if words else None))
    return Failures(tuple(of_dataset), tuple([tuple(found) for found in of_parts]))


def rounded(gain: float) -> float | None:
    """Return points of a score rounded to four decimals; None for NaN."""
    return None if gain != gain else round(float(gain), 4)


def why_no_gain(metric: Metric, gain: float | None) -> str:
    """Return what is added to the words of a finding that brings no points as long as there are no data; else "".

    There are none if the file cannot be had, if a web page is served in its place, or if it is empty. The words are
    added if the metric needs the data (``needs_data``) and ``gain``, the points of the finding, is 0.
    """
    return "; it brings points once there is a file with data" if metric.needs_data and gain == 0 else ""


SAME_WORDS = frozenset({"format_open", "format_truthful", "licence_known", "licence_open", "machine_readable"})
"""Metrics of distributions that word what they found only by facts that stand as they are in the key of
:func:`quality.systems.alike.facts_of_distribution`."""


def words_of_kind(part: DistributionSubject, row: Sequence[Measurement]) -> dict[str, str]:
    """Return the words for the column ``observed`` of the findings about a distribution, by metric, for those metrics
    whose words are the same for all distributions with the same facts.

    ``row``: the measurements of ``part``. The facts are those of
    :func:`quality.systems.alike.facts_of_distribution`. Metrics that ``part`` does not fail are left out.
    """
    failed = (
        name
        for name, value in zip(columns("distribution"), row, strict=True)
        if name in SAME_WORDS and isinstance(value, float) and value < 1
    )
    return {name: observed(name, part) for name in failed}
