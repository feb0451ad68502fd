"""Recognise the format of a file from its first bytes, never from its name or what the portal says.

Format ids are the codes of the EU's file-type authority table (``CSV``, ``XLSX``, ``RDF_TURTLE``, ...), plus
``JSON_LINES`` and ``PARQUET``, which our copy of that table lacks.
"""

from __future__ import annotations

import codecs
import json
import re
import struct
import zipfile
import zlib
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

__all__ = ["HEAD_BYTES", "MEDIA_TYPES", "SniffResult", "decode_head", "is_error_note", "sniff"]

HEAD_BYTES = 65_536
"""Number of bytes that :func:`sniff` needs."""

MEDIA_TYPES = {
    "ATOM": "application/atom+xml",
    "CSV": "text/csv",
    "DOC": "application/msword",
    "DOCX": "application/vnd.openxmlformats-officedocument.wordprocessingml.document",
    "GEOJSON": "application/geo+json",
    "GIF": "image/gif",
    "GML": "application/gml+xml",
    "GPKG": "application/geopackage+sqlite3",
    "GZIP": "application/gzip",
    "HTML": "text/html",
    "JPEG": "image/jpeg",
    "JSON": "application/json",
    "JSON_LD": "application/ld+json",
    "JSON_LINES": "application/x-ndjson",
    "KML": "application/vnd.google-earth.kml+xml",
    "KMZ": "application/vnd.google-earth.kmz",
    "NETCDF": "application/x-netcdf",
    "ODS": "application/vnd.oasis.opendocument.spreadsheet",
    "ODT": "application/vnd.oasis.opendocument.text",
    "PARQUET": "application/vnd.apache.parquet",
    "PDF": "application/pdf",
    "PNG": "image/png",
    "PPT": "application/vnd.ms-powerpoint",
    "PPTX": "application/vnd.openxmlformats-officedocument.presentationml.presentation",
    "RDF_N_TRIPLES": "application/n-triples",
    "RDF_TURTLE": "text/turtle",
    "RDF_XML": "application/rdf+xml",
    "RSS": "application/rss+xml",
    "SHP": "application/vnd.shp",
    "TIFF": "image/tiff",
    "TSV": "text/tab-separated-values",
    "TXT": "text/plain",
    "XLS": "application/vnd.ms-excel",
    "XLSB": "application/vnd.ms-excel.sheet.binary.macroEnabled.12",
    "XLSM": "application/vnd.ms-excel.sheet.macroEnabled.12",
    "XLSX": "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet",
    "XML": "application/xml",
    "ZIP": "application/zip",
}

_MAGIC: tuple[tuple[bytes, str], ...] = (
    (b"%PDF-", "PDF"),
    (b"\x89PNG\r\n\x1a\n", "PNG"),
    (b"\xff\xd8\xff", "JPEG"),
    (b"GIF87a", "GIF"),
    (b"GIF89a", "GIF"),
    (b"II*\x00", "TIFF"),
    (b"MM\x00*", "TIFF"),
    (b"II+\x00", "TIFF"),
    (b"PAR1", "PARQUET"),
    (b"CDF\x01", "NETCDF"),
    (b"CDF\x02", "NETCDF"),
    (b"CDF\x05", "NETCDF"),
    (b"\x89HDF\r\n\x1a\n", "HDF"),  # NetCDF 4 files are HDF 5 files: their bytes do not differ
    (b"7z\xbc\xaf\x27\x1c", "7Z"),
    (b"Rar!\x1a\x07", "RAR"),
    (b"BZh", "BZIP2"),
    (b"\xfd7zXZ\x00", "XZ"),
    (b"\x00\x00\x27\x0a", "SHP"),  # a bare .shp main file: ESRI Shapefile description (1998), file code 9994
    (b"{\\rtf", "RTF"),
)
_BIFF = (b"\x09\x08", b"\x09\x04", b"\x09\x02", b"\x09\x00")  # BOF records of Excel 2 to 97, without a container
# Each pattern needs time linear in the length of the text, whatever a stranger wrote.
_XML_NOISE = re.compile(r"\s+|<\?.*?\?>|<!--.*?-->|<!DOCTYPE[^\[>]*(?:\[.*?\]\s*)?>", re.DOTALL | re.IGNORECASE)
_ROOT = re.compile(r"<(?:([\w.-]+):)?([\w.-]+)([^>]*)")
_HTML_START = re.compile(r"<(!doctype\s+html|html|head|body|script|meta|title|table|div|center|h1|p)\b", re.I)
_TURTLE = re.compile(r"^\s*(@prefix\s+[\w.-]*:\s*<|@base\s*<|prefix\s+[\w.-]*:\s*<|base\s*<)", re.I | re.M)
_N_TRIPLE = re.compile(r"^(<[^<>\s]+>|_:\S+)\s+<[^<>\s]+>\s+(<[^<>\s]+>|_:\S+|\"(?:[^\"\\]|\\.)*\"\S*)\s*\.\s*$")
_OGC_ERROR = re.compile(r"ExceptionReport$|^Error$|^Fault$")
_ERROR_KEYS = {"error", "errors", "exception", "exceptions", "fault", "Message", "ErrorMessage"}

_ERROR = "an error message"


@dataclass(frozen=True, slots=True)
class SniffResult:
    """The format of a file as recognised from its first bytes. ``format`` is None if it is not known.

    ``note`` says why it is not known, or what is inside the file.
    """

    format: str | None
    media_type: str | None = None
    note: str | None = None
    rule: str | None = None
    """Rule of ``specs/table_rules.toml`` that the bytes alone already break."""
    is_error: bool = False
    """True for a response that reports an error: an OGC exception report, ``{"error": ...}``, an S3 error."""


def is_error_note(note: str | None) -> bool:
    """Return whether ``note``, that of a :class:`SniffResult` or of the report on a file, says that the file is a
    response that reports an error."""
    return note is not None and note.startswith(f"{_ERROR}:")


def sniff(head: bytes, size: int, path: Path | None = None) -> SniffResult:
    """Recognise the format of a file from its first bytes.

    ``head`` are the first :data:`HEAD_BYTES` bytes, ``size`` is the size of the file in bytes. With ``path``, the list
    of what a ZIP archive or an OLE container contains is read too. If ``path`` is None, a ZIP archive is only
    recognised as ``ZIP``, and an OLE container only if its list is within ``head``.
    """
    if size == 0 or not head:
        return SniffResult(None, note="the file is empty (0 bytes)")
    if head.startswith((b"PK\x03\x04", b"PK\x05\x06")):
        return _zip(path)
    if head.startswith(b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1"):
        return _ole(head, path)
    if head.startswith(b"\x1f\x8b"):
        return _known("GZIP")
    if head.startswith(b"SQLite format 3\x00"):
        is_geopackage = head[68:72] in (b"GPKG", b"GP10", b"GP11")
        return _known("GPKG") if is_geopackage else SniffResult(None, "application/vnd.sqlite3", "an SQLite database")
    for magic, format_id in _MAGIC:
        if head.startswith(magic):
            return _known(format_id)
    if head.startswith(_BIFF) and len(head) > 4 and 4 <= head[2] <= 16 and head[3] == 0:
        return _known("XLS", "Excel records without an OLE container")
    if head[257:262] == b"ustar":
        return _known("TAR")
    if size > len(head) and not head.strip(b"\x00"):
        return SniffResult(None, "application/octet-stream", f"its first {len(head):,} bytes are NUL")
    if head[:1] == b"\x80" and head[1:2] in b"\x02\x03\x04\x05" and head[2:3] in b"\x95}]K(c":
        note = "a Python pickle: reading it would run it, so it is not read"
        return SniffResult(None, "application/octet-stream", note, rule="pickle")
    text = decode_head(head)
    if text is None:
        return SniffResult(None, "application/octet-stream", "binary, and of no form known here")
    return _text(text, size <= len(head))


def decode_head(head: bytes) -> str | None:
    """Return the first bytes of a file as text, good enough to recognise a format; None if they are binary."""
    if head.startswith((codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)):
        return head.decode("utf-16", "replace")
    if head.startswith(codecs.BOM_UTF8):
        return head.decode("utf-8-sig", "replace")
    nuls = head.count(0)
    if nuls:
        if head[0::2].count(0) > 0.3 * len(head):
            return head.decode("utf-16-be", "replace")
        if head[1::2].count(0) > 0.3 * len(head):
            return head.decode("utf-16-le", "replace")
        if nuls > 0.01 * len(head):
            return None
    control = sum(head.count(byte) for byte in range(1, 32) if byte not in (9, 10, 12, 13, 27))
    return None if control > 0.05 * len(head) else head.decode("latin-1" if _not_utf8(head) else "utf-8", "ignore")


def _not_utf8(head: bytes) -> bool:
    try:
        codecs.getincrementaldecoder("utf-8")().decode(head)  # incremental: the head may end inside a character
    except UnicodeDecodeError:
        return True
    return False


def _known(format_id: str, note: str | None = None, is_error: bool = False) -> SniffResult:
    return SniffResult(format_id, MEDIA_TYPES.get(format_id), note, is_error=is_error)


def _zip(path: Path | None) -> SniffResult:
    if path is None:
        return _known("ZIP")
    try:
        with zipfile.ZipFile(path) as archive:
            names = archive.namelist()[:10_000]
            kind = _first_bytes(archive, "mimetype") if "mimetype" in names[:5] else b""
    except (zipfile.BadZipFile, OSError, RuntimeError, EOFError, KeyError, ValueError, zlib.error) as error:
        return _known("ZIP", f"its table of contents cannot be read ({error})")
    for media_type, format_id in ((MEDIA_TYPES["ODS"], "ODS"), (MEDIA_TYPES["ODT"], "ODT")):
        if kind.strip() == media_type.encode():
            return _known(format_id)
    if kind.strip() == b"application/epub+zip":
        return _known("EPUB")
    if any(name.startswith("xl/") for name in names):
        if "xl/workbook.bin" in names:
            return _known("XLSB")
        return _known("XLSM" if "xl/vbaProject.bin" in names else "XLSX")
    if any(name.startswith("word/") for name in names):
        return _known("DOCX")
    if any(name.startswith("ppt/") for name in names):
        return _known("PPTX")
    lower = [name.lower() for name in names]
    if any(name.endswith(".shp") for name in lower):
        return _known("SHP", "a shapefile in a ZIP archive")
    if "doc.kml" in lower or (len(lower) < 50 and sum(name.endswith(".kml") for name in lower) == 1):
        return _known("KMZ")
    if {"stops.txt", "routes.txt", "trips.txt"} <= {name.rsplit("/", 1)[-1] for name in lower}:
        return _known("GTFS")
    return _known("ZIP")


def _first_bytes(archive: zipfile.ZipFile, name: str) -> bytes:
    with archive.open(name) as member:
        return member.read(200)


def _ole(head: bytes, path: Path | None) -> SniffResult:
    """Return the program that an OLE container belongs to, by the names in its first directory sector
    ([MS-CFB] 2.6).
    """
    sector_bytes = 1 << min(struct.unpack_from("<H", head, 30)[0], 16) if len(head) >= 76 else 512
    directory = head
    if path is not None and len(head) >= 76:
        with path.open("rb") as stream:
            stream.seek((struct.unpack_from("<I", head, 48)[0] + 1) * sector_bytes)
            directory = stream.read(4 * sector_bytes) + head
    for name, format_id in (
        ("EncryptedPackage", "XLSX"),
        ("Workbook", "XLS"),
        ("Book", "XLS"),
        ("WordDocument", "DOC"),
        ("PowerPoint Document", "PPT"),
    ):
        if name.encode("utf-16-le") in directory:
            if name == "EncryptedPackage":
                return SniffResult(None, None, "an Office file protected by a password", rule="protected_file")
            return _known(format_id)
    return SniffResult(None, "application/x-ole-storage", "an OLE container of no known program")


def _text(text: str, is_whole: bool) -> SniffResult:
    start = text.lstrip("\ufeff \t\r\n\x00")
    if not start:
        return SniffResult(None, "text/plain", "nothing but blanks")
    if start.startswith("<"):
        found = _markup(start)
        if found is not None:
            return found
    if start[0] in "{[":
        found = _json(start, is_whole)
        if found is not None:
            return found
    lines = [line for line in start.splitlines()[:50] if line.strip()]
    if _TURTLE.search("\n".join(line for line in lines if not line.startswith("#"))[:2000]) and start[0] in "@pPbB#":
        return _known("RDF_TURTLE")
    # Comments alone are no triples: the lines above many tables begin with a hash too.
    statements = [line for line in lines if not line.startswith("#")][:5]
    if statements and all(map(_N_TRIPLE.match, statements)):
        return _known("RDF_N_TRIPLES")
    return _known(_delimited(lines if is_whole else lines[:-1] or lines))


def _delimited(lines: Sequence[str]) -> str:
    """Return CSV, TSV or TXT, by a delimiter in most lines. :mod:`.dialect` decides in detail later."""
    share = {d: sum(d in line for line in lines) / len(lines) for d in ",;|\t"}
    if share["\t"] >= 0.8 and share["\t"] >= max(share[","], share[";"]):
        return "TSV"
    for delimiter in ";|,":
        counts = sorted(line.count(delimiter) for line in lines)
        middle = counts[len(counts) // 2]
        alike = sum(count == middle for count in counts) / len(counts)
        # Prose has commas too; in a table most lines have the same number of them.
        if share[delimiter] >= 0.6 and (alike >= 0.5 or middle >= 4):
            return "CSV"
    return "TXT"


def _markup(start: str) -> SniffResult | None:
    body = start
    while match := _XML_NOISE.match(body):
        if _HTML_START.match(match.group()):
            return _known("HTML")
        body = body[match.end() :]
    if _HTML_START.match(body):
        return _known("HTML")
    root = _ROOT.match(body)
    if root is None:
        return _known("XML") if start.startswith("<?xml") else None
    name, attributes = root.group(2), root.group(3)
    if "http://www.w3.org/1999/xhtml" in attributes:
        return _known("HTML")
    if _OGC_ERROR.search(name):
        return _known("XML", f"{_ERROR}: the root element is {name}", True)
    if name == "RDF":
        return _known("RDF_XML")
    if name == "kml":
        return _known("KML")
    if name == "rss":
        return _known("RSS")
    if name == "feed" and "2005/Atom" in attributes:
        return _known("ATOM")
    if name == "svg":
        return _known("SVG")
    if "opengis.net/gml" in attributes or (name == "FeatureCollection" and "opengis.net" in attributes):
        return _known("GML")
    if name.endswith("_Capabilities") or name == "Capabilities":
        return _known("XML", f"the description of a service ({name}), not its data")
    if start.startswith("<?xml") or "xmlns" in attributes or f"</{name}" in body or "/>" in body:
        return _known("XML")
    return None


def _json(start: str, is_whole: bool) -> SniffResult | None:
    lines = [line for line in start.splitlines()[:6] if line.strip()]
    if start[0] == "{" and len(lines) > 1 and all(line.lstrip().startswith("{") for line in lines):
        try:
            json.loads(lines[0])
        except (ValueError, RecursionError):
            pass
        else:
            return _known("JSON_LINES")
    if not re.match(r"\{\s*(\"|\})|\[\s*([\[{\"\d\]-]|true|false|null|$)", start):
        return None
    if start[0] == "[" and not is_whole and not re.match(r"\[\s*[\[{\"\d]", start):
        return None
    opening = start[:8192]
    if '"@context"' in opening or '"@graph"' in opening:
        return _known("JSON_LD")
    if start[0] == "{" and re.search(r'"type"\s*:\s*"(FeatureCollection|Feature|Topology)"', opening):
        return _known("JSON", "TopoJSON") if '"Topology"' in opening else _known("GEOJSON")
    return _known("JSON", *_json_error(start, is_whole))


def _json_error(start: str, is_whole: bool) -> tuple[str | None, bool]:
    """Return a note and True for a short object that only reports an error: it is no data."""
    if not is_whole or start[0] != "{":
        return None, False
    try:
        body = json.loads(start)
    except (ValueError, RecursionError):
        return None, False
    named = _ERROR_KEYS & {key for key, value in body.items() if value}
    if named and len(body) <= 6:
        return f"{_ERROR}: it has the key {sorted(named)[0]!r}", True
    if body.get("success") is False:
        return f'{_ERROR}: it says "success": false', True
    return None, False
