"""The stage that validates a portal's datasets against the standards and stores the results."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from catalog.db.store import Catalog
from catalog.repositories.conformance import StandardResult, forget, is_federal, received, write_conformance
from catalog.repositories.reading import StoredDataset, present, stored_datasets
from quality.standards.judge import judge
from quality.standards.result import STANDARDS, Violation

__all__ = ["conform", "conform_batch"]

BATCH = 1_000


def conform(catalog: Catalog, run_id: str, portal_id: str, dataset_ids: Sequence[str] | None = None) -> int:
    """Validate datasets of a portal against the standards, store the results, and return how many datasets were
    validated.

    ``dataset_ids`` are the datasets to validate; None means all that the portal lists now.
    """
    if dataset_ids is None:
        forget(catalog, portal_id)
        dataset_ids = present(catalog, portal_id)
    federal = frozenset({portal_id} if is_federal(catalog, portal_id) else ())
    done = 0
    for start in range(0, len(dataset_ids), BATCH):
        batch = list(stored_datasets(catalog, dataset_ids[start : start + BATCH]))
        done += conform_batch(catalog, run_id, batch, federal)
    return done


def _kept(violations: Sequence[Violation]) -> list[dict[str, Any]]:
    """Return what is stored of violations: each property and constraint once, with its number and first place.

    The sentence is stored only for a requirement; for a recommendation its name is enough.
    """
    found: dict[tuple[str, str, str], dict[str, Any]] = {}
    for one in violations:
        key = (one.path, one.component, one.severity)
        if key in found:
            found[key]["count"] += 1
            continue
        found[key] = {"path": one.path, "component": one.component, "severity": one.severity, "count": 1}
        if one.severity == "violation":
            found[key] |= {"node": one.node, "message": one.message}
    return list(found.values())


def conform_batch(catalog: Catalog, run_id: str, batch: Sequence[StoredDataset], federal: frozenset[str]) -> int:
    """Validate datasets that were already read from the database, store the results, and return the number of datasets.

    ``federal`` contains the ids of portals of the United States government: DCAT-US applies to them in its federal
    form.
    """
    ids = [stored.id for stored in batch]
    found = judge(batch, STANDARDS, received(catalog, ids, federal=federal))
    judged = []
    for stored in batch:
        for standard, one in found[stored.id].items():
            broken = sum(v.severity == "violation" for v in one.violations)
            judged.append(
                StandardResult(
                    dataset_id=stored.id,
                    portal_id=stored.portal_id,
                    standard=standard,
                    conforms=one.conforms,
                    violations=broken,
                    warnings=len(one.violations) - broken,
                    results=_kept(one.violations),
                )
            )
    write_conformance(catalog, run_id, ids, judged)
    return len(batch)
