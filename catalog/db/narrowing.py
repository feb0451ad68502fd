"""Move the findings of an older catalogue into the narrow table, in parts, so that a killed upgrade goes on."""

from __future__ import annotations

from itertools import chain
from typing import Any

from catalog.db.interned import keys_of, rule_keys, stored_id, text_keys
from catalog.db.schema.address import address
from catalog.db.schema.found import IDS, RULE, TEXTS
from catalog.db.sqlite import Database

__all__ = ["BEFORE", "move_findings"]

BEFORE = "findings_before"
"""Table with the wide rows of an older catalogue while they are moved."""
PART = 10_000
"""Rows that are moved in one transaction."""
_PLAIN = ("state", "runs_failing", "gain_points", "http_status", "first_row", "error_count", "rate_per_1000")
_COLUMNS = ("key", "public_id", "carried_key", "resource_url", "rule_key", *IDS.values(), *TEXTS, *_PLAIN)


def move_findings(db: Database) -> None:
    """Move every row of the old table ``findings_before`` into ``finding_rows``, then drop the old table.

    If there is no old table, do nothing. Rows are moved in the order of their row numbers, 10,000 in a transaction, and
    keep the row number as their key. After an interruption the next call therefore continues after the greatest key in
    ``finding_rows``.
    """
    if BEFORE not in db.table_names():
        return
    done = db.execute("select coalesce(max(key), -9223372036854775808) from finding_rows").fetchone()[0]
    while True:
        with db.atomic():
            moved = _move_part(db, done)
        if moved is None:
            break
        done = moved
    with db.atomic():
        db.execute(f"drop table {BEFORE}")


def _move_part(db: Database, after: int) -> int | None:
    """Move the next rows after a number, and return the number of the last of them; None if there are none."""
    texts, ids, rule = (", ".join(f"f.{name}" for name in names) for names in (TEXTS, IDS, RULE))
    plain = ", ".join(f"f.{name}" for name in _PLAIN)
    rows: list[Any] = db.execute(
        f"""select f.rowid, f.id, (select next.rowid from {BEFORE} next where next.id = f.carried_to),
              nullif(coalesce(f.resource_url, ''), coalesce({address("d")}, '')), {rule}, {ids}, {texts}, {plain}
            from {BEFORE} f left join distributions d on d.id = f.distribution_id
            where f.rowid > ? order by f.rowid limit {PART}""",  # noqa: S608  # SQL of ours
        [after],
    ).fetchall()
    if not rows:
        return None
    start, middle, end = 4 + len(RULE), 4 + len(RULE) + len(IDS), 4 + len(RULE) + len(IDS) + len(TEXTS)
    # Dicts, not sets: they keep the order, so that the same catalogue gets the same keys.
    key_of = keys_of(db.conn, dict.fromkeys(chain.from_iterable(row[start:middle] for row in rows)))
    text_of = text_keys(db.conn, dict.fromkeys(chain.from_iterable(row[middle:end] for row in rows)))
    rule_of = rule_keys(db.conn, dict.fromkeys(row[4:start] for row in rows))
    marks = ", ".join("?" * len(_COLUMNS))
    db.conn.executemany(
        f"insert into finding_rows ({', '.join(_COLUMNS)}) values ({marks})",  # noqa: S608  # names of the schema
        (
            (
                row[0], stored_id(row[1]), *row[2:4], rule_of[row[4:start]],
                *(key_of[one] for one in row[start:middle]), *(text_of[one] for one in row[middle:end]), *row[end:],
            )
            for row in rows
        ),
    )  # fmt: skip
    return int(rows[-1][0])
