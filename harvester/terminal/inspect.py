"""Show reports on tables, for people and as JSON."""

from __future__ import annotations

import json
import sys
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

from rich.console import Console
from rich.markup import escape

from catalog.model import TableDefect, TableReport
from harvester.bounded import BoundedChild
from harvester.terminal.scores import printable

__all__ = ["show", "to_json"]

_COLOURS = {"error": "red", "warning": "yellow", "info": "cyan"}
_MOST_LINES = 10
_MOST_FINDINGS = 60


def to_json(asked: str, report: TableReport) -> Iterator[str]:
    """Yield one line of JSON for each table in an inspected file.

    A CSV file is one table. An archive has one for each of its members, a workbook for each sheet, a geographic file
    for each layer, and a JSON document for each array of records. ``asked`` is the name of the file as given,
    ``report`` its report. The tables come in the order of the file, except that the main sheet of a workbook comes
    first.
    """
    facts = {name: getattr(report, name) for name in _FACTS}
    facts |= {name: report.profile[name] for name in _KEPT if name in report.profile}
    for one in _objects(facts, report.defects):
        yield json.dumps({"file": asked, **one}, ensure_ascii=False)


_FACTS = ("sheet", "status", "format", "encoding", "delimiter", "header_row", "row_count", "columns", "note")
_KEPT = ("layout", "sheets", "member", "table", "parts", "position", "own_status", "format")


def _objects(facts: Mapping[str, Any], defects: Sequence[TableDefect]) -> Iterator[dict[str, Any]]:
    """Yield the object of a table, and those of the other tables in the same file."""
    parts = facts.get("parts") or []
    of_part, own = _parted(defects, [one["name"] for one in parts])
    position = facts.get("position", 0)
    for part in [*parts[:position], None, *parts[position:]]:
        if part is None:
            yield from _sheets(facts, own)
        else:
            yield from _objects(part, of_part.get(part["name"], []))


def _sheets(facts: Mapping[str, Any], defects: Sequence[TableDefect]) -> Iterator[dict[str, Any]]:
    layout = facts.get("layout") or {}
    sheets = [one for one in facts.get("sheets") or [] if one["name"] != facts["sheet"] and "header_row" in one]
    of_sheet, own = _parted(defects, [one["name"] for one in sheets])
    whole = {
        "sheet": facts["sheet"],
        "member": facts.get("member"),
        "table": facts.get("table"),
        # The status of the whole file may come from another of its tables.
        "status": facts.get("own_status") or facts["status"],
        "format": facts["format"],
        "encoding": facts["encoding"],
        "delimiter": facts["delimiter"],
        "header_row": facts["header_row"],
        "header_rows": layout.get("header_rows"),
        "row_count": facts["row_count"],
        "columns": list(facts["columns"]),
        "note": facts["note"],
        "defects": [_defect(one, facts) for one in own],
    }
    yield whole
    for one in sheets:
        found = of_sheet.get(one["name"], [])
        yield whole | {
            "sheet": one["name"],
            "table": None,
            "status": "invalid" if any(defect.severity == "error" for defect in found) else "valid",
            "header_row": one["header_row"],
            "header_rows": one.get("header_rows"),
            "row_count": one["rows"],
            "columns": one.get("names", []),
            "note": None,
            "defects": [_defect(defect, facts) for defect in found],
        }


def _parted(
    defects: Sequence[TableDefect], names: Sequence[str]
) -> tuple[dict[str, list[TableDefect]], list[TableDefect]]:
    """Return defects grouped by the part they name before the column, and the defects of the table itself."""
    of_part: dict[str, list[TableDefect]] = {}
    own = []
    for defect in defects:
        field = defect.field or ""
        name = next((name for name in names if field == name or field.startswith(f"{name}!")), None)
        if name is None:
            own.append(defect)
        else:
            of_part.setdefault(name, []).append(replace(defect, field=field[len(name) + 1 :] or None))
    return of_part, own


def _defect(defect: TableDefect, facts: Mapping[str, Any]) -> dict[str, Any]:
    from quality.tables.judge.wording import sentence

    return {
        "rule": defect.rule,
        "severity": defect.severity,
        "field": defect.field,
        "count": defect.count,
        "rows": list(defect.rows),
        "message": sentence(defect, facts["format"], _unit(facts["header_row"], facts["row_count"])),
    }


def _unit(header_row: int | None, row_count: int | None) -> str:
    """Return "line", or "row" for records and features, which are numbered but have no lines."""
    return "row" if header_row is None and row_count is not None else "line"


def show(asked: str, report: TableReport, path: Path | None) -> None:
    """Print ``report``, the report on an inspected file, for people: the first 60 defects, errors first, each with at
    most 10 line numbers. ``asked`` is the name of the file as given. ``path`` is the file whose faulty cells are
    printed too, at most 10 for each defect; None means that no cells are printed."""
    with BoundedChild("quality.tables.read.cell_values:read_cells") as child:
        _show(child, asked, report, path)


def _show(child: BoundedChild, asked: str, report: TableReport, path: Path | None) -> None:
    from quality.tables.judge.wording import sentence

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
    for rule in report.report.get("differing", ()):
        console.print(
            f"  Great Expectations and Winnow's own check differ about {rule}. Please report it, with the file."
        )
    unit = _unit(report.header_row, report.row_count)
    order = {"error": 0, "warning": 1, "info": 2}
    found = sorted(report.defects, key=lambda one: order.get(one.severity, 3))
    for defect in found[:_MOST_FINDINGS]:
        colour = _COLOURS.get(defect.severity, "white")
        lines = ", ".join(map(str, defect.rows[:_MOST_LINES]))
        at = f" ({unit}s {lines}{', ...' if defect.count > len(defect.rows[:_MOST_LINES]) else ''})" if lines else ""
        console.print(f"  [{colour}]{defect.severity}[/{colour}] {defect.rule} x{defect.count:,}{at}")
        console.print(f"      {escape(printable(sentence(defect, report.format, unit)))}")
        if path is not None and (cells := _cells(child, path, report, defect)):
            console.print("      cells: " + escape(printable(", ".join(cells))))
    if len(found) > _MOST_FINDINGS:
        console.print(f"  and {len(found) - _MOST_FINDINGS} more; --json lists them all")


def _cells(child: BoundedChild, path: Path, report: TableReport, defect: TableDefect) -> list[str]:
    """Return the cells a finding is about, for the terminal of someone who has the file anyway."""
    if defect.field is None or not defect.rows:
        return []
    try:
        found = child.call(path, sheet=report.sheet, column=defect.field, lines=list(defect.rows))
    except ValueError:
        # The report was made by a child too, so it stands as it is, only without the cells.
        return []
    return [f"line {line}: {cell[:80]!r}" for line, cell in found[:_MOST_LINES]]
