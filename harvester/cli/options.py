"""Options that several commands share."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import click

__all__ = [
    "NO_CONTACT",
    "budget_options",
    "catalogue_of",
    "cluster_options",
    "commitment_options",
    "contact_option",
    "export_options",
    "network_options",
    "portal_options",
    "run_options",
]

NO_CONTACT = "no contact given"


def catalogue_of(data: Path) -> Path:
    """Return the path of the catalogue in the data folder ``data``. Raise UsageError if there is none."""
    path = data / "catalog.db"
    if not path.is_file():
        raise click.UsageError(f"{data} holds no catalogue yet; run winnow nightly or winnow demo first")
    return path


contact_option = click.option(
    "--contact",
    default=NO_CONTACT,
    envvar="WINNOW_CONTACT",
    help="Your e-mail address or page, for the user agent; or contact in winnow.toml.",
)


def portal_options(command: Callable[..., Any]) -> Callable[..., Any]:
    """Decorate a click command with the options that choose portals: portal names, --portals, --type and
    --allow-local."""
    options = [
        click.argument("portals", nargs=-1),
        click.option(
            "--portals", "registry", type=click.Path(path_type=Path), help="Portal file, or a folder of portal files."
        ),
        click.option("--type", "portal_type", help="Portal type of a URL; detected if omitted."),
        click.option("--allow-local", is_flag=True, help="Allow portals on this machine or network."),
    ]
    for option in reversed(options):
        command = option(command)
    return command


def run_options(command: Callable[..., Any]) -> Callable[..., Any]:
    """Decorate a click command with the options that every stage accepts, such as --json, --contact and --workers."""
    options = [
        click.option("--json", "as_json", is_flag=True, help="Print the summary as JSON."),
        contact_option,
        click.option(
            "--workers",
            default=2,
            show_default=True,
            type=click.IntRange(1, 64),
            help="Number of processes that check tables.",
        ),
        click.option(
            "--table-seconds", default=60.0, show_default=True, type=click.FloatRange(1), help="Seconds for one table."
        ),
        click.option(
            "--table-memory-mb",
            default=512,
            show_default=True,
            type=click.IntRange(384),
            help="Memory of each table checker.",
        ),
        click.option(
            "--table-disk-mb",
            default=512,
            show_default=True,
            type=click.IntRange(1),
            help="Unpacked size of an archive.",
        ),
        click.option("--fail-under", type=click.FloatRange(0, 100), help="Exit 4 if the mean score is lower."),
    ]
    for option in reversed(options):
        command = option(command)
    return command


def network_options(command: Callable[..., Any]) -> Callable[..., Any]:
    """Decorate a click command with the options of stages that use the network: --full and --archive."""
    options = [
        click.option("--full", is_flag=True, help="Request everything again, even what is cached."),
        click.option("--archive", is_flag=True, help="Store every exchange as WARC, in the folder archive."),
    ]
    for option in reversed(options):
        command = option(command)
    return command


def budget_options(command: Callable[..., Any]) -> Callable[..., Any]:
    """Decorate a click command with the limits for the check of addresses: --max-requests, --max-bytes and
    --max-minutes."""
    options = [
        click.option(
            "--max-requests", type=click.IntRange(min=0), help="Requests the resource check may send in this run."
        ),
        click.option(
            "--max-bytes", type=click.IntRange(min=0), help="Bytes the resource check may receive in this run."
        ),
        click.option(
            "--max-minutes",
            type=click.FloatRange(min=0),
            help="Minutes for the resource check; the rest waits for the next run.",
        ),
    ]
    for option in reversed(options):
        command = option(command)
    return command


def cluster_options(command: Callable[..., Any]) -> Callable[..., Any]:
    """Decorate a click command with the options of work on a cluster: --dask and --dask-tls."""
    options = [
        click.option(
            "--dask",
            metavar="ADDRESS",
            help="Harvest and check on the workers of this Dask scheduler. It and every worker can run any program on "
            "this machine: use only those that you trust.",
        ),
        click.option(
            "--dask-tls",
            type=click.Path(path_type=Path, exists=True, file_okay=False),
            help="Folder with ca.pem, cert.pem and key.pem of the cluster; needed beyond this machine.",
        ),
    ]
    for option in reversed(options):
        command = option(command)
    return command


def export_options(command: Callable[..., Any]) -> Callable[..., Any]:
    """Decorate a click command with the options of the exported files: --language, --pdf, --xlsx, --parquet, --records,
    --dqv, --schema and --rdf-profile."""
    options = [
        click.option(
            "--language",
            help="Language of pages and readable CSVs: en, es, fr, pt-BR, pt-PT; by default as in the portal files.",
        ),
        click.option("--pdf", is_flag=True, help="Print every report as PDF too, if Chromium is installed."),
        click.option("--xlsx", is_flag=True, help="Write workbooks into all folders, not only those sent by mail."),
        click.option(
            "--parquet",
            type=click.Choice(["auto", "always", "never"]),
            default="auto",
            show_default=True,
            help="When to write the Parquet package: auto is every night, or once a week above 10,000 datasets.",
        ),
        click.option(
            "--records", is_flag=True, help="Add the records as received to the Parquet package, without persons."
        ),
        click.option(
            "--dqv",
            type=click.Choice(["scores", "full"]),
            default="scores",
            show_default=True,
            help="Measurements as RDF: the scores of datasets, or everything measured of every file too; how large "
            "that will be is said first.",
        ),
        click.option(
            "--schema",
            type=click.Choice(["1", "2"]),
            default="2",
            show_default=True,
            help="Form of the CSVs: 1 is the old one, where every row names the run.",
        ),
        click.option(
            "--rdf-profile",
            type=click.Choice(["dcat-ap-3", "dcat-ap-2", "dcat-us-3"]),
            default="dcat-ap-3",
            show_default=True,
            help="Profile of DCAT in which the catalogue is written as RDF.",
        ),
    ]
    for option in reversed(options):
        command = option(command)
    return command


def commitment_options(command: Callable[..., Any]) -> Callable[..., Any]:
    """Decorate a click command with the options that choose which commitments to track: --commitments and
    --examples."""
    options = [
        click.option("--commitments", type=click.Path(path_type=Path), help="Folder of commitment files."),
        click.option("--examples", is_flag=True, help="Also track the examples that come with the program."),
    ]
    for option in reversed(options):
        command = option(command)
    return command
