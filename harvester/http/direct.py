"""Scrapy's downloader without its queues, because the check of resources keeps its own queue for each host.

A request still passes the middlewares (robots.txt, turns by host, retries, redirects) and the download handler. It
skips Scrapy's engine, scheduler, slots, signals and tasks, which cost three times as much as the request itself.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from inspect import iscoroutine
from typing import TYPE_CHECKING, Any

from scrapy import Request
from scrapy.core.downloader import Downloader
from scrapy.core.downloader.handlers import DownloadHandlerProtocol
from scrapy.downloadermiddlewares.redirect import RedirectMiddleware
from scrapy.exceptions import UnsupportedURLSchemeError
from scrapy.http.cookies import CookieJar

from harvester.http.scrapy_private import handler_for

if TYPE_CHECKING:
    from scrapy.http import Response

__all__ = ["DirectDownloader", "Redirects", "lean_settings"]


def lean_settings() -> dict[str, Any]:
    """Return the Scrapy settings to add to those of :func:`~harvester.http.settings.scrapy_settings` for a crawler
    whose spider sends requests through :meth:`DirectDownloader.ask` only.

    They name the downloader and its middlewares, and turn off extensions, spider middlewares and item pipelines.
    """
    return {
        "DOWNLOADER": "harvester.http.direct.DirectDownloader",
        "DOWNLOADER_MIDDLEWARES_BASE": {},
        "DOWNLOADER_MIDDLEWARES": {
            "harvester.http.robots.ObeyRobots": 100,
            "scrapy.downloadermiddlewares.retry.RetryMiddleware": 550,
            "harvester.http.unpack.Unpack": 590,
            "harvester.http.direct.Redirects": 600,
            "harvester.http.politeness.Politeness": 880,
        },
        "SPIDER_MIDDLEWARES_BASE": {},
        "EXTENSIONS_BASE": {},
        "ITEM_PIPELINES": {},
    }


class Redirects(RedirectMiddleware):
    """Downloader middleware: follow redirects without a Referer header.

    Cookies set during a redirect are sent for the rest of that redirect chain, to the hosts they are meant for (RFC
    6265 §5.4), and then dropped. Many sites redirect to the same address again and only serve clients that send the
    cookie.
    """

    def process_response(self, request: Request, response: Response, spider: Any = None) -> Request | Response:
        found: Request | Response = super().process_response(request, response)
        if not isinstance(found, Request):
            return found
        jar: CookieJar | None = request.meta.get("redirect_cookies")
        if jar is not None:
            found.headers.pop("Cookie", None)
        if jar is None and b"Set-Cookie" in response.headers:
            jar = CookieJar()
        if jar is not None:
            jar.extract_cookies(response, request)
            jar.add_cookie_header(found)
            found.meta["redirect_cookies"] = jar
        return found

    def handle_referer(self, request: Request, response: Response) -> None:
        request.headers.pop("Referer", None)

    def _engine_started(self) -> None:
        """Do nothing; there is no engine to look up."""


class DirectDownloader(Downloader):
    """Scrapy's downloader, with a method that sends a request without Scrapy's queues, engine and scheduler."""

    async def ask(self, request: Request, on_request: Callable[[Request], None]) -> Response:
        """Send ``request`` through the downloader middlewares, follow redirects and retries, and return the final
        response.

        ``on_request`` is called with every request before it is sent, including those of redirects and retries. If this
        method raises, the request passed to ``on_request`` last is the one that failed. An exception of a middleware or
        of the download handler is raised if no middleware handles it.
        """
        while True:
            on_request(request)
            found = await self._once(request)
            if not isinstance(found, Request):
                found.request = request
                return found
            request = found

    async def _once(self, request: Request) -> Response | Request:
        """Send one request through the middlewares, and its response back through them."""
        methods: Mapping[str, Iterable[Any]] = self.middleware.methods
        found: Any = None
        try:
            for method in methods["process_request"]:
                found = method(request=request)
                if iscoroutine(found):
                    found = await found
                if found is not None:
                    break
            else:
                found = await self._handler(request).download_request(request)
        except Exception as error:
            for method in methods["process_exception"]:
                found = method(request=request, exception=error)
                if iscoroutine(found):
                    found = await found
                if found is not None:
                    break
            else:
                raise
        for method in methods["process_response"]:
            if isinstance(found, Request):
                break
            found = method(request=request, response=found)
            if iscoroutine(found):
                found = await found
        return found  # type: ignore[no-any-return]

    def _handler(self, request: Request) -> DownloadHandlerProtocol:
        scheme = request.url.partition(":")[0].lower()
        handler = handler_for(self, scheme)
        if handler is None:
            raise UnsupportedURLSchemeError(f"{scheme}: no address of this scheme is asked")
        return handler
