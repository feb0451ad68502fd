"""A reader that never returns ends its portal and no other; and whatever the program does, a signal ends it in time."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import pytest
from portal_server import PortalServer, ckan_search

from catalog.db.store import open_catalog
from tests import warm

ROOT = Path(__file__).parents[2]
HANGS = {
    # Python can be interrupted here,
    "busy": "while True: pass",
    # here only what no reader of records catches gets through,
    "deaf": """
    while True:
        try:
            while True: pass
        except Exception: pass""",
    # and here it holds its lock and never comes back: a mutex that is locked twice is let go by no signal.
    "gone": """
    mutex, lock = ctypes.create_string_buffer(128), ctypes.PyDLL(None).pthread_mutex_lock
    lock(mutex)
    lock(mutex)""",
    "dead": "os.kill(os.getpid(), signal.SIGSEGV)",
}
PROGRAM = """
import ctypes, os, signal
from harvester.cli import supervisor
from harvester.night import crawl, watchdog
watchdog.PATIENCE_S, supervisor.LATE_S, crawl.LATE_S, supervisor.SILENCE_S = 0.5, 2.0, 0.5, 6.0
{more}
from harvester.cli.main import main
main()
"""
READER = """
from harvester.spiders import spider_class
CkanSpider = spider_class("ckan")
read = CkanSpider.to_dataset
def to_dataset(self, raw):
    if self.portal.id != "hung" or raw["id"] != "n7":
        return read(self, raw)
    {how}
CkanSpider.to_dataset = to_dataset
"""
STAGE = """
import harvester.night.stages as nightly
def stage(*given):
    print("begun", flush=True)
    {how}
nightly._STAGES["{name}"] = stage
"""


@pytest.fixture
def folder(tmp_path: Path) -> Iterator[Path]:
    made = tmp_path / "portals"
    made.mkdir()
    packages = [{"id": f"n{n}", "name": f"n{n}", "title": f"Package {n}"} for n in range(12)]
    with PortalServer() as server:
        for name in ("good", "hung", "other"):
            server.routes[f"/{name}/api/3/action/package_search"] = ckan_search(packages)
            (made / f"{name}.toml").write_text(
                f'id = "{name}"\ntype = "ckan"\ntitle = "{name}"\nurl = "{server.url}/{name}"\nlocal = true\n'
                "[limits]\ndelay_s = 0\npage_rows = 4\ntimeout_s = 1\n" + ("deadline_s = 2\n" if name == "hung" else "")
            )
        yield made


def begin(more: str, data: Path, *arguments: str) -> subprocess.Popen[str]:
    program = PROGRAM.format(more=more)
    command = [sys.executable, "-c", program, "--data", str(data), *arguments]
    return warm.Popen(command, warm_workers=False, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, cwd=ROOT)


@pytest.mark.parametrize("how", HANGS)
def test_a_reader_that_never_returns_ends_its_portal_alone(how: str, folder: Path, tmp_path: Path) -> None:
    more = READER.format(how=HANGS[how])
    with begin(more, tmp_path / "data", "harvest", "--portals", str(folder), "--json") as process:
        out, err = process.communicate(timeout=100)
    assert process.returncode == 3, err
    found = {one["portal"]: one for one in json.loads(out)["portals"]}
    assert (found["good"]["verdict"], found["other"]["verdict"]) == ("complete", "complete")
    # On a busy machine the deadline comes before the first page.
    assert found["hung"]["verdict"] in ("partial", "failed")
    said = " ".join(found["hung"]["reasons"])
    assert "deadline" in said or "held up" in said or "SIGSEGV" in said
    # What had come before is kept, and what it says of the portal is no word on the others.
    assert found["hung"]["datasets"] < 12
    assert (found["good"]["datasets"], found["other"]["datasets"]) == (12, 12)
    with open_catalog(tmp_path / "data" / "catalog.db") as catalog:
        assert catalog.value("pragma integrity_check") == "ok"
        assert catalog.value("select count(*) from runs") == 1
        kinds = catalog.rows("select distinct kind from harvest_errors where portal_id = 'hung' and is_fatal")
        assert {row["kind"] for row in kinds} <= {"deadline", "ours"} and kinds


SLEEPS = {"busy": HANGS["busy"], "gone": HANGS["gone"], "deaf": HANGS["deaf"].replace("Exception", "BaseException")}


# Both signals have one handler; what they meet makes the difference.
@pytest.mark.parametrize(
    ("how", "number"), [("busy", signal.SIGINT), ("gone", signal.SIGTERM), ("deaf", signal.SIGINT)]
)
def test_a_signal_ends_the_program_whatever_it_does(
    number: signal.Signals, how: str, folder: Path, tmp_path: Path
) -> None:
    more = STAGE.format(how=SLEEPS[how], name="harvest")
    data = tmp_path / "data"
    with begin(more, data, "harvest", "--portals", str(folder / "good.toml"), "--json") as process:
        assert process.stdout is not None
        assert process.stdout.readline() == "begun\n"
        begun = time.monotonic()
        process.send_signal(number)
        _, err = process.communicate(timeout=60)
        spent = time.monotonic() - begun
    assert process.returncode == 130
    assert spent < 5, spent
    assert "goes on where it stopped" in err and "Traceback" not in err
    # Also where the program had to be killed, whoever waited for it notes how its run ended.
    with open_catalog(data / "catalog.db") as catalog:
        assert catalog.value("select status from runs") == "interrupted"
    with begin("", data, "harvest", "--portals", str(folder / "good.toml"), "--json") as again:
        out, err = again.communicate(timeout=100)
    assert again.returncode == 0, err
    with open_catalog(data / "catalog.db") as catalog:
        assert [dict(row) for row in catalog.rows("select status from runs")] == [{"status": "complete"}]
    assert json.loads(out)["datasets"] == 12


def test_no_child_is_left_behind(folder: Path, tmp_path: Path) -> None:
    """One that leads a session of its own, and hears no signal."""
    more = STAGE.format(
        name="harvest",
        how="""
    import subprocess, sys
    child = subprocess.Popen([sys.executable, "-c", "import signal, time; signal.signal(15, signal.SIG_IGN);"
        "print('up', flush=True); time.sleep(1000)"], start_new_session=True, stdout=subprocess.PIPE)
    child.stdout.readline()
    print(child.pid, flush=True)
    ctypes.PyDLL(None).pause()""",
    )
    with begin(more, tmp_path / "data", "harvest", "--portals", str(folder / "good.toml")) as process:
        assert process.stdout is not None
        lines = [process.stdout.readline() for _ in range(2)]
        process.send_signal(signal.SIGTERM)
        process.communicate(timeout=60)
    assert process.returncode == 130
    assert not _is_alive(int(lines[-1]))


def _is_alive(pid: int) -> bool:
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    return True


def test_the_demo_ends_at_a_signal(tmp_path: Path) -> None:
    data = tmp_path / "demo"
    with begin("", data, "demo") as process:
        until = time.monotonic() + 60
        while not list(data.glob("archive/*.warc.gz")) and process.poll() is None and time.monotonic() < until:
            time.sleep(0.05)
        begun = time.monotonic()
        process.send_signal(signal.SIGINT)
        process.communicate(timeout=60)
        assert time.monotonic() - begun < 5
    assert process.returncode == 130
