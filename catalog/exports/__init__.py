"""Every output of a run: one module and one class for each format."""

from __future__ import annotations

from collections.abc import Iterator
from importlib import import_module
from pathlib import Path
from typing import TYPE_CHECKING

from catalog.db.garbage import rare_collections
from catalog.db.store import Catalog
from catalog.exports.options import ExportOptions
from catalog.repositories.held import decide
from specs.exports import SCHEMAS, Schema

if TYPE_CHECKING:
    from catalog.exports.job import OutputFormat

__all__ = ["FORMATS", "OF_SCHEMA_1", "ExportOptions", "export_all", "output_formats"]

FORMATS = (
    "tables.FolderTables",
    "page.ReportPages",
    "feed.AtomFeeds",
    "pdf.PrintedPages",
    "changes.ChangesFile",
    "rdf_files.RdfFiles",
    "quality_files.QualityFiles",
)
"""Module and class of each format, in the order of writing: a page must be written before it is printed."""
OF_SCHEMA_1 = {"tables.FolderTables": "scorecard.ScorecardFiles", "rdf_files.RdfFiles": "dcat.RdfCatalogue"}


def output_formats(schema: Schema = SCHEMAS[-1]) -> Iterator[OutputFormat]:
    """Yield one object of each output format, in the order in which they must be written.

    ``schema``: major version of the columns of the exported CSVs. A format's module is imported only when the iteration
    reaches it, because some modules load large libraries.
    """
    for one in FORMATS:
        if schema == 1:
            one = OF_SCHEMA_1.get(one, one)
        module, _, name = one.partition(".")
        yield getattr(import_module(f"catalog.exports.{module}"), name)()


@rare_collections()
def export_all(catalog: Catalog, run_id: str, out: Path, options: ExportOptions | None = None) -> list[Path]:
    """Write the output of a run into the folder ``out``, and return the paths of the files that were written.

    There is a folder for each government, with folders of its publishers. Only folders whose contents have changed
    since the last export are written. Causes that a government is to hear of first are left out, see
    :mod:`catalog.repositories.held`. What nobody may publish is written into another folder, beside the catalogue, see
    :mod:`catalog.exports.private_files`. Files of schema 1 are always written, because every row in them names the run.
    Each written folder gets a data package (``datapackage.json``) and a list of hashes (``SHA256SUMS``). ``options``:
    None means the defaults.
    """
    from catalog.exports.folders import seal_folder
    from catalog.exports.job import ExportJob
    from catalog.exports.private_files import write_private
    from catalog.exports.state import STATE
    from catalog.exports.update import update

    options = options or ExportOptions()
    decide(catalog, run_id, options.hold_days or 0)
    job, formats = ExportJob(catalog, run_id, out, options), output_formats(options.schema)
    # First: what an earlier version left below ``out`` must be gone before anybody is told that the export is done.
    private = write_private(job)
    if options.schema > 1:
        return [*private, *update(job, formats)]
    # Files of the other form must not be taken for finished later.
    (out / STATE).unlink(missing_ok=True)
    paths = [path for one in formats for path in one.write(job)]
    # The folder of all governments is sealed last, when everything is in it.
    for folder, name in sorted(job.packages.items(), key=lambda one: one[0] == out):
        paths += seal_folder(folder, name, job.head)
    return [*private, *paths]
