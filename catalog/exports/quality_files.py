"""What was measured as RDF (DQV), in bulk: ``rdf/quality/``.

One file a portal holds the scores of its datasets by scoring system and dimension, as N-Quads; the graph of all its
statements is the portal's. ``metrics.ttl`` explains every term in all languages, ``commitments.ttl`` has the promises
of governments, ``runs.ttl`` says which program measured when and by which method. With the option "full" a second file
a portal, ``<portal>.full.nq.gz``, has every measurement of every dataset and file instead of the scores alone.

No file of a portal names the night of the export: one of which nothing has changed keeps its bytes.
"""

from __future__ import annotations

import hashlib
import logging
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from operator import attrgetter
from pathlib import Path

from catalog.db.store import Catalog
from catalog.exports.gzip_parts import packed
from catalog.exports.job import ExportJob, OutputFormat
from catalog.exports.parts import PartedFile, grouped
from catalog.exports.program import mapping_digest
from catalog.files import write_whole
from catalog.rdf.dcat import GraphSink
from catalog.rdf.metrics import metrics_graph
from catalog.rdf.names import ResourceNames
from catalog.rdf.ntriples import NTriplesWriter
from catalog.rdf.promises import promises_graph
from catalog.rdf.published import names_of
from catalog.rdf.quality import DQV, LICENCE, add_run, quality_of
from catalog.rdf.syntaxes import serialize
from catalog.rdf.terms import IRI, RDF_TYPE, RdfGraph, RdfTerm
from catalog.rdf.values import DCT, iri
from catalog.repositories.measured_datasets import MeasuredDataset, measured_datasets

__all__ = ["FullSize", "QualityFiles", "full_size"]

log = logging.getLogger(__name__)
FOLDER = "rdf/quality"
_MEASURED = """select id from portals where exists (select 1 from dataset_quality q where q.portal_id = portals.id)
    order by id"""
_FILES = """select d.id, (select count(*) from current_distributions f join keys k on k.id = f.id
      join measured_distributions m on m.distribution_key = k.key where f.dataset_id = d.id)
    from shown_datasets d join dataset_quality q on q.dataset_id = d.id where d.portal_id = ? order by d.id"""
_SCORED = "select count(*) from shown_datasets d join dataset_quality q on q.dataset_id = d.id"
SAMPLE = 40
"""Datasets of a portal that are rendered to estimate the size of all."""


@dataclass(frozen=True, slots=True)
class FullSize:
    """How large the files with every measurement will be, estimated from a sample.

    ``size`` and ``packed`` are bytes, before and after compression.
    """

    datasets: int
    statements: int
    size: int
    packed: int

    def plus(self, parts: Sequence[bytes], scale: float) -> FullSize:
        """Return this size and that of ``parts``, rendered datasets in groups as in the file, times ``scale``."""
        return FullSize(
            self.datasets,
            self.statements + round(scale * sum(one.count(b"\n") for one in parts)),
            self.size + round(scale * sum(map(len, parts))),
            self.packed + round(scale * sum(len(packed(one)) for one in parts)),
        )

    def __str__(self) -> str:
        return (
            f"every measurement of {self.datasets:,} datasets as RDF: about {self.statements:,} statements, "
            f"{_megabytes(self.packed)} MB compressed, {_megabytes(self.size)} MB unpacked"
        )


def _megabytes(size: int) -> str:
    return f"{size / 1e6:,.1f}" if size < 10_000_000 else f"{size / 1e6:,.0f}"


class QualityFiles(OutputFormat):
    """Writes the folder ``rdf/quality``: what was measured of the datasets of each portal, and what the terms mean."""

    name = "metrics.ttl"
    title = "What was measured as RDF (DQV): scores of each portal's datasets, metrics, promises"

    def write(self, job: ExportJob) -> Iterator[Path]:
        """Write the files into ``job.out`` and yield their paths; nothing if ``job.out`` is not due, or in schema 1.

        A file of a portal that is no longer in the catalogue, or of the option "full" without it, is deleted.
        """
        if job.options.schema == 1 or not job.is_due(job.out):
            return
        names = names_of(job.catalog.db.conn, job.options.site_url)
        folder = job.out / FOLDER
        folder.mkdir(parents=True, exist_ok=True)
        is_full = job.options.dqv == "full"
        portals = [key for (key,) in job.catalog.db.conn.execute(_MEASURED).fetchall()]
        if is_full:
            log.info("%s", full_size(job.catalog, names))
        written = [*_small_files(job, folder, names)]
        for portal in portals:
            for full in (False, True) if is_full else (False,):
                target = folder / f"{portal}{'.full' if full else ''}.nq.gz"
                with PartedFile(target, job.parts, is_packed=True) as file:
                    _add_portal(job.catalog, portal, names, file, is_full=full)
                written.append(target)
        for path in folder.iterdir():
            if path not in written:
                path.unlink()
        yield from written


def full_size(catalog: Catalog, names: ResourceNames, sample: int = SAMPLE) -> FullSize:
    """Return how large the files with every measurement will be.

    Of each portal the first, every n-th, and so on of its datasets are rendered, ``sample`` of them at most; the rest
    is taken to be like these, by the number of datasets and the number of files. ``names``: the IRIs of things.
    """
    total = FullSize(0, 0, 0, 0)
    for portal in [key for (key,) in catalog.db.conn.execute(_MEASURED).fetchall()]:
        counted = catalog.db.conn.execute(_FILES, [portal]).fetchall()
        chosen = [key for key, _ in counted[:: max(1, -(-len(counted) // sample))]]
        found = [one for key in chosen for one in measured_datasets(catalog.db.conn, dataset_id=key, is_full=True)]
        lines = _Lines(portal, names)
        # The part of the dataset itself, then that of its files: some datasets have hundreds.
        for made, number, of in (
            ([replace(one, files=()) for one in found], len(found), len(counted)),
            (
                [replace(one, scores={}, values={}, unknown={}) for one in found if one.files],
                sum(len(one.files) for one in found),
                sum(files for _, files in counted),
            ),
        ):
            if number:
                total = total.plus([lines.of(group) for group in grouped(made, attrgetter("id"))], of / number)
    return replace(total, datasets=catalog.db.conn.execute(_SCORED).fetchone()[0])


def _small_files(job: ExportJob, folder: Path, names: ResourceNames) -> Iterator[Path]:
    """Write what is not about single datasets, and yield the paths."""
    conn = job.catalog.db.conn
    runs = RdfGraph()
    for (run_id,) in conn.execute(
        """select run_id from dataset_quality where run_id is not null
           union select max(run_id) from commitment_readings group by commitment_id order by 1"""
    ).fetchall():
        add_run(conn, run_id, GraphSink(runs), names)
    graphs = {"metrics": metrics_graph(names), "commitments": promises_graph(conn, names), "runs": runs}
    for stem, graph in graphs.items():
        target = folder / f"{stem}.ttl"
        write_whole(target, serialize(graph, "turtle", name=RdfTerm(IRI, names.whole)))
        yield target


class _Lines:
    """Renders datasets of one portal as N-Quads."""

    def __init__(self, portal: str, names: ResourceNames) -> None:
        self._writer, self._names = NTriplesWriter(), names
        self.graph = f"{names.portal(portal)}{'#quality' if names.site is not None else ':quality'}"
        self._end = f" <{self.graph}> .\n".encode()

    def of(self, group: Sequence[MeasuredDataset]) -> bytes:
        for one in group:
            quality_of(one, self._writer, self._names)
        # A line break inside a literal is escaped, so each of these ends a statement.
        return self._writer.take().replace(b" .\n", self._end)

    def head(self) -> bytes:
        """Return what is said of the graph itself: whose it is, and its licence."""
        w = self._writer
        node = w.term(iri, self.graph)
        w.add(node, RDF_TYPE, w.term(iri, f"{DQV}QualityMetadata"))
        w.add(node, f"{DCT}license", w.term(iri, LICENCE))
        w.add(node, f"{DCT}publisher", w.term(iri, self._names.operator))
        return w.take().replace(b" .\n", self._end)


def _add_portal(catalog: Catalog, portal: str, names: ResourceNames, file: PartedFile, *, is_full: bool) -> None:
    lines = _Lines(portal, names)
    head = lines.head()
    file.add(_key(names, head), head)
    found = measured_datasets(catalog.db.conn, portal_id=portal, is_full=is_full)
    for group in grouped(found, attrgetter("id")):
        key = _key(names, [(one, names.dataset(one.id)) for one in group])
        if not file.keep(key):
            file.add(key, lines.of(group))


def _key(names: ResourceNames, made_from: object) -> bytes:
    """Return a digest of all that a part is made from."""
    said = repr((mapping_digest(), names.site, made_from)).encode("utf-8", "surrogatepass")
    return hashlib.blake2b(said, digest_size=16).digest()
