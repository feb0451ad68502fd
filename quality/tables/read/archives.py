"""Find and unpack the tables in an archive, never more bytes than allowed."""

from __future__ import annotations

import re
import zipfile
import zlib
from collections import Counter
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from tempfile import TemporaryDirectory

from quality.tables.limits import MAX_RATIO, UnreadableError

__all__ = [
    "printable",
    "MOST_MEMBERS",
    "shapefiles",
    "tables_in",
    "unpacked_gzip",
    "unpacked_member",
    "unpacked_shapefile",
]

_TABLES = {".csv", ".tsv", ".tab", ".xlsx", ".xls", ".ods", ".xlsm", ".xlsb", ".parquet", ".gpkg"}
_TABLES |= {".geojson", ".ndjson", ".jsonl"}
_CLUTTER = ("__macosx/", ".ds_store", "thumbs.db", "desktop.ini")


MOST_MEMBERS = 50
"""Most tables in an archive that are inspected."""
_RECORDS = {".json"}
_SHAPE = (".shp", ".dbf", ".shx", ".cpg", ".prj")


def tables_in(path: Path) -> list[zipfile.ZipInfo] | str:
    """Return the tables in a ZIP archive; if it has none, or more than 50, a clause that says what it contains.

    Raise zipfile.BadZipFile if the archive is damaged. JSON documents count as tables only if there are no others, a
    .txt file only if it is the only file.
    """
    with zipfile.ZipFile(path) as archive:
        infos = [i for i in archive.infolist() if not i.is_dir() and not i.filename.lower().endswith(_CLUTTER[1:])]
    infos = [info for info in infos if not info.filename.lower().startswith(_CLUTTER[0])]
    tables = [info for info in infos if Path(info.filename).suffix.lower() in _TABLES]
    # JSON documents beside tables usually describe them.
    tables = tables or [info for info in infos if Path(info.filename).suffix.lower() in _RECORDS]
    if len(infos) == 1 and Path(infos[0].filename).suffix.lower() == ".txt":
        tables = infos
    if 1 <= len(tables) <= MOST_MEMBERS:
        return tables
    kinds = Counter(Path(info.filename).suffix.lower().lstrip(".")[:12] or "?" for info in infos[:10_000])
    inside = ", ".join(f"{count} {kind}" for kind, count in kinds.most_common(5))
    if tables:
        return f"an archive with {len(tables)} tables ({inside}): more than are looked into"
    return f"an archive with {len(infos)} file(s), none of them a table ({inside})"


def shapefiles(path: Path) -> dict[str, list[zipfile.ZipInfo]]:
    """Return the shapefiles in a ZIP archive, at most 50: by name, the files in the archive of which each consists.

    The name is the path of the .shp file in the archive without its ending.
    """
    found: dict[str, list[zipfile.ZipInfo]] = {}
    with zipfile.ZipFile(path) as archive:
        infos = [info for info in archive.infolist() if not info.filename.lower().startswith(_CLUTTER[0])]
    for info in infos:
        if info.filename.lower().endswith(".shp") and len(found) < MOST_MEMBERS:
            stem = info.filename[:-4]
            own = {Path(one.filename).suffix.lower(): one for one in infos if one.filename[:-4] == stem}
            found[stem] = [own[ending] for ending in _SHAPE if ending in own]
    return found


@contextmanager
def unpacked_shapefile(path: Path, infos: Sequence[zipfile.ZipInfo], most: int) -> Iterator[Path]:
    """Unpack a shapefile from the ZIP archive at ``path``, and yield the path of its .shp file in a temporary folder.

    ``infos`` are the files in the archive of which the shapefile consists. Raise UnreadableError if they have more than
    ``most`` bytes together, are encrypted, or unpack to several hundred times their size; zipfile.BadZipFile if the
    archive is damaged.
    """
    with TemporaryDirectory(prefix="winnow-") as folder:
        left = most
        for info in infos:
            with unpacked_member(path, info, left) as member:
                left -= member.stat().st_size
                member.rename(Path(folder) / f"layer{Path(info.filename).suffix.lower()}")
        yield Path(folder) / "layer.shp"


@contextmanager
def unpacked_member(path: Path, info: zipfile.ZipInfo, most: int) -> Iterator[Path]:
    """Unpack one file from the ZIP archive at ``path``, and yield the path of a temporary file with its content.

    ``info`` says which file. Raise UnreadableError if it has more than ``most`` bytes by the directory of the archive,
    is encrypted, or unpacks to several hundred times its size; zipfile.BadZipFile if the archive is damaged. If it has
    more bytes than the directory says, those after ``most`` are left out. The temporary file has a name of our own,
    because names in archives may point anywhere.
    """
    if info.flag_bits & 1:
        raise UnreadableError("the archive is protected by a password", "protected_file")
    if info.file_size > 1024**2 and info.file_size > MAX_RATIO * max(1, info.compress_size):
        raise UnreadableError("the archive unpacks to several hundred times its size", "archive_bomb")
    if info.file_size > most:
        raise UnreadableError(f"the file in the archive has {info.file_size:,} bytes: too large to look into")
    with TemporaryDirectory(prefix="winnow-") as folder, zipfile.ZipFile(path) as archive:
        target = Path(folder) / "member"
        with archive.open(info) as source, target.open("wb") as out:
            left = most  # the size in the archive's directory may be false
            while left > 0 and (block := source.read(min(left, 1024**2))):
                left -= out.write(block)
        yield target


@contextmanager
def unpacked_gzip(path: Path, most: int) -> Iterator[tuple[Path, bool]]:
    """Unpack a gzip file, and yield the path of a temporary file with its content, and whether the content is
    incomplete.

    It is incomplete if the gzip file was cut, or unpacks to more than ``most`` bytes; then the first ``most`` bytes are
    kept. Raise zlib.error if the gzip file is damaged.
    """
    with TemporaryDirectory(prefix="winnow-") as folder:
        target = Path(folder) / "member"
        decoder, written, is_complete = zlib.decompressobj(wbits=31), 0, False
        with path.open("rb") as source, target.open("wb") as out:
            while written < most and (block := source.read(65_536)):
                while block and written < most:
                    written += out.write(decoder.decompress(block, most - written))
                    block = decoder.unconsumed_tail
                    is_complete = decoder.eof
                    if decoder.eof:  # gzip files may be strung together (RFC 1952 section 2.2)
                        block = decoder.unused_data
                        if block[:2] != b"\x1f\x8b":
                            break
                        decoder = zlib.decompressobj(wbits=31)
        yield target, not is_complete


def printable(name: str) -> str:
    """Return the name of a file in an archive in a form that may be shown.

    Unusual characters are replaced by "_", and at most the last 120 characters remain.
    """
    return re.sub(r"[^\w .()/-]", "_", name)[-120:].lstrip("./")
