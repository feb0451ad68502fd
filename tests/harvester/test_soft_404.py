"""A page, a login form or an error message in the place of a file is seen, whatever the file was to be."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from portal_server import PortalServer, Response, as_json, spec

from catalog.db.store import open_catalog
from harvester.night.context import CheckBudget
from harvester.night.stages import nightly, replay
from tests.comparing import content, differences

HTML = b"<!doctype html><html><head><title>%s</title></head><body><h1>%s</h1></body></html>"
LOGIN = b"<!doctype html><title>Sign in</title><form method=post><input type=password name=p></form>"
OGC = b"<?xml version='1.0'?><ows:ExceptionReport xmlns:ows='http://www.opengis.net/ows/1.1'/>"
PDF, PNG = b"%PDF-1.7\n" + b"x" * 90_000, b"\x89PNG\r\n\x1a\n" + b"\0" * 2_000
CASES: dict[str, tuple[str, Response, float | None]] = {
    "good.pdf": ("application/pdf", Response(200, "application/pdf", PDF), 1.0),
    "good.png": ("image/png", Response(200, "image/png", PNG), 1.0),
    "gone.pdf": ("application/pdf", Response(200, "text/html", HTML % (b"Not found", b"404")), 0.0),
    "unlabelled.pdf": ("application/pdf", Response(200, "application/octet-stream", HTML % (b"Oops", b"Oops")), 0.0),
    "login.png": ("image/png", Response(200, "text/html", LOGIN), 0.0),
    "error.zip": ("application/zip", Response(200, "application/json", b'{"error": {"code": 500}}'), 0.0),
    "wfs.gml": ("application/gml+xml", Response(200, "application/xml", OGC), 0.0),
    "page.html": ("text/html", Response(200, "text/html", HTML % (b"Data", b"Data")), 1.0),
}


def site(server: PortalServer) -> None:
    server.routes |= {f"/{name}": response for name, (_, response, _) in CASES.items()}
    server.routes["/empty.pdf"] = Response(200, "application/pdf", b"")
    kinds = {name: kind for name, (kind, _, _) in CASES.items()} | {"empty.pdf": "application/pdf"}
    parts = [{"downloadURL": f"{server.url}/{name}", "title": name, "mediaType": kind} for name, kind in kinds.items()]
    server.routes["/data.json"] = as_json({"dataset": [{"identifier": "A", "title": "A", "distribution": parts}]})


@pytest.fixture(scope="module")
def measured(tmp_path_factory: pytest.TempPathFactory) -> dict[str, dict[str, Any]]:
    """Return the measurements of each file, by its name."""
    data = tmp_path_factory.mktemp("soft") / "data"
    with PortalServer() as server:
        site(server)
        nightly(data, [spec("p", "dcat-us", server.url)], stages=["harvest", "check", "validate", "score"])
    with open_catalog(data / "catalog.db") as catalog:
        rows = catalog.rows(
            "select d.title, d.download_url, q.* from distributions d "
            "join distribution_quality q on q.distribution_id = d.id"
        )
    return {row["title"]: row for row in rows}


@pytest.mark.parametrize("name", CASES)
def test_what_came_in_the_place_of_a_file(name: str, measured: dict[str, dict[str, Any]]) -> None:
    assert measured[name]["file_served"] == CASES[name][2]
    # What came instead is said once, not again as a false format.
    assert measured[name]["format_truthful"] in (1.0, None)


def test_an_empty_file_is_said_to_be_empty(measured: dict[str, dict[str, Any]]) -> None:
    assert measured["empty.pdf"]["table_not_empty"] == 0.0


def test_a_night_that_carried_addresses_over_is_replayed_as_it_was(tmp_path: Path) -> None:
    data, again = tmp_path / "data", tmp_path / "again"
    stages = ["harvest", "check", "validate", "score"]
    with PortalServer() as server:
        site(server)
        portal = spec("p", "dcat-us", server.url, limits={"concurrency": 1})
        budget = CheckBudget(requests=8)
        first = nightly(data, [portal], stages=stages, is_archived=True, check_budget=budget)
    assert first["checks_carried_over"] > 0 and first["checks"]["ok"] > 0
    second = replay(again, next((data / "archive").glob("*.warc.gz")))
    assert second["checks_carried_over"] == first["checks_carried_over"]
    assert differences(content(again), content(data)) == {}
