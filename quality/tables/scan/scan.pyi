from collections.abc import Sequence

from typing_extensions import Buffer

from quality.tables.scan.found import Scan

class Scanner:
    """Scan a text in blocks. Records are split as by Python's csv module: not strict, quotes doubled.

    ``delimiter``, ``quote`` and ``escape`` are one byte each, or None. ``width`` is the number of columns to profile,
    ``expected`` the number that a row should have (by default the same), ``skip`` the number of records up to the end
    of the header, ``places`` how many lines of each defect are kept. ``missing`` are the cells that count as signs for
    a missing value. A record of more than ``longest_record`` bytes is skipped up to the end of its line. Raise
    MemoryError if memory runs out.
    """

    def __init__(
        self,
        delimiter: bytes | None,
        quote: bytes | None,
        escape: bytes | None,
        width: int,
        skip: int,
        places: int,
        missing: Sequence[bytes],
        longest_record: int = ...,
        expected: int = ...,
    ) -> None: ...
    def feed(self, data: Buffer, /) -> None: ...
    def finish(self) -> Scan: ...

def widths(
    data: Buffer, delimiter: bytes | None, quote: bytes | None, escape: bytes | None, most_records: int, /
) -> list[int]:
    """Return the number of cells of each record, at most ``most_records`` of them; 0 for a blank record."""

def look(cell: str, /) -> str:
    """Return the class of one cell, given without surrounding spaces (see the list in ``scan.h``)."""
