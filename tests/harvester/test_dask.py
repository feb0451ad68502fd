"""The harvest and the check of a run on a real Dask cluster of three worker processes on loopback."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest
from many_hosts import ManyHosts, many_hosts
from portal_server import harvest, harvested, spec

from catalog.db.store import open_catalog
from catalog.repositories.harvests import begin_harvest
from catalog.repositories.runs import last_run
from catalog.repositories.shards import shards_of
from harvester.errors import ShardError
from harvester.http.archive import Archive
from harvester.night.context import RunContext
from harvester.night.stages import nightly, portal_of
from harvester.shards import cluster as cluster_of_dask
from harvester.shards.cluster import ClusterTask, TaskTimeoutError, guarded_address, parts_of
from harvester.shards.on_dask import check_on_cluster, store_failure
from specs.portals import PortalSpec
from tests.comparing import content

pytestmark = [pytest.mark.slow, pytest.mark.xdist_group("dask")]
HOSTS, WORKERS, FILES = 12, 3, 4
DELAY_S = 0.5
HARVESTED = (
    "harvests", "harvest_errors", "response_cache", "publishers", "datasets", "dataset_aliases", "records", "changes",
    "distributions", "data_services",
)  # fmt: skip


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


@contextmanager
def lateness() -> Iterator[list[float]]:
    """Measure how late a thread of this process wakes at the worst, in seconds."""
    worst, is_over = [0.0], threading.Event()

    def work() -> None:
        while not is_over.is_set():
            begun = time.monotonic()
            time.sleep(0.01)
            worst[0] = max(worst[0], time.monotonic() - begun - 0.01)

    thread = threading.Thread(target=work)
    thread.start()
    try:
        yield worst
    finally:
        is_over.set()
        thread.join()


def portals_of(hosts: ManyHosts) -> list[PortalSpec]:
    """Return three portals, each at the address of a host of its own; the last host serves files of two of them."""
    found = []
    share = HOSTS // WORKERS
    for number in range(WORKERS):
        name, own = f"p{number}", [*range(number * share, (number + 1) * share)]
        listed = [
            {"identifier": str(host), "title": f"Of {host}", "distribution": [
                {"downloadURL": hosts.url(host, f"/{name}/{host}/{n}-{'gone' if n == 3 else 'table'}.csv")}
                for n in range(FILES)
            ]}
            for host in (own if number else [*own, HOSTS - 1])
        ]  # fmt: skip
        hosts.bodies[f"/{name}/data.json"] = json.dumps({"dataset": listed}).encode()
        also = [f"{host}:{hosts.port}" for host in hosts.hosts]
        more: dict[str, Any] = {"limits": {"delay_s": DELAY_S, "timeout_s": 20}, "recheck": {"hours": [0]}}
        found.append(spec(name, "dcat-us", hosts.url(own[0], f"/{name}"), local_also=also, **more))
    return found


def killer(hosts: ManyHosts, pid: int, is_time: Callable[[str, str], bool]) -> threading.Thread:
    """Return a thread that kills a process once a request has come whose method and path are those awaited."""

    def work() -> None:
        deadline = time.monotonic() + 120
        while not any(is_time(method, path) for _, _, method, path in list(hosts.log)) and time.monotonic() < deadline:
            time.sleep(0.01)
        os.kill(pid, signal.SIGKILL)

    return threading.Thread(target=work)


def test_three_workers_of_which_one_is_killed_in_each_stage(tmp_path: Path) -> None:
    with many_hosts(HOSTS, sleep_s=0.1) as hosts, cluster() as (begun, end), lateness() as late_s:
        portals = portals_of(hosts)
        killers = [
            killer(hosts, begun["workers"][0], lambda method, path: path.endswith("data.json")),
            killer(hosts, begun["workers"][1], lambda method, path: method == "HEAD"),
        ]
        for thread in killers:
            thread.start()
        stages = ("harvest", "check", "validate")
        result = nightly(tmp_path, portals, stages=stages, cluster=(begun["address"], None))
        for thread in killers:
            thread.join()
        asked = list(hosts.log)
        alone = tmp_path / "alone"
        with open_catalog(alone / "catalog.db") as catalog:
            harvest(catalog, *portals)
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
    # The expectations of whole catalogues are checked in the stage "validate".
    found, expected = (
        content(data, but=frozenset({"harvests.suite", "harvests.gates_failed"})) for data in (tmp_path, alone)
    )
    for table in HARVESTED:
        assert found[table] == expected[table], table
    for host in hosts.hosts:
        times = sorted(at for name, at, _, _ in asked if name == host)
        for number, first in enumerate(times):
            # The server sees a request a little after the pause before it ended, on a busy machine later: any number of
            # requests in a row took their pauses, less the lateness of one.
            took = [later - first - n * DELAY_S for n, later in enumerate(times[number:])]
            assert min(took) > -0.15 - late_s[0], (host, late_s, [round(at - times[0], 2) for at in times])


def test_a_portal_whose_harvest_fails_on_every_worker(tmp_path: Path) -> None:
    with many_hosts(1) as hosts, open_catalog(tmp_path / "catalog.db") as catalog:
        (portal,) = [spec("p", "dcat-us", hosts.url(0, "/p"), min_datasets=1)]
        hosts.bodies["/p/data.json"] = json.dumps({"dataset": [{"identifier": "1", "title": "One"}]}).encode()
        harvest(catalog, portal)
        run_id = catalog.begin_run("test", [portal_of(portal)], version="0", methodology="0")
        run = RunContext(catalog=catalog, run_id=run_id, data=tmp_path)
        begin_harvest(catalog, run_id, portal.id)
        store_failure(run, [portal], "the worker died")
        row = harvested(catalog, "p")
        assert (row["verdict"], row["reasons"], row["removed"]) == ("failed", ["the worker died"], 0)
        assert [one["kind"] for one in catalog.rows("select kind from harvest_errors")] == ["ours"]


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
    import dask

    quickly = dask.config.set({"distributed.comm.timeouts.connect": "1s"})
    with quickly, pytest.raises(ShardError, match="cannot be reached"):
        nightly(tmp_path, [], stages=("check",), cluster=("127.0.0.1:1", None))


@pytest.mark.parametrize("what", ["private", "archived", "by proxy"])
def test_what_only_this_machine_can_ask_is_checked_here(what: str, tmp_path: Path) -> None:
    """No worker is asked for: there is no scheduler."""
    with many_hosts(1) as hosts, open_catalog(tmp_path / "catalog.db") as catalog:
        portal = spec("p", "dcat-us", hosts.url(0, "/p"))
        listed = {"identifier": "1", "title": "One", "distribution": [{"accessURL": hosts.url(0, "/page.html")}]}
        hosts.bodies["/p/data.json"] = json.dumps({"dataset": [listed]}).encode()
        run = harvest(catalog, portal)
        address, tls = ("tls://cluster.invalid:8786", tmp_path) if what == "private" else ("127.0.0.1:1", None)
        run.archive = Archive(tmp_path / "a.warc.gz", run.run_id, {}) if what == "archived" else None
        run.proxy = hosts.url(0, "") if what == "by proxy" else None
        check_on_cluster(run, [portal], address, tls)
        if run.archive is not None:
            run.archive.close()
        assert catalog.value("select count(*) from resource_checks") == 1
        assert run.traffic["carried_over"] == 0


RELEASED = threading.Event()


def _hold() -> bool:
    """Keep the only thread of a worker of this process busy."""
    return RELEASED.wait(60)


def test_a_task_that_takes_too_long_is_given_twice_and_then_left(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """On a worker that answers the scheduler and never finishes, and on one whose child is killed in time."""
    from distributed import Client, LocalCluster

    task = tmp_path / "task"
    task.mkdir()
    (task / "task.json").write_text("{}")
    with (
        LocalCluster(
            n_workers=1, threads_per_worker=1, processes=False, dashboard_address=None, protocol="tcp", host="127.0.0.1"
        ) as local,
        Client(local) as client,
    ):
        killed = list(parts_of(client, [ClusterTask(0, task, 0.01)], 1))
        monkeypatch.setattr(cluster_of_dask, "GRACE_S", 0.3)
        held = client.submit(_hold, pure=False)
        try:
            given_up = list(parts_of(client, [ClusterTask(n, task, 0.01) for n in (1, 2)], 1))
        finally:
            RELEASED.set()
        held.release()
    assert [number for number, _ in (*killed, *given_up)] == [0, 1, 2]
    assert {type(error) for _, error in (*killed, *given_up)} == {TaskTimeoutError}
    assert "took longer" in str(killed[0][1]) and "no part came back" in str(given_up[0][1])
