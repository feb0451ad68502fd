"""The harvest of all portals of a night: concurrent, each with its own deadline and its own verdict."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Sequence

from scrapy.crawler import AsyncCrawlerRunner
from scrapy.settings import Settings

from catalog.model import HarvestError
from harvester.checks.guard import own_addresses
from harvester.pages import Night, verdict
from harvester.settings import scrapy_settings
from harvester.spiders import spider_class
from harvester.spiders.base import PortalSpider
from specs.portals import PortalSpec

__all__ = ["crawl"]

AT_ONCE = 8
"""Portals harvested at the same time. Most of the time goes into waiting politely."""

log = logging.getLogger(__name__)


def crawl(night: Night, portals: Sequence[PortalSpec]) -> None:
    """Harvest the portals that this run has not harvested yet.

    A portal's failure is a row of ``harvests``. Raises only what is wrong with the catalogue itself.
    """
    done = night.catalog.harvested(night.run_id)
    waiting = [portal for portal in portals if portal.id not in done]
    asyncio.run(_crawl_all(night, waiting))
    if night.fault is not None:
        raise night.fault


async def _crawl_all(night: Night, portals: Sequence[PortalSpec]) -> None:
    gate = asyncio.Semaphore(AT_ONCE)

    async def one(portal: PortalSpec) -> None:
        async with gate:
            if night.fault is None:
                await _crawl_one(night, portal)

    async with asyncio.TaskGroup() as group:
        for portal in portals:
            group.create_task(one(portal))


async def _crawl_one(night: Night, portal: PortalSpec) -> None:
    night.catalog.begin_harvest(night.run_id, portal.id)
    settings = scrapy_settings(
        portal.limits, local=own_addresses(portal.url) if portal.local else (), contact=night.contact
    )
    runner = AsyncCrawlerRunner(Settings(settings))
    crawler = runner.create_crawler(spider_class(portal.type))
    late = None
    # Scrapy swallows a cancellation and goes on in the background. So it is asked to stop; what is on its way still
    # comes, within limits.timeout_s. An interrupted harvest ends here without a verdict, and is taken up again.
    work = runner.crawl(crawler, portal=portal, night=night)
    await asyncio.wait({work}, timeout=portal.limits.deadline_s)
    if not work.done():
        late = f"the harvest was ended after limits.deadline_s = {portal.limits.deadline_s:g} seconds"
        await runner.stop()
        await asyncio.wait({work})
    work.result()
    if night.fault is not None:
        return
    spider = crawler.spider
    if not isinstance(spider, PortalSpider):
        raise RuntimeError(f"{portal.id}: the spider did not start")
    tally = spider.tally
    if late:
        tally.ended = False
        tally.faults.append(late)
        error = HarvestError(
            kind="deadline", message=late, remedy="raise the deadline in the portal file", is_lost=False, is_fatal=True
        )
        night.catalog.write_errors(night.run_id, portal.id, [error])
    bugs = (crawler.stats.get_value("spider_exceptions/count") or 0) if crawler.stats else 0
    if bugs:
        tally.ended = False
        tally.faults.append(f"{bugs} answers could not be handled: a fault of this program, see the log")
    previous = night.catalog.last_complete(portal.id, night.run_id)
    word, reasons = verdict(tally, previous=previous, minimum=portal.min_datasets, maximum=portal.max_datasets)
    stats = crawler.stats.get_stats() if crawler.stats else {}
    night.catalog.finish_harvest(
        night.run_id,
        portal.id,
        word,
        reasons=reasons[:20],
        advertised=tally.advertised,
        seen=tally.seen,
        duplicates=tally.duplicates,
        requests=stats.get("downloader/request_count", tally.requests),
        bytes=max(tally.bytes, stats.get("downloader/response_bytes", 0)),
    )
