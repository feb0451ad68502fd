"""Read CKAN portals through the action API v3.

API: docs.ckan.org, "API guide"; seen on 2.2 to 2.12. Quirks handled:

- The base may be a sub-path.
- ``rows`` is reduced silently, so paging counts the records received.
- The default order moves records between pages, so the listing is sorted by ``id asc``.
- ``success: false`` comes with status 200.
- ``count`` may be wrong, limited, or change during the harvest.
- One record can make its page fail.
- Resources may have no URL, extras may hold JSON in strings, texts may be language maps, organisations may be null.

If ``package_search`` is not available, the names of ``package_list`` are requested one by one.

Changes can be requested by ``metadata_modified``; :mod:`~harvester.spiders.base.incremental` tests first whether the
filter can be trusted.
"""

from __future__ import annotations

from collections.abc import AsyncIterator
from typing import TYPE_CHECKING, Any
from urllib.parse import urlencode

from catalog.model import Dataset, HarvestError, HarvestPage
from catalog.model.canonical import json_text
from harvester.facts.values import text
from harvester.http import faults
from harvester.spiders.base.incremental import ChangesListingSpider
from harvester.spiders.base.listing import PageRefusedError
from harvester.spiders.base.losses import cut
from harvester.spiders.base.paging import ListingPage, PageCursor
from harvester.spiders.base.portal_type_info import PortalTypeInfo
from harvester.spiders.ckan.record import to_dataset

if TYPE_CHECKING:
    from scrapy import Request
    from scrapy.http import Response
    from twisted.python.failure import Failure

__all__ = ["Spider"]

SORTS = ("id asc", "name asc", None)
"""Sort orders to try; some sites refuse the first with 400 or 409."""
MAX_MISSES = 20
"""Number of names in a row that cannot be shown before the harvest ends."""
NO_DATASETS = ("harvest", "showcase")
"""Package types that are not datasets."""


class Spider(ChangesListingSpider):
    """Spider for all public datasets of a CKAN site, through ``package_search`` or, without it, ``package_list``."""

    type = "ckan"
    has_facts = True
    about = PortalTypeInfo(
        software="CKAN 2.0 to 2.12",
        paging="`package_search` by offset, in the order of ids; names one by one where it is not offered",
        incremental="`metadata_modified`, if it proves true; a share is read again each night",
        deletion="absent from a complete full harvest, or from the names and not found alone; private ones likewise",
        limits="`rows` is cut to 1,000 or less; texts in extras",
        loses="nothing that the portal holds",
        rank=90,
    )
    alone = "{base}/api/3/action/package_show?id={id}"
    volatile = (
        "tracking_summary", "resources.*.tracking_summary", "archiver", "resources.*.archiver", "qa", "resources.*.qa",
        "total_downloads", "num_followers",
    )  # fmt: skip

    def resume(self, cursor: dict[str, Any]) -> None:
        super().resume(cursor)
        self.names: list[str] = []
        self.misses = 0
        self.order: int = cursor.get("order", 0)

    def position(self, page_cursor: PageCursor) -> dict[str, Any]:
        return {**super().position(page_cursor), "order": self.order}

    def continued(self, cursor: dict[str, Any]) -> list[Any]:
        return [self.list_names(cursor["shown"])] if "shown" in cursor else super().continued(cursor)

    def action(self, name: str, **params: Any) -> str:
        """Return the address of an action of CKAN's API.

        ``name``: the action, such as "package_show". ``params``: the parameters of its query string.
        """
        return f"{self.base}/api/3/action/{name}?{urlencode(params)}"

    # The search

    def count_url(self, since: str | None) -> str:
        only = {"fq": f"metadata_modified:[{since} TO *]"} if since else {}
        return self.action("package_search", q="*:*", rows=0, facet="false", **only)

    def read_count(self, response: Response) -> int | None:
        result = self.result_of(response)
        return result.get("count") if isinstance(result, dict) else None

    def names_url(self) -> str | None:
        return self.action("package_list")

    def read_names(self, response: Response) -> set[str]:
        names = self.result_of(response)
        if not isinstance(names, list):
            raise ValueError("the response is no list")
        return {str(name) for name in names}

    def share_walk(self, start: int, first: str, last: str) -> PageCursor | None:
        if self.order:
            # The listing is not sorted by id.
            return None
        rows = self.first_walk().rows
        # Harvest sources lie between the datasets and are not counted among those before.
        share = -(-self.after // self.portal.schedule.full_every) + max(0, self.before.gap)
        # What a page holds beyond the share would be mapped for nothing, so a small share has small pages.
        return PageCursor(rows=min(rows, max(share, 100)), start=start, at={"last": last, "end": start + share + rows})

    def ask(self, page_cursor: PageCursor) -> Request:
        params: dict[str, Any] = {"q": "*:*", "rows": page_cursor.asked, "start": page_cursor.start, "facet": "false"}
        if SORTS[self.order]:
            params["sort"] = SORTS[self.order]
        if self.stats.mode == "incremental" and not self.is_share(page_cursor):
            params["fq"] = f"metadata_modified:[{self.since} TO *]"
        return self.get(self.action("package_search", **params), page_cursor)

    def fallback(
        self, fault: faults.RequestFault, response: Response | None, page_cursor: PageCursor
    ) -> list[Any] | None:
        """Return, in a list, the request that replaces a first page that failed; None if there is none.

        After status 400, 409 or 500 it requests the same page in the next sort order of SORTS. If package_search is
        missing (404), it requests the list of all names. The result is None for any other fault, for a later page, and
        if a dataset was already stored. ``fault``: why the page failed. ``response``: the response, or None.
        ``page_cursor``: the position of the page.
        """
        if response is None or page_cursor.start or self.stats.kept:
            return None
        if response.status in (400, 409, 500) and self.order + 1 < len(SORTS):
            self.order += 1
            return [self.ask(page_cursor)]
        if response.status == 404:
            self.order = 0
            return [self.list_names(0)]
        return None

    def sheet_of(self, response: Response, page_cursor: PageCursor) -> ListingPage:
        result = self.result_of(response)
        records = result.get("results") if isinstance(result, dict) else None
        if not isinstance(records, list):
            no_list = "the response has no result.results"
            raise PageRefusedError(faults.RequestFault("parse", "unknown", no_list, "check that it is CKAN's API"))
        if self.order == len(SORTS) - 1 and page_cursor.start == 0:
            self.stats.notes.append("the portal refuses a stable order: records may move between pages")
        return ListingPage(
            records=[(f"/result/results/{i}", record) for i, record in enumerate(records)], total=result.get("count")
        )

    def pointer(self, index: int) -> str:
        return f"/result/results/{index}"

    # Name by name

    def list_names(self, shown: int) -> Request:
        """Return the request for the list of the names of all packages of the CKAN site.

        ``shown``: how many of the packages were already read before the harvest was interrupted; 0 in a new harvest.
        """
        return self.request(self.action("package_list"), self.on_list, is_conditional=True, cb_kwargs={"shown": shown})

    async def on_list(self, response: Response, shown: int) -> AsyncIterator[Any]:
        """Read the names of all packages in ``response``, and request the first package that was not read yet.

        ``shown``: how many were read already; reading starts over if the list has changed since. If the response holds
        no list of names, an error ends the harvest.
        """
        known = self.remembered(response)
        try:
            names = known.state["names"] if known else self.result_of(response)
            if not isinstance(names, list):
                raise PageRefusedError(
                    faults.RequestFault("parse", "unknown", "no list of names", "check that it is CKAN's API")
                )
        except PageRefusedError as refusal:
            yield self.request_failed(refusal.fault, response.url, refusal.value)
            return
        if shown and not known:
            self.start_over("the list of names changed while it was read: begun again")
            shown = 0
        if not known:
            yield self.page(response, [], state={"names": names})
        self.names = [str(name) for name in names]
        self.stats.advertise(len(names))
        for step in self.show_next(shown):
            yield step

    def show_next(self, shown: int) -> list[Request]:
        """Return the request for the next package by its name; ``shown``: how many names were requested already.

        After the last name the list is empty and the harvest complete.
        """
        if shown >= len(self.names):
            self.stats.end("all names are asked for")
            return []
        return [
            self.request(
                self.action("package_show", id=self.names[shown]),
                self.on_show,
                errback=self.on_show_failed,
                is_conditional=True,
                cb_kwargs={"shown": shown},
            )
        ]

    async def on_show(self, response: Response, shown: int) -> AsyncIterator[Any]:
        """Read the package in ``response``, and request the next one; ``shown``: its position in the list of names.

        If the response says that nothing changed, the record of the last harvest is used. If it holds no package, the
        steps are those of :meth:`not_shown`.
        """
        if known := self.remembered(response):
            yield self.unchanged(known, cursor={"shown": shown + 1})
            for step in self.show_next(shown + 1):
                yield step
            return
        try:
            record = self.result_of(response)
        except PageRefusedError as refusal:
            for step in self.not_shown(refusal.fault, shown, response.url, refusal.value):
                yield step
            return
        self.misses = 0
        # CKAN before 2.0 and DKAN return a list with one package.
        records = record if isinstance(record, list) else [record]
        pairs = [("/result", r) for r in records]
        yield self.page(response, pairs, cursor={"shown": shown + 1}, state={})
        for step in self.show_next(shown + 1):
            yield step

    async def on_show_failed(self, failure: Failure) -> AsyncIterator[Any]:
        """Count a package whose request failed as lost, and go on with the next name."""
        request: Request = failure.request  # type: ignore[attr-defined]
        for step in self.not_shown(self.fault_of(failure), request.cb_kwargs["shown"], request.url):
            yield step

    def not_shown(self, fault: faults.RequestFault, shown: int, url: str, value: Any = None) -> list[Any]:
        """Count a package that cannot be read as one lost record, and return the error report and the request for the
        next one.

        ``fault``: why it cannot. ``shown``: its position in the list of names. ``url`` and ``value``: the address and
        content for the error report. After 20 failures in a row the harvest ends.
        """
        self.stats.lost += 1
        self.stats.seen += 1
        self.misses += 1
        error = HarvestError(
            kind=fault.kind, message=f"{url}: {fault.detail}", remedy=fault.remedy, url=url, value=cut(value)
        )
        steps: list[Any] = [HarvestPage(errors=self.written([error]), checkpoint=self.checkpoint({"shown": shown + 1}))]
        if self.misses < MAX_MISSES:
            return [*steps, *self.show_next(shown + 1)]
        left = len(self.names) - shown - 1
        message = f"package_show failed {MAX_MISSES} times in a row; {left} more names were not tried"
        return [*steps, self.fatal("page", message, "ask the portal to offer package_search or package_show", url)]

    # Responses

    def result_of(self, response: Response) -> Any:
        """Return the field ``result`` of ``response``, a response of the action API.

        Raise PageRefusedError, with the API's own error message if there is one, for any other response.
        """
        refusal = faults.of_response(response)
        try:
            body = self.read_json(response)
        except ValueError as error:
            start = response.body.lstrip()[:1]
            kind = "empty" if not start else "parse" if start == b"<" else "cut_short"
            remedy = f"check that {self.portal.url} is the base of a CKAN site"
            fault = refusal or faults.RequestFault(kind, "unknown", str(error), remedy)
            raise PageRefusedError(fault, response.body[:300].decode("utf-8", "replace")) from error
        if isinstance(body, dict) and body.get("success") is True and "result" in body:
            return body["result"]
        said = body.get("error") if isinstance(body, dict) else body
        says_no = faults.RequestFault(
            "server", "unknown", "the API says success: false", "ask the portal what is wrong"
        )
        raise PageRefusedError(refusal or says_no, said)

    def is_unknown(self, response: Response) -> bool:
        """Return whether ``response`` says that a dataset does not exist.

        Status 403 counts too if CKAN itself refuses ("not authorized"), because it says so of deleted and private
        datasets.
        """
        if response.status == 403:
            try:
                self.result_of(response)
            except PageRefusedError as refusal:
                return isinstance(refusal.value, dict) and "authoriz" in str(refusal.value.get("__type", "")).lower()
        return super().is_unknown(response)

    def non_dataset_id(self, raw: Any) -> str | None:
        """Return the id of the package ``raw`` if its type is not that of a dataset but, say, of a harvest source, else
        None.

        Such packages are counted, because the total that the portal states includes them. Of one without an id, the
        whole text is returned, so that each counts.
        """
        is_other = isinstance(raw, dict) and raw.get("type") in NO_DATASETS
        return text(raw.get("id")) or json_text(raw) if is_other else None

    def to_dataset(self, raw: Any) -> Dataset:
        return to_dataset(raw, self.portal.url, self.languages)
