"""What parent and child say to each other: one JSON object on one line, either way."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

from catalog.model import TableDefect, TableReport
from quality.tables.limits import TableBounds

__all__ = ["FAULT", "InspectTask", "dump_report", "dump_task", "parse_report", "parse_task"]

FAULT = "could not be checked: "
"""How the note begins where a library or our own code failed: the child is not used again."""


@dataclass(frozen=True, slots=True, kw_only=True)
class InspectTask:
    """One file to inspect. ``key`` comes back with the report; the rest goes to :func:`.inspect.inspect`."""

    key: str
    path: Path
    is_catalogue: bool = False
    """The file holds a portal's datasets, one JSON object a line: the report brings what the suite says of them."""
    declared_format: str | None = None
    declared_media_type: str | None = None
    declared_charset: str | None = None
    is_truncated: bool = False
    max_rows: int = 2_000
    """Rows that expectations look at; the pass over the table looks at all."""
    title: str | None = None
    file_name: str | None = None
    today: str | None = None
    """Day of the run, ISO 8601."""
    previous: Mapping[str, Any] = field(default_factory=dict)
    """Profile of the version before."""
    schema_path: Path | None = None
    siblings: Mapping[str, str] = field(default_factory=dict)
    """Paths of the other files of the dataset, by the last part of their addresses."""
    unpacked_bytes: int = TableBounds().unpacked_bytes
    """Of the file in an archive, at most."""


def dump_task(task: InspectTask) -> bytes:
    paths = {"path": str(task.path), "schema_path": str(task.schema_path) if task.schema_path else None}
    return _line({**asdict(task), **paths})


def parse_task(line: bytes) -> InspectTask:
    fields = json.loads(line)
    schema = Path(fields["schema_path"]) if fields["schema_path"] else None
    return InspectTask(**{**fields, "path": Path(fields["path"]), "schema_path": schema})


def dump_report(report: TableReport) -> bytes:
    return _line(asdict(report))


def parse_report(line: bytes) -> TableReport:
    fields: dict[str, Any] = json.loads(line)
    fields["columns"] = tuple(fields["columns"])
    fields["defects"] = tuple(TableDefect(**{**defect, "rows": tuple(defect["rows"])}) for defect in fields["defects"])
    return TableReport(**fields)


def _line(fields: dict[str, Any]) -> bytes:
    # Lone surrogates of broken names survive as \ud800 escapes: the default ASCII form.
    return json.dumps(fields, default=str).encode("ascii") + b"\n"
