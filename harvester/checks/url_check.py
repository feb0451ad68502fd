"""One look at one address: HEAD; a GET of the first bytes where HEAD does not tell; the file where it may be a table.

HEAD is refused or mishandled by many servers: whatever it fails with is confirmed by a GET of the first bytes. What
was seen before is asked for conditionally; 304 says that it is as it was. Only 404, 410 and a name that does not exist
speak against an address, and only after several checks over days; see :mod:`harvester.http.faults`.
"""

from __future__ import annotations

import hashlib
import re
from dataclasses import replace
from typing import TYPE_CHECKING, Any

import scrapy

from catalog import vocabulary
from catalog.model import ResourceCheck
from harvester.checks.check_results import as_before, file_is_there, is_unchanged, of_answer, of_fault, with_file
from harvester.http import faults
from harvester.http.download import BodySaver, SavedBody
from quality.evidence.claims import algorithm
from specs.credentials import without_login

if TYPE_CHECKING:
    from scrapy.http import Response

    from harvester.checks.links import CheckTask, LinkSpider

__all__ = ["ORIGIN", "UrlCheck", "askable"]

TABLE_KINDS = ("table", "spreadsheet", "archive")
FIRST_BYTES = 65_536
MAX_SCHEMA_BYTES = 2_000_000
"""Of a declared schema."""
ORIGIN = "https://example.org"
"""The origin named to learn whether pages of others may read the file (CORS)."""
_TEXTUAL = ("JSON", "GEOJSON", "TXT", "XML", "JSON_LINES")
"""Small enough in kind to look into: an error message in their place is a finding."""


class UrlCheck:
    """One look at one address."""

    def __init__(self, spider: LinkSpider, job: CheckTask) -> None:
        self.spider, self.job, self.target = spider, job, job.target
        self.night, self.limits = spider.night, job.limits
        self.url = askable(self.target.url)
        self.is_plain = _PLAIN.fullmatch(self.url) is not None
        self.last: scrapy.Request | None = None
        """The last request that went out."""
        self.cors: str | None = None

    async def outcome(self) -> ResourceCheck | None:
        """What came of it; None where the night that is replayed did not ask the address."""
        response = await self.ask("HEAD", self.conditions())
        if isinstance(response, faults.RequestFault):
            if response.kind == "not_recorded":
                return None
            is_web = self.url.lower().startswith("http")
            if not is_web or response.kind not in ("cut_short", "connect", "timeout", "moved"):
                return self.failed(response)
        elif faults.of_response(response) is None:
            return await self.answered(response)
        # HEAD is refused or mishandled by many: a GET decides.
        response = await self.ask("GET", {"Range": f"bytes=0-{FIRST_BYTES - 1}"}, first_bytes=FIRST_BYTES)
        if isinstance(response, faults.RequestFault):
            return self.failed(response)
        fault = faults.of_response(response)
        return await self.answered(response) if fault is None else self.failed(fault, response)

    async def ask(self, method: str, headers: dict[str, str], **meta: Any) -> Response | faults.RequestFault:
        """The answer to a request, or the fault that kept it away."""
        limits = self.limits
        meta |= {
            "handle_httpstatus_list": _STATUSES,
            "download_timeout": limits.feed_timeout_s if "save" in meta else limits.timeout_s,
            "delay_s": limits.delay_s,
            "max_wait_s": limits.max_wait_s,
            # Where Scrapy would find nothing to quote, it need not look.
            "verbatim_url": self.is_plain,
        }
        request = scrapy.Request(self.url, method=method, headers=headers, meta=meta)
        # As Scrapy stores them, without converting them again for each request.
        dict.update(request.headers, self.spider.headers)
        try:
            return await self.spider.downloader.ask(request, self.sent)
        except Exception as error:  # noqa: BLE001  # every exception of a request is a fault with a name
            return faults.of_exception(error)

    def sent(self, request: scrapy.Request) -> None:
        """A request goes out."""
        self.last = request

    def failed(self, fault: faults.RequestFault, response: Response | None = None) -> ResourceCheck:
        """The check of an address that does not answer as it should."""
        request = self.last
        assert request is not None
        return of_fault(self.target, fault, response, str(request.method), request.meta)

    def conditions(self) -> dict[str, str]:
        """Headers of the HEAD request: an origin, and the validators of the last answer where 304 tells all."""
        asked = {"Origin": ORIGIN}
        before = self.target.previous
        if before is None or self.night.is_full or not (before.etag or before.last_modified):
            return asked
        if not file_is_there(self.night.data, before) and (before.file_path or self.wanted_bytes(before)):
            return asked
        if before.etag:
            asked["If-None-Match"] = before.etag
        if before.last_modified:
            asked["If-Modified-Since"] = before.last_modified
        return asked

    async def answered(self, response: Response) -> ResourceCheck:
        """The check of an address that answers; with its file, where one is wanted."""
        before = self.target.previous
        if response.status == 304 and before is not None:
            self.night.traffic["not_modified"] += 1
            return replace(as_before(before, response), declared_modified=self.target.modified)
        seen = self.seen(response)
        wanted = self.wanted_bytes(seen)
        if not wanted:
            return seen
        if before is not None and is_unchanged(before, seen) and file_is_there(self.night.data, before):
            self.night.traffic["not_modified"] += 1
            return with_file(seen, before)
        headers = {}
        if self.is_whole_wanted(seen):
            self.spider.count_download(self.job)
        else:
            headers["Range"] = f"bytes=0-{wanted - 1}"
        self.cors = seen.cors
        path = self.night.data / _file_name(self.target.url)
        save = BodySaver(path, wanted, self.limits.min_bytes_per_s, self.limits.timeout_s)
        algorithms = _algorithms(self.target.checksum_algorithms)
        save = replace(save, algorithms=algorithms, least_bytes=seen.size_bytes or 0, keeps_broken=False)
        loaded = await self.download(headers, save)
        if isinstance(loaded, faults.RequestFault):
            return self.failed(loaded)
        fault = faults.of_response(loaded) or faults.of_waiting(loaded.status) or _lost(loaded)
        if fault is not None:
            return self.failed(fault, loaded)
        return self.seen(loaded)

    async def download(self, headers: dict[str, str], save: BodySaver) -> Response | faults.RequestFault:
        """The answer with the file; asked for once more where it broke off."""
        loaded = await self.ask("GET", headers, save=save)
        if isinstance(loaded, faults.RequestFault):
            return loaded
        lost = _lost(loaded)
        return await self.ask("GET", headers, save=save) if lost is not None and lost.kind == "cut_short" else loaded

    def seen(self, response: Response) -> ResourceCheck:
        """The check of an answer."""
        return of_answer(self.target, response, response.meta.get("saved"), self.night.data, self.cors)

    def is_whole_wanted(self, seen: ResourceCheck) -> bool:
        """Whether it may be a table or a declared schema, by what was declared, its address or its served type."""
        if self.target.is_schema:
            return True
        formats = (self.declared_format(), vocabulary.file_format(seen.content_type))
        return any(fmt is not None and (fmt.kind in TABLE_KINDS or fmt.id in _TEXTUAL) for fmt in formats)

    def declared_format(self) -> vocabulary.FileFormat | None:
        """The format that is declared, or that the address names."""
        target = self.target
        return vocabulary.file_format(target.media_type, target.format) or vocabulary.format_of_url(target.url)

    def wanted_bytes(self, seen: ResourceCheck) -> int:
        """How much of the file is wanted: all of tables and schemas, the beginning of other files; 0 for nothing.

        Over FTP nothing is loaded.
        """
        if self.target.url.strip()[:4].lower() == "ftp:":
            return 0
        if self.is_whole_wanted(seen):
            if not self.spider.may_download(self.job):
                return 0
            if not self.target.is_schema:
                return self.limits.max_table_bytes
            # A description for people is no schema.
            return 0 if "html" in (seen.content_type or "").lower() else MAX_SCHEMA_BYTES
        declared = self.declared_format()
        is_file = declared.kind not in ("web", "service") if declared is not None else self.target.is_download
        # A page in the place of a PDF, an image or a map shows in its first bytes.
        return min(FIRST_BYTES, self.limits.max_table_bytes) if is_file else 0


_PLAIN = re.compile(r"https?://[a-z0-9.-]+(:\d+)?/[A-Za-z0-9/_.~?=&%+,;:@-]*")
"""An address without anything that would have to be quoted."""
_STATUSES = frozenset((304, *range(400, 600)))


def _lost(loaded: Response) -> faults.RequestFault | None:
    """Why what was downloaded says nothing of the file; None where it does."""
    saved: SavedBody | None = loaded.meta.get("saved")
    if saved is None:
        return None
    said = loaded.headers.get("Content-Range") or b""
    if loaded.status == 206 and (start := re.match(rb"\s*bytes\s+(\d+)", said)) and int(start[1]):
        return faults.of_other_part(said.decode("latin-1"))
    return faults.of_download(saved.cut, saved.size_bytes)


def _algorithms(declared: tuple[str, ...]) -> tuple[str, ...]:
    """The algorithms, beside SHA-256, by which a file is to be digested: "SHA-1", ".../checksumAlgorithm_md5"."""
    return tuple(sorted({name for one in declared if (name := algorithm(one)) not in (None, "sha256")}))


def askable(url: str) -> str:
    """The address as it can be asked. Raises ValueError, in words, where it cannot."""
    stripped = url.strip()
    if not re.match(r"(?i)(https?|ftp)://", stripped):
        raise ValueError(f"the address does not begin with http://, https:// or ftp://: {stripped[:100]!r}")
    if re.search(r"[{}<>\s\x00-\x1f]", re.sub(r" ", "%20", stripped)):
        raise ValueError(f"the address holds characters that no address may hold: {stripped[:100]!r}")
    if not re.match(r"(?i)(https?|ftp)://([^/@]*@)?(\[[0-9a-f:.]+\]|[^/:?#\[\]]+)(:\d{1,5})?([/?#]|$)", stripped):
        raise ValueError(f"the address has no host: {stripped[:100]!r}")
    # Nobody is logged in with what a record gives away.
    return without_login(stripped)


def _file_name(url: str) -> str:
    """Where a download lies: named after the address's hash, never after anything in it."""
    digest = hashlib.sha256(url.encode("utf-8", "replace")).hexdigest()
    return f"files/{digest[:2]}/{digest[2:34]}.bin"
