"""Pack the checks of an address into the row of its strip and unpack them, see ``catalog.db.schema.strips``.

The functions that look up numbers add what is missing. Call them inside a transaction. Nothing is cached between calls:
a transaction that is undone takes its numbers with it.
"""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Collection, Iterable, Sequence
from datetime import UTC, datetime
from typing import Any, NamedTuple

from catalog.db.schema.strips import HISTORY, SMALL, character, fact

__all__ = [
    "STRIP",
    "PastCheck",
    "add_to",
    "address_keys",
    "code_numbers",
    "run_start",
    "seconds_of",
    "strip_of",
    "unpacked",
]

STRIP = ("checks", "changes", "run", "runs", "second", "seconds", "elapsed", "codes")
"""Columns of ``check_strips`` that hold the checks, in the order of :func:`strip_of`."""
Code = tuple[str | None, str | None, int | None]
"""Outcome, fault, and whether the data had changed."""


class PastCheck(NamedTuple):
    """One check of an address: the number of its run, the second from the start of that run, the milliseconds it took
    (None: unknown), and the number of what it found."""

    run: int
    second: int
    elapsed: int | None
    code: int


def strip_of(checks: Sequence[PastCheck], changed: Collection[int]) -> tuple[Any, ...]:
    """Return the values of the columns ``STRIP`` for the checks of an address, at least one, in the order of their
    runs.

    ``changed``: numbers of the codes of checks that saw a change. The second of a check is stored as the difference to
    the smallest second in the strip. This difference, and the milliseconds that a check took, are stored as ``LARGEST``
    at most; no check is so late or so slow.
    """
    first, start = checks[0].run, min(check.second for check in checks)
    runs = [check.run - first for check in checks]
    codes = [check.code for check in checks]
    return (
        len(checks),
        sum(code in changed for code in codes),
        first,
        None if runs == list(range(len(checks))) else _packed(runs),
        start,
        _packed([check.second - start for check in checks]),
        _packed([0 if check.elapsed is None else max(check.elapsed, 0) + 1 for check in checks]),
        _packed(codes),
    )


def _packed(facts: Sequence[int]) -> str:
    kept = facts[:1] if facts.count(facts[0]) == len(facts) else facts
    # Nearly all are small, and then no function is called for each.
    return "".join(map(chr, [one + 1 for one in kept]) if max(kept) < SMALL else map(character, kept))


def unpacked(strip: Sequence[Any]) -> list[PastCheck]:
    """Return the checks that ``strip``, the values of the columns ``STRIP``, holds, in the order of their runs."""
    count, _, first, runs, start, *texts = strip
    seconds, elapsed, codes = (_facts(text, count) for text in texts)
    since = range(count) if runs is None else _facts(runs, count)
    return [
        PastCheck(first + run, start + second, took - 1 if took else None, code)
        for run, second, took, code in zip(since, seconds, elapsed, codes, strict=True)
    ]


def _facts(text: str, count: int) -> list[int]:
    facts = [ord(char) - 1 for char in text] if max(text) <= chr(SMALL) else list(map(fact, text))
    return facts if len(facts) == count else facts * count


def add_to(checks: Sequence[PastCheck], new: PastCheck) -> list[PastCheck]:
    """Add the check ``new`` of an address to its earlier ones, ``checks``, and return the last 60 in the order of their
    runs. If ``checks`` has one of the same run, ``new`` replaces it: a killed run that goes on makes it again.
    """
    kept = [check for check in checks if check.run != new.run]
    if kept and kept[-1].run > new.run:
        return sorted([*kept, new])[-HISTORY:]
    return [*kept, new][-HISTORY:]


def seconds_of(instant: str) -> int:
    """Return an instant of the catalogue, such as "2026-01-31T04:00:00Z", as seconds since 1970."""
    at = datetime.fromisoformat(instant)
    return int((at if at.tzinfo else at.replace(tzinfo=UTC)).timestamp())


def run_start(conn: sqlite3.Connection, run_id: str, checked_at: str) -> tuple[int, int]:
    """Return the number of a run in the table ``check_runs`` and the second since 1970 from which its checks are
    counted.

    A run without a number gets a new one, and its start is stored: the time that its id states or, if the id is no
    time, the instant ``checked_at`` of one of its checks.
    """
    found = conn.execute("select number, second from check_runs where id = ?", [run_id]).fetchone()
    if found:
        return int(found[0]), int(found[1])
    try:
        second = int(datetime.strptime(run_id, "%Y%m%dT%H%M%SZ").replace(tzinfo=UTC).timestamp())
    except ValueError:
        second = seconds_of(checked_at)
    number = int(conn.execute("select coalesce(max(number), 0) + 1 from check_runs").fetchone()[0])
    conn.execute("insert into check_runs (number, id, second) values (?, ?, ?)", [number, run_id, second])
    return number, second


def code_numbers(conn: sqlite3.Connection, codes: Iterable[Code]) -> dict[Code, int]:
    """Return the numbers of all codes in the table ``check_codes``, which has few rows.

    A code is what a check found: a tuple (outcome, fault, whether the data had changed). A code of ``codes`` that is
    not in the table gets a new number.
    """
    known: dict[Code, int] = {
        (row[1], row[2], row[3]): row[0]
        for row in conn.execute("select number, outcome, fault, is_changed from check_codes")
    }
    for code in dict.fromkeys(codes):
        if code not in known:
            known[code] = max(known.values(), default=0) + 1
            sql = "insert into check_codes (number, outcome, fault, is_changed) values (?, ?, ?, ?)"
            conn.execute(sql, [known[code], *code])
    return known


def address_keys(conn: sqlite3.Connection, urls: Iterable[str]) -> dict[str, int]:
    """Return the number of each address in the table ``addresses``; an address without a number gets a new one."""
    wanted = json.dumps(sorted(set(urls)))
    run = conn.execute
    run("insert into addresses (url) select value from json_each(?) where true on conflict (url) do nothing", [wanted])
    return dict(run("select url, key from addresses where url in (select value from json_each(?))", [wanted]))
