"""Turn measurements into findings: what fails, where, why, how to fix it, and the points that the fix brings.

Every metric with a weight that failed gives a finding; an unknown measurement gives none. The gain is exact: the score
with that one measurement set to 1, minus the present score.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from functools import cache

from catalog.model import TableDefect
from catalog.model.filling import filler
from catalog.repositories.findings import Finding
from catalog.repositories.first_findings import Failing, FailingDataset, Failure
from catalog.repositories.subjects import declared_format
from catalog.repositories.withdrawn import Basis
from quality.evidence.subject import (
    DatasetSubject,
    DistributionSubject,
    declared_of_parts,
    ids_of_parts,
    observed_parts,
)
from quality.findings.failing import Failures, failures, rule_of, why_no_gain
from quality.metrics import observed
from quality.metrics.sound import RULES
from quality.systems.matrix import UNKNOWN_CELL, Matrix, columns
from quality.tables.judge.rules import fix_of
from quality.tables.judge.wording import what_and_why
from specs.methodology import is_comparable
from specs.metrics import Metric, metrics
from specs.table_rules import table_rules

__all__ = [
    "Failures", "JudgedDataset", "basis", "failures", "findings", "findings_of", "first_findings_of", "is_unobserved",
    "portal_findings",
]  # fmt: skip


@dataclass(frozen=True, slots=True)
class JudgedDataset:
    """One dataset with its measurements, and with the points that its score gains if a failure is fixed."""

    subject: DatasetSubject
    own: Matrix
    """Shape (metrics of datasets,): the measurements of the dataset itself, as cells of
    :mod:`quality.systems.matrix`."""
    parts: Matrix
    """Shape (distributions, metrics of distributions): the measurements of each distribution."""
    own_gains: Matrix
    """Shape (metrics with a weight,): points gained if the metric is fixed everywhere in the dataset; see
    :mod:`quality.findings.gains`."""
    part_gains: Matrix
    """Shape (distributions, metrics with a weight): points gained if the metric is fixed in that distribution only."""


def findings(judged: JudgedDataset) -> list[Finding]:
    """Return all findings about a dataset, as :func:`findings_of` does, from its measurements."""
    failed = failures(judged.own, judged.parts, judged.own_gains, judged.part_gains)
    return findings_of(judged.subject, failed)


def findings_of(subject: DatasetSubject, failed: Failures) -> list[Finding]:
    """Return all findings about the dataset ``subject``.

    ``failed`` are the metrics that it fails, as :func:`failures` returns them. Each failed metric gives one finding; a
    metric about the table of a file gives one for each defect of the table that it counts, or one without a place if
    there is no such defect. Then come defects of tables that are reported but cost no points.
    """
    found = [_dataset_finding(failure, subject) for failure in failed.own]
    for part, of_part in zip(subject.distributions, failed.parts, strict=True):
        if of_part:
            found += _distribution_findings(part, of_part, subject.exchange)
    return found + _uncounted(subject)


def first_findings_of(subject: DatasetSubject, failed: Failures) -> tuple[FailingDataset, list[Finding]]:
    """Return the findings of :func:`findings_of` in the form for a dataset of which no findings are stored yet.

    The arguments are those of :func:`findings_of`. The result is a pair. Its first member lists the places that fail a
    metric, each with all metrics it fails: the dataset itself, and distributions without a report on their file. Its
    second member has the other findings, of which one metric and place may have several: those about distributions
    with a report on their file, and defects of tables that cost no points.
    """
    record = subject.exchange
    found: list[Finding] = []
    own = [_sentence(failure, subject) for failure in failed.own if failure.observed is None]
    places = [Failing(None, None, None, None, record, failed.own, own)] if failed.own else []
    parts = subject.distributions
    if len(observed_parts(subject)) < len(parts):
        ids, media, names = (
            ids_of_parts(subject),
            *(declared_of_parts(subject, one) for one in ("media_type", "format")),
        )
        for at, of_part in enumerate(failed.parts):
            if of_part:
                words = [_sentence(failure, parts[at]) for failure in of_part if failure.observed is None]
                declared = declared_format(media[at], names[at])
                told = declared.id if declared else names[at]
                places.append(Failing(ids[at], None, told, None, record, of_part, words))
        return FailingDataset(subject.id, subject.portal_id, subject.publisher_id, record, places), []
    for part, of_part in zip(parts, failed.parts, strict=True):
        if not of_part:
            continue
        if part.table is not None:
            found += _distribution_findings(part, of_part, record)
            continue
        words = [_sentence(failure, part) for failure in of_part if failure.observed is None]
        places.append(Failing(*_place(part), part.check.exchange if part.check else record, of_part, words))
    whole = FailingDataset(subject.id, subject.portal_id, subject.publisher_id, record, places)
    return whole, found + _uncounted(subject)


def _sentence(failure: Failure, subject: DatasetSubject | DistributionSubject) -> str:
    if failure.observed is not None:
        return failure.observed
    metric_id = failure.rule[0]
    return observed(metric_id, subject) + why_no_gain(rule_of(metric_id).metric, failure.gain)


def _uncounted(subject: DatasetSubject) -> list[Finding]:
    """Return the findings about tables that cost no points."""
    return [
        _of_defect(_bare(part), defect, 0.0, part.table.row_count)
        for part in subject.distributions
        if part.table is not None
        for defect in part.table.defects
        if _is_uncounted(defect)
    ]


def is_unobserved(judged: JudgedDataset, distribution_id: str | None, rule_id: str) -> bool:
    """Return whether a rule could not be checked in this run, so that earlier findings of the rule must not count as
    fixed.

    ``judged`` is the dataset with its measurements of this run. ``rule_id`` is the id of a metric or of a table rule.
    ``distribution_id`` is the id of the distribution that the findings are about; None means the dataset itself. The
    result is False if the dataset has no such distribution, or if there is no such rule. It is True for
    ``licence_open`` where no licence is declared any more.
    """
    if distribution_id is None:
        own = columns("dataset")
        return rule_id in own and judged.own[own.index(rule_id)] == UNKNOWN_CELL
    rows = [number for number, part in enumerate(judged.subject.distributions) if part.id == distribution_id]
    if not rows:
        return False
    names = columns("distribution")
    if rule_id == "licence_open" and judged.parts[rows[0], names.index("licence_present")] == 0:
        return True  # Without a licence there is none to judge, see failures().
    asked = [rule_id] if rule_id in names else [m for m, rules in RULES.items() if rule_id in rules]
    if rule_id in _UNCOUNTED:
        asked = list(RULES)
    return any(judged.parts[rows[0], names.index(name)] == UNKNOWN_CELL for name in asked)


@cache
def basis(rule_id: str, version: str | None) -> Basis | None:
    """Return the only thing that the findings of a rule depend on: "record", "file" or "table"; else None.

    As long as that is unchanged, the findings of the rule stay the same. The result is None if they also depend on the
    date, a server or other datasets, or if no finding has that rule. ``rule_id`` is the id of a metric or of a table
    rule. ``version`` is the methodology version that made the findings; None means not known. It matters to
    ``download_url_present`` only, which depended on the record alone up to version 2.0: "record" for such a version.
    """
    metric = metrics().get(rule_id)
    if metric is None:
        return "table" if rule_id in _UNCOUNTED else None
    if metric.dimension == "sound":
        return "table"
    if metric.of_file:
        return "file"
    if any(is_comparable(version, old) for old in _ONCE_OF_RECORD.get(rule_id, ())):
        return "record"
    return None if metric.observed or metric.dimension == "timely" else "record"


_ONCE_OF_RECORD = {"download_url_present": ("1.0.0", "2.0.0")}
"""Metrics that asked the record alone in versions like these: their findings of that time were made from it."""
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
        http_status=_status(part),
        format_declared=declared.id if declared else part.distribution.format,
        format_served=served.id if served else None,
        exchange=part.check.exchange if part.check else None,
    )


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


def _dataset_finding(failure: Failure, subject: DatasetSubject) -> Finding:
    told = _sentence(failure, subject)
    words = rule_of(failure.rule[0]).words
    return _fill((*words, *_OF_RECORD, told, failure.gain, subject.exchange, *_OF_MEASUREMENT))


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


def _status(part: DistributionSubject) -> int | None:
    """Return the HTTP status with which the address served what was judged; None if there was no response.

    A 304 (not modified) confirms a file that was served with 200 before.
    """
    status = part.check.status if part.check else None
    return 200 if status == 304 else status


def _place(part: DistributionSubject) -> tuple[str, int | None, str | None, str | None]:
    """Return the id of a distribution, the HTTP status of its address, and its declared and its served format."""
    declared, served = part.declared_format, part.served_format
    return (
        part.id, _status(part), declared.id if declared else part.distribution.format,
        served.id if served else None,
    )  # fmt: skip


def _distribution_findings(part: DistributionSubject, failed: Sequence[Failure], record: str | None) -> list[Finding]:
    table = part.table
    part_id, *place = _place(part)
    # The response of the address proves what was served, the record what was declared.
    response = part.check.exchange if part.check else record
    found = []
    for failure in failed:
        rule, gain = rule_of(failure.rule[0]), failure.gain
        exchange = response if failure.is_observed else record
        told = _sentence(failure, part)
        base = _fill((*rule.words, part_id, part.url, *place, told, gain, exchange, *_OF_MEASUREMENT))
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
