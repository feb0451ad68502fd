"""Copy a catalogue as of one moment, and tell whether a copy can be opened by this version."""

from __future__ import annotations

import os
import sqlite3
from contextlib import closing
from pathlib import Path

from catalog.db.migrations import is_up_to_date, migrate
from catalog.db.sqlite import Database

__all__ = ["copy_database", "fault_of", "is_of_this_version", "known_steps", "steps_of"]


def copy_database(source: Path, copy: Path) -> None:
    """Copy the SQLite file ``source``, to which others may be writing, to the new file ``copy``, as of one moment.

    Raise sqlite3.DatabaseError if ``source`` is no database or cannot be read.
    """
    with (
        closing(sqlite3.connect(f"file:{source}?mode=ro", uri=True, timeout=30)) as db,
        closing(sqlite3.connect(copy)) as out,
    ):
        db.backup(out)
        out.execute("pragma journal_mode = delete")


def _opened(catalogue: Path) -> sqlite3.Connection:
    # A connection that may only read leaves the files of the write-ahead log behind.
    mode = "rw" if os.access(catalogue, os.W_OK) else "ro"
    return sqlite3.connect(f"file:{catalogue}?mode={mode}", uri=True, timeout=30)


def steps_of(catalogue: Path) -> list[str]:
    """Return the names of the steps of :mod:`catalog.db.migrations` that made a catalogue's schema, sorted.

    Raise sqlite3.DatabaseError if the file ``catalogue`` is not a catalogue or cannot be read.
    """
    with closing(_opened(catalogue)) as db:
        return [name for (name,) in db.execute("select name from _sqlite_migrations order by name")]


def known_steps() -> frozenset[str]:
    """Return the names of all steps of :mod:`catalog.db.migrations` in this version of the program."""
    with closing(sqlite3.connect(":memory:")) as memory:
        return frozenset(step.name for step in migrate.pending(Database(memory)))


def is_of_this_version(catalogue: Path) -> bool:
    """Return whether a file is a catalogue that this version can read without a change to it, see
    :func:`catalog.db.migrations.is_up_to_date`. False also if it cannot be read, or is of a newer version."""
    try:
        with closing(_opened(catalogue)) as db:
            return is_up_to_date(Database(db)) and known_steps().issuperset(steps_of(catalogue))
    except sqlite3.Error:
        return False


def fault_of(catalogue: Path) -> str | None:
    """Return why a file cannot be opened as a catalogue by this version, in words; None if it can be."""
    try:
        with closing(_opened(catalogue)) as db:
            said = str(db.execute("pragma quick_check(1)").fetchone()[0])
        if said != "ok":
            return said
        return "it is of a newer version" if set(steps_of(catalogue)) - known_steps() else None
    except sqlite3.DatabaseError as error:
        return str(error)
