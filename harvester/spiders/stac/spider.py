"""Read STAC: an API's ``/collections``, or the Collections of a static catalogue.

Specification: STAC 1.0 and 1.1, STAC API. A dataset is a Collection; Items are never read. Quirks handled:

- A next link by POST cannot be followed here; it is a fault, not the end.
- Links may name an internal host, so an API is requested at its own base.
- Static catalogues nest, and link to themselves and to catalogues of others.
- An API may list its children (``rel=children``) in full instead of its collections.
"""

from __future__ import annotations

from collections.abc import AsyncIterator
from typing import TYPE_CHECKING, Any
from urllib.parse import quote, urljoin, urlsplit

from catalog.model import Dataset, HarvestError, HarvestPage
from harvester.http import faults
from harvester.spiders.base.listing import ListingSpider, PageRefusedError
from harvester.spiders.base.losses import cut
from harvester.spiders.base.next_links import media_type_of, next_link
from harvester.spiders.base.paging import ListingPage, PageCursor
from harvester.spiders.base.portal_type_info import PortalTypeInfo
from harvester.spiders.stac.record import links_of, to_dataset

if TYPE_CHECKING:
    from scrapy import Request
    from scrapy.http import Response
    from twisted.python.failure import Failure

__all__ = ["Spider"]

MAX_DOCUMENTS = 2_000
"""Maximum number of documents read in a static catalogue."""
MAX_MISSES = 20
"""Number of unreadable documents in a row before the harvest ends."""
_JSON = {"Accept": "application/json"}


class Spider(ListingSpider):
    """Spider for all Collections of a STAC API or of a static STAC catalogue; each Collection is a dataset."""

    type = "stac"
    about = PortalTypeInfo(
        software="STAC API 1.0, static STAC 0.9 to 1.1",
        paging="`/collections` by next links; static catalogues document by document",
        incremental="not offered",
        deletion="absent from a complete full harvest",
        limits="next links by POST; 2,000 documents of a static catalogue",
        loses="Items, which are files and not datasets",
        rank=50,
    )
    can_shrink = False
    """Many servers accept no limit for collections."""

    def resume(self, cursor: dict[str, Any]) -> None:
        self.queue: list[str] = cursor.get("queue", [])
        """Documents of a static catalogue that are still to be read."""
        self.met: set[str] = set(cursor.get("met", ()))
        self.elsewhere: set[str] = set(cursor.get("elsewhere", ()))
        """Documents on other hosts, which are not followed."""
        self.misses = 0

    @property
    def base(self) -> str:
        """Return the address of the STAC API's landing page, or of the static catalogue's root document."""
        return self.portal.url.split("?")[0].rstrip("/").removesuffix("/collections")

    def opening(self) -> list[Any]:
        if self.portal.url.split("?")[0].endswith("/collections"):
            return super().opening()
        return [self.request(self.portal.url, self.on_root, headers=_JSON)]

    def continued(self, cursor: dict[str, Any]) -> list[Any]:
        return self.read_next() if "queue" in cursor else super().continued(cursor)

    async def on_root(self, response: Response) -> AsyncIterator[Any]:
        """Decide from the root document in ``response`` whether the portal is a STAC API or a static catalogue, and
        read it accordingly.

        It is an API if it links to a list of collections. A document that cannot be read ends the harvest.
        """
        fault, root = self.document_of(response)
        if fault is not None:
            yield self.request_failed(fault, response.url, response.body[:300].decode("utf-8", "replace"))
        elif links_of(root, "data") or any(_is_list(one) for one in links_of(root, "children")):
            # Before 1.0 the list of collections was called "children".
            yield self.ask(self.first_walk())
        else:
            self.met.add(response.url)
            for step in self.kept_document(root, response, is_root=True):
                yield step

    def look_up(self, identifier: str, source_url: str) -> str | None:
        is_listed = "/collections" in source_url and not source_url.endswith(".json")
        return f"{self.base}/collections/{quote(identifier, safe='')}" if is_listed else source_url or None

    # An API

    def ask(self, page_cursor: PageCursor) -> Request:
        query = f"?{page_cursor.at}" if page_cursor.at else ""
        return self.get(f"{self.base}/collections{query}", page_cursor, headers=_JSON)

    def read(self, response: Response, page_cursor: PageCursor) -> ListingPage:
        body = self.read_json(response)
        collections = body.get("collections") if isinstance(body, dict) else None
        if not isinstance(collections, list):
            raise ValueError("the response has no collections")
        # An empty page with a next link would never end.
        at = self.next_query(body, response) if collections else None
        total = body.get("numberMatched")
        records = [(f"/collections/{i}", one) for i, one in enumerate(collections)]
        return ListingPage(records=records, total=total if isinstance(total, int) else None, at=at, is_end=at is None)

    def next_query(self, body: Any, response: Response) -> str | None:
        """Return the query string of the link to the next page of collections; None if there is no such link.

        ``body``: the parsed body of ``response``. Raise PageRefusedError if the link needs POST, its path does not
        end with "/collections", or it has no query. The host of the link is not looked at.
        """
        link = next_link(body.get("links") if isinstance(body, dict) else None, media_type_of(response))
        if link is None:
            return None
        parts = urlsplit(urljoin(response.url, str(link["href"])))
        if str(link.get("method", "GET")).upper() != "GET" or "body" in link:
            words = f"the next page must be asked for by POST: {link['href']}"
        elif not parts.path.rstrip("/").endswith("/collections") or not parts.query:
            words = f"the next link leads to no page of collections: {link['href']}"
        else:
            return parts.query
        raise PageRefusedError(faults.RequestFault("http", "unknown", words, "ask the portal for next links by GET"))

    def pointer(self, index: int) -> str:
        return f"/collections/{index}"

    # A static catalogue

    def read_next(self) -> list[Any]:
        """Return the request for the next document of a static STAC catalogue.

        After the last document the list is empty and the harvest complete. After 2,000 documents it holds an error
        instead.
        """
        if not self.queue:
            self.stats.end("all documents of the catalogue are read")
            return []
        if len(self.met) - len(self.queue) >= MAX_DOCUMENTS:
            message = f"the catalogue has more than {MAX_DOCUMENTS:,} documents; {len(self.queue):,} were not read"
            return [self.fatal("too_large", message, "ask the portal for a STAC API", self.queue[0])]
        return [
            self.request(
                self.queue[0], self.on_document, errback=self.on_document_failed, is_conditional=True, headers=_JSON
            )
        ]

    async def on_document(self, response: Response) -> AsyncIterator[Any]:
        """Read ``response``, a document of a static STAC catalogue, and request the next one.

        If the response says that nothing changed, the records of the last harvest are used. If it holds no STAC
        document, see :meth:`missed`.
        """
        if known := self.remembered(response):
            self.queue_children(known.state["children"])
            yield self.unchanged(known, cursor=self.static_cursor())
            for step in self.read_next():
                yield step
            return
        fault, document = self.document_of(response)
        for step in self.missed(fault, response.url) if fault else self.kept_document(document, response):
            yield step

    async def on_document_failed(self, failure: Failure) -> AsyncIterator[Any]:
        """Handle a failed request for a document of a static STAC catalogue as :meth:`missed` describes."""
        for step in self.missed(self.fault_of(failure), failure.request.url):  # type: ignore[attr-defined]
            yield step

    def document_of(self, response: Response) -> tuple[faults.RequestFault | None, Any]:
        """Return the fault of ``response`` and its parsed JSON (None if it cannot be parsed), as a pair.

        The fault is None if the response is successful and its JSON is an object with a list of links.
        """
        fault = faults.of_response(response)
        try:
            document = self.read_json(response)
        except ValueError as error:
            return fault or faults.RequestFault(
                "parse", "unknown", str(error), "check that it is a STAC catalogue"
            ), None
        if fault is None and not (isinstance(document, dict) and isinstance(document.get("links"), list)):
            fault = faults.RequestFault(
                "parse", "unknown", "the document has no links", "check that it is a STAC catalogue"
            )
        return fault, document

    def kept_document(self, document: Any, response: Response, *, is_root: bool = False) -> list[Any]:
        """Read a document of a static STAC catalogue; return a page with its Collections and the request for the next
        document.

        ``document``: the parsed body of ``response``. ``is_root``: whether it is the catalogue's root document. Links
        without a valid address are reported as lost records.
        """
        self.misses = 0
        # Before 1.0 a document did not state its type; a Collection has an extent.
        is_collection = document.get("type") == "Collection" or ("type" not in document and "extent" in document)
        inner = document.get("children")
        members = [one for one in inner if isinstance(one, dict)] if isinstance(inner, list) else []
        # A list of all children replaces the links to each of them.
        links = links_of(document, "children") or links_of(document, "child")
        links += [link for one in members if one.get("type") == "Catalog" for link in links_of(one, "self")[:1]]
        links += links_of(document, "next") if members else []
        children, unaskable = _joined(response.url, [str(one["href"]) for one in links])
        if unaskable:
            # Each of them may be a Collection.
            self.stats.lost += len(unaskable)
            self.stats.seen += len(unaskable)
            remedy = "correct the link"
            errors = [
                HarvestError(kind="invalid_url", message=f"{response.url}: a child without an address", remedy=remedy,
                             url=response.url, value=cut(one))
                for one in unaskable
            ]  # fmt: skip
            return [
                HarvestPage(errors=self.written(errors)),
                *self.followed(document, children, is_collection, response, is_root),
            ]
        return self.followed(document, children, is_collection, response, is_root)

    def followed(
        self, document: Any, children: list[str], is_collection: bool, response: Response, is_root: bool
    ) -> list[Any]:
        """Return the page with the Collections in a document of a static STAC catalogue, and the request for the next
        document.

        ``document``: the parsed body of ``response``. ``children``: the addresses of its child documents, which are
        queued. ``is_collection``: whether the document itself is a Collection. ``is_root``: whether it is the
        catalogue's root document. A root that is no Collection and has no children gives an error that ends the
        harvest.
        """
        if is_root and not is_collection and not children:
            message = f"{response.url}: the catalogue has neither collections nor children"
            return [self.fatal("parse", message, "check that it is a STAC catalogue or API", response.url)]
        self.queue_children(children, is_root=is_root)
        records = [("", document)] if is_collection else []
        inner = document.get("children")
        for place, one in enumerate(inner if isinstance(inner, list) else ()):
            # Catalogs among them are read for the Collections inside.
            records += (
                [(f"/children/{place}", one)] if not isinstance(one, dict) or one.get("type") != "Catalog" else []
            )
        state = None if is_root else {"children": children}
        return [self.page(response, records, cursor=self.static_cursor(), state=state), *self.read_next()]

    def queue_children(self, children: list[str], *, is_root: bool = False) -> None:
        """Add ``children``, addresses of documents in a static STAC catalogue, to the queue of documents to read.

        The first document in the queue, which named them, is removed; the root (``is_root``) never was in it. Addresses
        on other hosts are only counted. Those already queued or read are skipped, and so are those beyond the limit
        MAX_DOCUMENTS; one more is queued to show that the limit was exceeded.
        """
        own = urlsplit(self.portal.url).hostname
        foreign = {url for url in children if urlsplit(url).hostname != own}
        for url in sorted(foreign - self.elsewhere):
            self.stats.leave_out(str(urlsplit(url).hostname))
        self.elsewhere |= foreign
        new = [url for url in dict.fromkeys(children) if url not in foreign and url not in self.met]
        # Queue one document more than is read; it shows at the end that the limit was exceeded.
        new = new[: max(0, MAX_DOCUMENTS + 1 - len(self.met))]
        self.met.update(new)
        self.queue = (self.queue if is_root else self.queue[1:]) + new

    def static_cursor(self) -> dict[str, Any]:
        """Return the JSON object with which an interrupted reading of a static STAC catalogue continues."""
        return {"queue": self.queue, "met": sorted(self.met), "elsewhere": sorted(self.elsewhere)}

    def missed(self, fault: faults.RequestFault, url: str) -> list[Any]:
        """Count an unreadable document of a static catalogue as a lost record; return the error report and the next
        request.

        ``fault``: why it cannot be read. ``url``: its address. After MAX_MISSES such documents in a row, an error that
        ends the harvest takes the place of the request.
        """
        self.queue = self.queue[1:]
        self.misses += 1
        self.stats.lost += 1
        self.stats.seen += 1
        error = HarvestError(
            kind=fault.kind, message=f"{url}: {fault.detail}", remedy=fault.remedy, url=url, value=cut(fault.detail)
        )
        page = HarvestPage(errors=self.written([error]), checkpoint=self.checkpoint(self.static_cursor()))
        if self.misses < MAX_MISSES:
            return [page, *self.read_next()]
        message = f"{MAX_MISSES} documents in a row could not be read; {len(self.queue)} more were not tried"
        return [page, self.fatal("page", message, "check the server's log", url)]

    def to_dataset(self, raw: Any) -> Dataset:
        return to_dataset(raw)


def _is_list(link: dict[str, Any]) -> bool:
    return urlsplit(str(link["href"])).path.rstrip("/").endswith("/collections")


def _joined(base: str, links: list[str]) -> tuple[list[str], list[str]]:
    """Return the absolute addresses of links, and the links that are invalid."""
    good, bad = [], []
    for link in links:
        try:
            url = urljoin(base, link)
            parts = urlsplit(url)
            is_good = (
                parts.scheme in ("http", "https") and bool(parts.hostname) and parts.port != 0 and len(url) < 4_000
            )
        except ValueError:
            is_good = False
        if is_good:
            good.append(url)
        else:
            bad.append(link)
    return good, bad
