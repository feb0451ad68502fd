"""RDF that hangs or floods a parser, and RDF that only the lenient parser reads: one record costs no other."""

from __future__ import annotations

import asyncio
import time
from pathlib import Path

import pytest
from portal_server import PortalServer, Response, harvest, harvested, spec
from pyoxigraph import RdfFormat

from catalog.db.store import Catalog
from catalog.repositories.reading import datasets
from harvester.spiders.rdf import files as rdf_files
from harvester.spiders.rdf.child import RdfChild, RdfSummary
from harvester.spiders.rdf.nodes import datasets_of

SPACES = (
    'xmlns:rdf="http://www.w3.org/1999/02/22-rdf-syntax-ns#" xmlns:dct="http://purl.org/dc/terms/" '
    'xmlns:dcat="http://www.w3.org/ns/dcat#" xmlns:foaf="http://xmlns.com/foaf/0.1/"'
)
PREFIXES = "@prefix dcat: <http://www.w3.org/ns/dcat#> . @prefix dct: <http://purl.org/dc/terms/> .\n"
XML, TURTLE, JSON = "application/rdf+xml", "text/turtle", "application/ld+json"


def bomb(decoy: str) -> bytes:
    """A document of a kilobyte that unfolds to gigabytes."""
    levels = "".join(f'<!ENTITY e{n} "{f"&e{n - 1};" * 10}">' for n in range(1, 12))
    return (
        f'<?xml version="1.0"?>{decoy}<!DOCTYPE rdf:RDF [<!ENTITY e0 "haha">{levels}]><rdf:RDF {SPACES}>'
        '<dcat:Dataset rdf:about="http://x.example/1"><dct:title>&e11;</dct:title></dcat:Dataset></rdf:RDF>'
    ).encode()


def read(tmp_path: Path, body: bytes, syntax: str, *, seconds: float = 60) -> RdfSummary:
    file = tmp_path / "document"
    file.write_bytes(body)
    child = RdfChild(seconds=seconds)
    try:
        return asyncio.run(child.read(file, tmp_path / "read", syntax=syntax, url="http://x.example/c", awaited=[]))
    finally:
        child.close()


def iris(reading: RdfSummary) -> list[str | None]:
    return [iri for iri, _ in reading.nodes()]


@pytest.mark.parametrize("decoy", ["", "<!-- <!DOCTYPE a> -->", "<?pi <!DOCTYPE a> ?>", "<!-- [ ] > -->\n" * 20])
def test_a_document_that_unfolds_is_bounded_without_a_look_first(decoy: str, tmp_path: Path) -> None:
    begun = time.monotonic()
    reading = read(tmp_path, bomb(decoy), XML, seconds=20)
    assert iris(reading) == [] and reading.fault and reading.is_cut
    assert time.monotonic() - begun < 60


@pytest.mark.parametrize("is_malformed", [False, True])
def test_a_long_document_lies_on_disk_within_the_same_bounds(is_malformed: bool, tmp_path: Path) -> None:
    file = tmp_path / "document"
    bad = '<dct:license rdf:resource="http://x.example/l">L</dct:license>' if is_malformed else ""
    file.write_bytes(rdf_xml(*(record(f"{n:04}") for n in range(800)), record("9999", bad)))
    child = RdfChild(in_memory=1_000)
    reading = asyncio.run(child.read(file, tmp_path / "read", syntax=XML, url="http://x.example/", awaited=[]))
    child.close()
    assert reading.fault is None and not reading.faults and len(iris(reading)) == 801
    assert not (tmp_path / "read" / "store").exists()


def test_other_portals_go_on_while_one_document_is_read(tmp_path: Path) -> None:
    file = tmp_path / "document"
    file.write_bytes(bomb("<!-- <!DOCTYPE a> -->"))

    async def main() -> int:
        child, turns = RdfChild(seconds=10), 0
        work = asyncio.ensure_future(child.read(file, tmp_path / "read", syntax=XML, url="http://x/", awaited=[]))
        while not work.done():
            turns += 1
            await asyncio.sleep(0.01)
        child.close()
        assert (await work).fault
        return turns

    assert asyncio.run(main()) > 3


def rdf_xml(*records: str, root: str = "") -> bytes:
    return f'<?xml version="1.0"?>\n<rdf:RDF {SPACES}{root}>{"".join(records)}</rdf:RDF>'.encode()


def record(name: str, inner: str = "") -> str:
    return f'<dcat:Dataset rdf:about="http://x.example/{name}"><dct:title>{name}</dct:title>{inner}</dcat:Dataset>'


@pytest.mark.parametrize(
    "inner",
    [
        '<dct:license rdf:resource="http://x.example/cc-by">CC BY</dct:license>',
        "<dct:description>Fish & chips</dct:description>",
        "<dct:description>a\x0bb</dct:description>",
        '<dct:description xml:lang="de_AT">Bäume</dct:description>',
        '<dcat:landingPage rdf:resource="http://x.example/a b">Page</dcat:landingPage>',
    ],
)
def test_a_record_that_the_strict_parser_refuses_is_read_alone(inner: str, tmp_path: Path) -> None:
    reading = read(tmp_path, rdf_xml(record("a"), record("b", inner), record("c")), XML)
    assert iris(reading) == [f"http://x.example/{name}" for name in "abc"]
    assert not reading.faults and not reading.is_cut


@pytest.mark.parametrize(
    "bad",
    [
        record("b", "<dct:description><b>bold</dct:description>"),
        record("b", "<nope:x>no such prefix</nope:x>"),
        record("b").replace("</dcat:Dataset>", ""),
        record("b", "<dct:description>&nbsp;</dct:description>"),
    ],
)
@pytest.mark.parametrize("is_held", [False, True])
def test_what_both_parsers_refuse_costs_that_record_alone(bad: str, is_held: bool, tmp_path: Path) -> None:
    records = [record("a"), bad, record("c")]
    if is_held:
        if "</dcat:Dataset>" not in bad:
            return  # inside a catalogue the end of such a record cannot be told
        held = "".join(f"<dcat:dataset>{one}</dcat:dataset>" for one in records)
        records = [f'<dcat:Catalog rdf:about="http://x.example/">{held}</dcat:Catalog>']
    reading = read(tmp_path, rdf_xml(*records), XML)
    assert iris(reading) == ["http://x.example/a", "http://x.example/c"]
    assert [near for _, near in reading.faults] == ["http://x.example/b"] and not reading.is_cut


def test_bytes_of_another_encoding_cost_nothing(tmp_path: Path) -> None:
    body = rdf_xml(record("a"), record("b", "<dct:description>B\u00e4ume</dct:description>"))
    reading = read(tmp_path, body.replace("ä".encode(), b"\xe4"), XML)
    assert dict(reading.nodes())["http://x.example/b"]["dct:description"] == [{"@value": "Bäume"}]


def test_a_node_may_be_the_root_of_a_document(tmp_path: Path) -> None:
    inner = f"<foaf:primaryTopic>{record('a')}</foaf:primaryTopic><dct:modified>2026-01-02</dct:modified>"
    body = f'<dcat:CatalogRecord {SPACES} rdf:about="http://x.example/r">{inner}</dcat:CatalogRecord>'.encode()
    reading = read(tmp_path, body, XML)
    assert iris(reading) == ["http://x.example/a"] and not reading.is_cut
    assert next(reading.nodes())[1]["@record"]["dct:modified"] == [{"@value": "2026-01-02"}]
    broken = body.replace(b"<dct:title>", b'<dct:license rdf:resource="http://x.example/l">L</dct:license><dct:title>')
    assert iris(read(tmp_path, broken, XML)) == ["http://x.example/a"]
    assert read(tmp_path, body[:-10], XML).is_cut


SHORT = '<dcat:theme\n        rdf:resource="http://x.example/t"/>'
"""No blank before the slash, and many before the attribute."""


def test_a_tag_that_is_written_in_any_way_is_read_at_once(tmp_path: Path) -> None:
    bad = '<dcat:landingPage rdf:resource="http://x.example/a b"/>'
    reading = read(tmp_path, rdf_xml(record("a", SHORT * 40), record("b", SHORT * 40 + bad)), XML, seconds=10)
    assert iris(reading) == ["http://x.example/a", "http://x.example/b"] and not reading.faults
    blanks = b"<?xml version='1.0'?>" + b"\n \t" * 5_000
    assert read(tmp_path, blanks + b"&", XML, seconds=10).is_cut


@pytest.mark.parametrize("has_root", [True, False])
@pytest.mark.parametrize("bad", ["", '<dct:license rdf:resource="http://x.example/l">L</dct:license>'])
def test_rdf_within_the_response_of_a_catalogue_service(bad: str, has_root: bool, tmp_path: Path) -> None:
    records = record("a"), record("b", bad)
    inner = "".join(f"<rdf:RDF>{one}</rdf:RDF>" for one in records) if has_root else "".join(records)
    body = (
        f'<csw:GetRecordsResponse xmlns:csw="http://x.example/csw" {SPACES}><csw:SearchStatus timestamp="now"/>'
        f'<csw:SearchResults numberOfRecordsMatched="7" nextRecord="3">{inner}</csw:SearchResults>'
        "</csw:GetRecordsResponse>"
    )
    reading = read(tmp_path, body.encode(), XML)
    assert iris(reading) == ["http://x.example/a", "http://x.example/b"]
    assert not reading.faults and not reading.is_cut and reading.head["total"] == 7


NODES = [
    '{"@id": "http://x.example/a", "@type": "dcat:Dataset", "dct:title": "a"}',
    '{"@id": "http://x.example/b", "@type": "dcat:Dataset", "dct:title": "b"}',
]
CONTEXT = '"@context": {"dcat": "http://www.w3.org/ns/dcat#", "dct": "http://purl.org/dc/terms/"}'


@pytest.mark.parametrize(
    "body",
    [
        f'{{{CONTEXT}, "@graph": [{",".join(NODES)}]}}',
        f'{{"@graph": [{",".join(NODES)}], {CONTEXT}}}',
        f'{{{CONTEXT}, "@id": "http://x.example/", "@type": "dcat:Catalog", "dcat:dataset": [{",".join(NODES)}]}}',
        f'[{NODES[0][:-1]}, {CONTEXT}}}, {NODES[1][:-1]}, {CONTEXT}}}]',
        '[{"@id": "http://x.example/a", "@type": ["http://www.w3.org/ns/dcat#Dataset"], '
        '"http://purl.org/dc/terms/title": [{"@value": "a"}]}, '
        '{"@id": "http://x.example/b", "@type": ["https://www.w3.org/ns/dcat#Dataset"], '
        '"http://purl.org/dc/terms/title": [{"@value": "b"}]}]',
    ],
)  # fmt: skip
def test_json_ld_of_whatever_form(body: str, tmp_path: Path) -> None:
    reading = read(tmp_path, body.encode(), JSON)
    assert iris(reading) == ["http://x.example/a", "http://x.example/b"] and not reading.faults


def test_long_json_ld_is_read_node_by_node(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(rdf_files, "WHOLE_JSON_LD", 100)
    file = tmp_path / "document"
    for text in (f'{{{CONTEXT}, "@graph": [{",".join(NODES)}]}}', f'{{"@graph": [{",".join(NODES)}], {CONTEXT}}}'):
        file.write_text(text)
        graph = rdf_files.load(file, RdfFormat.JSON_LD, tmp_path / "store")
        assert len(datasets_of(graph.store)) == 2 and not graph.faults and not graph.is_cut and graph.triples == 4
    pages = '"http://www.w3.org/ns/hydra/core#next": {"@id": "?page=2"}'
    file.write_text(f'{{{CONTEXT}, "@id": "c", {pages}, "dcat:dataset": [{",".join(NODES)}]}}')
    assert rdf_files.load(file, RdfFormat.JSON_LD, tmp_path / "store").triples == 5
    file.write_text(f"{{{CONTEXT}, {NODES[0][1:]}")
    assert len(datasets_of(rdf_files.load(file, RdfFormat.JSON_LD, tmp_path / "store").store)) == 1
    file.write_text(f'{{{CONTEXT}, "@graph": [{",".join(NODES)}')
    cut = rdf_files.load(file, RdfFormat.JSON_LD, tmp_path / "store")
    assert len(datasets_of(cut.store)) == 2 and cut.faults


def test_one_dataset_as_the_root_of_json_ld(tmp_path: Path) -> None:
    assert iris(read(tmp_path, f"{{{CONTEXT}, {NODES[0][1:]}".encode(), JSON)) == ["http://x.example/a"]
    bare = b'{"@id": "http://x.example/a", "@type": "Dataset", "title": "A"}'
    assert iris(read(tmp_path, bare, JSON)) == ["http://x.example/a"]


def test_a_malformed_node_of_json_ld_is_lost_alone(tmp_path: Path) -> None:
    broken = NODES[0].replace('"a"}', '"a" oops}').replace("/a", "/broken")
    body = f'{{{CONTEXT}, "@graph": [{NODES[0]}, {broken}, {NODES[1]}]}}'
    reading = read(tmp_path, body.encode(), JSON)
    assert iris(reading) == ["http://x.example/a", "http://x.example/b"]
    assert [near for _, near in reading.faults] == ["http://x.example/broken"]


@pytest.mark.parametrize("title", ['"B"@de_AT_wien', '"B"^^xsd:string', r'"C:\data"'])
def test_a_statement_of_turtle_that_only_the_other_parser_reads(title: str, tmp_path: Path) -> None:
    lines = [f'<http://x.example/{name}> a dcat:Dataset ; dct:title "{name}" .' for name in "abc"]
    lines[1] = lines[1].replace('"b" .', f"{title} ;\n dct:modified '2026' .")
    reading = read(tmp_path, (PREFIXES + "\n".join(lines) + "\n").encode(), TURTLE)
    assert iris(reading) == [f"http://x.example/{name}" for name in "abc"] and not reading.faults
    assert dict(reading.nodes())["http://x.example/b"]["dct:title"][0]["@value"] in ("B", r"C:\data")


def test_a_hostile_document_is_a_failed_harvest_and_leaves_nothing(catalog: Catalog) -> None:
    with PortalServer({"/c.rdf": Response(200, XML, bomb("<!-- <!DOCTYPE a> -->"))}) as server:
        harvest(catalog, spec("p", "dcat-rdf", server.url + "/c.rdf"))
    row = harvested(catalog, "p")
    assert (row["verdict"], row["datasets"]) == ("failed", 0) and "cannot be read" in str(row["reasons"])
    assert not list((catalog.path.parent / "feeds").iterdir())


def test_records_around_a_malformed_one_are_kept(catalog: Catalog) -> None:
    body = rdf_xml(record("a"), record("b", "<dct:description><b></dct:description>"), record("c"))
    with PortalServer({"/c.rdf": Response(200, XML, body)}) as server:
        harvest(catalog, spec("p", "dcat-rdf", server.url + "/c.rdf"))
    assert harvested(catalog, "p")["verdict"] == "partial"
    assert {one.dataset.title for one in datasets(catalog, "p")} == {"a", "c"}
    assert catalog.value("select pointer from harvest_errors where is_lost") == "http://x.example/b"
