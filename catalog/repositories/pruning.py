"""Delete the texts, keys and kinds of distributions that nothing refers to any more."""

from __future__ import annotations

from catalog.db.schema import TABLES
from catalog.db.schema.forms import KEYS
from catalog.db.schema.found import IDS, INTERNED, TEXTS
from catalog.db.store import Catalog

__all__ = ["prune", "used"]

_NAMED = {
    "finding_texts": [("finding_rows", name) for name in TEXTS] + list(INTERNED),
    "keys": [("finding_rows", name) for name in IDS.values()]
    + [("measured_distributions", name) for name in ("distribution_key", "run_key")]
    + [("finding_runs", name) for name in ("portal_key", "run_key")]
    + [(str(spec.stored_in), name) for spec in TABLES.values() for name, form in spec.forms.items() if form in KEYS],
    "distribution_kinds": [("measured_distributions", "kind")],
    "rules": [("finding_rows", "rule_key")],
}
"""Tables with an integer key, and the columns that refer to each."""


def prune(catalog: Catalog) -> None:
    """Delete the rows of ``finding_texts``, ``keys``, ``distribution_kinds`` and ``rules`` that nothing refers to.

    All findings are read, so call it only after all datasets of a portal were scored. The row with the greatest key
    stays in each table, so that no key is ever given to another row.
    """
    with catalog.writing():
        for table in _NAMED:
            catalog.db.conn.execute(
                f"delete from {table} where key not in ({used(table)}) and key < (select max(key) from {table})"  # noqa: S608  # SQL of ours
            )


def used(table: str) -> str:
    """Return SQL that selects the keys that other tables refer to of ``finding_texts``, ``keys``,
    ``distribution_kinds`` or ``rules``. ``table``: which of these."""
    # A cell may hold a text that has no key: only what reads like a key is one.
    return " union ".join(
        f"select cast([{column}] as integer) from {name} where cast(cast([{column}] as integer) as text) = [{column}]"  # noqa: S608  # names of the schema
        for name, column in _NAMED[table]
    )
