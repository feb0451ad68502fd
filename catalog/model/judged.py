"""What is known of a downloaded file before it is judged, and what was found in it: a report with its defects.

``catalog.repositories.reading`` makes contexts from rows, ``quality.tables`` makes reports from contexts, and
:mod:`catalog.repositories.checks` stores reports. No report or defect ever holds the value of a cell.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date
from pathlib import Path
from typing import Any, Literal

__all__ = [
    "MAX_UNPACKED_BYTES",
    "TableContext",
    "TableDefect",
    "TableReport",
]


MAX_UNPACKED_BYTES = 512 * 1024**2
"""Bytes that are unpacked from one archive, unless an operator says otherwise."""


@dataclass(frozen=True, slots=True, kw_only=True)
class TableContext:
    """One downloaded file, and all that is known of it before anything looks into it.

    It is made once, from a row of the catalogue or from the name of a file, and stays the same from there through the
    child process to the judge. Where a file holds several tables, each has a copy that differs in what is known of it.
    """

    path: Path
    """Where the bytes lie."""
    key: str = ""
    """Under which the report comes back from the pool: the id of the distribution, where there is one."""
    url: str = ""
    """Address the file was downloaded from; "" for a file that is not of the catalogue."""
    sha256: str = ""
    """Of the bytes at ``path``, in hexadecimal digits; "" where nobody asks for it."""
    declared_format: str | None = None
    declared_media_type: str | None = None
    content_type: str | None = None
    """As the server sent it."""
    is_truncated: bool = False
    """Whether the bytes are only the beginning of what the server has."""
    title: str | None = None
    """Titles of dataset and distribution: they may say of what kind the table is."""
    file_name: str | None = None
    """Last part of the address: a data package describes several files."""
    today: date | None = None
    """Day of the run: what lies beyond it has not happened."""
    previous: Mapping[str, Any] = field(default_factory=dict)
    """Profile of the version before, as it was kept; empty where there is none."""
    schema_path: Path | None = None
    """A schema that was declared for the file, as downloaded; None where none is declared, or none came."""
    siblings: Mapping[str, Path] = field(default_factory=dict)
    """Where a schema is declared: the other whole files of the dataset, by the last part of their addresses. Foreign
    keys may refer to them."""
    max_rows: int = 2_000
    """Rows that expectations look at; the pass over the table looks at all."""
    unpacked_bytes: int = MAX_UNPACKED_BYTES
    """At most, of the files in an archive."""


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
    """The whole table and each column: counts, extremes, distinct values; see ``quality.tables.scan.profile``."""
    kind: str | None = None
    """Kind of table recognised by its header, an id of ``specs/expectations``."""
