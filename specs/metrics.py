"""``metrics.toml``: what is measured, and how the Winnow score weighs it."""

from __future__ import annotations

from functools import lru_cache
from pathlib import Path
from typing import Annotated, Literal

from pydantic import Field, StringConstraints

from specs.errors import SpecError, Strict, parse, read_toml

__all__ = [
    "Dimension", "EntitySpec", "Metric", "MetricId", "dimensions", "entity_spec", "grade", "methodology_version",
    "metrics",
]  # fmt: skip

HERE = Path(__file__).parent
MetricId = Annotated[str, StringConstraints(pattern=r"^[a-z][a-z0-9_]{2,60}$")]
Dimension = Literal["findable", "accessible", "open", "usable", "timely", "sound"]
Subject = Literal["dataset", "distribution", "service"]


class Metric(Strict):
    """One question asked of every subject, answered 0..1, "not applicable" or "unknown".

    The id is also the function's name in ``quality.metrics.<dimension>`` and the column in the quality tables.
    """

    id: MetricId
    dimension: Dimension
    subject: Subject
    weight: Annotated[float, Field(ge=0)]
    """Share of the dimension in the Winnow score; 0 where the metric only serves other systems."""
    weighs: str = ""
    """Why it weighs so much in its dimension."""
    question: str
    source: str
    """The specification and section behind the rule."""
    rationale: str
    fix: str
    """One sentence to the publisher, in the imperative."""
    example: str
    """A case that passes, or one that fails, in a sentence."""
    severity: Literal["error", "warning", "info"] = "warning"
    observed: bool = False
    """True where the answer comes from what was served, not from what was declared."""
    reported: bool = False
    """True where a failure is a finding though the metric has no weight: it costs no points, and should be known."""
    over: Literal["mean", "best"] = "mean"
    """How a dataset answers for its distributions: their mean, or the best of them (one CSV beside PDFs will do)."""
    without_distribution: Literal["skip", "fail"] = "skip"
    """What a dataset without any distribution gets: "not applicable", or 0."""
    needs_data: bool = False
    """True where the answer counts in the Winnow score only if there are data: an open licence on a file that cannot
    be had opens nothing. Where a metric with ``shows_data`` failed it counts as 0."""
    shows_data: bool = False
    """True where a failure means that there are no data to be had behind the distribution."""
    facts: tuple[str, ...] = ()
    """Facts for want of which the answer is less than 1, named like the fields of the model. Where datasets have a
    field of the same name, that of distributions begins with ``distribution_``. "*" stands for any fact.
    Where an interface could not carry one of them, the answer is unknown."""
    of_file: bool = False
    """True where the answer rests on nothing but the bytes of the file and its record: no server has a say in it."""
    fix_in: dict[str, Annotated[str, StringConstraints(min_length=1)]] = Field(default_factory=dict)
    """``fix`` in other languages, by code. A language says it here or in its own file, not in both."""
    effort_minutes: Annotated[float, Field(gt=0)] = 10.0
    """About how long it takes to mend one subject by hand: what ``top_fixes`` divides the gain by."""


class DimensionSpec(Strict):
    """One of the six questions that the Winnow score asks."""

    weight: Annotated[float, Field(gt=0)]
    """Points of the score; those of all dimensions sum to 100."""
    rationale: str


class EntitySpec(Strict):
    """What it takes to show the score of a portal, a publisher or a government."""

    minimum_datasets: Annotated[int, Field(ge=1)]
    minimum_coverage_pct: Annotated[float, Field(ge=0, le=100)]
    rationale: str


class _Metrics(Strict):
    version: str
    dimension: dict[Dimension, DimensionSpec]
    grades: dict[str, Annotated[float, Field(ge=0, le=100)]]
    entity: EntitySpec
    metric: tuple[Metric, ...]


@lru_cache(maxsize=1)
def _metrics_file() -> _Metrics:
    path = HERE / "metrics.toml"
    spec = parse(_Metrics, read_toml(path), str(path))
    ids = [metric.id for metric in spec.metric]
    for metric_id in ids:
        if ids.count(metric_id) > 1:
            raise SpecError(f"{path}: metric.{metric_id}: defined twice; remove one")
    for metric in spec.metric:
        if bool(metric.weight) != bool(metric.weighs):
            raise SpecError(
                f"{path}: metric.{metric.id}.weighs: say why it weighs {metric.weight:g}; or nothing, for 0"
            )
    return spec


def metrics() -> dict[str, Metric]:
    """All metrics by id, in the order of the file."""
    return {metric.id: metric for metric in _metrics_file().metric}


def methodology_version() -> str:
    """Version of the Winnow score: three numbers. See ``specs.methodology.is_comparable`` for what can be compared."""
    return _metrics_file().version


def dimensions() -> dict[Dimension, DimensionSpec]:
    """The dimensions of the Winnow score, in their order."""
    return dict(_metrics_file().dimension)


def entity_spec() -> EntitySpec:
    """What it takes to show the score of a portal, a publisher or a government."""
    return _metrics_file().entity


def grade(score: float | None) -> str | None:
    """The letter for a score of 0..100; None for no score."""
    if score is None:
        return None
    ladder = sorted(_metrics_file().grades.items(), key=lambda pair: -pair[1])
    return next(letter for letter, minimum in ladder if score >= minimum)
