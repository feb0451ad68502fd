"""Finished pages are kept in memory: for the same request only, as of the same file, and within bounds."""

from __future__ import annotations

import asyncio
import gzip
from typing import Any

from catalog.site.gate import Gate
from catalog.site.page_cache import LARGEST_KEPT, ResponseCache
from tests.catalog.browsing import OF_THE_SITE

pytestmark = OF_THE_SITE


class Asked:
    """A gate before an application that counts what reaches it."""

    def __init__(self, site: Any) -> None:
        self.made: list[tuple[str, bytes]] = []
        self.status, self.size, self.extra = 200, 5_000, [(b"content-type", b"text/html; charset=utf-8")]
        self.gate = Gate(site.datasette, self._app, redirect=self._stay, before=lambda: None)

    async def _stay(self, path: str, query: str) -> None:
        return None

    async def _app(self, scope: Any, receive: Any, send: Any) -> None:
        self.made.append((scope["path"], scope["query_string"]))
        body = b"x" * self.size + str(len(self.made)).encode()
        await send({"type": "http.response.start", "status": self.status, "headers": self.extra})
        await send({"type": "http.response.body", "body": body[:100], "more_body": True})
        await send({"type": "http.response.body", "body": body[100:]})

    def get(self, path: str, query: bytes = b"", *, method: str = "GET", **headers: str) -> bytes:
        start, body = ask(self.gate, path, query, method, headers)
        is_packed = (b"content-encoding", b"gzip") in start["headers"]
        return gzip.decompress(body) if is_packed and body else body


def ask(app: Any, path: str, query: bytes, method: str, headers: dict[str, str]) -> tuple[dict[str, Any], bytes]:
    """Send a request to an ASGI application; return how its response starts, and its body."""
    sent: list[dict[str, Any]] = []

    async def send(event: dict[str, Any]) -> None:
        sent.append(event)

    async def receive() -> dict[str, Any]:
        return {"type": "http.request", "body": b"", "more_body": False}

    asked = [(name.replace("_", "-").encode(), value.encode()) for name, value in headers.items()]
    scope = {"type": "http", "method": method, "path": path, "raw_path": path.encode(), "scheme": "http"}
    asyncio.run(app(scope | {"query_string": query, "headers": asked, "http_version": "1.1"}, receive, send))
    return sent[0], b"".join(one.get("body", b"") for one in sent[1:])


def test_the_same_request_is_made_once_and_any_other_anew(site: Any) -> None:
    site.get("/")
    asked = Asked(site)
    first = asked.get("/portal/north", accept_encoding="gzip")
    assert asked.get("/portal/north", accept_encoding="gzip") == first and first.endswith(b"x1")
    assert len(asked.made) == 1
    others: list[dict[str, Any]] = [
        {"path": "/portal/south"},
        {"query": b"page=2"},
        {"accept_encoding": ""},
        {"host": "other.example"},
        {"accept": "text/turtle"},
        {"cookie": "a=b"},
        {"method": "HEAD"},
        {"query": b"sql=select+1"},
    ]
    for number, other in enumerate(others, 2):
        given = {"path": "/portal/north", "accept_encoding": "gzip"} | other
        asked.get(given.pop("path"), given.pop("query", b""), **given)
        assert len(asked.made) == number, other
    assert asked.get("/portal/north", accept_encoding="gzip") == first


def test_errors_and_what_must_not_be_stored_are_made_anew(site: Any) -> None:
    site.get("/")
    asked = Asked(site)
    for status, extra in (
        (404, []),
        (503, []),
        (200, [(b"cache-control", b"no-store")]),
        (200, [(b"set-cookie", b"a")]),
    ):
        asked.status, asked.extra = status, [(b"content-type", b"text/html"), *extra]
        before = len(asked.made)
        asked.get("/metric/link_ok")
        asked.get("/metric/link_ok")
        assert len(asked.made) == before + 2, (status, extra)
    for path in ("/report", "/es/downloads", "/night/x"):
        # They show more than the file.
        asked.status, asked.extra, before = 200, [(b"content-type", b"text/html")], len(asked.made)
        asked.get(path)
        asked.get(path)
        assert len(asked.made) == before + 2, path


def test_memory_is_bounded(site: Any) -> None:
    site.get("/")
    asked = Asked(site)
    kept = asked.gate.kept = ResponseCache(20_000)
    for number in range(9):
        asked.get(f"/portal/{number}")
        assert kept.size <= 20_000
    asked.get("/portal/8")
    assert len(asked.made) == 9, "the last one is kept"
    asked.get("/portal/0")
    assert len(asked.made) == 10, "the oldest one has made room"
    asked.size = LARGEST_KEPT
    for _ in range(2):
        assert len(asked.get("/portal/large")) > LARGEST_KEPT
    assert len(asked.made) == 12 and kept.size <= 20_000


def test_a_kept_page_is_the_page(site: Any) -> None:
    site.get("/")
    app = site.datasette.app()
    for path in ("/", "/dataset/north-0", "/catalog/datasets.json", "/es/census", "/badge/portal/north.svg"):
        # The data of a table say how long the query took: only the kept ones say the same twice.
        first, second = (ask(app, path, b"", "GET", {"accept_encoding": "gzip"}) for _ in range(2))
        assert first == second and first[0]["status"] == 200, path
