"""Documents that unfold: each reader ends within its bound of memory and time, and says what it met."""

from __future__ import annotations

import re
import subprocess
import sys
import time
import zipfile
from collections.abc import Callable
from datetime import date
from pathlib import Path

import pytest

from catalog.repositories.reply_files import parse
from harvester.mail.replies import reply_reader

ROOT = Path(__file__).parents[2]
MAX_MEMORY = 512 * 1024**2
MEASURE = """
import re, sys
from harvester.spiders.sitemap.spider import _addresses
from harvester.detect.asking import MAX_BYTES
from harvester.spiders.base.detection import ProbeResponse
from harvester.spiders.csw.probe import csw
from harvester.spiders.dcat_rdf.probe import dcat_rdf
from harvester.spiders.oai_pmh.probe import oai_pmh
from harvester.spiders.sitemap.probe import sitemap
from harvester.spiders.waf.probe import metadata_document
from harvester.spiders.documents.xml_reading import parse_xml
def detect(body):
    for recogniser in (csw, oai_pmh, sitemap, metadata_document, dcat_rdf):
        is_whole = len(body) <= MAX_BYTES
        recogniser(ProbeResponse("http://127.0.0.1/", 200, "application/xml", body[:MAX_BYTES], is_whole))
body = open(sys.argv[1], "rb").read()
try:
    {"xml": parse_xml, "sitemap": _addresses, "detect": detect}[sys.argv[2]](body)
    print("read")
except ValueError as error:
    print(str(error)[:200])
print(re.search(r"VmHWM:\\s+(\\d+)", open("/proc/self/status").read())[1])
"""


def entities(levels: int = 8) -> bytes:
    declared = b"".join(b'<!ENTITY %c "%s">' % (98 + n, (b"&%c;" % (97 + n)) * 20) for n in range(levels))
    return b'<!DOCTYPE r [<!ENTITY a "' + b"x" * 100 + b'">' + declared + b"]>"


LAST = b"&%c;" % (97 + 8)
BOMBS: dict[str, Callable[[], bytes]] = {
    "decoy": lambda: b"<!-- <!DOCTYPE html> -->" + entities() + b"<r b='" + LAST + b"'>" + LAST + b"</r>",
    "defaults": lambda: b'<!DOCTYPE r [<!ATTLIST a b CDATA "%s">]><r>%s</r>' % (b"x" * 10_000, b"<a/>" * 100_000),
    "attributes": lambda: b"<r>" + b'<a b="&e;"/>' * 100_000 + b"</r>",
    "deep": lambda: b"<a>" * 1_000_000,
    "small": lambda: b"<r>" + b"<a/>x" * 1_590_000 + b"</r>",
    "large": lambda: b"<r>" + b"<a/>x" * 4_990_000 + b"</r>",
    "utf-16": lambda: ("<r>" + "<a/>" * 3_000_000 + "</r>").encode("utf-16"),
    "utf-7": lambda: b'<?xml version="1.0" encoding="UTF-7"?><r>' + b"+ADw-a/+AD4-" * 2_000_000 + b"</r>",
    "urlset": lambda: entities() + b"<urlset><url><loc b='" + LAST + b"'>" + LAST + b"</loc></url></urlset>",
}


@pytest.mark.parametrize(
    ("bomb", "reader"),
    [
        *((bomb, "xml") for bomb in BOMBS),
        *((bomb, "sitemap") for bomb in ("decoy", "large", "urlset")),
        *((bomb, "detect") for bomb in ("decoy", "defaults", "large")),
    ],
)
def test_xml_stays_within_its_bound(bomb: str, reader: str, tmp_path: Path) -> None:
    path = tmp_path / "bomb.xml"
    path.write_bytes(BOMBS[bomb]())
    done = subprocess.run(
        [sys.executable, "-c", MEASURE, str(path), reader], capture_output=True, text=True, cwd=ROOT, timeout=60
    )
    assert done.returncode == 0, done.stderr[-500:]
    said, memory = done.stdout.splitlines()[-2:]
    assert int(memory) * 1024 < MAX_MEMORY + 100 * 1024**2, (said, memory)
    if reader != "detect" and bomb in ("large", "decoy", "defaults", "deep"):
        assert said != "read"


def workbook(path: Path, rows: int) -> None:
    """Return a workbook whose one small part unpacks to millions of cells."""
    row = '<row><c t="inlineStr"><is><t>' + "x" * 1_000 + "</t></is></c></row>"
    parts = {
        "[Content_Types].xml": '<Types xmlns="http://schemas.openxmlformats.org/package/2006/content-types"><Default '
        'Extension="xml" ContentType="application/xml"/></Types>',
        "_rels/.rels": '<Relationships xmlns="http://schemas.openxmlformats.org/package/2006/relationships"><Relation'
        'ship Id="r1" Type="http://schemas.openxmlformats.org/officeDocument/2006/relationships/officeDocument" '
        'Target="xl/workbook.xml"/></Relationships>',
        "xl/workbook.xml": '<workbook xmlns="http://schemas.openxmlformats.org/spreadsheetml/2006/main" xmlns:r='
        '"http://schemas.openxmlformats.org/officeDocument/2006/relationships"><sheets><sheet name="a" sheetId="1" '
        'r:id="r1"/></sheets></workbook>',
        "xl/_rels/workbook.xml.rels": '<Relationships xmlns="http://schemas.openxmlformats.org/package/2006/relationships">'
        '<Relationship Id="r1" Type="http://schemas.openxmlformats.org/officeDocument/2006/relationships/worksheet" '
        'Target="worksheets/sheet1.xml"/></Relationships>',
    }
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, text in parts.items():
            archive.writestr(name, text)
        with archive.open("xl/worksheets/sheet1.xml", "w", force_zip64=True) as part:
            part.write(b'<worksheet xmlns="http://schemas.openxmlformats.org/spreadsheetml/2006/main"><sheetData>')
            for _ in range(rows // 1_000):
                part.write(row.encode() * 1_000)
            part.write(b"</sheetData></worksheet>")


def test_a_reply_that_unfolds_is_a_problem_that_is_said(tmp_path: Path) -> None:
    path = tmp_path / "findings.xlsx"
    workbook(path, 600_000)
    assert path.stat().st_size < 5_000_000
    begun = time.monotonic()
    with reply_reader(date(2031, 1, 1)) as read:
        found = read(path)
    assert time.monotonic() - begun < 60
    assert not found.replies and re.search("memory|MB|died|longer", found.problems[0].what)


def test_a_reply_is_read_as_without_a_child(tmp_path: Path) -> None:
    path = tmp_path / "report.csv"
    path.write_text("url,what,who\nhttps://example.org/a.csv,it is gone,A. Citizen\n,,\nx,,y\n")
    with reply_reader(date(2031, 1, 1)) as read:
        assert read(path) == parse(path, date(2031, 1, 1))
