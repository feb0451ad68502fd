"""Give back the disk that a migration freed, and refuse a migration for which there is too little of it."""

from __future__ import annotations

import logging
import shutil
from pathlib import Path

from catalog.db.sqlite import Database

__all__ = ["NoRoomError", "check_room", "compact", "is_to_compact", "mark_for_compacting"]

log = logging.getLogger(__name__)

_MARK = "to_compact"
"""Empty table that is there from the first step that frees much until the file has been compacted."""
_SAID_FROM = 100_000_000
"""Bytes; nobody waits for a smaller file."""


class NoRoomError(Exception):
    """A migration needs more disk than is free. The message says how much, and what to do."""


def needed_bytes(size: int) -> int:
    """Return how many bytes of free disk are enough to migrate and compact a catalogue file of ``size`` bytes.

    They are an eighth more than ``size``. While rows are moved, the file grows. Compacting then writes the remaining
    content twice, into a temporary file and from there into the write-ahead log. That content is somewhat less than
    half of the old file: one of 122 MB needed 100 MB, one of 2,148 MB about 2,100 MB.
    """
    return size + size // 8


def check_room(db: Database, *, will_shrink: bool) -> None:
    """Raise NoRoomError if a catalogue must be migrated and compacted (SQLite ``vacuum``) but its disk has too little
    free space.

    ``will_shrink``: whether a migration step that is still to run will free much space, so that the file is compacted
    after it. If more than 100 MB are needed, write a warning to the log that says how much. SQLite's temporary files
    are assumed to be on the same disk.
    """
    name = db.execute("select file from pragma_database_list where name = 'main'").fetchone()[0]
    if not name or not (will_shrink or is_to_compact(db)):
        return
    path = Path(name)
    needed, free = needed_bytes(path.stat().st_size), shutil.disk_usage(path.parent).free
    if free < needed:
        raise NoRoomError(
            f"bringing it up to date needs {_mb(needed)} of free disk and there are {_mb(free)}; free some space and "
            "run again: it goes on where it stopped"
        )
    if needed > _SAID_FROM:
        log.warning("%s is brought up to date: this needs up to %s of free disk, and ends smaller", path, _mb(needed))


def _mb(size: int) -> str:
    return f"{size / 1e6:,.0f} MB"


def mark_for_compacting(db: Database) -> None:
    """Note in the database that the file must be compacted (SQLite ``vacuum``) after the last migration step.

    Call it inside the transaction of the step that frees the space.
    """
    db.execute(f"create table if not exists {_MARK} (id integer primary key)")


def is_to_compact(db: Database) -> bool:
    """Return whether a migration step called :func:`mark_for_compacting` and the file has not been compacted since."""
    return _MARK in db.table_names()


def compact(db: Database) -> None:
    """Run SQLite's ``vacuum`` on the file if a migration step called :func:`mark_for_compacting`; else do nothing.

    If the process is killed meanwhile, the next call runs it again.
    """
    if not is_to_compact(db):
        return
    db.execute("vacuum")
    with db.atomic():
        # A vacuum may renumber rows, and the full-text index uses the numbers.
        db.execute("insert into datasets_fts (datasets_fts) values ('rebuild')")
        db.execute(f"drop table {_MARK}")
