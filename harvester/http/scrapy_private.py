"""The only module that uses what Scrapy, aiohttp and urllib3 do not document and may change in any release.

The address guard, saving to disk and the archive need more than the public interfaces offer. Every private part that
Winnow imports, reads, overrides or replaces is listed in :data:`RELIED_ON` with the reason;
``tests/harvester/test_scrapy_private.py`` reports which of them a new release has changed.
"""

from __future__ import annotations

import ssl
from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from importlib import import_module
from importlib.metadata import version
from inspect import signature
from ipaddress import IPv4Address, IPv6Address, ip_address
from typing import TYPE_CHECKING, Any

import aiohttp
from aiohttp.client_proto import ResponseHandler

try:
    from scrapy.core.downloader.handlers._aiohttp import AiohttpDownloadHandler
    from scrapy.core.downloader.handlers._aiohttp import _ClientResponse as ClientResponse
    from scrapy.core.downloader.handlers._base_streaming import BaseStreamingDownloadHandler
    from scrapy.utils._download_handlers import make_response
    from scrapy.utils.ssl import _make_insecure_ssl_ctx as insecure_tls_context
    from scrapy.utils.ssl import _make_ssl_context as tls_context
except ImportError as error:
    raise ImportError(
        f"Scrapy {version('scrapy')} has moved a private part that Winnow uses: {error}; install the version of "
        "constraints.txt, or adapt harvester/http/scrapy_private.py"
    ) from error

if TYPE_CHECKING:
    from scrapy.core.downloader import Downloader
    from scrapy.core.downloader.handlers import DownloadHandlerProtocol

__all__ = [
    "RELIED_ON", "AiohttpDownloadHandler", "BaseStreamingDownloadHandler", "ClientResponse", "PrivatePart", "changed",
    "handler_for", "insecure_tls_context", "make_response", "note_lost_connections", "server_ip", "tls_context",
    "tls_of",
]  # fmt: skip


@dataclass(frozen=True, slots=True)
class PrivatePart:
    """A private class, function or attribute of Scrapy, aiohttp or urllib3 that Winnow uses. ``why``: what for."""

    place: str
    """``package.module:object``, or ``package.module:Class.attribute``."""
    why: str
    parameters: tuple[str, ...] | None = None
    """Names of the parameters with which it is called or overridden, in order; None if it is not a function."""
    named_in: str | None = None
    """The method whose code sets it, for an attribute that only instances have."""


_HANDLER = "scrapy.core.downloader.handlers._aiohttp:AiohttpDownloadHandler"
_BASE = "scrapy.core.downloader.handlers._base_streaming:BaseStreamingDownloadHandler"
_RESPONSE = "scrapy.core.downloader.handlers._aiohttp:_ClientResponse"
RELIED_ON: tuple[PrivatePart, ...] = (
    PrivatePart(f"{_HANDLER}._make_request", "overridden, to send through the guard", ("self", "request", "timeout")),
    PrivatePart(f"{_BASE}._read_response", "overridden, to save bodies", ("self", "response", "request")),
    PrivatePart(f"{_BASE}._extract_headers", "overridden, to keep headers as bytes", ("response",)),
    PrivatePart(f"{_BASE}._build_base_response_args", "the parts of a response", ("response", "request", "headers")),
    PrivatePart(f"{_BASE}.__init__", "called in place of the handler's own", ("self", "crawler")),
    PrivatePart(f"{_BASE}._default_maxsize", "bytes counted for a body that is too long", None, "__init__"),
    PrivatePart(f"{_BASE}._pool_size_total", "connections at once", None, "__init__"),
    PrivatePart(f"{_BASE}._pool_size_per_host", "connections to a host at once", None, "__init__"),
    PrivatePart(f"{_HANDLER}._session", "replaced by a session with the guard; closed by Scrapy", None, "close"),
    PrivatePart(f"{_HANDLER}._ssl_context", "replaced by a cached one", None, "__init__"),
    PrivatePart(f"{_RESPONSE}._peername", "the server's IP address, for the archive"),
    PrivatePart(f"{_RESPONSE}._ssl_object", "the certificate and the TLS version"),
    PrivatePart("scrapy.utils.ssl:_make_ssl_context", "the TLS context of the settings", ("settings",)),
    PrivatePart("scrapy.utils.ssl:_make_insecure_ssl_ctx", "for hosts whose bad certificate is accepted", ()),
    PrivatePart("scrapy.utils._download_handlers:make_response", "a response of the class its headers ask for"),
    PrivatePart(
        "scrapy.core.downloader.handlers:DownloadHandlers._get_handler", "asked without queues", ("self", "scheme")
    ),
    PrivatePart(
        "scrapy.downloadermiddlewares.redirect:RedirectMiddleware._engine_started",
        "overridden, where there is no engine",
        ("self",),
    ),
    PrivatePart("aiohttp:TCPConnector._factory", "replaced, to note lost connections", None, "__init__"),
    PrivatePart("aiohttp.client_proto:ResponseHandler._payload", "the body that a loss cuts", None, "__init__"),
    PrivatePart("urllib3.connection:HTTPConnection._new_conn", "overridden, to pass the guard", ("self",)),
    PrivatePart("urllib3.connection:HTTPSConnection._new_conn", "overridden, to pass the guard", ("self",)),
)
"""Every private part in use by ``harvester/http``."""


def changed(part: PrivatePart) -> str | None:
    """Check whether the installed library still has the private part ``part`` as Winnow needs it.

    The result is a sentence with the difference and the remedy; None if nothing has changed.
    """
    module, _, path = part.place.partition(":")
    package = module.partition(".")[0]
    where = f"{package} {version(package)}: {part.place} ({part.why})"
    remedy = "adapt harvester/http/scrapy_private.py and what uses it, or hold back the version"
    try:
        owner: Any = import_module(module)
    except ImportError:
        return f"{where}: the module is gone; {remedy}"
    *owners, name = path.split(".")
    for one in owners:
        owner = getattr(owner, one, None)
    if part.named_in is not None:
        # An instance attribute can only be seen in the code of the method that sets or reads it, in the class or a
        # parent.
        methods = [vars(one).get(part.named_in) for one in getattr(owner, "__mro__", ())]
        is_named = any(name in getattr(getattr(one, "__code__", None), "co_names", ()) for one in methods)
        return None if is_named else f"{where}: {part.named_in} does not name it any more; {remedy}"
    if not hasattr(owner, name):
        return f"{where}: it is gone; {remedy}"
    if part.parameters is not None:
        found = tuple(signature(getattr(owner, name)).parameters)
        if found != part.parameters:
            return f"{where}: it takes ({', '.join(found)}), not ({', '.join(part.parameters)}); {remedy}"
    return None


def server_ip(response: ClientResponse) -> IPv4Address | IPv6Address | None:
    """Return the IP address that ``response`` came from, which is the proxy's if one is used.

    The result is None if the socket was already closed.
    """
    return ip_address(response._peername[0]) if response._peername else None


def tls_of(response: ClientResponse) -> ssl.SSLObject | None:
    """Return the TLS connection over which ``response`` came; None if the connection was not encrypted."""
    return response._ssl_object


def handler_for(downloader: Downloader, scheme: str) -> DownloadHandlerProtocol | None:
    """Return the handler of Scrapy's ``downloader`` for the URL scheme ``scheme``, in lower case, such as "https".

    The result is None if no handler is set for the scheme, or if the handler could not be loaded.
    """
    found: DownloadHandlerProtocol | None = downloader.handlers._get_handler(scheme)
    return found


def note_lost_connections(
    connector: aiohttp.TCPConnector, on_lost: Callable[[aiohttp.StreamReader, BaseException], None]
) -> aiohttp.TCPConnector:
    """Make the aiohttp ``connector`` call ``on_lost`` when a connection is lost before the end of a response body.

    ``on_lost`` gets the stream of the body and the exception. The same connector is returned.
    """

    class Heedful(ResponseHandler):
        def connection_lost(self, exc: BaseException | None) -> None:
            body = self._payload
            if exc is not None and body is not None and not body.is_eof():
                on_lost(body, exc)
            super().connection_lost(exc)

    connector._factory = partial(  # type: ignore[assignment]  # it makes a subclass
        Heedful, *connector._factory.args, **connector._factory.keywords
    )
    return connector
