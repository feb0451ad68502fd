"""Read ArcGIS Online and ArcGIS Enterprise portals through the search of ``sharing/rest``.

API: developers.arcgis.com, "REST APIs", Search. Quirks handled: errors come with status 200. ``nextStart`` is -1 at the
end. Totals and offsets end at 10,000, so windows by ``created`` follow each other. Dates are in milliseconds.
``licenseInfo`` is HTML.

The search of ArcGIS Online covers everyone's items, whatever host it is sent to. So the organisation is read first
(``portals/self``) and put into the query; if Online names none, the portal is refused. An Enterprise portal holds only
its own items. A portal file may state its own query: ``…/sharing/rest/search?q=…``.
"""

from __future__ import annotations

from collections.abc import AsyncIterator
from typing import TYPE_CHECKING, Any
from urllib.parse import parse_qs, quote, urlencode, urlsplit

from catalog.model import Dataset
from harvester.facts.values import text
from harvester.http import faults
from harvester.spiders.arcgis_portal.record import item_dataset
from harvester.spiders.base.listing import PageRefusedError
from harvester.spiders.base.losses import LostRecord
from harvester.spiders.base.paging import ListingPage, PageCursor
from harvester.spiders.base.portal_type_info import PortalTypeInfo
from harvester.spiders.base.windows import WindowedSpider

if TYPE_CHECKING:
    from scrapy import Request
    from scrapy.http import Response
    from twisted.python.failure import Failure

__all__ = ["Spider"]

SERVICES = (
    "Feature Service", "Image Service", "Map Service", "OGCFeatureServer", "Scene Service", "Stream Service",
    "Vector Tile Service", "WCS", "WFS", "WMS", "WMTS",
)  # fmt: skip
FILES = (
    "Apache Parquet", "CAD Drawing", "CSV", "CSV Collection", "Feature Collection", "File Geodatabase", "GeoJson",
    "GeoPackage", "Image", "Image Collection", "KML", "KML Collection", "Microsoft Excel", "Shapefile",
    "SQLite Geodatabase",
)  # fmt: skip
"""Types of items that hold data, as in the reference; maps, apps, pages and tools hold none."""
MAX_MS = 9_999_999_999_999


class Spider(WindowedSpider):
    """Spider for all public items that hold data, of an ArcGIS Enterprise portal or one organisation of ArcGIS
    Online.
    """

    type = "arcgis-portal"
    about = PortalTypeInfo(
        software="ArcGIS Online, ArcGIS Enterprise 10.5 to 11",
        paging="search by offset, in the order of `created`; windows by that date behind 10,000",
        incremental="not offered",
        deletion="absent from a complete full harvest; private ones vanish the same way",
        limits="100 items to a page; the total is cut off at 10,000",
        loses="what a service says of itself",
        rank=60,
    )
    volatile = ("numViews", "numComments", "numRatings", "avgRating", "scoreCompleteness", "lastViewed")
    max_rows = 100

    @property
    def base(self) -> str:
        """Return the address of the portal's REST API, which ends in ``/sharing/rest``."""
        return self.portal.url.split("/sharing")[0].split("?")[0].rstrip("/") + "/sharing/rest"

    @property
    def own_query(self) -> str | None:
        """Return the search query (parameter ``q``) in the portal's address; None if the portal file states none."""
        return text(parse_qs(urlsplit(self.portal.url).query).get("q"))

    def resume(self, cursor: dict[str, Any]) -> None:
        self.organisation: str | None = cursor.get("organisation")

    def position(self, page_cursor: PageCursor) -> dict[str, Any]:
        return {**super().position(page_cursor), "organisation": self.organisation}

    # One item

    def look_up(self, identifier: str, source_url: str) -> str | None:
        return f"{self.base}/content/items/{quote(identifier, safe='')}?f=json"

    def says_unknown(self, response: Response) -> bool:
        """Return whether the body of ``response`` says that the item does not exist.

        It does if it holds an error with the code 404 or 410, or with the code 400 and either the message code
        CONT_0001 or "does not exist" in the message.
        """
        body = self.read_json(response)
        error = body.get("error") if isinstance(body, dict) else None
        if not isinstance(error, dict):
            return False
        is_named = error.get("messageCode") == "CONT_0001" or "does not exist" in str(error.get("message")).lower()
        return error.get("code") in (404, 410) or (error.get("code") == 400 and is_named)

    def shows(self, response: Response, identifier: str) -> bool:
        body = self.read_json(response)
        return isinstance(body, dict) and text(body.get("id")) == identifier

    # The organisation

    def opening(self) -> list[Any]:
        if self.own_query:
            return super().opening()
        address = f"{self.base}/portals/self?f=json"
        return [self.request(address, self.on_self, errback=self.on_self_failed)]

    async def on_self(self, response: Response) -> AsyncIterator[Any]:
        """Start the search with the portal's description of itself in ``response``, as :meth:`begin_search` describes.

        A response other than 200, or without a JSON object, counts as an empty description.
        """
        try:
            body = self.read_json(response) if response.status == 200 else None
        except ValueError:
            body = None
        for step in self.begin_search(body if isinstance(body, dict) else {}, response.url):
            yield step

    async def on_self_failed(self, failure: Failure) -> AsyncIterator[Any]:
        """Start the search with an empty description of the portal, because the request for the description failed."""
        for step in self.begin_search({}, failure.request.url):  # type: ignore[attr-defined]
            yield step

    def begin_search(self, about: dict[str, Any], url: str) -> list[Any]:
        """Return a list with the first request of the search, or with an error that ends the harvest.

        ``about``: the portal's description of itself, whose "id" is that of the organisation; it may be empty. ``url``:
        the address of the description, for the error message. On ArcGIS Online the search is limited to the
        organisation. If ArcGIS Online states none, the result is the error.
        """
        self.organisation = text(about.get("id"))
        host = urlsplit(self.portal.url).hostname or ""
        is_online = host.endswith(".arcgis.com") or about.get("isPortal") is False
        if is_online and self.organisation is None:
            message = f"{url}: ArcGIS Online does not say which organisation this is; its search finds everyone's items"
            remedy = "give the address of the organisation: https://<name>.maps.arcgis.com"
            return [self.fatal("http", message, remedy, url)]
        if not is_online:
            self.organisation = None
        return [self.ask(self.first_walk())]

    # The search

    def ask(self, page_cursor: PageCursor) -> Request:
        wanted = " OR ".join(f'type:"{kind}"' for kind in (*SERVICES, *FILES))
        query = self.own_query or f"({wanted})"
        if self.organisation:
            query = f"orgid:{self.organisation} AND {query}"
        if page_cursor.at:
            query = f"({query}) AND created:[{page_cursor.at['key']:019} TO {MAX_MS:019}]"
        params = {
            "q": query, "f": "json", "num": page_cursor.asked, "start": page_cursor.start + 1, "sortField": "created",
            "sortOrder": "asc",
        }  # fmt: skip
        return self.get(f"{self.base}/search?{urlencode(params)}", page_cursor)

    def read(self, response: Response, page_cursor: PageCursor) -> ListingPage:
        body = self.read_json(response)
        if not isinstance(body, dict):
            raise ValueError("the response is not an object")
        if error := body.get("error"):
            code, said = (error.get("code"), error.get("message")) if isinstance(error, dict) else (None, error)
            kind = "auth" if code in (401, 403, 498, 499) else "server"
            raise PageRefusedError(
                faults.RequestFault(
                    kind, "unknown", f"the portal says error {code}: {said}", "ask the portal what is wrong"
                ),
                error,
            )
        results = body.get("results")
        if not isinstance(results, list):
            raise ValueError("the response has no results")
        records = [(f"/results/{i}", item) for i, item in enumerate(results)]
        return self.windowed(page_cursor, records, body.get("total"), is_end=body.get("nextStart") == -1)

    def key_of(self, raw: Any) -> int | None:
        created = raw.get("created") if isinstance(raw, dict) else None
        return created if isinstance(created, int) and 0 <= created <= MAX_MS else None

    def pointer(self, index: int) -> str:
        return f"/results/{index}"

    def non_dataset_id(self, raw: Any) -> str | None:
        """Return the id of the item ``raw`` if it is of a type that holds no data, such as a map or app, else None.

        The result is also None if ``raw`` is no object or states no type. Only a search query that the portal file
        states can find such items.
        """
        kind = raw.get("type") if isinstance(raw, dict) else None
        is_other = isinstance(kind, str) and kind not in SERVICES and kind not in FILES
        return str(raw.get("id")) if is_other else None

    def to_dataset(self, raw: Any) -> Dataset:
        if not isinstance(raw, dict):
            raise LostRecord("the item is not an object", "ask the portal to fix the record", value=raw)
        identifier = text(raw.get("id"))
        if identifier is None:
            raise LostRecord("the item has no id", "ask the portal to fix the record", "/id")
        # The reference documents this address for an item's file.
        file_url = f"{self.base}/content/items/{quote(identifier)}/data" if raw.get("type") in FILES else None
        landing = f"{self.base.removesuffix('/sharing/rest')}/home/item.html?id={quote(identifier)}"
        return item_dataset(raw, identifier=identifier, landing_page=landing, file_url=file_url)
