"""Read Opendatasoft (Huwise) through the Explore API v2.1.

API: help.opendatasoft.com, "Explore API", catalogue. Quirks handled: pages have at most 100 records. Offset plus limit
must not exceed 10,000; above it the server answers 500 without a reason. Datasets of other domains (federation) are
listed among the portal's own. Some datasets have attachments and no records.

The export of the whole catalogue has no limit, but it is a single document without pages and without a total to check
it. One changed record would mean fetching all of it again. So the listing is read in the order of ``modified``. When a
window is full, the next one begins at the date of the last record, which is read again. Records without a date come
last.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any
from urllib.parse import urlencode

from catalog.model import Dataset
from harvester.http import faults
from harvester.spiders.base.listing import ListingSpider, PageRefusedError
from harvester.spiders.base.paging import ListingPage, PageCursor
from harvester.spiders.base.portal_type_info import PortalTypeInfo
from harvester.spiders.opendatasoft.record import modified_of, to_dataset

if TYPE_CHECKING:
    from scrapy import Request
    from scrapy.http import Response

__all__ = ["Spider"]

WINDOW = 10_000
"""Offset plus limit must stay below this number."""
ORDERS = ("modified desc,dataset_id", "modified desc")
"""Sort orders to try; many records may share a date, and only the first order is stable then."""
_DATE = re.compile(r"\d{4}-\d\d-\d\d(T[\d:.]+(Z|[+-]\d\d:?\d\d)?)?")
"""Match dates that may stand in a filter."""


class Spider(ListingSpider):
    """Spider for all datasets of an Opendatasoft portal."""

    type = "opendatasoft"
    has_facts = True
    about = PortalTypeInfo(
        software="Opendatasoft, Huwise: Explore API v2.1",
        paging="by offset in the order of `modified`; in windows by that date behind 10,000 records",
        incremental="not offered: the filter is on the data's date, not on the record's",
        deletion="absent from a complete full harvest",
        limits="100 records to a page; 10,000 by offset",
        loses="datasets that are not open to everyone",
        rank=90,
    )
    alone = "{base}/api/explore/v2.1/catalog/datasets/{id}"
    volatile = ("metas.default.data_processed", "metas.default.records_count", "metas.explore")
    max_rows = 100

    def resume(self, cursor: dict[str, Any]) -> None:
        self.order: int = cursor.get("order", 0)

    def position(self, page_cursor: PageCursor) -> dict[str, Any]:
        return {**super().position(page_cursor), "order": self.order}

    def ask(self, page_cursor: PageCursor) -> Request:
        params: dict[str, Any] = {
            "limit": page_cursor.asked,
            "offset": page_cursor.start,
            "order_by": ORDERS[self.order],
        }
        if page_cursor.at:
            until = page_cursor.at["until"]
            params["where"] = f"modified <= date'{until}'" if until else "modified is null"
        return self.get(f"{self.base}/api/explore/v2.1/catalog/datasets?{urlencode(params)}", page_cursor)

    def fallback(
        self, fault: faults.RequestFault, response: Response | None, page_cursor: PageCursor
    ) -> list[Any] | None:
        """Return, in a list, the request for Opendatasoft's first page in another sort order, if the portal refuses the
        order.

        The result is None for any status but 400 or no response, for a later page, if a dataset was already stored, and
        if no other order is left. ``response``: the response, or None. ``page_cursor``: the position of the page.
        ``fault`` is not used.
        """
        is_first = not (page_cursor.start or page_cursor.at or self.stats.kept)
        if is_first and response is not None and response.status == 400 and self.order + 1 < len(ORDERS):
            self.order += 1
            return [self.ask(page_cursor)]
        return None

    def read(self, response: Response, page_cursor: PageCursor) -> ListingPage:
        body = self.read_json(response)
        results = body.get("results") if isinstance(body, dict) else None
        if not isinstance(results, list):
            said = body.get("message") or body.get("error") if isinstance(body, dict) else None
            detail = f"the API reports an error: {said}" if said else "the response has no list of results"
            raise PageRefusedError(
                faults.RequestFault("parse", "unknown", detail, "check that it is Opendatasoft's API"), body
            )
        records = [(f"/results/{i}", record) for i, record in enumerate(results)]
        is_full = page_cursor.start + len(results) + page_cursor.rows >= WINDOW
        if page_cursor.at is None and not is_full:
            return ListingPage(records=records, total=body.get("total_count"))
        # A filtered response counts only what the filter finds.
        total = body.get("total_count") if page_cursor.at is None else None
        return ListingPage(
            records=records,
            total=total,
            at=self._window(results, page_cursor, is_full),
            is_end=self._is_end(results, page_cursor),
        )

    @staticmethod
    def _is_end(results: list[Any], page_cursor: PageCursor) -> bool:
        """Return whether the listing ends here: an empty page in the window of records without a date."""
        return not results and page_cursor.at is not None and not page_cursor.at["until"]

    @staticmethod
    def _window(results: list[Any], page_cursor: PageCursor, is_full: bool) -> dict[str, Any]:
        """Return the window of the next page; raise PageRefusedError if there is no further window."""
        if results and not is_full:
            return dict(page_cursor.at)
        if not results:
            return {"until": None, "is_new": True}
        last = modified_of(results[-1])
        if last is not None and not _DATE.fullmatch(last):
            raise _no_way_on(f"the last date of the page cannot be asked for: {last[:60]!r}")
        if page_cursor.at and page_cursor.at["until"] == last:
            what = f"the date {last}" if last else "no date"
            raise _no_way_on(f"some {WINDOW:,} records bear {what}: the portal shows no more of them")
        return {"until": last, "is_new": True}

    def next_cursor(self, page_cursor: PageCursor, listing_page: ListingPage) -> PageCursor:
        if listing_page.at and listing_page.at.get("is_new") and not listing_page.is_end:
            return page_cursor.from_key({"until": listing_page.at["until"]})
        return super().next_cursor(page_cursor, listing_page)

    def may_overlap(self, page_cursor: PageCursor) -> bool:
        return page_cursor.at is not None

    def pointer(self, index: int) -> str:
        return f"/results/{index}"

    def to_dataset(self, raw: Any) -> Dataset:
        return to_dataset(raw, self.base, self.languages)


def _no_way_on(detail: str) -> PageRefusedError:
    # A smaller page would not help.
    return PageRefusedError(
        faults.RequestFault(
            "page", "unknown", detail, "ask the portal for an export of its whole catalogue; what was read is kept"
        )
    )
