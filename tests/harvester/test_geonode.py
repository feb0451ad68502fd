"""Quirks of GeoNode that its tape cannot show: the older interfaces, and pages past the end."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from portal_server import Asked, PortalServer, Response, as_json, harvest, harvested, spec

from catalog.db.store import Catalog
from catalog.repositories.reading import datasets
from harvester.spiders.geonode.record import to_dataset

V2 = "/api/v2/datasets/"

LAYER = {
    "id": 0,
    "uuid": "u0",
    "title": "Wells",
    "date": "2018-01-01T00:00:00",
    "date_type": "publication",
    "license": 3,
    "category__gn_description": "Inland Waters",
    "keywords": ["wells", "water"],
    "owner": {"username": "ada", "first_name": "Ada", "last_name": "Quill"},
    "detail_url": "/layers/geonode:wells",
    "storeType": "remoteStore",
    "links": [
        {"extension": "zip", "link_type": "data", "mime": "SHAPE-ZIP", "name": "Zipped Shapefile", "url": "/dl?f=zip"},
        {"extension": "png", "link_type": "image", "mime": "image/png", "name": "PNG", "url": "/dl?f=png"},
    ],
}


def by_offset(count: int) -> Callable[[Asked], Response]:
    """Work as the older API, which limits pages to 20 records."""
    held = [LAYER, *({"id": n, "uuid": f"u{n}", "title": f"T {n}"} for n in range(1, count))]

    def respond(asked: Asked) -> Response:
        start, limit = int(asked.query["offset"]), min(int(asked.query["limit"]), 20)
        meta = {"limit": limit, "next": None, "offset": start, "previous": None, "total_count": count}
        return as_json({"meta": meta, "objects": held[start : start + limit]})

    return respond


@pytest.mark.parametrize("path", ["/api/datasets/", "/api/layers/"])
def test_older_interfaces_are_read_by_offset(path: str, catalog: Catalog) -> None:
    with PortalServer({path: by_offset(50)}) as server:
        harvest(catalog, spec("p", "geonode", server.url))
        url = server.url
    row = harvested(catalog, "p")
    assert (row["verdict"], row["datasets"], row["advertised"]) == ("complete", 50, 50), row["reasons"]
    found = next(d.dataset for d in datasets(catalog, "p") if d.dataset.identifier == "u0")
    assert (found.issued, found.modified, found.themes) == ("2018-01-01T00:00:00", None, ("Inland Waters",))
    # The number of a licence tells nothing of it: which one is named is not known.
    assert (found.keywords, found.licence, found.harvested_from) == (("wells", "water"), None, "remoteStore")
    assert found.not_carried == ("licence",)
    assert found.landing_page == f"{url}/layers/geonode:wells" and found.contact and found.contact.name == "Ada Quill"
    assert [(d.access_url, d.format) for d in found.distributions] == [(f"{url}/dl?f=zip", "zip")]


@pytest.mark.parametrize(("total", "verdict"), [(20, "complete"), (27, "partial")])
def test_a_page_past_the_end_is_the_end_if_the_total_agrees(total: int, verdict: str, catalog: Catalog) -> None:
    def pages(asked: Asked) -> Response:
        page = int(asked.query["page"])
        if page > 2:
            return as_json({"detail": "Invalid page."}, 404)
        held = [{"pk": str(n), "uuid": f"u{n}"} for n in range((page - 1) * 10, page * 10)]
        return as_json({"links": {"next": "http://django:8000/"}, "total": total, "datasets": held})

    with PortalServer({V2: pages}) as server:
        harvest(catalog, spec("p", "geonode", server.url, limits={"page_rows": 10}))
    row = harvested(catalog, "p")
    assert (row["verdict"], row["datasets"], row["errors"]) == (verdict, 20, 0), row["reasons"]


def test_nothing_there_is_said(catalog: Catalog) -> None:
    with PortalServer({}) as server:
        harvest(catalog, spec("p", "geonode", server.url))
        assert [path.partition("?")[0] for path in server.asked("/api")] == [V2, "/api/datasets/", "/api/layers/"]
    row = harvested(catalog, "p")
    assert row["verdict"] == "failed" and "404" in row["reasons"][0]


def test_an_error_report_is_said_in_its_own_words(catalog: Catalog) -> None:
    with PortalServer({V2: as_json({"detail": "Index is being rebuilt"})}) as server:
        harvest(catalog, spec("p", "geonode", server.url))
    row = harvested(catalog, "p")
    assert row["verdict"] == "failed" and "Index is being rebuilt" in row["reasons"][0]


def one(value: Any) -> dict[str, Any]:
    return {"links": {"next": None}, "total": 1, "datasets": [{"uuid": "u", **value}]}


@pytest.mark.parametrize(
    ("kind", "field"), [("creation", "issued"), ("publication", "issued"), ("revision", "modified"), ("expiry", None)]
)
def test_the_type_of_a_date_says_which_it_is(kind: str, field: str | None, catalog: Catalog) -> None:
    response = as_json(one({"date": "2020-02-02", "date_type": kind, "last_updated": "2026-01-01"}))
    with PortalServer({V2: response}) as server:
        harvest(catalog, spec("p", "geonode", server.url))
    found = next(iter(datasets(catalog, "p"))).dataset
    assert {f: getattr(found, f) for f in ("issued", "modified") if getattr(found, f)} == (
        {field: "2020-02-02"} if field else {}
    )
    assert found.record_modified == "2026-01-01"


@pytest.mark.parametrize(
    ("more", "box"),
    [
        ({"csw_wkt_geometry": "POLYGON((-10.5 51.5,-10.5 52,-10 52,-10 51.5,-10.5 51.5))"}, "-10.5,51.5,-10,52"),
        ({"csw_wkt_geometry": "SRID=4326;POLYGON((1 2,3 4,5 6,1 2))"}, "1,2,5,6"),
        ({"csw_wkt_geometry": "SRID=3857;POLYGON((1 2,3 4,5 6,1 2))"}, None),
        ({"csw_wkt_geometry": "POLYGON((621844.3 9847689.6,621850 9847700,621844.3 9847689.6))"}, None),
        (
            {"bbox_x0": "-10.5", "bbox_x1": "-10", "bbox_y0": "51.5", "bbox_y1": "52", "srid": "EPSG:4326"},
            "-10.5,51.5,-10,52",
        ),
        ({"bbox_x0": "1", "bbox_x1": "2", "bbox_y0": "1", "bbox_y1": "2", "srid": "EPSG:3857"}, None),
        ({"extent": {"coords": [1, 2, 3, 4], "srid": "EPSG:4326"}}, "1,2,3,4"),
        ({"ll_bbox_polygon": {"type": "Polygon", "coordinates": [[[1, 2], [1, 4], [3, 4], [1, 2]]]}}, "1,2,3,4"),
    ],
)
def test_areas_of_all_versions(more: dict[str, Any], box: str | None) -> None:
    found = to_dataset({"uuid": "u", **more}, "http://p.example")
    assert found.spatial == ((box,) if box else ())


def test_a_layer_of_the_list_alone() -> None:
    """What the list has no field for is not known; an account is no contact, and GeoNode's own words are no text."""
    layer = {"uuid": "u", "abstract": "No abstract provided", "date": "2018-11-22T16:56:00", "owner__username": "ada",
             "distribution_url": "http://p.example/layers/geonode:wells", "title": "Wells"}  # fmt: skip
    found = to_dataset(layer, "http://p.example")
    assert (found.issued, found.modified, found.description) == ("2018-11-22T16:56:00", None, None)
    assert (found.contact, found.publisher) == (None, None)
    assert found.landing_page == "http://p.example/layers/geonode:wells"
    assert {"licence", "distributions", "contact"} <= set(found.not_carried)
