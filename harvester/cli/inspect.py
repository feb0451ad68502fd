"""The command that inspects files given by name or address, without a catalogue."""

from __future__ import annotations

import sys
from pathlib import Path

import click

from harvester.cli.options import NO_CONTACT

__all__ = ["add_to"]

HAS_ERRORS, NOT_LOOKED_INTO = 4, 3


def add_to(group: click.Group) -> None:
    """Add the command ``inspect`` to the command line ``group``."""
    group.add_command(inspect)


@click.command()
@click.argument("files", nargs=-1, required=True, metavar="FILE_OR_URL...")
@click.option("--format", "declared", help="Promised format; by default the extension of the name.")
@click.option(
    "--json", "as_json", is_flag=True, help="Print one JSON object a line for each file, sheet, member or table."
)
@click.option("--strict", is_flag=True, help="Exit 4 if there are errors, 3 if a file could not be inspected.")
@click.option("--show-values", is_flag=True, help="Show the cells that findings refer to. Nothing is stored.")
@click.option("--contact", default=NO_CONTACT, help="Your e-mail address or page, for the user agent.")
@click.option("--allow-local", is_flag=True, help="Allow addresses on this machine or network.")
@click.option(
    "--workers", default=2, show_default=True, type=click.IntRange(1, 64), help="Number of processes that check tables."
)
@click.option(
    "--data-docs",
    type=click.Path(file_okay=False, writable=True, path_type=Path),
    metavar="DIR",
    help="Write Great Expectations' Data Docs on the tables into this folder; they show no values of cells.",
)
@click.option("--seconds", default=60.0, show_default=True, type=click.FloatRange(1), help="Seconds for one file.")
def inspect(
    files: tuple[str, ...],
    declared: str | None,
    as_json: bool,
    strict: bool,
    show_values: bool,
    contact: str,
    allow_local: bool,
    workers: int,
    data_docs: Path | None,
    seconds: float,
) -> None:
    """Inspect tables: what is wrong, on which lines, and how to fix it."""
    from harvester.checks.inspect_files import DataDocsError, look_into
    from harvester.terminal.inspect import show, to_json

    has_errors = is_unknown = False
    looks = look_into(
        files,
        declared=declared,
        contact=contact,
        allow_local=allow_local,
        workers=workers,
        seconds=seconds,
        data_docs=data_docs,
    )
    try:
        for one in looks:
            has_errors |= any(defect.severity == "error" for defect in one.report.defects)
            parts = [part["status"] for part in one.report.profile.get("parts") or []]
            is_unknown |= "unknown" in (one.report.status, *parts)
            if as_json:
                for line in to_json(one.asked, one.report):
                    click.echo(line)
            else:
                show(one.asked, one.report, one.path if show_values else None)
            sys.stdout.flush()
    except DataDocsError as error:
        raise click.ClickException(str(error)) from error
    if data_docs is not None:
        click.echo(f"Data Docs: {data_docs / 'index.html'}", err=True)
    if strict and (has_errors or is_unknown):
        raise click.exceptions.Exit(HAS_ERRORS if has_errors else NOT_LOOKED_INTO)
