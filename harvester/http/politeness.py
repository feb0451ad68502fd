"""Keep one budget for each host, shared by all crawls of the process, for portal pages and resources alike.

Scrapy parses Crawl-delay and Retry-After and then ignores both; here they are obeyed. A host in trouble (429, 503,
time-outs, slow responses) or near its rate limit is asked more slowly until it recovers.
"""

from __future__ import annotations

import re
import time
from asyncio import sleep
from collections import defaultdict
from dataclasses import dataclass
from email.utils import parsedate_to_datetime
from functools import lru_cache
from time import monotonic
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

from scrapy.exceptions import DownloadTimeoutError

from catalog.db.store import now
from harvester.http.faults import HostResting, of_exception

if TYPE_CHECKING:
    from scrapy import Request
    from scrapy.crawler import Crawler
    from scrapy.http import Response
    from scrapy.http.headers import Headers

__all__ = ["HostBudget", "Politeness", "host_of", "rate_limit_pause_s", "retry_after_s"]

FIRST_PENALTY_S = 1.0
"""Seconds of pause after the first trouble; each further one doubles it."""
MAX_PENALTY_S = 60.0
"""Longest pause, in seconds, that trouble alone causes."""
MAX_TROUBLES = 15
"""Times in a row that a host is too busy or silent before it is left alone for the night."""
SLOW_S = 2.0
"""A host that takes longer than this many seconds is asked with pauses of half its response time."""


@dataclass(slots=True)
class _Host:
    next_at: float = 0.0
    last_at: float | None = None
    """When its last turn was, or will be (monotonic clock)."""
    sent_at: float = float("-inf")
    """When its last turn really ended: on a busy machine later than it should have."""
    rest_until: float = 0.0
    asked_delay_s: float = 0.0
    """Crawl-delay of its robots.txt, in seconds."""
    penalty_s: float = 0.0
    troubles: int = 0
    latency_s: float = 0.0
    """Moving average of the response time, in seconds."""

    def delay_s(self, wanted: float) -> float:
        slow = self.latency_s / 2 if self.latency_s > SLOW_S else 0.0
        return max(wanted, self.asked_delay_s, self.penalty_s, slow)


class HostBudget:
    """Schedule of the requests to each host, shared by all crawls of a run. Use it from one event loop at a time.

    ``were_asked``: whether another machine may have sent requests to these hosts until now. The first request to each
    host then waits for the pause too, counted from now.
    """

    def __init__(self, *, were_asked: bool = False) -> None:
        self._hosts: dict[str, _Host] = defaultdict(_Host)
        self._asked_at = monotonic() if were_asked else None

    async def turn(self, host: str, delay_s: float, max_wait_s: float = 300.0) -> None:
        """Wait until the next request to ``host`` may be sent, and reserve that moment for the caller.

        ``delay_s``: the shortest pause between two requests, in seconds. A longer pause is kept if the host asked for
        it, responds slowly or is overloaded. Raise HostResting if the host asked for a pause longer than
        ``max_wait_s`` seconds, or was overloaded or silent 15 times in a row.
        """
        entry = self._hosts[host]
        if entry.troubles >= MAX_TROUBLES:
            raise HostResting(f"{host} was busy or silent {entry.troubles} times in a row: left alone for this night")
        at_present = monotonic()
        pause = max(entry.rest_until - at_present, entry.asked_delay_s)
        if pause > max_wait_s:
            raise HostResting(f"{host} asks for a pause of {pause:.0f} seconds: left alone for this night")
        at = max(entry.next_at, entry.rest_until, at_present)
        if self._asked_at is not None and entry.last_at is None:
            at = max(at, self._asked_at + delay_s)
        pause = entry.delay_s(delay_s)
        entry.last_at, entry.next_at = at, at + pause
        if at > at_present:
            await sleep(at - at_present)
        # Whoever wakes late must not shorten the pause before the next one.
        while (left := entry.sent_at + pause - monotonic()) > 0:
            await sleep(left)
        entry.sent_at = monotonic()

    def slow_down(self, host: str, delay_s: float) -> None:
        """Keep at least ``delay_s`` seconds between requests to ``host`` for the rest of the run (Crawl-delay of
        robots.txt).
        """
        entry = self._hosts[host]
        entry.asked_delay_s = max(entry.asked_delay_s, delay_s)
        if entry.last_at is not None:
            # Counted from the request that fetched robots.txt.
            entry.next_at = max(entry.next_at, entry.last_at + entry.asked_delay_s)

    def rest(self, host: str, seconds: float) -> None:
        """Make later calls of :meth:`turn` wait until ``seconds`` have passed before the next request to ``host``, or
        raise HostResting if that is too long for them.

        The reason is a Retry-After header, or a rate limit that is used up.
        """
        entry = self._hosts[host]
        entry.rest_until = max(entry.rest_until, monotonic() + seconds)

    def observe(self, host: str, *, is_overloaded: bool, latency_s: float | None = None) -> None:
        """Adapt the pause between requests to ``host`` after a response or a time-out.

        ``is_overloaded``: the status was 429 or 503, or nothing came in time; this doubles the pause, up to 60 seconds.
        Any other response shortens it by a third, and ends the count of times in a row after which :meth:`turn` gives
        up the host. ``latency_s``: the response time in seconds, whose average lengthens
        the pause of slow hosts; None if unknown.
        """
        entry = self._hosts[host]
        entry.troubles = entry.troubles + 1 if is_overloaded else 0
        if is_overloaded:
            entry.penalty_s = min(MAX_PENALTY_S, max(FIRST_PENALTY_S, 2 * entry.penalty_s))
        else:
            entry.penalty_s = entry.penalty_s * 2 / 3 if entry.penalty_s > FIRST_PENALTY_S / 10 else 0.0
        if latency_s is not None:
            entry.latency_s += (latency_s - entry.latency_s) / 4

    def pace(self, host: str, delay_s: float) -> None:
        """Keep about ``delay_s`` seconds, at most 60, between requests to ``host``, whose rate limit is nearly used up.

        Good responses later shorten this pause again, unlike that of :meth:`slow_down`.
        """
        entry = self._hosts[host]
        entry.penalty_s = max(entry.penalty_s, min(delay_s, MAX_PENALTY_S))


def retry_after_s(value: str) -> float | None:
    """Return how many seconds the Retry-After header ``value`` asks to wait; None if it is no number and no date."""
    if re.fullmatch(r"\s*[0-9]{1,9}\s*", value):
        return float(value)
    try:
        return max(0.0, parsedate_to_datetime(value).timestamp() - time.time())
    except (ValueError, TypeError, OverflowError):
        return None


def rate_limit_pause_s(headers: Headers) -> tuple[float, bool] | None:
    """Return how long to pause because of rate-limit ``headers``, as a pair (seconds, whether the limit is used up).

    (seconds, True): send no request for so long. (seconds, False): less than a tenth of the allowed requests is left;
    keep so many seconds between requests, to spread them over the time until the reset. None: more is left, or the
    headers do not state enough to know.

    The headers are ``X-RateLimit-``, ``X-Rate-Limit-`` or ``RateLimit-`` with Remaining, Limit and Reset. The reset is
    a number of seconds or an epoch time; if it is missing, 60 seconds are assumed.
    """

    if not any(b"Rate" in name for name in headers):
        # Most responses have no such header; skip the look-up of each spelling.
        return None

    def number(name: str) -> float | None:
        for prefix in ("X-RateLimit-", "X-Rate-Limit-", "RateLimit-"):
            raw = headers.get(prefix + name)
            words = raw.decode("latin-1").split(",")[0].split(";")[0].strip() if raw else ""
            if re.fullmatch(r"[0-9]{1,15}", words):
                return float(words)
        return None

    remaining, limit, reset = number("Remaining"), number("Limit"), number("Reset")
    if remaining is None:
        return None
    if reset is not None and reset > _MILLISECONDS:
        reset /= 1000
    seconds = 60.0 if reset is None else reset - time.time() if reset > 1e8 else reset
    if remaining == 0:
        return max(0.0, seconds), True
    is_short = limit is not None and remaining / max(limit, 1.0) < 0.1
    return (max(0.0, seconds) / remaining, False) if is_short else None


def host_of(url: str) -> str:
    """Return the host name of ``url``, with its port unless it is the default port of http, https or ftp.

    Pauses between requests are kept for each such host. Raise ValueError if the port or the host is not valid.
    """
    # All addresses of a host begin alike, so the parsed beginning is cached.
    end = url.find("/", len("https://"))
    return _host_of(url if end < 0 else url[:end])


@lru_cache(maxsize=8_192)
def _host_of(url: str) -> str:
    parts = urlsplit(url)
    host = (parts.hostname or "").rstrip(".")
    named = f"[{host}]" if ":" in host else host
    return named if parts.port in (None, _PORTS.get(parts.scheme)) else f"{named}:{parts.port}"


_MILLISECONDS = 1e11
"""Epoch times beyond this (the year 5138 in seconds) are in milliseconds."""
_PORTS = {"http": 80, "https": 443, "ftp": 21}


class Politeness:
    """Downloader middleware that delays each request until its host may be asked again, and learns from the
    responses.
    """

    def __init__(self, crawler: Crawler) -> None:
        self.crawler = crawler
        self.delay_s = crawler.settings.getfloat("WINNOW_DELAY_S")
        self.max_wait_s = crawler.settings.getfloat("WINNOW_MAX_WAIT_S")

    @classmethod
    def from_crawler(cls, crawler: Crawler) -> Politeness:
        """Return a new middleware for a crawler. Scrapy calls this."""
        return cls(crawler)

    @property
    def spider(self) -> Any:
        """Return the crawler's spider. It is looked up at each use, because Scrapy sets it after the middleware is
        made.
        """
        return self.crawler.spider

    @property
    def budget(self) -> HostBudget:
        """Return the schedule of requests that all spiders of the run share."""
        budget: HostBudget = self.spider.run.budget
        return budget

    async def process_request(self, request: Request) -> None:
        """Count the request, and wait until its host may be asked again. In a replay, do not wait.

        The request's ``meta`` may set "delay_s" and "max_wait_s" in place of the crawler's settings. If the host asks
        for a longer pause than "max_wait_s", or was overloaded too often, archive this as a failed request and raise
        HostResting. What the spider's ``check_request`` raises when a limit is reached is raised too.
        """
        self.spider.check_request(request)
        # Addresses are sent as declared: quoting them again would ask for something else.
        request.meta["verbatim_url"] = True
        run = self.spider.run
        if run.replay is None:
            delay_s = request.meta.get("delay_s", self.delay_s)
            try:
                await self.budget.turn(host_of(request.url), delay_s, request.meta.get("max_wait_s", self.max_wait_s))
            except HostResting as error:
                if run.archive is not None:
                    # The archive also records that the request was not sent.
                    request.meta["responded_at"] = now()
                    fault = of_exception(error)
                    request.meta["exchange"] = run.archive.fault(request, fault, is_retryable=False)
                raise

    async def process_response(self, request: Request, response: Response) -> Response:
        """Adapt the pause between requests to the status, response time, Retry-After and rate limit of a response.

        The response is returned unchanged.
        """
        host = host_of(request.url)
        if reason := request.meta.get("tls_fault"):
            self.spider.bad_tls(reason)
        is_overloaded = response.status in (429, 503)
        self.budget.observe(host, is_overloaded=is_overloaded, latency_s=request.meta.get("download_latency"))
        if response.status in (429, 503, 301, 302, 307, 308) and (header := response.headers.get("Retry-After")):
            seconds = retry_after_s(header.decode("latin-1"))
            if seconds is not None:
                self.budget.rest(host, seconds)
        elif asked := rate_limit_pause_s(response.headers):
            seconds, is_used_up = asked
            (self.budget.rest if is_used_up else self.budget.pace)(host, seconds)
        return response

    async def process_exception(self, request: Request, exception: Exception) -> None:
        """Lengthen the pause between requests to the host after a time-out; other exceptions do not change it."""
        if isinstance(exception, DownloadTimeoutError):
            self.budget.observe(host_of(request.url), is_overloaded=True)
