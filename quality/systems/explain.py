"""Explain a score as a sum, line by line: question, answer, evidence, points, and what would change them. The points of
all lines add up to the score."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np

from catalog.model import Contact, Dataset, Distribution, Publisher, ResourceCheck
from quality.evidence.carried import ANY_FACT
from quality.evidence.subject import DatasetSubject, DistributionSubject, Measurement, Unknown
from quality.findings.gains import gains, shares
from quality.metrics import observed
from quality.systems.matrix import Matrix, MeasurementMatrix, columns, measure_all, measurement, position
from quality.systems.third_party import answer_of, group_points, system_points, winner_of
from quality.systems.winnow import answers, apply_needs_data, weighted, winnow_scores
from specs.metrics import Metric, metrics
from specs.systems import System, SystemItem, systems

__all__ = ["Explanation", "Line", "explain"]


@dataclass(frozen=True, slots=True)
class Line:
    """One line of an explained score: one metric, its answer for the dataset, and its points."""

    metric: str
    name: str
    """What the scoring system calls the metric; the dimension if the system has no name for it."""
    question: str
    answer: str
    """yes, no, a share, unknown, or "-" if the metric does not apply; of several distributions: "3 of 5 yes, 1
    unknown"."""
    evidence: str
    """What the answer was read from, in a few words: the declared values, or the address with its response."""
    points: float
    """Points that the metric contributes to the score."""
    possible: float
    """Points that the metric could contribute at most; 0 if it does not count for this dataset."""
    brings: float
    """Points by which the score would rise if every failure of this metric in the dataset were fixed."""
    fix: str


@dataclass(frozen=True, slots=True)
class Explanation:
    """The score of one dataset in one scoring system, and the lines whose points add up to that score.

    ``title`` and ``version`` are those of the system. ``total`` is None if nothing is known. ``low`` and ``high`` are
    the scores if everything unknown had failed, or had passed. ``maximum`` is the highest score that the system gives,
    ``band`` the system's name for the range of the total, or the grade, and ``note`` what the system leaves out.
    """

    system: str
    title: str
    version: str
    total: float | None
    low: float
    high: float
    maximum: float
    band: str | None
    note: str
    lines: Sequence[Line]


def explain(subject: DatasetSubject, system: str = "winnow") -> Explanation:
    """Explain how the score of a dataset in a scoring system comes about, metric by metric.

    ``system`` is the id of the system. Raise KeyError if there is no such system.
    """
    measured = measure_all([subject])
    return _winnow(subject, measured) if system == "winnow" else _system(subject, measured, systems()[system])


def _winnow(subject: DatasetSubject, measured: MeasurementMatrix) -> Explanation:
    from specs.metrics import grade, methodology_version

    found = answers(measured, apply_needs_data(measured.distributions))
    total, gained, share = winnow_scores(measured), gains(measured), shares(found.value)
    lines = []
    for number, metric in enumerate(weighted().metrics):
        value = found.value[0, number]
        lines.append(
            Line(
                metric=metric.id,
                name=metric.dimension,
                question=metric.question,
                answer=_answer(measured, metric.id),
                evidence=_evidence(subject, metric.id, measured),
                points=0.0 if np.isnan(value) else float(share[0, number] * value),
                possible=float(np.nan_to_num(share[0, number])),
                brings=float(np.nan_to_num(gained.dataset[0, number])),
                fix=metric.fix,
            )
        )
    value = None if np.isnan(total.value[0]) else float(total.value[0])
    return Explanation(
        "winnow", "Winnow score", methodology_version(), value,
        float(np.nan_to_num(total.low[0])), float(np.nan_to_num(total.high[0], nan=100.0)), 100.0, grade(value),
        "What needs data counts as 0 where the file cannot be had, or is empty.", lines,
    )  # fmt: skip


def _system(subject: DatasetSubject, measured: MeasurementMatrix, system: System) -> Explanation:
    total = system_points(system, measured)
    replaced = {item.unless for item in system.item if item.unless} if system.rule == "sum" else set()
    lines = []
    for item in system.item:
        if item.metric in replaced:
            continue
        metric = metrics()[item.metric]
        got, possible = _points(system, item, measured)
        lines.append(
            Line(
                metric=item.metric,
                name=item.name or item.dimension,
                question=metric.question,
                answer=_answer(measured, item.metric),
                evidence=_evidence(subject, item.metric, measured),
                points=got,
                possible=possible,
                brings=_brings(system, item.metric, measured, total.value[0]),
                fix=metric.fix,
            )
        )
    value = None if np.isnan(total.value[0]) else float(total.value[0])
    low, high = float(np.nan_to_num(total.low[0])), float(np.nan_to_num(total.high[0]))
    return Explanation(
        system.id, system.title, system.version, value, low, high, system.maximum, system.band_of(value),
        " ".join(system.note.split()), lines,
    )  # fmt: skip


def _points(system: System, item: SystemItem, measured: MeasurementMatrix) -> tuple[float, float]:
    """Return the points that an item adds to the sum of one dataset, and the most it could add."""
    group, column = position(item.metric)
    match system.rule:
        case "group_mean":
            return group_points(system, item, measured)
        case "sum":
            return answer_of(system, item, measured)
        case "ladder":
            winner = winner_of(system, measured)
            where = [position(one.metric)[1] for one in system.item]
            climbed = (
                np.logical_and.accumulate(measured.distributions[winner, where] >= 1) if winner is not None else [False]
            )
            passed = winner is not None and bool(climbed[system.item.index(item)])
            return item.points * passed, item.points
    winner = winner_of(system, measured)
    if group == "distribution":
        value = measured.distributions[winner, column] if winner is not None else 0.0
        return item.points * _counted(value), item.points
    is_out = (
        item.unless is not None
        and winner is not None
        and not np.isnan(measured.distributions[winner, columns("distribution").index(item.unless)])
    )
    return (0.0, 0.0) if is_out else (item.points * _counted(measured.datasets[0, column]), item.points)


def _counted(value: float) -> float:
    return float(value) if value >= 0 else 0.0


def _brings(system: System, metric_id: str, measured: MeasurementMatrix, before: float) -> float:
    """Return the points won if every failure of the metric were fixed, by computing the total of a fixed copy."""
    group, column = position(metric_id)
    matrix = measured.group(group).copy()
    fails = (matrix[:, column] >= 0) & (matrix[:, column] < 1)
    if not fails.any():
        return 0.0
    matrix[fails, column] = 1.0
    name = {"dataset": "datasets", "distribution": "distributions", "service": "services"}[group]
    after = system_points(system, replace(measured, **{name: matrix})).value[0]  # type: ignore[arg-type]
    return float(np.nan_to_num(after) - np.nan_to_num(before))


def _answer(measured: MeasurementMatrix, metric_id: str) -> str:
    group, column = position(metric_id)
    values = [measurement(value) for value in measured.group(group)[:, column]]
    asked = [value for value in values if value is not None]
    if not asked:
        return "-"
    if len(values) == 1:
        return _word(asked[0])
    known = [value for value in asked if isinstance(value, float)]
    unknown = len(asked) - len(known)
    good = f"{sum(value == 1 for value in known)} of {len(asked)} yes"
    return f"{good}, {unknown} unknown" if unknown else good


def _word(value: Measurement) -> str:
    if value is None or isinstance(value, Unknown):
        return "-" if value is None else "unknown"
    return {1.0: "yes", 0.0: "no"}.get(value, f"{value:.0%}")


def _evidence(subject: DatasetSubject, metric_id: str, measured: MeasurementMatrix) -> str:
    metric = metrics()[metric_id]
    group, column = position(metric_id)
    if group != "distribution":
        return _declared(subject.dataset, metric)
    values: Matrix = measured.distributions[:, column]
    # The first failure says most; otherwise the first distribution that the metric applies to.
    fails = np.flatnonzero((values >= 0) & (values < 1))
    asked = np.flatnonzero(~np.isnan(values))
    if not len(asked):
        return ""
    part = subject.distributions[int((fails if len(fails) else asked)[0])]
    said = observed(metric_id, part) if len(fails) else ""
    seen = _seen(part, part.check) if metric.observed else _declared(part.distribution, metric)
    return ": ".join(one for one in (seen, said if said != "no" else "") if one)


def _declared(noun: Dataset | Distribution, metric: Metric) -> str:
    """Return in a few words what the record declares of the facts that the metric names; "the record" for a metric
    that names none, or all."""
    names = metric.evidence or metric.facts
    if not names or ANY_FACT in names:
        return "the record"
    said = "; ".join(filter(None, (_value(noun, name) for name in names)))
    return f"declared: {said[:80]}" if said else "nothing is declared"


def _value(noun: Dataset | Distribution, name: str) -> str:
    """Return the value of a fact, named as in ``specs/metrics.toml``, as text; "" if the record has none."""
    if name.startswith("contact_") and isinstance(noun, Dataset):
        value = getattr(noun.contact, name.removeprefix("contact_"), None)
    else:
        value = getattr(noun, name if hasattr(noun, name) else name.removeprefix("distribution_"), None)
    if isinstance(value, (Publisher, Contact)):
        value = value.name or getattr(value, "email", None) or value.url
    elif isinstance(value, tuple):
        texts = [one for one in value if isinstance(one, str)]
        value = ", ".join(texts) if texts or not value else f"{len(value)} {name.replace('_', ' ')}"
    return str(value) if value else ""


def _seen(part: DistributionSubject, check: ResourceCheck | None) -> str:
    if check is None:
        return "not asked yet"
    status = f"HTTP {check.status}" if check.status else check.outcome
    kept = f", {check.exchange}" if check.exchange else ""
    return f"{part.url} answered {status} on {check.checked_at[:10]}{kept}"
