"""Read DKAN 2 (metastore API v1) and DKAN 1, which offers part of CKAN's API.

API: dkan.readthedocs.io and ``/api/1``; formats read in DKAN's source (``metastore``, ``metastore_search``). DKAN 2
returns all datasets in one response. If that is too long, too slow or closed, its search returns them in pages of at
most 100 records, with an object in place of a list. DKAN 1 has ``current_package_list_with_resources``, a list inside a
list without a total. It also has ``package_list``, and ``package_show``, which returns a list.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any
from urllib.parse import urlencode

from catalog.model import Dataset
from catalog.model.canonical import json_text
from harvester.facts.values import text
from harvester.http import faults
from harvester.spiders.base.listing import ListingSpider, PageRefusedError
from harvester.spiders.base.paging import ListingPage, PageCursor
from harvester.spiders.base.portal_type_info import PortalTypeInfo
from harvester.spiders.ckan.spider import Spider as CkanSpider
from harvester.spiders.dkan.record import is_package, to_dataset

if TYPE_CHECKING:
    from scrapy import Request
    from scrapy.http import Response

__all__ = ["Spider"]

WAYS = ("items", "search", "packages")
"""Interfaces to try in this order; if all fail, names are requested one by one."""
TRY_ANOTHER = ("gone", "http", "auth", "server", "timeout", "too_large", "cut_short")
"""Faults after which another interface may work; a home page in place of an API is not among them."""


class Spider(CkanSpider):
    """Spider for all published datasets of a DKAN 1 or DKAN 2 site."""

    type = "dkan"
    has_facts = True
    about = PortalTypeInfo(
        software="DKAN 2 (metastore API), DKAN 1 (CKAN's action API in part)",
        paging="all datasets in one response; else the search by page number, or DKAN 1's lists by offset or by name",
        incremental="not offered",
        deletion="absent from a complete full harvest",
        limits="`page-size` is cut to 100; DKAN 1 has no total, dates in prose and sizes with units",
        loses="drafts, and resources that a dataset no longer names",
        rank=85,
    )
    alone = "{base}/api/1/metastore/schemas/dataset/items/{id}"
    is_incremental = False
    has_numbers = True

    def resume(self, cursor: dict[str, Any]) -> None:
        super().resume(cursor)
        self.way: int = cursor.get("way", 0)

    def position(self, page_cursor: PageCursor) -> dict[str, Any]:
        return {**super().position(page_cursor), "way": self.way}

    def ask(self, page_cursor: PageCursor) -> Request:
        match WAYS[self.way]:
            case "items":
                url = f"{self.base}/api/1/metastore/schemas/dataset/items?show-reference-ids"
            case "search":
                # Counting facets takes the server longer than the records themselves.
                params = {"page-size": page_cursor.asked, "page": page_cursor.number, "facets": 0}
                url = f"{self.base}/api/1/search?{urlencode(params)}"
            case _:
                url = self.action(
                    "current_package_list_with_resources", limit=page_cursor.asked, offset=page_cursor.start
                )
        return self.get(url, page_cursor)

    def fallback(
        self, fault: faults.RequestFault, response: Response | None, page_cursor: PageCursor
    ) -> list[Any] | None:
        """Return a request, in a list, for the first page of another of DKAN's APIs if the first page of one cannot be
        read.

        ``fault``: why the page failed. ``page_cursor``: its position. ``response`` is not used. The APIs are tried in
        the order of WAYS; if the last one is missing, the list of all names is requested. The result is None if nothing
        is left, if the kind of ``fault`` is not in TRY_ANOTHER, for a later page, and if a dataset was already stored.
        """
        if page_cursor.start or self.stats.kept or fault.kind not in TRY_ANOTHER:
            return None
        if self.way + 1 < len(WAYS):
            self.way += 1
            return [self.ask(PageCursor(rows=min(self.portal.limits.page_rows, 100)))]
        return [self.list_names(0)] if fault.kind == "gone" else None

    def sheet_of(self, response: Response, page_cursor: PageCursor) -> ListingPage:
        if WAYS[self.way] != "packages":
            return ListingSpider.sheet_of(self, response, page_cursor)
        result = self.result_of(response)
        if not isinstance(result, list):
            fault = faults.RequestFault("parse", "unknown", "no list of packages", "check that it is DKAN's API")
            raise PageRefusedError(fault, result)
        packages: list[tuple[str, Any]] = []
        for i, item in enumerate(result):
            if isinstance(item, list):
                packages += [(f"/result/{i}/{j}", package) for j, package in enumerate(item)]
            else:
                packages.append((f"/result/{i}", item))
        return ListingPage(records=packages)

    def read(self, response: Response, page_cursor: PageCursor) -> ListingPage:
        body = self.read_json(response)
        if WAYS[self.way] == "items" and isinstance(body, list):
            return ListingPage(records=[(f"/{i}", record) for i, record in enumerate(body)], is_end=True)
        found = body.get("results") if isinstance(body, dict) else None
        if WAYS[self.way] == "search" and isinstance(found, list | dict):
            # The keys are "dkan_dataset/" followed by the identifier.
            pairs = list(found.items()) if isinstance(found, dict) else list(enumerate(found))
            records = [(f"/results/{str(key).replace('~', '~0').replace('/', '~1')}", record) for key, record in pairs]
            # Pages are numbered: a page with fewer records, because the index has lost some, still counts as a whole
            # page.
            return ListingPage(records=records, total=body.get("total"), received=page_cursor.asked if records else 0)
        said = text(body.get("message")) if isinstance(body, dict) else None
        detail = f"the API reports an error: {said}" if said else "the response has no list of datasets"
        raise PageRefusedError(faults.RequestFault("parse", "unknown", detail, "check that it is DKAN's API"), body)

    def pointer(self, index: int) -> str:
        return f"/results/{index}"

    def non_dataset_id(self, raw: Any) -> str | None:
        """Return the id of ``raw`` if it is a package of DKAN 1 whose type is not "dataset", such as a page, else None.

        A package that states no type counts as a dataset. Of a page without an id, the whole text is returned, so that
        each counts.
        """
        kind = text(raw.get("type")) if is_package(raw) else None
        return text(raw.get("id")) or json_text(raw) if kind is not None and kind.lower() != "dataset" else None

    def to_dataset(self, raw: Any) -> Dataset:
        return to_dataset(raw, self.base, self.languages)
