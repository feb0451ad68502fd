"""Let the workers of a Dask cluster harvest the portals of a run, and check its addresses."""

from __future__ import annotations

import logging
import shutil
import tempfile
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeAlias

from catalog.db.store import CatalogError
from catalog.model import HarvestError
from catalog.model.harvest_stats import HarvestStats
from catalog.repositories.harvests import harvested
from catalog.repositories.runs import traffic_of
from harvester.checks.links import check
from harvester.cli.supervisor import STUCK
from harvester.night.crawl import AT_ONCE, crawl
from harvester.shards.cluster import ClusterTask, connected, guarded_address, parts_of, threads_of
from harvester.shards.harvest_merge import merge_harvest
from harvester.shards.harvest_task import HarvestTask, portal_groups, write_harvest_task
from harvester.shards.limits import check_limit_s, harvest_limit_s
from harvester.shards.merge import merge
from harvester.shards.plan import kept_task, plan

if TYPE_CHECKING:
    from harvester.night.context import RunContext
    from specs.portals import PortalSpec

__all__ = ["check_on_cluster", "harvest_on_cluster", "store_failure"]

log = logging.getLogger(__name__)


def harvest_on_cluster(run: RunContext, portals: Sequence[PortalSpec], address: str, tls: Path | None = None) -> None:
    """Harvest those of ``portals`` that ``run`` has not harvested yet on the workers of the Dask scheduler at
    ``address``, and store the results in the catalogue.

    Portals of one host are harvested by one worker. If a worker dies or does not finish in time, its portals are tried
    once more on another. If a task with portals of several hosts fails, the portals of each host are tried once more in
    a task of their own. If a task with portals of one host fails, their harvests count as failed through our own fault,
    and nothing is marked as missing. This process harvests the others afterwards: portals with a key, portals declared
    local if the workers are on other machines, portals that blocked an earlier attempt in this run, and all portals if
    the run is archived or uses a proxy.

    ``tls``: see :func:`~harvester.shards.cluster.guarded_address`. Raise ShardError if Dask is not installed, the
    scheduler cannot be reached or has no workers.
    """
    done = harvested(run.catalog, run.run_id)
    waiting = [portal for portal in portals if portal.id not in done]
    # A scheduler that is reached without TLS is on this machine, and so are its workers.
    is_here = guarded_address(address, tls).startswith("tcp:")
    own = [one for one in waiting if _is_harvested_here(run, one, is_here)]
    sent = [one for one in waiting if one not in own]
    sent.sort(key=lambda portal: -portal.schedule.priority)
    if sent:
        run.were_hosts_asked = True
        with connected(address, tls) as client, tempfile.TemporaryDirectory(prefix="winnow-") as folder:
            groups, threads = portal_groups(run, sent), threads_of(client)
            count = min(len(groups), max(threads, -(-len(groups) // AT_ONCE)))
            failed = _harvest(run, client, [groups[number::count] for number in range(count)], threads, Path(folder))
            # One portal may have taken down the others of its task: each group is tried once more by itself.
            again = [[group] for together, _ in failed if len(together) > 1 for group in together]
            failed = [one for one in failed if len(one[0]) == 1]
            failed += _harvest(run, client, again, threads, Path(folder)) if again else []
            for together, error in failed:
                portals = [portal for group in together for portal in group]
                store_failure(run, portals, f"the harvest on the cluster failed: {_said(error)}")
    crawl(run, own)


Groups: TypeAlias = "list[list[PortalSpec]]"
"""The portals of one task, in groups of those that a single machine must harvest."""


def _harvest(
    run: RunContext, client: Any, together: Sequence[Groups], threads: int, folder: Path
) -> list[tuple[Groups, Exception]]:
    """Harvest on the workers, one task for each of ``together``, and store what comes back. Return those that failed,
    with the reason. ``folder`` is an empty folder; each task is in it for a moment."""
    tasks: dict[int, HarvestTask] = {}
    failed: list[tuple[Groups, Exception]] = []

    def written() -> Iterator[ClusterTask]:
        for number, groups in enumerate(together):
            place = folder / str(number)
            tasks[number] = write_harvest_task(run, [portal for group in groups for portal in group], place)
            yield ClusterTask(number, place, harvest_limit_s(tasks[number].portals))
            shutil.rmtree(place)

    for number, part in parts_of(client, written(), threads):
        try:
            if isinstance(part, Exception):
                raise part
            merge_harvest(run, tasks[number], part)
        except CatalogError:
            raise
        except Exception as error:  # noqa: BLE001  # whatever the cluster sends, the other portals go on
            failed.append((together[number], error))
    return failed


def _is_harvested_here(run: RunContext, portal: PortalSpec, is_here: bool) -> bool:
    """Return whether only this machine can harvest a portal: keys, a proxy and exchanges that are archived stay here.

    ``is_here``: whether the workers are on this machine too; elsewhere a private address means another machine.
    """
    return bool(portal.auth or portal.id in STUCK or _stays_here(run, portal, is_here))


def _stays_here(run: RunContext, portal: PortalSpec, is_here: bool) -> bool:
    """Return whether only this machine can ask the addresses of a portal: a proxy is of this machine, exchanges are
    archived here, and on other machines a private address means another server.

    ``is_here``: whether the workers are on this machine too.
    """
    return bool((portal.local and not is_here) or run.archive or run.proxy)


def _said(error: Exception) -> str:
    """Return the last line of an error: a worker sends the traceback of its child."""
    return (str(error).strip().splitlines() or [type(error).__name__])[-1][:500]


def store_failure(run: RunContext, portals: Sequence[PortalSpec], why: str) -> None:
    """Store that the harvests of ``portals`` in ``run`` failed through no fault of theirs: the verdict is failed,
    ``why`` is the reason, and no dataset is marked as missing."""
    for portal in portals:
        log.error("%s: %s", portal.id, why)
        stats = HarvestStats()
        stats.fail(why)
        error = HarvestError(
            kind="ours", message=why, remedy="see the log of the worker; the next run tries again", is_lost=False,
            is_fatal=True,
        )  # fmt: skip
        run.harvest_store.errors(portal, [error])
        run.harvest_store.finish(portal, "failed", stats, reasons=[why])


def check_on_cluster(run: RunContext, portals: Sequence[PortalSpec], address: str, tls: Path | None = None) -> None:
    """Check the addresses of ``portals`` that are due in ``run`` on the workers of the Dask scheduler at ``address``,
    and store the results in the catalogue.

    The addresses are split into shards, one for each thread of the workers. If a worker dies or does not finish in
    time, its shard is tried once more on another. If that fails too, the addresses of the shard are left for the next
    run. This process checks the others afterwards: the addresses of portals declared local if the workers are on other
    machines, and all addresses if the run is archived or uses a proxy.

    ``tls``: see :func:`~harvester.shards.cluster.guarded_address`. Raise ShardError if Dask is not installed, the
    scheduler cannot be reached or has no workers, and CatalogError if the catalogue cannot be written.
    """
    is_here = guarded_address(address, tls).startswith("tcp:")
    own = [one for one in portals if _stays_here(run, one, is_here)]
    sent = [one for one in portals if one not in own]
    carried_over = _check_on_workers(run, sent, address, tls) if sent or not own else 0
    if own:
        # A worker may have asked one of the hosts a moment ago.
        run.were_hosts_asked = run.were_hosts_asked or bool(sent)
        check(run, own)
        run.traffic["carried_over"] += carried_over
        run.catalog.set_run(run.run_id, traffic=run.traffic)


def _check_on_workers(run: RunContext, portals: Sequence[PortalSpec], address: str, tls: Path | None) -> int:
    """Check the addresses of portals on the workers; return how many are left for the next run."""
    with connected(address, tls) as client, tempfile.TemporaryDirectory(prefix="winnow-") as folder:
        # A shard asks all its hosts side by side and mostly waits: one for each thread, so that all run at once.
        threads = threads_of(client)
        planned = plan(run, portals, threads, Path(folder) / "tasks")
        tasks = [
            ClusterTask(one.number, Path(folder) / "tasks" / str(one.number), check_limit_s(portals, one.addresses))
            for one in planned
            if one.addresses
        ]
        done, left = len(planned) - len(tasks), 0
        for number, part in parts_of(client, tasks, threads):
            try:
                if isinstance(part, Exception):
                    raise part
                merge(run.catalog, run.data, [part])
            except CatalogError:
                raise
            except Exception as error:  # noqa: BLE001  # whatever the cluster sends, the other shards go on
                log.error(
                    "shard %d of run %s failed on the cluster, its %d addresses wait for the next run: %s",
                    number, run.run_id, planned[number].addresses, error,
                )  # fmt: skip
                left += planned[number].addresses
                continue
            done += 1
            run.on_progress("check", "shards", done, len(planned))
    # Each merge has added its traffic to that of the run.
    run.traffic |= traffic_of(run.catalog, run.run_id)
    run.traffic["carried_over"] += left
    run.catalog.set_run(run.run_id, traffic=run.traffic)
    shutil.rmtree(kept_task(run.data, run.run_id, 0).parent)
    return run.traffic["carried_over"]
