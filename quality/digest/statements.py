"""The parts of the digest about RDF: the statements made from the corpus, and what the standards find in them."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import replace
from typing import Any

from catalog.model import Dataset
from catalog.rdf.dcat import dataset_graph
from catalog.rdf.described import described_graph, is_described
from catalog.rdf.terms import BLANK, RdfGraph, RdfTerm
from catalog.repositories.conformance import ReceivedRecord
from catalog.repositories.reading import StoredDataset
from quality.digest.records import declared, whole
from quality.digest.words import records_of_rows
from quality.standards.judge import judge
from quality.standards.result import STANDARDS

__all__ = ["graphs", "received", "verdicts"]

_DEEPEST = 8
"""Most levels of nested blank nodes that are followed; the mapping makes three."""


def _spelled(graph: RdfGraph, term: RdfTerm, depth: int = 0) -> list[Any]:
    """Return a term as a list; a blank node as everything stated about it, because its name means nothing."""
    if term.kind != BLANK or depth > _DEEPEST:
        return list(term)
    return ["blank", _about(graph, term, depth)]


def _about(graph: RdfGraph, node: RdfTerm, depth: int) -> list[Any]:
    said = graph.nodes.get(node, {})
    found = [[name, _spelled(graph, one, depth + 1)] for name, values in said.items() for one in values]
    return sorted(found, key=repr)


def _statements(graph: RdfGraph) -> list[Any]:
    """Return all statements by named node, in an order that does not depend on when they were made."""
    named = [node for node in graph.nodes if node.kind != BLANK]
    return sorted(([node.value, _about(graph, node, 0)] for node in named), key=repr)


def graphs() -> Iterator[list[Any]]:
    """Yield the RDF statements of each made-up record, of one record for every row of the vocabularies, and of each
    made-up record that is itself RDF, as a portal sends it.
    """
    for one in (*declared(), *(made for _, made in records_of_rows())):
        yield _statements(dataset_graph(one))
    for stored, came in received():
        if is_described(came.raw):
            yield _statements(described_graph(came.raw, stored.id)[0])


_US: dict[str, Any] = {
    "@type": "dcat:Dataset",
    "title": "Street trees",
    "description": "Every tree on public ground.",
    "keyword": ["trees"],
    "modified": "2026-11-02",
    "identifier": "trees",
    "accessLevel": "public",
    "publisher": {"@type": "org:Organization", "name": "City of Harborview"},
    "contactPoint": {"@type": "vcard:Contact", "fn": "Forest office", "hasEmail": "mailto:trees@harborview.example"},
    "bureauCode": ["015:11"],
    "programCode": ["015:001"],
    "accrualPeriodicity": "R/P1M",
    "license": "https://creativecommons.org/licenses/by/4.0/",
    "landingPage": "https://portal.example/trees",
    "distribution": [
        {"@type": "dcat:Distribution", "downloadURL": "https://files.example/t.csv", "mediaType": "text/csv"}
    ],
}
_ODD: tuple[Any, ...] = (None, "", "odd", 5, [], {}, ["odd"], "not public", "2026-13-01", [{"a": 1}])
_RDF: dict[str, Any] = {
    "@id": "https://portal.example/trees",
    "@type": ["dcat:Dataset"],
    "dct:title": [{"@value": "Street trees", "@language": "en"}],
    "dct:description": [{"@value": "Every tree."}],
    "dct:issued": [{"@value": "2026-11-02", "@type": "xsd:date"}],
    "dcat:theme": [{"@id": "http://publications.europa.eu/resource/authority/data-theme/ENVI"}],
    "dct:publisher": [{"@type": ["foaf:Agent"], "foaf:name": [{"@value": "City of Harborview"}]}],
    "dcat:contactPoint": [{"@type": ["vcard:Kind"], "vcard:fn": [{"@value": "Forest office"}]}],
    "dcatap:applicableLegislation": [{"@id": "http://data.europa.eu/eli/reg_impl/2023/138/oj"}],
    "dcat:distribution": [
        {
            "@id": "https://portal.example/trees/csv",
            "@type": ["dcat:Distribution"],
            "dcat:accessURL": [{"@id": "https://portal.example/t.csv"}],
            "dcat:byteSize": [{"@value": "many"}],
        },
    ],
}


def _changed(record: dict[str, Any], odd: Sequence[Any]) -> Iterator[dict[str, Any]]:
    """Yield a record, then the record without each of its fields, and with each odd value in its place."""
    yield record
    for name in record:
        yield {key: value for key, value in record.items() if key != name}
        for value in odd:
            yield {**record, name: value}


def received() -> Iterator[tuple[StoredDataset, ReceivedRecord]]:
    """Yield made-up records in the form in which a portal sends them, each with the dataset that they are stored as.

    They are for standards that validate a record as received. There is one complete record for each form; in the
    others, one field is missing or has an odd value.
    """
    d = Dataset(identifier="x", applicable_legislation=("http://data.europa.eu/eli/reg_impl/2023/138/oj",))
    number = 0
    for portal_type, is_federal in (("dcat-us", True), ("dcat-us", False), ("dcat-us-3", False)):
        for raw in _changed(_US, _ODD):
            number += 1
            stored = replace(whole(), id=f"us-{number}", dataset=d)
            yield stored, ReceivedRecord(portal_type=portal_type, raw=raw, is_federal=is_federal)
    for raw in _changed(_RDF, ([], [{"@value": "odd"}], [{"@id": "https://odd.example"}])):
        if "@type" in raw and raw["@type"] == ["dcat:Dataset"]:
            number += 1
            yield (
                replace(whole(), id=f"rdf-{number}", dataset=d),
                ReceivedRecord(portal_type="dcat-rdf", raw=raw, is_federal=False),
            )


def verdicts() -> dict[str, list[Any]]:
    """Return for each standard the violations in every made-up record to which it applies.

    Each entry consists of dataset id, whether it conforms, and the violations as [path, constraint, severity]. Messages
    for people are left out.
    """
    came = {one.id: (one, what) for one, what in received()}
    datasets = [*declared(), *(one for one, _ in came.values())]
    judged = judge(datasets, STANDARDS, {key: what for key, (_, what) in came.items()})
    found: dict[str, list[Any]] = {name: [] for name in STANDARDS}
    for key, by_standard in judged.items():
        for name, one in by_standard.items():
            broken = sorted([v.path, v.component, v.severity] for v in one.violations)
            found[name].append([key, one.conforms, broken])
    return found
