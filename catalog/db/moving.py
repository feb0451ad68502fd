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

    Rows are moved in the order of their keys, 5,000 in a transaction. After an interruption the next call therefore
    continues after the last row that was moved.
    """
    old = [name for name, spec in TABLES.items() if spec.stored_in and name in db.table_names()]
    for name in old:
        _move(db, name, TABLES[name])


def _move(db: Database, name: str, spec: TableSpec) -> None:
    pk, target = spec.pk, str(spec.stored_in)
    there = db.table(name).columns_dict
    names = [column for column in spec.columns if column in there]
    columns, marks = ", ".join(f"[{one}]" for one in names), ", ".join("?" * len(names))
    updates = ", ".join(f"[{one}] = excluded.[{one}]" for one in names if one != pk)
    read = f"select {columns} from [{name}] where [{pk}] > ? order by [{pk}] limit {PART}"  # noqa: S608  # names of the schema, a number of ours
    write = f"insert into [{target}] ({columns}) values ({marks}) on conflict ([{pk}]) do update set {updates}"  # noqa: S608  # names of the schema
    done = db.execute(f"select coalesce(max([{pk}]), '') from [{target}] where {spec.stored_where}").fetchone()[0]  # noqa: S608  # SQL of ours
    while rows := db.execute(read, [done]).fetchall():
        with db.atomic():
            db.conn.executemany(write, short_rows(db.conn, names, rows, spec.forms))
        done = rows[-1][names.index(pk)]
    with db.atomic():
        db.execute(f"drop table [{name}]")
