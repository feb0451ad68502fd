"""Check a file over FTP without downloading it: SIZE and MDTM on the control connection.

Both connections FTP can open pass the address guard; the data connection is never opened.
"""

from __future__ import annotations

import asyncio
import ftplib
import re
import socket
import threading
from collections.abc import Collection
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from datetime import UTC, datetime
from email.utils import format_datetime
from functools import partial
from typing import TYPE_CHECKING
from urllib.parse import unquote, urlsplit

from scrapy.core.downloader.handlers.base import BaseDownloadHandler
from scrapy.exceptions import DownloadConnectionRefusedError, DownloadTimeoutError
from scrapy.http import Response

from harvester.http.download import through_archive
from harvester.http.faults import RequestFault, SettledFault, UnaskableAddressError
from harvester.http.guard import PrivateAddressError, guarded_connection

if TYPE_CHECKING:
    from scrapy import Request
    from scrapy.crawler import Crawler

__all__ = ["FtpHandler", "ask"]

TIMEOUT_S = 30.0
MAX_REPLY = 4_000
"""Characters of one line of a reply, at most."""
MAX_LINES = 500
"""Lines of all replies together, at most."""
_ERRORS: tuple[type[Exception], ...] = (*ftplib.all_errors, ValueError)
WORKERS = ThreadPoolExecutor(max_workers=8, thread_name_prefix="ftp")
"""A separate thread pool: a silent server must not hold up name look-ups."""


class _Ftp(ftplib.FTP):
    """An FTP client that connects to the host's first permitted address."""

    maxline = MAX_REPLY

    def __init__(self, local: Collection[str], timeout_s: float) -> None:
        # Latin-1 decodes any byte and encodes it back unchanged.
        super().__init__(timeout=timeout_s, encoding="latin-1")
        self.local = local
        self.lines = 0

    def getline(self) -> str:
        """Read one line of a reply. Raise ftplib.Error after MAX_LINES lines: a server may send without end."""
        self.lines += 1
        if self.lines > MAX_LINES:
            raise ftplib.Error(f"more than {MAX_LINES} lines of reply")
        return super().getline()

    def hang_up(self) -> None:
        """End any pending wait by shutting down the connection."""
        if self.sock is not None:
            with suppress(OSError):
                self.sock.shutdown(socket.SHUT_RDWR)

    def connect_guarded(self, host: str, port: int) -> None:
        """Connect and read the greeting. Raise PrivateAddressError, OSError or ftplib's errors."""
        self.sock = guarded_connection(host, port, float(self.timeout or TIMEOUT_S), local=self.local)
        self.host, self.port, self.af = host, port, self.sock.family
        self.file = self.sock.makefile("r", encoding=self.encoding)
        self.welcome = self.getresp()


def ask(url: str, *, local: Collection[str] = (), timeout_s: float = TIMEOUT_S) -> dict[str, str]:
    """Ask an FTP server for the size and date of a file without downloading it, and return them as HTTP headers.

    The keys are "Content-Length" (bytes) and "Last-Modified"; what the server does not state is left out. The result is
    empty for a folder, and if the server does not state sizes. ``url``: an ftp:// address. ``local``: addresses that
    may be connected to although they are not public. ``timeout_s``: the time-out of each wait in seconds; all waits
    together may take three times as long.

    Raise SettledFault with a fault of the kind "gone", "auth" or "server", PrivateAddressError, UnaskableAddressError,
    or an error of the connection.
    """
    parts = urlsplit(url)
    path = unquote(parts.path, "latin-1") or "/"
    if re.search(r"[\r\n\x00]", path + unquote(parts.username or "") + unquote(parts.password or "")):
        raise UnaskableAddressError("the address holds characters that no FTP command may hold")
    client = _Ftp(local, timeout_s)
    # The time-out bounds each wait; this timer bounds all of them together.
    watch = threading.Timer(3 * timeout_s, client.hang_up)
    watch.daemon = True
    watch.start()
    try:
        client.connect_guarded(parts.hostname or "", parts.port or 21)
        client.login(unquote(parts.username or "anonymous"), unquote(parts.password or "anonymous@"))
        return _look(client, path)
    except _ERRORS as error:
        raise _fault(error) from error
    finally:
        watch.cancel()
        client.close()


def _look(client: _Ftp, path: str) -> dict[str, str]:
    headers: dict[str, str] = {}
    client.voidcmd("TYPE I")
    try:
        size = client.size(path)
    except ftplib.error_perm as error:
        if not str(error).startswith(("550", "500", "502", "504")):
            raise
        # A folder has no size, and some servers lack SIZE. If it can be entered or has a date, the address exists.
        try:
            client.cwd(path)
        except ftplib.error_perm:
            client.voidcmd(f"MDTM {path}")
        return headers
    if size is not None:
        headers["Content-Length"] = str(size)
    try:
        told = client.voidcmd(f"MDTM {path}").split()[-1]
        when = datetime.strptime(told[:14], "%Y%m%d%H%M%S").replace(tzinfo=UTC)
        headers["Last-Modified"] = format_datetime(when, usegmt=True)
    except (ftplib.Error, ValueError):
        pass
    return headers


_NO_ACCESS = re.compile(r"(?i)permi|privileg|denied|access|allowed|authori[sz]ed|login")


def _fault(error: Exception) -> Exception:
    words = re.sub(r"\s+", " ", str(error))[:200]
    code = words[:3]
    if isinstance(error, PrivateAddressError):
        return error
    if isinstance(error, TimeoutError):
        return DownloadTimeoutError(f"the FTP server did not answer in time: {words}")
    # RFC 959 has one code for a file that is not there and for one that may not be read.
    if isinstance(error, ftplib.error_perm) and code == "550" and not _NO_ACCESS.search(words):
        remedy = "put the file back, or correct the address"
        return SettledFault(RequestFault("gone", "failing", f"the FTP server answers: {words}", remedy))
    if isinstance(error, ftplib.error_perm) and code in ("530", "532", "550"):
        remedy = "open the server to everyone (anonymous)"
        return SettledFault(RequestFault("auth", "unknown", f"the FTP server answers: {words}", remedy))
    if isinstance(error, ftplib.Error | ValueError):
        return SettledFault(
            RequestFault("server", "unknown", f"the FTP server answers: {words}", "check the server's log")
        )
    if isinstance(error, socket.gaierror):
        return error
    return DownloadConnectionRefusedError(f"no FTP connection: {words}")


class FtpHandler(BaseDownloadHandler):
    """Scrapy's handler for ftp:// addresses. It checks that the file exists and returns a response without a body.

    The response has the headers that :func:`ask` returns; a failure is raised.
    """

    def __init__(self, crawler: Crawler) -> None:
        super().__init__(crawler)
        self._local = crawler.settings.getlist("WINNOW_LOCAL")

    async def download_request(self, request: Request) -> Response:
        return await through_archive(self.crawler, request, self._fetch)

    async def _fetch(self, request: Request) -> Response:
        timeout_s = min(TIMEOUT_S, float(request.meta.get("download_timeout", TIMEOUT_S)))
        asking = partial(ask, request.url, local=self._local, timeout_s=timeout_s)
        headers = await asyncio.get_running_loop().run_in_executor(WORKERS, asking)
        return Response(request.url, status=200, headers=dict(headers))

    async def close(self) -> None:
        """Do nothing: each request closes its own connection."""
