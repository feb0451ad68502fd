"""A CKAN as it comes out of the box, from its address to a scorecard in three commands, without editing a file."""

from __future__ import annotations

import csv
import json
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner, Result
from portal_server import Asked, PortalServer, Response, as_json, ckan_search
from stock_ckan import CONTACT, ROBOTS, SEARCH

from catalog.db.store import open_catalog
from harvester.cli.main import cli
from harvester.cli.registry import resolve
from harvester.detect import DetectionReport, detect
from specs.portals import load_file

HOME = b"""<!doctype html><html><head><meta name="generator" content="ckan 2.10.4"><title>Data of Larkholm</title>
</head><body data-site-root="/"></body></html>"""


class Clock:
    """A clock that advances only while something waits."""

    def __init__(self) -> None:
        self.at, self.waited = 1_000.0, 0.0

    def monotonic(self) -> float:
        return self.at

    def sleep(self, seconds: float) -> None:
        self.at += seconds
        self.waited += seconds

    async def sleep_too(self, seconds: float) -> None:
        self.sleep(seconds)


@pytest.fixture
def clock(monkeypatch: pytest.MonkeyPatch) -> Clock:
    found = Clock()
    for module in ("harvester.detect.asking", "harvester.http.politeness"):
        monkeypatch.setattr(f"{module}.monotonic", found.monotonic)
    monkeypatch.setattr("harvester.detect.asking.sleep", found.sleep)
    monkeypatch.setattr("harvester.http.politeness.sleep", found.sleep_too)
    return found


def packages(url: str, count: int) -> list[dict[str, Any]]:
    return [
        {"id": f"p{n}", "name": f"p{n}", "title": f"Package {n}", "notes": "What it is.", "license_id": "cc-by",
         "resources": [{"id": f"r{n}", "url": f"{url}/dataset/p{n}/f.csv", "format": "CSV"}]}
        for n in range(count)
    ]  # fmt: skip


def stock(**more: Response) -> PortalServer:
    server = PortalServer(
        {"/": Response(200, "text/html", HOME), "/robots.txt": Response(200, "text/plain", ROBOTS.encode())}
    )
    server.routes |= {SEARCH: ckan_search(packages(server.url, 3)), **more}
    return server


def winnow(data: Path, *arguments: str) -> Result:
    return CliRunner().invoke(cli, ["--data", str(data), *arguments], catch_exceptions=False)


def test_stock_ckan_from_detect_to_scorecard_in_three_commands(tmp_path: Path, clock: Clock) -> None:
    with stock() as server:
        found = winnow(tmp_path, "detect", server.url, "--save", "--allow-local", "--contact", CONTACT)
        assert found.exit_code == 0, found.output
        assert len(server.requests) <= 6 and clock.waited <= 60
        assert "long pauses" in found.stderr
        harvest = winnow(tmp_path, "harvest")
        assert harvest.exit_code == 0, harvest.output
        scores = winnow(tmp_path, "score")
        assert scores.exit_code == 0, scores.output
        export = winnow(tmp_path, "export")
    assert export.exit_code == 0, export.output
    with next((tmp_path / "exports").rglob("scorecard.csv")).open(encoding="utf-8-sig") as file_of_scores:
        assert list(csv.DictReader(file_of_scores))
    file = next((tmp_path / "portals").glob("*.toml"))
    text = file.read_text("utf-8")
    saved = load_file(file)
    assert (saved.type, saved.url, saved.title) == ("ckan", server.url, "Data of Larkholm")
    comments = [line for line in text.splitlines() if line.startswith("# ")]
    assert any("package_search" in line for line in comments) and any("API client" in line for line in comments)
    assert any("It loses" in line for line in comments)


def test_without_a_contact_nothing_is_recommended_that_the_next_command_may_not_do(clock: Clock) -> None:
    with stock() as server:
        found = detect(server.url, allow_local=True)
        assert not server.asked("/api/") and len(server.requests) <= 6
    assert found.best is None and any("--contact" in note for note in found.notes)


def test_feed_beside_a_forbidden_api_is_what_may_be_read(clock: Clock) -> None:
    turtle = b"""@prefix dcat: <http://www.w3.org/ns/dcat#> . @prefix dct: <http://purl.org/dc/terms/> .
        <http://x.example/1> a dcat:Dataset ; dct:identifier "1" ; dct:title "One" ."""
    with stock(**{"/catalog.ttl": Response(200, "text/turtle", turtle)}) as server:
        with_contact = detect(server.url, allow_local=True, contact=CONTACT)
        assert len(server.requests) <= 6
        del server.requests[:]
        without = detect(server.url, allow_local=True)
        assert len(server.requests) <= 6 and not server.asked("/api/")
    kinds = {one.type: one for one in with_contact.endpoints}
    assert with_contact.best is not None and with_contact.best.type == "ckan"
    assert kinds["dcat-rdf"].loses and kinds["dcat-rdf"].url.endswith("/catalog.ttl")
    assert any("Also offered: dcat-rdf" in line for line in with_contact.reasons())
    assert without.best is not None and without.best.type == "dcat-rdf"


def test_what_gives_no_record_is_not_recommended() -> None:
    calls = iter(range(99))

    def search(asked: Asked) -> Response:
        response = {"success": True, "result": {"count": 3, "results": []}}
        return as_json(response) if next(calls) == 0 else Response(403, "text/plain", b"no")

    feed = {"dataset": [{"identifier": "a", "title": "A", "keyword": ["x"], "accessLevel": "public"}]}
    with PortalServer({SEARCH: search, "/data.json": as_json(feed)}) as server:
        found = detect(server.url, allow_local=True, delay_s=0)
    assert found.best is not None and found.best.type == "dcat-us" and found.best.tried
    assert any("ckan" in note and "not recommended" in note for note in found.notes)


COUNT = {"head": {"vars": ["n"]}, "results": {"bindings": [{"n": {"type": "literal", "value": "2"}}]}}


@pytest.mark.parametrize("root", [Response(404), Response(200, "text/html", b""), Response(204), None])
@pytest.mark.parametrize("path", ["/ds/query", "/db/sparql", "/repositories/town"])
def test_endpoint_is_found_at_its_address_whatever_the_root_is(root: Response | None, path: str) -> None:
    def sparql(asked: Asked) -> Response:
        if "query" not in asked.query:
            return Response(400, "text/plain", b"no query")
        return as_json(COUNT)

    routes: dict[str, Any] = {path: sparql}
    if root is None:
        routes["/robots.txt"] = Response(200, "text/plain", f"User-agent: *\nAllow: {path}\nDisallow: /\n".encode())
    else:
        routes["/"] = root
    with PortalServer(routes) as server:
        found = detect(server.url + path, allow_local=True, delay_s=0)
    hit = next(one for one in found.endpoints if one.type == "sparql")
    assert (hit.url, hit.datasets) == (server.url + path, 2)


def test_slow_site_ends_in_time(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("harvester.detect.PATIENCE_S", 1.0)

    def slow(asked: Asked) -> Response:
        time.sleep(0.4)
        return Response(404)

    begun = time.monotonic()
    with PortalServer({"/": Response(200, "text/html", HOME)}) as server:
        for part in ("data.json", "catalog.ttl", "csw", "sparql", "oai", "sitemap.xml", "collections"):
            server.routes[f"/{part}"] = slow
        server.routes[SEARCH] = slow
        found = detect(server.url, allow_local=True, delay_s=0.2)
    assert time.monotonic() - begun < 6 and found.best is None and found.asked < 40


def test_all_portals_of_a_catalogue_are_taken_however_they_were_added(tmp_path: Path) -> None:
    file = tmp_path / "elsewhere" / "b.toml"
    data = tmp_path / "data"
    with PortalServer() as server:
        for name in "abc":
            server.routes[f"/{name}{SEARCH}"] = ckan_search([{"id": name, "title": name}])
        file.parent.mkdir()
        text = 'type = "ckan"\nlocal = true\n[limits]\ndelay_s = 0\npage_rows = 7\n'
        file.write_text(f'id = "b"\ntitle = "B"\nurl = "{server.url}/b"\n{text}')
        (data / "portals").mkdir(parents=True)
        (data / "portals" / "c.toml").write_text(f'id = "c"\ntitle = "C"\nurl = "{server.url}/c"\n{text}')
        first = winnow(data, "harvest", f"{server.url}/a", "--type", "ckan", "--allow-local")
        assert first.exit_code == 0, first.output
        assert winnow(data, "harvest", str(file)).exit_code == 0
        again = json.loads(winnow(data, "harvest", "--json").output)
    assert [row["verdict"] for row in again["portals"]] == ["complete"] * 3
    assert [row["portal"] for row in again["portals"]][1:] == ["b", "c"]
    assert next(one for one in resolve(data, []) if one.id == "b").limits.page_rows == 7
    for command in ("check", "validate", "score", "track", "export"):
        result = winnow(data, command, "--json")
        assert result.exit_code == 0, result.output
    with open_catalog(data / "catalog.db") as catalog:
        runs = catalog.rows("select command, portals from runs where command not like 'harvest %' order by id")
        scored = catalog.value("select count(distinct portal_id) from dataset_quality")
    assert [row["portals"] for row in runs] == [3, 3] and scored == 3


@pytest.mark.parametrize("command", ["check", "validate", "score", "track", "export", "diff", "serve", "approve"])
def test_folder_without_a_catalogue_is_refused_by_what_only_reads_one(command: str, tmp_path: Path) -> None:
    more = {"diff": ["20260101T000000Z"], "approve": ["p", "20260101T000000Z"]}.get(command, [])
    result = winnow(tmp_path / "none", command, *more)
    assert result.exit_code == 2 and "holds no catalogue" in result.output and not (tmp_path / "none").exists()


def test_terminal_shows_the_remedy_of_a_failed_harvest(tmp_path: Path) -> None:
    with PortalServer({"/robots.txt": Response(200, "text/plain", b"User-agent: *\nDisallow: /\n")}) as server:
        result = winnow(tmp_path, "harvest", server.url, "--type", "ckan", "--allow-local")
    assert result.exit_code == 3
    assert "what to do" in result.output and 'obey_robots = "never"' in " ".join(result.output.split())


def test_contact_of_the_configuration_or_the_environment_is_taken(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    told: list[str] = []

    def look(url: str, **options: Any) -> DetectionReport:
        told.append(options["contact"])
        return DetectionReport(url=url)

    monkeypatch.setattr("harvester.detect.detect", look)
    winnow(tmp_path, "detect", "x.example")
    (tmp_path / "winnow.toml").write_text('contact = "a@b.example"\n')
    winnow(tmp_path, "detect", "x.example")
    monkeypatch.setenv("WINNOW_CONTACT", "c@d.example")
    winnow(tmp_path, "detect", "x.example")
    winnow(tmp_path, "detect", "x.example", "--contact", "e@f.example")
    assert told == ["no contact given", "a@b.example", "c@d.example", "e@f.example"]
    (tmp_path / "winnow.toml").write_text("contcat = 1\n")
    assert winnow(tmp_path, "detect", "x.example").exit_code == 2


def test_login_in_an_address_is_not_looked_at(tmp_path: Path) -> None:
    result = winnow(tmp_path, "detect", "http://ann:hunter2@127.0.0.1:1/", "--allow-local")
    assert result.exit_code == 3 and "[auth]" in result.output and "hunter2" not in result.output


@pytest.fixture(autouse=True)
def no_contact_around(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    monkeypatch.delenv("WINNOW_CONTACT", raising=False)
    return None
