"""A night that is killed again and again ends with the catalogue of one that was left alone."""

from __future__ import annotations

import hashlib
import json
import os
import signal
import sqlite3
import subprocess
import threading
import time
from collections.abc import Iterator, Sequence
from contextlib import closing, suppress
from dataclasses import asdict, replace
from pathlib import Path
from typing import Any

import pytest
from portal_server import Asked, PortalServer, Response, as_json, ckan_search, harvested, spec

from catalog.db.store import Catalog
from catalog.model import HarvestPage
from catalog.model.harvest_stats import HarvestStats
from catalog.repositories.harvests import begin_harvest
from catalog.repositories.records import write_page
from harvester.night.context import RunContext
from harvester.night.crawl import crawl
from harvester.night.stages import portal_of
from tests import warm
from tests.comparing import content, differences

MAIN = Path(__file__).parents[2]
FEED_PAGE = 100


class Site:
    """Three portals on one server: a CKAN in small pages, one that only lists names, and a feed in two parts."""

    def __init__(self, folder: Path, *, with_tables: bool) -> None:
        self.folder, self.with_tables = folder, with_tables
        self.server = PortalServer()
        self.victim: subprocess.Popen[str] | None = None
        self.countdown, self.pause_s = 0, 0.0
        self.kills = 0
        self.lock = threading.Lock()
        folder.mkdir()

    def publish(self, number: int) -> None:
        """Publish the records for run ``number``: for the second, one record is gone, one is new, one has changed."""
        packages = [self.package(n, number) for n in range(number - 1, 80 + number - 1)]
        search = ckan_search(packages)
        names = {f"n{n}": {"id": f"N{n}", "name": f"n{n}", "title": f"Name {n} {number * (n == 3)}"} for n in range(5)}
        feed = [{"identifier": f"D{n}", "title": f"Dataset {n}"} for n in range(FEED_PAGE + 7)]
        feed[3] = {"title": "no identity"}
        routes: dict[str, Any] = {
            "/ckan/api/3/action/package_search": search,
            "/names/api/3/action/package_search": Response(404),
            "/names/api/3/action/package_list": as_json({"success": True, "result": sorted(names)}),
            "/names/api/3/action/package_show": lambda a: as_json({"success": True, "result": names[a.query["id"]]}),
            "/feed/data.json": as_json({"dataset": feed[:FEED_PAGE]}),
            "/feed/data.json?page=2": as_json({"dataset": feed[FEED_PAGE:]}),
            "/table.csv": Response(200, "text/csv", b"id,name\n1,a\n2,b\n", {"ETag": '"t"'}),
            "/page.html": Response(200, "text/html", b"<title>Hi</title>"),
        }
        self.server.routes = {path: self.counted(route) for path, route in routes.items()}

    def package(self, n: int, number: int) -> dict[str, Any]:
        kinds = ["page.html", "nowhere"] if n % 4 == 0 else []
        if self.with_tables and n == 5:
            kinds.append("table.csv")
        resources = [
            {"id": f"r{n}-{k}", "url": f"{self.server.url}/{kind}?{n}", "format": kind.rpartition(".")[2]}
            for k, kind in enumerate(kinds)
        ]
        title = f"Package {n}" + (" changed" if n == 7 and number == 2 else "")
        # The site ignores the filter by this date: the second night begins twice, once for changes and once for all.
        changed = f"2026-0{number}-01T00:00:{n:02}.000000"
        return {
            "id": f"{n:05}", "name": f"p{n}", "title": title, "metadata_modified": changed, "resources": resources
        }  # fmt: skip

    def counted(self, route: Any) -> Any:
        def respond(asked: Asked) -> Response:
            self.count()
            found: Response = route if isinstance(route, Response) else route(asked)
            # Validators for everything, so that the second night is conditional.
            etag = f'"{hash(found.body)}"'
            if asked.headers.get("If-None-Match") == etag and found.status == 200:
                return Response(304, headers={"ETag": etag})
            return replace(found, headers={**found.headers, "ETag": etag})

        return respond

    def count(self) -> None:
        """Kill the victim at the request that was agreed on: at once, or a moment after the response."""
        with self.lock:
            self.countdown -= 1
            if self.countdown == 0 and self.victim is not None:
                threading.Timer(self.pause_s, self.kill).start()

    def kill(self) -> None:
        victim = self.victim
        if victim is not None and victim.poll() is None:
            with suppress(ProcessLookupError):
                os.kill(victim.pid, signal.SIGKILL)
                self.kills += 1

    def portal(self, portal_id: str, portal_type: str) -> None:
        lines = {"id": portal_id, "type": portal_type, "title": portal_id, "url": f"{self.server.url}/{portal_id}"}
        text = "".join(f"{k} = {json.dumps(v)}\n" for k, v in lines.items())
        text += "local = true\n[broken]\nafter_checks = 2\nafter_days = 0\n[recheck]\nhours = [0]\n"
        text += "[limits]\ndelay_s = 0\npage_rows = 4\n"
        (self.folder / f"{portal_id}.toml").write_text(text)

    def start_nightly(self, data: Path) -> subprocess.Popen[str]:
        return warm.Popen(
            [*warm.NIGHT, "--data", str(data), "nightly", "--portals", str(self.folder), "--json"],
            cwd=MAIN,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )

    def whole(self, data: Path, runs: int = 1) -> None:
        """Run to the end, or resume an interrupted run; do nothing if ``runs`` runs are complete."""
        self.victim = None
        if completed(data) >= runs:
            return
        with self.start_nightly(data) as process:
            out, err = process.communicate(timeout=120)
        # A record without an identity makes the feed partial: 3.
        assert process.returncode in (0, 3), err + out

    def killed_at_requests(self, data: Path, points: Sequence[tuple[int, float]], runs: int = 1) -> None:
        """Start or resume a run and kill it at each point: (request, pause in seconds after it).

        Stop if the run ends before a point is reached: on a busy machine a kill may come that late.
        """
        for request, pause_s in points:
            with self.start_nightly(data) as process:
                with self.lock:
                    self.victim, self.countdown, self.pause_s = process, request, pause_s
                process.communicate(timeout=120)
                self.victim = None
                assert process.returncode in (0, 3, -signal.SIGKILL)
            if completed(data) >= runs:
                return

    def killed_in_stage(self, data: Path, stage: str, pause_s: float) -> None:
        """Start or resume a run and kill it ``pause_s`` seconds after it has reached ``stage``."""
        with self.start_nightly(data) as process:
            self.victim = process
            until = time.monotonic() + 60
            while stage_of(data) != stage and process.poll() is None and time.monotonic() < until:
                time.sleep(0.002)
            time.sleep(pause_s)
            self.kill()
            process.communicate(timeout=60)
            self.victim = None


def completed(data: Path) -> int:
    """Nights that came to their end."""
    if not (data / "catalog.db").is_file():
        return 0
    with closing(sqlite3.connect(f"file:{data / 'catalog.db'}?mode=ro", uri=True, timeout=10)) as db:
        return int(db.execute("select count(*) from runs where status = 'complete'").fetchone()[0])


def stage_of(data: Path) -> str | None:
    if not (data / "catalog.db").is_file():
        return None
    try:
        with closing(sqlite3.connect(f"file:{data / 'catalog.db'}?mode=ro", uri=True, timeout=1)) as db:
            row = db.execute("select stage from runs where status != 'complete' order by id desc limit 1").fetchone()
    except sqlite3.OperationalError:
        return None
    return str(row[0]) if row else None


def portals_of(site: Site) -> None:
    site.portal("ckan", "ckan")
    site.portal("names", "ckan")
    site.portal("feed", "dcat-us")


@pytest.fixture
def site(tmp_path: Path) -> Iterator[Site]:
    made = Site(tmp_path / "portals", with_tables=False)
    with made.server:
        portals_of(made)
        yield made
        print(f"killed {made.kills} times")  # noqa: T201  # for pytest -rP


@pytest.fixture
def site_with_tables(tmp_path: Path) -> Iterator[Site]:
    made = Site(tmp_path / "portals", with_tables=True)
    with made.server:
        portals_of(made)
        yield made
        print(f"killed {made.kills} times")  # noqa: T201  # for pytest -rP


# How a killed check is asked again differs, what it found does not.
COST = frozenset({"harvests.not_modified", "resource_checks.status", "resource_checks.method"})
# A page that was read in two goes is not remembered: what its first part held is not known any more.
LACK = frozenset({"response_cache"})
POINTS = [
    [(3, 0.0), (4, 0.002), (5, 0.0), (4, 0.005), (6, 0.001), (5, 0.01), (7, 0.0), (9, 0.003), (6, 0.0), (8, 0.02)],
    [(4, 0.0), (3, 0.004), (6, 0.008), (5, 0.0), (5, 0.015), (4, 0.001), (8, 0.0), (7, 0.006), (9, 0.0), (7, 0.03)],
]
SECOND_RUN = [(n, pause_s) for pause_s in (0.0, 0.004, 0.02) for n in (3, 4, 5, 4)]


@pytest.mark.parametrize("points", POINTS, ids=["first", "second"])
def test_killed_while_it_asks(points: list[tuple[int, float]], site: Site, tmp_path: Path) -> None:
    site.publish(1)
    killed, whole = tmp_path / "killed", tmp_path / "whole"
    site.killed_at_requests(killed, points)
    site.whole(killed)
    assert site.kills >= 5
    site.whole(whole)
    assert differences(content(killed, but=COST), content(whole, but=COST), may_lack=LACK) == {}


def test_killed_on_the_second_night(site: Site, tmp_path: Path) -> None:
    killed, whole = tmp_path / "killed", tmp_path / "whole"
    for data in (killed, whole):
        site.publish(1)
        site.whole(data)
        site.publish(2)
        if data is killed:
            site.killed_at_requests(killed, POINTS[0], runs=2)
        site.whole(data, runs=2)
    assert site.kills >= 3
    ours, theirs = content(killed, but=COST), content(whole, but=COST)
    assert differences(ours, theirs, may_lack=LACK) == {}
    assert {kind for *_, kind in [(row[4],) for row in ours["changes"]]} == {"added", "changed", "missing"}


@pytest.mark.parametrize("key", ["stats", "tally"])  # "tally" is what version 0.1.0 wrote
def test_a_feed_that_is_gone_when_its_harvest_is_taken_up_is_read_again(catalog: Catalog, key: str) -> None:
    body = json.dumps({"dataset": [{"identifier": f"D{n}", "title": f"Dataset {n}"} for n in range(5)]}).encode()
    with PortalServer({"/data.json": Response(200, "application/json", body)}) as server:
        portal = spec("feed", "dcat-us", server.url)
        run_id = catalog.begin_run("test", [portal_of(portal)], version="0", methodology="0")
        begin_harvest(catalog, run_id, portal.id)
        sha256 = hashlib.sha256(body).hexdigest()
        place = {"number": 1, "url": f"{server.url}/data.json", "sha256": sha256, "bodies": [sha256], "index": 2}
        place |= {"cut": None, "exchange": None, "content_type": "", "begun": {"seen": 0, "kept": 0}, "link": None}
        checkpoint = {"cursor": place, key: asdict(HarvestStats(seen=3, kept=3)), "others": [], "begun_again": None}
        write_page(catalog, run_id, portal.id, HarvestPage(checkpoint=checkpoint))
        crawl(RunContext(catalog=catalog, run_id=run_id, data=catalog.path.parent), [portal])
    done = harvested(catalog, portal.id)
    assert (done["seen"], done["datasets"], done["verdict"]) == (5, 5, "complete")


STAGES = [(s, p) for s in ("check", "validate", "score", "export") for p in (0.0, 0.01, 0.05)]


def test_killed_in_every_stage(site_with_tables: Site, tmp_path: Path) -> None:
    site = site_with_tables
    site.publish(1)
    killed, whole = tmp_path / "killed", tmp_path / "whole"
    for stage, pause_s in STAGES:
        if not completed(killed):
            site.killed_in_stage(killed, stage, pause_s)
    assert site.kills >= 3
    site.whole(killed)
    site.whole(whole)
    assert differences(content(killed, but=COST), content(whole, but=COST), may_lack=LACK) == {}
    assert (whole / "exports" / "scorecard.csv").is_file() and not list(whole.rglob("*.part"))
