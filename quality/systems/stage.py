"""The score stage: read stored datasets, measure and score them, and write the rows of the quality tables."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from datetime import date
from functools import partial
from typing import Any

import numpy as np

from catalog.db.due_scores import due
from catalog.db.store import Catalog, instant, started
from catalog.repositories.conformance import forget, has_changed_its_standard, is_federal, unjudged, verdicts
from catalog.repositories.findings import FoundInDataset, begin_portal, tls_fault, write_portal_findings
from catalog.repositories.quality_rows import scored_in_run
from catalog.repositories.reading import StoredDataset, stored_datasets
from catalog.repositories.runs import last_run
from catalog.repositories.scores import Scored, close_missing, write_scores
from quality.evidence.periods import next_review_on
from quality.evidence.subject import DatasetSubject, DistributionSubject
from quality.findings.derive import JudgedDataset, basis, findings, is_unobserved, portal_findings
from quality.findings.gains import Gains, gains
from quality.findings.verdicts import open_definition, open_definition_of_all
from quality.standards.stage import conform_batch
from quality.systems.families import content_of, family_of
from quality.systems.matrix import (
    UNKNOWN_CELL,
    Group,
    Matrix,
    MeasurementMatrix,
    by_dataset,
    columns,
    measure_all,
    position,
)
from quality.systems.third_party import system_points
from quality.systems.winnow import Scores, weighted, winnow_scores
from specs.metrics import grade, methodology_version
from specs.systems import systems

__all__ = ["day_of", "run_date", "score_portal", "subject_of"]

BATCH = 250
"""Number of datasets that are scored in one transaction; their records may be large."""


def subject_of(stored: StoredDataset, as_of: date, conformance: Mapping[str, bool] | None = None) -> DatasetSubject:
    """Return a stored dataset in the form that metrics measure.

    ``as_of`` is the day for which it is measured. ``conformance`` maps the id of a metadata standard to whether the
    record conforms to it; None if that was not checked.
    """
    return DatasetSubject(
        id=stored.id,
        portal_id=stored.portal_id,
        publisher_id=stored.publisher_id,
        dataset=stored.dataset,
        distributions=tuple(replace(part, as_of=as_of) for part in stored.distributions),
        services=stored.dataset.data_services,
        as_of=as_of,
        exchange=stored.exchange,
        conformance=conformance,
    )


def run_date(catalog: Catalog, dataset_id: str) -> date:
    """Return the day for which a dataset was last scored, or the day of the last run if it never was."""
    return day_of(scored_in_run(catalog, dataset_id) or last_run(catalog) or "")


def day_of(run_id: str) -> date:
    """Return the day (UTC) on which a run began; the run id starts with it.

    >>> day_of("20260131T020000Z")
    datetime.date(2026, 1, 31)
    """
    return date.fromisoformat(run_id[:8])


def score_portal(
    catalog: Catalog,
    run_id: str,
    portal_id: str,
    on_progress: Callable[[int], None] = lambda done: None,
    *,
    is_full: bool = True,
) -> int:
    """Score the datasets that a portal lists, from the database, as of a run; return how many were scored.

    With ``is_full``, all of them are scored. Otherwise only those for which something has changed since their last
    score: the record, the observations, the calendar or the methodology; all others would get the same score.
    ``on_progress`` is called with the number of datasets scored so far.
    """
    close_missing(catalog, portal_id)
    forget(catalog, portal_id)
    begin_portal(catalog, run_id, portal_id)
    # The time of the run, not of the clock: scoring it again gives the same bytes.
    checked_at = instant(started(run_id))
    as_of = day_of(run_id)
    federal = frozenset({portal_id} if is_federal(catalog, portal_id) else ())
    # All records of a portal are validated against one version of the schema or the other.
    if has_changed_its_standard(catalog, portal_id, is_now_federal=bool(federal)):
        is_full = True
        forget(catalog, portal_id, all_of_it=True)
    ids = due(catalog, portal_id, as_of, methodology_version(), is_full=is_full)
    done = 0
    for start in range(0, len(ids), BATCH):
        batch = list(stored_datasets(catalog, ids[start : start + BATCH]))
        # Records are validated once: a different weight does not change a violation.
        fresh = unjudged(catalog, [one.id for one in batch])
        conform_batch(catalog, run_id, [one for one in batch if one.id in fresh], federal)
        conforming = verdicts(catalog, [one.id for one in batch])
        subjects = [subject_of(one, as_of, conforming.get(one.id, {})) for one in batch]
        write_scores(catalog, run_id, _scored(run_id, subjects), checked_at)
        done += len(batch)
        on_progress(done)
    write_portal_findings(
        catalog, run_id, portal_id, portal_findings(tls_fault(catalog, run_id, portal_id)), checked_at
    )
    return done


def _scored(run_id: str, subjects: Sequence[DatasetSubject]) -> Scored:
    measured = measure_all(subjects)
    gained = gains(measured)
    follows = _dataset_columns(measured, winnow_scores(measured), gained)
    own_rows, part_rows = _stored(measured.datasets, "dataset"), _stored(measured.distributions, "distribution")
    datasets, distributions, found = [], [], []
    begin = 0
    for number, (subject, following) in enumerate(zip(subjects, zip(*follows.values(), strict=True), strict=True)):
        end = begin + len(subject.distributions)
        judged = JudgedDataset(
            subject,
            measured.datasets[number],
            measured.distributions[begin:end],
            gained.dataset[number],
            gained.part[begin:end],
        )
        opened = [open_definition(part) for part in subject.distributions]
        review = next_review_on(subject)
        failing = findings(judged)
        datasets.append(
            (
                subject.id, subject.portal_id, subject.publisher_id, run_id, len(failing),
                open_definition_of_all(opened), family_of(subject), content_of(subject),
                review.isoformat() if review else None, *following, *own_rows[number],
            )
        )  # fmt: skip
        for part, verdict, row in zip(subject.distributions, opened, part_rows[begin:end], strict=True):
            key = (part.id, subject.id, subject.portal_id, run_id)
            distributions.append((*key, verdict, *_recognised(part), *row))
        found.append(
            FoundInDataset(
                dataset_id=subject.id,
                portal_id=subject.portal_id,
                publisher_id=subject.publisher_id,
                findings=failing,
                distribution_ids=frozenset(part.id for part in subject.distributions),
                is_unobserved=partial(is_unobserved, judged),
                basis=basis,
            )
        )
        begin = end
    return Scored(
        dataset_columns=(*_DATASET, *follows, "unknown", *columns("dataset")),
        datasets=datasets,
        distribution_columns=(*_DISTRIBUTION, "unknown", *columns("distribution")),
        distributions=distributions,
        found=found,
    )


_DATASET = (
    "dataset_id", "portal_id", "publisher_id", "run_id", "findings", "open_definition", "family", "content",
    "review_on",
)  # fmt: skip
_DISTRIBUTION = (
    "distribution_id", "dataset_id", "portal_id", "run_id", "open_definition", "licence_id", "format_declared",
    "format_served",
)  # fmt: skip


def _recognised(part: DistributionSubject) -> tuple[str | None, str | None, str | None]:
    return tuple(one.id if one else None for one in (part.licence, part.declared_format, part.served_format))  # type: ignore[return-value]


def _stored(matrix: Matrix, group: Group) -> list[list[Any]]:
    """Return the rows as they are stored: first the names of the unknown metrics, then numbers, or
    None for no value.
    """
    names = columns(group)
    is_unknown = matrix == UNKNOWN_CELL
    cells: Any = matrix.astype(object)
    cells[np.isnan(matrix) | is_unknown] = None
    rows: list[list[Any]] = cells.tolist()
    for row, unknown in zip(rows, is_unknown, strict=True):
        row.insert(0, ",".join(names[at] for at in np.flatnonzero(unknown)) or None)
    return rows


def _rounded(values: Matrix, digits: int) -> list[float | None]:
    return [None if value != value else value for value in np.round(values, digits).tolist()]


def _dataset_columns(measured: MeasurementMatrix, total: Scores, gained: Gains) -> dict[str, Sequence[Any]]:
    """Return the columns of ``dataset_quality`` that are computed from the measurements."""
    found: dict[str, Sequence[Any]] = {
        "score": _rounded(total.value, 4),
        "score_low": _rounded(np.nan_to_num(total.low, nan=0.0), 4),
        "score_high": _rounded(np.nan_to_num(total.high, nan=100.0), 4),
        "methodology_version": [methodology_version()] * len(measured.datasets),
        "fixes": _fixes(measured, gained.dataset),
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
