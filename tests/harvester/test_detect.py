"""What stands behind an address is told by what it answers, politely; and previews leave nothing behind."""

from __future__ import annotations

import csv
import json
import time
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner, Result
from portal_server import Asked, PortalServer, Response, as_json, ckan_search, spec

from harvester.cli.main import cli
from harvester.detect import DetectionReport, detect
from harvester.detect.many import addresses, detect_all
from harvester.detect.preview import preview
from harvester.detect.probes import PROBES, bases_of, home_of
from specs.errors import SpecError
from specs.portals import load_file

HOME = b"<!doctype html><html><head><title>Data of Larkholm</title></head><body>Welcome</body></html>"
CKAN = "/api/3/action/package_search"


def ask(url: str) -> DetectionReport:
    return detect(url, allow_local=True, delay_s=0)


def packages(count: int) -> list[dict[str, Any]]:
    return [
        {"id": f"p{n:03}", "name": f"p{n}", "title": f"Package {n}", "notes": "Text.", "odd_field": "kept nowhere",
         "resources": [{"id": f"r{n}", "url": f"http://files.example/{n}.csv", "format": "CSV"}]}
        for n in range(count)
    ]  # fmt: skip


def feed(count: int) -> Response:
    schema = "https://project-open-data.cio.gov/v1.1/schema"
    records = [{"identifier": f"d{n}", "title": f"D{n}", "keyword": ["a"]} for n in range(count)]
    return as_json({"conformsTo": schema, "dataset": records})


def portal(**more: Any) -> PortalServer:
    routes = {"/": Response(200, "text/html", HOME), CKAN: ckan_search(packages(30)), "/data.json": feed(12)}
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
    routes: dict[str, Any] = {"/": Response(200, "text/html", HOME), "/data" + CKAN: ckan_search(packages(3))}
    with PortalServer(routes) as server:
        found = ask(server.url + "/data/dataset/p1")
        assert found.best is not None and found.best.url == server.url + "/data"


def test_bare_host_is_tried_with_tls_and_then_without() -> None:
    with portal() as server:
        found = ask(server.url.removeprefix("http://"))
        assert found.best is not None and found.best.type == "ckan" and found.title == "Data of Larkholm"


def test_robots_are_obeyed_and_the_home_page_still_tells() -> None:
    page = HOME.replace(b"<head>", b'<head><meta name="generator" content="ckan 2.10.4">')
    robots = Response(200, "text/plain", b"User-agent: *\nDisallow: /api/\n")
    with portal(
        **{"/": Response(200, "text/html", page), "/robots.txt": robots, "/data.json": Response(404)}
    ) as server:
        found = ask(server.url)
        assert not server.asked("/api/")
    # The next command may not do it either: it is said, and not recommended.
    assert found.best is None and found.endpoints[0].type == "ckan" and found.endpoints[0].datasets is None
    assert "robots.txt forbids its API" in found.endpoints[0].evidence and "leave" in found.endpoints[0].evidence
    assert any("/api/3/" in address for address in found.forbidden)


def test_home_page_for_every_address_is_no_portal() -> None:
    with PortalServer() as server:
        server.routes |= {"/": Response(200, "text/html", HOME)}
        for rung in PROBES:
            server.routes[rung.path.split("?")[0]] = Response(200, "text/html", HOME)
        assert ask(server.url).endpoints == ()


def test_site_that_does_not_answer_is_said() -> None:
    found = ask("http://127.0.0.1:9/")
    assert found.best is None and found.fault and found.endpoints == ()
    assert "not a public address" in str(detect("http://127.0.0.1:9/", delay_s=0).fault)
    assert "no web address" in str(detect("ftp://x.example/", delay_s=0).fault)


def test_endless_responses_and_errors_do_no_harm() -> None:
    def endless(asked: Asked) -> Response:
        return Response(body=lambda: iter([b"[" * 65_536] * 100))

    with portal(**{"/data.json": endless, "/sitemap.xml": Response(500), "/sparql": endless}) as server:
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
        assert "Package " in winnow(tmp_path, "preview", spec.id).output

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


def sitemap_of(url: str, count: int, *more: str) -> Response:
    pages = [*more, *(f"{url}/dataset/p{n}" for n in range(count))]
    body = "<urlset>" + "".join(f"<url><loc>{one}</loc></url>" for one in pages) + "</urlset>"
    return Response(200, "application/xml", body.encode())


def test_pages_of_a_sitemap_are_not_counted_as_datasets() -> None:
    with portal(**{"/dataset/p0": Response(200, "text/html", PAGE)}) as server:
        server.routes["/sitemap.xml"] = sitemap_of(server.url, 89, "http://[x/")
        found = ask(server.url)
    assert found.best is not None and found.best.type == "ckan"
    lesser = next(one for one in found.endpoints if one.type == "sitemap")
    assert lesser.datasets is None and "90 pages" in lesser.evidence and lesser.confidence == 0.7


@pytest.mark.parametrize("has_api", [True, False])
def test_page_of_a_dataset_tells_of_its_site(has_api: bool) -> None:
    routes: dict[str, Any] = {path: Response(200, "text/html", PAGE) for path in ("/x/y/z", "/dataset/p0")}
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
        (b'<link href="/fanstatic/x.css">', b"Disallow: /api/3/", {("ckan", 0.4)}),
        (b'<meta name="description" content="We left Socrata">', b"Disallow: /api/", set()),
        (b"</head><body><p title='no socrata'>We left Socrata, see socrata.com</p>", b"Disallow: /api/", set()),
        (b"<script src='//hubcdn.arcgis.com/a.js'></script>", b"Disallow: /data.json", {("arcgis-hub", 0.4)}),
        (b"</head><body><a href='/geonetwork/srv/eng/catalog.search#/home'>Maps</a>", b"", {("csw", 0.4)}),
    ],
)
def test_software_is_told_by_a_page_only_by_its_machinery(head: bytes, robots: bytes, types: set[Any]) -> None:
    page = Response(200, "text/html", HOME.replace(b"<head>", b"<head>" + head))
    rules = Response(200, "text/plain", b"User-agent: *\n" + robots + b"\n")
    with PortalServer({"/": page, "/robots.txt": rules}) as server:
        assert {(one.type, one.confidence) for one in ask(server.url).endpoints} == types


def test_feed_at_an_unusual_place_is_named_by_its_own_address() -> None:
    with PortalServer({"/api/feed/dcat-us/1.1.json": feed(4)}) as server:
        found = ask(server.url)
        assert found.best is not None
        assert (found.best.type, found.best.url) == ("dcat-us", server.url + "/api/feed/dcat-us/1.1.json")


def test_one_host_is_asked_by_one_worker_at_a_time(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    busy: list[str] = []
    most: list[int] = []

    def look(url: str, **_: Any) -> DetectionReport:
        busy.append(url)
        most.append(sum("one.example" in other for other in busy))
        time.sleep(0.02)
        busy.remove(url)
        return DetectionReport(url=url)

    monkeypatch.setattr("harvester.detect.many.detect", look)
    path = tmp_path / "list.csv"
    path.write_text("url\n" + "".join(f"http://one.example/{n}\nhttp://h{n}.example\n" for n in range(9)))
    assert len(list(detect_all(path, tmp_path / "out.csv"))) == 18
    assert max(most) == 1


def test_look_that_finds_nothing_says_why_and_accuses_no_portal_of_our_limits() -> None:
    def slow(asked: Asked) -> Response:
        time.sleep(3)
        return feed(1)

    # Of a longer document of several datasets those that came are read.
    graph = [{"@id": "http://x.example/1", "@type": "dcat:Dataset", "dct:title": "x" * 80_000}]
    context = {"dct": "http://purl.org/dc/terms/", "dcat": "http://www.w3.org/ns/dcat#"}
    long = json.dumps({"@context": context, "@graph": graph}).encode()
    routes: dict[str, Any] = {
        "/a/data.json": as_json({"dataset": [{"title": "A"}, {"title": "B"}]}),
        "/b/data.json": as_json({"dataset": []}),
        "/c/data.json": slow,
        "/d.jsonld": Response(200, "application/ld+json", long),
        "/e/data.json": Response(500),
    }
    with PortalServer(routes) as server:
        specs = [
            spec("a", "dcat-us", server.url + "/a"),
            spec("b", "dcat-us", server.url + "/b"),
            spec("c", "dcat-us", server.url + "/c", limits={"deadline_s": 0.5}),
            spec("d", "dcat-rdf", server.url + "/d.jsonld", limits={"max_feed_bytes": 50_000}),
            spec("e", "dcat-us", server.url + "/e"),
        ]
        found = [preview(one) for one in specs]
    assert [one.verdict for one in found] == ["failed", "empty", "unknown", "unknown", "failed"]
    lists_none = "the portal lists no datasets"
    assert [lists_none in one.reasons for one in found] == [False, True, False, False, False]
    assert all(one.reasons for one in found) and "our own preview limit" in found[2].reasons[0]


def test_contact_is_named_where_a_portal_is_found_out(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    told: list[str] = []

    def look(url: str, **options: Any) -> DetectionReport:
        told.append(options["contact"])
        return DetectionReport(url=url)

    monkeypatch.setattr("harvester.detect.detect", look)
    for command in (["preview", "http://x.example"], ["portals", "check", "http://x.example"]):
        with pytest.raises(SpecError):
            winnow(tmp_path, *command, "--contact", "data@town.example")
    assert told == ["data@town.example"] * 2


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


def test_portals_that_stand_ready_say_that_they_are_untried(tmp_path: Path) -> None:
    found = json.loads(winnow(tmp_path, "portals", "--json").output)
    assert len(found) == 20 and {one["untried"] for one in found} == {"recording", "schema"}
    assert "untried" in winnow(tmp_path, "portals").output


def test_a_host_name_is_asked_no_more_often_than_an_address() -> None:
    """A site that redirects every path costs two requests a path; https, which fails here, counts as well."""

    class Everywhere(dict[str, Any]):
        def get(self, path: str, default: Any = None) -> Any:
            is_end = path.endswith("/x") or path == "/robots.txt"
            return Response(404) if is_end else Response(301, headers={"Location": path.partition("?")[0] + "/x"})

    with PortalServer(Everywhere()) as server:
        found = detect(server.url.removeprefix("http://"), allow_local=True, delay_s=0)
        sent = [path for _, path in server.requests if path != "/robots.txt"]
    assert found.endpoints == () and len(sent) < found.asked <= 70
