"""What a metric is asked about: the declared record beside what was observed."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from enum import Enum
from typing import Final, Literal

from catalog.model import DataService, Dataset
from catalog.repositories.subjects import DistributionSubject

__all__ = ["UNKNOWN", "DatasetSubject", "DistributionSubject", "Measurement", "Unknown"]


class Unknown(Enum):
    """The answer could not be observed: never taken for a failure."""

    UNKNOWN = "unknown"


UNKNOWN: Final = Unknown.UNKNOWN
Measurement = float | None | Literal[Unknown.UNKNOWN]
"""0..1; None where the question does not apply; UNKNOWN where it could not be observed."""


@dataclass(frozen=True, kw_only=True)
class DatasetSubject:
    """A dataset with its distributions."""

    id: str
    portal_id: str
    publisher_id: str | None
    dataset: Dataset
    distributions: tuple[DistributionSubject, ...]
    services: tuple[DataService, ...]
    as_of: date
    """The day of the run: the same catalogue scored for the same day gives the same score."""
    exchange: str | None = None
    """WARC-Record-ID of the answer that held the record, where exchanges are archived."""
    conformance: Mapping[str, bool] | None = None
    """Whether the record conforms, for each standard that applies to it; None where it was not held against any."""
