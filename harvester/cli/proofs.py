"""Commands that show what a figure rests on: sealed outputs and archived exchanges."""

from __future__ import annotations

import sys
from pathlib import Path

import click

__all__ = ["add_to"]

BROKEN_CHAIN = 5


def add_to(group: click.Group) -> None:
    """Add the commands ``verify`` and ``evidence`` to the command line ``group``."""
    group.add_command(verify)
    group.add_command(evidence)


@click.command()
@click.argument("files", nargs=-1, type=click.Path(path_type=Path))
@click.pass_obj
def verify(data: Path, files: tuple[Path, ...]) -> None:
    """Check that no exported file or manifest was changed after export, and name the run that made each of FILES."""
    from catalog.exports.manifest import verify as check

    found = check(data, list(files))
    for line in found.good:
        click.echo(f"holds: {line}")
    for line in found.bad:
        click.echo(f"BROKEN: {line}", err=True)
    if found.bad:
        raise click.exceptions.Exit(BROKEN_CHAIN)


@click.command()
@click.argument("record")
@click.pass_obj
def evidence(data: Path, record: str) -> None:
    """Print one WARC record, the response to a request or the record of its failure, as it is archived.

    RECORD is its WARC-Record-ID, with or without angle brackets: the value of the column evidence_record in
    findings.csv. The name of the archive file is written to standard error.
    """
    from harvester.http.archive import find_record

    for path in sorted((data / "archive").glob("*.warc.gz"), reverse=True):
        if (found := find_record(path, record)) is not None:
            click.echo(f"{path}:", err=True)
            sys.stdout.buffer.write(found)
            return
    raise click.UsageError(f"{record}: no archive in {data / 'archive'} holds it; nights with --archive keep exchanges")
