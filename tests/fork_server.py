"""Fork Python programs from a process that has loaded the libraries already: the other half of :mod:`.warm`.

Run as ``python -m tests.fork_server <path of a socket> <modules to load, joined by commas>``; of ``module:function``,
the function is called. Every connection asks for one process, with its descriptors 0, 1 and 2, and is told its id, and
its exit status once it is over. The server ends with its stdin. It loads the modules when it is first asked.
"""

from __future__ import annotations

import atexit
import gc
import json
import os
import runpy
import selectors
import signal
import socket
import sys
import tempfile
import threading
from contextlib import suppress
from importlib import import_module
from typing import Any

from tqdm import tqdm

from specs.imports import without

MAX_REQUEST = 1 << 18


def load(modules: str) -> None:
    """Import what a program will need. That starts no thread and no event loop."""
    # Great Expectations shows its progress with tqdm, which would start a thread.
    tqdm.monitor_interval = 0
    # The libraries would take other ways if pyarrow was there: see quality.tables.worker.
    with without("pyarrow"):
        for entry in modules.split(","):
            name, _, called = entry.partition(":")
            module = import_module(name)
            if called:
                getattr(module, called)()
    assert threading.active_count() == 1 and "twisted.internet.reactor" not in sys.modules
    gc.collect()
    # What is never collected is not written to either, so the pages stay shared.
    gc.freeze()


def serve(path: str, modules: str) -> dict[str, Any]:
    """Answer requests. Return in each forked process, with what it has been asked to run."""
    is_loaded = False
    listener = socket.socket(socket.AF_UNIX, socket.SOCK_SEQPACKET)
    listener.bind(path)
    listener.listen(64)
    woken, wake = socket.socketpair()
    wake.setblocking(False)
    signal.set_wakeup_fd(wake.fileno())
    signal.signal(signal.SIGCHLD, lambda number, frame: None)
    # Ctrl-C is for the tests and their programs.
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    children: dict[int, socket.socket] = {}
    print("ready", flush=True)  # noqa: T201
    with selectors.DefaultSelector() as selector:
        for one in (listener, woken, sys.stdin):
            selector.register(one, selectors.EVENT_READ)
        while True:
            for key, _ in selector.select():
                if key.fileobj is sys.stdin:
                    os._exit(0)
                elif key.fileobj is woken:
                    woken.recv(4096)
                    _tell_ends(children)
                else:
                    client, _ = listener.accept()
                    found, descriptors, _, _ = socket.recv_fds(client, MAX_REQUEST, 3)
                    if not is_loaded:
                        load(modules)
                        is_loaded = True
                    child = os.fork()
                    if child == 0:
                        selector.close()
                        return _become(json.loads(found), descriptors)
                    for descriptor in descriptors:
                        os.close(descriptor)
                    children[child] = client
                    with suppress(OSError):
                        client.send(str(child).encode())


def _tell_ends(children: dict[int, socket.socket]) -> None:
    while children:
        child, status = os.waitpid(-1, os.WNOHANG)
        if not child:
            return
        with children.pop(child) as client, suppress(OSError):
            client.send(str(os.waitstatus_to_exitcode(status)).encode())


def _become(asked: dict[str, Any], descriptors: list[int]) -> dict[str, Any]:
    """Make this process what it would be after a start of its own."""
    signal.set_wakeup_fd(-1)
    signal.signal(signal.SIGCHLD, signal.SIG_DFL)
    signal.signal(signal.SIGINT, signal.default_int_handler)
    for number, descriptor in enumerate(descriptors):
        os.dup2(descriptor, number)
    os.closerange(3, os.sysconf("SC_OPEN_MAX"))
    if asked["session"]:
        os.setsid()
    os.chdir(asked["cwd"])
    os.environ.clear()
    os.environ.update(asked["env"])
    tempfile.tempdir = None
    sys.argv = ["-c", *asked["arguments"]]
    if "numpy" in sys.modules:
        sys.modules["numpy"].random.seed()
    supervisor = sys.modules.get("harvester.cli.supervisor")
    if supervisor is not None:
        # Memory that a process shares with the child that does its work: each process has its own.
        supervisor.PULSE.__init__()
        supervisor.RUN.__init__()
    return asked


def _run(task: dict[str, Any]) -> None:
    if task["module"]:
        # The process that started this one is the server.
        sys.argv[1:] = [str(os.getppid()) if one == task["parent"] else one for one in sys.argv[1:]]
        runpy.run_module(task["module"], run_name="__main__", alter_sys=True)
    else:
        exec(compile(task["code"], "<string>", "exec"), {"__name__": "__main__"})


if __name__ == "__main__":
    task = serve(sys.argv[1], sys.argv[2])
    if task["children"]:
        from tests import warm

        warm.start_workers_from(task["children"])
    try:
        _run(task)
    except SystemExit as end:
        if not isinstance(end.code, int) or threading.active_count() > 1:
            raise
        # Taking all modules down again would cost more than many a command.
        atexit._run_exitfuncs()
        sys.stdout.flush()
        sys.stderr.flush()
        os._exit(end.code)
