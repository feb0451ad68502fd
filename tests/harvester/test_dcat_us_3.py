"""DCAT-US 3: where in a document datasets may stand, and which of two that stand there is the real one."""

from __future__ import annotations

import json
from typing import Any

import pytest
from portal_server import PortalServer, Response, harvest, harvested, spec

from catalog.db.store import Catalog
from catalog.repositories.reading import datasets
from harvester.spiders.dcat_us_3.spider import MAX_DEPTH


def read(catalog: Catalog, document: Any) -> tuple[dict[str, Any], dict[str, Any]]:
    """Harvest a document; return the row of the harvest, and the datasets by identifier."""
    body = document if isinstance(document, str) else json.dumps(document)
    with PortalServer({"/data.json": Response(body=body.encode())}) as server:
        harvest(catalog, spec("p", "dcat-us-3", server.url))
    return harvested(catalog, "p"), {one.dataset.identifier: one.dataset for one in datasets(catalog, "p")}


def a_dataset(name: str, **more: Any) -> dict[str, Any]:
    return {"@id": f"http://x.example/{name}", "title": name, **more}


A, B = "http://x.example/A", "http://x.example/B"


@pytest.mark.parametrize(
    "document",
    [
        {"catalog": {"dataset": [a_dataset("A"), a_dataset("B")]}},
        {"dataset": a_dataset("A"), "datasetSeries": a_dataset("B")},
        {"dcat:dataset": [a_dataset("A")], "dcat:service": {"dcat:servesDataset": a_dataset("B")}},
        {"dcat:catalog": {"dcat:dataset": {"@id": A, "dct:title": "A"}}, "dataset": [a_dataset("B")]},
    ],
    ids=["catalogue", "dataset and series", "prefixes", "prefixes within"],
)
def test_objects_in_place_of_arrays_and_keys_with_prefixes(document: Any, catalog: Catalog) -> None:
    row, found = read(catalog, document)
    assert (row["verdict"], row["errors"]) == ("complete", 0), row["reasons"]
    assert {name: one.title for name, one in found.items()} == {A: "A", B: "B"}


@pytest.mark.parametrize(("depth", "verdict"), [(MAX_DEPTH, "complete"), (MAX_DEPTH + 1, "partial")])
def test_catalogues_that_are_too_deep_are_said(depth: int, verdict: str, catalog: Catalog) -> None:
    inner: dict[str, Any] = {"dataset": [a_dataset("B")]}
    for _ in range(depth - 1):
        inner = {"catalog": [inner]}
    row, found = read(catalog, {"dataset": [a_dataset("A")], "catalog": [inner]})
    assert (row["verdict"], B in found) == (verdict, verdict == "complete")
    said = catalog.rows("select message, pointer, is_lost from harvest_errors")
    assert [one["is_lost"] for one in said] == [1] * (verdict == "partial")
    assert all("levels deep" in one["message"] and one["pointer"].count("catalog") == depth for one in said)


def test_a_record_tells_its_date_past_a_malformed_dataset(catalog: Catalog) -> None:
    record = json.dumps({"primaryTopic": A, "modified": "2026-05-06"})
    text = f'{{"dataset": [{{"@id": }}, {json.dumps(a_dataset("A"))}], "record": [{record}]}}'
    row, found = read(catalog, text)
    assert (row["verdict"], row["errors"]) == ("partial", 1)
    assert found[A].record_modified == "2026-05-06"


@pytest.mark.parametrize("place", ["service", "datasetSeries", "catalog"])
def test_a_stub_that_is_listed_before_does_not_win(place: str, catalog: Catalog) -> None:
    stub = {"service": "servesDataset", "datasetSeries": "seriesMember", "catalog": "service"}[place]
    inner: Any = [{"@id": A, "title": "stub"}, a_dataset("B")]
    if place == "catalog":
        inner = [{"servesDataset": inner}]
    outer = {"@id": "http://x.example/S", "title": "S", stub: inner}
    row, found = read(catalog, {place: [outer], "dataset": [a_dataset("A", description="whole")]})
    assert (row["verdict"], row["errors"], found[A].title, found[A].description) == ("complete", 0, "A", "whole")
    assert B in found


def test_flattened_nodes_are_put_together(catalog: Catalog) -> None:
    """JSON-LD 1.1, flattened document form: every node stands apart in the graph and is named by its IRI."""
    office, desk = "https://office.example", "_:desk"
    graph = [
        {"@id": "http://x.example/all", "@type": "dcat:Catalog", "dcat:dataset": [A, {"@id": B}, "http://x.example/C"]},
        {"@id": A, "@type": "dcat:Dataset", "title": "A", "publisher": office, "landingPage": office},
        {
            "@id": B,
            "@type": ["http://www.w3.org/ns/dcat#Dataset"],
            "dct:title": "B",
            "dcat:contactPoint": {"@id": desk},
            "dcat:distribution": [{"@id": "_:file"}],
        },
        {"@id": "_:file", "@type": "dcat:Distribution", "dcat:accessURL": "https://x.example/b.csv", "publisher": B},
        {"@id": office, "@type": "org:Organization", "name": "Office of Maps", "memberOf": office},
        {"@id": desk, "@type": "vcard:Kind", "fn": "Desk", "hasEmail": "mailto:desk@office.example"},
        {
            "@id": "http://x.example/api",
            "@type": "dcat:DataService",
            "endpointURL": "https://x.example/api",
            "servesDataset": A,
        },
    ]
    harvest, found = read(catalog, {"@context": "https://x.example/context", "@graph": graph})
    assert found.keys() == {A, B}
    publisher, contact = found[A].publisher, found[B].contact
    assert publisher is not None and publisher.name == "Office of Maps"
    assert found[A].landing_page == office
    assert [one.endpoint_url for one in found[A].data_services] == ["https://x.example/api"]
    assert contact is not None and (contact.name, contact.email) == ("Desk", "desk@office.example")
    assert [one.access_url for one in found[B].distributions] == ["https://x.example/b.csv"]
    # It is listed, and nothing describes it.
    assert harvest["verdict"] == "partial"


@pytest.mark.parametrize(
    "kind", ["dcat:Dataset", ["Dataset"], "http://www.w3.org/ns/dcat#Dataset", "dcat:DatasetSeries"]
)
def test_document_that_is_one_dataset(catalog: Catalog, kind: Any) -> None:
    harvest, found = read(catalog, a_dataset("A", **{"@type": kind, "@context": "https://x.example/context"}))
    assert harvest["verdict"] == "complete", harvest
    assert found[A].title == "A"
