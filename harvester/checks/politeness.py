"""One budget a host, shared by all crawls of the process: for portal pages and for resources alike.

Scrapy parses Crawl-delay and Retry-After and then ignores both; here they are obeyed.
"""

from __future__ import annotations

import asyncio
import time
from collections import defaultdict
from dataclasses import dataclass
from email.utils import parsedate_to_datetime
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

from scrapy.downloadermiddlewares.robotstxt import RobotsTxtMiddleware

if TYPE_CHECKING:
    from scrapy import Request
    from scrapy.crawler import Crawler
    from scrapy.http import Response
    from scrapy.robotstxt import RobotParser

__all__ = ["HostBudget", "ObeyRobots", "Politeness", "retry_after_s"]

MAX_DELAY_S = 60.0
"""A longer Crawl-delay or Retry-After is not waited out: the host is left alone for the night's other work."""


@dataclass(slots=True)
class _Host:
    next_at: float = 0.0
    delay_s: float = 0.0


class HostBudget:
    """When each host may be asked again. For one event loop."""

    def __init__(self) -> None:
        self._hosts: dict[str, _Host] = defaultdict(_Host)

    async def turn(self, host: str, delay_s: float) -> None:
        """Wait for the next turn at ``host``: turns are ``delay_s`` seconds apart, or longer where it asked so."""
        entry = self._hosts[host]
        now = time.monotonic()
        at = max(entry.next_at, now)
        entry.next_at = at + max(delay_s, entry.delay_s)
        if at > now:
            await asyncio.sleep(at - now)

    def slow_down(self, host: str, delay_s: float) -> None:
        """Keep at least ``delay_s`` seconds between turns from now on (Crawl-delay)."""
        self._hosts[host].delay_s = max(self._hosts[host].delay_s, min(delay_s, MAX_DELAY_S))

    def rest(self, host: str, seconds: float) -> None:
        """Leave the host alone for ``seconds`` (Retry-After)."""
        entry = self._hosts[host]
        entry.next_at = max(entry.next_at, time.monotonic() + min(seconds, MAX_DELAY_S))


def retry_after_s(value: str) -> float | None:
    """Seconds of a Retry-After header: a number, or the time left to a date; None where it is neither."""
    if value.strip().isdigit():
        return float(value)
    try:
        return max(0.0, parsedate_to_datetime(value).timestamp() - time.time())
    except (ValueError, TypeError, OverflowError):
        return None


def host_of(url: str) -> str:
    """Host and port, lower-case: what politeness is counted by."""
    return urlsplit(url).netloc.lower()


class Politeness:
    """Downloader middleware: every request waits for its host's turn."""

    def __init__(self, crawler: Crawler) -> None:
        self.crawler = crawler
        self.delay_s = crawler.settings.getfloat("WINNOW_DELAY_S")

    @classmethod
    def from_crawler(cls, crawler: Crawler) -> Politeness:
        return cls(crawler)

    @property
    def budget(self) -> HostBudget:
        """The budget of the night, which the spider brings along."""
        budget: HostBudget = self.crawler.spider.night.budget  # type: ignore[union-attr]
        return budget

    async def process_request(self, request: Request) -> None:
        # Addresses go out as declared: a second round of quoting would ask for something else.
        request.meta.setdefault("verbatim_url", True)
        await self.budget.turn(host_of(request.url), request.meta.get("delay_s", self.delay_s))

    async def process_response(self, request: Request, response: Response) -> Response:
        if response.status in (429, 503) and (header := response.headers.get("Retry-After")):
            seconds = retry_after_s(header.decode("latin-1"))
            if seconds is not None:
                self.budget.rest(host_of(request.url), seconds)
        return response


class ObeyRobots(RobotsTxtMiddleware):
    """robots.txt, with its Crawl-delay."""

    def process_request_2(self, rp: RobotParser | None, request: Request) -> None:
        super().process_request_2(rp, request)
        parser: Any = getattr(rp, "rp", None)
        delay = parser.crawl_delay(self._default_useragent) if parser is not None else None
        if delay:
            budget: HostBudget = self.crawler.spider.night.budget  # type: ignore[union-attr]
            budget.slow_down(host_of(request.url), float(delay))
