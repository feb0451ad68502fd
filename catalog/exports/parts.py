"""Write large files of parts, and take unchanged parts over from the file of the last export.

A part is the text of a few datasets. Its key is a digest of everything that decides its bytes, so that a part with a
known key is copied and not made again. ``parts.json`` holds the keys and lengths of the parts of each such file, with
the hash of the file: parts are taken only from a file that still has that hash.
"""

from __future__ import annotations

import base64
import hashlib
import json
import zlib
from collections.abc import Iterable, Iterator
from pathlib import Path
from struct import Struct
from typing import IO, Any, NamedTuple, TypeVar

from catalog.exports.gzip_parts import HEADER, joined_crc, packed, trailer
from catalog.files import sha256, write_whole

__all__ = ["NEVER", "PARTS", "PartedFile", "PartsIndex", "grouped"]

PARTS = "parts.json"
"""Name of the file, in the folder of all governments."""
NEVER = bytes(16)
"""Key of a part that is made again in every export, because it is not known what decides its content."""
GROUP = 8
"""Datasets of a part, at most; on average it has five. Fewer mean less to make again where few have changed, and a
worse compression. Without a limit the few long groups would hold most of the datasets, and so most of the changed
ones."""
_ENTRY = Struct("<16sIII")
_BLOCK = 1 << 20
Row = TypeVar("Row")


class Part(NamedTuple):
    """One part of a file: its key, and where it is."""

    key: bytes
    """Digest of 16 bytes of what decides its content."""
    length: int
    """Bytes in the file, which are compressed if the file is."""
    size: int
    """Bytes of the content; 0 if the file is not compressed."""
    crc: int
    """CRC-32 of the content; 0 if the file is not compressed."""


def grouped(rows: Iterable[Row], id_of: Any) -> Iterator[list[Row]]:
    """Yield the rows of datasets in groups of at most eight consecutive ones: one group for each part of a file.

    ``id_of``: function that gives the id of the dataset of a row. A group begins at each row whose id has a CRC-32
    divisible by ``GROUP`` (8), and wherever the group before has eight rows. So a new dataset changes the groups up
    to the next such id, and leaves the others as they are.
    """
    group: list[Row] = []
    for row in rows:
        if len(group) == GROUP or group and zlib.crc32(id_of(row).encode("utf-8", "surrogatepass")) % GROUP == 0:
            yield group
            group = []
        group.append(row)
    if group:
        yield group


class PartsIndex:
    """The parts of all files that consist of parts, as ``parts.json`` in the folder ``out`` records them."""

    def __init__(self, out: Path) -> None:
        self._out = out
        try:
            content = json.loads((out / PARTS).read_text("utf-8"))
            self._files: dict[str, tuple[str, str]] = {
                name: (str(one["sha256"]), str(one["parts"])) for name, one in content.items()
            }
        except (OSError, ValueError, KeyError, TypeError, AttributeError):
            self._files = {}
        self.is_changed = False
        """Whether parts were recorded that :meth:`write` has not written yet."""

    def of(self, path: Path) -> list[Part]:
        """Return the parts of a file in their order; an empty list if they are not known, or the file was changed
        since.

        ``path``: the file, inside the folder of all governments.
        """
        name = path.relative_to(self._out).as_posix()
        if name not in self._files or not path.is_file():
            return []
        hashed, text = self._files[name]
        if sha256(path) != hashed:
            return []
        try:
            return [Part(*one) for one in _ENTRY.iter_unpack(base64.b64decode(text, validate=True))]
        except ValueError:
            return []

    def put(self, path: Path, hashed: str, parts: Iterable[Part]) -> None:
        """Record the parts of a file that was written. ``hashed``: its SHA-256 in hexadecimal."""
        text = base64.b64encode(b"".join(_ENTRY.pack(*one) for one in parts)).decode()
        self._files[path.relative_to(self._out).as_posix()] = (hashed, text)
        self.is_changed = True

    def write(self) -> Path:
        """Write ``parts.json``, with the files that still exist, and return its path. It is never half written."""
        names = [name for name in sorted(self._files) if (self._out / name).is_file()]
        content = {name: dict(zip(("sha256", "parts"), self._files[name], strict=True)) for name in names}
        write_whole(self._out / PARTS, json.dumps(content, indent=0) + "\n")
        self.is_changed = False
        return self._out / PARTS


class PartedFile:
    """Writes one file part by part. Use it in a ``with`` block; if the block raises, the earlier file stays.

    A part is the text of a few datasets. Call :meth:`keep` with the key of each part, and :meth:`add` if that returns
    False. ``path``: the file. ``index``: where the parts of the earlier file are found, and those of the new one are
    recorded. ``is_packed``: whether the file is compressed with gzip.
    """

    def __init__(self, path: Path, index: PartsIndex, *, is_packed: bool = False) -> None:
        self.path, self._index, self._is_packed = path, index, is_packed
        self._parts: list[Part] = []
        self._kept: dict[bytes, tuple[int, Part]] = {}
        self._begin = self._end = 0

    def __enter__(self) -> PartedFile:
        self.path.parent.mkdir(parents=True, exist_ok=True)
        at = len(HEADER) if self._is_packed else 0
        for part in self._index.of(self.path):
            if part.key != NEVER:
                self._kept[part.key] = (at, part)
            at += part.length
        self._old: IO[bytes] | None = self.path.open("rb") if self._kept else None
        self._new = self.path.with_name(f"{self.path.name}.part").open("wb")
        self._hash = hashlib.sha256()
        if self._is_packed:
            self._write(HEADER)
        return self

    def has(self, key: bytes) -> bool:
        """Return whether the earlier file has the part with this key, so that :meth:`keep` will take it over."""
        return key in self._kept

    def keep(self, key: bytes) -> bool:
        """Take the part with this key over from the earlier file, and return True. Return False, and do nothing, if the
        earlier file has no such part."""
        found = self._kept.get(key)
        if found is None:
            return False
        at, part = found
        self._parts.append(part)
        # Parts that are next to each other are copied together.
        if at != self._end:
            self._copy()
            self._begin = at
        self._end = at + part.length
        return True

    def add(self, key: bytes, content: bytes) -> None:
        """Add a part whose content was made anew. ``content``: its bytes, not compressed.

        ``key``: digest of everything that decides the content, by which the next export finds the part; :data:`NEVER`
        if that is not known.
        """
        self._copy()
        if not self._is_packed:
            self._parts.append(Part(key, len(content), 0, 0))
            self._write(content)
            return
        made = packed(content)
        self._parts.append(Part(key, len(made), len(content), zlib.crc32(content)))
        self._write(made)

    def _copy(self) -> None:
        """Copy what is waiting to be copied from the earlier file."""
        if self._old is not None and self._begin < self._end:
            self._old.seek(self._begin)
            while self._begin < self._end:
                block = self._old.read(min(_BLOCK, self._end - self._begin))
                if not block:
                    raise OSError(f"{self.path}: became shorter while it was read")
                self._write(block)
                self._begin += len(block)
        self._begin = self._end = 0

    def _write(self, content: bytes) -> None:
        self._hash.update(content)
        self._new.write(content)

    def __exit__(self, kind: type[BaseException] | None, *_: object) -> None:
        try:
            if kind is None:
                self._copy()
                if self._is_packed:
                    self._write(self._trailer())
        finally:
            self._new.close()
            if self._old is not None:
                self._old.close()
        part = Path(self._new.name)
        if kind is not None:
            part.unlink()
            return
        part.replace(self.path)
        self._index.put(self.path, self._hash.hexdigest(), self._parts)

    def _trailer(self) -> bytes:
        crc = 0
        for part in self._parts:
            crc = joined_crc(crc, part.crc, part.size)
        return trailer(crc, sum(part.size for part in self._parts))
