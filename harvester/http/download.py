"""Scrapy's download handlers: aiohttp behind the address guard, large bodies streamed to disk, exchanges archived.

Scrapy holds bodies in memory. A request with ``meta["save"]`` (a :class:`BodySaver`) is written to a file instead,
hashed on the way and cut at a cap. The result is in ``meta["saved"]``, and the response's body is the file's
beginning.
"""

from __future__ import annotations

import asyncio
import hashlib
import socket
import ssl
import time
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from contextlib import asynccontextmanager, contextmanager
from datetime import UTC, datetime
from functools import lru_cache, partial
from typing import TYPE_CHECKING, Any

import aiohttp
import yarl
from cryptography import x509
from scrapy.exceptions import (
    CannotResolveHostError,
    DownloadCancelledError,
    DownloadConnectionRefusedError,
    DownloadFailedError,
    DownloadTimeoutError,
    ResponseDataLossError,
    UnsupportedURLSchemeError,
)
from scrapy.http import Headers, Response
from scrapy.utils.misc import load_object

from catalog.db.clock import present
from catalog.db.store import instant
from harvester.http.decode import BrokenCodingError, Decoder
from harvester.http.faults import SettledFault, chain_of, of_exception, tls_reason
from harvester.http.guard import PrivateAddressError, guarded_socket, own_addresses
from harvester.http.politeness import host_of
from harvester.http.protocol import heed_resets, why_cut
from harvester.http.proxies import check_name, is_direct
from harvester.http.saving import HEAD_BYTES, BodySaver, SavedBody, coding_of, stream
from harvester.http.scrapy_private import (
    AiohttpDownloadHandler,
    BaseStreamingDownloadHandler,
    ClientResponse,
    insecure_tls_context,
    make_response,
    server_ip,
    tls_context,
    tls_of,
)
from specs.credentials import without_login

if TYPE_CHECKING:
    from scrapy import Request
    from scrapy.crawler import Crawler
    from scrapy.settings import BaseSettings

    from harvester.http.login import Credential

__all__ = ["HEAD_BYTES", "GuardedHandler", "BodySaver", "SavedBody", "through_archive"]

MAX_HEADER_BYTES = 65_536
"""Bytes of one header line. A longer one ends the response: no useful header is so long."""


NOTES = ("tls_fault", "tls_version", "certificate_expires_on", "first_byte_ms")
"""Facts about the connection, noted in a request's ``meta`` and archived with the exchange."""


def _instant() -> str:
    return _second(int(present().timestamp()))


@lru_cache(maxsize=8)
def _second(epoch_s: int) -> str:
    return instant(datetime.fromtimestamp(epoch_s, UTC))


async def through_archive(
    crawler: Crawler, request: Request, fetch: Callable[[Request], Awaitable[Response]]
) -> Response:
    """Send ``request``, write the exchange into the archive if the run has one, and return the response. In a replay,
    read the response from the archive instead, and write its body to the file again if the run had saved it; a request
    that failed in the recorded run, or that the archive does not hold, raises RetryableFault or SettledFault.

    ``crawler``: the Scrapy crawler whose spider holds the run's context. ``fetch``: the coroutine that sends the
    request. The request's ``meta`` gets "responded_at" (UTC instant), after a response "elapsed_ms", and, with an
    archive, "exchange" (WARC-Record-ID). A body that was saved as a ".part" file, for the archive alone, is deleted
    afterwards. What ``fetch`` raises is archived, if there is an archive, and raised again. If the archive cannot be
    written, the OSError is raised and stops the run.
    """
    run = crawler.spider.run  # type: ignore[union-attr]
    if run.replay is not None:
        try:
            return _replayed(run, request)
        except SettledFault as error:
            if error.fault.kind == "dns" and _asks_unresolved_once(crawler.spider):
                # As in the night itself, in which only the first address of the host was asked and archived.
                run.unresolved[host_of(request.url)] = error.fault
            raise
    begun = time.monotonic()
    try:
        response = await fetch(request)
    except Exception as error:
        request.meta["responded_at"] = _instant()
        if run.archive is not None:
            kinds = tuple(load_object(name) for name in crawler.settings.getlist("RETRY_EXCEPTIONS"))
            fault = of_exception(error)
            with _stopping(run):
                request.meta["exchange"] = run.archive.fault(request, fault, is_retryable=isinstance(error, kinds))
        raise
    request.meta["responded_at"] = _instant()
    request.meta["elapsed_ms"] = int(1000 * (time.monotonic() - begun))
    if run.archive is not None:
        notes = {name: request.meta.get(name) for name in NOTES}
        with _stopping(run):
            request.meta["exchange"] = run.archive.exchange(request, response, request.meta.get("saved"), **notes)
    saved: SavedBody | None = request.meta.get("saved")
    if saved is not None and saved.path.suffix == ".part":
        saved.path.unlink(missing_ok=True)
    return response


@contextmanager
def _stopping(run: Any) -> Iterator[None]:
    """Stop the run if the archive cannot be written: without its evidence a night must not continue."""
    try:
        yield
    except OSError as error:
        run.fault = error
        raise


def _asks_unresolved_once(spider: Any) -> bool:
    """Return whether a crawl asks a host whose name does not resolve no second time."""
    return getattr(spider, "asks_unresolved_once", False)


def _replayed(run: Any, request: Request) -> Response:
    response, notes = run.replay.response_to(request)
    request.meta["elapsed_ms"] = notes["elapsed_ms"]
    request.meta["exchange"] = notes["exchange"]
    request.meta.update({name: notes[name] for name in NOTES if notes[name] is not None})
    save: BodySaver | None = request.meta.get("save")
    if save is None or not notes["is_saved"]:
        return response  # type: ignore[no-any-return]
    digest = hashlib.sha256(response.body).hexdigest()
    others = {name: hashlib.new(name, response.body).hexdigest() for name in save.algorithms if not notes["cut"]}
    saved = SavedBody(save.path, len(response.body), digest, notes["cut"], others)
    if save.keeps_broken or not saved.is_broken:
        save.path.parent.mkdir(parents=True, exist_ok=True)
        save.path.write_bytes(response.body)
    request.meta["saved"] = saved
    return response.replace(body=response.body[:HEAD_BYTES])  # type: ignore[no-any-return]


def _tls_context(settings: BaseSettings) -> ssl.SSLContext:
    """Return Scrapy's TLS context for these settings.

    It is cached: reading this machine's certificates takes 40 ms, and each portal has two handlers.
    """
    key = tuple(sorted((name, repr(value)) for name, value in settings.items() if name in _OF_TLS))
    if key not in _TLS_CONTEXTS:
        _TLS_CONTEXTS[key] = tls_context(settings)
    return _TLS_CONTEXTS[key]


_OF_TLS = frozenset(
    {
        "DOWNLOADER_CLIENT_TLS_CIPHERS",
        "DOWNLOAD_TLS_MIN_VERSION",
        "DOWNLOAD_TLS_MAX_VERSION",
        "DOWNLOAD_VERIFY_CERTIFICATES",
    }
)
_TLS_CONTEXTS: dict[tuple[tuple[str, str], ...], ssl.SSLContext] = {}


class GuardedHandler(AiohttpDownloadHandler):
    """Scrapy's handler for http and https, which refuses connections to addresses that are not public.

    Local addresses pass only if the setting WINNOW_LOCAL names them, and the proxy's address passes too.
    """

    # Scrapy's class warns that it is experimental. It is used because aiohttp shows every address before it connects.
    experimental = False

    def __init__(self, crawler: Crawler) -> None:
        # The parent's constructor would open a session with an unguarded connector.
        BaseStreamingDownloadHandler.__init__(self, crawler)
        self._ssl_context = _tls_context(crawler.settings)
        self._accepted = set(crawler.settings.getlist("WINNOW_BAD_TLS_HOSTS"))
        self._tls_faults: dict[str, str] = {}
        self._local = crawler.settings.getlist("WINNOW_LOCAL")
        self._proxy: str | None = crawler.settings.get("WINNOW_PROXY")
        self._proxy_places = own_addresses(self._proxy) if self._proxy else frozenset[str]()
        connector = aiohttp.TCPConnector(
            limit=self._pool_size_total,
            limit_per_host=self._pool_size_per_host,
            socket_factory=partial(guarded_socket, local=[*self._local, *self._proxy_places]),
        )
        self._session = aiohttp.ClientSession(
            connector=heed_resets(connector),
            cookie_jar=aiohttp.DummyCookieJar(),
            auto_decompress=False,
            response_class=ClientResponse,
            max_line_size=MAX_HEADER_BYTES,
            max_field_size=MAX_HEADER_BYTES,
            skip_auto_headers=("Accept", "Accept-Encoding", "Content-Type", "User-Agent"),
        )

    @staticmethod
    def _extract_headers(response: ClientResponse) -> Headers:
        # Kept as bytes: many servers send file names in Latin-1, which a str header cannot hold.
        headers = Headers()
        for name, value in response.raw_headers:
            key = name.title()
            if key in headers:
                headers.appendlist(key, value)
            else:
                # Stored the way Scrapy stores them, which saves three conversions a header.
                dict.__setitem__(headers, key, [value])
        return headers

    async def download_request(self, request: Request) -> Response:
        return await through_archive(self.crawler, request, self._fetch)

    async def _fetch(self, request: Request) -> Response:
        host = host_of(request.url)
        spider: Any = self.crawler.spider
        unresolved = spider.run.unresolved if _asks_unresolved_once(spider) else {}
        if host in unresolved:
            raise SettledFault(unresolved[host])
        try:
            response = await super().download_request(request)
        except CannotResolveHostError as error:
            unresolved[host] = of_exception(error)
            if unresolved is spider.run.unresolved:
                raise SettledFault(unresolved[host]) from error
            raise
        except Exception as error:
            reason = tls_reason(error)
            if reason is None or host in self._tls_faults or host not in self._accepted:
                raise
            # The portal file says to continue; the bad certificate is reported anyway.
            self._tls_faults[host] = reason
            response = await super().download_request(request)
        if host in self._tls_faults and request.url.startswith("https:"):
            request.meta["tls_fault"] = self._tls_faults[host]
        return response

    def _context(self, request: Request) -> ssl.SSLContext:
        return insecure_tls_context() if host_of(request.url) in self._tls_faults else self._ssl_context

    async def _proxy_for(self, url: str) -> str | None:
        """Return the proxy for an address after checking the address itself; None for places of a local portal."""
        try:
            if await asyncio.to_thread(is_direct, url, self._local):
                return None
            await asyncio.to_thread(check_name, url)
        except socket.gaierror as error:
            raise CannotResolveHostError(str(error)) from error
        return self._proxy

    @staticmethod
    def _address(request: Request) -> yarl.URL:
        """Return the address as it is sent: not quoted again, with the portal's own key, and without a login."""
        credential: Credential | None = request.meta.get("credential")
        url = request.url if credential is None else credential.added(request.url)
        return yarl.URL(without_login(url) if "@" in url else url, encoded=True)

    @asynccontextmanager
    async def _make_request(self, request: Request, timeout: float) -> AsyncIterator[ClientResponse]:
        save: BodySaver | None = request.meta.get("save")
        credential: Credential | None = request.meta.get("credential")
        proxy = await self._proxy_for(request.url) if self._proxy else None
        try:
            async with await self._session.request(
                request.method,
                self._address(request),
                data=request.body or None,
                headers=[
                    *((k.decode("latin-1"), v.decode("latin-1")) for k, vs in dict.items(request.headers) for v in vs),
                    *(credential.headers_for(request.url) if credential is not None else ()),
                ],
                timeout=_timeout(timeout, save.over_s if save else None),
                ssl=self._context(request),
                allow_redirects=False,
                proxy=proxy,
            ) as response:
                yield response  # type: ignore[misc]
        except TimeoutError as error:
            raise DownloadTimeoutError(f"Getting {request.url} took longer than {timeout} seconds.") from error
        except (aiohttp.InvalidUrlClientError, aiohttp.NonHttpUrlClientError) as error:
            raise UnsupportedURLSchemeError(str(error)) from error
        except aiohttp.ClientConnectorDNSError as error:
            raise CannotResolveHostError(str(error)) from error
        except aiohttp.ClientConnectorError as error:
            for cause in chain_of(error):
                if isinstance(cause, PrivateAddressError):
                    raise cause from error
            raise DownloadConnectionRefusedError(str(error)) from error
        except aiohttp.ClientError as error:
            raise DownloadFailedError(str(error)) from error

    async def _read_response(self, response: ClientResponse, request: Request) -> Response:
        request.meta["first_byte_ms"] = int(1000 * request.meta["download_latency"])
        if (tls := tls_of(response)) is not None:
            self._note_tls(tls, request)
        if request.method == "HEAD":
            # Only the archive needs the server's IP address.
            is_archived = self.crawler.spider.run.archive is not None  # type: ignore[union-attr]
            found = Response(request.url, response.status, ip_address=server_ip(response) if is_archived else None)
            found.headers = self._extract_headers(response)
            return found
        save: BodySaver | None = request.meta.get("save")
        if first := request.meta.get("first_bytes"):
            return await self._beginning(response, request, first)
        if save is None or not 200 <= response.status < 300:
            return await self._whole(response, request)
        try:
            saved, head = await stream(response, save, self.crawler.spider.received)  # type: ignore[union-attr]
        except OSError as error:
            # A full disk is not the server's fault, so it stops the night with a message.
            self.crawler.spider.run.fault = error  # type: ignore[union-attr]
            raise
        request.meta["saved"] = saved
        headers = self._extract_headers(response)
        if headers.pop("Content-Encoding", None) is not None:
            # This was the length of the packed body.
            headers.pop("Content-Length", None)
        return make_response(**self._build_base_response_args(response, request, headers), body=head)

    def _note_tls(self, tls: ssl.SSLObject, request: Request) -> None:
        """Note the TLS version and the certificate's last day of validity in the request's meta."""
        request.meta["tls_version"] = tls.version()
        if certificate := tls.getpeercert(binary_form=True):
            request.meta["certificate_expires_on"] = _last_day(certificate)

    async def _whole(self, response: ClientResponse, request: Request) -> Response:
        """Read a body into memory, at most DOWNLOAD_MAXSIZE bytes."""
        try:
            read = await super()._read_response(response, request)
        except DownloadCancelledError:
            self.crawler.spider.count_bytes(self._default_maxsize)  # type: ignore[union-attr]
            raise
        self.crawler.spider.count_bytes(len(read.body))  # type: ignore[union-attr]
        if 200 <= response.status < 300 and (why := why_cut(response, len(read.body))):
            raise ResponseDataLossError(why)
        return read

    async def _beginning(self, response: ClientResponse, request: Request, first: int) -> Response:
        """Read only the first bytes, even if the server sends more."""
        body, packed = b"", b""
        decoder = Decoder(coding_of(response.headers))
        try:
            async for chunk in response.content.iter_any():
                self.crawler.spider.received(len(chunk))  # type: ignore[union-attr]
                packed += chunk
                for piece in decoder.feed(chunk):
                    body += piece
                    if len(body) >= first:
                        break
                if len(body) >= first or len(packed) >= first:
                    response.close()
                    break
            else:
                body += b"".join(decoder.finish())
        except BrokenCodingError:
            # A body that cannot be unpacked still shows that the address responds.
            body = body or packed
        headers = self._extract_headers(response)
        if headers.pop("Content-Encoding", None) is not None:
            headers.pop("Content-Length", None)
        return make_response(**self._build_base_response_args(response, request, headers), body=body[:first])


@lru_cache(maxsize=1_024)
def _last_day(certificate: bytes) -> str | None:
    """Return the last day of validity of a DER certificate; None if it cannot be read."""
    try:
        return x509.load_der_x509_certificate(certificate).not_valid_after_utc.date().isoformat()
    except ValueError:
        return None


def _text(headers: Headers) -> list[tuple[str, str]]:
    # Read as a plain dict: Scrapy's own access converts every name and value again.
    return [(name.decode("latin-1"), value.decode("latin-1")) for name, vs in dict.items(headers) for value in vs]


@lru_cache(maxsize=256)
def _timeout(total_s: float, silence_s: float | None) -> aiohttp.ClientTimeout:
    return aiohttp.ClientTimeout(total=total_s, sock_read=silence_s)
