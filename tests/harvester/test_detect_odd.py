"""Whatever strangers answer, a detection ends, soon, and within what robots.txt allows."""

from __future__ import annotations

import csv
import json
import socket
import threading
import time
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path
from typing import Any

import pytest
from portal_server import Asked, PortalServer, Response, as_json, ckan_search

from harvester.detect import DetectionReport, _title, asking, detect, recognise
from harvester.detect.asking import Asker
from harvester.detect.many import addresses, detect_all
from harvester.detect.markers import by_markers
from harvester.spiders.base.detection import ProbeResponse, count_of, recognised
from harvester.spiders.stac.probe import stac
from specs.errors import SpecError


def ask(url: str) -> DetectionReport:
    return detect(url, allow_local=True, delay_s=0)


@pytest.mark.parametrize(
    ("path", "body"),
    [
        ("/sparql", b'{"head": {"vars": ["n"]}, "results": {"bindings": [null]}}'),
        (
            "/api/search/v1/collections/dataset/items",
            b'{"type": "FeatureCollection", "numberMatched": 1, "features": {}}',
        ),
        ("/data.json", b'{"dataset": [{"identifier": "\\ud800", "title": "T"}]}'),
        ("/api/explore/v2.1/catalog/datasets", '{"total_count": "²", "results": []}'.encode()),
        ("/api/explore/v2.1/catalog/datasets", b'{"total_count": "' + b"9" * 5_000 + b'", "results": []}'),
        ("/", b"title,url\rA,b\r"),
        ("/catalog.json", b'{"stac_version": "1.0.0", "type": "\\ud800"}'),
    ],
)
def test_odd_responses_end_no_detection(path: str, body: bytes) -> None:
    with PortalServer({path: Response(200, "text/plain", body)}) as server:
        found = ask(server.url)
    assert found.fault is None and json.dumps(found.as_json()).encode()
    assert all(one.datasets is None or one.datasets < 10 for one in found.endpoints)


def test_what_is_no_address_ends_no_list(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    assert "no web address" in str(ask("http://[bad").fault)
    path, out = tmp_path / "list.csv", tmp_path / "out.csv"

    def stumble(url: str, **_: Any) -> DetectionReport:
        raise ValueError("a fault of ours")

    monkeypatch.setattr("harvester.detect.many.detect", stumble)
    path.write_text("url\nhttp://[bad.example\n=a.example\n")
    for rows in (2, 0):
        assert len(list(detect_all(path, out))) == rows
    assert all("a fault of ours" in row["fault"] for row in csv.DictReader(out.read_text().splitlines()))
    path.write_text("url\n" + "a." * 100_000)
    with pytest.raises(SpecError, match="not a table"):
        addresses(path)


def test_recogniser_that_stumbles_recognises_nothing() -> None:
    def stumble(seen: ProbeResponse) -> None:
        raise RecursionError

    assert recognised(stumble, ProbeResponse("http://x.example", 200)) is None


def test_counts_are_believed_only_where_they_are_some() -> None:
    odd = [True, -1, "²", "9" * 13, 10**12, "x", None, 1.5]
    assert [count_of(one) for one in odd] == [None] * len(odd)
    assert (count_of("12"), count_of(12)) == (12, 12)


@pytest.mark.parametrize(
    ("count", "more", "told"),
    [(3, {}, 3), (10, {}, None), (3, {"links": [{"rel": "next"}]}, None), (10, {"numberMatched": 44}, 44)],
)
def test_stac_collections_are_counted_only_where_all_came(count: int, more: dict[str, Any], told: int | None) -> None:
    body = json.dumps({"collections": [{"stac_version": "1.0.0"}] * count} | more).encode()
    hit = stac(ProbeResponse("http://x.example", 200, "application/json", body))
    assert hit is not None and hit.datasets == told


def test_redirects_are_followed_only_where_robots_allow() -> None:
    rules = Response(200, "text/plain", b"User-agent: *\nDisallow: /secret\n")
    with PortalServer({"/robots.txt": rules, "/secret": as_json({})}) as other, PortalServer() as server:
        server.routes = {
            "/robots.txt": rules,
            "/secret": as_json({}),
            "/loop": Response(301, headers={"Location": "/loop"}),
        }
        server.routes["/a"] = Response(302, headers={"Location": f"{server.url}/secret/x"})
        server.routes["/b"] = Response(302, headers={"Location": "/open"})
        server.routes["/open"] = as_json({"is": "open"})
        server.routes["/d"] = Response(302, headers={"Location": f"{other.url}/open"})
        server.routes["/c"] = Response(302, headers={"Location": "file:///etc/passwd"})
        other.routes["/open"] = as_json({"is": "open"})
        with Asker(server.url, allow_local=True, delay_s=0) as asker:
            assert "robots.txt forbids" in str(asker.get(server.url + "/a").fault)
            assert asker.forbidden == [f"{server.url}/secret/x"] and not server.asked("/secret")
            seen = asker.get(server.url + "/b")
            assert (seen.url, seen.final_url, seen.is_ok) == (server.url + "/b", f"{server.url}/open", True)
            # A local portal opens its own port alone.
            assert "not a public address" in str(asker.get(server.url + "/d").fault) and not other.requests
            assert "no web address" in str(asker.get(server.url + "/c").fault)
            assert "redirects" in str(asker.get(server.url + "/loop").fault) and len(server.asked("/loop")) <= 6


@pytest.mark.parametrize("part", ["head", "body"])
def test_answer_that_drips_is_broken_off(part: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(asking, "TIMEOUT_S", 0.8)
    monkeypatch.setattr(asking, "GRACE_S", 0.2)

    def drip() -> Iterator[bytes]:
        for _ in range(40):
            yield b"x"
            time.sleep(0.2)

    def slow_head(listener: socket.socket) -> None:
        taken, _ = listener.accept()
        with taken, suppress(OSError):
            for letter in b"HTTP/1.1 200 OK\r\nX: " + b"y" * 40:
                taken.sendall(bytes([letter]))
                time.sleep(0.2)

    with PortalServer({"/": Response(200, "text/html", drip)}) as server, socket.create_server(("127.0.0.1", 0)) as raw:
        threading.Thread(target=slow_head, args=(raw,), daemon=True).start()
        with Asker(server.url, allow_local=True, delay_s=0) as asker:
            asker._rules[f"http://127.0.0.1:{raw.getsockname()[1]}"] = None
            begun = time.monotonic()
            seen = asker.get(server.url + "/" if part == "body" else f"http://127.0.0.1:{raw.getsockname()[1]}/")
            assert time.monotonic() - begun < 3
    assert (seen.is_whole, seen.body[:1]) == (False, b"x") if part == "body" else (seen.status == 0 and seen.fault)


@pytest.mark.parametrize(
    "unit",
    [b"<script", b"<script type=application/ld+json>", b"href=", b"<title>", b"data-", b'"@type" : ', b"<a href='",
     b"content='", b'"@type":' + b" " * 2_000, b"<loc>" + b" " * 2_000, b"/datasets/", b"class = ", b"<title>x - "],
)  # fmt: skip
def test_hostile_pages_take_no_time(unit: bytes) -> None:
    body = b"<!doctype html><html><p " + unit * (1_000_000 // len(unit))
    begun = time.monotonic()
    for kind in ("text/html", "application/xml"):
        seen = ProbeResponse("http://x.example/", 200, kind, body)
        recognise.whatever(seen)
        by_markers(seen)
        _title(seen)
    assert time.monotonic() - begun < 4


def test_hostile_sitemap_takes_no_time() -> None:
    def hostile(asked: Asked) -> Response:
        return Response(200, "application/xml", b"<urlset>" + b"<loc>" * 10 + b" " * 20_000 + b"</urlset>")

    with PortalServer({"/sitemap.xml": hostile, "/api/3/action/package_search": ckan_search([])}) as server:
        begun = time.monotonic()
        assert ask(server.url).best is not None and time.monotonic() - begun < 20
