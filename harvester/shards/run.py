"""Begin a run that many machines work on, and end it when all of their parts are merged."""

from __future__ import annotations

import shutil
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any

from catalog.db.store import now
from catalog.repositories.runs import run_summary
from catalog.repositories.shards import Shard, shards_of
from harvester import __version__
from harvester.cli.configuration import load as configuration
from harvester.night.context import CheckBudget, RunContext
from harvester.night.stages import portal_of, writing
from harvester.shards.merge import merge
from harvester.shards.plan import kept_task, plan, planned_portals
from quality.tables.limits import TableBounds
from quality.validate import validate
from specs.metrics import methodology_version
from specs.portals import PortalSpec

__all__ = ["begin", "finish"]

Progress = Callable[[str, str, int, int | None], None]


def begin(
    data: Path, portals: Sequence[PortalSpec], shards: int, out: Path, options: Mapping[str, Any]
) -> tuple[str, list[Shard]]:
    """Begin a run over ``portals`` whose addresses are checked by several machines; return the run id and the shards.

    The addresses are split into ``shards`` tasks, written into the folder ``out``. ``data``: the data folder.
    ``options``: those of the command ``winnow shards`` by name: contact, full, max_requests, max_bytes and max_minutes.
    The limits are for the run as a whole. The run is complete when :func:`finish` has merged what all machines found.
    Raise AlreadyRunning if another process writes to the data folder, CatalogError if the catalogue cannot be used, and
    ShardError if ``out`` is not empty.
    """
    with writing(data) as catalog:
        run_id = catalog.begin_run(
            f"shards {shards} {' '.join(sorted(portal.id for portal in portals))}",
            [portal_of(portal) for portal in portals],
            version=__version__,
            methodology=methodology_version(),
        )
        run = RunContext(
            catalog=catalog,
            run_id=run_id,
            data=data,
            contact=options["contact"],
            is_full=options["full"],
            proxy=configuration(data).proxy,
            check_budget=CheckBudget(*(options[f"max_{name}"] for name in ("requests", "bytes", "minutes"))),
        )
        try:
            planned = plan(run, portals, shards, out)
        finally:
            # No process works on it: it waits for its parts.
            catalog.set_run(run_id, stage="check", status="interrupted")
        return run_id, planned


def finish(
    data: Path,
    parts: Sequence[Path],
    *,
    bounds: TableBounds = TableBounds(),  # noqa: B008  # it cannot be changed
    on_progress: Progress = lambda stage, what, done, total: None,
) -> tuple[str, list[int], list[int]]:
    """Merge ``parts``, the folders with what machines found, into the data folder ``data``, and complete their run if
    no part is missing. Return what :func:`.merge.merge` returns, and raise what it raises.

    A file whose record declares a schema is not inspected on the machine that downloaded it, because another machine
    may have downloaded the schema. Such files are inspected here when the run is completed, within ``bounds``.
    ``on_progress`` is called with stage, portal, number done and number in total.
    """
    with writing(data) as catalog:
        run_id, done, missing = merge(catalog, data, parts)
        kept = kept_task(data, run_id, 0).parent
        # The folder is there until the run is complete, also if this was killed after the last part was merged.
        if not missing and kept.is_dir():
            catalog.set_run(run_id, stage="validate")
            portals = planned_portals(data, run_id, len(shards_of(catalog, run_id)))
            validate(catalog, run_id, data, portals, bounds, on_progress)
            catalog.set_run(run_id, status="complete", finished_at=now(), summary=run_summary(catalog, run_id))
            shutil.rmtree(kept)
        return run_id, done, missing
