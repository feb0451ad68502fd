"""Show the census of key datasets on the terminal: which of the datasets that every government should publish, such as
the budget, the portals have; and one portal with its trend."""

from __future__ import annotations

import json
import sys
from collections import Counter
from collections.abc import Mapping, Sequence
from itertools import groupby
from typing import Any

import click
from rich.console import Console
from rich.markup import escape
from rich.table import Table

__all__ = ["show_portal", "show_portals"]

STATES = ("open", "unknown", "closed", "not_found", "not_observed")


def _console() -> Console:
    return Console(width=None if sys.stdout.isatty() else 160)


def _counts(rows: Sequence[Mapping[str, Any]]) -> dict[str, Any]:
    """Return how many keys are in each state, and the percentage of keys that were observed."""
    found = Counter(row["state"] for row in rows)
    observed = len(rows) - found["not_observed"]
    return {**{state: found[state] for state in STATES}, "coverage_pct": round(100 * observed / max(len(rows), 1), 1)}


def show_portals(rows: Sequence[Mapping[str, Any]], *, as_json: bool) -> None:
    """Print, for each portal, how many key datasets are open, unknown, closed, not found and not observed.

    ``rows``: what :func:`catalog.repositories.census.census_of` returns, sorted by portal. With ``as_json`` the numbers
    are printed as JSON, else as a table.
    """
    portals = [
        {"portal_id": name, **_counts(own), "waiting": sum(row["waiting"] for row in own)}
        for name, own in ((name, [*group]) for name, group in groupby(rows, key=lambda row: row["portal_id"]))
    ]
    if as_json:
        click.echo(json.dumps(portals, ensure_ascii=False, indent=1))
        return
    table = Table("portal", "open", "unknown", "closed", "not found", "not observed", "coverage %", "to confirm")
    for one in portals:
        table.add_row(
            escape(one["portal_id"]), *(str(one[state]) for state in STATES), f"{one['coverage_pct']:g}",
            str(one["waiting"]),
        )  # fmt: skip
    _console().print(table if portals else "no census was taken yet; winnow track takes it after a harvest")


def show_portal(rows: Sequence[Mapping[str, Any]], changes: Sequence[Mapping[str, Any]], *, as_json: bool) -> None:
    """Print the census of one portal: a line for each key dataset, and how many were open after each change.

    ``rows``: at least one row of the portal's census (:func:`catalog.repositories.census.census_of`). ``changes``: its
    changes (:func:`catalog.repositories.census.census_changes`), the oldest first. With ``as_json`` both are printed as
    one JSON object.
    """
    trend = _trend(changes)
    if as_json:
        told = {"portal_id": rows[0]["portal_id"], **_counts(rows), "keys": [dict(row) for row in rows], "trend": trend}
        click.echo(json.dumps(told, ensure_ascii=False, indent=1))
        return
    table = Table("key", "state", "dataset", "points", "confirmed by", "why")
    for row in rows:
        points = "" if row["points"] is None else f"{row['points']:g}"
        cells = (row["key"], row["state"], row["dataset_title"], points, row["confirmed_by"], row["reason"])
        table.add_row(*(escape(str(cell or "")) for cell in cells))
    _console().print(table)
    counts = _counts(rows)
    click.echo(
        f"{counts['open']} open, {counts['unknown']} unknown, {counts['closed']} closed, {counts['not_found']} not "
        f"found, {counts['not_observed']} not observed; coverage {counts['coverage_pct']:g} %"
    )
    for one in trend:
        click.echo(f"  {one['run_id']}: {one['open']} open, {one['found']} found")


def _trend(changes: Sequence[Mapping[str, Any]]) -> list[dict[str, Any]]:
    """Return, for each run that changed something, how many keys were open, and how many were found at all."""
    state: dict[str, str] = {}
    found = []
    for run_id, group in groupby(changes, key=lambda row: row["run_id"]):
        state |= {row["key"]: row["state"] for row in group}
        values = Counter(state.values())
        found.append(
            {
                "run_id": run_id,
                "open": values["open"],
                "found": values["open"] + values["closed"] + values["unknown"],
            }
        )
    return found
