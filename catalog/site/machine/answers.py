"""Make the answers of the site to programs: graphs of single things, and pages of the catalogue."""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Iterator, Mapping
from contextlib import closing, contextmanager
from dataclasses import dataclass, field
from functools import lru_cache
from pathlib import Path

from catalog.rdf.ntriples import n_triples
from catalog.rdf.published import (
    PublishedGraph,
    describe_dataset,
    describe_portal,
    describe_whole,
    published_datasets,
    published_portals,
)
from catalog.rdf.published.lines import PairedLines, turtle_head
from catalog.rdf.syntaxes import serialize, transcribed
from catalog.rdf.terms import IRI, LITERAL, RDF_TYPE, XSD, RdfGraph, RdfTerm
from catalog.site.build import is_built
from catalog.site.machine.data_json import catalogue_head, data_json_datasets, shared_identifiers
from catalog.site.machine.negotiation import RdfForm
from catalog.site.machine.paging import CataloguePage, GoneError, PageRequest, file_of, page_of, read_request
from catalog.site.machine.statements import (
    HYDRA,
    add_commitment,
    add_dataset,
    add_metric,
    add_night,
    add_portal,
    add_publisher,
    add_whole,
    publication_of,
)
from catalog.site.pages import SiteOptions

__all__ = [
    "ADDED",
    "CatalogueAnswer",
    "catalogue_page",
    "data_json_page",
    "data_json_part",
    "graph_of",
    "what_became_of",
]

_NESTED = 500
"""Statements up to which rdflib writes a graph, which takes 50 ms for them; it nests blank nodes."""


def graph_of(
    conn: sqlite3.Connection, options: SiteOptions, thing: str, name: str, form: RdfForm
) -> str | bytes | None:
    """Return a thing of the catalogue in an RDF syntax; None if there is no such thing, or no longer.

    ``conn``: connection to the public file. ``thing``: one of :data:`catalog.site.machine.negotiation.THINGS`.
    ``name``: its id, "" for the home page, which is the catalogue of all portals. The graph of a dataset has its files,
    its publisher and its measurements.
    """
    publication, graph = publication_of(conn, options), RdfGraph()
    sink = PublishedGraph(graph)
    if thing == "home":
        add_whole(conn, sink, publication)
    elif thing not in ADDED or not ADDED[thing](conn, name, sink, publication):
        return None
    if sum(len(values) for properties in graph.nodes.values() for values in properties.values()) > _NESTED:
        return transcribed(n_triples(graph), form.syntax)
    return serialize(graph, form.syntax, name=RdfTerm(IRI, publication.names.whole))


ADDED = {
    "dataset": add_dataset,
    "publisher": add_publisher,
    "portal": add_portal,
    "metric": add_metric,
    "commitment": add_commitment,
    "night": add_night,
}
"""By name of a page: the function that states what is published of its thing, and returns whether there is one."""


def what_became_of(conn: sqlite3.Connection, dataset_id: str) -> tuple[str | None, bool]:
    """Return what became of a dataset that has no graph: the id that it has now, None if it has no other; and whether
    it was here once and is no longer listed, or is withheld."""
    alias = conn.execute("select dataset_id from dataset_aliases where id = ?", [dataset_id]).fetchone()
    known = conn.execute(
        "select 1 from datasets where id = :id union all select 1 from site_withheld where id = :id", {"id": dataset_id}
    ).fetchone()
    return (alias[0] if alias and not known else None), known is not None


@dataclass(frozen=True, slots=True)
class CatalogueAnswer:
    """A page of the catalogue as it is sent. ``run``: the run it shows; ``links``: query strings of other pages by
    relation ("first", "next", "last")."""

    body: bytes
    run: str
    links: Mapping[str, str] = field(default_factory=dict)


def catalogue_page(
    conn: sqlite3.Connection,
    public: Path,
    options: SiteOptions,
    args: Mapping[str, str],
    form: RdfForm,
    address: str,
) -> CatalogueAnswer:
    """Return a page of the catalogue with at most 100 datasets.

    ``conn``: connection to the present public file, whose path is ``public``. ``args``: parameters of the request.
    ``address``: absolute address of the first page, without a query string. Raise BadPageError or GoneError (see
    :mod:`catalog.site.machine.paging`).
    """
    request = read_request(args)
    with _file_of(request, conn, public) as read:
        return _page(read, options, page_of(read, request), form, address)


def data_json_page(
    conn: sqlite3.Connection, public: Path, options: SiteOptions, args: Mapping[str, str], address: str
) -> CatalogueAnswer:
    """Return a page of ``data.json``, as :func:`catalogue_page` does; ``page=first`` in ``args`` is the first one."""
    request = read_request(args)
    with _file_of(request, conn, public) as read:
        page = page_of(read, request)
        publication = publication_of(read, options)
        found = data_json_datasets(read, page.ids, publication, shared_identifiers(read))
        body = json.dumps(catalogue_head(address) | {"dataset": list(found)}, ensure_ascii=False)
    links = {"first": page.first, "next": page.next, "last": page.last}
    return CatalogueAnswer(
        body.encode("utf-8", "replace"), page.run, {name: query for name, query in links.items() if query is not None}
    )


def data_json_part(conn: sqlite3.Connection, options: SiteOptions, after: str) -> tuple[list[bytes], str | None]:
    """Return the next datasets of the whole ``data.json``, each as JSON, and the id of the last one; None after the
    last dataset. ``after``: id of the last one of the part before, "" for the first part."""
    page = page_of(conn, PageRequest(after=after))
    publication = publication_of(conn, options)
    found = data_json_datasets(conn, page.ids, publication, shared_identifiers(conn))
    made = [json.dumps(one, ensure_ascii=False).encode("utf-8", "replace") for one in found]
    return made, page.ids[-1] if page.next is not None else None


@contextmanager
def _file_of(request: PageRequest, conn: sqlite3.Connection, public: Path) -> Iterator[sqlite3.Connection]:
    """Give a connection to the public file of the run that is asked for. Raise GoneError if it is not kept, or if it is
    of another version of the program."""
    former = file_of(request, conn, public)
    if former is None:
        yield conn
        return
    with closing(sqlite3.connect(f"{former.absolute().as_uri()}?mode=ro&immutable=1", uri=True)) as older:
        older.execute("pragma trusted_schema = off")
        if not _is_of_this_version(str(former), former.stat().st_mtime_ns):
            raise GoneError(str(request.run))
        yield older


@lru_cache(maxsize=16)
def _is_of_this_version(path: str, changed: int) -> bool:
    with closing(sqlite3.connect(f"{Path(path).absolute().as_uri()}?mode=ro&immutable=1", uri=True)) as opened:
        return is_built(opened)


def _page(
    conn: sqlite3.Connection, options: SiteOptions, page: CataloguePage, form: RdfForm, address: str
) -> CatalogueAnswer:
    publication = publication_of(conn, options)
    names = publication.names
    lines = PairedLines(names.whole, has_turtle=form.syntax == "turtle")
    view = lines.resource(f"{address}?{page.this}")
    for kind in ("PagedCollection", "PartialCollectionView"):
        lines.add_iri(view, RDF_TYPE, f"{HYDRA}{kind}")
    links = {"first": page.first, "next": page.next, "last": page.last}
    found = {name: query for name, query in links.items() if query is not None}
    for name, query in found.items():
        # The second name is that of an earlier draft, which harvesters read.
        for predicate in (name, f"{name}Page"):
            lines.add(view, f"{HYDRA}{predicate}", lines.resource(f"{address}?{query}"))
    lines.add(view, f"{HYDRA}totalItems", lines.term(_integer, str(page.total)))
    lines.add(lines.resource(names.whole), f"{HYDRA}view", view)
    datasets = list(published_datasets(conn, page.ids))
    shown, portals = {one.portal_id for one in datasets}, published_portals(conn)
    describe_whole(portals, lines, publication)
    for portal in portals:
        if portal.id in shown:
            describe_portal(portal, lines, publication)
    for one in datasets:
        describe_dataset(one, lines, publication)
    quads, turtle = lines.take()
    body = turtle_head() + turtle if form.syntax == "turtle" else transcribed(quads, form.syntax)
    return CatalogueAnswer(body, page.run, found)


def _integer(number: str) -> RdfTerm:
    return RdfTerm(LITERAL, number, f"{XSD}integer")
