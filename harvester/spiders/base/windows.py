"""Listings that reach no further than some offset: behind it, the next window begins at the date of the last record.

The record at the seam, and all of its date, come twice by right.
"""

from __future__ import annotations

from typing import Any, ClassVar

from harvester.http import faults
from harvester.spiders.base.listing import ListingSpider, PageRefusedError
from harvester.spiders.base.paging import ListingPage, PageCursor
from harvester.spiders.base.portal_spider import RecordWithPlace

__all__ = ["WindowedSpider"]


class WindowedSpider(ListingSpider):
    """Base of spiders whose portal is sorted by a date, and answers no greater offset than ``window``.

    ``walk.at["key"]`` is the date from which a window counts; the first has none.
    """

    window: ClassVar[int] = 10_000
    """Records that can be reached by offset. Totals are cut off there as well."""

    def key_of(self, raw: Any) -> int | None:
        """The date of a record by which the listing is sorted."""
        raise NotImplementedError

    def windowed(
        self, page_cursor: PageCursor, records: list[RecordWithPlace], total: Any, *, is_end: bool
    ) -> ListingPage:
        """The sheet of a page. Raises Refused where the window is full and no further one can be opened."""
        at = None
        # Where the total is cut off, so may be the sign that there is more: only a total within the window ends it.
        is_whole = isinstance(total, int) and total < self.window
        is_end = is_end and (
            is_whole or not records or page_cursor.start + len(records) + page_cursor.asked <= self.window
        )
        if records and not is_end and page_cursor.start + len(records) + page_cursor.asked > self.window:
            key = self.key_of(records[-1][1])
            if key is None or (page_cursor.at and page_cursor.at["key"] == key):
                why = "the last record has no date" if key is None else "all records in it bear one date"
                detail = f"the portal lists {self.window:,} records at once; what follows cannot be asked for: {why}"
                raise PageRefusedError(
                    faults.RequestFault("http", "unknown", detail, "ask the portal for a listing without a limit")
                )
            at = {"key": key}
        # A window's total is not the portal's, and one that is cut off is none.
        is_total = page_cursor.at is None and isinstance(total, int) and total < self.window
        return ListingPage(records=records, total=total if is_total else None, at=at, is_end=is_end)

    def next_cursor(self, page_cursor: PageCursor, listing_page: ListingPage) -> PageCursor:
        return (
            page_cursor.from_key(listing_page.at)
            if listing_page.at
            else page_cursor.forward(listing_page.count, page_cursor.at)
        )

    def may_overlap(self, page_cursor: PageCursor) -> bool:
        return page_cursor.at is not None
