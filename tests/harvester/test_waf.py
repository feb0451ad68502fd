"""Folders as different servers list them, and addresses that are gone, fail or never end."""

from __future__ import annotations

from typing import Any

import pytest
from portal_server import Asked, PortalServer, Response, harvest, harvested, spec

from catalog.db.store import Catalog
from catalog.repositories.reading import datasets
from harvester.spiders.waf.spider import Spider

PARTS = 'xmlns:gmd="http://www.isotc211.org/2005/gmd" xmlns:gco="http://www.isotc211.org/2005/gco"'


def record(name: str) -> Response:
    body = (
        f"<gmd:MD_Metadata {PARTS}><gmd:fileIdentifier><gco:CharacterString>{name}</gco:CharacterString>"
        "</gmd:fileIdentifier></gmd:MD_Metadata>"
    )
    return Response(content_type="text/xml", body=body.encode())


def page(*links: str, before: str = "<title>Index of /waf</title>") -> Response:
    listed = "".join(f'<a href="{link}">x</a> 2026-01-01 10:00 1K\n' for link in links)
    return Response(content_type="text/html", body=f"<html>{before}<pre>{listed}</pre></html>".encode())


def read(catalog: Catalog, routes: dict[str, Any], path: str = "/waf/", **values: Any) -> dict[str, Any]:
    with PortalServer(routes) as server:
        harvest(catalog, spec("p", "waf", server.url + path, **values))
    return harvested(catalog, "p")


def names(catalog: Catalog) -> list[str]:
    return sorted(one.dataset.identifier for one in datasets(catalog, "p"))


APACHE = '<h1>Index of /waf</h1><a href="?C=N;O=D">Name</a><a href="/">Parent Directory</a><a href="a.xml">a.xml</a>'
APACHE_TABLE = (
    '<table><tr><th><a href="?C=M;O=A">Last modified</a></th></tr><tr><td><a href="/">Parent Directory</a></td></tr>'
    '<tr><td><a href="a.xml">a.xml</a></td><td>2026-01-03 08:15</td></tr></table>'
)
NGINX = '<h1>Index of /waf/</h1><hr><pre><a href="../">../</a>\n<a href="a.xml">a.xml</a>  03-Jan-2026 08:15  11</pre>'
IIS = '<pre><A HREF="/">[To Parent Directory]</A><br> 1/3/2026  8:15 AM  11 <A HREF="/waf/a.xml">a.xml</A><br></pre>'
PYTHON = '<h1>Directory listing for /waf/</h1><ul><li><a href="a.xml">a.xml</a></li></ul>'
CADDY = '<table><tr><td><a href="./a.xml"><span>a.xml</span></a></td><td>2026-01-03</td></tr></table>'
PLAIN = '<p>Our records: <a href="a.xml">trees</a></p>'


@pytest.mark.parametrize("layout", [APACHE, APACHE_TABLE, NGINX, IIS, PYTHON, CADDY, PLAIN])
def test_listings_of_many_servers_are_read(layout: str, catalog: Catalog) -> None:
    listing = Response(content_type="text/html", body=f"<html>{layout}</html>".encode())
    with PortalServer({"/waf/": listing, "/waf/a.xml": record("a")}) as server:
        harvest(catalog, spec("p", "waf", f"{server.url}/waf/"))
        assert server.asked("/waf") == ["/waf/", "/waf/a.xml"]
    row = harvested(catalog, "p")
    assert (row["verdict"], row["datasets"], row["errors"]) == ("complete", 1, 0), row["reasons"]


def test_folders_are_followed_and_nothing_above_or_beside_them(catalog: Catalog) -> None:
    routes = {
        "/waf/": page("sub/", "../", "/", "/waf/", "/waffle/", "https://other.example/x.xml", "/waffle/y.xml"),
        "/waf/sub/": page("../", "deep/", "/waf/sub/a.xml"),
        "/waf/sub/deep/": page("../", "b.xml", "b.xml", "notes.txt"),
        "/waf/sub/a.xml": record("a"),
        "/waf/sub/deep/b.xml": record("b"),
    }
    with PortalServer(routes) as server:
        harvest(catalog, spec("p", "waf", f"{server.url}/waf"))
        assert sorted(server.asked("/waf")) == sorted(routes)
    assert harvested(catalog, "p")["verdict"] == "complete"


def test_a_folder_without_its_slash_is_found(catalog: Catalog) -> None:
    row = read(catalog, {"/waf": page("waf/a.xml"), "/waf/a.xml": record("a")})
    assert (row["verdict"], row["datasets"]) == ("complete", 1)


def test_folders_that_go_round_are_ended(catalog: Catalog) -> None:
    """A link in the file system that leads back up: every folder holds itself."""
    row = read(catalog, {f"/waf/{'x/' * n}": page("x/", "a.xml") for n in range(15)} | {"/waf/a.xml": record("a")})
    assert row["requests"] < 40
    assert any("levels deep" in reason for reason in row["reasons"])


def test_an_address_that_is_a_record_is_a_folder_of_one(catalog: Catalog) -> None:
    routes = {"/records/a.xml": record("a")}
    with PortalServer(routes) as server:
        portal = spec("p", "waf", f"{server.url}/records/a.xml")
        harvest(catalog, portal)
        harvest(catalog, portal)
        assert len(server.asked("/records")) == 2
    assert (harvested(catalog, "p")["verdict"], harvested(catalog, "p")["not_modified"]) == ("complete", 1)


@pytest.mark.parametrize(("matched", "verdict"), [(1, "complete"), (3, "partial")])
def test_a_page_of_results_that_lies_there_alone_is_not_all(matched: int, verdict: str, catalog: Catalog) -> None:
    body = (
        f'<csw:GetRecordsResponse xmlns:csw="http://www.opengis.net/cat/csw/2.0.2"><csw:SearchResults '
        f'numberOfRecordsMatched="{matched}" numberOfRecordsReturned="1">{record("a").body.decode()}'
        "</csw:SearchResults></csw:GetRecordsResponse>"
    )
    found = read(catalog, {"/waf/": page("a.xml"), "/waf/a.xml": Response(content_type="text/xml", body=body.encode())})
    assert (found["verdict"], found["datasets"]) == (verdict, 1), found["reasons"]


def test_an_empty_folder_is_empty(catalog: Catalog) -> None:
    row = read(catalog, {"/waf/": page("../")})
    assert (row["verdict"], row["reasons"][0]) == ("suspect", "the portal lists no datasets")


def test_a_folder_that_fails_is_not_complete(catalog: Catalog) -> None:
    row = read(catalog, {"/waf/": page("a.xml", "sub/"), "/waf/a.xml": record("a"), "/waf/sub/": Response(403)})
    assert (row["verdict"], row["datasets"]) == ("partial", 1)
    assert "/waf/sub/" in row["reasons"][0]


@pytest.mark.parametrize(("gone", "verdict"), [(1, "complete"), (2, "complete"), (3, "partial")])
def test_stale_links_are_said_and_many_of_them_are_doubted(gone: int, verdict: str, catalog: Catalog) -> None:
    routes: dict[str, Any] = {f"/waf/{n}.xml": record(f"r{n}") for n in range(gone, 10)}
    row = read(catalog, routes | {"/waf/": page(*(f"{n}.xml" for n in range(10)))})
    assert (row["verdict"], row["datasets"], row["errors"]) == (verdict, 10 - gone, gone), row["reasons"]
    assert verdict == "complete" or "stale" in row["reasons"][0]


@pytest.mark.parametrize(
    "bad",
    [
        Response(403),
        Response(200, "text/html", b"<!doctype html><p>come in</p>"),
        Response(200, "text/xml", b"<gmd:MD_Metadata><gmd:file"),
        Response(200, "text/xml", b"<ExceptionReport>the disk is full</ExceptionReport>"),
        Response(200, "text/xml", b""),
    ],
    ids=["403", "HTML", "cut", "report", "empty"],
)
def test_a_file_that_cannot_be_read_is_lost_alone(bad: Response, catalog: Catalog) -> None:
    routes = {"/waf/": page("a.xml", "b.xml", "c.xml"), "/waf/a.xml": record("a"), "/waf/b.xml": bad}
    row = read(catalog, routes | {"/waf/c.xml": record("c")})
    assert (row["verdict"], row["datasets"], row["errors"]) == ("partial", 2, 1)


def test_many_failures_in_a_row_end_it(catalog: Catalog) -> None:
    routes: dict[str, Any] = {f"/waf/{n}.xml": Response(403) for n in range(60)} | {"/waf/0.xml": record("a")}
    with PortalServer(routes | {"/waf/": page(*(f"{n}.xml" for n in range(60)))}) as server:
        harvest(catalog, spec("p", "waf", f"{server.url}/waf/"))
        assert len(server.asked("/waf/")) == 22
    row = harvested(catalog, "p")
    assert row["verdict"] == "partial"
    assert "20 addresses in a row" in row["reasons"][0] and "39 more" in row["reasons"][0]


def test_files_that_are_no_longer_listed_are_missing(catalog: Catalog) -> None:
    routes = {"/waf/": page(*(f"{n}.xml" for n in range(6)))} | {f"/waf/{n}.xml": record(f"r{n}") for n in range(6)}
    with PortalServer(routes) as server:
        portal = spec("p", "waf", f"{server.url}/waf/", retire={"grace_runs": 1})
        harvest(catalog, portal)
        server.routes["/waf/"] = page(*(f"{n}.xml" for n in range(5)))
        harvest(catalog, portal)
    row = harvested(catalog, "p")
    assert (row["verdict"], row["datasets"], row["retired"], row["not_modified"]) == ("complete", 5, 1, 5)


async def _urls(spider: Spider) -> list[str]:
    return [step.url async for step in spider.begin()]


def test_every_file_is_asked_for_once(catalog: Catalog) -> None:
    asked: list[str] = []

    def route(asking: Asked) -> Response:
        asked.append(asking.path)
        return record(asking.path)

    routes: dict[str, Any] = {f"/waf/{n}.xml": route for n in range(4)}
    read(
        catalog,
        routes | {"/waf/": page("sub/", "1.xml", "0.xml"), "/waf/sub/": page("../0.xml", "../2.xml", "../3.xml")},
    )
    assert sorted(asked) == [f"/waf/{n}.xml" for n in range(4)]
