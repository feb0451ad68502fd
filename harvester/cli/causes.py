"""The command that lists the causes of a portal's findings."""

from __future__ import annotations

from pathlib import Path

import click

__all__ = ["add_to"]


def add_to(group: click.Group) -> None:
    """Add the command ``causes`` to the command line ``group``."""
    group.add_command(causes)


@click.command()
@click.argument("portal")
@click.option("--limit", default=20, show_default=True, type=click.IntRange(1, 10_000), help="Causes to show.")
@click.option("--json", "as_json", is_flag=True, help="Print JSON.")
@click.pass_obj
def causes(data: Path, portal: str, limit: int, as_json: bool) -> None:
    """List the causes of the findings of PORTAL (its id), each with one fix; those that gain most points come first.

    A cause is one fault, such as a broken server, that explains many findings.
    """
    from catalog.db.store import open_catalog
    from catalog.repositories.causes import causes_of_portal, singles
    from catalog.repositories.quality_rows import has_scored_datasets
    from harvester.terminal.causes import show_causes

    path = data / "catalog.db"
    if not path.is_file():
        raise click.UsageError(f"{data} holds no catalogue yet; run winnow nightly or winnow demo first")
    with open_catalog(path) as catalog:
        if not has_scored_datasets(catalog, portal):
            raise click.UsageError(f"{portal!r} is no portal that was scored in {path}; winnow portals lists them")
        show_causes(causes_of_portal(catalog, portal, limit), singles(catalog, portal), as_json=as_json)
