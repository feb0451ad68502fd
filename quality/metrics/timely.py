"""Metrics of timeliness: are the data as fresh as promised?

Three dates are kept apart: when the portal changed its record, when the data changed as declared, and when they changed
as observed. Only the last two count.
"""

from __future__ import annotations

from quality.evidence import claims
from quality.evidence.periods import expectation, last_change, lateness
from quality.evidence.subject import UNKNOWN, DatasetSubject, DistributionSubject, Measurement
from quality.metrics.answers import NOTHING_MORE, present, yes

__all__: list[str] = []


def issued_present(s: DatasetSubject) -> float:
    """Return 1 if the dataset declares its date of publication (dct:issued), else 0."""
    return present(s.dataset.issued)


def modified_present(s: DatasetSubject) -> float:
    """Return 1 if the dataset or a distribution declares when the data changed (dct:modified), else 0."""
    return yes(bool(present(s.dataset.modified)) or any(present(x.distribution.modified) for x in s.distributions))


def modified_or_record_present(s: DatasetSubject) -> float:
    """Return 1 if the dataset declares a change date of its data or its record, else 0; dates of files do not count."""
    return yes(bool(present(s.dataset.modified) or present(s.dataset.record_modified)))


def frequency_present(s: DatasetSubject) -> float:
    """Return 1 if the dataset declares an update frequency (dct:accrualPeriodicity), else 0."""
    return present(s.dataset.frequency)


def up_to_date(s: DatasetSubject) -> Measurement:
    """Return 1 if the data changed recently enough for their update frequency, else 0.

    The time limit depends on the frequency: the declared one, else the one in the title, else that of the observed
    changes. None if no update is due, because the data are irregular, withdrawn, marked as historical in the title or
    about a period that is over, or if no frequency is known. Unknown if no date of change is known.
    """
    due = expectation(s)
    if due is None:
        return None
    changed = last_change(s)
    return UNKNOWN if changed is None else yes((s.as_of - changed[0]).days <= due.limit_days)


def up_to_date_observed(s: DatasetSubject) -> str:
    """Return the words for the column ``observed`` of a finding of ``up_to_date``.

    They say when the data last changed, how often they are due, and since when they are late.
    """
    return lateness(s)


def distribution_issued_present(s: DistributionSubject) -> float:
    """Return 1 if the distribution declares its date of publication (dct:issued), else 0."""
    return present(s.distribution.issued)


def distribution_modified_present(s: DistributionSubject) -> float:
    """Return 1 if the distribution declares its date of change (dct:modified), else 0."""
    return present(s.distribution.modified)


def modified_truthful(s: DistributionSubject) -> Measurement:
    """Return 1 if the declared date of change agrees with an observed change, 0 if it cannot be true, else None.

    It cannot be true if it is in the future, or if the data were observed to change later. The exact conditions are
    those of :func:`quality.evidence.claims.modified`. None also if the day of measurement is not known.
    """
    return None if s.as_of is None else claims.modified(s.distribution.modified, s.check, s.as_of)


def modified_truthful_observed(s: DistributionSubject) -> str:
    """Return the words for the column ``observed`` of a finding of ``modified_truthful``.

    For example "declared 2024-05-01; the data changed after 2025-03-02", with the day (UTC) of the last check that
    still found the old data: a declared date is judged by days. The second part is left out if no change of the length
    or the bytes was observed. "no" if the URL was not checked.
    """
    if s.check is None:
        return NOTHING_MORE
    changed = f"; the data changed after {s.check.unchanged_until[:10]}" if s.check.unchanged_until else ""
    return f"declared {s.distribution.modified}{changed}"
