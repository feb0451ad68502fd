"""How far a file is looked into: a download may be a bomb, a log of years, or cut in the middle."""

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
"""Of a process that reads what strangers have made."""


@dataclass(frozen=True, slots=True)
class TableBounds:
    """What an operator gives to the look into files."""

    workers: int = 2
    seconds: float = 60.0
    """For one file."""
    memory_bytes: int = MAX_MEMORY
    """Of a worker, its libraries among it: they take 230 MB."""
    unpacked_bytes: int = MAX_UNPACKED_BYTES
    """Of the file in an archive."""


MAX_WORKBOOK_BYTES = 256 * 1024**2
"""Unpacked size of a spreadsheet: the reader keeps a whole sheet in memory."""
MAX_RECORD_CHARS = 12 * 1024**2
"""Of JSON whose records are held and judged; of more the syntax alone is checked."""
MAX_JSON_BYTES = 32 * 1024**2
MAX_XML_BYTES = 256 * 1024**2
"""Of which the syntax is checked."""
MAX_RATIO = 300
"""Unpacked by packed size: beyond it an archive is a bomb, or holds nothing but repetitions."""


class UnreadableError(Exception):
    """The file is not looked into: too large, protected, a bomb, cut. ``rule`` says which, where it is the file's own
    doing."""

    def __init__(self, why: str, rule: str = "not_looked_into") -> None:
        super().__init__(why)
        self.rule = rule
