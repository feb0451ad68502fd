from collections.abc import Sequence

from typing_extensions import Buffer

from quality.tables.scan.found import Scan

class Scanner:
    """Records are parted as Python's csv module parts them: not strict, quotes doubled.

    ``delimiter``, ``quote`` and ``escape`` are one byte each, or None; ``width`` is the number of columns to look into,
    ``expected`` that of a row (the same where it is not given), ``skip`` the records up to and with the header;
    ``places`` how many lines are kept of each defect. A record of more than ``longest_record`` bytes is dropped up to
    the end of its line. Raises MemoryError.
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
    """Cells of each record; 0 for a blank one."""

def look(cell: str, /) -> str:
    """What one cell (without blanks around it) looks like."""
