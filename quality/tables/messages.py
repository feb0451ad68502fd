"""What parent and child say to each other: one JSON object on one line, either way."""

from __future__ import annotations

import json
from dataclasses import asdict, dataclass, replace
from datetime import date
from pathlib import Path
from typing import Any

from catalog.model import TableContext, TableDefect, TableReport

__all__ = ["FAULT", "CatalogueFile", "dump_report", "dump_task", "parse_report", "parse_task"]

FAULT = "could not be checked: "
"""How the note begins where a library or our own code failed: the child is not used again."""


@dataclass(frozen=True, slots=True, kw_only=True)
class CatalogueFile:
    """A portal's datasets, one JSON object a line: the report brings what the suite ``catalogue`` says of them."""

    key: str
    """Under which the report comes back."""
    path: Path


def dump_task(task: TableContext | CatalogueFile) -> bytes:
    """One line that :func:`parse_task` turns back into an equal task."""
    return _line({"is_catalogue": isinstance(task, CatalogueFile)} | asdict(task))


def parse_task(line: bytes) -> TableContext | CatalogueFile:
    """The task in a line of :func:`dump_task`. Raises ValueError, TypeError or KeyError for any other line."""
    fields: dict[str, Any] = json.loads(line)
    if fields.pop("is_catalogue"):
        return CatalogueFile(key=fields["key"], path=Path(fields["path"]))
    text = TableContext(**fields)
    return replace(
        text,
        path=Path(text.path),
        schema_path=Path(text.schema_path) if text.schema_path else None,
        siblings={name: Path(path) for name, path in text.siblings.items()},
        today=date.fromisoformat(str(text.today)) if text.today else None,
    )


def dump_report(report: TableReport) -> bytes:
    """One line that :func:`parse_report` turns back into an equal report."""
    return _line(asdict(report))


def parse_report(line: bytes) -> TableReport:
    """The report in a line. Raises ValueError, TypeError, KeyError or AttributeError where it holds none."""
    fields: dict[str, Any] = json.loads(line)
    fields["columns"] = tuple(fields["columns"])
    fields["defects"] = tuple(TableDefect(**{**defect, "rows": tuple(defect["rows"])}) for defect in fields["defects"])
    return TableReport(**fields)


def _line(fields: dict[str, Any]) -> bytes:
    # Paths and days become text. Lone surrogates of broken names survive as \ud800 escapes: the default ASCII form.
    return json.dumps(fields, default=str).encode("ascii") + b"\n"
