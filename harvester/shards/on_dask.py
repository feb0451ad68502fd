"""Let the workers of a Dask cluster check the shards of a run.

A Dask scheduler runs any code for whoever can reach it, so nothing but TLS with certificates is accepted off this
machine; see the page about security. Winnow starts neither scheduler nor workers.
"""

from __future__ import annotations

import io
import ipaddress
import logging
import os
import shutil
import subprocess
import sys
import tempfile
import zipfile
from collections.abc import Sequence
from importlib import import_module
from pathlib import Path
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

from catalog.db.store import CatalogError
from catalog.repositories.runs import traffic_of
from harvester.errors import ShardError
from harvester.shards.merge import merge
from harvester.shards.plan import kept_task, plan

if TYPE_CHECKING:
    from harvester.night.context import RunContext
    from specs.portals import PortalSpec

__all__ = ["check_on_cluster", "guarded_address", "work_on"]

MAX_PART = 8_000_000_000
"""Bytes of an unpacked part, at most."""
MAX_FILES = 2_000_000
log = logging.getLogger(__name__)


def guarded_address(address: str, tls: Path | None) -> str:
    """Return the address of a Dask scheduler as a URL, if it is safe to connect to: "tls://host:8786", or
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


def check_on_cluster(run: RunContext, portals: Sequence[PortalSpec], address: str, tls: Path | None = None) -> None:
    """Check the addresses that are due in ``run`` on the workers of the Dask scheduler at ``address``, and store the
    results in the catalogue.

    The addresses are split into shards, one for each thread of the workers. If a worker dies, its shard is tried once
    more on another. If that fails too, the addresses of the shard are left for the next run. ``tls``: see
    :func:`guarded_address`. Raise ShardError if Dask is not installed, the scheduler cannot be reached or has no
    workers.
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
        client = distributed.Client(address, security=security, timeout=30)
    except (OSError, TimeoutError) as error:
        raise ShardError(
            f"{address}: the scheduler cannot be reached ({error}); start it, or leave --dask out"
        ) from error
    with client, tempfile.TemporaryDirectory(prefix="winnow-") as folder:
        client.run_on_scheduler(_allow_one_death)
        # A shard asks all its hosts side by side and mostly waits: one for each thread, so that all run at once.
        threads = sum(worker["nthreads"] for worker in client.scheduler_info(n_workers=-1)["workers"].values())
        if not threads:
            raise ShardError(f"{address}: the scheduler has no workers; start some, or leave --dask out")
        planned = plan(run, portals, threads, Path(folder) / "tasks")
        tasks = {
            client.submit(work_on, _packed(Path(folder) / "tasks" / str(one.number)), pure=False): one.number
            for one in planned
            if one.addresses
        }
        done, left = len(planned) - len(tasks), 0
        for future in distributed.as_completed(tasks):
            number = tasks[future]
            try:
                part = _unpacked(future.result(), Path(folder) / "parts" / str(number))
                merge(run.catalog, run.data, [part])
            except CatalogError:
                raise
            except Exception as error:  # noqa: BLE001  # whatever the cluster sends, the other shards go on
                log.error("shard %d of run %s failed on the cluster: %s", number, run.run_id, error)
                left += planned[number].addresses
                continue
            finally:
                future.release()
            done += 1
            run.on_progress("check", "shards", done, len(planned))
    # Each merge has added its traffic to that of the run.
    run.traffic |= traffic_of(run.catalog, run.run_id)
    run.traffic["carried_over"] += left
    run.catalog.set_run(run.run_id, traffic=run.traffic)
    shutil.rmtree(kept_task(run.data, run.run_id, 0).parent)


def _allow_one_death(dask_scheduler: Any) -> None:
    dask_scheduler.allowed_failures = 1


def work_on(task: bytes) -> bytes:
    """Check the addresses of a task and return what was found. Runs on a worker of the Dask cluster.

    ``task`` is the folder of a task as a ZIP archive; the result is the folder of the part, packed likewise. The work
    is done in a child process that ends with the worker. Raise RuntimeError with the child's message if it fails.
    """
    with tempfile.TemporaryDirectory(prefix="winnow-") as folder:
        source, out = _unpacked(task, Path(folder) / "task"), Path(folder) / "part"
        done = subprocess.run(
            [sys.executable, "-m", "harvester.shards.child", str(source), str(out), str(os.getpid())],
            capture_output=True, text=True,
        )  # fmt: skip
        if done.returncode:
            raise RuntimeError(done.stderr[-2_000:] or f"the child ended with {done.returncode}")
        return _packed(out)


def _packed(folder: Path) -> bytes:
    """Return the files of a folder as a ZIP archive."""
    packed = io.BytesIO()
    with zipfile.ZipFile(packed, "w", zipfile.ZIP_DEFLATED, compresslevel=1) as archive:
        for path in sorted(folder.rglob("*")):
            if path.is_file():
                archive.write(path, str(path.relative_to(folder)))
    return packed.getvalue()


def _unpacked(packed: bytes, folder: Path) -> Path:
    """Unpack an archive that :func:`_packed` made. Raise ShardError for one that is too large, or leads elsewhere."""
    folder.mkdir(parents=True)
    with zipfile.ZipFile(io.BytesIO(packed)) as archive:
        entries = archive.infolist()
        if len(entries) > MAX_FILES or sum(entry.file_size for entry in entries) > MAX_PART:
            raise ShardError(f"the part has {len(entries):,} files, or more than {MAX_PART:,} bytes")
        # extractall refuses to leave the folder, and writes no more than the size that an entry states.
        archive.extractall(folder)
    return folder
