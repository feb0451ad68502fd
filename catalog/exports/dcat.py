"""The catalogue as RDF: DCAT-AP for what was declared, DQV for what was measured.

It is written as N-Triples, one small graph for each dataset, so that large catalogues are streamed. The mapping is
that of :mod:`catalog.rdf.dcat`: concepts known by name become their IRI; an address that is not a valid IRI stays a
literal; nothing declared is left out because of its form. Datasets of which nothing has changed are taken over from
the file of the last export, a few together; see :mod:`catalog.exports.parts`.
"""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from operator import itemgetter
from pathlib import Path
from typing import Any

from catalog.db.store import Catalog
from catalog.exports.job import ExportJob, OutputFormat
from catalog.exports.parts import NEVER, PartedFile, grouped
from catalog.exports.program import mapping_digest
from catalog.rdf.dcat import GraphSink, StatementSink, Term, describe
from catalog.rdf.ntriples import NTriplesWriter
from catalog.rdf.terms import LITERAL, RDF_TYPE, XSD, RdfGraph, RdfTerm
from catalog.rdf.values import DCAT, DCT, FOAF, iri, node_of, text, value
from catalog.repositories.declared import DeclaredDataset, declared_of
from catalog.repositories.reading import StoredDataset, present

__all__ = ["RdfCatalogue", "export_rdf", "graph_of_dataset"]

DQV = "http://www.w3.org/ns/dqv#"
PROV = "http://www.w3.org/ns/prov#"
_ROWS = """select d.id, d.mapping_hash, d.publisher_id, b.name, b.url, q.score, q.run_id
    from present_datasets d left join publishers b on b.id = d.publisher_id
    left join dataset_quality q on q.dataset_id = d.id where d.portal_id = ? order by d.id"""
_SCORE, _RUN = 5, 6


class RdfCatalogue(OutputFormat):
    """Writes ``catalog.nt.gz``: the datasets of all portals as RDF in N-Triples, with their scores."""

    name = "catalog.nt.gz"
    title = "The catalogue as RDF: DCAT-AP for what was declared, DQV for what was measured"

    def write(self, job: ExportJob) -> list[Path]:
        """Write the file into ``job.out`` and return its path in a list; [] if ``job.out`` is not due.

        Unchanged datasets are copied from the file of the last export. In schema 1 the file ``catalog.nt`` is written
        instead: it is not compressed, and all datasets are rendered again.
        """
        if not job.is_due(job.out):
            return []
        if job.options.schema == 1:
            return export_rdf(job.catalog, job.run_id, job.out)
        target = job.out / self.name
        with PartedFile(target, job.parts, is_packed=True) as file:
            for portal in job.catalog.rows(_PORTALS):
                _add_portal(job.catalog, portal, file)
        return [target]


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
            for stored in declared_of(catalog, present(catalog, portal["id"])):
                _state(lines, lines.node("catalog", portal["id"]), stored, *scores.get(stored.id, (None, None)))
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


def _add_portal(catalog: Catalog, portal: dict[str, Any], file: PartedFile) -> None:
    """Add the parts of a portal to the file: its catalogue, then its datasets in groups."""
    lines = NTriplesWriter()
    node = lines.node("catalog", portal["id"])
    file.add(NEVER, _head(lines, portal))
    groups = [
        (_key(group), [(row[0], row[_SCORE], row[_RUN]) for row in group])
        for group in grouped(catalog.db.conn.execute(_ROWS, [portal["id"]]), itemgetter(0))
    ]
    due = [row[0] for key, group in groups if not file.has(key) for row in group]
    read = declared_of(catalog, due)
    for key, group in groups:
        if file.keep(key):
            continue
        made = []
        for _, score, run_id in group:
            _state(lines, node, next(read), score, run_id)
            made.append(lines.take())
        file.add(key, b"".join(made))


def _key(group: Sequence[tuple[Any, ...]]) -> bytes:
    """Return a digest of all that the statements about some datasets are made from."""
    if any(row[1] is None for row in group):
        # Written by a version that did not tell whether a record's mapping has changed.
        return NEVER
    said = repr((mapping_digest(), group)).encode("utf-8", "surrogatepass")
    return hashlib.blake2b(said, digest_size=len(NEVER)).digest()


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
