"""Read listings with a highest offset: beyond it, a new window begins at the date of the last record.

All records of that date legitimately come twice.
"""

from __future__ import annotations

from typing import Any, ClassVar

from harvester.http import faults
from harvester.spiders.base.listing import ListingSpider, PageRefusedError
from harvester.spiders.base.paging import ListingPage, PageCursor
from harvester.spiders.base.portal_spider import RecordWithPlace

__all__ = ["WindowedSpider"]


class WindowedSpider(ListingSpider):
    """Base class of spiders whose portal sorts its records by date and accepts no offset above ``window``.

    To read further records, the spider requests a new listing that starts at the date of the last record (a new window)
    and counts offsets from there. ``page_cursor.at["key"]`` is the date at which the window begins; ``page_cursor.at``
    is None in the first window.
    """

    window: ClassVar[int] = 10_000
    """Number of records that can be reached by offset; the total that the portal states is never higher than this."""

    def key_of(self, raw: Any) -> int | None:
        """Return the date, as a number, by which the listing sorts the record ``raw``; None if it has no date."""
        raise NotImplementedError

    def windowed(
        self, page_cursor: PageCursor, records: list[RecordWithPlace], total: Any, *, is_end: bool
    ) -> ListingPage:
        """Return the listing page for ``records``; its ``at`` starts a new window if the next page is out of reach.

        The next page is out of reach if its records would lie beyond the offset ``window``. ``page_cursor`` is the
        position of this page. ``total`` is the number of records that the portal states; it is used only in the first
        window and below ``window``. ``is_end`` says whether the portal marks this page as the last one; the mark is
        ignored where the portal may have cut off the listing. Raise PageRefusedError if no new window can be started,
        because the last record has no date or the same date as the beginning of the window.
        """
        at = None
        # With a limited total, the end mark may be wrong too: only a total below the limit proves the end.
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
        # The total of a later window is not the portal's total, and a limited one is no total at all.
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
