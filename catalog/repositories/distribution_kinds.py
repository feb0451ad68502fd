"""Store the measurements of distributions: each kind (a set of equal measurements) once, and for each distribution its
kind.

A portal repeats itself: of 20,000 files of a real one, 190 differ in anything that is measured. The view
``distribution_quality`` shows one row for each distribution.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from catalog.db.interned import Kind, kind_keys
from catalog.db.store import Catalog

__all__ = ["delete_measurements", "write_kinds"]


def write_kinds(
    catalog: Catalog,
    run_id: str,
    columns: Sequence[str],
    rows: Sequence[tuple[str, Kind]],
    keys: Mapping[str | None, int | None],
) -> None:
    """Write how distributions were measured in a run, in place of what was stored about them.

    A kind is the tuple of all values that were measured of a distribution. ``columns``: names of these values, in their
    order. ``rows``: pairs of the id of a distribution and its kind; use one tuple for all distributions of a kind.
    ``keys``: integers that stand for the ids of the run and of the distributions, see
    :func:`catalog.db.interned.keys_of`. Call it inside a transaction.
    """
    different = {id(kind): kind for _, kind in rows}
    kinds = kind_keys(catalog.db.conn, columns, dict.fromkeys(different.values()))
    key_of = {at: kinds[kind] for at, kind in different.items()}
    run = keys[run_id]
    catalog.db.conn.executemany(
        """insert into measured_distributions (distribution_key, run_key, kind) values (?, ?, ?)
           on conflict (distribution_key) do update set run_key = excluded.run_key, kind = excluded.kind""",
        [(keys[distribution_id], run, key_of[id(kind)]) for distribution_id, kind in rows],
    )


def delete_measurements(catalog: Catalog, condition: str, values: Sequence[Any]) -> None:
    """Delete the measurements of the distributions that meet a condition. Call it inside a transaction.

    ``condition``: SQL about a row ``d`` of ``distributions``; ``values``: the values of the placeholders in it.
    """
    catalog.db.conn.execute(
        f"""delete from measured_distributions where distribution_key in (
              select k.key from distributions d join keys k on k.id = d.id where {condition})""",  # noqa: S608  # SQL of ours
        values,
    )
