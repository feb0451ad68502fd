"""The command line. Heavy libraries are imported inside commands, so that ``--help`` appears at once.

Exit codes: 0 success, 1 a fault of the program or its surroundings (with a message), 2 wrong usage, 3 finished, but
a portal was not read completely (send: a letter was refused; replies import: a line could not be used), 4 below
``--fail-under``, 5 something was changed after it was sealed, 6 the port of the site is in use, 75 another run is
active, 130 interrupted.
"""

from __future__ import annotations

import json
import logging
import sys
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any, NoReturn

import click

from harvester import __version__
from harvester.cli.backup import add_to as _add_backup_commands
from harvester.cli.causes import add_to as _add_causes_command
from harvester.cli.census import add_to as _add_census_commands
from harvester.cli.commitments import add_to as _add_commitment_commands
from harvester.cli.fetch import fetch
from harvester.cli.import_catalog import add_to as _add_import_command
from harvester.cli.inbox import add_to as _add_inbox_commands
from harvester.cli.init import add_to as _add_init_command
from harvester.cli.inspect import add_to as _add_inspect_command
from harvester.cli.logs import log_to
from harvester.cli.options import (
    NO_CONTACT,
    budget_options,
    catalogue_of,
    cluster_options,
    commitment_options,
    export_options,
    network_options,
    portal_options,
    run_options,
)
from harvester.cli.portals import add_to as _add_portal_commands
from harvester.cli.proofs import add_to as _add_proof_commands
from harvester.cli.query import add_to as _add_query_command
from harvester.cli.release import add_to as _add_release_command
from harvester.cli.replies import add_to as _add_reply_commands
from harvester.cli.replies import replies
from harvester.cli.scores import add_to as _add_score_commands
from harvester.cli.send import add_to as _add_send_commands
from harvester.cli.shards import add_to as _add_shard_commands
from harvester.cli.shards import shard_options, work_on_shard
from harvester.cli.site import add_to as _add_site_commands
from harvester.cli.sizes import say_full_size
from harvester.cli.supervisor import supervised
from harvester.cli.withhold import add_to as _add_withhold_command
from harvester.night.interrupts import INTERRUPTED_WORDS, begin_ending, heed_signals, is_interrupted

if TYPE_CHECKING:
    from specs.portals import PortalSpec

__all__ = ["cli", "main"]

LOCKED, INTERRUPTED, FAILED_PORTALS, BELOW = 75, 130, 3, 4


def main() -> NoReturn:
    """Run the command ``winnow`` in a supervised child process and exit with its exit code."""
    sys.exit(supervised(_main))


def _main() -> int:
    """Return the exit code of the command line; after a signal it is 130, even if the signal's exception was
    swallowed."""
    code: int | None = None
    while True:
        try:
            if code is None:
                heed_signals()
                code = _command()
            begin_ending()
            break
        except KeyboardInterrupt:
            code = INTERRUPTED
    if is_interrupted():
        click.echo(INTERRUPTED_WORDS, err=True)
        code = INTERRUPTED
    return code


def _command() -> int:
    """Return the exit code of the command line, and print a one-line message for every failure."""
    try:
        # With standalone_mode=False click returns the code of an Exit.
        return cli.main(prog_name="winnow", standalone_mode=False, auto_envvar_prefix="WINNOW") or 0
    except click.ClickException as error:
        error.show()
        return error.exit_code
    except click.exceptions.Abort:
        raise KeyboardInterrupt from None
    except OSError as error:
        click.echo(f"winnow: {error}; free disk space or fix the permissions, and run again: it continues", err=True)
        return 1
    except Exception as error:  # noqa: BLE001  # the last door: nobody should see a traceback for a plain failure
        return _explain(error)


def _explain(error: Exception) -> int:
    from catalog.db.store import CatalogError
    from harvester.errors import ArchiveError, BackupError, MailboxError, PackageError, ShardError, TimestampError
    from harvester.night.stages import AlreadyRunning
    from specs.errors import SpecError

    click.echo(f"winnow: {error}", err=True)
    if isinstance(error, AlreadyRunning):
        return LOCKED
    if isinstance(error, SpecError):
        return 2
    if isinstance(error, ArchiveError | BackupError | PackageError | ShardError):
        return 2
    if not isinstance(error, CatalogError | MailboxError | TimestampError):
        logging.getLogger("winnow").exception("a fault of the program")
        click.echo("winnow: this is a fault of the program; winnow.log in the data folder has the details", err=True)
    return 1


@click.group(context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 100})
@click.version_option(__version__, prog_name="winnow")
@click.option(
    "--data",
    type=click.Path(path_type=Path, file_okay=False),
    default=Path("data"),
    show_default=True,
    help="Folder of the catalogue, the downloads and the exports.",
)
@click.pass_context
def cli(context: click.Context, data: Path) -> None:
    """Harvest open-data portals, check what they serve, score it, and keep the result as a catalogue."""
    context.obj = data
    if (data / "winnow.toml").is_file():
        context.default_map = _defaults(data, cli)


def _defaults(data: Path, group: click.Group) -> dict[str, Any]:
    """Return the settings of winnow.toml as defaults of every command that accepts them."""
    from harvester.cli.configuration import load
    from specs.errors import SpecError

    try:
        contact = load(data).contact
    except SpecError as error:
        raise click.UsageError(str(error)) from error

    def of(one: click.Group) -> dict[str, Any]:
        named = {"contact": contact} if contact else {}
        return {name: of(sub) if isinstance(sub, click.Group) else named for name, sub in one.commands.items()}

    return of(group)


def _run(
    data: Path, specs: Sequence[PortalSpec], stages: Sequence[str], options: dict[str, Any], *, is_scheduled: bool
) -> None:
    from catalog.exports import ExportOptions
    from harvester.cli.registry import commitments_in
    from harvester.night.context import CheckBudget
    from harvester.night.stages import nightly, replay
    from harvester.terminal.night import progress, show_summary
    from quality.tables.limits import TableBounds

    log_to(data)
    # Read first, so that a bad file is reported now and not at the end of the night.
    promised = commitments_in(data, options.get("commitments"), with_examples=options.get("examples", False))
    with progress(is_quiet=options["as_json"]) as on_progress:
        bounds = TableBounds(
            workers=options["workers"],
            seconds=options["table_seconds"],
            memory_bytes=options["table_memory_mb"] * 1024**2,
            unpacked_bytes=options["table_disk_mb"] * 1024**2,
        )
        if source := options.get("replay"):
            result = replay(data, source, bounds=bounds, on_progress=on_progress)
        else:
            if options.get("dqv") == "full":
                say_full_size(data)
            result = nightly(
                data,
                specs,
                stages=stages,
                contact=options["contact"],
                bounds=bounds,
                on_progress=on_progress,
                is_full=options.get("full", False),
                is_archived=options.get("archive", False),
                is_scheduled=is_scheduled,
                check_budget=CheckBudget(*(options.get(f"max_{name}") for name in ("requests", "bytes", "minutes"))),
                commitments=promised,
                cluster=(options["dask"], options["dask_tls"]) if options.get("dask") else None,
                export=ExportOptions(
                    language=options.get("language"),
                    contact=options["contact"] if options["contact"] != NO_CONTACT else None,
                    is_printed=options.get("pdf", False),
                    has_books=options.get("xlsx", False),
                    parquet=options.get("parquet") or "auto",
                    has_records=options.get("records", False),
                    dqv=options.get("dqv") or "scores",
                    schema=1 if options.get("schema") == "1" else 2,
                    rdf_profile=options.get("rdf_profile") or "dcat-ap-3",
                ),
            )
    if options["as_json"]:
        click.echo(json.dumps(result, ensure_ascii=False, indent=1))
    else:
        show_summary(result, data)
    threshold = options["fail_under"]
    if result["failed_portals"] and "harvest" in stages:
        raise click.exceptions.Exit(FAILED_PORTALS)
    is_scored = result["portals"] or "harvest" not in stages
    if threshold is not None and is_scored and (result["mean_score"] is None or result["mean_score"] < threshold):
        click.echo(f"the mean score {result['mean_score']} is below {threshold:g}", err=True)
        raise click.exceptions.Exit(BELOW)


def _stage_command(
    name: str, stages: Sequence[str], text: str, *more: Callable[[Callable[..., Any]], Callable[..., Any]]
) -> None:
    @click.pass_obj
    def command(
        data: Path,
        /,
        portals: tuple[str, ...],
        registry: Path | None,
        portal_type: str | None,
        allow_local: bool,
        **options: Any,
    ) -> None:
        from harvester.cli.registry import resolve

        if options.get("shard"):
            log_to(data)
            work_on_shard(data, options)
            return
        if "harvest" not in stages:
            catalogue_of(data)
        about = {"portal_type": portal_type, "allow_local": allow_local, "contact": options["contact"]}
        chosen = [] if options.get("replay") else resolve(data, portals, registry=registry, **about)
        _run(data, chosen, stages, options, is_scheduled=not portals)

    made: Callable[..., Any] = command
    options_of: list[Callable[..., Any]] = [*more, run_options, portal_options]
    for option in options_of:
        made = option(made)
    cli.command(name, help=text)(made)


_stage_command(
    "nightly",
    ("harvest", "check", "validate", "score", "track", "export"),
    "Run one whole night over PORTALS: ids, portal files, folders or URLs (with --type).",
    network_options,
    budget_options,
    cluster_options,
    commitment_options,
    export_options,
    click.option(
        "--replay",
        type=click.Path(path_type=Path, exists=True, dir_okay=False),
        help="Repeat the night in this WARC file, offline; --data is an empty folder or that of the night before.",
    ),
)
_stage_command("harvest", ("harvest",), "Only read the portals' records.", network_options, cluster_options)
_stage_command(
    "check",
    ("check",),
    "Only check the addresses and download tables; with --shard, those of one task of winnow shards.",
    network_options,
    budget_options,
    cluster_options,
    shard_options,
)
_stage_command("validate", ("validate",), "Only validate the downloaded tables.")
_stage_command("score", ("score",), "Only score what the catalogue holds.")
_stage_command("track", ("track",), "Only measure the progress of the commitments.", commitment_options)
_stage_command("export", ("export",), "Only write scorecards, findings, RDF and the public catalogue.", export_options)


@cli.command()
@click.argument("portal")
@click.argument("run")
@click.option("--by", default="the operator", show_default=True, help="Who approves, and why; it is stored.")
@click.option(
    "--portals",
    "registry",
    type=click.Path(path_type=Path),
    help="Folder with the portal file; its section [retire] is used.",
)
@click.pass_obj
def approve(data: Path, portal: str, run: str, by: str, registry: Path | None) -> None:
    """Accept a suspect harvest of PORTAL in RUN as complete; datasets that it did not see count as missing.

    A harvest that asked only for changes marks none as missing. A harvest can be accepted too if it is partial only
    because sources outside the portal's own list of datasets could not be read. Later harvests are then complete
    without these sources.
    """
    from catalog.repositories.harvests import Grace
    from catalog.repositories.harvests import approve as approve_harvest
    from harvester.cli.registry import resolve
    from harvester.night.stages import writing

    catalogue_of(data)
    retire = resolve(data, [portal], registry=registry)[0].retire
    with writing(data) as catalog:
        row = approve_harvest(catalog, portal, run, by=by, grace=Grace(retire.grace_runs, retire.grace_days))
    click.echo(
        f"{portal}, run {run}: complete. {row['removed']} datasets are missing, {row['retired']} retired. "
        "winnow score and winnow export bring the scorecards up to date."
    )


@cli.command()
@click.argument("run")
@click.argument("other", required=False)
@click.option("--portal", help="Only this portal.")
@click.option("--csv", "as_csv", type=click.Path(path_type=Path, dir_okay=False), help="Write a CSV, one row a field.")
@click.option("--json", "as_json", is_flag=True, help="Print JSON, one line for each record.")
@click.pass_obj
def diff(data: Path, run: str, other: str | None, portal: str | None, as_csv: Path | None, as_json: bool) -> None:
    """Show what RUN changed, or how two runs differ: each record added, changed, missing, retired or returned."""
    from catalog.db.store import open_catalog
    from catalog.exports.changes import write_changes
    from catalog.repositories.changes import changes
    from harvester.terminal.night import show_changes

    with open_catalog(catalogue_of(data)) as catalog:
        found = changes(catalog, other or run, run if other else None, portal=portal)
        if as_csv:
            write_changes(as_csv, other or run, found)
            click.echo(as_csv)
        else:
            show_changes(found, as_json=as_json)


_add_site_commands(cli)
_add_census_commands(cli)
_add_commitment_commands(cli)
_add_portal_commands(cli)
_add_init_command(cli)
_add_inspect_command(cli)
_add_causes_command(cli)
_add_score_commands(cli)
_add_send_commands(cli)
_add_import_command(cli)
_add_inbox_commands(cli)
_add_withhold_command(cli)
_add_reply_commands(cli)
replies.add_command(fetch)
_add_shard_commands(cli)
_add_proof_commands(cli)
_add_backup_commands(cli)
_add_query_command(cli)
_add_release_command(cli)


@cli.command()
@click.option("--offline", is_flag=True, help="Request nothing: do not look at robots.txt and clocks of the portals.")
@click.pass_obj
def doctor(data: Path, offline: bool) -> None:
    """Show versions, free disk space, and what would keep a night from running: permissions, portal files, the
    catalogue, robots.txt of each portal, the clock. Exit with 1 if there is a fault."""
    from harvester.terminal.doctor import doctor as show

    if not show(data, is_offline=offline):
        raise click.exceptions.Exit(1)
