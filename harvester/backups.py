"""Back up a data folder into one file, while a run may be writing to it, and restore it.

A backup is a tar file compressed with gzip: first ``backup.json``, which names the versions and lists every other file
with its size and SHA-256, then these files. What later commands make again (exports, the public copy, the log) is left
out. The catalogue is copied as of one moment.
"""

from __future__ import annotations

import io
import json
import os
import shutil
import tarfile
from collections.abc import Iterable, Iterator
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path, PurePosixPath
from tempfile import TemporaryDirectory

from catalog.db.copying import copy_database, fault_of, known_steps, steps_of
from catalog.db.store import now
from catalog.files import sha256
from catalog.parquet.package import ID_FILE
from catalog.repositories.inbox import FILE as INBOX
from catalog.repositories.letter_tokens import FILE as TOKENS
from catalog.repositories.people import FILE as PEOPLE
from catalog.repositories.recipients import STOP_LIST, stop, stopped
from catalog.repositories.shareable import copy_shareable
from harvester import __version__
from harvester.errors import BackupError

__all__ = ["BackupFile", "restore", "write_backup"]

INDEX, FORMAT = "backup.json", "winnow backup 1"
CATALOGUE = "catalog.db"
_STATE = ("winnow.toml", ID_FILE, STOP_LIST, PEOPLE, TOKENS, INBOX, "portals", "commitments", "census", "manifests")
"""Files and folders of the operator, and the proofs of former runs, beside the catalogue."""
_DATABASES = (PEOPLE, TOKENS, INBOX)
"""The databases among them."""
_FOLDERS = ("portals", "commitments", "census", "manifests", "archive", "files", "feeds")
"""The folders among them and below."""
_EVIDENCE = ("archive", "files", "feeds")
"""Folders with what portals served: the larger part of a data folder."""
_SHAREABLE = ("commitments", "manifests")
"""Portal files and ``winnow.toml`` may hold keys and webhooks, and archives whatever a portal served."""
INDEX_MAX, FILES_MAX, HEADER_MAX = 100_000_000, 5_000_000, 1_000_000
"""Bytes of ``backup.json`` and number of files that a backup may have, and bytes of a header with a long name."""


@dataclass(frozen=True, slots=True)
class BackupFile:
    """One file of a backup. ``name``: path below the data folder, with slashes; ``size``: number of bytes; ``sha256``:
    digest as hexadecimal text."""

    name: str
    size: int
    sha256: str


def write_backup(
    data: Path, target: Path, *, is_shareable: bool = False, has_evidence: bool = True
) -> list[BackupFile]:
    """Write a backup of the data folder ``data`` to the file ``target``, which only its owner can read. Return the
    files in the backup.

    ``is_shareable``: include only what others may have: commitments, the proofs of runs, and the catalogue without the
    names and texts of people who replied or reported, without hashes of recipients, and without findings that must not
    be published yet (:func:`catalog.repositories.shareable.copy_shareable`). ``has_evidence``: include
    archives and downloaded files; it has no effect if ``is_shareable``. ``target`` is replaced only when the backup is
    complete. Raise BackupError if there is no catalogue, and OSError if the disk is full.
    """
    source = data / CATALOGUE
    if not source.is_file():
        raise BackupError(f"{data}: there is no catalogue to back up; name the data folder with --data")
    folders = _SHAREABLE if is_shareable else (*_STATE, *(_EVIDENCE if has_evidence else ()))
    part = target.with_name(f".{target.name}.{os.getpid()}.part")
    # Beside the target, where there must be room for the whole backup anyway.
    with TemporaryDirectory(prefix=".winnow-backup-", dir=target.parent) as scratch:
        copy = Path(scratch) / CATALOGUE
        (copy_shareable if is_shareable else copy_database)(source, copy)
        # What else may be written to meanwhile, as while mails are fetched, is hashed and stored as of one moment too.
        databases = [name for name in _DATABASES if name in folders and (data / name).is_file()]
        copied = {name: Path(scratch) / name for name in databases}
        for name, place in copied.items():
            copy_database(data / name, place)
        paths = [(CATALOGUE, copy), *((name, copied.get(name, path)) for name, path in _files_below(data, folders))]
        listed = [BackupFile(name, path.stat().st_size, sha256(path)) for name, path in paths]
        about = {
            "format": FORMAT,
            "version": __version__,
            "made_at": now(),
            "is_shareable": is_shareable,
            "schema": steps_of(copy),
            "files": [{"name": one.name, "size": one.size, "sha256": one.sha256} for one in listed],
        }
        try:
            with os.fdopen(os.open(part, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600), "wb") as file:
                with tarfile.open(fileobj=file, mode="w:gz", compresslevel=6) as tar:
                    _add(tar, INDEX, io.BytesIO(content := json.dumps(about, indent=1).encode()), len(content))
                    for one, (_, path) in zip(listed, paths, strict=True):
                        # A file that grows meanwhile is stored up to the size that was hashed.
                        with path.open("rb") as opened:
                            _add(tar, one.name, opened, one.size)
                file.flush()
                os.fsync(file.fileno())
            part.replace(target)
        finally:
            part.unlink(missing_ok=True)
    return listed


def _add(tar: tarfile.TarFile, name: str, content: io.BufferedIOBase, size: int) -> None:
    member = tarfile.TarInfo(name)
    member.size, member.mode = size, 0o600
    tar.addfile(member, content)


def _files_below(data: Path, names: tuple[str, ...]) -> Iterator[tuple[str, Path]]:
    for name in names:
        start = data / name
        found = [start] if start.is_file() else sorted(start.rglob("*")) if start.is_dir() else []
        for path in found:
            # What is being written has another name until it is complete.
            if path.is_file() and not path.is_symlink() and not path.name.endswith(".part"):
                yield path.relative_to(data).as_posix(), path


def restore(source: Path, data: Path, *, is_forced: bool = False) -> list[BackupFile]:
    """Unpack the backup ``source`` into the data folder ``data``, and return its files.

    Everything is unpacked into a temporary folder inside ``data`` and verified there first: sizes, hashes, and that the
    catalogue can be opened. Files that are there already are overwritten only if ``is_forced``; files that the backup
    does not have stay. The list of addresses that want no letters is not overwritten but joined with that of the
    backup. The folder ``site`` is deleted, because it was made from the catalogue that is replaced. Raise BackupError,
    and change no file, if ``source`` is no complete backup, was changed or is of a newer version, or if it would
    overwrite files without ``is_forced``.
    """
    data.mkdir(parents=True, exist_ok=True)
    with TemporaryDirectory(prefix=".winnow-restore-", dir=data) as scratch:
        listed = _unpack(source, Path(scratch))
        if said := fault_of(Path(scratch) / CATALOGUE):
            raise BackupError(f"{source}: its catalogue cannot be opened here ({said}); take another backup")
        # Who wants no more letters now must not get one because of an older backup.
        stop(Path(scratch), stopped(data))
        there = [one.name for one in listed if one.name != STOP_LIST and (data / one.name).exists()]
        if there and not is_forced:
            raise BackupError(
                f"{data}: {len(there)} files of the backup are there already, such as {there[0]}; "
                "restore into an empty folder, or overwrite them with --force"
            )
        if wrong := _in_the_way(data, listed):
            raise BackupError(f"{wrong}: it is in the way of a file of the backup; move it elsewhere first")
        for suffix in ("-wal", "-shm"):
            # They belong to the catalogue that is replaced.
            (data / f"{CATALOGUE}{suffix}").unlink(missing_ok=True)
        (Path(scratch) / STOP_LIST).replace(data / STOP_LIST)
        for one in listed:
            if one.name == STOP_LIST:
                continue
            place = data / one.name
            place.parent.mkdir(parents=True, exist_ok=True)
            (Path(scratch) / one.name).replace(place)
    with suppress(OSError):
        # They are of the catalogue before, and are made again.
        shutil.rmtree(data / "site")
    return listed


class _Member(tarfile.TarInfo):
    """A member of which a header with a long name or other extras is no larger than HEADER_MAX: tarfile reads it into
    memory, and a few megabytes may unfold to any number."""

    def _proc_member(self, archive: tarfile.TarFile) -> tarfile.TarInfo:
        if not self.isreg() and self.size > HEADER_MAX:
            raise tarfile.ReadError(f"a header has {self.size:,} bytes")
        return super()._proc_member(archive)  # type: ignore[misc,no-any-return]


def _in_the_way(data: Path, listed: Iterable[BackupFile]) -> Path | None:
    """Return a folder in the place of a file of the backup, or something else in the place of its folder; else None."""
    for one in listed:
        place = data / one.name
        if place.is_dir():
            return place
        for parent in place.parents:
            if parent == data:
                break
            if parent.exists() and not parent.is_dir():
                return parent
    return None


def _unpack(source: Path, folder: Path) -> list[BackupFile]:
    """Unpack and verify a backup. It may come from anywhere: only the files that its index lists are written, below
    ``folder``, none larger than listed, and no links."""
    try:
        with tarfile.open(source, "r|gz", tarinfo=_Member) as tar:
            listed = _index(source, tar)
            waiting = {one.name: one for one in listed}
            needed, free = sum(one.size for one in listed), shutil.disk_usage(folder).free
            if needed > free:
                raise BackupError(f"{source}: it needs {needed / 1e9:.1f} GB, and {free / 1e9:.1f} GB of disk are free")
            while (member := tar.next()) is not None:
                one = waiting.pop(member.name, None)
                content = tar.extractfile(member) if member.isreg() else None
                if one is None or content is None or member.size != one.size:
                    raise BackupError(f"{source}: {member.name} is not as backup.json lists it; take another backup")
                path = folder / one.name
                path.parent.mkdir(parents=True, exist_ok=True)
                with path.open("xb") as file:
                    shutil.copyfileobj(content, file)
                if sha256(path) != one.sha256:
                    raise BackupError(f"{source}: {one.name} was changed after the backup; take another backup")
    except (tarfile.TarError, EOFError, OSError, RecursionError, ValueError) as error:
        # An OSError of the disk names a file; one of gzip does not.
        if isinstance(error, OSError) and error.filename not in (None, str(source)):
            raise
        raise BackupError(f"{source}: it is no complete backup of Winnow ({error}); take another one") from error
    if waiting:
        raise BackupError(f"{source}: {len(waiting)} files are missing, such as {min(waiting)}; take another backup")
    return listed


def _index(source: Path, tar: tarfile.TarFile) -> list[BackupFile]:
    first = tar.next()
    content = tar.extractfile(first) if first and first.name == INDEX and first.size <= INDEX_MAX else None
    try:
        about = json.loads(content.read()) if content else {}
        if about.get("format") != FORMAT or len(about["files"]) > FILES_MAX:
            raise ValueError("backup.json is not the index of a backup")
        listed = [BackupFile(str(one["name"]), int(one["size"]), str(one["sha256"])) for one in about["files"]]
        for one in listed:
            _check_name(one.name)
        if len({one.name for one in listed}) < len(listed):
            raise ValueError("backup.json lists a file twice")
        newer = sorted(set(about["schema"]) - known_steps())
    except (ValueError, LookupError, TypeError, AttributeError, RecursionError) as error:
        raise BackupError(f"{source}: it is no backup of Winnow ({error}); name the file of winnow backup") from error
    if newer:
        raise BackupError(
            f"{source}: the backup is of Winnow {about.get('version')}, which is newer than this one ({__version__}); "
            "install that version first"
        )
    return listed


def _check_name(name: str) -> None:
    """Raise ValueError if a listed file lies outside of what a backup consists of."""
    path = PurePosixPath(name)
    is_plain = (
        bool(path.parts)
        and path.as_posix() == name
        and ".." not in path.parts
        and not path.is_absolute()
        and "\0" not in name
    )
    # A file in place of a folder, or a folder in place of a file, would break what is there.
    is_file = len(path.parts) == 1
    known = (CATALOGUE, *_STATE, *_EVIDENCE)
    if not is_plain or path.parts[0] not in known or is_file is (path.parts[0] in _FOLDERS):
        raise ValueError(f"{name[:80]!r} is not part of a data folder")
