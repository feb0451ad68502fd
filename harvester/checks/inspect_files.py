"""Inspect files by name, and what addresses serve: bounded, guarded, and in the order given."""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path, PurePosixPath
from tempfile import TemporaryDirectory
from typing import Any
from urllib.parse import unquote, urlsplit

from catalog.db.clock import present
from catalog.model import TableContext, TableReport
from quality.tables.messages import DataDocs
from quality.tables.pool import InspectionPool

__all__ = ["DataDocsError", "FileInspection", "look_into"]

MAX_BYTES = 100 * 1024**2
"""Bytes to download from an address; of a longer file only the beginning is inspected."""
TIMEOUT_S = 120.0
"""Seconds for one download."""


class DataDocsError(Exception):
    """Raised if Data Docs cannot be written. The message says where and why."""


@dataclass(frozen=True, slots=True)
class FileInspection:
    """The inspection of one file.

    ``asked`` is the file name or web address as given, ``report`` the findings. ``path`` is the file on disk, or None
    if it could not be read. A downloaded file exists only as long as the iteration over :func:`look_into` goes on.
    """

    asked: str
    report: TableReport
    path: Path | None


def look_into(
    files: Sequence[str],
    *,
    declared: str | None = None,
    contact: str = "no contact given",
    allow_local: bool = False,
    workers: int = 2,
    seconds: float = 60.0,
    data_docs: Path | None = None,
) -> Iterator[FileInspection]:
    """Inspect the tables in ``files``, which are names of local files or web addresses. Yield one inspection each, in
    the order given.

    ``declared`` is the format that all files should have, such as "CSV"; None means the extension of each file's name.
    ``contact`` is sent with requests. ``allow_local`` permits addresses on this machine and network. ``workers`` is the
    number of processes, ``seconds`` the time limit for the inspection of one file. A download ends after TIMEOUT_S (120
    s); of a file of more than MAX_BYTES (100 MiB), only the beginning is inspected.

    ``data_docs`` is a folder for Great Expectations' Data Docs on the tables; None means that none are written. They
    are written after the last inspection. If the folder is given, Great Expectations itself evaluates every
    expectation. Raise DataDocsError if the Data Docs cannot be written. A file that cannot be read gives a report with
    the status "unknown" and a note.
    """
    with TemporaryDirectory(prefix="winnow-") as folder, InspectionPool(min(workers, len(files)), seconds) as pool:
        failed: dict[int, str] = {}
        places: dict[int, Path] = {}

        def tasks() -> Iterator[TableContext]:
            for number, asked in enumerate(files):
                path, is_cut, content_type = Path(asked), False, None
                if _is_address(asked):
                    path = Path(folder) / str(number)
                    fault, is_cut, content_type = _download(asked, path, contact, allow_local)
                    if fault:
                        failed[number] = fault
                        continue
                elif not path.is_file():
                    failed[number] = "there is no such file"
                    continue
                places[number] = path
                name = PurePosixPath(unquote(urlsplit(asked).path) if _is_address(asked) else path.name).name
                yield TableContext(
                    key=str(number),
                    path=path.absolute(),
                    declared_format=declared or _ending(name),
                    content_type=content_type,
                    is_truncated=is_cut,
                    file_name=name or None,
                    today=present().date(),
                    is_sampled=data_docs is not None,
                )

        done: dict[int, TableReport] = {}
        waiting = 0
        results: dict[int, list[Any]] = {}
        for key, report in pool.map(tasks()):
            done[int(key)] = report
            results[int(key)] = report.report.get("expectations", [])
            while waiting in done or waiting in failed:
                yield _inspection(files, waiting, done, failed, places)
                waiting += 1
        for number in range(waiting, len(files)):
            yield _inspection(files, number, done, failed, places)
        if data_docs is not None:
            found = [(PurePosixPath(files[number]).name, one) for number, one in sorted(results.items()) if one]
            _write_docs(pool, Path(folder), data_docs, found)


def _write_docs(pool: InspectionPool, folder: Path, data_docs: Path, tables: Sequence[tuple[str, list[Any]]]) -> None:
    """Write the Data Docs in a child process. Raise DataDocsError with the reason if that fails."""
    path = folder / "results.jsonl"
    path.write_text("".join(json.dumps({"name": name, "results": one}) + "\n" for name, one in tables))
    for _, report in pool.map([DataDocs(key="", path=path, folder=data_docs.absolute())]):
        if report.status == "unknown":
            raise DataDocsError(f"The Data Docs were not written to {data_docs}: {report.note}.")


def _inspection(
    files: Sequence[str], number: int, done: dict[int, TableReport], failed: dict[int, str], places: dict[int, Path]
) -> FileInspection:
    report = done.pop(number, None) or TableReport(status="unknown", note=failed.get(number, "it was not looked into"))
    return FileInspection(files[number], report, places.get(number))


def _is_address(asked: str) -> bool:
    return asked.lower().startswith(("http://", "https://"))


def _ending(name: str) -> str | None:
    ending = PurePosixPath(name).suffix.lstrip(".").upper()
    return ending or None


def _download(url: str, path: Path, contact: str, allow_local: bool) -> tuple[str | None, bool, str | None]:
    """Save what an address serves. Return its fault or None, whether it was cut, and its Content-Type."""
    from harvester.detect.asking import Asker

    with Asker(url, allow_local, contact, max_bytes=MAX_BYTES, timeout_s=TIMEOUT_S) as asker:
        seen = asker.get(url)
    if seen.fault:
        return seen.fault, False, None
    if not seen.is_ok:
        return f"the server answers {seen.status}", False, None
    path.write_bytes(seen.body)
    return None, not seen.is_whole, seen.content_type
