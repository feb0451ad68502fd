"""Start ``winnow`` in tests without the second or two that its libraries take to load each time.

:class:`Popen` and :func:`run` are those of subprocess, for ``[sys.executable, "-c", code, ...]``. The process is forked
from a server that has imported what ``winnow`` imports. It is a process like any other, with its own id, environment,
folder, descriptors, signals and exit status. Tests of the start itself use subprocess: how long it takes, what it
loads, and what a signal does meanwhile.
"""

from __future__ import annotations

import atexit
import json
import os
import select
import socket
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Sequence
from functools import cache
from pathlib import Path
from types import SimpleNamespace
from typing import Any

__all__ = ["NIGHT", "Popen", "run"]

NIGHT = [sys.executable, "-c", "from harvester.cli.entry import main; main()"]
"""The command ``winnow``; arguments follow."""
ROOT = Path(__file__).parents[1]
_PROGRAM = (
    "click,pydantic,lxml.etree,sqlite_utils,pyoxigraph,rdflib,requests,aiohttp.web,warcio,xlsxwriter,jinja2,jsonschema,"
    "filelock,rich.console,rich.table,tldextract,twisted.internet.asyncioreactor,scrapy.crawler,scrapy.core.engine,"
    "scrapy.dupefilters,scrapy.logformatter,scrapy.pqueues,scrapy.robotstxt,scrapy.squeues,scrapy.statscollectors,"
    "catalog.exports.changes,catalog.exports.dcat,catalog.exports.feed,catalog.exports.manifest,catalog.exports.page,"
    "catalog.exports.pdf,catalog.exports.prometheus,catalog.exports.update,catalog.repositories.dashboard,"
    "catalog.site.serve,quality.catalogue,quality.commitments.track,quality.findings.cause_stage,"
    "quality.systems.agreement,quality.systems.entities,quality.systems.stage,quality.validate,harvester.cli.main,"
    "harvester.terminal.night,harvester.night.stages,harvester.night.publication,harvester.night.crawl,harvester.night.closing,"
    "harvester.night.pipeline,harvester.checks.links,harvester.http.robots,harvester.http.ftp,harvester.http.unpack,"
    "harvester.http.reconnect,harvester.spiders.ckan.spider,harvester.spiders.dcat_us.spider,"
    "tests.warm_parts:parts_of_scrapy,tests.warm_parts:constants"
)
_WORKER = (
    "quality.catalogue,quality.tables.inspect,quality.tables.worker,quality.tables.expect.engine:great_expectations"
)
_WORKERS = "quality.tables.worker"
_SHARED = "WINNOW_WARM_SERVERS"
"""Environment variable that says at which sockets servers listen already."""
_from_server: list[str] = []
_started = subprocess.Popen


class _Server:
    """A process that has loaded libraries and waits for requests; it ends with this object's process."""

    def __init__(self, modules: str) -> None:
        folder = tempfile.TemporaryDirectory(prefix="warm-")
        self.path = f"{folder.name}/socket"
        # Those of the pool's own children; their libraries read these as they are loaded.
        env = os.environ | {
            "MALLOC_ARENA_MAX": "1", "OMP_NUM_THREADS": "1", "OPENBLAS_NUM_THREADS": "1", "RUST_BACKTRACE": "0",
            "GX_ANALYTICS_ENABLED": "false", "PYTHONUTF8": "1",
        }  # fmt: skip
        self.process = subprocess.Popen(
            [sys.executable, "-m", "tests.fork_server", self.path, modules],
            stdin=subprocess.PIPE, stdout=subprocess.PIPE, cwd=ROOT, env=env,
        )  # fmt: skip
        assert self.process.stdin is not None and self.process.stdout is not None
        if self.process.stdout.readline() != b"ready\n":
            raise RuntimeError("the fork server does not start")

        def end() -> None:
            with self.process:
                self.process.kill()
            folder.cleanup()

        atexit.register(end)


def share() -> None:
    """Start the servers now, for all processes that this one starts: the workers of pytest-xdist load nothing twice."""
    os.environ[_SHARED] = json.dumps({modules: _server(modules) for modules in (_PROGRAM, _WORKER)})


@cache
def _server(modules: str) -> str:
    """Return the path of the socket of a server, which is started unless there is one."""
    shared: dict[str, str] = json.loads(os.environ.get(_SHARED, "{}"))
    return shared.get(modules) or _Server(modules).path


class Popen(subprocess.Popen[Any]):
    """A process that is forked from the server. ``warm_workers``: whether its workers, which inspect tables, are, too;
    these then have the server as their parent."""

    def __init__(self, args: Sequence[str], *, warm_workers: bool = True, **options: Any) -> None:
        self._warm_workers, self._lock = warm_workers, threading.Lock()
        super().__init__(args, **options)

    def _execute_child(self, args: Sequence[str], *values: Any) -> None:
        """In the place of fork and exec; ``values`` are what subprocess passes on."""
        _, _, _, _, cwd, env, _, _, _, p2cread, p2cwrite, c2pread, c2pwrite, errread, errwrite, *rest = values
        session = bool(rest[5])
        executable, how, code, *arguments = map(str, args)
        assert executable == sys.executable and how in ("-c", "-m")
        workers = _server(_WORKER) if self._warm_workers and how == "-c" else None
        path = _server(_PROGRAM) if how == "-c" else (_from_server or [_server(_WORKER)])[0]
        asked = {
            "code": code, "module": code if how == "-m" else None, "arguments": arguments, "session": session,
            "cwd": str(cwd or Path.cwd()), "env": dict(os.environ if env is None else env), "children": workers,
            "parent": str(os.getpid()),
        }  # fmt: skip
        own = [p2cread, c2pwrite, errwrite]
        descriptors = [number if one == -1 else one for number, one in enumerate(own)]
        self._told = socket.socket(socket.AF_UNIX, socket.SOCK_SEQPACKET)
        self._told.connect(path)
        socket.send_fds(self._told, [json.dumps(asked).encode()], descriptors)
        self.pid = int(self._told.recv(100))
        self._child_created = True
        self._close_pipe_fds(p2cread, p2cwrite, c2pread, c2pwrite, errread, errwrite)

    def _internal_poll(self, *_: Any, **__: Any) -> int | None:
        return self._look(0)

    def _wait(self, timeout: float | None) -> int:
        until = time.monotonic() + (float("inf") if timeout is None else timeout)
        while (code := self._look(0.05)) is None:
            if time.monotonic() > until:
                raise subprocess.TimeoutExpired(self.args, timeout or 0.0)
        return code

    def _look(self, within_s: float) -> int | None:
        """Return the exit status once the server has told it; several threads may wait for it."""
        with self._lock:
            if self.returncode is None and select.select([self._told], [], [], within_s)[0]:
                with self._told:
                    self.returncode = int(self._told.recv(100) or -1)
            return self.returncode


def run(
    args: Sequence[str], *, capture_output: bool = False, timeout: float, check: bool = False, **options: Any
) -> subprocess.CompletedProcess[Any]:
    """Run a command to its end, as subprocess.run does."""
    if capture_output:
        options |= {"stdout": subprocess.PIPE, "stderr": subprocess.PIPE}
    with Popen(args, **options) as process:
        try:
            out, err = process.communicate(timeout=timeout)
        except BaseException:
            process.kill()
            raise
    done = subprocess.CompletedProcess(args, process.returncode, out, err)
    if check:
        done.check_returncode()
    return done


def start_workers_from(path: str) -> None:
    """Let this process fork the workers of its inspection pools from the server that listens at ``path``."""
    _from_server.append(path)
    subprocess.Popen = _popen  # type: ignore[misc, assignment]


def for_pools() -> SimpleNamespace:
    """Return a stand-in for the module subprocess in :mod:`quality.tables.pool`: it forks workers from a server, which
    starts with the first of them."""
    return SimpleNamespace(**{**vars(subprocess), "Popen": _popen})


def _popen(args: Sequence[str], **options: Any) -> subprocess.Popen[Any]:
    is_worker = list(args[:3]) == [sys.executable, "-m", _WORKERS]
    return Popen(args, **options) if is_worker else _started(args, **options)
