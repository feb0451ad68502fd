"""How often data are due, how that is known, and when the calendar alone can make them late.

What the publisher declares comes first. Where nothing is declared, a word in the title ("monthly"), and else the
rhythm of the changes that were seen, say what can be expected; such an expectation is ours, so it is slower to call
data late. Data of a time that is over are never late: a census of 2011 is not due again.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date, timedelta
from functools import lru_cache
from statistics import median
from typing import Literal

from catalog import vocabulary
from catalog.model import ResourceCheck
from quality.dates import last_day
from quality.subject import DatasetSubject
from specs.vocabularies import read

__all__ = ["Expectation", "due_until", "expectation", "last_change", "lateness", "next_review_on", "observed_date"]

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
_YEAR = re.compile(r"(?<!\d)(?<!\d[.,])(?:19|20)\d\d(?!\d|[.,]\d)")
_CLOSED_STATUS = ("withdrawn", "deprecated", "discontinued", "archived", "retired")


@dataclass(frozen=True, slots=True)
class Expectation:
    """How often data are due."""

    period_days: float
    source: Literal["declared", "title", "observed"]
    evidence: str
    """The words, or the rhythm, that it is read from."""

    @property
    def limit_days(self) -> int:
        """Days after a change on which the data are not yet late."""
        return int(self.period_days * TOLERANCE[self.source]) + GRACE_DAYS


@lru_cache(maxsize=1)
def _words() -> tuple[tuple[str, re.Pattern[str]], ...]:
    found = []
    for row in read("period_words"):
        words = [word.strip() for word in row["words"].split("|")]
        # Scripts without blanks between words have no word boundaries to look for.
        spaced = "|".join(re.escape(word) for word in words if word[0] < "\u2e80")
        joined = "|".join(re.escape(word) for word in words if word[0] >= "\u2e80")
        found.append((row["frequency"], re.compile(rf"\b(?:{spaced})\b|{joined}", re.IGNORECASE)))
    return tuple(found)


@lru_cache(maxsize=8192)
def _in_title(title: str) -> tuple[str | None, str, int | None]:
    """The frequency a title names, by which word, and the last year in it."""
    text = title[:500]
    years = [int(found) for found in _YEAR.findall(text)]
    for frequency, pattern in _words():
        if match := pattern.search(text):
            return frequency, match[0], max(years, default=None)
    return None, "", max(years, default=None)


def _is_over(s: DatasetSubject, last_year: int | None) -> bool:
    """Whether the data are of a time that is over, and so are not due again."""
    if last_year is not None:
        return last_year < s.as_of.year
    end = last_day(s.dataset.temporal_end)
    return end is not None and (s.as_of - end).days > OVER_DAYS


def expectation(s: DatasetSubject) -> Expectation | None:
    """How often a dataset is due; None where it is not, or nobody can tell."""
    frequency = vocabulary.frequency(s.dataset.frequency)
    if (
        frequency is not None
        and (frequency.is_unbounded or frequency.period_days is None)
        and frequency.id != "UNKNOWN"
    ):
        return None
    word, evidence, last_year = _in_title(s.dataset.title or "")
    if word == "CLOSED" or _is_over(s, last_year) or _is_withdrawn(s):
        return None
    if frequency is not None and frequency.period_days is not None:
        return Expectation(frequency.period_days, "declared", str(s.dataset.frequency))
    if word is not None and (named := vocabulary.frequency(word)) is not None and named.period_days is not None:
        return Expectation(named.period_days, "title", evidence)
    return _rhythm(s)


def _is_withdrawn(s: DatasetSubject) -> bool:
    statuses = [(part.distribution.status or "").casefold() for part in s.distributions]
    return bool(statuses) and all(any(word in status for word in _CLOSED_STATUS) for status in statuses)


def _rhythm(s: DatasetSubject) -> Expectation | None:
    """The usual time between changes that were seen, where they come evenly."""
    days = sorted({day for part in s.distributions for day in part.changes})
    if len(days) < FEWEST_CHANGES:
        return None
    between = [(later - earlier).days for earlier, later in zip(days, days[1:], strict=False)]
    usual = float(median(between))
    if usual < 1 or max(between) > EVENNESS * usual + GRACE_DAYS or min(between) < usual / EVENNESS - GRACE_DAYS:
        return None
    return Expectation(usual, "observed", f"{len(days)} changes seen, one every {usual:g} days or so")


def observed_date(check: ResourceCheck | None) -> str | None:
    """When the data behind an address changed, as far as it was seen: what it says in Last-Modified, or a change of
    length or bytes from one check to the next. A file that is made anew at every look, its date alone being another
    one, did not change."""
    if check is None or check.change_decided_by == "harvest_date":
        # Declared, and counted as such.
        return None
    return check.changed_at or (None if check.is_volatile else check.last_modified)


def _dates(s: DatasetSubject) -> Iterator[tuple[date, str]]:
    """Days of change, with where they stand."""
    if (day := last_day(s.dataset.modified)) is not None:
        yield day, "as declared for the dataset"
    for part in s.distributions:
        if (day := last_day(part.distribution.modified)) is not None:
            yield day, "as declared for a file"
        for check in (part.access_check, part.download_check):
            if (day := last_day(observed_date(check))) is not None:
                yield day, "as seen at a file"


def last_change(s: DatasetSubject) -> tuple[date, str] | None:
    """The last change of the data, declared or observed, and how it is known; dates in the future are no dates."""
    # "2026" means a day up to the end of the year.
    found = [(min(day, s.as_of), where) for day, where in _dates(s) if day.year <= s.as_of.year]
    return max(found, key=lambda one: one[0], default=None)


def due_until(s: DatasetSubject) -> date | None:
    """The last day on which the data are not late; None where they cannot be."""
    due, changed = expectation(s), last_change(s)
    return None if due is None or changed is None else changed[0] + timedelta(days=due.limit_days)


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
    january = date(s.as_of.year + 1, 1, 1)
    years = [day.year for day, _ in _dates(s)]
    _, _, last_year = _in_title(s.dataset.title or "")
    if any(year > s.as_of.year for year in years) or (last_year is not None and last_year >= s.as_of.year):
        days.append(january)
    for day, _ in _dates(s):
        if day >= s.as_of:
            # A day to come is no date of change; declared, it is false until the day before.
            days += [_after(day, more) for more in (-1, 0, 1)]
    end = last_day(s.dataset.temporal_end)
    if end is not None:
        days.append(_after(end, OVER_DAYS + 1))
    if (until := due_until(s)) is not None:
        days.append(until + timedelta(days=1))
    changed, frequency = last_change(s), vocabulary.frequency(s.dataset.frequency)
    if changed is not None and frequency is not None and frequency.period_days is not None:
        # By the rule of udata, without tolerance.
        days += [changed[0] + timedelta(days=int(frequency.period_days) + more) for more in (1, 2)]
    for part in s.distributions:
        seen = last_day(part.check.changed_at) if part.check is not None else None
        if seen is not None and part.distribution.modified:
            # A change is held against a declared date two days later.
            days.append(seen + timedelta(days=2))
    return min((day for day in days if day > s.as_of), default=None)
