"""The subject of a metric: the declared record together with what was observed."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date
from enum import Enum
from typing import Any, Final, Literal

from catalog.model import DataService, Dataset
from catalog.repositories.stored_parts import StoredParts
from catalog.repositories.subjects import DistributionSubject

__all__ = [
    "UNKNOWN", "DatasetSubject", "DistributionSubject", "Measurement", "Unknown", "as_of_day", "declared_of_parts",
    "ids_of_parts", "observed_parts",
]  # fmt: skip


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
    distributions: Sequence[DistributionSubject]
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


def declared_of_parts(s: DatasetSubject, name: str) -> Sequence[Any]:
    """Return the values of a field that holds a text, one for each distribution of the dataset ``s``; None where it is
    not declared.

    ``name``: the field of :class:`catalog.model.Distribution`. Of stored distributions no objects are made for it.
    """
    parts = s.distributions
    return parts.column(name) if isinstance(parts, StoredParts) else [getattr(x.distribution, name) for x in parts]


def observed_parts(s: DatasetSubject) -> Sequence[DistributionSubject]:
    """Return all distributions of the dataset ``s``, or none if it is certain that nothing was observed of any."""
    parts = s.distributions
    return () if isinstance(parts, StoredParts) and not parts.is_observed else parts


def ids_of_parts(s: DatasetSubject) -> list[str]:
    """Return the ids of the distributions of the dataset ``s``, in their order."""
    parts = s.distributions
    return parts.ids if isinstance(parts, StoredParts) else [part.id for part in parts]
