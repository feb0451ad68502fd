"""The demo portals over real HTTP: every quirk can be reached, and the nights differ as the story tells."""

from __future__ import annotations

import csv
import io
import json
import time
import zipfile
from collections.abc import Iterator
from typing import Any

import pytest
import python_calamine
import requests

from harvester.demo import STORY, DemoServer
from harvester.demo.hostile import DROP_TABLE, FORMULA, MARKUP, TRAVERSAL
from harvester.demo.server import DISALLOWED, SITES
from specs.errors import parse
from specs.portals import PortalSpec

ENDLESS = ("endless.csv", "drip.csv")


@pytest.fixture(scope="module")
def running() -> Iterator[DemoServer]:
    with DemoServer() as server:
        yield server


@pytest.fixture
def server(running: DemoServer) -> DemoServer:
    running.night = 1
    return running


@pytest.fixture(scope="module")
def http() -> Iterator[requests.Session]:
    with requests.Session() as session:
        yield session


def action(server: DemoServer, http: requests.Session, name: str, base: str = "/solmark/data", **query: Any) -> Any:
    response = http.get(f"{server.url}{base}/api/3/action/{name}", params=query)
    assert response.ok, response.text
    assert response.json()["success"] is True
    return response.json()["result"]


def everything(server: DemoServer, http: requests.Session, base: str = "/solmark/data") -> list[dict[str, Any]]:
    packages: list[dict[str, Any]] = []
    while True:
        page = action(server, http, "package_search", base, rows=1000, start=len(packages), sort="id asc")
        if not page["results"]:
            assert len(packages) == page["count"]
            return packages
        packages += page["results"]


def feed(server: DemoServer, http: requests.Session) -> list[dict[str, Any]]:
    body = http.get(f"{server.url}/verdania/data.json").content
    records: list[dict[str, Any]] = json.loads(body.decode("utf-8-sig"))["dataset"]
    return records


def named(packages: list[dict[str, Any]], name: str) -> dict[str, Any]:
    return next(package for package in packages if package["name"] == name)


def test_portals_are_valid_specs(server: DemoServer) -> None:
    specs = [parse(PortalSpec, portal, portal["id"]) for portal in server.portals()]
    assert [(spec.id, spec.type) for spec in specs] == [
        ("solmark", "ckan"),
        ("verdania", "dcat-us"),
        ("harborview", "ckan"),
    ]
    assert all(spec.local and spec.url.startswith(server.url) for spec in specs)


# CKAN


def test_paging_returns_all_in_pages_of_ten(server: DemoServer, http: requests.Session) -> None:
    assert len(action(server, http, "package_search", rows=1000)["results"]) == 10
    packages = everything(server, http)
    ids = [package["id"] for package in packages]
    assert ids == sorted(set(ids))
    assert len(ids) == 26
    assert len(everything(server, http, "/harborview")) == 6
    assert action(server, http, "package_list") == sorted(package["name"] for package in packages)
    assert "draft-defence-spending" not in action(server, http, "package_list")
    assert action(server, http, "package_search", rows=0)["results"] == []


def test_search_understands_queries_filters_sorting_and_facets(server: DemoServer, http: requests.Session) -> None:
    def names(**query: Any) -> list[str]:
        return [package["name"] for package in action(server, http, "package_search", **query)["results"]]

    assert names(q="bus stops") == ["bus-stops"]
    assert names(q="tags:budget") == ["national-budget-2025"]
    assert names(fq="metadata_modified:[* TO 2020-01-01T00:00:00Z]") == ["legacy-yearbook"]
    assert set(names(fq="organization:ministry-of-transport -type:harvest")) == {"bus-stops"}
    assert names(sort="name asc")[0] == "air-quality-daily"
    facets = action(server, http, "package_search", **{"facet.field": '["organization"]'})["facets"]
    assert facets["organization"]["ministry-of-transport"] == 1
    off = action(server, http, "package_search", **{"facet.field": '["organization"]', "facet": "false"})
    assert off["facets"] == {}


@pytest.mark.parametrize(
    ("path", "status", "text"),
    [
        ("package_search?rows=many", 409, "natural number"),
        ("package_search?start=-1", 409, "natural number"),
        ("package_search?sort=size", 400, "sort"),
        ("package_search?colour=red", 400, "colour"),
        ("package_search?facet.field=tags", 409, "JSON list"),
        ("package_search?fq=metadata_modified:[2026-01-01 TO *]", 409, "Date"),
        ("package_search?q={!x", 409, "parse"),
        ("package_show", 409, "Missing value"),
        ("package_show?id=nothing", 404, "Not found"),
        ("package_show?id=draft-defence-spending", 403, "Access denied"),
    ],
)
def test_bad_parameters_are_refused_in_an_envelope(
    server: DemoServer, http: requests.Session, path: str, status: int, text: str
) -> None:
    response = http.get(f"{server.url}/solmark/data/api/3/action/{path}")
    assert response.status_code == status
    assert response.json()["success"] is False
    assert text in response.json()["error"]["message"]


def test_unknown_action_and_bad_json_are_bare_strings(server: DemoServer, http: requests.Session) -> None:
    base = f"{server.url}/solmark/data/api/3/action"
    for response in (http.get(f"{base}/package_guess"), http.post(f"{base}/package_search", data="{")):
        assert response.status_code == 400
        assert isinstance(response.json(), str)
    assert http.get(f"{server.url}/solmark/data/api/rest/package").status_code == 404
    # Some firewalls let nothing but a JSON body through, so that has to work too.
    assert http.post(f"{base}/package_show", json={"id": "bus-stops"}).json()["result"]["title"] == "Bus stops"
    assert action(server, http, "status_show")["site_title"] == "Solmark Open Data"


def test_ckan_quirks(server: DemoServer, http: requests.Session) -> None:
    packages = everything(server, http)
    budget = named(packages, "national-budget-2025")
    extras = {extra["key"]: extra["value"] for extra in budget["extras"]}
    assert json.loads(extras["spatial"])["type"] == "Polygon"
    assert budget["metadata_modified"] == "2026-02-11T14:03:27.118840"
    assert isinstance(named(packages, "energy-prices")["title"], dict)
    assert named(packages, "energy-prices")["organization"] is None
    assert named(packages, "legacy-yearbook")["resources"][0]["url"] == ""
    contracts = named(packages, "procurement-contracts")["resources"]
    assert [resource["format"] for resource in contracts] == ["EXCEL", ".csv"]
    assert contracts[1]["url_type"] == "upload"
    assert http.get(contracts[1]["url"]).content.startswith(b"contract_id,")
    licences = {p["name"]: (p["license_id"], p.get("license_url")) for p in packages}
    assert licences["national-budget-2025"] == ("CC-BY-4.0", "https://creativecommons.org/licenses/by/4.0/")
    assert licences["bus-stops"] == (None, "https://opendatacommons.org/licenses/odbl/1-0/")
    assert licences["crime-statistics"] == ("notspecified", None)
    assert "see the imprint" in named(packages, "qualite-de-l-eau")["license_title"]
    air = named(packages, "air-quality-daily")["resources"][0]
    assert air["size"] != len(http.get(air["url"]).content)
    assert budget["resources"][0]["size"] == len(http.get(budget["resources"][0]["url"]).content)


def test_hostile_records_are_served_and_pages_escape_them(server: DemoServer, http: requests.Session) -> None:
    packages = everything(server, http)
    markup = named(packages, "hostile-markup")
    assert markup["title"] == MARKUP
    assert (len(markup["notes"]), len(markup["tags"])) == (20_000, 500)
    assert named(packages, "hostile-sql")["id"] == TRAVERSAL
    assert named(packages, "hostile-sql")["title"] == DROP_TABLE
    assert "\x00" in named(packages, "hostile-sql")["notes"]
    assert "\u202e" in named(packages, "hostile-bodies")["title"]
    assert named(packages, "hostile-formula")["title"] == FORMULA
    urls = [resource["url"] for resource in named(packages, "hostile-addresses")["resources"]]
    assert urls[:4] == [
        "http://169.254.169.254/latest/meta-data/",
        "http://10.0.0.1/",
        "file:///etc/passwd",
        "javascript:alert(1)",
    ]
    assert http.get(urls[4], allow_redirects=False).headers["Location"].startswith("http://10.0.0.1/")
    assert "<script>" not in http.get(f"{server.url}/solmark/data/dataset/hostile-markup").text


# data.json


def test_data_json_quirks(server: DemoServer, http: requests.Session) -> None:
    response = http.get(f"{server.url}/verdania/data.json")
    assert response.content.startswith(b"\xef\xbb\xbf{")
    records = feed(server, http)
    assert len(records) == 14
    ids = [record.get("identifier") for record in records]
    assert ids.count(None) == 1
    assert ids.count("VER-POL") == 2
    assert TRAVERSAL in ids
    by_id = {record.get("identifier"): record for record in records}
    assert isinstance(by_id["VER-GAS-2025"]["distribution"], dict)
    assert "distribution" not in by_id["VER-AIR"]
    assert isinstance(by_id["VER-CEN"]["keyword"], str)
    assert by_id["VER-PRE-2025"]["accrualPeriodicity"] == "R/P1Y"
    assert by_id["VER-PRE-2025"]["contactPoint"]["hasEmail"].startswith("mailto:")


# Files


@pytest.mark.parametrize(
    ("name", "status"),
    [
        ("crime-2024.csv", 404),
        ("gone.csv", 410),
        ("server-error.csv", 500),
        ("challenge.csv", 403),
        ("too-many.csv", 429),
        ("members-only.csv", 401),
        ("empty.csv", 200),
        ("loop-a.csv", 302),
    ],
)
def test_broken_and_blocked_files(server: DemoServer, http: requests.Session, name: str, status: int) -> None:
    response = http.get(f"{server.url}/solmark/files/{name}", allow_redirects=False)
    assert response.status_code == status
    match name:
        case "challenge.csv":
            assert response.headers["Server"] == "cloudflare"
            assert "Just a moment" in response.text
        case "too-many.csv":
            assert response.headers["Retry-After"] == "1"
        case "members-only.csv":
            assert response.headers["WWW-Authenticate"].startswith("Basic")
        case "empty.csv":
            assert response.content == b""
        case "loop-a.csv":
            with pytest.raises(requests.TooManyRedirects):
                http.get(response.url)


def test_lying_files(server: DemoServer, http: requests.Session) -> None:
    def get(name: str) -> tuple[str, bytes]:
        response = http.get(f"{server.url}/solmark/files/{name}")
        assert response.status_code == 200
        return response.headers["Content-Type"].partition(";")[0], response.content

    kind, body = get("population.csv")
    assert (kind, body[:15]) == ("text/csv", b"<!DOCTYPE html>")
    kind, body = get("beds.csv")
    assert kind == "text/html" and b"Page not found" in body
    assert json.loads(get("beds.json")[1])["success"] is False
    kind, body = get("tariffs.csv")
    assert kind == "text/csv" and body.startswith(b"PK\x03\x04")
    kind, body = get("tariffs.xls")
    assert kind == "application/vnd.ms-excel" and body.startswith(b"<html><body><table")
    kind, body = get("accidents-2025.csv")
    assert kind == "text/csv" and b"\t" in body and b"," not in body


def test_tables_are_good_or_bad_as_meant(server: DemoServer, http: requests.Session) -> None:
    def text(path: str, encoding: str = "utf-8") -> str:
        return http.get(f"{server.url}{path}").content.decode(encoding)

    def rows(path: str) -> list[list[str]]:
        return list(csv.reader(io.StringIO(text(path))))

    good = rows("/solmark/files/budget-2025.csv")
    assert {len(row) for row in good} == {5}
    assert "référence" in text("/solmark/files/depenses-2024.csv", "cp1252").splitlines()[0].split(";")
    with pytest.raises(UnicodeDecodeError):
        text("/solmark/files/depenses-2024.csv")
    assert {len(row) for row in rows("/harborview/files/trinkwasser.csv")} == {3, 4, 5}
    typed = [row[3] for row in rows("/solmark/files/accidents.csv")[1:]]
    assert 0 < sum(not cell.isdigit() for cell in typed) < len(typed) / 10
    salaries = rows("/solmark/files/salaries.csv")
    assert salaries[0].count("minimum") == 2
    assert len({tuple(row) for row in salaries}) < len(salaries)


def test_other_formats_open(server: DemoServer, http: requests.Session) -> None:
    def get(path: str) -> bytes:
        return http.get(f"{server.url}{path}").content

    book = python_calamine.CalamineWorkbook.from_filelike(io.BytesIO(get("/solmark/files/contracts.xlsx")))
    table = book.get_sheet_by_name("Contracts").to_python()
    assert table[0] == ["contract_id", "buyer", "supplier", "award_date", "value", "currency"]
    assert len(table) == 501
    points = json.loads(get("/solmark/files/bus-stops.geojson"))
    assert len(points["features"]) == 400
    with zipfile.ZipFile(io.BytesIO(get("/solmark/files/bus-stops.zip"))) as archive:
        assert archive.namelist() == ["bus-stops.csv"]
        assert len(archive.read("bus-stops.csv").splitlines()) == 401
    pdf = get("/solmark/files/budget-2025.pdf")
    at = int(pdf.split()[-2])
    assert pdf[at : at + 4] == b"xref"


def test_good_files_have_an_ordinary_size(server: DemoServer, http: requests.Session) -> None:
    small = {"population.csv", "traversal.csv", "empty.csv", "bomb.csv", "bomb.csv.gz", "beds.csv"}
    for site in SITES:
        for name in site.files(1):
            reply = http.head(f"{server.url}/{site.id}/files/{name}", allow_redirects=False)
            if reply.status_code == 200 and name not in small | {*ENDLESS} and reply.headers.get("ETag"):
                assert 4_000 < int(reply.headers["Content-Length"]) < 200_000, name


def test_bomb_unpacks_to_ten_megabytes(server: DemoServer, http: requests.Session) -> None:
    response = http.get(f"{server.url}/solmark/files/bomb.csv")
    assert response.headers["Content-Encoding"] == "gzip"
    assert int(response.headers["Content-Length"]) < 20_000
    assert len(response.content) == 10_000_000


def test_endless_and_slow_bodies_begin(server: DemoServer) -> None:
    with requests.get(f"{server.url}/solmark/files/endless.csv", stream=True, timeout=5) as response:
        assert response.headers["Transfer-Encoding"] == "chunked"
        blocks = response.iter_content(50_000)
        assert sum(len(next(blocks)) for _ in range(20)) > 50_000
    started = time.monotonic()
    with requests.get(f"{server.url}/solmark/files/drip.csv", stream=True, timeout=5) as response:
        assert response.headers["Content-Length"] == "150"
        assert len(response.raw.read(3)) == 3
    assert 0.3 < time.monotonic() - started < 5


# HTTP


@pytest.mark.parametrize(
    "path",
    [
        "/",
        "/robots.txt",
        "/solmark/data",
        "/solmark/data/api/3/action/package_search",
        "/solmark/files/budget-2025.csv",
        "/solmark/files/challenge.csv",
        "/solmark/files/endless.csv",
        "/solmark/files/no-such.csv",
        "/verdania/data.json",
    ],
)
def test_head_is_get_without_the_body(server: DemoServer, http: requests.Session, path: str) -> None:
    head = http.head(server.url + path)
    with requests.get(server.url + path, stream=True) as got:
        assert head.status_code == got.status_code
        assert head.content == b""
        # Of the two that differ, one is the clock's and the other the connection's.
        ours, theirs = ({k: v for k, v in r.headers.items() if k not in ("Date", "Connection")} for r in (head, got))
        assert ours == theirs


def test_ranges(server: DemoServer, http: requests.Session) -> None:
    url = f"{server.url}/solmark/files/budget-2025.csv"
    whole = http.get(url).content
    size = len(whole)

    def part(span: str, **more: str) -> requests.Response:
        return http.get(url, headers={"Range": span, **more})

    for span, low, high in (("0-99", 0, 100), ("100-", 100, size), ("-10", size - 10, size), ("5-9999999", 5, size)):
        response = part(f"bytes={span}")
        assert response.status_code == 206
        assert response.headers["Content-Range"] == f"bytes {low}-{high - 1}/{size}"
        assert response.content == whole[low:high]
    response = part(f"bytes={size}-")
    assert (response.status_code, response.headers["Content-Range"]) == (416, f"bytes */{size}")
    for nonsense in ("bytes=9-5", "bytes=-", "lines=1-2", "bytes=0-1,4-5", "bytes=a-b"):
        assert part(nonsense).status_code == 200
    assert part("bytes=0-9", **{"If-Range": '"other"'}).status_code == 200
    assert part("bytes=0-9", **{"If-Range": response.headers["ETag"]}).status_code == 206
    assert http.head(url, headers={"Range": "bytes=0-9"}).status_code == 200


@pytest.mark.parametrize(
    "path",
    [
        "/verdania/data.json",
        "/solmark/files/budget-2025.csv",
        "/solmark/data/dataset/bus-stops",
        "/harborview/api/3/action/package_search",
    ],
)
def test_unchanged_is_304(server: DemoServer, http: requests.Session, path: str) -> None:
    url = server.url + path
    first = http.get(url)
    tag, date = first.headers["ETag"], first.headers["Last-Modified"]
    assert date == "Mon, 02 Mar 2026 06:30:00 GMT"
    fresh: tuple[dict[str, str], ...] = (
        {"If-None-Match": tag},
        {"If-None-Match": f'"a", W/{tag}'},
        {"If-None-Match": "*"},
        {"If-Modified-Since": date},
    )
    for headers in fresh:
        response = http.get(url, headers=headers)
        assert (response.status_code, response.content) == (304, b"")
        assert response.headers["ETag"] == tag
    stale: tuple[dict[str, str], ...] = (
        {"If-None-Match": '"other"', "If-Modified-Since": date},
        {"If-Modified-Since": "Sun, 01 Mar 2026 06:30:00 GMT"},
        {"If-Modified-Since": "yesterday"},
    )
    for headers in stale:
        assert http.get(url, headers=headers).status_code == 200


def test_validators_of_the_first_night_notice_the_second(server: DemoServer, http: requests.Session) -> None:
    paths = ("/verdania/data.json", "/harborview/files/trinkwasser.csv")
    before = {path: http.head(server.url + path).headers for path in paths}
    same = http.head(f"{server.url}/solmark/files/budget-2025.csv").headers["ETag"]
    server.night = 2
    for path, headers in before.items():
        for asked, given in (("If-None-Match", "ETag"), ("If-Modified-Since", "Last-Modified")):
            assert http.get(server.url + path, headers={asked: headers[given]}).status_code == 200
    unchanged = http.get(f"{server.url}/solmark/files/budget-2025.csv", headers={"If-None-Match": same})
    assert unchanged.status_code == 304


def test_robots_keeps_one_folder_that_a_record_points_to(server: DemoServer, http: requests.Session) -> None:
    assert f"Disallow: {DISALLOWED}" in http.get(f"{server.url}/robots.txt").text
    (parcels,) = named(everything(server, http), "land-parcels")["resources"]
    assert parcels["url"].startswith(server.url + DISALLOWED)


def test_requests_are_logged(server: DemoServer, http: requests.Session) -> None:
    server.requests.clear()
    http.head(f"{server.url}/robots.txt?a=b")
    http.get(f"{server.url}/")
    assert server.requests == [("HEAD", "/robots.txt?a=b"), ("GET", "/")]


# The two nights


def observe(server: DemoServer, http: requests.Session) -> tuple[dict[Any, Any], dict[str, Any]]:
    """Every record by (portal, identifier, n-th of that name), and the response of every file of ours."""
    portals = {
        "solmark": everything(server, http),
        "verdania": feed(server, http),
        "harborview": everything(server, http, "/harborview"),
    }
    records: dict[Any, Any] = {}
    for portal, found in portals.items():
        for record in found:
            key = portal, record.get("identifier" if portal == "verdania" else "id")
            records[(*key, sum(k[:2] == key for k in records))] = record
    answers: dict[str, Any] = {}
    for site in SITES:
        for name in sorted({*site.files(1), *site.files(2)} - {*ENDLESS}):
            path = f"/{site.id}/files/{name}"
            response = http.get(server.url + path, allow_redirects=False)
            answers[path] = response.status_code, response.content
    return records, answers


WORDS = {"license_id": "licence", "license_title": "licence", "license_url": "licence", "isopen": "licence"}
WORDS |= {"title": "title", "metadata_modified": "record_modified", "format": "format", "mimetype": "format"}


def changed(before: dict[str, Any], after: dict[str, Any]) -> set[str]:
    words: set[str] = set()
    for key in before.keys() | after.keys():
        old, new = before.get(key), after.get(key)
        if key == "resources" and old != new:
            assert isinstance(old, list) and isinstance(new, list)
            for left, right in zip(old, new, strict=True):
                words |= changed(left, right)
        elif old != new:
            words.add(WORDS[key])
    return words


def test_nights_differ_exactly_as_the_story_tells(server: DemoServer, http: requests.Session) -> None:
    before, files_before = observe(server, http)
    server.night = 2
    after, files_after = observe(server, http)

    def told(*kinds: str) -> set[tuple[str, str]]:
        return {(change.portal, change.dataset) for change in STORY if change.kind in kinds}

    assert {key[:2] for key in after.keys() - before.keys()} == told("added")
    assert {key[:2] for key in before.keys() - after.keys()} == told("removed")
    differ = {key[:2]: changed(before[key], after[key]) for key in before.keys() & after.keys()}
    improved = {(c.portal, c.dataset): set(c.fields) for c in STORY if c.kind == "improved"}
    assert {key: words for key, words in differ.items() if words} == improved

    moved = {path for path in files_before if files_before[path] != files_after[path]}
    new = {f"/{c.portal}/files/{name}" for c in STORY if c.kind == "added" for name in ("tides.csv", "reefs.csv")}
    assert moved - new == {change.file for change in STORY if change.file}
    for change in STORY:
        if change.file is None:
            continue
        assert any(change.file in json.dumps(r) for k, r in before.items() if k[:2] == (change.portal, change.dataset))
        (old_status, old), (new_status, body) = files_before[change.file], files_after[change.file]
        match change.kind:
            case "link_broken":
                assert (old_status, new_status) == (200, 404)
            case "link_repaired":
                assert (old_status, new_status) == (404, 200)
            case "content_repaired":
                assert old.startswith(b"<!DOCTYPE") and body.startswith(b"district,year,")
            case "table_fixed":
                assert len({len(row) for row in csv.reader(io.StringIO(body.decode()))}) == 1
            case _:
                pytest.fail(f"{change.kind} has no file")


def test_story_has_what_was_promised() -> None:
    kinds = [change.kind for change in STORY]
    assert {kind: kinds.count(kind) for kind in kinds} == {
        "added": 2,
        "removed": 2,
        "improved": 2,
        "link_broken": 1,
        "link_repaired": 1,
        "content_repaired": 1,
        "table_fixed": 1,
    }


def test_every_start_serves_the_same(server: DemoServer, http: requests.Session) -> None:
    with DemoServer() as other:
        assert other.url != server.url
        for path in (
            "/solmark/files/contracts.xlsx",
            "/solmark/files/bomb.csv.gz",
            "/harborview/files/trinkwasser.csv",
        ):
            assert http.head(other.url + path).headers["ETag"] == http.head(server.url + path).headers["ETag"]
        ids = [[package["id"] for package in everything(one, http)] for one in (other, server)]
        assert ids[0] == ids[1]


# The end


def test_shutdown_does_not_wait_for_clients() -> None:
    server = DemoServer()
    with server, requests.Session() as idle:
        idle.get(f"{server.url}/")
        endless = requests.get(f"{server.url}/solmark/files/endless.csv", stream=True, timeout=5)
        drip = requests.get(f"{server.url}/solmark/files/drip.csv", stream=True, timeout=5)
        url = server.url
        started = time.monotonic()
        server.__exit__(None, None, None)
        assert time.monotonic() - started < 1
        endless.close()
        drip.close()
        with pytest.raises(requests.ConnectionError):
            idle.get(f"{url}/")
    with pytest.raises(RuntimeError, match="not running"):
        _ = server.url


def test_there_are_two_nights(server: DemoServer) -> None:
    with pytest.raises(ValueError, match="1 or 2"):
        server.night = 3
