"""What a second night costs: changes alone where the portal can be trusted to tell them, and 304 for the rest."""

from __future__ import annotations

import hashlib
from collections.abc import Callable
from dataclasses import replace
from typing import Any

import pytest
from portal_server import Asked, PortalServer, Response, as_json, ckan_search, harvest, harvested, spec

from catalog.db.store import Catalog

SEARCH = "/api/3/action/package_search"


def package(n: int, changed: str = "2026-01-01T00:00:00.000000", **values: Any) -> dict[str, Any]:
    return {"id": f"{n:04}", "name": f"p{n}", "title": f"P {n}", "metadata_modified": changed, **values}


def with_etag(route: Callable[[Asked], Response]) -> Callable[[Asked], Response]:
    """Return a route that sends an ETag with each response, and 304 if the client has it already."""

    def respond(asked: Asked) -> Response:
        found = route(asked)
        assert isinstance(found.body, bytes)
        etag = f'"{hashlib.sha256(found.body).hexdigest()}"'
        if asked.headers.get("If-None-Match") == etag:
            return Response(304, headers={"ETag": etag})
        return replace(found, headers={**found.headers, "ETag": etag})

    return respond


def filtering(records: list[dict[str, Any]]) -> Callable[[Asked], Response]:
    """Return a package_search that honours ``fq=metadata_modified:[… TO *]``."""

    def respond(asked: Asked) -> Response:
        since = asked.query.get("fq", "[ TO").partition("[")[2].partition(" TO")[0].rstrip("Z")
        return ckan_search([r for r in records if r["metadata_modified"] >= since])(asked)

    return respond


def harvest_runs(catalog: Catalog, server: PortalServer, count: int = 1, **values: Any) -> dict[str, Any]:
    for _ in range(count):
        harvest(catalog, spec("p", "ckan", server.url, limits={"page_rows": 10}, **values))
    return harvested(catalog, "p")


def test_changes_alone_are_asked_for_once_the_filter_has_proved_itself(catalog: Catalog) -> None:
    records = [package(n) for n in range(60)]
    with PortalServer({SEARCH: filtering(records)}) as server:
        first = harvest_runs(catalog, server)
        records[7] = package(7, "2026-02-01T00:00:00.000000", title="Changed")
        records.append(package(60, "2026-02-02T00:00:00.000000"))
        server.requests.clear()
        second = harvest_runs(catalog, server)
        asked = len(server.asked(SEARCH))
    assert (first["mode"], second["mode"], second["verdict"]) == ("full", "incremental", "complete")
    assert (second["datasets"], second["added"], second["changed"], second["removed"]) == (61, 1, 1, 0)
    assert catalog.value("select title from datasets where identifier = '0007'") == "Changed"
    # Three counts to trust it; then the records of the last hour before the newest one known, and an empty page.
    assert asked <= 3 + 8 and second["bytes"] < first["bytes"] * 1.2
    assert catalog.value("select count(*) from datasets where status = 'present'") == 61


@pytest.mark.parametrize(
    ("kind", "why"),
    [
        ("ignores", "its filter does nothing"),
        ("finds nothing", "its filter finds nothing"),
        ("refuses", "the portal's counts cannot be read"),
    ],
)
def test_a_filter_that_does_not_work_is_not_trusted(kind: str, why: str, catalog: Catalog) -> None:
    records = [package(n) for n in range(25)]
    plain = ckan_search(records)

    def respond(asked: Asked) -> Response:
        if "fq" not in asked.query or kind == "ignores":
            return plain(asked)
        if kind == "refuses":
            return as_json({"success": False, "error": "Search Query is invalid"}, 409)
        return as_json({"success": True, "result": {"count": 0, "results": []}})

    with PortalServer({SEARCH: respond}) as server:
        harvest_runs(catalog, server)
        records.pop(3)
        row = harvest_runs(catalog, server)
    assert (row["mode"], row["verdict"], row["datasets"], row["removed"]) == ("full", "complete", 24, 1)
    assert any(why in reason for reason in row["reasons"]), row["reasons"]


def test_a_deletion_that_no_filter_tells_of_is_found_by_the_total(catalog: Catalog) -> None:
    records = [package(n) for n in range(25)]
    with PortalServer({SEARCH: filtering(records)}) as server:
        harvest_runs(catalog, server)
        records.pop(3)
        row = harvest_runs(catalog, server)
    assert (row["mode"], row["verdict"], row["removed"]) == ("full", "complete", 1)
    assert "the portal has 24 records where 25 were expected" in row["reasons"][0]


def test_everything_is_read_every_so_many_nights_all_the_same(catalog: Catalog) -> None:
    with PortalServer({SEARCH: filtering([package(n) for n in range(5)])}) as server:
        harvest_runs(catalog, server, 6, schedule={"full_every": 3})
    modes = [r["mode"] for r in catalog.rows("select mode from harvests order by run_id")]
    assert modes == ["full", "incremental", "incremental", "full", "incremental", "incremental"]


def test_an_unchanged_portal_costs_close_to_nothing(catalog: Catalog) -> None:
    records = [package(n, notes="x" * 2000) for n in range(45)]
    with PortalServer({SEARCH: with_etag(ckan_search(records))}) as server:
        portal = {"schedule": {"full_every": 1}}
        first = harvest_runs(catalog, server, **portal)
        second = harvest_runs(catalog, server, **portal)
    assert (second["verdict"], second["datasets"], second["seen"], second["not_modified"]) == ("complete", 45, 45, 5)
    # What is left are the responses to robots.txt.
    assert second["bytes"] < 100 < 90_000 < first["bytes"] and second["requests"] == first["requests"]
    assert (second["added"], second["changed"], second["removed"]) == (0, 0, 0)
    assert catalog.value("select count(*) from changes where run_id = ?", [second["run_id"]]) == 0


def test_the_same_bytes_without_validators_are_known_again(catalog: Catalog) -> None:
    feed = as_json({"dataset": [{"identifier": f"D{n}", "title": f"T {n}"} for n in range(30)]})
    with PortalServer({"/data.json": feed}) as server:
        for _ in range(2):
            harvest(catalog, spec("f", "dcat-us", server.url))
    row = harvested(catalog, "f")
    assert (row["verdict"], row["seen"], row["datasets"], row["not_modified"]) == ("complete", 30, 30, 1)


@pytest.mark.parametrize("has_validators", [True, False])
def test_what_was_wrong_with_an_unchanged_feed_is_said_again(has_validators: bool, catalog: Catalog) -> None:
    records = [{"identifier": f"D{n}", "title": f"T {n}"} for n in range(5)]
    feed = as_json({"dataset": [*records, records[0], {"title": "nobody"}, 7]})
    route: Any = with_etag(lambda asked: feed) if has_validators else feed
    with PortalServer({"/data.json": route}) as server:
        rows = []
        for _ in range(2):
            harvest(catalog, spec("f", "dcat-us", server.url))
            rows.append(harvested(catalog, "f"))
    same = ("verdict", "reasons", "seen", "datasets", "duplicates", "lost", "errors")
    assert {k: rows[0][k] for k in same} == {k: rows[1][k] for k in same}
    assert rows[1]["not_modified"] == 1
    said = catalog.rows("select kind, pointer, message from harvest_errors order by id")
    assert said[:3] == said[3:] and len(said) == 6


def test_full_asks_for_everything_anew(catalog: Catalog) -> None:
    from harvester.night.context import RunContext
    from harvester.night.crawl import crawl
    from harvester.night.stages import portal_of

    records = [package(n) for n in range(5)]
    with PortalServer({SEARCH: with_etag(filtering(records))}) as server:
        harvest_runs(catalog, server)
        portal = spec("p", "ckan", server.url)
        run_id = catalog.begin_run("again", [portal_of(portal)], version="0", methodology="0")
        crawl(RunContext(catalog=catalog, run_id=run_id, data=catalog.path.parent, is_full=True), [portal])
    row = harvested(catalog, "p")
    assert (row["mode"], row["not_modified"], row["datasets"]) == ("full", 0, 5)


def test_a_page_that_is_unchanged_while_its_record_moved_calls_nobody_missing(catalog: Catalog) -> None:
    """A record that was on two pages is vouched for by the one that has it still, whichever came last before."""
    first, second = [package(n) for n in range(10)], [package(n) for n in range(10, 15)]
    pages = {0: first, 10: [*second, first[4]]}

    def respond(asked: Asked) -> Response:
        page = pages.get(int(asked.query["start"]), [])
        return as_json({"success": True, "result": {"count": 15, "results": page}})

    with PortalServer({SEARCH: with_etag(respond)}) as server:
        harvest_runs(catalog, server, schedule={"full_every": 1})
        pages[10] = second
        row = harvest_runs(catalog, server, schedule={"full_every": 1})
    assert (row["verdict"], row["datasets"], row["removed"], row["not_modified"]) == ("complete", 15, 0, 1), row


def test_a_record_that_comes_back_keeps_its_id_and_history(catalog: Catalog) -> None:
    records = [package(n) for n in range(5)]
    with PortalServer({SEARCH: ckan_search(records)}) as server:
        portal = {"schedule": {"full_every": 1}, "retire": {"grace_runs": 2}}
        first = harvest_runs(catalog, server, **portal)
        gone = records.pop(2)
        for status, removed in (("missing", 1), ("retired", 0)):
            row = harvest_runs(catalog, server, **portal)
            found = catalog.rows("select * from datasets where identifier = '0002'")[0]
            assert (found["status"], row["removed"], row["verdict"]) == (status, removed, "complete")
        assert found["missing_on"] and found["retired_at"] and row["retired"] == 1
        records.insert(2, gone)
        harvest_runs(catalog, server, **portal)
    back = catalog.rows("select * from datasets where identifier = '0002'")[0]
    assert (back["id"], back["status"], back["first_seen_run"]) == (found["id"], "present", first["run_id"])
    assert back["missing_on"] is None and back["retired_at"] is None
    kinds = [
        r["kind"] for r in catalog.rows("select kind from changes where dataset_id = ? order by rowid", [back["id"]])
    ]
    assert kinds == ["added", "missing", "retired", "returned"]


def test_a_night_that_broke_off_does_not_hide_the_changes_it_did_not_see(catalog: Catalog) -> None:
    records = [package(n) for n in range(40)]
    blocked = {"on": False}
    search = filtering(records)

    def respond(asked: Asked) -> Response:
        if blocked["on"] and asked.query.get("start") == "10":
            return Response(403, "text/html", b"<title>Just a moment...</title>")
        # The newest change comes first, so that the night that breaks off has seen it.
        return search(asked)

    with PortalServer({SEARCH: respond}) as server:
        harvest_runs(catalog, server)
        for n in range(20):
            records[n] = package(n, f"2026-02-01T00:00:{59 - n:02}.000000", title="Changed")
        blocked["on"] = True
        assert harvest_runs(catalog, server)["verdict"] == "partial"
        blocked["on"] = False
        row = harvest_runs(catalog, server)
    assert row["verdict"] == "complete"
    assert catalog.value("select count(*) from datasets where title = 'Changed'") == 20


def test_a_date_from_the_future_hides_no_change(catalog: Catalog) -> None:
    records = [package(n) for n in range(20)] + [package(20, "2099-01-01T00:00:00.000000")]
    with PortalServer({SEARCH: filtering(records)}) as server:
        harvest_runs(catalog, server)
        for n in range(10):
            records[n] = package(n, "2098-12-01T00:00:00.000000", title="Changed")
        row = harvest_runs(catalog, server)
    assert row["verdict"] == "complete"
    assert catalog.value("select count(*) from datasets where title = 'Changed'") == 10


def test_a_record_listed_twice_is_no_loss_on_the_second_night_either(catalog: Catalog) -> None:
    records = [package(n) for n in range(39)]
    records.append(records[3])
    with PortalServer({SEARCH: with_etag(ckan_search(records))}) as server:
        rows = [harvest_runs(catalog, server, schedule={"full_every": 1}) for _ in range(2)]
    assert [(r["verdict"], r["datasets"], r["duplicates"]) for r in rows] == [("complete", 39, 1)] * 2, rows[1][
        "reasons"
    ]


def test_a_feed_that_ignores_pages_has_no_duplicates_on_the_second_night(catalog: Catalog) -> None:
    feed = as_json({"dataset": [{"identifier": f"D{n}", "title": "T"} for n in range(200)]})
    with PortalServer({"/data.json": with_etag(lambda asked: feed)}) as server:
        for _ in range(3):
            harvest(catalog, spec("f", "dcat-us", server.url))
            row = harvested(catalog, "f")
            assert (row["verdict"], row["seen"], row["datasets"], row["errors"]) == ("complete", 200, 200, 0)


LIST, SHOW = "/api/3/action/package_list", "/api/3/action/package_show"


def sorted_search(records: list[dict[str, Any]]) -> Callable[[Asked], Response]:
    """Return the search, in the order of ids as CKAN sorts, with its filter."""

    def respond(asked: Asked) -> Response:
        assert asked.query.get("sort", "id asc") == "id asc"
        return filtering(sorted(records, key=lambda one: str(one["id"])))(asked)

    return respond


def whole_ckan(records: list[dict[str, Any]]) -> dict[str, Any]:
    """Return routes for the search, the list of names, and single datasets."""

    def names(asked: Asked) -> Response:
        return as_json({"success": True, "result": [one["name"] for one in records]})

    def show(asked: Asked) -> Response:
        found = [one for one in records if asked.query["id"] in (one["id"], one["name"])]
        told = {"success": False, "error": {"__type": "Not Found Error"}}
        return as_json({"success": True, "result": found[0]}) if found else as_json(told, 404)

    return {SEARCH: sorted_search(records), LIST: names, SHOW: show}


def test_a_deletion_costs_no_second_reading_of_everything(catalog: Catalog) -> None:
    records = [package(n, "2026-01-01T00:00:00" if n == 69 else "2025-01-01T00:00:00") for n in range(70)]
    with PortalServer(whole_ckan(records)) as server:
        how = {"schedule": {"full_every": 7}, "retire": {"grace_runs": 2}}
        harvest_runs(catalog, server, **how)
        del records[33]
        records[49] = package(50, "2026-02-01T00:00:00.000000", title="Changed")
        server.requests.clear()
        row = harvest_runs(catalog, server, **how)
        assert (row["mode"], row["verdict"], row["datasets"], row["removed"]) == ("incremental", "complete", 69, 1), row
        assert len(server.asked(LIST)) == 1 and len(server.asked(SHOW)) == 1
        # Three counts; the change; and a share of a seventh.
        assert len(server.asked(SEARCH)) <= 3 + 3 + 3
        server.requests.clear()
        row = harvest_runs(catalog, server, **how)
        # It was looked for again: now it has been missed for long enough.
        assert (row["mode"], row["retired"], row["datasets"]) == ("incremental", 1, 69)
        assert not server.asked(LIST) and len(server.asked(SHOW)) == 1
        server.requests.clear()
        harvest_runs(catalog, server, **how)
        assert not server.asked(SHOW)


def test_many_deletions_are_read_in_full(catalog: Catalog) -> None:
    records = [package(n) for n in range(130)]
    with PortalServer(whole_ckan(records)) as server:
        harvest_runs(catalog, server)
        del records[10:125]
        row = harvest_runs(catalog, server)
        assert row["mode"] == "full" and "115 datasets are no longer in its list" in " ".join(row["reasons"])
        assert not server.asked(SHOW)


def test_a_withdrawn_file_whose_record_keeps_its_date_is_found_in_some_nights(catalog: Catalog) -> None:
    """CKAN does not change a record's date when a resource of it is deleted."""
    files = [{"id": f"r{n}", "url": f"http://x.example/{n}.csv"} for n in range(2)]
    old = "2025-01-01T00:00:00"
    records = [package(n, old if n else "2026-01-01T00:00:00", resources=files * (n == 20)) for n in range(28)]
    # Harvest sources lie between the datasets.
    source = {"type": "harvest", "metadata_modified": old}
    records += [{"id": f"{n:04}-source", "name": f"s{n}", **source} for n in range(5)]
    left = "select count(*) from distributions where not is_retired"
    with PortalServer(whole_ckan(records)) as server:
        harvest_runs(catalog, server, schedule={"full_every": 7})
        records[20] = package(20, old, resources=files[:1])
        seen: list[int] = []
        for _ in range(6):
            row = harvest_runs(catalog, server, schedule={"full_every": 7})
            assert (row["mode"], row["verdict"], row["datasets"]) == ("incremental", "complete", 28), row["reasons"]
            seen.append(catalog.value(left))
    # Four records a night, from the first on; those around them on the same pages as well.
    assert seen[0] == 2 and seen[-1] == 1
    # The oldest reading is none of the first night any more.
    runs = [r[0] for r in catalog.db.conn.execute("select distinct last_seen_run from datasets order by 1")]
    assert len(runs) > 1
