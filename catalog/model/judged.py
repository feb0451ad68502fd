"""What is known about a downloaded file before it is judged, and the report with its defects afterwards.

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
"""Bytes unpacked from one archive, unless the operator sets another limit."""


@dataclass(frozen=True, slots=True, kw_only=True)
class TableContext:
    """A downloaded file to be inspected, and all that is known about it before it is opened.

    If the file holds several tables (a workbook or an archive), each of them is inspected with a copy of this object,
    in which the table's own facts replace those of the file.
    """

    path: Path
    """Path of the downloaded file."""
    key: str = ""
    """Key under which the report is returned: the id of the distribution; "" if there is none."""
    url: str = ""
    """Address the file was downloaded from; "" for a file outside the catalogue."""
    sha256: str = ""
    """SHA-256 of the bytes at ``path``, in hexadecimal digits; "" if not needed."""
    declared_format: str | None = None
    declared_media_type: str | None = None
    content_type: str | None = None
    """Content-Type as the server sent it."""
    is_truncated: bool = False
    """Whether the bytes are only the beginning of the file on the server."""
    title: str | None = None
    """Titles of dataset and distribution, which may name the kind of table."""
    file_name: str | None = None
    """Last part of the address; a data package that describes several files names them by it."""
    today: date | None = None
    """Day of the run; later dates are in the future."""
    previous: Mapping[str, Any] = field(default_factory=dict)
    """Profile of the version of the file that was inspected before, as in :attr:`TableReport.profile`; empty if there
    is none."""
    schema_path: Path | None = None
    """The declared schema of the file, downloaded; None if none is declared, or it could not be downloaded."""
    siblings: Mapping[str, Path] = field(default_factory=dict)
    """If a schema is declared: the dataset's other complete files, by the last part of their addresses. Foreign keys
    may refer to them."""
    max_rows: int = 2_000
    """Number of rows, from the first on, that expectations are checked on; other checks read the whole table."""
    unpacked_bytes: int = MAX_UNPACKED_BYTES
    """Bytes unpacked from an archive, at most."""
    is_sampled: bool = False
    """True: the library Great Expectations checks all expectations too, and its results are compared with ours. False:
    it does so only for one file in a hundred, chosen by its hash. Of other files it checks what our own functions
    cannot check or find failing."""


@dataclass(frozen=True, slots=True, kw_only=True)
class TableDefect:
    """One kind of defect in one file: how often it occurs (``count``) and where. It never holds values of cells.

    ``message``: the defect in words. ``field``: name of the column; None if the defect is not about one column.
    """

    rule: str
    """Rule id such as "ragged_row", "type_error", "duplicate_column", "html_instead_of_file"."""
    count: int
    message: str
    field: str | None = None
    first_row: int | None = None
    """1-based line of the file; the header is line 1 if nothing precedes it."""
    source: Literal["sniff", "scan", "frictionless", "great_expectations", "drift"] = "scan"
    """What found it: the first bytes, the scan of the whole file, a declared schema, an expectation, or the comparison
    with the previous version."""
    severity: Literal["error", "warning", "info"] = "error"
    rows: tuple[int, ...] = ()
    """The first ten lines concerned; empty if the defect has no lines."""


@dataclass(frozen=True, slots=True, kw_only=True)
class TableReport:
    """The result of inspecting one downloaded file.

    ``status``: "invalid" (defects of severity "error" in at least one row of a thousand, or the file is broken as a
    whole), "valid" (any other table; it may have warnings, notes and rare errors), "not_a_table" (recognised as another
    kind of file, which is not inspected), "wrong_content" (an error page or the like instead of the promised file),
    "unknown" (our own fault: the checker crashed, ran out of time, or cannot read this form of file). The fields about
    the table are None or () if no table was read.

    ``header_row``: line of the file, or row of the sheet, that holds the header, from 1. ``expectations_passed`` and
    ``expectations_total``: numbers of the expectations that were met and that were checked. ``elapsed_ms``:
    milliseconds that the inspection took.
    """

    status: Literal["valid", "invalid", "not_a_table", "wrong_content", "unknown"]
    format: str | None = None
    """Format id of ``specs/vocabularies/formats.csv``, recognised from the bytes."""
    media_type: str | None = None
    encoding: str | None = None
    encoding_confidence: float | None = None
    """1.0 for a byte-order mark or strict UTF-8; lower if it was guessed."""
    delimiter: str | None = None
    header_row: int | None = None
    sheet: str | None = None
    row_count: int | None = None
    """Rows checked, without the header."""
    column_count: int | None = None
    columns: tuple[str, ...] = ()
    is_sample: bool = False
    """True if only the first rows were checked."""
    defects: tuple[TableDefect, ...] = ()
    expectations_passed: int | None = None
    expectations_total: int | None = None
    note: str | None = None
    """What else should be known, in words; None if there is nothing."""
    elapsed_ms: int | None = None
    report: dict[str, Any] = field(default_factory=dict)
    """A report in frictionless' form, without cell values; frictionless' own if a schema is declared."""
    profile: dict[str, Any] = field(default_factory=dict)
    """The whole table and each column: counts, extremes, distinct values; see ``quality.tables.scan.profile``."""
    kind: str | None = None
    """Kind of table recognised by its header, an id of ``specs/expectations``."""
