"""Quirks of udata that its tape cannot show: HTML deep in, pages past the end, a total that is too high."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

import pytest
from portal_server import Asked, PortalServer, Response, as_json, harvest, harvested, spec

from catalog.db.store import Catalog
from catalog.model import Contact
from harvester.spiders.udata.record import to_dataset

DATASETS = "/api/1/datasets/"
HTML = Response(200, "text/html", b"<!doctype html><title>Sorry</title>")


def listing(count: int, *, total: int | None = None, promises: int = 0) -> Callable[[Asked], Response]:
    """Respond with pages by number. ``promises``: number of further pages that the last page announces and that do not
    exist."""
    held: list[dict[str, Any]] = [{"id": f"d{n:03}", "title": f"T {n}"} for n in range(count)]

    def respond(asked: Asked) -> Response:
        page, size = int(asked.query["page"]), int(asked.query["page_size"])
        start = (page - 1) * size
        if page > 1 and start >= count:
            return as_json({"message": "Not found"}, 404)
        is_more = start + size < count + promises * size
        return as_json(
            {
                "data": held[start : start + size],
                "total": count if total is None else total,
                "next_page": f"http://elsewhere.example{DATASETS}?page={page + 1}" if is_more else None,
            }
        )

    return respond


def test_html_deep_in_is_read_around(catalog: Catalog) -> None:
    """It is no end, and no page of it is lost: what came as HTML is asked for in smaller pages."""
    plain = listing(230)

    def respond(asked: Asked) -> Response:
        return HTML if (asked.query["page"], asked.query["page_size"]) == ("2", "100") else plain(asked)

    with PortalServer({DATASETS: respond}) as server:
        harvest(catalog, spec("p", "udata", server.url))
        asked = server.asked(DATASETS)
    row = harvested(catalog, "p")
    assert (row["verdict"], row["datasets"], row["lost"]) == ("complete", 230, 0), row["reasons"]
    assert [path for path in asked if "page_size=25&page=5&" in path]


@pytest.mark.parametrize(("total", "verdict"), [(20, "complete"), (27, "partial")])
def test_a_page_past_the_end_is_the_end_if_the_total_agrees(total: int, verdict: str, catalog: Catalog) -> None:
    with PortalServer({DATASETS: listing(20, total=total, promises=1)}) as server:
        harvest(catalog, spec("p", "udata", server.url, limits={"page_rows": 10}))
    row = harvested(catalog, "p")
    assert (row["verdict"], row["datasets"], row["errors"]) == (verdict, 20, 0), row["reasons"]


def test_next_page_that_never_ends_is_broken_off(catalog: Catalog) -> None:
    def round_and_round(asked: Asked) -> Response:
        data = [{"id": f"d{n}", "title": "T"} for n in range(10)]
        return as_json({"data": data, "total": 500, "next_page": "http://elsewhere.example/"})

    with PortalServer({DATASETS: round_and_round}) as server:
        harvest(catalog, spec("p", "udata", server.url, limits={"page_rows": 10}))
        assert len(server.asked(DATASETS)) < 5
    row = harvested(catalog, "p")
    assert (row["verdict"], row["datasets"]) == ("partial", 10) and "circles" in row["reasons"][0]


def test_an_error_report_is_said_in_its_own_words(catalog: Catalog) -> None:
    with PortalServer({DATASETS: as_json({"message": "Search is being rebuilt"})}) as server:
        harvest(catalog, spec("p", "udata", server.url))
    row = harvested(catalog, "p")
    assert row["verdict"] == "failed" and "Search is being rebuilt" in row["reasons"][0]


def test_facts_among_the_extras_and_in_the_shape() -> None:
    """udata fills license and frequency with codes for "not known" where a robot wrote what it read elsewhere."""
    shape = {"type": "MultiPolygon", "coordinates": [[[[1, 2], [3, 2], [3, 4], [1, 2]]]]}
    raw = {
        "id": "1",
        "license": "notspecified",
        "frequency": "unknown",
        "spatial": {"zones": ["fr:commune:1"], "geom": shape, "granularity": "other"},
        "temporal_coverage": {"start": "2001-01-01", "end": "2002-12-31"},
        "extras": {
            "licenseText": "ODbL",
            "freqMAJ": "Annuelle",
            "Langue": "français",
            "contact_email": "mailto:desk@example.org",
            "contact_name": "Desk",
            "harvest:language": "en",
        },
    }
    found = to_dataset(raw)
    assert (found.licence, found.licence_title, found.frequency) == ("ODbL", None, "Annuelle")
    assert found.spatial == ("fr:commune:1", json.dumps(shape, separators=(",", ":")))
    assert (found.temporal_start, found.temporal_end) == ("2001-01-01", "2002-12-31")
    assert found.language == ("français",)
    assert found.contact == Contact(name="Desk", email="desk@example.org")


def test_what_udata_has_a_place_for_goes_before_the_extras() -> None:
    raw = {"id": "1", "license": "lov2", "frequency": "annual", "extras": {"license": "ODbL", "frequency": "daily"}}
    found = to_dataset(raw)
    assert (found.licence, found.frequency) == ("lov2", "annual")
    assert len(found.contradictions) == 2
