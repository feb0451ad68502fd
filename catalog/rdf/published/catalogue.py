"""State what is published of catalogues: that of each portal, as this catalogue holds it, and the whole."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterable
from typing import NamedTuple

from catalog import vocabulary
from catalog.rdf.published.context import Publication
from catalog.rdf.published.dataset import READINGS, reading_iri, words_scheme
from catalog.rdf.published.sinks import PublishedSink, Term
from catalog.rdf.published.values import address
from catalog.rdf.quality import LICENCE
from catalog.rdf.terms import IRI, RDF_TYPE
from catalog.rdf.values import DCAT, DCT, FOAF, LABEL, SKOS, in_language, text

__all__ = ["PublishedPortal", "describe_portal", "describe_whole", "published_portals"]

_ENGLISH = "http://publications.europa.eu/resource/authority/language/ENG"
_TERMS = (
    "What portals declare stays under the terms of the portals; the licence is that of what was measured and added."
)


class PublishedPortal(NamedTuple):
    """What is known of a portal; None means not known."""

    id: str
    title: str
    url: str
    government: str | None
    language: str | None
    """Code of the portal's language."""


def published_portals(conn: sqlite3.Connection) -> list[PublishedPortal]:
    """Return all portals, sorted by id. ``conn``: connection to the catalogue or to a public file of it."""
    cursor = conn.cursor()
    cursor.row_factory = None
    return [*map(PublishedPortal._make, cursor.execute(_PORTALS))]


_PORTALS = "select id, title, url, government, language from portals order by id"


def describe_portal(portal: PublishedPortal, sink: PublishedSink[Term], publication: Publication) -> None:
    """Add to ``sink`` the statements about the catalogue of a portal: title, publisher, description, language and home
    page. They also describe our readings of records, which each dcat:CatalogRecord names.

    The datasets in it are not included. A portal whose file names no government is published by itself.
    """
    names = publication.names
    node = sink.resource(names.portal(portal.id))
    sink.add_iri(node, RDF_TYPE, f"{DCAT}Catalog")
    sink.add(node, f"{DCT}title", sink.term(text, portal.title))
    said = f"Datasets of {portal.title} as Winnow read them at {portal.url}"
    sink.add(node, f"{DCT}description", sink.term(in_language, said, "en"))
    _home(sink, node, portal.url)
    agent = sink.resource(f"{names.portal(portal.id)}{'#' if names.site is not None else ':'}publisher")
    sink.add(node, f"{DCT}publisher", agent)
    sink.add_iri(agent, RDF_TYPE, f"{FOAF}Agent")
    sink.add(agent, f"{FOAF}name", sink.term(text, portal.government or portal.title))
    language = vocabulary.language(portal.language) if portal.language else None
    if language is not None and language.eu_uri:
        sink.add_iri(node, f"{DCT}language", language.eu_uri)
    sink.add(sink.resource(names.whole), f"{DCT}hasPart", node)
    if publication.profile.is_american:
        scheme = sink.resource(words_scheme(names, portal.id))
        sink.add_iri(scheme, RDF_TYPE, f"{SKOS}ConceptScheme")
        sink.add(scheme, f"{DCT}title", sink.term(in_language, f"Words of {portal.title}", "en"))
    for name, said in READINGS.items():
        reading = sink.resource(reading_iri(names, name))
        sink.add_iri(reading, RDF_TYPE, f"{DCT}ProvenanceStatement")
        sink.add(reading, LABEL, sink.term(in_language, said, "en"))


def describe_whole(portals: Iterable[PublishedPortal], sink: PublishedSink[Term], publication: Publication) -> None:
    """Add to ``sink`` the statements about the catalogue of all portals: its title, publisher, description, licence and
    language, and the catalogue of each portal as a part of it (dct:hasPart, dcat:catalog)."""
    names = publication.names
    node = sink.resource(names.whole)
    sink.add_iri(node, RDF_TYPE, f"{DCAT}Catalog")
    by = f" of {publication.operator}" if publication.operator else ""
    sink.add(node, f"{DCT}title", sink.term(in_language, f"Open data portals in the catalogue{by}", "en"))
    said = "The datasets of open data portals as their records declare them, harvested and checked with Winnow."
    sink.add(node, f"{DCT}description", sink.term(in_language, said, "en"))
    sink.add_iri(node, f"{DCT}language", _ENGLISH)
    sink.add_iri(node, f"{DCT}license", LICENCE)
    sink.note(LICENCE, f"{DCT}LicenseDocument", "CC BY 4.0", f"{DCT}title")
    rights = sink.blank("rights")
    sink.add(node, f"{DCT}rights", rights)
    sink.add_iri(rights, RDF_TYPE, f"{DCT}RightsStatement")
    sink.add(rights, LABEL, sink.term(in_language, _TERMS, "en"))
    agent = sink.resource(names.operator)
    sink.add(node, f"{DCT}publisher", agent)
    sink.add_iri(agent, RDF_TYPE, f"{FOAF}Agent")
    sink.add(agent, f"{FOAF}name", sink.term(text, publication.operator or "Operator of this catalogue"))
    if names.site is not None:
        _home(sink, node, f"{names.site}/")
    for portal in portals:
        part = sink.resource(names.portal(portal.id))
        sink.add(node, f"{DCT}hasPart", part)
        sink.add(node, f"{DCAT}catalog", part)
        if publication.profile.is_american:
            # There a catalogue must list datasets; one of datasets is a dataset too (DCAT 3).
            sink.add(node, f"{DCAT}dataset", part)


def _home(sink: PublishedSink[Term], node: Term, url: str) -> None:
    if url and address(url).kind == IRI:
        sink.add(node, f"{FOAF}homepage", sink.term(address, url))
