"""The score stage: read stored datasets, measure and score them, and write the rows of the quality tables."""

from __future__ import annotations

import gc
from collections.abc import Callable, Iterator, Mapping, Sequence, Set
from contextlib import contextmanager
from datetime import date
from functools import partial

import numpy as np

from catalog.db.due_scores import due
from catalog.db.late_indexes import large_cache, late_indexes
from catalog.db.store import Catalog, instant, started
from catalog.repositories.conformance import forget, has_changed_its_standard, is_federal, unjudged, verdicts
from catalog.repositories.findings import FoundInDataset, begin_portal, tls_fault, write_portal_findings
from catalog.repositories.first_findings import FailingDataset, with_findings
from catalog.repositories.pruning import prune
from catalog.repositories.quality_rows import scored_in_run
from catalog.repositories.reading import StoredDataset, stored_datasets
from catalog.repositories.runs import last_run
from catalog.repositories.scores import Scored, close_missing, write_scores
from catalog.repositories.stored_parts import StoredParts
from quality.evidence.periods import next_review_on
from quality.evidence.subject import DatasetSubject, as_of_day, ids_of_parts
from quality.findings.derive import (
    JudgedDataset,
    basis,
    findings_of,
    first_findings_of,
    is_unobserved,
    portal_findings,
)
from quality.findings.verdicts import open_definition_of_all
from quality.standards.alike import FormBook
from quality.standards.stage import conform_batch
from quality.systems.families import content_of, family_of
from quality.systems.matrix import cells, columns
from quality.systems.patterns import Pattern, PatternBook, score_names
from specs.metrics import methodology_version

__all__ = ["day_of", "run_date", "score_portal", "subject_of"]

BATCH = 1_000
"""Number of datasets that are scored in one transaction; their records may be large."""


def subject_of(stored: StoredDataset, as_of: date, conformance: Mapping[str, bool] | None = None) -> DatasetSubject:
    """Return a stored dataset in the form that metrics measure.

    ``as_of`` is the day for which it is measured. ``conformance`` maps the id of a metadata standard to whether the
    record conforms to it; None if that was not checked.
    """
    parts = stored.distributions
    is_measured_then = isinstance(parts, StoredParts) and parts.as_of == as_of
    return DatasetSubject(
        id=stored.id,
        portal_id=stored.portal_id,
        publisher_id=stored.publisher_id,
        dataset=stored.dataset,
        distributions=parts if is_measured_then else tuple([as_of_day(one, as_of) for one in parts]),
        services=stored.dataset.data_services,
        as_of=as_of,
        exchange=stored.exchange,
        conformance=conformance,
    )


def run_date(catalog: Catalog, dataset_id: str) -> date:
    """Return the day for which the present score of a dataset was computed.

    Without a score (never scored, or its portal no longer lists it) it is the day of the last run; raise ValueError if
    there was no run.
    """
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

    With ``is_full``, or if the schema that applies to the records of the portal has changed, all of them are scored,
    and rows that nothing refers to any more are deleted afterwards. Otherwise only those for which something has
    changed since their last score: the record, the observations, the calendar or the methodology; all others would get
    the same score. ``on_progress`` is called with the number of datasets scored so far.
    """
    close_missing(catalog, portal_id)
    forget(catalog, portal_id)
    begin_portal(catalog, run_id, portal_id)
    federal = frozenset({portal_id} if is_federal(catalog, portal_id) else ())
    # All records of a portal are validated against one version of the schema or the other.
    if has_changed_its_standard(catalog, portal_id, is_now_federal=bool(federal)):
        is_full = True
        forget(catalog, portal_id, all_of_it=True)
    ids = due(catalog, portal_id, day_of(run_id), methodology_version(), is_full=is_full)
    with _collector_paused(), large_cache(catalog.db), late_indexes(catalog.db):
        done = _score_batches(catalog, run_id, ids, federal, on_progress)
    about_portal = portal_findings(tls_fault(catalog, run_id, portal_id))
    write_portal_findings(catalog, run_id, portal_id, about_portal, instant(started(run_id)))
    if is_full:
        prune(catalog)
    return done


@contextmanager
def _collector_paused() -> Iterator[None]:
    """Switch off the garbage collector: scoring makes millions of objects, none of which refers back to itself."""
    was_on = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        if was_on:
            gc.enable()


def _score_batches(
    catalog: Catalog, run_id: str, ids: Sequence[str], federal: frozenset[str], on_progress: Callable[[int], None]
) -> int:
    # The time of the run, not of the clock: scoring it again gives the same bytes.
    checked_at, as_of = instant(started(run_id)), day_of(run_id)
    done = 0
    book, forms = PatternBook(), FormBook()
    for start in range(0, len(ids), BATCH):
        batch = list(stored_datasets(catalog, ids[start : start + BATCH], as_of, for_score=True))
        # Records are validated once: a different weight does not change a violation.
        fresh = unjudged(catalog, [one.id for one in batch])
        conform_batch(catalog, run_id, [one for one in batch if one.id in fresh], federal, forms)
        conforming = verdicts(catalog, [one.id for one in batch])
        subjects = [subject_of(one, as_of, conforming.get(one.id, {})) for one in batch]
        known = with_findings(catalog, [one.id for one in batch])
        write_scores(catalog, run_id, _scored(run_id, subjects, book, known), checked_at)
        done += len(batch)
        on_progress(done)
    return done


def _scored(run_id: str, subjects: Sequence[DatasetSubject], book: PatternBook, known: Set[str]) -> Scored:
    """Score datasets. ``known``: ids of those that have stored findings, with which the new ones are compared."""
    datasets, distributions, found = [], [], []
    first: list[FailingDataset] = []
    # Dataset by dataset, so that what is found out about one for its metrics is still at hand for its next review.
    measured = [(key, next_review_on(subject)) for key, subject in zip(book.keys(subjects), subjects, strict=True)]
    patterns = book.patterns([key for key, _ in measured])
    for subject, pattern, (_, review) in zip(subjects, patterns, measured, strict=True):
        failed = pattern.failures
        if subject.id in known:
            failing, count = findings_of(subject, failed), 0
        else:
            places, failing = first_findings_of(subject, failed)
            first.append(places)
            count = sum([len(place.failures) for place in places.places])
        datasets.append(
            (
                subject.id, subject.portal_id, subject.publisher_id, run_id, count + len(failing),
                open_definition_of_all([kind.verdict for kind in pattern.kinds]), family_of(subject),
                content_of(subject), review.isoformat() if review else None, *pattern.scores, *pattern.values,
            )
        )  # fmt: skip
        distributions += [(key, kind.values) for key, kind in zip(ids_of_parts(subject), pattern.kinds, strict=True)]
        if failing or subject.id in known:
            found.append(
                FoundInDataset(
                    dataset_id=subject.id,
                    portal_id=subject.portal_id,
                    publisher_id=subject.publisher_id,
                    findings=failing,
                    distribution_ids=frozenset(ids_of_parts(subject)),
                    is_unobserved=partial(_is_unobserved, subject, pattern),
                    basis=basis,
                )
            )
    return Scored(
        dataset_columns=(*_DATASET, *score_names(), "unknown", *columns("dataset")),
        datasets=datasets,
        kind_columns=(*_KIND, "unknown", *columns("distribution")),
        distributions=distributions,
        found=found,
        first=first,
    )


def _is_unobserved(subject: DatasetSubject, pattern: Pattern, distribution_id: str | None, rule_id: str) -> bool:
    parts = np.array([cells(kind.row) for kind in pattern.kinds]).reshape(-1, len(columns("distribution")))
    nothing = np.empty(0)
    return is_unobserved(JudgedDataset(subject, cells(pattern.row), parts, nothing, nothing), distribution_id, rule_id)


_DATASET = (
    "dataset_id", "portal_id", "publisher_id", "run_id", "findings", "open_definition", "family", "content",
    "review_on",
)  # fmt: skip
_KIND = ("open_definition", "licence_id", "format_declared", "format_served")
