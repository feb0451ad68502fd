"""The score stage: from stored datasets to rows for the quality tables."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable, Iterator, Sequence
from datetime import date
from typing import Any

import numpy as np

from catalog.due_scores import due, keep_findings
from catalog.reading import StoredDataset, stored_datasets
from catalog.scores import Scored, close_missing, tls_fault, write_portal_findings, write_scores
from catalog.store import Catalog, instant, started
from quality.families import content_of, family_of
from quality.findings import Judged, findings, portal_findings, unobserved
from quality.gains import Gains, gains
from quality.periods import next_review_on
from quality.score import Scores, weighted, winnow_scores
from quality.sheet import UNKNOWN_CELL, Matrix, Sheet, by_dataset, columns, position, sheet_of
from quality.subject import DatasetSubject, DistributionSubject
from quality.systems import Points, system_points
from quality.verdicts import open_definition, open_definition_of_all
from specs.metrics import grade, methodology_version
from specs.systems import systems

__all__ = ["day_of", "run_date", "score_portal", "subject_of"]

BATCH = 1_000


def subject_of(stored: StoredDataset, as_of: date) -> DatasetSubject:
    """The subject that metrics are asked about."""
    return DatasetSubject(
        id=stored.id,
        portal_id=stored.portal_id,
        publisher_id=stored.publisher_id,
        dataset=stored.dataset,
        distributions=tuple(
            DistributionSubject(
                id=part.id,
                distribution=part.distribution,
                dataset=stored.dataset,
                access_check=part.access_check,
                download_check=part.download_check,
                table=part.table,
                twins=part.twins,
                as_of=as_of,
            )
            for part in stored.distributions
        ),
        services=stored.dataset.data_services,
        as_of=as_of,
        exchange=stored.exchange,
        conformance=stored.conformance,
    )


def run_date(catalog: Catalog, dataset_id: str) -> date:
    """The day for which a dataset was scored last; the day of the last run where it never was."""
    run_id = catalog.value("select run_id from dataset_quality where dataset_id = ?", [dataset_id])
    return day_of(run_id or catalog.value("select max(id) from runs"))


def day_of(run_id: str) -> date:
    """The day (UTC) on which a run began."""
    return date.fromisoformat(run_id[:8])


def score_portal(
    catalog: Catalog,
    run_id: str,
    portal_id: str,
    on_progress: Callable[[int], None] = lambda done: None,
    *,
    is_full: bool = True,
) -> int:
    """Score the present datasets of a portal from the database, as of the run; return how many were scored.

    Where ``is_full`` is false, only those of which something has changed since they were scored last, by their record,
    by what was observed, by the calendar or by the methodology: the others keep their figures, which would be the same.
    """
    close_missing(catalog, portal_id)
    # The run's own clock: scoring it again gives the same bytes.
    checked_at = instant(started(run_id))
    as_of = day_of(run_id)
    ids = due(catalog, portal_id, as_of, methodology_version(), is_full=is_full)
    done = 0
    for start in range(0, len(ids), BATCH):
        batch = list(stored_datasets(catalog, ids[start : start + BATCH]))
        write_scores(catalog, run_id, list(_scored([subject_of(one, as_of) for one in batch])), checked_at)
        done += len(batch)
        on_progress(done)
    keep_findings(catalog, run_id, portal_id, checked_at)
    write_portal_findings(
        catalog, run_id, portal_id, portal_findings(tls_fault(catalog, run_id, portal_id)), checked_at
    )
    return done


def _scored(subjects: Sequence[DatasetSubject]) -> Iterator[Scored]:
    sheet = sheet_of(subjects)
    total, gained = winnow_scores(sheet), gains(sheet)
    points = {name: system_points(system, sheet) for name, system in systems().items()}
    own_rows = _plain(sheet.own, columns("dataset"))
    part_rows = _plain(sheet.parts, columns("distribution"))
    dataset_rows = _dataset_rows(sheet, total, gained, points)
    begin = 0
    for number, subject in enumerate(subjects):
        end = begin + len(subject.distributions)
        judged = Judged(
            subject, sheet.own[number], sheet.parts[begin:end], gained.dataset[number], gained.part[begin:end]
        )
        verdicts = [open_definition(part) for part in subject.distributions]
        review = next_review_on(subject)
        yield Scored(
            dataset_id=subject.id,
            portal_id=subject.portal_id,
            publisher_id=subject.publisher_id,
            dataset_row={
                **dataset_rows[number],
                "open_definition": open_definition_of_all(verdicts),
                "family": family_of(subject),
                "content": content_of(subject),
                "review_on": review.isoformat() if review else None,
                **own_rows[number],
            },
            distribution_rows=[
                _distribution_row(part) | {"open_definition": verdict} | row
                for part, verdict, row in zip(subject.distributions, verdicts, part_rows[begin:end], strict=True)
            ],
            findings=findings(judged),
            unobserved=unobserved(judged),
        )
        begin = end


def _plain(matrix: Matrix, names: Sequence[str]) -> list[dict[str, Any]]:
    """Rows as they are stored: numbers, and nothing where not applicable or unknown; the unknown ones by name."""
    rows = []
    for values in matrix.tolist():
        unknown = [name for name, value in zip(names, values, strict=True) if value == UNKNOWN_CELL]
        row: dict[str, Any] = {"unknown": ",".join(unknown) or None}
        # What is not a number is not equal to itself.
        known = (value if value == value and value != UNKNOWN_CELL else None for value in values)
        row.update(zip(names, known, strict=True))
        rows.append(row)
    return rows


def _rounded(values: Matrix, digits: int) -> list[float | None]:
    return [None if value != value else value for value in np.round(values, digits).tolist()]


def _dataset_rows(sheet: Sheet, total: Scores, gained: Gains, points: dict[str, Points]) -> list[dict[str, Any]]:
    """The columns that follow from the measurements, one dict a dataset."""
    found: dict[str, Iterable[Any]] = {
        "score": _rounded(total.value, 4),
        "score_low": _rounded(np.nan_to_num(total.low, nan=0.0), 4),
        "score_high": _rounded(np.nan_to_num(total.high, nan=100.0), 4),
        "methodology_version": [methodology_version()] * len(sheet.own),
        "fixes": _fixes(sheet, gained.dataset),
        **_counts(sheet),
    }
    found["grade"] = [grade(value) for value in found["score"]]
    for number, name in enumerate(weighted().dimension_names):
        found[name] = _rounded(total.dimension_value[:, number], 2)
    for name, one in points.items():
        found[name], found[f"{name}_low"], found[f"{name}_high"] = (
            _rounded(values, 4) for values in (one.value, one.low, one.high)
        )
    names = list(found)
    return [dict(zip(names, values, strict=True)) for values in zip(*found.values(), strict=True)]


def _fixes(sheet: Sheet, gained: Matrix) -> list[str | None]:
    """By metric: the points that mending it everywhere in the dataset brings, and in how many places."""
    names = [metric.id for metric in weighted().metrics]
    failing = {metric_id: _failing(sheet, metric_id) for metric_id in names}
    made: list[str | None] = []
    for row, values in enumerate(gained):
        found = {
            names[at]: [round(float(values[at]), 6), int(failing[names[at]][row])] for at in np.flatnonzero(values > 0)
        }
        made.append(json.dumps(found) if found else None)
    return made


def _failing(sheet: Sheet, metric_id: str) -> Matrix:
    """In how many places each dataset fails a metric."""
    group, column = position(metric_id)
    values = sheet.group(group)[:, column]
    fails = ((values >= 0) & (values < 1)).astype(float)
    return fails if group == "dataset" else by_dataset(fails, sheet.part_counts, "sum")


def _counts(sheet: Sheet) -> dict[str, list[int]]:
    """Measurements made, and those that apply, of every dataset and its distributions."""
    made = {}
    for name, matrices in (
        ("measured", (sheet.own >= 0, sheet.parts >= 0)),
        ("applicable", (~np.isnan(sheet.own), ~np.isnan(sheet.parts))),
    ):
        own, parts = (matrix.sum(axis=1).astype(float) for matrix in matrices)
        made[name] = (own + by_dataset(parts, sheet.part_counts, "sum")).astype(int).tolist()
    return made


def _distribution_row(part: DistributionSubject) -> dict[str, Any]:
    declared, served = part.declared_format, part.served_format
    return {
        "distribution_id": part.id,
        "licence_id": part.licence.id if part.licence else None,
        "format_declared": declared.id if declared else None,
        "format_served": served.id if served else None,
    }
