"""Read the Parquet package of another Winnow: check every file against its hash, then every value in a child process.

Files are copied while they are hashed, and the copy is read: nobody can change it meanwhile. No path of the package is
followed but the one that follows from a table and a portal, and no link at all.
"""

from __future__ import annotations

import hashlib
import os
import shutil
import stat
from collections.abc import Iterator, Sequence
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path
from types import TracebackType
from typing import Any, Self

import orjson

from catalog.parquet.columns import PackageColumn
from catalog.parquet.descriptor import DESCRIPTOR
from catalog.parquet.package import NEEDS, all_tables, is_possible
from harvester.bounded import BoundedChild, TooMuchError
from harvester.errors import PackageError
from harvester.imported.descriptor import Described, DescribedFile, described
from specs.metrics import metrics

__all__ = ["PackageLimits", "PackageReader"]

_BLOCK = 1 << 20
_OF_PERSONS = {"contact_name", "contact_email", "email"}
"""Columns that are not read: the consent of a person to one publication is not one to another."""
_IDS = {"id", "dataset_id", "distribution_id", "publisher_id", "entity_id", "portal_id"}
_CODES = {
    *("type", "country", "grade", "status", "system", "entity_level", "raw_hash", "methodology_version"),
    *("run_id", "first_seen_run", "last_seen_run", "changed_run", "last_complete_run", "last_run"),
}
_TOTAL_MAX = 10_000.0
"""Points of a dataset by any scoring system: the largest that is known has 405."""


@dataclass(frozen=True, slots=True)
class PackageLimits:
    """How much a package may hold. Bytes are those of files; ``unpacked`` those of one file without compression."""

    descriptor: int = 64 << 20
    file: int = 1 << 30
    total: int = 20 << 30
    unpacked: int = 8 << 30
    rows: int = 5_000_000
    """Rows of one file."""
    written: int = 20 << 30
    """Bytes of the rows of all files: about what the catalogue grows by."""
    room: int = 1 << 30
    """Bytes that must stay free on the disk."""
    memory: int = 3 << 30
    """Address space of the child process, its libraries included."""
    seconds: float = 600
    """Seconds for one file."""


class PackageReader:
    """Reads the package in ``folder``, with copies in the folder ``work``, which must be ours alone.

    Use it as a context manager. Making it reads the descriptor. Raise PackageError, with the file and the reason, for
    whatever is not as it should be.
    """

    def __init__(self, folder: Path, work: Path, limits: PackageLimits | None = None) -> None:
        if not is_possible():
            raise PackageError(NEEDS)
        self.folder, self.work, self.limits = folder.absolute(), work, limits or PackageLimits()
        self._copied = self._written = 0
        self._child = BoundedChild(
            "catalog.parquet.taking:read",
            memory_bytes=self.limits.memory,
            seconds=self.limits.seconds,
            file_bytes=self.limits.unpacked,
        )
        copy = self._copy(DESCRIPTOR, self.limits.descriptor)
        content = copy.read_bytes()
        copy.unlink()
        self.sha256 = hashlib.sha256(content).hexdigest()
        try:
            self.about: Described = described(self._child.call(content))
        except (ValueError, TooMuchError) as error:
            self._child.close()
            raise PackageError(f"{folder / DESCRIPTOR}: {error}") from None
        self._files = {(one.table, one.portal): one for one in self.about.resources}

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._child.close()

    def rows(self, table: str, portal: str | None = None, more: Sequence[str] = ()) -> Iterator[dict[str, Any]]:
        """Yield the rows of a table, or of its part of one portal, by column; nothing if the package has none.

        The columns are those that this version writes, without contacts of persons. ``more``: names of columns of
        measurements that it does not write. Raise PackageError before the first row if the file is not as the
        descriptor says, or holds what no catalogue writes.
        """
        file = self._files.get((table, portal))
        if file is None:
            return
        # The id of a score follows from its other columns.
        without = _OF_PERSONS | ({"id"} if table == "scores" else set())
        columns = [one for one in all_tables()[table].columns if one.name not in without]
        names = [one.name for one in columns]
        columns += [PackageColumn(name, "number", "", "") for name in more if name not in names]
        out = self._read(file, columns, portal)
        names = [one.name for one in columns]
        try:
            with out.open("rb") as lines:
                for line in lines:
                    yield dict(zip(names, orjson.loads(line), strict=True))
        finally:
            out.unlink(missing_ok=True)

    def _read(self, file: DescribedFile, columns: list[PackageColumn], portal: str | None) -> Path:
        limits = self.limits
        path = f"{file.table}/{f'portal={file.portal}/' if file.portal else ''}part-0.parquet"
        if file.path != path:
            raise PackageError(f"{DESCRIPTOR}: {file.path!r} should be {path}")
        if file.rows > limits.rows:
            raise PackageError(f"{path}: {file.rows:,} rows; at most {limits.rows:,} are read")
        copy = self._copy(path, min(limits.file, file.bytes), sha256=file.hash.removeprefix("sha256:"))
        out = self.work / "rows.jsonl"
        try:
            self._child.call(
                copy,
                out=str(out.absolute()),
                columns={one.name: one.type for one in columns},
                ids=[one.name for one in columns if one.name in _IDS and one.type == "text"],
                codes=[one.name for one in columns if one.name in _CODES and one.type == "text"],
                portal=portal,
                rows=file.rows,
                size=limits.unpacked,
                bounds=_bounds(columns, file.table),
            )
        except (ValueError, TooMuchError) as error:
            raise PackageError(f"{path}: {error}") from None
        finally:
            copy.unlink()
        self._written += out.stat().st_size
        if shutil.disk_usage(self.work).free < 2 * out.stat().st_size + limits.room:
            # The rows are written once more into the catalogue.
            raise PackageError(f"{path}: there is too little room on the disk for its rows")
        if self._written > limits.written:
            raise PackageError(f"{path}: the package unpacks to more than {limits.written:,} bytes")
        return out

    def _copy(self, path: str, most: int, sha256: str | None = None) -> Path:
        """Copy a file of the package into the work folder and return the copy. ``most``: bytes, at most."""
        target, made = self.work / "copy", hashlib.sha256()
        try:
            with ExitStack() as stack:
                # Each part of the path is opened on its own, and none may be a link.
                at = os.open(self.folder, os.O_RDONLY | os.O_DIRECTORY)
                stack.callback(os.close, at)
                *folders, name = path.split("/")
                for part in folders:
                    at = os.open(part, os.O_RDONLY | os.O_DIRECTORY | os.O_NOFOLLOW, dir_fd=at)
                    stack.callback(os.close, at)
                source = os.open(name, os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK, dir_fd=at)
                stack.callback(os.close, source)
                if not stat.S_ISREG(os.fstat(source).st_mode):
                    raise PackageError(f"{path}: it is no file")
                size = 0
                with target.open("wb") as copy:
                    while block := os.read(source, _BLOCK):
                        size += len(block)
                        if size > most:
                            raise PackageError(f"{path}: it is longer than {most:,} bytes")
                        made.update(block)
                        copy.write(block)
        except OSError as error:
            raise PackageError(f"{path}: {error.strerror or error}: the package is incomplete, or not one") from None
        self._copied += size
        if self._copied > self.limits.total:
            raise PackageError(f"the package is larger than {self.limits.total:,} bytes")
        if sha256 is not None and made.hexdigest() != sha256:
            raise PackageError(f"{path}: its SHA-256 is not the one of {DESCRIPTOR}: fetch the package anew")
        return target


def _bounds(columns: Sequence[PackageColumn], table: str) -> dict[str, tuple[float, float]]:
    """Return the smallest and the largest value that each column of numbers may have."""
    measured = {one.id for one in metrics().values()}
    found = {}
    for one in columns:
        if one.name in ("datasets", "position"):
            found[one.name] = (0.0, 2.0**53)
        elif one.type == "number":
            is_own = one.name.startswith("score") and table != "scores"
            most = 1.0 if one.name in measured else 100.0 if is_own or one.name == "coverage_pct" else _TOTAL_MAX
            found[one.name] = (0.0, most)
    return found
