"""Read OGC API - Records: pycsw 3, pygeoapi, GeoNetwork 4, ldproxy and others.

Standard: OGC 20-004. Quirks handled:

- A portal file may name the landing page, a collection, or its items.
- Of the collections, only those that say so hold records.
- Servers shorten pages (pycsw to 10 by default).
- The next link may lead to an internal host or to http, so only its query is used.
- GeoNetwork returns nothing beyond 15,000 records, and returns index documents in place of features.
"""

from __future__ import annotations

import hashlib
from collections.abc import AsyncIterator
from dataclasses import replace
from typing import TYPE_CHECKING, Any
from urllib.parse import parse_qsl, quote, unquote, urlencode, urljoin, urlsplit

from catalog.model import Dataset
from catalog.model.canonical import json_text
from harvester.facts.values import first, text
from harvester.http import faults
from harvester.spiders.base.listing import ListingSpider, PageRefusedError
from harvester.spiders.base.next_links import is_page, media_type_of, next_link
from harvester.spiders.base.paging import ListingPage, PageCursor
from harvester.spiders.base.portal_type_info import PortalTypeInfo
from harvester.spiders.ogc_records.record import kind_of, to_dataset

if TYPE_CHECKING:
    from scrapy import Request
    from scrapy.http import Response

__all__ = ["Spider"]

NO_DATASETS = (
    "service", "application", "software", "map", "staticmap", "interactivemap", "document", "featurecatalog", "process",
    "dashboard", "story",
)  # fmt: skip
"""Kinds of records that are no datasets."""
OFFSETS = ("offset", "startindex", "startIndex")
"""Parameters by which servers accept an offset; the standard defines none."""
MANY = 10
"""Pages with this number of records, or a multiple, may have been shortened."""
MAX_COLLECTIONS = 1_000
WINDOW = 10_000
"""Beyond this many records, a refusal is a limit of the index (10,000 to 15,000), not a fault of one page."""


class Spider(ListingSpider):
    """Spider for all records in the record collections of an OGC API - Records, or in the one that the portal file
    names.
    """

    type = "ogc-records"
    about = PortalTypeInfo(
        software="OGC API - Records: pycsw 3, pygeoapi, GeoNetwork 4, ldproxy",
        paging="collection by collection, by next links",
        incremental="not offered",
        deletion="absent from a complete full harvest",
        limits="GeoNetwork ends at 15,000 records; pages are cut silently",
        loses="what ISO 19115 says beyond the core",
        rank=75,
    )

    volatile = tuple(
        f"{holder}.{name}"
        for holder in ("_source", "properties.gn-elastic-index-record")
        for name in ("popularity", "rating", "userSavedCount", "feedbackCount", "indexingDate")
    ) + ("_score",)

    def resume(self, cursor: dict[str, Any]) -> None:
        self.collections: list[str] = cursor.get("collections", [])
        """Ids of the record collections."""

    def position(self, page_cursor: PageCursor) -> dict[str, Any]:
        return {**super().position(page_cursor), "collections": self.collections}

    # Collections

    @property
    def base(self) -> str:
        """Return the address of the landing page of the portal's OGC API."""
        return self.portal.url.split("?")[0].split("/collections")[0].rstrip("/")

    @property
    def own_collection(self) -> str | None:
        """Return the id of the collection in the portal's address; None if the address names none."""
        _, found, rest = urlsplit(self.portal.url).path.partition("/collections/")
        return unquote(rest.split("/")[0]) or None if found else None

    def opening(self) -> list[Any]:
        if self.own_collection:
            self.collections = [self.own_collection]
            return super().opening()
        self.listed: list[dict[str, Any]] = []
        return [self.request(f"{self.base}/collections?f=json", self.on_collections)]

    async def on_collections(self, response: Response) -> AsyncIterator[Any]:
        """Read the collections in ``response``, choose those that hold records, and request the first page of the
        first.

        If the list has further pages, the next one is requested first. If no collection states that it holds records,
        those that do not state what they hold are chosen. If there are none either, or the response is an error or no
        list of collections, an error ends the harvest. At most MAX_COLLECTIONS are read; an error reports the others.
        """
        fault, value = faults.of_response(response), response.body[:300].decode("utf-8", "replace")
        try:
            body = self.read_json(response)
        except ValueError as error:
            remedy = f"check that {self.portal.url} is the address of an OGC API"
            yield self.request_failed(
                fault or faults.RequestFault("parse", "unknown", str(error), remedy), response.url, value
            )
            return
        listed = body.get("collections") if isinstance(body, dict) else None
        if fault or not isinstance(listed, list):
            no_list = faults.RequestFault("parse", "unknown", _said(body, "collections"), "check that it is an OGC API")
            yield self.request_failed(fault or no_list, response.url, value)
            return
        self.listed += [one for one in listed if isinstance(one, dict) and text(one.get("id"))]
        if following := next_link(body.get("links"), media_type_of(response)):
            query = _as_json(urlsplit(urljoin(response.url, following["href"])).query)
            yield self.request(f"{self.base}/collections?{query}", self.on_collections)
            return
        found = self.listed
        records = [one for one in found if _item_type(one) == "record"]
        # Older drafts do not say what a collection holds; one of type "feature" holds no records.
        chosen = records or [one for one in found if _item_type(one) is None]
        if len(chosen) > MAX_COLLECTIONS:
            message = f"{response.url}: {len(chosen):,} collections, of which {MAX_COLLECTIONS} are read"
            yield self.fatal("page", message, "name the collections in portal files of their own", response.url)
        self.collections = [str(text(one["id"])) for one in chosen[:MAX_COLLECTIONS]]
        if not self.collections:
            message = f"{response.url}: none of {len(found)} collections holds records"
            yield self.fatal("parse", message, "name the address of the collection in the portal file", response.url)
            return
        yield self.ask(self.first_walk())

    # Items

    def place(self, page_cursor: PageCursor) -> dict[str, Any]:
        """Return which collection the page at ``page_cursor`` belongs to, and where in that collection it is, as a
        dict.

        The keys are "collection" (its number, from 0), "query" (query string of the link to the page, or None), "start"
        (the offset at which that link was found), "before" (number of records in the collections before, None if
        unknown) and "probe" (see :meth:`probing`). After the first page of a collection, "whole" (number of records up
        to the end of this collection, None if unknown) and the other keys of :meth:`probing` are there too.
        """
        return page_cursor.at or {"collection": 0, "query": None, "start": 0, "before": 0, "probe": None}

    @property
    def is_many(self) -> bool:
        """Return whether records of several collections are read."""
        return len(self.collections) > 1

    def items(self, page_cursor: PageCursor) -> str:
        """Return the address of the items of the collection to which the page of ``page_cursor`` belongs."""
        return f"{self.base}/collections/{quote(self.collections[self.place(page_cursor)['collection']])}/items"

    def ask(self, page_cursor: PageCursor) -> Request:
        at = self.place(page_cursor)
        params = dict(parse_qsl(at["query"] or "f=json", keep_blank_values=True))
        # Records skipped since the link was given move the offset in it.
        skipped = page_cursor.start - at["start"]
        if skipped:
            name = next((one for one in OFFSETS if one in params), OFFSETS[0])
            begun = params.get(name, "0")
            params[name] = str((int(begun) if begun.isdigit() else 0) + skipped)
        return self.get(f"{self.items(page_cursor)}?{urlencode(params | {'limit': page_cursor.asked})}", page_cursor)

    def read(self, response: Response, page_cursor: PageCursor) -> ListingPage:
        body = _as_features(self.read_json(response), page_cursor.start)
        features = body.get("features") if isinstance(body, dict) else None
        if not isinstance(features, list):
            raise ValueError(_said(body, "features"))
        matched = body.get("numberMatched")
        # An empty page with a next link would never end.
        query = self.next_query(body.get("links"), response)
        if not features and query is not None:
            if not isinstance(matched, int):
                words = "an empty page says that there is more"
                raise PageRefusedError(
                    faults.RequestFault("http", "unknown", words, "ask the portal to fix its next links")
                )
            query = None
        at = {"query": query, "matched": matched if isinstance(matched, int) else None}
        at |= self.probing(features, page_cursor, at)
        name = self.collections[self.place(page_cursor)["collection"]]
        records = [
            (f"/features/{i}", {**one, "@collection": name} if isinstance(one, dict) else one)
            for i, one in enumerate(features)
        ]
        return ListingPage(records=records, at=at)

    def probing(self, features: list[Any], page_cursor: PageCursor, at: dict[str, Any]) -> dict[str, Any]:
        """Decide whether to request another page by offset, although this page has no link to a next one.

        ``features``: the records of the page. ``page_cursor``: its position. ``at``: its next query and the total it
        states. The result is a dict with three keys. "probe" is the number of the parameter in OFFSETS to try, or None
        if there is a link or no further page is expected. "mark" is a hash of the first record, by which the same page
        is recognised when it comes again. "is_cut" says whether the page has as many records as requested. Raise
        PageRefusedError if the server ignores the parameter and sends the same page again.
        """
        mark = hashlib.sha256(json_text(features[:1]).encode("utf-8", "surrogatepass")).hexdigest()[:16]
        before, count = self.place(page_cursor), len(features)
        if features and before.get("probe") is not None and before["mark"] == mark:
            words = f"the same page comes whatever {OFFSETS[before['probe']]} says"
            raise PageRefusedError(faults.RequestFault("unheeded", "unknown", words, "ask the portal for next links"))
        # Servers silently shorten pages to a round number.
        is_full = count == page_cursor.asked or (MANY <= count < page_cursor.asked and count % MANY == 0)
        is_agreed = at["matched"] is not None and page_cursor.start + count >= at["matched"]
        is_probed = at["query"] is None and bool(features) and (is_full or at["matched"] is not None) and not is_agreed
        return {
            "probe": (before.get("probe") or 0) if is_probed else None,
            "mark": mark,
            "is_cut": count == page_cursor.asked,
        }

    def is_last(self, page_cursor: PageCursor, listing_page: ListingPage) -> bool:
        if listing_page.at["probe"] is not None:
            return False
        # The last page of a collection is not remembered, because collections may be added overnight.
        return listing_page.at["query"] is None and self.place(page_cursor)["collection"] + 1 == len(self.collections)

    def next_query(self, links: Any, response: Response) -> str | None:
        """Return the query string of the link to the next page among ``links``, which came in ``response``, or None.

        Raise PageRefusedError if the link does not lead to a page of items.
        """
        link = next_link(links, media_type_of(response))
        if link is None:
            return None
        parts = urlsplit(urljoin(response.url, str(link["href"])))
        # The HTML version of a page may have another path.
        if parts.query and (parts.path.rstrip("/").endswith("/items") or is_page(link)):
            return _as_json(parts.query) if is_page(link) else parts.query
        words = f"the next link leads to no page of items: {link['href']}"
        raise PageRefusedError(faults.RequestFault("http", "unknown", words, "ask the portal to fix its next links"))

    def next_cursor(self, page_cursor: PageCursor, listing_page: ListingPage) -> PageCursor:
        at, matched, query = self.place(page_cursor), listing_page.at["matched"], listing_page.at["query"]
        whole = None if at["before"] is None or matched is None else at["before"] + matched
        is_last = at["collection"] + 1 == len(self.collections)
        if is_last:
            self.stats.advertise(whole)
        start = page_cursor.start + listing_page.count
        probe = {name: listing_page.at[name] for name in ("probe", "mark", "is_cut")}
        if probe["probe"] is not None:
            query = f"f=json&{OFFSETS[probe['probe']]}={start}"
        elif query is None and not is_last:
            return self.next_collection(page_cursor, whole)
        return page_cursor.forward(listing_page.count, {**at, **probe, "query": query, "start": start, "whole": whole})

    def next_collection(self, page_cursor: PageCursor, whole: int | None) -> PageCursor:
        """Return the cursor of the first page of the next collection.

        ``page_cursor``: the position of the last page. ``whole``: the number of records in all collections so far; None
        if it is unknown.
        """
        number = self.place(page_cursor)["collection"] + 1
        return page_cursor.from_key({"collection": number, "query": None, "start": 0, "before": whole, "probe": None})

    def behind_probe(self, fault: faults.RequestFault, response: Response, page_cursor: PageCursor) -> list[Any] | None:
        """Return what to do if a page that was requested by offset without a next link (a probe) fails, as a list of
        one step, or None.

        ``fault``: why the page failed. ``response``: the response. ``page_cursor``: the position of the page.

        The first rule that applies decides:

        - The result is None if the failure does not come from the offset: the fault is not "unheeded" (the server
          ignored the offset), and the status is not 400, 404, 410 or 422.
        - If the page was not missing (404, 410) and a parameter of OFFSETS is left, the same page is requested with it.
        - If the page was not missing and the page before had as many records as requested, an error ends the harvest.
        - If there is a next collection, its first page is requested.

        Otherwise the harvest ends, and the result is that of :meth:`at_end`.
        """
        at = self.place(page_cursor)
        is_nothing = response.status in (404, 410)
        if not is_nothing and fault.kind != "unheeded" and response.status not in (400, 422):
            return None
        if not is_nothing and at["probe"] + 1 < len(OFFSETS):
            number = at["probe"] + 1
            query = f"f=json&{OFFSETS[number]}={page_cursor.start}"
            return [self.ask(replace(page_cursor, at={**at, "probe": number, "query": query}))]
        if not is_nothing and at["is_cut"]:
            message = f"{response.url}: a full page came without a next link; whether there is more cannot be asked"
            return [self.fatal("page", message, "ask the portal for next links or numberMatched", response.url)]
        if at["collection"] + 1 < len(self.collections):
            return [self.ask(self.next_collection(page_cursor, at["whole"]))]
        return self.at_end(page_cursor, "nothing lies behind the last page")

    def pointer(self, index: int) -> str:
        return f"/features/{index}"

    def fallback(
        self, fault: faults.RequestFault, response: Response | None, page_cursor: PageCursor
    ) -> list[Any] | None:
        """Return what to do about a failed page if a smaller page would not help; None in all other cases.

        A smaller page does not help beyond the limit of the portal's index, if next links form a loop, and for a page
        requested by offset without a next link. ``fault``: why the page failed. ``response``: the response, or None.
        ``page_cursor``: the position of the page.
        """
        if response is None and fault.kind == "parse":
            return [self.request_failed(fault, self.items(page_cursor))]
        if response is not None and self.place(page_cursor).get("probe") is not None:
            return self.behind_probe(fault, response, page_cursor)
        if response is None or page_cursor.start < WINDOW - page_cursor.rows or response.status not in (400, 500):
            return None
        message = f"{response.url}: the portal answers nothing behind {page_cursor.start:,} records ({fault.detail})"
        value = response.body[:300].decode("utf-8", "replace")
        return [self.fatal("http", message, "ask the portal to raise the limit of its index", response.url, value)]

    def look_up(self, identifier: str, source_url: str) -> str | None:
        collection, name = self.own_collection, identifier
        if collection is None:
            collection, _, name = identifier.partition("/")
        return f"{self.base}/collections/{quote(collection)}/items/{quote(name, safe='')}?f=json" if name else None

    def non_dataset_id(self, raw: Any) -> str | None:
        """Return the id of ``raw`` if it describes something else than a dataset, such as a service or document, else
        None.

        Such records are counted, because the total that the portal states includes them. A record without an id gives
        None.
        """
        return first(raw.get("id"), raw.get("_id")) if kind_of(raw) in NO_DATASETS else None

    def to_dataset(self, raw: Any) -> Dataset:
        # An id is unique only within its collection (OGC 20-004, 7.1).
        return to_dataset(raw, is_qualified=self.own_collection is None, language=self.portal.language)


def _as_json(query: str) -> str:
    """Return the query of an HTML page, changed to request JSON."""
    pairs = [(name, value) for name, value in parse_qsl(query, keep_blank_values=True) if name != "f"]
    return urlencode([("f", "json"), *pairs])


def _item_type(collection: dict[str, Any]) -> str | None:
    found = text(collection.get("itemType"))
    return found.lower().removesuffix("s") if found else None


def _as_features(body: Any, start: int) -> Any:
    """Return a response of GeoNetwork's index as a page of features; any other response unchanged.

    The index states a total but no links, so the next page is requested by ``startindex``.
    """
    held = body.get("hits") if isinstance(body, dict) else None
    hits = held.get("hits") if isinstance(held, dict) else None
    if not isinstance(held, dict) or not isinstance(hits, list):
        return body
    total = held.get("total")
    total = total.get("value") if isinstance(total, dict) else total
    beyond = start + len(hits)
    is_more = bool(hits) and (not isinstance(total, int) or beyond < total)
    links = (
        [{"rel": "next", "type": "application/json", "href": f"items?f=json&startindex={beyond}"}] if is_more else []
    )
    return {"features": hits, "numberMatched": total, "links": links}


def _said(body: Any, wanted: str) -> str:
    """Return a message that a response is not what was ``wanted``, with the reason it gives."""
    reasons = (body.get(key) for key in ("description", "detail", "title")) if isinstance(body, dict) else ()
    why = first(*reasons)
    return f"the response has no {wanted}" + (f": {why}" if why else "")
