"""I14Y: where its listing ends, and what is no end."""

from __future__ import annotations

import pytest
from portal_server import Asked, PortalServer, Response, as_json, harvest, harvested, spec

from catalog.db.store import Catalog

LISTING = "/api/datasets"


def pages(*sizes: int) -> dict[str, Response]:
    """Return routes for pages with these numbers of datasets, requested two at a time."""
    found: dict[str, Response] = {}
    for number, size in enumerate(sizes, 1):
        data = [{"id": f"{number}-{n}"} for n in range(size)]
        found[f"{LISTING}?page={number}&pageSize=2"] = as_json({"data": data})
    return found


@pytest.mark.parametrize(
    ("sizes", "verdict", "count", "reason"),
    [
        ((2, 2, 0), "complete", 4, None),
        ((2, 1, 0), "complete", 3, None),
        # Cut pages: the software behind them may allow fewer than were asked for.
        ((1, 1, 1, 0), "complete", 3, None),
        ((0,), "suspect", 0, "lists no datasets"),
        # A page that is not there, behind a full one: nobody knows what was on it.
        ((2,), "partial", 2, "answers 404"),
    ],
)
def test_only_an_empty_page_is_the_end(
    sizes: tuple[int, ...], verdict: str, count: int, reason: str | None, catalog: Catalog
) -> None:
    with PortalServer(pages(*sizes)) as server:
        harvest(catalog, spec("p", "i14y", server.url, limits={"page_rows": 2}))
    row = harvested(catalog, "p")
    assert (row["verdict"], row["datasets"]) == (verdict, count), row["reasons"]
    assert any(reason in said for said in row["reasons"]) if reason else not row["reasons"]


def test_a_listing_that_ignores_the_page_goes_round(catalog: Catalog) -> None:
    with PortalServer({LISTING: as_json({"data": [{"id": "a"}, {"id": "b"}]})}) as server:
        harvest(catalog, spec("p", "i14y", server.url, limits={"page_rows": 2}))
        assert len(server.asked(LISTING)) == 2
    row = harvested(catalog, "p")
    assert (row["verdict"], row["datasets"]) == ("partial", 2) and "circles" in row["reasons"][0]


def test_a_problem_within_200_is_a_failure(catalog: Catalog) -> None:
    def problem(asked: Asked) -> Response:
        return as_json({"title": "One or more validation errors occurred.", "status": 400})

    with PortalServer({LISTING: problem}) as server:
        harvest(catalog, spec("p", "i14y", server.url + LISTING, limits={"page_rows": 1}))
    row = harvested(catalog, "p")
    assert row["verdict"] == "failed" and "validation errors" in row["reasons"][0]
