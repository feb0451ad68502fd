"""Show on the terminal the causes of a portal's findings: common roots of many findings, each with one fix."""

from __future__ import annotations

import json
import sys
from collections.abc import Sequence
from typing import Any

import click
from rich.console import Console
from rich.markup import escape
from rich.table import Table

from harvester.terminal.scores import printable

__all__ = ["show_causes"]


def show_causes(rows: Sequence[dict[str, Any]], single: int, *, as_json: bool) -> None:
    """Print the causes of a portal's findings, one line each, and the number of findings that belong to no cause.

    ``rows``: rows of the table ``causes``. ``single``: number of findings that belong to no cause. With ``as_json``
    both are printed as one JSON object.
    """
    if as_json:
        decoded = [{**row, "examples": json.loads(row["examples"] or "[]")} for row in rows]
        click.echo(json.dumps({"causes": decoded, "single_findings": single}, ensure_ascii=False, indent=1))
        return
    console = Console(width=None if sys.stdout.isatty() else 160)
    table = Table(title="Causes: points of each alone; they do not add up")
    for name in ("state", "what to do, once", "rule"):
        table.add_column(name)
    for name in ("datasets", "findings", "points", "hours"):
        table.add_column(name, justify="right")
    for row in rows:
        is_unknown = row["state"] == "unknown"
        numbers = ("-", "-") if is_unknown else (_number(row["gain_points"]), _number(row["effort_hours"]))
        said = f" ({row['split']})" if row["split"] else ""
        table.add_row(
            row["state"],
            escape(printable(row["how_to_fix"])),
            escape(printable(row["rule_id"] + said)),
            str(row["datasets"]),
            str(row["findings"]),
            *numbers,
        )
    console.print(table)
    console.print(f"{single} open findings stay single: no common root is proved.")


def _number(value: float | None) -> str:
    return "-" if value is None else f"{value:.2f}"
