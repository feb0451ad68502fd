"""Read Dataverse 4 to 6 through the search API and the native API.

API: guides.dataverse.org, "Search API" and "Native API". The search lists published datasets, at most 1000 per page,
without licence and files. Those stand in each dataset's full record, which is requested one by one. If a page of the
search is unchanged since last night, no full records are requested. If full records are not public, a dataset is mapped
from the search alone, and the rest stays unknown. If a full record fails for another reason, the dataset is reported as
lost. Collections ("dataverses") and files in the search are no datasets.

Datasets harvested from elsewhere are listed like the portal's own. The index marks them (``isHarvested``). If this
filter finds some but not all datasets, the harvested ones are listed separately and marked as copies.
"""

from __future__ import annotations

from collections.abc import AsyncIterator
from dataclasses import replace
from typing import TYPE_CHECKING, Any
from urllib.parse import urlencode

from catalog.model import Dataset
from harvester.facts.values import first, text
from harvester.http import faults
from harvester.spiders.base.listing import ListingSpider, PageRefusedError
from harvester.spiders.base.paging import ListingPage, PageCursor
from harvester.spiders.base.portal_type_info import PortalTypeInfo
from harvester.spiders.dataverse.record import to_dataset

if TYPE_CHECKING:
    from scrapy import Request
    from scrapy.http import Response
    from twisted.python.failure import Failure

__all__ = ["Spider"]

CLOSED = ("auth", "blocked", "gone", "robots")
"""Faults of a full record that mean that it is not public."""
MAX_MISSES = 20
"""Number of full records in a row that cannot be read before no more are requested."""


class Spider(ListingSpider):
    """Spider for all published datasets of a Dataverse site.

    The search lists the datasets. The full record of each one is requested separately.
    """

    type = "dataverse"
    about = PortalTypeInfo(
        software="Dataverse 4 to 6",
        paging="search by offset, in the order of dates; each dataset's own record beside it",
        incremental="not offered",
        deletion="absent from a complete full harvest",
        limits="one request a dataset on pages of the search that changed; some sites ask for a token",
        loses="earlier versions, and metadata blocks other than citation",
        rank=80,
    )
    alone = "{base}/api/datasets/:persistentId/?persistentId={id}"
    max_rows = 100

    def resume(self, cursor: dict[str, Any]) -> None:
        self.has_copies: bool = cursor.get("has_copies", False)
        """Whether there are harvested datasets, and the filter can tell them apart."""
        self.of_copies = False
        """Whether the current page lists copies."""
        self.shown: dict[str, Any] = {}
        """Full records of the datasets on the current page; a fault for each that could not be read."""
        self.misses = 0
        self.closed: set[str] = set()
        """Datasets on the current page whose full records are not public."""
        self.is_closed = False
        """Whether no more full records are requested."""
        self.has_shown = False
        """Whether any full record was read; if so, a missing one means a deleted dataset and not a closed interface."""

    def position(self, page_cursor: PageCursor) -> dict[str, Any]:
        return {**super().position(page_cursor), "has_copies": self.has_copies}

    def search(self, rows: int, start: int, *, harvested: bool | None = None) -> str:
        """Return the address of a page of Dataverse's search.

        ``rows``: the largest number of datasets. ``start``: how many datasets to skip. ``harvested``: True for only
        the datasets harvested from other repositories, False for only the portal's own, None for all.
        """
        params = {"q": "*", "type": "dataset", "per_page": rows, "start": start, "sort": "date", "order": "asc"}
        only = {} if harvested is None else {"fq": f"isHarvested:{str(harvested).lower()}"}
        return f"{self.base}/api/search?{urlencode({**params, **only})}"

    # Copies

    def opening(self) -> list[Any]:
        return [self.count(is_of_all=False)]

    def count(self, *, is_of_all: bool, copies: int = 0) -> Request:
        """Return the request that counts the datasets of a Dataverse site; :meth:`on_count` reads its response.

        ``is_of_all``: whether to count all datasets; otherwise only those harvested from other repositories.
        ``copies``: how many datasets were harvested from others, if that was counted before. It is only handed on to
        :meth:`on_count`, which compares it with the number of all.
        """
        url = self.search(1, 0, harvested=None if is_of_all else True)
        rest = {"is_of_all": is_of_all, "copies": copies}
        return self.request(url, self.on_count, errback=self.on_count_failed, cb_kwargs=rest)

    async def on_count(self, response: Response, is_of_all: bool, copies: int) -> AsyncIterator[Any]:
        """Read the number of datasets in ``response``, and send the second count or start the search.

        ``is_of_all``: whether the response counts all datasets (the second count) or only those harvested from other
        repositories (the first). The second count is sent only if the first found some. ``copies``: the number that the
        first count found; 0 while that is being read. If it is smaller than the number of all, the filter for harvested
        datasets works, and the spider can list them separately.
        """
        try:
            found = self.result_of(response).get("total_count")
        except (PageRefusedError, ValueError):
            found = None
        if isinstance(found, int) and found > 0 and not is_of_all:
            yield self.count(is_of_all=True, copies=found)
            return
        if isinstance(found, int) and is_of_all:
            self.has_copies = copies < found
            if self.has_copies:
                # Filtered pages do not state the total.
                self.stats.advertise(found)
            else:
                # A search that ignores the filter finds everything; so does one where all datasets are copies.
                self.stats.notes.append("whether datasets are copies cannot be told: the filter finds all of them")
        yield self.ask(self.first_walk())

    async def on_count_failed(self, failure: Failure) -> AsyncIterator[Any]:
        """Start the search without knowing which datasets were harvested from other repositories, because a count
        failed.
        """
        self.fault_of(failure)
        yield self.ask(self.first_walk())

    # The search

    def ask(self, page_cursor: PageCursor) -> Request:
        if self.has_copies and page_cursor.at is None:
            page_cursor = replace(page_cursor, at={"copies": False})
        return self.get(
            self.search(page_cursor.asked, page_cursor.start, harvested=page_cursor.at and page_cursor.at["copies"]),
            page_cursor,
        )

    def fallback(
        self, fault: faults.RequestFault, response: Response | None, page_cursor: PageCursor
    ) -> list[Any] | None:
        """Report a Dataverse search that requires an API token (status 401), with the setting that opens it.

        The result is the error that ends the harvest; None if ``response`` is None or has another status. ``fault`` and
        ``page_cursor``, the fault and position of the page, are not used.
        """
        if response is None or response.status != 401:
            return None
        detail = "the server answers 401: the search is open to holders of an API token alone"
        remedy = "open it: set SearchApiRequiresToken to false"
        return [self.request_failed(faults.RequestFault("auth", "unknown", detail, remedy), response.url)]

    def result_of(self, response: Response) -> dict[str, Any]:
        """Return the field ``data`` of ``response``, whose "status" must be "OK".

        Raise PageRefusedError, with Dataverse's own message if there is one, for other responses, ValueError if the
        body is no JSON.
        """
        if fault := faults.of_response(response):
            raise PageRefusedError(fault, response.body[:500].decode("utf-8", "replace"))
        body = self.read_json(response)
        data = body.get("data") if isinstance(body, dict) and body.get("status") == "OK" else None
        if isinstance(data, dict):
            return data
        said = text(body.get("message")) if isinstance(body, dict) else None
        detail = f"the API reports an error: {said}" if said else "the response has no data"
        raise PageRefusedError(
            faults.RequestFault("parse", "unknown", detail, "check that it is Dataverse's API"), body
        )

    def read(self, response: Response, page_cursor: PageCursor) -> ListingPage:
        data = self.result_of(response)
        items = data.get("items")
        if not isinstance(items, list):
            detail = "the response has no list of items"
            raise PageRefusedError(
                faults.RequestFault("parse", "unknown", detail, "check that it is Dataverse's API"), data
            )
        self.of_copies = bool(page_cursor.at and page_cursor.at["copies"])
        records = [(f"/data/items/{i}", self.whole(item)) for i, item in enumerate(items)]
        if page_cursor.at is None:
            return ListingPage(records=records, total=data.get("total_count"))
        # The total of a filtered search is not the portal's total.
        at = {"copies": self.of_copies or not items}
        return ListingPage(records=records, at=at, is_end=self.of_copies and not items)

    def next_cursor(self, page_cursor: PageCursor, listing_page: ListingPage) -> PageCursor:
        if page_cursor.at and listing_page.at != page_cursor.at:
            return page_cursor.from_key(listing_page.at)
        return super().next_cursor(page_cursor, listing_page)

    def pointer(self, index: int) -> str:
        return f"/data/items/{index}"

    # Full records

    async def on_page(self, response: Response, page_cursor: PageCursor) -> AsyncIterator[Any]:
        """Request the full records of the datasets in ``response``, the page of the search at ``page_cursor``, one by
        one, before the page is read."""
        self.shown, self.closed = {}, set()
        async for step in self.show_next(response, page_cursor, self.to_show(response, page_cursor)):
            yield step

    def to_show(self, response: Response, page_cursor: PageCursor) -> list[str]:
        """Return the persistent ids of the datasets on a page of the search whose full records must be requested.

        ``response`` and ``page_cursor``: the response with the page, and its position. Datasets already found in this
        harvest are left out. The list is empty if the page has not changed since the last harvest or cannot be read.
        """
        if self.remembered(response):
            return []
        try:
            records = self.sheet_of(response, page_cursor).records
        except PageRefusedError:
            return []
        found = (
            text(raw.get("global_id")) for _, raw in records if isinstance(raw, dict) and not self.non_dataset_id(raw)
        )
        return [one for one in dict.fromkeys(found) if one is not None and one not in self.seen_ids]

    async def show_next(self, page: Response, page_cursor: PageCursor, wanted: list[str]) -> AsyncIterator[Any]:
        """Yield the request for the next full record, or the result of the page of the search if none is left.

        A page of Dataverse's search lists datasets in short. Before it is stored, their full records are requested one
        after the other. ``page``: the response with the page of the search. ``page_cursor``: its position. ``wanted``:
        the persistent ids of the datasets whose full records are still to be requested, the next one first. If
        ``wanted`` is empty or full records are not public, the page is read and stored, and the next page requested.
        After MAX_MISSES failures in a row, an error that ends the harvest is yielded.
        """
        if self.is_closed:
            self.closed.update(wanted)
            wanted = []
        if not wanted:
            async for step in super().on_page(page, page_cursor):
                yield step
        elif self.misses >= MAX_MISSES:
            what = f"{MAX_MISSES} datasets in a row cannot be shown; the others were not tried"
            yield self.fatal("page", f"{page.url}: {what}", "open the API of datasets to everyone", page.url)
        else:
            url = f"{self.base}/api/datasets/:persistentId/?{urlencode({'persistentId': wanted[0]})}"
            rest = {"page": page, "page_cursor": page_cursor, "wanted": wanted}
            yield self.request(url, self.on_shown, errback=self.on_not_shown, cb_kwargs=rest)

    async def on_shown(
        self, response: Response, page: Response, page_cursor: PageCursor, wanted: list[str]
    ) -> AsyncIterator[Any]:
        """Keep the full record of the first dataset in ``wanted`` in memory until the page of the search is stored, and
        yield what :meth:`show_next` yields for the rest: the request for the next record, or the result of the page.

        ``response``: the response with the full record; if it holds none, see :meth:`missed`. ``page``: the response
        with the page of the search that lists the datasets. ``page_cursor``: the position of that page. ``wanted``: the
        persistent ids of the datasets whose records were not kept yet; ``response`` belongs to the first.
        """
        try:
            self.shown[wanted[0]] = self.result_of(response)
            self.misses, self.has_shown = 0, True
        except (PageRefusedError, ValueError) as error:
            self.missed(
                wanted[0], f"{response.url}: {error}", error.fault if isinstance(error, PageRefusedError) else None
            )
        async for step in self.show_next(page, page_cursor, wanted[1:]):
            yield step

    async def on_not_shown(self, failure: Failure) -> AsyncIterator[Any]:
        """Handle a failed request for a full record as :meth:`missed` describes, and request the next one."""
        request: Request = failure.request  # type: ignore[attr-defined]
        rest = request.cb_kwargs
        fault = self.fault_of(failure)
        self.missed(rest["wanted"][0], f"{request.url}: {fault.detail}", fault)
        async for step in self.show_next(rest["page"], rest["page_cursor"], rest["wanted"][1:]):
            yield step

    def missed(self, identifier: str, why: str, fault: faults.RequestFault | None) -> None:
        """Note that the full record of the dataset ``identifier`` cannot be read.

        ``why``: the reason, for the error report. ``fault``: the fault of the request; None if the body was not
        readable. A fault in CLOSED says that the record is not public; the dataset is then stored with what the search
        says of it. A record that does not exist ("gone") counts as not public only until a full record was read. With
        any other fault or none, a dataset of the portal's own is a lost record. A copy whose full record is missing is
        never stored. No more full records are requested once MAX_MISSES or more failed in a row, if this one is not
        public and none of the same page of the search failed for another reason.
        """
        is_closed = fault is not None and fault.kind in CLOSED and not (fault.kind == "gone" and self.has_shown)
        if not is_closed or self.of_copies:
            self.shown[identifier] = why
        else:
            self.closed.add(identifier)
            note = (
                f"records of datasets are closed: licence and files are not known where only the search is open: {why}"
            )
            if not any(one.startswith(note[:40]) for one in self.stats.notes):
                self.stats.notes.append(note)
            self.is_closed = self.misses + 1 >= MAX_MISSES and not any(isinstance(o, str) for o in self.shown.values())
        # The record of a copy may be available only at the original repository.
        self.misses += not self.of_copies

    def may_remember(self, listing_page: ListingPage) -> bool:
        return not self.closed and not any(isinstance(one, str) for one in self.shown.values())

    def whole(self, item: Any) -> Any:
        """Return ``item``, a hit of Dataverse's search, with the dataset's full record added under the key "dataset".

        If the full record could not be read, the value of this key is the reason, as text. If it was not requested or
        is not public, ``item`` is returned unchanged.
        """
        known = self.shown.get(text(item.get("global_id")) or "") if isinstance(item, dict) else None
        return item if known is None else {**item, "dataset": known}

    def non_dataset_id(self, raw: Any) -> str | None:
        """Return the identifier of ``raw``, a hit of the search, if it is not to be stored as a dataset, else None.

        Not stored are withdrawn (deaccessioned) datasets, collections and files, and datasets harvested from another
        repository whose full record is missing. The result is also None if ``raw`` is no object or has no identifier.
        """
        if not isinstance(raw, dict):
            return None
        if self.of_copies and isinstance(raw.get("dataset"), str):
            # Only the name of this copy is known; it would be judged by what the search leaves out.
            return text(raw.get("global_id"))
        is_withdrawn = raw.get("deaccession_reason") or raw.get("versionState") == "DEACCESSIONED"
        if raw.get("type") not in ("dataset", None):
            # Collections have no persistent id, and some files have none.
            return first(
                raw.get("global_id"), raw.get("identifier"), raw.get("file_id"), raw.get("url"), raw.get("name")
            )
        return text(raw.get("global_id")) if is_withdrawn else None

    def to_dataset(self, raw: Any) -> Dataset:
        return to_dataset(raw, self.base, is_copy=self.of_copies)
