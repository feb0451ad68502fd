"""ArcGIS: windows, the global index, feeds in place of a search, and names that change overnight."""

from __future__ import annotations

import json
from typing import Any

import pytest
from portal_server import Asked, PortalServer, Response, as_json, harvest, harvested, spec

from catalog.db.store import Catalog
from catalog.model import Dataset
from catalog.repositories.reading import datasets
from harvester.spiders.arcgis_hub.record import item_and_layer
from harvester.spiders.arcgis_hub.spider import Spider
from harvester.spiders.arcgis_portal.spider import Spider as PortalSearch
from harvester.spiders.arcgis_server.record import to_dataset

ITEMS = "/api/search/v1/collections/dataset/items"
SCOPE = "/api/search/v1/catalog"


def feature(n: int, **values: Any) -> dict[str, Any]:
    return {"id": f"{n:032x}", "properties": {"title": f"T {n}", "modified": 10**12 + n, "orgId": "one", **values}}


def search(features: list[dict[str, Any]], clamp: int = 10_000) -> Any:
    """Work as Hub's search: newest first, with totals and offsets limited, and the filter by which windows are
    requested."""
    newest_first = sorted(features, key=lambda f: -f["properties"]["modified"])

    def respond(asked: Asked) -> Response:
        until = int(asked.query.get("filter", "<= 9999999999999").rpartition("<= ")[2])
        found = [f for f in newest_first if f["properties"]["modified"] <= until]
        start, limit = int(asked.query["startindex"]) - 1, min(100, int(asked.query["limit"]))
        if start + limit > clamp:
            return Response(500)
        links = [{"rel": "next", "href": "http://other.example/"}] if start + limit < len(found) else []
        page = found[start : start + limit]
        return as_json({"features": page, "numberMatched": min(clamp, len(found)), "links": links})

    return respond


def found(catalog: Catalog) -> dict[str, Dataset]:
    return {stored.dataset.identifier: stored.dataset for stored in datasets(catalog, "p")}


@pytest.fixture
def small_window(monkeypatch: pytest.MonkeyPatch) -> int:
    """Lower the software's limit of 10,000 records, so that tests need few records."""
    monkeypatch.setattr(Spider, "window", 300)
    return 300


def test_behind_the_limit_a_window_begins_at_the_last_date(small_window: int, catalog: Catalog) -> None:
    # Some of one date at the seam, which come twice by right.
    features = [feature(n, modified=10**12 + (360 if 350 < n < 370 else n)) for n in range(650)]
    with PortalServer({ITEMS: search(features, small_window)}) as server:
        harvest(catalog, spec("p", "arcgis-hub", server.url))
        asked = len(server.asked(ITEMS))
    row = harvested(catalog, "p")
    assert (row["verdict"], row["datasets"], row["errors"], row["advertised"]) == ("complete", 650, 0, None)
    assert 6 < asked < 12


def test_a_window_of_one_date_is_no_end(small_window: int, catalog: Catalog) -> None:
    features = [feature(n, modified=10**12) for n in range(650)]
    with PortalServer({ITEMS: search(features, small_window)}) as server:
        harvest(catalog, spec("p", "arcgis-hub", server.url))
    row = harvested(catalog, "p")
    assert row["verdict"] == "partial"
    assert "what follows cannot be asked for" in row["reasons"][0]


@pytest.mark.parametrize(
    ("scope", "orgs", "total", "verdict"),
    [
        ({"scopes": {"item": {"filters": []}}}, 1, 3, "failed"),
        ({"catalog": {"scopes": {"item": {"filters": []}}}}, 1, 3, "failed"),
        ({"scopes": {"item": {"filters": [{"predicates": [{"group": ["g"]}]}]}}}, 60, 60, "complete"),
        (None, 60, 10_000, "failed"),
        (None, 1, 10_000, "complete"),
        (None, 60, 60, "complete"),
    ],
    ids=["empty scope", "empty scope inside", "scoped", "strangers", "one organisation", "few strangers"],
)
def test_the_global_index_is_refused(scope: Any, orgs: int, total: int, verdict: str, catalog: Catalog) -> None:
    features = [feature(n, orgId=f"org {n % orgs}") for n in range(60)]
    page = as_json({"features": features, "numberMatched": total, "links": []})
    with PortalServer({ITEMS: page} | ({SCOPE: as_json(scope)} if scope else {})) as server:
        harvest(catalog, spec("p", "arcgis-hub", server.url))
    row = harvested(catalog, "p")
    assert row["verdict"] == verdict, row["reasons"]
    if verdict == "failed":
        assert "global index" in row["reasons"][0] and row["datasets"] == 0


def entry(n: int, name: str, **values: Any) -> dict[str, Any]:
    address = f"https://hub.larkholm.example/datasets/{name}"
    return {
        "identifier": address,
        "landingPage": address,
        "title": f"T {n}",
        "issued": f"2020-01-01T00:00:0{n}.123Z",
        "license": "{{license}}",
        "keyword": [""],
        "distribution": [{"title": "Service", "accessURL": "{{url}}"}, {"title": "no address", "format": "CSV"}],
        **values,
    }


@pytest.mark.parametrize("feed", ["/api/feed/dcat-us/1.1.json", "/data.json"])
def test_where_there_is_no_search_the_feeds_are_read(feed: str, catalog: Catalog) -> None:
    entries = [entry(n, f"{n:032x}_{n}") for n in range(3)]
    with PortalServer({feed: as_json({"dataset": entries})}) as server:
        for _ in range(2):
            harvest(catalog, spec("p", "arcgis-hub", server.url))
    row = harvested(catalog, "p")
    assert (row["verdict"], row["datasets"], row["changed"], row["not_modified"]) == ("complete", 3, 0, 1)
    one = found(catalog)[f"{1:032x}_1"]
    assert (one.licence, one.keywords, [d.access_url for d in one.distributions]) == (None, (), [None, None])


def test_a_feed_that_breaks_off_is_partial(catalog: Catalog) -> None:
    body = json.dumps({"dataset": [entry(n, f"{n:032x}") for n in range(3)]}).encode()[:-30]
    with PortalServer({"/data.json": Response(body=body)}) as server:
        harvest(catalog, spec("p", "arcgis-hub", server.url))
    assert (harvested(catalog, "p")["verdict"], harvested(catalog, "p")["datasets"]) == ("partial", 2)


def test_neither_search_nor_feed_says_what_was_tried(catalog: Catalog) -> None:
    with PortalServer() as server:
        harvest(catalog, spec("p", "arcgis-hub", server.url))
    row = harvested(catalog, "p")
    assert row["verdict"] == "failed"
    assert all(word in row["reasons"][0] for word in ("/items", "1.1.json", "/data.json"))


def test_datasets_that_a_portal_names_anew_keep_their_identifier(catalog: Catalog) -> None:
    service = {"accessURL": "https://services.larkholm.example/arcgis/rest/services/Trees/FeatureServer/0"}
    old = [
        entry(0, "a" * 32 + "_0", distribution=[service]),
        entry(1, "b" * 32),
        # Two of one date and title cannot be told apart.
        entry(2, "c" * 32),
        entry(2, "d" * 32),
    ]
    new = [
        entry(0, "larkholm::street-trees", title="Street trees", distribution=[service]),
        entry(1, "larkholm::t-1"),
        entry(2, "larkholm::t-2"),
        entry(3, "larkholm::t-3"),
    ]
    for entries in (old, new, new):
        with PortalServer({"/data.json": as_json({"dataset": entries})}) as server:
            harvest(catalog, spec("p", "arcgis-hub", server.url))
    names = found(catalog)
    row = harvested(catalog, "p")
    assert (row["verdict"], row["datasets"], row["added"]) == ("complete", 4, 0)
    assert names["a" * 32 + "_0"].other_identifiers == ("https://hub.larkholm.example/datasets/larkholm::street-trees",)
    assert names["a" * 32 + "_0"].title == "Street trees" and "b" * 32 in names
    assert {n[-3:] for n in names if "::" in n} == {"t-2", "t-3"}


@pytest.mark.parametrize(
    ("said", "item"),
    [
        ("https://h.example/datasets/" + "a1" * 16 + "_3", "a1" * 16 + "_3"),
        ("https://www.arcgis.com/home/item.html?id=" + "A1" * 16 + "&sublayer=3", "a1" * 16 + "_3"),
        ("https://h.example/datasets/town::trees", None),
        ("a1" * 16, "a1" * 16),
        ("a1" * 20, None),
        (["x"], None),
    ],
)
def test_item_and_layer_of_an_address(said: Any, item: str | None) -> None:
    assert item_and_layer(said) == item


def directory(*services: str, folders: tuple[str, ...] = ()) -> Response:
    listed = [{"name": name, "type": kind} for name, _, kind in (one.rpartition("/") for one in services)]
    return as_json({"currentVersion": 11, "folders": folders, "services": listed})


def refusal(code: int, message: str) -> Response:
    return as_json({"error": {"code": code, "message": message, "details": []}})


def test_folders_are_walked_and_what_needs_a_token_is_said(catalog: Catalog) -> None:
    root = "/sub/rest/services"
    about = as_json({"serviceDescription": "All of it"})
    routes = {
        root: directory("Roads/MapServer", "Hidden/MapServer", "Tool/GPServer", folders=("Parks", "Secret", "Parks")),
        # One server lists a service with its folder, another without; a folder may list itself.
        f"{root}/Parks": directory("Parks/Trees/FeatureServer", "Benches/ImageServer", folders=("Deep",)),
        f"{root}/Parks/Deep": directory("Parks/Deep/Dem/ImageServer"),
        f"{root}/Secret": refusal(499, "Token Required"),
        f"{root}/Hidden/MapServer": refusal(403, "You do not have permissions"),
        f"{root}/Roads/MapServer": about,
        f"{root}/Parks/Trees/FeatureServer": about,
        f"{root}/Parks/Benches/ImageServer": about,
        f"{root}/Parks/Deep/Dem/ImageServer": about,
    }
    with PortalServer(routes) as server:
        harvest(catalog, spec("p", "arcgis-server", server.url + "/sub"))
    row = harvested(catalog, "p")
    assert (row["verdict"], row["datasets"], row["advertised"], row["seen"]) == ("complete", 4, 5, 5)
    assert set(found(catalog)) == {
        "Roads/MapServer", "Parks/Trees/FeatureServer", "Parks/Benches/ImageServer", "Parks/Deep/Dem/ImageServer",
    }  # fmt: skip
    assert any("Secret is not open" in reason for reason in row["reasons"])
    kinds = catalog.rows("select kind, is_lost from harvest_errors")
    assert [tuple(kind.values()) for kind in kinds] == [("auth", 0), ("auth", 0)]


@pytest.mark.parametrize(
    ("routes", "verdict", "count", "reason"),
    [
        ({"/A/MapServer": refusal(500, "Service A not started")}, "partial", 1, "1 records were lost"),
        ({"/F": refusal(500, "Could not read")}, "partial", 2, "1 folders could not be listed: F"),
        ({"": refusal(499, "Token Required")}, "failed", 0, "error 499: Token Required"),
        ({"": as_json({"currentVersion": 11})}, "failed", 0, "lists no services"),
        ({"": as_json([])}, "failed", 0, "not an object"),
        ({"/A/MapServer": Response(body=b'{"serviceDescription": ')}, "partial", 1, "1 records were lost"),
    ],
    ids=["stopped", "folder fails", "closed", "no directory", "a list", "cut short"],
)
def test_errors_of_a_server_come_within_200(
    routes: dict[str, Response], verdict: str, count: int, reason: str, catalog: Catalog
) -> None:
    root = "/arcgis/rest/services"
    about = as_json({"serviceDescription": "All of it"})
    plain = {"": directory("A/MapServer", "B/MapServer", folders=("F",)), "/F": directory()}
    plain |= {"/A/MapServer": about, "/B/MapServer": about}
    with PortalServer({root + path: response for path, response in (plain | routes).items()}) as server:
        harvest(catalog, spec("p", "arcgis-server", server.url + root))
    row = harvested(catalog, "p")
    assert (row["verdict"], row["datasets"]) == (verdict, count), row["reasons"]
    assert any(reason in said for said in row["reasons"]), row["reasons"]


def test_a_server_that_is_down_is_not_asked_for_every_service(catalog: Catalog) -> None:
    root = "/arcgis/rest/services"
    with PortalServer({root: directory(*(f"S{n}/MapServer" for n in range(60)))}) as server:
        harvest(catalog, spec("p", "arcgis-server", server.url + root))
        assert len(server.asked(root)) == 21
    row = harvested(catalog, "p")
    assert row["verdict"] == "failed" and "40 more were not tried" in row["reasons"][0]


SEARCH = "/sharing/rest/search"


def portal_search(count: int, clamp: int) -> Any:
    """Work as the search of ArcGIS Online: limited totals and offsets, and ``created`` can be requested as a range."""
    items = [{"id": f"{n:032x}", "type": "CSV", "created": 10**12 + n - n % 3, "title": f"T {n}"} for n in range(count)]

    def respond(asked: Asked) -> Response:
        query, start, num = asked.query["q"], int(asked.query["start"]), int(asked.query["num"])
        since = int(query.partition("created:[")[2].partition(" TO ")[0] or 0)
        rest = [item for item in items if item["created"] >= since]
        if start - 1 + num > clamp:
            return as_json({"error": {"code": 400, "message": "start is too great"}})
        end = start - 1 + num
        return as_json({
            "total": min(clamp, len(rest)),
            "results": rest[start - 1 : end],
            "nextStart": end + 1 if end < len(rest) else -1,
        })  # fmt: skip

    return respond


def test_items_behind_the_limit_are_asked_for_by_date(monkeypatch: pytest.MonkeyPatch, catalog: Catalog) -> None:
    monkeypatch.setattr(PortalSearch, "window", 300)
    with PortalServer({SEARCH: portal_search(650, 300)}) as server:
        harvest(catalog, spec("p", "arcgis-portal", server.url))
    row = harvested(catalog, "p")
    assert (row["verdict"], row["datasets"], row["errors"]) == ("complete", 650, 0), row["reasons"]


def test_items_of_everyone_are_no_portal(catalog: Catalog) -> None:
    about = as_json({"isPortal": False, "name": "ArcGIS Online"})
    with PortalServer({SEARCH: portal_search(5, 300), "/sharing/rest/portals/self": about}) as server:
        harvest(catalog, spec("p", "arcgis-portal", server.url))
        assert not server.asked(SEARCH)
    row = harvested(catalog, "p")
    assert row["verdict"] == "failed" and "everyone's items" in row["reasons"][0]


def test_a_portal_file_may_name_the_query(catalog: Catalog) -> None:
    maps = {"id": "m", "type": "Web Map"}
    response = as_json({"total": 2, "results": [maps, {"id": "c", "type": "CSV"}], "nextStart": -1})
    with PortalServer({"/portal" + SEARCH: response}) as server:
        harvest(catalog, spec("p", "arcgis-portal", server.url + "/portal" + SEARCH + "?q=group%3A1"))
        assert len(server.requests) == 2 and "q=group%3A1&" in server.asked("/portal")[0]
    row = harvested(catalog, "p")
    assert (row["verdict"], row["datasets"], row["seen"]) == ("complete", 1, 2)


def test_an_error_of_the_search_within_200_is_a_failure(catalog: Catalog) -> None:
    with PortalServer({SEARCH: refusal(400, "Unable to perform query")}) as server:
        harvest(catalog, spec("p", "arcgis-portal", server.url, limits={"page_rows": 1}))
    row = harvested(catalog, "p")
    assert row["verdict"] == "failed" and "Unable to perform query" in row["reasons"][0]


SERVICE = {
    "mapName": "Wells",
    "fullExtent": {"xmin": -10.5, "ymin": 51.5, "xmax": -10, "ymax": 52, "spatialReference": {"wkid": 4283}},
}


@pytest.mark.parametrize("given", ["", "/", "/3", "?f=pjson", "/3?f=json"])
def test_the_address_of_one_service_is_a_portal_of_one_dataset(given: str, catalog: Catalog) -> None:
    """As people copy it from a map; it has the identity that it has in the directory."""
    service = "/gis/rest/services/Water/Wells/MapServer"
    with PortalServer({service: as_json(SERVICE)}) as server:
        harvest(catalog, spec("p", "arcgis-server", server.url + service + given))
    row = harvested(catalog, "p")
    assert (row["verdict"], row["datasets"], row["advertised"]) == ("complete", 1, 1), row["reasons"]
    assert list(found(catalog)) == ["Water/Wells/MapServer"]


@pytest.mark.parametrize(
    ("system", "more", "box"),
    [
        ({"wkid": 4283}, {}, "-10.5,51.5,-10,52"),
        ({"wkid": 104199}, {}, "-10.5,51.5,-10,52"),
        ({"wkt": 'GEOGCS["GCS_WGS_1984"]'}, {}, "-10.5,51.5,-10,52"),
        ({"wkid": 27700}, {}, None),
        ({}, {"units": "esriDecimalDegrees"}, "-10.5,51.5,-10,52"),
    ],
)
def test_extents_in_degrees_of_any_datum(system: dict[str, Any], more: dict[str, Any], box: str | None) -> None:
    response = {**more, "fullExtent": {**SERVICE["fullExtent"], "spatialReference": system}}  # type: ignore[dict-item]
    read = to_dataset({"service": "Wells/MapServer", "url": "http://p.example", "answer": response})
    assert read.spatial == ((box,) if box else ())
    # What stands in metres of a grid is stated: that we cannot read it is not charged.
    assert ("spatial" in read.not_carried) == (box is None)


def test_an_extent_in_web_mercator_is_computed() -> None:
    extent = {"xmin": -1113194.9079, "ymin": 0, "xmax": 0, "ymax": 6800125.4544, "spatialReference": {"wkid": 102100}}
    read = to_dataset({"service": "Wells/MapServer", "url": "http://p.example", "answer": {"fullExtent": extent}})
    assert [round(float(side), 3) for side in read.spatial[0].split(",")] == [-10, 0, 0, 52]
