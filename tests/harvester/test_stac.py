"""STAC: static catalogues, next links that cannot be followed, and what is no dataset."""

from __future__ import annotations

from typing import Any

import pytest
from portal_server import Answer, PortalServer, as_json, harvest, harvested, spec

from catalog.store import Catalog
from harvester.spiders import stac

DATA = {"type": "Catalog", "id": "root", "links": [{"rel": "data", "href": "/collections"}]}


def document(name: str, *children: str, kind: str = "Collection", **values: Any) -> Answer:
    links = [{"rel": "child", "href": child} for child in children] + [{"rel": "item", "href": "./item.json"}]
    return as_json({"type": kind, "id": name, "links": links, **values})


@pytest.mark.parametrize(
    ("link", "reason"),
    [
        ({"href": "/collections?page=2", "method": "POST", "body": {"token": "x"}}, "must be asked for by POST"),
        ({"href": "/collections?page=2", "body": {}}, "must be asked for by POST"),
        ({"href": "https://elsewhere.example/more"}, "leads to no page of collections"),
        ({"href": "/collections?page=2"}, "circles"),
    ],
)
def test_next_links_that_cannot_be_followed_are_no_end(link: Any, reason: str, catalog: Catalog) -> None:
    page = as_json({"collections": [{"id": "a"}], "links": [{"rel": "next", **link}]})
    with PortalServer({"/collections": page, "": as_json(DATA), "/": as_json(DATA)}) as server:
        harvest(catalog, spec("p", "stac", server.url))
        assert not server.asked("/collections", "POST") and len(server.asked("/collections")) < 10
    row = harvested(catalog, "p")
    assert row["verdict"] in ("partial", "failed")
    assert any(reason in said for said in row["reasons"]), row["reasons"]


def test_a_static_catalogue_is_walked_to_its_collections(catalog: Catalog) -> None:
    routes = {
        # Relative and absolute addresses; a catalogue that leads back to its root, and to one of another host.
        "/stac/catalog.json": document("root", "./a/collection.json", "b/catalog.json", kind="Catalog"),
        "/stac/a/collection.json": document("a", "./part/collection.json"),
        "/stac/a/part/collection.json": document("a-part"),
        "/stac/b/catalog.json": document(
            "b", "/stac/old.json", "../catalog.json", "https://elsewhere.example/c.json", kind="Catalog"
        ),
        # Before 1.0 a document did not say what it is.
        "/stac/old.json": as_json({"id": "old", "extent": {}, "links": []}),
    }
    with PortalServer(routes) as server:
        for _ in range(2):
            harvest(catalog, spec("p", "stac", server.url + "/stac/catalog.json"))
        assert not server.asked("/stac/a/item.json") and not server.asked("/stac/collections")
    row = harvested(catalog, "p")
    assert (row["verdict"], row["datasets"], row["changed"], row["not_modified"]) == ("partial", 3, 0, 4)
    assert any("elsewhere.example" in reason for reason in row["reasons"])
    found = {row["identifier"] for row in catalog.rows("select identifier from datasets")}
    assert found == {"a", "a-part", "old"}


def test_a_child_that_is_missing_makes_a_static_harvest_partial(catalog: Catalog) -> None:
    with PortalServer({"/c.json": document("root", "gone.json", "a.json"), "/a.json": document("a")}) as server:
        harvest(catalog, spec("p", "stac", server.url + "/c.json"))
    row = harvested(catalog, "p")
    assert (row["verdict"], row["datasets"]) == ("partial", 2)
    assert "1 records were lost" in row["reasons"][0]


def test_a_static_catalogue_without_end_is_broken_off(monkeypatch: pytest.MonkeyPatch, catalog: Catalog) -> None:
    monkeypatch.setattr(stac, "MAX_DOCUMENTS", 10)

    def endless(asked: Any) -> Answer:
        return document(f"c{asked.query['n']}", f"c.json?n={int(asked.query['n']) + 1}")

    with PortalServer({"/c.json": endless}) as server:
        harvest(catalog, spec("p", "stac", server.url + "/c.json?n=0"))
        assert len(server.asked("/c.json")) == 10
    row = harvested(catalog, "p")
    assert (row["verdict"], row["datasets"]) == ("partial", 10)
    assert "more than 10 documents" in row["reasons"][0]


@pytest.mark.parametrize(
    ("root", "reason"),
    [
        ({"type": "Catalog", "id": "empty", "links": []}, "neither collections nor children"),
        ({"message": "no"}, "has no links"),
        ([], "has no links"),
    ],
)
def test_a_root_that_leads_nowhere_is_no_empty_portal(root: Any, reason: str, catalog: Catalog) -> None:
    with PortalServer({"/stac": as_json(root)}) as server:
        harvest(catalog, spec("p", "stac", server.url + "/stac"))
    row = harvested(catalog, "p")
    assert row["verdict"] == "failed" and reason in row["reasons"][0]
