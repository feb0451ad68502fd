"""The SHACL engine and our shapes, against pyshacl: with the same shapes, and with the official ones where they lie
beside the project. Compared are focus node, path, constraint, severity and, but for made-up data, value."""

from __future__ import annotations

import io
import random
from collections import Counter
from functools import cache
from pathlib import Path
from typing import Any

import pytest
from standards_oracle import Key, expected, n_triples, ours

from catalog.model import Contact, DataService, Dataset, Distribution, Publisher
from catalog.rdf.dcat import dataset_graph
from catalog.rdf.described import described_graph
from catalog.rdf.terms import IRI, LITERAL, XSD, RdfGraph, RdfTerm, is_of_datatype, read_graph
from catalog.repositories.reading import StoredDataset
from catalog.repositories.subjects import DistributionSubject
from quality.standards.shacl import ShapeError, compile_shapes, validate
from specs.standards import SHAPES, shapes
from tests.conftest import SHARED

AP = SHARED / "oracles/dcat-ap"
OFFICIAL = {
    "dcat_ap_2": ("2.1.1/dcat-ap_2.1.1_shacl_shapes.ttl", "2.1.1/dcat-ap_2.1.1_shacl_shapes_recommended.ttl"),
    "dcat_ap_3": ("3.0.1/split/shapes.ttl", "3.0.1/split/shapes_recommended.ttl"),
    "dcat_ap_hvd": ("3.0.0-hvd/hvd-SHACL-base.ttl", "3.0.0-hvd/hvd-SHACL-usagenotes.ttl"),
}
NO_TURTLE = {
    "example-bees_wasps_dataset.ttl",
    "example-bee-population-dataset-series-api.ttl",
    "example-bee-population-dataset-series-combined.ttl",
}
"""Official examples that no parser takes."""
# The official shapes are read once for the module.
pytestmark = pytest.mark.xdist_group("shacl")
with_oracles = pytest.mark.skipif(not AP.is_dir(), reason="the official shapes do not lie beside this checkout")
EXAMPLES = sorted([*AP.glob("*/examples/*.ttl"), *AP.glob("2.1.1/*.nt")])


@cache
def official(standard: str, folder: str) -> tuple[str, ...]:
    """The official files of a standard, the HVD ones without what cannot be asked offline (see our file)."""
    from rdflib import RDF, SH, Graph, URIRef

    paths = [AP / name for name in OFFICIAL[standard]]
    if standard != "dcat_ap_hvd":
        return tuple(map(str, paths))
    graph = Graph()
    for path in paths:
        graph.parse(path)
    for node in set(graph.objects(None, SH.property)):
        # One property shape says nothing at all, and makes pyshacl stop; the scheme of categories is not at hand.
        if (node, SH.path, None) not in graph or (node, SH.node, None) in graph:
            graph.remove((None, None, node))
            graph.remove((node, None, None))
    for node in list(graph.subjects(RDF.type, SH.NodeShape)):
        if str(node).endswith(("/permissive", "#HVDCategoryRestriction")):
            graph.remove((node, None, None))
        if str(node).endswith("dcat:DatasetShape"):
            # No API is a warning of ours: the regulation exempts some.
            graph.set((URIRef(f"{node}/API"), SH.severity, SH.Warning))
    target = Path(folder) / "hvd.ttl"
    graph.serialize(target, format="turtle")
    return (str(target),)


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> str:
    return str(tmp_path_factory.mktemp("shapes"))


@with_oracles
@pytest.mark.parametrize("standard", SHAPES)
@pytest.mark.parametrize("example", EXAMPLES, ids=lambda path: path.name)
def test_official_examples_have_the_official_results(example: Path, standard: str, folder: str) -> None:
    text, is_nt = example.read_bytes(), example.suffix == ".nt"
    if example.name in NO_TURTLE:
        with pytest.raises(SyntaxError):
            read_graph(text)
        return
    graph = read_graph(text, "application/n-triples" if is_nt else "text/turtle")
    assert ours(graph, standard) == expected(text, "nt" if is_nt else "turtle", *official(standard, folder))


VALUES = [
    '"a text"',
    '"un texte"@fr',
    '""',
    "<http://x.example/a>",
    "<mailto:a@x.example>",
    "_:b{n}",
    f'"2024-01-31"^^<{XSD}date>',
    f'"2024-02-31"^^<{XSD}date>',
    f'"2024"^^<{XSD}gYear>',
    f'"2024-05"^^<{XSD}gYearMonth>',
    f'"soon"^^<{XSD}date>',
    f'"2024-01-31T10:00:00Z"^^<{XSD}dateTime>',
    f'"12"^^<{XSD}decimal>',
    f'"12.5"^^<{XSD}decimal>',
    f'"20 KB"^^<{XSD}decimal>',
    f'"12"^^<{XSD}nonNegativeInteger>',
    f'"1a"^^<{XSD}nonNegativeInteger>',
    f'"P1Y"^^<{XSD}duration>',
    f'"1 y"^^<{XSD}duration>',
    f'"abcd"^^<{XSD}hexBinary>',
    f'"abc"^^<{XSD}hexBinary>',
    "<http://spdx.org/rdf/terms#checksumAlgorithm_sha1>",
    "<http://data.europa.eu/eli/reg_impl/2023/138/oj>",
    "<urn:x:Dataset:1>",
    "<urn:x:Catalog:1>",
]
TYPE = "http://www.w3.org/1999/02/22-rdf-syntax-ns#type"


def _asked(standard: str) -> dict[str, set[str]]:
    """By class the properties that our shapes or the official ones ask for."""
    found: dict[str, set[str]] = {}
    for iri, shape in compile_shapes(shapes(standard), standard).by_class:
        found.setdefault(iri, set()).update(
            one.path.predicate for one in shape.properties if one.path and one.path.predicate
        )
    if AP.is_dir():
        from rdflib import SH, Graph, URIRef

        for name in OFFICIAL[standard]:
            graph = Graph().parse(AP / name)
            for node, iri in graph.subject_objects(SH.targetClass):
                for inner in graph.objects(node, SH.property):
                    path = graph.value(inner, SH.path)
                    if isinstance(path, URIRef) and "/elements/1.1/" not in path:
                        found.setdefault(str(iri), set()).add(str(path))
        # DC Elements where the text has DC Terms: a slip of the shapes of 2.1.1.
        found["http://www.w3.org/ns/dcat#Dataset"] -= {"http://purl.org/dc/terms/isReferencedBy"}
    return found


def made_up(standard: str, count: int) -> bytes:
    """N-Triples with ``count`` nodes of every class, in which everything is missing, double or of the wrong kind.

    Every other node has one value of each property, the others none to three. Values are dealt and not drawn, so that
    60 nodes have each of them alone and beside others.
    """
    rng, lines, blanks = random.Random(7), [], 0
    decks: dict[tuple[str, str, int], list[str]] = {}
    for iri, paths in sorted(_asked(standard).items()):
        name = iri.replace("#", "/").rpartition("/")[2]
        for number in range(count):
            node = f"<urn:x:{name}:{number}>"
            lines.append(f"{node} <{TYPE}> <{iri}> .")
            for path in sorted(paths):
                deck = decks.setdefault((iri, path, number % 2), [])
                if len(deck) < 3:
                    deck[:0] = rng.sample(VALUES, len(VALUES))
                for value in [deck.pop() for _ in range(1 if number % 2 else rng.randrange(4))]:
                    blanks += 1
                    lines.append(f"{node} <{path}> {value.format(n=blanks)} .")
    for number in range(0, count, 2):
        lines.append(f"<urn:x:Dataset:{number}> <http://www.w3.org/ns/dcat#inSeries> <urn:x:DatasetSeries:{number}> .")
        lines.append(
            f"<urn:x:DataService:{number}> <http://www.w3.org/ns/dcat#servesDataset> <urn:x:Dataset:{number}> ."
        )
    return "\n".join(lines).encode()


def _counted(keys: list[Key]) -> Counter[tuple[str, ...]]:
    return Counter(key[:4] for key in keys)


@with_oracles
@pytest.mark.filterwarnings("ignore:.*:UserWarning")
@pytest.mark.parametrize("standard", SHAPES)
def test_made_up_catalogues_have_the_official_results(standard: str, folder: str) -> None:
    text = made_up(standard, 60)
    found = _counted(ours(read_graph(text, "application/n-triples"), standard))
    assert found == _counted(expected(text, "nt", *official(standard, folder)))
    assert {key[2] for key in found} >= {"minCount", "maxCount", "nodeKind"}


@pytest.mark.filterwarnings("ignore:.*:UserWarning")
@pytest.mark.parametrize("standard", SHAPES)
def test_pyshacl_reads_our_shapes_as_we_do(standard: str, tmp_path: Path) -> None:
    text, file = made_up(standard, 30), tmp_path / f"{standard}.ttl"
    file.write_bytes(shapes(standard))
    found = _counted(ours(read_graph(text, "application/n-triples"), standard))
    assert found == _counted(expected(text, "nt", str(file)))


PREFIX = b"@prefix sh: <http://www.w3.org/ns/shacl#> . @prefix x: <urn:x:> ."
DATA = b"""@prefix x: <urn:x:> . @prefix rdfs: <http://www.w3.org/2000/01/rdf-schema#> .
x:a a x:T ; x:p "one"@en, "two"@en, "zwei"@de, "three" ; x:q "ab12", x:other ; x:r x:c .
x:b a x:Below ; x:p "eins"@de-AT ; x:q "AB" .
x:Below rdfs:subClassOf x:T .
x:c x:p "c" .
"""
CONSTRAINTS = (
    "sh:path x:p ; sh:uniqueLang true",
    'sh:path x:p ; sh:languageIn ("de")',
    'sh:path x:p ; sh:in ("three" "c")',
    'sh:path x:q ; sh:pattern "^ab" ; sh:flags "i"',
    "sh:path x:q ; sh:minLength 3",
    "sh:path x:q ; sh:maxLength 3",
    "sh:path x:r ; sh:class x:T",
    "sh:path x:p ; sh:minCount 2 ; sh:maxCount 3",
    "sh:path x:r ; sh:property [ sh:path x:q ; sh:minCount 1 ]",
    "sh:path ( x:r x:p ) ; sh:minCount 1",
    "sh:path [ sh:alternativePath ( x:q [ sh:inversePath x:r ] ) ] ; sh:maxCount 1",
    "sh:path x:q ; sh:nodeKind sh:BlankNodeOrLiteral",
    "sh:path x:p ; sh:hasValue 'three'",
)


@pytest.mark.parametrize(
    "target", ("sh:targetClass x:T", "sh:targetNode x:a, x:z", "sh:targetSubjectsOf x:q", "sh:targetObjectsOf x:r")
)
@pytest.mark.parametrize("constraint", CONSTRAINTS)
def test_every_constraint_and_target_as_pyshacl_has_it(constraint: str, target: str, tmp_path: Path) -> None:
    text = PREFIX + f"x:S a sh:NodeShape ; {target} ; sh:property [ {constraint} ] .".encode()
    file = tmp_path / "shapes.ttl"
    file.write_bytes(text)
    found = Counter((r.focus.value, r.component) for r in validate(read_graph(DATA), compile_shapes(text)))
    assert found == Counter((key[0], key[2]) for key in expected(DATA, "turtle", str(file)))


@pytest.mark.parametrize(
    ("shape", "named"),
    (
        ("sh:property [ sh:path x:p ; sh:lessThan x:q ]", "sh:lessThan"),
        ("sh:property [ sh:path x:p ; sh:not [ sh:class x:T ] ]", "sh:not"),
        ('sh:sparql [ sh:select "SELECT" ]', "sh:sparql"),
        ("sh:closed true", "sh:closed"),
        ("sh:property [ sh:path [ sh:zeroOrMorePath x:p ] ; sh:minCount 1 ]", "sh:zeroOrMorePath"),
        ("sh:property [ sh:path x:p ; x:shape x:q ]", "urn:x:shape"),
        ("sh:property [ sh:path x:p ; sh:severity x:Bad ]", "sh:severity"),
        ("sh:property [ sh:path x:p ; sh:nodeKind x:Bad ]", "sh:nodeKind"),
        ("sh:or ( )  ; a x:Class", "urn:x:Class"),
    ),
)
def test_what_the_engine_does_not_know_is_named(shape: str, named: str) -> None:
    with pytest.raises(ShapeError, match=rf"mine\.ttl: .*{named}"):
        compile_shapes(PREFIX + f"x:S a sh:NodeShape ; sh:targetClass x:T ; {shape} .".encode(), "mine.ttl")


@pytest.mark.parametrize("text", (b"x:S a", PREFIX + b"x:S a sh:NodeShape ."))
def test_files_without_shapes_are_refused(text: bytes) -> None:
    with pytest.raises(ShapeError, match="mine.ttl"):
        compile_shapes(text, "mine.ttl")


@pytest.mark.parametrize(
    ("text", "datatype", "is_well"),
    (
        ("2024-02-29", "date", True),
        ("2023-02-29", "date", False),
        ("2024-1-1", "date", False),
        ("-0044-03-15", "date", True),
        ("2024-05-31T24:00:00", "dateTime", True),
        ("2024-05-31T10:00", "dateTime", False),
        ("12024-01-01", "date", True),
        ("-5", "nonNegativeInteger", False),
        ("1e3", "decimal", False),
        (".5", "decimal", True),
        ("P", "duration", False),
        ("P1DT", "duration", False),
        ("-P1DT2.5S", "duration", True),
        ("9" * 10_000_000, "decimal", False),
    ),
)
def test_the_text_of_a_literal_must_fit_its_datatype(text: str, datatype: str, is_well: bool) -> None:
    assert is_of_datatype(RdfTerm(LITERAL, text, XSD + datatype), XSD + datatype) is is_well
    assert not is_of_datatype(RdfTerm(LITERAL, text, f"{XSD}string"), XSD + datatype)
    assert not is_of_datatype(RdfTerm(IRI, text), XSD + datatype)


TEXTS = (
    None,
    "",
    " ",
    "a text",
    "https://x.example/a",
    "https://x.example/a b",
    "2024-05-31",
    "2024",
    "31.05.2024",
    "CSV",
)
SINGLE = ("title", "description", "licence", "access_rights", "issued", "modified", "frequency", "temporal_start")
SINGLE += ("temporal_end", "landing_page", "rights", "provenance", "is_part_of")
MANY = ("keywords", "themes", "spatial", "language", "conforms_to", "applicable_legislation", "hvd_categories")
MANY += ("relations", "other_identifiers", "documentation")
PART = ("title", "description", "access_url", "download_url", "format", "media_type", "licence", "rights", "issued")
PART += ("modified", "documentation", "status", "availability", "checksum", "checksum_algorithm")
SERVICE = ("title", "endpoint_url", "endpoint_description", "licence", "access_rights", "documentation")


def made_up_dataset(number: int, rng: random.Random) -> StoredDataset:
    """A dataset in which every field has any text, or several, or none."""

    def some(names: tuple[str, ...]) -> dict[str, str | None]:
        return {name: rng.choice(TEXTS) for name in names}

    parts = tuple(Distribution(**some(PART)) for _ in range(rng.randrange(3)))
    dataset = Dataset(
        identifier=str(number),
        publisher=rng.choice((None, Publisher(name="Office", url=rng.choice(TEXTS)))),
        contact=rng.choice((None, Contact(name="Desk"), Contact(**some(("name", "email", "url"))))),
        is_series=rng.random() < 0.1,
        distributions=parts,
        data_services=tuple(DataService(**some(SERVICE)) for _ in range(rng.randrange(2))),
        **some(SINGLE),
        **{name: tuple(filter(None, rng.choices(TEXTS, k=rng.randrange(3)))) for name in MANY},
    )
    stored = tuple(
        DistributionSubject(id=f"{number}-{n}", distribution=part, dataset=dataset) for n, part in enumerate(parts)
    )
    publisher_id = str(number) if dataset.publisher else None
    return StoredDataset(
        id=f"p-{number}", portal_id="p", publisher_id=publisher_id, dataset=dataset, distributions=stored
    )


@with_oracles
@pytest.mark.parametrize("standard", SHAPES)
def test_a_catalogue_of_nouns_has_the_official_results(standard: str, folder: str) -> None:
    rng, graph = random.Random(11), RdfGraph()
    for number in range(150):
        for subject, predicate, value in dataset_graph(made_up_dataset(number, rng)).quads():
            graph.add(subject, predicate, value)
    found = _counted(ours(graph, standard))
    text = n_triples(graph, lambda text: f"{XSD}string")
    assert found == _counted(expected(text, "nt", *official(standard, folder)))
    assert len(found) > 1_000


def _recorded() -> list[Any]:
    """RDF of recorded portals, as spiders describe it."""
    from pyoxigraph import RdfFormat, Store

    from harvester.spiders.rdf.nodes import datasets_of, describe

    found = []
    for name in ("dcatapit-alessandria", "dcatapit-unibo"):
        for file in sorted((SHARED / "portals" / name).rglob("*")):
            if file.is_file() and b"rdf:RDF" in file.read_bytes()[:2000]:
                store = Store()
                store.load(input=io.BytesIO(file.read_bytes()), format=RdfFormat.RDF_XML, base_iri="http://x.example/")
                found += [describe(store, one, "") for one in datasets_of(store)]
    return found


@with_oracles
@pytest.mark.parametrize("standard", ("dcat_ap_2", "dcat_ap_3"))
def test_recorded_rdf_has_the_official_results(standard: str, folder: str) -> None:
    graph = RdfGraph()
    described = _recorded()
    if not described:
        pytest.skip("no RDF among the recordings")
    for number, raw in enumerate(described[:60]):
        for subject, predicate, value in described_graph(raw, f"r{number}")[0].quads():
            graph.add(subject, predicate, value)
    text = n_triples(graph, lambda text: f"{XSD}string")
    found = _counted(ours(graph, standard))
    assert found == _counted(expected(text, "nt", *official(standard, folder)))
    assert found
