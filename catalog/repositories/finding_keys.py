"""The integer key of a finding, by which causes refer to it."""

from __future__ import annotations

from collections.abc import Sequence

from catalog.db.store import Catalog

__all__ = ["NUMBER", "set_states"]

NUMBER = "f.key"
"""SQL: the integer key of a finding; the query must call the view ``findings`` or the table ``finding_rows`` ``f``."""


def set_states(catalog: Catalog, numbers: Sequence[int], state: str) -> None:
    """Set the state of findings given by their integer keys, see :data:`NUMBER`. Call it inside a transaction."""
    sql = "update finding_rows set state = ? where key = ?"
    catalog.db.conn.executemany(sql, [(state, number) for number in numbers])
