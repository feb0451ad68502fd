"""Is it there, and is it a file? Every address is asked with HEAD, and what may be a table is downloaded.

HEAD is refused or mishandled by many servers: whatever it fails with is confirmed by a GET of the first bytes. Only
404, 410 and a name that does not exist are "broken"; see :mod:`harvester.checks.faults`. Each host has its own
queue, so a slow one delays no other.
"""

from __future__ import annotations

import asyncio
import hashlib
import re
import time
from collections import deque
from collections.abc import AsyncIterator, Iterator, Sequence
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

import scrapy
from scrapy.crawler import AsyncCrawlerRunner
from scrapy.settings import Settings

from catalog import vocabulary
from catalog.model import ResourceCheck
from catalog.observations import drop_stale_reports, write_checks
from catalog.reading import CheckTarget, check_targets
from catalog.store import now
from harvester.checks import faults
from harvester.checks.download import Save, Saved
from harvester.checks.guard import own_addresses
from harvester.checks.politeness import host_of
from harvester.pages import Night
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
            (target, portal.limits)
            for portal in chosen
            for target in check_targets(night.catalog, night.run_id, portal.id, portal.limits.max_checks)
        ]
        if jobs:
            asyncio.run(_check(night, jobs, local))
        if night.fault is not None:
            raise night.fault
    for portal in portals:
        drop_stale_reports(night.catalog, portal.id)


async def _check(night: Night, jobs: list[tuple[CheckTarget, Limits]], local: frozenset[str]) -> None:
    widest = max((limits for _, limits in jobs), key=lambda limits: limits.concurrency)
    settings = scrapy_settings(widest, local=local, contact=night.contact, concurrency=HOSTS_AT_ONCE)
    settings |= {"RETRY_TIMES": 1, "DOWNLOAD_MAXSIZE": 5_000_000, "ITEM_PIPELINES": {}}
    runner = AsyncCrawlerRunner(Settings(settings))
    await runner.crawl(runner.create_crawler(LinkSpider), night=night, jobs=jobs)


class LinkSpider(scrapy.Spider):
    """Asks addresses, host by host."""

    name = "links"

    def __init__(self, *, night: Night, jobs: list[tuple[CheckTarget, Limits]], **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.night = night
        self.total, self.done = len(jobs), 0
        self.waiting: list[ResourceCheck] = []
        self.downloads: dict[str, int] = {}
        self.queues: dict[str, deque[tuple[CheckTarget, Limits]]] = {}
        for target, limits in jobs:
            self.queues.setdefault(_host(target.url), deque()).append((target, limits))

    async def start(self) -> AsyncIterator[Any]:
        for host in list(self.queues):
            queue = self.queues[host]
            for _ in range(queue[0][1].concurrency if queue else 0):
                for request in self.next_of(host):
                    yield request

    def next_of(self, host: str) -> Iterator[scrapy.Request]:
        """The next request to a host; addresses that cannot be asked are settled on the way."""
        queue = self.queues[host]
        while queue:
            target, limits = queue.popleft()
            try:
                url = _askable(target.url)
                request = self.ask(url, "HEAD", target, limits)
            except ValueError as error:
                fault = faults.of_exception(error)
                self.settle(_of_fault(target, fault, None, None))
                continue
            yield request
            return

    def ask(self, url: str, method: str, target: CheckTarget, limits: Limits, **meta: Any) -> scrapy.Request:
        meta |= {
            "handle_httpstatus_list": list(range(400, 600)),
            "download_timeout": limits.timeout_s,
            "delay_s": limits.delay_s,
            "job": (target, limits),
            "asked_at": time.monotonic(),
        }
        headers = {"Range": f"bytes=0-{FIRST_BYTES - 1}"} if method == "GET" and "save" not in meta else {}
        # A saved body must be the file itself, and its size the file's.
        headers["Accept-Encoding"] = "identity"
        return scrapy.Request(
            url, self.answered, method=method, headers=headers, errback=self.failed, dont_filter=True, meta=meta
        )

    async def answered(self, response: Response) -> AsyncIterator[Any]:
        target, limits = response.meta["job"]
        method = str(response.request.method) if response.request else "GET"
        fault = faults.of_response(response)
        if fault is not None:
            if method == "HEAD":
                # HEAD is refused or mishandled by many: a GET decides.
                yield self.ask(_askable(target.url), "GET", target, limits)
                return
            self.settle(_of_fault(target, fault, response, method))
        else:
            seen = _of_answer(target, response, response.meta.get("saved"), self.night.data)
            if "save" in response.meta or not self.wants_download(target, limits, seen):
                self.settle(seen)
            elif _is_unchanged(target.previous, seen) and _file_is_there(self.night.data, target.previous):
                self.settle(_with_file(seen, target.previous))
            else:
                self.downloads[target.portal_id] = self.downloads.get(target.portal_id, 0) + 1
                save = Save(self.night.data / _file_name(target.url), limits.max_table_bytes)
                yield self.ask(_askable(target.url), "GET", target, limits, save=save)
                return
        for request in self.next_of(_host(target.url)):
            yield request

    async def failed(self, failure: Failure) -> AsyncIterator[Any]:
        request: scrapy.Request = failure.request  # type: ignore[attr-defined]
        target, limits = request.meta["job"]
        error = failure.value or RuntimeError("no reason given")
        fault = faults.of_exception(error)
        if request.method == "HEAD" and fault.kind in ("connection", "timeout", "redirect"):
            yield self.ask(_askable(target.url), "GET", target, limits)
            return
        if self.night.fault is not None:
            return
        self.settle(_of_fault(target, fault, None, str(request.method)))
        for following in self.next_of(_host(target.url)):
            yield following

    def wants_download(self, target: CheckTarget, limits: Limits, seen: ResourceCheck) -> bool:
        """Whether the file may be a table, by what was declared, by its address or by its served type."""
        if self.downloads.get(target.portal_id, 0) >= limits.max_downloads:
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
            write_checks(self.night.catalog, self.night.run_id, list(unique.values()))
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


def _askable(url: str) -> str:
    """The address as it can be asked. Raises ValueError, in words, where it cannot."""
    stripped = url.strip()
    if not re.match(r"(?i)https?://", stripped):
        raise ValueError(f"the address does not begin with http:// or https://: {stripped[:100]!r}")
    if re.search(r"[{}<>\s\x00-\x1f]", re.sub(r" ", "%20", stripped)):
        raise ValueError(f"the address holds characters that no address may hold: {stripped[:100]!r}")
    if not re.match(r"(?i)https?://([^/@]*@)?(\[[0-9a-f:.]+\]|[^/:?#\[\]]+)(:\d{1,5})?([/?#]|$)", stripped):
        raise ValueError(f"the address has no host: {stripped[:100]!r}")
    return stripped


def _file_name(url: str) -> str:
    """Where a download lies: named after the address's hash, never after anything in it."""
    digest = hashlib.sha256(url.encode("utf-8", "replace")).hexdigest()
    return f"files/{digest[:2]}/{digest[2:34]}.bin"


def _header(response: Response, name: str) -> str | None:
    value = response.headers.get(name)
    return value.decode("latin-1").strip()[:500] or None if value else None


def _size(response: Response) -> int | None:
    total = re.search(r"/(\d+)$", _header(response, "Content-Range") or "")
    length = total.group(1) if total else _header(response, "Content-Length")
    return int(length) if length and length.isdigit() else None


def _of_answer(
    target: CheckTarget, response: Response, saved: Saved | None = None, data: Path | None = None
) -> ResourceCheck:
    redirects = response.meta.get("redirect_urls") or []
    file: dict[str, Any] = {}
    if saved is not None and data is not None:
        file = {
            "file_path": str(saved.path.relative_to(data)),
            "sha256": saved.sha256,
            "downloaded_bytes": saved.size_bytes,
            "is_truncated": saved.cut is not None,
        }
    return ResourceCheck(
        url=target.url,
        outcome="ok",
        method=str(response.request.method) if response.request else None,
        status=response.status,
        final_url=response.url,
        redirects=len(redirects),
        content_type=_header(response, "Content-Type"),
        size_bytes=_size(response),
        last_modified=_header(response, "Last-Modified"),
        etag=_header(response, "ETag"),
        elapsed_ms=int(1000 * (time.monotonic() - response.meta["asked_at"])),
        checked_at=now(),
        **file,
    )


def _of_fault(target: CheckTarget, fault: faults.Fault, response: Response | None, method: str | None) -> ResourceCheck:
    return ResourceCheck(
        url=target.url,
        outcome=fault.outcome,
        fault=fault.kind,
        detail=fault.detail,
        method=method,
        status=response.status if response is not None else None,
        final_url=response.url if response is not None else None,
        content_type=_header(response, "Content-Type") if response is not None else None,
        checked_at=now(),
    )


def _is_unchanged(before: ResourceCheck | None, seen: ResourceCheck) -> bool:
    """Whether the server says that the file is the one downloaded before."""
    if before is None or before.sha256 is None or before.size_bytes != seen.size_bytes:
        return False
    validators = [(before.etag, seen.etag), (before.last_modified, seen.last_modified)]
    return any(a and a == b for a, b in validators) and not any(a and b and a != b for a, b in validators)


def _file_is_there(data: Path, before: ResourceCheck | None) -> bool:
    return before is not None and before.file_path is not None and (data / before.file_path).is_file()


def _with_file(seen: ResourceCheck, before: ResourceCheck | None) -> ResourceCheck:
    if before is None:
        return seen
    return replace(
        seen,
        file_path=before.file_path,
        sha256=before.sha256,
        downloaded_bytes=before.downloaded_bytes,
        is_truncated=before.is_truncated,
    )
