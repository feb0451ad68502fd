"""The catalogue as RDF: DCAT-AP for what was declared, DQV for what was measured.

It is written as N-Triples, one small graph for each dataset, so that large catalogues are streamed. The mapping is
that of :mod:`catalog.rdf.dcat`: concepts known by name become their IRI; an address that is not a valid IRI stays a
literal; nothing declared is left out because of its form.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from gzip import GzipFile
from pathlib import Path
from typing import IO, Any, cast

from catalog.db.store import Catalog
from catalog.exports.job import ExportJob, OutputFormat
from catalog.rdf.dcat import GraphSink, StatementSink, Term, describe
from catalog.rdf.ntriples import NTriplesWriter
from catalog.rdf.terms import LITERAL, RDF_TYPE, XSD, RdfGraph, RdfTerm
from catalog.rdf.values import DCAT, DCT, FOAF, iri, node_of, text, value
from catalog.repositories.reading import StoredDataset, declared_datasets

__all__ = ["RdfCatalogue", "export_rdf", "graph_of_dataset"]

DQV = "http://www.w3.org/ns/dqv#"
PROV = "http://www.w3.org/ns/prov#"


class RdfCatalogue(OutputFormat):
    """Writes ``catalog.nt.gz``: the datasets of all portals as RDF in N-Triples, with their scores."""

    name = "catalog.nt.gz"
    title = "The catalogue as RDF: DCAT-AP for what was declared, DQV for what was measured"

    def write(self, job: ExportJob) -> list[Path]:
        """Write the file into ``job.out``, one dataset at a time; return its path in a list. In schema 1 it is not
        compressed."""
        if not job.is_due(job.out):
            return []
        return export_rdf(job.catalog, job.run_id, job.out, is_packed=job.options.schema > 1)


def export_rdf(catalog: Catalog, run_id: str, out: Path, *, is_packed: bool = False) -> list[Path]:
    """Write the datasets of all portals, with their scores, as N-Triples into ``out/catalog.nt``.

    Return that path in a list. ``run_id`` is not used: the catalogue is written as it is now. ``is_packed``: whether
    the file is compressed with gzip and is named ``catalog.nt.gz``.
    """
    out.mkdir(parents=True, exist_ok=True)
    target = out / ("catalog.nt.gz" if is_packed else "catalog.nt")
    part = target.with_name(f"{target.name}.part")
    scores = {row["dataset_id"]: row for row in catalog.rows("select dataset_id, score, run_id from dataset_quality")}
    lines = NTriplesWriter()
    with _opened(part, is_packed=is_packed) as file:
        for portal in catalog.rows("select id, title, url from portals order by id"):
            node = lines.node("catalog", portal["id"])
            lines.add(node, RDF_TYPE, lines.term(iri, f"{DCAT}Catalog"))
            lines.add(node, f"{DCT}title", lines.term(text, portal["title"]))
            lines.add(node, f"{FOAF}homepage", lines.term(value, portal["url"]))
            file.write(lines.take())
            for stored in declared_datasets(catalog, portal["id"]):
                _state(lines, node, stored, scores.get(stored.id))
                file.write(lines.take())
    part.replace(target)
    return [target]


@contextmanager
def _opened(path: Path, *, is_packed: bool) -> Iterator[IO[bytes]]:
    with path.open("wb") as file:
        if is_packed:
            # Without name and time the same content gives the same bytes.
            with GzipFile("", "wb", 6, file, 0) as packed:
                yield cast(IO[bytes], packed)
        else:
            yield file


def graph_of_dataset(catalog: Catalog, stored: StoredDataset) -> tuple[RdfGraph, RdfTerm]:
    """Return the RDF statements that :func:`export_rdf` writes about one dataset, and the RDF node of its portal's
    catalogue."""
    scores = catalog.rows("select dataset_id, score, run_id from dataset_quality where dataset_id = ?", [stored.id])
    portal_id = catalog.value("select portal_id from datasets where id = ?", [stored.id])
    node = node_of("catalog", portal_id)
    graph = RdfGraph()
    _state(GraphSink(graph), node, stored, scores[0] if scores else None)
    return graph, node


def _state(sink: StatementSink[Term], catalogue: Term, stored: StoredDataset, score: dict[str, Any] | None) -> None:
    """Add the statements about a dataset and its score to ``sink``."""
    describe(stored, sink, inherits=False)
    node = sink.node("dataset", stored.id)
    # A series is a dataset too (DCAT 3).
    sink.add(node, RDF_TYPE, sink.term(iri, f"{DCAT}Dataset"))
    sink.add(catalogue, f"{DCAT}dataset", node)
    if score and score["score"] is not None:
        measurement = sink.node("measurement", f"{stored.id}-winnow")
        sink.add(node, f"{DQV}hasQualityMeasurement", measurement)
        sink.add(measurement, RDF_TYPE, sink.term(iri, f"{DQV}QualityMeasurement"))
        sink.add(measurement, f"{DQV}isMeasurementOf", sink.node("metric", "winnow"))
        sink.add(measurement, f"{DQV}computedOn", node)
        sink.add(measurement, f"{DQV}value", sink.term(_double, repr(float(score["score"]))))
        sink.add(measurement, f"{PROV}wasGeneratedBy", sink.node("run", score["run_id"]))


def _double(number: str) -> RdfTerm:
    return RdfTerm(LITERAL, number, f"{XSD}double")
