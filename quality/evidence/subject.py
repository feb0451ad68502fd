"""The subject of a metric: the declared record together with what was observed."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import date
from enum import Enum
from typing import Final, Literal

from catalog.model import DataService, Dataset
from catalog.repositories.subjects import DistributionSubject

__all__ = ["UNKNOWN", "DatasetSubject", "DistributionSubject", "Measurement", "Unknown", "as_of_day"]


class Unknown(Enum):
    """The type of UNKNOWN, the measurement that could not be made. It never counts as a failure."""

    UNKNOWN = "unknown"


UNKNOWN: Final = Unknown.UNKNOWN
Measurement = float | None | Literal[Unknown.UNKNOWN]
"""0..1; None if the metric does not apply; UNKNOWN if the answer could not be observed."""


@dataclass(frozen=True, kw_only=True, eq=False)
class DatasetSubject:
    """A dataset in the form that metrics measure: the declared record, and what was observed of its distributions.

    Two subjects are never equal, even with equal fields. Comparing by identity lets functions cache their result for a
    subject cheaply.
    """

    id: str
    portal_id: str
    publisher_id: str | None
    dataset: Dataset
    distributions: tuple[DistributionSubject, ...]
    services: tuple[DataService, ...]
    as_of: date
    """The day of the run, in place of a clock: the same catalogue scored for the same day gives the same score."""
    exchange: str | None = None
    """WARC-Record-ID of the response that contained the record, if exchanges are archived."""
    conformance: Mapping[str, bool] | None = None
    """Whether the record conforms, for each standard that applies to it; None if it was not validated."""


def as_of_day(part: DistributionSubject, as_of: date) -> DistributionSubject:
    """Return a distribution with its day of measurement, ``as_of``, set to the given day.

    It is ``part`` itself if it has that day already, else a copy.
    """
    return part if part.as_of == as_of else replace(part, as_of=as_of)
