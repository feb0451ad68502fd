"""Copy a catalogue for others: without what is said of persons, and without what must not be published yet."""

from __future__ import annotations

import sqlite3
from contextlib import closing
from pathlib import Path

from catalog.db.copying import copy_database
from catalog.db.migrations import bring_up_to_date
from catalog.db.sqlite import Database
from catalog.repositories.withheld import take_out

__all__ = ["copy_shareable"]

_PERSONAL = (
    "update replies set replied_by = null, note = null",
    "update reports set who = null, what = ''",
    "update census set confirmed_by = null, reason = null where confirmed_by is not null or waiting > 0",
    "delete from sent",
)


def copy_shareable(source: Path, copy: Path) -> None:
    """Write a copy of the catalogue ``source`` that others may have to the new file ``copy``. A run may write to the
    catalogue meanwhile.

    Left out are names and texts of people who replied or reported, names and reasons of people who confirmed a census,
    the list of what was sent, which holds hashes of recipients, and the findings that must not be published yet
    (:func:`catalog.repositories.withheld.take_out`). The copy has the schema of this version. Raise
    sqlite3.DatabaseError if the catalogue cannot be read.
    """
    copy_database(source, copy)
    with closing(sqlite3.connect(copy)) as out:
        # A catalogue that no command has opened since an upgrade lacks tables.
        bring_up_to_date(Database(out))
        out.execute("pragma secure_delete = on")
        for statement in _PERSONAL:
            out.execute(statement)
        take_out(out)
        out.commit()
        # What was deleted must not stand in a page that is free now.
        out.execute("vacuum")
