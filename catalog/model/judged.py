"""What was found in a downloaded file: a report, and the defects in it. Neither ever holds the value of a cell.

``quality.tables`` makes these; :mod:`catalog.observations` stores them.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any, Literal

__all__ = [
    "TableDefect",
    "TableReport",
]


@dataclass(frozen=True, slots=True, kw_only=True)
class TableDefect:
    """One kind of defect in one file: counts and positions, never cell values."""

    rule: str
    """Rule id such as "ragged_row", "type_error", "duplicate_column", "html_instead_of_file"."""
    count: int
    message: str
    field: str | None = None
    first_row: int | None = None
    """1-based line of the file, the header being line 1 where nothing stands before it."""
    source: Literal["sniff", "scan", "frictionless", "great_expectations", "drift"] = "scan"
    """What found it: the first bytes, the pass over the whole file, a declared schema, an expectation, or the
    comparison with the version before."""
    severity: Literal["error", "warning", "info"] = "error"
    rows: tuple[int, ...] = ()
    """Lines of the first ten, where lines are concerned."""


@dataclass(frozen=True, slots=True, kw_only=True)
class TableReport:
    """What was found in one downloaded file.

    ``status``: "valid", "invalid" (defects), "not_a_table" (recognised, and no table: nothing to judge),
    "wrong_content" (an error page or the like where a file was promised), "unknown" (our own fault: the checker
    crashed, ran out of time, or the file is in a form we cannot read).
    """

    status: Literal["valid", "invalid", "not_a_table", "wrong_content", "unknown"]
    format: str | None = None
    """Format id of ``specs/vocabularies/formats.csv``, recognised from the bytes."""
    media_type: str | None = None
    encoding: str | None = None
    encoding_confidence: float | None = None
    """1.0 for a byte-order mark or strict UTF-8, lower where it was guessed."""
    delimiter: str | None = None
    header_row: int | None = None
    sheet: str | None = None
    row_count: int | None = None
    """Rows checked, without the header."""
    column_count: int | None = None
    columns: tuple[str, ...] = ()
    is_sample: bool = False
    """True where only the first rows were checked."""
    defects: tuple[TableDefect, ...] = ()
    expectations_passed: int | None = None
    expectations_total: int | None = None
    note: str | None = None
    elapsed_ms: int | None = None
    report: dict[str, Any] = field(default_factory=dict)
    """A report in frictionless' form, without cell values: its own where a schema is declared."""
    profile: dict[str, Any] = field(default_factory=dict)
    """The whole table and each column: counts, extremes, distinct values; see ``quality.tables.profile``."""
    kind: str | None = None
    """Kind of table recognised by its header, an id of ``specs/expectations``."""
