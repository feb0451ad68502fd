"""Say how large something will be before it is written."""

from __future__ import annotations

from pathlib import Path

import click

__all__ = ["say_full_size"]


def say_full_size(data: Path) -> None:
    """Print on stderr how large the files with every measurement as RDF will be, by what the catalogue in the data
    folder ``data`` holds now; nothing if there is none yet."""
    from catalog.db.store import open_catalog
    from catalog.exports.quality_files import full_size
    from catalog.rdf.published import names_of
    from harvester.cli.configuration import load

    if not (data / "catalog.db").is_file():
        return
    with open_catalog(data / "catalog.db") as catalog:
        click.echo(str(full_size(catalog, names_of(catalog.db.conn, load(data).site_url))), err=True)
