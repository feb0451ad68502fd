"""What spiders share that are given addresses, and ask them one by one: files of a folder, pages of a sitemap.

First the addresses are collected and written to disk, in an order that is always the same; then each is asked. So a
harvest that is broken off needs to remember no more than how far it had come.
"""

from __future__ import annotations

import json
from collections import deque
from collections.abc import AsyncIterator
from pathlib import Path
from typing import TYPE_CHECKING, Any, ClassVar
from urllib.parse import urlsplit

from catalog.model import HarvestError, Page
from harvester.http import faults
from harvester.spiders.base.losses import cut
from harvester.spiders.base.page_content import sha256_of
from harvester.spiders.base.portal_spider import PortalSpider

if TYPE_CHECKING:
    from scrapy import Request
    from scrapy.http import Response
    from twisted.python.failure import Failure

__all__ = ["AddressSpider"]

MAX_MISSES = 20
"""Addresses in a row that fail before the harvest is ended. Those that are gone do not count."""
MAX_STALE = 0.2
"""Share of the addresses that may be gone; beyond it the listing is stale, or the server is in trouble."""
MAX_GONE = 200
"""Addresses that may be gone before any has brought a dataset."""
MAX_LISTINGS = 5_000
"""Listings read: folders, sitemaps."""


class AddressSpider(PortalSpider):
    """Base of spiders that ask addresses one by one.

    A subclass gives the first listings (``listings``), says what is in one (``read_listing``) and what records an
    address holds (``read_address``).
    """

    counts_addresses: ClassVar[bool] = True
    """Every address is a dataset: their number is what the portal says it has."""
    may_repeat: ClassVar[bool] = False
    """Several addresses may describe the same dataset by right."""
    passed_here = 0
    """Datasets of the address that was read last which were passed over, for other addresses describe them."""

    # What a subclass says

    def listings(self) -> list[str]:
        """Addresses of the listings to begin with; or those that are to be asked themselves, by ``self.add``."""
        raise NotImplementedError

    def read_listing(self, response: Response) -> list[str]:
        """Further listings named in one; addresses are added by :meth:`add`. Raises ValueError where it is none."""
        raise NotImplementedError

    def read_address(self, response: Response) -> list[tuple[str, Any]]:
        """(Pointer, record) of all records of an answer. Raises ValueError where it cannot be read."""
        raise NotImplementedError

    def not_listed(self, url: str, fault: faults.RequestFault) -> list[Any] | None:
        """What to do where a listing cannot be read, by the address that was asked; None: that is a fault."""
        return None

    def may_overlap(self, records: list[tuple[str, Any]]) -> bool:
        """Whether records of an answer may describe by right what was described before."""
        return self.may_repeat

    def listing_request(self, url: str) -> Request:
        return self.request(url, self.on_listing, errback=self.on_listing_failed)

    def order(self, url: str) -> tuple[Any, ...]:
        """Sorts the addresses."""
        return (url,)

    def look_up(self, identifier: str, source_url: str) -> str | None:
        """A dataset is asked for at the address that told of it."""
        return source_url or None

    # Collecting

    async def begin(self) -> AsyncIterator[Any]:
        self.wanted: dict[str, None] = {}
        self.waiting: deque[str] = deque()
        self.listed: set[str] = set()
        self.elsewhere: set[str] = set()
        self.tried: list[str] = []
        """Listings that cannot be read, and why."""
        self.misses, self.stale = 0, 0
        self.passed, self.telling = 0, 0
        """The most that one address passed over; and how many addresses describe something."""
        at = self.cursor
        if at and self.path.is_file() and sha256_of(self.path) == at["sha256"]:
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
        """Where the addresses lie while they are asked."""
        return self.night.data / "feeds" / f"{self.portal.id}.addresses"

    def add(self, url: str) -> None:
        """An address to be asked."""
        self.wanted[url] = None

    def add_elsewhere(self, url: str) -> None:
        """An address on another host, which is not asked: it is counted by its host, once."""
        if url not in self.elsewhere:
            self.elsewhere.add(url)
            try:
                parts = urlsplit(url)
                host = parts.hostname if parts.scheme in ("http", "https") else None
            except ValueError:
                host = None
            self.tally.leave_out(host or "no web address")

    def queue(self, urls: list[str]) -> None:
        """Listings to be read, each once."""
        for url in urls:
            if url in self.listed:
                continue
            if len(self.listed) < MAX_LISTINGS:
                self.listed.add(url)
                self.waiting.append(url)
            elif (many := f"there are more than {MAX_LISTINGS:,} listings: the others were not read") not in (
                self.tally.faults
            ):
                self.tally.fail(many)

    def list_next(self) -> list[Any]:
        """The next listing; or, after the last, the first address."""
        if self.waiting:
            return [self.listing_request(self.waiting.popleft())]
        self.names = sorted(self.wanted, key=self.order)
        self.path.parent.mkdir(parents=True, exist_ok=True)
        part = self.path.with_suffix(".part")
        part.write_text(json.dumps(self.names, ensure_ascii=False), "utf-8", errors="surrogatepass")
        part.replace(self.path)
        self.sha256 = sha256_of(self.path)
        if self.counts_addresses:
            self.tally.advertise(len(self.names))
        return self.ask_next(0)

    async def on_listing_failed(self, failure: Failure) -> AsyncIterator[Any]:
        request: Request = failure.request  # type: ignore[attr-defined]
        for step in self.listing_fault(self.fault_of(failure), request.meta["asked"]):
            yield step

    def listing_fault(self, fault: faults.RequestFault, url: str, value: Any = None) -> list[Any]:
        """A listing that cannot be read: what it lists is not seen, so nothing that follows can be complete."""
        other = self.not_listed(url, fault)
        self.tried.append(f"{url}: {fault.detail}")
        if other is not None:
            return [*other, *self.list_next()]
        page = self.fatal(fault.kind, "; ".join(self.tried), fault.remedy, url, value)
        return [page, *self.list_next()] if self.wanted or self.waiting else [page]

    async def on_listing(self, response: Response) -> AsyncIterator[Any]:
        fault = faults.of_response(response)
        value = response.body[:300].decode("utf-8", "replace")
        if fault is None:
            try:
                self.queue(self.read_listing(response))
            except ValueError as error:
                remedy = f"check that {response.url} is what the portal file says"
                fault = faults.RequestFault("parse", "unknown", str(error), remedy)
        # A redirect may have led elsewhere: what is missing is what was asked for.
        for step in self.listing_fault(fault, response.meta["asked"], value) if fault else self.list_next():
            yield step

    # Asking

    def ask_next(self, index: int) -> list[Any]:
        """The request for an address; the end after the last."""
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
        # Every address was asked once: what two of them describe hides nothing else.
        self.tally.explained = self.tally.duplicates
        if self.stale > len(self.names) * MAX_STALE and self.stale > 1:
            self.tally.fail(
                f"{self.stale:,} of {len(self.names):,} addresses that are listed are gone: "
                "the list is stale, or the server is in trouble"
            )
        elif self.passed > self.telling + self.stale:
            self.tally.fail(
                f"a page names {self.passed:,} others that should describe datasets, and only {self.telling:,} do"
            )
        elif not self.tally.faults:
            self.tally.end("all addresses are asked for")
        return []

    def place(self, index: int) -> dict[str, Any]:
        """The cursor before an address."""
        counts = {"stale": self.stale, "passed": self.passed, "telling": self.telling}
        return {"index": index, "sha256": self.sha256, **counts}

    async def on_address_failed(self, failure: Failure) -> AsyncIterator[Any]:
        request: Request = failure.request  # type: ignore[attr-defined]
        for step in self.missed(self.fault_of(failure), request.cb_kwargs["index"], request.url):
            yield step

    async def on_address(self, response: Response, index: int) -> AsyncIterator[Any]:
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
                fault = faults.RequestFault("parse", "unknown", str(error), "mend what is served at this address")
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
        """An address that brings nothing: one that is gone is a stale link, any other may hide a record."""
        if fault.kind == "gone":
            self.stale += 1
            self.tally.gone += 1
        else:
            self.misses += 1
            self.tally.lost += 1
        self.tally.seen += 1
        error = HarvestError(
            kind=fault.kind, message=f"{url}: {fault.detail}", remedy=fault.remedy, url=url, value=cut(value)
        )
        page = Page(errors=self.written([error]), checkpoint=self.checkpoint(self.place(index + 1)))
        if self.stale >= MAX_GONE and not self.tally.kept:
            # A server that answers 404 to all of them; thousands more would tell nothing.
            message = f"the first {self.stale:,} addresses are gone, and {len(self.names) - index - 1:,} were not asked"
            return [page, self.fatal("gone", message, "look at the listing, which names what is not there", url)]
        if self.misses < MAX_MISSES:
            return [page, *self.ask_next(index + 1)]
        left = len(self.names) - index - 1
        message = f"{MAX_MISSES} addresses in a row failed; {left:,} more were not asked: {fault.detail}"
        return [page, self.fatal(fault.kind, message, fault.remedy, url)]
