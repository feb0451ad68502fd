"""Portals that mean harm, one path each: endless, huge, deep, circular, or made to break what reads them."""

from __future__ import annotations

import gzip
import json
import time
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from typing import Any

from portal_server import Asked, PortalServer, Response, as_json, ckan_search

__all__ = ["CASES", "GOOD", "ODD_IDS", "Case", "serve"]

SEARCH = "/api/3/action/package_search"
GOOD = 40
MB = 1_000_000


@dataclass(frozen=True, slots=True)
class Case:
    """A hostile portal, and how its harvest must end."""

    type: str
    verdict: tuple[str, ...]
    kind: str | None
    """Kinds of a harvest error, one of which says what happened; None where nothing is wrong with the listing."""
    words: str = ""
    """In the reasons or the errors."""
    limits: dict[str, float] = field(default_factory=dict)
    """Of the portal file, beside those that all have. A case that is cut off by size or number has room in time, and
    one that only waits has little, so that none depends on the speed of the machine."""


SMALL = {"max_page_bytes": MB, "page_rows": 4}
FEW = {"max_datasets": 100}
HASTY = {"timeout_s": 3, "deadline_s": 30, "page_rows": 2}


CASES: dict[str, Case] = {
    "endless-body": Case(
        "dcat-us", ("partial", "failed"), "too_large", "longer than limits.max_feed_bytes", {"max_feed_bytes": MB}
    ),
    "endless-json": Case("ckan", ("failed",), "too_large", limits=SMALL),
    "endless-feed": Case("dcat-us", ("partial",), "too_large", limits={"max_feed_bytes": MB} | FEW),
    "endless-pages": Case("ckan", ("partial",), "too_large", "max_datasets", FEW),
    "same-page": Case("ckan", ("partial",), "parse", "circles"),
    "slow-drip": Case("dcat-us", ("partial", "failed"), None, "slowly", {"timeout_s": 3}),
    "slow-page": Case("ckan", ("failed",), "timeout deadline", limits=HASTY),
    "silence": Case("ckan", ("failed",), "timeout deadline", limits=HASTY),
    "gzip-bomb": Case("ckan", ("failed",), "too_large", limits=SMALL),
    "gzip-bomb-feed": Case("dcat-us", ("failed", "partial"), "too_large", limits={"max_feed_bytes": MB}),
    "deep-json": Case("ckan", ("failed",), "cut_short", "nested too deeply"),
    "deep-record": Case("dcat-us", ("partial",), "record", "nested too deeply"),
    "billion-laughs": Case("ckan", ("failed",), "parse", "HTML or XML"),
    "long-string": Case("ckan", ("complete",), "record", "description has 2,000,000 characters"),
    "huge-record": Case("ckan", ("partial",), "poison", "place 3 cannot be sent", SMALL),
    "many-keywords": Case("ckan", ("complete",), "record", "keywords has 60,000 entries"),
    "redirect-loop": Case("ckan", ("failed",), "moved", "in circles"),
    "redirect-chain": Case("ckan", ("failed",), "moved", "in circles"),
    "redirect-file": Case("ckan", ("failed",), "moved"),
    "big-cookies": Case("ckan", ("complete",), None),
    "big-header": Case("ckan", ("failed",), "cut_short timeout", limits=HASTY),
    "many-headers": Case("ckan", ("complete", "failed"), None),
    "bad-utf8": Case("dcat-us", ("complete",), None),
    "nul": Case("dcat-us", ("complete",), None),
    "odd-ids": Case("dcat-us", ("complete",), None),
    "long-id": Case("dcat-us", ("partial",), "identifier", "2,000 characters"),
    "wrong-types": Case("ckan", ("complete", "partial"), None),
    "many-errors": Case("dcat-us", ("failed",), "many", "more than 10,000 errors", {"max_datasets": 20_000}),
    "wrong-length": Case("ckan", ("failed",), "cut_short"),
    "not-http": Case("ckan", ("failed",), "cut_short connect timeout", limits=HASTY),
}
ODD_IDS = [
    "../../etc/passwd", "..\\..\\x", "/abs/olute", "a/../b", "'; drop table datasets; --", "<script>alert(1)</script>",
    "\u202eevil", "con", "%2e%2e%2f", "a\nb\tc", "=cmd|' /C calc'!A0", "{{7*7}}", "${jndi:ldap://x}",
]  # fmt: skip


def packages(count: int, **values: Any) -> list[dict[str, Any]]:
    return [{"id": f"{n:05}", "name": f"p{n}", "title": f"Package {n}", **values} for n in range(count)]


def forever(piece: bytes, start: bytes = b"", pause_s: float = 0.0, seconds: float = 600.0) -> Any:
    """A body without end; it stops by itself after a while, so that no test leaves it behind."""

    def body() -> Iterator[bytes]:
        until = time.monotonic() + seconds
        yield start
        while time.monotonic() < until:
            yield piece
            time.sleep(pause_s)

    return body


LAUGHS = b"""<?xml version="1.0"?><!DOCTYPE lolz [<!ENTITY lol "lol">""" + b"".join(
    b'<!ENTITY lol%d "%s">' % (n, b"&lol%d;" % (n - 1 if n > 1 else 0) * 10) for n in range(1, 10)
) + b"]><lolz>&lol9;</lolz>"  # fmt: skip


def routes() -> dict[str, Any]:
    """The responses of all cases, by path. Each case lies in a folder of its name."""
    counter = iter(range(10**9))

    def endless_pages(asked: Asked) -> Response:
        page = [{"id": f"n{next(counter)}", "title": "x"} for _ in range(int(asked.query["rows"]))]
        return as_json({"success": True, "result": {"count": 10**9, "results": page}})

    def chain(asked: Asked) -> Response:
        step = int(asked.query.get("step", 0)) + 1
        return Response(302, headers={"Location": f"{asked.path}?step={step}"})

    def search(name: str, records: list[dict[str, Any]], **values: Any) -> dict[str, Any]:
        found = ckan_search(records)

        def respond(asked: Asked) -> Response:
            made = found(asked)
            return Response(made.status, made.content_type, made.body, values.get("headers", {}))

        return {f"/{name}{SEARCH}": respond}

    def page(name: str, **values: Any) -> dict[str, Any]:
        return {f"/{name}{SEARCH}": Response(**values)}

    def feed(name: str, **values: Any) -> dict[str, Any]:
        return {f"/{name}/data.json": Response(**values)}

    bomb = gzip.compress(b"0" * (300 * MB), 1)
    head = b'{"dataset": ['
    records = b'{"identifier": "%d", "title": "x"},'
    endless_feed = lambda: (records % n for n in iter(lambda: next(counter), None))  # noqa: E731
    deep = b"[" * 100_000 + b"]" * 100_000
    deep_record = b'{"identifier": "deep", "x": ' + b'{"a":' * 5000 + b"1" + b"}" * 5000 + b"}"
    odd = [{"identifier": one, "title": one, "description": "<img src=x onerror=alert(1)>"} for one in ODD_IDS]
    wrong: list[Any] = [
        {"id": 7, "title": ["a"], "notes": {"x": 1}, "tags": "t", "resources": {"url": "x"}, "extras": "no"},
        {"id": "w2", "title": None, "tags": [1, None, {}], "resources": [None, 3, "x", {"url": 5}], "organization": []},
        {"id": "w3", "metadata_modified": 10**30, "extras": [{"key": None}], "groups": {"a": {"b": 1}}},
    ]
    many = b",".join(b'{"title": "nobody"}' for _ in range(15_000))
    return {
        f"/good{SEARCH}": ckan_search(packages(GOOD)),
        **feed("endless-body", body=forever(b"x" * 65_536)),
        **page("endless-json", body=forever(b'{"id": "x"},' * 5000, b'{"success": true, "result": {"results": [')),
        **feed("endless-feed", body=lambda: (piece for part in ([head], endless_feed()) for piece in part)),
        f"/endless-pages{SEARCH}": endless_pages,
        **page("same-page", body=as_json({"success": True, "result": {"count": 500, "results": packages(20)}}).body),
        **feed("slow-drip", body=forever(b" ", head + records % 1, 0.05)),
        **page("slow-page", body=forever(b" ", b"{", 0.05)),
        **page("silence", body=forever(b"", b"", 0.5)),
        **page("gzip-bomb", body=bomb, headers={"Content-Encoding": "gzip"}),
        **feed("gzip-bomb-feed", body=bomb, headers={"Content-Encoding": "gzip"}),
        **page("deep-json", body=b'{"success": true, "result": ' + deep + b"}"),
        **feed("deep-record", body=head + records % 1 + deep_record + b"]}"),
        **page("billion-laughs", content_type="application/xml", body=LAUGHS),
        **search("long-string", [*packages(3), {"id": "long", "title": "Long", "notes": "n" * (2 * MB)}]),
        **search("huge-record", [*packages(3), {"id": "huge", "title": "Huge", "blob": "b" * (2 * MB)}]),
        **search("many-keywords", [*packages(3), {"id": "k", "tags": [{"name": f"{n}"} for n in range(60_000)]}]),
        **page("redirect-loop", status=302, headers={"Location": f"/redirect-loop{SEARCH}"}),
        f"/redirect-chain{SEARCH}": chain,
        **page("redirect-file", status=302, headers={"Location": "file:///etc/passwd"}),
        **search("big-cookies", packages(5), headers={"Set-Cookie": "a=" + "c" * 50_000}),
        **search("big-header", packages(5), headers={"X-Big": "h" * 2_000_000}),
        **search("many-headers", packages(5), headers={f"X-H{n}": "v" for n in range(5000)}),
        **feed("bad-utf8", body=b'{"dataset": [{"identifier": "u", "title": "caf\xe9 \xff\xfe"}]}'),
        **feed("nul", body=json.dumps({"dataset": [{"identifier": "a\x00b", "title": "x\x00y \ud800"}]}).encode()),
        **feed("odd-ids", body=json.dumps({"dataset": odd}).encode()),
        **feed("long-id", body=json.dumps({"dataset": [{"identifier": "i" * MB}, {"identifier": "b"}]}).encode()),
        **search("wrong-types", wrong),
        **feed("many-errors", body=head + many + b"]}"),
        **page("wrong-length", body=b'{"success": true', headers={"Content-Length": "5000"}),
    }  # fmt: skip


@contextmanager
def serve() -> Iterator[dict[str, str]]:
    """Every case on a server of its own, as every portal has a host of its own; their addresses by name."""
    by_name: dict[str, dict[str, Any]] = {}
    for path, route in routes().items():
        by_name.setdefault(path.split("/")[1], {})[path] = route
    with ExitStack() as stack:
        yield {name: f"{stack.enter_context(PortalServer(own)).url}/{name}" for name, own in by_name.items()}
