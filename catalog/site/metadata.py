"""Datasette's metadata, made from the schema: one description a column, written once."""

from __future__ import annotations

from typing import Any

from catalog.schema import TABLES, metric_columns
from catalog.site.queries import QUERIES

__all__ = ["DATABASE", "metadata"]

DATABASE = "catalog"
"""Name of the database on the site: the stem of the public file."""
_HIDDEN = ("records", "_sqlite_migrations")


def metadata() -> dict[str, Any]:
    """The whole metadata, as Datasette 0.65 reads it."""
    tables: dict[str, Any] = {}
    for name, table in TABLES.items():
        columns = dict(table.columns)
        if name.endswith("_quality"):
            columns |= metric_columns(name.removesuffix("_quality"))
        tables[name] = {
            "description": table.description,
            "columns": {column: spec.description for column, spec in columns.items()},
            "facets": list(table.facets),
            "hidden": name in _HIDDEN,
            **({"label_column": table.label} if table.label else {}),
        }
    tables["datasets"] |= {"size": 50, "fts_table": "datasets_fts", "fts_pk": "rowid"}
    tables["findings"]["sort_desc"] = "gain_points"
    tables["_sqlite_migrations"] = {"hidden": True}
    tables["dataset_list"] = {
        "description": "The datasets at a glance: whose they are, their score, and what there is to mend.",
        "facets": ["portal", "grade", "status"],
        "sort": "score",
    }
    return {
        "title": "Winnow",
        "description": "Open-data portals, what they really serve, and how good it is.",
        "license": "CC BY 4.0 (the measurements; each dataset has its publisher's licence)",
        "license_url": "https://creativecommons.org/licenses/by/4.0/",
        "databases": {DATABASE: {"tables": tables, "queries": QUERIES}},
        "plugins": {"datasette-block-robots": {"literal": "User-agent: *\nDisallow: /*?\n"}},
        "extra_css_urls": ["/-/winnow/winnow.css"],
    }
