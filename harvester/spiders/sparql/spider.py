"""Read SPARQL 1.1 endpoints that hold a DCAT catalogue.

Offsets are never used: endpoints silently cut results, and without an order repeat and skip rows. Datasets are listed
by key (``STR(?d) > "last"``), and their statements requested page by page. A query that is too slow, or whose result
looks cut off, is split in halves, and pages get shorter. If the default graph is empty, others are searched.
"""

from __future__ import annotations

import re
from collections.abc import AsyncIterator, Callable
from itertools import pairwise
from typing import TYPE_CHECKING, Any
from urllib.parse import urlencode

from pyoxigraph import NamedNode

from catalog.model import Dataset
from harvester.http import faults
from harvester.spiders.base.listing import ListingSpider, PageRefusedError
from harvester.spiders.base.losses import LostRecord
from harvester.spiders.base.paging import ListingPage, PageCursor
from harvester.spiders.base.portal_type_info import PortalTypeInfo
from harvester.spiders.dcat_rdf.record import to_dataset
from harvester.spiders.rdf.nodes import describe, own_part
from harvester.spiders.sparql import queries as queries
from harvester.spiders.sparql.pages import DatasetPage, fill, halves, smaller
from harvester.spiders.sparql.queries import is_iri
from harvester.spiders.sparql.record import row_dataset, rows_by_dataset
from harvester.spiders.sparql.results import result_of, truth_of

if TYPE_CHECKING:
    from scrapy import Request
    from scrapy.http import Response
    from twisted.python.failure import Failure

__all__ = ["Spider"]

LEAST_CAP = 1_000
"""Rows; if the endpoint cannot count, a result with a multiple of this number counts as cut off."""
ROUND = 100
"""Rows; a result with a multiple of this number may be cut off, so the endpoint is asked to count."""
LIST_PAGES = 10
"""Pages of datasets listed at a time, because the endpoint sorts all datasets for each list."""
MAX_GET = 2_000
"""Maximum length in characters of a query sent by GET."""
GET_SETS = 5
"""Datasets per query by GET, if POST is refused; servers accept addresses of 8,000 characters."""
GOOD_PAGES = 10
"""Number of pages without trouble after which pages grow again."""
_HALVED = ("timeout", "server", "too_large", "cut_short", "parse", "empty", "http")
"""Faults that a shorter query may avoid; some engines refuse long ones with 400 or 414."""
_OUT_OF_TIME = re.compile(rb"(?i)time-?d?[ _-]?out|time limit|cancel+ed|took too long")
"""Match the message of a time-out that an engine (QLever) sends with 429, where no longer pause is needed."""
_NO_POST = (403, 404, 405, 411, 415, 501)
"""Status codes by which gateways refuse POST, whatever the query is."""
_NO_ENDPOINT = "check that the address is a working SPARQL endpoint"
_MORE_TIME = "ask the operator of the endpoint to allow longer queries"
_MORE_ROWS = "ask the operator of the endpoint to raise its limit of rows"


class Spider(ListingSpider):
    """Spider for all datasets with an IRI in a SPARQL endpoint."""

    type = "sparql"
    about = PortalTypeInfo(
        software="SPARQL 1.1 with DCAT: Virtuoso 7, Oxigraph, rdflib-endpoint; untried: Fuseki, GraphDB, Blazegraph, "
        "Stardog, QLever",
        paging="by key, never by offset; questions that fail or are cut off are asked again in halves",
        incremental="not offered",
        deletion="absent from a complete listing",
        limits="datasets without IRI are not seen; one that has more rows than the endpoint's cap is lost, and said",
        loses="what the portal's software does not express in DCAT",
        rank=65,
    )
    max_rows = 100

    def resume(self, cursor: dict[str, Any]) -> None:
        self.in_graphs: bool = cursor.get("in_graphs", False)
        self.is_other: bool = cursor.get("is_other", False)
        self.keys: list[str] = []
        """Datasets that are listed and not read yet."""
        self.list_pages, self.batch, self.good = LIST_PAGES, self.max_rows, 0
        self.by_get = False
        self.is_counted = True
        """Whether the endpoint can count its datasets."""
        self.short_lists: set[int] = set()
        """Lengths of lists shorter than requested: of the last list, or of every list if the endpoint limits rows."""

    def position(self, page_cursor: PageCursor) -> dict[str, Any]:
        return {**super().position(page_cursor), "in_graphs": self.in_graphs, "is_other": self.is_other}

    def query(self, text: str, callback: Any, errback: Any, *, by_post: bool = False, **kwargs: Any) -> Request:
        """Return the request that sends the SPARQL query ``text``, by POST if it is long or ``by_post`` is set. A
        refused POST becomes GET. ``callback``, ``errback``: for the response or failure. ``kwargs``: for the
        request."""
        headers = {"Accept": "application/sparql-results+json, application/sparql-results+xml;q=0.8"}
        body = urlencode({"query": text})
        if (by_post or len(text) > MAX_GET) and not self.by_get:
            headers["Content-Type"] = "application/x-www-form-urlencoded"
            return self.request(
                self.portal.url, callback, errback=errback, method="POST", body=body, headers=headers, **kwargs
            )
        url = f"{self.portal.url}{'&' if '?' in self.portal.url else '?'}{body}"
        return self.request(url, callback, errback=errback, headers=headers, **kwargs)

    # One dataset

    def look_up(self, identifier: str, source_url: str) -> str | None:
        return queries.known(identifier, self.in_graphs) if is_iri(identifier) else None

    def lookup_request(self, address: str, callback: Callable[..., Any], **kwargs: Any) -> Request:
        return self.query(address, callback, self.on_no_response, **kwargs)

    def says_unknown(self, response: Response) -> bool:
        return not _is_partial(response) and not truth_of(response.body)

    def shows(self, response: Response, identifier: str) -> bool:
        return truth_of(response.body)

    # The list of datasets

    def opening(self) -> list[Any]:
        if self.portal.query:
            page_cursor = self.first_walk()
            return [
                self.query(self.portal.query, self.on_page, self.on_page_failed, cb_kwargs={"page_cursor": page_cursor})
            ]
        return [self.query(queries.count(self.in_graphs, self.is_other), self.on_total, self.on_total_failed)]

    async def on_total_failed(self, failure: Failure) -> AsyncIterator[Any]:
        """Handle a failed count of all datasets: after a time-out list them without a total, else end the harvest."""
        fault = self.fault_of(failure)
        if fault.kind in ("timeout", "cut_short"):
            yield self.uncounted()
            return
        async for step in self.failed(failure):
            yield step

    def uncounted(self) -> Request:
        """Return the request for the first IRIs of datasets; the total stays unknown, as counting takes too long."""
        self.is_counted = False
        return self.ask(self.first_walk())

    def elsewhere(self) -> bool:
        """Move on to the named graphs, then to other vocabularies in either place; return False if all were tried."""
        if self.in_graphs and self.is_other:
            return False
        self.in_graphs, self.is_other = not self.in_graphs, self.is_other or self.in_graphs
        return True

    async def on_total(self, response: Response) -> AsyncIterator[Any]:
        """Store the number of datasets and request the first list; if it is 0, search other graphs or vocabularies. An
        error that a lack of time may explain leaves the number unknown; any other ends the harvest."""
        try:
            rows = self.rows_of(response)
            total = int(rows[0]["n"]["value"])
        except PageRefusedError as refusal:
            if refusal.fault.kind in ("timeout", "server", "too_large", "http") and response.status != 502:
                yield self.uncounted()
            else:
                yield self.request_failed(refusal.fault, response.url, refusal.value)
            return
        except (LookupError, ValueError, TypeError):
            yield self.fatal(
                "parse", f"{response.url}: the endpoint does not count", _NO_ENDPOINT, response.url,
                response.body[:300].decode("utf-8", "replace"),
            )  # fmt: skip
            return
        if not total and self.elsewhere():
            for step in self.opening():
                yield step
            return
        self.stats.advertise(total)
        yield self.ask(self.first_walk())

    def ask(self, page_cursor: PageCursor) -> Request:
        """Return a request for the statements about the next datasets, if their IRIs are known, else for more IRIs."""
        if page_cursor.at is not None:
            self.keys = [one for one in self.keys if one > page_cursor.at] if self.keys else []
        if self.keys:
            ids, self.keys = self.keys[: self.size(page_cursor)], self.keys[self.size(page_cursor) :]
            return self.detail(DatasetPage(page_cursor, ids, [("own", ids), ("files", ids)]))
        rows = page_cursor.asked * (self.list_pages if page_cursor.size == 0 else 1)
        text = queries.identifiers(page_cursor.at, rows, self.in_graphs, self.is_other)
        return self.query(text, self.on_page, self.on_page_failed, cb_kwargs={"page_cursor": page_cursor})

    def size(self, page_cursor: PageCursor) -> int:
        """Return the number of datasets for a query at ``page_cursor``; smaller after queries that took too long."""
        return max(1, min(self.batch, page_cursor.asked))

    async def on_page(self, response: Response, page_cursor: PageCursor) -> AsyncIterator[Any]:
        try:
            rows = self.rows_of(response)
            if self.portal.query:
                steps = iter(self.own_rows(rows, response, page_cursor))
            elif any(not isinstance(row.get("d", {}).get("value"), str) for row in rows):
                raise PageRefusedError(
                    faults.RequestFault("parse", "unknown", "the response does not fit the query", _NO_ENDPOINT),
                    response.body[:300].decode("utf-8", "replace"),
                )
            elif not rows and not self.is_counted and page_cursor.at is None and self.elsewhere():
                steps = iter([self.ask(page_cursor)])
            elif not rows:
                steps = self.taken(ListingPage(is_end=True), response, page_cursor)
            else:
                steps = iter(self.listed(list(dict.fromkeys(row["d"]["value"] for row in rows)), response, page_cursor))
        except PageRefusedError as refusal:
            for step in self.round_trouble(refusal.fault, page_cursor, response.url, refusal.value):
                yield step
            return
        for step in steps:
            yield step

    def listed(self, ids: list[str], response: Response, page_cursor: PageCursor) -> list[Any]:
        """Return the query about the first of ``ids``, the IRIs of datasets in ``response``; keep the rest for later
        pages. If they are not sorted, or some are not valid, all make one page. ``page_cursor``: its position."""
        size = self.size(page_cursor)
        if len(ids) < page_cursor.asked * (self.list_pages if page_cursor.size == 0 else 1):
            self.short_lists.add(len(ids))
        bad = {one: "its IRI is none that can be asked for" for one in ids if not is_iri(one)}
        # If the endpoint sorts in another order than by characters, the rest of the list cannot be found by key.
        is_sorted = all(one < other for one, other in pairwise(ids))
        if bad or not is_sorted:
            good = [one for one in ids if one not in bad]
            job = DatasetPage(page_cursor, ids, halves(good, size), lost=bad)
            return self.next_detail(job, response)
        self.keys = ids[size:]
        return [self.detail(DatasetPage(page_cursor, ids[:size], [("own", ids[:size]), ("files", ids[:size])]))]

    def own_rows(self, rows: list[dict[str, Any]], response: Response, page_cursor: PageCursor) -> list[Any]:
        """Store the datasets in ``rows``, found by the query in the portal file; report rows that may be missing. Raise
        PageRefusedError if ``response`` names no variables."""
        names, _ = result_of(response.body)
        if not names:
            fault = faults.RequestFault(
                "parse", "unknown", "the response names no variables", "correct the query in the portal file"
            )
            raise PageRefusedError(fault, response.body[:300].decode("utf-8", "replace"))
        records = rows_by_dataset(names, rows)
        steps = list(self.taken(ListingPage(records=records, is_end=True), response, page_cursor))
        if rows and len(rows) % LEAST_CAP == 0:
            message = f"{self.portal.url}: the response may be cut off at {len(rows):,} rows"
            steps.append(self.fatal("too_large", message, "change the query so that it finds less", self.portal.url))
        return steps

    def round_trouble(
        self, fault: faults.RequestFault, page_cursor: PageCursor, url: str, value: Any = None
    ) -> list[Any]:
        if self.portal.query:
            # A single query has no smaller part to try.
            return [self.request_failed(fault, url, value)]
        if self.list_pages > 1 and page_cursor.size == 0 and fault.kind in _HALVED:
            # A shorter list may be ready in time.
            self.list_pages = max(1, self.list_pages // 4)
            return [self.ask(page_cursor)]
        return super().round_trouble(fault, page_cursor, url, value)

    def rows_of(self, response: Response) -> list[dict[str, Any]]:
        """Return the rows of the query result in ``response``; raise PageRefusedError if it holds none or only a
        part."""
        if fault := faults.of_response(response):
            if fault.kind == "rate_limited" and _OUT_OF_TIME.search(response.body[:5_000]):
                fault = faults.RequestFault("timeout", "unknown", "the endpoint ran out of time", _MORE_TIME)
            raise PageRefusedError(fault, response.body[:500].decode("utf-8", "replace"))
        if _is_partial(response):
            partial = "the endpoint ran out of time, and answers in part"
            raise PageRefusedError(faults.RequestFault("too_large", "unknown", partial, _MORE_TIME))
        try:
            return result_of(response.body)[1]
        except ValueError as error:
            remedy = f"check that {self.portal.url} is a SPARQL endpoint"
            fault = faults.RequestFault("parse", "unknown", str(error), remedy)
            raise PageRefusedError(fault, response.body[:300].decode("utf-8", "replace")) from error

    # Statements about the datasets of a page

    def detail(self, job: DatasetPage) -> Request:
        """Return the request for the first query that is still to be sent for the page of datasets ``job``."""
        kind, ids = job.todo[0]
        text = queries.DETAILS[kind](ids, self.in_graphs)
        job.asked += 1
        # A shorter query is better than a retry.
        meta = {"max_retry_times": 0} if len(ids) > 1 else {}
        return self.query(text, self.on_detail, self.on_detail_failed, by_post=True, meta=meta, cb_kwargs={"job": job})

    async def on_detail_failed(self, failure: Failure) -> AsyncIterator[Any]:
        """Handle a failed query about the datasets of a page as :meth:`halved` describes."""
        job = failure.request.cb_kwargs["job"]  # type: ignore[attr-defined]
        for step in self.halved(job, self.fault_of(failure), failure.request.url):  # type: ignore[attr-defined]
            yield step

    async def on_detail(self, response: Response, job: DatasetPage) -> AsyncIterator[Any]:
        """Store the statements in ``response``, the result of the first query of ``job``. If it may be cut off, count
        the rows first; if it is no result, see :meth:`halved`."""
        if response.status in _NO_POST and not self.by_get and response.request and response.request.method == "POST":
            # Some gateways accept queries only by GET.
            self.by_get, self.batch = True, min(self.batch, GET_SETS)
            job.todo = smaller(job.todo, GET_SETS)
            yield self.detail(job)
            return
        try:
            rows = self.rows_of(response)
        except PageRefusedError as refusal:
            for step in self.halved(job, refusal.fault, response.url):
                yield step
            return
        if rows and (len(rows) % ROUND == 0 or len(rows) in self.short_lists):
            kind, ids = job.todo[0]
            text = queries.counting(queries.DETAILS[kind](ids, self.in_graphs))
            yield self.query(
                text, self.on_counted, self.on_not_counted, by_post=True, cb_kwargs={"job": job, "rows": rows},
                meta={"max_retry_times": 0},
            )  # fmt: skip
            return
        for step in self.filled(job, rows, response):
            yield step

    async def on_counted(self, response: Response, job: DatasetPage, rows: list[dict[str, Any]]) -> AsyncIterator[Any]:
        """Store ``rows`` for ``job``, or query in halves if ``response`` counts more than these."""
        try:
            is_whole = int(self.rows_of(response)[0]["n"]["value"]) <= len(rows)
        except (PageRefusedError, LookupError, ValueError, TypeError):
            is_whole = len(rows) % LEAST_CAP != 0
        for step in self.filled(job, rows, response) if is_whole else self.cut_off(job, rows, response.url):
            yield step

    async def on_not_counted(self, failure: Failure) -> AsyncIterator[Any]:
        """Store rows that could not be counted, or query in halves if their number is a multiple of LEAST_CAP."""
        request: Request = failure.request  # type: ignore[attr-defined]
        job, rows = request.cb_kwargs["job"], request.cb_kwargs["rows"]
        is_cut = len(rows) % LEAST_CAP == 0
        for step in self.cut_off(job, rows, request.url) if is_cut else self.filled(job, rows, None):
            yield step

    def cut_off(self, job: DatasetPage, rows: list[dict[str, Any]], url: str) -> list[Any]:
        """Send the first query of ``job`` again in halves, because ``url`` returned ``rows``, only a part."""
        why = f"the response is cut off at {len(rows):,} rows"
        return self.halved(job, faults.RequestFault("too_large", "unknown", why, _MORE_ROWS), url)

    def filled(self, job: DatasetPage, rows: list[dict[str, Any]], response: Response | None) -> list[Any]:
        """Store the statements in ``rows``, remove the query for them from ``job``, and return the next steps."""
        fill(job.store, rows, job.asked)
        job.todo.pop(0)
        return self.next_detail(job, response)

    def halved(self, job: DatasetPage, fault: faults.RequestFault, url: str) -> list[Any]:
        """Split the first query of ``job``, which failed with ``fault``; a dataset queried alone is lost instead. The
        harvest ends if a shorter query cannot avoid the fault, or if most datasets of the page are lost."""
        kind, ids = job.todo.pop(0)
        if fault.kind not in _HALVED:
            return [self.request_failed(fault, url)]
        job.is_halved = True
        if len(ids) == 1:
            job.lost[ids[0]] = fault.detail
            if len(job.lost) > len(job.ids) // 2 and len(job.lost) > 1:
                return [self.request_failed(fault, url)]
        else:
            middle = len(ids) // 2
            # The following datasets are likely to be as slow.
            self.batch = min(self.batch, max(1, middle))
            job.todo = [(kind, ids[:middle]), (kind, ids[middle:]), *job.todo]
        return self.next_detail(job, None)

    def next_detail(self, job: DatasetPage, response: Response | None) -> list[Any]:
        """Return the request for the next query of ``job`` or, after the last one, the page with its datasets."""
        job.todo = [(kind, left) for kind, ids in job.todo if (left := [one for one in ids if one not in job.lost])]
        if job.todo:
            return [self.detail(job)]
        self.good = 0 if job.is_halved else self.good + 1
        if self.good >= GOOD_PAGES and self.batch < self.max_rows and not self.by_get:
            self.batch, self.good = min(self.max_rows, self.batch * 2), 0
        if response is None:
            # The last query failed, so the page is reported with an empty response.
            response = self.no_response()
        records: list[tuple[str, Any]] = [
            (iri, {"@id": iri, "@lost": job.lost[iri]} if iri in job.lost else describe(job.store, NamedNode(iri), ""))
            for iri in dict.fromkeys(job.ids)
        ]
        return list(self.taken(ListingPage(records=records, at=job.ids[-1]), response, job.page_cursor))

    def no_response(self) -> Response:
        """Return an empty response, needed to store a page of datasets if the last query for it failed."""
        from scrapy.http import Response as Plain

        return Plain(self.portal.url, request=self.request(self.portal.url, self.on_page))

    def own_part(self, raw: Any) -> Any:
        return own_part(raw)

    def to_dataset(self, raw: Any) -> Dataset:
        if "@lost" in raw:
            remedy = "ask the operator for more rows and time a question, and for IRIs that can be asked for"
            raise LostRecord(raw["@lost"], remedy)
        return row_dataset(raw) if "@rows" in raw else to_dataset(raw, self.languages)


def _is_partial(response: Response) -> bool:
    """Return whether a result is partial: Virtuoso returns what it has found when its time limit ends."""
    return response.status == 206 or "X-SQL-State" in response.headers
