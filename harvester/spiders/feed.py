"""What spiders share that read one long JSON document: a feed that goes to disk and is read record by record.

Feeds made by CKAN hide the rest behind ``?page=2``; a document cut short is partial, never complete.
"""

from __future__ import annotations

import asyncio
import hashlib
from collections.abc import AsyncIterator, Iterator
from dataclasses import replace
from itertools import dropwhile, islice
from pathlib import Path
from typing import Any, ClassVar

from scrapy import Request
from scrapy.http import Response

from catalog.model import HarvestError, Page
from harvester.checks.download import Save, Saved
from harvester.spiders.base import PortalSpider
from harvester.spiders.json_stream import Broken, Element, StreamEnd, records
from harvester.spiders.losses import cut
from harvester.spiders.reading import Reading

__all__ = ["FeedSpider"]

BATCH = 500
"""Records written in one transaction."""
NO_SUCH_PAGE = (400, 404, 410)
"""How servers say that there is no further page. Whatever else fails is no end."""
CKAN_PAGE = 100
"""Datasets on a page of a feed made by ckanext-dcat."""


class FeedSpider(PortalSpider):
    """Base of spiders of a feed. A subclass sets ``feed``, and says what its elements are."""

    @property
    def feed(self) -> str:
        """Address of the document."""
        raise NotImplementedError

    element: ClassVar[str] = "dataset"
    """Key of the array, for the pointers of errors."""

    async def begin(self) -> AsyncIterator[Any]:
        async for step in self.begin_feed():
            yield step

    def elements(self, path: Path) -> Iterator[Any]:
        """The elements of a document on disk: Element, Broken, and a StreamEnd last."""
        return records(path, self.element)

    async def begin_feed(self) -> AsyncIterator[Any]:
        """The first request, or the rest of what a broken harvest had fetched."""
        at = self.cursor
        self.bodies: set[str] = set(at["bodies"]) if at else set()
        if not at:
            yield self.get_feed(1)
        elif at["index"] is None:
            yield self.get_feed(at["number"])
        elif self.path.is_file() and _sha256(self.path) == at["sha256"]:
            asked = Request(at["url"], meta={"asked": at["url"], "exchange": at["exchange"]})
            saved = Saved(self.path, self.path.stat().st_size, at["sha256"], at["cut"])
            async for step in self.read_feed(Response(at["url"], request=asked), saved, at["number"], at):
                yield step
        else:
            self.start_over("a harvest that was broken off was begun again: the feed it had was gone")
            yield self.get_feed(1)

    @property
    def path(self) -> Path:
        """Where the feed lies while it is read."""
        return self.night.data / "feeds" / f"{self.portal.id}.json"

    def get_feed(self, number: int) -> Request:
        url = self.feed if number == 1 else f"{self.feed}{'&' if '?' in self.feed else '?'}page={number}"
        limits = self.portal.limits
        save = Save(self.path, limits.max_feed_bytes, limits.min_bytes_per_s, limits.timeout_s)
        return self.request(
            url,
            self.on_feed,
            is_conditional=True,
            # The file is unpacked on the way to disk, which knows these.
            headers={"Accept-Encoding": "gzip, deflate"},
            meta={"save": save, "download_timeout": limits.feed_timeout_s},
            cb_kwargs={"number": number},
        )

    async def on_feed(self, response: Response, number: int) -> AsyncIterator[Any]:
        saved: Saved | None = response.meta.get("saved")
        known = self.remembered(response, saved.sha256 if saved else None)
        if known and not (saved and saved.cut):
            self.path.unlink(missing_ok=True)
            if known.sha256 in self.bodies:
                self.tally.end("the whole feed is read")
                return
            self.bodies.add(str(known.sha256))
            following = self.after(number, bool(known.state["more"]))
            yield self.unchanged(known, cursor=self.before_page(number + 1))
            for step in following:
                yield step
            return
        if number > 1 and response.status in NO_SUCH_PAGE:
            self.tally.end("the last page is read")
            return
        if problem := self.refused(response):
            yield problem
            return
        if saved is None:
            yield self.fatal("parse", f"{response.url}: the answer has no body", "look at the portal", response.url)
            return
        if saved.sha256 in self.bodies:
            # ?page is not known there: the whole feed came again.
            saved.path.unlink(missing_ok=True)
            self.tally.end("the whole feed is read")
            return
        self.bodies.add(saved.sha256)
        async for step in self.read_feed(response, saved, number):
            yield step

    async def read_feed(
        self, response: Response, saved: Saved, number: int, at: dict[str, Any] | None = None
    ) -> AsyncIterator[Any]:
        """Read a feed from disk, batch by batch; from the place ``at`` on, where a killed harvest had come to."""
        reading = Reading(response, sha256=saved.sha256)
        begun = {"seen": self.tally.seen, "kept": self.tally.kept} if at is None else at["begun"]
        place = {"number": number, "url": response.url, "sha256": saved.sha256, "cut": saved.cut, "begun": begun}
        place["bodies"] = sorted(self.bodies)
        place["exchange"] = response.meta.get("exchange")
        stream = self.elements(saved.path)
        if at is not None:
            stream = dropwhile(lambda e: not isinstance(e, StreamEnd) and e.index <= at["index"], stream)
        end = StreamEnd(None, {})
        is_over = False
        while not is_over and (batch := list(islice(stream, BATCH))):
            if isinstance(batch[-1], StreamEnd):
                end = batch.pop()  # type: ignore[assignment]
            cursor = {**place, "index": batch[-1].index} if batch else None
            yield self.batch(batch, response, reading, cursor)
            is_over = self.is_over or self.tally.seen > self.portal.limits.max_datasets
            # Other portals have their turn between batches.
            await asyncio.sleep(0)
        on_page, is_new = self.tally.seen - begun["seen"], self.tally.kept > begun["kept"]
        why = _why(saved, end, is_over)
        is_more = bool(on_page) and on_page % CKAN_PAGE == 0
        if number > 1 and not is_new and not why:
            self.tally.end("the whole feed is read")
        elif why:
            kind = "too_large" if is_over or saved.cut == "size" else "parse" if not on_page else "cut_short"
            remedy = "ask the portal for a whole and valid document; what was read is kept"
            value = None if on_page else response.body[:300].decode("utf-8", "replace")
            yield self.fatal(kind, f"{response.url}: {why}", remedy, response.url, value)
            saved.path.unlink(missing_ok=True)
        else:
            # Of a feed that was read in two goes it is not known what its first part held.
            answer = reading.answer({"more": is_more}) if at is None else None
            following = self.after(number, is_more)
            yield Page(answer=answer, checkpoint=self.checkpoint(self.before_page(number + 1)))
            # Only now is nothing in it that is not kept.
            saved.path.unlink(missing_ok=True)
            for step in following:
                yield step

    def before_page(self, number: int) -> dict[str, Any]:
        """The cursor before a page of the feed."""
        return {"number": number, "index": None, "bodies": sorted(self.bodies)}

    def after(self, number: int, is_more: bool) -> list[Request]:
        """The next page of a feed made by CKAN, which tells of it by its length alone; else this was all."""
        if is_more:
            return [self.get_feed(number + 1)]
        self.tally.end("the whole feed is read")
        return []

    def batch(self, batch: list[Any], response: Response, reading: Reading, cursor: dict[str, Any] | None) -> Page:
        """The page of a batch of elements; malformed ones become errors."""
        broken = [e for e in batch if isinstance(e, Broken)]
        errors = [
            HarvestError(
                kind="record",
                message=f"the record is not valid JSON: {element.message}",
                remedy="mend the record where the message points; the records around it were kept",
                url=response.url,
                pointer=f"/{self.element}/{element.index}",
                value=cut(element.text),
            )
            for element in broken
        ]
        reading.lost += len(broken)
        reading.remember(errors)
        elements = [(e.pointer or f"/{self.element}/{e.index}", e.value) for e in batch if isinstance(e, Element)]
        page = self.page(response, elements, reading=reading, cursor=cursor)
        return replace(page, errors=page.errors + self.written(errors))


def _why(saved: Saved, end: StreamEnd, is_over: bool) -> str | None:
    """Why a feed was not read to its end; None where it was."""
    if is_over:
        return "the deadline came, or the feed has more records than limits.max_datasets"
    if saved.cut is None:
        return end.fault
    return {
        "size": "the feed is longer than limits.max_feed_bytes",
        "slow": "the feed came more slowly than limits.min_bytes_per_s",
    }.get(saved.cut, f"the feed broke off ({saved.cut})")


def _sha256(path: Path) -> str:
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()
