"""What judging a dataset by a standard gives."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

__all__ = ["STANDARDS", "Conformance", "Violation"]

STANDARDS = ("dcat_ap_2", "dcat_ap_3", "dcat_ap_hvd", "dcat_us_1_federal", "dcat_us_1", "dcat_us_3")
"""DCAT-AP 2.1.1, DCAT-AP 3.0, its profile for high-value datasets, DCAT-US 1.1 for federal agencies and for others,
DCAT-US 3.0."""


@dataclass(frozen=True, slots=True)
class Violation:
    """One requirement or recommendation of a standard that is not met."""

    standard: str
    node: str
    """What it is about: the id of the dataset or distribution; else the kind of thing and the dataset it belongs to."""
    path: str
    """The property: a prefixed name ("dct:title"); for DCAT-US its place in the record ("distribution/0/mediaType").
    Empty where it is about several properties together."""
    component: str
    """The constraint by the name it has in SHACL ("minCount") or in JSON Schema ("required")."""
    severity: Literal["violation", "warning"]
    """A requirement, or a recommendation."""
    message: str
    """What, where, and the next step."""


@dataclass(frozen=True, slots=True)
class Conformance:
    """A dataset by one standard."""

    standard: str
    conforms: bool
    """True where no requirement is broken; recommendations do not count."""
    violations: tuple[Violation, ...]
    """Broken requirements first, then recommendations."""
