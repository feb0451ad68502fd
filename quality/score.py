"""From measurements to the Winnow score, with its interval, and to the scoring systems of others.

An unknown measurement never lowers a score: it widens the interval between ``low`` (all unknown failed) and
``high`` (all unknown passed). What does not apply is left out.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from quality.metrics import functions
from quality.subject import DatasetSubject, Measurement, Unknown
from specs.metrics import Metric, System, dimension_weights, metrics, systems

__all__ = ["DatasetScore", "Interval", "Leverage", "measure", "score_dataset", "system_score"]

Measurements = dict[str, Measurement]


@dataclass(frozen=True, slots=True)
class Interval:
    """A value with its bounds. ``value`` is None where nothing was known."""

    value: float | None
    low: float
    high: float


@dataclass(frozen=True, slots=True, kw_only=True)
class DatasetScore:
    """All measurements of a dataset and what they add up to."""

    dataset: Measurements
    distributions: Sequence[Measurements]
    score: Interval
    """0..100."""
    dimensions: Mapping[str, Interval]
    """0..100 each; dimensions of which nothing applies are left out."""
    systems: Mapping[str, Interval]


def measure(subject: DatasetSubject) -> tuple[Measurements, list[Measurements]]:
    """Every metric of a dataset and of each of its distributions."""
    own = {name: function(subject) for name, function in functions("dataset").items()}
    parts = [{n: f(part) for n, f in functions("distribution").items()} for part in subject.distributions]
    return own, parts


def score_dataset(subject: DatasetSubject) -> DatasetScore:
    """Measure a dataset and add it up under every system."""
    own, parts = measure(subject)
    total, dimensions = winnow_score(own, parts)
    return DatasetScore(
        dataset=own,
        distributions=parts,
        score=total,
        dimensions=dimensions,
        systems={name: system_score(system, own, parts) for name, system in systems().items()},
    )


def winnow_score(own: Measurements, parts: Sequence[Measurements]) -> tuple[Interval, dict[str, Interval]]:
    """The score of 0..100 and its dimensions.

    A dimension is the weighted mean of its metrics, the score the weighted mean of the dimensions that apply.
    """
    by_dimension: dict[str, list[tuple[float, Interval]]] = {}
    for metric in metrics().values():
        if metric.weight and (answer := _answer(metric, own, parts)) is not None:
            by_dimension.setdefault(metric.dimension, []).append((metric.weight, answer))
    dimensions = {name: _mean(answers) for name, answers in by_dimension.items()}
    weights = dimension_weights()
    total = _mean([(weights[name], interval) for name, interval in dimensions.items()])  # type: ignore[index]
    return _percent(total), {name: _percent(interval) for name, interval in dimensions.items()}


class Leverage:
    """How much of the score hangs on each answer of a dataset.

    The score is a weighted mean of weighted means, so what one answer brings is a product of shares: no need to add
    the dataset up again for every finding, which would take time that grows with the square of its distributions.
    """

    def __init__(self, own: Measurements, parts: Sequence[Measurements]) -> None:
        self.parts = parts
        self.answers = {m.id: _answer(m, own, parts) for m in metrics().values() if m.weight}
        known: dict[str, float] = {}
        for metric in metrics().values():
            answer = self.answers.get(metric.id)
            if answer is not None and answer.value is not None:
                known[metric.dimension] = known.get(metric.dimension, 0.0) + metric.weight
        weights: Mapping[str, float] = {str(name): weight for name, weight in dimension_weights().items()}
        total = sum(weights[name] for name in known)
        self.in_dimension = known
        self.of_score = {name: weights[name] / total for name in known}

    def gain(self, metric: Metric, index: int | None) -> float | None:
        """Points of 0..100 that the score wins if one known answer becomes 1.

        ``index`` is the distribution's, or None for the dataset's own answer. None where the answer is not known.
        """
        answer = self.answers.get(metric.id)
        if answer is None or answer.value is None:
            return None
        if index is None or metric.over == "best":
            better = 1.0 - answer.value
        else:
            known = [v for part in self.parts if isinstance(v := part[metric.id], float)]
            own = self.parts[index][metric.id]
            better = (1.0 - own) / len(known) if isinstance(own, float) else 0.0
        share = metric.weight / self.in_dimension[metric.dimension]
        return 100 * self.of_score[metric.dimension] * share * better


def _answer(metric: Metric, own: Measurements, parts: Sequence[Measurements]) -> Interval | None:
    """A dataset's answer to a metric, as an interval of 0..1; None where it does not apply."""
    if metric.subject == "dataset":
        return _interval(own[metric.id])
    if not parts:
        # Where no distribution is due (a series), none can fail.
        is_due = own["distribution_present"] is not None
        return Interval(0.0, 0.0, 0.0) if metric.without_distribution == "fail" and is_due else None
    answers = [i for part in parts if (i := _interval(part[metric.id])) is not None]
    if not answers:
        return None
    if metric.over == "best":
        known = [i.value for i in answers if i.value is not None]
        return Interval(max(known) if known else None, max(i.low for i in answers), max(i.high for i in answers))
    return _mean([(1.0, interval) for interval in answers])


def _interval(value: Measurement) -> Interval | None:
    if value is None:
        return None
    return Interval(None, 0.0, 1.0) if isinstance(value, Unknown) else Interval(value, value, value)


def _mean(answers: Sequence[tuple[float, Interval]]) -> Interval:
    total = sum(weight for weight, _ in answers)
    if not total:
        return Interval(None, 0.0, 1.0)
    known = [(weight, i.value) for weight, i in answers if i.value is not None]
    known_weight = sum(weight for weight, _ in known)
    low = sum(weight * i.low for weight, i in answers) / total
    high = sum(weight * i.high for weight, i in answers) / total
    if not known_weight:
        return Interval(None, low, high)
    value = sum(weight * found for weight, found in known) / known_weight
    # Means of known parts can leave the bounds by a hair where parts have bounds of their own.
    return Interval(min(max(value, low), high), low, high)


def _percent(interval: Interval) -> Interval:
    value = None if interval.value is None else interval.value * 100
    return Interval(value, interval.low * 100, interval.high * 100)


def system_score(system: System, own: Measurements, parts: Sequence[Measurements]) -> Interval:
    """The points of one dataset in a system of others, by that system's own rule.

    ``value`` follows its treatment of the unknown (both versions of the MQA count what was not seen as failed).
    """
    rule = _best_distribution if system.rule == "best_distribution" else _group_mean
    low, high = rule(system, own, parts, 0.0), rule(system, own, parts, 1.0)
    return Interval(low if system.unknown_is_failed else None, low, high)


def _points(value: Measurement, points: float, unknown_as: float) -> float:
    if value is None:
        return 0.0
    return points * (unknown_as if isinstance(value, Unknown) else value)


def _best_distribution(system: System, own: Measurements, parts: Sequence[Measurements], unknown_as: float) -> float:
    """The distribution with most points, the first on ties, and the dataset's own points."""
    winner: Measurements = {}
    best = -1.0
    for part in parts:
        total = sum(_points(part[i.metric], i.points, unknown_as) for i in system.item if i.metric in part)
        if total > best:
            best, winner = total, part
    total = max(best, 0.0)
    for item in system.item:
        if item.metric in own and (item.unless is None or winner.get(item.unless) is None):
            total += _points(own[item.metric], item.points, unknown_as)
    return total


def _group_mean(system: System, own: Measurements, parts: Sequence[Measurements], unknown_as: float) -> float:
    """The mean of the groups that are there: the dataset, and the mean of its distributions."""

    def points(group: Measurements) -> float:
        return sum(_points(group[i.metric], i.points, unknown_as) for i in system.item if i.metric in group)

    groups = [points(own)]
    if parts:
        groups.append(sum(points(part) for part in parts) / len(parts))
    return sum(groups) / len(groups)
