"""The demo portals over real HTTP: every quirk of their APIs can be reached."""

from __future__ import annotations

import json
import time
from typing import Any

import pytest
import requests
from demo_client import action, everything, feed, named

from harvester.demo import DemoServer
from harvester.demo.hostile import DROP_TABLE, FORMULA, MARKUP, TRAVERSAL
from harvester.demo.server import DISALLOWED
from specs.errors import parse
from specs.portals import PortalSpec


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


def test_robots_keeps_one_folder_that_a_record_points_to(server: DemoServer, http: requests.Session) -> None:
    assert f"Disallow: {DISALLOWED}" in http.get(f"{server.url}/robots.txt").text
    (parcels,) = named(everything(server, http), "land-parcels")["resources"]
    assert parcels["url"].startswith(server.url + DISALLOWED)


def test_requests_are_logged(server: DemoServer, http: requests.Session) -> None:
    server.requests.clear()
    http.head(f"{server.url}/robots.txt?a=b")
    http.get(f"{server.url}/")
    assert server.requests == [("HEAD", "/robots.txt?a=b"), ("GET", "/")]


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
