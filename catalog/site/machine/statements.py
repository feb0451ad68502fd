"""Read what is published of datasets, publishers and portals from the public file, as RDF statements in N-Triples."""

from __future__ import annotations

import re
import sqlite3
from collections.abc import Sequence
from functools import lru_cache
from pathlib import Path

from catalog.rdf.dcat import describe
from catalog.rdf.names import ResourceNames, own_iris
from catalog.rdf.ntriples import NTriplesWriter, n_triples
from catalog.rdf.quality import quality_graph
from catalog.rdf.terms import RDF_TYPE
from catalog.rdf.values import DCAT, DCT, FOAF, iri, text, value
from catalog.repositories.declared import declared_in
from catalog.site.pages import SiteOptions

__all__ = ["dataset_statements", "names_of", "portal_statements", "publisher_statements", "quality_statements",
           "whole_statements"]  # fmt: skip

_OURS = re.compile(rb"<urn:winnow:([a-z]+):([^>]*)>")


def names_of(conn: sqlite3.Connection, options: SiteOptions) -> ResourceNames:
    """Return the IRIs of the things in a public file. ``conn``: connection to that file."""
    site = f"{options.public_url}{options.base_url}".rstrip("/") if options.public_url else None
    (_, _, path), *_ = conn.execute("pragma database_list").fetchall()
    told = Path(path).stat()
    return ResourceNames(site, _own(path, told.st_ino, told.st_mtime_ns))


@lru_cache(maxsize=4)
def _own(path: str, inode: int, changed: int) -> dict[str, str]:
    """Return the publishers' own IRIs of datasets; a file is read once, because it never changes."""
    conn = sqlite3.connect(f"{Path(path).absolute().as_uri()}?immutable=1", uri=True)
    try:
        return own_iris(conn.execute("select id, identifier, other_identifiers from present_datasets order by id"))
    finally:
        conn.close()


def dataset_statements(conn: sqlite3.Connection, ids: Sequence[str], names: ResourceNames) -> bytes:
    """Return what is published of datasets with their files, publishers and services. ``ids``: at most a page of them;
    unknown ids are skipped."""
    lines = NTriplesWriter()
    for declared in declared_in(conn, ids):
        describe(declared, lines, inherits=False)
        node = lines.node("dataset", declared.id)
        lines.add(node, RDF_TYPE, lines.term(iri, f"{DCAT}Dataset"))
    portals = dict(conn.execute(f"select id, portal_id from datasets where id in ({', '.join('?' * len(ids))})", ids))  # noqa: S608  # placeholders only
    for key, portal_id in portals.items():
        lines.add(lines.node("catalog", portal_id), f"{DCAT}dataset", lines.node("dataset", key))
    return _named(lines.take(), names)


def quality_statements(conn: sqlite3.Connection, dataset_id: str, names: ResourceNames) -> bytes:
    """Return all measurements of a dataset; b"" if there are none."""
    graph = quality_graph(conn, dataset_id, names)
    return n_triples(graph) if graph else b""


def portal_statements(conn: sqlite3.Connection, portal_id: str, names: ResourceNames) -> bytes | None:
    """Return what is published of a portal's catalogue itself, without its datasets; None if there is none."""
    row = conn.execute("select title, url from portals where id = ?", [portal_id]).fetchone()
    if row is None:
        return None
    lines = NTriplesWriter()
    node = lines.node("catalog", portal_id)
    lines.add(node, RDF_TYPE, lines.term(iri, f"{DCAT}Catalog"))
    for predicate, make, said in ((f"{DCT}title", text, row[0]), (f"{FOAF}homepage", value, row[1])):
        if said:
            lines.add(node, predicate, lines.term(make, said))
    return _named(lines.take(), names)


def publisher_statements(conn: sqlite3.Connection, publisher_id: str, names: ResourceNames) -> bytes | None:
    """Return what is published of a publisher; None if there is no such publisher."""
    row = conn.execute("select name, url, email from publishers where id = ?", [publisher_id]).fetchone()
    if row is None:
        return None
    lines = NTriplesWriter()
    node = lines.node("publisher", publisher_id)
    lines.add(node, RDF_TYPE, lines.term(iri, f"{FOAF}Agent"))
    mbox = f"mailto:{row[2]}" if row[2] else None
    for name, make, said in (("name", text, row[0]), ("homepage", value, row[1]), ("mbox", value, mbox)):
        if said:
            lines.add(node, f"{FOAF}{name}", lines.term(make, said))
    return _named(lines.take(), names)


def whole_statements(conn: sqlite3.Connection, names: ResourceNames) -> bytes:
    """Return what is published of the catalogue of all portals: its title and its parts, the portals' catalogues."""
    lines = NTriplesWriter()
    node = lines.term(iri, names.whole)
    lines.add(node, RDF_TYPE, lines.term(iri, f"{DCAT}Catalog"))
    lines.add(node, f"{DCT}title", lines.term(text, "Winnow"))
    parts = []
    for (portal_id,) in conn.execute("select id from portals order by id"):
        lines.add(node, f"{DCT}hasPart", lines.node("catalog", portal_id))
        parts.append(portal_statements(conn, portal_id, names) or b"")
    return _named(lines.take(), names) + b"".join(parts)


def _named(statements: bytes, names: ResourceNames) -> bytes:
    def renamed(found: re.Match[bytes]) -> bytes:
        return f"<{names.of(found[1].decode(), found[2].decode())}>".encode()

    return _OURS.sub(renamed, statements)
