"""One budget a host: delays, pauses that are asked for, trouble, and portals that keep nobody waiting."""

from __future__ import annotations

import asyncio
import itertools
import time
from collections.abc import Awaitable, Callable
from datetime import UTC, datetime
from email.utils import format_datetime
from pathlib import Path
from typing import Any

import pytest
from portal_server import Asked, PortalServer, Response, as_json, ckan_search, harvest, harvested, spec
from scrapy.http.headers import Headers

from catalog.db.store import Catalog, open_catalog
from harvester.checks.links import check
from harvester.http import politeness
from harvester.http.faults import HostResting
from harvester.http.politeness import HostBudget, host_of, rate_limit_pause_s, retry_after_s
from harvester.night.context import RunContext
from harvester.night.crawl import crawl
from harvester.night.stages import is_due, nightly, portal_of

SEARCH = "/api/3/action/package_search"


@pytest.fixture(autouse=True)
def short_penalties() -> None:
    """Restore the real pauses, which other tests shorten."""


def packages(count: int) -> list[dict[str, Any]]:
    return [{"id": f"{n:04}", "name": f"p{n}", "title": f"Package {n}"} for n in range(count)]


def timed(*steps: Callable[[HostBudget], Awaitable[Any] | None]) -> list[float]:
    """Return when each step of a new budget ended, in seconds from the start."""

    async def run() -> list[float]:
        budget, begun, at = HostBudget(), time.monotonic(), []
        for step in steps:
            result = step(budget)
            if result is not None:
                await result
            at.append(time.monotonic() - begun)
        return at

    return asyncio.run(run())


def test_the_first_turn_waits_too_if_another_machine_may_have_asked() -> None:
    async def run() -> list[float]:
        begun = time.monotonic()
        budget, at = HostBudget(were_asked=True), []
        for host in ("a", "b", "a"):
            await budget.turn(host, 0.1)
            at.append(time.monotonic() - begun)
        return at

    first, other, again = asyncio.run(run())
    # Both hosts have rested by then: the pause counts from the beginning.
    assert 0.1 <= first <= other and again - first >= 0.09


def test_turns_at_a_host_are_apart_and_hosts_do_not_share_them() -> None:
    one, other = (lambda b: b.turn("a", 0.1)), (lambda b: b.turn("b", 0.1))
    at = timed(one, other, one, one)
    assert at[1] < 0.09
    assert 0.1 <= at[2] < 0.2 and 0.2 <= at[3] < 0.3


def test_who_wakes_late_does_not_shorten_the_pause_of_the_next(monkeypatch: pytest.MonkeyPatch) -> None:
    waits = iter((0.15, 0.0, 0.0, 0.0, 0.0))

    async def sleep_late(seconds: float) -> None:
        await asyncio.sleep(seconds + next(waits))

    async def run() -> list[float]:
        budget, at = HostBudget(), []

        async def turn() -> None:
            await budget.turn("a", 0.1)
            at.append(time.monotonic())

        await asyncio.gather(turn(), turn(), turn())
        return at

    monkeypatch.setattr(politeness, "sleep", sleep_late)
    at = asyncio.run(run())
    # The second comes at 0.25 instead of 0.1, so the third, which was to come at 0.2, waits.
    assert all(later - earlier >= 0.099 for earlier, later in itertools.pairwise(at))


def test_a_crawl_delay_lengthens_and_never_shortens() -> None:
    slow = timed(lambda b: b.slow_down("a", 0.2), lambda b: b.turn("a", 0), lambda b: b.turn("a", 0))
    assert slow[2] >= 0.2
    kept = timed(lambda b: b.slow_down("a", 0.01), lambda b: b.turn("a", 0.2), lambda b: b.turn("a", 0.2))
    assert kept[2] >= 0.2


def test_a_pause_that_is_asked_for_is_kept_and_a_too_long_one_ends_it() -> None:
    at = timed(lambda b: b.rest("a", 0.2), lambda b: b.turn("a", 0))
    assert at[1] >= 0.2
    with pytest.raises(HostResting, match="left alone for this night"):
        timed(lambda b: b.rest("a", 3600), lambda b: b.turn("a", 0, 60))


def test_trouble_doubles_the_pause_and_good_responses_end_it() -> None:
    budget = HostBudget()
    host = budget._hosts["a"]
    for expected in (1, 2, 4, 8, 16, 32, 60, 60):
        budget.observe("a", is_overloaded=True)
        assert host.penalty_s == expected
    for _ in range(30):
        budget.observe("a", is_overloaded=False, latency_s=0.01)
    assert host.penalty_s == 0 and host.delay_s(0.5) == 0.5
    for _ in range(30):
        budget.observe("a", is_overloaded=False, latency_s=6.0)
    assert 2.9 < host.delay_s(0.5) <= 3.0


def test_a_host_in_trouble_for_good_is_left_alone() -> None:
    budget = HostBudget()
    for _ in range(15):
        budget.observe("a", is_overloaded=True)
    with pytest.raises(HostResting, match="15 times in a row"):
        asyncio.run(budget.turn("a", 0))
    budget.observe("a", is_overloaded=False)
    budget._hosts["a"].next_at = budget._hosts["a"].penalty_s = 0
    asyncio.run(budget.turn("a", 0))


def test_retry_after_is_a_number_or_a_date() -> None:
    assert retry_after_s("120") == 120
    in_a_minute = datetime.fromtimestamp(time.time() + 60, UTC)
    assert 55 < (retry_after_s(format_datetime(in_a_minute, usegmt=True)) or 0) <= 60
    assert retry_after_s("soon") is None


@pytest.mark.parametrize(
    ("headers", "pause"),
    [
        ({}, None),
        ({"X-RateLimit-Remaining": "50", "X-RateLimit-Limit": "100", "X-RateLimit-Reset": "60"}, None),
        ({"X-RateLimit-Remaining": "0", "X-RateLimit-Reset": "30"}, (30.0, True)),
        ({"X-Rate-Limit-Remaining": "5", "X-Rate-Limit-Limit": "100", "X-Rate-Limit-Reset": "60"}, (12.0, False)),
        ({"RateLimit-Remaining": "0", "RateLimit-Limit": "10"}, (60.0, True)),
        ({"X-RateLimit-Remaining": "lots"}, None),
    ],
)
def test_rate_limits_are_read_in_all_spellings(headers: dict[str, str], pause: Any) -> None:
    assert rate_limit_pause_s(Headers(headers)) == pause


def test_a_reset_may_be_an_epoch_time() -> None:
    seconds, is_rest = rate_limit_pause_s(
        Headers({"X-RateLimit-Remaining": "0", "X-RateLimit-Reset": str(int(time.time()) + 100)})
    ) or (0, False)
    assert is_rest and 98 <= seconds <= 100
    in_ms = {"X-RateLimit-Remaining": "0", "X-RateLimit-Reset": str(int(time.time() * 1000) + 100_000)}
    seconds, is_rest = rate_limit_pause_s(Headers(in_ms)) or (0, False)
    assert is_rest and 98 <= seconds <= 100


def test_crawl_delay_and_request_rate_of_robots_txt_are_obeyed(catalog: Catalog) -> None:
    robots = Response(200, "text/plain", b"User-agent: *\nCrawl-delay: 0.4\n")
    times: list[float] = []
    search = ckan_search(packages(25), rows_max=10)

    def noted(asked: Asked) -> Response:
        times.append(time.monotonic())
        return search(asked)

    with PortalServer({"/robots.txt": robots, SEARCH: noted}) as server:
        harvest(catalog, spec("p", "ckan", server.url))
    assert len(times) == 3 and all(later - earlier >= 0.38 for earlier, later in itertools.pairwise(times))


def test_robots_txt_is_read_once_for_all_crawls(catalog: Catalog) -> None:
    routes = {f"/{name}{SEARCH}": ckan_search(packages(3)) for name in "abc"}
    with PortalServer(routes) as server:
        harvest(catalog, *(spec(name, "ckan", f"{server.url}/{name}") for name in "abc"))
        assert server.asked("/robots.txt") == ["/robots.txt"]
    assert {harvested(catalog, name)["verdict"] for name in "abc"} == {"complete"}


def test_what_robots_txt_forbids_is_unknown_unless_the_operator_has_leave(catalog: Catalog) -> None:
    robots = Response(200, "text/plain", b"User-agent: *\nDisallow: /api/\n")
    with PortalServer({"/robots.txt": robots, SEARCH: ckan_search(packages(3))}) as server:
        harvest(catalog, spec("p", "ckan", server.url))
        assert not server.asked("/api/")
        row = harvested(catalog, "p")
        assert row["verdict"] == "failed" and "robots.txt forbids it" in row["reasons"][0]
        error = catalog.rows("select * from harvest_errors")[0]
        assert error["kind"] == "robots" and 'obey_robots = "never"' in error["remedy"]
        harvest(catalog, spec("p", "ckan", server.url, obey_robots="never", leave="the town clerk, 2026-01-07"))
    assert harvested(catalog, "p")["verdict"] == "complete"


def test_retry_after_is_waited_out_by_all_portals_of_the_host(catalog: Catalog) -> None:
    begun = time.monotonic()
    asked_at: list[float] = []
    first = iter([True])

    def busy(asked: Asked) -> Response:
        asked_at.append(time.monotonic() - begun)
        if next(first, False):
            return Response(429, "text/plain", b"slow down", {"Retry-After": "1"})
        return ckan_search(packages(3))(asked)

    with PortalServer({f"/a{SEARCH}": busy, f"/b{SEARCH}": busy}) as server:
        harvest(catalog, *(spec(name, "ckan", f"{server.url}/{name}", limits={"delay_s": 0.1}) for name in "ab"))
    assert all(harvested(catalog, name)["verdict"] == "complete" for name in "ab")
    # One may have been on its way already; all others came after the pause.
    assert sorted(asked_at)[2] - asked_at[0] >= 0.95


def test_a_host_that_wants_an_hour_is_left_alone_at_once(catalog: Catalog) -> None:
    busy = Response(429, "text/plain", b"later", {"Retry-After": "3600"})
    begun = time.monotonic()
    with PortalServer({SEARCH: busy}) as server:
        harvest(catalog, spec("p", "ckan", server.url))
        assert len(server.asked("/api/")) == 1
    assert time.monotonic() - begun < 10
    row = harvested(catalog, "p")
    assert row["verdict"] == "failed" and "pause of 3600 seconds" in row["reasons"][0]
    assert catalog.value("select kind from harvest_errors") == "rate_limited"


def test_a_slow_portal_delays_no_other_and_ends_at_its_deadline(catalog: Catalog) -> None:
    search = ckan_search(packages(30), rows_max=10)
    done_at: dict[str, float] = {}
    answered: list[float] = []

    def hanging(asked: Asked) -> Response:
        if asked.query["start"] != "0":
            time.sleep(8)
            answered.append(time.monotonic() - begun)
        return search(asked)

    routes: dict[str, Any] = {f"/good{n}{SEARCH}": ckan_search(packages(5)) for n in range(5)}
    begun = time.monotonic()
    with PortalServer(routes | {f"/slow{n}{SEARCH}": hanging for n in range(12)}) as server:
        portals = [
            spec(f"slow{n}", "ckan", f"{server.url}/slow{n}", limits={"deadline_s": 5, "timeout_s": 6})
            for n in range(12)
        ]
        portals += [spec(f"good{n}", "ckan", f"{server.url}/good{n}") for n in range(5)]
        run_id = catalog.begin_run("test", [portal_of(p) for p in portals], version="0", methodology="0")
        run = RunContext(catalog=catalog, run_id=run_id, data=Path(catalog.path).parent)
        run.on_progress = lambda stage, what, done, total: done_at.setdefault(what, time.monotonic() - begun)
        crawl(run, portals)
    assert time.monotonic() - begun < 30
    assert all(harvested(catalog, f"good{n}")["verdict"] == "complete" for n in range(5))
    # Before any of the slow ones answers.
    assert max(done_at[f"good{n}"] for n in range(5)) < min(answered, default=9)
    for n in range(12):
        row = harvested(catalog, f"slow{n}")
        # On a busy machine the deadline comes before the first page.
        assert (row["verdict"], row["datasets"]) in (("partial", 10), ("failed", 0)), row["reasons"]
        assert "deadline_s = 5" in " ".join(row["reasons"])


def test_a_budget_of_bytes_ends_a_harvest_as_partial(catalog: Catalog) -> None:
    records = [{**package, "notes": "x" * 5000} for package in packages(60)]
    with PortalServer({SEARCH: ckan_search(records, rows_max=10)}) as server:
        harvest(catalog, spec("p", "ckan", server.url, limits={"max_harvest_bytes": 120_000}))
    row = harvested(catalog, "p")
    assert (row["verdict"], row["datasets"]) == ("partial", 30)
    assert "max_harvest_bytes = 120,000 is used up" in row["reasons"][0]


def test_schedule_and_priority(tmp_path: Path) -> None:
    order: list[str] = []

    def noted(asked: Asked) -> Response:
        order.append(asked.path.split("/")[1])
        return ckan_search(packages(1))(asked)

    with PortalServer({f"/{name}{SEARCH}": noted for name in "abc"}) as server, open_catalog(tmp_path / "catalog.db"):
        weekly = spec("a", "ckan", f"{server.url}/a", schedule={"every_hours": 160})
        first = spec("b", "ckan", f"{server.url}/b", schedule={"priority": 9}, limits={"delay_s": 0.2})
        portals = [weekly, spec("c", "ckan", f"{server.url}/c"), first]
        one = nightly(tmp_path, portals, stages=["harvest"], is_scheduled=True)
        two = nightly(tmp_path, portals, stages=["harvest"], is_scheduled=True)
        three = nightly(tmp_path, [weekly], stages=["harvest"])
    assert [p["portal"] for p in one["portals"]] == ["a", "b", "c"]
    assert [p["portal"] for p in two["portals"]] == ["b", "c"]
    assert [p["portal"] for p in three["portals"]] == ["a"]
    with open_catalog(tmp_path / "catalog.db") as catalog:
        monday, tuesday = "20261123T010000Z", "20261124T010000Z"
        only = spec("x", "ckan", "http://x.example", schedule={"weekdays": ["mon"]})
        assert is_due(catalog, only, monday) and not is_due(catalog, only, tuesday)


def test_a_portal_without_end_is_broken_off(catalog: Catalog) -> None:
    numbers = itertools.count()

    def endless(asked: Asked) -> Response:
        page = [{"id": f"{next(numbers)}", "title": "again"} for _ in range(int(asked.query["rows"]))]
        return as_json({"success": True, "result": {"count": 10**9, "results": page}})

    with PortalServer({SEARCH: endless}) as server:
        harvest(catalog, spec("p", "ckan", server.url, limits={"max_datasets": 2000}))
    row = harvested(catalog, "p")
    assert row["verdict"] == "partial" and row["datasets"] <= 3000
    assert "max_datasets = 2,000" in row["reasons"][0]


def test_a_host_is_one_however_it_is_spelt() -> None:
    spellings = [
        "http://Data.example/x",
        "http://a:b@data.example:80/",
        "http://data.example./",
        "https://data.example",
    ]
    assert {host_of(url) for url in spellings} == {"data.example"}
    assert host_of("http://data.example:8080/") == "data.example:8080"
    assert host_of("http://[2001:DB8::1]:80/") == "[2001:db8::1]"


def test_checks_end_at_their_deadline_and_the_rest_comes_first_next_time(catalog: Catalog) -> None:
    robots = Response(200, "text/plain", b"User-agent: *\nCrawl-delay: 0.3\n")
    page = Response(200, "text/html", b"<title>Hi</title>")
    routes: dict[str, Any] = {"/robots.txt": robots, **{f"/{n}": page for n in range(30)}}
    with PortalServer(routes) as server:
        parts = [{"accessURL": f"{server.url}/{n}"} for n in range(30)]
        server.routes["/data.json"] = as_json({"dataset": [{"identifier": "A", "distribution": parts}]})
        portal = spec("p", "dcat-us", server.url, limits={"check_deadline_s": 1.5})
        begun = time.monotonic()
        check(harvest(catalog, portal), [portal])
        assert time.monotonic() - begun < 8
        first = {r["url"] for r in catalog.rows("select url from resource_checks")}
        check(harvest(catalog, portal), [portal])
        second = {r["url"] for r in catalog.rows("select url from resource_checks")} - first
    assert 2 <= len(first) < 20 and len(second) >= 2
