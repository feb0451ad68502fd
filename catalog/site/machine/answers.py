"""Make the answers of the site to programs: graphs of single things, and pages of the catalogue."""

from __future__ import annotations

import sqlite3
from collections.abc import Mapping
from contextlib import closing
from dataclasses import dataclass, field
from pathlib import Path

from catalog.rdf.ntriples import NTriplesWriter
from catalog.rdf.syntaxes import serialize, transcribed
from catalog.rdf.terms import IRI, LITERAL, RDF_TYPE, XSD, RdfTerm, read_graph
from catalog.rdf.values import iri
from catalog.site.machine.negotiation import RdfForm
from catalog.site.machine.paging import CataloguePage, file_of, page_of, read_request
from catalog.site.machine.statements import (
    dataset_statements,
    names_of,
    portal_statements,
    publisher_statements,
    quality_statements,
    whole_statements,
)
from catalog.site.pages import SiteOptions

__all__ = ["THINGS", "CatalogueAnswer", "catalogue_page", "graph_of"]

HYDRA = "http://www.w3.org/ns/hydra/core#"
THINGS = ("dataset", "publisher", "portal", "metric", "home")
"""Names of the pages whose things can be had as RDF."""
_NESTED = 500
"""Statements up to which rdflib writes a graph, which takes 50 ms for them; it nests blank nodes."""


def graph_of(
    conn: sqlite3.Connection, options: SiteOptions, thing: str, name: str, form: RdfForm
) -> str | bytes | None:
    """Return a thing of the catalogue in an RDF syntax; None if there is no such thing.

    ``conn``: connection to the public file. ``thing``: one of :data:`THINGS`; ``name``: its id, "" for the home page,
    which is the catalogue of all portals. The graph of a dataset has its files, publisher and measurements.
    """
    names = names_of(conn, options)
    statements: bytes | None
    if thing == "dataset":
        found = conn.execute("select 1 from datasets where id = ?", [name]).fetchone()
        statements = dataset_statements(conn, [name], names) + quality_statements(conn, name, names) if found else None
    elif thing == "publisher":
        statements = publisher_statements(conn, name, names)
    elif thing == "portal":
        statements = portal_statements(conn, name, names)
    else:
        statements = whole_statements(conn, names) if thing == "home" else None
    if statements is None:
        return None
    return written(statements, form)


def written(statements: bytes, form: RdfForm) -> str | bytes:
    """Return N-Triples in the syntax ``form``: nested and in a fixed order if they are few."""
    if form.syntax == "n-triples" or statements.count(b"\n") > _NESTED:
        return transcribed(statements, form.syntax)
    return serialize(read_graph(statements, "application/n-triples"), form.syntax, name=RdfTerm(IRI, ""))


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
    ``address``: absolute address of the first page, without a query string. Raise UnreadableError or GoneError (see
    :mod:`catalog.site.machine.paging`).
    """
    request = read_request(args)
    former = file_of(request, conn, public)
    if former is None:
        return _page(conn, options, page_of(conn, request), form, address)
    with closing(opened(former)) as older:
        return _page(older, options, page_of(older, request, withheld_in(conn)), form, address)


def opened(path: Path) -> sqlite3.Connection:
    """Return a connection to a kept public file."""
    conn = sqlite3.connect(f"{path.absolute().as_uri()}?mode=ro&immutable=1", uri=True)
    conn.execute("pragma trusted_schema = off")
    return conn


def withheld_in(conn: sqlite3.Connection) -> list[str]:
    """Return the ids of datasets that the present public file withholds."""
    return []


def _page(
    conn: sqlite3.Connection, options: SiteOptions, page: CataloguePage, form: RdfForm, address: str
) -> CatalogueAnswer:
    names = names_of(conn, options)
    lines = NTriplesWriter()
    whole, view = lines.term(iri, names.whole), lines.term(iri, f"{address}?{page.this}")
    for kind in ("PagedCollection", "PartialCollectionView"):
        lines.add(view, RDF_TYPE, lines.term(iri, f"{HYDRA}{kind}"))
    lines.add(whole, f"{HYDRA}view", view)
    links = {"first": page.first, "next": page.next, "last": page.last}
    for name, query in links.items():
        if query is not None:
            node = lines.term(iri, f"{address}?{query}")
            # The second name is that of an earlier draft, which harvesters read.
            lines.add(view, f"{HYDRA}{name}", node)
            lines.add(view, f"{HYDRA}{name}Page", node)
    lines.add(view, f"{HYDRA}totalItems", lines.term(_integer, str(page.total)))
    for key in page.ids:
        lines.add(whole, "http://www.w3.org/ns/dcat#dataset", lines.term(iri, names.dataset(key)))
    statements = whole_statements(conn, names) + lines.take() + dataset_statements(conn, page.ids, names)
    body = transcribed(statements, form.syntax)
    return CatalogueAnswer(body, page.run, {name: query for name, query in links.items() if query is not None})


def _integer(number: str) -> RdfTerm:
    return RdfTerm(LITERAL, number, f"{XSD}integer")
