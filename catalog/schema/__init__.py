"""Every table and column, with the sentence that explains it.

The descriptions are the only ones: migrations create the tables from here, and Datasette's column help, the
README and the Table Schemas of the CSVs quote them. Types are SQLite's storage classes as Python types;
``list`` is a JSON array in text, ``dict`` a JSON object in text. Instants are ISO 8601 in UTC.
"""

from __future__ import annotations

from catalog.schema import dcat, harvest, judged, observed
from catalog.schema.kinds import Column, Table, c
from specs.metrics import metrics

__all__ = ["TABLES", "Column", "Table", "metric_columns"]

TABLES: dict[str, Table] = harvest.TABLES | dcat.TABLES | observed.TABLES | judged.TABLES


def metric_columns(subject: str) -> dict[str, Column]:
    """The columns that follow ``specs/metrics.toml`` for "dataset" or "distribution"."""
    return {m.id: c(float, m.question) for m in metrics().values() if m.subject == subject}
