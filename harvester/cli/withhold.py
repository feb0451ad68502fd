"""The command that withholds the content of a dataset, and lets it be published again."""

from __future__ import annotations

from pathlib import Path

import click

from harvester.cli.options import catalogue_of

__all__ = ["add_to"]

_NEXT = "winnow export and winnow serve (or winnow site) bring what is published up to date"


def add_to(group: click.Group) -> None:
    """Add the command ``withhold`` to the command line ``group``."""
    group.add_command(withhold)


@click.command()
@click.argument("id", required=False)
@click.option("--reason", help="Why; it is published, so it names no person and nothing of the content.")
@click.option("--by", default="the operator", show_default=True, help="Who decides; it is stored and not published.")
@click.option("--lift", "is_lifted", is_flag=True, help="Let the content of ID be published again.")
@click.option("--list", "is_list", is_flag=True, help="Show what is withheld, and what was.")
@click.pass_obj
def withhold(data: Path, id: str | None, reason: str | None, by: str, is_lifted: bool, is_list: bool) -> None:
    """Withhold the content of the dataset ID from the site, the exported files and letters.

    ID may also be that of a file or finding of the dataset, or an id that it had before. It is measured as before, and
    counts in the figures of its publisher; its page says since when and why it is withheld.
    """
    from catalog.db.store import open_catalog
    from catalog.repositories.withholding import dataset_of, lift, other_copies, withholdings
    from catalog.repositories.withholding import withhold as withhold_dataset
    from harvester.night.stages import writing
    from harvester.terminal.scores import printable

    if is_list:
        with open_catalog(catalogue_of(data)) as catalog:
            for row in withholdings(catalog):
                until = f" until {row['lifted_at'][:10]} ({row['lifted_by']})" if row["lifted_at"] else ""
                line = f"{row['dataset_id']}  {row['withheld_at'][:10]}{until}  {row['withheld_by']}: {row['reason']}"
                click.echo(printable(line))
        return
    if id is None:
        raise click.UsageError("name the dataset, or use --list")
    if not is_lifted and not (reason or "").strip():
        raise click.UsageError("--reason is missing: the page of the dataset says why its content is withheld")
    catalogue_of(data)
    with writing(data) as catalog:
        dataset_id = dataset_of(catalog, id)
        if dataset_id is None:
            raise click.UsageError(f"{id}: no dataset, file or finding has this id; it is in the address of its page")
        if is_lifted:
            done = lift(catalog, dataset_id, by=by)
            click.echo(f"{dataset_id}: lifted. {_NEXT}" if done else f"{dataset_id}: is not withheld")
            return
        done = withhold_dataset(catalog, dataset_id, reason=(reason or "").strip(), by=by)
        click.echo(f"{dataset_id}: withheld. {_NEXT}" if done else f"{dataset_id}: is withheld already")
        for copy in other_copies(catalog, dataset_id):
            click.echo(f"{copy}: holds the same, and is still published: withhold it too if it must not be")
