"""Commands that back up the data folder and restore it."""

from __future__ import annotations

from pathlib import Path

import click

__all__ = ["add_to"]


def add_to(group: click.Group) -> None:
    """Add the commands ``backup`` and ``restore`` to the command line ``group``."""
    group.add_command(backup)
    group.add_command(restore)


@click.command()
@click.argument("file", type=click.Path(path_type=Path, dir_okay=False))
@click.option("--shareable", is_flag=True, help="Leave out names and texts of people, secrets and archives.")
@click.option("--without-evidence", is_flag=True, help="Leave out archives and downloaded files.")
@click.pass_obj
def backup(data: Path, file: Path, shareable: bool, without_evidence: bool) -> None:
    """Write a backup of the data folder to FILE, also while a run is at work.

    Only the owner of FILE can read it. What winnow export makes again is not in it.
    """
    from harvester.backups import write_backup

    listed = write_backup(data, file, is_shareable=shareable, has_evidence=not without_evidence)
    click.echo(f"{file}: {len(listed)} files, {sum(one.size for one in listed) / 1e6:.1f} MB before compression")


@click.command()
@click.argument("file", type=click.Path(path_type=Path, exists=True, dir_okay=False))
@click.option("--force", is_flag=True, help="Overwrite files that are in the data folder.")
@click.pass_obj
def restore(data: Path, file: Path, force: bool) -> None:
    """Unpack the backup FILE into the data folder, after verifying all of it."""
    from harvester.backups import restore as unpack
    from harvester.night.stages import locked

    with locked(data):
        listed = unpack(file, data, is_forced=force)
    click.echo(f"{data}: {len(listed)} files restored; winnow export makes the exports and the site again")
    settings = sorted(one.name for one in listed if one.name == "winnow.toml" or one.name.startswith("portals/"))
    if settings:
        more = f" and {len(settings) - 1} portal files" if len(settings) > 1 else ""
        click.echo(
            f"it brought {settings[-1]}{more}, which say what is asked, who gets letters, and which file holds a "
            "password: read them before you run anything, unless you made the backup yourself"
        )
