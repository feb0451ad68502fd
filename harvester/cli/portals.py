"""The commands about portals: detect what an address is, list, import, check, preview."""

from __future__ import annotations

import json
import sys
from collections import Counter
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from harvester.cli.options import contact_option

if TYPE_CHECKING:
    from specs.portals import PortalSpec

__all__ = ["add_to"]

NOT_FOUND = 3
_REGISTRY = click.option(
    "--portals", "registry", type=click.Path(path_type=Path), help="Portal file, or a folder of portal files."
)
_CONTACT = contact_option
_LOCAL = click.option("--allow-local", is_flag=True, help="Allow portals on this machine or network.")
_JSON = click.option("--json", "as_json", is_flag=True, help="Print JSON.")


def add_to(cli: click.Group) -> None:
    """Add the commands ``detect`` and ``preview`` and the command group ``portals`` to the command line ``cli``."""
    for command in (detect, preview, portals):
        cli.add_command(command)


def _print(value: Any) -> None:
    click.echo(json.dumps(value, ensure_ascii=False, indent=1))


def _own_folder(data: Path, registry: Path | None) -> Path:
    return registry or data / "portals"


@click.command()
@click.argument("address")
@click.option("--save", is_flag=True, help="Write the portal file of the recommended endpoint.")
@click.option("--portals", "folder", type=click.Path(path_type=Path, file_okay=False), help="Folder to save to.")
@click.option("--out", type=click.Path(path_type=Path, dir_okay=False), help="For a list: the CSV of the results.")
@click.option(
    "--delay", default=0.25, show_default=True, type=click.FloatRange(0, 60), help="Seconds between requests."
)
@_CONTACT
@_LOCAL
@_JSON
@click.pass_obj
def detect(
    data: Path,
    address: str,
    save: bool,
    folder: Path | None,
    out: Path | None,
    delay: float,
    contact: str,
    allow_local: bool,
    as_json: bool,
) -> None:
    """Find out what portal ADDRESS is: a home page, a dataset's page, an API, a bare host; or a CSV listing them.

    An interrupted list continues where it stopped.
    """
    from harvester.cli.configuration import load
    from harvester.detect import detect as look
    from harvester.terminal.portals import countdown, show_detection

    target = _own_folder(data, folder)
    if address.lower().endswith((".csv", ".tsv", ".txt")) and "://" not in address:
        _detect_list(Path(address), out, target if save else None, contact, allow_local, delay, load(data).proxy)
        if save and (said := _kept_contact(data, contact)):
            click.echo(said)
        return
    with countdown() as on_wait:
        found = look(
            address, allow_local=allow_local, contact=contact, delay_s=delay, on_wait=on_wait, proxy=load(data).proxy
        )
    if as_json:
        _print(found.as_json())
    else:
        show_detection(found)
    if save and found.best is not None:
        click.echo(_saved(found, target, allow_local), err=as_json)
        if said := _kept_contact(data, contact):
            click.echo(said, err=as_json)
    if found.best is None:
        raise click.exceptions.Exit(NOT_FOUND)


def _saved(found: Any, folder: Path, is_local: bool) -> str:
    """Write the portal file of a detection; return what was written, or why nothing was."""
    from harvester.cli.registry import known_in
    from specs.credentials import mask
    from specs.errors import SpecError
    from specs.portals import of_url, save
    from specs.portals.registries import key_of

    try:
        spec = of_url(found.best.url, found.best.type, local=is_local)
    except SpecError as error:
        return str(error)
    if found.title:
        spec = spec.model_copy(update={"title": found.title})
    for one in known_in(folder):
        if key_of(one.url) == key_of(spec.url):
            return f"{one.id} names this portal already: nothing was written"
    try:
        return f"written: {save(spec, folder, [f'Written by winnow detect {mask(found.url)}', *found.reasons()])}"
    except SpecError as error:
        return str(error)


def _kept_contact(data: Path, contact: str) -> str | None:
    """Store a contact for later commands: what was found with a contact may not be asked without one."""
    from harvester.cli.configuration import NAME, load, remember_contact
    from harvester.http.robots_rules import is_contact

    if not is_contact(contact) or load(data).contact is not None:
        return None
    remember_contact(data, contact)
    return f"contact kept in {data / NAME}: {contact}"


def _detect_list(
    path: Path,
    out: Path | None,
    folder: Path | None,
    contact: str,
    allow_local: bool,
    delay: float,
    proxy: str | None,
) -> None:
    from harvester.detect.many import detect_all
    from harvester.terminal.night import progress

    target = out or path.with_suffix(".detected.csv")
    counts: Counter[str] = Counter()
    with progress(is_quiet=not sys.stderr.isatty()) as report:
        for found in detect_all(
            path,
            target,
            allow_local=allow_local,
            contact=contact,
            delay_s=delay,
            proxy=proxy,
            on_progress=lambda done, total: report("detect", path.name, done, total),
        ):
            counts[found.best.type if found.best else "unknown"] += 1
            if folder is not None and found.best is not None:
                _saved(found, folder, allow_local)
    click.echo(", ".join(f"{n} {kind}" for kind, n in counts.most_common()) or "nothing left to ask")
    click.echo(target)


@click.command()
@click.argument("portal")
@click.option("--count", default=10, show_default=True, type=click.IntRange(1, 100), help="Number of datasets.")
@click.option("--type", "portal_type", help="Portal type of a URL; detected if omitted.")
@_REGISTRY
@_CONTACT
@_LOCAL
@_JSON
@click.pass_obj
def preview(
    data: Path,
    portal: str,
    count: int,
    portal_type: str | None,
    registry: Path | None,
    contact: str,
    allow_local: bool,
    as_json: bool,
) -> None:
    """Show the first datasets of PORTAL as they would be mapped, what could not be mapped, and the expected score.

    Nothing is written.
    """
    from harvester.cli.configuration import load
    from harvester.cli.registry import resolve
    from harvester.detect.preview import preview as look
    from harvester.terminal.portals import show_preview

    spec = resolve(
        data, [portal], registry=registry, portal_type=portal_type, allow_local=allow_local, contact=contact
    )[0]
    found = look(spec, count=count, contact=contact, proxy=load(data).proxy)
    if as_json:
        _print(found.as_json())
    else:
        show_preview(found)
    if found.verdict == "failed":
        raise click.exceptions.Exit(NOT_FOUND)


class _ListByDefault(click.Group):
    """A command group that runs ``list`` if no command is named."""

    def parse_args(self, ctx: click.Context, args: list[str]) -> list[str]:
        is_named = bool(args) and (args[0] in self.commands or args[0] in ("-h", "--help"))
        return super().parse_args(ctx, args if is_named else ["list", *args])


@click.group(cls=_ListByDefault)
def portals() -> None:
    """List the portals that a night would harvest; import public lists of them; check that they respond."""


def _filtered(
    specs: list[PortalSpec], kinds: tuple[str, ...], countries: tuple[str, ...], text: str | None
) -> list[PortalSpec]:
    wanted = {country.upper() for country in countries}
    word = (text or "").casefold()
    return [
        one
        for one in specs
        if (not kinds or one.type in kinds)
        and (not wanted or one.country in wanted)
        and word in f"{one.id} {one.title} {one.government or ''} {one.url}".casefold()
    ]


_FILTERS = (
    click.option("--type", "kinds", multiple=True, help="Only portals of this type; may be given more than once."),
    click.option("--country", "countries", multiple=True, help="Only portals of this country (ISO 3166-1 alpha-3)."),
    click.option("--search", "text", help="Only portals whose id, title, government or address contains this text."),
)


def _with_filters(command: Any) -> Any:
    for option in reversed(_FILTERS):
        command = option(command)
    return command


@portals.command("list")
@click.argument("names", metavar="[PORTALS]...", nargs=-1)
@_REGISTRY
@_with_filters
@_JSON
@click.pass_obj
def list_portals(
    data: Path,
    names: tuple[str, ...],
    registry: Path | None,
    kinds: tuple[str, ...],
    countries: tuple[str, ...],
    text: str | None,
    as_json: bool,
) -> None:
    """List the portals that a night would harvest, or only PORTALS: ids, portal files, folders or addresses.

    The type of a portal named by its address is detected, which sends requests. The options narrow the list.
    """
    from harvester.cli.registry import resolve
    from harvester.terminal.portals import show_portals

    specs = _filtered(resolve(data, names, registry=registry), kinds, countries, text)
    if as_json:
        _print([spec.model_dump() for spec in specs])
    else:
        show_portals(specs)


@portals.command("check")
@click.argument("names", metavar="[PORTALS]...", nargs=-1)
@_REGISTRY
@_with_filters
@_CONTACT
@_LOCAL
@_JSON
@click.pass_obj
def check_portals(
    data: Path,
    names: tuple[str, ...],
    registry: Path | None,
    kinds: tuple[str, ...],
    countries: tuple[str, ...],
    text: str | None,
    contact: str,
    allow_local: bool,
    as_json: bool,
) -> None:
    """Ask each portal, or only PORTALS (ids, portal files, folders or addresses), for one record, as its file says,
    and show whether it responds.
    """
    from harvester.cli.configuration import load
    from harvester.cli.registry import resolve, without_language
    from harvester.detect.preview import look
    from harvester.terminal.portals import show_checks

    specs = resolve(data, names, registry=registry, allow_local=allow_local, contact=contact)
    specs = _filtered(specs, kinds, countries, text)
    for said in without_language(specs):
        click.echo(said, err=True)
    found = look(specs, contact=contact, proxy=load(data).proxy)
    if as_json:
        _print([one.as_json() for one in found])
    else:
        show_checks(found)
    if any(one.verdict == "failed" for one in found):
        raise click.exceptions.Exit(NOT_FOUND)


@portals.command("import")
@click.argument("path", metavar="FILE", type=click.Path(path_type=Path, exists=True, dir_okay=False))
@click.option("--portals", "folder", type=click.Path(path_type=Path, file_okay=False), help="Folder to write to.")
@click.option("--as", "portal_type", help="Type of all portals of the list, if the list does not state it.")
@_with_filters
@click.option(
    "--unknown", type=click.Path(path_type=Path, dir_okay=False), help="Write entries without a type to this CSV."
)
@click.option("--dry-run", "-n", is_flag=True, help="Only show what would be written.")
@click.pass_obj
def import_portals(
    data: Path,
    path: Path,
    folder: Path | None,
    portal_type: str | None,
    kinds: tuple[str, ...],
    countries: tuple[str, ...],
    text: str | None,
    unknown: Path | None,
    dry_run: bool,
) -> None:
    """Write portal files for the entries of a public list, without duplicates.

    Accepted are exports of commondataio/dataportals-registry and dataportals.org, and lists of CKAN, Socrata and
    Dataverse sites. Entries without a type go to --unknown, a file that winnow detect accepts.
    """
    import csv

    from catalog.exports.csvfile import guard
    from harvester.cli.registry import known_in
    from specs.portals import PortalSpec, save
    from specs.portals.registries import portals_of, read_registry

    target = _own_folder(data, folder)
    written: Counter[str] = Counter()
    left: Counter[str] = Counter()
    untyped: list[tuple[str, str]] = []
    unread: list[str] = []
    for one in portals_of(read_registry(path, portal_type), known_in(target)):
        if isinstance(one, PortalSpec):
            if not _filtered([one], kinds, countries, text):
                left["filtered out"] += 1
                continue
            written[one.type] += 1
            if not dry_run:
                save(one, target)
        else:
            entry, why = one
            if entry.fault is not None:
                unread.append(entry.fault)
            left["nothing reads its software" if why.startswith("nothing reads") else why.split(":")[0]] += 1
            if entry.type is None and entry.status is None and entry.url:
                untyped.append((guard(entry.url), guard(entry.title)))
    if unknown and not dry_run:
        with unknown.open("w", encoding="utf-8", errors="replace", newline="") as file:
            csv.writer(file).writerows([("url", "title"), *untyped])
    said = ", ".join(f"{n} {kind}" for kind, n in written.most_common()) or "none"
    click.echo(f"{'would be written' if dry_run else 'written'} to {target}: {sum(written.values())} ({said})")
    for why, n in left.most_common():
        click.echo(f"left out: {n}, {why}")
    for fault in unread[:10]:
        click.echo(f"    {fault}")


@portals.command("template")
def template() -> None:
    """Print a CSV table to fill in: a small office lists its datasets in it, and Winnow can harvest it."""
    from harvester.spiders.inventory.spider import template as text

    click.echo(text(), nl=False)


portals.add_command(preview)
