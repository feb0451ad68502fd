"""Portals read address by address: sitemaps and folders."""

from __future__ import annotations

import gzip
import json
import subprocess
import time
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from portal_server import Asked, PortalServer, Response, harvest, harvested, spec

from catalog.db.store import Catalog, CatalogError, open_catalog
from catalog.repositories.harvests import approve
from catalog.repositories.reading import datasets
from harvester.spiders.base import addresses
from harvester.spiders.sitemap.pages import datasets_in
from tests import warm

ROOT = Path(__file__).parents[2]


def page(number: int) -> Response:
    """Return a web page that describes one dataset."""
    node = {"@context": "https://schema.org", "@type": "Dataset", "identifier": f"D{number}", "name": f"Data {number}"}
    return Response(200, "text/html", f'<html><script type="application/ld+json">{json.dumps(node)}</script>'.encode())


def site(count: int, **more: Any) -> PortalServer:
    server = PortalServer({f"/d/{n}": page(n) for n in range(count)} | more)
    lines = "".join(f"<url><loc>{server.url}/d/{n}</loc></url>" for n in range(count))
    server.routes.setdefault("/sitemap.xml", Response(200, "text/xml", f"<urlset>{lines}</urlset>".encode()))
    return server


def test_compressed_sitemap_and_one_that_unfolds_without_end(catalog: Catalog) -> None:
    with site(3) as server:
        plain = server.routes["/sitemap.xml"]
        assert isinstance(plain, Response) and isinstance(plain.body, bytes)
        server.routes["/sitemap.xml.gz"] = Response(200, "application/gzip", gzip.compress(plain.body))
        server.routes["/bomb.xml.gz"] = Response(
            200, "application/gzip", gzip.compress(b"<urlset>" + b" " * 70_000_000)
        )
        harvest(catalog, spec("p", "sitemap", server.url + "/sitemap.xml.gz"))
        harvest(catalog, spec("q", "sitemap", server.url + "/bomb.xml.gz"))
    assert (harvested(catalog, "p")["verdict"], harvested(catalog, "p")["datasets"]) == ("complete", 3)
    assert "unfolds to more" in harvested(catalog, "q")["reasons"][0]


@pytest.mark.parametrize(("gone", "verdict"), [(2, "complete"), (5, "partial")])
def test_stale_links_are_said_and_many_of_them_are_no_deletion(gone: int, verdict: str, catalog: Catalog) -> None:
    with site(20) as server:
        for n in range(gone):
            server.routes[f"/d/{n}"] = Response(404)
        harvest(catalog, spec("p", "sitemap", server.url))
    row = harvested(catalog, "p")
    assert (row["verdict"], row["datasets"], row["errors"]) == (verdict, 20 - gone, gone)


def test_list_of_which_nothing_is_there_is_given_up(catalog: Catalog) -> None:
    with site(300) as server:
        for n in range(300):
            server.routes[f"/d/{n}"] = Response(404)
        harvest(catalog, spec("p", "sitemap", server.url))
        assert len(server.asked("/d/")) == 200
    row = harvested(catalog, "p")
    assert row["verdict"] == "failed" and "100 were not asked" in " ".join(row["reasons"])


def test_bare_ampersand_of_an_address(catalog: Catalog) -> None:
    with PortalServer({"/d?a=1&b=2": page(1)}) as server:
        text = f"<urlset><url><loc>{server.url}/d?a=1&b=2</loc></url></urlset>"
        server.routes["/sitemap.xml"] = Response(200, "text/xml", text.encode())
        harvest(catalog, spec("p", "sitemap", server.url))
    assert (harvested(catalog, "p")["verdict"], harvested(catalog, "p")["datasets"]) == ("complete", 1)


def test_a_site_in_trouble_is_left_alone(catalog: Catalog) -> None:
    with site(60) as server:
        for n in range(60):
            server.routes[f"/d/{n}"] = Response(403)
        harvest(catalog, spec("p", "sitemap", server.url))
        assert len(server.asked("/d/")) == 20
    row = harvested(catalog, "p")
    assert row["verdict"] == "failed" and "40 more were not asked" in " ".join(row["reasons"])


@pytest.mark.parametrize("outside", [(), ("elsewhere.example",), ("*.example",)])
def test_pages_of_other_sites_are_counted_until_they_are_declared(outside: Any, catalog: Catalog) -> None:
    other = Response(200, "text/html", b"<html>News</html>")
    with site(2, **{"/news": other}) as server:
        sitemap = f"{server.url}/d/0\n{server.url}/d/1\n{server.url}/news\nhttp://elsewhere.example/d/1\n"
        server.routes["/sitemap.xml"] = Response(200, "text/plain", sitemap.encode())
        harvest(catalog, spec("p", "sitemap", server.url, outside=outside))
    row = harvested(catalog, "p")
    # A page without datasets is no loss.
    verdict = "complete" if outside else "partial"
    assert (row["verdict"], row["datasets"], row["errors"]) == (verdict, 2, 0)
    assert json.loads(row["outside"]) == {"elsewhere.example": 1}
    assert json.loads(row["to_approve"] or "[]") == ([] if outside else ["elsewhere.example"])
    assert any("1 listed and not read: elsewhere.example" in reason for reason in row["reasons"])


def test_what_was_approved_once_blocks_no_later_harvest(catalog: Catalog) -> None:
    with site(3) as server:
        pages = [f"{server.url}/d/{n}" for n in range(3)]
        portal = spec("p", "sitemap", server.url, retire={"grace_runs": 1})

        def harvest_once(*named: str) -> dict[str, Any]:
            server.routes["/sitemap.xml"] = Response(200, "text/plain", "\n".join(named).encode())
            harvest(catalog, portal)
            return harvested(catalog, "p")

        assert harvest_once(*pages, "http://elsewhere.example/d/1")["verdict"] == "partial"
        row = approve(catalog, "p", harvested(catalog, "p")["run_id"], by="Ada")
        assert (row["verdict"], row["datasets"]) == ("complete", 3)
        row = harvest_once(*pages, "http://elsewhere.example/d/1", "http://elsewhere.example/d/2")
        assert (row["verdict"], row["to_approve"]) == ("complete", None)
        # Another place is another matter.
        assert harvest_once(*pages, "http://other.example/d/1")["verdict"] == "partial"
        with pytest.raises(CatalogError, match="only a suspect one"):
            approve(catalog, "p", row["run_id"], by="Ada")


def test_harvest_that_is_killed_goes_on_with_the_next_address(tmp_path: Path) -> None:
    """The process is killed by the seventh request for a page."""
    with site(10) as server:
        file = tmp_path / "p.toml"
        lines = f'id = "p"\ntype = "sitemap"\ntitle = "P"\nurl = "{server.url}"\nlocal = true\n[limits]\ndelay_s = 0\n'
        file.write_text(lines)
        command = [*warm.NIGHT, "--data", str(tmp_path / "d")]
        command += ["harvest", "--portals", str(file), "--json"]
        good = server.routes["/d/6"]

        def kill(asked: Asked) -> Response:
            victim.kill()
            victim.wait(10)
            return Response(500)

        server.routes["/d/6"] = kill
        with warm.Popen(command, cwd=ROOT, stdout=subprocess.DEVNULL) as victim:
            victim.wait(60)
        asked = len(server.asked("/d/3"))
        server.routes["/d/6"] = good
        warm.run(command, cwd=ROOT, check=True, timeout=60, stdout=subprocess.DEVNULL)
        assert asked == len(server.asked("/d/3")) == 1
    with open_catalog(tmp_path / "d" / "catalog.db") as catalog:
        row = harvested(catalog, "p")
    assert (row["verdict"], row["datasets"], row["duplicates"]) == ("complete", 10, 0)


# What a sitemap says, and what it only seems to say


def urlset(*paths: str) -> str:
    return "<urlset>" + "".join(f"<url><loc>http://HOST{path}</loc></url>" for path in paths) + "</urlset>"


def told(*nodes: Any) -> Response:
    scripts = "".join(f'<script type="application/ld+json">{json.dumps(node)}</script>' for node in nodes)
    return Response(200, "text/html", f"<html>{scripts}</html>".encode())


def a_dataset(**more: Any) -> dict[str, Any]:
    return {"@context": "https://schema.org", "@type": "Dataset", "description": "Told.", **more}


def visited(catalog: Catalog, sitemap: str | Callable[[str], bytes], pages: dict[str, Any]) -> dict[str, Any]:
    """Harvest a site by its sitemap and return the row of the harvest; "http://HOST" stands for the address of the
    site."""
    with PortalServer({path: one for path, one in pages.items() if not isinstance(one, Response)}) as server:
        for path, one in pages.items():
            if isinstance(one, Response) and isinstance(one.body, bytes):
                server.routes[path] = replace(one, body=one.body.replace(b"http://HOST", server.url.encode()))
        body = sitemap.encode() if isinstance(sitemap, str) else sitemap(server.url)
        body = body.replace(b"http://HOST", server.url.encode())
        server.routes.setdefault("/sitemap.xml", Response(200, "application/xml", body))
        harvest(catalog, spec("p", "sitemap", server.url))
    return harvested(catalog, "p")


def identifiers(catalog: Catalog) -> list[str]:
    return sorted(one.dataset.identifier.partition("://")[2].partition("/")[2] for one in datasets(catalog, "p"))


def whole(url: str) -> bytes:
    return urlset("/d/0", "/d/1", "/d/2").replace("http://HOST", url).encode()


def lines(url: str) -> bytes:
    return "".join(f"{url}/d/{n}\n" for n in range(3)).encode()


def members(url: str) -> bytes:
    return gzip.compress(whole(url)[:40]) + gzip.compress(whole(url)[40:])


@pytest.mark.parametrize(
    ("sitemap", "count"),
    [
        (lambda url: whole(url)[:-9], 3),
        (lambda url: whole(url)[:-24], 2),
        (lambda url: gzip.compress(whole(url), 0)[:-35], 2),
        (lambda url: gzip.compress(lines(url), 0)[:-10], 2),
        (lambda url: gzip.compress(whole(url)[:40]) + gzip.compress(whole(url)[40:], 0)[:-30], 2),
    ],
    ids=["no end", "in an address", "gzip", "lines", "member"],
)
def test_a_sitemap_that_is_cut_short_is_not_the_whole(
    sitemap: Callable[[str], bytes], count: int, catalog: Catalog
) -> None:
    row = visited(catalog, sitemap, {f"/d/{n}": page(n) for n in range(3)})
    assert (row["verdict"], row["datasets"]) == ("partial", count), row["reasons"]
    assert "cut short" in row["reasons"][0]
    assert all(error["kind"] != "gone" for error in catalog.rows("select kind from harvest_errors"))


@pytest.mark.parametrize(
    "sitemap",
    [
        members,
        lambda url: b'<?xml version="1.0" encoding="x-odd"?>' + whole(url),
        lambda url: whole(url).replace(b"/d/1", b"/d/1?a=1&b=2") + b"<!-- by hand -->",
        lambda url: whole(url).replace(b"urlset", b"s:urlset") + b"\n trailing",
    ],
    ids=["members", "encoding", "ampersand", "trailing"],
)
def test_a_sitemap_with_faults_that_is_whole(sitemap: Callable[[str], bytes], catalog: Catalog) -> None:
    row = visited(catalog, sitemap, {f"/d/{n}": page(n) for n in range(3)})
    assert (row["verdict"], row["datasets"]) == ("complete", 3), row["reasons"]


def test_listings_beyond_the_limit_are_said(catalog: Catalog, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(addresses, "MAX_LISTINGS", 4)
    index = "".join(f"<sitemap><loc>http://HOST/{n}.txt</loc></sitemap>" for n in range(6))
    texts = {f"/{n}.txt": Response(200, "text/plain", b"http://HOST/d/%d" % n) for n in range(6)}
    index = f"<sitemapindex>{index}</sitemapindex>"
    row = visited(catalog, index, {f"/d/{n}": page(n) for n in range(6)} | texts)
    assert (row["verdict"], row["datasets"]) == ("partial", 2)
    assert row["reasons"] == ["there are more than 4 listings: the others were not read"]


@pytest.mark.parametrize(
    ("robots", "verdict"),
    [
        (Response(404), "complete"),
        (Response(410), "complete"),
        (Response(200, "text/html", b"<html>Home</html>"), "complete"),
        (Response(302, headers={"Location": "/home"}), "complete"),
        (Response(500), "partial"),
    ],
    ids=["404", "410", "HTML", "redirect", "500"],
)
def test_robots_txt_that_does_not_come_may_name_other_sitemaps(
    robots: Response, verdict: str, catalog: Catalog
) -> None:
    pages = {f"/d/{n}": page(n) for n in range(3)} | {"/robots.txt": robots}
    pages["/home"] = Response(200, "text/html", b"<html>Home</html>")
    row = visited(catalog, whole, pages)
    assert (row["verdict"], row["datasets"]) == (verdict, 3), row["reasons"]


def test_a_number_of_a_publishers_own_names_no_dataset_alone(catalog: Catalog) -> None:
    nodes = {
        "/a": a_dataset(identifier="1", name="A", url="http://HOST/a"),
        "/b": a_dataset(identifier="1", name="B", url="http://HOST/b"),
        "/c": a_dataset(**{"@id": "#dataset"}, name="C"),
        "/d": a_dataset(**{"@id": "#dataset"}, name="D"),
        "/e": a_dataset(identifier="http://HOST/id/e", name="E", url="http://HOST/e"),
        "/e-fr": a_dataset(identifier="http://HOST/id/e", name="É", url="http://HOST/e-fr"),
        "/f": a_dataset(identifier="7", name="F"),
        "/g": a_dataset(identifier="7", name="G"),
    }
    row = visited(catalog, urlset(*nodes), {path: told(node) for path, node in nodes.items()})
    assert (row["verdict"], row["datasets"], row["duplicates"]) == ("complete", 7, 0)
    assert any(one.dataset.other_identifiers == ("1",) for one in datasets(catalog, "p"))
    # Two datasets that share an identifier are both kept.
    found = {one.dataset.title: one.dataset.identifier for one in datasets(catalog, "p")}
    assert found["F"] == "7" and found["G"].startswith("7#twin-")
    said = catalog.rows("select kind, value, is_lost from harvest_errors")
    assert said == [{"kind": "duplicate", "value": "7", "is_lost": 0}]


def test_sitemaps_of_other_hosts_are_said(catalog: Catalog) -> None:
    other = "<sitemap><loc>https://elsewhere.example/s.xml</loc></sitemap>"
    row = visited(catalog, f"<sitemapindex>{other}</sitemapindex>", {})
    assert row["verdict"] == "failed" and "1 sitemaps of other hosts were not read" in row["reasons"][0]
    own = "<sitemap><loc>http://HOST/own.txt</loc></sitemap>"
    pages = {"/own.txt": Response(200, "text/plain", b"http://HOST/d/1"), "/d/1": page(1)}
    row = visited(catalog, f"<sitemapindex>{other}{own}</sitemapindex>", pages)
    assert row["verdict"] == "partial" and "elsewhere.example" in row["reasons"][0]


@pytest.mark.parametrize(
    "body",
    [
        b"<html>" + b"<script " * 125_000,
        b"<html>" + b'<script type="application/ld+json">' * 30_000,
        b"<html><script" + b" type" * 200_000,
        b"<html>" + (b"<script>" + b"</script" * 5) * 20_000,
    ],
)
def test_a_hostile_page_takes_no_longer_than_its_length(body: bytes) -> None:
    begun = time.process_time()
    assert datasets_in(body, "text/html", "http://x.example") == ([], 0)
    assert time.process_time() - begun < 2


def test_hostile_robots_txt(catalog: Catalog) -> None:
    begun = time.process_time()
    pages = {"/robots.txt": Response(200, "text/plain", b"\n" * 500_000), "/d/0": page(0)}
    row = visited(catalog, urlset("/d/0"), pages)
    assert row["verdict"] == "complete" and time.process_time() - begun < 5


@pytest.mark.parametrize("kind", ["DataCatalog", "ItemList"])
def test_a_page_of_its_own_tells_more_than_the_catalogue(kind: str, catalog: Catalog) -> None:
    inner = [
        a_dataset(name="Short", url="http://HOST/datasets/1/"),
        a_dataset(name="Only here", url="http://HOST/datasets/2"),
        a_dataset(name="Nowhere else"),
    ]
    items = [{"@type": "ListItem", "item": one} for one in inner]
    page_of_all = told({"@type": kind, "dataset" if kind == "DataCatalog" else "itemListElement": items})
    full = told(a_dataset(name="Long", url="http://HOST/datasets/1", keywords="a, b"))
    pages = {"/datasets": page_of_all, "/datasets/1": full}
    row = visited(catalog, urlset(*pages), pages)
    assert (row["verdict"], row["datasets"], row["errors"]) == ("complete", 3, 0), row["reasons"]
    assert {one.dataset.title for one in datasets(catalog, "p")} == {"Long", "Only here", "Nowhere else"}
    # Pages that describe nothing make the catalogue the only one that does: nothing may be retired.
    row = visited(
        catalog, urlset(*pages), pages | {"/datasets": told({"@type": kind, "x": inner[0]}), "/datasets/1": told()}
    )
    assert row["verdict"] == "failed" and "only 0 do" in row["reasons"][0]


def test_images_and_files_of_a_sitemap_are_no_datasets(catalog: Catalog) -> None:
    image = '<image:image xmlns:image="i"><image:loc>http://HOST/i.png</image:loc></image:image>'
    sitemap = urlset("/d/1", "/f.pdf").replace("</url>", f"{image}</url>")
    pages = {"/d/1": page(1), "/f.pdf": Response(200, "application/pdf", b"%PDF-1.7"), "/i.png": Response(500)}
    row = visited(catalog, sitemap, pages)
    assert (row["verdict"], row["datasets"], row["errors"]) == ("complete", 1, 0), row["reasons"]


def test_what_a_node_leaves_out_and_what_it_does_not_say(catalog: Catalog) -> None:
    nodes = {
        "/a": {"@type": "WebPage", "mainEntity": {"@type": "Dataset", "name": "Bare", "url": "http://HOST/a"}},
        "/b": a_dataset(
            name="B", dateCreated="1999", distribution=["http://HOST/b.csv", {"contentUrl": "http://x.example"}]
        ),
    }
    row = visited(catalog, urlset(*nodes), {path: told(node) for path, node in nodes.items()})
    assert (row["verdict"], row["datasets"]) == ("complete", 2)
    found = {one.dataset.title: one.dataset for one in datasets(catalog, "p")}
    assert [str(one.download_url)[-5:] for one in found["B"].distributions] == ["b.csv", "ample"]
    assert found["B"].issued is None and "Bare" in found


# Folders


def test_entities_of_xml_are_not_unfolded(catalog: Catalog) -> None:
    record = b"""<?xml version="1.0"?><!DOCTYPE r [<!ENTITY a "aaaaaaaaaa"><!ENTITY b "&a;&a;&a;&a;&a;&a;&a;&a;&a;">
    <!ENTITY f SYSTEM "file:///etc/hostname">]><MD_Metadata><fileIdentifier>a</fileIdentifier><identificationInfo>
    <MD_DataIdentification><abstract>&b;&b;</abstract>
    <citation><CI_Citation><title>T &f;</title></CI_Citation></citation>
    </MD_DataIdentification></identificationInfo></MD_Metadata>"""
    with PortalServer({"/a.xml": Response(200, "application/xml", record)}) as server:
        harvest(catalog, spec("p", "waf", server.url + "/a.xml"))
    row = catalog.rows("select title, description from datasets")[0]
    assert row["title"] == "T &f;" and "aaaa" not in str(row)
    assert Path("/etc/hostname").read_text().strip() not in str(row)
