"""robots.txt, with its Crawl-delay; read once a night for all crawls."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, Any

from scrapy import Request
from scrapy.downloadermiddlewares.robotstxt import RobotsTxtMiddleware
from scrapy.exceptions import IgnoreRequest
from scrapy.http.request import NO_CALLBACK
from scrapy.utils.misc import build_from_crawler

from harvester.checks.politeness import HostBudget, host_of

if TYPE_CHECKING:
    from scrapy.robotstxt import RobotParser

__all__ = ["ObeyRobots"]

MAX_BYTES = 512_000
"""RFC 9309 §2.5: at least 500 KiB are to be read; more is not."""
TIMEOUT_S = 20.0


class ObeyRobots(RobotsTxtMiddleware):
    """Refuses what robots.txt forbids, and slows down to what it asks for.

    Where robots.txt cannot be had, everything is allowed. RFC 9309 §2.3.1.4 would forbid everything after a server
    error; but API servers answer 500 to any path they do not know, and the requests that follow are few and slow.
    """

    @property
    def night(self) -> Any:
        """The night, which the spider brings along."""
        return getattr(self.crawler.spider, "night")  # noqa: B009  # any spider of ours has one

    def slow_down(self, rules: RobotParser | None, site: str) -> None:
        """Keep to the pauses that the rules of a site ask for."""
        parser: Any = getattr(rules, "rp", None)
        if parser is None:
            return
        agent = self._default_useragent
        delay = float(parser.crawl_delay(agent) or 0)
        if rate := parser.request_rate(agent):
            delay = max(delay, rate.seconds / rate.requests)
        if delay:
            budget: HostBudget = self.night.budget
            budget.slow_down(host_of(site), delay)

    async def process_request(self, request: Request, spider: Any = None) -> None:
        if request.meta.get("dont_obey_robotstxt") or not request.url.startswith(("http://", "https://")):
            return
        self.process_request_2(await self.robot_parser(request), request)

    async def robot_parser(self, request: Request) -> RobotParser | None:
        """The rules of a request's host: those of an earlier request of the night, or fetched now."""
        known: dict[str, asyncio.Future[RobotParser | None]] = self.night.robots
        scheme, _, rest = request.url.partition("://")
        site = f"{scheme}://{host_of(request.url)}"
        if site not in known:
            # Asked for at once by several requests, it is fetched for the first of them.
            known[site] = asyncio.get_running_loop().create_future()
            rules = None
            try:
                rules = await self._fetch(site)
                self.slow_down(rules, site)
            finally:
                known[site].set_result(rules)
        found = known[site]
        if not found.done():
            return await found
        return found.result()

    async def _fetch(self, site: str) -> RobotParser | None:
        asked = Request(
            f"{site}/robots.txt",
            priority=self.DOWNLOAD_PRIORITY,
            meta={"dont_obey_robotstxt": True, "download_maxsize": MAX_BYTES, "download_timeout": TIMEOUT_S},
            callback=NO_CALLBACK,
        )
        try:
            response = await self.crawler.engine.download_async(asked)
        except IgnoreRequest:
            return None
        except Exception:  # noqa: BLE001  # whatever it is, the request that waits for the rules will meet it too
            return None
        if not 200 <= response.status < 300 or response.body[:1] == b"<":
            return None
        return build_from_crawler(self._parserimpl, self.crawler, response.body)
