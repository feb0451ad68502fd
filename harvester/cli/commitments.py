"""The commands about commitments: list, write, check and import them, and compare governments."""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

if TYPE_CHECKING:
    from specs.commitments import Commitment

__all__ = ["add_to"]

_JSON = click.option("--json", "as_json", is_flag=True, help="Print JSON.")
_FOLDER = click.option("--commitments", "folder", type=click.Path(path_type=Path), help="Folder of commitment files.")


def add_to(cli: click.Group) -> None:
    """Add the command group ``commitments`` to the command line ``cli``."""
    cli.add_command(commitments)


def _print(value: Any) -> None:
    click.echo(json.dumps(value, ensure_ascii=False, indent=1, default=str))


@click.group(invoke_without_command=True)
@_FOLDER
@_JSON
@click.pass_context
def commitments(context: click.Context, folder: Path | None, as_json: bool) -> None:
    """List the promises of governments; write new ones, check and import them, compare governments."""
    if context.invoked_subcommand is not None:
        return
    from harvester.terminal.commitments import show_list

    show_list(context.obj, _known(context.obj, folder), as_json=as_json)


def _known(data: Path, folder: Path | None) -> list[Commitment]:
    from specs.commitments import examples, load

    own = folder or data / "commitments"
    found = load(own, drafts=True) if own.is_dir() else []
    ids = {one.id for one in found}
    return found + [one for one in examples() if one.id not in ids]


@commitments.command()
@click.option("--from", "template", help="Template to start from: eu-hvd, open-data-charter, us-open-data-act.")
@click.option("--country", help="ISO 3166-1 alpha-3 code, two-letter code or English name of the country.")
@click.option(
    "--government", help="Name of the government; if omitted, that of the portal in --scope, else the country's name."
)
@click.option("--id", "commitment_id", help="Id: list/number, such as ogp/KE0034.")
@click.option("--title", help="Title of the commitment.")
@click.option("--url", help="Page that contains the promise.")
@click.option("--quote", help="The words of the promise.")
@click.option("--start", help="First day, YYYY-MM-DD.")
@click.option("--deadline", help="Last day, YYYY-MM-DD.")
@click.option(
    "--scope", "scopes", multiple=True, help="key=value, such as portal=data-gov; each further one widens the scope."
)
@click.option(
    "--indicator",
    "indicators",
    multiple=True,
    help="measure:baseline:target; if the baseline is empty, the first value measured is taken.",
)
@_FOLDER
@click.pass_obj
def new(data: Path, /, template: str | None, folder: Path | None, **said: Any) -> None:
    """Write a commitment file from a template, or ask for each answer that the options leave out.

    With --from, only --country, --government and --scope portal=ID are used; all else is in the template.
    """
    from harvester.cli.commitment_files import ask, from_answers, save

    target = folder or data / "commitments"
    text = _from_template(data, template, said) if template else from_answers(ask(data, said))
    click.echo(save(text, target))


_NOT_WITH_TEMPLATE = {
    "commitment_id": "--id", "title": "--title", "url": "--url", "quote": "--quote", "start": "--start",
    "deadline": "--deadline", "indicators": "--indicator",
}  # fmt: skip


def _from_template(data: Path, name: str, said: dict[str, Any]) -> str:
    from harvester.cli.commitment_files import country_code, of_portal
    from specs.commitments import from_template
    from specs.vocabularies.countries import name_of

    unused = [option for key, option in _NOT_WITH_TEMPLATE.items() if said[key]]
    unused += [f"--scope {one}" for one in said["scopes"] if one.partition("=")[0].strip() != "portal"]
    if unused:
        raise click.UsageError(
            f"--from takes all else from the template: leave out {', '.join(unused)}, and edit the file afterwards"
        )
    government, country = of_portal(data, said["scopes"])
    code = country_code(said["country"] or country or click.prompt("Country"))
    return from_template(name, country=code, government=said["government"] or government or name_of(code))


@commitments.command()
@click.argument("name")
@_FOLDER
@_JSON
@click.pass_obj
def check(data: Path, name: str, folder: Path | None, as_json: bool) -> None:
    """Check a commitment FILE or ID: whether it is valid, what its scope covers, and what its indicators measure."""
    from harvester.terminal.commitments import show_check
    from specs.commitments import load_file

    if name.endswith(".toml"):
        one = load_file(Path(name))
    else:
        found = {one.id: one for one in _known(data, folder)}
        if name not in found:
            raise click.UsageError(f"{name!r} is neither a .toml file nor the id of a commitment; see the list")
        one = found[name]
    show_check(data, one, as_json=as_json)


@commitments.command(name="import")
@click.argument("file", type=click.Path(path_type=Path, exists=True, dir_okay=False))
@click.option("--open-data", is_flag=True, help="Only commitments that OGP marks as about open data.")
@click.option("--out", type=click.Path(path_type=Path, file_okay=False), help="Folder for the drafts.")
@_JSON
@click.pass_obj
def import_ogp(data: Path, file: Path, open_data: bool, out: Path | None, as_json: bool) -> None:
    """Read an export of OGP's commitments (CSV) and write a draft for each; a person then adds what is measured."""
    from harvester.cli.commitment_files import portals_by_country
    from specs.commitments.ogp import read_export, write_draft

    target = out or data / "commitments" / "drafts"
    found = [row for row in read_export(file) if row.is_open_data or not open_data]
    portals = portals_by_country(data)
    paths = [write_draft(row, target, portals.get(row.iso3 or "", [])) for row in found]
    kept = sum(path is None for path in paths)
    summary = {
        "read": len(found),
        "written": len(found) - kept,
        "kept": kept,
        "governments": len({row.iso3 for row in found if row.iso3}),
        "without_period": sum(row.start is None or row.end is None for row in found),
        "folder": str(target),
    }
    if as_json:
        _print(summary)
        return
    click.echo(f"{summary['read']} commitments of {summary['governments']} countries, {summary['written']} drafts")
    if kept:
        click.echo(f"{kept} files existed already and were left unchanged")
    click.echo(f"{target}: fill in scope and indicators, remove draft = true, move the file to {data / 'commitments'}")


@commitments.command()
@click.argument("measure", required=False)
@_JSON
@click.pass_obj
def compare(data: Path, measure: str | None, as_json: bool) -> None:
    """Compare governments on one MEASURE, or on each measure, and show which does best.

    A measure is a figure that commitments promise to change, such as the share of datasets with an open licence.
    MEASURE is its id, for example dataset.licence_open. A word that is no id prints the list of all ids.
    """
    from catalog.db.store import open_catalog
    from harvester.terminal.commitments import show_best
    from quality.commitments.compare import best_practice
    from specs.measures import measures

    if measure is not None and measure not in measures():
        raise click.UsageError(f"{measure}: no such measure; use one of: {', '.join(measures())}")
    path = data / "catalog.db"
    if not path.is_file():
        raise click.UsageError(f"{data} holds no catalogue yet; run winnow nightly or winnow demo first")
    with open_catalog(path) as catalog:
        found = best_practice(catalog, measure)
    if as_json:
        _print(found)
    else:
        show_best(found)
