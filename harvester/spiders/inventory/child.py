"""The datasets of an inventory, read in a bounded child: a small workbook, or a text that is all commas, may unfold to
gigabytes of cells. The child writes them to a file, line by line, so that neither side holds them all."""

from __future__ import annotations

import errno
import json
from collections.abc import Iterator
from itertools import chain, islice
from pathlib import Path
from typing import Any

from harvester.bounded import BoundedChild
from harvester.spiders.inventory.columns import fields_of
from harvester.spiders.inventory.record import grouped
from quality.tables.read.row_stream import RowStream, UnreadableError, rows_of_spreadsheet, rows_of_text
from quality.tables.read.text_table import TextTable

__all__ = ["datasets_of", "read", "read_in_child"]

DATASETS = "datasets.jsonl"
MAX_FILE = 1 << 30
"""Bytes of all that is written of a table."""
LOOKED_AT = 20_000
"""Rows that tell what the columns hold."""
LOOKED_AT_CELLS = 1_000_000


def read(
    document: Path, *, max_rows: int, is_workbook: bool, charset: str | None, url: str, folder: str
) -> dict[str, Any]:
    """Write the datasets of a table into ``folder``. For the child.

    Returns how many "rows" there are, "is_sample" where there are more, "is_last_short" where the last has fewer cells
    than the header, and "has_columns": whether there is one for a title or an identifier.
    Raises ValueError where the table is too large or protected, and calamine's own errors.
    """
    try:
        content = rows_of_spreadsheet(document, max_rows) if is_workbook else rows_of_text(document, charset, max_rows)
        if content is None:
            return {"rows": 0, "is_sample": False, "is_last_short": False, "has_columns": False}
        return _written(content, url, Path(folder))
    except UnreadableError as error:
        raise ValueError(str(error)) from None
    except OSError as error:
        if error.errno != errno.EFBIG:
            raise
        raise ValueError(f"what it holds is longer than {MAX_FILE:,} bytes") from None


def _written(content: RowStream, url: str, folder: Path) -> dict[str, Any]:
    rows = iter(content.rows)
    start = list(_start(rows))
    table = TextTable(content.header, content.header_line, [cells for _, cells in start], [line for line, _ in start])
    fields = fields_of(table)
    found: dict[str, Any] = {"has_columns": "title" in fields or "identifier" in fields}
    if found["has_columns"]:
        with (folder / "rows.jsonl").open("w+b") as scratch, (folder / DATASETS).open("wb") as out:
            for one in grouped(chain(start, rows), fields, url, scratch):
                out.write(json.dumps(one).encode("ascii") + b"\n")
    is_last_short = content.last_width < len(content.header)
    return found | {"rows": content.count, "is_sample": content.is_sample, "is_last_short": is_last_short}


def _start(rows: Iterator[tuple[int, list[str]]]) -> Iterator[tuple[int, list[str]]]:
    """The first rows, by count and by cells: there may be sixteen thousand in a row."""
    cells = 0
    for row in islice(rows, LOOKED_AT):
        yield row
        cells += len(row[1])
        if cells > LOOKED_AT_CELLS:
            return


async def read_in_child(
    document: Path, folder: Path, max_rows: int, *, url: str, is_workbook: bool, charset: str | None = None
) -> dict[str, Any]:
    """Have the first ``max_rows`` rows of a table read: of a text in ``charset``, as its sender says, or of a workbook.

    ``folder`` is there, and the caller's to take away. Raises ValueError where the table cannot be read, or takes more
    memory or time than a child has.
    """
    with BoundedChild("harvester.spiders.inventory.child:read", file_bytes=MAX_FILE) as child:
        found: dict[str, Any] = await child.call_async(
            document,
            max_rows=max_rows,
            is_workbook=is_workbook,
            charset=charset,
            url=url,
            folder=str(folder.absolute()),
        )
    return found


def datasets_of(folder: Path) -> Iterator[tuple[int, dict[str, Any]]]:
    """What was written: the line of each dataset's first row, and its record."""
    with (folder / DATASETS).open("rb") as file:
        for text in file:
            line, raw = json.loads(text)
            yield line, raw
