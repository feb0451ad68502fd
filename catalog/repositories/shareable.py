"""Copy a catalogue for others: without what is said of persons, and without what must not be published yet."""

from __future__ import annotations

import sqlite3
from contextlib import closing
from pathlib import Path

from catalog.db.copying import copy_database
from catalog.db.migrations import bring_up_to_date
from catalog.db.packed import PackedTexts
from catalog.db.sqlite import Database
from catalog.repositories.set_apart import delete_apart
from catalog.repositories.withheld import take_out
from catalog.site.cleaned import without_cells

__all__ = ["copy_shareable"]

_PERSONAL = (
    "update replies set replied_by = null, note = null",
    "update reports set who = null, what = ''",
    "update census set confirmed_by = null, reason = null where confirmed_by is not null or waiting > 0",
    "delete from sent",
    "update portals set contact_email = null, portal_file = json_remove(portal_file, '$.contact_email')",
    "update publishers set email = null",
    "update datasets set contact_name = null, contact_email = null",
    "update harvests set approved_by = null",
    # Of tables their kind and shape, and no cell.
    "update table_reports set report = null, profile = without_cells(profile)",
    # It was trained from reports, with words of cells, and compresses none any more.
    "delete from record_dictionaries where portal_id is null",
)


def copy_shareable(source: Path, copy: Path) -> None:
    """Write a copy of the catalogue ``source`` that others may have to the new file ``copy``. A run may write to the
    catalogue meanwhile.

    Left out are names and texts of people who replied or reported, names and reasons of people who confirmed a census,
    the list of what was sent, which holds hashes of recipients, contacts of portals, publishers and datasets, who
    approved a harvest, cells of tables, the findings that must not be published yet
    (:func:`catalog.repositories.withheld.take_out`), and datasets whose content is withheld. Other records stay as the
    portals published them. The copy has the schema of this version. Raise sqlite3.DatabaseError if the catalogue cannot
    be read.
    """
    copy_database(source, copy)
    with closing(sqlite3.connect(copy)) as out:
        # A catalogue that no command has opened since an upgrade lacks tables.
        bring_up_to_date(Database(out))
        out.execute("pragma secure_delete = on")
        packed = PackedTexts(out)
        out.create_function("without_cells", 1, lambda profile: without_cells(packed.text(profile)))
        # These changes must make no dataset due.
        out.execute("create temp table was_due as select dataset_id from to_score")
        for statement in _PERSONAL:
            out.execute(statement)
        if take_out(out):
            delete_apart(out, packed)
        out.execute("delete from to_score where dataset_id not in (select dataset_id from was_due)")
        out.commit()
        # What was deleted must not stand in a page that is free now.
        out.execute("vacuum")
