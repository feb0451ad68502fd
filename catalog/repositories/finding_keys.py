"""The integer key of a finding, by which causes refer to it."""

from __future__ import annotations

from collections.abc import Sequence

from catalog.db.store import Catalog

__all__ = ["NUMBER", "set_states"]

NUMBER = "f.rowid"
"""SQL: the integer key of a finding; the query must call its table ``f``."""


def set_states(catalog: Catalog, numbers: Sequence[int], state: str) -> None:
    """Set the state of findings given by their integer keys, see :data:`NUMBER`. Call it inside a transaction."""
    sql = "update findings set state = ? where rowid = ?"
    catalog.db.conn.executemany(sql, [(state, number) for number in numbers])
