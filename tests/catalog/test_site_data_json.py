"""``/data.json``: the catalogue in DCAT-US 1.1, whole or page by page; what no record says is not in it."""

from __future__ import annotations

import json
from collections.abc import Iterator
from contextlib import closing
from importlib.resources import files
from pathlib import Path
from typing import Any

import jsonschema
import pytest

from catalog.db.store import open_catalog
from catalog.site.machine import paging, routes
from catalog.site.serve import publish
from tests.catalog.browsing import OF_THE_SITE, Site

pytestmark = OF_THE_SITE

HOME = "https://data.example.org"
RUN = "20261124T010000Z"
FULL = {
    "identifier": "roads", "title": "Roads", "description": "All roads", "keywords": '["roads"]',
    "themes": '["Transport"]', "licence": "CC-BY-4.0", "access_rights": "public", "issued": "2020-01-31",
    "modified": "31.12.2025", "frequency": "annual", "spatial": '["Utah", "USA"]', "temporal_start": "2020-01-01",
    "temporal_end": "2025-12-31", "language": '["en"]', "landing_page": "https://p.example/roads",
    "contact_name": "Office of Roads", "contact_email": "data@p.example", "bureau_codes": '["015:11"]',
    "program_codes": '["015:001"]', "documentation": '["https://p.example/about"]', "publisher_id": "p-o",
}  # fmt: skip


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Site]:
    folder = tmp_path_factory.mktemp("data-json")
    with open_catalog(folder / "catalog.db") as catalog, catalog.writing():
        catalog.upsert("portals", [{"id": "p", "title": "P"}])
        catalog.upsert("harvests", [{"id": f"{RUN}/p", "run_id": RUN, "portal_id": "p", "verdict": "complete"}])
        catalog.upsert("publishers", [{"id": "p-o", "portal_id": "p", "name": "Office of Roads", "parent": "Gov"}])
        own = {"portal_id": "p", "status": "present"}
        catalog.upsert("datasets", [FULL | {"id": "p-full"} | own])
        catalog.upsert("datasets", [{"id": f"p-{n:03}", "identifier": f"same-{n // 2}"} | own for n in range(7)])
        catalog.upsert("datasets", [{"id": "p-gone", "identifier": "gone", "portal_id": "p", "status": "retired"}])
        file = {"id": "f", "dataset_id": "p-full", "portal_id": "p", "is_retired": 0, "title": "Table", "position": 0}
        file |= {"download_url": "https://p.example/roads.csv", "access_url": None, "format": "CSV"}
        page = file | {"id": "g", "download_url": None, "access_url": "https://p.example/map", "format": None}
        catalog.upsert("distributions", [file, page | {"position": 1}])
    publish(folder / "catalog.db", folder / "public" / "catalog.db")
    with closing(Site(folder / "public" / "catalog.db", public_url=HOME)) as opened:
        yield opened


def by_id(site: Site) -> dict[str, dict[str, Any]]:
    response = site.get("/data.json")
    assert response.status_code == 200 and response.headers["content-type"].startswith("application/json")
    return {one["identifier"]: one for one in response.json()["dataset"]}


def test_a_record_that_states_everything_is_valid_for_federal_agencies(site: Site) -> None:
    one = by_id(site)["roads"]
    schema = json.loads((files("specs.standards") / "dcat_us_1_federal.json").read_text("utf-8"))
    jsonschema.Draft202012Validator(schema).validate(one)
    assert (one["accrualPeriodicity"], one["modified"], one["accessLevel"]) == ("R/P1Y", "2025-12-31", "public")
    assert one["publisher"]["name"] == "Office of Roads" and one["publisher"]["subOrganizationOf"]["name"] == "Gov"
    assert one["contactPoint"] == {
        "@type": "vcard:Contact",
        "fn": "Office of Roads",
        "hasEmail": "mailto:data@p.example",
    }
    assert one["distribution"] == [
        {"@type": "dcat:Distribution", "title": "Table", "downloadURL": "https://p.example/roads.csv",
         "mediaType": "text/csv", "format": "CSV"},
        {"@type": "dcat:Distribution", "title": "Table", "accessURL": "https://p.example/map"},
    ]  # fmt: skip
    assert (one["temporal"], one["spatial"], one["language"]) == ("2020-01-01/2025-12-31", "Utah", ["en"])


def test_nothing_is_there_that_no_record_says(site: Site) -> None:
    found = by_id(site)
    assert found["same-3"] == {"@type": "dcat:Dataset", "identifier": "same-3"}
    # Two datasets with one identifier would be one to a reader.
    assert {f"{HOME}/dataset/p-{n:03}" for n in range(6)} < found.keys()
    assert len(found) == 8 and "gone" not in found


def test_the_pages_together_are_the_whole(site: Site, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(paging, "MOST", 3)
    head = site.get("/data.json").json()
    whole = head.pop("dataset")
    assert head["@id"] == f"{HOME}/data.json" and head["conformsTo"] == "https://project-open-data.cio.gov/v1.1/schema"
    address, pages = "/data.json?page=first", []
    while address:
        response = site.get(address)
        pages.append(response.json()["dataset"])
        address = response.links.get("next", {}).get("url", "").removeprefix(HOME)
    assert [len(page) for page in pages] == [3, 3, 2] and sum(pages, []) == whole
    assert site.get("/data.json?page=20200101T000000Z").status_code == 410
    assert site.get("/data.json?page=~").status_code == 400


def test_a_catalogue_that_is_too_large_is_refused_in_words(site: Site, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(routes, "DATA_JSON_MAX", 7)
    # Each of these is asked for once: finished answers are kept.
    refused = site.get("/data.json", n="1")
    assert refused.status_code == 413 and f"{HOME}/data.json?page=first" in refused.text
    monkeypatch.setattr(routes, "DATA_JSON_MAX", 8)
    monkeypatch.setattr(routes, "_sending", {object(), object()})
    assert site.get("/data.json", n="2").status_code == 429


def test_an_empty_catalogue_is_an_empty_list(tmp_path: Path) -> None:
    with open_catalog(tmp_path / "catalog.db"):
        pass
    publish(tmp_path / "catalog.db", tmp_path / "public" / "catalog.db")
    with closing(Site(tmp_path / "public" / "catalog.db")) as empty:
        assert empty.get("/data.json").json()["dataset"] == []
        assert empty.get("/catalog.ttl").status_code == 200
