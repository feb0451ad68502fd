"""STAC: static catalogues, next links that cannot be followed, and what is no dataset."""

from __future__ import annotations

from typing import Any

import pytest
from portal_server import PortalServer, Response, as_json, harvest, harvested, spec

from catalog.db.store import Catalog
from catalog.model import Contact
from harvester.spiders.stac import spider as stac
from harvester.spiders.stac.record import to_dataset

DATA = {"type": "Catalog", "id": "root", "links": [{"rel": "data", "href": "/collections"}]}


def document(name: str, *children: str, kind: str = "Collection", **values: Any) -> Response:
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

    def endless(asked: Any) -> Response:
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


def collection(name: str) -> dict[str, Any]:
    return {"type": "Collection", "stac_version": "1.0.0", "id": name, "extent": {}, "links": []}


@pytest.mark.parametrize("rel", ["data", "children"])
def test_a_list_of_collections_under_either_name_is_paged(rel: str, catalog: Catalog) -> None:
    """The beta of the API called it that of the children; links to each of them stand beside, on an inner host."""
    links = [
        {"rel": rel, "href": "http://inner/v0/collections"},
        {"rel": "child", "href": "http://inner/v0/collections/a"},
    ]
    root = {"type": "Catalog", "stac_version": "1.0.0-beta.2", "id": "root", "links": links}
    listed = {"collections": [collection("a"), collection("b")], "links": []}
    with PortalServer({"/v0": as_json(root), "/v0/collections": as_json(listed)}) as server:
        harvest(catalog, spec("p", "stac", server.url + "/v0"))
    row = harvested(catalog, "p")
    assert (row["verdict"], row["datasets"], row["errors"]) == ("complete", 2, 0), row["reasons"]


def test_children_that_are_listed_in_full_are_read_with_their_pages_and_catalogues(catalog: Catalog) -> None:
    root = {"type": "Catalog", "id": "root", "links": [
        {"rel": "children", "href": "/stac/children"}, {"rel": "child", "href": "/stac/a"}]}  # fmt: skip
    inner = {"type": "Catalog", "id": "inner", "links": [{"rel": "self", "href": "/stac/inner"}]}
    first = {"children": [collection("a"), inner], "links": [{"rel": "next", "href": "/stac/children?page=2"}]}
    routes = {
        "/stac": as_json(root),
        "/stac/children": as_json(first),
        "/stac/children?page=2": as_json({"children": [collection("b")], "links": []}),
        "/stac/inner": as_json({**inner, "links": [{"rel": "child", "href": "/stac/c"}]}),
        "/stac/c": as_json(collection("c")),
    }
    with PortalServer(routes) as server:
        harvest(catalog, spec("p", "stac", server.url + "/stac"))
        assert not server.asked("/stac/a")
    row = harvested(catalog, "p")
    assert (row["verdict"], row["datasets"], row["errors"]) == ("complete", 3, 0), row["reasons"]


def test_the_address_of_the_record_is_no_page_and_its_dates_are_not_the_data_s() -> None:
    found = to_dataset(
        {
            **collection("a"),
            "created": "2024-01-01",
            "links": [{"rel": "self", "href": "https://p.example/a", "type": "application/json"}],
            "contacts": [{"name": "R. Hale"}, {"organization": "Survey", "emails": [{"value": "a@p.example"}]}],
            "languages": [{"code": "en"}, {"code": "fr"}],
        }
    )
    assert (found.landing_page, found.issued, found.record_modified) == (None, None, "2024-01-01")
    assert (found.contact, found.language) == (Contact(name="Survey", email="a@p.example"), ("en", "fr"))


def test_of_code_and_link_the_licence_that_is_known_counts() -> None:
    def licence(code: str, href: str) -> str | None:
        return to_dataset({"id": "a", "license": code, "links": [{"rel": "license", "href": href}]}).licence

    known = "https://creativecommons.org/licenses/by/4.0/"
    assert licence("CC-BY-4.0", "https://x.example/LICENSE.pdf") == "CC-BY-4.0"
    assert licence("CC-BY-4.0", known) == licence("other", known) == licence("proprietary", known) == known
    assert licence("other", "https://x.example/terms") == "https://x.example/terms"


def test_extents_of_old_versions_and_assets_that_tell_of_the_data() -> None:
    found = to_dataset(
        {
            "id": "a",
            "extent": {"spatial": [1, 2, 3, 4], "temporal": ["2000-01-01T00:00:00Z", None]},
            "frequency": "daily",
            "assets": {
                "iso": {"href": "https://x.example/iso.xml", "roles": ["metadata"]},
                "both": {"href": "https://x.example/all.json", "roles": ["data", "metadata"]},
            },
        }
    )
    assert (found.spatial, found.temporal_start, found.frequency) == (("1,2,3,4",), "2000-01-01T00:00:00Z", "daily")
    assert [one.identifier for one in found.distributions] == ["both"]
    assert found.documentation == ("https://x.example/iso.xml",)
