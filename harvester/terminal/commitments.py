"""Show commitments on the terminal: the list, what a file matches and reads today, and who does best."""

from __future__ import annotations

import json
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click
from rich.console import Console
from rich.markup import escape
from rich.table import Table

if TYPE_CHECKING:
    from specs.commitments import Commitment

__all__ = ["show_best", "show_check", "show_list"]


def _console() -> Console:
    return Console(width=None if sys.stdout.isatty() else 160)


def _figure(value: float | None, unit: str | None) -> str:
    if value is None:
        return "-"
    return f"{value:.1%}" if unit == "share" else f"{value:,.6g}"


def _states(data: Path) -> dict[str, dict[str, Any]]:
    path = data / "catalog.db"
    if not path.is_file():
        return {}
    from catalog.db.store import open_catalog
    from catalog.repositories.commitments import last_states

    with open_catalog(path) as catalog:
        return last_states(catalog)


def show_list(data: Path, found: Sequence[Commitment], *, as_json: bool) -> None:
    """Print the commitments ``found`` with the last measured progress of each, as a table or as JSON. ``data`` is the
    folder of the catalogue."""
    states = _states(data)
    rows: list[dict[str, Any]] = [
        {
            "id": one.id,
            "title": one.title,
            "government": one.government.name,
            "deadline": one.period.deadline.isoformat(),
            "kind": "draft" if one.draft else "example" if one.example else "tracked",
            "progress": states.get(one.id, {}).get("progress"),
            "timing_status": states.get(one.id, {}).get("timing_status"),
            "suggested_completion": states.get(one.id, {}).get("suggested_completion"),
        }
        for one in found
    ]
    if as_json:
        click.echo(json.dumps(rows, ensure_ascii=False, indent=1))
        return
    table = Table("commitment", "title", "government", "deadline", "kind", "progress", "timing", "completion")
    for row in rows:
        cells = [row["id"], row["title"], row["government"], row["deadline"], row["kind"]]
        cells += [_figure(row["progress"], "share"), row["timing_status"] or "-", row["suggested_completion"] or "-"]
        table.add_row(*(escape(str(cell)) for cell in cells))
    _console().print(table)


def show_check(data: Path, one: Commitment, *, as_json: bool) -> None:
    """Print what the indicators of the commitment ``one`` measure in the current catalogue, and how many datasets they
    cover, as a table or as JSON. A draft is not measured, nor is anything if there is no catalogue yet. ``data`` is the
    folder of the catalogue, which is not changed."""
    found = _readings(data, one)
    if as_json:
        click.echo(json.dumps({"id": one.id, "draft": one.draft, "indicators": found}, ensure_ascii=False, indent=1))
        return
    console = _console()
    console.print(f"[bold]{escape(one.id)}[/bold]: {escape(one.title)}")
    console.print(f"{escape(one.government.name)}, {one.period.start} to {one.period.deadline}: the file is in order")
    if one.draft:
        console.print("It is a draft: it is not tracked until draft = true is removed.")
    if not (data / "catalog.db").is_file():
        console.print(f"{data} holds no catalogue yet: what it reads cannot be shown.")
        return
    table = Table("indicator", "measure", "in scope", "value", "target", "observed", "failing", "note")
    for row in found:
        cells = [row["id"], row["measure"] or row["kind"], row["in_scope"], _figure(row["value"], row["unit"])]
        cells += [_figure(row["target"], row["unit"]), _figure(row["coverage"], "share"), row["failing"]]
        table.add_row(*(escape("-" if cell is None else str(cell)) for cell in (*cells, row["note"] or "")))
    console.print(table)
    for row in found:
        if row["titles"]:
            console.print(f"{row['id']}: {escape('; '.join(row['titles']))}, ...")


def _readings(data: Path, one: Commitment) -> list[dict[str, Any]]:
    path = data / "catalog.db"
    if not path.is_file() or one.draft:
        return []
    from catalog.db.store import open_catalog
    from quality.commitments.track import peek

    with open_catalog(path) as catalog:
        return peek(catalog, one)


def show_best(found: Sequence[Mapping[str, Any]]) -> None:
    """Print a table of the governments ranked on each measure, the best first; without rows, print what to do instead.

    ``found``: rows of :func:`quality.commitments.compare.best_practice`.
    """
    if not found:
        click.echo("no commitment has been measured yet; run winnow track, with --examples for the shipped ones too")
        return
    table = Table(
        "measure", "rank", "government", "value", "observed %", "commitment", "dataset to look at", "its page", "why"
    )
    for row in found:
        name = f"{row['commitment_id']}{' (example)' if row['is_example'] else ''}"
        cells = [row["measure"], row["rank"], row["government"], _figure(row["value"], row["unit"])]
        cells += [
            row["coverage_pct"],
            name,
            row["dataset_title"] or row["dataset_id"],
            row["dataset_url"],
            row["reason"],
        ]
        table.add_row(*(escape("-" if cell is None else str(cell)) for cell in cells))
    _console().print(table)
