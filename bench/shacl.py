"""Validate a catalogue by DCAT-AP with our engine and with pyshacl, with the same shapes and statements, in one run.

    python bench/shacl.py [datasets] [standard]

Ours includes building the graph of each dataset from the model, validation, and messages. pyshacl receives one parsed
graph of the whole catalogue: its time is that of validation alone. The results are counted by constraint and must be
equal.
"""

from __future__ import annotations

import logging
import random
import sys
import time
from collections import Counter

from catalog.model import Contact, DataService, Dataset, Distribution, Publisher
from catalog.rdf.dcat import dataset_graph
from catalog.rdf.terms import LITERAL, UNTYPED, XSD, RdfGraph, RdfTerm, is_of_datatype
from catalog.repositories.reading import StoredDataset
from catalog.repositories.subjects import DistributionSubject
from quality.standards import judge
from quality.standards.shacl import compile_shapes, validate
from specs.standards import shapes

SIZE_TYPE = {"dcat_ap_2": "decimal"}
"""Datatype that the standard requires for sizes; our model has none."""


def stored(number: int, rng: random.Random) -> StoredDataset:
    """Return a dataset with two files, with some fields missing, empty or of the wrong kind."""

    def one(*values: str | None) -> str | None:
        return rng.choice(values)

    parts = [
        Distribution(
            identifier=f"{number}-{n}",
            title=one("File", None, ""),
            description=one("Words of a description", None),
            access_url=one(f"https://x.example/{number}/{n}.csv", f"https://x.example/{number}/a file.csv", None),
            download_url=one(f"https://x.example/{number}/{n}.csv", "see page", None),
            format=one("CSV", "XLSX", "our own", None),
            media_type=one("text/csv", "spreadsheet", None),
            byte_size=one("1234", "20 KB", None),
            licence=one("cc-by", "https://creativecommons.org/licenses/by/4.0/", "see website", None),
            issued=one("2024-01-01", "31.01.2024", None),
            modified=one("2024-02-02T10:00:00Z", "soon", None),
            checksum=one("abcd", None),
        )
        for n in range(2)
    ]
    dataset = Dataset(
        identifier=str(number),
        title=one(f"Dataset {number}", None, " "),
        description=one("word " * 30, None),
        keywords=rng.choice((("a", "b", "c"), ())),
        themes=rng.choice((("Economy",), ("Our own theme",), ())),
        publisher=rng.choice((Publisher(name="Office"), None)),
        contact=rng.choice((Contact(name="Desk", email="desk@x.example"), Contact(email="call us"), None)),
        licence=one("cc-by", None),
        access_rights=one("public", None),
        issued=one("2024-01-01", "2024", "last year", None),
        modified=one("2024-03-03", "2024-13-41", None),
        frequency=one("annual", "now and then", None),
        spatial=rng.choice((("Berlin",), ("https://x.example/place",), ())),
        temporal_start=one("2020", None),
        temporal_end=one("2021-12", "today", None),
        language=rng.choice((("en",), ("our dialect",), ())),
        landing_page=one("https://x.example/", "none", None),
        is_series=rng.random() < 0.02,
        distributions=tuple(parts),
        data_services=rng.choice(
            ((), (), (DataService(title=one("API", None), endpoint_url="https://x.example/api"),))
        ),
    )
    return StoredDataset(
        id=f"bench-{number:020}",
        portal_id="bench",
        publisher_id=f"bench-{number}" if dataset.publisher else None,
        dataset=dataset,
        distributions=tuple(
            DistributionSubject(id=f"bench-{number}-{n}", distribution=part, dataset=dataset)
            for n, part in enumerate(parts)
        ),
    )


def typed(term: RdfTerm, standard: str) -> RdfTerm:
    """Return an untyped literal with the datatype that its text fits."""
    if term.datatype != UNTYPED:
        return term
    for name in ("hexBinary", SIZE_TYPE.get(standard, "nonNegativeInteger")):
        if is_of_datatype(term, XSD + name) and (name == "hexBinary") == (term.value == "abcd"):
            return RdfTerm(LITERAL, term.value, XSD + name)
    return RdfTerm(LITERAL, term.value, f"{XSD}string")


def whole(graphs: list[RdfGraph], standard: str) -> object:
    """Return all statements as one graph of rdflib."""
    from rdflib import BNode, Graph, Literal, URIRef

    def node(term: RdfTerm) -> object:
        if term.kind == LITERAL:
            return Literal(term.value, datatype=None if term.datatype == f"{XSD}string" else URIRef(term.datatype))
        return URIRef(term.value) if term.kind == "iri" else BNode(term.value)

    found = Graph()
    for graph in graphs:
        for subject, predicate, value in graph.quads(lambda text: UNTYPED):
            found.add((node(subject), URIRef(predicate), node(typed(value, standard))))  # type: ignore[arg-type]
    return found


def by_pyshacl(graphs: list[RdfGraph], standard: str) -> tuple[Counter[str], float]:
    """Return pyshacl's results by constraint, and the seconds of CPU."""
    import pyshacl
    from rdflib import SH, Graph

    logging.getLogger("rdflib.term").setLevel(logging.CRITICAL)
    data, shape_graph = whole(graphs, standard), Graph().parse(data=shapes(standard), format="turtle")
    begun = time.process_time()
    _, report, _ = pyshacl.validate(data, shacl_graph=shape_graph, inplace=True)
    spent = time.process_time() - begun
    found: Counter[str] = Counter()
    for result in report.objects(None, SH.result):
        name = str(report.value(result, SH.sourceConstraintComponent)).rpartition("#")[2]
        name = name.removesuffix("ConstraintComponent")
        found[name[0].lower() + name[1:]] += 1
    return found, spent


def main(count: int, standard: str) -> None:
    rng = random.Random(1)
    datasets = [stored(number, rng) for number in range(count)]
    judge(datasets[:50], [standard])
    begun = time.process_time()
    judged = judge(datasets, [standard])
    whole_time = time.process_time() - begun
    begun = time.process_time()
    judge(datasets, ["dcat_ap_2", "dcat_ap_3", "dcat_ap_hvd"])
    all_time = time.process_time() - begun
    compiled = compile_shapes(shapes(standard), standard)
    graphs = [dataset_graph(one) for one in datasets]
    begun = time.process_time()
    results = [result for graph in graphs for result in validate(graph, compiled)]
    alone = time.process_time() - begun
    ours = Counter(result.component for result in results)
    theirs, other = by_pyshacl(graphs, standard)
    ms = 1000 / count
    told = sum(len(one.violations) for by in judged.values() for one in by.values())
    print(f"{count:,} datasets of two files, {standard}; CPU ms a dataset")
    print(f"nouns to words (graph, {told:,} results): {whole_time * ms:.3f}; with all of DCAT-AP: {all_time * ms:.3f}")
    print(f"validation alone:  {alone * ms:.3f}")
    print(f"pyshacl, the same: {other * ms:.3f}; ratio {other / alone:.0f}, to nouns to words {other / whole_time:.0f}")
    print(f"results: ours {sum(ours.values()):,}, pyshacl {sum(theirs.values()):,}; by constraint {dict(ours)}")
    assert ours == theirs, (ours, theirs)


if __name__ == "__main__":
    main(int(sys.argv[1]) if len(sys.argv) > 1 else 1_000, sys.argv[2] if len(sys.argv) > 2 else "dcat_ap_3")
