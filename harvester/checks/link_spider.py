"""Ask addresses with one queue for each host, notice when this machine's network is lost, and write what was seen."""

from __future__ import annotations

import asyncio
import logging
import time
from collections import deque
from collections.abc import AsyncIterator
from dataclasses import replace
from functools import cached_property
from typing import Any

import scrapy
from scrapy.http import Headers

from catalog.model import ResourceCheck
from catalog.repositories.targets import portal_addresses
from harvester.checks.changes import change_of, schedule_of
from harvester.checks.check_results import of_fault
from harvester.checks.check_task import CheckTask
from harvester.checks.due import queue_of
from harvester.checks.url_check import UrlCheck
from harvester.http import faults
from harvester.http.direct import DirectDownloader
from harvester.http.outage import Outage, has_responded
from harvester.night.context import RunContext

__all__ = ["LinkSpider", "in_time"]

PROBES = 3
"""Portals asked whether the network works, if nothing has responded yet."""
WRITE_EVERY = 100
"""Checks written in one transaction."""

log = logging.getLogger(__name__)


class LinkSpider(scrapy.Spider):
    """Spider that checks addresses. Each host has its own queue, with the most urgent address first.

    ``jobs`` are the addresses to check. ``stage_begun`` is when the check stage began, in seconds of the monotonic
    clock.
    """

    name = "links"
    asks_unresolved_once = True
    """A host whose name does not resolve is not asked again this night."""

    def __init__(self, *, run: RunContext, jobs: list[CheckTask], stage_begun: float, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.run, self.stage_begun = run, stage_begun
        self.total, self.done = len(jobs), 0
        self.begun = time.monotonic()
        self.waiting: list[ResourceCheck] = []
        self.downloads: dict[str, int] = {}
        self.rules = {job.target.url: job.rule for job in jobs}
        self.queues: dict[str, deque[CheckTask]] = {}
        for job in jobs:
            self.queues.setdefault(queue_of(job.target.url), deque()).append(job)
        self.outage, self.is_network_lost, self.probing = Outage(), False, asyncio.Lock()
        self.reached: str | None = None
        """An address that responded during this stage."""
        self.portal_ids = list(dict.fromkeys(job.target.portal_id for job in jobs))
        self.unresolved: dict[str, scrapy.Request] = {}
        """By host whose name did not resolve: the one request that found it out."""

    @property
    def downloader(self) -> DirectDownloader:
        """Return the downloader to which requests are passed directly, without Scrapy's queues."""
        engine = self.crawler.engine
        assert engine is not None and isinstance(engine.downloader, DirectDownloader)
        return engine.downloader

    @cached_property
    def headers(self) -> Headers:
        """Return the headers of every request. They ask for a body without compression, so that length and bytes are
        those of the file."""
        agent = self.crawler.settings["USER_AGENT"]
        return Headers({"Accept": "*/*", "Accept-Encoding": "identity", "User-Agent": agent})

    def check_request(self, request: scrapy.Request) -> None:
        """Count ``request`` in the run's traffic. The downloader calls this before it sends a request."""
        self.run.traffic["requests"] += 1

    def count_bytes(self, count: int) -> None:
        """Add ``count`` bytes to the run's traffic. The downloader calls this for each piece of a body."""
        self.run.traffic["bytes"] += count

    received = count_bytes

    def bad_tls(self, reason: str) -> None:
        """Do nothing when a certificate is invalid, because the fault is stored with the check of the address."""

    async def start(self) -> AsyncIterator[Any]:
        """Check all addresses. No request is yielded to Scrapy, because requests go directly to the downloader."""
        await self.ask_all()
        no_requests: tuple[scrapy.Request, ...] = ()
        for request in no_requests:
            yield request

    async def ask_all(self) -> None:
        """Check all addresses, at most ``hosts_at_once`` of the run together and ``limits.concurrency`` of one host."""
        gate = asyncio.Semaphore(self.run.hosts_at_once)

        async def work(host: str) -> None:
            try:
                await self.work(host)
            finally:
                gate.release()

        async with asyncio.TaskGroup() as group:
            for host, queue in self.queues.items():
                for _ in range(min(queue[0].limits.concurrency, len(queue)) if queue else 0):
                    await gate.acquire()
                    group.create_task(work(host))
        # No response followed the last failures, so test the network before they count.
        if self.outage.held and not await self.is_network_there(is_at_end=True):
            self.end_without_network()
        self.settle(*self.outage.release())

    async def work(self, host: str) -> None:
        """Check the addresses in the queue of ``host`` one after the other, until the queue is empty, the budget or the
        deadline is used up, the network is lost, or the catalogue cannot be written.

        An address that a fault of this program keeps from being checked is logged and passed over.
        """
        queue = self.queues[host]
        while queue:
            job = queue.popleft()
            at = time.monotonic()
            is_spent = self.run.check_budget.is_spent(self.run.traffic, at - self.stage_begun)
            if is_spent or at - self.begun > job.limits.check_deadline_s:
                # The rest waits for the next night.
                queue.clear()
                return
            try:
                seen = self.of_host(host, job) or await self.asked(host, job)
            except Exception:
                log.exception("%s: could not be checked: a fault of this program", job.target.url)
                continue
            if self.run.fault is not None:
                return
            if self.is_network_lost:
                return
            if seen is not None:
                seen = in_time(seen, job, self.run.run_id)
                self.reached = seen.url if has_responded(seen) else self.reached
                self.settle(*self.outage.take(host, seen))
                if self.outage.is_likely and not await self.is_network_there():
                    self.end_without_network()

    async def asked(self, host: str, job: CheckTask) -> ResourceCheck | None:
        """Check the address of ``job``, which is at ``host``, and return the result. If the name of the host does not
        resolve, remember the failed request: :meth:`of_host` makes further results from it.

        Return None if the run is a replay and its archive holds no exchange with the address.
        """
        check = UrlCheck(self, job)
        seen = await check.outcome()
        if host in self.run.unresolved and check.last is not None and queue_of(check.last.url) == host:
            self.unresolved.setdefault(host, check.last)
        return seen

    def of_host(self, host: str, job: CheckTask) -> ResourceCheck | None:
        """Return the result of ``job`` without a request if an earlier one showed that the name of ``host`` does not
        resolve, else None.

        The failed look-up is one observation: all addresses of the host get its outcome, time and evidence.
        """
        last = self.unresolved.get(host) if host in self.run.unresolved else None
        if last is None:
            return None
        # The redirects are those of another address.
        meta = {name: value for name, value in last.meta.items() if name != "redirect_urls"}
        return of_fault(job.target, self.run.unresolved[host], None, str(last.method), meta)

    async def is_network_there(self, *, is_at_end: bool = False) -> bool:
        """Return whether this machine's network works, by a request to an address that should respond.

        The network is tested only if an outage is likely or ``is_at_end`` is true; otherwise the result is True.
        ``is_at_end`` tells that the queues of all hosts are empty. The test asks the address that responded last in
        this stage; at the end, or if none has responded, it also asks addresses of portals. The network works if one of
        them responds, or fails in another way than by name look-up, connection or timeout. The result is False if none
        does, or if there is no address to ask. If the network works, the failed checks that were kept back because of a
        possible outage are stored as failures.
        """
        async with self.probing:
            if not (self.outage.is_likely or is_at_end):
                return True
            known = [] if self.reached is None else [self.reached]
            if is_at_end or not known:
                known += portal_addresses(self.run.catalog, self.portal_ids[:PROBES])
            for url in known:
                meta = {"dont_obey_robotstxt": True, "dont_retry": True, "handle_httpstatus_list": [*range(300, 600)]}
                request = scrapy.Request(url, method="HEAD", meta=meta)
                dict.update(request.headers, self.headers)
                try:
                    await self.downloader.ask(request, lambda request: None)
                except Exception as error:  # noqa: BLE001  # every exception of a request is a fault with a name
                    if faults.of_exception(error).kind not in ("dns", "connect", "timeout"):
                        break
                else:
                    break
            else:
                return False
            self.settle(*self.outage.release())
            return True

    def end_without_network(self) -> None:
        """End the stage because this machine's network is down. Addresses still in the queues are left for the next
        run, and failures since the last response are stored with outcome "unknown"."""
        if self.is_network_lost:
            return
        self.is_network_lost = True
        hosts = len(self.outage.held)
        log.error("the check of addresses was stopped: %d hosts in a row did not respond; our network is down", hosts)
        self.run.traffic["hosts_lost_with_network"] = hosts
        self.run.unresolved.clear()
        self.settle(*self.outage.lost())
        for queue in self.queues.values():
            queue.clear()

    def may_download(self, job: CheckTask) -> bool:
        """Return whether fewer whole files (tables, texts such as JSON, schemas) than ``limits.max_downloads`` were
        requested from the portal of ``job`` in this run."""
        return self.downloads.get(job.target.portal_id, 0) < job.limits.max_downloads

    def count_download(self, job: CheckTask) -> None:
        """Count the download of one whole file for the portal of ``job``. Call this before it begins."""
        self.downloads[job.target.portal_id] = self.downloads.get(job.target.portal_id, 0) + 1

    def settle(self, *seen: ResourceCheck) -> None:
        """Add the finished checks ``seen`` to those that wait to be written to the catalogue, and report progress.
        Write all that wait once there are WRITE_EVERY (100)."""
        if not seen:
            return
        self.waiting += seen
        self.done += len(seen)
        if len(self.waiting) >= WRITE_EVERY:
            self.write()
        self.run.on_progress("check", "addresses", self.done, self.total)

    def write(self) -> None:
        """Write the waiting checks and the run's traffic to the catalogue. On an error, empty all queues, so that the
        stage ends, and raise the error."""
        # Two spellings in one batch may be the same address.
        unique = {one.url: one for one in self.waiting}
        self.waiting = []
        try:
            self.run.store_checks(list(unique.values()), self.rules)
            self.run.catalog.set_run(self.run.run_id, traffic=self.run.traffic)
        except Exception as error:
            self.run.fault = error
            for queue in self.queues.values():
                queue.clear()
            raise

    def closed(self, reason: str) -> None:
        """Write the checks that still wait to be written. Scrapy calls this when it closes the spider, with the
        ``reason``."""
        if self.run.fault is None:
            self.write()


def in_time(seen: ResourceCheck, job: CheckTask, run_id: str) -> ResourceCheck:
    """Return a check with the time of the last change and of the next request."""
    before = job.target.previous
    change = change_of(before, seen) if seen.outcome == "ok" else {}
    schedule = schedule_of(before, seen, run_id, job.recheck, is_changed=change.get("is_changed", False))
    return replace(seen, **change, **schedule)
