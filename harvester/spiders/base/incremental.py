"""Read only what changed, if the portal's change filter can be trusted.

Some sites ignore the filter, and a proxy before one big portal returns nothing for it. The filter is therefore trusted
only if a test query finds what it must find and nothing else, and if the totals agree at the end. Otherwise the harvest
reads everything.

No filter reports deletions. If the total is too small, a list of all names shows which datasets may be deleted, and
each of these is requested alone. Some changes have no date, for example a withdrawn file. To find them, a share of all
records is read again each night, the records read longest ago first.
"""

from __future__ import annotations

from collections.abc import AsyncIterator
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Any

from catalog.model import HarvestPage
from catalog.repositories.harvests import new_among, present
from catalog.repositories.rolling import missing_datasets, named_datasets, oldest_read, present_among
from harvester.spiders.base.listing import ListingSpider, PageRefusedError
from harvester.spiders.base.paging import ListingPage, PageCursor

if TYPE_CHECKING:
    from scrapy import Request
    from scrapy.http import Response
    from twisted.python.failure import Failure

__all__ = ["ChangesListingSpider"]

OVERLAP = timedelta(hours=1)
"""How long before the newest known change a request for changes begins; a record may be stored after its date."""
MAX_DELETED = 100
"""Maximum number of possibly deleted datasets that are requested alone; above it the harvest reads everything."""
FUTURE = "2999-01-01T00:00:00Z"


class ChangesListingSpider(ListingSpider):
    """Base class of spiders whose API can list only the records changed since an instant.

    A subclass requests pages of the changed records only if ``self.stats.mode`` is "incremental" (this class sets it
    once the filter has passed its test) and ``self.since``, that instant (ISO 8601 with Z), is not None; otherwise it
    requests all records. It must override :meth:`count_url` and :meth:`read_count`, and set ``record_modified`` of its
    datasets to the date by which the API filters.
    """

    is_incremental = True

    def count_url(self, since: str | None) -> str:
        """Return the address whose response states how many records have changed since ``since``.

        ``since`` is an instant (ISO 8601 with Z); None counts all records.
        """
        raise NotImplementedError

    def read_count(self, response: Response) -> int | None:
        """Return the number of records that ``response`` states, the response of :meth:`count_url`.

        If it states none, return None, or raise PageRefusedError or ValueError.
        """
        raise NotImplementedError

    def names_url(self) -> str | None:
        """Return the address of a list with the names of all datasets; None (the default) if the interface has no such
        list.
        """
        return None

    def read_names(self, response: Response) -> set[str]:
        """Return the names of all datasets in ``response``, the response of :meth:`names_url`.

        Raise PageRefusedError or ValueError if it holds no names.
        """
        raise NotImplementedError

    def share_walk(self, start: int, first: str, last: str) -> PageCursor | None:
        """Return the cursor for reading a part of the listing again: the records from ``first`` to ``last``.

        ``first`` and ``last`` are identifiers; ``start`` is the offset of ``first``. Return None if the listing is not
        sorted by identifier, so that this part cannot be requested; this is the default.
        """
        return None

    def resume(self, cursor: dict[str, Any]) -> None:
        self.since: str | None = cursor.get("since")
        self.expected: int | None = cursor.get("expected")
        """Number of records that the portal states, in a harvest of changes."""
        self.after: int = cursor.get("after", 0)
        """Number of datasets in the catalogue after applying the changes read so far."""

    def position(self, page_cursor: PageCursor) -> dict[str, Any]:
        return {**super().position(page_cursor), "since": self.since, "expected": self.expected, "after": self.after}

    def opening(self) -> list[Any]:
        if self.wants_incremental:
            # Start from what the last complete harvest saw; a record dated in the future must not move the start.
            self.since = _before(self.before.newest_record, self.before.started_at)
            self.after = present(self.run.catalog, self.portal.id)
        return [self.count(None)] if self.since else super().opening()

    def count(self, since: str | None) -> Request:
        """Return the request that counts the records changed since ``since``.

        ``since`` is an instant (ISO 8601 with Z); None counts all records.
        """
        url = self.count_url(since)
        return self.request(url, self.on_count, errback=self.on_count_failed, cb_kwargs={"since": since})

    async def on_count(self, response: Response, since: str | None) -> AsyncIterator[Any]:
        """Check the count in ``response``, one of three, and yield the request for the next count or the first page.

        The counts are of all records (``since`` is None), of records changed in the future (must be 0), and of those
        changed since ``self.since`` (must not be 0). If one is wrong or cannot be read, the change filter cannot be
        trusted, and the harvest reads everything.
        """
        try:
            count = self.read_count(response)
        except (PageRefusedError, ValueError):
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
            self.stats.mode = "incremental"
            yield self.ask(self.first_walk())

    async def on_count_failed(self, failure: Failure) -> AsyncIterator[Any]:
        """Start a full harvest, because a request that counts records or lists names failed."""
        yield self.in_full(f"the portal does not count its changes: {self.fault_of(failure).detail}")

    def in_full(self, why: str) -> Request:
        """Start the harvest over as a full harvest, and return the request for its first page.

        ``why`` is the reason, stored in the notes of the harvest: the portal's change filter does not work, or the
        changes do not explain the portal's total.
        """
        self.start_over(f"read in full: {why}")
        self.resume({})
        return self.ask(self.first_walk())

    def kept(self, page: HarvestPage) -> None:
        if self.stats.mode == "incremental":
            came = [record.dataset.identifier for record in page.records]
            self.after += new_among(self.run.catalog, self.portal.id, came)

    def at_end(self, page_cursor: PageCursor, how: str) -> list[Any]:
        if self.stats.mode != "incremental":
            return super().at_end(page_cursor, how)
        if page_cursor.at is not None:
            return self.all_read()
        self.not_found = []
        self.to_check: dict[str, str] = {}
        # Datasets that were missing in an earlier harvest count as missing again only after they are requested again.
        missing = missing_datasets(self.run.catalog, self.portal.id, self.run.run_id)
        url = self.names_url()
        if self.expected is not None and self.after + self.before.gap > self.expected and url:
            return [self.request(url, self.on_names, errback=self.on_count_failed, cb_kwargs={"missing": missing})]
        return self.check(missing)

    async def on_names(self, response: Response, missing: dict[str, str]) -> AsyncIterator[Any]:
        """Request each stored dataset alone that is not in ``response``, a list of the names of all datasets.

        Such datasets may be deleted. The datasets in ``missing`` (dataset id to identifier), which an earlier harvest
        did not find, are requested too; see :meth:`check`. If the list cannot be read, or more than MAX_DELETED
        datasets are not in it, a full harvest starts.
        """
        try:
            names = self.read_names(response)
        except (PageRefusedError, ValueError) as error:
            should = self.after + self.before.gap
            why = f"the portal has {self.expected} records where {should} were expected"
            yield self.in_full(f"{why}, and does not list its names: {error}")
            return
        known = named_datasets(self.run.catalog, self.portal.id, self.run.run_id)
        unlisted = {key: one for key, one, name in known if name not in names and one not in names}
        if len(unlisted) > MAX_DELETED:
            yield self.in_full(f"{len(unlisted):,} datasets are no longer in its list of names")
            return
        for step in self.check({**missing, **unlisted}):
            yield step

    def check(self, wanted: dict[str, str]) -> list[Any]:
        """Return one request for each dataset that the portal may have deleted.

        ``wanted`` maps the ids of these datasets to the portal's identifiers. If there are none, or more than
        MAX_DELETED, no dataset is requested, and the result is that of :meth:`compared`.
        """
        if not wanted or len(wanted) > MAX_DELETED:
            return self.compared()
        self.to_check = wanted
        return [
            self.request(
                str(self.look_up(one, "")), self.on_checked, errback=self.on_check_failed, cb_kwargs={"key": key}
            )
            for key, one in wanted.items()
        ]

    async def on_checked(self, response: Response, key: str) -> AsyncIterator[Any]:
        """Note the dataset with the id ``key`` as deleted if ``response`` says that the portal does not know it."""
        if self.is_unknown(response):
            self.not_found.append(key)
        for step in self.checked(key):
            yield step

    async def on_check_failed(self, failure: Failure) -> AsyncIterator[Any]:
        """Count a failed request for a single dataset as answered: the dataset does not count as deleted.

        After the last such request, yield what :meth:`compared` returns; before that, nothing.
        """
        for step in self.checked(failure.request.cb_kwargs["key"]):  # type: ignore[attr-defined]
            yield step

    def checked(self, key: str) -> list[Any]:
        """Note that the request for the dataset with the id ``key`` is finished.

        After the last such request the result is that of :meth:`compared`; before that it is [].
        """
        self.to_check.pop(key, None)
        return [] if self.to_check else self.compared()

    def compared(self) -> list[Any]:
        """Compare the portal's total with the number of datasets expected from the changes, and return the next steps.

        If the numbers differ, this is the first request of a full harvest. If they agree, it is the request for a part
        of the records that is read again in each harvest, or [] if there is no such part; the harvest is then complete.
        """
        gone = present_among(self.run.catalog, self.not_found)
        should = self.after + self.before.gap - gone
        if should != self.expected:
            self.not_found = []
            return [self.in_full(f"the portal has {self.expected} records where {should} were expected")]
        share = -(-self.after // self.portal.schedule.full_every)
        found = oldest_read(self.run.catalog, self.portal.id, self.run.run_id, share)
        page_cursor = self.share_walk(*found) if found else None
        return [self.ask(page_cursor)] if page_cursor else self.all_read()

    def all_read(self) -> list[Any]:
        """Mark an incremental harvest as complete; return [], because no request remains."""
        self.stats.advertised = self.expected
        self.stats.end("all changes are read, and the portal's total agrees")
        return []

    # The share of records that is read again

    def is_share(self, page_cursor: PageCursor) -> bool:
        """Return whether the page at ``page_cursor`` belongs to the records that are read again as a check.

        Each incremental harvest reads some records that have not changed according to the portal, because some changes
        have no date.
        """
        return self.stats.mode == "incremental" and page_cursor.at is not None

    def next_cursor(self, page_cursor: PageCursor, listing_page: ListingPage) -> PageCursor:
        return (
            page_cursor.forward(listing_page.count, page_cursor.at)
            if self.is_share(page_cursor)
            else super().next_cursor(page_cursor, listing_page)
        )

    def is_last(self, page_cursor: PageCursor, listing_page: ListingPage) -> bool:
        if not self.is_share(page_cursor):
            return super().is_last(page_cursor, listing_page)
        ids = [str(raw.get("id")) for _, raw in listing_page.records if isinstance(raw, dict)]
        return (
            not listing_page.count
            or page_cursor.start + listing_page.count >= page_cursor.at["end"]
            or max(ids, default="") >= page_cursor.at["last"]
        )

    def may_overlap(self, page_cursor: PageCursor) -> bool:
        return self.is_share(page_cursor) or super().may_overlap(page_cursor)

    def next_of(
        self, page_cursor: PageCursor, next_cursor: PageCursor, is_new: bool, url: str, *, is_lost: bool = False
    ) -> list[Any]:
        # All of its records may have come among the changes already; this is no paging loop.
        return super().next_of(page_cursor, next_cursor, is_new or self.is_share(page_cursor), url, is_lost=is_lost)


def _before(newest: str | None, started: str | None) -> str | None:
    """Return an instant for the filter, one overlap before the earlier of the two; None if either is no date."""
    try:
        at = min(datetime.fromisoformat((one or "")[:19]) for one in (newest, started)) - OVERLAP
    except (ValueError, OverflowError):
        return None
    return at.strftime("%Y-%m-%dT%H:%M:%SZ")
