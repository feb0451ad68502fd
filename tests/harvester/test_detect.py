"""What stands behind an address is told by what it answers, politely; and previews leave nothing behind."""

from __future__ import annotations

import csv
import json
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner, Result
from portal_server import Answer, Asked, PortalServer, as_json, ckan_search

from harvester.cli import cli
from harvester.detect import Detection, detect
from harvester.detect.ladder import LADDER, bases_of, home_of
from harvester.detect.many import addresses, detect_all
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
