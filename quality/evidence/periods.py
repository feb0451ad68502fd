"""Decide how often data are due, from what, and when the calendar alone can make them late.

The declared frequency comes first. Without one, a word in the title ("monthly") counts, and then the rhythm of the
changes that we observed. Those two are our own expectation, so they allow more time before data are late. Data about a
period that is over are never late: a census of 2011 is not due again.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, timedelta
from functools import lru_cache
from statistics import median
from typing import Literal

from catalog import vocabulary
from catalog.model import ResourceCheck
from quality.evidence.dates import first_day, last_day
from quality.evidence.period_words import TitlePeriod, told_by
from quality.evidence.subject import DatasetSubject, declared_of_parts, observed_parts

__all__ = [
    "ExpectedPeriod", "every", "expectation", "last_change", "lateness", "next_review_on", "observed_date",
]  # fmt: skip

TOLERANCE = {"declared": 1.5, "title": 3.0, "observed": 3.0}
"""How many periods may pass before an update is late. A publisher's own promise binds closer than our reading."""
GRACE_DAYS = 2
"""Extra days, for daily and hourly data: nightly checks cannot be more precise."""
OVER_DAYS = 731
"""Days after the end of the covered period from which on that period counts as over."""
FEWEST_CHANGES = 4
"""Least number of observed changes for a rhythm."""
EVENNESS = 2.0
"""In a rhythm, the longest interval is at most this many times the usual one, and the shortest at least its inverse."""
LEAST_READ_DAYS = 91
"""A word in a title may say how fine the data are, not how often they are published ("Daily rainfall"). So such a word
makes nothing late within a quarter, the rhythm in which most offices publish such data."""
_CLOSED_STATUS = ("withdrawn", "deprecated", "discont", "archived", "retired")
"""Parts of statuses that mean withdrawn: in our own words, or codes of the EU's table of dataset statuses (DISCONT)."""


@dataclass(frozen=True, slots=True)
class ExpectedPeriod:
    """How often a dataset should be updated, and where that is known from."""

    period_days: float
    source: Literal["declared", "title", "observed"]
    evidence: str
    """The declared frequency, the word in the title, or a description of the observed changes."""

    @property
    def limit_days(self) -> int:
        """Return how many days after a change the dataset is still up to date; after that it is late."""
        days = int(self.period_days * TOLERANCE[self.source])
        return (max(days, LEAST_READ_DAYS) if self.source == "title" else days) + GRACE_DAYS


def _is_over(s: DatasetSubject, told: TitlePeriod, *, is_declared: bool) -> bool:
    """Return whether the data are about a period that is over, so that no update is due.

    A declared frequency alone does not contradict that: portals fill it in for every year of a series alike. Only if
    the covered period is also declared to go on, the year in the title belongs to something else ("Districts of 2011").
    """
    end = last_day(s.dataset.temporal_end)
    if told.until is not None:
        return told.until < s.as_of and not (is_declared and end is not None and end >= s.as_of)
    return end is not None and (s.as_of - end).days > OVER_DAYS


_EVERY = {
    1 / 1440: "every minute", 1 / 24: "every hour", 1 / 12: "every two hours", 1 / 8: "every three hours",
    0.5: "twice a day", 1: "every day", 7 / 3: "three times a week", 3.5: "twice a week", 7: "every week",
    10.15: "three times a month", 14: "every two weeks", 15.2184: "twice a month", 30.4369: "every month",
    60.8738: "every two months", 91.3106: "every three months", 121.748: "every four months",
    182.621: "every six months", 365.243: "every year", 730.485: "every two years", 1095.73: "every three years",
    1460.97: "every four years", 1826.21: "every five years", 3652.43: "every ten years", 7304.85: "every twenty years",
}  # fmt: skip
"""Words for periods in days."""


def every(days: float) -> str:
    """Return words for a period of so many days. A period within 2 % of a usual one, such as a month, gets its name.

    >>> every(1), every(31), every(365.243), every(45), every(0.3), every(1 / 96)
    ('every day', 'every month', 'every year', 'every 45 days', 'every 7.2 hours', 'every 15 minutes')
    """
    for known, words in _EVERY.items():
        if abs(days - known) <= 0.02 * known:
            return words
    if days > 1:
        return f"every {days:.3g} days"
    return f"every {days * 24:.2g} hours" if days > 1 / 24 else f"every {days * 1440:.3g} minutes"


@lru_cache(maxsize=1)
def expectation(s: DatasetSubject) -> ExpectedPeriod | None:
    """Return how often a dataset should be updated: as declared, else as its title says, else as its changes were
    observed (at least four, at even intervals).

    None if no update is due: the declared frequency sets no interval (such as irregular, never or continuous), all
    files are withdrawn, the title says that the data are historical, or the data are about a period that is over. None
    also if nothing tells how often.
    """
    frequency = vocabulary.frequency(s.dataset.frequency)
    if (
        frequency is not None
        and (frequency.is_unbounded or frequency.period_days is None)
        and frequency.id != "UNKNOWN"
    ):
        return None
    told = told_by(s.dataset.title or "")
    declared_days = frequency.period_days if frequency is not None else None
    if told.is_closed or _is_over(s, told, is_declared=declared_days is not None) or _is_withdrawn(s):
        return None
    if declared_days is not None:
        return ExpectedPeriod(declared_days, "declared", str(s.dataset.frequency))
    named = vocabulary.frequency(told.frequency) if told.frequency else None
    if named is not None and named.period_days is not None:
        # Titles of files are not read: they say what a row is ("income per month"), hardly ever when the next
        # file comes.
        return ExpectedPeriod(named.period_days, "title", told.word)
    return _rhythm(s)


def _is_withdrawn(s: DatasetSubject) -> bool:
    statuses = [(status or "").casefold() for status in declared_of_parts(s, "status")]
    return bool(statuses) and all(any(word in status for word in _CLOSED_STATUS) for status in statuses)


def _rhythm(s: DatasetSubject) -> ExpectedPeriod | None:
    """Return the usual interval between observed changes, if they come evenly."""
    days = sorted({day for part in observed_parts(s) for day in part.changes})
    if len(days) < FEWEST_CHANGES:
        return None
    between = [(later - earlier).days for earlier, later in zip(days, days[1:], strict=False)]
    usual = float(median(between))
    if usual < 1 or max(between) > EVENNESS * usual + GRACE_DAYS or min(between) < usual / EVENNESS - GRACE_DAYS:
        return None
    return ExpectedPeriod(usual, "observed", f"{len(days)} changes seen, one {every(usual)} or so")


def observed_date(check: ResourceCheck | None) -> str | None:
    """Return the date on which the data behind an address were observed to change, as text; None if there is none.

    It is the date that the check recorded (``changed_at``) or, without one, the Last-Modified header. The header does
    not count for a file that is generated at every request. None also if the recorded date comes from the portal's
    record, because it was declared and not observed.
    """
    if check is None or check.change_decided_by == "harvest_date":
        # That date was declared, and is counted as declared.
        return None
    return check.changed_at or (None if check.is_volatile else check.last_modified)


@lru_cache(maxsize=1)
def _texts(s: DatasetSubject) -> tuple[tuple[str, str], ...]:
    """Return the different dates of change as they are written, each with where it was found first."""
    found: dict[str, str] = {}
    if s.dataset.modified:
        found[s.dataset.modified] = "as declared for the dataset"
    observed = observed_parts(s)
    if not observed:
        for text in declared_of_parts(s, "modified"):
            if text:
                found.setdefault(text, "as declared for a file")
    for part in observed:
        if part.distribution.modified:
            found.setdefault(part.distribution.modified, "as declared for a file")
        for check in (part.access_check, part.download_check):
            if check is not None and (text := observed_date(check)):
                found.setdefault(text, "as seen at a file")
    return tuple(found.items())


@lru_cache(maxsize=1)
def last_change(s: DatasetSubject) -> tuple[date, str] | None:
    """Return the day of the last change of the data, declared or observed, and words that say how it is known.

    The words are, for example, "as declared for the dataset". Of several dates the latest counts. A month or year
    counts as its last day, but not as a later day than ``as_of``. Dates later than the day after ``as_of``, the day of
    measurement, are ignored. None if no date of change can be read.
    """
    found = None
    # It may already be tomorrow where the publisher is. "2026" may mean any day until the end of the year, or today.
    tomorrow = s.as_of + timedelta(days=1)
    for text, where in _texts(s):
        last, first = last_day(text), first_day(text)
        if last is None or first is None or first > tomorrow:
            continue
        day = min(last, s.as_of)
        if found is None or day > found[0]:
            found = day, where
    return found


def lateness(s: DatasetSubject) -> str:
    """Return words that say when the data of a dataset last changed, how often they are due, and since when they are
    late.

    They are shown in the column ``observed`` of a finding of the metric ``up_to_date``, and have at most 300
    characters. "no" if no update is due or no change is known. Call it only for data that are late: otherwise the day
    from which on they are late lies in the future.
    """
    due, changed = expectation(s), last_change(s)
    if due is None or changed is None:
        return "no"
    how = {"declared": "the record says", "title": "the title says", "observed": "seen so far:"}[due.source]
    late_since = changed[0] + timedelta(days=due.limit_days + 1)
    # No number of days: the same fault must have the same words every day.
    return (
        f"the last change, {changed[1]}, was on {changed[0].isoformat()}; due {every(due.period_days)} "
        f"({how} {due.evidence}), late since {late_since.isoformat()}"
    )[:300]


def _after(day: date, days: int) -> date:
    """Return the day some days later, or the calendar's last day if that comes first ("9999-12-31" means for ever)."""
    return day + timedelta(days=min(days, (date.max - day).days))


def next_review_on(s: DatasetSubject) -> date | None:
    """Return the first day after ``as_of`` on which a measurement of the dataset may change only because time passes.

    None if there is no such day. The day may be too early, which costs a needless measurement, but never too late.
    """
    days: list[date] = []
    for text, _ in _texts(s):
        last, first = last_day(text), first_day(text)
        if last is not None and first is not None and last >= s.as_of:
            # A day in the future is no date of change; if declared, it is false until the day before.
            days += [_after(day, more) for day in (first, last) for more in (-1, 0, 1)]
    until_named, end = told_by(s.dataset.title or "").until, last_day(s.dataset.temporal_end)
    days += [_after(day, 1) for day in (until_named, end) if day is not None]
    if end is not None:
        days.append(_after(end, OVER_DAYS + 1))
    due, changed, frequency = expectation(s), last_change(s), vocabulary.frequency(s.dataset.frequency)
    if due is not None and changed is not None:
        days.append(changed[0] + timedelta(days=due.limit_days + 1))
    if changed is not None and frequency is not None and frequency.period_days is not None:
        # The rule of udata, which has no tolerance.
        days += [changed[0] + timedelta(days=int(frequency.period_days) + more) for more in (1, 2)]
    for part in observed_parts(s):
        seen = last_day(part.check.changed_at) if part.check is not None else None
        if seen is not None and part.distribution.modified:
            # A change is compared with a declared date only two days later.
            days.append(seen + timedelta(days=2))
    return min((day for day in days if day > s.as_of), default=None)
