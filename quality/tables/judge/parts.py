"""Combine the reports on the tables of one file: members of an archive, arrays of a document, layers.

The table with most rows is the main one, and the report is about it. Facts about the others are in the profile under
``parts``; their defects name the part before the column, like those of sheets.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from typing import Any

from catalog.model import TableDefect, TableReport

__all__ = ["TablePart", "together", "within"]

_FACTS = (
    *("status", "format", "encoding", "delimiter", "header_row", "sheet", "row_count", "columns", "note"),
    *("encoding_confidence", "column_count"),
)
_ORDER = {"invalid": 0, "valid": 0, "unknown": 1, "wrong_content": 1, "not_a_table": 2}


@dataclass(frozen=True, slots=True)
class TablePart:
    """One of several tables in a file, with the report on it.

    ``name`` is the name of the file in an archive, the path of the array in a JSON document, or the name of the layer.
    ``is_member`` is true for a file in an archive.
    """

    name: str
    report: TableReport
    is_member: bool = False


def together(parts: Sequence[TablePart]) -> TableReport:
    """Return one report for all tables of a file, of which there must be at least one.

    The table with most rows is the main one: the report is about it, and also lists the defects of the others. Its
    status is "invalid" if any of them is. Parts that are certainly no tables are left out if another part is a table or
    has an unknown status; parts of unknown status are never left out.
    """
    best = min(_ORDER[part.report.status] for part in parts)
    told = [part for part in parts if _ORDER[part.report.status] == best or part.report.status == "unknown"]
    main = max(told, key=lambda part: (part.report.status in ("valid", "invalid"), part.report.row_count or 0))
    others = [part for part in told if part is not main]
    statuses = {part.report.status for part in told}
    defects = [*main.report.defects, *(one for part in others for one in within(part.name, part.report.defects))]
    position = told.index(main)
    profile = main.report.profile | _place(main)
    if others:
        profile |= {"own_status": main.report.status, "position": position, "parts": [_facts(part) for part in others]}
    return replace(
        main.report,
        status="invalid" if "invalid" in statuses else main.report.status,
        defects=tuple(defects),
        profile=profile,
    )


def within(name: str, defects: Sequence[TableDefect]) -> Iterator[TableDefect]:
    """Yield the defects of one of several tables in a file, with the name of the table before the column
    ("table!column").
    """
    for one in defects:
        yield replace(one, field=f"{name}!{one.field}" if one.field else name)


def _place(part: TablePart) -> dict[str, Any]:
    return {"member": part.name} if part.is_member else {"table": part.name}


def _facts(part: TablePart) -> dict[str, Any]:
    report = part.report
    facts = {name: getattr(report, name) for name in _FACTS} | {"columns": list(report.columns)}
    kept = ("layout", "sheets", "member", "table", "parts", "position", "own_status")
    return (
        facts
        | {name: report.profile[name] for name in kept if name in report.profile}
        | _place(part)
        | {"name": part.name}
    )
