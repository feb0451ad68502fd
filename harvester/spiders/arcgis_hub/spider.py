"""Read ArcGIS Hub through its search (OGC API - Records), or through its feeds if there is no search.

API: doc.arcgis.com, "ArcGIS Hub Search API"; seen in the sources of Koop and hub.js. Quirks handled: total and offsets
are limited to 10,000, so windows by ``modified`` follow each other. A next link only shows that there is more; we build
the address ourselves. ``properties.url`` is a service, not a file. Feeds hold unfilled templates, and have changed the
identifiers of whole portals overnight.

A site whose catalogue has no scope serves the *global* index of ArcGIS: a hundred thousand records of strangers under
the name of one government. ``/api/search/v1/catalog`` states the scope (``scopes.item.filters``); if that list is
empty, the portal is refused. If the scope cannot be read, the portal is refused if the total is limited and more than
half of the first page's records belong to an organisation of their own. Koop, too, refuses to read without a scope.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import AsyncIterator
from dataclasses import replace
from typing import TYPE_CHECKING, Any, overload
from urllib.parse import quote, urlencode

from catalog.model import Dataset
from catalog.repositories.datasets import has_present_from
from catalog.repositories.reading import datasets
from harvester.http import faults
from harvester.spiders.arcgis_hub.record import fingerprint_of, to_dataset
from harvester.spiders.base.feed import FeedSpider
from harvester.spiders.base.listing import PageRefusedError
from harvester.spiders.base.paging import ListingPage, PageCursor
from harvester.spiders.base.portal_type_info import PortalTypeInfo
from harvester.spiders.base.windows import WindowedSpider

if TYPE_CHECKING:
    from scrapy import Request
    from scrapy.http import Response
    from twisted.python.failure import Failure

__all__ = ["Spider"]

FEEDS = ("/api/feed/dcat-us/1.1.json", "/data.json")
"""Feeds to try without a search, the newer one first."""
GLOBAL = "its search answers with the global index of ArcGIS, not with the records of this portal"
GLOBAL_REMEDY = "give the site a catalogue of its own (ArcGIS Hub: edit site, catalogue, add groups)"
MANY = 20
"""Minimum number of records on a page for judging how many organisations they come from."""


class Spider(WindowedSpider, FeedSpider):
    """Spider for all datasets of an ArcGIS Hub site, through its search API or, if it has none, its DCAT-US feed."""

    type = "arcgis-hub"
    has_sets = True
    about = PortalTypeInfo(
        software="ArcGIS Hub, ArcGIS Enterprise Sites",
        paging="search by offset, newest first; windows by `modified` behind 10,000; `data.json` where there is none",
        incremental="not offered",
        deletion="absent from a complete full harvest",
        limits="100 records to a page; the total is cut off at 10,000; about 10 requests at once",
        loses="layers' own metadata, formats of downloads",
        rank=85,
    )
    volatile = (
        "properties.numViews", "properties.numComments", "properties.numRatings", "properties.avgRating",
        "properties.scoreCompleteness",
    )  # fmt: skip
    max_rows = 100

    async def begin(self) -> AsyncIterator[Any]:
        self.known_ids: set[str] = set()
        self.named: dict[tuple[str, str], str] = {}
        self.renamed: set[str] = set()
        """Datasets that the portal has renamed."""
        self.remember_names()
        self.was_searched = has_present_from(self.run.catalog, self.portal.id, "/api/search/v1/")
        self.place: int = (self.cursor or {}).get("feed", 0)
        self.is_scoped = False
        if self.cursor and "number" in self.cursor:
            async for step in self.begin_feed():
                yield step
            return
        async for step in super().begin():
            yield step

    def checkpoint(self, cursor: Any) -> dict[str, Any] | None:
        return super().checkpoint({**cursor, "feed": self.place} if cursor and "number" in cursor else cursor)

    # Renamed datasets

    def remember_names(self) -> None:
        """Index the portal's datasets in the catalogue by the key that :func:`fingerprint_of` returns.

        If the portal has changed the identifier of a dataset, the dataset is recognised by this key and keeps its old
        identifier. A key that several datasets share is not used.
        """
        seen: Counter[tuple[str, str]] = Counter()
        for stored in datasets(self.run.catalog, self.portal.id):
            self.known_ids.add(stored.dataset.identifier)
            if stored.dataset.other_identifiers:
                self.renamed.add(stored.dataset.identifier)
            if mark := fingerprint_of(stored.dataset):
                seen[mark] += 1
                self.named[mark] = stored.dataset.identifier
        for mark, count in seen.items():
            if count > 1:
                del self.named[mark]

    def to_dataset(self, raw: Any) -> Dataset:
        dataset = to_dataset(raw, self.portal.url)
        mark = fingerprint_of(dataset)
        old = self.named.get(mark) if mark and dataset.identifier not in self.known_ids else None
        if old is None or old in self.seen_ids:
            return dataset
        self.renamed.add(old)
        return replace(dataset, identifier=old, other_identifiers=(*dataset.other_identifiers, dataset.identifier))

    def look_up(self, identifier: str, source_url: str) -> str | None:
        """Return the address at which the Hub's search API serves the dataset ``identifier`` alone.

        ``source_url``: the address from which the dataset was last read. The result is None if it was read from a feed
        and not from the search API, or if the portal has changed its identifier since.
        """
        if "/api/search/v1/" not in source_url or identifier in self.renamed:
            return None
        return f"{self.portal.url}/api/search/v1/collections/dataset/items/{quote(identifier, safe='')}"

    def shows(self, response: Response, identifier: str) -> bool:
        body = self.read_json(response)
        return isinstance(body, dict) and isinstance(body.get("properties"), dict)

    # The search

    def opening(self) -> list[Any]:
        address = f"{self.portal.url}/api/search/v1/catalog"
        return [self.request(address, self.on_catalog, errback=self.on_catalog_failed)]

    async def on_catalog(self, response: Response) -> AsyncIterator[Any]:
        """Read the scope of the Hub site's catalogue, which states the items that belong to it, and start the search.

        A scope that excludes nothing ends the harvest with an error, because the search then covers all of ArcGIS. If
        the scope cannot be read, the search starts, and :meth:`is_global` checks its first page.
        """
        try:
            filters = _scope(self.read_json(response)) if response.status == 200 else None
        except ValueError:
            filters = None
        if filters is not None and not _is_scope(filters):
            yield self.fatal("http", f"{response.url}: {GLOBAL}: its scope is empty", GLOBAL_REMEDY, response.url)
            return
        self.is_scoped = filters is not None
        yield self.ask(self.first_walk())

    async def on_catalog_failed(self, failure: Failure) -> AsyncIterator[Any]:
        """Start the search without a scope: the request for the scope of the Hub site's catalogue failed."""
        yield self.ask(self.first_walk())

    def ask(self, page_cursor: PageCursor) -> Request:
        params = {"limit": page_cursor.asked, "startindex": page_cursor.start + 1, "sortBy": "-properties.modified"}
        window = {"filter": f"modified <= {page_cursor.at['key']}"} if page_cursor.at else {}
        return self.get(
            f"{self.portal.url}/api/search/v1/collections/dataset/items?{urlencode(params | window)}", page_cursor
        )

    def read(self, response: Response, page_cursor: PageCursor) -> ListingPage:
        body = self.read_json(response)
        features = body.get("features") if isinstance(body, dict) else None
        if not isinstance(features, list):
            raise ValueError("the response has no features")
        total, links = body.get("numberMatched"), body.get("links")
        has_next = any(
            isinstance(o, dict) and o.get("rel") == "next" for o in (links if isinstance(links, list) else ())
        )
        if not page_cursor.start and not page_cursor.at and not self.is_scoped and self.is_global(features, total):
            raise PageRefusedError(faults.RequestFault("http", "unknown", GLOBAL, GLOBAL_REMEDY))
        records = [(f"/features/{i}", feature) for i, feature in enumerate(features)]
        return self.windowed(page_cursor, records, total, is_end=not has_next)

    def is_global(self, features: list[Any], total: Any) -> bool:
        """Return whether the search covers all ArcGIS sites and not only this portal, judged by the search's first
        page.

        ``features``: the records of the page. ``total``: the total that the response states. The result is True if the
        total is at least the API's limit, the page holds at least MANY records, and the number of different owners is
        more than half the number of records.
        """
        items = [f["properties"] for f in features if isinstance(f, dict) and isinstance(f.get("properties"), dict)]
        owners = {str(item.get("orgId") or item.get("source") or item.get("owner")) for item in items}
        return isinstance(total, int) and total >= self.window and len(items) >= MANY and len(owners) * 2 > len(items)

    def key_of(self, raw: Any) -> int | None:
        item = raw.get("properties") if isinstance(raw, dict) else None
        modified = item.get("modified") if isinstance(item, dict) else None
        return modified if isinstance(modified, int) else None

    def pointer(self, index: int) -> str:
        return f"/features/{index}"

    # The feeds

    @property
    def feed(self) -> str:
        return self.portal.url + FEEDS[self.place]

    @overload
    def fallback(self, fault: int) -> Request | None: ...
    @overload
    def fallback(
        self, fault: faults.RequestFault, response: Response | None, page_cursor: PageCursor
    ) -> list[Any] | None: ...
    def fallback(self, fault: Any, response: Response | None = None, page_cursor: PageCursor | None = None) -> Any:
        """Return the request for a DCAT-US feed, to be read in place of what failed; None if there is none to try.

        If a feed failed, ``fault`` is the page number and the other parameters are None; the result requests the next
        of FEEDS. If the search failed, ``fault`` is the fault of the request, and ``response`` and ``page_cursor`` are
        the response and the position of the page; the result is a list with one request. A feed replaces the search
        only if the first page of the search gave 404, this harvest has stored no dataset, and no stored dataset was
        read from the search.
        """
        if isinstance(fault, int):
            self.place += 1
            return self.get_feed(1) if self.place < len(FEEDS) else None
        if response is None or response.status != 404 or page_cursor is None or page_cursor.start or self.stats.kept:
            return None
        if self.was_searched:
            # The search existed before and fails tonight: the feed would give every dataset a new identity.
            return None
        self.place, self.bodies, self.tried = 0, set(), [f"{response.url}: {fault.detail}"]
        return [self.get_feed(1)]


def _scope(catalogue: Any) -> list[Any] | None:
    """Return the filters of a site's catalogue; None if it states none."""
    for holder in (catalogue, catalogue.get("catalog") if isinstance(catalogue, dict) else None):
        scopes = holder.get("scopes") if isinstance(holder, dict) else None
        scope = scopes.get("item") if isinstance(scopes, dict) else None
        filters = scope.get("filters") if isinstance(scope, dict) else None
        if isinstance(filters, list):
            return filters
    return None


def _is_scope(filters: list[Any]) -> bool:
    """Return whether the filters exclude anything; an empty predicate includes every item in the world."""
    predicates = [
        one
        for holder in filters
        if isinstance(holder, dict) and isinstance(holder.get("predicates"), list)
        for one in holder["predicates"]
        if isinstance(one, dict)
    ]
    return any(value not in (None, "", [], {}, "*") for one in predicates for value in one.values())
