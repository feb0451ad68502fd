"""What must not be called complete, and who must not be taken for another: over the APIs, at their edges."""

from __future__ import annotations

import json
import re
from typing import Any

import pytest
from portal_server import Asked, PortalServer, Response, Route, as_json, harvest, harvested, spec

from catalog.db.store import Catalog
from catalog.repositories.reading import datasets
from harvester.spiders.arcgis_hub import spider as arcgis_hub
from harvester.spiders.arcgis_portal import spider as arcgis_portal

ITEMS = "/api/search/v1/collections/dataset/items"
SCOPE = "/api/search/v1/catalog"
SERVICES = "/arcgis/rest/services"


def feature(n: int, **values: Any) -> dict[str, Any]:
    return {"id": f"{n:032x}", "properties": {"title": f"T {n}", "modified": 10**12 + n, "orgId": "one", **values}}


def clamped_hub(count: int, clamp: int) -> Route:
    """Return a Hub that states its limit of records as its total, in its next links too."""
    newest = sorted((feature(n) for n in range(count)), key=lambda one: -one["properties"]["modified"])

    def respond(asked: Asked) -> Response:
        until = int(asked.query.get("filter", "<= 9999999999999").rpartition("<= ")[2])
        found = [one for one in newest if one["properties"]["modified"] <= until]
        total, start = min(clamp, len(found)), int(asked.query["startindex"]) - 1
        end = start + min(100, int(asked.query["limit"]))
        if end > clamp:
            return Response(500)
        links = [{"rel": "next", "href": "http://other.example/"}] if end < total else []
        return as_json({"features": found[start:end], "numberMatched": total, "links": links})

    return respond


def clamped_portal(count: int, clamp: int) -> Route:
    """Return an ArcGIS Portal that states its limit of records as its total."""
    items = [{"id": f"i{n}", "type": "CSV", "title": "t", "created": 10**12 + n} for n in range(count)]

    def respond(asked: Asked) -> Response:
        low = re.search(r"created:\[(\d+)", asked.query["q"])
        found = [item for item in items if item["created"] >= (int(low[1]) if low else 0)]
        total, start, num = min(clamp, len(found)), int(asked.query["start"]) - 1, int(asked.query["num"])
        page = found[start : start + num]
        following = start + num + 1 if start + num + 1 <= total else -1
        told = {"total": total, "start": start + 1, "num": len(page), "nextStart": following, "results": page}
        return as_json(told)

    return respond


def test_a_clamp_is_not_the_end(catalog: Catalog, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(arcgis_hub.Spider, "window", 300)
    monkeypatch.setattr(arcgis_portal.Spider, "window", 300)
    routes = {
        ITEMS: clamped_hub(650, 300),
        "/sharing/rest/search": clamped_portal(650, 300),
        "/sharing/rest/portals/self": as_json({"isPortal": True}),
    }
    with PortalServer(routes) as server:
        harvest(catalog, spec("hub", "arcgis-hub", server.url), spec("portal", "arcgis-portal", server.url))
    for name in ("hub", "portal"):
        assert (harvested(catalog, name)["verdict"], harvested(catalog, name)["datasets"]) == ("complete", 650)


@pytest.mark.parametrize("filters", [[], [{"predicates": []}], [{"predicates": [{"group": []}]}]])
def test_scope_that_leaves_nothing_out_is_the_global_index(filters: Any, catalog: Catalog) -> None:
    strangers = [feature(n, orgId=f"org{n}") for n in range(60)]
    routes = {
        ITEMS: as_json({"features": strangers, "numberMatched": 10_000, "links": []}),
        SCOPE: as_json({"scopes": {"item": {"filters": filters}}}),
    }
    with PortalServer(routes) as server:
        harvest(catalog, spec("p", "arcgis-hub", server.url))
    assert (harvested(catalog, "p")["verdict"], harvested(catalog, "p")["datasets"]) == ("failed", 0)


def test_twin_of_a_dataset_takes_nothing_from_it(catalog: Catalog) -> None:
    old = feature(1, created=1577836800000, title="Budget")
    new = feature(2, created=1577836800000, title="Budget")
    listed = [old]
    with PortalServer({ITEMS: lambda a: as_json({"features": listed, "numberMatched": len(listed)})}) as server:
        harvest(catalog, spec("p", "arcgis-hub", server.url))
        listed[:] = [new, old]
        harvest(catalog, spec("p", "arcgis-hub", server.url))
    row = harvested(catalog, "p")
    assert (row["verdict"], row["datasets"], row["added"], row["duplicates"]) == ("complete", 2, 1, 0)


def test_search_that_is_gone_for_a_night_renames_nothing(catalog: Catalog) -> None:
    feed = [{"identifier": f"https://x.example/home/item.html?id={n:032x}&sublayer=0", "title": "T"} for n in range(5)]
    routes: dict[str, Any] = {
        ITEMS: as_json({"features": [feature(n) for n in range(5)], "numberMatched": 5}),
        "/data.json": as_json({"dataset": feed}),
    }
    with PortalServer(routes) as server:
        harvest(catalog, spec("p", "arcgis-hub", server.url))
        server.routes[ITEMS] = Response(404)
        harvest(catalog, spec("p", "arcgis-hub", server.url))
    assert harvested(catalog, "p")["verdict"] == "failed"
    assert catalog.value("select count(*) from datasets where status = 'present'") == 5


def test_collection_that_is_new_on_the_second_night_is_read(catalog: Catalog) -> None:
    def items(name: str, count: int) -> Response:
        found = [{"id": str(n), "properties": {"title": f"{name}{n}"}} for n in range(count)]
        return as_json({"features": found, "numberMatched": count, "links": []})

    listed = [{"id": "A", "itemType": "record"}]
    routes: dict[str, Any] = {
        "/collections": lambda asked: as_json({"collections": listed}),
        "/collections/A/items": items("A", 3),
        "/collections/B/items": items("B", 4),
    }
    with PortalServer(routes) as server:
        harvest(catalog, spec("p", "ogc-records", server.url))
        listed.append({"id": "B", "itemType": "record"})
        harvest(catalog, spec("p", "ogc-records", server.url))
        row = harvested(catalog, "p")
        # Ids are unique within a collection alone.
        assert (row["verdict"], row["datasets"], row["added"], row["duplicates"]) == ("complete", 7, 4, 0)
        assert row["not_modified"] == 1
        listed.pop()
        harvest(catalog, spec("p", "ogc-records", server.url))
    assert (harvested(catalog, "p")["verdict"], harvested(catalog, "p")["datasets"]) == ("suspect", 3)


def test_pages_of_collections_are_followed(catalog: Catalog) -> None:
    def collections(asked: Asked) -> Response:
        name = "B" if asked.query.get("page") else "A"
        links = [] if asked.query.get("page") else [{"rel": "next", "href": "collections?page=2"}]
        return as_json({"collections": [{"id": name, "itemType": "record"}], "links": links})

    one = as_json({"features": [{"id": "1", "properties": {}}], "numberMatched": 1})
    routes = {"/collections": collections, "/collections/A/items": one, "/collections/B/items": one}
    with PortalServer(routes) as server:
        harvest(catalog, spec("p", "ogc-records", server.url))
    assert (harvested(catalog, "p")["verdict"], harvested(catalog, "p")["datasets"]) == ("complete", 2)


def test_refusal_of_a_proxy_is_no_secret_of_the_server(catalog: Catalog) -> None:
    names = [{"name": f"S{n}", "type": "MapServer"} for n in range(5)]
    routes: dict[str, Any] = {f"{SERVICES}/S{n}/MapServer": as_json({"mapName": "x"}) for n in range(5)}
    routes[SERVICES] = as_json({"folders": ["F", 7], "services": names})
    routes[f"{SERVICES}/F"] = as_json({"folders": [], "services": []})
    with PortalServer(routes) as server:
        harvest(catalog, spec("p", "arcgis-server", server.url))
        assert harvested(catalog, "p")["verdict"] == "partial"  # no folder is called 7
        server.routes[SERVICES] = as_json({"folders": ["F"], "services": names})
        harvest(catalog, spec("p", "arcgis-server", server.url))
        assert harvested(catalog, "p")["verdict"] == "complete"
        for path in (f"{SERVICES}/S3/MapServer", f"{SERVICES}/F"):
            server.routes[path] = Response(403, "text/html", b"<html>Forbidden</html>")
        harvest(catalog, spec("p", "arcgis-server", server.url))
    assert harvested(catalog, "p")["verdict"] == "partial"


def test_one_fault_of_one_night_is_not_remembered(catalog: Catalog) -> None:
    found = [{"type": "dataset", "global_id": f"doi:10.5555/{n}", "name": f"D{n}"} for n in range(4)]
    is_down = [True]

    def shown(asked: Asked) -> Response:
        if is_down[0] and asked.query["persistentId"].endswith("/3"):
            return Response(404)
        return as_json({"status": "OK", "data": {"latestVersion": {"license": {"name": "CC0 1.0"}}}})

    def search(asked: Asked) -> Response:
        start = int(asked.query["start"])
        listed = [] if asked.query.get("fq") else found
        return as_json({"status": "OK", "data": {"total_count": len(listed), "items": listed[start:]}})

    with PortalServer({"/api/search": search, "/api/datasets/:persistentId/": shown}) as server:
        harvest(catalog, spec("p", "dataverse", server.url))
        assert (harvested(catalog, "p")["verdict"], harvested(catalog, "p")["datasets"]) == ("partial", 3)
        is_down[0] = False
        harvest(catalog, spec("p", "dataverse", server.url))
    assert (harvested(catalog, "p")["verdict"], harvested(catalog, "p")["datasets"]) == ("complete", 4)


def test_first_page_for_ever_is_ended_though_one_record_of_it_is_lost(catalog: Catalog) -> None:
    page = as_json({"results": [{"dataset_id": "a"}, {"title": "no id"}], "total_count": 2000})
    with PortalServer({"/api/explore/v2.1/catalog/datasets": page}) as server:
        harvest(catalog, spec("p", "opendatasoft", server.url, limits={"deadline_s": 20}))
        assert len(server.requests) < 40
    row = harvested(catalog, "p")
    assert row["verdict"] == "partial" and "circles" in " ".join(row["reasons"])


def test_type_that_is_nested_too_deeply_is_lost_alone(catalog: Catalog) -> None:
    deep = "[" * 700 + "]" * 700
    records = [{"id": str(n), "properties": {"type": "DEEP" if n == 1 else "dataset"}} for n in range(3)]
    body = json.dumps({"features": records, "numberMatched": 3}).replace('"DEEP"', deep).encode()
    with PortalServer({"/collections/a/items": Response(body=body)}) as server:
        harvest(catalog, spec("p", "ogc-records", server.url + "/collections/a"))
    row = harvested(catalog, "p")
    assert row["datasets"] >= 2 and row["verdict"] in ("complete", "partial")
    assert not any("fault of this program" in reason for reason in row["reasons"])


def test_links_that_are_no_addresses_are_lost_alone(catalog: Catalog) -> None:
    links = [{"rel": "child", "href": href} for href in ("http://[bad", "http://127.0.0.1:abc/x", "c.json")]
    root = {"stac_version": "1.0.0", "type": "Catalog", "id": "r", "links": links}
    child = {"stac_version": "1.0.0", "type": "Collection", "id": "c", "description": "C", "links": []}
    with PortalServer({"/catalog.json": as_json(root), "/c.json": as_json(child)}) as server:
        harvest(catalog, spec("p", "stac", server.url + "/catalog.json"))
    row = harvested(catalog, "p")
    assert (row["verdict"], row["datasets"]) == ("partial", 1)
    assert [stored.dataset.identifier for stored in datasets(catalog, "p")] == ["c"]
