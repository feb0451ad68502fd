"""Move what people wrote, and earlier versions stored in the catalogue, to the private file beside it."""

from __future__ import annotations

import sqlite3
from pathlib import Path

from catalog.repositories.people import COLUMNS, keep, leave_no_trace

__all__ = ["move_names", "move_texts"]


def move_names(db: sqlite3.Connection, data: Path) -> None:
    """Move names that may not be public from a catalogue, where an earlier version wrote them, to the private file.

    ``db``: connection to the catalogue. ``data``: folder of the private file ``people.db``. A name may be public if its
    row has ``is_name_public``. The rows get new ids: the old ones were made from the names too, so that a name could be
    guessed by its id.
    """
    for kind, (table, column, _) in COLUMNS.items():
        # Only names of the schema are inserted into the text, here and below.
        where = f"from {table} where {column} is not null and coalesce(is_name_public, 0) = 0"
        rows = db.execute(f"select id, {column} {where}").fetchall()
        if rows:
            db.execute("pragma secure_delete = on")
            ids = {old: _new_id(db) for old, _ in rows}
            keep(data, kind, names=[(ids[old], name) for old, name in rows])
            for old, new in ids.items():
                db.execute(f"update {table} set id = ?, {column} = null where id = ?", [new, old])  # noqa: S608  # names of the schema
                if kind == "reply":
                    db.execute(
                        """update corrections set reply_id = :new, id = replace(id, '/' || :old, '/' || :new)
                           where reply_id = :old""",
                        {"new": new, "old": old},
                    )
            db.commit()
            leave_no_trace(db)
            db.execute("pragma secure_delete = off")


def _new_id(db: sqlite3.Connection) -> str:
    return str(db.execute("select lower(hex(randomblob(10)))").fetchone()[0])


def move_texts(db: sqlite3.Connection, data: Path) -> int:
    """Move the texts and names of an earlier version, which nobody approved, from a catalogue to the private file in
    ``data``. Return the number of replies and reports concerned.

    ``db``: connection to the catalogue, outside a transaction. Nothing is lost: the operator can approve them.
    """
    count = 0
    for kind, (table, name_column, text_column) in COLUMNS.items():
        # Only names of the schema are inserted into the text, here and below.
        rows = db.execute(
            f"""select id, {text_column}, {name_column} from {table}
                where (coalesce({text_column}, '') != '' or {name_column} is not null)
                  and coalesce(is_text_approved, 0) = 0"""  # noqa: S608  # names of the schema
        ).fetchall()
        if not rows:
            continue
        db.execute("pragma secure_delete = on")
        keep(
            data,
            kind,
            names=[(key, name) for key, _, name in rows if name],
            texts=[(key, text) for key, text, _ in rows if text],
        )
        db.executemany(
            f"update {table} set {text_column} = null, {name_column} = null, is_text_approved = 0 where id = ?",  # noqa: S608  # names of the schema
            [(key,) for key, _, _ in rows],
        )
        db.commit()
        leave_no_trace(db)
        db.execute("pragma secure_delete = off")
        count += len(rows)
    return count
