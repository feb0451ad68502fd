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
@click.option("--timestamp", is_flag=True, help="First get a time stamp (RFC 3161) for the newest manifest.")
@click.option("--authority", help="Web address of the authority; by default timestamp_authority in winnow.toml.")
@click.option(
    "--roots",
    type=click.Path(path_type=Path, exists=True, dir_okay=False),
    help="Root certificates (PEM) of authorities that you trust. [default: those for web servers]",
)
@click.pass_obj
def verify(data: Path, files: tuple[Path, ...], timestamp: bool, authority: str | None, roots: Path | None) -> None:
    """Check that no exported file or manifest was changed after export, and name the run that made each of FILES.

    A manifest lists the hashes of the files of a run. With --timestamp an outside authority confirms that the newest
    manifest exists now; only its hash is sent. If there is no such time stamp, the output says that the operator could
    have sealed everything anew.
    """
    from catalog.exports.manifest import manifests
    from catalog.exports.manifest import verify as check
    from harvester.cli.configuration import load
    from harvester.timestamps import SUFFIX, anchor, anchors, trusted_roots

    settings = load(data)
    roots = roots or (data / settings.timestamp_roots if settings.timestamp_roots else None)
    found = check(data, list(files))
    for line in found.good:
        click.echo(f"holds: {line}")
    for line in found.bad:
        click.echo(f"BROKEN: {line}", err=True)
    # Hundreds of certificates are read only where a time stamp is to be verified.
    has_stamps = timestamp or any(path.with_name(f"{path.name}{SUFFIX}").is_file() for path in manifests(data))
    trusted = trusted_roots(roots) if has_stamps else []
    there = anchors(data, trusted)
    if timestamp and not found.bad:
        address = authority or settings.timestamp_authority
        if address is None:
            raise click.UsageError(
                "--timestamp needs an authority: --authority URL, or timestamp_authority in winnow.toml"
            )
        for line in there.bad:
            click.echo(f"a stored time stamp shows nothing: {line}", err=True)
        there = there.with_newest(anchor(data, address, trusted, proxy=settings.proxy))
    for line in there.bad:
        click.echo(f"BROKEN: {line}", err=True)
    for line in there.unknown:
        click.echo(line, err=True)
    if there.good:
        last = there.good[-1]
        click.echo(f"anchored: {last.manifest} existed at {last.at:%Y-%m-%dT%H:%M:%SZ}, says {last.authority}")
        if there.since:
            later = "1 later manifest" if there.since == 1 else f"{there.since:,} later manifests"
            click.echo(f"not anchored: {later}, which the operator could have resealed")
    else:
        click.echo("not anchored: the operator could have resealed everything; winnow verify --timestamp anchors it")
    if found.bad or there.bad:
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
