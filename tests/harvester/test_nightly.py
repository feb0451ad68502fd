"""Runs as an operator starts them: locked, interrupted, killed, misled, and out of disk."""

from __future__ import annotations

import json
import os
import resource
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any

import pytest
from portal_server import Asked, PortalServer, Response, ckan_search

from catalog.db.store import open_catalog
from tests import warm

WINNOW = [sys.executable, "-c", "from harvester.cli.main import main; main()"]
MAIN = Path(__file__).parents[2]


def start(data: Path, *args: str, **options: Any) -> subprocess.Popen[str]:
    return warm.Popen(
        [*warm.NIGHT, "--data", str(data), *args],
        cwd=MAIN,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        **options,
    )


def winnow(data: Path, *args: str, **options: Any) -> subprocess.CompletedProcess[str]:
    with start(data, *args, **options) as process:
        out, err = process.communicate(timeout=90)
    assert "Traceback" not in out + err
    return subprocess.CompletedProcess(process.args, process.returncode, out, err)


def package(n: int, **values: Any) -> dict[str, Any]:
    resources = [{"id": f"r{n}-{k}", "url": f"http://files.example/{n}/{k}.csv", "format": "CSV"} for k in range(2)]
    return {"id": f"{n:05}", "name": f"p{n}", "title": f"Package {n}", "resources": resources, **values}


class Site:
    """Two portals on one server; page 3 of the second waits until the gate is opened."""

    def __init__(self, folder: Path) -> None:
        self.gate, self.reached = threading.Event(), threading.Event()
        self.gate.set()
        slow = ckan_search([package(n) for n in range(40)])

        def gated(asked: Asked) -> Response:
            if asked.query["start"] == "20":
                self.reached.set()
                self.gate.wait(60)
            return slow(asked)

        self.server = PortalServer(
            {
                "/fast/api/3/action/package_search": ckan_search([package(n) for n in range(15)]),
                "/slow/api/3/action/package_search": gated,
            }
        )
        self.folder = folder
        folder.mkdir()

    def portal(self, portal_id: str, **values: Any) -> Path:
        lines = {"id": portal_id, "type": "ckan", "title": portal_id, "url": f"{self.server.url}/{portal_id}"} | values
        text = "".join(f"{k} = {json.dumps(v)}\n" for k, v in lines.items())
        path = self.folder / f"{portal_id}.toml"
        path.write_text(text + "local = true\n[limits]\ndelay_s = 0\npage_rows = 10\ntimeout_s = 60\n")
        return path

    @contextmanager
    def held(self, data: Path) -> Iterator[subprocess.Popen[str]]:
        """Return a run that has finished the fast portal and waits in the middle of the slow one."""
        self.gate.clear()
        self.reached.clear()
        process = start(data, "harvest", "--portals", str(self.folder))
        try:
            assert self.reached.wait(30)
            until = time.monotonic() + 20
            while not finished(data):
                assert time.monotonic() < until
                time.sleep(0.05)
            yield process
        finally:
            self.gate.set()
            if process.poll() is None:
                process.kill()
            process.communicate(timeout=90)


def finished(data: Path) -> set[str]:
    with open_catalog(data / "catalog.db") as catalog:
        return {r["portal_id"] for r in catalog.rows("select portal_id from harvests where verdict is not null")}


@pytest.fixture
def site(tmp_path: Path) -> Iterator[Site]:
    made = Site(tmp_path / "portals")
    with made.server:
        made.portal("fast")
        made.portal("slow")
        yield made
        made.gate.set()


def content(data: Path) -> dict[str, Any]:
    """Return datasets and distributions, without ids of runs and without times taken by Winnow."""
    own = ("first_seen_run", "last_seen_run", "changed_run", "missing_since", "retired_at")
    with open_catalog(data / "catalog.db") as catalog:
        assert catalog.value("pragma integrity_check") == "ok"
        return {
            table: [
                {k: v for k, v in row.items() if k not in own}
                for row in catalog.rows(f"select * from {table} order by id")  # noqa: S608
            ]
            for table in ("datasets", "distributions")
        }


def runs(data: Path) -> list[tuple[str, str]]:
    with open_catalog(data / "catalog.db") as catalog:
        return [(r["id"], r["status"]) for r in catalog.rows("select id, status from runs order by id")]


def test_second_run_is_turned_away_at_once(site: Site, tmp_path: Path) -> None:
    data = tmp_path / "data"
    with site.held(data):
        began = time.monotonic()
        second = winnow(data, "nightly", "--portals", str(site.folder))
        assert time.monotonic() - began < 8
    assert second.returncode == 75
    assert "another run is at work here" in second.stderr


@pytest.mark.parametrize("how", [signal.SIGINT, signal.SIGTERM])
def test_interrupted_run_goes_on_where_it_stopped(how: signal.Signals, site: Site, tmp_path: Path) -> None:
    data = tmp_path / "data"
    with site.held(data) as process:
        process.send_signal(how)
        _, err = process.communicate(timeout=90)
    assert process.returncode == 130
    assert "goes on where it stopped" in err and "Traceback" not in err
    ((run_id, status),) = runs(data)
    assert status == "interrupted"
    assert finished(data) == {"fast"}
    asked = len(site.server.asked("/fast/"))
    again = winnow(data, "harvest", "--portals", str(site.folder), "--json")
    assert again.returncode == 0, again.stderr
    assert runs(data) == [(run_id, "complete")]
    assert len(site.server.asked("/fast/")) == asked
    summary = json.loads(again.stdout)
    assert (summary["run"], summary["datasets"]) == (run_id, 55)
    assert {p["portal"]: p["verdict"] for p in summary["portals"]} == {"fast": "complete", "slow": "complete"}


def test_killed_run_loses_and_doubles_nothing(site: Site, tmp_path: Path) -> None:
    killed, whole = tmp_path / "killed", tmp_path / "whole"
    with site.held(killed) as process:
        process.send_signal(signal.SIGKILL)
        process.wait(10)
    ((run_id, status),) = runs(killed)
    assert status == "running"
    assert 15 < len(content(killed)["datasets"]) < 55
    assert winnow(killed, "harvest", "--portals", str(site.folder)).returncode == 0
    assert winnow(whole, "harvest", "--portals", str(site.folder)).returncode == 0
    assert runs(killed) == [(run_id, "complete")]
    assert content(killed) == content(whole)
    assert len(content(whole)["distributions"]) == 110


def test_unreachable_and_mistaken_portals_are_said(site: Site, tmp_path: Path) -> None:
    site.server.routes["/page/data.json"] = Response(200, "text/html", b"<!doctype html><title>Hi</title>")
    site.portal("closed", url="http://127.0.0.1:1/ckan")
    site.portal("page", type="dcat-us")
    done = winnow(tmp_path / "data", "harvest", "--portals", str(site.folder), "--json")
    assert done.returncode == 3
    portals = {p["portal"]: p for p in json.loads(done.stdout)["portals"]}
    assert {k: p["verdict"] for k, p in portals.items()} == {
        "closed": "failed",
        "fast": "complete",
        "page": "failed",
        "slow": "complete",
    }
    assert "127.0.0.1:1" in portals["closed"]["reasons"][0]
    assert "HTML" in portals["page"]["reasons"][0]


def test_unknown_key_of_a_portal_file(site: Site, tmp_path: Path) -> None:
    path = site.portal("fast", colour="blue")
    done = winnow(tmp_path / "data", "harvest", str(path))
    assert done.returncode == 2
    assert str(path) in done.stderr and "colour" in done.stderr
    assert len(done.stderr.strip()) > len(str(path)) + 20


def test_nightly_reports_json_and_a_threshold(site: Site, tmp_path: Path) -> None:
    (site.folder / "slow.toml").unlink()
    small = [package(n, resources=[]) for n in range(3)]
    site.server.routes["/fast/api/3/action/package_search"] = ckan_search(small)
    data = tmp_path / "data"
    done = winnow(data, "nightly", "--portals", str(site.folder), "--json", "--fail-under", "100")
    assert done.returncode == 4, done.stderr
    summary = json.loads(done.stdout)
    assert summary["datasets"] == 3 and 0 <= summary["mean_score"] < 100
    assert "below 100" in done.stderr
    again = winnow(data, "nightly", "--portals", str(site.folder), "--json", "--fail-under", "0")
    assert again.returncode == 0, again.stderr
    assert [status for _, status in runs(data)] == ["complete", "complete"]


def test_help_is_quick_and_loads_nothing_heavy() -> None:
    code = (
        "import harvester.cli.main, sys; "
        "print({'scrapy', 'pandas', 'great_expectations', 'frictionless', 'rdflib'} & set(sys.modules) or 'none')"
    )
    loaded = subprocess.run([sys.executable, "-c", code], cwd=MAIN, capture_output=True, text=True, check=True)
    assert loaded.stdout.strip() == "none"
    times = []
    for _ in range(3):
        before = resource.getrusage(resource.RUSAGE_CHILDREN)
        done = subprocess.run([*WINNOW, "--help"], cwd=MAIN, capture_output=True, text=True, check=True)
        after = resource.getrusage(resource.RUSAGE_CHILDREN)
        times.append(after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime)
        assert "nightly" in done.stdout
    assert min(times) < 0.3


@pytest.fixture
def small_disk(tmp_path: Path) -> Iterator[Path]:
    folder = tmp_path / "disk"
    folder.mkdir()
    mounted = os.geteuid() == 0 and subprocess.run(
        ["mount", "-t", "tmpfs", "-o", "size=3m", "winnow-test", str(folder)], capture_output=True
    )
    if not mounted or mounted.returncode:
        pytest.skip("a small file system cannot be mounted here: that needs root")
    try:
        yield folder
    finally:
        with suppress(subprocess.CalledProcessError):
            subprocess.run(["umount", str(folder)], check=True, capture_output=True)


def test_full_disk_is_said_and_the_run_goes_on_later(site: Site, small_disk: Path) -> None:
    (site.folder / "slow.toml").unlink()
    big = [package(n, notes=os.urandom(10_000).hex()) for n in range(300)]
    site.server.routes["/fast/api/3/action/package_search"] = ckan_search(big)
    data = small_disk / "data"
    done = winnow(data, "harvest", "--portals", str(site.folder))
    assert done.returncode == 1, done.stderr
    assert "full" in done.stderr or "No space left" in done.stderr
    assert "free" in done.stderr and "fault of the program" not in done.stderr
    subprocess.run(["mount", "-o", "remount,size=64m", str(small_disk)], check=True)
    before = len(content(data)["datasets"])
    assert before < 300
    again = winnow(data, "harvest", "--portals", str(site.folder))
    assert again.returncode == 0, again.stderr
    assert len(content(data)["datasets"]) == 300


def test_a_suspect_portal_waits_for_the_operator(site: Site, tmp_path: Path) -> None:
    (site.folder / "slow.toml").unlink()
    data = tmp_path / "data"
    assert winnow(data, "harvest", "--portals", str(site.folder)).returncode == 0
    site.server.routes["/fast/api/3/action/package_search"] = ckan_search([package(n) for n in range(3)])
    shrunk = winnow(data, "harvest", "--portals", str(site.folder), "--json")
    assert shrunk.returncode == 3
    summary = json.loads(shrunk.stdout)
    assert summary["portals"][0]["verdict"] == "suspect"
    assert "3 datasets, and 15 at the last complete harvest" in summary["portals"][0]["reasons"]
    assert len([row for row in content(data)["datasets"] if row["status"] == "present"]) == 15
    approved = winnow(data, "approve", "fast", summary["run"], "--by", "Ada: they cleaned up")
    assert approved.returncode == 0 and "12 datasets are missing" in approved.stdout, approved.stderr
    again = winnow(data, "approve", "fast", summary["run"])
    assert again.returncode == 1 and "only a suspect one" in again.stderr
    named = winnow(data, "diff", summary["run"])
    assert named.returncode == 0 and "12 missing" in named.stdout
    assert winnow(data, "harvest", "--portals", str(site.folder)).returncode == 0
    unknown = winnow(data, "diff", "yesterday")
    assert unknown.returncode == 1 and "no such run" in unknown.stderr
