"""Obey robots.txt and its Crawl-delay; each file is read once a night for all crawls."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, Any

from scrapy import Request
from scrapy.downloadermiddlewares.robotstxt import RobotsTxtMiddleware
from scrapy.exceptions import IgnoreRequest
from scrapy.http.request import NO_CALLBACK

from harvester.http.faults import RequestFault, SettledFault
from harvester.http.politeness import HostBudget, host_of
from harvester.http.robots_rules import MAX_BYTES, NO_RULES, Decision, SiteRules, decide, rules_of

if TYPE_CHECKING:
    from specs.portals import PortalSpec

__all__ = ["ObeyRobots"]

TIMEOUT_S = 20.0
REMEDY = "admit the path in robots.txt"


class ObeyRobots(RobotsTxtMiddleware):
    """Downloader middleware that refuses requests which robots.txt forbids, and keeps its Crawl-delay.

    For the API of a portal, on the portal's own host, the setting ``obey_robots`` of the portal file decides, see
    :func:`harvester.http.robots_rules.decide`. For addresses on other hosts and in checks of distributions, robots.txt
    is always obeyed. Requests over FTP and those with ``meta["dont_obey_robotstxt"]`` are let through.
    """

    @property
    def run(self) -> Any:
        """Return the context of the current run, which every spider carries."""
        return getattr(self.crawler.spider, "run")  # noqa: B009  # any spider of ours has one

    async def process_request(self, request: Request, spider: Any = None) -> None:
        if request.meta.get("dont_obey_robotstxt") or not request.url.startswith(("http://", "https://")):
            return
        rules = await self.rules(request)
        decision = self.decision(rules, request)
        is_allowed = rules.allows(request.url) if decision is None else decision.may(request.url)
        if not is_allowed:
            why = "robots.txt forbids it: not asked"
            if decision is not None:
                why += f" ({decision.why})"
            remedy = decision.remedy if decision is not None and decision.remedy else REMEDY
            raise SettledFault(RequestFault("robots", "unknown", why, remedy))

    def decision(self, rules: SiteRules, request: Request) -> Decision | None:
        """Return how robots.txt is applied to ``request``, if it is to the portal's own host, and write this into the
        row of the harvest in the table ``harvests``.

        ``rules``: the rules of the request's host. Return None for requests to other hosts, and in crawls that check
        distributions.
        """
        spider: Any = self.crawler.spider
        portal: PortalSpec | None = getattr(spider, "portal", None)
        if portal is None or host_of(request.url) != host_of(portal.url):
            return None
        if spider.robots is None or spider.robots.rules is not rules:
            # If a portal redirects from http to https, the rules of the https site count.
            spider.robots = decide(rules, portal.obey_robots, portal.type, self.run.contact, leave=portal.leave)
            columns = spider.robots.as_columns()
            self.run.harvest_store.robots(portal, columns)
        found: Decision = spider.robots
        return found

    async def rules(self, request: Request) -> SiteRules:
        """Return the robots.txt rules of the host of ``request``. The file is fetched once in a run, for all crawls.

        If it cannot be fetched, the rules allow everything.
        """
        known: dict[str, asyncio.Future[SiteRules]] = self.run.robots
        scheme, _, rest = request.url.partition("://")
        site = f"{scheme}://{host_of(request.url)}"
        if site not in known:
            # If several requests need the file at once, only the first one fetches it.
            known[site] = asyncio.get_running_loop().create_future()
            rules = NO_RULES
            try:
                rules = await self._fetch(site)
                if rules.delay_s:
                    budget: HostBudget = self.run.budget
                    budget.slow_down(host_of(site), rules.delay_s)
            finally:
                known[site].set_result(rules)
        found = known[site]
        if not found.done():
            return await found
        return found.result()

    async def _fetch(self, site: str) -> SiteRules:
        seen: SiteRules | None = self.run.known_robots.get(site)
        if seen is not None:
            return seen
        asked = Request(
            f"{site}/robots.txt",
            priority=self.DOWNLOAD_PRIORITY,
            meta={"dont_obey_robotstxt": True, "download_maxsize": MAX_BYTES, "download_timeout": TIMEOUT_S},
            callback=NO_CALLBACK,
        )
        try:
            response = await self.crawler.engine.download_async(asked)
        except IgnoreRequest:
            return NO_RULES
        except Exception:  # noqa: BLE001  # whatever it is, the request that waits for the rules will meet it too
            return NO_RULES
        return rules_of(response.status, response.body)
