"""Compress the records of an older catalogue, in parts, so that a killed upgrade goes on."""

from __future__ import annotations

import json

from catalog.db.compacting import is_to_compact
from catalog.db.packed import PackedTexts
from catalog.db.sqlite import Database
from catalog.model.records import record_facts

__all__ = ["pack_records", "pack_reports"]

PART = 500
"""Records that are compressed in one transaction."""


def pack_records(db: Database) -> None:
    """Compress all raw records that are stored as text, and fill the columns that :func:`record_facts` gives.

    Before that, train a dictionary for each portal that has none, see :meth:`PackedTexts.learn`. All this is done only
    while an older catalogue is being migrated; otherwise the call does nothing. Records are changed 500 in a
    transaction, and those that are compressed already are skipped.
    """
    if not is_to_compact(db):
        return
    packed = PackedTexts(db.conn)
    for (portal_id,) in db.execute("select id from portals order by id").fetchall():
        with db.atomic():
            packed.learn(portal_id)
    for table in ("records", "record_versions"):
        after = -1
        while rows := _texts(db, table, after):
            after = rows[-1][0]
            with db.atomic():
                _pack(db, packed, table, rows)


Rows = list[tuple[int, str, str]]
"""Row number, portal, and the record as text."""


def _texts(db: Database, table: str, after: int) -> Rows:
    return db.execute(
        f"""select r.rowid, d.portal_id, r.raw from {table} r join datasets d on d.id = r.dataset_id
            where r.rowid > ? and typeof(r.raw) = 'text' order by r.rowid limit {PART}""",  # noqa: S608  # names of the schema, a number of ours
        [after],
    ).fetchall()


def _pack(db: Database, packed: PackedTexts, table: str, rows: Rows) -> None:
    for portal_id in dict.fromkeys(portal for _, portal, _ in rows):
        own = [(key, raw) for key, portal, raw in rows if portal == portal_id]
        frames = packed.pack(portal_id, [raw for _, raw in own])
        if table == "record_versions":
            changes = [{"raw": frame} for frame in frames]
        else:
            changes = [{"raw": f, **record_facts(_parsed(raw), raw)} for f, (_, raw) in zip(frames, own, strict=True)]
        sets = ", ".join(f"{name} = ?" for name in changes[0])
        db.conn.executemany(
            f"update {table} set {sets} where rowid = ?",  # noqa: S608  # names of the schema
            ((*change.values(), key) for change, (key, _) in zip(changes, own, strict=True)),
        )


def _parsed(raw: str) -> object:
    try:
        return json.loads(raw)
    except (ValueError, RecursionError):
        return None


def pack_reports(db: Database) -> None:
    """Compress the reports on tables that are stored as text.

    This is done only while an older catalogue is being migrated; otherwise the call does nothing. Reports are changed
    500 in a transaction, and those that are compressed already are skipped.
    """
    if not is_to_compact(db):
        return
    packed = PackedTexts(db.conn)
    with db.atomic():
        packed.learn_reports()
    after = -1
    sql = f"""select rowid, report, profile from table_reports
              where rowid > ? and 'text' in (typeof(report), typeof(profile)) order by rowid limit {PART}"""  # noqa: S608  # a number of ours
    while rows := db.execute(sql, [after]).fetchall():
        after = rows[-1][0]
        with db.atomic():
            for at, name in ((1, "report"), (2, "profile")):
                texts = [(row[0], row[at]) for row in rows if isinstance(row[at], str)]
                frames = packed.pack(None, [text for _, text in texts])
                db.conn.executemany(
                    f"update table_reports set {name} = ? where rowid = ?",  # noqa: S608  # names of the schema
                    ((frame, key) for frame, (key, _) in zip(frames, texts, strict=True)),
                )
