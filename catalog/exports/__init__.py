"""Every output of a run, one file each: ``f(catalog, run_id, out)``."""

from __future__ import annotations

from pathlib import Path

from catalog.store import Catalog

__all__ = ["export_all"]


def export_all(catalog: Catalog, run_id: str, out: Path) -> list[Path]:
    """Write scorecards, findings, changes and RDF into ``out``; return the paths."""
    from catalog.exports.changes import export_changes
    from catalog.exports.dcat import export_rdf
    from catalog.exports.scorecard import export_csvs

    return [
        *export_csvs(catalog, run_id, out),
        *export_changes(catalog, run_id, out),
        *export_rdf(catalog, run_id, out),
    ]
