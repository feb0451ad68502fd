"""Read the datasets of an inventory in a child process with limited memory and time.

A small workbook, or a text full of commas, may unfold to gigabytes of cells. The child writes the datasets to a file
line by line, so that neither process holds all of them in memory.
"""

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
"""Maximum number of bytes written for one table."""
LOOKED_AT = 20_000
"""Number of rows examined to find what the columns hold."""
LOOKED_AT_CELLS = 1_000_000


def read(
    document: Path, *, max_rows: int, is_workbook: bool, charset: str | None, url: str, folder: str
) -> dict[str, Any]:
    """Read a table, group its rows into datasets, and write these to a file in ``folder``. It runs in a child process.

    ``document``: the table's file. ``max_rows``: the largest number of rows to read. ``is_workbook``: whether the file
    is a spreadsheet and not text. ``charset``: the encoding of a text, as the server states it, or None. ``url``: the
    address of the table, to which relative addresses are joined.

    Return "rows" (the number read), "is_sample" (whether there are more), "is_last_short" (whether the last row has
    fewer cells than the header) and "has_columns" (whether there is a column for title or identifier). No file is
    written if "has_columns" is False. Raise ValueError if the table cannot be read, is too large or protected, or an
    error of the library calamine.
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
    """Yield the first rows, limited by their number and by their cells; one row may have sixteen thousand cells."""
    cells = 0
    for row in islice(rows, LOOKED_AT):
        yield row
        cells += len(row[1])
        if cells > LOOKED_AT_CELLS:
            return


async def read_in_child(
    document: Path, folder: Path, max_rows: int, *, url: str, is_workbook: bool, charset: str | None = None
) -> dict[str, Any]:
    """Start a child process that reads a table as :func:`read` does, and return its result.

    ``document``: the table's file. ``folder``: an existing folder for the datasets, which the caller deletes. The
    other parameters are those of :func:`read`. Raise ValueError if the table cannot be read, or if the child process
    exceeds its limits of memory and time.
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
    """Yield the datasets that :func:`read` wrote to ``folder``, as (line number of the first row, record)."""
    with (folder / DATASETS).open("rb") as file:
        for text in file:
            line, raw = json.loads(text)
            yield line, raw
