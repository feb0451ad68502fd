"""Store the long texts of an older catalogue once each, in parts, so that a killed upgrade goes on."""

from __future__ import annotations

from catalog.db.compacting import is_to_compact
from catalog.db.interned import text_keys
from catalog.db.schema.found import INTERNED
from catalog.db.sqlite import Database

__all__ = ["intern_texts"]

PART = 10_000
"""Rows that are changed in one transaction."""


def intern_texts(db: Database) -> None:
    """Replace each text in the columns ``catalog.db.schema.found.INTERNED`` by its integer key in ``finding_texts``,
    also where its table has not been moved yet.

    This is done only while an older catalogue is being migrated; otherwise the call does nothing. A cell that already
    holds a key is left unchanged, so a killed migration can be continued.
    """
    if not is_to_compact(db):
        return
    for table, column in (*INTERNED, ("conformance", "results")):
        if table not in db.table_names():
            continue
        after = -1
        while True:
            rows = db.execute(
                f"select rowid, [{column}] from [{table}] where rowid > ? order by rowid limit {PART}",  # noqa: S608  # names of the schema
                [after],
            ).fetchall()
            if not rows:
                break
            after = rows[-1][0]
            texts = [(key, text) for key, text in rows if text and not text.isdigit()]
            with db.atomic():
                keys = text_keys(db.conn, dict.fromkeys(text for _, text in texts))
                db.conn.executemany(
                    f"update [{table}] set [{column}] = ? where rowid = ?",  # noqa: S608  # names of the schema
                    [(keys[text], key) for key, text in texts],
                )
