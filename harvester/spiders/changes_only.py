"""Reading only what changed, where the portal can be trusted with the question.

Some sites ignore the filter, and a proxy before one big portal answers it with nothing. So it is trusted only after
it has found what it must find and nothing it must not, and only if the totals agree at the end; otherwise everything
is read.
"""

from __future__ import annotations

from collections.abc import AsyncIterator
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Any

from catalog.harvests import new_among, present
from catalog.model import Page
from harvester.spiders.listing import ListingSpider, Refused
from harvester.spiders.paging import Walk

if TYPE_CHECKING:
    from scrapy import Request
    from scrapy.http import Response
    from twisted.python.failure import Failure

__all__ = ["ChangesListingSpider"]

OVERLAP = timedelta(hours=1)
"""Changes are asked for from so long before the newest one known: a record may be stored later than it is dated."""
FUTURE = "2999-01-01T00:00:00Z"


class ChangesListingSpider(ListingSpider):
    """Base of spiders whose interface can be asked for the records that changed since an instant.

    A subclass asks for pages with ``self.since`` (an instant, ISO 8601 with Z) where it is not None and the mode is
    incremental, and says how records are counted (``count_url``, ``read_count``). Its records carry
    ``record_modified``, by the same clock as the filter.
    """

    is_incremental = True

    def count_url(self, since: str | None) -> str:
        """The address that tells how many records there are, or have changed since an instant."""
        raise NotImplementedError

    def read_count(self, response: Response) -> int | None:
        """The number in such an answer. Raises Refused or ValueError."""
        raise NotImplementedError

    def resume(self, cursor: dict[str, Any]) -> None:
        self.since: str | None = cursor.get("since")
        self.expected: int | None = cursor.get("expected")
        """What the portal says it has, when changes are asked for."""
        self.after: int = cursor.get("after", 0)
        """Datasets of the catalogue after the changes that have come so far."""

    def position(self, walk: Walk) -> dict[str, Any]:
        return {**super().position(walk), "since": self.since, "expected": self.expected, "after": self.after}

    def opening(self) -> list[Any]:
        if self.wants_incremental:
            # What the last complete harvest saw, and no record's date from the future.
            self.since = _before(self.before.newest_record, self.before.started_at)
            self.after = present(self.night.catalog, self.portal.id)
        return [self.count(None)] if self.since else super().opening()

    def count(self, since: str | None) -> Request:
        """Ask how many records there are, or have changed."""
        url = self.count_url(since)
        return self.request(url, self.on_count, errback=self.on_count_failed, cb_kwargs={"since": since})

    async def on_count(self, response: Response, since: str | None) -> AsyncIterator[Any]:
        try:
            count = self.read_count(response)
        except (Refused, ValueError):
            count = None
        if not isinstance(count, int):
            yield self.in_full("the portal's counts cannot be read")
        elif since is None:
            self.expected = count
            yield self.count(FUTURE)
        elif since == FUTURE and count:
            yield self.in_full(f"the portal finds {count} records that change in {FUTURE[:4]}: its filter does nothing")
        elif since == FUTURE:
            yield self.count(self.since)
        elif count == 0:
            yield self.in_full("the portal does not find the newest record that it has: its filter finds nothing")
        else:
            self.tally.mode = "incremental"
            yield self.ask(self.first_walk())

    async def on_count_failed(self, failure: Failure) -> AsyncIterator[Any]:
        yield self.in_full(f"the portal does not count its changes: {self.fault_of(failure).detail}")

    def in_full(self, why: str) -> Request:
        """Read everything, because asking for changes cannot be trusted."""
        self.start_over(f"read in full: {why}")
        self.resume({})
        return self.ask(self.first_walk())

    def kept(self, page: Page) -> None:
        if self.tally.mode == "incremental":
            came = [record.dataset.identifier for record in page.records]
            self.after += new_among(self.night.catalog, self.portal.id, came)

    def at_end(self, walk: Walk, how: str) -> list[Any]:
        if self.tally.mode != "incremental":
            return super().at_end(walk, how)
        should = self.after + self.before.gap
        if should != self.expected:
            return [self.in_full(f"the portal has {self.expected} records where {should} were expected")]
        self.tally.advertised = self.expected
        self.tally.end("all changes are read, and the portal's total agrees")
        return []


def _before(newest: str | None, started: str | None) -> str | None:
    """An instant for the filter: the overlap before the earlier of two; None where one of them is no date."""
    try:
        at = min(datetime.fromisoformat((one or "")[:19]) for one in (newest, started)) - OVERLAP
    except (ValueError, OverflowError):
        return None
    return at.strftime("%Y-%m-%dT%H:%M:%SZ")
