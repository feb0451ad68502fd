"""State what is published of the things of the catalogue, from the public file."""

from __future__ import annotations

import sqlite3
from functools import lru_cache
from pathlib import Path

from catalog.rdf import metrics
from catalog.rdf.metrics import metric_ids
from catalog.rdf.names import ResourceNames
from catalog.rdf.promises import add_promise
from catalog.rdf.published import (
    Publication,
    PublishedSink,
    describe_dataset,
    describe_portal,
    describe_whole,
    names_of,
    published_datasets,
    published_portals,
)
from catalog.rdf.published.sinks import Term
from catalog.rdf.published.values import address, words
from catalog.rdf.quality import add_run, quality_of
from catalog.rdf.terms import RDF_TYPE
from catalog.rdf.values import FOAF
from catalog.repositories.commitment_slugs import commitment_slugs
from catalog.repositories.measured_datasets import measured_datasets
from catalog.site.pages import SiteOptions

__all__ = [
    "HYDRA",
    "add_commitment",
    "add_dataset",
    "add_metric",
    "add_night",
    "add_portal",
    "add_publisher",
    "add_whole",
    "publication_of",
]


HYDRA = "http://www.w3.org/ns/hydra/core#"


def publication_of(conn: sqlite3.Connection, options: SiteOptions) -> Publication:
    """Return under which IRIs and in which profile the site publishes. ``conn``: connection to its public file."""
    (_, _, path), *_ = conn.execute("pragma database_list").fetchall()
    told, site = Path(path).stat(), options.public_url
    names = _names(path, told.st_ino, told.st_mtime_ns, f"{site}{options.base_url}".rstrip("/") if site else None)
    return Publication(names, operator=options.operator, contact=options.contact)


@lru_cache(maxsize=8)
def _names(path: str, inode: int, changed: int, site: str | None) -> ResourceNames:
    """Return the IRIs of the things in a public file, which is read once, because it never changes."""
    conn = sqlite3.connect(f"{Path(path).absolute().as_uri()}?immutable=1", uri=True)
    try:
        return names_of(conn, site)
    finally:
        conn.close()


def add_dataset(conn: sqlite3.Connection, key: str, sink: PublishedSink[Term], publication: Publication) -> bool:
    """State all about a present dataset: what it declares, and all measurements of it and its files; return whether
    there is such a dataset."""
    found = next(published_datasets(conn, [key]), None)
    if found is None:
        return False
    describe_dataset(found, sink, publication)
    measured = next(iter(measured_datasets(conn, dataset_id=key, is_full=True)), None)
    if measured is not None:
        quality_of(measured, sink, publication.names)
        add_run(conn, measured.run_id, sink, publication.names)
    return True


def add_portal(conn: sqlite3.Connection, key: str, sink: PublishedSink[Term], publication: Publication) -> bool:
    """State what is published of the catalogue of a portal, without its datasets; return whether there is one."""
    found = next((one for one in published_portals(conn) if one.id == key), None)
    if found is not None:
        describe_portal(found, sink, publication)
    return found is not None


def add_whole(conn: sqlite3.Connection, sink: PublishedSink[Term], publication: Publication) -> None:
    """State what is published of the catalogue of all portals, without their datasets, and of each portal's."""
    portals, names = published_portals(conn), publication.names
    describe_whole(portals, sink, publication)
    for portal in portals:
        describe_portal(portal, sink, publication)
    if names.site is not None:
        # Where the datasets are.
        sink.add(sink.resource(names.whole), f"{HYDRA}view", sink.resource(f"{names.site}/catalog.ttl"))


def add_metric(conn: sqlite3.Connection, key: str, sink: PublishedSink[Term], publication: Publication) -> bool:
    """State what a metric asks, in all languages, with the dimensions; return whether there is such a metric.

    ``conn`` is not used: metrics are those of this version of the program.
    """
    if key not in metric_ids():
        return False
    metrics.add_metric(key, sink, publication.names)
    metrics.add_dimensions(sink, publication.names)
    metrics.add_reasons(sink, publication.names)
    return True


def add_commitment(conn: sqlite3.Connection, slug: str, sink: PublishedSink[Term], publication: Publication) -> bool:
    """State a commitment with its last readings; return whether there is one. ``slug``: its name in addresses."""
    key = next((key for key, one in commitment_slugs(conn).items() if one == slug), None)
    return key is not None and add_promise(conn, key, sink, publication.names)


def add_night(conn: sqlite3.Connection, run_id: str, sink: PublishedSink[Term], publication: Publication) -> bool:
    """State a run: when it began and ended, with which program and method; return whether there is such a run."""
    if conn.execute("select 1 from runs where id = ?", [run_id]).fetchone() is None:
        return False
    add_run(conn, run_id, sink, publication.names)
    return True


def add_publisher(conn: sqlite3.Connection, key: str, sink: PublishedSink[Term], publication: Publication) -> bool:
    """State what is published of a publisher; return whether there is one."""
    row = conn.execute("select name, url, email from publishers where id = ?", [key]).fetchone()
    if row is None:
        return False
    name, url, email = row
    node = sink.resource(publication.names.publisher(key))
    sink.add_iri(node, RDF_TYPE, f"{FOAF}Agent")
    sink.add(node, f"{FOAF}name", sink.term(words, name or key))
    if url and url.strip():
        sink.add(node, f"{FOAF}homepage", sink.term(address, url))
    if email:
        # The public file holds addresses of offices only.
        sink.add_iri(node, f"{FOAF}mbox", f"mailto:{email}")
    return True
