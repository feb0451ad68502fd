"""Move the scores of an older catalogue into narrow rows, in parts, so that a killed upgrade goes on."""

from __future__ import annotations

from catalog.db.schema.scored import BEFORE, SCORE_COLUMNS
from catalog.db.sqlite import Database

__all__ = ["move_scores"]

PART = 5_000
"""Rows that are moved in one transaction."""


def move_scores(db: Database) -> None:
    """Move every row of the old table ``score_history`` to where the view of that name reads it, then drop the table.

    The old table has the name ``catalog.db.schema.scored.BEFORE``; if there is none, do nothing. Rows are moved run by
    run, because the values of a score are stored only if they differ from those of the run before. A row is deleted in
    the transaction that moves it, so a killed migration can be continued. Call it after the views were created.
    """
    if BEFORE not in db.table_names():
        return
    there = db.table(BEFORE).columns_dict
    names = ", ".join(name for name in SCORE_COLUMNS if name in there)
    runs = [run for (run,) in db.execute(f"select distinct run_id from {BEFORE} order by 1").fetchall()]  # noqa: S608  # a constant
    moved = f"{BEFORE} where run_id is ? and rowid <= ?"
    for run in runs:
        keys_of_some = f"select rowid from {BEFORE} where run_id is ? order by rowid limit {PART}"  # noqa: S608  # constants
        while rows := db.execute(keys_of_some, [run]).fetchall():
            last = [run, rows[-1][0]]
            with db.atomic():
                db.execute(f"insert into score_history ({names}) select {names} from {moved}", last)  # noqa: S608  # names of the schema
                db.execute(f"delete from {moved}", last)  # noqa: S608  # a constant
    with db.atomic():
        db.execute(f"drop table {BEFORE}")
