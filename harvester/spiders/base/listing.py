"""Share the work of spiders whose portal lists its records page by page.

A page is found by its offset, its number, or a link, token or key in the page before. Requests are conditional, a page
that fails is requested in smaller parts, and its end must be proved: see :class:`~.paging.PageCursor`.
"""

from __future__ import annotations

from collections.abc import AsyncIterator, Iterator
from dataclasses import replace
from typing import TYPE_CHECKING, Any, ClassVar

from catalog.model import CachedResponse, HarvestPage
from harvester.http import faults
from harvester.spiders.base.losses import poisoned
from harvester.spiders.base.paging import MAX_UNREADABLE_IN_A_ROW, SHRINKABLE, ListingPage, PageCursor
from harvester.spiders.base.portal_spider import PortalSpider

if TYPE_CHECKING:
    from scrapy import Request
    from scrapy.http import Response
    from twisted.python.failure import Failure

__all__ = ["ListingSpider", "PageRefusedError"]

MAX_BARREN = 20
"""Maximum number of pages in a row without new records, for small pages and pages found by a link."""


class PageRefusedError(Exception):
    """Raised for a response that is not a page of the listing.

    ``fault`` says what is wrong. ``value`` is evidence for the error report: the beginning of the body or the parsed
    response, or None.
    """

    def __init__(self, fault: faults.RequestFault, value: Any = None) -> None:
        super().__init__(fault.detail)
        self.fault, self.value = fault, value


class ListingSpider(PortalSpider):
    """Base class of spiders that read a listing page by page.

    A subclass builds the request for a page (:meth:`ask`) and reads its records (:meth:`read`). The base class follows
    the pages to the end, retries failing pages in smaller parts, and resumes interrupted harvests.
    """

    max_rows: ClassVar[int] = 1000
    """Maximum number of records on a page that the interface allows."""
    has_numbers: ClassVar[bool] = False
    """True if pages are requested by number; a page then starts at a multiple of its size. A page that the portal caps
    counts as a whole one; see :meth:`following`."""
    can_shrink: ClassVar[bool] = True
    """False if a page cannot be requested with fewer records."""

    async def begin(self) -> AsyncIterator[Any]:
        self.barren = 0
        self.resume(self.cursor or {})
        for step in self.continued(self.cursor) if self.cursor else self.opening():
            yield step

    # Hooks of a subclass

    def ask(self, page_cursor: PageCursor) -> Request:
        """Return the request for the page at ``page_cursor``; a subclass builds it with :meth:`get`."""
        raise NotImplementedError

    def read(self, response: Response, page_cursor: PageCursor) -> ListingPage:
        """Return the records of ``response`` (status 2xx) as a listing page; ``page_cursor`` is the position requested.

        Raise PageRefusedError, or ValueError with a readable reason, if the response is not a page of the listing.
        """
        raise NotImplementedError

    def resume(self, cursor: dict[str, Any]) -> None:
        """Restore the attributes that a subclass keeps during a harvest.

        ``cursor`` is what :meth:`position` stored before the harvest was interrupted, or {} for a new harvest.
        """

    def position(self, page_cursor: PageCursor) -> dict[str, Any]:
        """Return the JSON object to store so that an interrupted harvest can continue at ``page_cursor``.

        A subclass adds what its :meth:`resume` needs.
        """
        return {"walk": page_cursor.as_json()}

    def opening(self) -> list[Any]:
        """Return the requests to send, or pages to store, at the start of a new harvest."""
        return [self.ask(self.first_walk())]

    def continued(self, cursor: dict[str, Any]) -> list[Any]:
        """Return the requests to send, or pages to store, at the start of a harvest that was interrupted.

        ``cursor`` is what :meth:`position` stored before the interruption.
        """
        page_cursor = PageCursor(**cursor["walk"])
        return self.at_end(page_cursor, "the last page is read") if page_cursor.is_end else [self.ask(page_cursor)]

    def fallback(
        self, fault: faults.RequestFault, response: Response | None, page_cursor: PageCursor
    ) -> list[Any] | None:
        """Return what to do instead if the page at ``page_cursor`` failed, as a list; None leaves it to
        :meth:`round_trouble`.

        A subclass may return requests in another sort order, requests to another API, or the end of the harvest.
        ``fault`` is why the page failed; ``response`` is None if no response came. The default is None.
        """
        return None

    def next_cursor(self, page_cursor: PageCursor, listing_page: ListingPage) -> PageCursor:
        """Return the cursor of the page that follows ``listing_page``, which was read at ``page_cursor``."""
        return page_cursor.forward(listing_page.count, listing_page.at)

    # Requesting

    def first_walk(self) -> PageCursor:
        """Return the cursor of the first page.

        It requests as many records as ``limits.page_rows`` in the portal file says, but at most ``max_rows``.
        """
        return PageCursor(rows=min(self.portal.limits.page_rows, self.max_rows))

    def get(self, url: str, page_cursor: PageCursor, **kwargs: Any) -> Request:
        """Return the request to ``url`` for the page at ``page_cursor``, with its callbacks and number of retries.

        ``kwargs`` are passed on to the Scrapy request.
        """
        # A page that had to shrink has failed already, so it is retried less often.
        tries = {} if page_cursor.size == 0 else {"max_retry_times": 1 if page_cursor.size == 1 else 0}
        is_plain = self.stats.mode == "full" and not page_cursor.is_second and kwargs.get("method", "GET") == "GET"
        return self.request(
            url,
            self.on_page,
            errback=self.on_page_failed,
            is_conditional=is_plain,
            meta={**tries, **kwargs.pop("meta", {})},
            cb_kwargs={"page_cursor": page_cursor},
            **kwargs,
        )

    # Responses

    async def on_page_failed(self, failure: Failure) -> AsyncIterator[Any]:
        """Handle a failed request for a page of the listing as :meth:`fallback` or, if that returns None,
        :meth:`round_trouble` describes.
        """
        request: Request = failure.request  # type: ignore[attr-defined]
        fault, page_cursor = self.fault_of(failure), request.cb_kwargs["page_cursor"]
        other = self.fallback(fault, None, page_cursor)
        for step in self.round_trouble(fault, page_cursor, request.url) if other is None else other:
            yield step

    async def on_page(self, response: Response, page_cursor: PageCursor) -> AsyncIterator[Any]:
        """Read ``response``, the page at ``page_cursor``; if it is unchanged since an earlier harvest, its datasets
        count as seen.

        A response that is an error or cannot be read is handled like a failed request; see :meth:`on_page_failed`.
        """
        if known := self.remembered(response):
            for step in self.on_same(known, page_cursor):
                yield step
            return
        try:
            listing_page = self.sheet_of(response, page_cursor)
        except PageRefusedError as refusal:
            other = self.fallback(refusal.fault, response, page_cursor)
            if other is None:
                other = self.round_trouble(refusal.fault, page_cursor, response.url, refusal.value)
            for step in other:
                yield step
            return
        for step in self.taken(listing_page, response, page_cursor):
            yield step

    def taken(self, listing_page: ListingPage, response: Response, page_cursor: PageCursor) -> Iterator[Any]:
        """Yield the page to store for ``listing_page``, and then the steps that :meth:`next_of` returns.

        ``page_cursor`` is the position at which ``response`` was requested.
        """
        self.stats.advertise(listing_page.total)
        before, named = self.known(), self.known_names()
        next_cursor = self.following(page_cursor, listing_page)
        is_regular = self.stats.mode == "full" and page_cursor.size == 0 and not page_cursor.is_second
        state = {
            "total": listing_page.total,
            "received": listing_page.count,
            "at": listing_page.at,
            "is_end": listing_page.is_end,
        }
        page = self.page(
            response,
            listing_page.records,
            state=state if is_regular and self.may_remember(listing_page) else None,
            is_second=page_cursor.is_second,
            is_overlap=self.may_overlap(page_cursor),
        )
        self.kept(page)
        yield replace(page, checkpoint=self.checkpoint(self.position(next_cursor)))
        has_more = self.known() > before
        is_lost = has_more and self.known_names() == named
        yield from self.next_of(
            page_cursor, next_cursor, has_more or not listing_page.count, response.url, is_lost=is_lost
        )

    def sheet_of(self, response: Response, page_cursor: PageCursor) -> ListingPage:
        """Return the listing page that ``response`` holds; ``page_cursor`` is the position requested.

        Raise PageRefusedError if the response is an error (4xx, 5xx) or cannot be read.
        """
        if fault := faults.of_response(response):
            raise PageRefusedError(fault, response.body[:500].decode("utf-8", "replace"))
        try:
            return self.read(response, page_cursor)
        except ValueError as error:
            start = response.body.lstrip()[:1]
            kind = "empty" if not start else "parse" if start == b"<" else "cut_short"
            remedy = f"check that {self.portal.url} is the address of a portal of type {self.type}"
            fault = faults.RequestFault(kind, "unknown", str(error), remedy)
            raise PageRefusedError(fault, response.body[:300].decode("utf-8", "replace")) from error

    def kept(self, page: HarvestPage) -> None:
        """Do nothing; a subclass may override this to do further work with each page before it is stored.

        ``page`` holds the records of the page, mapped to datasets.
        """

    def is_last(self, page_cursor: PageCursor, listing_page: ListingPage) -> bool:
        """Return whether ``listing_page``, read at ``page_cursor``, is the last page of the listing.

        It is the last one if the portal says so. If it names no next page (``at``), it also is the last one if it is
        empty, or if it reaches the portal's total with fewer records than an earlier page.
        """
        return listing_page.is_end or (
            listing_page.at is None and page_cursor.is_last(listing_page.count, self.stats.advertised)
        )

    def following(self, page_cursor: PageCursor, listing_page: ListingPage) -> PageCursor:
        """Return the cursor of the page after ``listing_page``, which was read at ``page_cursor``.

        If that page was the last one, ``is_end`` of the cursor is True. Normally the offset grows by the number of
        records received. If pages are requested by number and fewer records came than requested, the next page could
        have the same number; the offset then grows by the number of records requested.
        """
        # Before the next cursor: a subclass takes its next window from a list there, and an empty list means the end.
        is_last = self.is_last(page_cursor, listing_page)
        cursor = replace(self.next_cursor(page_cursor, listing_page), is_end=is_last)
        is_short = 0 < listing_page.count < page_cursor.asked
        if not self.has_numbers or cursor.is_end or cursor.at is not None or not is_short:
            return cursor
        if self.ask(cursor).url != self.ask(page_cursor).url:
            return cursor
        # The largest page stays the largest one received: it decides which short page is the last one.
        return replace(page_cursor.forward(page_cursor.asked), largest=cursor.largest)

    def may_remember(self, listing_page: ListingPage) -> bool:
        """Return whether ``listing_page`` may be skipped in the next harvest if the portal sends the same bytes again.

        The default is True. A subclass returns False for pages where the same bytes do not mean the same records.
        """
        return True

    def may_overlap(self, page_cursor: PageCursor) -> bool:
        """Return whether records on the page at ``page_cursor`` may have come before without this being an error.

        The default is False. It is True where a listing is started again from the date of the last record.
        """
        return False

    def known(self) -> int:
        """Return how many records have come so far, including unreadable ones and those without identifier.

        If the number does not grow with a page, the paging may run in circles.
        """
        return self.known_names() + self.stats.lost + self.stats.unidentified

    def known_names(self) -> int:
        """Return how many different identifiers have come so far, of datasets and of records that are no datasets."""
        return len(self.seen_ids) + len(self.seen_others)

    def on_same(self, known: CachedResponse, page_cursor: PageCursor) -> list[Any]:
        """Return the page to store for a response that is unchanged since an earlier harvest, and the next request, if
        any.

        ``known`` is the response stored by that harvest, ``page_cursor`` the position requested.
        """
        own = known.state["own"]
        listing_page = ListingPage(**{name: known.state[name] for name in ("total", "received", "at", "is_end")})
        self.stats.advertise(listing_page.total)
        next_cursor = self.following(page_cursor, listing_page)
        before = self.known()
        page = self.unchanged(known, cursor=self.position(next_cursor), is_overlap=self.may_overlap(page_cursor))
        is_new = self.known() > before or bool(own["skipped"]) or not listing_page.count
        return [page, *self.next_of(page_cursor, next_cursor, is_new, known.url)]

    def next_of(
        self, page_cursor: PageCursor, next_cursor: PageCursor, is_new: bool, url: str, *, is_lost: bool = False
    ) -> list[Any]:
        """Return the next step after a page, as a list.

        ``page_cursor`` and ``next_cursor`` are the positions of this page and the next, ``url`` is the address of this
        page. ``is_new`` says whether the page added a record or is empty. ``is_lost`` says that all records it added
        were unreadable, so that it may be an earlier page again. The first rule that applies decides:

        - After the last page, and in a second reading at the portal's total, the step is what :meth:`at_end` returns.
        - After a page that added nothing readable, it is an error that stops a paging loop. In a second reading there
          is no such error. If pages were made smaller, if the next page is found by a link, token or key, or if
          ``is_lost``, there is none either for the first MAX_BARREN such pages in a row.
        - Otherwise it is the request for the next page.
        """
        # A second reading need not go further than the first one did.
        if next_cursor.is_end or (page_cursor.is_second and next_cursor.start >= (self.stats.advertised or 0)):
            return self.at_end(next_cursor, "the last page is read")
        self.barren = 0 if is_new and not is_lost else self.barren + 1
        # On small pages, one lost or repeated record can fill the page.
        allowed = MAX_BARREN if page_cursor.size or next_cursor.at is not None or is_lost else 0
        if self.barren <= allowed or page_cursor.is_second:
            return [self.ask(next_cursor)]
        message = f"{url}: the page holds nothing new: paging goes round in circles"
        return [self.fatal("parse", message, "ask the portal to fix its paging; what was read is kept", url)]

    def round_trouble(
        self, fault: faults.RequestFault, page_cursor: PageCursor, url: str, value: Any = None
    ) -> list[Any]:
        """Return what follows the page at ``page_cursor``, which failed with ``fault``: requests and pages to store.

        ``value`` is the beginning of the response to ``url``, as evidence, or None. The first rule that applies
        decides:

        - An error ends the harvest if a smaller page cannot avoid the fault (its kind is not in SHRINKABLE), if pages
          cannot be made smaller (``can_shrink``), if the deadline is over, or after MAX_UNREADABLE_IN_A_ROW skipped
          records in a row.
        - As long as nothing was read, an error also ends the harvest if the response is no data (the kind "parse"), or
          if the page asked for a single record.
        - If the page asked for several records, a smaller page is requested.
        - A record that fails when it is requested alone is skipped and reported. Then the next page is requested or, if
          the portal's total is reached, :meth:`at_end` follows.
        """
        has_begun = bool(self.stats.kept or page_cursor.start)
        # A home page in place of an API is no question of size.
        is_worth_it = fault.kind in SHRINKABLE and (has_begun or (page_cursor.can_shrink and fault.kind != "parse"))
        # After the deadline a smaller page would be refused as well, and only after waiting for its turn at the host.
        if self.is_over or not self.can_shrink or not is_worth_it or page_cursor.misses >= MAX_UNREADABLE_IN_A_ROW:
            return [self.request_failed(fault, url, value)]
        if page_cursor.can_shrink:
            return [self.ask(page_cursor.smaller(is_aligned=self.has_numbers))]
        beyond = page_cursor.skip()
        self.stats.lost += 1
        self.stats.seen += 1
        error = poisoned(fault.detail, self.pointer(page_cursor.start), url)
        page = HarvestPage(errors=self.written([error]), checkpoint=self.checkpoint(self.position(beyond)))
        if page_cursor.at is None and self.stats.advertised is not None and beyond.start >= self.stats.advertised:
            return [page, *self.at_end(beyond, "the portal's total is reached")]
        return [page, self.ask(beyond)]

    def pointer(self, index: int) -> str:
        """Return the JSON pointer that names the record at ``index`` (from 0, in the whole listing) in errors."""
        return f"/{index}"

    def at_end(self, page_cursor: PageCursor, how: str) -> list[Any]:
        """End the harvest and return [], or return the request that starts a second reading of the whole listing.

        A second reading is needed if identifiers came more than once and fewer records than the portal's total were
        found: some records may have been hidden by repeated ones. ``how`` says in words why the end is reached.
        ``page_cursor`` is the position behind the last page.
        """
        total = self.stats.advertised
        hidden = self.stats.duplicates - self.stats.explained
        if hidden > 0 and total is not None and self.stats.accounted < total:
            if not page_cursor.is_second:
                return [self.ask(page_cursor.again())]
            # The same records came twice in both readings, so no other record hides behind them.
            self.stats.explained += hidden
            self.stats.notes.append(f"{hidden} records come twice, in a second reading too")
        self.stats.end(how)
        return []
