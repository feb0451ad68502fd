"""The catalogue as N-Triples: what readers of RDF make of it."""

from __future__ import annotations

import os
import subprocess
import sys
from dataclasses import replace
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from catalog.db.store import Catalog, open_catalog
from catalog.exports.dcat import export_rdf
from catalog.model import Dataset, Distribution, HarvestPage, Portal, Publisher, Record
from catalog.rdf.dcat import dataset_graph, describe
from catalog.rdf.ntriples import NTriplesWriter, n_triples
from catalog.rdf.syntaxes import serialize
from catalog.rdf.terms import IRI, LITERAL, XSD, RdfGraph, RdfTerm, read_graph
from catalog.rdf.values import text, value
from catalog.repositories.declared import declared_of
from catalog.repositories.reading import datasets as read_datasets
from catalog.repositories.records import write_page
from tests.making import datasets, portal, store


@pytest.mark.parametrize(
    "text", ('a "b" \\ c', "line\nline\r\n\ttab", "\x00\x07\x7f", "Zürich 東京 😀", "\ud800", "<x> _:b")
)
def test_any_text_comes_back_from_n_triples(text: str) -> None:
    graph = RdfGraph()
    graph.add(RdfTerm(IRI, "urn:winnow:x"), "urn:p", RdfTerm(LITERAL, text, f"{XSD}string"))
    back = read_graph(n_triples(graph), "application/n-triples")
    values = [value.value for _, _, value in back.quads()]
    assert values == [text.encode("utf-8", "replace").decode()]


@pytest.mark.parametrize("iri", ("http://[", "http://x.example/%zz", "http://x.example:port/", "https://x.example/a"))
def test_what_is_no_iri_to_a_reader_stays_a_text(iri: str) -> None:
    graph = RdfGraph()
    graph.add(RdfTerm(IRI, "urn:winnow:x"), "urn:p", RdfTerm(IRI, iri))
    (_, _, value), *_ = read_graph(n_triples(graph), "application/n-triples").quads()
    assert value.value == iri and (value.kind == IRI) == iri.endswith("/a")


def test_an_exported_catalogue_is_rdf_and_the_same_twice(catalog: Catalog, tmp_path: Path) -> None:
    from rdflib import DCAT, DCTERMS, RDF, Graph, Literal, URIRef
    from rdflib import XSD as RDF_XSD

    run_id = catalog.begin_run(
        "nightly", [Portal(id="p", type="ckan", title="P", url="https://x.example")], version="1", methodology="1"
    )
    dataset = Dataset(
        identifier="1",
        title="Title",
        licence="CC-BY-4.0",
        publisher=Publisher(name="Office"),
        is_series=True,
        issued="2024",
        modified="soon",
        distributions=(
            Distribution(access_url="https://x.example/a b", format="CSV", byte_size="12"),
            Distribution(byte_size="1 MB"),
        ),
    )
    record = Record(dataset=dataset, raw={}, url="u", pointer="/", raw_hash="1")
    write_page(catalog, run_id, "p", HarvestPage(records=(record,)))
    (path,) = export_rdf(catalog, run_id, tmp_path)
    first = path.read_bytes()
    graph = Graph().parse(path, format="nt")
    (node,) = graph.subjects(RDF.type, DCAT.Dataset)
    assert (node, RDF.type, URIRef(f"{DCAT}DatasetSeries")) in graph
    assert graph.value(node, DCTERMS.issued) == Literal("2024", datatype=RDF_XSD.gYear)
    assert graph.value(node, DCTERMS.modified) == Literal("soon")
    # What was declared of the whole is not said of its files.
    assert [str(o) for o in graph.objects(None, DCTERMS.license)] == [
        "http://publications.europa.eu/resource/authority/licence/CC_BY_4_0"
    ]
    formats = [str(o) for o in graph.objects(None, DCTERMS["format"])]
    assert formats == ["http://publications.europa.eu/resource/authority/file-type/CSV"]
    sizes = set(graph.objects(None, DCAT.byteSize))
    assert sizes == {Literal("12", datatype=RDF_XSD.nonNegativeInteger), Literal("1 MB")}
    assert set(graph.objects(None, DCAT.accessURL)) == {Literal("https://x.example/a b")}
    export_rdf(catalog, run_id, tmp_path)
    assert path.read_bytes() == first


def test_texts_in_other_languages_are_exported_with_their_language() -> None:
    from catalog.rdf.dcat import dataset_graph
    from catalog.repositories.reading import StoredDataset

    dataset = Dataset(
        identifier="1", title="Arbres", keywords=("arbre", "tree"),
        translations={"en": {"title": "Trees", "keywords": ["tree"]}, "und": {"title": "T"}},
    )  # fmt: skip
    stored = StoredDataset(id="p-1", portal_id="p", publisher_id=None, dataset=dataset, distributions=())
    said = {(value.value, value.language) for _, _, value in dataset_graph(stored).quads() if value.kind == LITERAL}
    assert {("Arbres", ""), ("Trees", "en"), ("tree", "en"), ("arbre", ""), ("T", "")} <= said


def test_a_graph_gives_the_same_text_in_every_syntax_whatever_the_seed_of_hashes() -> None:
    script = (
        "from catalog.rdf.syntaxes import SYNTAXES, serialize\nfrom catalog.rdf.terms import *\ngraph = RdfGraph()\n"
        "name = RdfTerm(IRI, 'urn:winnow:catalog:p')\n"
        "for n in range(20):\n"
        "    one = RdfTerm(BLANK, f'b{n}')\n"
        "    graph.add(RdfTerm(IRI, f'http://x.example/{n % 3}'), 'http://purl.org/dc/terms/spatial', one)\n"
        "    graph.add(one, RDF_TYPE, RdfTerm(IRI, f'http://www.w3.org/ns/dcat#C{n % 5}'))\n"
        "    graph.add(one, 'http://purl.org/dc/terms/title', RdfTerm(LITERAL, f'{n} \\x07', XSD + 'string'))\n"
        "for syntax in SYNTAXES:\n    print(serialize(graph, syntax, name=name))"
    )
    texts = set()
    for seed in ("1", "2"):
        done = subprocess.run(
            [sys.executable, "-c", script], env=os.environ | {"PYTHONHASHSEED": seed}, capture_output=True, timeout=120
        )
        assert done.returncode == 0, done.stderr.decode()
        texts.add(done.stdout)
    assert len(texts) == 1
    with pytest.raises(ValueError, match="is no syntax"):
        serialize(RdfGraph(), "n3", name=RdfTerm(IRI, "urn:x"))


@settings(max_examples=60, deadline=None)
@given(
    st.one_of(
        st.text(max_size=30),
        st.text('htps:/.?#%aZ9é[]@ &=\\"\n\u00a0\ud800', max_size=20).map("http://x.example/".__add__),
        st.from_regex(r"https?://[a-zA-Z0-9.:%@-]{0,9}([/?#][a-z0-9.~%()'A-F&=?#:-]{0,12})?", fullmatch=True),
    )
)
def test_texts_and_addresses_are_written_at_once_as_their_terms_would_be(declared: str) -> None:
    lines, node = NTriplesWriter(), RdfTerm(IRI, "urn:winnow:x")
    for make in (text, value):
        graph = RdfGraph()
        graph.add(node, "urn:p", make(declared))
        lines.add(f"<{node.value}>", "urn:p", lines.term(make, declared))
        assert lines.take() == n_triples(graph)


def test_statements_written_one_by_one_are_those_of_the_graph(tmp_path: Path) -> None:
    lines = NTriplesWriter()
    with open_catalog(tmp_path / "catalog.db") as catalog:
        catalog.begin_run("test", [portal("p")], version="0", methodology="0", run_id="20261120T010000Z")
        store(catalog, "20261120T010000Z", "p", list(datasets(60, 3)))
        stored = [*read_datasets(catalog, "p")]
        declared = [*declared_of(catalog, [one.id for one in stored])]
    for one, same in zip(stored, declared, strict=True):
        assert same.dataset == replace(one.dataset, distributions=()) and len(same.parts) == len(one.parts)
        describe(one, lines)
        told = lines.take()
        assert told == n_triples(dataset_graph(one))
        describe(same, lines)
        assert lines.take() == told
    assert len(stored) == 60 and lines.take() == b""


@pytest.mark.parametrize("inherits", (True, False))
def test_licence_declared_by_its_title_is_stated_as_that_of_the_distribution(catalog: Catalog, inherits: bool) -> None:
    parts = (Distribution(identifier="own", access_url="https://x.example/a", licence_title="ODbL-1.0"),)
    run_id = catalog.begin_run("nightly", [portal("p")], version="1", methodology="1")
    store(catalog, run_id, "p", [Dataset(identifier="1", licence="CC-BY-4.0", distributions=parts)])
    (stored,) = read_datasets(catalog, "p")
    said = dataset_graph(stored, inherits=inherits)
    found = {str(node.value): value.value for node, name, value in said.quads() if name.endswith("terms/license")}
    licences = [value for node, value in found.items() if "distribution" in node]
    assert len(found) == 2 and len(licences) == 1 and licences[0].endswith("ODC_BL")
