"""Check one address: HEAD first; a GET of the first bytes if HEAD fails; the whole file if it may be a table.

Many servers refuse or mishandle HEAD, so a GET of the first bytes confirms a failure that HEAD may have caused. An
address seen before is asked conditionally; 304 means unchanged. Only 404, 410 and a name that does not exist count
against an address, and only after several checks over days; see :mod:`harvester.http.faults`.
"""

from __future__ import annotations

import hashlib
import re
from dataclasses import replace
from typing import TYPE_CHECKING, Any

import scrapy

from catalog import vocabulary
from catalog.model import ResourceCheck
from harvester.checks.check_results import as_before, is_unchanged, of_fault, of_response, with_file
from harvester.http import faults
from harvester.http.download import BodySaver, SavedBody
from quality.evidence.claims import algorithm
from specs.credentials import without_login

if TYPE_CHECKING:
    from scrapy.http import Response

    from harvester.checks.check_task import CheckRunner, CheckTask

__all__ = ["ORIGIN", "UrlCheck", "askable", "file_name_of"]

TABLE_KINDS = ("table", "spreadsheet", "archive")
FIRST_BYTES = 65_536
MAX_SCHEMA_BYTES = 2_000_000
"""Bytes of a declared schema, at most."""
ORIGIN = "https://example.org"
"""The Origin header sent to learn whether pages of other sites may read the file (CORS)."""
_TEXTUAL = ("JSON", "GEOJSON", "TXT", "XML", "JSON_LINES")
"""Text formats small enough to inspect: an error message in place of the data is a finding."""


class UrlCheck:
    """The check of one address: a HEAD request, and the GET requests that may follow it.

    ``spider`` sends the requests. ``job`` holds the address and the settings of its portal. Raise ValueError if no
    request can be made from the address; see :func:`askable`.
    """

    def __init__(self, spider: CheckRunner, job: CheckTask) -> None:
        self.spider, self.job, self.target = spider, job, job.target
        self.run, self.limits = spider.run, job.limits
        self.url = askable(self.target.url)
        self.is_plain = _PLAIN.fullmatch(self.url) is not None
        self.last: scrapy.Request | None = None
        """The last request sent."""
        self.cors: str | None = None

    async def outcome(self) -> ResourceCheck | None:
        """Run the check and return its result. Return None if the run is a replay and its archive holds no exchange
        with the address.

        If HEAD fails, a GET of the first bytes decides. It is not sent over FTP, nor if HEAD got no response for a
        reason that a GET would not change, such as a name that does not resolve.
        """
        response = await self.ask("HEAD", self.conditions())
        if isinstance(response, faults.RequestFault):
            if response.kind == "not_recorded":
                return None
            is_web = self.url.lower().startswith("http")
            if not is_web or response.kind not in ("cut_short", "connect", "timeout", "moved"):
                return self.failed(response)
        elif faults.of_response(response) is None:
            return await self.responded(response)
        # Many servers refuse or mishandle HEAD, so a GET decides.
        response = await self.ask("GET", {"Range": f"bytes=0-{FIRST_BYTES - 1}"}, first_bytes=FIRST_BYTES)
        if isinstance(response, faults.RequestFault):
            return self.failed(response)
        fault = faults.of_response(response)
        return await self.responded(response) if fault is None else self.failed(fault, response)

    async def ask(self, method: str, headers: dict[str, str], **meta: Any) -> Response | faults.RequestFault:
        """Send a request to the address with ``method`` and ``headers``; return the response, or the fault if none
        arrived.

        ``meta`` holds further values for the request's meta: ``save`` to save the body to a file, ``first_bytes`` to
        read only the beginning.
        """
        limits = self.limits
        meta |= {
            "handle_httpstatus_list": _STATUSES,
            "download_timeout": limits.feed_timeout_s if "save" in meta else limits.timeout_s,
            "delay_s": limits.delay_s,
            "max_wait_s": limits.max_wait_s,
            # Scrapy need not look for characters to quote in a plain address.
            "verbatim_url": self.is_plain,
        }
        request = scrapy.Request(self.url, method=method, headers=headers, meta=meta)
        # Stored the way Scrapy stores them, to avoid converting them for each request.
        dict.update(request.headers, self.spider.headers)
        try:
            return await self.spider.downloader.ask(request, self.sent)
        except Exception as error:  # noqa: BLE001  # every exception of a request is a fault with a name
            return faults.of_exception(error)

    def sent(self, request: scrapy.Request) -> None:
        """Remember ``request`` as the last one sent. The downloader calls this for every request, redirects and retries
        included."""
        self.last = request

    def failed(self, fault: faults.RequestFault, response: Response | None = None) -> ResourceCheck:
        """Return the result of a check that failed with ``fault``. ``response`` is the response that shows the fault,
        or None."""
        request = self.last
        assert request is not None
        return of_fault(self.target, fault, response, str(request.method), request.meta)

    def conditions(self) -> dict[str, str]:
        """Return the headers of the HEAD request: Origin, and If-None-Match and If-Modified-Since with the values of
        the previous check.

        The last two are left out if there is no previous check or it has no such values. They are also left out if a
        304 response would not be enough: in a full run, and if the file must be downloaded because it is not on disk.
        """
        asked = {"Origin": ORIGIN}
        before = self.target.previous
        if before is None or self.run.is_full or not (before.etag or before.last_modified):
            return asked
        if not self.run.has_file(before) and (before.file_path or self.wanted_bytes(before)):
            return asked
        if before.etag:
            asked["If-None-Match"] = before.etag
        if before.last_modified:
            asked["If-Modified-Since"] = before.last_modified
        return asked

    async def responded(self, response: Response) -> ResourceCheck:
        """Return the result of checking an address that responded to the first request, with ``response``.

        A 304 (not modified) gives the previous result again. After any other response, :meth:`wanted_bytes` tells how
        much of the content is wanted. If nothing is, the result is made from ``response`` alone. If the file has not
        changed since it was downloaded at an earlier check, that file is kept. Otherwise it is downloaded now, and the
        result is that of the download, which may have failed. If what was saved is no file but, for example, the page
        of a bot wall, it is deleted again.
        """
        before = self.target.previous
        if response.status == 304 and before is not None:
            self.run.traffic["not_modified"] += 1
            return replace(as_before(before, response), declared_modified=self.target.modified)
        seen = self.seen(response)
        wanted = self.wanted_bytes(seen)
        if not wanted:
            return seen
        if before is not None and is_unchanged(before, seen) and self.run.has_file(before):
            self.run.traffic["not_modified"] += 1
            return with_file(seen, before)
        headers = {}
        if self.is_whole_wanted(seen):
            self.spider.count_download(self.job)
        else:
            headers["Range"] = f"bytes=0-{wanted - 1}"
        self.cors = seen.cors
        path = self.run.data / file_name_of(self.target.url)
        save = BodySaver(path, wanted, self.limits.min_bytes_per_s, self.limits.timeout_s)
        algorithms = _algorithms(self.target.checksum_algorithms)
        save = replace(save, algorithms=algorithms, least_bytes=seen.size_bytes or 0, keeps_broken=False)
        loaded = await self.download(headers, save)
        if isinstance(loaded, faults.RequestFault):
            return self.failed(loaded)
        fault = faults.of_response(loaded) or faults.of_waiting(loaded.status) or _lost(loaded)
        if fault is not None:
            saved = loaded.meta.get("saved")
            if saved is not None and saved.path == path:
                # The page of a bot wall stands where the file of an earlier check was: both are useless now.
                path.unlink(missing_ok=True)
            return self.failed(fault, loaded)
        return self.seen(loaded)

    async def download(self, headers: dict[str, str], save: BodySaver) -> Response | faults.RequestFault:
        """Download the file and return the response, or the fault. A transfer that broke off is tried once more.

        ``headers`` are those of the request. ``save`` says where to save the body and how many bytes of it.
        """
        loaded = await self.ask("GET", headers, save=save)
        if isinstance(loaded, faults.RequestFault):
            return loaded
        lost = _lost(loaded)
        return await self.ask("GET", headers, save=save) if lost is not None and lost.kind == "cut_short" else loaded

    def seen(self, response: Response) -> ResourceCheck:
        """Return the result of the check as ``response`` shows it, with the file that was saved from that response, if
        any."""
        return of_response(self.target, response, response.meta.get("saved"), self.run.data, self.cors)

    def is_whole_wanted(self, seen: ResourceCheck) -> bool:
        """Return whether the whole file is to be downloaded, because it may be a table, an archive, a text such as JSON
        or XML, or a declared schema.

        That is judged by the declared format, the ending of the address, and the Content-Type in ``seen``, the check
        made from the response to the first request.
        """
        if self.target.is_schema:
            return True
        formats = (self.declared_format(), vocabulary.file_format(seen.content_type))
        return any(fmt is not None and (fmt.kind in TABLE_KINDS or fmt.id in _TEXTUAL) for fmt in formats)

    def declared_format(self) -> vocabulary.FileFormat | None:
        """Return the file format that the record declares, or else the one that the address ends in. None if neither
        names one."""
        target = self.target
        return vocabulary.file_format(target.media_type, target.format) or vocabulary.format_of_url(target.url)

    def wanted_bytes(self, seen: ResourceCheck) -> int:
        """Return how many bytes of the file to download, at most; 0 if nothing is to be downloaded.

        ``seen`` is the check made from the response to the first request. A file that :meth:`is_whole_wanted` names is
        downloaded up to a limit, but not if the portal has used up its ``limits.max_downloads`` in this run, or if the
        address of a schema leads to a web page. Of other files only the first FIRST_BYTES are downloaded, to detect a
        web page served in place of the file; nothing if the address promises no file (a web page or a service). Nothing
        is downloaded over FTP.
        """
        if self.target.url.strip()[:4].lower() == "ftp:":
            return 0
        if self.is_whole_wanted(seen):
            if not self.spider.may_download(self.job):
                return 0
            if not self.target.is_schema:
                return self.limits.max_table_bytes
            # A human-readable description is not a schema.
            return 0 if "html" in (seen.content_type or "").lower() else MAX_SCHEMA_BYTES
        declared = self.declared_format()
        is_file = declared.kind not in ("web", "service") if declared is not None else self.target.is_download
        # An HTML page served instead of a PDF, an image or a map shows in its first bytes.
        return min(FIRST_BYTES, self.limits.max_table_bytes) if is_file else 0


_PLAIN = re.compile(r"https?://[a-z0-9.-]+(:\d+)?/[A-Za-z0-9/_.~?=&%+,;:@-]*")
"""An address without any character to quote."""
_STATUSES = frozenset((304, *range(400, 600)))


def _lost(loaded: Response) -> faults.RequestFault | None:
    """Return why a download says nothing about the file; None if it is usable."""
    saved: SavedBody | None = loaded.meta.get("saved")
    if saved is None:
        return None
    said = loaded.headers.get("Content-Range") or b""
    if loaded.status == 206 and (start := re.match(rb"\s*bytes\s+(\d+)", said)) and int(start[1]):
        return faults.of_other_part(said.decode("latin-1"))
    return faults.of_download(saved.cut, saved.size_bytes)


def _algorithms(declared: tuple[str, ...]) -> tuple[str, ...]:
    """Return the hashlib names beside SHA-256 for declared algorithms such as "SHA-1" or
    ".../checksumAlgorithm_md5"."""
    return tuple(sorted({name for one in declared if (name := algorithm(one)) not in (None, "sha256")}))


def askable(url: str) -> str:
    """Return ``url`` in the form in which it is requested: without surrounding spaces and without a login.

    Raise ValueError with a readable reason if it is no http, https or ftp address, has no host, or has characters that
    no address may have.
    """
    stripped = url.strip()
    if not re.match(r"(?i)(https?|ftp)://", stripped):
        raise ValueError(f"the address does not begin with http://, https:// or ftp://: {stripped[:100]!r}")
    if re.search(r"[{}<>\s\x00-\x1f]", re.sub(r" ", "%20", stripped)):
        raise ValueError(f"the address holds characters that no address may hold: {stripped[:100]!r}")
    if not re.match(r"(?i)(https?|ftp)://([^/@]*@)?(\[[0-9a-f:.]+\]|[^/:?#\[\]]+)(:\d{1,5})?([/?#]|$)", stripped):
        raise ValueError(f"the address has no host: {stripped[:100]!r}")
    # Logins that a record gives away are never used.
    return without_login(stripped)


def file_name_of(url: str) -> str:
    """Return the path of the download of ``url``, relative to the data folder. It depends on the address alone, whose
    SHA-256 names the file: for example "files/ea/8b42c77522f8ed8d9c4d3af873f68736.bin"."""
    digest = hashlib.sha256(url.encode("utf-8", "replace")).hexdigest()
    return f"files/{digest[:2]}/{digest[2:34]}.bin"
