"""Copy a catalogue as of one moment, and tell whether a copy can be opened by this version."""

from __future__ import annotations

import os
import sqlite3
from contextlib import closing
from pathlib import Path

from catalog.db.migrations import migrate
from catalog.db.sqlite import Database

__all__ = ["copy_catalogue", "copy_database", "fault_of", "known_steps", "steps_of"]

_PERSONAL = {
    "replies": "update replies set replied_by = null, note = null",
    "reports": "update reports set who = null, what = ''",
    "census": "update census set confirmed_by = null, reason = null where confirmed_by is not null or waiting > 0",
    "sent": "delete from sent",
}


def copy_catalogue(source: Path, copy: Path, *, is_shareable: bool = False) -> None:
    """Write a copy of the catalogue ``source`` to the new file ``copy``. A run may write to the catalogue meanwhile.

    ``is_shareable``: leave out names and texts of people who replied or reported, names and reasons of people who
    confirmed a census, and the list of what was sent, which holds hashes of recipients. Raise sqlite3.DatabaseError if
    the catalogue cannot be read.
    """
    copy_database(source, copy)
    if is_shareable:
        with closing(sqlite3.connect(copy)) as out:
            out.execute("pragma secure_delete = on")
            there = {name for (name,) in out.execute("select name from sqlite_master where type = 'table'")}
            for table, statement in _PERSONAL.items():
                # A catalogue that no command has opened since an upgrade has fewer tables.
                if table in there:
                    out.execute(statement)
            out.commit()
            # What was deleted must not stand in a page that is free now.
            out.execute("vacuum")


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
