"""Validate datasets against all standards that apply to them."""

from __future__ import annotations

import logging
from collections.abc import Mapping, Sequence

from catalog.repositories.conformance import ReceivedRecord
from catalog.repositories.reading import StoredDataset
from quality.standards import graphs, records
from quality.standards.result import STANDARDS, Conformance, Violation
from specs.standards import SHAPES

__all__ = ["conformance", "judge"]

_log = logging.getLogger(__name__)
_NOTHING = ReceivedRecord(portal_type=None, raw=None, is_federal=False)


def judge(
    datasets: Sequence[StoredDataset],
    standards: Sequence[str] = STANDARDS,
    received: Mapping[str, ReceivedRecord] | None = None,
) -> dict[str, dict[str, Conformance]]:
    """Validate datasets against standards. Return the results by dataset id and standard.

    A standard that does not apply to a dataset is absent from its results. ``received`` contains records as the portal
    sent them, by dataset id. Without such a record DCAT-US is not checked. DCAT-AP is checked on the received record if
    that is RDF, else on the stored dataset. A standard that cannot be checked, because the record is nested too deeply,
    has no result; others are not affected.

    Raise ValueError if ``standards`` contains an unknown name.
    """
    if unknown := set(standards) - set(STANDARDS):
        raise ValueError(f"no such standard: {', '.join(sorted(unknown))}; there are {', '.join(STANDARDS)}")
    found: dict[str, dict[str, Conformance]] = {}
    for stored in datasets:
        record = (received or {}).get(stored.id, _NOTHING)
        found[stored.id] = by_standard = {}
        of: graphs.Statements | None = None
        for standard in standards:
            try:
                if standard in SHAPES:
                    if not graphs.applies(stored, standard):
                        continue
                    of = of or graphs.statements(stored, record.raw)
                    results = tuple(graphs.violations(of, standard))
                elif record.raw is not None and records.applies(
                    record.portal_type, standard, federal=record.is_federal
                ):
                    results = tuple(records.violations(stored, record.raw, standard))
                else:
                    continue
            except RecursionError as error:
                _log.warning("%s: not judged by %s: %s; look at the record", stored.id, standard, error)
                continue
            by_standard[standard] = conformance(standard, results)
    return found


def conformance(standard: str, results: tuple[Violation, ...]) -> Conformance:
    """Return the result of validating a dataset against ``standard``, from ``results``, the violations that were found.

    In the result, violated requirements come before recommendations that are not followed. The dataset conforms if
    there is no violated requirement.
    """
    ordered = sorted(results, key=lambda one: one.severity != "violation")
    return Conformance(standard, not ordered or ordered[0].severity != "violation", tuple(ordered))
