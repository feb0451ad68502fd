"""The check of a run on a real Dask cluster of three worker processes on loopback."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from itertools import pairwise
from pathlib import Path
from typing import Any

import pytest
from many_hosts import ManyHosts, many_hosts
from portal_server import PortalServer, as_json, harvest, spec

from catalog.db.store import open_catalog
from catalog.repositories.runs import last_run
from catalog.repositories.shards import shards_of
from harvester.errors import ShardError
from harvester.night.stages import nightly
from harvester.shards.on_dask import guarded_address
from specs.portals import PortalSpec

pytestmark = [pytest.mark.slow, pytest.mark.xdist_group("dask")]
HOSTS, WORKERS, FILES = 12, 3, 4
DELAY_S = 0.5


@contextmanager
def cluster() -> Iterator[tuple[dict[str, Any], dict[str, Any]]]:
    """Yield what the cluster prints at its start, and a dict that is filled with what it prints at its end."""
    process = subprocess.Popen(
        [sys.executable, str(Path(__file__).with_name("dask_cluster.py")), str(WORKERS)],
        stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True,
    )  # fmt: skip
    with process:
        assert process.stdin is not None and process.stdout is not None
        end: dict[str, Any] = {}
        try:
            yield json.loads(process.stdout.readline()), end
            process.stdin.close()
            end |= json.loads(process.stdout.readline())
        finally:
            process.stdin.close()
            if process.poll() is None:
                process.terminate()


def portals_of(hosts: ManyHosts, server: PortalServer) -> list[PortalSpec]:
    """Return two portals; the last host serves files of both."""
    found = []
    for number, own in enumerate((range(HOSTS // 2), range(HOSTS // 2, HOSTS))):
        name = f"p{number}"
        listed = [
            {"identifier": str(host), "title": f"Of {host}", "distribution": [
                {"downloadURL": hosts.url(host, f"/{name}/{host}/{n}-{'gone' if n == 3 else 'table'}.csv")}
                for n in range(FILES)
            ]}
            for host in (*own, HOSTS - 1)
        ]  # fmt: skip
        server.routes[f"/{name}/data.json"] = as_json({"dataset": listed})
        also = [f"{host}:{hosts.port}" for host in hosts.hosts]
        more: dict[str, Any] = {"limits": {"delay_s": DELAY_S, "timeout_s": 20}, "recheck": {"hours": [0]}}
        found.append(spec(name, "dcat-us", f"{server.url}/{name}", local_also=also, **more))
    return found


def test_three_workers_one_of_which_is_killed(tmp_path: Path) -> None:
    with many_hosts(HOSTS, sleep_s=0.1) as hosts, PortalServer() as server, cluster() as (begun, end):
        portals = portals_of(hosts, server)
        with open_catalog(tmp_path / "catalog.db") as catalog:
            for portal in portals:
                harvest(catalog, portal)

        def kill_one() -> None:
            deadline = time.monotonic() + 120
            while not any(method == "HEAD" for _, _, method, _ in list(hosts.log)) and time.monotonic() < deadline:
                time.sleep(0.01)
            os.kill(begun["workers"][0], signal.SIGKILL)

        killer = threading.Thread(target=kill_one)
        killer.start()
        result = nightly(tmp_path, portals, stages=("check", "validate"), cluster=(begun["address"], None))
        killer.join()
    assert end["busy"] == WORKERS
    assert result["checks"] == {"failing": HOSTS + 1, "ok": (FILES - 1) * (HOSTS + 1)}
    assert result["checks_carried_over"] == 0
    with open_catalog(tmp_path / "catalog.db") as catalog:
        shards = shards_of(catalog, last_run(catalog) or "")
        assert len(shards) == WORKERS and all(one.addresses and one.part for one in shards)
        # A shard that was worked on twice is stored once.
        assert catalog.value("select max(failed_checks) from resource_checks") == 1
        assert catalog.value("select count(*) from resource_history") == FILES * (HOSTS + 1)
        assert catalog.value("select count(*) from table_reports") == (FILES - 1) * (HOSTS + 1)
    assert not (tmp_path / "shards" / result["run"]).exists()
    for host in hosts.hosts:
        times = sorted(at for name, at, _, _ in hosts.log if name == host)
        # The server sees a request a little after the pause before it ended.
        assert all(later - earlier > DELAY_S - 0.15 for earlier, later in pairwise(times)), host


@pytest.mark.parametrize("address", ["tcp://10.0.0.5:8786", "ucx://127.0.0.1:8786", "tcp://cluster.example:8786"])
def test_no_cluster_beyond_this_machine_without_tls(address: str) -> None:
    with pytest.raises(ShardError, match="TLS"):
        guarded_address(address, None)
    with pytest.raises(ShardError, match="TLS"):
        guarded_address("tls://10.0.0.5:8786", None)


def test_addresses_that_are_accepted(tmp_path: Path) -> None:
    assert guarded_address("127.0.0.1:8786", None) == "tcp://127.0.0.1:8786"
    assert guarded_address("tcp://[::1]:8786", None) == "tcp://[::1]:8786"
    assert guarded_address("tls://10.0.0.5:8786", tmp_path) == "tls://10.0.0.5:8786"


def test_a_scheduler_that_is_not_there(tmp_path: Path) -> None:
    with open_catalog(tmp_path / "catalog.db"):
        pass
    with pytest.raises(ShardError, match="cannot be reached"):
        nightly(tmp_path, [], stages=("check",), cluster=("127.0.0.1:1", None))
