"""The stage that validates a portal's datasets against the standards and stores the results."""

from __future__ import annotations

from collections.abc import Sequence

from catalog.db.store import Catalog
from catalog.rdf.described import is_described
from catalog.repositories.conformance import (
    ReceivedRecord,
    StandardResult,
    forget,
    is_federal,
    received,
    write_conformance,
)
from catalog.repositories.reading import StoredDataset, present, stored_datasets
from quality.standards.alike import FormBook, Forms
from quality.standards.judge import judge
from quality.standards.result import STANDARDS, summary
from specs.standards import SHAPES

__all__ = ["conform", "conform_batch"]

BATCH = 1_000


def conform(catalog: Catalog, run_id: str, portal_id: str, dataset_ids: Sequence[str] | None = None) -> int:
    """Validate datasets of a portal against the standards, store the results, and return how many datasets were
    validated.

    ``dataset_ids`` are the datasets to validate; None means all that the portal lists now, and the stored results of
    datasets that it no longer lists are then deleted.
    """
    if dataset_ids is None:
        forget(catalog, portal_id)
        dataset_ids = present(catalog, portal_id)
    federal = frozenset({portal_id} if is_federal(catalog, portal_id) else ())
    done, book = 0, FormBook()
    for start in range(0, len(dataset_ids), BATCH):
        batch = list(stored_datasets(catalog, dataset_ids[start : start + BATCH]))
        done += conform_batch(catalog, run_id, batch, federal, book)
    return done


def conform_batch(
    catalog: Catalog, run_id: str, batch: Sequence[StoredDataset], federal: frozenset[str], book: FormBook | None = None
) -> int:
    """Validate datasets that were already read from the database, store the results in place of their earlier ones, and
    return the number of datasets.

    - ``batch``: the datasets.
    - ``federal``: ids of the portals of the United States government: DCAT-US applies to them in its federal form.
    - ``book``: a cache of results from earlier batches; None starts a new one.
    """
    book = book or FormBook()
    ids = [stored.id for stored in batch]
    records = received(catalog, ids, federal=federal)
    judged = [
        (stored.id, stored.portal_id, one)
        for stored, forms in zip(batch, book.forms(batch), strict=True)
        for one in _results(stored, records.get(stored.id), book, forms)
    ]
    write_conformance(catalog, run_id, ids, judged)
    return len(batch)


def _results(
    stored: StoredDataset, record: ReceivedRecord | None, book: FormBook, forms: Forms
) -> list[StandardResult]:
    """Return what all standards that apply say of a dataset."""
    found: list[StandardResult] = []
    as_whole = list(STANDARDS)
    if record is None or not is_described(record.raw):
        by_form = book.judge(stored, tuple(SHAPES), forms)
        found = [one for one in by_form.values() if one is not None]
        as_whole = [name for name, one in by_form.items() if one is None]
        if record is not None and record.raw is not None:
            as_whole += [name for name in STANDARDS if name not in SHAPES]
    if as_whole:
        judged = judge([stored], as_whole, {stored.id: record} if record is not None else None)
        found += [summary(one) for one in judged[stored.id].values()]
    return found
