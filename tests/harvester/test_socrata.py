"""Quirks of Socrata that its tape cannot show: the window of 10,000, scrolling, the old interface, federation."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from portal_server import Asked, PortalServer, Response, as_json, harvest, harvested, spec
from scrapy import Request
from scrapy.http import TextResponse

from catalog.db.store import Catalog
from catalog.repositories.reading import datasets
from harvester.night.context import RunContext
from harvester.spiders.base.paging import PageCursor
from harvester.spiders.socrata import spider
from harvester.spiders.socrata.spider import Spider

CATALOG = "/api/catalog/v1"


def results(count: int, domain: str = "data.larkholm.example") -> list[dict[str, Any]]:
    return [
        {"resource": {"id": f"{n:05}"[:4] + f"-{n % 10}abc", "name": f"T {n}"}, "metadata": {"domain": domain}}
        for n in range(count)
    ]


def discovery(
    records: list[dict[str, Any]],
    *,
    scrolls: bool = True,
    orders: tuple[str, ...] = ("dataset_id",),
    window: int = spider.WINDOW,
) -> Any:
    """Work as the discovery API over a list, with its window, its scrolling, and the sort orders it accepts."""

    def respond(asked: Asked) -> Response:
        query, limit = asked.query, int(asked.query["limit"])
        if "scroll_id" in query:
            after = query["scroll_id"] if scrolls else ""
            by_id = sorted(records, key=lambda r: str(r["resource"]["id"]))
            page = [r for r in by_id if r["resource"]["id"] > after][:limit]
        else:
            if query["order"] not in orders:
                return as_json({"error": f"Invalid order {query['order']}"}, 400)
            start = int(query["offset"])
            if start + limit > window:
                return as_json({"error": f"Sum of offset and limit should not exceed {window}"}, 400)
            by_name = sorted(records, key=lambda r: str(r["resource"]["name"]), reverse=True)
            page = (by_name if query["order"] == "name" else records)[start : start + limit]
        return as_json({"results": page, "resultSetSize": len(records)})

    return respond


def test_past_10_000_records_scrolling_goes_on(catalog: Catalog) -> None:
    with PortalServer({CATALOG: discovery(results(10_250))}) as server:
        harvest(catalog, spec("p", "socrata", server.url, limits={"page_rows": 1000}))
        scrolled = [path for path in server.asked(CATALOG) if "scroll_id" in path]
    row = harvested(catalog, "p")
    assert (row["verdict"], row["datasets"], row["duplicates"]) == ("complete", 10_250, 0), row["reasons"]
    # In the order of ids it goes on where it is.
    assert len(scrolled) == 2


@pytest.fixture
def window(monkeypatch: pytest.MonkeyPatch) -> int:
    """A smaller window of the discovery API: a harvest of more than 10,000 records takes long."""
    monkeypatch.setattr(spider, "WINDOW", 1_000)
    return spider.WINDOW


def test_after_an_order_by_name_scrolling_begins_anew(catalog: Catalog, window: int) -> None:
    with PortalServer({CATALOG: discovery(results(1_025), orders=("name",), window=window)}) as server:
        harvest(catalog, spec("p", "socrata", server.url, limits={"page_rows": 100}))
        scrolled = [path for path in server.asked(CATALOG) if "scroll_id" in path]
    row = harvested(catalog, "p")
    assert (row["verdict"], row["datasets"], row["duplicates"]) == ("complete", 1_025, 0), row["reasons"]
    # Nobody knows what lies behind a place in the order of names.
    assert len(scrolled) == 12


def test_scrolling_that_is_not_obeyed_is_no_way_on(catalog: Catalog, window: int) -> None:
    with PortalServer({CATALOG: discovery(results(1_025), scrolls=False, window=window)}) as server:
        harvest(catalog, spec("p", "socrata", server.url, limits={"page_rows": 100}))
        assert len(server.asked(CATALOG)) == 11
    row = harvested(catalog, "p")
    assert (row["verdict"], row["datasets"], row["lost"]) == ("partial", 1_000, 0)
    assert "is not obeyed" in row["reasons"][0]


def test_an_error_report_is_said_in_its_own_words(catalog: Catalog) -> None:
    with PortalServer({CATALOG: as_json({"error": "Domain not found: data.larkholm.example"})}) as server:
        harvest(catalog, spec("p", "socrata", server.url))
    row = harvested(catalog, "p")
    assert row["verdict"] == "failed" and "Domain not found: data.larkholm.example" in row["reasons"][0]


def view(n: int, **values: Any) -> dict[str, Any]:
    return {"id": f"v{n:03}-2222", "name": f"View {n}", "viewType": "tabular", "displayType": "table", **values}


def test_views_are_read_where_the_discovery_api_is_not_offered(catalog: Catalog) -> None:
    whole = view(
        0,
        category="Health",
        tags=["clinics"],
        createdAt=1406265103,
        rowsUpdatedAt=1586123171,
        viewLastModified=1586123999,
        license={"name": "CC BY 4.0", "termsLink": "https://creativecommons.org/licenses/by/4.0/legalcode"},
        metadata={
            "custom_fields": {"Quality": {"Update frequency": "Monthly"}, "None": None},
            "attachments": [{"assetId": "A-1", "filename": "read me.pdf", "name": "Notes"}, {"name": "no id"}, "none"],
        },
        owner={"displayName": "Open data desk"},
    )
    records = [
        whole,
        view(1, displayType="map"),
        view(2, viewType="geo"),
        view(3, assetType="chart"),
        view(4, viewType="href"),
        *[view(n) for n in range(5, 450)],
    ]

    def views(asked: Asked) -> Response:
        page, limit = int(asked.query["page"]), min(int(asked.query["limit"]), 200)
        return as_json(records[(page - 1) * limit : page * limit])

    with PortalServer({"/api/views": views}) as server:
        harvest(catalog, spec("p", "socrata", server.url))
        url = server.url
    row = harvested(catalog, "p")
    assert (row["verdict"], row["datasets"], row["skipped"]) == ("complete", 446, 4), row["reasons"]
    found = next(d.dataset for d in datasets(catalog, "p") if d.dataset.identifier == "v000-2222")
    assert (found.issued, found.modified) == ("2014-07-25T05:11:43Z", "2020-04-05T21:46:11Z")
    assert found.record_modified == "2020-04-05T21:59:59Z"
    assert (found.licence, found.licence_title) == (whole["license"]["termsLink"], "CC BY 4.0")
    assert (found.frequency, found.themes, found.keywords) == ("Monthly", ("Health",), ("clinics",))
    attached = f"{url}/api/views/v000-2222/files/A-1?download=true&filename=read+me.pdf"
    assert [d.access_url for d in found.distributions if d.title == "Notes"] == [attached]
    assert len(found.distributions) == 3


def test_records_of_other_sites_are_known_by_their_domain(catalog: Catalog, tmp_path: Path) -> None:
    """Against the portal's own host, not against what is most frequent: a small site may be all but full of others."""
    portal = spec("p", "socrata", "https://www.larkholm.example", local=False)
    run = RunContext(catalog=catalog, run_id=1, data=tmp_path)
    spider = Spider(portal=portal, run=run, checkpoint={})
    spider.resume({})
    page = [*results(3, "data.verdania.example"), *results(1, "larkholm.example"), {"resource": {"id": "zzzz-2222"}}]
    asked = Request("https://www.larkholm.example/api/catalog/v1")
    body = as_json({"results": page, "resultSetSize": 5}).body
    assert isinstance(body, bytes)
    sheet = spider.read(TextResponse(asked.url, body=body, request=asked), PageCursor(rows=100))
    assert [spider.non_dataset_id(record) is None for _, record in sheet.records] == [False, False, False, True, True]


def test_what_is_skipped_counts_once_where_a_night_of_304_is_read_twice(catalog: Catalog) -> None:
    """A record that comes twice makes a second reading, which asks unconditionally: it meets what was skipped again."""
    records = results(19)
    records[3]["resource"]["type"] = "chart"
    records[15] = records[2]

    def respond(asked: Asked) -> Response:
        found = discovery(records)(asked)
        assert isinstance(found.body, bytes)
        etag = f'"{hash(found.body)}"'
        is_known = asked.headers.get("If-None-Match") == etag
        return Response(304 if is_known else 200, body=b"" if is_known else found.body, headers={"ETag": etag})

    rows = []
    with PortalServer({CATALOG: respond}) as server:
        for _ in range(2):
            harvest(catalog, spec("p", "socrata", server.url, limits={"page_rows": 10}))
            row = harvested(catalog, "p")
            rows.append((row["verdict"], row["datasets"], row["skipped"], row["seen"]))
    assert rows == [("complete", 17, 1, 19)] * 2
