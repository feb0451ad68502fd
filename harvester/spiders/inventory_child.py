"""The rows of an inventory, read in a bounded child: a small workbook, or a text that is all commas, may unfold to
gigabytes of cells."""

from __future__ import annotations

import json
from pathlib import Path

from harvester.bounded import BoundedChild
from quality.tables.contents import Content, Refused, read_spreadsheet, read_text
from quality.tables.structure import Table

__all__ = ["read", "read_in_child"]


def read(document: Path, *, max_rows: int, is_workbook: bool, charset: str | None) -> bytes:
    """The table as lines of JSON: whether there are more rows, its header, then each row. For the child.

    Raises ValueError where it is too large or protected, and calamine's own errors.
    """
    try:
        content = read_spreadsheet(document, max_rows) if is_workbook else read_text(document, charset, False, max_rows)
    except Refused as error:
        raise ValueError(str(error)) from None
    table = content.table
    out = bytearray(json.dumps([content.is_sample, table and [table.header, table.header_line]]).encode("ascii"))
    # Row by row: the whole as one text would need its memory twice.
    for row in zip(table.lines, table.rows, strict=True) if table else ():
        out += b"\n" + json.dumps(row).encode("ascii")
    return bytes(out)


async def read_in_child(document: Path, max_rows: int, *, is_workbook: bool, charset: str | None = None) -> Content:
    """The first ``max_rows`` rows of a text, in ``charset`` as its sender says, or of the main sheet of a workbook.

    Raises ValueError where it cannot be read, or takes more memory or time than a child has.
    """
    with BoundedChild("harvester.spiders.inventory_child:read") as child:
        found: bytes = await child.call_async(document, max_rows=max_rows, is_workbook=is_workbook, charset=charset)
    head, *lines = found.split(b"\n")
    is_sample, heading = json.loads(head)
    if heading is None:
        return Content(None, is_sample)
    numbers: list[int] = []
    rows: list[list[str]] = []
    for line in lines:
        number, cells = json.loads(line)
        numbers.append(number)
        rows.append(cells)
    header, header_line = heading
    return Content(Table(header, header_line, rows, numbers), is_sample)
