"""Read Magda through its registry, or through its search if the registry is closed.

API: magda.io, "Registry API" and "Search API"; formats read in the schemas of the aspects (magda-registry-aspects). A
record of the registry is an id with aspects. ``dcat-dataset-strings`` makes it a dataset. Its distributions are
separate records, requested in the same response (``dereference``). Pages are found by tokens. Old versions cannot
count, and return records of other kinds when asked for some aspects; those are passed over. The search runs on an
index: it is read by offset, and may end at the index's limit.
"""

from __future__ import annotations

from collections.abc import AsyncIterator
from typing import TYPE_CHECKING, Any
from urllib.parse import quote, urlencode

from catalog.model import Dataset
from harvester.facts.values import first
from harvester.http import faults
from harvester.spiders.base.listing import ListingSpider, PageRefusedError
from harvester.spiders.base.paging import ListingPage, PageCursor
from harvester.spiders.base.portal_type_info import PortalTypeInfo
from harvester.spiders.magda.record import ASPECTS, is_dataset, to_dataset

if TYPE_CHECKING:
    from scrapy import Request
    from scrapy.http import Response
    from twisted.python.failure import Failure

__all__ = ["Spider"]

REGISTRY, SEARCH = "/api/v0/registry/records", "/api/v0/search/datasets"
OF_DATASETS = "dcat-dataset-strings"
"""The aspect that makes a record a dataset."""


class Spider(ListingSpider):
    """Spider for all public datasets of a Magda site, through its registry or, if that is closed, its search."""

    type = "magda"
    about = PortalTypeInfo(
        software="Magda: the registry, or the search where the registry is closed",
        paging="by token, with distributions in the same response; the search by offset",
        incremental="not offered",
        deletion="absent from a complete full harvest",
        limits="100 records to a page; the search may end at the window of its index",
        loses="what the connectors left behind at the portals that the site collects from",
        rank=75,
    )
    volatile = (
        "sourceTag",
        "score",
        "indexed",
        "quality",
        "aspects.source-link-status",
        "aspects.dataset-quality-rating",
    )
    max_rows = 100

    def resume(self, cursor: dict[str, Any]) -> None:
        self.is_search: bool = cursor.get("is_search", False)

    def position(self, page_cursor: PageCursor) -> dict[str, Any]:
        return {**super().position(page_cursor), "is_search": self.is_search}

    def look_up(self, identifier: str, source_url: str) -> str | None:
        # With a closed registry, single datasets cannot be requested.
        return None if self.is_search else f"{self.base}{REGISTRY}/{quote(identifier, safe='')}"

    def shows(self, response: Response, identifier: str) -> bool:
        body = self.read_json(response)
        return isinstance(body, dict) and "id" in body

    # The count

    def opening(self) -> list[Any]:
        url = f"{self.base}{REGISTRY}/count?{urlencode({'aspect': OF_DATASETS})}"
        return [self.request(url, self.on_count, errback=self.on_count_failed)]

    async def on_count(self, response: Response) -> AsyncIterator[Any]:
        """Store the number of datasets that Magda's registry states as the portal's total, and request the first page.

        If the response states no number, the page is requested without a total.
        """
        try:
            body = self.read_json(response) if response.status == 200 else None
        except ValueError:
            body = None
        count = body.get("count") if isinstance(body, dict) else None
        if isinstance(count, int) and not isinstance(count, bool):
            self.stats.advertise(count)
        yield self.ask(self.first_walk())

    async def on_count_failed(self, failure: Failure) -> AsyncIterator[Any]:
        """Request the first page without a total, because the registry did not say how many datasets it has."""
        self.fault_of(failure)
        yield self.ask(self.first_walk())

    # Pages

    def ask(self, page_cursor: PageCursor) -> Request:
        if self.is_search:
            asked = {"query": "*", "start": page_cursor.start, "limit": page_cursor.asked}
            return self.get(f"{self.base}{SEARCH}?{urlencode(asked)}", page_cursor)
        params: list[tuple[str, Any]] = [("aspect", OF_DATASETS)]
        params += [("optionalAspect", one) for one in ASPECTS if one != OF_DATASETS]
        params += [("dereference", "true"), ("limit", page_cursor.asked)]
        params += [("pageToken", page_cursor.at)] if page_cursor.at is not None else []
        return self.get(f"{self.base}{REGISTRY}?{urlencode(params)}", page_cursor)

    def fallback(
        self, fault: faults.RequestFault, response: Response | None, page_cursor: PageCursor
    ) -> list[Any] | None:
        """Switch from Magda's registry to its search, and return the first request, if the first page of the registry
        fails.

        The result is None for later pages, if a dataset was already stored, without a response or with one of status
        200, and if the search is already in use. ``fault``: why the page failed, for a note. ``response``: the
        response, or None. ``page_cursor``: the position of the page.
        """
        if response is None or response.status == 200 or self.is_search:
            return None
        if page_cursor.start or page_cursor.at is not None or self.stats.kept:
            return None
        self.is_search = True
        self.stats.notes.append(f"the registry cannot be read, the search was: {fault.detail}")
        return [self.ask(self.first_walk())]

    def read(self, response: Response, page_cursor: PageCursor) -> ListingPage:
        body = self.read_json(response)
        key = "dataSets" if self.is_search else "records"
        found = body.get(key) if isinstance(body, dict) else None
        if not isinstance(found, list):
            said = first(body.get("message"), body.get("errorMessage")) if isinstance(body, dict) else None
            detail = f"the API reports an error: {said}" if said else f"the response has no list of {key}"
            raise PageRefusedError(
                faults.RequestFault("parse", "unknown", detail, "check that it is a Magda site"), body
            )
        records = [(f"/{key}/{i}", one) for i, one in enumerate(found)]
        if self.is_search:
            total = body.get("hitCount")
            return ListingPage(records=records, total=total if isinstance(total, int) else None)
        token = first(body.get("nextPageToken")) if body.get("hasMore") is not False and found else None
        total = body.get("totalCount")
        return ListingPage(
            records=records, total=total if isinstance(total, int) else None, at=token, is_end=token is None
        )  # fmt: skip

    def pointer(self, index: int) -> str:
        return f"/{'dataSets' if self.is_search else 'records'}/{index}"

    def non_dataset_id(self, raw: Any) -> str | None:
        """Return the id of ``raw`` if it is a record of the registry but no published dataset; see
        :func:`.record.is_dataset`.

        The result is None for a published dataset, a hit of the search, and a record that is no object or has no id.
        """
        if self.is_search or not isinstance(raw, dict) or is_dataset(raw):
            return None
        return first(raw.get("id"))

    def to_dataset(self, raw: Any) -> Dataset:
        return to_dataset(raw, self.base)
