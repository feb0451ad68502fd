"""The messages between parent and child process: one JSON object on one line, in both directions."""

from __future__ import annotations

import json
from dataclasses import asdict, dataclass, replace
from datetime import date
from pathlib import Path
from typing import Any

from catalog.model import TableContext, TableDefect, TableReport

__all__ = [
    "FAULT",
    "LOADED",
    "LOADING",
    "CatalogueFile",
    "DataDocs",
    "Task",
    "dump_report",
    "dump_task",
    "parse_report",
    "parse_task",
]

FAULT = "could not be checked: "
"""Beginning of the note of a report after a failure of a library or of our own code: the child is not used again."""

LOADING, LOADED = b'{"loading": true}\n', b'{"loading": false}\n'
"""What a child sends before and after it loads a library that takes seconds: that time is not the file's."""


@dataclass(frozen=True, slots=True, kw_only=True)
class CatalogueFile:
    """A task for a child process: check all datasets of a portal against the expectations in ``catalogue.toml``."""

    key: str
    """The key under which the report is returned."""
    path: Path
    """A file with one JSON object a line: the facts about one dataset."""


@dataclass(frozen=True, slots=True, kw_only=True)
class DataDocs:
    """A task for a child process: write Great Expectations' Data Docs into ``folder``.

    The file at ``path`` has one JSON object a line for each table: its "name", and the "results" of its expectations.
    """

    key: str
    """The key under which the report is returned."""
    path: Path
    folder: Path


Task = TableContext | CatalogueFile | DataDocs


def dump_task(task: Task) -> bytes:
    """Return a task for a child process as one line of JSON, which :func:`parse_task` reads."""
    return _line({"task": type(task).__name__} | asdict(task))


def parse_task(line: bytes) -> Task:
    """Read a task from a line that :func:`dump_task` wrote.

    Raise ValueError, TypeError, KeyError or AttributeError for any other line.
    """
    fields: dict[str, Any] = json.loads(line)
    kind = fields.pop("task")
    if kind == CatalogueFile.__name__:
        return CatalogueFile(key=fields["key"], path=Path(fields["path"]))
    if kind == DataDocs.__name__:
        return DataDocs(key=fields["key"], path=Path(fields["path"]), folder=Path(fields["folder"]))
    text = TableContext(**fields)
    return replace(
        text,
        path=Path(text.path),
        schema_path=Path(text.schema_path) if text.schema_path else None,
        siblings={name: Path(path) for name, path in text.siblings.items()},
        today=date.fromisoformat(str(text.today)) if text.today else None,
    )


def dump_report(report: TableReport) -> bytes:
    """Return a report as one line of JSON, which :func:`parse_report` reads."""
    return _line(asdict(report))


def parse_report(line: bytes) -> TableReport:
    """Read a report from a line that :func:`dump_report` wrote.

    Raise ValueError, TypeError, KeyError or AttributeError for any other line.
    """
    fields: dict[str, Any] = json.loads(line)
    fields["columns"] = tuple(fields["columns"])
    fields["defects"] = tuple(TableDefect(**{**defect, "rows": tuple(defect["rows"])}) for defect in fields["defects"])
    return TableReport(**fields)


def _line(fields: dict[str, Any]) -> bytes:
    # Paths and dates become text. ASCII keeps lone surrogates of broken file names, as \ud800 escapes.
    return json.dumps(fields, default=str).encode("ascii") + b"\n"
