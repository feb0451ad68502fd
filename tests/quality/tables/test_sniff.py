"""Files are recognised from their bytes."""

from __future__ import annotations

import gzip
import zipfile
from pathlib import Path

import pytest

from quality.tables.read.declared_format import charset_of, declared_formats, declares_file
from quality.tables.read.sniff import sniff

XML = '<?xml version="1.0" encoding="UTF-8"?>\n'


@pytest.mark.parametrize(
    ("content", "expected"),
    [
        ("a,b\n1,2\n3,4\n", "CSV"),
        ("a;b\n1,5;2\n3,5;4\n", "CSV"),
        ("a\tb\n1\t2\n", "TSV"),
        ("just a few words, nothing more\nand then: some others\n", "TXT"),
        ("<!DOCTYPE html><html><body>Log in</body></html>", "HTML"),
        ("\ufeff \n<!-- proxy -->\n<HTML><head></head></HTML>", "HTML"),
        (XML + '<html xmlns="http://www.w3.org/1999/xhtml"><body/></html>', "HTML"),
        (XML + '<!DOCTYPE html PUBLIC "-//W3C//DTD XHTML 1.0 Strict//EN" "x.dtd"><html/>', "HTML"),
        (XML + "<table><row>1</row></table>", "HTML"),
        (XML + "<records><row>1</row></records>", "XML"),
        ("<records><row>1</row></records>", "XML"),
        (XML + '<rdf:RDF xmlns:rdf="http://www.w3.org/1999/02/22-rdf-syntax-ns#"></rdf:RDF>', "RDF_XML"),
        (XML + '<kml xmlns="http://www.opengis.net/kml/2.2"></kml>', "KML"),
        (XML + '<wfs:FeatureCollection xmlns:gml="http://www.opengis.net/gml">', "GML"),
        ("@prefix dct: <http://purl.org/dc/terms/> .\n<a> dct:title 'x' .", "RDF_TURTLE"),
        ('<http://a/1> <http://a/p> "x" .\n<http://a/2> <http://a/p> "y" .\n', "RDF_N_TRIPLES"),
        ('{"type": "FeatureCollection", "features": []}', "GEOJSON"),
        ('{"@context": "x", "@graph": []}', "JSON_LD"),
        ('{"a": 1}\n{"a": 2}\n', "JSON_LINES"),
        ('[{"a": 1}]', "JSON"),
        ("[note],value\n1,2\n3,4\n", "CSV"),
    ],
)
def test_text(content: str, expected: str) -> None:
    head = content.encode()
    assert sniff(head, len(head)).format == expected
    if expected not in ("HTML", "TXT"):
        assert sniff(content.encode("utf-16"), 2 * len(head)).format == expected


@pytest.mark.parametrize(
    ("head", "expected"),
    [
        (b"%PDF-1.7 ", "PDF"),
        (b"\x89PNG\r\n\x1a\n", "PNG"),
        (b"\xff\xd8\xff\xe0", "JPEG"),
        (b"GIF89a", "GIF"),
        (b"II*\x00", "TIFF"),
        (b"CDF\x01", "NETCDF"),
        (b"PAR1\x15\x04", "PARQUET"),
        (b"SQLite format 3\x00" + bytes(52) + b"GPKG", "GPKG"),
        (b"SQLite format 3\x00" + bytes(84), None),
        (b"\x09\x08\x10\x00\x00\x06", "XLS"),
        (gzip.compress(b"a,b\n", mtime=0), "GZIP"),
        (bytes(range(256)) * 4, None),
        (b"", None),
        (b" \n\n ", None),
    ],
)
def test_binary(head: bytes, expected: str | None) -> None:
    found = sniff(head, len(head))
    assert found.format == expected
    assert found.format or found.note or found.media_type


@pytest.mark.parametrize(
    ("names", "expected"),
    [
        (["xl/workbook.xml", "[Content_Types].xml"], "XLSX"),
        (["xl/workbook.bin"], "XLSB"),
        (["word/document.xml"], "DOCX"),
        (["roads.shp", "roads.dbf", "roads.shx"], "SHP"),
        (["doc.kml", "files/icon.png"], "KMZ"),
        (["feed/stops.txt", "feed/routes.txt", "feed/trips.txt"], "GTFS"),
        (["data.csv"], "ZIP"),
    ],
)
def test_zip_is_looked_into(tmp_path: Path, names: list[str], expected: str) -> None:
    path = tmp_path / "file"
    with zipfile.ZipFile(path, "w") as archive:
        for name in names:
            archive.writestr(name, "x")
    head = path.read_bytes()
    assert sniff(head, len(head), path).format == expected
    assert sniff(head, len(head)).format == "ZIP"


@pytest.mark.parametrize(
    "content",
    [
        XML + '<ows:ExceptionReport xmlns:ows="http://www.opengis.net/ows/1.1"/>',
        XML + "<ServiceExceptionReport><ServiceException/></ServiceExceptionReport>",
        XML + "<Error><Code>NoSuchKey</Code></Error>",
        '{"error": {"code": 400, "message": "Invalid URL"}}',
        '{"success": false, "message": "gone"}',
    ],
)
def test_error_messages(content: str) -> None:
    assert sniff(content.encode(), len(content)).is_error


def test_data_about_errors_is_no_error() -> None:
    content = b'{"errors": 0, "rows": [1, 2]}'
    assert not sniff(content, len(content)).is_error


@pytest.mark.parametrize(
    ("declared_format", "media_type", "is_file"),
    [
        ("CSV", None, True),
        (".csv", "text/csv;charset=utf-8", True),
        ("Excel (XLSX)", None, True),
        ("http://publications.europa.eu/resource/authority/file-type/CSV", None, True),
        (None, "https://www.iana.org/assignments/media-types/text/csv", True),
        ("HTML", None, False),
        ("CSV, HTML", None, False),
        ("WFS", None, False),
        (None, None, False),
        ("", "text/html", False),
    ],
)
def test_promises(declared_format: str | None, media_type: str | None, is_file: bool) -> None:
    assert declares_file(declared_formats(declared_format, media_type)) is is_file


@pytest.mark.parametrize(
    ("content_type", "expected"),
    [
        ("text/csv; charset=ISO-8859-1", "ISO-8859-1"),
        (b'text/csv; Charset="utf-8"; header=present', "utf-8"),
        ("text/csv;charset = 'windows-1252'", "windows-1252"),
        ("text/csv", None),
        (None, None),
    ],
)
def test_the_charset_of_a_content_type(content_type: bytes | str | None, expected: str | None) -> None:
    assert charset_of(content_type) == expected
