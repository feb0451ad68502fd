"""Move rows of an older catalogue to where a view now reads them, in parts, so that a killed upgrade goes on."""

from __future__ import annotations

from catalog.db.encoding import short_rows
from catalog.db.schema import TABLES
from catalog.db.schema.kinds import TableSpec
from catalog.db.sqlite import Database

__all__ = ["move_rows"]

PART = 5_000
"""Rows that are moved in one transaction."""


def move_rows(db: Database) -> None:
    """Move the rows of each table that is a view today into the table ``TableSpec.stored_in``, and drop the old table.

    Rows are moved in their order, 5,000 in a transaction. A row that was moved before an interruption is moved again,
    to the same effect.
    """
    old = [name for name, spec in TABLES.items() if spec.stored_in and name in db.table_names()]
    for name in old:
        _move(db, name, TABLES[name])


def _move(db: Database, name: str, spec: TableSpec) -> None:
    target, there = str(spec.stored_in), db.table(name).columns_dict
    names = [column for column in spec.columns if column in there and column not in spec.made]
    columns, marks = ", ".join(f"[{one}]" for one in names), ", ".join("?" * len(names))
    updates = ", ".join(f"[{one}] = excluded.[{one}]" for one in names if one not in spec.key)
    conflict = ", ".join(f"[{one}]" for one in spec.key)
    read = f"select rowid, {columns} from [{name}] where rowid > ? order by rowid limit {PART}"  # noqa: S608  # names of the schema, a number of ours
    write = f"insert into [{target}] ({columns}) values ({marks}) on conflict ({conflict}) do update set {updates}"  # noqa: S608  # names of the schema
    done = db.execute(f"select min(rowid) - 1 from [{name}]").fetchone()[0]  # noqa: S608  # a name of the schema
    while rows := db.execute(read, [done]).fetchall():
        with db.atomic():
            db.conn.executemany(write, short_rows(db.conn, names, [row[1:] for row in rows], spec.forms))
        done = rows[-1][0]
    with db.atomic():
        db.execute(f"drop table [{name}]")
