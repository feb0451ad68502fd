"""The catalogue as RDF for those who harvest it: DCAT-AP 3, DCAT-AP 2.1.1 or DCAT-US 3, with records of our own.

Conformance and scores are judged by :mod:`catalog.rdf.dcat`, not by this layer. Read datasets with
:func:`published_datasets`, from the catalogue or from the public file, and state them with :func:`describe_dataset`;
:func:`graph_of` does both for small graphs.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Sequence

from catalog.rdf.names import ResourceNames, own_iris
from catalog.rdf.published.catalogue import PublishedPortal, describe_portal, describe_whole, published_portals
from catalog.rdf.published.context import PROFILES, ProfileName, Publication
from catalog.rdf.published.dataset import READINGS, describe_dataset
from catalog.rdf.published.reading import PublishedDataset, published_datasets
from catalog.rdf.published.sinks import PublishedGraph, PublishedSink
from catalog.rdf.terms import RdfGraph

__all__ = [
    "PROFILES",
    "READINGS",
    "ProfileName",
    "Publication",
    "PublishedDataset",
    "PublishedGraph",
    "PublishedPortal",
    "PublishedSink",
    "describe_dataset",
    "describe_portal",
    "describe_whole",
    "graph_of",
    "names_of",
    "published_datasets",
    "published_portals",
]


def names_of(conn: sqlite3.Connection, site: str | None) -> ResourceNames:
    """Return the IRIs of the things of a catalogue, with those that publishers gave their datasets.

    It reads the identifiers of all datasets, a microsecond for each: keep the result as long as the catalogue does not
    change. ``conn``: connection to the catalogue or to a public file of it. ``site``: web address of the site without a
    slash at its end; None if it is not known.
    """
    cursor = conn.cursor()
    cursor.row_factory = None
    return ResourceNames(site, own_iris(cursor.execute(_IDENTIFIERS)))


_IDENTIFIERS = "select id, identifier, other_identifiers from shown_datasets order by id"


def graph_of(
    conn: sqlite3.Connection, publication: Publication, *, datasets: Sequence[str] = (), portals: Sequence[str] = ()
) -> RdfGraph:
    """Return the statements about some datasets and portals as one graph, for :func:`catalog.rdf.syntaxes.serialize`.

    ``conn``: connection to the catalogue or to a public file of it. ``publication``: with the names that
    :func:`names_of` returns. ``datasets``, ``portals``: their ids; unknown ids, and datasets that no portal lists now,
    are left out. The catalogues of the portals are described without the datasets in them, but each dataset names the
    catalogue that it is in.
    """
    graph = RdfGraph()
    sink = PublishedGraph(graph)
    wanted = frozenset(portals)
    for portal in published_portals(conn) if wanted else ():
        if portal.id in wanted:
            describe_portal(portal, sink, publication)
    for stored in published_datasets(conn, datasets):
        describe_dataset(stored, sink, publication)
    return graph
