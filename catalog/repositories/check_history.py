"""The history of checks: the last 60 of each address, packed as ``catalog.db.schema.strips`` says."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from datetime import UTC, date, datetime
from typing import Any

from catalog.db.due_triggers import NOTE, of_address
from catalog.db.store import Catalog
from catalog.db.strips import (
    STRIP,
    PastCheck,
    add_to,
    address_keys,
    code_numbers,
    run_start,
    seconds_of,
    strip_of,
    unpacked,
)
from catalog.model import stable_id

__all__ = ["days_of_change", "remember"]

_UPTIME = {"ok": 1.0, "failing": 0.0, "broken": 0.0}
"""How outcomes count for the uptime of an address; "unknown" does not count."""
_COLUMNS = ", ".join(f"s.{name}" for name in STRIP)


def remember(catalog: Catalog, run_id: str, rows: Sequence[dict[str, Any]]) -> None:
    """Add the checks ``rows`` of a run to the history of their addresses, and set ``uptime`` and ``uptime_checks`` in
    each row.

    ``rows``: values of ``resource_checks`` by column; they are changed, not written. ``uptime`` is the share of the
    stored checks with the outcome "ok", 0 to 1, or None if no stored check counts, and ``uptime_checks`` the number of
    checks it is based on; checks with the outcome unknown or invalid do not count. A check that a killed run repeats is
    stored once. Of each address the last 60 checks are kept. If the check that is dropped had seen a change, the
    datasets with this address are noted as to be scored again. Call it inside a transaction.
    """
    if not rows:
        return
    conn = catalog.db.conn
    keys = address_keys(conn, (row["url"] for row in rows))
    known = _strips(catalog, list(keys.values()))
    number, start = run_start(conn, run_id, rows[0]["checked_at"])
    codes = code_numbers(conn, (_code(row) for row in rows))
    share_of = {number: _UPTIME.get(outcome or "") for (outcome, _, _), number in codes.items()}
    changed = {number for (_, _, is_changed), number in codes.items() if is_changed}
    written, less_changes = [], []
    for row in rows:
        key = keys[row["url"]]
        check = PastCheck(number, seconds_of(row["checked_at"]) - start, row["elapsed_ms"], codes[_code(row)])
        before = known.get(key, ())
        checks = known[key] = add_to(before, check)
        if before and before[0].code in changed and checks[0] != before[0]:
            less_changes.append({"url": row["url"]})
        written.append((key, bytes.fromhex(stable_id(row["url"])), *strip_of(checks, changed)))
        shares = [share for one in checks if (share := share_of[one.code]) is not None]
        row["uptime"], row["uptime_checks"] = round(sum(shares) / len(shares), 4) if shares else None, len(shares)
    names = ("address", "digest", *STRIP)
    catalog.upsert_rows("check_strips", names, written)
    conn.executemany(NOTE.format(select=of_address(":url")), less_changes)


def _code(row: Mapping[str, Any]) -> tuple[str | None, str | None, int | None]:
    return row["outcome"], row["fault"], row["is_changed"]


def _strips(catalog: Catalog, keys: Sequence[int]) -> dict[int, Sequence[PastCheck]]:
    sql = f"select s.address, {_COLUMNS} from check_strips s where address in (select value from json_each(?))"  # noqa: S608  # names of the schema
    return {key: unpacked(strip) for key, *strip in catalog.db.conn.execute(sql, [json.dumps(keys)])}


def days_of_change(catalog: Catalog, urls: Sequence[str]) -> dict[str, tuple[date, ...]]:
    """Return, for each of the addresses ``urls`` whose content was seen to have changed, the days (UTC) of the checks
    that saw it, oldest first."""
    conn = catalog.db.conn
    # Only names of the schema are inserted into the text. Few strips have a change.
    rows = conn.execute(
        f"""select a.url, {_COLUMNS} from addresses a join check_strips s on s.address = a.key
            where s.changes and a.url in (select value from json_each(?))""",  # noqa: S608  # names of the schema
        [json.dumps(urls)],
    ).fetchall()
    if not rows:
        return {}
    changed = {number for (number,) in conn.execute("select number from check_codes where is_changed")}
    start_of = dict(conn.execute("select number, second from check_runs"))
    return {
        url: tuple(
            datetime.fromtimestamp(start_of[one.run] + one.second, UTC).date()
            for one in sorted(unpacked(strip), key=lambda one: start_of[one.run] + one.second)
            if one.code in changed
        )
        for url, *strip in rows
    }
