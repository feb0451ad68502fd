"""What the tape of a piveau hub cannot show: one token for all pages, hubs without scrolling, and where those end."""

from __future__ import annotations

from typing import Any

import pytest
from portal_server import Asked, PortalServer, Response, as_json, harvest, harvested, spec
from test_detect import ask

from catalog.db.store import Catalog
from harvester.spiders.piveau import spider as piveau

SEARCH, SCROLL = "/api/hub/search/search", "/api/hub/search/scroll"


def hits(start: int, stop: int) -> list[dict[str, Any]]:
    return [
        {"id": f"d{n}", "index": "dataset", "title": {"en": f"T {n}"}, "catalog_record": {}} for n in range(start, stop)
    ]


def result(found: list[dict[str, Any]], count: int, **more: Any) -> Response:
    return as_json({"success": True, "result": {"count": count, "results": found, **more}})


def test_a_scroll_whose_token_stays_the_same(catalog: Catalog) -> None:
    at = [0]

    def scrolled(asked: Asked) -> Response:
        at[0] += 10
        return result(hits(at[0], min(73, at[0] + 10)), 73, scrollId="always")

    routes = {SEARCH: result(hits(0, 10), 73, scrollId="always"), SCROLL: scrolled}
    with PortalServer(routes) as server:
        harvest(catalog, spec("p", "piveau", server.url, limits={"page_rows": 10}))
    row = harvested(catalog, "p")
    assert (row["verdict"], row["datasets"], row["advertised"]) == ("complete", 73, 73), row["reasons"]


@pytest.mark.parametrize(("count", "verdict"), [(45, "complete"), (95, "partial")])
def test_a_hub_without_scrolling_is_read_by_pages(
    count: int, verdict: str, catalog: Catalog, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Up to the window of its index, behind which it answers plain text."""
    monkeypatch.setattr(piveau, "WINDOW", 60)

    def searched(asked: Asked) -> Response:
        start = int(asked.query.get("page", 0)) * 20
        if start + 20 > 60:
            return Response(400, "text/plain", b"Bad Request")
        return result(hits(start, min(count, start + 20)), count)

    with PortalServer({"/search": searched}) as server:
        harvest(catalog, spec("p", "piveau", server.url, limits={"page_rows": 20}))
    row = harvested(catalog, "p")
    assert (row["verdict"], row["datasets"]) == (verdict, min(count, 60)), row["reasons"]


def test_what_the_address_asks_for_is_kept(catalog: Catalog) -> None:
    with PortalServer({SEARCH: result(hits(0, 1), 1)}) as server:
        harvest(catalog, spec("p", "piveau", server.url + '/api/hub/search?facets={"catalog":["a"]}&limit=3'))
        asked = server.asked(SEARCH)[0]
    assert "facets=%7B%22catalog%22%3A%5B%22a%22%5D%7D" in asked and asked.count("limit=") == 1
    assert harvested(catalog, "p")["datasets"] == 1


def test_a_hub_is_detected() -> None:
    page = Response(200, "text/html", b"<html><title>Larkholm</title></html>")
    with PortalServer({"/": page, SEARCH: result(hits(0, 1), 73)}) as server:
        best = ask(server.url).best
    assert best is not None and (best.type, best.url, best.datasets) == ("piveau", server.url, 73)
