"""Pack the history of checks of an older catalogue into strips, in parts, so that a killed upgrade goes on."""

from __future__ import annotations

import json
from itertools import groupby

from catalog.db.sqlite import Database
from catalog.db.strips import STRIP, PastCheck, add_to, address_keys, code_numbers, run_start, seconds_of, strip_of
from catalog.model import stable_id

__all__ = ["pack_history"]

BEFORE = "resource_history"
"""Table with a row for each check, until its rows are packed; afterwards a view has this name."""
PART = 2_000
"""Addresses that are packed in one transaction."""


def pack_history(db: Database) -> None:
    """Pack every row of the old table ``resource_history`` into ``check_strips``, then drop the table.

    If there is no such table, do nothing. Addresses are packed in alphabetical order, 2,000 in a transaction. After an
    interruption the next call therefore continues after the last address that has a strip.
    """
    if BEFORE not in db.table_names():
        return
    _number_runs(db)
    done = db.execute(
        "select coalesce(max(a.url), '') from check_strips s join addresses a on a.key = s.address"
    ).fetchone()[0]
    while True:
        with db.atomic():
            last = _pack_part(db, done)
        if last is None:
            break
        done = last
    with db.atomic():
        db.execute(f"drop table {BEFORE}")


def _number_runs(db: Database) -> None:
    """Give the runs their numbers in the order in which they were, before any check refers to them."""
    sql = f"select run_id, min(checked_at) from {BEFORE} group by run_id order by run_id"  # noqa: S608  # a constant
    with db.atomic():
        for run_id, checked_at in db.execute(sql).fetchall():
            run_start(db.conn, run_id, checked_at)


def _pack_part(db: Database, after: str) -> str | None:
    """Pack the checks of the next addresses after one, and return the last of them; None if there are none."""
    sql = f"select distinct url from {BEFORE} where url > ? order by url limit {PART}"  # noqa: S608  # names of the schema, a number of ours
    urls = [url for (url,) in db.execute(sql, [after])]
    if not urls:
        return None
    rows = db.execute(
        f"""select h.url, h.checked_at, r.number, r.second, h.elapsed_ms, h.outcome, h.fault, h.is_changed
            from {BEFORE} h join check_runs r on r.id = h.run_id where h.url in (select value from json_each(?))
            order by h.url, r.number""",  # noqa: S608  # names of the schema
        [json.dumps(urls)],
    ).fetchall()
    keys = address_keys(db.conn, urls)
    codes = code_numbers(db.conn, (row[5:] for row in rows))
    changed = {number for (_, _, is_changed), number in codes.items() if is_changed}
    written = []
    for url, own in groupby(rows, key=lambda row: row[0]):
        checks: list[PastCheck] = []
        for _, checked_at, number, start, elapsed, *found in own:
            code = codes[found[0], found[1], found[2]]
            checks = add_to(checks, PastCheck(number, seconds_of(checked_at) - start, elapsed, code))
        written.append((keys[url], bytes.fromhex(stable_id(url)), *strip_of(checks, changed)))
    marks = ", ".join("?" * (2 + len(STRIP)))
    db.conn.executemany(
        f"insert into check_strips (address, digest, {', '.join(STRIP)}) values ({marks})",  # noqa: S608  # names of the schema
        written,
    )
    return str(urls[-1])
