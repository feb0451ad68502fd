"""The validate stage, in child processes: every file that has no report yet, and the datasets of each portal."""

from __future__ import annotations

import json
from collections.abc import Callable, Sequence
from dataclasses import replace
from datetime import date
from itertools import chain
from pathlib import Path, PurePosixPath
from tempfile import TemporaryDirectory
from urllib.parse import urlsplit

from catalog.gates import dataset_facts, portals_to_judge, write_gates
from catalog.model import TableReport, stable_id
from catalog.observations import write_reports
from catalog.reading import FileToValidate, files
from catalog.store import Catalog
from quality.catalogue import Answer, failed_gates, row
from quality.tables.limits import TableBounds
from quality.tables.pool import InspectionPool, InspectTask

__all__ = ["validate"]

WRITE_EVERY = 50


def _charset(content_type: str | None) -> str | None:
    _, _, charset = (content_type or "").partition("charset=")
    return charset.split(";")[0].strip(" \"'") or None


def validate(
    catalog: Catalog,
    run_id: str,
    data: Path,
    portal_ids: Sequence[str],
    bounds: TableBounds,
    on_progress: Callable[[str, str, int, int | None], None],
) -> None:
    """Inspect the new or changed downloads of some portals and write their reports."""
    waiting = {one.distribution_id: one for portal in portal_ids for one in files(catalog, portal)}
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
        tasks = chain(
            (_catalogue_task(catalog, run_id, portal, Path(folder)) for portal in portals),
            (replace(_task(one, data, run_id), unpacked_bytes=bounds.unpacked_bytes) for one in waiting.values()),
        )
        for key, report in pool.map(tasks):
            if key not in waiting:
                _write_answers(catalog, run_id, key.removeprefix(_PORTAL), report)
                continue
            one = waiting[key]
            batch.append((one.distribution_id, one.url, one.sha256, report))
            done += 1
            if len(batch) >= WRITE_EVERY or done == len(waiting):
                write_reports(catalog, run_id, batch)
                batch = []
            on_progress("validate", "files", done, len(waiting))


_PORTAL = "portal: "
"""Before the key of a task about a portal: no distribution is named so."""


def _catalogue_task(catalog: Catalog, run_id: str, portal_id: str, folder: Path) -> InspectTask:
    path = folder / f"{stable_id(portal_id)}.jsonl"
    today = date.fromisoformat(run_id[:8])
    with path.open("w", encoding="utf-8") as file:
        for facts in dataset_facts(catalog, portal_id):
            file.write(json.dumps(row(**facts, today=today)) + "\n")
    return InspectTask(key=f"{_PORTAL}{portal_id}", path=path, is_catalogue=True)


def _write_answers(catalog: Catalog, run_id: str, portal_id: str, report: TableReport) -> None:
    answers = report.report.get("answers", [])
    failed = failed_gates(Answer(**answer) for answer in answers)
    # Where the child died nothing is known, and nothing failed.
    write_gates(catalog, run_id, portal_id, answers, [f"{one.rule}: {one.message} {one.fix}" for one in failed])


def _task(one: FileToValidate, data: Path, run_id: str) -> InspectTask:
    return InspectTask(
        key=one.distribution_id,
        path=data / one.file_path,
        declared_format=one.format,
        declared_media_type=one.media_type,
        declared_charset=_charset(one.content_type),
        is_truncated=one.is_truncated,
        title=one.title or None,
        file_name=PurePosixPath(urlsplit(one.url).path).name or None,
        today=f"{run_id[:4]}-{run_id[4:6]}-{run_id[6:8]}",
        previous=one.previous,
        schema_path=data / one.schema_file if one.schema_file else None,
        siblings={PurePosixPath(urlsplit(url).path).name: str(data / path) for url, path in one.siblings},
    )
