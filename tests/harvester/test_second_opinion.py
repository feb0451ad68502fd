"""rdflib as a second opinion on single records of RDF: it opens nothing, and what it saves is said to be saved."""

from __future__ import annotations

import asyncio
import json
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
from portal_server import PortalServer, Response, harvest, harvested, spec

from catalog.db.store import Catalog
from harvester.spiders.rdf.child import RdfChild, RdfSummary

XML, TURTLE, JSON = "application/rdf+xml", "text/turtle", "application/ld+json"
SPACES = (
    'xmlns:rdf="http://www.w3.org/1999/02/22-rdf-syntax-ns#" xmlns:dct="http://purl.org/dc/terms/" '
    'xmlns:dcat="http://www.w3.org/ns/dcat#" xmlns:owl="http://www.w3.org/2002/07/owl#"'
)
PREFIXES = (
    "@prefix dcat: <http://www.w3.org/ns/dcat#> . @prefix dct: <http://purl.org/dc/terms/> . "
    "@prefix owl: <http://www.w3.org/2002/07/owl#> .\n"
)
MALFORMED = '<dct:license rdf:resource="http://x.example/l">text beside an address</dct:license>'

READ_ALL = """
import json, sys
from harvester.spiders.rdf.lenient import read

found = []
for body, syntax in json.load(sys.stdin):
    try:
        found.append(read(body.encode(), syntax=syntax).decode())
    except ValueError as error:
        found.append(f"! {error}")
print(json.dumps(found))
"""


def dataset(name: str, inner: str = "") -> str:
    return f'<dcat:Dataset rdf:about="http://x.example/{name}"><dct:title>{name}</dct:title>{inner}</dcat:Dataset>'


def rdf_xml(*records: str, before: str = "") -> bytes:
    return f'<?xml version="1.0"?>{before}<rdf:RDF {SPACES}>{"".join(records)}</rdf:RDF>'.encode()


def jsonld(context: object) -> bytes:
    node = {"@id": "http://x.example/a", "@type": "dcat:Dataset", "dct:title": "a"}
    return json.dumps({"@context": context, "@graph": [node]}).encode()


def documents(url: str) -> dict[str, tuple[bytes, str]]:
    """Return documents that name an address or file to open, none of which a strict parser accepts."""
    names = {"dcat": "http://www.w3.org/ns/dcat#", "dct": "http://purl.org/dc/terms/"}
    imports = f'<owl:imports rdf:resource="{url}/ontology.rdf"/>'
    entity = f'<!DOCTYPE rdf:RDF [<!ENTITY out SYSTEM "{url}/entity.xml">]>'
    return {
        "remote context": (jsonld([f"{url}/context.jsonld", names]), JSON),
        "imported context": (jsonld({**names, "@version": 1.1, "@import": f"{url}/import.jsonld"}), JSON),
        "context of a term": (
            jsonld({**names, "dct:title": {"@id": "dct:title", "@context": f"{url}/t.jsonld"}}),
            JSON,
        ),
        "imported ontology": (rdf_xml(dataset("a", imports + MALFORMED)), XML),
        "external entity": (
            rdf_xml(dataset("a", f"<dct:description>&out;</dct:description>{MALFORMED}"), before=entity),
            XML,
        ),
        "imports in Turtle": (
            f'{PREFIXES}<http://x.example/a> a dcat:Dataset ; owl:imports <{url}/o> ; dct:title "a"@de__A .'.encode(),
            TURTLE,
        ),
    }


@pytest.fixture(scope="module")
def server() -> Iterator[PortalServer]:
    with PortalServer() as running:
        yield running


def read(tmp_path: Path, body: bytes, syntax: str) -> RdfSummary:
    file = tmp_path / "document"
    file.write_bytes(body)
    child = RdfChild()
    try:
        return asyncio.run(child.read(file, tmp_path / "read", syntax=syntax, url="http://x.example/c", awaited=[]))
    finally:
        child.close()


def test_nothing_that_a_document_names_is_opened(server: PortalServer, tmp_path: Path) -> None:
    child = RdfChild()

    async def all_of_them() -> dict[str, RdfSummary]:
        found = {}
        for name, (body, syntax) in documents(server.url).items():
            file = tmp_path / "document"
            file.write_bytes(body)
            found[name] = await child.read(file, tmp_path / name, syntax=syntax, url=f"{server.url}/c", awaited=[])
        return found

    try:
        readings = asyncio.run(all_of_them())
    finally:
        child.close()
    assert server.requests == []
    for name in ("imported ontology", "imports in Turtle"):
        assert [iri for iri, _ in readings[name].nodes()] == ["http://x.example/a"], name


def test_rdflib_itself_opens_neither_addresses_nor_files(server: PortalServer, tmp_path: Path) -> None:
    """Without the doors that the bounded child shuts: in a plain process, which could ask."""
    secret = tmp_path / "context.jsonld"
    secret.write_text('{"@context": {"t": "http://x.example/secret#"}}')
    files = [str(secret), secret.as_uri(), {"@version": 1.1, "@import": secret.as_uri()}]
    bodies = [*documents(server.url).values(), *((jsonld(context), JSON) for context in files)]
    sent = json.dumps([(body.decode(), syntax) for body, syntax in bodies])
    done = subprocess.run([sys.executable, "-c", READ_ALL], input=sent, capture_output=True, text=True, timeout=120)
    assert done.returncode == 0, done.stderr
    found = dict(zip([*documents(""), "path", "file", "imported file"], json.loads(done.stdout), strict=True))
    assert server.requests == []
    for name in ("remote context", "imported context", "context of a term", "path", "file", "imported file"):
        assert found[name].startswith("! ") and "is not opened" in found[name], (name, found[name])
    assert "secret" not in "".join(one for one in found.values() if not one.startswith("! "))


def test_a_record_that_was_saved_is_said(catalog: Catalog) -> None:
    body = rdf_xml(dataset("a"), dataset("b", MALFORMED), dataset("c"))
    with PortalServer({"/c.rdf": Response(200, XML, body)}) as portal:
        harvest(catalog, spec("p", "dcat-rdf", f"{portal.url}/c.rdf"))
    found = harvested(catalog, "p")
    assert found["verdict"] == "complete" and catalog.value("select count(*) from datasets") == 3
    (said,) = catalog.rows("select kind, message, record_id, is_lost from harvest_errors")
    assert (said["kind"], said["record_id"], said["is_lost"]) == ("lenient", "http://x.example/b", 0)
    assert "parsed leniently" in said["message"]


def test_statements_that_cannot_be_written_down_are_counted(tmp_path: Path) -> None:
    reading = read(tmp_path, rdf_xml(dataset("a", f'{MALFORMED}<dct:spatial rdf:resource="http://x:port/"/>')), XML)
    ((message, near),) = reading.lenient
    assert "1 of its statements" in message and near == "http://x.example/a"


def test_a_record_of_more_than_a_megabyte_is_not_read_a_second_time(tmp_path: Path) -> None:
    long = dataset("b", f"{MALFORMED}<dct:description>{'x' * 1_000_000}</dct:description>")
    reading = read(tmp_path, rdf_xml(dataset("a"), long), XML)
    assert [iri for iri, _ in reading.nodes()] == ["http://x.example/a"] and not reading.lenient
    ((message, near),) = reading.faults
    assert "too many to be read alone" in message and near == "http://x.example/b"
