"""The commands of ``winnow-dev``."""

from __future__ import annotations

import re
from pathlib import Path

import click

__all__ = ["cli", "main"]

ROOT = Path(__file__).parents[2]
"""The folder of the project, where it is installed from a checkout."""
LONGEST = 24
"""Characters of a name: the lines of the templates stay within 120."""
_NAME = re.compile(r"[a-z][a-z0-9]*(-[a-z0-9]+)*")


@click.group()
def cli() -> None:
    """Tools for those who change Winnow."""


@cli.command("new-type")
@click.argument("name")
@click.option("--software", help="Name of the software, as people know it. [default: NAME]")
def new_type(name: str, software: str | None) -> None:
    """Write a portal type that works: spider, record, probe and fixture.

    NAME is the type as portal files name it: at most 24 small letters, digits and single hyphens, such as
    town-catalogue. The example reads a JSON API page by page: change it to what your portal sends.
    """
    from harvester.dev.new_type import write_type

    if not _NAME.fullmatch(name) or len(name) > LONGEST:
        raise click.ClickException(
            f"{name}: not a type's name; use at most {LONGEST} small letters, digits and single hyphens"
        )
    if not (ROOT / "tests" / "fixtures").is_dir():
        raise click.ClickException(f"{ROOT} has no tests; install Winnow from a checkout: pip install -e .")
    try:
        written = write_type(ROOT, name, software or name)
    except FileExistsError as error:
        raise click.ClickException(f"{error}; choose another name, or remove it first") from error
    for path in written:
        click.echo(path.relative_to(ROOT).as_posix())


def main() -> None:
    """Run the command ``winnow-dev``. Its exit code is 1 if a portal type of that name cannot be written, and 2 for
    wrong usage."""
    cli()
