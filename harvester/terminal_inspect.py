"""Reports on tables, for people and as JSON."""

from __future__ import annotations

import json
import sys
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

from rich.console import Console
from rich.markup import escape

from catalog.model import TableDefect, TableReport
from harvester.bounded import BoundedChild
from harvester.terminal_scores import printable

__all__ = ["show", "to_json"]

_COLOURS = {"error": "red", "warning": "yellow", "info": "cyan"}
_MOST_LINES = 10
_MOST_FINDINGS = 60


def to_json(asked: str, report: TableReport) -> Iterator[str]:
    """One object a line: the file with its main table, then each further sheet that was judged."""
    layout = report.profile.get("layout") or {}
    sheets = report.profile.get("sheets") or []
    beside = {one["name"] for one in sheets} - {report.sheet}
    of_sheet: dict[str, list[TableDefect]] = {}
    own = []
    for defect in report.defects:
        sheet, _, field = (defect.field or "").partition("!")
        if sheet in beside:
            of_sheet.setdefault(sheet, []).append(replace(defect, field=field or None))
        else:
            own.append(defect)
    whole = {
        "file": asked,
        "sheet": report.sheet,
        "member": report.profile.get("member"),
        "table": layout.get("table"),
        "status": report.status,
        "format": report.format,
        "encoding": report.encoding,
        "delimiter": report.delimiter,
        "header_row": report.header_row,
        "header_rows": layout.get("header_rows"),
        "row_count": report.row_count,
        "columns": list(report.columns),
        "note": report.note,
        "defects": [_defect(one) for one in own],
    }
    yield json.dumps(whole, ensure_ascii=False)
    for one in sheets:
        if one["name"] == report.sheet or "header_row" not in one:
            continue
        found = of_sheet.get(one["name"], [])
        more = {
            "sheet": one["name"],
            "table": None,
            "status": "invalid" if any(defect.severity == "error" for defect in found) else "valid",
            "header_row": one["header_row"],
            "header_rows": one.get("header_rows"),
            "row_count": one["rows"],
            "columns": one.get("names", []),
            "note": None,
            "defects": [_defect(defect) for defect in found],
        }
        yield json.dumps(whole | more, ensure_ascii=False)


def _defect(defect: TableDefect) -> dict[str, Any]:
    return {
        "rule": defect.rule,
        "severity": defect.severity,
        "field": defect.field,
        "count": defect.count,
        "rows": list(defect.rows),
        "message": defect.message,
    }


def show(asked: str, report: TableReport, path: Path | None) -> None:
    """Print a report for people. ``path``: the file itself, where the cells may be shown."""
    with BoundedChild("quality.tables.values:read_cells") as child:
        _show(child, asked, report, path)


def _show(child: BoundedChild, asked: str, report: TableReport, path: Path | None) -> None:
    from quality.tables.rules import fix_of

    console = Console(width=None if sys.stdout.isatty() else 160, highlight=False)
    console.print(f"[bold]{escape(printable(asked))}[/bold]: {report.status.replace('_', ' ')}")
    facts = [report.format, report.encoding]
    if report.delimiter:
        facts.append(f"delimiter {report.delimiter!r}")
    if report.sheet:
        facts.append(f"sheet {printable(report.sheet)!r}")
    if report.header_row:
        facts.append(f"header on line {report.header_row}")
    if report.row_count is not None:
        facts.append(f"{report.row_count:,} rows, {len(report.columns)} columns")
    console.print("  " + escape(", ".join(filter(None, facts)) or "nothing is known of it"))
    if report.note:
        console.print("  " + escape(printable(report.note)))
    order = {"error": 0, "warning": 1, "info": 2}
    found = sorted(report.defects, key=lambda one: order.get(one.severity, 3))
    for defect in found[:_MOST_FINDINGS]:
        colour = _COLOURS.get(defect.severity, "white")
        where = f" in column {printable(defect.field)!r}" if defect.field else ""
        lines = ", ".join(map(str, defect.rows[:_MOST_LINES]))
        at = f" (lines {lines}{', ...' if defect.count > len(defect.rows[:_MOST_LINES]) else ''})" if lines else ""
        console.print(
            f"  [{colour}]{defect.severity}[/{colour}] {defect.rule} x{defect.count:,}{escape(where)}{at}: "
            f"{escape(printable(defect.message or ''))}"
        )
        if remedy := fix_of(defect.rule):
            console.print(f"      {escape(remedy)}")
        if path is not None and (cells := _cells(child, path, report, defect)):
            console.print("      cells: " + escape(printable(", ".join(cells))))
    if len(found) > _MOST_FINDINGS:
        console.print(f"  and {len(found) - _MOST_FINDINGS} more; --json lists them all")


def _cells(child: BoundedChild, path: Path, report: TableReport, defect: TableDefect) -> list[str]:
    """The cells that a finding speaks of, for the terminal of whoever has the file anyway."""
    if defect.field is None or not defect.rows:
        return []
    try:
        found = child.call(path, sheet=report.sheet, column=defect.field, lines=list(defect.rows))
    except ValueError:
        # The report was made by a child too: whatever it says stands, without the cells.
        return []
    return [f"line {line}: {cell[:80]!r}" for line, cell in found[:_MOST_LINES]]
