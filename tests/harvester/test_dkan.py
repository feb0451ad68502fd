"""Quirks of DKAN that its tape cannot show: its search, and the two lists of DKAN 1."""

from __future__ import annotations

from typing import Any

import pytest
from portal_server import Asked, PortalServer, Response, as_json, harvest, harvested, spec

from catalog.db.store import Catalog
from catalog.repositories.reading import datasets
from harvester.spiders.dkan.record import to_dataset

ITEMS = "/api/1/metastore/schemas/dataset/items"
SEARCH = "/api/1/search"
PACKAGES = "/api/3/action/current_package_list_with_resources"
SHOW = "/api/3/action/package_show"


def search(count: int, *, gone: frozenset[int] = frozenset()) -> Any:
    """Work as the search: records by page as an object, at most 100, some of which are in the index but no longer
    stored."""

    def respond(asked: Asked) -> Response:
        page, size = int(asked.query["page"]), min(int(asked.query["page-size"]), 100)
        numbers = [n for n in range((page - 1) * size, min(page * size, count)) if n not in gone]
        results = {f"dkan_dataset/d{n}": {"identifier": f"d{n}", "title": f"T {n}", "keyword": ["k"]} for n in numbers}
        return as_json({"total": count, "results": results or []})

    return respond


@pytest.mark.parametrize(
    "refusal", [Response(404), Response(403, "text/plain", b"closed"), Response(500, "text/plain", b"out of memory")]
)
def test_where_the_whole_list_is_not_to_be_had_the_search_is_paged(refusal: Response, catalog: Catalog) -> None:
    with PortalServer({ITEMS: refusal, SEARCH: search(230)}) as server:
        harvest(catalog, spec("p", "dkan", server.url, limits={"timeout_s": 5}))
    row = harvested(catalog, "p")
    assert (row["verdict"], row["datasets"], row["advertised"]) == ("complete", 230, 230), row["reasons"]


def test_a_list_that_is_too_long_for_memory_is_read_by_the_search(catalog: Catalog) -> None:
    long = as_json([{"identifier": f"d{n}", "title": "x" * 100} for n in range(100)])
    with PortalServer({ITEMS: long, SEARCH: search(100)}) as server:
        harvest(catalog, spec("p", "dkan", server.url, limits={"max_page_bytes": 10_000}))
    row = harvested(catalog, "p")
    assert (row["verdict"], row["datasets"]) == ("complete", 100), row["reasons"]


def test_what_the_index_has_and_does_not_show_is_missed(catalog: Catalog) -> None:
    with PortalServer({SEARCH: search(230, gone=frozenset(range(100, 104)))}) as server:
        harvest(catalog, spec("p", "dkan", server.url))
    row = harvested(catalog, "p")
    assert (row["verdict"], row["datasets"]) == ("partial", 226)


def package(n: int, **values: Any) -> dict[str, Any]:
    return {"id": f"p{n}", "name": f"set-{n}", "title": f"Set {n}", "type": "Dataset", **values}


WHOLE = package(
    0,
    url="https://larkholm.example/dataset/set-0",
    metadata_modified="Date changed Lun, 06/05/2017 - 10:11",
    groups=[{"id": "g1", "title": "Harbour Office", "name": "harbour"}],
    tags=[{"name": "sea"}],
    license_title="Open Licence",
    resources=[
        {
            "id": "r1",
            "name": "a.csv",
            "url": "https://files.larkholm.example/a.csv",
            "format": "csv",
            "size": "12.3 KB",
        },
        {"id": "r2", "url": "https://files.larkholm.example/b.csv", "size": "512 octets"},
    ],
)


def action(result: Any) -> Response:
    return as_json({"help": "", "success": True, "result": result})


@pytest.mark.parametrize("is_nested", [True, False])
def test_dkan_1_lists_packages_by_offset(is_nested: bool, catalog: Catalog) -> None:
    held = [WHOLE, *(package(n) for n in range(1, 24)), package(99, type="Harvest Source")]

    def packages(asked: Asked) -> Response:
        start = int(asked.query["offset"])
        page = held[start : start + min(int(asked.query["limit"]), 10)]
        return action([page] if is_nested else page)

    with PortalServer({PACKAGES: packages}) as server:
        harvest(catalog, spec("p", "dkan", server.url))
    row = harvested(catalog, "p")
    assert (row["verdict"], row["datasets"], row["skipped"]) == ("complete", 24, 1), row["reasons"]
    found = next(d.dataset for d in datasets(catalog, "p") if d.dataset.identifier == "p0")
    assert found.publisher and (found.publisher.name, found.publisher.identifier) == ("Harbour Office", "g1")
    assert found.record_modified == "Date changed Lun, 06/05/2017 - 10:11"
    assert (found.themes, found.keywords, found.licence) == ((), ("sea",), "Open Licence")
    assert [d.byte_size for d in found.distributions] == ["12.3 KB", "512 octets"]


def test_dkan_1_shows_packages_by_name(catalog: Catalog) -> None:
    def show(asked: Asked) -> Response:
        return action([package(int(asked.query["id"]))])

    with PortalServer({"/api/3/action/package_list": action([str(n) for n in range(5)]), SHOW: show}) as server:
        harvest(catalog, spec("p", "dkan", server.url))
    row = harvested(catalog, "p")
    assert (row["verdict"], row["datasets"], row["advertised"]) == ("complete", 5, 5), row["reasons"]


def test_an_error_report_is_said_in_its_own_words(catalog: Catalog) -> None:
    with PortalServer({ITEMS: as_json({"message": "Error retrieving metadata", "status": 400})}) as server:
        harvest(catalog, spec("p", "dkan", server.url))
    row = harvested(catalog, "p")
    assert row["verdict"] == "failed" and "Error retrieving metadata" in row["reasons"][0]


def test_the_type_that_dkan_knows_of_its_file() -> None:
    held = [{"identifier": "x", "data": {"mimeType": "text/csv", "perspective": "source"}}]
    file = {"identifier": "f", "data": {"downloadURL": "https://f.example/1", "%Ref:downloadURL": held}}
    found = to_dataset({"identifier": "d", "distribution": [file]}, "https://p.example")
    assert [one.media_type for one in found.distributions] == ["text/csv"]
    file["data"]["mediaType"] = "text/tab-separated-values"  # type: ignore[index]
    own = to_dataset({"identifier": "d", "distribution": [file]}, "https://p.example")
    assert own.distributions[0].media_type == "text/tab-separated-values"
