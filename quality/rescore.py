"""The score stage: from stored datasets to rows for the quality tables."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from datetime import date
from itertools import islice
from typing import Any

from catalog.reading import StoredDataset, datasets
from catalog.scores import Scored, close_missing, tls_fault, write_portal_findings, write_scores
from catalog.store import Catalog, instant, started
from quality.findings import findings, portal_findings, unobserved
from quality.score import DatasetScore, Measurements, score_dataset
from quality.subject import DatasetSubject, DistributionSubject, Measurement, Unknown
from specs.metrics import grade

__all__ = ["day_of", "run_date", "score_portal", "subject_of"]

BATCH = 500


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
    )


def run_date(catalog: Catalog, dataset_id: str) -> date:
    """The day for which a dataset was scored last; the day of the last run where it never was."""
    run_id = catalog.value("select run_id from dataset_quality where dataset_id = ?", [dataset_id])
    return day_of(run_id or catalog.value("select max(id) from runs"))


def day_of(run_id: str) -> date:
    """The day (UTC) on which a run began."""
    return date.fromisoformat(run_id[:8])


def score_portal(
    catalog: Catalog, run_id: str, portal_id: str, on_progress: Callable[[int], None] = lambda done: None
) -> int:
    """Score every present dataset of a portal from the database, as of the run; return how many."""
    close_missing(catalog, portal_id)
    # The run's own clock: scoring it again gives the same bytes.
    checked_at = instant(started(run_id))
    done = 0
    scored = _scored(catalog, portal_id, day_of(run_id))
    while batch := list(islice(scored, BATCH)):
        write_scores(catalog, run_id, batch, checked_at)
        done += len(batch)
        on_progress(done)
    write_portal_findings(
        catalog, run_id, portal_id, portal_findings(tls_fault(catalog, run_id, portal_id)), checked_at
    )
    return done


def _scored(catalog: Catalog, portal_id: str, as_of: date) -> Iterator[Scored]:
    for stored in datasets(catalog, portal_id):
        subject = subject_of(stored, as_of)
        score = score_dataset(subject)
        yield Scored(
            dataset_id=stored.id,
            portal_id=stored.portal_id,
            publisher_id=stored.publisher_id,
            dataset_row=_dataset_row(score),
            distribution_rows=[
                _distribution_row(part, values)
                for part, values in zip(subject.distributions, score.distributions, strict=True)
            ],
            findings=findings(subject, score),
            unobserved=unobserved(subject, score),
        )


def _number(value: Measurement) -> float | None:
    return None if isinstance(value, Unknown) else value


def _unknown(values: Measurements) -> str | None:
    return ",".join(name for name, value in values.items() if isinstance(value, Unknown)) or None


def _dataset_row(score: DatasetScore) -> dict[str, Any]:
    everything = [value for group in (score.dataset, *score.distributions) for value in group.values()]
    row: dict[str, Any] = {
        "score": _round(score.score.value),
        "score_low": _round(score.score.low),
        "score_high": _round(score.score.high),
        "grade": grade(score.score.value),
        "measured": sum(isinstance(value, float) for value in everything),
        "applicable": sum(value is not None for value in everything),
        "unknown": _unknown(score.dataset),
    }
    for name in ("findable", "accessible", "open", "usable", "timely", "sound"):
        interval = score.dimensions.get(name)
        row[name] = _round(interval.value) if interval else None
    for name, interval in score.systems.items():
        row[name], row[f"{name}_high"] = _round(interval.low, 4), _round(interval.high, 4)
    return row | {name: _number(value) for name, value in score.dataset.items()}


def _distribution_row(part: DistributionSubject, values: Measurements) -> dict[str, Any]:
    declared, served = part.declared_format, part.served_format
    return {
        "distribution_id": part.id,
        "licence_id": part.licence.id if part.licence else None,
        "format_declared": declared.id if declared else None,
        "format_served": served.id if served else None,
        "unknown": _unknown(values),
        **{name: _number(value) for name, value in values.items()},
    }


def _round(value: float | None, digits: int = 2) -> float | None:
    return None if value is None else round(value, digits)
