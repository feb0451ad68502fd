"""CKAN and feeds: order, paging, hidden pages, deadlines, and portals that move or go round in circles."""

from __future__ import annotations

import json
import threading
from typing import Any
from urllib.parse import parse_qs, urlsplit

import pytest
from portal_server import Asked, PortalServer, Response, as_json, ckan_search, harvest, harvested, spec

from catalog.db.store import Catalog
from harvester.http.faults import PagingLoopError
from harvester.night.context import RunContext
from harvester.spiders import spider_class


def packages(count: int, **values: Any) -> list[dict[str, Any]]:
    return [{"id": f"{n:04}", "name": f"p{n}", "title": f"Package {n}", **values} for n in range(count)]


def feed(count: int, start: int = 0) -> list[dict[str, Any]]:
    return [{"identifier": f"D{n}", "title": f"Dataset {n}"} for n in range(start, start + count)]


SEARCH = "/data/api/3/action/package_search"


def test_ckan_asks_for_a_stable_order_and_pages_by_what_came(catalog: Catalog) -> None:
    with PortalServer({SEARCH: ckan_search(packages(25), rows_max=7)}) as server:
        harvest(catalog, spec("p", "ckan", server.url + "/data/"))
        queries = [parse_qs(urlsplit(path).query) for path in server.asked(SEARCH)]
    assert [q["start"] for q in queries] == [["0"], ["7"], ["14"], ["21"]]
    assert all(q["sort"] == ["id asc"] for q in queries)
    row = harvested(catalog, "p")
    assert (row["verdict"], row["datasets"], row["advertised"]) == ("complete", 25, 25)


def test_ckan_success_false_with_200_is_a_failure(catalog: Catalog) -> None:
    refusal = {"success": False, "error": {"__type": "Search Error", "message": "solr is down"}}
    with PortalServer({SEARCH: as_json(refusal)}) as server:
        harvest(catalog, spec("p", "ckan", server.url + "/data"))
    row = harvested(catalog, "p")
    assert row["verdict"] == "failed"
    assert "success: false" in row["reasons"][0]
    assert "solr is down" in catalog.value("select value from harvest_errors")


def test_ckan_that_refuses_the_order_is_asked_for_another(catalog: Catalog) -> None:
    search = ckan_search(packages(3))
    with PortalServer(
        {SEARCH: lambda a: as_json("bad sort", 400) if a.query.get("sort") == "id asc" else search(a)}
    ) as s:
        harvest(catalog, spec("p", "ckan", s.url + "/data"))
    assert harvested(catalog, "p")["verdict"] == "complete"


def test_ckan_that_goes_round_in_circles_is_partial(catalog: Catalog) -> None:
    first = as_json({"success": True, "result": {"count": 90, "results": packages(10)}})
    with PortalServer({SEARCH: first}) as server:
        harvest(catalog, spec("p", "ckan", server.url + "/data"))
        assert len(server.asked(SEARCH)) == 2
    row = harvested(catalog, "p")
    assert (row["verdict"], row["datasets"]) == ("partial", 10)
    assert "circles" in row["reasons"][0]


def test_ckan_that_repeats_harvest_sources_for_ever_is_ended(catalog: Catalog) -> None:
    first = as_json({"success": True, "result": {"count": 90, "results": packages(10, type="harvest")}})
    with PortalServer({SEARCH: first}) as server:
        harvest(catalog, spec("p", "ckan", server.url + "/data", limits={"deadline_s": 5}))
        assert len(server.asked(SEARCH)) < 20
    assert harvested(catalog, "p")["verdict"] == "failed"


@pytest.mark.parametrize(
    ("body", "verdict", "count", "reason"),
    [
        (json.dumps(feed(3)), "complete", 3, None),
        (json.dumps({"dataset": feed(3)})[:-2], "partial", 3, "cut short"),
        (json.dumps({"dataset": feed(3)})[:-20], "partial", 2, "cut short"),
        (json.dumps({"datasets": feed(3)}), "failed", 0, 'no "dataset"'),
        ("", "failed", 0, "empty"),
        ('{"dataset": []}', "suspect", 0, "lists no datasets"),
        ('{"dataset": [{"identifier": "A", "bad": }, {"identifier": "B"}]}', "partial", 1, "1 records were lost"),
        ('{"dataset": [{"identifier": "A"}, oops]}', "partial", 1, "1 records were lost"),
    ],
    ids=["bare array", "no end", "cut in a record", "other key", "empty", "none", "no value", "word"],
)
def test_feed_shapes(body: str, verdict: str, count: int, reason: str | None, catalog: Catalog) -> None:
    with PortalServer({"/data.json": Response(body=body.encode())}) as server:
        harvest(catalog, spec("p", "dcat-us", server.url))
    row = harvested(catalog, "p")
    assert (row["verdict"], row["datasets"]) == (verdict, count), row["reasons"]
    assert (not row["reasons"]) if reason is None else any(reason in r for r in row["reasons"]), row["reasons"]


def test_feed_that_breaks_off_on_the_wire_is_partial(catalog: Catalog) -> None:
    body = json.dumps({"dataset": feed(30)}).encode()
    with PortalServer({"/data.json": Response(body=body[:500], headers={"Content-Length": str(len(body))})}) as server:
        harvest(catalog, spec("p", "dcat-us", server.url))
    row = harvested(catalog, "p")
    assert row["verdict"] == "partial"
    assert 0 < row["datasets"] < 30


def test_hidden_pages_of_a_feed_are_found(catalog: Catalog) -> None:
    pages = {
        "/data.json": as_json({"dataset": feed(100)}),
        "/data.json?page=2": as_json({"dataset": feed(100, 100)}),
        "/data.json?page=3": as_json({"dataset": feed(7, 200)}),
    }
    with PortalServer(pages) as server:
        harvest(catalog, spec("p", "dcat-us", server.url))
    row = harvested(catalog, "p")
    assert (row["verdict"], row["datasets"], row["errors"]) == ("complete", 207, 0)


@pytest.mark.parametrize("second", [as_json({"dataset": feed(100)}), as_json({"dataset": []}), Response(404)])
def test_feed_of_exactly_a_page_has_no_duplicates(second: Response, catalog: Catalog) -> None:
    """It is asked for a second page; that this is the first again is no fault of the portal."""
    routes = {"/data.json": as_json({"dataset": feed(100)}), "/data.json?page=2": second}
    with PortalServer(routes) as server:
        harvest(catalog, spec("p", "dcat-us", server.url))
    row = harvested(catalog, "p")
    assert (row["verdict"], row["seen"], row["datasets"], row["errors"]) == ("complete", 100, 100, 0), row["reasons"]


def test_deadline_keeps_what_came_and_says_so(catalog: Catalog) -> None:
    search, over = ckan_search(packages(30), rows_max=10), threading.Event()

    def slow(asked: Asked) -> Response:
        if asked.query["start"] == "10":
            over.wait(5)
        return search(asked)

    with PortalServer({SEARCH: slow}) as server:
        harvest(catalog, spec("p", "ckan", server.url + "/data", limits={"deadline_s": 2}))
        over.set()
    row = harvested(catalog, "p")
    # The page that was on its way may still come; none is asked for after it.
    assert row["verdict"] == "partial" and row["datasets"] in (10, 20)
    assert any("deadline_s = 2" in reason for reason in row["reasons"]), row["reasons"]


def test_a_portal_that_moved_for_good_is_read_and_said(catalog: Catalog) -> None:
    with PortalServer({"/new/data.json": as_json({"dataset": feed(2)})}) as server:
        server.routes["/data.json"] = Response(301, headers={"Location": "/new/data.json"})
        harvest(catalog, spec("p", "dcat-us", server.url))
        new = f"{server.url}/new/data.json"
    errors = catalog.rows("select * from harvest_errors")
    assert [(e["kind"], e["is_lost"]) for e in errors] == [("moved", 0)]
    assert new in errors[0]["message"] and "portal file" in errors[0]["remedy"]


def test_an_address_is_not_asked_for_again_and_again(catalog: Catalog) -> None:
    run_id = catalog.begin_run("t", [], version="0", methodology="0")
    run = RunContext(catalog=catalog, run_id=run_id, data=catalog.path.parent)
    spider = spider_class("ckan")(portal=spec("p", "ckan", "http://p.example"), run=run, checkpoint={})
    page = spider.request("http://p.example/next", spider.failed)
    again = page.replace(meta={**page.meta, "retry_times": 1})
    for _ in range(3):
        spider.check_request(page)
        spider.check_request(again)
    with pytest.raises(PagingLoopError, match="round in circles"):
        spider.check_request(page)
