"""Read Socrata portals (Tyler Data & Insights) through the discovery API v1, or through ``/api/views`` without it.

API: dev.socrata.com, "Discovery API" ("Pagination", "Deep scrolling", "Sort order"). Quirks handled:

- Without a unique order, records come twice and hide others. The order is ``dataset_id``, or the name if the portal
  refuses that.
- Offset plus limit must not exceed 10,000. Beyond it, ``scroll_id`` leads from id to id; it is trusted only while ids
  rise.
- Records of other sites are mixed in (federation) and are passed over.
- ``only=datasets`` is not always obeyed, so charts, maps, stories, calendars and files are passed over too.
- The old ``/api/views`` mixes all of these, has no total, and writes dates in epoch seconds.

A record is federated if its ``metadata.domain`` is not the portal's own host. A portal addressed by an IP address has
no host name: there the most frequent domain on the first page counts as its own.
"""

from __future__ import annotations

import ipaddress
from collections import Counter
from typing import TYPE_CHECKING, Any
from urllib.parse import urlencode, urlsplit

from catalog.model import Dataset
from harvester.http import faults
from harvester.spiders.base.listing import ListingSpider, PageRefusedError
from harvester.spiders.base.paging import ListingPage, PageCursor
from harvester.spiders.base.portal_type_info import PortalTypeInfo
from harvester.spiders.socrata.record import domain_of, id_of, is_dataset, to_dataset

if TYPE_CHECKING:
    from scrapy import Request
    from scrapy.http import Response

__all__ = ["Spider"]

WINDOW = 10_000
"""Highest sum of offset and limit that the discovery API accepts."""
ORDERS = ("dataset_id", "name")
"""Sort orders to try; only the first one is unique."""
LOWEST = "0000-0000"
"""An id before every other; ids have the form of four characters, hyphen, four characters."""
VIEWS_ROWS = 200
"""Records on a page of ``/api/views``."""


class Spider(ListingSpider):
    """Spider for all datasets of a Socrata site, without those that the site lists from other sites."""

    type = "socrata"
    has_facts = True
    about = PortalTypeInfo(
        software="Socrata, Tyler Data & Insights: discovery API v1, `/api/views`",
        paging="by offset in the order of ids; by `scroll_id` behind 10,000 records",
        incremental="not offered",
        deletion="absent from a complete full harvest",
        limits="10,000 records by offset; no files, links or map layers, which `only=datasets` leaves out",
        loses="attachments and data dictionaries, which only single views tell of",
        rank=90,
    )
    alone = "{base}/api/views/{id}.json"
    volatile = (
        "resource.page_views", "resource.view_count", "resource.download_count", "viewCount", "downloadCount",
        "numberOfComments", "averageRating", "totalTimesRated", "indexUpdatedAt",
    )  # fmt: skip
    has_numbers = True

    def resume(self, cursor: dict[str, Any]) -> None:
        self.order: int = cursor.get("order", 0)
        self.by_views: bool = cursor.get("by_views", False)
        """Whether ``/api/views`` is used because the discovery API is not available."""
        self.domain: str | None = cursor.get("domain")
        """The domain of the portal's own records."""

    def position(self, page_cursor: PageCursor) -> dict[str, Any]:
        own = {"order": self.order, "by_views": self.by_views, "domain": self.domain}
        return {**super().position(page_cursor), **own}

    @property
    def host(self) -> str:
        """Return the host name in the portal's address, in lower case; "" if there is none."""
        return (urlsplit(self.portal.url).hostname or "").lower()

    def ask(self, page_cursor: PageCursor) -> Request:
        params: dict[str, Any]
        if self.by_views:
            return self.get(
                f"{self.base}/api/views?{urlencode({'page': page_cursor.number, 'limit': page_cursor.asked})}",
                page_cursor,
            )
        params = {"domains": self.host, "search_context": self.host, "only": "datasets", "limit": page_cursor.asked}
        # Scrolling has its own order.
        params |= (
            {"scroll_id": page_cursor.at}
            if page_cursor.at
            else {"offset": page_cursor.start, "order": ORDERS[self.order]}
        )
        return self.get(f"{self.base}/api/catalog/v1?{urlencode(params)}", page_cursor)

    def fallback(
        self, fault: faults.RequestFault, response: Response | None, page_cursor: PageCursor
    ) -> list[Any] | None:
        """Return the request or error that replaces a failed page; None if a smaller page is to be tried as usual.

        If the first page fails and no dataset was stored, another sort order (status 400) or Socrata's older API
        ``/api/views`` (status 404) is requested. If pages are read by id and the page cannot be made smaller, the
        result is an error that ends the harvest, because no record can be skipped. ``fault``: why the page failed.
        ``response``: the response, or None. ``page_cursor``: the position of the page.
        """
        if page_cursor.at and not page_cursor.can_shrink:
            url = response.url if response is not None else self.portal.url
            return [self.request_failed(fault, url)]
        if response is None or page_cursor.start or page_cursor.at or self.stats.kept or self.by_views:
            return None
        if response.status == 400 and self.order + 1 < len(ORDERS):
            self.order += 1
            return [self.ask(page_cursor)]
        if response.status == 404:
            self.by_views, self.order = True, 0
            return [self.ask(PageCursor(rows=min(page_cursor.rows, VIEWS_ROWS)))]
        return None

    def read(self, response: Response, page_cursor: PageCursor) -> ListingPage:
        body = self.read_json(response)
        if self.by_views and isinstance(body, list):
            # Pages are numbered: a short one, due to the portal's own limit or the end, still counts as a whole page.
            received = page_cursor.asked if body else 0
            return ListingPage(records=[(f"/{i}", record) for i, record in enumerate(body)], received=received)
        results = body.get("results") if isinstance(body, dict) else None
        if self.by_views or not isinstance(results, list):
            said = body.get("error") or body.get("message") if isinstance(body, dict) else None
            detail = f"the API reports an error: {said}" if said else "the response has no list of results"
            raise PageRefusedError(
                faults.RequestFault("parse", "unknown", detail, "check that it is Socrata's API"), body
            )
        if self.domain is None:
            self.domain = self._own_domain(results)
        records = [(f"/results/{i}", record) for i, record in enumerate(results)]
        total = body.get("resultSetSize")
        if page_cursor.at is None and page_cursor.start + len(results) + page_cursor.rows <= WINDOW:
            return ListingPage(records=records, total=total)
        return ListingPage(records=records, total=total, at=self._last_id(results, page_cursor), is_end=not results)

    def _own_domain(self, results: list[Any]) -> str | None:
        if not _is_address(self.host):
            return self.host
        named = Counter(domain for record in results if (domain := domain_of(record)))
        return named.most_common(1)[0][0] if named else None

    def _last_id(self, results: list[Any], page_cursor: PageCursor) -> str:
        """Return the id after which the next page begins.

        Raise PageRefusedError if ids do not rise, as order is lost then.
        """
        ids = [found for record in results if (found := id_of(record))]
        if page_cursor.at is not None and (ids != sorted(ids) or (ids and ids[0] <= page_cursor.at)):
            raise _no_way_on(f"scroll_id={page_cursor.at} is not obeyed: the ids after it do not rise")
        if results and not ids:
            raise _no_way_on("no record of the page has an id: there is no way on from it")
        if page_cursor.at is None and self.order:
            # In order of name, the last record says nothing about the ids that follow.
            return LOWEST
        return ids[-1] if ids else str(page_cursor.at or LOWEST)

    def may_overlap(self, page_cursor: PageCursor) -> bool:
        """Return whether the page at ``page_cursor`` may repeat records that were read before.

        Beyond 10,000 records, pages are read by id, beginning with the first id. If the first pages were sorted by
        name, their records come again.
        """
        return page_cursor.at is not None and self.order > 0

    def non_dataset_id(self, raw: Any) -> str | None:
        """Return the id of ``raw`` if it is a record of another site, or a chart, map or file, else None.

        The result is None for a dataset of this portal and for a record without an id.
        """
        domain = domain_of(raw)
        is_federated = bool(self.domain and domain and _plain(domain) != _plain(self.domain))
        return id_of(raw) if is_federated or not is_dataset(raw) else None

    def to_dataset(self, raw: Any) -> Dataset:
        return to_dataset(raw, self.base, self.languages)


def _no_way_on(detail: str) -> PageRefusedError:
    # A smaller page would not help.
    return PageRefusedError(
        faults.RequestFault("page", "unknown", detail, "ask the portal to fix its paging; what was read is kept")
    )


def _plain(domain: str) -> str:
    return domain.lower().removeprefix("www.")


def _is_address(host: str) -> bool:
    """Return whether a host is an IP address or has no dot, and so cannot name a domain."""
    try:
        ipaddress.ip_address(host)
    except ValueError:
        return host == "localhost"
    return True
