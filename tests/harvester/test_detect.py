"""What stands behind an address is told by what it answers, politely; and previews leave nothing behind."""

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
from click.testing import CliRunner, Result
from portal_server import Answer, Asked, PortalServer, as_json, ckan_search

from harvester.cli import cli
from harvester.detect import Detection, _title, asking, detect, recognise
from harvester.detect.asking import Asker, Seen
from harvester.detect.hits import count_of
from harvester.detect.ladder import LADDER, bases_of, home_of
from harvester.detect.many import addresses, detect_all
from harvester.detect.markers import by_markers
from specs.errors import SpecError
from specs.portals import load_file

HOME = b"<!doctype html><html><head><title>Data of Larkholm</title></head><body>Welcome</body></html>"
CKAN = "/api/3/action/package_search"


def ask(url: str) -> Detection:
    return detect(url, allow_local=True, delay_s=0)


def packages(count: int) -> list[dict[str, Any]]:
    return [
        {"id": f"p{n:03}", "name": f"p{n}", "title": f"Package {n}", "notes": "Text.", "odd_field": "kept nowhere",
         "resources": [{"id": f"r{n}", "url": f"http://files.example/{n}.csv", "format": "CSV"}]}
        for n in range(count)
    ]  # fmt: skip


def feed(count: int) -> Answer:
    schema = "https://project-open-data.cio.gov/v1.1/schema"
    records = [{"identifier": f"d{n}", "title": f"D{n}", "keyword": ["a"]} for n in range(count)]
    return as_json({"conformsTo": schema, "dataset": records})


def portal(**more: Any) -> PortalServer:
    routes = {"/": Answer(200, "text/html", HOME), CKAN: ckan_search(packages(30)), "/data.json": feed(12)}
    return PortalServer(routes | more)


def winnow(data: Path, *arguments: str) -> Result:
    return CliRunner().invoke(cli, ["--data", str(data), *arguments], catch_exceptions=False)


@pytest.mark.parametrize(
    "path", ["", "/", "/dataset/budget", "/en/dataset/budget?x=1", "/api/3/action/package_show?id=p1", "/data.json"]
)
def test_every_address_of_a_portal_leads_to_the_same_endpoint(path: str) -> None:
    with portal() as server:
        found = ask(server.url + path)
        assert found.best is not None
        assert (found.best.type, found.best.url, found.best.datasets) == ("ckan", server.url, 30)
        lesser = next(one for one in found.endpoints if one.type == "dcat-us")
        assert lesser.datasets == 12 and "18 datasets that another endpoint lists" in lesser.loses
        assert found.asked <= 70


def test_portal_below_a_path_is_found_from_a_page_of_it() -> None:
    routes: dict[str, Any] = {"/": Answer(200, "text/html", HOME), "/data" + CKAN: ckan_search(packages(3))}
    with PortalServer(routes) as server:
        found = ask(server.url + "/data/dataset/p1")
        assert found.best is not None and found.best.url == server.url + "/data"


def test_bare_host_is_tried_with_tls_and_then_without() -> None:
    with portal() as server:
        found = ask(server.url.removeprefix("http://"))
        assert found.best is not None and found.best.type == "ckan" and found.title == "Data of Larkholm"


def test_robots_are_obeyed_and_the_home_page_still_tells() -> None:
    page = HOME.replace(b"<head>", b'<head><meta name="generator" content="ckan 2.10.4">')
    robots = Answer(200, "text/plain", b"User-agent: *\nDisallow: /api/\n")
    with portal(**{"/": Answer(200, "text/html", page), "/robots.txt": robots, "/data.json": Answer(404)}) as server:
        found = ask(server.url)
        assert not server.asked("/api/")
    assert found.best is not None and found.best.type == "ckan" and found.best.datasets is None
    assert "robots.txt forbids its API" in found.best.evidence
    assert any("/api/3/" in address for address in found.forbidden)


def test_home_page_for_every_address_is_no_portal() -> None:
    with PortalServer() as server:
        server.routes |= {"/": Answer(200, "text/html", HOME)}
        for rung in LADDER:
            server.routes[rung.path.split("?")[0]] = Answer(200, "text/html", HOME)
        assert ask(server.url).endpoints == ()


def test_site_that_does_not_answer_is_said() -> None:
    found = ask("http://127.0.0.1:9/")
    assert found.best is None and found.fault and found.endpoints == ()
    assert "not a public address" in str(detect("http://127.0.0.1:9/", delay_s=0).fault)
    assert "no web address" in str(detect("ftp://x.example/", delay_s=0).fault)


def test_endless_answers_and_errors_do_no_harm() -> None:
    def endless(asked: Asked) -> Answer:
        return Answer(body=lambda: iter([b"[" * 65_536] * 100))

    with portal(**{"/data.json": endless, "/sitemap.xml": Answer(500), "/sparql": endless}) as server:
        found = ask(server.url)
    assert found.best is not None and found.best.type == "ckan"


@pytest.mark.parametrize(
    ("url", "home", "bases"),
    [
        ("http://x.example", "http://x.example", ["http://x.example"]),
        (
            "http://x.example/data/dataset/a",
            "http://x.example/data/dataset/a",
            ["http://x.example/data", "http://x.example"],
        ),
        ("http://x.example/api/3/action/x?y=1", "http://x.example", ["http://x.example"]),
        ("http://x.example/fr/explore/dataset/a/", "http://x.example/fr/explore/dataset/a", ["http://x.example"]),
        ("http://x.example/datasets/abc::def/about", "http://x.example/datasets/abc::def/about", ["http://x.example"]),
    ],
)
def test_where_a_portal_may_lie(url: str, home: str, bases: list[str]) -> None:
    assert home_of(url) == home
    assert bases_of(url) == bases


def test_list_is_taken_up_again_where_it_was_broken_off(tmp_path: Path) -> None:
    out = tmp_path / "out.csv"
    with portal() as one, portal() as two, PortalServer() as three:
        path = tmp_path / "list.csv"
        path.write_text(f"name;url\nOne;{one.url}\nTwo;{two.url}\nThree;{three.url}\nOne again;{one.url}\n")
        assert addresses(path) == [one.url, two.url, three.url]
        run = detect_all(path, out, allow_local=True, delay_s=0)
        next(run)
        run.close()  # type: ignore[attr-defined]
        with out.open("a") as file:
            file.write(f"{two.url[:5]}")  # as a killed process leaves a line
        known = {row["address"] for row in csv.DictReader(out.read_text().splitlines()[:-1])}
        asked = {server.url: len(server.requests) for server in (one, two, three)}
        list(detect_all(path, out, allow_local=True, delay_s=0))
        for server in (one, two, three):
            assert (len(server.requests) == asked[server.url]) == (server.url in known)
        rows = list(csv.DictReader(out.read_text().splitlines()))
    assert sorted(row["address"] for row in rows) == sorted([one.url, two.url, three.url])
    assert {row["address"]: row["type"] for row in rows} == {one.url: "ckan", two.url: "ckan", three.url: ""}
    assert next(row for row in rows if row["address"] == three.url)["fault"]


def test_detect_save_preview_and_check_on_the_command_line(tmp_path: Path) -> None:
    with portal() as server:
        result = winnow(tmp_path, "detect", server.url, "--allow-local", "--delay", "0", "--save")
        assert result.exit_code == 0 and "recommended" in result.output
        file = next((tmp_path / "portals").glob("*.toml"))
        spec = load_file(file)
        assert (spec.type, spec.url, spec.title, spec.local) == ("ckan", server.url, "Data of Larkholm", True)
        again = winnow(tmp_path, "detect", server.url + "/dataset/p1", "--allow-local", "--delay", "0", "--save")
        assert "names this portal already" in again.output and len(list((tmp_path / "portals").iterdir())) == 1

        before = sorted(tmp_path.rglob("*"))
        result = winnow(tmp_path, "preview", spec.id, "--json")
        found = json.loads(result.output)
        assert (found["verdict"], found["advertised"], len(found["datasets"])) == ("ok", 30, 10)
        assert found["errors"] == [] and found["unmapped"] == ["odd_field"] and "licence" in found["never_filled"]
        assert found["score_low"] <= found["score"] <= found["score_high"]
        assert sorted(tmp_path.rglob("*")) == before
        assert "Package 0" in winnow(tmp_path, "preview", spec.id).output

        result = winnow(tmp_path, "portals", "check")
        assert result.exit_code == 0 and "ok" in result.output
    result = winnow(tmp_path, "portals", "check", "--json")
    assert result.exit_code == 3 and json.loads(result.output)[0]["verdict"] == "failed"


def test_preview_says_what_could_not_be_mapped(tmp_path: Path) -> None:
    bad: list[Any] = [{"title": "No id"}, 7, packages(1)[0]]
    with PortalServer({CKAN: ckan_search(bad)}) as server:
        result = winnow(tmp_path, "preview", server.url, "--type", "ckan", "--allow-local", "--json")
    found = json.loads(result.output)
    assert [error["kind"] for error in found["errors"]] == ["identifier", "identifier"]
    assert len(found["datasets"]) == 1 and not tmp_path.joinpath("portals").exists()


PAGE = b'<!doctype html><html><script type="application/ld+json">{"@context":"https://schema.org","@type":"Dataset"}</script>'


def sitemap_of(url: str, count: int, *more: str) -> Answer:
    pages = [*more, *(f"{url}/dataset/p{n}" for n in range(count))]
    body = "<urlset>" + "".join(f"<url><loc>{one}</loc></url>" for one in pages) + "</urlset>"
    return Answer(200, "application/xml", body.encode())


def test_pages_of_a_sitemap_are_not_counted_as_datasets() -> None:
    with portal(**{"/dataset/p0": Answer(200, "text/html", PAGE)}) as server:
        server.routes["/sitemap.xml"] = sitemap_of(server.url, 89, "http://[x/")
        found = ask(server.url)
    assert found.best is not None and found.best.type == "ckan"
    lesser = next(one for one in found.endpoints if one.type == "sitemap")
    assert lesser.datasets is None and "90 pages" in lesser.evidence and lesser.confidence == 0.7


@pytest.mark.parametrize("has_api", [True, False])
def test_page_of_a_dataset_tells_of_its_site(has_api: bool) -> None:
    routes: dict[str, Any] = {"/x/y/z": Answer(200, "text/html", PAGE)}
    routes |= {CKAN: ckan_search(packages(3))} if has_api else {}
    with PortalServer(routes) as server:
        server.routes["/sitemap.xml"] = sitemap_of(server.url, 1)
        found = ask(server.url + "/x/y/z")
        assert found.best is not None
        assert (found.best.type, found.best.url) == ("ckan" if has_api else "sitemap", server.url)
        del server.routes["/sitemap.xml"]
        assert has_api or ask(server.url + "/x/y/z").best is None


def test_page_two_levels_deep_leads_to_the_root_within_the_questions_allowed() -> None:
    with portal() as server:
        found = ask(server.url + "/some/page")
    assert found.best is not None and (found.best.type, found.best.url) == ("ckan", server.url) and found.asked <= 70


@pytest.mark.parametrize(
    ("head", "robots", "types"),
    [
        (b'<link href="/fanstatic/x.css">', b"Disallow: /admin/\nDisallow: /sparql", {("ckan", 0.4)}),
        (b'<link href="/fanstatic/x.css">', b"Disallow: /api/3/", {("ckan", 0.6)}),
        (b'<meta name="description" content="We left Socrata">', b"Disallow: /api/", set()),
        (b"</head><body><p title='no socrata'>We left Socrata, see socrata.com</p>", b"Disallow: /api/", set()),
        (b"<script src='//hubcdn.arcgis.com/a.js'></script>", b"Disallow: /data.json", {("arcgis-hub", 0.4)}),
        (b"</head><body><a href='/geonetwork/srv/eng/catalog.search#/home'>Maps</a>", b"", {("csw", 0.4)}),
    ],
)
def test_software_is_told_by_a_page_only_by_its_machinery(head: bytes, robots: bytes, types: set[Any]) -> None:
    page = Answer(200, "text/html", HOME.replace(b"<head>", b"<head>" + head))
    rules = Answer(200, "text/plain", b"User-agent: *\n" + robots + b"\n")
    with PortalServer({"/": page, "/robots.txt": rules}) as server:
        assert {(one.type, one.confidence) for one in ask(server.url).endpoints} == types


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
def test_odd_answers_end_no_detection(path: str, body: bytes) -> None:
    with PortalServer({path: Answer(200, "text/plain", body)}) as server:
        found = ask(server.url)
    assert found.fault is None and json.dumps(found.as_json()).encode()
    assert all(one.datasets is None or one.datasets < 10 for one in found.endpoints)


def test_what_is_no_address_ends_no_list(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    assert "no web address" in str(ask("http://[bad").fault)
    path, out = tmp_path / "list.csv", tmp_path / "out.csv"

    def stumble(url: str, **_: Any) -> Detection:
        raise ValueError("a fault of ours")

    monkeypatch.setattr("harvester.detect.many.detect", stumble)
    path.write_text("url\nhttp://[bad.example\n=a.example\n")
    for rows in (2, 0):
        assert len(list(detect_all(path, out))) == rows
    assert all("a fault of ours" in row["fault"] for row in csv.DictReader(out.read_text().splitlines()))
    path.write_text("url\n" + "a." * 100_000)
    with pytest.raises(SpecError, match="not a table"):
        addresses(path)


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
    hit = recognise.stac(Seen("http://x.example", 200, "application/json", body))
    assert hit is not None and hit.datasets == told


@pytest.mark.parametrize("is_other_host", [True, False])
def test_redirects_are_followed_only_where_robots_allow(is_other_host: bool) -> None:
    rules = Answer(200, "text/plain", b"User-agent: *\nDisallow: /secret\n")
    with PortalServer({"/robots.txt": rules, "/secret": as_json({})}) as other, PortalServer() as server:
        server.routes = {
            "/robots.txt": rules,
            "/secret": as_json({}),
            "/loop": Answer(301, headers={"Location": "/loop"}),
        }
        goal = other if is_other_host else server
        server.routes["/a"] = Answer(302, headers={"Location": f"{goal.url}/secret/x"})
        server.routes["/b"] = Answer(302, headers={"Location": f"{other.url}/open"})
        server.routes["/c"] = Answer(302, headers={"Location": "file:///etc/passwd"})
        other.routes["/open"] = as_json({"is": "open"})
        with Asker(server.url, allow_local=True, delay_s=0) as asker:
            assert "robots.txt forbids" in str(asker.get(server.url + "/a").fault)
            assert asker.forbidden == [f"{goal.url}/secret/x"] and not goal.asked("/secret")
            seen = asker.get(server.url + "/b")
            assert (seen.url, seen.final_url, seen.is_ok) == (server.url + "/b", f"{other.url}/open", True)
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

    with PortalServer({"/": Answer(200, "text/html", drip)}) as server, socket.create_server(("127.0.0.1", 0)) as raw:
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
        seen = Seen("http://x.example/", 200, kind, body)
        recognise.whatever(seen)
        by_markers(seen)
        _title(seen)
    assert time.monotonic() - begun < 4


def test_hostile_sitemap_takes_no_time() -> None:
    def hostile(asked: Asked) -> Answer:
        return Answer(200, "application/xml", b"<urlset>" + b"<loc>" * 10 + b" " * 20_000 + b"</urlset>")

    with portal(**{"/sitemap.xml": hostile}) as server:
        begun = time.monotonic()
        assert ask(server.url).best is not None and time.monotonic() - begun < 20


def test_feed_at_an_unusual_place_is_named_by_its_own_address() -> None:
    with PortalServer({"/api/feed/dcat-us/1.1.json": feed(4)}) as server:
        found = ask(server.url)
        assert found.best is not None
        assert (found.best.type, found.best.url) == ("dcat-us", server.url + "/api/feed/dcat-us/1.1.json")


def test_one_host_is_asked_by_one_worker_at_a_time(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    busy: list[str] = []
    most: list[int] = []

    def look(url: str, **_: Any) -> Detection:
        busy.append(url)
        most.append(sum("one.example" in other for other in busy))
        time.sleep(0.02)
        busy.remove(url)
        return Detection(url=url)

    monkeypatch.setattr("harvester.detect.many.detect", look)
    path = tmp_path / "list.csv"
    path.write_text("url\n" + "".join(f"http://one.example/{n}\nhttp://h{n}.example\n" for n in range(9)))
    assert len(list(detect_all(path, tmp_path / "out.csv"))) == 18
    assert max(most) == 1


def test_portals_are_listed_and_filtered(tmp_path: Path) -> None:
    for portal_id, kind, country in (("a", "ckan", "FRA"), ("b", "udata", "FRA"), ("c", "ckan", "PRT")):
        text = f'id = "{portal_id}"\ntype = "{kind}"\ntitle = "T {portal_id}"\nurl = "http://{portal_id}.example"\n'
        (tmp_path / "portals").mkdir(exist_ok=True)
        (tmp_path / "portals" / f"{portal_id}.toml").write_text(text + f'country = "{country}"\n')

    def ids(*arguments: str) -> list[str]:
        return [one["id"] for one in json.loads(winnow(tmp_path, "portals", *arguments, "--json").output)]

    assert ids() == ["a", "b", "c"]
    assert ids("--country", "fra") == ["a", "b"]
    assert ids("--type", "ckan", "--country", "FRA") == ["a"]
    assert ids("list", "--search", "T c") == ["c"]
    assert ids("a", "c") == ["a", "c"]
