"""Share the work of spiders that request a list of addresses one by one, such as files in a folder or a sitemap's
pages.

First all addresses are collected and written to disk in a fixed order, then each one is requested. An interrupted
harvest therefore only needs to remember its position in that list.
"""

from __future__ import annotations

import json
from collections import deque
from collections.abc import AsyncIterator
from pathlib import Path
from typing import TYPE_CHECKING, Any, ClassVar
from urllib.parse import urlsplit

from catalog.files import sha256
from catalog.model import HarvestError, HarvestPage
from harvester.http import faults
from harvester.spiders.base.losses import cut
from harvester.spiders.base.portal_spider import PortalSpider

if TYPE_CHECKING:
    from scrapy import Request
    from scrapy.http import Response
    from twisted.python.failure import Failure

__all__ = ["AddressSpider"]

MAX_MISSES = 20
"""Failures in a row after which the harvest ends; addresses that are gone (404, 410) do not count."""
MAX_STALE = 0.2
"""Share of addresses (0..1) that may be gone; above it the listing is stale or the server has a problem."""
MAX_GONE = 200
"""Number of addresses that may be gone before the first one has returned a dataset."""
MAX_LISTINGS = 5_000
"""Maximum number of listings (folders, sitemaps) that are read."""


class AddressSpider(PortalSpider):
    """Base class of spiders that request many addresses one by one, such as the files of a folder.

    The addresses are found in listings (folders, sitemaps). A subclass names the first listings (:meth:`listings`),
    reads each listing (:meth:`read_listing`), and reads the records at an address (:meth:`read_address`).
    """

    counts_addresses: ClassVar[bool] = True
    """True if every address is one dataset, so that their number is the portal's total."""
    may_repeat: ClassVar[bool] = False
    """True if several addresses may legitimately describe the same dataset."""
    passed_here = 0
    """Number of datasets that the last address named without describing them, because other addresses should."""

    # Hooks of a subclass

    def listings(self) -> list[str]:
        """Return the addresses of the listings to start with (folders, sitemaps).

        A subclass may also pass addresses of datasets to :meth:`add` and return an empty list.
        """
        raise NotImplementedError

    def read_listing(self, response: Response) -> list[str]:
        """Pass the addresses of datasets in the listing ``response`` to :meth:`add`, and return the addresses of
        further listings.

        Raise ValueError if the response is not a listing.
        """
        raise NotImplementedError

    def read_address(self, response: Response) -> list[tuple[str, Any]]:
        """Return the records in ``response`` as pairs of JSON pointer and record.

        Raise ValueError if the response cannot be read.
        """
        raise NotImplementedError

    def not_listed(self, url: str, fault: faults.RequestFault) -> list[Any] | None:
        """Return the requests or pages that replace the listing at ``url``; None if nothing can replace it.

        The listing could not be read because of ``fault``. The default is None: the harvest then ends with an error and
        cannot be complete.
        """
        return None

    def may_overlap(self, records: list[tuple[str, Any]]) -> bool:
        """Return whether ``records``, all read from one address, may describe datasets already read from another.

        The default is ``may_repeat``.
        """
        return self.may_repeat

    def listing_request(self, url: str) -> Request:
        """Return the request for the listing at ``url``, with its callback and error handler."""
        return self.request(url, self.on_listing, errback=self.on_listing_failed)

    def order(self, url: str) -> tuple[Any, ...]:
        """Return the sort key of the address ``url``, by default the address; it must be the same in every harvest."""
        return (url,)

    def look_up(self, identifier: str, source_url: str) -> str | None:
        """Return ``source_url``, which described the dataset ``identifier``, to request it again; None if it is
        empty."""
        return source_url or None

    # Collecting

    async def begin(self) -> AsyncIterator[Any]:
        self.wanted: dict[str, None] = {}
        self.waiting: deque[str] = deque()
        self.listed: set[str] = set()
        self.elsewhere: set[str] = set()
        self.tried: list[str] = []
        """Listings that could not be read, each with the reason."""
        self.misses, self.stale = 0, 0
        self.passed, self.telling = 0, 0
        """The highest number of datasets left out at one address, and the number of addresses that describe a dataset.
        """
        at = self.cursor
        if at and self.path.is_file() and sha256(self.path) == at["sha256"]:
            self.stale, self.passed, self.telling = at["stale"], at["passed"], at["telling"]
            self.names = json.loads(self.path.read_text("utf-8"))
            self.sha256 = at["sha256"]
            steps = self.ask_next(at["index"])
        else:
            if at:
                self.start_over("a harvest that was broken off was begun again: the list of addresses was gone")
            self.queue(self.listings())
            steps = self.list_next()
        for step in steps:
            yield step

    @property
    def path(self) -> Path:
        """Path of the file that holds all collected addresses until the harvest has requested them."""
        return self.run.data / "feeds" / f"{self.portal.id}.addresses"

    def add(self, url: str) -> None:
        """Add ``url`` to the addresses to request. An address that is added several times is requested once."""
        self.wanted[url] = None

    def add_elsewhere(self, url: str) -> None:
        """Count ``url``, an address that is not requested because it is on another host, in the statistics under that
        host.

        An address that is passed several times is counted once. One that is not valid, or not http or https, is counted
        under "no web address".
        """
        if url not in self.elsewhere:
            self.elsewhere.add(url)
            try:
                parts = urlsplit(url)
                host = parts.hostname if parts.scheme in ("http", "https") else None
            except ValueError:
                host = None
            self.stats.leave_out(host or "no web address")

    def queue(self, urls: list[str]) -> None:
        """Add ``urls``, addresses of listings, to the listings to read; an address that was added before is ignored.

        At most MAX_LISTINGS are read. If there are more, a fault of the harvest says so.
        """
        for url in urls:
            if url in self.listed:
                continue
            if len(self.listed) < MAX_LISTINGS:
                self.listed.add(url)
                self.waiting.append(url)
            elif (many := f"there are more than {MAX_LISTINGS:,} listings: the others were not read") not in (
                self.stats.faults
            ):
                self.stats.fail(many)

    def list_next(self) -> list[Any]:
        """Return the request for the next listing, in a list.

        After the last listing, write the collected addresses to disk in the order of :meth:`order`, and return the
        result of :meth:`ask_next` for the first of them.
        """
        if self.waiting:
            return [self.listing_request(self.waiting.popleft())]
        self.names = sorted(self.wanted, key=self.order)
        self.path.parent.mkdir(parents=True, exist_ok=True)
        part = self.path.with_suffix(".part")
        part.write_text(json.dumps(self.names, ensure_ascii=False), "utf-8", errors="surrogatepass")
        part.replace(self.path)
        self.sha256 = sha256(self.path)
        if self.counts_addresses:
            self.stats.advertise(len(self.names))
        return self.ask_next(0)

    async def on_listing_failed(self, failure: Failure) -> AsyncIterator[Any]:
        """Handle a failed request for a listing (a folder or sitemap) as :meth:`listing_fault` describes."""
        request: Request = failure.request  # type: ignore[attr-defined]
        for step in self.listing_fault(self.fault_of(failure), request.meta["asked"]):
            yield step

    def listing_fault(self, fault: faults.RequestFault, url: str, value: Any = None) -> list[Any]:
        """Return the steps after the listing at ``url`` could not be read because of ``fault``.

        These are what :meth:`not_listed` returns to replace the listing, or else an error, after which the harvest
        cannot be complete, since the datasets in the listing stay unknown. The next request follows; after an error
        only if other listings wait or addresses were collected. ``value`` is the beginning of the response, for the
        error report, or None.
        """
        other = self.not_listed(url, fault)
        self.tried.append(f"{url}: {fault.detail}")
        if other is not None:
            return [*other, *self.list_next()]
        page = self.fatal(fault.kind, "; ".join(self.tried), fault.remedy, url, value)
        return [page, *self.list_next()] if self.wanted or self.waiting else [page]

    async def on_listing(self, response: Response) -> AsyncIterator[Any]:
        """Collect the addresses in ``response``, a listing (a folder or sitemap), and yield the request for the next
        listing.

        If the response is an error or no listing, the steps are those of :meth:`listing_fault`.
        """
        fault = faults.of_response(response)
        value = response.body[:300].decode("utf-8", "replace")
        if fault is None:
            try:
                self.queue(self.read_listing(response))
            except ValueError as error:
                remedy = f"check that {response.url} is what the portal file says"
                fault = faults.RequestFault("parse", "unknown", str(error), remedy)
        # After a redirect, report the address that was requested.
        for step in self.listing_fault(fault, response.meta["asked"], value) if fault else self.list_next():
            yield step

    # Requesting

    def ask_next(self, index: int) -> list[Any]:
        """Return the request for the address at ``index`` of the list, in a list.

        After the last address the result is empty, and the harvest ends. It gets a fault if several addresses, and more
        than the share MAX_STALE of all, are gone. It also gets one if a single address left out more datasets, because
        each should be described at an address of its own, than there are addresses that describe a dataset or are gone.
        Otherwise it ends as complete, unless it already has a fault.
        """
        if index < len(self.names):
            return [
                self.request(
                    self.names[index],
                    self.on_address,
                    errback=self.on_address_failed,
                    is_conditional=True,
                    cb_kwargs={"index": index},
                )
            ]
        self.path.unlink(missing_ok=True)
        # Every address was requested once, so a dataset described twice does not hide another one.
        self.stats.explained = self.stats.duplicates
        if self.stale > len(self.names) * MAX_STALE and self.stale > 1:
            self.stats.fail(
                f"{self.stale:,} of {len(self.names):,} addresses that are listed are gone: "
                "the list is stale, or the server is in trouble"
            )
        elif self.passed > self.telling + self.stale:
            self.stats.fail(
                f"a page names {self.passed:,} others that should describe datasets, and only {self.telling:,} do"
            )
        elif not self.stats.faults:
            self.stats.end("all addresses are asked for")
        return []

    def place(self, index: int) -> dict[str, Any]:
        """Return the cursor (a JSON object) with which an interrupted harvest continues at position ``index`` of the
        list.
        """
        counts = {"stale": self.stale, "passed": self.passed, "telling": self.telling}
        return {"index": index, "sha256": self.sha256, **counts}

    async def on_address_failed(self, failure: Failure) -> AsyncIterator[Any]:
        """Handle a failed request for one of the collected addresses as :meth:`missed` describes."""
        request: Request = failure.request  # type: ignore[attr-defined]
        for step in self.missed(self.fault_of(failure), request.cb_kwargs["index"], request.url):
            yield step

    async def on_address(self, response: Response, index: int) -> AsyncIterator[Any]:
        """Read the records in ``response``, from the address at position ``index`` in the list; request the next
        address.

        If the response has not changed since an earlier harvest, the datasets it described then count as seen. If it is
        an error or cannot be read, the steps are those of :meth:`missed`.
        """
        if known := self.remembered(response):
            self.passed = max(self.passed, known.state.get("passed", 0))
            self.telling += bool(known.identifiers)
            yield self.unchanged(known, cursor=self.place(index + 1), is_overlap=self.may_repeat)
        elif fault := faults.of_response(response):
            value = response.body[:300].decode("utf-8", "replace")
            for step in self.missed(fault, index, response.url, value):
                yield step
            return
        else:
            try:
                records = self.read_address(response)
            except ValueError as error:
                fault = faults.RequestFault("parse", "unknown", str(error), "correct the document at this address")
                value = response.body[:300].decode("utf-8", "replace")
                for step in self.missed(fault, index, response.url, value):
                    yield step
                return
            self.misses = 0
            self.passed = max(self.passed, self.passed_here)
            self.telling += bool(records)
            yield self.page(
                response,
                records,
                cursor=self.place(index + 1),
                state={"passed": self.passed_here},
                is_overlap=self.may_overlap(records),
            )
        for step in self.ask_next(index + 1):
            yield step

    def missed(self, fault: faults.RequestFault, index: int, url: str, value: Any = None) -> list[Any]:
        """Return the steps after an address that gave no records: an error, and the next request if there is one.

        ``fault`` is why. 404 and 410 count as gone, any other fault as a lost record. ``index`` is the position of the
        address ``url`` in the list, and ``value`` the beginning of the response or None. An error that ends the harvest
        takes the place of the next request in two cases: MAX_MISSES addresses were lost without a readable one between
        them, or MAX_GONE addresses are gone and no dataset was stored.
        """
        if fault.kind == "gone":
            self.stale += 1
            self.stats.gone += 1
        else:
            self.misses += 1
            self.stats.lost += 1
        self.stats.seen += 1
        error = HarvestError(
            kind=fault.kind, message=f"{url}: {fault.detail}", remedy=fault.remedy, url=url, value=cut(value)
        )
        page = HarvestPage(errors=self.written([error]), checkpoint=self.checkpoint(self.place(index + 1)))
        if self.stale >= MAX_GONE and not self.stats.kept:
            # The server answers 404 to everything; thousands of further requests would show nothing new.
            message = f"the first {self.stale:,} addresses are gone, and {len(self.names) - index - 1:,} were not asked"
            return [
                page,
                self.fatal(
                    "gone", message, "ask the portal to remove addresses that no longer exist from its listing", url
                ),
            ]
        if self.misses < MAX_MISSES:
            return [page, *self.ask_next(index + 1)]
        left = len(self.names) - index - 1
        message = f"{MAX_MISSES} addresses in a row failed; {left:,} more were not asked: {fault.detail}"
        return [page, self.fatal(fault.kind, message, fault.remedy, url)]
