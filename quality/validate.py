"""The validate stage: every downloaded file that has no report yet, in child processes."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path, PurePosixPath
from urllib.parse import urlsplit

from catalog.observations import write_reports
from catalog.reading import FileToValidate, files
from catalog.store import Catalog
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
    workers: int,
    on_progress: Callable[[str, str, int, int | None], None],
) -> None:
    """Inspect the new or changed downloads of some portals and write their reports."""
    waiting = {one.distribution_id: one for portal in portal_ids for one in files(catalog, portal)}
    if not waiting:
        return
    done, batch = 0, []
    with InspectionPool(workers=min(workers, len(waiting))) as pool:
        for key, report in pool.map(_task(one, data, run_id) for one in waiting.values()):
            one = waiting[key]
            batch.append((one.distribution_id, one.url, one.sha256, report))
            done += 1
            if len(batch) >= WRITE_EVERY or done == len(waiting):
                write_reports(catalog, run_id, batch)
                batch = []
            on_progress("validate", "files", done, len(waiting))


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
    )
