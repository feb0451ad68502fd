"""How often data are due, how that is known, and when the calendar alone can make them late.

What the publisher declares comes first. Where nothing is declared, a word in the title ("monthly"), and else the
rhythm of the changes that were seen, say what can be expected; such an expectation is ours, so it is slower to call
data late. Data of a time that is over are never late: a census of 2011 is not due again.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date, timedelta
from statistics import median
from typing import Literal

from catalog import vocabulary
from catalog.model import ResourceCheck
from quality.evidence.dates import first_day, last_day
from quality.evidence.period_words import TitlePeriod, told_by
from quality.evidence.subject import DatasetSubject

__all__ = ["ExpectedPeriod", "expectation", "last_change", "lateness", "next_review_on", "observed_date"]

TOLERANCE = {"declared": 1.5, "title": 3.0, "observed": 3.0}
"""Periods that may pass before an update is late. A promise of one's own binds closer than what others read into it."""
GRACE_DAYS = 2
"""For daily and hourly data: a nightly look cannot tell more."""
OVER_DAYS = 731
"""Days after the end of the time covered from which on the data are of a time that is over."""
FEWEST_CHANGES = 4
"""Changes seen without which there is no rhythm."""
EVENNESS = 2.0
"""How much longer than the usual interval the longest may be, or shorter the shortest, and still be a rhythm."""
LEAST_READ_DAYS = 91
"""A word in a title may tell how fine the data are, not how often they come ("Daily rainfall"): by such a word nothing
is late within a quarter of a year, the rhythm in which such data come in most offices."""
_CLOSED_STATUS = ("withdrawn", "deprecated", "discont", "archived", "retired")
"""In names of our own, or as codes of the EU's table of dataset statuses (DISCONT)."""


@dataclass(frozen=True, slots=True)
class ExpectedPeriod:
    """How often data are due."""

    period_days: float
    source: Literal["declared", "title", "observed"]
    evidence: str
    """The words, or the rhythm, that it is read from."""

    @property
    def limit_days(self) -> int:
        """Days after a change on which the data are not yet late."""
        days = int(self.period_days * TOLERANCE[self.source])
        return (max(days, LEAST_READ_DAYS) if self.source == "title" else days) + GRACE_DAYS


def _is_over(s: DatasetSubject, told: TitlePeriod, *, is_declared: bool) -> bool:
    """Whether the data are of a time that is over, and so are not due again.

    A declared frequency alone does not say otherwise: portals fill it in for every year of a series alike. Only where
    the time covered is declared to go on, too, is the year in the title that of something else ("Districts of 2011").
    """
    end = last_day(s.dataset.temporal_end)
    if told.until is not None:
        return told.until < s.as_of and not (is_declared and end is not None and end >= s.as_of)
    return end is not None and (s.as_of - end).days > OVER_DAYS


def expectation(s: DatasetSubject) -> ExpectedPeriod | None:
    """How often a dataset is due; None where it is not, or nobody can tell."""
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
        # Titles of files are not read: they name the rows ("income a month"), hardly ever the next delivery.
        return ExpectedPeriod(named.period_days, "title", told.word)
    return _rhythm(s)


def _is_withdrawn(s: DatasetSubject) -> bool:
    statuses = [(part.distribution.status or "").casefold() for part in s.distributions]
    return bool(statuses) and all(any(word in status for word in _CLOSED_STATUS) for status in statuses)


def _rhythm(s: DatasetSubject) -> ExpectedPeriod | None:
    """The usual time between changes that were seen, where they come evenly."""
    days = sorted({day for part in s.distributions for day in part.changes})
    if len(days) < FEWEST_CHANGES:
        return None
    between = [(later - earlier).days for earlier, later in zip(days, days[1:], strict=False)]
    usual = float(median(between))
    if usual < 1 or max(between) > EVENNESS * usual + GRACE_DAYS or min(between) < usual / EVENNESS - GRACE_DAYS:
        return None
    return ExpectedPeriod(usual, "observed", f"{len(days)} changes seen, one every {usual:g} days or so")


def observed_date(check: ResourceCheck | None) -> str | None:
    """When the data behind an address changed, as far as it was seen: what it says in Last-Modified, or a change of
    length or bytes from one check to the next. A file that is made anew at every look, its date alone being another
    one, did not change."""
    if check is None or check.change_decided_by == "harvest_date":
        # Declared, and counted as such.
        return None
    return check.changed_at or (None if check.is_volatile else check.last_modified)


def _texts(s: DatasetSubject) -> Iterator[tuple[str | None, str]]:
    """Dates of change as they are written, with where they stand."""
    yield s.dataset.modified, "as declared for the dataset"
    for part in s.distributions:
        yield part.distribution.modified, "as declared for a file"
        for check in (part.access_check, part.download_check):
            yield observed_date(check), "as seen at a file"


def last_change(s: DatasetSubject) -> tuple[date, str] | None:
    """The last change of the data, declared or observed, and how it is known; dates in the future are no dates."""
    found = None
    for text, where in _texts(s):
        last, first = last_day(text), first_day(text)
        # Where the publisher is, it may be tomorrow already. "2026" means a day up to the end of the year, or today.
        if last is None or first is None or first > s.as_of + timedelta(days=1):
            continue
        day = min(last, s.as_of)
        if found is None or day > found[0]:
            found = day, where
    return found


def lateness(s: DatasetSubject) -> str:
    """Why data are called late, for a finding."""
    due, changed = expectation(s), last_change(s)
    if due is None or changed is None:
        return "no"
    how = {"declared": "the record says", "title": "the title says", "observed": "seen so far:"}[due.source]
    late_since = changed[0] + timedelta(days=due.limit_days + 1)
    # No count of days: the same fault has the same words on every day.
    return (
        f"the last change, {changed[1]}, was on {changed[0].isoformat()}; due every {due.period_days:.3g} days or so "
        f"({how} {due.evidence}), late since {late_since.isoformat()}"
    )[:300]


def _after(day: date, days: int) -> date:
    """Some days later; the last day there is where the calendar ends first: "9999-12-31" means for ever."""
    return day + timedelta(days=min(days, (date.max - day).days))


def next_review_on(s: DatasetSubject) -> date | None:
    """The first day after ``as_of`` on which the calendar alone may change a measurement; None for never.

    Rather too early than too late: what is asked again in vain costs little.
    """
    days: list[date] = []
    for text, _ in _texts(s):
        last, first = last_day(text), first_day(text)
        if last is not None and first is not None and last >= s.as_of:
            # A day to come is no date of change; declared, it is false until the day before.
            days += [_after(day, more) for day in (first, last) for more in (-1, 0, 1)]
    until_named, end = told_by(s.dataset.title or "").until, last_day(s.dataset.temporal_end)
    days += [_after(day, 1) for day in (until_named, end) if day is not None]
    if end is not None:
        days.append(_after(end, OVER_DAYS + 1))
    due, changed, frequency = expectation(s), last_change(s), vocabulary.frequency(s.dataset.frequency)
    if due is not None and changed is not None:
        days.append(changed[0] + timedelta(days=due.limit_days + 1))
    if changed is not None and frequency is not None and frequency.period_days is not None:
        # By the rule of udata, without tolerance.
        days += [changed[0] + timedelta(days=int(frequency.period_days) + more) for more in (1, 2)]
    for part in s.distributions:
        seen = last_day(part.check.changed_at) if part.check is not None else None
        if seen is not None and part.distribution.modified:
            # A change is held against a declared date two days later.
            days.append(seen + timedelta(days=2))
    return min((day for day in days if day > s.as_of), default=None)
