"""Show progress and summaries on the terminal, with rich. Progress goes to stderr, results to stdout."""

from __future__ import annotations

import json
import os
import shutil
import sys
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from dataclasses import asdict
from importlib import metadata
from pathlib import Path
from typing import Any

from rich.console import Console
from rich.markup import escape
from rich.table import Table

from catalog.db.store import sqlite_version
from catalog.repositories.changes import RecordChange
from harvester import __version__

__all__ = ["doctor", "interval", "progress", "show_changes", "show_summary"]

Report = Callable[[str, str, int, int | None], None]


@contextmanager
def progress(*, is_quiet: bool) -> Iterator[Report]:
    """Context manager that yields a function which reports progress: called with stage, portal, number done and number
    in total (None if unknown).

    It draws progress bars if stderr is a terminal, and does nothing otherwise or if ``is_quiet``.
    """
    console = Console(stderr=True)
    if is_quiet or not console.is_terminal:
        yield lambda stage, what, done, total: None
        return
    from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn

    columns = (TextColumn("{task.fields[stage]:9}"), TextColumn("{task.description:30.30}"), BarColumn())
    with Progress(*columns, MofNCompleteColumn(), TimeElapsedColumn(), console=console) as bars:
        tasks: dict[tuple[str, str], Any] = {}

        def report(stage: str, what: str, done: int, total: int | None) -> None:
            if (stage, what) not in tasks:
                tasks[stage, what] = bars.add_task(escape(what), total=total, stage=stage)
            bars.update(tasks[stage, what], completed=done, total=total)

        yield report


def interval(row: dict[str, Any]) -> str:
    """Return the score of a row of a summary as text, such as "71.2 (60.0 to 83.5) C": the score, its range and its
    grade; "-" if there is none. The range is the score if everything unknown had failed, and if it had passed."""
    if row["score"] is None:
        return "-"
    return f"{row['score']:.1f} ({row['score_low']:.1f} to {row['score_high']:.1f}) {row['grade'] or ''}"


def show_summary(result: dict[str, Any], data: Path) -> None:
    """Print the summary of a run: a table of the portals, the reasons why portals were not read completely, and where
    the files are. ``result`` is the summary, ``data`` the data folder."""
    console = Console(width=None if sys.stdout.isatty() else 140)
    table = Table(title=f"Run {result['run']}", title_justify="left")
    for name in ("portal", "verdict"):
        table.add_column(name)
    for name in ("datasets", "files", "added", "changed", "removed", "errors"):
        table.add_column(name, justify="right")
    table.add_column("score (if all unknown failed to passed)")
    table.add_column("findings open / new / fixed", justify="right")
    for row in result["portals"]:
        table.add_row(
            escape(row["portal"]),
            row["verdict"] or "-",
            *(str(row[k] or 0) for k in ("datasets", "distributions", "added", "changed", "removed", "errors")),
            interval(row),
            f"{row['findings_open']} / {row['findings_new']} / {row['findings_fixed']}",
        )
    console.print(table)
    for row in result["portals"]:
        if row["verdict"] not in ("complete", None):
            console.print(f"{row['portal']}: {'; '.join(row['reasons']) or row['verdict']}"[:600], markup=False)
            for remedy in row.get("remedies", ()):
                console.print(f"    what to do: {remedy}"[:600], markup=False)
    checks = ", ".join(f"{n} {outcome}" for outcome, n in result["checks"].items()) or "none"
    console.print(
        f"addresses: {checks}; tables looked into: {result['tables_checked']}; mean score: {result['mean_score']}"
    )
    if any(row["datasets"] for row in result["portals"]) and all(row["score"] is None for row in result["portals"]):
        console.print("nothing is scored yet: winnow score", markup=False)
    if hosts := result.get("hosts_lost_with_network"):
        console.print(
            f"[red]the check was ended: {hosts} hosts in a row did not answer, and no other. "
            "It is the network of this machine; nothing is held against them[/red]"
        )
    if result["checks_carried_over"]:
        console.print(f"{result['checks_carried_over']:,} addresses that were due are carried over to the next night")
    traffic = result["traffic"]
    console.print(
        "; ".join(
            f"{stage}: {traffic['requests'][stage]:,} requests, {traffic['bytes'][stage]:,} bytes, "
            f"{traffic['not_modified'][stage]:,} responses not modified"
            for stage in ("harvest", "check")
        )
    )
    if result["harvest_errors"]:
        console.print(f"{result['harvest_errors']} harvest errors: see the table harvest_errors (winnow serve)")
    if (data / "exports").is_dir():
        console.print(f"scorecards: {data / 'exports'}    browse: winnow --data {data} serve")


def show_changes(found: Iterable[RecordChange], *, as_json: bool) -> None:
    """Print changes of records, each with its changed fields below it, and their number by kind; or, with ``as_json``,
    one line of JSON for each change."""
    console = Console(width=None if sys.stdout.isatty() else 140)
    counts: dict[str, int] = {}
    for change in found:
        counts[change.kind] = counts.get(change.kind, 0) + 1
        if as_json:
            print(json.dumps(asdict(change), ensure_ascii=False))  # noqa: T201
            continue
        when = f", first missed on {change.missing_on}" if change.missing_on else ""
        name = change.title or change.identifier
        console.print(f"{change.portal_id}: {change.kind}: {name} ({change.dataset_id}){when}", markup=False)
        for field in change.fields:
            console.print(f"    {field['field']}: {field['old']!r} -> {field['new']!r}", markup=False, highlight=False)
    if not as_json:
        console.print(", ".join(f"{n} {kind}" for kind, n in sorted(counts.items())) or "nothing changed")


LIBRARIES = (
    "scrapy", "aiohttp", "requests", "frictionless", "great-expectations", "rdflib", "sqlite-utils", "datasette",
    "python-calamine", "pydantic",
)  # fmt: skip


def _doctor_network(console: Console, data: Path) -> bool:
    """Print the contact, and which proxies are used and which ignored. Return False if the configuration cannot be
    read."""
    from harvester.cli.configuration import NAME, load
    from harvester.http.proxies import of_environment
    from harvester.http.robots_rules import is_contact
    from specs.credentials import mask
    from specs.errors import SpecError

    try:
        configuration = load(data)
    except SpecError as error:
        console.print(str(error), markup=False)
        return False
    contact = os.environ.get("WINNOW_CONTACT") or configuration.contact
    if contact and is_contact(contact):
        console.print(f"contact: {contact}", markup=False)
    else:
        where = f"{data / NAME}, WINNOW_CONTACT or --contact"
        console.print(f"no contact ({where}): a stock CKAN forbids its API to robots that name none", markup=False)
    if names := of_environment():
        console.print(f"proxies of the environment are ignored: {', '.join(names)}", markup=False)
    proxy = mask(configuration.proxy) if configuration.proxy else f"none (proxy in {data / NAME} turns one on)"
    console.print(f"proxy: {proxy}", markup=False)
    return True


def doctor(data: Path) -> bool:
    """Print versions of the program and its libraries, free disk space, and what is missing. Return whether a run can
    be made with the data folder ``data``."""
    console = Console()
    is_well = True
    console.print(f"winnow {__version__}, Python {sys.version.split()[0]}, SQLite {sqlite_version()}")
    for name in LIBRARIES:
        try:
            console.print(f"{name} {metadata.version(name)}")
        except metadata.PackageNotFoundError:
            is_well = False
            console.print(f"{name} is missing: install the program again with pip")
    datasette = metadata.version("datasette")
    if datasette.startswith("1."):
        is_well = False
        console.print(f"datasette {datasette} breaks the site: install a 0.65 version")
    place = data if data.is_dir() else Path()
    free = shutil.disk_usage(place).free
    console.print(f"{place.resolve()}: {free / 1e9:.1f} GB free")
    if free < 1e9:
        is_well = False
        console.print("a night needs 1 GB of free disk at least")
    catalogue = data / "catalog.db"
    console.print(f"catalogue: {catalogue}" if catalogue.is_file() else f"no catalogue yet in {data}")
    is_well = _doctor_network(console, data) and is_well
    console.print("chromium: " + (shutil.which("chromium") or "not found (only some tests need it)"))
    return is_well
