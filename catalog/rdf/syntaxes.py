"""Write small graphs in all common RDF syntaxes, with rdflib, and larger ones with pyoxigraph.

Large files are streamed as N-Triples (:mod:`catalog.exports.dcat`). rdflib needs the graph in memory and a
millisecond for every few statements, but it writes nested blank nodes and compact JSON-LD. pyoxigraph takes a
hundredth of the time: :func:`transcribed` is for answers with many datasets. The same graph gives the same text,
whatever the seed of Python's hashes.
"""

from __future__ import annotations

import json
import re
import warnings
from typing import TYPE_CHECKING, Any

from catalog.rdf.ntriples import n_triples
from catalog.rdf.terms import PREFIXES, RdfGraph, RdfTerm

if TYPE_CHECKING:
    import rdflib

__all__ = ["SYNTAXES", "serialize", "transcribed"]

SYNTAXES = ("turtle", "xml", "json-ld", "n-triples", "trig")
"""Accepted names of syntaxes: RDF 1.1 Turtle, RDF/XML, JSON-LD 1.1, N-Triples and TriG."""
_NO_XML = re.compile("[\x00-\x08\x0b\x0c\x0e-\x1f\ufffe\uffff]")


def serialize(graph: RdfGraph, syntax: str, *, name: RdfTerm) -> str:
    """Return a graph as text in the RDF syntax ``syntax``, one of :data:`SYNTAXES`. Nothing is fetched from the
    network.

    ``name``: IRI of the named graph that TriG puts the statements into; other syntaxes do not use it. Characters that
    XML does not allow become U+FFFD in RDF/XML. Raise ValueError for an unknown syntax.
    """
    if syntax not in SYNTAXES:
        raise ValueError(f"{syntax!r} is no syntax; take one of: {', '.join(SYNTAXES)}")
    if syntax == "n-triples":
        return n_triples(graph).decode("utf-8")
    target = _new_graph()
    used = _fill(target, graph)
    for space, prefix in sorted(used.items()):
        target.bind(prefix, space, override=True)
    if syntax == "trig":
        return _in_graph(target.serialize(format="turtle"), name)
    if syntax == "json-ld":
        context = {prefix: space for space, prefix in used.items()}
        with warnings.catch_warnings():
            # rdflib uses functions that it has itself deprecated.
            warnings.simplefilter("ignore", DeprecationWarning)
            found = target.serialize(format="json-ld", context=context)
        return json.dumps(_sorted(json.loads(found)), indent=2, ensure_ascii=False) + "\n"
    text = target.serialize(format=syntax)
    return _NO_XML.sub("\ufffd", text) if syntax == "xml" else text


def transcribed(statements: bytes, syntax: str) -> bytes:
    """Return statements in another RDF syntax, quickly, for answers of many thousand statements.

    ``statements``: N-Triples or N-Quads in UTF-8, those about one subject together; the graphs are not used.
    ``syntax``: turtle, xml, json-ld or n-triples. JSON-LD is expanded: without a context. Characters that XML does not
    allow become U+FFFD in RDF/XML. Raise ValueError for another syntax, and SyntaxError for what is no N-Quads.
    """
    from pyoxigraph import RdfFormat, parse
    from pyoxigraph import serialize as written

    formats = {
        "turtle": RdfFormat.TURTLE,
        "xml": RdfFormat.RDF_XML,
        "json-ld": RdfFormat.JSON_LD,
        "n-triples": RdfFormat.N_TRIPLES,
    }
    if syntax not in formats:
        raise ValueError(f"{syntax!r} is no syntax; take one of: {', '.join(formats)}")
    triples = (quad.triple for quad in parse(statements, format=RdfFormat.N_QUADS))
    used = {prefix: space for space, prefix in PREFIXES.items() if space.encode() in statements}
    made = written(triples, format=formats[syntax], prefixes=used if syntax in ("turtle", "xml") else {}) or b""
    return _NO_XML.sub("\ufffd", made.decode()).encode() if syntax == "xml" else made


def _in_graph(turtle: str, name: RdfTerm) -> str:
    """Return a Turtle document as a named graph in TriG: rdflib's own TriG writer does not keep an order of
    statements."""
    lines = turtle.split("\n")
    head = next((n for n, line in enumerate(lines) if not line.startswith("@prefix")), len(lines))
    return "\n".join([*lines[:head], "", f"<{name.value}> {{", "\n".join(lines[head:]).strip("\n"), "}", ""])


def _new_graph() -> rdflib.Graph:
    """Return an rdflib graph that yields its statements in one fixed order, which the writers keep."""
    import rdflib

    class Ordered(rdflib.Graph):
        def triples(self, pattern: Any) -> Any:
            yield from sorted(super().triples(pattern), key=lambda triple: [term.n3() for term in triple])

    return Ordered(bind_namespaces="none")


def _fill(target: rdflib.Graph, graph: RdfGraph) -> dict[str, str]:
    """Add the statements to an rdflib graph, blank nodes under their names. Return the namespaces that occur."""
    import pyoxigraph
    import rdflib

    used: dict[str, str] = {str(rdflib.RDF): "rdf"}

    def term(one: Any) -> rdflib.term.Node:
        if isinstance(one, pyoxigraph.BlankNode):
            return rdflib.BNode(one.value)
        if isinstance(one, pyoxigraph.NamedNode):
            note(one.value)
            return rdflib.URIRef(one.value)
        if one.language:
            return rdflib.Literal(one.value, lang=one.language)
        plain = one.datatype.value == "http://www.w3.org/2001/XMLSchema#string"
        if not plain:
            note(one.datatype.value)
        return rdflib.Literal(one.value, datatype=None if plain else rdflib.URIRef(one.datatype.value), normalize=False)

    def note(iri: str) -> None:
        space = iri[: max(iri.rfind("#"), iri.rfind("/")) + 1]
        if space in PREFIXES:
            used[space] = PREFIXES[space]

    for quad in pyoxigraph.parse(n_triples(graph), format=pyoxigraph.RdfFormat.N_TRIPLES):
        target.add((term(quad.subject), term(quad.predicate), term(quad.object)))
    return used


def _sorted(value: Any) -> Any:
    """Return JSON-LD with nodes and values in one fixed order: rdflib takes them from sets."""
    if isinstance(value, dict):
        return {key: one if key == "@context" else _sorted(one) for key, one in sorted(value.items())}
    if isinstance(value, list):
        return sorted((_sorted(one) for one in value), key=lambda one: json.dumps(one, sort_keys=True))
    return value
