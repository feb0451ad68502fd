"""The catalogue as RDF for those who harvest it: the forms they read, and nothing that is not declared."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest
from rdflib import DCAT, DCTERMS, FOAF, OWL, RDF, RDFS, SKOS, XSD, BNode, Graph, Literal, Namespace, URIRef

import specs.standards
from catalog.db.store import Catalog
from catalog.model import Contact, DataService, Dataset, Distribution, Publisher
from catalog.rdf.ntriples import n_triples
from catalog.rdf.published import (
    READINGS,
    ProfileName,
    Publication,
    describe_dataset,
    describe_whole,
    graph_of,
    names_of,
    published_datasets,
    published_portals,
)
from catalog.rdf.published.lines import PairedLines, turtle_head
from catalog.rdf.published.places import GEOJSON, WKT, shape
from catalog.rdf.published.values import address, digest, known, known_licence, moment, size, words
from catalog.rdf.terms import IRI
from tests.making import datasets, portal, store

SITE = "https://data.example.org"
SPDX = Namespace("http://spdx.org/rdf/terms#")
LOCN = Namespace("http://www.w3.org/ns/locn#")
VCARD = Namespace("http://www.w3.org/2006/vcard/ns#")
EU = "http://publications.europa.eu/resource/authority"
DCAT_SERIES = URIRef(f"{DCAT}DatasetSeries")
RUN = "20261120T010203Z"
TREES = Dataset(
    identifier="trees",
    title="Arbres",
    description="Tous les arbres, voir jane.doe@example.org",
    keywords=("arbre", "tree"),
    themes=("http://publications.europa.eu/resource/authority/data-theme/ENVI", "Bäume"),
    publisher=Publisher(name="Office", identifier="42", email="opendata@port.example", url="https://port.example/office"),
    contact=Contact(name="Jane Doe", email="jane.doe@port.example", url="https://port.example/contact"),
    licence="CC-BY-4.0",
    licence_title="Creative Commons Attribution 4.0",
    issued="09.03.2024",
    modified="2024-05",
    frequency="monthly",
    spatial=("5.8,47.2,15.1,55.1", "https://sws.geonames.org/2921044/", "Berlin"),
    temporal_start="2020",
    language=("fr",),
    landing_page="https://port.example/a b",
    conforms_to=("EN 17740",),
    other_identifiers=("https://port.example/id/trees", "doi:10.5555/x"),
    translations={"en": {"title": "Trees", "keywords": ["tree"]}},
    distributions=(
        Distribution(identifier="r1", title="List", download_url="https://port.example/t.csv", format="csv",
                     media_type="text/csv", byte_size="12", modified="2024-05-06 07:08:09",
                     checksum="sha1:" + "a" * 40),
        Distribution(identifier="r2", access_url="https://port.example/t", format="Papier", byte_size="1 MB",
                     licence="see website", checksum="none"),
        Distribution(identifier="r3", access_url="https://port.example/u", rights="Ask us"),
    ),
    data_services=(DataService(title="API", endpoint_url="https://port.example/api"),),
)  # fmt: skip


@pytest.fixture
def stored(catalog: Catalog) -> Iterator[sqlite3.Connection]:
    catalog.begin_run(
        "test", [replace(portal("p"), language="fr", government=None)], version="1", methodology="1", run_id=RUN
    )
    plain = Dataset(identifier="2", title="Plain", distributions=(Distribution(identifier="x", byte_size="1"),))
    store(catalog, RUN, "p", [TREES, plain])
    yield catalog.db.conn


def ids_of(conn: sqlite3.Connection) -> list[str]:
    return [row[0] for row in conn.execute("select id from datasets where status = 'present' order by id")]


def read(conn: sqlite3.Connection, profile: ProfileName = "dcat-ap-3", site: str | None = SITE) -> Graph:
    publication = Publication(names_of(conn, site), profile, operator="Watch")
    made = graph_of(conn, publication, datasets=ids_of(conn), portals=["p", "unknown"])
    return Graph().parse(data=n_triples(made), format="nt")


@pytest.fixture
def graph(stored: sqlite3.Connection) -> Graph:
    return read(stored)


def file_of(graph: Graph, identifier: str) -> URIRef:
    (node,) = [one for one in graph.subjects(DCTERMS.identifier, Literal(identifier)) if "/file/" in one]
    return URIRef(node)


def test_a_dataset_has_the_iri_of_its_publisher_and_a_record_of_ours(graph: Graph, stored: sqlite3.Connection) -> None:
    node = URIRef("https://port.example/id/trees")
    (key,) = [row[0] for row in stored.execute("select id from datasets where identifier = 'trees'")]
    assert (node, RDF.type, DCAT.Dataset) in graph
    assert graph.value(node, DCTERMS.identifier) == Literal("trees")
    assert set(graph.objects(node, OWL.sameAs)) == {URIRef(f"urn:winnow:dataset:{key}")}
    record = URIRef(f"{SITE}/dataset/{key}#record")
    assert graph.value(record, FOAF.primaryTopic) == node
    assert graph.value(record, DCTERMS.issued) == Literal("2026-11-20T01:02:03Z", datatype=XSD.dateTime)
    assert graph.value(record, DCTERMS.modified) is not None
    portal_node = URIRef(f"{SITE}/portal/p")
    assert (portal_node, DCAT.dataset, node) in graph and (portal_node, DCAT.record, record) in graph
    notations = {str(one) for one in graph.objects(None, SKOS.notation)}
    assert notations == {"https://port.example/id/trees", "doi:10.5555/x"}
    said = {str(one).rpartition("-")[2] for one in graph.objects(record, DCTERMS.provenance)}
    assert said == set(READINGS)
    assert all(graph.value(one, RDFS.label) for one in graph.objects(record, DCTERMS.provenance))


def test_the_licence_of_the_dataset_is_that_of_the_files_that_state_none(graph: Graph) -> None:
    cc_by = URIRef(f"{EU}/licence/CC_BY_4_0")
    node = URIRef("https://port.example/id/trees")
    assert graph.value(node, DCTERMS.license) == graph.value(file_of(graph, "r1"), DCTERMS.license) == cc_by
    assert graph.value(file_of(graph, "r3"), DCTERMS.license) == cc_by
    # The declared words are kept, and those of a file are its own.
    assert graph.value(graph.value(node, DCTERMS.rights), RDFS.label) == Literal("CC-BY-4.0")
    assert graph.value(cc_by, DCTERMS.title) == Literal("Creative Commons Attribution 4.0")
    own = graph.value(file_of(graph, "r2"), DCTERMS.license)
    assert isinstance(own, BNode) and graph.value(own, DCTERMS.title) == Literal("see website")
    assert graph.value(graph.value(file_of(graph, "r3"), DCTERMS.rights), RDFS.label) == Literal("Ask us")


def test_files_have_addresses_types_and_sizes(graph: Graph) -> None:
    first, second = file_of(graph, "r1"), file_of(graph, "r2")
    assert (
        graph.value(first, DCAT.accessURL)
        == graph.value(first, DCAT.downloadURL)
        == URIRef("https://port.example/t.csv")
    )
    assert graph.value(second, DCAT.downloadURL) is None
    assert graph.value(first, DCTERMS["format"]) == URIRef(f"{EU}/file-type/CSV")
    assert graph.value(URIRef(f"{EU}/file-type/CSV"), RDFS.label) == Literal("CSV")
    assert graph.value(first, DCAT.mediaType) == URIRef("https://www.iana.org/assignments/media-types/text/csv")
    assert graph.value(graph.value(second, DCTERMS["format"]), RDFS.label) == Literal("Papier")
    assert graph.value(first, DCAT.byteSize) == Literal("12", datatype=XSD.nonNegativeInteger)
    assert graph.value(second, DCAT.byteSize) == Literal("1 MB")
    assert graph.value(first, DCTERMS.modified) == Literal("2024-05-06T07:08:09", datatype=XSD.dateTime)
    checksum = graph.value(first, SPDX.checksum)
    assert graph.value(checksum, SPDX.checksumValue) == Literal("a" * 40, datatype=XSD.hexBinary)
    assert graph.value(checksum, SPDX.algorithm) == SPDX.checksumAlgorithm_sha1
    assert graph.value(second, SPDX.checksum) is None


def test_texts_dates_places_and_concepts_are_as_consumers_read_them(graph: Graph) -> None:
    node = URIRef("https://port.example/id/trees")
    assert set(graph.objects(node, DCTERMS.title)) == {Literal("Arbres"), Literal("Trees", lang="en")}
    assert set(graph.objects(node, DCAT.keyword)) == {Literal("arbre"), Literal("tree", lang="en")}
    assert graph.value(node, DCTERMS.issued) == Literal("2024-03-09", datatype=XSD.date)
    assert graph.value(node, DCTERMS.modified) == Literal("2024-05", datatype=XSD.gYearMonth)
    assert graph.value(node, DCTERMS.accrualPeriodicity) == URIRef(f"{EU}/frequency/MONTHLY")
    assert graph.value(node, DCTERMS.language) == URIRef(f"{EU}/language/FRA")
    assert graph.value(node, DCAT.theme) == URIRef(f"{EU}/data-theme/ENVI")
    assert graph.value(graph.value(node, DCTERMS.subject), SKOS.prefLabel) == Literal("Bäume")
    assert graph.value(node, DCAT.landingPage) == URIRef("https://port.example/a%20b")
    places = [*graph.objects(node, DCTERMS.spatial)]
    assert URIRef("https://sws.geonames.org/2921044/") in places
    assert {graph.value(one, RDFS.label) for one in places} >= {Literal("Berlin")}
    (box,) = [one for one in places if graph.value(one, LOCN.geometry)]
    assert getattr(graph.value(box, LOCN.geometry), "datatype", None) == URIRef(GEOJSON)
    assert getattr(graph.value(box, DCAT.bbox), "datatype", None) == URIRef(WKT)


def test_nothing_of_persons_and_nothing_that_is_not_declared(graph: Graph, stored: sqlite3.Connection) -> None:
    text = graph.serialize(format="nt")
    assert "Jane" not in text and "jane" not in text and "mailto:opendata@port.example" in text
    card = graph.value(URIRef("https://port.example/id/trees"), DCAT.contactPoint)
    assert graph.value(card, VCARD.fn) is None and graph.value(card, VCARD.hasURL) is not None
    (key,) = [row[0] for row in stored.execute("select id from datasets where identifier = '2'")]
    plain = URIRef(f"{SITE}/dataset/{key}")
    assert {str(one) for one in graph.predicates(plain)} == {
        str(one) for one in (RDF.type, OWL.sameAs, DCTERMS.title, DCTERMS.identifier, DCAT.distribution)
    }


def test_a_portal_has_title_publisher_description_and_language(graph: Graph, stored: sqlite3.Connection) -> None:
    node = URIRef(f"{SITE}/portal/p")
    assert graph.value(node, RDF.type) == DCAT.Catalog
    for predicate in (DCTERMS.title, DCTERMS.description, FOAF.homepage):
        assert graph.value(node, predicate) is not None
    assert graph.value(graph.value(node, DCTERMS.publisher), FOAF.name) is not None
    assert graph.value(node, DCTERMS.language) == URIRef(f"{EU}/language/FRA")
    lines = PairedLines(f"{SITE}/#catalogue")
    describe_whole(published_portals(stored), lines, Publication(names_of(stored, SITE), operator="Watch"))
    whole = Graph().parse(data=turtle_head() + lines.take()[1], format="turtle")
    top = URIRef(f"{SITE}/#catalogue")
    assert set(whole.objects(top, DCTERMS.hasPart)) == {node}
    assert graph.value(node, DCTERMS.license) is None and whole.value(top, DCTERMS.license) is not None
    assert whole.value(whole.value(top, DCTERMS.publisher), FOAF.name) == Literal("Watch")


def test_profiles_differ_in_types_and_classes(stored: sqlite3.Connection) -> None:
    stored.execute("update datasets set is_series = 1, described_by = 'https://port.example/dictionary'")
    three, two, american = (read(stored, name) for name in ("dcat-ap-3", "dcat-ap-2", "dcat-us-3"))
    assert two.value(file_of(two, "r1"), DCAT.byteSize) == Literal("12", datatype=XSD.decimal)
    assert (None, RDF.type, DCAT_SERIES) in three and (None, RDF.type, DCAT_SERIES) not in two
    described = URIRef("http://data.resources.gov/ontology/dcat-us#describedBy")
    assert (None, described, None) in american and (None, described, None) not in three


@pytest.mark.parametrize(("profile", "standard"), [("dcat-ap-3", "dcat_ap_3"), ("dcat-ap-2", "dcat_ap_2")])
def test_shapes_find_only_what_the_records_leave_open(
    stored: sqlite3.Connection, profile: ProfileName, standard: str
) -> None:
    from pyshacl import validate
    from rdflib import SH

    shapes = Graph().parse(Path(specs.standards.__file__).with_name(f"{standard}.ttl"))
    graph = read(stored, profile)
    lines = PairedLines(f"{SITE}/#catalogue")
    describe_whole(published_portals(stored), lines, Publication(names_of(stored, SITE), profile))
    graph.parse(data=turtle_head() + lines.take()[1], format="turtle")
    report = validate(graph, shacl_graph=shapes, inference="none")[1]
    found = [
        str(report.value(one, SH.resultPath)).rpartition("/")[2].rpartition("#")[2]
        for one in report.subjects(SH.sourceConstraintComponent, None)
        if report.value(one, SH.resultSeverity) == SH.Violation
    ]
    # A dataset without description, a file without address, and a size of "1 MB".
    assert sorted(found) == ["accessURL", "byteSize", "description"]


def test_without_a_site_things_have_urns(stored: sqlite3.Connection) -> None:
    graph = read(stored, site=None)
    subjects = {str(one) for one in graph.subjects() if isinstance(one, URIRef)}
    ours = {one for one in subjects if not one.startswith((EU, "https://port.example/id/"))}
    assert ours and all(one.startswith("urn:winnow:") for one in ours)
    assert (None, OWL.sameAs, None) not in graph


def test_large_files_say_what_graphs_say(catalog: Catalog, tmp_path: Path) -> None:
    import pyoxigraph

    catalog.begin_run("test", [portal("p")], version="1", methodology="1", run_id=RUN)
    store(catalog, RUN, "p", [TREES, *datasets(40, 5)])
    conn = catalog.db.conn
    publication = Publication(names_of(conn, SITE))
    lines = PairedLines(f"{SITE}/portal/p")
    quads, turtle = b"", turtle_head()
    for stored in published_datasets(conn, ids_of(conn)):
        describe_dataset(stored, lines, publication)
        made = lines.take()
        quads, turtle = quads + made[0], turtle + made[1]
    graph = graph_of(conn, publication, datasets=ids_of(conn))
    expected = {one.triple for one in pyoxigraph.parse(n_triples(graph), format=pyoxigraph.RdfFormat.N_TRIPLES)}
    in_quads = [*pyoxigraph.parse(quads, format=pyoxigraph.RdfFormat.N_QUADS)]
    assert {one.triple for one in in_quads} == expected
    assert {str(one.graph_name) for one in in_quads} == {f"<{SITE}/portal/p>"}
    # The parser of Turtle names blank nodes anew.
    in_turtle = {one.triple for one in pyoxigraph.parse(turtle, format=pyoxigraph.RdfFormat.TURTLE)}
    assert len(in_turtle) == len(expected)
    assert {one for one in in_turtle if "_:" not in str(one)} == {one for one in expected if "_:" not in str(one)}


@pytest.mark.parametrize(
    ("declared", "value", "kind"),
    [
        ("2024-05-06", "2024-05-06", "date"),
        ("2024-05-06T07:08:09+02:00", "2024-05-06T07:08:09+02:00", "dateTime"),
        ("2024-05-06 07:08", "2024-05-06T07:08:00", "dateTime"),
        ("2024-05-06T07:08:09.5+0200", "2024-05-06T07:08:09.5+02:00", "dateTime"),
        ("20240506", "2024-05-06", "date"),
        ("2024/5/6", "2024-05-06", "date"),
        ("6.5.2024", "2024-05-06", "date"),
        ("5/26/2024", "2024-05-26", "date"),
        ("26/5/2024", "2024-05-26", "date"),
        ("5/5/2024", "2024-05-05", "date"),
        ("5/6/2024", "5/6/2024", "string"),
        ("2024-13-06", "2024-13-06", "string"),
        ("31.02.2024", "31.02.2024", "string"),
        ("2024/02/31", "2024/02/31", "string"),
        ("R/P1Y", "R/P1Y", "string"),
        ("soon", "soon", "string"),
    ],
)
def test_dates_are_typed_where_they_mean_one_day(declared: str, value: str, kind: str) -> None:
    made = moment(declared)
    assert (made.value, made.datatype.rpartition("#")[2]) == (value, kind)


def test_addresses_are_encoded_and_other_texts_stay() -> None:
    assert address("https://x.example/a b{c}[1]?q=%zz") == (
        IRI,
        "https://x.example/a%20b%7Bc%7D%5B1%5D?q=%25zz",
        "",
        "",
    )
    assert address(" https://x.example/%C3%A4 ").value == "https://x.example/%C3%A4"
    assert address("https://x.example/ä").kind == IRI and address("www.x.example").kind != IRI
    assert address("https://x.example/?mail=jane@x.example").value == "https://x.example/?mail=%5Be-mail%20address%5D"
    assert words("see jane@x.example").value == "see [e-mail address]"


def test_sizes_digests_and_concepts() -> None:
    assert size(" 12 ").value == "12" and size("12.0").value == "12" and size("-1").datatype.endswith("string")
    assert digest("A" * 32, None) == ("a" * 32, "http://spdx.org/rdf/terms#checksumAlgorithm_md5")
    assert digest("a" * 32, "SHA-256") == ("a" * 32, "http://spdx.org/rdf/terms#checksumAlgorithm_sha256")
    assert digest("xyz", "md5") is None and digest("abcd", None) is None
    assert known("media_type", "application/vnd.unheard-of; q=1") == (
        "https://www.iana.org/assignments/media-types/application/vnd.unheard-of"
    )
    assert known("format", "a format of ours") is None
    assert known_licence("https://x.example/terms", "CC BY 4.0").iri == "https://x.example/terms"
    assert known_licence("notspecified", None).is_none and known_licence("ask", None).iri is None


@pytest.mark.parametrize(
    ("declared", "wkt"),
    [
        ("5,47,15,55", "POLYGON((5 47,15 47,15 55,5 55,5 47))"),
        ("[5, 47, 15, 55]", "POLYGON((5 47,15 47,15 55,5 55,5 47))"),
        ("ENVELOPE(5, 15, 55, 47)", "POLYGON((5 47,15 47,15 55,5 55,5 47))"),
        ("POLYGON((5 47, 15 47, 15 55, 5 47))", "POLYGON((5 47,15 47,15 55,5 55,5 47))"),
        ("MULTIPOLYGON(((5 47,6 47,6 48,5 47)),((14 54,15 54,15 55,14 54)))", "POLYGON((5 47,15 47,15 55,5 55,5 47))"),
        ("POINT (7.5 50)", "POINT(7.5 50)"),
        ('{"type": "Point", "coordinates": [7.5, 50]}', "POINT(7.5 50)"),
        ('{"type": "Feature", "geometry": {"type": "Point", "coordinates": [7, 5]}}', "POINT(7 5)"),
        ("15,55,5,47", None),
        ("500000,200000,600000,300000", None),
        ("1,2,3", None),
        ("Berlin", None),
        ('{"type": "Point", "coordinates": "7"}', None),
        ('{"type": ["Point"], "coordinates": [7, 5]}', None),
        ("[1]", None),
        ("POINT(7)", None),
    ],
)
def test_places_that_are_geometries(declared: str, wkt: str | None) -> None:
    found = shape(declared)
    assert (found.wkt if found else None) == wkt
