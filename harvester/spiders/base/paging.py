"""Where the reading of a listing stands, and how it goes round what a server cannot send.

Some pages fail because one record in them does: a time-out, a 500. Then fewer records are asked for, down to one; the
record that fails alone is skipped and reported, and behind the bad stretch the pages grow again.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict, dataclass, replace
from typing import Any

__all__ = ["MAX_UNREADABLE_IN_A_ROW", "SHRINKABLE", "ListingPage", "PageCursor"]

SHRINKABLE = ("timeout", "server", "cut_short", "parse", "empty", "too_large")
"""Faults that a smaller page may not have."""
MAX_UNREADABLE_IN_A_ROW = 20
"""Records in a row that cannot be sent before the portal is given up."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ListingPage:
    """What one answer of a listing holds."""

    records: Sequence[tuple[str, Any]] = ()
    """(JSON pointer, record)."""
    total: int | None = None
    """What the portal says it has in all."""
    received: int | None = None
    """Records by which the offset moves; None: as many as there are."""
    at: Any = None
    """Where the portal says that the next page is: a link, a token, a key. JSON; None where it goes by offset."""
    is_end: bool = False
    """True where the portal says that this was the last page."""

    @property
    def count(self) -> int:
        return len(self.records) if self.received is None else self.received


@dataclass(frozen=True, slots=True, kw_only=True)
class PageCursor:
    """Where paging stands. JSON, by ``as_json``; each step gives a new one."""

    rows: int
    """Records to a page where nothing is wrong."""
    start: int = 0
    size: int = 0
    """Records asked for now; 0 stands for ``rows``."""
    at: Any = None
    """The link, token or key of the page; None where it is known by its offset alone."""
    bad_until: int = 0
    """End of the page that failed first: up to there pages stay small."""
    misses: int = 0
    """Records in a row that could not be sent."""
    largest: int = 0
    """Records of the largest page that came: what the portal cuts pages to."""
    is_second: bool = False
    """A second reading, to see whether records that came twice have hidden others."""
    is_end: bool = False
    """Behind the last page."""

    @property
    def asked(self) -> int:
        """Records to ask for."""
        return self.size or self.rows

    @property
    def number(self) -> int:
        """The page, from 1, for portals that number their pages."""
        return self.start // self.asked + 1

    @property
    def can_shrink(self) -> bool:
        return self.asked > 1

    def smaller(self, *, is_aligned: bool = False) -> PageCursor:
        """A quarter of the page: 1000, 250, 62, 15, 3, 1.

        Aligned ones begin at a multiple of their size, as pages with numbers must: 100, 25, 5, 1.
        """
        size = max(1, self.asked // 4)
        while is_aligned and self.start % size:
            size -= 1
        return replace(self, size=size, bad_until=max(self.bad_until, self.start + self.asked))

    def skip(self) -> PageCursor:
        """Step over one record that cannot be sent."""
        return replace(self, start=self.start + 1, misses=self.misses + 1)

    def forward(self, received: int, at: Any = None) -> PageCursor:
        """After a page of so many records."""
        start = self.start + received
        size = 0 if start >= self.bad_until else self.size
        largest = max(self.largest, received) if self.size == 0 else self.largest
        return replace(self, start=start, size=size, misses=0, largest=largest, at=at)

    def from_key(self, key: Any) -> PageCursor:
        """A new window: offsets count from a key on, where the portal answers no greater ones."""
        return PageCursor(rows=self.rows, at=key, is_second=self.is_second)

    def is_last(self, received: int, count: int | None) -> bool:
        """Whether a page of so many records proves the end.

        An empty one does, unless it was asked for small. One that reaches the portal's total does if it is shorter
        than an earlier page; else the total may be cut off where the page is, and one more page is asked for.
        """
        if received == 0:
            return True
        return count is not None and self.start + received == count and received < self.largest

    def again(self) -> PageCursor:
        """A second reading from the start."""
        return PageCursor(rows=self.rows, is_second=True)

    def as_json(self) -> dict[str, Any]:
        return asdict(self)
