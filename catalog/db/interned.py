"""Store ids, texts and rules of findings once each, and return the integers that stand for them.

All functions look up what is there and add what is missing. Call them inside a transaction. Nothing is cached between
calls: a transaction that is undone takes its keys with it.
"""

from __future__ import annotations

import hashlib
import json
import sqlite3
from collections.abc import Collection, Iterable, Mapping, Sequence
from typing import Any

from catalog.db.rows import plain
from catalog.db.schema.found import RULE
from catalog.model import stable_id

__all__ = ["digest_of", "ids_of_keys", "keys_of", "kind_keys", "rule_keys", "stored_id", "text_keys", "texts_of_keys"]

Rule = tuple[Any, ...]
"""Values of the columns ``RULE``."""
Kind = tuple[Any, ...]
"""How a distribution was measured: values of columns of ``distribution_quality``."""


def keys_of(conn: sqlite3.Connection, ids: Iterable[str | None]) -> dict[str | None, int | None]:
    """Return the integer key that stands for each id in the columns of ``finding_rows``; None has the key None.

    ``ids``: ids of portals, publishers, datasets, distributions or runs. An id without a key gets a new one in the
    table ``keys``.
    """
    wanted = {one for one in ids if one is not None}
    run = conn.execute
    sql = "select id, key from keys where id in (select value from json_each(?))"
    known: dict[str | None, int | None] = dict(run(sql, [json.dumps(list(wanted))]))
    if len(known) < len(wanted):
        free = int(run("select coalesce(max(key), 0) + 1 from keys").fetchone()[0])
        new = list(enumerate(sorted(wanted - known.keys()), free))
        conn.executemany("insert into keys (key, id) values (?, ?)", new)
        known.update((one, key) for key, one in new)
    known[None] = None
    return known


def ids_of_keys(conn: sqlite3.Connection, keys: Iterable[int | None]) -> dict[int | None, str | None]:
    """Return the id that each integer key of the table ``keys`` stands for; None stands for None.

    Keys that are not in the table are left out.
    """
    wanted = json.dumps(sorted({one for one in keys if one is not None}))
    found = conn.execute("select key, id from keys where key in (select value from json_each(?))", [wanted])
    return {None: None, **dict(found)}


def stored_id(finding_id: str) -> bytes | str:
    """Return the id of a finding as ``finding_rows`` holds it: 10 bytes if it is 20 hexadecimal digits, else the
    text."""
    try:
        found = bytes.fromhex(finding_id)
    except ValueError:
        return finding_id
    # Blanks and capital letters would not come back.
    return found if len(found) == 10 and found.hex() == finding_id else finding_id


def digest_of(text: str) -> int:
    """Return the integer under which a text is indexed in the table ``finding_texts``: the first seven bytes of its
    BLAKE2b hash."""
    return int.from_bytes(hashlib.blake2b(text.encode("utf-8", "surrogatepass"), digest_size=7).digest())


def text_keys(
    conn: sqlite3.Connection, texts: Iterable[str | None], table: str = "finding_texts"
) -> dict[str | None, int | None]:
    """Return the integer key of each text in ``table``, ``finding_texts`` or ``shared_texts``; None has the key None.

    A text without a key gets a new one. Characters that SQLite does not accept are replaced before a text is stored,
    see :func:`catalog.db.rows.plain`.
    """
    stored = {one: plain(one) for one in texts if one is not None}
    digests = {text: digest_of(text) for text in stored.values()}
    run = conn.execute
    sql = f"select text, key from {table} where digest in (select value from json_each(?))"  # noqa: S608  # names of the schema
    # Two texts of one digest have two rows.
    known: dict[str, int] = dict(run(sql, [json.dumps(sorted(digests.values()))]))
    free = int(run(f"select coalesce(max(key), 0) + 1 from {table}").fetchone()[0])  # noqa: S608  # names of the schema
    new = {text: key for key, text in enumerate((text for text in digests if text not in known), free)}
    conn.executemany(
        f"insert into {table} (key, digest, text) values (?, ?, ?)",  # noqa: S608  # names of the schema
        ((key, digests[text], text) for text, key in new.items()),
    )
    known |= new
    return {None: None, **{one: known[text] for one, text in stored.items()}}


def texts_of_keys(conn: sqlite3.Connection, keys: Iterable[int | None]) -> dict[int | None, str | None]:
    """Return the text that each integer key of the table ``finding_texts`` stands for; None stands for None.

    Keys that are not in the table are left out.
    """
    wanted = json.dumps(sorted({one for one in keys if one is not None}))
    sql = "select key, text from finding_texts where key in (select value from json_each(?))"
    return {None: None, **dict(conn.execute(sql, [wanted]))}


def rule_keys(conn: sqlite3.Connection, rules: Collection[Rule]) -> Mapping[Rule, int]:
    """Return the integer key of each rule in the table ``rules``; a rule without a key gets a new one.

    ``rules``: one tuple for each rule, with its values of the columns ``catalog.db.schema.found.RULE`` in their order.
    """
    if not rules:
        return {}
    columns = ", ".join(RULE)
    wanted = json.dumps(sorted({str(rule[0]) for rule in rules}))
    run = conn.execute
    sql = f"select key, {columns} from rules where rule_id in (select value from json_each(?))"  # noqa: S608  # names of the schema
    known: dict[Rule, int] = {row[1:]: row[0] for row in run(sql, [wanted])}
    stored = {rule: tuple(plain(value) for value in rule) for rule in rules}
    free = int(run("select coalesce(max(key), 0) + 1 from rules").fetchone()[0])
    missing = dict.fromkeys(told for told in stored.values() if told not in known)
    new = {told: key for key, told in enumerate(missing, free)}
    marks = ", ".join("?" * (len(RULE) + 1))
    conn.executemany(
        f"insert into rules (key, {columns}) values ({marks})",  # noqa: S608  # names of the schema
        ((key, *told) for told, key in new.items()),
    )
    known |= new
    return {rule: known[told] for rule, told in stored.items()}


def kind_keys(conn: sqlite3.Connection, columns: Sequence[str], kinds: Collection[Kind]) -> dict[Kind, int]:
    """Return the integer key of each kind in the table ``distribution_kinds``; a kind without a key gets a new one.

    A kind is a tuple of all values that were measured of a distribution; ``columns`` are the names of these values. Two
    kinds are the same if they agree in all values that are not None. So a stored kind keeps its key when a column is
    added in which it has no value.
    """
    digests = {
        kind: stable_id(
            repr(sorted((name, value) for name, value in zip(columns, kind, strict=True) if value is not None))
        )
        for kind in kinds
    }
    sql = "select digest, key from distribution_kinds where digest in (select value from json_each(?))"
    known: dict[str, int] = dict(conn.execute(sql, [json.dumps(sorted(digests.values()))]))
    free = int(conn.execute("select coalesce(max(key), 0) + 1 from distribution_kinds").fetchone()[0])
    new = {digest: kind for kind, digest in digests.items() if digest not in known}
    names = ", ".join(f"[{name}]" for name in ("key", "digest", *columns))
    marks = ", ".join("?" * (len(columns) + 2))
    conn.executemany(
        f"insert into distribution_kinds ({names}) values ({marks})",  # noqa: S608  # names of the schema
        ((key, digest, *map(plain, kind)) for key, (digest, kind) in enumerate(new.items(), free)),
    )
    known |= {digest: key for key, digest in enumerate(new, free)}
    return {kind: known[digest] for kind, digest in digests.items()}
