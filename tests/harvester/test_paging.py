"""Paging that loses nothing it can have, and says what it could not."""

from __future__ import annotations

import time
from typing import Any

import pytest
from portal_server import Asked, PortalServer, Response, as_json, ckan_search, harvest, harvested, spec

from catalog.db.store import Catalog
from harvester.spiders.base.paging import PageCursor

SEARCH = "/api/3/action/package_search"


def packages(count: int, **values: Any) -> list[dict[str, Any]]:
    return [{"id": f"{n:04}", "name": f"p{n}", "title": f"Package {n}", **values} for n in range(count)]


def starts(server: PortalServer) -> list[tuple[int, int]]:
    """Return (start, rows) of every search request."""
    found = []
    for path in server.asked(SEARCH):
        query = dict(part.split("=") for part in path.partition("?")[2].split("&"))
        found.append((int(query["start"]), int(query["rows"])))
    return found


def with_poison(records: list[dict[str, Any]], *places: int, how: Response | float) -> Any:
    """Return a search that fails if one of ``places`` is on the page: with the response ``how``, or after that many
    seconds of silence."""
    search = ckan_search(records)

    def respond(asked: Asked) -> Response:
        start, rows = int(asked.query["start"]), int(asked.query["rows"])
        if any(start <= place < start + rows for place in places):
            if isinstance(how, Response):
                return how
            time.sleep(how)
        return search(asked)

    return respond


def test_pages_shrink_by_four_and_grow_again() -> None:
    cursor = PageCursor(rows=1000)
    sizes = [cursor.asked]
    while cursor.can_shrink:
        cursor = cursor.smaller()
        sizes.append(cursor.asked)
    assert sizes == [1000, 250, 62, 15, 3, 1]
    assert cursor.skip().forward(1).asked == 1
    assert cursor.forward(1000).asked == 1000


@pytest.mark.parametrize(
    "how",
    [Response(500, "text/plain", b"boom"), Response(200, body=b'{"success": true, "result": {"results": [{"id'), 1.5],
    ids=["500", "broken off", "silence"],
)
def test_a_record_that_cannot_be_sent_is_skipped_and_said(how: Response | float, catalog: Catalog) -> None:
    with PortalServer({SEARCH: with_poison(packages(200), 77, how=how)}) as server:
        harvest(catalog, spec("p", "ckan", server.url, limits={"page_rows": 50, "timeout_s": 0.5}))
        asked = starts(server)
    row = harvested(catalog, "p")
    assert (row["verdict"], row["datasets"], row["lost"]) == ("partial", 199, 1)
    assert "1 records were lost" in row["reasons"][0]
    error = catalog.rows("select * from harvest_errors")[0]
    assert (error["kind"], error["pointer"], error["is_lost"]) == ("poison", "/result/results/77", 1)
    assert "place 77" in error["message"] and error["remedy"]
    # Behind the page that failed first, pages are whole again.
    assert asked[-1] == (200, 50) and (100, 50) in asked and (77, 1) in asked
    assert len(asked) < 40


def test_a_server_that_is_down_is_not_asked_for_every_record(catalog: Catalog) -> None:
    with PortalServer({SEARCH: Response(503, "text/plain", b"down")}) as server:
        harvest(catalog, spec("p", "ckan", server.url, limits={"page_rows": 50}))
        assert len(server.asked(SEARCH)) < 15
    row = harvested(catalog, "p")
    assert row["verdict"] == "failed" and "503" in row["reasons"][0]


def test_a_stretch_without_end_is_given_up(catalog: Catalog) -> None:
    search = with_poison(packages(500), *range(20, 500), how=Response(500, "text/plain", b"boom"))
    with PortalServer({SEARCH: search}) as server:
        harvest(catalog, spec("p", "ckan", server.url, limits={"page_rows": 10}))
        assert len(server.asked(SEARCH)) < 90
    row = harvested(catalog, "p")
    assert (row["verdict"], row["datasets"], row["lost"]) == ("partial", 20, 20)


def test_records_that_move_between_pages_are_found_in_a_second_reading(catalog: Catalog) -> None:
    records = packages(40)
    state = {"asked": 0}

    def moving(asked: Asked) -> Response:
        # While the first pages are read, one record moves back over the page's edge: it comes twice, another never.
        state["asked"] += 1
        order = (
            records
            if state["asked"] > 4 or state["asked"] == 1
            else [*records[:9], records[10], records[9], *records[11:]]
        )
        return ckan_search(order)(asked)

    with PortalServer({SEARCH: moving}) as server:
        harvest(catalog, spec("p", "ckan", server.url, limits={"page_rows": 10}))
        asked = [start for start, _ in starts(server)]
    row = harvested(catalog, "p")
    assert (row["verdict"], row["datasets"], row["duplicates"]) == ("complete", 40, 1), row["reasons"]
    assert asked == [0, 10, 20, 30, 40, 0, 10, 20, 30]


def test_a_record_listed_twice_for_good_is_no_loss(catalog: Catalog) -> None:
    records = packages(29)
    records.append(records[3])
    with PortalServer({SEARCH: ckan_search(records)}) as server:
        harvest(catalog, spec("p", "ckan", server.url, limits={"page_rows": 10}))
    row = harvested(catalog, "p")
    assert (row["verdict"], row["datasets"], row["duplicates"]) == ("complete", 29, 1), row["reasons"]
    assert "1 records come twice, in a second reading too" in row["reasons"]


def test_a_total_that_is_cut_off_is_noticed(catalog: Catalog) -> None:
    records = packages(35)

    def clamped(asked: Asked) -> Response:
        start, rows = int(asked.query["start"]), min(int(asked.query["rows"]), 10)
        return as_json({"success": True, "result": {"count": 20, "results": records[start : start + rows]}})

    with PortalServer({SEARCH: clamped}) as server:
        harvest(catalog, spec("p", "ckan", server.url))
    row = harvested(catalog, "p")
    assert (row["verdict"], row["datasets"]) == ("complete", 35)
    assert "the portal says 20 datasets and sent 35: its total is wrong or cut off" in row["reasons"]


@pytest.mark.parametrize(("gone", "verdict"), [(0, "complete"), (1, "partial")])
def test_a_total_that_moves_is_noticed(gone: int, verdict: str, catalog: Catalog) -> None:
    """One record more while it is read is no loss; where the total says more than came, something was missed."""
    records = packages(31)

    def moving(asked: Asked) -> Response:
        start = int(asked.query["start"])
        known = records[: 30 if start == 0 else 31]
        page = known[start : start + 10][: 10 - (gone if start == 10 else 0)]
        return as_json({"success": True, "result": {"count": len(known) + gone, "results": page}})

    with PortalServer({SEARCH: moving}) as server:
        harvest(catalog, spec("p", "ckan", server.url, limits={"page_rows": 10}))
    row = harvested(catalog, "p")
    assert row["verdict"] == verdict, row["reasons"]
    assert any("moved from" in reason for reason in row["reasons"])


def test_an_unstable_order_is_said(catalog: Catalog) -> None:
    search = ckan_search(packages(3))
    with PortalServer({SEARCH: lambda a: as_json("bad sort", 400) if "sort" in a.query else search(a)}) as server:
        harvest(catalog, spec("p", "ckan", server.url))
    row = harvested(catalog, "p")
    assert row["verdict"] == "complete" and "refuses a stable order" in row["reasons"][0]


def test_harvest_sources_are_counted_and_not_kept(catalog: Catalog) -> None:
    records = [*packages(8), {"id": "h1", "type": "harvest"}, {"id": "h2", "type": "showcase"}]
    # Two without an id are two.
    records += [{"type": "harvest", "title": "Roads"}, {"type": "harvest", "title": "Parks"}]
    with PortalServer({SEARCH: ckan_search(records)}) as server:
        harvest(catalog, spec("p", "ckan", server.url))
    row = harvested(catalog, "p")
    assert (row["verdict"], row["advertised"], row["datasets"], row["skipped"]) == ("complete", 12, 8, 4)


@pytest.mark.parametrize(
    "second",
    [
        Response(403, "text/html", b"<title>Just a moment...</title>"),
        Response(500, "text/plain", b"boom"),
        Response(200, "text/html", b"<!doctype html><title>Maintenance</title>"),
        Response(200, body=b'{"dataset": [{"identifier": "D1'),
    ],
    ids=["wall", "500", "html", "cut"],
)
def test_a_second_page_of_a_feed_that_fails_is_no_end(second: Response, catalog: Catalog) -> None:
    feed = as_json({"dataset": [{"identifier": f"D{n}", "title": "T"} for n in range(100)]})
    with PortalServer({"/data.json": feed, "/data.json?page=2": second}) as server:
        harvest(catalog, spec("f", "dcat-us", server.url))
    row = harvested(catalog, "f")
    assert (row["verdict"], row["datasets"]) == ("partial", 100) and row["errors"] == 1


def test_an_index_that_is_emptied_while_it_is_read_is_not_complete(catalog: Catalog) -> None:
    records = packages(50)

    def emptied(asked: Asked) -> Response:
        if int(asked.query["start"]) >= 30:
            return as_json({"success": True, "result": {"count": 0, "results": []}})
        return ckan_search(records)(asked)

    with PortalServer({SEARCH: emptied}) as server:
        harvest(catalog, spec("p", "ckan", server.url, limits={"page_rows": 10}))
    row = harvested(catalog, "p")
    assert (row["verdict"], row["datasets"]) == ("partial", 30)
    assert any("up to 50 datasets and sent 30" in reason for reason in row["reasons"])


def test_a_lost_record_beside_a_poisoned_one_is_no_circle(catalog: Catalog) -> None:
    records = packages(60)
    records[22] = {"title": "nobody"}
    records[23] = records[20]
    with PortalServer({SEARCH: with_poison(records, 21, how=Response(500, "text/plain", b"boom"))}) as server:
        harvest(catalog, spec("p", "ckan", server.url, limits={"page_rows": 20}))
    row = harvested(catalog, "p")
    assert (row["verdict"], row["datasets"]) == ("partial", 57)
    assert not any("circles" in reason for reason in row["reasons"])
