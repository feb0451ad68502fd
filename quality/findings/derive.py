"""Turn measurements into findings: what fails, where, why, how to fix it, and the points that the fix brings.

Every metric with a weight that failed gives a finding; an unknown measurement gives none. The gain is exact: the score
with that one measurement set to 1, minus the present score.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from functools import cache, lru_cache
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from catalog.model import TableDefect
from catalog.model.filling import filler
from catalog.repositories.findings import Finding
from catalog.repositories.withdrawn import Basis
from quality.evidence.subject import DatasetSubject, DistributionSubject
from quality.findings.gains import number_of
from quality.metrics import sentence_of
from quality.metrics.sound import RULES
from quality.systems.matrix import UNKNOWN_CELL, Group, Matrix, columns
from quality.tables.judge.rules import fix_of
from quality.tables.judge.wording import what_and_why
from specs.metrics import Metric, metrics
from specs.table_rules import table_rules

__all__ = [
    "Failures", "JudgedDataset", "basis", "failures", "findings", "findings_of", "is_unobserved", "portal_findings",
]  # fmt: skip


@dataclass(frozen=True, slots=True)
class JudgedDataset:
    """One dataset with its measurements, and with the points that its score gains if a failure is fixed."""

    subject: DatasetSubject
    own: Matrix
    """Shape (metrics of datasets,): the measurements of the dataset itself, as cells of
    :mod:`quality.systems.matrix`.
    """
    parts: Matrix
    """Shape (distributions, metrics of distributions): the measurements of each distribution."""
    own_gains: Matrix
    """Shape (metrics with a weight,): points gained if the metric is fixed everywhere in the dataset; see
    :mod:`quality.findings.gains`.
    """
    part_gains: Matrix


class Rule(NamedTuple):
    """What all findings of a metric have in common."""

    words: tuple[str, str, str, str, str]
    """Its id, question, dimension, severity and fix."""
    metric: Metric
    sentence: Callable[[Any], str]
    """Says what was found; takes the subject of the metric."""
    is_observed: bool
    """Whether a response proves it, and not the record."""


@cache
def _rule(metric_id: str) -> Rule:
    metric = metrics()[metric_id]
    words = (metric.id, metric.question, metric.dimension, metric.severity, metric.fix)
    return Rule(words, metric, sentence_of(metric.id), metric.observed)


@lru_cache(maxsize=2)
def _asked(group: Group) -> tuple[NDArray[np.bool_], tuple[tuple[Rule, int | None], ...]]:
    """Return a mask of the columns that give findings, and the rule and the column of gains of each column."""
    found = [(_rule(name), number_of(name)) for name in columns(group)]
    return np.array([bool(one.metric.weight or one.metric.reported) for one, _ in found]), tuple(found)


Failure = tuple[Rule, float | None]
"""The rule of a metric that failed, and the points gained if it is fixed there; None if that cannot be computed."""


@dataclass(frozen=True, slots=True)
class Failures:
    """The metrics for which a dataset gets findings: those that the dataset itself fails, and those of each
    distribution.
    """

    own: Sequence[Failure]
    parts: Sequence[Sequence[Failure]]


def failures(own: Matrix, parts: Matrix, own_gains: Matrix, part_gains: Matrix) -> Failures:
    """Return which metrics a dataset and each of its distributions fail, with the points that a fix brings.

    The arguments are the fields of :class:`JudgedDataset`. Metrics that have no weight in the score and are not
    reported are left out.
    """
    is_asked, of_column = _asked("dataset")
    of_dataset = []
    for column in np.flatnonzero((own >= 0) & (own < 1) & is_asked):
        rule, number = of_column[column]
        of_dataset.append((rule, _rounded(0.0 if number is None else own_gains[number])))
    is_asked, of_column = _asked("distribution")
    of_parts: list[list[Failure]] = [[] for _ in parts]
    for row, column in zip(*np.nonzero((parts >= 0) & (parts < 1) & is_asked), strict=True):
        rule, number = of_column[column]
        of_parts[row].append((rule, _rounded(0.0 if number is None else part_gains[row, number])))
    return Failures(of_dataset, of_parts)


def findings(judged: JudgedDataset) -> list[Finding]:
    """Return all findings about a dataset: about its record, its distributions and the tables in its files."""
    failed = failures(judged.own, judged.parts, judged.own_gains, judged.part_gains)
    return findings_of(judged.subject, failed)


def findings_of(subject: DatasetSubject, failed: Failures) -> list[Finding]:
    """Return all findings about a dataset: about its record, its distributions and the tables in its files.

    ``failed`` are the metrics that it fails, as :func:`failures` returns them.
    """
    found = [_dataset_finding(rule, gain, subject) for rule, gain in failed.own]
    for part, of_part in zip(subject.distributions, failed.parts, strict=True):
        if of_part:
            found += _distribution_findings(part, of_part, subject.exchange)
    for part in subject.distributions:
        if part.table is not None:
            found += [
                _of_defect(_bare(part), defect, 0.0, part.table.row_count)
                for defect in part.table.defects
                if _is_uncounted(defect)
            ]
    return found


def is_unobserved(judged: JudgedDataset, distribution_id: str | None, rule_id: str) -> bool:
    """Return whether a rule could not be checked in this run, so that earlier findings of the rule must not count as
    fixed.

    ``rule_id`` is the id of a metric or of a table rule. ``distribution_id`` is the distribution that the finding is
    about; None means the dataset itself.
    """
    if distribution_id is None:
        own = columns("dataset")
        return rule_id in own and judged.own[own.index(rule_id)] == UNKNOWN_CELL
    rows = [number for number, part in enumerate(judged.subject.distributions) if part.id == distribution_id]
    if not rows:
        return False
    names = columns("distribution")
    asked = [rule_id] if rule_id in names else [m for m, rules in RULES.items() if rule_id in rules]
    if rule_id in _UNCOUNTED:
        asked = list(RULES)
    return any(judged.parts[rows[0], names.index(name)] == UNKNOWN_CELL for name in asked)


@cache
def basis(rule_id: str) -> Basis | None:
    """Return the only thing that the findings of a rule depend on: "record", "file" or "table"; else None.

    As long as that is unchanged, the findings of the rule stay the same. The result is None if they also depend on the
    date, a server or other datasets. ``rule_id`` is the id of a metric or of a table rule.
    """
    metric = metrics().get(rule_id)
    if metric is None:
        return "table" if rule_id in _UNCOUNTED else None
    if metric.dimension == "sound":
        return "table"
    if metric.of_file:
        return "file"
    return None if metric.observed or metric.dimension == "timely" else "record"


_UNCOUNTED = frozenset(rule.id for rule in table_rules().values() if rule.metric is None)
"""Rules of tables that are reported but cost no points."""
_SHOWN_BY_METRIC = {"html_instead_of_file", "error_instead_of_file"}
"""Rules for files that were not served; the metric ``file_served`` already gives that finding."""


def _is_uncounted(defect: TableDefect) -> bool:
    return defect.source != "great_expectations" and defect.rule in _UNCOUNTED and defect.rule not in _SHOWN_BY_METRIC


def _bare(part: DistributionSubject) -> Finding:
    """Return a finding with what all findings about the table of a distribution have in common."""
    declared, served = part.declared_format, part.served_format
    return Finding(
        rule_id="",
        rule_title="",
        dimension="sound",
        severity="info",
        how_to_fix="",
        distribution_id=part.id,
        resource_url=part.url,
        expected="none",
        http_status=part.check.status if part.check else None,
        format_declared=declared.id if declared else part.distribution.format,
        format_served=served.id if served else None,
        exchange=part.check.exchange if part.check else None,
    )


def _rounded(gain: float) -> float | None:
    return None if gain != gain else round(float(gain), 4)


_fill = filler(
    Finding,
    (
        "rule_id", "rule_title", "dimension", "severity", "how_to_fix", "distribution_id", "resource_url",
        "http_status", "format_declared", "format_served", "observed", "gain_points", "exchange", "field",
        "fault_party", "expected", "first_row", "error_count", "rate_per_1000", "rows",
    ),
)  # fmt: skip
_OF_MEASUREMENT = (None, "publisher", "yes", None, None, None, None)
"""The last fields of a finding that is not about a place in a table."""
_OF_RECORD = (None, None, None, None, None)
"""Distribution, address, status and formats of a finding about a dataset itself."""


def _dataset_finding(rule: Rule, gain: float | None, subject: DatasetSubject) -> Finding:
    return _fill((*rule.words, *_OF_RECORD, rule.sentence(subject), gain, subject.exchange, *_OF_MEASUREMENT))


def portal_findings(tls_fault: str | None) -> list[Finding]:
    """Return the findings about a portal itself. At present there is at most one: its TLS certificate cannot be
    verified.

    ``tls_fault`` says why it cannot be; None means that there is no fault.
    """
    if not tls_fault:
        return []
    metric = metrics()["tls_valid"]
    return [
        Finding(
            rule_id=metric.id,
            rule_title=metric.question,
            dimension=metric.dimension,
            severity=metric.severity,
            how_to_fix=metric.fix,
            fault_party="portal",
            observed=tls_fault,
            expected="yes",
            gain_points=0.0,
        )
    ]


def _distribution_findings(part: DistributionSubject, failed: Sequence[Failure], record: str | None) -> list[Finding]:
    check, table = part.check, part.table
    declared, served = part.declared_format, part.served_format
    place = (
        part.id, part.url, check.status if check else None, declared.id if declared else part.distribution.format,
        served.id if served else None,
    )  # fmt: skip
    # The response of the address proves what was served, the record what was declared.
    response = check.exchange if check else record
    found = []
    for rule, gain in failed:
        exchange = response if rule.is_observed else record
        base = _fill((*rule.words, *place, rule.sentence(part), gain, exchange, *_OF_MEASUREMENT))
        defects = _defects(rule.metric, table.defects) if table is not None and base.dimension == "sound" else ()
        if table is None or not defects:
            found.append(base)
            continue
        # One finding for each column of the table; only the first carries the gain, which needs all of them fixed.
        found += [
            _of_defect(base, defect, gain if number == 0 else 0.0, table.row_count)
            for number, defect in enumerate(defects)
        ]
    return found


def _defects(metric: Metric, defects: Sequence[TableDefect]) -> list[TableDefect]:
    if metric.id == "table_expectations_met":
        chosen = [d for d in defects if d.source == "great_expectations"]
    else:
        chosen = [d for d in defects if d.rule in RULES[metric.id]]
    return sorted(chosen, key=lambda d: (-d.count, d.rule, d.field or ""))


def _of_defect(base: Finding, defect: TableDefect, gain: float | None, row_count: int | None = None) -> Finding:
    rate = 1000 * defect.count / row_count if row_count and defect.first_row else None
    # One bad cell in a million is reported, but not as an error.
    is_rare = rate is not None and rate < 1 and defect.severity == "error"
    return replace(
        base,
        rule_id=base.rule_id or defect.rule,
        rule_title=base.rule_title or defect.message,
        severity="info" if is_rare else defect.severity,
        how_to_fix=fix_of(defect.rule) or base.how_to_fix,
        field=f"{defect.rule}: {defect.field}" if defect.field else defect.rule,
        observed=what_and_why(defect),
        first_row=defect.first_row,
        error_count=defect.count,
        rate_per_1000=round(rate, 3) if rate is not None else None,
        rows=" ".join(map(str, defect.rows)) or None,
        gain_points=gain,
    )
