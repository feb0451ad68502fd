"""Read GeoNode 4 (API v2), and GeoNode 2 and 3 (the older API).

API: docs.geonode.org, "API usage"; formats read in GeoNode's source (``base/api``, ``layers/api``, ``api``). Quirks
handled:

- In API v2 pages are numbered, and a page past the end is 404.
- ``links.next`` may name an internal host, so pages are requested by number.
- The older API is read by offset, under ``datasets`` or ``layers``.
- Links to pictures and metadata stand among the links to data.
- Layers of other servers are registered like the portal's own.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any
from urllib.parse import urlencode

from catalog.model import Dataset
from harvester.facts.values import first
from harvester.http import faults
from harvester.spiders.base.listing import ListingSpider, PageRefusedError
from harvester.spiders.base.paging import ListingPage, PageCursor
from harvester.spiders.base.portal_type_info import PortalTypeInfo
from harvester.spiders.geonode.record import identifier_of, to_dataset

if TYPE_CHECKING:
    from scrapy import Request
    from scrapy.http import Response

__all__ = ["Spider"]

WAYS = (("/api/v2/datasets/", "datasets"), ("/api/datasets/", "objects"), ("/api/layers/", "objects"))
"""Interfaces to try, the newest first, each with the key of its records."""


class Spider(ListingSpider):
    """Spider for all datasets (layers) of a GeoNode site, through API v2 or the older API."""

    type = "geonode"
    about = PortalTypeInfo(
        software="GeoNode 2 to 4",
        paging="API v2 by page number; the older API by offset",
        incremental="not offered",
        deletion="absent from a complete full harvest; private ones vanish the same way",
        limits="100 records to a page; GeoNode 3 tells of a licence but its number",
        loses="maps, documents and dashboards, which are no datasets",
        rank=80,
    )
    volatile = (
        "popular_count", "share_count", "rating", "featured", "favorite", "perms", "thumbnail_url", "executions",
        "owner.avatar", "owner.perms", "poc.avatar", "metadata_author.avatar",
    )  # fmt: skip
    max_rows = 100
    has_numbers = True

    def resume(self, cursor: dict[str, Any]) -> None:
        self.way: int = cursor.get("way", 0)

    def position(self, page_cursor: PageCursor) -> dict[str, Any]:
        return {**super().position(page_cursor), "way": self.way}

    def ask(self, page_cursor: PageCursor) -> Request:
        by_number = {"page_size": page_cursor.asked, "page": page_cursor.number}
        by_offset = {"limit": page_cursor.asked, "offset": page_cursor.start}
        params = by_offset if self.way else by_number
        return self.get(f"{self.base}{WAYS[self.way][0]}?{urlencode(params)}", page_cursor)

    def fallback(
        self, fault: faults.RequestFault, response: Response | None, page_cursor: PageCursor
    ) -> list[Any] | None:
        """Return what to do about a page of GeoNode's API that does not exist (404), as a list; None in all other
        cases.

        If a later page of API v2 does not exist and the portal has stated its total, the harvest ends normally. If the
        first page does not exist and no dataset was stored, the result is the request to the next of WAYS. It is None
        if none is left. ``response``: the response with the page; None if none came. ``page_cursor``: the position of
        the page. ``fault`` is not used.
        """
        if response is None or response.status != 404:
            return None
        if page_cursor.start and not self.way and self.stats.advertised is not None:
            return self.at_end(page_cursor, "there is no further page")
        if not page_cursor.start and not self.stats.kept and self.way + 1 < len(WAYS):
            self.way += 1
            return [self.ask(page_cursor)]
        return None

    def read(self, response: Response, page_cursor: PageCursor) -> ListingPage:
        body = self.read_json(response)
        key = WAYS[self.way][1]
        found = body.get(key) if isinstance(body, dict) else None
        if not isinstance(found, list):
            told = body if isinstance(body, dict) else {}
            said = first(told.get("detail"), told.get("error"), told.get("errors"))
            detail = f"the API reports an error: {said}" if said else f"the response has no list of {key}"
            raise PageRefusedError(
                faults.RequestFault("parse", "unknown", detail, "check that it is GeoNode's API"), body
            )
        records = [(f"/{key}/{i}", record) for i, record in enumerate(found)]
        if self.way:
            meta = body.get("meta")
            return ListingPage(records=records, total=meta.get("total_count") if isinstance(meta, dict) else None)
        links = body.get("links")
        is_told = isinstance(links, dict) and "next" in links
        is_more = is_told and bool(links["next"])
        return ListingPage(
            records=records,
            total=body.get("total"),
            # Pages are numbered: a short one still counts as a whole page.
            received=page_cursor.asked if records and is_more else len(records),
            is_end=is_told and not is_more,
        )

    def look_up(self, identifier: str, source_url: str) -> str | None:
        """Return the address that requests the GeoNode dataset ``identifier`` alone.

        For a number it is the address of the dataset, for a uuid that of a search for it. The result is never None, and
        ``source_url`` is not used.
        """
        path = WAYS[self.way][0]
        if identifier.isdigit():
            return f"{self.base}{path}{identifier}/"
        return f"{self.base}{path}?{urlencode({'uuid' if self.way else 'filter{uuid}': identifier})}"

    def says_unknown(self, response: Response) -> bool:
        body = self.read_json(response)
        if not isinstance(body, dict) or body.get(WAYS[self.way][1]) != []:
            return False
        meta = body.get("meta")
        return (meta.get("total_count") if isinstance(meta, dict) and self.way else body.get("total")) == 0

    def shows(self, response: Response, identifier: str) -> bool:
        body = self.read_json(response)
        told = body if isinstance(body, dict) else {}
        found = told.get(WAYS[self.way][1], [told.get("dataset", told)])
        # An interface that does not know the filter lists everything.
        return len(found) == 1 and isinstance(found[0], dict) and identifier_of(found[0]) == identifier

    def pointer(self, index: int) -> str:
        return f"/{WAYS[self.way][1]}/{index}"

    def to_dataset(self, raw: Any) -> Dataset:
        return to_dataset(raw, self.base)
