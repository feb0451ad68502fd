"""Scrapy's downloader without its queues: the check of resources keeps its own, one for each host.

What is left of Scrapy's way of a request is what is needed: the middlewares (robots.txt, turns by host, tries again,
redirects) and the download handler. Its engine, scheduler, slots, signals and tasks cost three times as much as the
request itself.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from typing import TYPE_CHECKING, Any

from scrapy import Request
from scrapy.core.downloader import Downloader
from scrapy.downloadermiddlewares.redirect import RedirectMiddleware

if TYPE_CHECKING:
    from scrapy.http import Response

__all__ = ["DirectDownloader", "Redirects", "lean_settings"]


def lean_settings() -> dict[str, Any]:
    """Settings of a crawler whose spider asks through :meth:`DirectDownloader.ask`."""
    return {
        "DOWNLOADER": "harvester.checks.direct.DirectDownloader",
        "DOWNLOADER_MIDDLEWARES_BASE": {},
        "DOWNLOADER_MIDDLEWARES": {
            "harvester.checks.robots.ObeyRobots": 100,
            "scrapy.downloadermiddlewares.retry.RetryMiddleware": 550,
            "scrapy.downloadermiddlewares.httpcompression.HttpCompressionMiddleware": 590,
            "harvester.checks.direct.Redirects": 600,
            "harvester.checks.politeness.Politeness": 880,
        },
        "SPIDER_MIDDLEWARES_BASE": {},
        "EXTENSIONS_BASE": {},
        "ITEM_PIPELINES": {},
        "SCHEDULER_PRIORITY_QUEUE": "scrapy.pqueues.ScrapyPriorityQueue",
    }


class Redirects(RedirectMiddleware):
    """Follows redirects, and tells no server where it was sent from."""

    def handle_referer(self, request: Request, response: Response) -> None:
        request.headers.pop("Referer", None)

    def _engine_started(self) -> None:
        """Nothing to look up."""


class DirectDownloader(Downloader):
    """As Scrapy's own, and with a way past its queues."""

    async def ask(self, request: Request, on_request: Callable[[Request], None]) -> Response:
        """The answer to a request after redirects and tries again. Raises what the middlewares raise.

        ``on_request`` is told of each request before it goes out: the one that failed is the last.
        """
        download: Callable[[Request], Awaitable[Response]] = self.handlers.download_request_async
        while True:
            on_request(request)
            result = await self.middleware.download_async(download, request)  # type: ignore[arg-type]
            if not isinstance(result, Request):
                result.request = request
                return result
            request = result
