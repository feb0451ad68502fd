"""Show progress and summaries on the terminal, with rich. Progress goes to stderr, results to stdout."""

from __future__ import annotations

import json
import sys
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from dataclasses import asdict
from pathlib import Path
from typing import Any

from rich.console import Console
from rich.markup import escape
from rich.table import Table

from catalog.repositories.changes import RecordChange

__all__ = ["interval", "progress", "show_changes", "show_summary"]

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
    """Return the score of ``row``, a row of a summary, as text, such as "71.2 (60.0 to 83.5) C": the score, its range
    and its grade; "-" if there is none. The range is the score if everything unknown had failed, and if it had
    passed."""
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
    """Print ``found``, changes of records, each with its changed fields below it, and their number by kind; or, with
    ``as_json``, one line of JSON for each change."""
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
