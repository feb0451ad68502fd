"""Build the indexes of findings at once, after the first findings of an empty catalogue were stored."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator
from contextlib import contextmanager

from catalog.db.schema.found import LATE_INDEXES, public_id
from catalog.db.sqlite import Database

__all__ = ["build_indexes", "large_cache", "late_indexes"]

CACHE_KB = 64_000
"""Memory for pages of the file while much is written to places all over it."""


@contextmanager
def large_cache(db: Database) -> Iterator[None]:
    """Run the block with 64 MB of memory for pages of the file in place of SQLite's default of 2 MB."""
    before = db.execute("pragma cache_size").fetchone()[0]
    db.execute(f"pragma cache_size = -{CACHE_KB}")
    try:
        yield
    finally:
        db.execute(f"pragma cache_size = {before}")


@contextmanager
def late_indexes(db: Database) -> Iterator[None]:
    """Run the block without the indexes ``LATE_INDEXES`` if no finding is stored yet, and build them after it.

    The block must not look up findings by their ids, rules or portals. Call it outside a transaction. If the process is
    killed meanwhile, the next command that opens the catalogue builds the indexes.
    """
    if db.execute("select 1 from finding_rows limit 1").fetchone() is None:
        with db.atomic():
            for name in LATE_INDEXES:
                db.execute(f"drop index if exists [{name}]")
    try:
        yield
    finally:
        build_indexes(db)


def build_indexes(db: Database) -> None:
    """Build those of the indexes ``LATE_INDEXES`` that are missing.

    Of findings with the same id only the one that was stored first is kept, as if the index had been there. Two
    findings have the same id only if they are about one dataset, distribution and rule, and the names of their fields
    differ by nothing but U+001F in place of a blank.
    """
    try:
        with db.atomic():
            for sql in LATE_INDEXES.values():
                db.execute(sql)
    except sqlite3.IntegrityError:
        first = f"select min(key) from finding_rows group by {public_id()}"  # noqa: S608  # SQL of ours
        with db.atomic():
            db.execute(f"delete from finding_rows where key not in ({first})")  # noqa: S608  # SQL of ours
        build_indexes(db)
