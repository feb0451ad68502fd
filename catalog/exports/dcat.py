"""The catalogue as RDF in the form of schema 1, and that of one dataset: DCAT-AP and its score in DQV.

It is written as N-Triples, one small graph for each dataset, so that large catalogues are streamed. The mapping is
that of :mod:`catalog.rdf.dcat`: concepts known by name become their IRI; an address that is not a valid IRI stays a
literal; nothing declared is left out because of its form. Harvesters are served by :mod:`catalog.exports.rdf_files`.
"""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any

from catalog.db.store import Catalog
from catalog.exports.job import ExportJob, OutputFormat
from catalog.rdf.dcat import GraphSink, StatementSink, Term, describe
from catalog.rdf.ntriples import NTriplesWriter
from catalog.rdf.terms import LITERAL, RDF_TYPE, XSD, RdfGraph, RdfTerm
from catalog.rdf.values import DCAT, DCT, FOAF, iri, node_of, text, value
from catalog.repositories.declared import DeclaredDataset, declared_of
from catalog.repositories.persons import public_dataset, public_texts
from catalog.repositories.reading import StoredDataset, shown

__all__ = ["RdfCatalogue", "export_rdf", "graph_of_dataset"]

DQV = "http://www.w3.org/ns/dqv#"
PROV = "http://www.w3.org/ns/prov#"


class RdfCatalogue(OutputFormat):
    """Writes ``catalog.nt`` of schema 1: the datasets of all portals as RDF in N-Triples, with their scores."""

    name = "catalog.nt"
    title = "The catalogue as RDF: DCAT-AP for what was declared, DQV for what was measured"

    def write(self, job: ExportJob) -> list[Path]:
        """Write the file into ``job.out`` and return its path in a list; all datasets are rendered again."""
        return export_rdf(job.catalog, job.run_id, job.out)


_PORTALS = "select id, title, url from portals order by id"


def export_rdf(catalog: Catalog, run_id: str, out: Path) -> list[Path]:
    """Write the datasets of all portals, with their scores, as N-Triples into ``out/catalog.nt``.

    Return that path in a list. ``run_id`` is not used: the catalogue is written as it is now.
    """
    out.mkdir(parents=True, exist_ok=True)
    target = out / "catalog.nt"
    part = target.with_name(f"{target.name}.part")
    scores = {
        row[0]: row[1:] for row in catalog.db.conn.execute("select dataset_id, score, run_id from dataset_quality")
    }
    lines = NTriplesWriter()
    with part.open("wb") as file:
        for portal in catalog.rows(_PORTALS):
            file.write(_head(lines, portal))
            for stored in declared_of(catalog, shown(catalog, portal["id"])):
                # Addresses and names of persons are in no exported file, whatever its schema.
                parts = [(key, public_texts(part)) for key, part in stored.parts]
                told = replace(stored, dataset=public_dataset(stored.dataset), parts=parts)
                _state(lines, lines.node("catalog", portal["id"]), told, *scores.get(stored.id, (None, None)))
                file.write(lines.take())
    part.replace(target)
    return [target]


def _head(lines: NTriplesWriter, portal: dict[str, Any]) -> bytes:
    """Return the statements about a portal's catalogue itself."""
    node = lines.node("catalog", portal["id"])
    lines.add(node, RDF_TYPE, lines.term(iri, f"{DCAT}Catalog"))
    lines.add(node, f"{DCT}title", lines.term(text, portal["title"]))
    lines.add(node, f"{FOAF}homepage", lines.term(value, portal["url"]))
    return lines.take()


def graph_of_dataset(catalog: Catalog, stored: StoredDataset) -> tuple[RdfGraph, RdfTerm]:
    """Return the RDF statements that :func:`export_rdf` writes about one dataset, and the RDF node of its portal's
    catalogue.

    ``stored``: the dataset as :mod:`catalog.repositories.reading` returns it.
    """
    scored = "select score, run_id from dataset_quality where dataset_id = ?"
    scores = catalog.db.conn.execute(scored, [stored.id]).fetchone()
    portal_id = catalog.value("select portal_id from datasets where id = ?", [stored.id])
    node = node_of("catalog", portal_id)
    graph = RdfGraph()
    _state(GraphSink(graph), node, stored, *(scores or (None, None)))
    return graph, node


def _state(
    sink: StatementSink[Term],
    catalogue: Term,
    stored: StoredDataset | DeclaredDataset,
    score: float | None,
    run_id: str | None,
) -> None:
    """Add the statements about a dataset and its score to ``sink``. ``run_id``: the run that scored it."""
    describe(stored, sink, inherits=False)
    node = sink.node("dataset", stored.id)
    # A series is a dataset too (DCAT 3).
    sink.add(node, RDF_TYPE, sink.term(iri, f"{DCAT}Dataset"))
    sink.add(catalogue, f"{DCAT}dataset", node)
    if score is not None:
        measurement = sink.node("measurement", f"{stored.id}-winnow")
        sink.add(node, f"{DQV}hasQualityMeasurement", measurement)
        sink.add(measurement, RDF_TYPE, sink.term(iri, f"{DQV}QualityMeasurement"))
        sink.add(measurement, f"{DQV}isMeasurementOf", sink.node("metric", "winnow"))
        sink.add(measurement, f"{DQV}computedOn", node)
        sink.add(measurement, f"{DQV}value", sink.term(_double, repr(float(score))))
        sink.add(measurement, f"{PROV}wasGeneratedBy", sink.node("run", str(run_id)))


def _double(number: str) -> RdfTerm:
    return RdfTerm(LITERAL, number, f"{XSD}double")
