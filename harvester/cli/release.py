"""The command that writes frozen releases."""

from __future__ import annotations

import json
from pathlib import Path

import click

__all__ = ["add_to"]


def add_to(group: click.Group) -> None:
    """Add the command ``release`` to the command line ``group``."""
    group.add_command(release)


@click.command()
@click.argument("edition", required=False)
@click.option("--list", "is_listed", is_flag=True, help="Only list the releases.")
@click.option("--json", "as_json", is_flag=True, help="Print JSON.")
@click.option("--withdraw", metavar="REASON", help="Delete the contents of EDITION; its hashes and the reason stay.")
@click.pass_obj
def release(data: Path, edition: str | None, is_listed: bool, as_json: bool, withdraw: str | None) -> None:
    """Write the release EDITION, such as 2026-11, into exports/releases: what the last export published, frozen.

    It has the Parquet package, the RDF files, the figures of the scorecards, the method, hashes and DataCite metadata.
    An edition that is there is never overwritten.
    """
    from catalog.parquet.releases import releases, withdraw_release, write_release
    from harvester.cli.configuration import load
    from harvester.night.publication import origin_of
    from harvester.night.stages import locked
    from quality.methodology import document

    exports = data / "exports"
    if is_listed == (edition is not None):
        raise click.UsageError("name an edition such as 2026-11, or --list")
    if edition is not None:
        with locked(data):
            if withdraw is not None:
                folder = withdraw_release(exports, edition, withdraw)
            else:
                folder = write_release(data, edition, origin_of(data), document(), load(data).public_url)
        if not as_json:
            click.echo(folder)
            return
    found = [one for one in releases(exports) if edition in (None, one["edition"])]
    if as_json:
        click.echo(json.dumps(found, ensure_ascii=False, indent=1))
        return
    for one in found:
        gone = f", withdrawn on {one['withdrawn']['at'][:10]}: {one['withdrawn']['reason']}" if one["withdrawn"] else ""
        click.echo(f"{one['edition']}: run {one['run']}, {one['files']} files, {one['bytes'] / 1e6:.1f} MB{gone}")
