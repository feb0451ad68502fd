"""Responses that break off, or break the rules of HTTP: read where they can be, and else unknown with their reason."""

from __future__ import annotations

import gzip
import json
import zlib
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import brotli
from portal_server import PortalServer, Response, harvest, harvested, spec
from wire_server import RESET, WireServer, head

from catalog.db.rows import part_of
from catalog.db.store import Catalog
from catalog.model import ResourceCheck
from harvester.checks.links import check

TABLE = ("id,name\n" + "".join(f"{n},Tree {n}\n" for n in range(200))).encode()
FEED = json.dumps({"dataset": [{"identifier": f"n{n}", "title": f"Dataset {n}"} for n in range(60)]}).encode()


def answers(body: bytes) -> dict[str, tuple[str, Sequence[bytes | str]]]:
    """Return, by name, the expected outcome and what the server sends."""
    size, packed = len(body), gzip.compress(body)

    def chunked(end: bytes = b"0\r\n\r\n", *, size_line: str = "{:x}", **headers: object) -> list[bytes | str]:
        line = size_line.format(size).encode()
        return [head(Transfer_Encoding="chunked", **headers), line + b"\r\n" + body + b"\r\n", end]

    def part(said: str | None) -> list[bytes | str]:
        named = {"Content_Range": said} if said else {}
        return [head("206 Partial Content", Content_Length=500, **named), body[:500]]

    def of(sent: bytes, **headers: object) -> list[bytes | str]:
        return [head(Content_Length=len(sent), **headers), sent]

    return {
        "garbage behind": ("whole", of(packed + b"<!-- 3 ms -->", Content_Encoding="gzip")),
        "unasked coding": (
            "whole",
            [head(Transfer_Encoding="gzip, chunked"), b"%x\r\n%s\r\n0\r\n\r\n" % (len(packed), packed)],
        ),
        "chunk extension": ("whole", chunked(size_line="{:x}  ;a=b")),
        "trailer": ("whole", chunked(b"0\r\nX-Sum: 1\r\n\r\n")),
        "plain, said br": ("whole", of(body, Content_Encoding="br")),
        "HTTP/1.0": ("whole", [head(version="1.0"), body]),
        "hints first": ("whole", [head("103 Early Hints", Link="</a>; rel=preload"), *of(body)]),
        "line feeds alone": ("whole", [head(Content_Length=size).replace(b"\r\n", b"\n"), body]),
        "a part that is all": (
            "whole",
            [head("206 Partial Content", Content_Length=size, Content_Range=f"bytes 0-{size - 1}/{size}"), body],
        ),
        "no end of gzip": ("cut", of(packed[:-4], Content_Encoding="gzip")),
        "no end of br": ("cut", of(brotli.compress(body)[:-20], Content_Encoding="br")),
        "no end of deflate": ("cut", of(zlib.compress(body)[2:-20], Content_Encoding="deflate")),
        "gzip of nothing": ("cut", [head(Content_Encoding="gzip")]),
        "nothing": ("cut", [head()]),
        "a sum that is wrong": ("broken", of(packed[:-8] + b"\1\2\3\4" + packed[-4:], Content_Encoding="gzip")),
        "no last chunk": ("cut", chunked(b"")),
        "half a chunk": ("cut", [head(Transfer_Encoding="chunked"), b"%x\r\n%s" % (size, body[:700])]),
        "length too long": ("cut", [head(Content_Length=size + 100), body]),
        "length too short": ("cut", [head(Content_Length=size - 100, Connection="close"), body]),
        "two lengths": (
            "cut",
            [head(Content_Length=size).replace(b"\r\n\r\n", b"\r\nContent-Length: 5\r\n\r\n"), body],
        ),
        "reset after the head": ("cut", [head(Content_Length=size), RESET]),
        "reset in the middle": ("cut", [head(), body[:800], RESET]),
        "a part": ("cut", part(f"bytes 0-499/{size}")),
        "a part of what": ("cut", part(None)),
        "a part of something": ("cut", part("bytes 0-499/*")),
        "another part": ("part", part(f"bytes 500-999/{size}")),
        "no head": ("cut", [b"HTTP/1.1 200 OK\r\nContent-Ty"]),
        "no HTTP": ("cut", [b"hello world\r\n\r\n"]),
        "not yet": ("waiting", [head("202 Accepted", Content_Length=12, Content_Type="text/plain"), b"come back 9h"]),
    }


FAULTS = {"cut": {"cut_short"}, "broken": {"parse"}, "part": {"http"}, "waiting": {"http"}}


def test_a_file_is_whole_or_unknown(catalog: Catalog) -> None:
    wire = answers(TABLE)
    routes = {f"/{n}.csv": steps for n, (_, steps) in enumerate(wire.values())}
    with WireServer({**routes}) as server, PortalServer() as portal:
        datasets = [
            {"identifier": path, "title": path, "distribution": [{"downloadURL": server.url + path, "format": "CSV"}]}
            for path in routes
        ]
        portal.routes["/data.json"] = Response(body=json.dumps({"dataset": datasets}).encode())
        limits = {"timeout_s": 5, "feed_timeout_s": 10}
        one = spec("p", "dcat-us", portal.url, local_also=[server.url.partition("//")[2]], limits=limits)
        check(harvest(catalog, one), [one])
    rows = {row["url"]: row for row in catalog.rows("select * from resource_checks where url like '%.csv'")}
    for path, (name, (expected, _)) in zip(routes, wire.items(), strict=True):
        seen = part_of(ResourceCheck, "resource_checks", rows[server.url + path])
        if expected == "whole":
            assert (seen.outcome, seen.is_truncated) == ("ok", False), (name, seen)
            assert (Path(catalog.path).parent / str(seen.file_path)).read_bytes() == TABLE, name
        elif name == "length too short" and seen.outcome == "ok":
            pass  # What comes behind the length is seen only where it comes with it.
        else:
            assert seen.outcome == "unknown" and seen.fault in FAULTS[expected] and seen.detail, (name, seen)
            assert seen.file_path is None and seen.sha256 is None, name


def test_a_harvest_is_complete_or_says_why_not(catalog: Catalog) -> None:
    """Of a feed, and of the pages of an interface."""
    with WireServer() as server:
        wires = {"dcat-us": answers(FEED), "ckan": answers(page(0))}
        expected = {}
        for kind, wire in wires.items():
            # Each is told in one of the two ways: what is waited for between tries adds up.
            for number, (name, (what, steps)) in list(enumerate(wire.items()))[kind == "ckan" :: 2]:
                place = f"/{kind}{number}"
                server.routes[f"{place}/data.json"] = steps
                server.routes[f"{place}/api/3/action/package_search"] = first_page(steps)
                limits = {"timeout_s": 5, "reconnect_s": []}
                expected[f"{kind}{number}"] = (name, what, spec(place[1:], kind, server.url + place, limits=limits))
        harvest(catalog, *(one for _, _, one in expected.values()))
    for portal_id, (name, what, _) in expected.items():
        found = harvested(catalog, portal_id)
        if what == "whole":
            assert (found["verdict"], found["datasets"]) == ("complete", 60), (portal_id, name, found["reasons"])
        else:
            assert found["verdict"] in ("partial", "failed") and found["reasons"], (portal_id, name)


def page(start: int) -> bytes:
    records = [{"id": f"n{n}", "name": f"n{n}", "title": f"Dataset {n}"} for n in range(start, 60)]
    return json.dumps({"success": True, "result": {"count": 60, "results": records}}).encode()


def first_page(steps: Sequence[bytes | str]) -> Any:
    def respond(method: str, path: str, headers: dict[str, str]) -> Sequence[bytes | str]:
        return [head(), page(60)] if "start=60" in path else steps

    return respond
