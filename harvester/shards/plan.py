"""Plan a split run: find what is due, deal it out, and write a task for each machine."""

from __future__ import annotations

import shutil
from collections import Counter
from collections.abc import Mapping, Sequence
from pathlib import Path

from catalog.repositories.shards import InspectionTarget, Shard, inspection_targets, write_shards
from harvester.checks.check_task import CheckTask
from harvester.checks.due import due_jobs
from harvester.errors import ShardError
from harvester.night.context import CheckBudget, RunContext
from harvester.shards.split import split
from harvester.shards.task import ShardTask, read_task, write_task
from specs.portals import PortalSpec

__all__ = ["kept_task", "plan", "planned_portals"]


def kept_task(data: Path, run_id: str, number: int) -> Path:
    """Return the folder, below the data folder ``data``, with the copy of the task for shard ``number`` of the run
    ``run_id``. The copy is kept until all parts of the run are merged."""
    return data / "shards" / run_id / str(number)


def planned_portals(data: Path, run_id: str, shards: int) -> list[str]:
    """Return the ids of the portals whose addresses were split into the tasks of the run ``run_id``, sorted.

    ``shards``: the number of tasks. Raise ShardError if a copy of a task in the data folder ``data`` is missing or
    unusable.
    """
    tasks = (read_task(kept_task(data, run_id, number)) for number in range(shards))
    return sorted({portal.id for task in tasks for portal in task.portals})


def plan(run: RunContext, portals: Sequence[PortalSpec], shards: int, out: Path) -> list[Shard]:
    """Split the addresses of ``portals`` that are due in ``run`` into ``shards`` tasks, and write each into a folder of
    ``out`` named by its number: "0", "1", and so on. Return the shards.

    The data folder keeps a copy of each task. What a machine later returns is compared with this copy. Raise ShardError
    if ``out`` is not empty.
    """
    if out.exists() and any(out.iterdir()):
        raise ShardError(f"{out}: the folder is not empty; name a new one, so that no task of another run is mixed in")
    jobs, beyond = due_jobs(run, portals)
    run.traffic["carried_over"] = beyond
    run.catalog.set_run(run.run_id, traffic=run.traffic)
    wanted: dict[str, list[InspectionTarget]] = {}
    for portal in portals:
        for target in inspection_targets(run.catalog, portal.id):
            wanted.setdefault(target.url, []).append(target)
    in_all = Counter(job.target.portal_id for job in jobs)
    found = []
    for number, own in enumerate(split(jobs, shards)):
        task = ShardTask(
            run_id=run.run_id,
            number=number,
            shards=shards,
            portals=_portals(portals, own, in_all),
            jobs=own,
            inspections=[target for job in own for target in wanted.get(job.target.url, ())],
            contact=run.contact,
            is_full=run.is_full,
            budget=_share(run.check_budget, len(own), len(jobs)),
        )
        folder = kept_task(run.data, run.run_id, number)
        digest = write_task(folder, task)
        shutil.copytree(folder, out / str(number))
        found.append(Shard(run_id=run.run_id, number=number, shards=shards, addresses=len(own), task=digest))
    write_shards(run.catalog, found)
    return found


def _portals(
    portals: Sequence[PortalSpec], jobs: Sequence[CheckTask], in_all: Mapping[str, int]
) -> tuple[PortalSpec, ...]:
    """Return the portals of ``jobs``, each with this shard's share of the downloads that it may make."""
    own = Counter(job.target.portal_id for job in jobs)
    found = []
    for portal in portals:
        if count := own[portal.id]:
            most = -(-portal.limits.max_downloads * count // in_all[portal.id])
            limits = portal.limits.model_copy(update={"max_downloads": most})
            found.append(portal.model_copy(update={"limits": limits}))
    return tuple(found)


def _share(budget: CheckBudget, own: int, in_all: int) -> CheckBudget:
    """Return the part of a night's budget that falls to ``own`` of ``in_all`` addresses; minutes run everywhere."""

    def part(whole: int | None) -> int | None:
        return None if whole is None else whole * own // max(in_all, 1)

    return CheckBudget(part(budget.requests), part(budget.bytes), budget.minutes)
