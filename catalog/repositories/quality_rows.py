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
    """Return the row of a dataset in ``dataset_quality``; None if it was not scored."""
    rows = catalog.rows("select * from dataset_quality where dataset_id = ?", [dataset_id])
    return rows[0] if rows else None


def distribution_quality_rows(catalog: Catalog, dataset_id: str) -> list[dict[str, Any]]:
    """Return the rows of a dataset's distributions in ``distribution_quality``."""
    return catalog.rows("select * from distribution_quality where dataset_id = ?", [dataset_id])


def all_quality_rows(catalog: Catalog) -> dict[str, dict[str, Any]]:
    """Return every row of ``dataset_quality`` by dataset. For small catalogues only."""
    return {row["dataset_id"]: row for row in catalog.rows("select * from dataset_quality")}


def has_scored_datasets(catalog: Catalog, portal_id: str) -> bool:
    """Return whether any dataset of a portal has a score."""
    return catalog.value("select 1 from dataset_quality where portal_id = ?", [portal_id]) is not None


def scored_in_run(catalog: Catalog, dataset_id: str) -> str | None:
    """Return the run that last scored a dataset; None if none has."""
    found = catalog.value("select run_id from dataset_quality where dataset_id = ?", [dataset_id])
    return str(found) if found else None


def system_values(catalog: Catalog, portal_id: str, columns: Sequence[str]) -> list[tuple[Any, ...]]:
    """Return the scored datasets of a portal, sorted by id: the id, then the values of columns of
    ``dataset_quality``."""
    names = ", ".join(f"[{name}]" for name in columns)
    # Only columns of the schema are inserted into the text.
    return catalog.db.conn.execute(
        f"select dataset_id, {names} from dataset_quality where portal_id = ? order by dataset_id",  # noqa: S608
        [portal_id],
    ).fetchall()


def agreement_rows(catalog: Catalog, portal_id: str) -> list[dict[str, Any]]:
    """Return how far each two scoring systems agree on a portal, those that agree least first, unknown ones last."""
    return catalog.rows(
        """select system_a, system_b, datasets, spearman, kendall from system_agreement where portal_id = ?
           order by spearman is null, spearman, system_a, system_b""",
        [portal_id],
    )
