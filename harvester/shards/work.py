"""Work on one shard: check its addresses, look into the files, and write what was found into a part."""

from __future__ import annotations

import tempfile
from collections.abc import Callable, Iterator
from datetime import date
from pathlib import Path, PurePosixPath
from urllib.parse import urlsplit

from catalog.db.store import open_catalog
from catalog.files import sha256
from catalog.model import ResourceCheck, TableContext
from catalog.repositories.shards import InspectionTarget
from harvester.checks.links import check_jobs
from harvester.errors import ShardError
from harvester.night.context import RunContext
from harvester.night.stages import portal_of
from harvester.shards.part import InspectionRow, write_part
from harvester.shards.task import ShardTask, read_task, versions
from quality.tables.limits import TableBounds
from quality.tables.pool import InspectionPool
from specs.table_rules import table_rules_version

__all__ = ["work"]

Progress = Callable[[str, str, int, int | None], None]


def work(
    tasks: Path,
    out: Path,
    *,
    bounds: TableBounds = TableBounds(),  # noqa: B008  # it cannot be changed
    on_progress: Progress = lambda stage, what, done, total: None,
    proxy: str | None = None,
    hosts_at_once: int = 1_000,
) -> dict[str, int]:
    """Check the addresses of the task in the folder ``tasks``, inspect the downloaded files, and write the results and
    the downloads into the folder ``out``.

    ``out`` is complete once it holds ``part.json``. Return the numbers of "checks", "reports" on files, and
    "not_asked": the addresses left for the next run. ``bounds`` limits the inspection of files. ``on_progress`` is
    called with stage, label, number done and number in total. ``proxy``: the HTTP proxy of this machine, or None.
    ``hosts_at_once``: the number of hosts that this machine asks at the same time. Raise ShardError if the task cannot
    be used, ``out`` is not empty, or pyarrow is not installed.
    """
    task = read_task(tasks)
    if out.exists() and any(out.iterdir()):
        raise ShardError(f"{out}: the folder is not empty; name a new one for the part of {task.name}")
    out.mkdir(parents=True, exist_ok=True)
    checks: list[ResourceCheck] = []
    # The check wants a catalogue for the portals' own addresses and the traffic; it is thrown away.
    with tempfile.TemporaryDirectory(prefix="winnow-") as folder, open_catalog(Path(folder) / "catalog.db") as catalog:
        known = versions()
        catalog.begin_run(
            task.name,
            [portal_of(portal) for portal in task.portals],
            version=known["program"],
            methodology=known["methodology"],
            run_id=task.run_id,
        )
        run = RunContext(
            catalog=catalog,
            run_id=task.run_id,
            data=out,
            contact=task.contact,
            is_full=task.is_full,
            check_budget=task.budget,
            on_progress=on_progress,
            proxy=proxy,
            take_checks=checks.extend,
            were_hosts_asked=True,
            hosts_at_once=hosts_at_once,
            files_elsewhere={
                job.target.previous.file_path
                for job in task.jobs
                if job.target.previous is not None and job.target.previous.file_path
            },
        )
        check_jobs(run, task.portals, task.jobs)
    reports = list(_inspections(task, checks, out, bounds, on_progress))
    counts = {"checks": len(checks), "reports": len(reports), "not_asked": len(task.jobs) - len(checks)}
    about = {
        "run": task.run_id,
        "shard": task.number,
        "of": task.shards,
        "task": sha256(tasks / "task.json"),
        "versions": known,
        "traffic": run.traffic,
        **counts,
    }
    write_part(out, about, checks, reports)
    return counts


def _inspections(
    task: ShardTask, checks: list[ResourceCheck], out: Path, bounds: TableBounds, on_progress: Progress
) -> Iterator[InspectionRow]:
    """Yield reports on the files that were downloaded here; the others, with reports, are where the catalogue is."""
    here = {one.url: one for one in checks if one.outcome == "ok" and one.file_path and (out / one.file_path).is_file()}
    today = date.fromisoformat(task.run_id[:8])
    wanted: dict[str, tuple[InspectionTarget, ResourceCheck]] = {
        target.distribution_id: (target, here[target.url])
        for target in task.inspections
        if target.url in here and _is_due(target, here[target.url])
    }
    if not wanted:
        return
    with InspectionPool(
        workers=min(bounds.workers, len(wanted)), timeout_s=bounds.seconds, memory_bytes=bounds.memory_bytes
    ) as pool:
        contexts = (_context(target, check, out, today, bounds.unpacked_bytes) for target, check in wanted.values())
        for done, (key, report) in enumerate(pool.map(contexts), 1):
            target, check = wanted[key]
            yield InspectionRow(key, target.url, check.sha256 or "", report)
            on_progress("validate", "files", done, len(wanted))


def _is_due(target: InspectionTarget, check: ResourceCheck) -> bool:
    """Return whether the bytes that were downloaded have no report by today's rules."""
    return target.sha256 != check.sha256 or target.status == "unknown" or target.version != table_rules_version()


def _context(
    target: InspectionTarget, check: ResourceCheck, data: Path, today: date, unpacked_bytes: int
) -> TableContext:
    assert check.file_path is not None
    return TableContext(
        path=data / check.file_path,
        key=target.distribution_id,
        url=target.url,
        sha256=check.sha256 or "",
        declared_format=target.format,
        declared_media_type=target.media_type,
        content_type=check.content_type,
        is_truncated=check.is_truncated,
        title=target.title,
        file_name=PurePosixPath(urlsplit(target.url).path).name or None,
        today=today,
        previous=target.profile if target.sha256 != check.sha256 else {},
        unpacked_bytes=unpacked_bytes,
    )
