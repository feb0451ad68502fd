"""What broke on the way says nothing of a file; what was packed, moved or guarded by a cookie is had all the same."""

from __future__ import annotations

import gzip
import json
import time
import zlib
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from portal_server import Asked, PortalServer, Response, harvest, harvested, spec

from catalog.db.rows import part_of
from catalog.db.store import Catalog
from catalog.model import Distribution, ResourceCheck
from catalog.repositories.reading import files
from harvester.checks.links import check
from harvester.night.context import RunContext
from quality.evidence.subject import UNKNOWN, DistributionSubject
from quality.metrics import accessible, sound, usable

ROWS = "id,name\n" + "".join(f"{n},Tree {n}\n" for n in range(200))
TABLE = ROWS.encode()


def raw_deflate(body: bytes) -> bytes:
    packer = zlib.compressobj(wbits=-15)
    return packer.compress(body) + packer.flush()


def csv(body: Any, **headers: str) -> Response:
    return Response(200, "text/csv", body, headers)


def chunked(*chunks: bytes, ends: bool = False) -> Response:
    def send() -> Iterator[bytes]:
        for chunk in chunks:
            yield b"%x\r\n%s\r\n" % (len(chunk), chunk)
        if ends:
            yield b"0\r\n\r\n"

    return csv(send, **{"Transfer-Encoding": "chunked"})


def stalled(*chunks: bytes) -> Response:
    def send() -> Iterator[bytes]:
        yield from chunks
        time.sleep(3)

    return csv(send, **{"Content-Length": str(len(TABLE))})


def closed_early(asked: Asked) -> Response:
    """Respond to HEAD with the length; to GET without a length, ending the body by closing the connection."""
    if asked.method == "HEAD":
        return csv(TABLE)
    return csv(lambda: iter([TABLE[:300]]))


LENGTH = {"Content-Length": str(len(TABLE))}
BROKEN: dict[str, tuple[Any, str]] = {
    "nothing.csv": (csv(b"", **LENGTH), "cut_short"),
    "header.csv": (csv(TABLE[:8], **LENGTH), "cut_short"),
    "half.csv": (csv(TABLE[:900], **LENGTH), "cut_short"),
    "chunked-nothing.csv": (chunked(), "cut_short"),
    "chunked-half.csv": (chunked(TABLE[:500]), "cut_short"),
    "gzip-half.csv": (csv(gzip.compress(TABLE)[:-200], **{"Content-Encoding": "gzip"}), "cut_short"),
    "closed-early.csv": (closed_early, "cut_short"),
    "stall.csv": (stalled(), "timeout"),
    "stall-later.csv": (stalled(TABLE[:500]), "timeout"),
    "no-coding.csv": (csv(bytes(range(256)) * 4, **{"Content-Encoding": "gzip"}), "parse"),
}
WHOLE: dict[str, tuple[Response, bytes]] = {
    "whole.csv": (csv(TABLE), TABLE),
    "empty.csv": (csv(b""), b""),
    "chunked.csv": (chunked(TABLE[:100], TABLE[100:], ends=True), TABLE),
    "gzip.csv": (csv(gzip.compress(TABLE), **{"Content-Encoding": "gzip"}), TABLE),
    "raw.csv": (csv(raw_deflate(TABLE), **{"Content-Encoding": "deflate"}), TABLE),
    "plain.csv": (csv(TABLE, **{"Content-Encoding": "gzip"}), TABLE),
    "twice.csv": (csv(gzip.compress(gzip.compress(TABLE)), **{"Content-Encoding": "gzip"}), TABLE),
    "closed.csv": (csv(lambda: iter([TABLE])), TABLE),
}


@pytest.fixture
def server() -> Iterator[PortalServer]:
    with PortalServer() as made:
        yield made


def checked(catalog: Catalog, server: PortalServer, names: list[str]) -> dict[str, ResourceCheck]:
    """Harvest a portal with a file of each name, check all of them, and return what the catalogue holds of each."""
    datasets = [
        {"identifier": name, "title": name, "distribution": [{"downloadURL": f"{server.url}/{name}", "format": "CSV"}]}
        for name in names
    ]
    server.routes["/data.json"] = Response(body=json.dumps({"dataset": datasets}).encode())
    portal = spec("p", "dcat-us", server.url, limits={"timeout_s": 1, "feed_timeout_s": 2})
    run: RunContext = harvest(catalog, portal)
    check(run, [portal])
    rows = catalog.rows("select * from resource_checks where url like '%.csv'")
    return {row["url"].rpartition("/")[2]: part_of(ResourceCheck, "resource_checks", row) for row in rows}


def test_what_broke_on_the_way_is_unknown(catalog: Catalog, server: PortalServer) -> None:
    server.routes |= {f"/{name}": response for name, (response, _) in BROKEN.items()}
    server.routes |= {f"/{name}": response for name, (response, _) in WHOLE.items()}
    found = checked(catalog, server, [*BROKEN, *WHOLE])
    assert {name: (found[name].outcome, found[name].fault) for name in BROKEN} == {
        name: ("unknown", fault) for name, (_, fault) in BROKEN.items()
    }
    assert all(found[name].sha256 is None and found[name].detail for name in BROKEN)
    data = Path(catalog.path).parent
    for name, (_, content) in WHOLE.items():
        one = found[name]
        assert (one.outcome, one.is_truncated, one.file_path is None) == ("ok", False, False), name
        assert (data / str(one.file_path)).read_bytes() == content, name
    # Nothing of what broke is looked into, and nothing of it is left on disk.
    assert {one.url.rpartition("/")[2] for one in files(catalog, "p", Path())} == set(WHOLE)
    kept = [path for path in (data / "files").rglob("*") if path.is_file()]
    assert len(kept) == len(WHOLE)
    # One that broke off is asked once more; one that stalled is not.
    assert len(server.asked("/half.csv", "GET")) == 2
    assert len(server.asked("/stall.csv", "GET")) == 1
    for name in BROKEN:
        declared = Distribution(download_url=found[name].url, format="CSV", byte_size="5000", modified="2020-01-01")
        subject = DistributionSubject(
            id=name, distribution=declared, dataset=next(_datasets(catalog)), download_check=found[name]
        )
        for metric in (
            sound.table_not_empty, sound.table_rectangular, sound.table_header_clean, usable.byte_size_truthful,
            usable.format_truthful, accessible.link_ok, accessible.file_served,
        ):  # fmt: skip
            assert metric(subject) is UNKNOWN, (name, metric)
        assert usable.file_distinct(subject) is None


def _datasets(catalog: Catalog) -> Iterator[Any]:
    from catalog.repositories.reading import datasets

    return (one.dataset for one in datasets(catalog, "p"))


def test_the_file_that_was_there_before_stays(catalog: Catalog, server: PortalServer) -> None:
    server.routes["/t.csv"] = csv(TABLE)
    first = checked(catalog, server, ["t.csv"])["t.csv"]
    time.sleep(1.1)  # a run is named after its second
    server.routes["/t.csv"] = csv(TABLE[:50], **LENGTH)
    catalog.db.conn.execute("update resource_checks set next_check_at = null")
    second = checked(catalog, server, ["t.csv"])["t.csv"]
    assert (second.outcome, second.fault) == ("unknown", "cut_short")
    assert (second.sha256, second.file_path) == (first.sha256, first.file_path)
    assert (Path(catalog.path).parent / str(first.file_path)).read_bytes() == TABLE


class Gate:
    """A route that serves clients with the cookie, and redirects others to an address that sets it and leads back."""

    def __init__(self, response: Response, *, over: str = "", cookie: str = "seen=1; Path=/") -> None:
        self.response, self.over, self.cookie = response, over, cookie
        self.brought: list[str] = []

    def __call__(self, asked: Asked) -> Response:
        cookie = asked.headers.get("Cookie", "")
        self.brought.append(cookie)
        if "seen=1" in cookie:
            return self.response
        to = f"{self.over}?to={asked.path}" if self.over else asked.path
        return Response(302, headers={"Location": to} | ({} if self.over else {"Set-Cookie": self.cookie}))

    def set_cookie(self, asked: Asked) -> Response:
        return Response(307, headers={"Location": asked.query["to"], "Set-Cookie": self.cookie})


def test_cookies_of_a_redirect_live_as_long_as_it(catalog: Catalog, server: PortalServer) -> None:
    own, other = Gate(csv(TABLE)), Gate(csv(TABLE), over="/login")
    never = Gate(csv(TABLE), cookie="seen=1; Domain=elsewhere.example")
    brought: list[str] = []

    def plain(asked: Asked) -> Response:
        brought.append(asked.headers.get("Cookie", ""))
        return csv(TABLE)

    server.routes |= {
        "/own.csv": own, "/other.csv": other, "/login": other.set_cookie, "/never.csv": never, "/plain.csv": plain
    }  # fmt: skip
    found = checked(catalog, server, ["own.csv", "other.csv", "never.csv", "plain.csv"])
    assert [found[name].outcome for name in ("own.csv", "other.csv", "plain.csv")] == ["ok"] * 3
    assert (found["never.csv"].outcome, found["never.csv"].fault) == ("unknown", "moved")
    assert set(brought) == {""}, "no cookie leaves its redirect"
    # Each request begins without: HEAD and GET are led through the gate each.
    assert own.brought == ["", "seen=1"] * 2
    assert set(never.brought) == {""}


def test_a_feed_behind_a_cookie(catalog: Catalog, server: PortalServer) -> None:
    body = json.dumps({"dataset": [{"identifier": "a", "title": "A"}]}).encode()
    server.routes["/data.json"] = Gate(Response(body=body))
    harvest(catalog, spec("p", "dcat-us", server.url))
    assert harvested(catalog, "p")["verdict"] == "complete"


@pytest.mark.parametrize(
    ("said", "pack"),
    [
        ("deflate", raw_deflate),
        ("deflate", zlib.compress),
        ("gzip", lambda body: body),
        ("deflate", lambda body: body),
        ("gzip", lambda body: gzip.compress(gzip.compress(body))),
        ("", gzip.compress),
    ],
)
@pytest.mark.parametrize("kind", ["dcat-us", "ckan"])
def test_pages_and_feeds_are_unpacked_as_they_were_sent(
    catalog: Catalog, server: PortalServer, said: str, pack: Any, kind: str
) -> None:
    records = [{"identifier": f"n{n}", "id": f"n{n}", "name": f"n{n}", "title": f"Dataset {n}"} for n in range(5)]
    headers = {"Content-Encoding": said} if said else {}

    def search(asked: Asked) -> Response:
        page = records[int(asked.query.get("start", 0)) :][: int(asked.query.get("rows", 10))]
        result = {"success": True, "result": {"count": len(records), "results": page}}
        return Response(body=pack(json.dumps(result).encode()), headers=headers)

    server.routes["/data.json"] = Response(body=pack(json.dumps({"dataset": records}).encode()), headers=headers)
    server.routes["/api/3/action/package_search"] = search
    harvest(catalog, spec("p", kind, server.url))
    found = harvested(catalog, "p")
    assert (found["verdict"], found["seen"]) == ("complete", 5), found["reasons"]


def test_half_a_packed_page_is_no_page(catalog: Catalog, server: PortalServer) -> None:
    whole = gzip.compress(json.dumps({"success": True, "result": {"count": 0, "results": []}}).encode())
    server.routes["/api/3/action/package_search"] = Response(body=whole[:-9], headers={"Content-Encoding": "gzip"})
    harvest(catalog, spec("p", "ckan", server.url))
    assert harvested(catalog, "p")["verdict"] == "failed"
    assert catalog.value("select kind from harvest_errors limit 1") == "cut_short"
