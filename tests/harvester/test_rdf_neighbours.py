"""A record does not depend on its neighbours: what datasets share is no change of theirs, nor is the order of sets."""

from __future__ import annotations

import json

import pytest
from portal_server import PortalServer, Response, as_json, harvest, harvested, spec

from catalog.db.store import Catalog
from catalog.model.canonical import unordered
from catalog.repositories.datasets import raw_records
from catalog.repositories.reading import datasets
from harvester.spiders.rdf.nodes import own_part

HEAD = (
    "@prefix dcat: <http://www.w3.org/ns/dcat#> . @prefix dct: <http://purl.org/dc/terms/> .\n"
    "@prefix foaf: <http://xmlns.com/foaf/0.1/> . @prefix skos: <http://www.w3.org/2004/02/skos/core#> .\n"
)


def catalogue(
    *, mail: str = "a@x.example", place: str = "Westmere", size: int = 1, frequency: str = "monthly"
) -> bytes:
    lines = [
        f'<http://x.example/{n}> a dcat:Dataset ; dct:title "{n}" ; dct:publisher <http://x.example/org> ; '
        f"dct:spatial <http://x.example/place> ; dct:accrualPeriodicity <http://x.example/{n}#often> ; "
        f"dcat:distribution <http://x.example/file/{n}> . <http://x.example/{n}#often> skos:prefLabel '{frequency}' . "
        f"<http://x.example/file/{n}> dcat:accessURL <http://x.example/{n}.csv> ; dcat:byteSize {size} ."
        for n in range(4)
    ]
    lines.append(f'<http://x.example/org> a foaf:Agent ; foaf:name "Office" ; foaf:mbox <mailto:{mail}> .')
    lines.append(f'<http://x.example/place> a dct:Location ; skos:prefLabel "{place}" .')
    return (HEAD + "\n".join(lines)).encode()


def harvest_once(catalog: Catalog, body: bytes) -> dict[str, object]:
    with PortalServer({"/c.ttl": Response(200, "text/turtle", body)}) as server:
        harvest(catalog, spec("p", "dcat-rdf", server.url + "/c.ttl"))
    return harvested(catalog, "p")


def test_a_publisher_or_place_described_anew_changes_only_what_it_changes(catalog: Catalog) -> None:
    assert harvest_once(catalog, catalogue())["added"] == 4
    row = harvest_once(catalog, catalogue(mail="b@x.example", place="West Mere"))
    assert (row["verdict"], row["datasets"], row["changed"]) == ("complete", 4, 0)
    assert catalog.value("select count(*) from changes where kind = 'changed'") == 0
    # What is read of it is what it says now, of all of them.
    assert {one.dataset.publisher and one.dataset.publisher.email for one in datasets(catalog, "p")} == {"b@x.example"}
    raw = json.loads(next(iter(raw_records(catalog).values())))
    assert raw["dct:publisher"][0]["foaf:mbox"] == [{"@id": "mailto:b@x.example"}]


@pytest.mark.parametrize("change", [{"size": 2}, {"frequency": "daily"}])
def test_what_is_a_datasets_own_is_its_change(change: dict[str, str], catalog: Catalog) -> None:
    harvest_once(catalog, catalogue())
    assert harvest_once(catalog, catalogue(**change))["changed"] == 4  # type: ignore[arg-type]


def test_own_part_of_a_description() -> None:
    node = {
        "@id": "http://x.example/1",
        "@record": {"@id": "http://x.example/r", "dct:modified": [{"@value": "2026"}]},
        "@services": [{"@id": "http://x.example/api", "dct:title": [{"@value": "A"}]}],
        "dct:publisher": [{"@id": "http://x.example/o", "foaf:name": [{"@value": "O"}]}],
        "dct:temporal": [{"dcat:startDate": [{"@value": "2020"}]}],
        "dcat:distribution": [{"@id": "http://x.example/f", "dct:license": [{"@id": "http://l/", "dct:title": []}]}],
    }
    assert own_part(node) == {
        **node,
        "@services": [{"@id": "http://x.example/api"}],
        "dct:publisher": [{"@id": "http://x.example/o"}],
        "dcat:distribution": [{"@id": "http://x.example/f", "dct:license": [{"@id": "http://l/"}]}],
    }


@pytest.mark.parametrize("portal_type", ["dcat-us", "dcat-us-3"])
def test_the_order_of_sets_is_no_change(portal_type: str, catalog: Catalog) -> None:
    def document(turn: int) -> dict[str, object]:
        files = [{"@type": "Distribution", "downloadURL": f"http://x.example/{n}.csv"} for n in "ab"][::turn]
        record = {"identifier": "1", "title": "T", "keyword": ["x", "y"][::turn], "distribution": files}
        return {"conformsTo": "https://project-open-data.cio.gov/v1.1/schema", "dataset": [record]}

    for turn in (1, -1):
        with PortalServer({"/data.json": as_json(document(turn))}) as server:
            harvest(catalog, spec("p", portal_type, server.url))
    assert (harvested(catalog, "p")["datasets"], harvested(catalog, "p")["changed"]) == (1, 0)


def test_what_is_no_set_keeps_its_order() -> None:
    assert unordered({"a": ["y", "x"], "b": [2, 1], "c": [[3, 4], [1, 2]], "d": {"@list": ["y", "x"]}}) == {
        "a": ["x", "y"], "b": [2, 1], "c": [[3, 4], [1, 2]], "d": {"@list": ["y", "x"]},
    }  # fmt: skip
    assert unordered([{"b": 1, "a": ["2", "1"]}, {"a": "x"}]) == [{"a": "x"}, {"b": 1, "a": ["1", "2"]}]
