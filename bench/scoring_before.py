"""Measure the score stage against the commit before: both checkouts on copies of the same catalogue, in one run.

    python bench/scoring_before.py FOLDER [CATALOG | DATASETS]

``FOLDER`` is a checkout of the commit before (``git worktree add``). ``CATALOG`` is a catalogue that was harvested and
not scored yet, such as ``winnow harvest`` leaves of ``../shared/scale``; a number makes up so many datasets instead.
Each checkout scores in a process of its own: first of all, again on the next day with nothing changed, and after one
dataset in a hundred has changed. Validation against the standards is a line of its own; finding causes is not
measured, except in the peak of memory. Seconds of CPU.
"""

from __future__ import annotations

import importlib
import json
import os
import resource
import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from datetime import timedelta
from inspect import signature
from pathlib import Path
from typing import Any

HERE = Path(__file__).parents[1]
LINES = (
    "first, without the standards", "the standards", "first, in all", "the day after", "again, nothing changed",
    "one in a hundred",
)  # fmt: skip


def either(now: str, before: str) -> Any:
    """Import a module by its present name or, in a checkout where it had another place, by that one."""
    try:
        return importlib.import_module(now)
    except ModuleNotFoundError:
        return importlib.import_module(before)


def either_or_none(module: str, name: str) -> Any:
    """Return what a module of this checkout has under a name; None if the checkout has no such module."""
    try:
        return getattr(importlib.import_module(module), name)
    except ModuleNotFoundError:
        return None


def child(source: str, catalog_path: Path) -> dict[str, float]:
    """Score with the checkout that comes first in the path; return seconds of CPU by line, and the peak of memory."""
    stage = either("quality.systems.stage", "quality.rescore")
    open_catalog = either("catalog.db.store", "catalog.store").open_catalog
    write_agreement = either("quality.systems.agreement", "quality.agreement").write_agreement
    score_entities = either("quality.systems.entities", "quality.entities").score_entities

    if source.isdigit():
        from bench.scoring import made

        made(catalog_path.parent, int(source)).close()
    spent: dict[str, float] = {}
    conform: Callable[..., Any] = stage.conform_batch

    def timed(*args: Any) -> Any:
        began = time.process_time()
        result = conform(*args)
        spent["the standards"] = spent.get("the standards", 0.0) + time.process_time() - began
        return result

    def whole(catalog: Any, run_id: str) -> float:
        began = time.process_time()
        for row in catalog.rows("select id from portals"):
            if stage.score_portal(catalog, run_id, row["id"], is_full=False):
                write_agreement(catalog, run_id, row["id"])
        score_entities(catalog, run_id)
        return time.process_time() - began

    stage.conform_batch = timed
    with open_catalog(catalog_path) as catalog:
        portals = [row["id"] for row in catalog.rows("select id from portals")]
        spent["first, in all"] = whole(catalog, str(catalog.value("select max(id) from runs")))
        if find_causes := either_or_none("quality.findings.cause_stage", "find_causes"):
            # A night with causes is one of which the next may keep the scores of portals and publishers.
            more = {"hold_days": 0} if "hold_days" in signature(find_causes).parameters else {}
            find_causes(catalog, str(catalog.value("select max(id) from runs")), portals, **more)
        spent["first, without the standards"] = spent["first, in all"] - spent["the standards"]
        day = stage.day_of(str(catalog.value("select max(id) from runs")))
        for number, name in ((1, "the day after"), (2, "again, nothing changed"), (3, "one in a hundred")):
            run_id = f"{day + timedelta(days=number):%Y%m%d}T020000Z"
            with catalog.writing():
                catalog.db.conn.execute("update runs set status = 'complete'")
                catalog.upsert("runs", [{"id": run_id, "command": "bench", "status": "running"}])
                if name == "one in a hundred":
                    catalog.db.conn.execute(
                        """update datasets set title = title || ' (revised)', mapping_hash = mapping_hash || '1'
                           where rowid % 100 = 0"""
                    )
            spent[name] = whole(catalog, run_id)
        spent["datasets"] = float(catalog.value("select count(*) from dataset_quality"))
    spent["peak MB"] = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    return spent


def measured(checkout: Path, source: str) -> dict[str, float]:
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "catalog.db"
        if not source.isdigit():
            shutil.copy(source, path)
        command = [sys.executable, __file__, "--child", source, str(path)]
        environment = os.environ | {"PYTHONPATH": str(checkout)}
        done = subprocess.run(command, env=environment, cwd=checkout, capture_output=True, check=False)
        if done.returncode:
            raise SystemExit(done.stderr.decode())
        found: dict[str, float] = json.loads(done.stdout.splitlines()[-1])
        return found


def main(before: Path, source: str) -> None:
    old, new = measured(before, source), measured(HERE, source)
    count = new["datasets"]
    print(f"{count:,.0f} datasets; seconds of CPU, before and now; microseconds a dataset; ratio")
    for name in LINES:
        print(
            f"  {name:32}{old[name]:9.2f}{new[name]:9.2f}{1e6 * new[name] / count:9.0f}{old[name] / new[name]:8.1f} x"
        )
    print(f"  {'peak memory, MB':32}{old['peak MB']:9.0f}{new['peak MB']:9.0f}")


if __name__ == "__main__":
    if sys.argv[1] == "--child":
        print(json.dumps(child(sys.argv[2], Path(sys.argv[3]))))
    else:
        main(Path(sys.argv[1]), sys.argv[2] if len(sys.argv) > 2 else "3000")
