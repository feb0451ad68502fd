"""Are the data as fresh as promised?

Three dates are kept apart: when the portal touched its record, when the data changed as declared, and when they
changed as observed. Only the last two count.
"""

from __future__ import annotations

from datetime import date

from catalog import vocabulary
from catalog.model import ResourceCheck
from quality import claims
from quality.dates import last_day
from quality.metrics.answers import present, yes
from quality.subject import UNKNOWN, DatasetSubject, DistributionSubject, Measurement

__all__ = ["latest_change"]

TOLERANCE = 1.5
"""Periods that may pass before an update is late."""
GRACE_DAYS = 2
"""For daily and hourly data: a nightly look cannot tell more."""


def issued_present(s: DatasetSubject) -> float:
    return present(s.dataset.issued)


def modified_present(s: DatasetSubject) -> float:
    return yes(bool(present(s.dataset.modified)) or any(present(x.distribution.modified) for x in s.distributions))


def modified_or_record_present(s: DatasetSubject) -> float:
    return yes(bool(present(s.dataset.modified) or present(s.dataset.record_modified)))


def frequency_present(s: DatasetSubject) -> float:
    return present(s.dataset.frequency)


def latest_change(s: DatasetSubject) -> date | None:
    """The last change of the data, declared or observed; dates in the future are no dates.

    Observed is what an address says in Last-Modified, or a change of length or bytes from one check to the next. A
    file that is made anew at every look, its date alone being another one, did not change.
    """
    texts = [s.dataset.modified]
    for part in s.distributions:
        texts += [part.distribution.modified, *map(_observed, (part.access_check, part.download_check))]
    days = [day for text in texts if (day := last_day(text)) is not None]
    # "2026" means a day up to the end of the year.
    return max((min(day, s.as_of) for day in days if day.year <= s.as_of.year), default=None)


def _observed(check: ResourceCheck | None) -> str | None:
    if check is None or check.change_decided_by == "harvest_date":
        # Declared, and counted as such.
        return None
    return check.changed_at or (None if check.is_volatile else check.last_modified)


def up_to_date(s: DatasetSubject) -> Measurement:
    frequency = vocabulary.frequency(s.dataset.frequency)
    if frequency is None or frequency.is_unbounded or frequency.period_days is None:
        return None
    changed = latest_change(s)
    if changed is None:
        return UNKNOWN
    return yes((s.as_of - changed).days <= frequency.period_days * TOLERANCE + GRACE_DAYS)


def distribution_issued_present(s: DistributionSubject) -> float:
    return present(s.distribution.issued)


def distribution_modified_present(s: DistributionSubject) -> float:
    return present(s.distribution.modified)


def modified_truthful(s: DistributionSubject) -> Measurement:
    """Asked where the data were seen to change, or the date cannot be."""
    return None if s.as_of is None else claims.modified(s.distribution.modified, s.check, s.as_of)
