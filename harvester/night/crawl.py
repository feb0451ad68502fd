"""Harvest all portals of a night concurrently, each with its own deadline and verdict."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Sequence

from scrapy.crawler import AsyncCrawlerRunner, Crawler
from scrapy.settings import Settings

from catalog.repositories.harvests import begin_harvest, harvested
from harvester.cli.supervisor import LATE_S, STUCK
from harvester.http.guard import own_addresses
from harvester.http.politeness import host_of
from harvester.http.settings import scrapy_settings
from harvester.night.closing import finish
from harvester.night.context import RunContext
from harvester.night.interrupts import check_interrupt, run_loop
from harvester.night.watchdog import HELD, WatchedLoop, beat, watched, work_on
from harvester.spiders import spider_class
from harvester.spiders.base.portal_spider import PortalSpider
from specs.portals import PortalSpec

__all__ = ["AT_ONCE", "crawl"]

AT_ONCE = 32
"""Portals harvested at the same time. Nearly all of the time is spent waiting politely; a portal that hangs until its
deadline occupies one of these places."""

log = logging.getLogger(__name__)


def crawl(run: RunContext, portals: Sequence[PortalSpec]) -> None:
    """Harvest those of ``portals`` that ``run`` has not harvested yet, with the highest ``schedule.priority`` first.

    A harvest that fails is stored with its verdict and does not end the others. A portal that blocked the program in an
    earlier attempt of this run is not harvested: what was read of it is judged. An exception is raised only if the
    catalogue or the archive cannot be written, if a spider cannot be started, or if the program is interrupted.
    """
    done = harvested(run.catalog, run.run_id)
    waiting = [portal for portal in portals if portal.id not in done]
    for portal in [portal for portal in waiting if portal.id in STUCK]:
        checkpoint = begin_harvest(run.catalog, run.run_id, portal.id)
        spider = spider_class(portal.type)(portal=portal, run=run, checkpoint=checkpoint)
        finish(run, portal, spider, is_late=False, bugs=0, stuck=STUCK[portal.id])
        waiting.remove(portal)
    with watched():
        work = _crawl_all(run, sorted(waiting, key=lambda portal: -portal.schedule.priority))
        run_loop(work, WatchedLoop)
    if run.fault is not None:
        raise run.fault


async def _crawl_all(run: RunContext, portals: Sequence[PortalSpec]) -> None:
    gate = asyncio.Semaphore(AT_ONCE)

    async def one(portal: PortalSpec) -> None:
        async with gate:
            if run.fault is None:
                await _crawl_one(run, portal)

    beating = asyncio.create_task(beat())
    try:
        async with asyncio.TaskGroup() as group:
            for portal in portals:
                group.create_task(one(portal))
    finally:
        beating.cancel()


async def _end(runner: AsyncCrawlerRunner, crawler: Crawler, work: asyncio.Future[None]) -> None:
    """End a harvest. On a busy machine its deadline may come before its spider exists or its engine runs."""
    while not work.done() and not isinstance(crawler.spider, PortalSpider):
        await asyncio.sleep(0.05)
    if isinstance(crawler.spider, PortalSpider):
        crawler.spider.is_over = True
    while not work.done() and not (crawler.engine and crawler.engine.running):
        await asyncio.sleep(0.05)
    if not work.done():
        await runner.stop()


async def _crawl_one(run: RunContext, portal: PortalSpec) -> None:
    work_on(portal.id, portal.limits.deadline_s)
    checkpoint = begin_harvest(run.catalog, run.run_id, portal.id)
    # A name look-up blocks, so it runs in a thread while other portals continue.
    local = await asyncio.to_thread(own_addresses, portal.url, portal.local_also) if portal.local else frozenset[str]()
    settings = scrapy_settings(
        portal.limits,
        local=local,
        contact=run.contact,
        bad_tls_hosts=[host_of(portal.url)] if portal.accept_bad_tls else (),
        proxy=run.proxy,
    )
    runner = AsyncCrawlerRunner(Settings(settings))
    crawler = runner.create_crawler(spider_class(portal.type))
    # Scrapy swallows a cancellation and continues in the background, so it is asked to stop. Responses under way still
    # arrive, within limits.timeout_s. An interrupted harvest ends here without a verdict and is resumed later.
    work = runner.crawl(crawler, portal=portal, run=run, checkpoint=checkpoint)
    await asyncio.wait({work}, timeout=portal.limits.deadline_s)
    is_late = not work.done()
    if is_late:
        stopping = asyncio.ensure_future(_end(runner, crawler, work))
        await asyncio.wait({work}, timeout=portal.limits.timeout_s + LATE_S)
        stopping.cancel()
        # A crawl that does not stop at all is left behind.
        if not work.done() and isinstance(crawler.spider, PortalSpider):
            crawler.spider.is_abandoned = True
    if work.done():
        work.result()
    check_interrupt()
    if run.fault is not None:
        return
    spider = crawler.spider
    if not isinstance(spider, PortalSpider):
        raise RuntimeError(f"{portal.id}: the spider did not start")
    bugs = (crawler.stats.get_value("spider_exceptions/count") or 0) if crawler.stats else 0
    with HELD:
        finish(run, portal, spider, is_late=is_late, bugs=bugs)
