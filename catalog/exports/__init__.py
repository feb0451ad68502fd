"""Every output of a run: one module and one class for each format."""

from __future__ import annotations

from collections.abc import Iterator
from importlib import import_module
from pathlib import Path
from typing import TYPE_CHECKING

from catalog.db.store import Catalog
from catalog.exports.options import ExportOptions

if TYPE_CHECKING:
    from catalog.exports.job import OutputFormat

__all__ = ["FORMATS", "ExportOptions", "export_all", "output_formats"]

FORMATS = (
    "scorecard.ScorecardFiles",
    "page.ReportPages",
    "feed.AtomFeeds",
    "pdf.PrintedPages",
    "changes.ChangesFile",
    "dcat.RdfCatalogue",
)
"""Module and class of each format, in the order of writing: a page must be written before it is printed."""


def output_formats() -> Iterator[OutputFormat]:
    """Yield one object of each output format, in the order in which they must be written.

    A format's module is imported only when it is reached, because some load large libraries.
    """
    for one in FORMATS:
        module, _, name = one.partition(".")
        yield getattr(import_module(f"catalog.exports.{module}"), name)()


def export_all(catalog: Catalog, run_id: str, out: Path, options: ExportOptions | None = None) -> list[Path]:
    """Write the output of a run in all formats into the folder ``out``, and return the paths of all files.

    At the end every folder gets a data package and a list of hashes. ``options``: None means the defaults.
    """
    from catalog.exports.folders import seal_folder
    from catalog.exports.job import ExportJob

    job = ExportJob(catalog, run_id, out, options or ExportOptions())
    paths = [path for one in output_formats() for path in one.write(job)]
    # The folder of all governments is sealed last, when everything is in it.
    for folder, name in sorted(job.packages.items(), key=lambda one: one[0] == out):
        paths += seal_folder(folder, name, job.head)
    return paths
