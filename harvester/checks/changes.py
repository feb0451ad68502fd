"""Decide whether the data behind an address changed, and when to ask it again.

Signs of a change are used in this order: the publisher's own date, the server's Last-Modified, the length, the
checksum. The first that shows a change decides and is recorded. The same bytes mean no change, whatever the dates
say. Bytes that differ only in a date or time near the moment of the download mean no change either: such a file is
volatile.
"""

from __future__ import annotations

import hashlib
import re
from datetime import UTC, datetime, timedelta
from email.utils import parsedate_to_datetime
from functools import lru_cache
from pathlib import Path
from typing import Any

from catalog.db.store import instant, started
from catalog.model import ChangeSign, ResourceCheck
from quality.evidence.dates import last_day
from specs.portals import Recheck

__all__ = ["change_of", "schedule_of", "undated_digest"]

SLACK = timedelta(hours=1)
"""A night does not start at the same second as the one before."""
SERVERS_CLOCK = timedelta(minutes=1)
"""A Last-Modified closer to the response than this is the time of the response, and says nothing about the data."""
MAX_FOLDED_BYTES = 32_000_000
_STAMP = re.compile(
    rb"\x00D(?:[ T,]{0,2}\d\d:\d\d(?::\d\d(?:[.,]\d{1,9})?)?(?: ?(?:Z|UTC|GMT|[+-]\d\d:?\d\d))?|\d{6}\b)?"
)
_SPELLINGS = ("%Y-%m-%d", "%d.%m.%Y", "%d/%m/%Y", "%m/%d/%Y", "%Y%m%d", "%Y/%m/%d", "%d %b %Y", "%d-%m-%Y")


def undated_digest(path: Path, at: str) -> str | None:
    """Return the SHA-256 of the file ``path`` after removing the dates near its download from its bytes.

    A file that only repeats the time at which it was generated thus keeps its digest. ``at`` is the instant of the
    download in ISO 8601. Its day, the day before and the day after are removed in common notations, with the time of
    day that follows, and also as numbers of seconds or milliseconds since 1970. Return None for a file of more than
    MAX_FOLDED_BYTES (32 MB).
    """
    if path.stat().st_size > MAX_FOLDED_BYTES:
        return None
    content = path.read_bytes()
    days = [_instant(at) + timedelta(days=n) for n in (-1, 0, 1)]
    spelled = tuple(day.strftime(spelling).encode() for day in days for spelling in _SPELLINGS)
    years = {day.strftime("%Y").encode() for day in days}
    if any(_one_of(tuple(text for text in spelled if year in text), year).search(content) for year in years):
        for text in spelled:
            content = content.replace(text, b"\x00D")
    if b"\x00D" in content:
        content = _STAMP.sub(b"", content)
    # The first five of ten digits span 28 hours; the rest are seconds, or milliseconds.
    for start in sorted({str(int(day.timestamp()))[:5].encode() for day in days}):
        # No letter or digit may stand before it. A pattern that begins with a fixed text is found many times faster.
        content = re.sub(rb"%s(?<!\w%s)\d{5}(?:\d{3})?\b" % (start, start), b"", content)
    return hashlib.sha256(content).hexdigest()


@lru_cache(maxsize=64)
def _one_of(texts: tuple[bytes, ...], part: bytes) -> re.Pattern[bytes]:
    """Return a pattern that occurs in a content if one of ``texts`` does, each of which contains ``part``. It begins
    with ``part``, so it is found many times faster than the texts one by one."""
    parted = [(before, after) for before, _, after in (text.partition(part) for text in texts)]
    ways = [rb"(?<=%s)%s" % (re.escape(before + part), re.escape(after)) for before, after in parted]
    return re.compile(re.escape(part) + b"(?:" + b"|".join(ways) + b")")


@lru_cache(maxsize=1_024)
def _moment(http_date: str | None) -> datetime | None:
    try:
        found = parsedate_to_datetime(http_date) if http_date else None
    except (ValueError, OverflowError):
        return None
    return found.replace(tzinfo=found.tzinfo or UTC) if found and found.year > 1970 else None


def _told_by_server(check: ResourceCheck) -> datetime | None:
    """Return the server's date of change, if it belongs to the data and not to the response."""
    told = _moment(check.last_modified)
    return told if told is not None and _instant(check.checked_at) - told > SERVERS_CLOCK else None


def _instant(text: str) -> datetime:
    return datetime.fromisoformat(text.replace("Z", "+00:00"))


def change_of(before: ResourceCheck | None, seen: ResourceCheck) -> dict[str, Any]:
    """Return when the data behind a working address last changed, as values for fields of ResourceCheck.

    ``before`` is the check stored for the address earlier, or None; ``seen`` is the new check. The keys are:

    ``changed_at``: the time of the change, or only its day. ``change_decided_by``: the sign that showed it:
    "harvest_date" (the publisher's own date), "last_modified", "length" or "checksum". ``unchanged_until``: if "length"
    or "checksum" showed it, the time of the last check that still found the old data; otherwise None. ``is_volatile``:
    the bytes differ only in dates and times near the download. ``is_changed``: the change was seen by this check.

    If ``seen`` shows no change, the values are those of ``before``, with ``is_changed`` False, and with ``is_volatile``
    True if only dates and times in the bytes differ. If there is nothing to compare, the Last-Modified of the server is
    the time of the change, and ``is_changed`` is False; if it states none, the result is empty. A Last-Modified
    within a minute of the response is the time of the response, and is ignored.
    """
    told = _told_by_server(seen)
    if before is None or (before.change_decided_by is None and before.last_modified is None and before.sha256 is None):
        return _decided("last_modified", instant(told)) | {"is_changed": False} if told else {}
    kept = {name: getattr(before, name) for name in _FIELDS} | {"is_changed": False}
    is_whole = not seen.is_truncated and not before.is_truncated
    if seen.status == 304 or (is_whole and seen.sha256 is not None and seen.sha256 == before.sha256):
        return kept
    if is_whole and seen.sha256_undated is not None and seen.sha256_undated == before.sha256_undated:
        return kept | {"is_volatile": True}
    if day := _declared_anew(before, seen):
        return _decided("harvest_date", day)
    # A server's first date means a change only if it is later than the previous check.
    if told and told > (_moment(before.last_modified) or _instant(before.checked_at)):
        return _decided("last_modified", instant(told))
    until = before.checked_at if before.outcome == "ok" else None
    if seen.size_bytes is not None and before.size_bytes is not None and seen.size_bytes != before.size_bytes:
        return _decided("length", seen.checked_at, until)
    if is_whole and seen.sha256 and before.sha256 and seen.sha256 != before.sha256:
        return _decided("checksum", seen.checked_at, until)
    return kept


_FIELDS = ("changed_at", "change_decided_by", "unchanged_until", "is_volatile")


def _decided(sign: ChangeSign, at: str, until: str | None = None) -> dict[str, Any]:
    return dict(zip(_FIELDS, (at, sign, until, False), strict=True)) | {"is_changed": True}


def _declared_anew(before: ResourceCheck, seen: ResourceCheck) -> str | None:
    """Return the day that the publisher now states for the last change, if it is later than before and not in the
    future."""
    if seen.declared_modified == before.declared_modified:
        return None
    old, new = last_day(before.declared_modified), last_day(seen.declared_modified)
    is_later = old is not None and new is not None and old < new and new.isoformat() <= seen.checked_at[:10]
    return new.isoformat() if new is not None and is_later else None


def schedule_of(
    before: ResourceCheck | None, seen: ResourceCheck, run_id: str, recheck: Recheck, *, is_changed: bool = False
) -> dict[str, Any]:
    """Return when an address is to be checked next, as the ResourceCheck fields ``stable_checks`` (number of equal
    results in a row) and ``next_check_at``.

    ``before`` is the previous check of the address, or None; ``seen`` is the new one. ``recheck`` holds the portal's
    intervals: after every ``recheck.after_checks`` equal results in a row, the next entry of ``recheck.hours`` applies;
    the last entry applies from then on. One hour less is waited, because a night does not start at the same second.
    ``is_changed`` tells whether the data changed since ``before``. The first entry applies again after a change of the
    data, after a different outcome or fault, and as long as the outcome is "failing" or "broken". The interval counts
    from the start of the run ``run_id``, so that a resumed or replayed run gives the same result.
    """
    is_same = (
        before is not None
        and not is_changed
        and seen.outcome not in ("failing", "broken")
        and (seen.outcome, seen.fault) == (before.outcome, before.fault)
    )
    stable = before.stable_checks + 1 if before is not None and is_same else 0
    step = min(stable // recheck.after_checks, len(recheck.hours) - 1)
    return {"stable_checks": stable, "next_check_at": _later(run_id, recheck.hours[step])}


@lru_cache(maxsize=256)
def _later(run_id: str, hours: int) -> str:
    return instant(started(run_id) + max(timedelta(hours=hours) - SLACK, timedelta()))
