"""``metrics.toml`` (what is measured) and ``systems/*.toml`` (how measurements become points)."""

from __future__ import annotations

from functools import lru_cache
from pathlib import Path
from typing import Annotated, Literal

from pydantic import Field, StringConstraints

from specs.errors import SpecError, Strict, parse, read_toml

__all__ = ["Band", "Dimension", "Item", "Metric", "System", "metrics", "systems"]

HERE = Path(__file__).parent
MetricId = Annotated[str, StringConstraints(pattern=r"^[a-z][a-z0-9_]{2,60}$")]
Dimension = Literal["findable", "accessible", "open", "usable", "timely", "sound"]
Subject = Literal["dataset", "distribution"]


class Metric(Strict):
    """One question asked of every subject, answered 0..1, "not applicable" or "unknown".

    The id is also the function's name in ``quality.metrics.<dimension>`` and the column in the quality tables.
    """

    id: MetricId
    dimension: Dimension
    subject: Subject
    weight: Annotated[float, Field(ge=0)]
    """Share of the dimension in the Winnow score; 0 where the metric only serves other systems."""
    question: str
    source: str
    """The specification and section behind the rule."""
    rationale: str
    fix: str
    """One sentence to the publisher, in the imperative."""
    severity: Literal["error", "warning", "info"] = "warning"
    observed: bool = False
    """True where the answer comes from what was served, not from what was declared."""
    reported: bool = False
    """True where a failure is a finding though the metric has no weight: it costs no points, and should be known."""
    over: Literal["mean", "best"] = "mean"
    """How a dataset answers for its distributions: their mean, or the best of them (one CSV beside PDFs will do)."""
    without_distribution: Literal["skip", "fail"] = "skip"
    """What a dataset without any distribution gets: "not applicable", or 0."""


class _Metrics(Strict):
    version: str
    weights: dict[Dimension, Annotated[float, Field(ge=0)]]
    grades: dict[str, Annotated[float, Field(ge=0, le=100)]]
    metric: tuple[Metric, ...]


class Item(Strict):
    """Points that one metric brings in a system."""

    metric: MetricId
    points: Annotated[float, Field(gt=0)]
    dimension: str
    unless: MetricId | None = None
    """Left out where the distribution that counts has a measurement of this metric, whatever its value."""


class Band(Strict):
    """A named range of totals, from ``minimum`` up to the next band's."""

    title: str
    minimum: float


class System(Strict):
    """A scoring system: weights over measurements and a rule that adds them up."""

    id: MetricId
    version: str
    title: str
    source: str
    rule: Literal["best_distribution", "group_mean"]
    """best_distribution: dataset points + those of the distribution with most points (MQA v1).
    group_mean: mean of the groups present: the dataset, the mean of its distributions (MQA v2)."""
    maximum: float
    unknown_is_failed: bool
    """True where the official scorer counts what it did not see as failed. The interval is given in any case."""
    item: tuple[Item, ...]
    band: tuple[Band, ...]


@lru_cache(maxsize=1)
def _metrics_file() -> _Metrics:
    path = HERE / "metrics.toml"
    spec = parse(_Metrics, read_toml(path), str(path))
    ids = [metric.id for metric in spec.metric]
    for metric_id in ids:
        if ids.count(metric_id) > 1:
            raise SpecError(f"{path}: metric.{metric_id}: defined twice; remove one")
    return spec


def metrics() -> dict[str, Metric]:
    """All metrics by id, in the order of the file."""
    return {metric.id: metric for metric in _metrics_file().metric}


def methodology_version() -> str:
    """Version of the Winnow score. Scores of different versions are never compared."""
    return _metrics_file().version


def dimension_weights() -> dict[Dimension, float]:
    """Points of each dimension in the Winnow score; they sum to 100."""
    return dict(_metrics_file().weights)


def grade(score: float | None) -> str | None:
    """The letter for a score of 0..100; None for no score."""
    if score is None:
        return None
    ladder = sorted(_metrics_file().grades.items(), key=lambda pair: -pair[1])
    return next(letter for letter, minimum in ladder if score >= minimum)


@lru_cache(maxsize=1)
def systems() -> dict[str, System]:
    """All scoring systems by id."""
    found = {}
    for path in sorted((HERE / "systems").glob("*.toml")):
        system = parse(System, read_toml(path), str(path))
        if system.id != path.stem:
            raise SpecError(f"{path}: id: {system.id!r} is not the file's name")
        for item in system.item:
            if item.metric not in metrics():
                raise SpecError(f"{path}: item.{item.metric}: no such metric; define it in metrics.toml")
        found[system.id] = system
    return found
