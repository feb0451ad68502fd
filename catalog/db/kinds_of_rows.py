"""Move the measurements of an older catalogue's distributions, in parts, so that a killed upgrade goes on."""

from __future__ import annotations

from typing import Any

from catalog.db.interned import keys_of, kind_keys
from catalog.db.schema import metric_columns
from catalog.db.schema.found import interned
from catalog.db.schema.judged import KIND
from catalog.db.sqlite import Database

__all__ = ["MEASURED_BEFORE", "move_measurements"]

MEASURED_BEFORE = "distribution_quality_before"
"""Table with the wide rows of an older catalogue while they are moved."""
PART = 10_000
"""Rows that are moved in one transaction."""


def move_measurements(db: Database) -> None:
    """Move every row of the old table of measurements into ``measured_distributions``, then drop the old table.

    If there is no old table, do nothing. A row that was moved before is moved again to the same effect, so a killed
    migration can be continued.
    """
    if MEASURED_BEFORE not in db.table_names():
        return
    there = db.table(MEASURED_BEFORE).columns_dict
    columns = tuple(name for name in (*KIND, *metric_columns("distribution")) if name in there)
    shown = ", ".join(interned("q.unknown") if name == "unknown" else f"q.[{name}]" for name in columns)
    after = 0
    while True:
        rows: list[Any] = db.execute(
            f"""select q.rowid, q.distribution_id, q.run_id, {shown} from {MEASURED_BEFORE} q
                where q.rowid > ? order by q.rowid limit {PART}""",  # noqa: S608  # names of the schema
            [after],
        ).fetchall()
        if not rows:
            break
        after = rows[-1][0]
        with db.atomic():
            _move(db, columns, rows)
    with db.atomic():
        db.execute(f"drop table {MEASURED_BEFORE}")


def _move(db: Database, columns: tuple[str, ...], rows: list[Any]) -> None:
    # Dicts, not sets: they keep the order, so that the same catalogue gets the same keys.
    kinds = kind_keys(db.conn, columns, dict.fromkeys(row[3:] for row in rows))
    keys = keys_of(db.conn, dict.fromkeys(name for row in rows for name in row[1:3]))
    db.conn.executemany(
        "insert or replace into measured_distributions (distribution_key, run_key, kind) values (?, ?, ?)",
        [(keys[row[1]], keys[row[2]], kinds[row[3:]]) for row in rows],
    )
