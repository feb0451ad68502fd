"""Are the data as fresh as promised?

Three dates are kept apart: when the portal touched its record, when the data changed as declared, and when they
changed as observed. Only the last two count.
"""

from __future__ import annotations

from quality.evidence import claims
from quality.evidence.periods import expectation, last_change, lateness
from quality.evidence.subject import UNKNOWN, DatasetSubject, DistributionSubject, Measurement
from quality.metrics.answers import NOTHING_MORE, present, yes

__all__: list[str] = []


def issued_present(s: DatasetSubject) -> float:
    return present(s.dataset.issued)


def modified_present(s: DatasetSubject) -> float:
    return yes(bool(present(s.dataset.modified)) or any(present(x.distribution.modified) for x in s.distributions))


def modified_or_record_present(s: DatasetSubject) -> float:
    return yes(bool(present(s.dataset.modified) or present(s.dataset.record_modified)))


def frequency_present(s: DatasetSubject) -> float:
    return present(s.dataset.frequency)


def up_to_date(s: DatasetSubject) -> Measurement:
    """Not asked where no update is due: of irregular data, and of those of a time that is over."""
    due = expectation(s)
    if due is None:
        return None
    changed = last_change(s)
    return UNKNOWN if changed is None else yes((s.as_of - changed[0]).days <= due.limit_days)


def up_to_date_observed(s: DatasetSubject) -> str:
    """Say when the data changed last, and since when they are late."""
    return lateness(s)


def distribution_issued_present(s: DistributionSubject) -> float:
    return present(s.distribution.issued)


def distribution_modified_present(s: DistributionSubject) -> float:
    return present(s.distribution.modified)


def modified_truthful(s: DistributionSubject) -> Measurement:
    """Asked where the data were seen to change, or the date cannot be."""
    return None if s.as_of is None else claims.modified(s.distribution.modified, s.check, s.as_of)


def modified_truthful_observed(s: DistributionSubject) -> str:
    """Give the declared date, and the day after which the data were seen to change."""
    if s.check is None:
        return NOTHING_MORE
    changed = f"; the data changed after {s.check.unchanged_until}" if s.check.unchanged_until else ""
    return f"declared {s.distribution.modified}{changed}"
