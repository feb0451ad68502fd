"""Quirks of Opendatasoft that its tape cannot show: windows of 10,000, and the errors that it answers with."""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Any

import pytest
from portal_server import Asked, PortalServer, Response, as_json, harvest, harvested, spec

from catalog.db.store import Catalog
from harvester.spiders.opendatasoft import spider as opendatasoft

WINDOW = 1_000
"""What stands for 10,000 here, so that the tests end soon."""
DATASETS = "/api/explore/v2.1/catalog/datasets"


def records(count: int, dates: int, undated: int = 0) -> list[dict[str, Any]]:
    """Return datasets, some with the same date, the newest first and those without a date last."""
    made = []
    for n in range(count):
        modified = None if n >= count - undated else f"2025-{12 - n * dates // count % 12:02}-01T00:00:00+00:00"
        made.append({"dataset_id": f"d{n:05}", "metas": {"default": {"title": f"T {n}", "modified": modified}}})
    return sorted(made, key=lambda r: r["metas"]["default"]["modified"] or "", reverse=True)


def catalogue(held: list[dict[str, Any]]) -> Callable[[Asked], Response]:
    """Work as the listing, with its window of records and its filter."""

    def respond(asked: Asked) -> Response:
        start, limit, where = int(asked.query["offset"]), int(asked.query["limit"]), asked.query.get("where")
        if start + limit >= WINDOW:
            return Response(500, body=b'{"error_code": "ODSError"}')
        assert limit <= 100
        found = held
        if where == "modified is null":
            found = [r for r in held if r["metas"]["default"]["modified"] is None]
        elif where:
            until = re.fullmatch(r"modified <= date'(.+)'", where)
            assert until
            found = [r for r in held if (r["metas"]["default"]["modified"] or "9") <= until[1]]
        return as_json({"total_count": len(found), "results": found[start : start + limit]})

    return respond


def test_windows_by_date_go_past_the_limit_and_end_with_what_has_none(
    catalog: Catalog, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(opendatasoft, "WINDOW", WINDOW)
    with PortalServer({DATASETS: catalogue(records(2_350, dates=12, undated=250))}) as server:
        harvest(catalog, spec("p", "opendatasoft", server.url))
        asked = [path for path in server.asked(DATASETS) if "where" in path]
    row = harvested(catalog, "p")
    assert (row["verdict"], row["datasets"], row["duplicates"]) == ("complete", 2_350, 0), row["reasons"]
    assert any("is+null" in path for path in asked) and len(asked) < 30


def test_one_date_that_fills_a_window_is_said(catalog: Catalog, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(opendatasoft, "WINDOW", WINDOW)
    with PortalServer({DATASETS: catalogue(records(1_100, dates=1))}) as server:
        harvest(catalog, spec("p", "opendatasoft", server.url))
        assert len(server.asked(DATASETS)) < 25
    row = harvested(catalog, "p")
    assert (row["verdict"], row["datasets"], row["lost"]) == ("partial", 900, 0)
    assert "bear the date 2025-12-01" in row["reasons"][0]


@pytest.mark.parametrize("status", [400, 200])
def test_an_order_that_is_refused_is_asked_for_otherwise(status: int, catalog: Catalog) -> None:
    held = records(7, dates=2)

    def respond(asked: Asked) -> Response:
        if "dataset_id" in asked.query["order_by"]:
            return as_json({"error_code": "ODSQLError", "message": "unknown field dataset_id"}, status)
        return catalogue(held)(asked)

    with PortalServer({DATASETS: respond}) as server:
        harvest(catalog, spec("p", "opendatasoft", server.url))
    row = harvested(catalog, "p")
    if status == 400:
        assert (row["verdict"], row["datasets"]) == ("complete", 7)
    else:
        assert row["verdict"] == "failed" and "unknown field dataset_id" in row["reasons"][0]
