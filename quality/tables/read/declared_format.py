"""Read what a portal promises by ``dct:format`` and ``dcat:mediaType``: a file in some format, a page, or a service."""

from __future__ import annotations

import re

from quality.tables.read.sniff import MEDIA_TYPES

__all__ = ["charset_of", "declared_formats", "declares_file"]

_CHARSET = re.compile(r"(?i)\bcharset\s*=\s*[\"']?([\w.:-]{1,40})")
_BY_MEDIA_TYPE = {media_type.lower(): format_id for format_id, media_type in MEDIA_TYPES.items()} | {
    "application/csv": "CSV",
    "application/x-zip-compressed": "ZIP",
    "application/xhtml+xml": "HTML",
    "text/comma-separated-values": "CSV",
    "text/x-csv": "CSV",
    "text/xml": "XML",
}
_ALIASES = {"EXCEL": "XLSX", "GEOPACKAGE": "GPKG", "SHAPEFILE": "SHP", "TAB": "TSV", "TTL": "RDF_TURTLE", "GZ": "GZIP"}
_FILES = (set(MEDIA_TYPES) | {"DBF", "TAR", "7Z", "RAR", "MDB", "RDF", "TXT", "GTFS", "DXF", "DWG"}) - {"HTML"}


def declared_formats(declared_format: str | None, declared_media_type: str | None) -> frozenset[str]:
    """Return the ids of the formats that a record declares for a file, by ``dct:format`` and ``dcat:mediaType``.

    A declaration may be a code, a file ending, a media type, a phrase or a URI. Words that are no format are in the
    result too, in capitals. Empty if nothing is declared.

    >>> sorted(declared_formats("Excel (XLSX)", "text/csv;charset=utf-8"))
    ['CSV', 'XLSX']
    """
    found: set[str] = set()
    for declared in (declared_format, declared_media_type):
        text = (declared or "").strip().lower()
        media_type = text.split(";")[0].strip()
        known = [id_ for name, id_ in _BY_MEDIA_TYPE.items() if media_type == name or media_type.endswith("/" + name)]
        if known:
            found.update(known)
            continue
        last = re.split(r"[/#]", text)[-1] if "://" in text else text
        for word in re.split(r"[^a-z0-9_]+", last):
            word = word.upper()
            found.add(_ALIASES.get(word, word))
    return frozenset(found - {""})


def declares_file(formats: frozenset[str]) -> bool:
    """Return whether a record promises a file, so that a web page in the response would be a fault.

    ``formats`` are the ids of the declared formats. If they contain HTML, an API or a map service beside a file format,
    no file is promised.
    """
    pages = {"HTML", "HTM", "XHTML", "WWW", "WEB", "WEBSITE", "LINK", "URL", "API", "REST", "WMS", "WFS", "WMTS", "WCS"}
    return bool(formats & _FILES) and not formats & pages


def charset_of(content_type: bytes | str | None) -> str | None:
    """Return the charset that a Content-Type header (RFC 9110, section 8.3) names, as written there; None if it names
    none.

    >>> charset_of("text/csv; charset=ISO-8859-1")
    'ISO-8859-1'
    >>> charset_of(b'text/csv; Charset="utf-8"; header=present')
    'utf-8'
    """
    text = content_type.decode("latin-1") if isinstance(content_type, bytes) else content_type or ""
    found = _CHARSET.search(text)
    return found.group(1) if found else None
