"""Read the quality tables: measurements and scores of a dataset, and those of a portal's datasets by system."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from catalog.db.store import Catalog

__all__ = [
    "agreement_rows", "all_quality_rows", "distribution_quality_rows", "has_scored_datasets", "quality_row",
    "scored_in_run", "system_values",
]  # fmt: skip


def quality_row(catalog: Catalog, dataset_id: str) -> dict[str, Any] | None:
    """Return the measurements and scores of a dataset, its row of ``dataset_quality``.

    None if it has none: it was never scored, or its portal no longer lists it.
    """
    rows = catalog.rows("select * from dataset_quality where dataset_id = ?", [dataset_id])
    return rows[0] if rows else None


def distribution_quality_rows(catalog: Catalog, dataset_id: str) -> list[dict[str, Any]]:
    """Return the measurements of a dataset's distributions, one row of ``distribution_quality`` for each that was
    scored."""
    return catalog.rows("select * from distribution_quality where dataset_id = ?", [dataset_id])


def all_quality_rows(catalog: Catalog) -> dict[str, dict[str, Any]]:
    """Return the measurements and scores of all datasets, rows of ``dataset_quality`` by dataset id.

    Everything is held in memory.
    """
    return {row["dataset_id"]: row for row in catalog.rows("select * from dataset_quality")}


def has_scored_datasets(catalog: Catalog, portal_id: str) -> bool:
    """Return whether any dataset of a portal has been scored."""
    return catalog.value("select 1 from dataset_quality where portal_id = ?", [portal_id]) is not None


def scored_in_run(catalog: Catalog, dataset_id: str) -> str | None:
    """Return the id of the run that last scored a dataset; None if it was never scored, or if its portal no longer
    lists it."""
    found = catalog.value("select run_id from dataset_quality where dataset_id = ?", [dataset_id])
    return str(found) if found else None


def system_values(catalog: Catalog, portal_id: str, columns: Sequence[str]) -> list[tuple[Any, ...]]:
    """Return one tuple for each scored dataset of a portal, sorted by dataset id.

    A tuple holds the dataset id and then the values of ``columns``, names of columns of ``dataset_quality``.
    """
    names = ", ".join(f"[{name}]" for name in columns)
    return catalog.db.conn.execute(
        f"select dataset_id, {names} from dataset_quality where portal_id = ? order by dataset_id",  # noqa: S608  # names of the schema
        [portal_id],
    ).fetchall()


def agreement_rows(catalog: Catalog, portal_id: str) -> list[dict[str, Any]]:
    """Return for each pair of scoring systems how closely they agree on the order of a portal's datasets.

    A row has system_a, system_b, datasets (their number), spearman and kendall (rank correlations from -1 to 1). The
    pair that agrees least comes first; pairs without a correlation come last.
    """
    return catalog.rows(
        """select system_a, system_b, datasets, spearman, kendall from system_agreement where portal_id = ?
           order by spearman is null, spearman, system_a, system_b""",
        [portal_id],
    )
