"""Compare two catalogues without what differs from run to run: run ids, times, and the cost of requests."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from catalog.db.schema import TABLES
from catalog.db.schema.found import IDS
from catalog.db.store import open_catalog

__all__ = ["content", "differences"]

CLOCKS = {
    "runs": {"command", "started_at", "finished_at", "summary", "traffic", "archive"},
    "harvests": {"started_at", "finished_at", "requests", "bytes"},
    "harvest_errors": {"created_at"},
    "resource_checks": {
        "checked_at",
        "ok_since",
        "failing_since",
        "elapsed_ms",
        "first_byte_ms",
        "detail",
        "changed_at",
        "unchanged_until",
        "next_check_at",
    },
    "resource_history": {"checked_at", "elapsed_ms"},
    "table_reports": {"elapsed_ms", "report"},
    # The digest of a text that names instants; the text itself is compared.
    "finding_texts": {"digest"},
}
"""Columns that are left out of the comparison."""
BEHIND_VIEWS = {"addresses", "shared_texts", "check_codes", "check_runs", "check_strips"}
BEHIND_VIEWS |= {"score_entities", "score_systems", "score_runs", "score_values", "score_rows"}
BEHIND_VIEWS |= {"distribution_rows", "change_rows", "conformance_rows", "keys"}
"""Tables that views spell out: the views are compared. The order in which servers respond decides the numbers."""
BY_KEY = {
    "finding_rows": set(IDS.values()),
    "measured_distributions": {"distribution_key", "run_key"},
    "finding_runs": {"portal_key", "run_key"},
}
"""Columns with numbers of the table ``keys``: the ids are compared, because the order of the pages decides the
numbers."""


def content(data: Path, *, but: frozenset[str] = frozenset()) -> dict[str, list[tuple[Any, ...]]]:
    """Return all rows of all tables, with runs numbered instead of named. ``but`` leaves out more
    columns ("table.column").
    """
    with open_catalog(data / "catalog.db") as catalog:
        assert catalog.value("pragma integrity_check") == "ok"
        runs = [row["id"] for row in catalog.rows("select id from runs order by id")]
        found = {}
        for name, table in TABLES.items():
            if name in BEHIND_VIEWS:
                continue
            left_out = CLOCKS.get(name, set()) | {one.partition(".")[2] for one in but if one.startswith(f"{name}.")}
            columns = ", ".join(
                f"(select id from keys where key = {name}.{c})" if c in BY_KEY.get(name, ()) else f"[{c}]"  # noqa: S608
                for c in table.columns
                if c not in left_out
            )
            rows = catalog.db.conn.execute(f"select {columns} from {name}").fetchall()  # noqa: S608
            if name == "table_reports":
                rows = [tuple(map(catalog.packed.text, row)) for row in rows]
            found[name] = sorted((tuple(_numbered(value, runs) for value in row) for row in rows), key=repr)
    return found


def differences(
    ours: dict[str, list[tuple[Any, ...]]],
    theirs: dict[str, list[tuple[Any, ...]]],
    *,
    may_lack: frozenset[str] = frozenset(),
) -> dict[str, Any]:
    """Return the rows that only one of two catalogues has: few enough to read, unlike whole catalogues.

    In the tables named by ``may_lack`` ours may have fewer rows.
    """
    found = {}
    for name in ours:
        only_ours = [row for row in ours[name] if row not in theirs[name]]
        only_theirs = [row for row in theirs[name] if row not in ours[name]]
        is_lack = name in may_lack and len(ours[name]) <= len(theirs[name])
        if only_ours or not is_lack and (only_theirs or len(ours[name]) != len(theirs[name])):
            found[name] = {"only ours": only_ours, "only theirs": only_theirs}
    return found


def _numbered(value: Any, runs: list[str]) -> Any:
    if isinstance(value, str):
        for number, run in enumerate(runs):
            instant = f"{run[:4]}-{run[4:6]}-{run[6:11]}:{run[11:13]}:{run[13:15]}Z"
            value = value.replace(run, f"run {number}").replace(instant, f"start of run {number}")
    return value
