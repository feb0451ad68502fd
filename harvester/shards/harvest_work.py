"""Harvest the portals of a task, and write what was found into a part."""

from __future__ import annotations

import faulthandler
import json
import shutil
import tempfile
from pathlib import Path

from catalog.db.store import open_catalog
from catalog.files import sha256, write_whole
from harvester.night.context import RunContext
from harvester.night.crawl import crawl
from harvester.night.stages import portal_of
from harvester.shards.harvest_part import ROWS, RecordingStore
from harvester.shards.harvest_task import HARVEST, HarvestTask, read_harvest_task
from harvester.shards.limits import harvest_limit_s
from harvester.shards.task import versions

__all__ = ["harvest"]


def harvest(tasks: Path, out: Path) -> None:
    """Harvest the portals of the task in the folder ``tasks``, and write what was found into the new folder ``out``.

    ``out`` is complete once it holds ``part.json``. The process ends with code 1 if the harvest goes on long after the
    deadlines of its portals. Raise ShardError if the task cannot be used or pyarrow is not installed, and
    FileExistsError if ``out`` exists.
    """
    task = read_harvest_task(tasks)
    out.mkdir(parents=True)
    # No signal is handled while a library written in C holds the interpreter; this watchdog needs no interpreter.
    faulthandler.dump_traceback_later(harvest_limit_s(task.portals), exit=True)
    try:
        _harvest(task, tasks, out)
    finally:
        faulthandler.cancel_dump_traceback_later()
    head = {
        "work": HARVEST,
        "run": task.run_id,
        "task": task.digest,
        "versions": versions(),
        "sha256": {ROWS: sha256(out / ROWS)},
    }
    write_whole(out / "part.json", json.dumps(head, indent=1) + "\n")


def _harvest(task: HarvestTask, tasks: Path, out: Path) -> None:
    """Harvest in a catalogue that is thrown away, and write down what is stored there."""
    known = versions()
    with tempfile.TemporaryDirectory(prefix="winnow-") as folder:
        shutil.copyfile(tasks / "catalog.db", Path(folder) / "catalog.db")
        with open_catalog(Path(folder) / "catalog.db") as catalog:
            catalog.begin_run(
                f"harvest {' '.join(portal.id for portal in task.portals)}",
                [portal_of(portal) for portal in task.portals],
                version=known["program"],
                methodology=known["methodology"],
                run_id=task.run_id,
            )
            run = RunContext(
                catalog=catalog,
                run_id=task.run_id,
                data=Path(folder),
                contact=task.contact,
                is_full=task.is_full,
                were_hosts_asked=True,
            )
            with RecordingStore(catalog, task.run_id, out / ROWS) as run.harvest_store:
                crawl(run, task.portals)
