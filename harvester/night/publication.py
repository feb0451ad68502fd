"""Publish a finished run: the public file, the Parquet package made from it, the manifest that seals both, the metrics.

It comes after the stages, when the catalogue says that the run is complete: only then may the public file say so.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

from catalog.exports.manifest import seal
from catalog.exports.prometheus import write_prometheus
from catalog.parquet.descriptor import Origin
from catalog.parquet.package import FOLDER, catalogue_id, is_due, write_package
from catalog.parquet.records import records_table
from catalog.site.serve import publish
from harvester.cli.configuration import load as configuration
from harvester.night.context import RunContext

__all__ = ["origin_of", "publish_run"]


def origin_of(data: Path) -> Origin:
    """Return whose catalogue is in the data folder ``data``: its id, and what ``winnow.toml`` says of site and
    operator."""
    own = configuration(data)
    return Origin(catalogue_id(data), own.site_url, own.operator.name if own.operator.imprint else None)


def publish_run(run: RunContext, result: dict[str, Any]) -> None:
    """Publish the catalogue as the run ``run`` has left it. ``result``: the summary of the run.

    The Parquet package is read from the public file, not from the catalogue: what is withheld, held back or cut there
    cannot be in it. Raise CatalogError if the public file cannot be written.
    """
    public, exports = run.data / "site" / "catalog.db", run.data / "exports"
    publish(run.catalog.path, public, exports, nights=configuration(run.data).feed_nights)
    chosen = run.export.parquet
    if chosen == "always" or (chosen == "auto" and is_due(public, exports / FOLDER)):
        more = [records_table(run.catalog, public)] if run.export.has_records else []
        write_package(public, exports / FOLDER, origin_of(run.data), more)
    seal(run.catalog, run.run_id, run.data)
    write_prometheus(run.catalog, run.run_id, result, run.data / "winnow.prom")
