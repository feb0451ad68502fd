"""Retry a server that refuses connections in the middle of a harvest: it is probably restarting."""

from __future__ import annotations

import asyncio
import logging
import time
from typing import TYPE_CHECKING, Any

from scrapy.exceptions import DownloadConnectionRefusedError

from harvester.http.faults import chain_of
from harvester.http.politeness import host_of

if TYPE_CHECKING:
    from scrapy import Request
    from scrapy.crawler import Crawler
    from scrapy.http import Response

__all__ = ["Reconnect"]

log = logging.getLogger(__name__)
SLICE_S = 0.5
"""Seconds, at most, until a wait notices that the harvest has ended."""


class Reconnect:
    """Downloader middleware that retries when a host refuses the connection although it responded earlier in the
    harvest.

    The pauses before the retries are the values of ``limits.reconnect_s``. The harvest's deadline ends the retries.
    """

    def __init__(self, crawler: Crawler) -> None:
        self.crawler = crawler
        self.steps_s: list[float] = crawler.settings.getlist("WINNOW_RECONNECT_S")
        self.responded: set[str] = set()

    @classmethod
    def from_crawler(cls, crawler: Crawler) -> Reconnect:
        """Return a new middleware for a crawler. Scrapy calls this."""
        return cls(crawler)

    async def process_response(self, request: Request, response: Response) -> Response:
        """Record that the request's host has responded, and return the response unchanged."""
        self.responded.add(host_of(request.url))
        return response

    async def process_exception(self, request: Request, exception: Exception) -> Request | None:
        """Wait for the next pause after a refused connection, and return a copy of the request to send again.

        Return None, so that Scrapy handles the exception, in each of these cases: the connection was not refused; the
        host has not responded in this harvest; all retries are used; the harvest has ended; the crawl only checks
        distributions.
        """
        spider: Any = self.crawler.spider
        tries = int(request.meta.get("reconnects", 0))
        if not hasattr(spider, "stats"):
            # A check of a file is repeated another night instead.
            return None
        if tries >= len(self.steps_s) or not _is_refusal(exception) or host_of(request.url) not in self.responded:
            return None
        until = time.monotonic() + self.steps_s[tries]
        log.info("%s refuses connections; retrying in %g s", request.url, self.steps_s[tries])
        while (left := until - time.monotonic()) > 0:
            if spider.is_over:
                return None
            await asyncio.sleep(min(left, SLICE_S))
        again = request.copy()
        again.meta["reconnects"] = tries + 1
        return again


def _is_refusal(error: BaseException) -> bool:
    kinds = (DownloadConnectionRefusedError, ConnectionRefusedError)
    return any(isinstance(link, kinds) for link in chain_of(error))
