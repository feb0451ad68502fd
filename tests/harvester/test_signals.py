"""Ctrl-C and SIGTERM end every command with 130 within five seconds, and leave no process behind."""

from __future__ import annotations

import json
import os
import random
import shutil
import signal
import socket
import sqlite3
import subprocess
import sys
import threading
import time
import urllib.request
from collections.abc import Callable, Iterator, Sequence
from contextlib import closing, contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
from portal_server import Asked, PortalServer, Response, ckan_search, spec

from catalog.db.store import open_catalog
from harvester.night.stages import nightly
from tests import warm

# The catalogue is made once for the module.
pytestmark = pytest.mark.xdist_group("signals")
ROOT = Path(__file__).parents[2]
ENTRY = [
    sys.executable,
    "-c",
    "from harvester.cli.entry import end_at_signals, main; end_at_signals(); print('begun', flush=True); main()",
]


@dataclass
class Made:
    server: PortalServer
    data: Path
    asked: threading.Event
    """An address was asked that never answers."""


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Made]:
    """Return a data folder after one run; its portal has an address that never responds from then on."""
    data = tmp_path_factory.mktemp("signals")
    asked, shut = threading.Event(), threading.Event()

    def hang(request: Asked) -> Response:
        asked.set()
        shut.wait(60)
        return Response(404)

    with PortalServer() as server:
        names = ("table.csv", "page.html")
        resources = [{"id": name, "url": f"{server.url}/{name}", "format": name[-4:]} for name in names]
        packages = [{"id": "a", "name": "a", "title": "Air", "resources": resources}]
        server.routes = {
            "/api/3/action/package_search": ckan_search(packages),
            "/table.csv": Response(200, "text/csv", b"id,name\n" + b"".join(b"%d,x\n" % n for n in range(1000))),
            "/page.html": Response(200, "text/html", b"<title>Hi</title>"),
        }
        portal = spec("p", "ckan", server.url, limits={"delay_s": 0}, recheck={"hours": [0]})
        nightly(data, [portal], stages=("harvest", "check"))
        server.routes |= {"/page.html": hang, "/hang/api/3/action/package_search": hang, "/hang": hang}
        (data / "hang.toml").write_text(
            f'id = "hang"\ntype = "ckan"\ntitle = "hang"\nurl = "{server.url}/hang"\nlocal = true\n'
        )
        yield Made(server, data, asked)
        shut.set()


@contextmanager
def begun(
    data: Path, *arguments: str, program: Sequence[str] = warm.NIGHT, is_warm: bool = True
) -> Iterator[subprocess.Popen[str]]:
    """The program at work. Only where it is not warm does it begin with its imports."""
    command = [*program, "--data", str(data), *arguments]
    pipes: dict[str, Any] = {"stdout": subprocess.PIPE, "stderr": subprocess.PIPE, "text": True, "cwd": ROOT}
    # Tests that run in the background ignore SIGINT, and so would the program.
    before = signal.signal(signal.SIGINT, signal.default_int_handler)
    try:
        made = warm.Popen(command, warm_workers=False, **pipes) if is_warm else subprocess.Popen(command, **pipes)
    finally:
        signal.signal(signal.SIGINT, before)
    with made as process:
        try:
            yield process
        finally:
            process.kill()


def descendants(pid: int) -> dict[int, str]:
    """Return the processes that a process has started, and those started by them, with their command lines."""
    found: dict[int, str] = {}
    with suppress(OSError):
        for child in map(int, Path(f"/proc/{pid}/task/{pid}/children").read_text().split()):
            found |= {child: Path(f"/proc/{child}/cmdline").read_text().replace("\0", " "), **descendants(child)}
    return found


def is_alive(pid: int) -> bool:
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] not in ("Z", "X")
    except FileNotFoundError:
        return False


def wait_for(what: Callable[[], object], process: subprocess.Popen[str]) -> None:
    until = time.monotonic() + 60
    while not what():
        assert process.poll() is None and time.monotonic() < until, process.communicate(timeout=10)
        time.sleep(0.02)


def ends_at(how: signal.Signals, process: subprocess.Popen[str], *, may_be_over: bool = False) -> str | None:
    """Send a signal, wait until all processes of the program have ended, and return its output.

    Return None if ``may_be_over`` and the program had ended by itself before the signal was sent.
    """
    of_ours = descendants(process.pid)
    at = time.monotonic()
    if may_be_over and not is_alive(process.pid):
        assert process.wait(timeout=60) == 0
        return None
    process.send_signal(how)
    _, err = process.communicate(timeout=60)
    spent = time.monotonic() - at
    assert process.returncode == 130, err
    assert spent < 5, spent
    assert "Traceback" not in err
    assert not [line for pid, line in of_ours.items() if is_alive(pid)]
    return err


INT, TERM = signal.SIGINT, signal.SIGTERM
"""Which of the two is sent makes no difference to a command: each gets one."""


@pytest.mark.parametrize(("command", "how"), [("check", INT), ("nightly", TERM), ("detect", INT), ("preview", TERM)])
def test_while_a_server_does_not_answer(how: signal.Signals, command: str, made: Made, tmp_path: Path) -> None:
    data = shutil.copytree(made.data, tmp_path / "data")
    portal = {"check": ["p"], "detect": ["--allow-local", f"{made.server.url}/hang"]}.get(
        command, [str(data / "hang.toml")]
    )
    made.asked.clear()
    with begun(data, command, *portal) as process:
        wait_for(made.asked.is_set, process)
        ends_at(how, process)
    if command not in ("detect", "preview"):
        assert last_run(data) == "interrupted"


@pytest.mark.parametrize(("command", "how"), [("validate", TERM), ("inspect", INT)])
def test_while_a_table_is_looked_into(how: signal.Signals, command: str, made: Made, tmp_path: Path) -> None:
    data = shutil.copytree(made.data, tmp_path / "data")
    arguments = ["p"] if command == "validate" else [str(next(data.glob("files/**/*.csv"), data / "hang.toml"))]
    with begun(data, command, *arguments) as process:
        wait_for(lambda: any("quality.tables.worker" in one for one in descendants(process.pid).values()), process)
        ends_at(how, process)


@pytest.mark.parametrize(("command", "how"), [("score", INT), ("track", TERM), ("export", INT), ("validate", TERM)])
def test_while_the_catalogue_is_not_free(how: signal.Signals, command: str, made: Made, tmp_path: Path) -> None:
    """SQLite waits for half a minute, and does not let Python hear of a signal."""
    data = shutil.copytree(made.data, tmp_path / "data")
    with closing(sqlite3.connect(data / "catalog.db", isolation_level=None)) as other:
        other.execute("begin immediate")
        with begun(data, command, "p") as process:
            wait_for(lambda: any(has_open(pid, "catalog.db") for pid in descendants(process.pid)), process)
            time.sleep(0.3)
            ends_at(how, process)


def test_at_any_moment_of_a_night(made: Made, tmp_path: Path) -> None:
    """Each begins where the one before was ended, so that the moments come in all stages, imports among them."""
    data = tmp_path / "data"
    (tmp_path / "night.toml").write_text(
        f'id = "night"\ntype = "ckan"\ntitle = "night"\nurl = "{made.server.url}/night"\nlocal = true\n'
        "[limits]\ndelay_s = 0\npage_rows = 2\n"
    )
    table = [{"id": "t", "url": f"{made.server.url}/table.csv", "format": "CSV"}]
    packages = [{"id": f"n{n}", "name": f"n{n}", "title": "Air", "resources": table} for n in range(12)]
    made.server.routes["/night/api/3/action/package_search"] = ckan_search(packages)
    draw, ended = random.Random(3), 0
    for number in range(9):
        # The first four moments are among the imports, and 0 is the first instruction of ours at the earliest: before,
        # Python itself dies of a signal.
        with begun(data, "nightly", str(tmp_path / "night.toml"), program=ENTRY, is_warm=number > 3) as process:
            assert process.stdout is not None and process.stdout.readline() == "begun\n"
            time.sleep(draw.uniform(0, 0.4 * number))
            if process.poll() is None:
                ended += ends_at(draw.choice((INT, TERM)), process, may_be_over=True) is not None
    assert ended >= 3
    with begun(data, "nightly", str(tmp_path / "night.toml")) as process:
        _, err = process.communicate(timeout=90)
    assert process.returncode == 0, err
    with open_catalog(data / "catalog.db") as catalog:
        assert catalog.value("pragma integrity_check") == "ok"
        assert catalog.value("select count(*) from datasets") == 12
        assert catalog.value("select status from runs order by id desc limit 1") == "complete"


def has_open(pid: int, name: str) -> bool:
    with suppress(OSError):
        return any(str(one.readlink()).endswith(f"/{name}") for one in Path(f"/proc/{pid}/fd").iterdir())
    return False


def test_while_it_serves(made: Made, tmp_path: Path) -> None:
    data = shutil.copytree(made.data, tmp_path / "data")
    with closing(socket.socket()) as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    with begun(data, "serve", "--port", str(port)) as process:

        def answers() -> bool:
            with (
                suppress(OSError),
                urllib.request.urlopen(f"http://127.0.0.1:{port}/imprint.json", timeout=5) as page,
            ):
                return bool(json.loads(page.read()))
            return False

        wait_for(answers, process)
        # A visitor who keeps the connection open, and never asks to the end.
        with closing(socket.create_connection(("127.0.0.1", port))) as visitor:
            visitor.sendall(b"GET / HTTP/1.1\r\nHost: ")
            ends_at(TERM, process)


def last_run(data: Path) -> str:
    with open_catalog(data / "catalog.db") as catalog:
        return str(catalog.value("select status from runs order by id desc limit 1"))


def test_a_run_that_was_killed_is_not_shown_as_running(made: Made, tmp_path: Path) -> None:
    """By the next command that writes, whichever it is."""
    data = shutil.copytree(made.data, tmp_path / "data")
    made.asked.clear()
    with begun(data, "harvest", str(data / "hang.toml")) as process:
        wait_for(made.asked.is_set, process)
        for pid in [process.pid, *descendants(process.pid)]:
            with suppress(ProcessLookupError):
                os.kill(pid, signal.SIGKILL)
        process.wait(10)
    assert last_run(data) == "running"
    with begun(data, "approve", "p", "20010101T000000Z", "--by", "A. Tester") as process:
        process.communicate(timeout=60)
    assert last_run(data) == "interrupted"
