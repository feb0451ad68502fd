"""The site under attack: odd addresses, large questions, links that mislead, and what each response says of itself."""

from __future__ import annotations

import gzip
import random
import re
import shutil
import sqlite3
from contextlib import closing
from pathlib import Path
from xml.etree import ElementTree

import pytest

from catalog.db.schema.public import PUBLIC
from catalog.site.cells import drawn, is_web_address
from catalog.site.database import PublicDatabase
from catalog.site.pages import SiteOptions, Visit, pages
from catalog.site.sitemap import sitemap
from specs.languages import language
from tests.catalog.browsing import OF_THE_SITE, RUN, Site, raw

# Where Datasette refuses a facet, it leaves others unasked.
pytestmark = [*OF_THE_SITE, pytest.mark.filterwarnings("ignore:coroutine:RuntimeWarning")]


@pytest.mark.parametrize(
    ("path", "status"),
    [
        ("/a/b/c/d", 404), ("/catalog/datasets/a/b/c/d", 404), ("/catalog/nothing", 404), ("/catalog/datasets/no", 404),
        ("/catalog/datasets?_sort=nope", 400), ("/catalog/datasets?_facet=nope", 400),
        ("/catalog.csv?sql=select+1", 403), ("/catalog/datasets?_sort=%00", 400),
        ("/catalog?sql=select+1", 403), ("/catalog/datasets?_where=1=1", 403), ("/catalog/datasets?_size=-1", 400),
        ("/catalog/datasets?_size=99999999999999999999", 400), ("/catalog/datasets.json?_shape=nope", 400),
        ("/catalog/datasets?_next=%00", 200), ("/catalog/datasets?title=%00", 200),
        ("/catalog/datasets/%00", 400), ("/catalog/datasets/%FF", 400), ("/catalog/datasets?title=%FF%FE", 400),
        ("/catalog/datasets?title__glob=" + "*" * 3000, 400), ("/" + "a" * 5000, 400),
        ("/search?q=" + "a" * 61_000, 400),
        ("//elsewhere.example/", 404), ("/%2F%2Felsewhere.example/", 404), ("/\\elsewhere.example/", 400),
        ("/%5Celsewhere.example/", 400), ("/catalog/..%2f..%2fetc/passwd", 404), ("/static/../../serve.py", 404),
        ("/es//elsewhere.example", 404), ("/catalog/findings/" + "9" * 400, 301), ("/search?q=%ED%A0%80", 400),
    ],
)  # fmt: skip
def test_a_wrong_address_is_never_a_fault_of_ours(site: Site, path: str, status: int) -> None:
    address, _, query = path.partition("?")
    told, headers, body = raw(site, address, query.encode())
    assert told == status, (path, told, body[:300])
    assert b"Traceback" not in body and b"sqlite" not in body.lower()
    assert not headers.get(b"location", b"").startswith((b"//", b"http"))


def test_errors_are_small_pages_of_ours_in_the_language_of_the_address(site: Site) -> None:
    status, headers, body = raw(site, "/es/nada")
    assert status == 404 and b'<html lang="es">' in body and len(body) < 2_000
    assert b"script-src 'self'; frame-ancestors 'none'" in headers[b"content-security-policy"]
    assert site.get("/catalog/nothing.json").json() == {
        "ok": False,
        "status": 404,
        "error": "There is nothing at this address.",
    }


@pytest.mark.parametrize(
    "name", ["databases", "threads", "versions", "settings", "plugins", "metadata", "config", "actor"]
)
def test_pages_about_the_server_are_not_open(site: Site, name: str) -> None:
    for path in (f"/-/{name}", f"/-/{name}.json", "/_memory", "/_internal.json"):
        assert site.get(path).status_code == 404, path
    assert site.get("/-/static/app.css").status_code == 200


@pytest.mark.parametrize("method", ["PUT", "DELETE", "PATCH", "POST", "TRACE"])
def test_nothing_can_be_changed(site: Site, method: str) -> None:
    assert raw(site, "/catalog/datasets", method=method)[0] == 405


def test_odd_addresses_of_all_kinds_are_answered(asking: Site) -> None:
    """300 addresses put together at random, the same in each run."""
    chance = random.Random(7)
    kinds = (
        [page.address.partition("<")[0] for page in pages()] + [f"/catalog/{name}" for name in PUBLIC] + ["/catalog"]
    )
    parts = [
        "",
        "x",
        "%00",
        "%ff",
        "..",
        "'",
        '"',
        "%2f",
        "~",
        "~2E",
        "🜚",
        "north",
        "north-0",
        "-1",
        "1e999",
        "a" * 300,
        "%0a",
    ]
    names = [
        "_sort",
        "_sort_desc",
        "_size",
        "_next",
        "_facet",
        "_search",
        "_where",
        "_shape",
        "_col",
        "_nocol",
        "_facet_size",
    ]
    names += [
        "_labels",
        "_extra",
        "_trace",
        "_through",
        "_json",
        "_nl",
        "_ttl",
        "sql",
        "q",
        "page",
        "portal",
        "a",
        "id__in",
        "title__date",
    ]
    for _ in range(300):
        path = chance.choice(kinds) + "".join(f"/{chance.choice(parts)}" for _ in range(chance.randrange(3)))
        path += chance.choice(["", "", ".json", ".csv", ".db", ".xml", "/"])
        query = "&".join(f"{chance.choice(names)}={chance.choice(parts)}" for _ in range(chance.randrange(4)))
        status, _, body = raw(asking, path, query.encode())
        assert status < 500, (path, query, status, body[-500:])


@pytest.mark.parametrize(
    ("url", "is_one"),
    [
        ("https://data.example/x?y=1#z", True), ("HTTP://data.example", True), ("http:\\\\elsewhere.example", False),
        ("https://a.example\\@b.example", False), ("https://bank.example@elsewhere.example/", False),
        ("javascript:alert(1)", False), ("https:///x", False), ("https://", False), ("//elsewhere.example", False),
        ("https://a.example/\u202egnp", False), ("java\tscript:alert(1)", False), ("https://[x", False),
    ],
)  # fmt: skip
def test_what_may_be_a_link(url: str, is_one: bool) -> None:
    assert is_web_address(url) is is_one
    assert ("<a " in str(drawn(url, "download_url", "distributions"))) is is_one
    assert "<a " not in str(drawn(url, "title", "distributions"))


@pytest.mark.parametrize(
    ("cell", "column", "is_one"),
    [
        ('{"href": "/catalog/datasets/x", "label": "X"}', "dataset", True),
        ('{"href": "/catalog/datasets/x", "label": "X"}', "title", False),
        ('{"href": "//elsewhere.example", "label": "X"}', "dataset", False),
        ('{"href": "/\\\\elsewhere.example", "label": "X"}', "dataset", False),
        ('{"href": "https://elsewhere.example", "label": "Bank"}', "address", False),
        ('{"href": "https://data.example", "label": "https://data.example"}', "address", True),
        ('{"href": "javascript:alert(1)", "label": "javascript:alert(1)"}', "address", False),
    ],
)
def test_links_of_queries_lead_where_they_say(cell: str, column: str, is_one: bool) -> None:
    assert ("<a " in str(drawn(cell, column, None))) is is_one
    assert "<a " not in str(drawn(cell, column, "datasets"))
    assert not is_one or 'href="/x/catalog' in str(drawn(cell, column, None, "/x/")) or "https" in cell


def test_no_page_has_a_script_of_its_own(site: Site) -> None:
    for path in ("/", "/catalog", "/catalog/datasets", "/catalog/records/north-0", "/catalog/broken_links", "/search"):
        text = site.page(path)
        for part in text.split("<script")[1:]:
            assert part.startswith((' type="application/ld+json"', ' type="module" src="/static/')), path
        assert " onclick" not in text and "javascript:" not in text.replace("javascript:alert", "")
        assert "unsafe" not in site.get(path).headers["content-security-policy"]


def test_only_pages_that_may_be_framed_are(site: Site) -> None:
    assert "frame-ancestors 'none'" in site.get("/catalog").headers["content-security-policy"]
    for page in pages():
        if page.is_framed:
            policy = site.get(page.path("x")).headers["content-security-policy"]
            assert "frame-ancestors *" in policy and "script-src" not in policy


def test_data_may_be_read_by_other_sites_and_pages_may_not(site: Site) -> None:
    for path in ("/imprint.json", "/catalog/datasets.json", "/catalog/datasets.csv"):
        assert site.get(path).headers["access-control-allow-origin"] == "*", path
    assert "access-control-allow-origin" not in site.get("/imprint").headers
    assert raw(site, "/catalog/datasets.json", method="OPTIONS")[0] == 204


def test_a_page_is_sent_again_only_when_the_file_has_changed(site: Site) -> None:
    for path in ("/imprint", "/catalog/datasets", "/catalog/findings.json", "/static/winnow.css"):
        _, headers, body = raw(site, path)
        tag = headers[b"etag"].decode()
        status, again, nothing = raw(site, path, if_none_match=f'"x", {tag}')
        assert (status, nothing, again[b"etag"].decode()) == (304, b"", tag) and body, path
        status, told, nothing = raw(site, path, method="HEAD")
        assert (status, nothing) == (200, b"") and told[b"content-type"] == headers[b"content-type"]
    assert b"etag" not in raw(site, "/catalog/nothing")[1]


def test_pages_are_compressed_for_those_who_can_read_that(site: Site) -> None:
    for path in ("/imprint", "/catalog/findings.csv", "/imprint.json"):
        _, plain, body = raw(site, path)
        _, headers, packed = raw(site, path, accept_encoding="br, gzip")
        if b"content-encoding" in headers:
            assert headers[b"vary"] == plain[b"vary"] == b"Accept-Encoding" and b"content-length" not in headers
            assert gzip.decompress(packed) == body and len(packed) < len(body)
        else:
            assert len(body) < 600, path


def test_a_running_site_shows_the_new_night(public: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("catalog.site.database._LOOK_EVERY_S", 0.0)
    db = tmp_path / "catalog.db"
    shutil.copy(public, db)
    with closing(Site(db)) as site:
        count = "/catalog/portals.json?_shape=array"
        before, tag = len(site.get(count).json()), site.get(count).headers["etag"]
        assert isinstance(site.datasette.databases["catalog"], PublicDatabase)
        shutil.copy(public, tmp_path / "next.db")
        with closing(sqlite3.connect(tmp_path / "next.db")) as conn, conn:
            conn.execute("insert into portals (id, title) values ('west', 'West')")
        (tmp_path / "next.db").replace(db)
        assert len(site.get(count).json()) == before + 1
        assert site.get(count).headers["etag"] != tag


def test_search_engines_are_told_all_pages_in_parts(site: Site, public: Path) -> None:
    listed = ElementTree.fromstring(site.get("/sitemap.xml").text)
    urls = [one.text or "" for one in listed.iter("{http://www.sitemaps.org/schemas/sitemap/0.9}loc")]
    assert len(set(urls)) == len(urls) > 10 and all(url.startswith("http://localhost/") for url in urls)
    assert "http://localhost/portal/north" in urls
    for url in urls[:: max(1, len(urls) // 12)]:
        assert site.get(url.removeprefix("http://localhost")).status_code in (200, 301), url
    assert site.get("/sitemap-9.xml").status_code == 404
    with closing(sqlite3.connect(public)) as conn:
        conn.row_factory = sqlite3.Row
        visit = Visit(conn, language("en"), SiteOptions(public_url="https://x.example", base_url="/d/"))
        index = sitemap(visit, size=4) or ""
        assert "https://x.example/d/sitemap-1.xml" in index and index.count("<sitemap>") == -(-len(urls) // 4)
        parts = [sitemap(visit, part, size=4) or "" for part in range(1, index.count("<sitemap>") + 1)]
        assert sum(part.count("<loc>") for part in parts) == len(urls)
        assert sitemap(visit, len(parts) + 1, size=4) is None


def test_a_site_below_a_path_has_all_its_links_there(public: Path) -> None:
    with closing(Site(public, base_url="/data/", public_url="https://x.example")) as site:
        # The client in the process puts the base before each path.
        for path in ("/imprint", "/es/imprint", "/catalog/datasets", "/catalog/broken_links"):
            text = site.page(path)
            links = re.findall(r'(?:href|src|action)="(/[^"]*)"', text)
            assert links and [link for link in links if not link.startswith("/data/")] == [], path
        assert site.get("/catalog/findings/f-link_ok").headers["location"].startswith("/data/catalog/findings?")
        assert site.get("/static/winnow.css").status_code == 200
        assert 'rel="canonical" href="https://x.example/data/imprint"' in site.page("/imprint")


def test_what_reads_more_than_the_file_is_never_said_to_be_unchanged(site: Site) -> None:
    assert "etag" in site.get("/imprint").headers
    for path in ("/report", "/downloads", f"/night/{RUN}", "/fr/downloads"):
        assert "etag" not in site.get(path).headers, path


def test_a_page_is_another_one_after_the_options_or_the_exports_have_changed(public: Path, tmp_path: Path) -> None:
    tags = []
    for options in ({}, {"operator": "Somebody"}, {"exports": str(tmp_path)}):
        with closing(Site(public, **options)) as site:
            tags.append(site.get("/imprint").headers["etag"])
            if "exports" in options:
                (tmp_path / "manifest.json").write_text("{}")
                tags.append(site.get("/imprint").headers["etag"])
    assert len(set(tags)) == 4
