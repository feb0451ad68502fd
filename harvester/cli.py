"""The command line. Heavy libraries are imported inside commands, so that ``--help`` answers at once.

Exit codes: 0 all well, 1 a fault of the program or its surroundings (said in words), 2 wrong usage, 3 finished but a
portal was not read whole, 4 below ``--fail-under``, 75 another run is at work, 130 interrupted.
"""

from __future__ import annotations

import json
import logging
import signal
import sys
from collections.abc import Callable, Sequence
from logging.handlers import RotatingFileHandler
from pathlib import Path
from typing import TYPE_CHECKING, Any, NoReturn

import click

from harvester import __version__

if TYPE_CHECKING:
    from specs.portals import PortalSpec

__all__ = ["cli", "main"]

LOCKED, INTERRUPTED, FAILED_PORTALS, BELOW = 75, 130, 3, 4


def main() -> NoReturn:
    """Entry point: turns every failure into a line of words and an exit code."""

    def stop(_signal: int, _frame: object) -> None:
        raise KeyboardInterrupt

    signal.signal(signal.SIGTERM, stop)
    try:
        # Outside its standalone mode click returns the code of an Exit.
        code = cli.main(prog_name="winnow", standalone_mode=False, auto_envvar_prefix="WINNOW") or 0
    except click.ClickException as error:
        error.show()
        code = error.exit_code
    except (KeyboardInterrupt, click.exceptions.Abort):
        click.echo("interrupted: what was seen is kept; the same command goes on where it stopped", err=True)
        code = INTERRUPTED
    except OSError as error:
        click.echo(f"winnow: {error}; free space or mend the rights, and run again: it goes on", err=True)
        code = 1
    except Exception as error:  # noqa: BLE001  # the last door: nobody should see a traceback for a plain failure
        code = _explain(error)
    sys.exit(code)


def _explain(error: Exception) -> int:
    from catalog.store import CatalogError
    from harvester.nightly import AlreadyRunning
    from specs.errors import SpecError

    click.echo(f"winnow: {error}", err=True)
    if isinstance(error, AlreadyRunning):
        return LOCKED
    if isinstance(error, SpecError):
        return 2
    if not isinstance(error, CatalogError):
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


def _portal_options(command: Callable[..., Any]) -> Callable[..., Any]:
    options = [
        click.argument("portals", nargs=-1),
        click.option("--portals", "registry", type=click.Path(path_type=Path), help="Portal file, or folder of them."),
        click.option("--type", "portal_type", help="Portal type of a URL: ckan, dcat-us."),
        click.option("--allow-local", is_flag=True, help="The portals named may stand on this machine or network."),
    ]
    for option in reversed(options):
        command = option(command)
    return command


def _run_options(command: Callable[..., Any]) -> Callable[..., Any]:
    options = [
        click.option("--json", "as_json", is_flag=True, help="Print the summary as JSON."),
        click.option("--contact", default="no contact given", help="E-mail or page of yours, for the user agent."),
        click.option("--workers", default=2, show_default=True, type=click.IntRange(1, 64), help="Table checkers."),
        click.option("--fail-under", type=click.FloatRange(0, 100), help="Exit 4 where the mean score is lower."),
    ]
    for option in reversed(options):
        command = option(command)
    return command


def _chosen(
    data: Path, names: Sequence[str], registry: Path | None, portal_type: str | None, allow_local: bool
) -> list[PortalSpec]:
    from harvester.registry import resolve

    return resolve(data, names, registry=registry, portal_type=portal_type, allow_local=allow_local)


def _log_to(data: Path) -> None:
    """Everything the libraries have to say goes to a file; the terminal is for people."""
    data.mkdir(parents=True, exist_ok=True)
    handler = RotatingFileHandler(data / "winnow.log", maxBytes=5_000_000, backupCount=2, encoding="utf-8")
    handler.setFormatter(logging.Formatter("%(asctime)s %(levelname)s %(name)s: %(message)s"))
    logging.basicConfig(level=logging.INFO, handlers=[handler], force=True)
    logging.captureWarnings(True)
    # Where the disk is full, a log that cannot be written is not news.
    logging.raiseExceptions = False


def _run(data: Path, specs: Sequence[PortalSpec], stages: Sequence[str], options: dict[str, Any]) -> None:
    from harvester.nightly import nightly
    from harvester.terminal import progress, show_summary

    _log_to(data)
    with progress(is_quiet=options["as_json"]) as on_progress:
        result = nightly(
            data,
            specs,
            stages=stages,
            contact=options["contact"],
            workers=options["workers"],
            on_progress=on_progress,
        )
    if options["as_json"]:
        click.echo(json.dumps(result, ensure_ascii=False, indent=1))
    else:
        show_summary(result, data)
    threshold = options["fail_under"]
    if result["failed_portals"] and "harvest" in stages:
        raise click.exceptions.Exit(FAILED_PORTALS)
    if threshold is not None and (result["mean_score"] is None or result["mean_score"] < threshold):
        click.echo(f"the mean score {result['mean_score']} is below {threshold:g}", err=True)
        raise click.exceptions.Exit(BELOW)


def _stage_command(name: str, stages: Sequence[str], text: str) -> None:
    @cli.command(name, help=text)
    @_portal_options
    @_run_options
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
        _run(data, _chosen(data, portals, registry, portal_type, allow_local), stages, options)


_stage_command(
    "nightly",
    ("harvest", "check", "validate", "score", "export"),
    "One whole night over PORTALS: ids, portal files, folders or URLs (with --type).",
)
_stage_command("harvest", ("harvest",), "Only read the portals' records.")
_stage_command("check", ("check",), "Only ask the addresses and download tables.")
_stage_command("validate", ("validate",), "Only look into the downloaded tables.")
_stage_command("score", ("score",), "Only score what the catalogue holds.")
_stage_command("export", ("export",), "Only write scorecards, findings, RDF and the public catalogue.")


@cli.command()
@_portal_options
@click.option("--json", "as_json", is_flag=True, help="Print them as JSON.")
@click.pass_obj
def portals(
    data: Path,
    portals: tuple[str, ...],
    registry: Path | None,
    portal_type: str | None,
    allow_local: bool,
    as_json: bool,
) -> None:
    """List the portals that a night would take."""
    from harvester.terminal import show_portals

    specs = _chosen(data, portals, registry, portal_type, allow_local)
    if as_json:
        click.echo(json.dumps([spec.model_dump() for spec in specs], ensure_ascii=False, indent=1))
    else:
        show_portals(specs)


@cli.command()
@click.argument("name")
@click.pass_obj
def explain(data: Path, name: str) -> None:
    """Explain a METRIC, or the score of a DATASET (its id, line by line)."""
    from harvester.terminal import explain as show

    if not show(data, name):
        raise click.UsageError(f"{name!r} is neither a metric of specs/metrics.toml nor a dataset id in {data}")


@cli.command()
@click.option("--port", default=8001, show_default=True, type=click.IntRange(0, 65535))
@click.option("--host", default="127.0.0.1", show_default=True)
@click.pass_obj
def serve(data: Path, port: int, host: str) -> None:
    """Open the catalogue in Datasette."""
    import subprocess

    from catalog.site.serve import datasette_command, publish

    source, public = data / "catalog.db", data / "site" / "catalog.db"
    if not source.is_file():
        raise click.UsageError(f"{data} holds no catalogue yet; run winnow nightly or winnow demo first")
    if not public.is_file():
        publish(source, public)
    click.echo(f"http://{host}:{port}/  (Ctrl-C ends it)", err=True)
    raise click.exceptions.Exit(subprocess.call(datasette_command(public, port=port, host=host)))


@cli.command()
@click.option("--serve", "stay", is_flag=True, help="Leave the catalogue open in Datasette at the end.")
@click.option("--port", default=8001, show_default=True, type=click.IntRange(0, 65535))
@click.pass_context
def demo(context: click.Context, stay: bool, port: int) -> None:
    """Two nights over the demo portals that come with the program, served on this machine."""
    from harvester.demo.run import prepare, run_demo

    data: Path = context.obj
    if context.parent and context.parent.get_parameter_source("data") == click.core.ParameterSource.DEFAULT:
        data = Path("demo-data")
    prepare(data)
    _log_to(data)
    run_demo(data)
    if stay:
        context.obj = data
        context.invoke(serve, port=port, host="127.0.0.1")


@cli.command()
@click.pass_obj
def doctor(data: Path) -> None:
    """Versions, disk, and what is missing."""
    from harvester.terminal import doctor as show

    if not show(data):
        raise click.exceptions.Exit(1)
