"""Read piveau, the hub software of data.europa.eu and other portals, through its search.

API: data.europa.eu, "API documentation", hub search; piveau's own documentation. Quirks handled: pages end at the
index's limit, so the search is scrolled. A scroll token expires soon, so an interrupted harvest starts over. A hub
without scrolling is read by pages, up to the limit. Errors come as plain text. Further parameters in the portal's
address, such as ``facets`` of one catalogue, are kept.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any
from urllib.parse import parse_qsl, quote, urlencode, urlsplit, urlunsplit

from catalog.model import Dataset
from harvester.facts.values import first
from harvester.http import faults
from harvester.spiders.base.listing import ListingSpider, PageRefusedError
from harvester.spiders.base.paging import ListingPage, PageCursor
from harvester.spiders.base.portal_type_info import PortalTypeInfo
from harvester.spiders.piveau.record import to_dataset

if TYPE_CHECKING:
    from scrapy import Request
    from scrapy.http import Response

__all__ = ["Spider"]

HUB = "/api/hub/search"
WINDOW = 10_000
"""Number of records beyond which the index returns no page."""
OURS = ("filter", "limit", "page", "scroll", "aggregation", "q", "locale")
"""Parameters that this spider sets itself."""


class Spider(ListingSpider):
    """Spider for all datasets of a piveau hub, such as data.europa.eu."""

    type = "piveau"
    about = PortalTypeInfo(
        software="piveau hub search: data.europa.eu, open.bydata.de and others",
        paging="a scroll of the search; by page number where there is none",
        incremental="not offered",
        deletion="absent from a complete full harvest",
        limits="without a scroll 10,000 datasets; a scroll cannot be taken up again",
        loses="properties of DCAT-AP that its index leaves out: the hub's RDF has them",
        rank=70,
    )
    volatile = ("quality_meas", "catalog", "catalog_record", "translation_meta", "score")
    max_rows = 250
    has_numbers = True

    def resume(self, cursor: dict[str, Any]) -> None:
        self.way: int = cursor.get("way", 0)

    def position(self, page_cursor: PageCursor) -> dict[str, Any]:
        return {**super().position(page_cursor), "way": self.way}

    def continued(self, cursor: dict[str, Any]) -> list[Any]:
        page_cursor = PageCursor(**cursor["walk"])
        if page_cursor.at is None or page_cursor.is_end:
            return super().continued(cursor)
        self.start_over("a scroll of the search cannot be taken up again: begun anew")
        return self.opening()

    @property
    def bases(self) -> list[str]:
        """Return the addresses at which the search of the piveau hub may be, the likeliest first.

        If the portal's address contains ``/api/hub/search``, the only one is the address up to there. Otherwise they
        are ``/api/hub/search`` below the portal's address, and that address itself.
        """
        parts = urlsplit(self.portal.url)
        whole = urlunsplit(parts._replace(query="", fragment="")).rstrip("/").removesuffix("/search/search")
        if HUB in whole:
            return [whole[: whole.index(HUB)] + HUB]
        site = whole.removesuffix("/search")
        return [f"{site}{HUB}", site]

    @property
    def own(self) -> list[tuple[str, str]]:
        """Return those query parameters of the portal's address that the spider does not set itself, as (name,
        value).
        """
        return [(key, held) for key, held in parse_qsl(urlsplit(self.portal.url).query) if key not in OURS]

    def look_up(self, identifier: str, source_url: str) -> str | None:
        is_id = "/" not in identifier
        return f"{self.bases[self.way]}/datasets/{quote(identifier, safe='')}" if is_id else None

    def shows(self, response: Response, identifier: str) -> bool:
        body = self.read_json(response)
        return isinstance(body, dict) and isinstance(body.get("result"), dict)

    def ask(self, page_cursor: PageCursor) -> Request:
        base = self.bases[self.way]
        if page_cursor.at is not None:
            return self.get(f"{base}/scroll?{urlencode({'scrollId': page_cursor.at})}", page_cursor)
        params = [*self.own, ("filter", "dataset"), ("aggregation", "false"), ("limit", page_cursor.asked)]
        params += [("page", page_cursor.number - 1)] if page_cursor.start else [("scroll", "true")]
        return self.get(f"{base}/search?{urlencode(params)}", page_cursor)

    def fallback(
        self, fault: faults.RequestFault, response: Response | None, page_cursor: PageCursor
    ) -> list[Any] | None:
        if response is None:
            return None
        if not page_cursor.start and not self.stats.kept and response.status == 404 and self.way + 1 < len(self.bases):
            self.way += 1
            return [self.ask(page_cursor)]
        if page_cursor.at is None and page_cursor.start + page_cursor.asked > WINDOW:
            message = (
                f"{response.url}: the search answers nothing behind {page_cursor.start:,} datasets ({fault.detail})"
            )
            return [self.fatal("http", message, "ask the portal to allow scrolling of its search", response.url)]
        return None

    def read(self, response: Response, page_cursor: PageCursor) -> ListingPage:
        body = self.read_json(response)
        result = body.get("result") if isinstance(body, dict) else None
        found = result.get("results") if isinstance(result, dict) else None
        if not isinstance(result, dict) or not isinstance(found, list):
            said = first(body.get("message")) if isinstance(body, dict) else None
            detail = f"the search reports an error: {said}" if said else "the response has no results"
            raise PageRefusedError(
                faults.RequestFault("parse", "unknown", detail, "check that it is a piveau hub"), body
            )
        count = result.get("count")
        scroll = first(result.get("scrollId"), result.get("scroll_id")) if found else None
        is_scrolled = page_cursor.at is not None or scroll is not None
        return ListingPage(
            records=[(f"/result/results/{i}", one) for i, one in enumerate(found)],
            total=count if isinstance(count, int) and not isinstance(count, bool) else None,
            # The token may be the same for every page.
            at=(scroll or page_cursor.at) if is_scrolled and found else None,
            is_end=is_scrolled and not found,
        )

    def may_remember(self, listing_page: ListingPage) -> bool:
        # A scroll is valid for one night only.
        return listing_page.at is None and not listing_page.is_end

    def next_of(
        self, page_cursor: PageCursor, next_cursor: PageCursor, is_new: bool, url: str, *, is_lost: bool = False
    ) -> list[Any]:
        if next_cursor.at is not None:
            # Every page of a scroll has the same address.
            self.asked.clear()
        return super().next_of(page_cursor, next_cursor, is_new, url, is_lost=is_lost)

    def pointer(self, index: int) -> str:
        return f"/result/results/{index}"

    def non_dataset_id(self, raw: Any) -> str | None:
        """Return the id of ``raw`` if the hub's index says that it is, for example, a catalogue, service or vocabulary,
        else None.

        The result is None for a dataset or series, for a record that does not state its kind, and for one without an
        id.
        """
        kind = first(raw.get("index")) if isinstance(raw, dict) else None
        return None if kind in (None, "dataset", "dataset-series", "datasetseries") else first(raw.get("id"))

    def to_dataset(self, raw: Any) -> Dataset:
        return to_dataset(raw, self.bases[self.way], self.portal.language)
