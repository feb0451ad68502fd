"""The result of validating a dataset against a standard."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Literal

from catalog.repositories.conformance import StandardResult

__all__ = ["STANDARDS", "Conformance", "Violation", "summary"]

STANDARDS = ("dcat_ap_2", "dcat_ap_3", "dcat_ap_hvd", "dcat_us_1_federal", "dcat_us_1", "dcat_us_3")
"""DCAT-AP 2.1.1, DCAT-AP 3.0, its profile for high-value datasets, DCAT-US 1.1 for federal agencies and for others,
and DCAT-US 3.0."""


@dataclass(frozen=True, slots=True)
class Violation:
    """One requirement or recommendation of a standard that a record does not meet."""

    standard: str
    node: str
    """The subject: the id of the dataset or a distribution; for any other node its class with its address, or with the
    id of the dataset if it has no address."""
    path: str
    """The property as a prefixed name ("dct:title"), or its place in a DCAT-US record ("distribution/0/mediaType").
    Empty if the violation concerns several properties together."""
    component: str
    """Name of the constraint in SHACL ("minCount") or JSON Schema ("required")."""
    severity: Literal["violation", "warning"]
    """violation: a requirement is not met; warning: a recommendation."""
    message: str
    """What is wrong, where, and the next step."""


@dataclass(frozen=True, slots=True)
class Conformance:
    """The result of validating one dataset against one standard."""

    standard: str
    conforms: bool
    """True if no requirement is violated; recommendations do not count."""
    violations: tuple[Violation, ...]
    """Violated requirements first, then recommendations."""


def summary(found: Conformance) -> StandardResult:
    """Reduce the result of a validation to what is stored: one entry for each property, constraint and severity.

    An entry has the number of its violations; of requirements also the node and the message of the first one.
    """
    kept: dict[tuple[str, str, str], dict[str, Any]] = {}
    for one in found.violations:
        key = (one.path, one.component, one.severity)
        if key in kept:
            kept[key]["count"] += 1
            continue
        kept[key] = {"path": one.path, "component": one.component, "severity": one.severity, "count": 1}
        if one.severity == "violation":
            kept[key] |= {"node": one.node, "message": one.message}
    broken = sum(one.severity == "violation" for one in found.violations)
    return StandardResult(
        standard=found.standard,
        conforms=found.conforms,
        violations=broken,
        warnings=len(found.violations) - broken,
        results=list(kept.values()),
    )
