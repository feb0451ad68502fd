"""Scrapy's download handler: aiohttp with the address guard, and large bodies streamed to disk.

Scrapy holds bodies in memory. A request with ``meta["save"]`` (a :class:`Save`) goes to a file instead, hashed
on the way and cut at a cap; what came is in ``meta["saved"]``, and the response's body is the file's beginning.
"""

from __future__ import annotations

import hashlib
import zlib
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

import aiohttp
from scrapy.core.downloader.handlers._aiohttp import AiohttpDownloadHandler, _ClientResponse
from scrapy.core.downloader.handlers._base_streaming import BaseStreamingDownloadHandler
from scrapy.exceptions import DownloadConnectionRefusedError, DownloadTimeoutError
from scrapy.http import Response
from scrapy.utils._download_handlers import make_response
from scrapy.utils.ssl import _make_ssl_context

from harvester.checks.guard import PrivateAddressError, guarded_socket

if TYPE_CHECKING:
    from scrapy import Request
    from scrapy.crawler import Crawler

__all__ = ["HEAD_BYTES", "GuardedHandler", "Save", "Saved"]

HEAD_BYTES = 65_536
"""How much of a saved body is also in the response."""


@dataclass(frozen=True, slots=True)
class Save:
    """Where a body goes, and its cap in bytes."""

    path: Path
    max_bytes: int


@dataclass(frozen=True, slots=True)
class Saved:
    """What came of it. ``cut``: why the file is not whole ("size", "timeout", "connection"), else None."""

    path: Path
    size_bytes: int
    sha256: str
    cut: str | None


class GuardedHandler(AiohttpDownloadHandler):
    """Every connection passes the address guard; of local ones only those that the setting WINNOW_LOCAL names."""

    # It warns that it is experimental. It is used because aiohttp shows every address before it connects.
    experimental = False

    def __init__(self, crawler: Crawler) -> None:
        # The parent's constructor would open a session with an unguarded connector.
        BaseStreamingDownloadHandler.__init__(self, crawler)
        self._ssl_context = _make_ssl_context(crawler.settings)
        connector = aiohttp.TCPConnector(
            limit=self._pool_size_total,
            limit_per_host=self._pool_size_per_host,
            socket_factory=partial(guarded_socket, local=crawler.settings.getlist("WINNOW_LOCAL")),
        )
        self._session = aiohttp.ClientSession(
            connector=connector,
            cookie_jar=aiohttp.DummyCookieJar(),
            auto_decompress=False,
            response_class=_ClientResponse,
            skip_auto_headers=("Accept", "Accept-Encoding", "Content-Type", "User-Agent"),
        )

    @asynccontextmanager
    async def _make_request(self, request: Request, timeout: float) -> AsyncIterator[_ClientResponse]:
        try:
            async with super()._make_request(request, timeout) as response:
                yield response
        except DownloadConnectionRefusedError as error:
            cause = getattr(error.__cause__, "os_error", None)
            if isinstance(cause, PrivateAddressError):
                raise cause from error
            raise

    async def _read_response(self, response: _ClientResponse, request: Request) -> Response:
        save: Save | None = request.meta.get("save")
        if save is None or not 200 <= response.status < 300:
            # Of an error page the beginning says enough.
            return await super()._read_response(response, request)
        try:
            saved, head = await _stream(response, save)
        except OSError as error:
            # A disk that is full is no fault of the server: the night stops, and says so.
            self.crawler.spider.night.fault = error  # type: ignore[union-attr]
            raise
        request.meta["saved"] = saved
        headers = self._extract_headers(response)
        headers.pop("Content-Encoding", None)
        return make_response(**self._build_base_response_args(response, request, headers), body=head)


async def _stream(response: _ClientResponse, save: Save) -> tuple[Saved, bytes]:
    """Write the body to ``save.path`` through a temporary neighbour, decoded and cut at the cap."""
    save.path.parent.mkdir(parents=True, exist_ok=True)
    part = save.path.with_suffix(".part")
    digest, size, head, cut = hashlib.sha256(), 0, b"", None
    decode = _decoder(response.headers.get("Content-Encoding", ""))
    with part.open("wb") as file:
        try:
            async for chunk in response.content.iter_any():
                for piece in decode(chunk):
                    room = save.max_bytes - size
                    if len(piece) > room:
                        piece, cut = piece[:room], "size"
                    file.write(piece)
                    digest.update(piece)
                    size += len(piece)
                    if len(head) < HEAD_BYTES:
                        head += piece[: HEAD_BYTES - len(head)]
                    if cut:
                        break
                if cut:
                    # The rest of the body is not wanted, so the connection cannot be used again.
                    response.close()
                    break
        except (TimeoutError, DownloadTimeoutError):
            cut = "timeout"
        except (aiohttp.ClientPayloadError, zlib.error):
            cut = "connection"
    part.replace(save.path)
    return Saved(save.path, size, digest.hexdigest(), cut), head


def _decoder(encoding: str) -> Any:
    """A function from a chunk as sent to pieces as meant, at most 1 MiB each, so that no bomb unfolds in memory."""
    name = encoding.strip().lower()
    if name not in ("gzip", "x-gzip", "deflate"):
        return lambda chunk: (chunk,)
    inflater = zlib.decompressobj(zlib.MAX_WBITS | 32 if "gzip" in name else zlib.MAX_WBITS)

    def pieces(chunk: bytes) -> Any:
        while chunk:
            yield inflater.decompress(chunk, 1 << 20)
            chunk = inflater.unconsumed_tail

    return pieces
