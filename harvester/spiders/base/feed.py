"""Share the work of spiders that read one long JSON document, which is saved to disk and read record by record.

Feeds of CKAN return further pages at ``?page=2``. A truncated document makes the harvest partial, never complete.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Iterator
from dataclasses import replace
from itertools import dropwhile, islice
from pathlib import Path
from typing import Any, ClassVar

from scrapy import Request
from scrapy.http import Response

from catalog.files import sha256
from catalog.model import HarvestError, HarvestPage
from harvester.http import faults
from harvester.http.download import BodySaver, SavedBody
from harvester.spiders.base.json_stream import Element, StreamEnd, UnreadableElement, records
from harvester.spiders.base.json_text import odd_encoding
from harvester.spiders.base.losses import cut
from harvester.spiders.base.page_content import PageContent
from harvester.spiders.base.portal_spider import PortalSpider
from quality.tables.read.declared_format import charset_of

__all__ = ["FeedSpider"]

BATCH = 500
"""Records written in one transaction."""
NO_SUCH_PAGE = (400, 404, 410)
"""Status codes that mean that there is no further page; any other failure does not mark the end."""
CKAN_PAGE = 100
"""Datasets on one page of a feed made by ckanext-dcat."""


class FeedSpider(PortalSpider):
    """Base class of spiders that read all records from one long JSON document (a feed), or from a few numbered ones.

    A subclass sets ``feed`` and maps the records.
    """

    @property
    def feed(self) -> str:
        """Address of the document; further pages are requested at this address with ``?page=2`` and so on."""
        raise NotImplementedError

    element: ClassVar[str] = "dataset"
    """Name of the array that holds the records, used in the JSON pointers of errors."""
    broken: ClassVar[str] = "the record is not valid JSON"
    """Beginning of the error message for a record that cannot be parsed."""
    remedy: str = "ask the portal for a whole and valid document; what was read is kept"
    """Advice to the portal when the document cannot be read to its end."""
    headers: ClassVar[dict[str, str]] = {}
    """Headers of every request."""

    stands_alone = True
    """False if a page can only be understood together with the others; such pages are read in every harvest."""

    async def begin(self) -> AsyncIterator[Any]:
        async for step in self.begin_feed():
            yield step

    async def prepare(self, path: Path, response: Response) -> None:
        """Prepare the document saved at ``path`` before its records are read.

        The default does nothing; work that takes long or may hang belongs here. ``response`` has its headers and
        address.
        """

    def elements(self, path: Path, response: Response) -> Iterator[Any]:
        """Yield an Element for each readable record of the document saved at ``path``, an UnreadableElement for each
        other one, and a StreamEnd last (see :mod:`~harvester.spiders.base.json_stream`).

        Their ``index`` counts from 0 and must be the same when the file is read again, because an interrupted harvest
        continues after it. By default the array ``self.element`` of a JSON document is read. ``response`` has the
        headers and the address of the document.
        """
        return records(path, self.element, charset=charset_of(response.headers.get("Content-Type")))

    def more(self, end: StreamEnd, on_page: int) -> bool | str:
        """Return whether another page follows the one just read, or the address of that page if it is known.

        ``end`` is the end of the document just read, and ``on_page`` the number of its records. By default no address
        is returned. A page is then assumed to follow if the number of records is CKAN_PAGE (the size of the pages of
        CKAN) or a multiple of it.
        """
        return bool(on_page) and on_page % CKAN_PAGE == 0

    def fallback(self, number: int) -> Request | None:
        """Return a request for another address of the feed; None (the default) if there is none to try.

        It is called if page ``number`` cannot be read, and only for the first page (number 1).
        """
        return None

    async def begin_feed(self) -> AsyncIterator[Any]:
        """Yield the first request of a new harvest, or the next steps of an interrupted one.

        If the interruption came between two pages, the next page is requested. If it came within a page, the file of
        that page is read on; if this file is gone or has changed, the harvest starts over.
        """
        at = self.cursor
        self.bodies: set[str] = set(at["bodies"]) if at else set()
        self.tried: list[str] = []
        """Addresses that are not a feed, each with the reason."""
        if not at:
            yield self.get_feed(1)
        elif at["index"] is None:
            yield self.get_feed(at["number"], at["link"])
        elif self.path.is_file() and sha256(self.path) == at["sha256"]:
            asked = Request(at["url"], meta={"asked": at["url"], "exchange": at["exchange"]})
            response = Response(at["url"], request=asked, headers={"Content-Type": at["content_type"]})
            saved = SavedBody(self.path, self.path.stat().st_size, at["sha256"], at["cut"])
            async for step in self.read_feed(response, saved, at["number"], at):
                yield step
        else:
            self.start_over("a harvest that was broken off was begun again: the feed it had was gone")
            # The harvest starts over, so a page seen before is new again.
            self.bodies = set()
            yield self.get_feed(1)

    @property
    def path(self) -> Path:
        """Path of the file to which a page of the feed is saved while its records are read."""
        return self.run.data / "feeds" / f"{self.portal.id}.feed"

    def get_feed(self, number: int, link: str | None = None) -> Request:
        """Return the request for page ``number`` (from 1), which saves the response to disk.

        ``link`` is the address of the page, as the page before states it; None builds the address from the number.
        """
        numbered = self.feed if number == 1 else f"{self.feed}{'&' if '?' in self.feed else '?'}page={number}"
        url = link or numbered
        limits = self.portal.limits
        save = BodySaver(self.path, limits.max_feed_bytes, limits.min_bytes_per_s, limits.timeout_s, is_text=True)
        return self.request(
            url,
            self.on_feed,
            is_conditional=True,
            # Only these encodings are decoded while the body is written to disk.
            headers={"Accept-Encoding": "gzip, deflate, br, zstd", **self.headers},
            meta={"save": save, "download_timeout": limits.feed_timeout_s},
            cb_kwargs={"number": number, "is_link": link is not None},
        )

    async def on_feed(self, response: Response, number: int, is_link: bool) -> AsyncIterator[Any]:
        """Read page ``number`` of the feed, which came in ``response`` and was saved to disk.

        ``is_link`` says that the page before stated the address. If it did not, the number was guessed, and a page that
        does not exist marks the end of the feed. If the page is unchanged since an earlier harvest, its datasets count
        as seen. A page with the same bytes as an earlier one is handled as :meth:`came_before` describes. If the first
        page is an error, the request of :meth:`fallback` replaces it; any other error ends the harvest.
        """
        saved: SavedBody | None = response.meta.get("saved")
        known = self.remembered(response, saved.sha256 if saved else None)
        if known and not (saved and saved.cut):
            self.path.unlink(missing_ok=True)
            if known.sha256 in self.bodies:
                for page in self.came_before(response, is_link):
                    yield page
                return
            self.bodies.add(str(known.sha256))
            more = known.state["more"]
            self.recall(known.state)
            page = self.unchanged(known)
            following = self.after(number, more)
            yield replace(page, checkpoint=self.checkpoint(self.before_page(number + 1, more)))
            for step in following:
                yield step
            return
        # A page that the document linked to must exist; a guessed page number need not.
        if number > 1 and not is_link and response.status in NO_SUCH_PAGE:
            for step in self.at_feed_end():
                yield step
            return
        if fault := faults.of_response(response):
            self.tried.append(f"{response.url}: {fault.detail}")
            if number == 1 and (other := self.fallback(number)):
                yield other
            else:
                value = response.body[:500].decode("utf-8", "replace")
                yield self.fatal(fault.kind, "; ".join(self.tried), fault.remedy, response.url, value)
            return
        if saved is None:
            yield self.fatal(
                "parse", f"{response.url}: the response has no body", "check whether the portal works", response.url
            )
            return
        if saved.sha256 in self.bodies:
            saved.path.unlink(missing_ok=True)
            for page in self.came_before(response, is_link):
                yield page
            return
        self.bodies.add(saved.sha256)
        async for step in self.read_feed(response, saved, number):
            yield step

    def came_before(self, response: Response, is_link: bool) -> list[Any]:
        """Return what follows ``response``, a page with the same bytes as an earlier one, as a list.

        If the page before stated the address (``is_link``), the paging runs in circles: the result is an error that
        ends the harvest. If the number of the page was guessed, the server ignores the number: the harvest ends
        normally, with the requests of :meth:`at_feed_end`.
        """
        if is_link:
            message = f"{response.url}: the page came before: paging goes round in circles"
            return [self.fatal("parse", message, "ask the portal to fix its next links", response.url)]
        # The server ignores ?page and sent the whole feed again.
        return self.at_feed_end()

    async def read_feed(
        self, response: Response, saved: SavedBody, number: int, at: dict[str, Any] | None = None
    ) -> AsyncIterator[Any]:
        """Yield the records of the document ``saved`` in pages of BATCH records, and then the next request, if any.

        ``response`` is the response that was saved. ``number`` is the number of the document from 1. ``at`` is the
        cursor at which an interrupted harvest stopped, or None. A document that cannot be read to its end ends the
        harvest with an error, unless it is the first, holds no record and :meth:`fallback` has another. A document
        after the first that holds no new record marks the end of the feed.
        """
        reading = PageContent(response, sha256=saved.sha256)
        begun = {"seen": self.stats.seen, "kept": self.stats.kept} if at is None else at["begun"]
        place = {"number": number, "url": response.url, "sha256": saved.sha256, "cut": saved.cut, "begun": begun}
        place["bodies"] = sorted(self.bodies)
        place["exchange"] = response.meta.get("exchange")
        place |= self.at_page() if at is None else {name: at[name] for name in self.at_page()}
        place["content_type"] = (response.headers.get("Content-Type") or b"").decode("latin-1")
        await self.prepare(saved.path, response)
        stream = self.elements(saved.path, response)
        if at is not None:
            stream = dropwhile(lambda e: not isinstance(e, StreamEnd) and e.index <= at["index"], stream)
        end = StreamEnd(None, {})
        is_over = False
        while not is_over and (batch := list(islice(stream, BATCH))):
            if isinstance(batch[-1], StreamEnd):
                end = batch.pop()
                if end.odd_encoding and not self.has_odd_encoding:
                    self.has_odd_encoding = True
                    self.unsaid.append(odd_encoding(end.odd_encoding, response.url))
            cursor = {**place, "index": batch[-1].index} if batch else None
            yield self.batch(batch, response, reading, cursor)
            is_over = self.is_over or self.stats.seen > self.portal.limits.max_datasets
            # Let other portals run between batches.
            await asyncio.sleep(0)
        on_page, is_new = self.stats.seen - begun["seen"], self.stats.kept > begun["kept"]
        why = _why(saved, end, is_over)
        more = self.more(end, on_page)
        if number > 1 and not is_new and not why:
            for step in self.at_feed_end():
                yield step
        elif why and not on_page and number == 1 and (other := self.fallback(number)):
            self.tried.append(f"{response.url}: {why}")
            # Every address may return the same page.
            self.bodies.discard(saved.sha256)
            saved.path.unlink(missing_ok=True)
            yield other
        elif why:
            kind = "too_large" if is_over or saved.cut == "size" else "parse" if not on_page else "cut_short"
            value = None if on_page else response.body[:300].decode("utf-8", "replace")
            said = "; ".join([*self.tried, f"{response.url}: {why}"])
            yield self.fatal(kind, said, self.remedy, response.url, value)
            saved.path.unlink(missing_ok=True)
        else:
            # A feed that was read in two parts is not remembered, because the contents of the first part are unknown
            # now.
            state = {"more": more, **self.state_of_page()}
            cached = reading.cached(state) if at is None and self.stands_alone else None
            following = self.after(number, more)
            yield HarvestPage(response=cached, checkpoint=self.checkpoint(self.before_page(number + 1, more)))
            # Delete the file only now, when all of it is stored.
            saved.path.unlink(missing_ok=True)
            for step in following:
                yield step

    def at_page(self) -> dict[str, Any]:
        """Return further JSON values to store in the cursor while a page is read; {} by default.

        A subclass needs them if an interrupted harvest reads the same page again.
        """
        return {}

    def before_page(self, number: int, more: bool | str) -> dict[str, Any]:
        """Return the cursor with which an interrupted harvest continues at page ``number``.

        ``more`` is the address of that page if the page before stated one, else True or False: whether there is such a
        page.
        """
        link = more if isinstance(more, str) else None
        return {"number": number, "link": link, "index": None, "bodies": sorted(self.bodies)}

    def after(self, number: int, more: bool | str) -> list[Any]:
        """Return the request for the page after page ``number``, in a list, or what :meth:`at_feed_end` returns.

        ``more`` is the address of the next page, True if there is one at the usual address, False if there is none.
        """
        if more:
            return [self.get_feed(number + 1, more if isinstance(more, str) else None)]
        return self.at_feed_end()

    def at_feed_end(self) -> list[Any]:
        """Mark the harvest as ended after the last page; return the requests still to send, none by default."""
        self.stats.end("the whole feed is read")
        return []

    def state_of_page(self) -> dict[str, Any]:
        """Return JSON values that a subclass wants to store with the page just read; {} by default.

        If a later harvest finds the page unchanged, it is not read, and :meth:`recall` is called with these values.
        """
        return {}

    def recall(self, state: dict[str, Any]) -> None:
        """Use ``state``, what :meth:`state_of_page` returned when the page was read, for a page that is unchanged."""

    def batch(
        self, batch: list[Any], response: Response, reading: PageContent, cursor: dict[str, Any] | None
    ) -> HarvestPage:
        """Return the page to store for ``batch``, some of the records of a feed.

        Each unreadable record becomes a harvest error. ``reading`` collects what is stored with ``response`` after its
        last batch. ``cursor`` is where an interrupted harvest continues after this batch, or None.
        """
        broken = [e for e in batch if isinstance(e, UnreadableElement)]
        errors = [
            HarvestError(
                kind="record",
                message=f"{self.broken}: {element.message}",
                remedy="fix the record where the message points; the records around it were kept",
                url=response.url,
                pointer=element.pointer or f"/{self.element}/{element.index}",
                value=cut(element.text),
            )
            for element in broken
        ]
        reading.lost += len(broken)
        reading.remember(errors)
        elements = [(e.pointer or f"/{self.element}/{e.index}", e.value) for e in batch if isinstance(e, Element)]
        page = self.page(response, elements, reading=reading, cursor=cursor)
        return replace(page, errors=page.errors + self.written(errors))


def _why(saved: SavedBody, end: StreamEnd, is_over: bool) -> str | None:
    """Return why a feed was not read to its end; None if it was."""
    if is_over:
        return "the deadline came, or the feed has more records than limits.max_datasets"
    if saved.cut is None:
        return end.fault
    return {
        "size": "the feed is longer than limits.max_feed_bytes",
        "slow": "the feed came more slowly than limits.min_bytes_per_s",
        "coding": "the feed cannot be unpacked",
    }.get(saved.cut, f"the feed broke off ({saved.cut})")
