"""DCAT-US 3: where in a document datasets may stand, and which of two that stand there is the real one."""

from __future__ import annotations

import json
from typing import Any

import pytest
from portal_server import Answer, PortalServer, harvest, harvested, spec

from catalog.reading import datasets
from catalog.store import Catalog
from harvester.spiders.dcat_us_3 import MAX_DEPTH


def read(catalog: Catalog, document: Any) -> tuple[dict[str, Any], dict[str, Any]]:
    """The harvest of a document, and its datasets by their identifiers."""
    body = document if isinstance(document, str) else json.dumps(document)
    with PortalServer({"/data.json": Answer(body=body.encode())}) as server:
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
