"""Make files in code, byte for byte the same on every machine: CSV, XLSX, GeoJSON, PDF, ZIP.

Uses the standard library only. A table is a list of columns and a list of rows. Defects are made by changing the
rows before they are written, in :mod:`harvester.demo.tables`.
"""

from __future__ import annotations

import csv
import gzip
import html
import io
import json
import zipfile
from collections.abc import Sequence
from dataclasses import dataclass

__all__ = ["DemoTable", "bomb", "csv_bytes", "geojson", "html_table", "pdf", "xlsx", "zipped"]

Cell = str | int | float

CSV = "text/csv; charset=utf-8"
XLSX = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"
_STAMP = (2026, 3, 2, 6, 30, 0)


@dataclass(frozen=True)
class DemoTable:
    """The header and rows of a table. A row may have more or fewer cells than the header, to show that defect."""

    columns: Sequence[str]
    rows: Sequence[Sequence[Cell]]


def csv_bytes(
    table: DemoTable, *, delimiter: str = ",", encoding: str = "utf-8", decimal: str = ".", bom: bool = False
) -> bytes:
    """Return ``table`` as a CSV file (RFC 4180) with CRLF line ends.

    ``delimiter`` stands between cells, ``encoding`` is the codec of the text, and ``decimal`` is the decimal sign of
    numbers of type float. ``bom`` adds a byte-order mark in UTF-8.
    """
    out = io.StringIO()
    writer = csv.writer(out, delimiter=delimiter)
    writer.writerow(table.columns)
    writer.writerows([_text(cell, decimal) for cell in row] for row in table.rows)
    return (b"\xef\xbb\xbf" if bom else b"") + out.getvalue().encode(encoding)


def _text(cell: Cell, decimal: str) -> str:
    return f"{cell:.2f}".replace(".", decimal) if isinstance(cell, float) else str(cell)


def zipped(members: dict[str, bytes]) -> bytes:
    """Return a ZIP archive of ``members``, which maps file names to contents. All have the same fixed time, so that the
    bytes never change."""
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w") as archive:
        for name, body in members.items():
            info = zipfile.ZipInfo(name, _STAMP)
            info.compress_type = zipfile.ZIP_DEFLATED
            # Without this, the file would record the system that packed it.
            info.create_system = 3
            archive.writestr(info, body)
    return out.getvalue()


_XML = '<?xml version="1.0" encoding="UTF-8" standalone="yes"?>\n'
_OOXML = "http://schemas.openxmlformats.org"
_MAIN = f"{_OOXML}/spreadsheetml/2006/main"
_DOC_REL = f"{_OOXML}/officeDocument/2006/relationships"
_PKG_REL = f"{_OOXML}/package/2006/relationships"
_TYPE = "application/vnd.openxmlformats-officedocument.spreadsheetml"


def xlsx(table: DemoTable, sheet: str = "Data") -> bytes:
    """Return ``table`` as an XLSX workbook with one sheet, whose name is ``sheet``. Texts are stored in the cells
    themselves (inline strings, ECMA-376 part 1, §18.3.1.53).

    The table may have 26 columns at most.
    """
    lines = [table.columns, *table.rows]
    rows = "".join(
        f'<row r="{number}">{"".join(_cell(number, n, cell) for n, cell in enumerate(line))}</row>'
        for number, line in enumerate(lines, 1)
    )
    parts = {
        "[Content_Types].xml": f'<Types xmlns="{_OOXML}/package/2006/content-types">'
        '<Default Extension="rels" ContentType="application/vnd.openxmlformats-package.relationships+xml"/>'
        f'<Override PartName="/xl/workbook.xml" ContentType="{_TYPE}.sheet.main+xml"/>'
        f'<Override PartName="/xl/worksheets/sheet1.xml" ContentType="{_TYPE}.worksheet+xml"/></Types>',
        "_rels/.rels": _relation("officeDocument", "xl/workbook.xml"),
        "xl/workbook.xml": f'<workbook xmlns="{_MAIN}" xmlns:r="{_DOC_REL}"><sheets>'
        f'<sheet name="{html.escape(sheet)}" sheetId="1" r:id="rId1"/></sheets></workbook>',
        "xl/_rels/workbook.xml.rels": _relation("worksheet", "worksheets/sheet1.xml"),
        "xl/worksheets/sheet1.xml": f'<worksheet xmlns="{_MAIN}"><sheetData>{rows}</sheetData></worksheet>',
    }
    return zipped({name: (_XML + part).encode() for name, part in parts.items()})


def _relation(kind: str, target: str) -> str:
    link = f'<Relationship Id="rId1" Type="{_DOC_REL}/{kind}" Target="{target}"/>'
    return f'<Relationships xmlns="{_PKG_REL}">{link}</Relationships>'


def _cell(row: int, column: int, cell: Cell) -> str:
    # Enough for 26 columns, which no demo table exceeds.
    at = f"{chr(65 + column)}{row}"
    if isinstance(cell, str):
        return f'<c r="{at}" t="inlineStr"><is><t>{html.escape(cell)}</t></is></c>'
    return f'<c r="{at}"><v>{cell}</v></c>'


def geojson(table: DemoTable, *, longitude: str = "lon", latitude: str = "lat") -> bytes:
    """Return ``table`` as GeoJSON (RFC 7946): each row is a point whose coordinates are in the columns ``longitude``
    and ``latitude``; the other columns are its properties.

    Raise ValueError if a row is not as long as the header.
    """
    features = []
    for row in table.rows:
        properties = dict(zip(table.columns, row, strict=True))
        point = [properties.pop(longitude), properties.pop(latitude)]
        geometry = {"type": "Point", "coordinates": point}
        features.append({"type": "Feature", "geometry": geometry, "properties": properties})
    return json.dumps({"type": "FeatureCollection", "features": features}, ensure_ascii=False).encode()


def html_table(table: DemoTable) -> bytes:
    """Return ``table`` as an HTML page. Some systems call such a page an Excel export."""
    head = "".join(f"<th>{html.escape(name)}</th>" for name in table.columns)
    rows = "".join(f"<tr>{''.join(f'<td>{html.escape(str(cell))}</td>' for cell in row)}</tr>\n" for row in table.rows)
    return f"<html><body><table border=1><tr>{head}</tr>\n{rows}</table></body></html>".encode()


def pdf(title: str, lines: Sequence[str], pages: int = 12) -> bytes:
    """Return a PDF 1.4 file with ``pages`` pages, each of which shows ``title`` and ``lines``. Both must be ASCII."""
    text = "".join(f"({line}) Tj T*\n" for line in [title, "", *lines])
    kids = " ".join(f"{4 + 2 * n} 0 R" for n in range(pages))
    objects = [
        "<< /Type /Catalog /Pages 2 0 R >>",
        f"<< /Type /Pages /Count {pages} /Kids [{kids}] >>",
        "<< /Type /Font /Subtype /Type1 /BaseFont /Helvetica >>",
    ]
    for number in range(pages):
        content = f"BT /F1 10 Tf 14 TL 50 790 Td (Page {number + 1}) Tj T*\n{text}ET"
        objects.append(
            "<< /Type /Page /Parent 2 0 R /MediaBox [0 0 595 842] "
            f"/Resources << /Font << /F1 3 0 R >> >> /Contents {5 + 2 * number} 0 R >>"
        )
        objects.append(f"<< /Length {len(content)} >>\nstream\n{content}\nendstream")
    out, offsets = b"%PDF-1.4\n", []
    for number, content in enumerate(objects, 1):
        offsets.append(len(out))
        out += f"{number} 0 obj\n{content}\nendobj\n".encode("ascii")
    table = "".join(f"{offset:010d} 00000 n \n" for offset in offsets)
    size = len(objects) + 1
    tail = f"xref\n0 {size}\n0000000000 65535 f \n{table}trailer\n<< /Size {size} /Root 1 0 R >>\n"
    return out + f"{tail}startxref\n{len(out)}\n%%EOF\n".encode("ascii")


def bomb(unpacked_bytes: int = 10_000_000) -> bytes:
    """Return a gzip file of zeros that unpacks to ``unpacked_bytes`` bytes, about a thousand times its own size."""
    return gzip.compress(bytes(unpacked_bytes), mtime=0)
