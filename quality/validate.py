"""Run the validate stage in child processes: every file without a report, and the set of datasets of each portal."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator, Sequence
from datetime import date
from itertools import chain
from pathlib import Path
from tempfile import TemporaryDirectory

from catalog.db.store import Catalog
from catalog.model import TableReport, stable_id
from catalog.repositories.checks import write_reports
from catalog.repositories.differing import write_differing
from catalog.repositories.gates import dataset_facts, portals_to_judge, write_gates
from catalog.repositories.reading import files
from quality.catalogue import ExpectationResult, failed_gates, row
from quality.tables.limits import TableBounds
from quality.tables.pool import CatalogueFile, InspectionPool, Task

__all__ = ["validate"]

WRITE_EVERY = 50


def validate(
    catalog: Catalog,
    run_id: str,
    data: Path,
    portal_ids: Sequence[str],
    bounds: TableBounds,
    on_progress: Callable[[str, str, int, int | None], None],
) -> None:
    """Inspect the files of the portals ``portal_ids`` that have no report yet, and write a report on the table in each.

    Also check the datasets of each portal as a whole, if it was harvested in this run and not checked since. Everything
    runs in child processes, within ``bounds``. ``data`` is the folder with the downloaded files. ``on_progress`` is
    called with "validate", "files", the number of files done and their total.
    """
    today = date.fromisoformat(run_id[:8])
    waiting = {
        one.key: one for portal in portal_ids for one in files(catalog, portal, data, today, bounds.unpacked_bytes)
    }
    portals = portals_to_judge(catalog, run_id, portal_ids)
    if not waiting and not portals:
        return
    done, batch = 0, []
    with (
        TemporaryDirectory(prefix="winnow-") as folder,
        InspectionPool(
            workers=min(bounds.workers, len(waiting) + len(portals)),
            timeout_s=bounds.seconds,
            memory_bytes=bounds.memory_bytes,
        ) as pool,
    ):
        tasks: Iterator[Task] = chain(
            (_catalogue_file(catalog, today, portal, Path(folder)) for portal in portals),
            waiting.values(),
        )
        for key, report in pool.map(tasks):
            if key not in waiting:
                _write_results(catalog, run_id, key.removeprefix(_PORTAL), report)
                continue
            one = waiting[key]
            batch.append((one.key, one.url, one.sha256, report))
            done += 1
            if len(batch) >= WRITE_EVERY or done == len(waiting):
                write_reports(catalog, run_id, batch)
                batch = []
            on_progress("validate", "files", done, len(waiting))


_PORTAL = "portal: "
"""Prefix of the key of a task about a portal; no distribution has such a key."""


def _catalogue_file(catalog: Catalog, today: date, portal_id: str, folder: Path) -> CatalogueFile:
    path = folder / f"{stable_id(portal_id)}.jsonl"
    with path.open("w", encoding="utf-8") as file:
        for facts in dataset_facts(catalog, portal_id):
            file.write(json.dumps(row(**facts, today=today)) + "\n")
    return CatalogueFile(key=f"{_PORTAL}{portal_id}", path=path)


def _write_results(catalog: Catalog, run_id: str, portal_id: str, report: TableReport) -> None:
    write_differing(catalog, run_id, portal_id, report.report.get("differing", ()), None)
    results = report.report.get("results", [])
    failed = failed_gates(ExpectationResult(**result) for result in results)
    # If the child died, nothing is known, so nothing has failed.
    write_gates(catalog, run_id, portal_id, results, [f"{one.rule}: {one.message} {one.fix}" for one in failed])
