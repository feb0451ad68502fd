"""The catalogue as RDF: DCAT for what was declared, DQV for what was measured.

Written as N-Triples, a small graph for each dataset: rdflib's Turtle writer takes time that grows with the square of
the catalogue. An address that is no valid IRI stays a literal; nothing declared is left out for its form.
"""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

from rdflib import RDF, XSD, Graph, Literal, Namespace, URIRef
from rdflib.namespace import DCAT, DCTERMS, FOAF, PROV

from catalog.model import Contact, Distribution
from catalog.reading import StoredDataset, datasets
from catalog.store import Catalog

__all__ = ["export_rdf"]

DQV = Namespace("http://www.w3.org/ns/dqv#")
VCARD = Namespace("http://www.w3.org/2006/vcard/ns#")
_IRI = re.compile(r"^https?://[^\s<>\"{}|\\^`\x00-\x20]+$")


def _iri(kind: str, key: str) -> URIRef:
    return URIRef(f"urn:winnow:{kind}:{key}")


def _value(text: str) -> URIRef | Literal:
    return URIRef(text) if _IRI.match(text) else Literal(text)


def export_rdf(catalog: Catalog, run_id: str, out: Path) -> list[Path]:
    """Write ``catalog.nt``."""
    out.mkdir(parents=True, exist_ok=True)
    target, part = out / "catalog.nt", out / "catalog.nt.part"
    scores = {row["dataset_id"]: row for row in catalog.rows("select dataset_id, score, run_id from dataset_quality")}
    with part.open("wb") as file:
        for portal in catalog.rows("select id, title, url from portals order by id"):
            graph = Graph()
            node = _iri("catalog", portal["id"])
            graph.add((node, RDF.type, DCAT.Catalog))
            graph.add((node, DCTERMS.title, Literal(portal["title"])))
            graph.add((node, FOAF.homepage, _value(portal["url"])))
            file.write(_lines(graph))
            for stored in datasets(catalog, portal["id"]):
                file.write(_lines(_dataset(node, stored, scores.get(stored.id))))
    part.replace(target)
    return [target]


def _lines(graph: Graph) -> bytes:
    # Sorted, so that two runs over the same catalogue give the same bytes.
    lines = graph.serialize(format="nt", encoding="utf-8").splitlines(keepends=True)
    return b"".join(sorted(line for line in lines if line.strip()))


def _dataset(catalogue: URIRef, stored: StoredDataset, score: dict[str, Any] | None) -> Graph:
    graph, node, d = Graph(), _iri("dataset", stored.id), stored.dataset
    graph.add((catalogue, DCAT.dataset, node))
    graph.add((node, RDF.type, DCAT.Dataset))
    if d.is_series:
        graph.add((node, RDF.type, URIRef(f"{DCAT}DatasetSeries")))
    if d.is_part_of:
        graph.add((node, DCTERMS.isPartOf, _value(d.is_part_of)))
    single = {
        DCTERMS.identifier: d.identifier,
        DCTERMS.title: d.title,
        DCTERMS.description: d.description,
        DCTERMS.license: d.licence,
        DCTERMS.accessRights: d.access_rights,
        DCTERMS.issued: d.issued,
        DCTERMS.modified: d.modified,
        DCTERMS.accrualPeriodicity: d.frequency,
        DCAT.landingPage: d.landing_page,
    }
    for predicate, text in single.items():
        if text:
            is_prose = predicate in (DCTERMS.title, DCTERMS.description, DCTERMS.identifier)
            graph.add((node, predicate, Literal(text) if is_prose else _value(text)))
    for predicate, texts in ((DCAT.keyword, d.keywords), (DCAT.theme, d.themes), (DCTERMS.spatial, d.spatial)):
        for text in texts:
            graph.add((node, predicate, Literal(text) if predicate == DCAT.keyword else _value(text)))
    if d.publisher and stored.publisher_id:
        agent = _iri("publisher", stored.publisher_id)
        graph.add((node, DCTERMS.publisher, agent))
        graph.add((agent, RDF.type, FOAF.Agent))
        graph.add((agent, FOAF.name, Literal(d.publisher.name)))
    if d.contact:
        _contact(graph, node, stored.id, d.contact)
    for part in stored.distributions:
        _distribution(graph, node, part.id, part.distribution)
    for number, service in enumerate(d.data_services):
        if service.endpoint_url:
            api = _iri("service", f"{stored.id}-{number}")
            graph.add((api, RDF.type, DCAT.DataService))
            graph.add((api, DCAT.endpointURL, _value(service.endpoint_url)))
            graph.add((api, DCAT.servesDataset, node))
    if score and score["score"] is not None:
        measurement = _iri("measurement", f"{stored.id}-winnow")
        graph.add((node, DQV.hasQualityMeasurement, measurement))
        graph.add((measurement, RDF.type, DQV.QualityMeasurement))
        graph.add((measurement, DQV.isMeasurementOf, _iri("metric", "winnow")))
        graph.add((measurement, DQV.computedOn, node))
        graph.add((measurement, DQV.value, Literal(score["score"], datatype=XSD.double)))
        graph.add((measurement, PROV.wasGeneratedBy, _iri("run", score["run_id"])))
    return graph


def _contact(graph: Graph, node: URIRef, key: str, contact: Contact) -> None:
    card = _iri("contact", key)
    graph.add((node, DCAT.contactPoint, card))
    graph.add((card, RDF.type, VCARD.Kind))
    if contact.name:
        graph.add((card, VCARD.fn, Literal(contact.name)))
    if contact.email:
        is_plain = re.fullmatch(r"[\w.+-]+@[\w.-]+", contact.email)
        graph.add((card, VCARD.hasEmail, URIRef(f"mailto:{contact.email}") if is_plain else Literal(contact.email)))


def _distribution(graph: Graph, dataset: URIRef, key: str, d: Distribution) -> None:
    node = _iri("distribution", key)
    graph.add((dataset, DCAT.distribution, node))
    graph.add((node, RDF.type, DCAT.Distribution))
    for predicate, text in (
        (DCAT.accessURL, d.access_url),
        (DCAT.downloadURL, d.download_url),
        (DCTERMS.title, d.title),
        (DCTERMS["format"], d.format),
        (DCAT.mediaType, d.media_type),
        (DCTERMS.license, d.licence),
        (DCAT.byteSize, d.byte_size),
    ):
        if text:
            graph.add((node, predicate, Literal(text) if predicate == DCTERMS.title else _value(text)))
