"""What parent and child say to each other: one JSON object on one line, either way."""

from __future__ import annotations

import json
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from catalog.model import TableDefect, TableReport

__all__ = ["FAULT", "InspectTask", "dump_report", "dump_task", "parse_report", "parse_task"]

FAULT = "could not be checked: "
"""How the note begins where a library or our own code failed: the child is not used again."""


@dataclass(frozen=True, slots=True, kw_only=True)
class InspectTask:
    """One file to inspect. ``key`` comes back with the report; the rest goes to :func:`.inspect.inspect`."""

    key: str
    path: Path
    declared_format: str | None = None
    declared_media_type: str | None = None
    declared_charset: str | None = None
    is_truncated: bool = False
    max_rows: int = 10_000


def dump_task(task: InspectTask) -> bytes:
    return _line({**asdict(task), "path": str(task.path)})


def parse_task(line: bytes) -> InspectTask:
    fields = json.loads(line)
    return InspectTask(**{**fields, "path": Path(fields["path"])})


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
