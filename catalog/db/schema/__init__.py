"""Declare every table and column, with the sentence that explains it.

These are the only descriptions: migrations create the tables from them, and Datasette's column help, the README and
the Table Schemas of the CSVs quote them. Types are SQLite's storage classes as Python types; ``list`` is a JSON
array in text, ``dict`` a JSON object in text. Instants are ISO 8601 in UTC.
"""

from __future__ import annotations

from catalog.db.schema import (
    caused,
    counted,
    dcat,
    found,
    harvest,
    imported,
    judged,
    observed,
    promised,
    replied,
    scored,
    stored,
    strips,
    withheld,
)
from catalog.db.schema.kinds import ColumnSpec, TableSpec, c
from specs.metrics import metrics
from specs.systems import systems

__all__ = ["METRIC_TABLES", "TABLES", "ColumnSpec", "TableSpec", "metric_columns"]

TABLES: dict[str, TableSpec] = (
    harvest.TABLES
    | dcat.TABLES
    | observed.TABLES
    | strips.TABLES
    | stored.TABLES
    | judged.TABLES
    | scored.TABLES
    | found.TABLES
    | caused.TABLES
    | promised.TABLES
    | counted.TABLES
    | replied.TABLES
    | withheld.TABLES
    | imported.TABLES
)

METRIC_TABLES = {"dataset_quality": "dataset", "distribution_kinds": "distribution"}
"""Tables with a column for each metric, and the subject that :func:`metric_columns` takes."""


def metric_columns(subject: str) -> dict[str, ColumnSpec]:
    """Return the columns of a quality table that follow from the specifications, by name.

    ``subject``: "dataset" or "distribution". There is one column for each metric of that subject. Datasets also have,
    for each scoring system, the score and its lowest and highest possible value.
    """
    found = {m.id: c(float, m.question) for m in metrics().values() if m.subject == subject}
    if subject == "dataset":
        for system in systems().values():
            found[system.id] = c(float, f"{system.title}: 0 to {system.maximum:g}.")
            found[f"{system.id}_low"] = c(float, "The same if everything unknown had failed.")
            found[f"{system.id}_high"] = c(float, "The same if everything unknown had passed.")
    return found
