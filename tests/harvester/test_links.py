"""Every way an address can answer, asked over real HTTP, and what is said of it."""

from __future__ import annotations

import gzip
import hashlib
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from portal_server import Asked, PortalServer, Response, as_json, harvest, spec

from catalog.db.store import Catalog, open_catalog
from harvester.checks.links import check
from harvester.night.context import RunContext
from harvester.night.stages import portal_of

pytestmark = pytest.mark.xdist_group("links")  # one set-up for all
TABLE = b"a,b\n1,2\n" * 50
CAP = 5_000
LIMITS = {"max_table_bytes": CAP, "timeout_s": 5}


def head_is(status: int) -> Callable[[Asked], Response]:
    return lambda a: Response(status if a.method == "HEAD" else 200, "text/csv", b"" if a.method == "HEAD" else TABLE)


def endless() -> Iterator[bytes]:
    while True:
        yield b"1,2,3\n" * 1000


def to(path: str) -> Response:
    return Response(302, "text/html", b"moved", {"Location": path})


ROUTES: dict[str, Any] = {
    "/robots.txt": Response(200, "text/plain", b"User-agent: *\nDisallow: /private/\n"),
    "/ok.html": Response(200, "text/html", b"<p>hello"),
    "/ok.csv": Response(200, "text/csv", TABLE, {"ETag": '"1"', "Last-Modified": "Mon, 02 Mar 2026 01:00:00 GMT"}),
    "/no-validator.csv": Response(200, "text/csv", TABLE),
    "/gone": Response(410, "text/html", b"gone"),
    "/wall": Response(403, "text/html", b"<title>Just a moment...</title>"),
    "/login": Response(401, "text/html", b"who are you?"),
    "/busy": Response(429, "text/html", b"slow down"),
    "/fault": Response(500, "text/html", b"oops"),
    "/head405.csv": head_is(405),
    "/head404.csv": head_is(404),
    "/chain": to("/chain2"),
    "/chain2": to("/ok.html"),
    "/loop": to("/loop"),
    "/inside": to("http://169.254.169.254/latest/meta-data/"),
    "/neighbour": to("http://10.255.255.1/"),
    "/long.csv": Response(200, "text/csv", b"1,2,3\n" * 4000),
    "/endless.csv": Response(200, "text/csv", endless),
    "/zipped.csv": Response(200, "text/csv", gzip.compress(TABLE), {"Content-Encoding": "gzip"}),
    "/bomb.csv": Response(200, "text/csv", gzip.compress(b"0" * 50_000_000), {"Content-Encoding": "gzip"}),
    "/a%20space.csv": Response(200, "text/csv", TABLE),
    "/private/x.csv": Response(200, "text/csv", TABLE),
}
EXPECTED: dict[str, tuple[str, str | None, int | None]] = {
    "{}/ok.html": ("ok", None, 200),
    "{}/ok.csv": ("ok", None, 200),
    "{}/no-validator.csv": ("ok", None, 200),
    "{}/nowhere": ("failing", "gone", 404),
    "{}/gone": ("failing", "gone", 410),
    "{}/wall": ("unknown", "blocked", 403),
    "{}/login": ("unknown", "auth", 401),
    "{}/busy": ("unknown", "rate_limited", 429),
    "{}/fault": ("unknown", "server", 500),
    "{}/head405.csv": ("ok", None, 200),
    "{}/head404.csv": ("ok", None, 200),
    "{}/chain": ("ok", None, 200),
    "{}/loop": ("unknown", "moved", None),
    "{}/inside": ("unknown", "private_address", None),
    "{}/neighbour": ("unknown", "private_address", None),
    "{}/long.csv": ("ok", None, 200),
    "{}/endless.csv": ("ok", None, 200),
    "{}/zipped.csv": ("ok", None, 200),
    "{}/bomb.csv": ("ok", None, 200),
    "{}/a space.csv": ("ok", None, 200),
    "{}/private/x.csv": ("unknown", "robots", None),
    "http://127.0.0.1:1/closed": ("unknown", "connect", None),
    "http://10.0.0.1/x.csv": ("unknown", "private_address", None),
    "javascript:alert(1)": ("invalid", "invalid_url", None),
    "http:///x": ("invalid", "invalid_url", None),
    "gopher://host.example/x": ("invalid", "invalid_url", None),
}
NO_ADDRESSES = ("  ", "n/a", "http://host.example/{{url}}")
"""Blanks, and what a program wrote where it knew no address."""


class Checked:
    """A catalogue whose addresses were checked in two runs."""

    def __init__(self, server: PortalServer, catalog: Catalog) -> None:
        self.server, self.catalog, self.data = server, catalog, Path(catalog.path).parent
        parts = [{"accessURL": url.replace("{}", server.url, 1)} for url in EXPECTED]
        parts += [{"accessURL": one} for one in NO_ADDRESSES]
        server.routes["/data.json"] = as_json({"dataset": [{"identifier": "A", "distribution": parts}]})
        more: dict[str, Any] = {"limits": LIMITS, "recheck": {"hours": [0]}, "local_also": ["127.0.0.1:1"]}
        self.portal = spec("p", "dcat-us", server.url, **more)
        self.first = self.checks(harvest(catalog, self.portal))
        self.before_second = len(server.requests)
        run_id = catalog.begin_run("again", [portal_of(self.portal)], version="0", methodology="0")
        self.second = self.checks(RunContext(catalog=catalog, run_id=run_id, data=self.data))

    def checks(self, run: RunContext) -> dict[str, dict[str, Any]]:
        check(run, [self.portal])
        rows = self.catalog.rows("select * from resource_checks where run_id = ?", [run.run_id])
        return {row["url"].replace(self.server.url, "{}"): row for row in rows}


@pytest.fixture(scope="module")
def checked(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Checked]:
    with open_catalog(tmp_path_factory.mktemp("links") / "catalog.db") as catalog, PortalServer(ROUTES) as server:
        yield Checked(server, catalog)


@pytest.mark.parametrize("url", EXPECTED)
def test_outcome(url: str, checked: Checked) -> None:
    for rows in (checked.first, checked.second):
        row = rows[url]
        assert (row["outcome"], row["fault"], row["status"]) == EXPECTED[url], row["detail"]
        assert (row["detail"] is None) == (row["outcome"] == "ok")


def test_only_what_is_declared_is_asked(checked: Checked) -> None:
    assert set(checked.first) == set(EXPECTED)
    assert not checked.server.asked("/private/")


def test_redirects_are_counted(checked: Checked) -> None:
    row = checked.first["{}/chain"]
    assert (row["redirects"], row["final_url"]) == (2, checked.server.url + "/ok.html")


@pytest.mark.parametrize(
    ("url", "size", "truncated"),
    [
        ("{}/ok.csv", len(TABLE), 0),
        ("{}/a space.csv", len(TABLE), 0),
        ("{}/zipped.csv", len(TABLE), 0),
        ("{}/head405.csv", len(TABLE), 0),
        ("{}/head404.csv", len(TABLE), 0),
        ("{}/long.csv", CAP, 1),
        ("{}/endless.csv", CAP, 1),
        ("{}/bomb.csv", CAP, 1),
    ],
)
def test_tables_are_downloaded_up_to_the_cap(url: str, size: int, truncated: int, checked: Checked) -> None:
    row = checked.first[url]
    assert (row["downloaded_bytes"], row["is_truncated"]) == (size, truncated)
    content = (checked.data / row["file_path"]).read_bytes()
    assert len(content) == size
    assert row["sha256"] == hashlib.sha256(content).hexdigest()
    if not truncated:
        assert content == TABLE


def test_pages_are_not_downloaded(checked: Checked) -> None:
    assert checked.first["{}/ok.html"]["file_path"] is None
    assert checked.server.asked("/ok.html", "GET") == []


def test_an_unchanged_file_is_not_downloaded_again(checked: Checked) -> None:
    assert len(checked.server.asked("/ok.csv", "GET")) == 1
    assert len(checked.server.asked("/ok.csv", "HEAD")) == 2
    assert len(checked.server.asked("/no-validator.csv", "GET")) == 2
    same = ("sha256", "file_path", "downloaded_bytes", "is_truncated", "ok_since")
    assert {k: checked.second["{}/ok.csv"][k] for k in same} == {k: checked.first["{}/ok.csv"][k] for k in same}


def test_no_part_is_left_behind(checked: Checked) -> None:
    assert not list(checked.data.rglob("*.part"))
