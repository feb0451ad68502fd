"""Send tasks to the workers of a Dask cluster, and receive parts.

A Dask scheduler runs any code for whoever can reach it, so nothing but TLS with certificates is accepted off this
machine; see the page about security. Winnow starts neither scheduler nor workers.
"""

from __future__ import annotations

import io
import ipaddress
import logging
import os
import queue
import shutil
import subprocess
import sys
import tempfile
import time
import zipfile
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from importlib import import_module
from itertools import islice
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from harvester.errors import ShardError

__all__ = [
    "ClusterTask", "TaskTimeoutError", "connected", "guarded_address", "packed", "parts_of", "threads_of", "unpacked",
    "work_on",
]  # fmt: skip

MAX_PART = 8_000_000_000
"""Bytes of an unpacked part, at most."""
MAX_FILES = 2_000_000
GRACE_S = 600.0
"""Seconds beyond the limit of a task for the way to a worker and back."""

log = logging.getLogger(__name__)


def guarded_address(address: str, tls: Path | None) -> str:
    """Return ``address``, the address of a Dask scheduler, as a URL, if it is safe to connect to: "tls://host:8786", or
    "tcp://127.0.0.1:8786" on this machine.

    ``tls``: folder with ca.pem, cert.pem and key.pem; an address of another machine needs it. Raise ShardError for any
    other address.
    """
    parts = urlsplit(address if "://" in address else f"tcp://{address}")
    if parts.scheme == "tls" and tls is not None:
        return parts.geturl()
    if parts.scheme == "tls":
        raise ShardError(f"{address}: TLS needs --dask-tls: the folder with ca.pem, cert.pem and key.pem")
    try:
        is_here = ipaddress.ip_address(parts.hostname or "").is_loopback
    except ValueError:
        is_here = parts.hostname == "localhost"
    if parts.scheme != "tcp" or not is_here:
        raise ShardError(
            f"{address}: whoever reaches a scheduler runs any program on it; "
            "start it with TLS, and give tls://host:port and --dask-tls"
        )
    return parts.geturl()


@contextmanager
def connected(address: str, tls: Path | None) -> Iterator[Any]:
    """Context manager that connects to the Dask scheduler at ``address`` and yields a ``distributed.Client``.

    A task whose worker dies is given to another worker once. ``tls``: see :func:`guarded_address`. Raise ShardError if
    that function refuses the address, Dask is not installed, or the scheduler cannot be reached.
    """
    address = guarded_address(address, tls)
    try:
        distributed: Any = import_module("distributed")
    except ImportError as error:
        raise ShardError("Dask is not installed; pip install 'winnow-opendata[dask]'") from error
    security = None
    if tls is not None:
        names = {"tls_ca_file": "ca.pem", "tls_client_cert": "cert.pem", "tls_client_key": "key.pem"}
        security = distributed.Security(
            require_encryption=True, **{name: str(tls / file) for name, file in names.items()}
        )
    try:
        # It waits as long as the setting distributed.comm.timeouts.connect of Dask says: 30 seconds, if nothing else.
        client = distributed.Client(address, security=security)
    except (OSError, TimeoutError) as error:
        raise ShardError(
            f"{address}: the scheduler cannot be reached ({error}); start it, or leave --dask out"
        ) from error
    with client:
        client.run_on_scheduler(_allow_one_death)
        yield client


def _allow_one_death(dask_scheduler: Any) -> None:
    dask_scheduler.allowed_failures = 1


def threads_of(client: Any) -> int:
    """Return the number of threads of all workers of the cluster of ``client``. Raise ShardError if it has no
    workers."""
    threads = sum(worker["nthreads"] for worker in client.scheduler_info(n_workers=-1)["workers"].values())
    if not threads:
        raise ShardError("the Dask scheduler has no workers; start some, or leave --dask out")
    return int(threads)


class TaskTimeoutError(ShardError):
    """No part of a task came back within the task's time."""


@dataclass(frozen=True, slots=True)
class ClusterTask:
    """A task for a worker: its number, its folder, and the seconds after which no part is expected any more."""

    number: int
    folder: Path
    limit_s: float


@dataclass(slots=True)
class _UnderWay:
    """A task that a worker was given.

    ``kept`` is the packed task. ``until`` is when it is given up, by the monotonic clock. ``is_again``: this is the
    second time.
    """

    task: ClusterTask
    kept: Path
    until: float
    is_again: bool


def parts_of(client: Any, tasks: Iterable[ClusterTask], at_once: int) -> Iterator[tuple[int, Path | Exception]]:
    """Have each task done by a worker of the cluster; yield its number and the folder of the part that came back, in
    the order in which the tasks finish.

    ``client``: the client from :func:`connected`. A task is taken from ``tasks`` when fewer than ``at_once`` are under
    way, and its folder is read at once. The folder of a part exists until the next pair is requested from the
    generator. If a task fails, its number is yielded with the exception. A worker may keep its connection and never
    finish: a task that takes longer than its ``limit_s`` is given once more, and then yielded with a TaskTimeoutError.
    While a worker still holds it, other workers are preferred.
    """
    waiting = iter(tasks)
    finished: queue.SimpleQueue[Any] = queue.SimpleQueue()
    under_way: dict[Any, _UnderWay] = {}

    def submit(task: ClusterTask, kept: Path, *, is_again: bool = False, but: frozenset[str] = frozenset()) -> None:
        others = [one for one in client.scheduler_info(n_workers=-1)["workers"] if one not in but] if but else []
        chosen = {"workers": others, "allow_other_workers": True} if others else {}
        future = client.submit(work_on, kept.read_bytes(), task.limit_s, pure=False, **chosen)
        under_way[future] = _UnderWay(task, kept, time.monotonic() + task.limit_s + GRACE_S, is_again)
        future.add_done_callback(finished.put)

    with tempfile.TemporaryDirectory(prefix="winnow-") as folder:

        def take(most: int) -> None:
            for task in islice(waiting, most):
                kept = Path(folder) / f"{task.number}.zip"
                kept.write_bytes(packed(task.folder))
                submit(task, kept)

        take(at_once)
        while under_way:
            first = min(under_way, key=lambda one: under_way[one].until)
            try:
                future = finished.get(timeout=max(0.0, under_way[first].until - time.monotonic()))
            except queue.Empty:
                future = first
            one = under_way.pop(future, None)
            if one is None:
                # It was given up before.
                continue
            part = _part_of(future, one.task, Path(folder) / "part")
            if isinstance(part, TaskTimeoutError):
                stuck = frozenset(name for name, keys in client.processing().items() if future.key in keys)
                future.cancel()
                if not one.is_again:
                    log.warning("task %d: %s; a worker is given it once more", one.task.number, part)
                    submit(one.task, one.kept, is_again=True, but=stuck)
                    continue
            future.release()
            del future
            one.kept.unlink()
            yield one.task.number, part
            shutil.rmtree(Path(folder) / "part", ignore_errors=True)
            take(1)


def _part_of(future: Any, task: ClusterTask, folder: Path) -> Path | Exception:
    """Unpack the part that came back into ``folder``; return the folder, or the exception if there is none."""
    try:
        if not future.done():
            raise TaskTimeoutError(f"no part came back within {task.limit_s + GRACE_S:,.0f} s")
        return unpacked(future.result(), folder)
    except Exception as error:  # noqa: BLE001  # whatever the cluster sends, the other tasks go on
        return error


def work_on(task: bytes, limit_s: float) -> bytes:
    """Do what a task says and return what was found. Runs on a worker of the Dask cluster.

    ``task`` is the folder of a task as a ZIP archive; the result is the folder of the part, packed likewise. The work
    is done in a child process that ends with the worker. Raise RuntimeError with the child's message if it fails, and
    TaskTimeoutError if it takes longer than ``limit_s`` seconds; it is killed then.
    """
    with tempfile.TemporaryDirectory(prefix="winnow-") as folder:
        source, out = unpacked(task, Path(folder) / "task"), Path(folder) / "part"
        try:
            done = subprocess.run(
                [sys.executable, "-m", "harvester.shards.child", str(source), str(out), str(os.getpid())],
                capture_output=True, text=True, timeout=limit_s,
            )  # fmt: skip
        except subprocess.TimeoutExpired as error:
            raise TaskTimeoutError(f"the work took longer than {limit_s:,.0f} s") from error
        if done.returncode:
            raise RuntimeError(done.stderr[-2_000:] or f"the child ended with {done.returncode}")
        return packed(out)


def packed(folder: Path) -> bytes:
    """Return the files in ``folder`` and the folders below it as a ZIP archive."""
    found = io.BytesIO()
    with zipfile.ZipFile(found, "w", zipfile.ZIP_DEFLATED, compresslevel=1) as archive:
        for path in sorted(folder.rglob("*")):
            if path.is_file():
                archive.write(path, str(path.relative_to(folder)))
    return found.getvalue()


def unpacked(archived: bytes, folder: Path) -> Path:
    """Unpack the ZIP archive ``archived`` of :func:`packed` into the new folder ``folder``, and return ``folder``.

    No file is written outside ``folder``, even if its name in the archive leads elsewhere. Raise ShardError if the
    archive has too many files or bytes or a compression other than deflate, zipfile.BadZipFile if it is damaged, and
    FileExistsError if ``folder`` exists.
    """
    folder.mkdir(parents=True)
    with zipfile.ZipFile(io.BytesIO(archived)) as archive:
        entries = archive.infolist()
        if len(entries) > MAX_FILES or sum(entry.file_size for entry in entries) > MAX_PART:
            raise ShardError(f"the part has {len(entries):,} files, or more than {MAX_PART:,} bytes")
        if any(entry.compress_type not in (zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED) for entry in entries):
            # The others unpack a block of a few kilobytes to any length at once.
            raise ShardError("the part is packed in another way than deflate")
        # extractall refuses to leave the folder, and writes no more than the size that an entry states.
        archive.extractall(folder)
    return folder
