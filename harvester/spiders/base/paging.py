"""Track the position in a listing, and work around records that a server cannot send.

Some pages fail (time-out, 500) because of one record in them. Then fewer records are requested, down to one. The record
that fails alone is skipped and reported, and the pages grow again behind the bad stretch.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict, dataclass, replace
from typing import Any

__all__ = ["MAX_UNREADABLE_IN_A_ROW", "SHRINKABLE", "ListingPage", "PageCursor"]

SHRINKABLE = ("timeout", "server", "cut_short", "parse", "empty", "too_large")
"""Faults that a smaller page may avoid."""
MAX_UNREADABLE_IN_A_ROW = 20
"""Number of unreadable records in a row after which the harvest ends."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ListingPage:
    """One page of a listing as read from a response: its records, the total and the position of the next page."""

    records: Sequence[tuple[str, Any]] = ()
    """Pairs of JSON pointer and record."""
    total: int | None = None
    """Total number of records that the portal states."""
    received: int | None = None
    """Number of records by which the offset moves; None means the number of ``records``."""
    at: Any = None
    """Link, token or key of the next page, as a JSON value; None if the listing is read by offset."""
    is_end: bool = False
    """True if the portal says that this is the last page."""

    @property
    def count(self) -> int:
        """Number of records to add to the offset for the next page: ``received`` if given, else the length of
        ``records``.
        """
        return len(self.records) if self.received is None else self.received


@dataclass(frozen=True, slots=True, kw_only=True)
class PageCursor:
    """Immutable position in a listing, with the number of records to request there."""

    rows: int
    """Records per page as long as nothing fails."""
    start: int = 0
    """Offset of the page: number of records before it."""
    size: int = 0
    """Number of records requested now; 0 means ``rows``."""
    at: Any = None
    """Link, token or key of the page; None if the offset alone identifies it."""
    bad_until: int = 0
    """End of the page that failed first; pages stay small up to this offset."""
    misses: int = 0
    """Number of records in a row that could not be sent."""
    largest: int = 0
    """Number of records on the largest page received, which shows the portal's own page limit."""
    is_second: bool = False
    """True in a second reading, which looks for records hidden behind repeated ones."""
    is_end: bool = False
    """True behind the last page."""

    @property
    def asked(self) -> int:
        """Number of records to request: ``size``, if pages were made smaller after a failure, else ``rows``."""
        return self.size or self.rows

    @property
    def number(self) -> int:
        """Number of the page, from 1, at the current page size; for portals that request pages by number."""
        return self.start // self.asked + 1

    @property
    def can_shrink(self) -> bool:
        """Whether the page can be made smaller: it asks for more than one record."""
        return self.asked > 1

    def smaller(self, *, is_aligned: bool = False) -> PageCursor:
        """Return the cursor of the same position with a quarter of the page size, at least 1: 1000, 250, 62, 15, 3, 1.

        ``is_aligned`` is for portals that number their pages. The offset must then be a multiple of the page size, so
        the size is reduced further: 100, 25, 5, 1.
        """
        size = max(1, self.asked // 4)
        while is_aligned and self.start % size:
            size -= 1
        return replace(self, size=size, bad_until=max(self.bad_until, self.start + self.asked))

    def skip(self) -> PageCursor:
        """Return the cursor of the next record, and count the current one in ``misses``: the server cannot send it."""
        return replace(self, start=self.start + 1, misses=self.misses + 1)

    def forward(self, received: int, at: Any = None) -> PageCursor:
        """Return the cursor of the next page, after a page of ``received`` records.

        ``at`` is the link, token or key of the next page; None if the offset is enough. If pages were made smaller
        because one failed, the page size returns to ``rows`` once the records of that page have been read or skipped.
        """
        start = self.start + received
        size = 0 if start >= self.bad_until else self.size
        largest = max(self.largest, received) if self.size == 0 else self.largest
        return replace(self, start=start, size=size, misses=0, largest=largest, at=at)

    def from_key(self, key: Any) -> PageCursor:
        """Return the cursor of a new listing that begins at ``key`` (a JSON value), with the offset 0.

        It is for portals that accept no high offsets, and that are therefore read in several such listings.
        """
        return PageCursor(rows=self.rows, at=key, is_second=self.is_second)

    def is_last(self, received: int, count: int | None) -> bool:
        """Return whether a page of ``received`` records proves the end of the listing.

        ``count`` is the total that the portal states, or None. An empty page proves the end. So does a page that
        reaches the total and is shorter than an earlier page. A full page that reaches the total does not, because the
        portal may limit the total; one more page is requested then.
        """
        if received == 0:
            return True
        return count is not None and self.start + received == count and received < self.largest

    def again(self) -> PageCursor:
        """Return the cursor of the first page, marked as a second reading of the whole listing."""
        return PageCursor(rows=self.rows, is_second=True)

    def as_json(self) -> dict[str, Any]:
        """Return all fields of the cursor as a dict of JSON values; ``PageCursor(**values)`` restores it."""
        return asdict(self)
