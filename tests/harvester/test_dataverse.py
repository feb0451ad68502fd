"""Quirks of Dataverse that its tape cannot show: copies, records that cannot be had, closed searches."""

from __future__ import annotations

from typing import Any

import pytest
from portal_server import Asked, PortalServer, Response, as_json, harvest, harvested, spec

from catalog.db.store import Catalog
from catalog.repositories.reading import datasets
from harvester.spiders.dataverse.record import to_dataset

SEARCH = "/api/search"
SHOW = "/api/datasets/:persistentId/"


def ok(data: Any) -> Response:
    return as_json({"status": "OK", "data": data})


def search(own: int, copies: int = 0, *, knows_filter: bool = True) -> Any:
    """Work as the search over the portal's own datasets and harvested copies, with its filter."""
    mine = [{"type": "dataset", "name": f"T {n}", "global_id": f"doi:10.0/{n}"} for n in range(own)]
    theirs = [{"type": "dataset", "name": f"C {n}", "global_id": f"hdl:9/{n}"} for n in range(copies)]

    def respond(asked: Asked) -> Response:
        start, rows, only = int(asked.query["start"]), int(asked.query["per_page"]), asked.query.get("fq")
        found = [*mine, *theirs]
        if only and knows_filter:
            found = theirs if only == "isHarvested:true" else mine
        return ok({"total_count": len(found), "items": found[start : start + rows]})

    return respond


def shown(asked: Asked) -> Response:
    version = {"license": {"name": "CC0 1.0", "uri": "https://creativecommons.org/publicdomain/zero/1.0"}}
    return ok({"latestVersion": version})


def copies_in(catalog: Catalog) -> dict[str, str | None]:
    return {d.dataset.identifier: d.dataset.harvested_from for d in datasets(catalog, "p") if d.dataset.harvested_from}


def test_copies_are_listed_apart_and_marked(catalog: Catalog) -> None:
    with PortalServer({SEARCH: search(15, 3), SHOW: shown}) as server:
        harvest(catalog, spec("p", "dataverse", server.url, limits={"page_rows": 10}))
    row = harvested(catalog, "p")
    assert (row["verdict"], row["datasets"], row["advertised"]) == ("complete", 18, 18), row["reasons"]
    assert copies_in(catalog) == {f"hdl:9/{n}": "harvested" for n in range(3)}


def test_a_filter_that_finds_all_marks_none(catalog: Catalog) -> None:
    with PortalServer({SEARCH: search(5, 3, knows_filter=False), SHOW: shown}) as server:
        harvest(catalog, spec("p", "dataverse", server.url))
    row = harvested(catalog, "p")
    assert (row["verdict"], row["datasets"]) == ("complete", 8)
    assert not copies_in(catalog) and "cannot be told" in row["reasons"][0]


def test_a_dataset_that_cannot_be_shown_is_lost_and_said(catalog: Catalog) -> None:
    """Without its record nobody knows its licence: to keep it would say that it has none."""

    def respond(asked: Asked) -> Response:
        if asked.query["persistentId"] == "doi:10.0/3":
            return as_json({"status": "ERROR", "message": "no"}, 404)
        return shown(asked)

    with PortalServer({SEARCH: search(5), SHOW: respond}) as server:
        harvest(catalog, spec("p", "dataverse", server.url))
    row = harvested(catalog, "p")
    assert (row["verdict"], row["datasets"], row["lost"]) == ("partial", 4, 1)
    error = catalog.rows("select * from harvest_errors")[0]
    assert error["pointer"] == "/data/items/3" and "answers 404" in error["message"]
    assert all(d.dataset.licence for d in datasets(catalog, "p"))


@pytest.mark.parametrize("status", [401, 403, 404])
def test_datasets_that_are_closed_are_mapped_from_the_search(status: int, catalog: Catalog) -> None:
    """Not asked for one and all; and what the search leaves out is not known."""
    with PortalServer({SEARCH: search(90), SHOW: as_json({"status": "ERROR"}, status)}) as server:
        harvest(catalog, spec("p", "dataverse", server.url))
        assert len(server.asked(SHOW)) == 20
    row = harvested(catalog, "p")
    assert (row["verdict"], row["datasets"], row["lost"]) == ("complete", 90, 0), row["reasons"]
    assert any("records of datasets are closed" in reason for reason in row["reasons"])
    found = next(datasets(catalog, "p")).dataset
    assert found.title and {"licence", "distributions"} <= set(found.not_carried)


def test_collections_that_a_search_lists_are_no_datasets(catalog: Catalog) -> None:
    dataset = {"type": "dataset", "global_id": "doi:10.0/1", "name": "Wells"}
    collections = [{"type": "dataverse", "name": f"C {n}", "identifier": f"c{n}"} for n in range(2)]
    file = {"type": "file", "name": "wells.tab", "file_id": "7", "dataset_persistent_id": "doi:10.0/1"}
    response = {"status": "OK", "data": {"total_count": 4, "items": [dataset, *collections, file]}}
    ended = {"status": "OK", "data": {"total_count": 4, "items": []}}

    def listed(asked: Asked) -> Response:
        return as_json(response if asked.query["start"] == "0" else ended)

    with PortalServer({SEARCH: listed, SHOW: as_json({"status": "ERROR"}, 403)}) as server:
        harvest(catalog, spec("p", "dataverse", server.url))
    row = harvested(catalog, "p")
    assert (row["verdict"], row["datasets"], row["skipped"], row["errors"]) == ("complete", 1, 3, 0), row["reasons"]


def test_a_second_night_asks_for_no_dataset_on_a_page_that_is_the_same(catalog: Catalog) -> None:
    with PortalServer({SEARCH: search(25), SHOW: shown}) as server:
        harvest(catalog, spec("p", "dataverse", server.url, limits={"page_rows": 10}))
        server.requests.clear()
        harvest(catalog, spec("p", "dataverse", server.url, limits={"page_rows": 10}))
        assert not server.asked(SHOW) and len(server.asked(SEARCH)) == 4
    row = harvested(catalog, "p")
    assert (row["verdict"], row["datasets"], row["changed"], row["not_modified"]) == ("complete", 25, 0, 3)


@pytest.mark.parametrize(
    ("response", "words"),
    [
        (as_json({"status": "ERROR", "message": "Please provide a key"}, 401), "open to holders of an API token alone"),
        (as_json({"status": "ERROR", "message": "Solr is down"}), "Solr is down"),
    ],
)
def test_a_search_that_does_not_answer_says_why(response: Response, words: str, catalog: Catalog) -> None:
    with PortalServer({SEARCH: response}) as server:
        harvest(catalog, spec("p", "dataverse", server.url))
    row = harvested(catalog, "p")
    assert row["verdict"] == "failed" and words in row["reasons"][0]


def native(block: str, **fields: Any) -> dict[str, Any]:
    """Return a metadata block of the dataset's own full record."""
    listed = [{"typeName": name, "multiple": isinstance(held, list), "value": held} for name, held in fields.items()]
    return {block: {"displayName": block, "fields": listed}}


def compound(**parts: str) -> dict[str, Any]:
    return {name: {"typeName": name, "typeClass": "primitive", "value": held} for name, held in parts.items()}


@pytest.mark.parametrize(("north", "south"), [("northLatitude", "southLatitude"), ("northLongitude", "southLongitude")])
def test_own_record_fills_what_an_older_search_leaves_out(north: str, south: str) -> None:
    citation = native(
        "citation",
        dsDescription=[compound(dsDescriptionValue="First."), compound(dsDescriptionValue="Second.")],
        keyword=[compound(keywordValue="wells"), compound(keywordValue="water")],
        subject=["Earth and Environmental Sciences"],
        timePeriodCovered=[
            compound(timePeriodCoveredStart="2011-01-01", timePeriodCoveredEnd="2012-12-31"),
            compound(timePeriodCoveredStart="2001", timePeriodCoveredEnd="2005"),
        ],
        otherId=[compound(otherIdAgency="Board", otherIdValue="W-7")],
        publication=[compound(publicationCitation="A paper", publicationURL="https://x.example/paper")],
        originOfSources="Gauges",
    )
    box = {north: "49.5", south: "48", "westLongitude": "-2", "eastLongitude": "3.25"}
    where = native(
        "geospatial",
        geographicCoverage=[compound(country="Freedonia", city="Sylvania")],
        geographicBoundingBox=[compound(**box)],
    )
    own = {"publisher": "Root", "latestVersion": {"metadataBlocks": citation | where, "license": "CC0"}}
    found = to_dataset({"global_id": "doi:10.0/1", "name": "Wells", "dataset": own}, "http://x.example")
    assert (found.description, found.keywords) == ("First.\n\nSecond.", ("wells", "water"))
    assert found.themes == ("Earth and Environmental Sciences",)
    assert (found.temporal_start, found.temporal_end) == ("2001", "2012-12-31")
    assert found.spatial == ("Sylvania, Freedonia", "-2,48,3.25,49.5")
    assert (found.other_identifiers, found.relations) == (("W-7",), ("https://x.example/paper",))
    assert (found.provenance, found.licence) == ("Gauges", "CC0")
    assert found.publisher is not None and found.publisher.name == "Root"
