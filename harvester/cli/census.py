"""The commands about the census of key datasets: show it, and let a person say what a dataset is."""

from __future__ import annotations

import json
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

if TYPE_CHECKING:
    from catalog.db.store import Catalog
    from specs.census.confirmed import Confirmation

__all__ = ["add_to"]

_JSON = click.option("--json", "as_json", is_flag=True, help="Print JSON.")


def add_to(cli: click.Group) -> None:
    """Add the command group ``census`` to the command line ``cli``."""
    cli.add_command(census)


@click.group(invoke_without_command=True)
@_JSON
@click.pass_context
def census(context: click.Context, as_json: bool) -> None:
    """Show which key datasets the portals have (budget, elections, air quality, ...), and whether they are open."""
    if context.invoked_subcommand is not None:
        return
    from catalog.repositories.census import census_of
    from harvester.terminal.census import show_portals

    with _catalogue(context.obj) as catalog:
        show_portals(census_of(catalog), as_json=as_json)


@census.command()
@click.argument("portal")
@_JSON
@click.pass_obj
def show(data: Path, portal: str, as_json: bool) -> None:
    """Show the census of PORTAL (its id): each key dataset, the dataset taken for it and why, and the trend."""
    from catalog.repositories.census import census_changes, census_of
    from harvester.terminal.census import show_portal

    with _catalogue(data) as catalog:
        rows = census_of(catalog, portal)
        if not rows:
            raise click.UsageError(f"no census of {portal!r} was taken yet; winnow track takes it after a harvest")
        show_portal(rows, census_changes(catalog, portal), as_json=as_json)


@census.command()
@click.argument("portal")
@click.option("--key", help="Only this key dataset; with --dataset, the one that is answered.")
@click.option("--dataset", help="Id or identifier of the dataset that is answered, without being asked.")
@click.option("--yes/--no", "is_it", default=None, help="The answer: the dataset is the key dataset, or is not.")
@click.option("--why", help="Reason for the answer.")
@click.option("--who", help="Your name. It is shown beside the answer.")
@_JSON
@click.pass_obj
def review(data: Path, /, portal: str, key: str | None, dataset: str | None, who: str | None, **said: Any) -> None:
    """Ask about the datasets of PORTAL that may be key datasets; write the answers to census/PORTAL.toml.

    The questions are about datasets whose evidence is not enough, and about those that have changed since a person
    answered. With --dataset, --key and --yes or --no, one answer is written without questions. With --json, the
    questions are printed but not asked.
    """
    from catalog.repositories.census import claims_of
    from specs.census import key_words
    from specs.census.confirmed import confirmations_path

    if key is not None and key not in key_words():
        raise click.UsageError(f"{key}: no such key dataset; use one of: {', '.join(key_words())}")
    with _catalogue(data) as catalog:
        waiting = [one for one in claims_of(catalog, portal, ["asked", "lapsed"]) if key in (None, one["key"])]
        if said["as_json"]:
            click.echo(json.dumps(waiting, ensure_ascii=False, indent=1))
            return
        if dataset is not None:
            if key is None or said["is_it"] is None:
                raise click.UsageError("--dataset needs --key, and --yes or --no")
            found = [_about(catalog, portal, key, dataset, said["is_it"], who, said["why"])]
        else:
            found = list(_asked(waiting, who))
        if found:
            path = confirmations_path(data, portal)
            _save(path, found)
            _take(catalog, data, portal)
            click.echo(f"{len(found)} answers written to {path}")
        elif not waiting:
            click.echo(f"nothing to ask about {portal}")


@contextmanager
def _catalogue(data: Path) -> Iterator[Catalog]:
    from catalog.db.store import open_catalog

    path = data / "catalog.db"
    if not path.is_file():
        raise click.UsageError(f"{data} holds no catalogue yet; run winnow nightly or winnow demo first")
    with open_catalog(path) as catalog:
        yield catalog


def _asked(waiting: list[dict[str, Any]], who: str | None) -> Iterator[Confirmation]:
    """Ask about each dataset; a question may be left open, and the rest may be left for another day."""
    from specs.census import key_words

    for at, one in enumerate(waiting, 1):
        click.echo(f"\n{at} of {len(waiting)}: {one['key']}: {key_words()[one['key']].asks}")
        click.echo(f"  {one['title']}\n  {one['url'] or one['dataset_id']}\n  {one['evidence'] or 'no evidence'}")
        if one["verdict"] == "lapsed":
            click.echo("  A person answered before; the dataset has changed since.")
        choice = click.prompt("Is it?", type=click.Choice(["yes", "no", "later", "stop"]), default="later")
        if choice == "stop":
            return
        if choice == "later":
            continue
        who = who or click.prompt("Your name")
        yield _confirmation(one, choice == "yes", who, click.prompt("Why"))


def _about(
    catalog: Catalog, portal: str, key: str, dataset: str, is_it: bool, who: str | None, why: str | None
) -> Confirmation:
    from catalog.repositories.census import datasets_of, listed_datasets
    from quality.census.answers import said_of

    listed = listed_datasets(catalog, portal)
    ids = [id for id, identifier, _ in listed if dataset in (id, identifier)]
    found = next(datasets_of(catalog, ids[:1]), None)
    if found is None:
        raise click.UsageError(f"{portal} lists no dataset with the id or identifier {dataset!r}")
    about = {"key": key, "dataset_id": found.id, "identifier": found.identifier, "title": found.title}
    about["said"] = said_of(found)
    return _confirmation(about, is_it, who or click.prompt("Your name"), why or click.prompt("Why"))


def _confirmation(one: dict[str, Any], is_it: bool, who: str, why: str) -> Confirmation:
    from specs.census.confirmed import Confirmation

    return Confirmation(
        key=one["key"],
        dataset=one["dataset_id"],
        identifier=one["identifier"] or "",
        title=one["title"] or "",
        answer="yes" if is_it else "no",
        who=who,
        when=datetime.now(UTC).date(),
        why=why,
        said=one["said"] or "",
    )


def _save(path: Path, found: list[Confirmation]) -> None:
    """Add answers to a file; an answer about the same dataset and key is replaced."""
    from specs.census.confirmed import read_confirmations, write_confirmations

    new = {(one.key, one.dataset) for one in found}
    kept = [one for one in read_confirmations(path) if (one.key, one.dataset) not in new]
    write_confirmations(path, [*kept, *found])


def _take(catalog: Catalog, data: Path, portal: str) -> None:
    from catalog.repositories.runs import last_run
    from quality.census.stage import take_census

    if run_id := last_run(catalog):
        take_census(catalog, run_id, data, [portal])
