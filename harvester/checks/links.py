"""Is it there, and is it a file? Every address is asked with HEAD, and what may be a table is downloaded.

HEAD is refused or mishandled by many servers: whatever it fails with is confirmed by a GET of the first bytes. What
was seen before is asked for conditionally; 304 says that it is as it was. Only 404, 410 and a name that does not exist
speak against an address, and only after several checks over days; see :mod:`harvester.checks.faults`. Each host has
its own queue, so a slow one delays no other.
"""

from __future__ import annotations

import asyncio
import hashlib
import re
import time
from collections import deque
from collections.abc import AsyncIterator, Iterator, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import scrapy
from scrapy.crawler import AsyncCrawlerRunner
from scrapy.settings import Settings

from catalog import vocabulary
from catalog.model import ResourceCheck
from catalog.observations import BrokenRule, drop_stale_reports, write_checks
from catalog.reading import CheckTarget, check_targets
from catalog.store import instant, started
from harvester.checks import faults
from harvester.checks.download import Save
from harvester.checks.guard import own_addresses
from harvester.checks.looks import as_before, file_is_there, is_unchanged, of_answer, of_fault, with_file
from harvester.checks.politeness import host_of
from harvester.night import Night
from harvester.settings import scrapy_settings
from specs.portals import Limits, PortalSpec

if TYPE_CHECKING:
    from scrapy.http import Response
    from twisted.python.failure import Failure

__all__ = ["check"]

HOSTS_AT_ONCE = 64
WRITE_EVERY = 100
"""Checks written in one transaction."""
TABLE_KINDS = ("table", "spreadsheet", "archive")
FIRST_BYTES = 65_536


@dataclass(frozen=True, slots=True)
class Job:
    """An address to ask, and how far its portal lets us go."""

    target: CheckTarget
    limits: Limits
    rule: BrokenRule


def check(night: Night, portals: Sequence[PortalSpec]) -> None:
    """Check the addresses of the portals that this run has not asked yet.

    Portals declared local are checked apart: nobody else's links may lead to local addresses, and theirs only to
    their own.
    """
    groups: dict[frozenset[str], list[PortalSpec]] = {}
    for portal in portals:
        groups.setdefault(own_addresses(portal.url) if portal.local else frozenset(), []).append(portal)
    for local, chosen in groups.items():
        jobs = [
            Job(target, portal.limits, BrokenRule(portal.broken.after_checks, portal.broken.after_days))
            for portal in chosen
            for target in check_targets(night.catalog, night.run_id, portal.id, portal.limits.max_checks)
        ]
        if jobs:
            accepted = [host_of(portal.url) for portal in chosen if portal.accept_bad_tls]
            asyncio.run(_check(night, jobs, local, accepted))
        if night.fault is not None:
            raise night.fault
    for portal in portals:
        drop_stale_reports(night.catalog, portal.id)


async def _check(night: Night, jobs: list[Job], local: frozenset[str], accepted: list[str]) -> None:
    widest = max((job.limits for job in jobs), key=lambda limits: limits.concurrency)
    settings = scrapy_settings(
        widest, local=local, contact=night.contact, concurrency=HOSTS_AT_ONCE, bad_tls_hosts=accepted
    )
    settings |= {"RETRY_TIMES": 1, "DOWNLOAD_MAXSIZE": 5_000_000, "ITEM_PIPELINES": {}}
    runner = AsyncCrawlerRunner(Settings(settings))
    await runner.crawl(runner.create_crawler(LinkSpider), night=night, jobs=jobs)


class LinkSpider(scrapy.Spider):
    """Asks addresses, host by host."""

    name = "links"

    def __init__(self, *, night: Night, jobs: list[Job], **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.night = night
        self.total, self.done = len(jobs), 0
        self.begun = time.monotonic()
        self.waiting: list[ResourceCheck] = []
        self.downloads: dict[str, int] = {}
        self.rules = {job.target.url: job.rule for job in jobs}
        self.queues: dict[str, deque[Job]] = {}
        for job in jobs:
            self.queues.setdefault(_host(job.target.url), deque()).append(job)

    def check_request(self, request: scrapy.Request) -> None:
        """Called for every request before it goes out. The budget is the number of addresses: ``limits.max_checks``."""
        self.night.traffic["requests"] += 1

    def count_bytes(self, count: int) -> None:
        """Called for every piece of a body that comes in."""
        self.night.traffic["bytes"] += count

    received = count_bytes

    def bad_tls(self, reason: str) -> None:
        """It is kept with the check of the address."""

    async def start(self) -> AsyncIterator[Any]:
        for host in list(self.queues):
            queue = self.queues[host]
            for _ in range(queue[0].limits.concurrency if queue else 0):
                for request in self.next_of(host):
                    yield request

    def next_of(self, host: str) -> Iterator[scrapy.Request]:
        """The next request to a host; addresses that cannot be asked are settled on the way."""
        queue = self.queues[host]
        if queue and time.monotonic() - self.begun > queue[0].limits.check_deadline_s:
            # What is left comes first in the next night: it is the longest unchecked.
            queue.clear()
        while queue:
            job = queue.popleft()
            try:
                request = self.ask(_askable(job.target.url), "HEAD", job)
            except ValueError as error:
                # Never asked, so it has no instant but the run's.
                asked = {"answered_at": instant(started(self.night.run_id))}
                fault = faults.of_exception(faults.UnaskableAddressError(str(error)))
                self.settle(of_fault(job.target, fault, None, None, asked))
                continue
            yield request
            return

    def ask(self, url: str, method: str, job: Job, **meta: Any) -> scrapy.Request:
        """A request for an address: HEAD, GET of the first bytes, or GET into a file (``save``)."""
        limits = job.limits
        is_download = "save" in meta
        meta |= {
            "handle_httpstatus_list": [304, *range(400, 600)],
            "download_timeout": limits.feed_timeout_s if is_download else limits.timeout_s,
            "delay_s": limits.delay_s,
            "max_wait_s": limits.max_wait_s,
            "job": job,
        }
        # A saved body must be the file itself, and its size the file's.
        headers = {"Accept-Encoding": "identity"}
        if method == "GET" and not is_download:
            headers["Range"] = f"bytes=0-{FIRST_BYTES - 1}"
            meta["first_bytes"] = FIRST_BYTES
        if method == "HEAD":
            headers |= self.conditions(job)
        return scrapy.Request(
            url, self.answered, method=method, headers=headers, errback=self.failed, dont_filter=True, meta=meta
        )

    def conditions(self, job: Job) -> dict[str, str]:
        """The validators of the last answer, where 304 would tell all that is wanted."""
        before = job.target.previous
        if before is None or self.night.is_full or not (before.etag or before.last_modified):
            return {}
        is_here = file_is_there(self.night.data, before)
        if not is_here and (before.file_path or self.wants_download(job, before)):
            return {}
        etag = {"If-None-Match": before.etag} if before.etag else {}
        return etag | ({"If-Modified-Since": before.last_modified} if before.last_modified else {})

    async def answered(self, response: Response) -> AsyncIterator[Any]:
        job: Job = response.meta["job"]
        target = job.target
        method = str(response.request.method) if response.request else "GET"
        fault = faults.of_response(response)
        if fault is not None:
            if method == "HEAD":
                # HEAD is refused or mishandled by many: a GET decides.
                yield self.ask(_askable(target.url), "GET", job)
                return
            self.settle(of_fault(target, fault, response, method))
        elif response.status == 304 and target.previous is not None:
            self.night.traffic["not_modified"] += 1
            self.settle(as_before(target.previous, response))
        else:
            seen = of_answer(target, response, response.meta.get("saved"), self.night.data)
            if "save" in response.meta or not self.wants_download(job, seen):
                self.settle(seen)
            elif is_unchanged(target.previous, seen) and file_is_there(self.night.data, target.previous):
                self.night.traffic["not_modified"] += 1
                self.settle(with_file(seen, target.previous))
            else:
                self.downloads[target.portal_id] = self.downloads.get(target.portal_id, 0) + 1
                limits = job.limits
                path = self.night.data / _file_name(target.url)
                save = Save(path, limits.max_table_bytes, limits.min_bytes_per_s, limits.timeout_s)
                yield self.ask(_askable(target.url), "GET", job, save=save)
                return
        for request in self.next_of(_host(target.url)):
            yield request

    async def failed(self, failure: Failure) -> AsyncIterator[Any]:
        request: scrapy.Request = failure.request  # type: ignore[attr-defined]
        job: Job = request.meta["job"]
        fault = faults.of_exception(failure.value or RuntimeError("no reason given"))
        is_web = request.url.startswith(("http://", "https://"))
        if is_web and request.method == "HEAD" and fault.kind in ("cut_short", "connect", "timeout", "moved"):
            yield self.ask(_askable(job.target.url), "GET", job)
            return
        if self.night.fault is not None:
            return
        self.settle(of_fault(job.target, fault, None, str(request.method), request.meta))
        for following in self.next_of(_host(job.target.url)):
            yield following

    def wants_download(self, job: Job, seen: ResourceCheck) -> bool:
        """Whether the file may be a table, by what was declared, by its address or by its served type.

        Over FTP nothing is loaded.
        """
        target = job.target
        if self.downloads.get(target.portal_id, 0) >= job.limits.max_downloads or _scheme(target.url) == "ftp":
            return False
        declared = vocabulary.file_format(target.media_type, target.format) or vocabulary.format_of_url(target.url)
        served = vocabulary.file_format(seen.content_type)
        return any(fmt is not None and (fmt.kind in TABLE_KINDS or fmt.id in _TEXTUAL) for fmt in (declared, served))

    def settle(self, seen: ResourceCheck) -> None:
        """Take a check as final; they are written by the hundred."""
        self.waiting.append(seen)
        self.done += 1
        if len(self.waiting) >= WRITE_EVERY:
            self.write()
        self.night.on_progress("check", "addresses", self.done, self.total)

    def write(self) -> None:
        # Two spellings in one batch may be one address.
        unique = {one.url: one for one in self.waiting}
        self.waiting = []
        try:
            write_checks(self.night.catalog, self.night.run_id, list(unique.values()), self.rules)
            self.night.catalog.set_run(self.night.run_id, traffic=self.night.traffic)
        except Exception as error:
            self.night.fault = error
            for queue in self.queues.values():
                queue.clear()
            raise

    def closed(self, reason: str) -> None:
        """Scrapy's last word: what is left is written."""
        if self.night.fault is None:
            self.write()


_TEXTUAL = ("JSON", "GEOJSON", "TXT", "XML", "JSON_LINES")
"""Small enough in kind to look into: an error message in their place is a finding."""


def _host(url: str) -> str:
    try:
        return host_of(url)
    except ValueError:
        return ""


def _scheme(url: str) -> str:
    return url.strip().partition(":")[0].lower()


def _askable(url: str) -> str:
    """The address as it can be asked. Raises ValueError, in words, where it cannot."""
    stripped = url.strip()
    if not re.match(r"(?i)(https?|ftp)://", stripped):
        raise ValueError(f"the address does not begin with http://, https:// or ftp://: {stripped[:100]!r}")
    if re.search(r"[{}<>\s\x00-\x1f]", re.sub(r" ", "%20", stripped)):
        raise ValueError(f"the address holds characters that no address may hold: {stripped[:100]!r}")
    if not re.match(r"(?i)(https?|ftp)://([^/@]*@)?(\[[0-9a-f:.]+\]|[^/:?#\[\]]+)(:\d{1,5})?([/?#]|$)", stripped):
        raise ValueError(f"the address has no host: {stripped[:100]!r}")
    return stripped


def _file_name(url: str) -> str:
    """Where a download lies: named after the address's hash, never after anything in it."""
    digest = hashlib.sha256(url.encode("utf-8", "replace")).hexdigest()
    return f"files/{digest[:2]}/{digest[2:34]}.bin"
