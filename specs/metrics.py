"""``metrics.toml``: what is measured, and how the Winnow score weights it."""

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
    """One question asked of every dataset, distribution or service. The answer is a number from 0 to 1, "not
    applicable" or "unknown".

    The id is also the name of the function in ``quality.metrics.<dimension>`` that answers the question, and of the
    column in the tables of scores.
    """

    id: MetricId
    dimension: Dimension
    subject: Subject
    weight: Annotated[float, Field(ge=0)]
    """How much it counts in its dimension of the Winnow score, relative to the dimension's other metrics; 0 if it does
    not count there."""
    weighs: str = ""
    """Why it has this weight in its dimension."""
    question: str
    source: str
    """The specification and section behind the rule."""
    rationale: str
    fix: str
    """One sentence to the publisher, in the imperative."""
    example: str
    """A case that passes, or one that fails, in one sentence."""
    severity: Literal["error", "warning", "info"] = "warning"
    observed: bool = False
    """True if the answer comes from what was served, not from what was declared."""
    reported: bool = False
    """True if a failure is a finding even without a weight: it costs no points, but publishers should know it."""
    over: Literal["mean", "best"] = "mean"
    """How a dataset's answer is derived from its distributions: their mean, or the best (one CSV beside PDFs is
    enough)."""
    without_distribution: Literal["skip", "fail"] = "skip"
    """The answer for a dataset without any distribution: "not applicable", or 0."""
    needs_data: bool = False
    """True if the answer counts in the Winnow score only if there are data: an open licence on a file that cannot be
    downloaded opens nothing. If a metric with ``shows_data`` failed, this one counts as 0."""
    shows_data: bool = False
    """True if a failure means that the distribution offers no data."""
    facts: tuple[str, ...] = ()
    """Facts whose absence makes the answer less than 1, named like the fields of the model. If datasets have a field of
    the same name, the field of distributions begins with ``distribution_``. "*" stands for any fact. If an API
    cannot carry one of them, the answer is unknown."""
    evidence: tuple[str, ...] = ()
    """Facts whose declared values an explanation shows beside the answer, if they are not those of ``facts``. Names as
    for ``facts``."""
    of_file: bool = False
    """True if the answer depends only on the bytes of the file and its record, not on any server."""
    fix_in: dict[str, Annotated[str, StringConstraints(min_length=1)]] = Field(default_factory=dict)
    """``fix`` in other languages, by code. A sentence is given either here or in the language's file, not in both."""
    effort_minutes: Annotated[float, Field(gt=0)] = 10.0
    """Minutes that fixing one subject by hand takes; ``top_fixes`` divides the gain by it."""


class DimensionSpec(Strict):
    """The weight of one of the six dimensions of the Winnow score, and the reason for it."""

    weight: Annotated[float, Field(gt=0)]
    """Points of the score; those of all dimensions sum to 100."""
    rationale: str


class EntitySpec(Strict):
    """What a portal, a publisher or a government needs for its score to be shown.

    It needs a minimum number of datasets, and a minimum coverage: the percentage of applicable measurements that were
    made.
    """

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
    """Return all metrics by id, in the order of ``metrics.toml``. Raise SpecError if the file is invalid."""
    return {metric.id: metric for metric in _metrics_file().metric}


def methodology_version() -> str:
    """Return the version of the methodology by which scores are computed, as "major.minor.patch". Compare versions with
    :func:`specs.methodology.is_comparable`."""
    return _metrics_file().version


def dimensions() -> dict[Dimension, DimensionSpec]:
    """Return the dimensions of the Winnow score, each with its weight and the reason for it, in their order."""
    return dict(_metrics_file().dimension)


def entity_spec() -> EntitySpec:
    """Return the minimum number of datasets and the minimum coverage below which the score of a portal, a publisher or
    a government is not shown."""
    return _metrics_file().entity


def grade(score: float | None) -> str | None:
    """Return the grade, a letter, for a score from 0 to 100; None if ``score`` is None."""
    if score is None:
        return None
    ladder = sorted(_metrics_file().grades.items(), key=lambda pair: -pair[1])
    return next(letter for letter, minimum in ladder if score >= minimum)
