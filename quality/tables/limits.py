"""Limits for the inspection of files: a download may be a bomb, a log of many years, or cut in the middle."""

from __future__ import annotations

from dataclasses import dataclass

from catalog.model.judged import MAX_UNPACKED_BYTES

__all__ = [
    "MAX_JSON_BYTES",
    "MAX_RATIO",
    "MAX_RECORD_CHARS",
    "MAX_WORKBOOK_BYTES",
    "MAX_XML_BYTES",
    "UnreadableError",
    "TableBounds",
]

MAX_MEMORY = 512 * 1024**2
"""Memory of a process that reads files made by strangers, in bytes."""


@dataclass(frozen=True, slots=True)
class TableBounds:
    """The limits within which files are inspected, as the operator of Winnow sets them.

    ``workers`` is the number of child processes that inspect files at the same time.
    """

    workers: int = 2
    seconds: float = 60.0
    """Longest time for the inspection of one file, in seconds."""
    memory_bytes: int = MAX_MEMORY
    """Memory of a child process in bytes, including its libraries, which take 50 MB; 200 MB once a table fails an
    expectation."""
    unpacked_bytes: int = MAX_UNPACKED_BYTES
    """Largest size of a file that is unpacked from an archive, in bytes."""


MAX_WORKBOOK_BYTES = 256 * 1024**2
"""Largest unpacked size of a spreadsheet: the reader holds a whole sheet in memory."""
MAX_RECORD_CHARS = 12 * 1024**2
"""Largest length of JSON whose records are kept and judged, in characters; beyond it only the syntax is checked."""
MAX_JSON_BYTES = 32 * 1024**2
MAX_XML_BYTES = 256 * 1024**2
"""Largest size of XML whose syntax is checked."""
MAX_RATIO = 300
"""Largest ratio of unpacked to packed size; beyond it an archive is a bomb, or contains nothing but repetitions."""


class UnreadableError(Exception):
    """The error for a file that is not inspected: too large, protected by a password, an archive bomb, or incomplete.

    ``rule`` is the id of the table rule under which that is reported.
    """

    def __init__(self, why: str, rule: str = "not_looked_into") -> None:
        super().__init__(why)
        self.rule = rule
