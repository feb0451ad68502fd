"""Run the validate stage in child processes: every file without a report, and the set of datasets of each portal."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator, Sequence
from datetime import date
from itertools import chain
from pathlib import Path
from tempfile import TemporaryDirectory

from catalog.db.store import Catalog
from catalog.model import HarvestError, TableReport, stable_id
from catalog.repositories.checks import write_reports
from catalog.repositories.gates import dataset_facts, portals_to_judge, write_gates
from catalog.repositories.reading import files
from catalog.repositories.records import write_errors
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
    """Inspect the files of the given portals that have no report yet, and write a report on the table in each.

    Also check the datasets of each portal as a whole, if it was harvested in this run and not checked since. Everything
    runs in child processes, within ``bounds``. ``data`` is the folder with the downloaded files. ``on_progress`` is
    called with "validate", "files", the number of files done and their total.
    """
    today = date.fromisoformat(run_id[:8])
    waiting = {}
    portal_of = {}
    for portal in portal_ids:
        for one in files(catalog, portal, data, today, bounds.unpacked_bytes):
            waiting[one.key], portal_of[one.key] = one, portal
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
            _write_differing(catalog, run_id, portal_of[key], report, one.url)
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
    _write_differing(catalog, run_id, portal_id, report, None)
    results = report.report.get("results", [])
    failed = failed_gates(ExpectationResult(**result) for result in results)
    # If the child died, nothing is known, so nothing has failed.
    write_gates(catalog, run_id, portal_id, results, [f"{one.rule}: {one.message} {one.fix}" for one in failed])


def _write_differing(catalog: Catalog, run_id: str, portal_id: str, report: TableReport, url: str | None) -> None:
    """Write a harvest error for each rule about which Great Expectations and our own functions differ."""
    what = "the portal" if url is None else "this file"
    errors = [
        HarvestError(
            kind="ours",
            message=f"Great Expectations and Winnow's own check differ about {rule} in {what}; nothing is charged.",
            remedy="Please report it to the authors of Winnow, with the rule and the address: one of the two is wrong.",
            url=url,
            is_lost=False,
        )
        for rule in report.report.get("differing", ())
    ]
    if errors:
        write_errors(catalog, run_id, portal_id, errors)
