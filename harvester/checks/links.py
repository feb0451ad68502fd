"""Check each due address with HEAD, and download what may be a table.

If the night's budget does not suffice, new addresses come first; then changed ones, failed ones that need
confirming, those promised by law or commitment, and those not asked for the longest time; see
:mod:`catalog.repositories.targets`. The rest waits for the next night. Each host has its own queue, so a slow host
delays no other. :mod:`harvester.checks.link_spider` works through the queues; :mod:`harvester.checks.url_check` asks
one address.
"""

from __future__ import annotations

import time
from collections.abc import Sequence

from scrapy.crawler import AsyncCrawlerRunner
from scrapy.settings import Settings

from catalog.db.garbage import rare_collections
from catalog.db.store import instant, started
from catalog.repositories.checks import drop_stale_reports
from catalog.repositories.runs import traffic_of
from harvester.checks.check_results import of_fault
from harvester.checks.check_task import CheckTask
from harvester.checks.due import due_jobs
from harvester.checks.link_spider import LinkSpider, in_time
from harvester.checks.process import allow_connections
from harvester.checks.url_check import askable
from harvester.http import faults
from harvester.http.direct import lean_settings
from harvester.http.guard import own_addresses
from harvester.http.politeness import host_of
from harvester.http.settings import scrapy_settings
from harvester.night.context import RunContext
from harvester.night.interrupts import run_loop
from specs.credentials import has_credential
from specs.portals import PortalSpec

__all__ = ["check", "check_again", "check_jobs"]

_KEY = faults.RequestFault(
    "auth",
    "unknown",
    "the address holds a key, which is not used: not asked",
    "publish the file at a public address, and change the key: everyone who read the record knows it",
)


def check(run: RunContext, portals: Sequence[PortalSpec]) -> None:
    """Check the addresses of ``portals`` that are due and were not yet checked in this run, within the run's budget.

    Portals declared local are checked separately: links of other portals must not lead to local addresses, and links of
    a local portal only to its own. Write the checks and the traffic to the catalogue. Delete reports on files that no
    longer exist. Raise CatalogError if the catalogue cannot be written.
    """
    carried_over, begun = 0, time.monotonic()
    for chosen in _by_local_addresses(portals):
        jobs, beyond = due_jobs(run, chosen)
        carried_over += beyond + check_jobs(run, chosen, jobs, begun)
    run.traffic["carried_over"] = carried_over
    run.catalog.set_run(run.run_id, traffic=run.traffic)
    for portal in portals:
        drop_stale_reports(run.catalog, portal.id)


def check_jobs(
    run: RunContext, portals: Sequence[PortalSpec], jobs: Sequence[CheckTask], begun: float | None = None
) -> int:
    """Check the addresses of ``jobs`` within the run's budget; return how many were left for the next run.

    ``portals`` must include the portals of all jobs. ``begun``: when the stage began, by the monotonic clock; None
    means now. Raise CatalogError if the catalogue cannot be written, and OSError if the archive or a download cannot.
    """
    begun = time.monotonic() if begun is None else begun
    left = 0
    for chosen in _by_local_addresses(portals):
        ids = {portal.id for portal in chosen}
        if own := [job for job in jobs if job.target.portal_id in ids]:
            accepted = [host_of(portal.url) for portal in chosen if portal.accept_bad_tls]
            left += run_loop(_check(run, own, _local(chosen[0]), accepted, begun))
        if run.fault is not None:
            raise run.fault
    return left


def _by_local_addresses(portals: Sequence[PortalSpec]) -> list[list[PortalSpec]]:
    """Return the portals in groups that may request the same local addresses; most portals may request none."""
    groups: dict[frozenset[str], list[PortalSpec]] = {}
    for portal in portals:
        groups.setdefault(_local(portal), []).append(portal)
    return list(groups.values())


def _local(portal: PortalSpec) -> frozenset[str]:
    return own_addresses(portal.url, portal.local_also) if portal.local else frozenset()


def check_again(run: RunContext, portal: PortalSpec, urls: Sequence[str]) -> None:
    """Check the addresses ``urls`` of ``portal`` now, whether or not they are due, within the run's budget.

    The traffic that the catalogue states for the run stays as it is. Raise CatalogError if it cannot be written.
    """
    jobs, _ = due_jobs(run, [portal], urls)
    before = traffic_of(run.catalog, run.run_id)
    try:
        check_jobs(run, [portal], jobs)
    finally:
        run.catalog.set_run(run.run_id, traffic=before)


def _settle_unaskable(run: RunContext, jobs: list[CheckTask]) -> list[CheckTask]:
    """Write checks for the addresses that no request can be made from, at no cost; return the other tasks."""
    askables, settled = [], []
    # They were never asked, so their only instant is the start of the run.
    asked = {"responded_at": instant(started(run.run_id))}
    for job in jobs:
        if has_credential(job.target.url):
            settled.append(in_time(of_fault(job.target, _KEY, None, None, asked), job, run.run_id))
            continue
        try:
            askable(job.target.url)
        except ValueError as error:
            fault = faults.of_exception(faults.UnaskableAddressError(str(error)))
            seen = of_fault(job.target, fault, None, None, asked)
            settled.append(in_time(seen, job, run.run_id))
        else:
            askables.append(job)
    run.store_checks(settled)
    return askables


async def _check(
    run: RunContext, jobs: list[CheckTask], local: frozenset[str], accepted: list[str], begun: float
) -> int:
    """Ask the addresses; return how many were not asked after all. ``begun``: start of the stage, by the monotonic
    clock."""
    jobs = _settle_unaskable(run, jobs)
    if not jobs:
        return 0
    allow_connections(run.hosts_at_once)
    widest = max((job.limits for job in jobs), key=lambda limits: limits.concurrency)
    settings = scrapy_settings(
        widest, local=local, contact=run.contact, concurrency=run.hosts_at_once, bad_tls_hosts=accepted, proxy=run.proxy
    )
    settings |= {"RETRY_TIMES": 1, "DOWNLOAD_MAXSIZE": 5_000_000, **lean_settings()}
    runner = AsyncCrawlerRunner(Settings(settings))
    crawler = runner.create_crawler(LinkSpider)
    with rare_collections():
        await runner.crawl(crawler, run=run, jobs=jobs, stage_begun=begun)
    return len(jobs) - crawler.spider.done if isinstance(crawler.spider, LinkSpider) else len(jobs)
