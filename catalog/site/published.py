"""What the public copy of a catalogue was made from, so that it is made again only after a change.

``published.json`` beside the copy holds a digest of that, and size and hash of the copy. A run in which nothing
changed adds nothing but itself, and that is no change: such a run is named in the data package of the exports.
"""

from __future__ import annotations

import hashlib
import json
import sqlite3
from contextlib import closing
from dataclasses import asdict, dataclass
from pathlib import Path

from catalog.exports.program import public_file_digest
from catalog.exports.state import read_state
from catalog.files import sha256, write_whole

__all__ = [
    "STATE_OF_COPY",
    "PublicCopy",
    "basis_digest",
    "forget_public_copy",
    "read_public_copy",
    "source_digest",
    "write_public_copy",
]

STATE_OF_COPY = "published.json"
"""Name of the file, in the folder of the copy."""
_TOLD = (
    "select count(*), max(changed_run) from datasets",
    "select count(*), max(run_id) from changes",
    "select count(*), max(checked_at), total(length(etag)) from resource_checks",
    "select count(*), max(run_id), max(rejudged_run) from table_reports",
    "select count(*) from sent",
    "select id, portal_file from portals order by id",
    "select id, replied_by from replies where is_name_public order by id",
    "select id, who from reports where is_name_public order by id",
    "select count(*), max(id) from corrections",
    "select id, reason, lifted_at from withholdings order by id",
    "select id, package_sha256, imported_at from imported_catalogues order by id",
    "select id, catalogue_id, datasets from imported_portals order by id",
    "select portal_id, kind, record_id, pointer, value, message, url from harvest_errors"
    " where run_id = (select max(id) from runs) order by id",
    "select name, sql from sqlite_master order by name",
    "select winnow_version, methodology_version from runs order by id desc limit 1",
)
"""What readers of the copy see, but exported files do not depend on."""


@dataclass(frozen=True, slots=True)
class PublicCopy:
    """A public copy as it was written. ``source``: digest of what it was made from, see :func:`source_digest`."""

    source: str
    size: int
    """Bytes of the file."""
    sha256: str
    basis: str = ""
    """Digest of what made it, see :func:`basis_digest`; "" if that is not known."""
    refreshed: int = 0
    """How often it was copied and brought up to date since it was made as a whole."""


def source_digest(db: Path, exports: Path) -> str:
    """Return a digest of what the public copy of the catalogue ``db`` is made from; "" if it cannot be told.

    ``exports``: folder of the exported files. The digest includes the one that an export of schema 2 stores there; if
    none is stored, or the last export was interrupted, the result is "". Raise sqlite3.Error if the catalogue cannot be
    read.
    """
    everything = read_state(exports).everything
    if not everything:
        return ""
    with closing(sqlite3.connect(db, timeout=30)) as source:
        told = [source.execute(sql).fetchall() for sql in _TOLD]
    return hashlib.sha256(repr((everything, told)).encode("utf-8", "surrogatepass")).hexdigest()


def basis_digest(db: Path) -> str:
    """Return a digest of everything but rows that decides what the public copy of the catalogue ``db`` says: the
    program and its specifications, and the tables, views, triggers and indexes of the catalogue.

    Raise sqlite3.Error if the catalogue cannot be read.
    """
    with closing(sqlite3.connect(db, timeout=30)) as source:
        schema = source.execute("select name, sql from sqlite_master order by name").fetchall()
    return hashlib.sha256(repr((public_file_digest(), schema)).encode("utf-8", "surrogatepass")).hexdigest()


def read_public_copy(path: Path) -> PublicCopy | None:
    """Return what is recorded about the public copy ``path``.

    None if nothing readable is recorded, if the copy does not exist, or if it has another size than recorded.
    """
    try:
        copy = PublicCopy(**json.loads(path.with_name(STATE_OF_COPY).read_text("utf-8")))
        return copy if path.stat().st_size == copy.size else None
    except (OSError, ValueError, TypeError):
        return None


def write_public_copy(path: Path, source: str, basis: str = "", refreshed: int = 0) -> None:
    """Record the public copy ``path``, which was just written. ``source``, ``basis`` and ``refreshed`` are those of
    :class:`PublicCopy`."""
    target = path.with_name(STATE_OF_COPY)
    copy = PublicCopy(source, path.stat().st_size, sha256(path), basis, refreshed)
    write_whole(target, json.dumps(asdict(copy), indent=1) + "\n")


def forget_public_copy(path: Path) -> None:
    """Delete what is recorded about the public copy ``path``: it was written from a state that is not known."""
    path.with_name(STATE_OF_COPY).unlink(missing_ok=True)
