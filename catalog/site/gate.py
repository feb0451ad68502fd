"""What stands before Datasette: which requests reach it, and what every response says besides its contents.

Refused here, without touching the database, are addresses that browsers or servers read in two ways, methods that
change something, and Datasette's own pages about the server, which show paths. Every response gets a strict content
policy; a page that the visitor has already, as of the same public file, is not made again.
"""

from __future__ import annotations

import hashlib
import re
import zlib
from collections.abc import Awaitable, Callable
from datetime import UTC, datetime
from functools import cache
from importlib.metadata import version
from pathlib import Path
from typing import Any
from urllib.parse import parse_qsl, unquote, unquote_to_bytes

from catalog.site.errors import Scope, options_of, path_of, respond
from catalog.site.machine.negotiation import RDF_FORMS, form_for
from catalog.site.metadata import DATABASE, PLUGIN
from catalog.site.page_cache import ResponseCache
from catalog.site.pages import pages
from catalog.site.render import program_digest
from catalog.site.table_filters import UnknownFilterError, is_unknown_parameter
from catalog.site.waiting import SqlQueue

__all__ = ["Gate"]

Send = Callable[[dict[str, Any]], Awaitable[None]]
App = Callable[..., Awaitable[None]]

_LONGEST, _LONGEST_QUERY = 4_000, 60_000
"""Characters of a path, and of a query string."""
_SHARED = (
    "default-src 'none'; style-src 'self'; img-src 'self' data:; connect-src 'self'; "
    "form-action 'self'; base-uri 'none'; "
)
_POLICY = f"{_SHARED}script-src 'self'; frame-ancestors 'none'".encode()
_FRAMED_POLICY = f"{_SHARED}frame-ancestors *".encode()
_ALWAYS = ((b"x-content-type-options", b"nosniff"), (b"referrer-policy", b"no-referrer"))
_NOT_OPEN = (b"text/html",)
"""Media types that programs of other sites may not read."""
_PACKED = (
    *(b"text/", b"application/json", b"application/xml", b"application/atom+xml", b"image/svg+xml"),
    *(form.media_type.encode() for form in RDF_FORMS.values()),
)
_READS_MORE = re.compile(r"/(?:report|downloads|night)(?:[/.]|$)")
"""Paths of pages that read something else than the public file: the inbox, or the exports."""
_OF_FILE = re.compile(r"/(?:catalog\.(?:ttl|jsonld|rdf|nt)|data\.json|changes(?:/[^/]+)?\.xml)$")
"""Paths of what depends on the public file alone and not on the day: harvesters ask for it every night."""
_WORTH_PACKING = 600
"""Bytes from which a response is compressed."""


class Gate:
    """An ASGI application in front of that of Datasette.

    ``redirect``: coroutine function that returns the present address for a path and query string, or None. ``before``:
    function that is called before each request that is passed on.
    """

    def __init__(
        self,
        datasette: Any,
        app: App,
        *,
        redirect: Callable[[str, str], Awaitable[str | None]],
        before: Callable[[], None],
    ) -> None:
        self.datasette, self.app, self.redirect, self.before = datasette, app, redirect, before
        self.queue, self.kept = SqlQueue(), ResponseCache()

    async def __call__(self, scope: Scope, receive: Any, send: Send) -> None:
        """Answer a request, or pass it on to Datasette."""
        if scope["type"] != "http":
            await self.app(scope, receive, send)
            return
        base_url = self.datasette.setting("base_url")
        path, query = path_of(scope, base_url), scope.get("query_string", b"").decode("latin-1")
        asked = {name.lower(): value for name, value in scope.get("headers", ())}
        reply = _Reply(send, path, asked, scope["method"])
        if status := self._refused(scope, path, query):
            await respond(options_of(self.datasette), path, status).asgi_send(reply)
            return
        if is_unknown_parameter(path, query):
            await respond(options_of(self.datasette), path, 400, UnknownFilterError.why).asgi_send(reply)
            return
        if scope["method"] == "OPTIONS":
            headers = [(b"access-control-allow-methods", b"GET, HEAD"), (b"content-length", b"0")]
            await reply({"type": "http.response.start", "status": 204, "headers": headers})
            await reply({"type": "http.response.body", "body": b""})
            return
        self.before()
        key = None
        if scope["method"] in ("GET", "HEAD"):
            accept = asked.get(b"accept", b"").decode("latin-1")
            reply.tag = b"" if _READS_MORE.search(unquote(path)) else self._tag(path, form_for(accept))
            if reply.tag and reply.tag in (one.strip() for one in asked.get(b"if-none-match", b"").split(b",")):
                await reply({"type": "http.response.start", "status": 304, "headers": []})
                await reply({"type": "http.response.body", "body": b""})
                return
            key = None if _has_sql(query) else self.kept.key(reply.tag, scope, asked)
            if await self.kept.answer(key, send):
                return
            reply.send = self.kept.keeping(key, send)
        if location := await self.redirect(path, query):
            headers = [(b"location", (base_url.rstrip("/") + location).encode("latin-1")), (b"content-length", b"0")]
            await reply({"type": "http.response.start", "status": 301, "headers": headers})
            await reply({"type": "http.response.body", "body": b""})
            return
        if scope["method"] == "HEAD":
            scope = {**scope, "method": "GET"}
        if not _has_sql(query):
            await self.app(scope, receive, reply)
            return
        address = (scope.get("client") or ("",))[0]
        if not await self.queue.enter(address):
            await respond(options_of(self.datasette), path, 429).asgi_send(reply)
            return
        try:
            await self.app(scope, receive, reply)
        finally:
            self.queue.leave(address)

    def _refused(self, scope: Scope, path: str, query: str) -> int | None:
        """Return the status for a request that nothing may be answered to; None for all others."""
        if scope["method"] not in ("GET", "HEAD", "OPTIONS") and not (
            scope["method"] == "POST" and path.rstrip("/").endswith("/report")
        ):
            return 405
        if len(path) > _LONGEST or len(query) > _LONGEST_QUERY:
            return 400
        try:
            plain = unquote_to_bytes(path).decode("utf-8")
            unquote_to_bytes(query).decode("utf-8")
        except UnicodeDecodeError:
            return 400
        if any(char in plain for char in ("\\", "\0", "\r", "\n")):
            return 400
        # A redirect to it would lead to another host.
        if plain.startswith("//") or "/../" in f"{plain}/":
            return 404
        first = plain.lstrip("/").partition("/")[0]
        # Datasette's pages about the server, its settings, its own databases and its memory.
        if first.startswith(("-", "_")) and not plain.startswith(("/-/static/", "/-/static-plugins/")):
            return 404
        return None

    def _tag(self, path: str, form: str) -> bytes:
        """Return the ETag of all pages, as of the public file that is open. ``form``: what the request asks for: a page
        and the graph of the same thing have one address."""
        database = self.datasette.databases.get(DATABASE)
        options = self.datasette.plugin_config(PLUGIN) or {}
        settings = [self.datasette.setting(name) for name in ("base_url", "default_allow_sql")]
        told = (
            database.hash if database else "",
            settings,
            options,
            _changed_at(options.get("exports")),
            _made_with(),
            form,
            # Promises become overdue by the day.
            None if _OF_FILE.match(path) else datetime.now(UTC).date(),
        )
        return f'W/"{hashlib.sha256(repr(told).encode()).hexdigest()[:20]}"'.encode()


def _has_sql(query: str) -> bool:
    """Return whether a request may bring SQL of a visitor. Not asked is for which address: Datasette reads the name of
    a database in several spellings."""
    return bool({"sql", "_where"} & {name for name, _ in parse_qsl(query, keep_blank_values=True)})


@cache
def _made_with() -> str:
    """Return what tells programs apart that may write the same page in other words."""
    return f"{version('winnow-opendata')} {program_digest()}"


def _changed_at(exports: str | None) -> int:
    """Return when the exported files, whose sizes pages tell, were written; 0 if there are none."""
    try:
        return (Path(exports) / "manifest.json").stat().st_mtime_ns if exports else 0
    except OSError:
        return 0


class _Reply:
    """Sends a response with our headers, compressed where the client can read that."""

    def __init__(self, send: Send, path: str, asked: dict[bytes, bytes], method: str) -> None:
        self.send, self.path, self.method = send, path, method
        self.tag: bytes | None = None
        self._takes_gzip = b"gzip" in asked.get(b"accept-encoding", b"")
        self._start: dict[str, Any] | None = None
        self._packer: Any = None

    async def __call__(self, event: dict[str, Any]) -> None:
        if event["type"] == "http.response.start":
            # What it says of its length depends on the first part of its body.
            self._start = event
            return
        body, more = event.get("body", b""), bool(event.get("more_body"))
        if self._start is not None:
            start, self._start = self._start, None
            headers = self._headers(start, len(body), more)
            await self.send({**start, "headers": headers})
        if self.method == "HEAD":
            if not more:
                await self.send({"type": "http.response.body", "body": b""})
            return
        if self._packer is not None:
            body = self._packer.compress(body) + (b"" if more else self._packer.flush())
        await self.send({"type": "http.response.body", "body": body, "more_body": more})

    def _headers(self, start: dict[str, Any], length: int, more: bool) -> list[tuple[bytes, bytes]]:
        ours = {b"content-security-policy", b"x-frame-options", *(name for name, _ in _ALWAYS)}
        given = {name.lower(): value for name, value in start.get("headers", ()) if name.lower() not in ours}
        # Datasette adds cookies to it, which this site does not set.
        varies = [b"Accept"] if b"Accept" in given.pop(b"vary", b"").split(b", ") else []
        kind, status = given.get(b"content-type", b""), start["status"]
        given |= dict(_ALWAYS)
        given[b"content-security-policy"] = _FRAMED_POLICY if _is_framed(self.path) else _POLICY
        if not kind.startswith(_NOT_OPEN):
            given[b"access-control-allow-origin"] = b"*"
        is_kept = b"no-store" not in given.get(b"cache-control", b"") and b"set-cookie" not in given
        if self.tag and status in (200, 304) and is_kept:
            given[b"etag"] = self.tag
            given[b"cache-control"] = b"public, max-age=0, must-revalidate"
        if kind.startswith(_PACKED) and b"content-encoding" not in given and status not in (204, 304):
            varies.append(b"Accept-Encoding")
            if self._takes_gzip and self.method != "HEAD" and (more or length >= _WORTH_PACKING):
                given.pop(b"content-length", None)
                given[b"content-encoding"] = b"gzip"
                self._packer = zlib.compressobj(6, zlib.DEFLATED, 31)
        if b"content-encoding" in given and b"Accept-Encoding" not in varies:
            varies.append(b"Accept-Encoding")
        if varies:
            given[b"vary"] = b", ".join(varies)
        return list(given.items())


@cache
def _framed() -> tuple[Any, ...]:
    return tuple(page for page in pages() if page.is_framed)


def _is_framed(path: str) -> bool:
    return any(page.name_in(path) is not None for page in _framed())
