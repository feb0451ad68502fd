"""DCAT-US 1.1 (and Project Open Data 1.0): one ``data.json``.

Schema: resources.data.gov, "DCAT-US Schema v1.1". Quirks handled: a byte-order mark; a bare array (v1.0);
``distribution`` as object, ``false`` or absent; keywords in one string; missing and repeated identifiers; feeds of
100 MB and more, which go to disk and are read record by record; feeds made by CKAN that hide the rest behind
``?page=2``; a document cut short, which is partial, never complete.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from itertools import islice
from typing import TYPE_CHECKING, Any

from catalog.model import Dataset, HarvestError
from harvester.checks.download import Save, Saved
from harvester.pages import Page
from harvester.spiders.base import PortalSpider, cut
from harvester.spiders.dcat_us_record import to_dataset
from harvester.spiders.json_stream import Broken, Element, StreamEnd, records

if TYPE_CHECKING:
    from scrapy import Request
    from scrapy.http import Response

__all__ = ["Spider"]

BATCH = 500
"""Records written in one transaction."""
CKAN_PAGE = 100
"""Datasets on a page of a feed made by ckanext-dcat."""


class Spider(PortalSpider):
    """All datasets of a ``data.json``."""

    type = "dcat-us"

    async def start(self) -> AsyncIterator[Request]:
        url = self.portal.url
        self.feed = url if "data.json" in url or url.endswith(".json") or "?" in url else f"{url}/data.json"
        self.last_sha256 = ""
        yield self.get(1)

    def get(self, number: int) -> Request:
        path = self.night.data / "feeds" / f"{self.portal.id}.json"
        url = self.feed if number == 1 else f"{self.feed}{'&' if '?' in self.feed else '?'}page={number}"
        save = Save(path, self.portal.limits.max_feed_bytes)
        return self.request(url, self.on_feed, meta={"save": save}, cb_kwargs={"number": number})

    async def on_feed(self, response: Response, number: int) -> AsyncIterator[Any]:
        if problem := self.refused(response):
            if number > 1:
                self.tally.faults.pop()
                self.tally.ended = True
            else:
                yield problem
            return
        saved: Saved = response.meta["saved"]
        self.tally.bytes += saved.size_bytes
        if saved.sha256 == self.last_sha256:
            # ?page is not known there: the whole feed came again.
            saved.path.unlink(missing_ok=True)
            self.tally.ended = True
            return
        self.last_sha256 = saved.sha256
        before_seen, before_kept = self.tally.seen, self.tally.kept
        stream = records(saved.path)
        end = StreamEnd(None, {})
        while batch := list(islice(stream, BATCH)):
            if isinstance(batch[-1], StreamEnd):
                end = batch.pop()  # type: ignore[assignment]
            yield self.batch(batch, response.url)
            # Other portals have their turn between batches.
            await asyncio.sleep(0)
        saved.path.unlink(missing_ok=True)
        on_page, is_new = self.tally.seen - before_seen, self.tally.kept > before_kept
        if number > 1 and not is_new:
            self.tally.ended = True
        elif end.fault or saved.cut:
            why = {"size": "the feed is longer than limits.max_feed_bytes", None: end.fault}.get(
                saved.cut, f"the feed broke off ({saved.cut})"
            )
            yield self.fatal(
                "page",
                f"{response.url}: {why}",
                "ask the portal for a whole and valid data.json; what was read is kept",
                response.url,
                None if on_page else response.body[:300].decode("utf-8", "replace"),
            )
        elif on_page and on_page % CKAN_PAGE == 0:
            yield self.get(number + 1)
        else:
            self.tally.ended = True

    def batch(self, batch: list[Any], url: str) -> Page:
        """The page of a batch of elements; malformed ones become errors."""
        page = self.page([(f"/dataset/{e.index}", e.value) for e in batch if isinstance(e, Element)], url)
        broken = [e for e in batch if isinstance(e, Broken)]
        self.tally.seen += len(broken)
        self.tally.lost += len(broken)
        errors = tuple(
            HarvestError(
                kind="record",
                message=f"the record is not valid JSON: {element.message}",
                remedy="mend the record where the message points; the records around it were kept",
                url=url,
                pointer=f"/dataset/{element.index}",
                value=cut(element.text),
            )
            for element in broken
        )
        return Page(records=page.records, errors=page.errors + errors)

    def to_dataset(self, raw: Any) -> Dataset:
        return to_dataset(raw)
