"""A small RDF graph in plain Python, for one record or one file.

A dataset has some fifty statements. For so few a dictionary is a hundred times faster than a store with a query
language, and it accepts any text, even one that RDF libraries reject.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Iterator
from datetime import date
from typing import Any, NamedTuple

__all__ = [
    "BLANK",
    "IRI",
    "LITERAL",
    "PREFIXES",
    "PartForm",
    "Property",
    "RDF_TYPE",
    "UNTYPED",
    "XSD",
    "RdfGraph",
    "RdfTerm",
    "expanded",
    "is_of_datatype",
    "prefixed",
    "quad_term",
    "read_graph",
]

IRI, BLANK, LITERAL = "iri", "blank", "literal"
XSD = "http://www.w3.org/2001/XMLSchema#"
RDF_TYPE = "http://www.w3.org/1999/02/22-rdf-syntax-ns#type"
_SUBCLASS = "http://www.w3.org/2000/01/rdf-schema#subClassOf"
_STRING = f"{XSD}string"
UNTYPED = "untyped"
"""Datatype of a literal from a source without datatypes (JSON, a column): any datatype that its text is valid for."""

PREFIXES = {
    "http://www.w3.org/ns/dcat#": "dcat",
    "http://purl.org/dc/terms/": "dct",
    "http://data.europa.eu/r5r/": "dcatap",
    "http://xmlns.com/foaf/0.1/": "foaf",
    "http://www.w3.org/2006/vcard/ns#": "vcard",
    "http://www.w3.org/ns/adms#": "adms",
    "http://www.w3.org/2004/02/skos/core#": "skos",
    "http://spdx.org/rdf/terms#": "spdx",
    "http://www.w3.org/ns/locn#": "locn",
    "http://www.w3.org/ns/prov#": "prov",
    "http://www.w3.org/ns/odrl/2/": "odrl",
    "http://www.w3.org/ns/dqv#": "dqv",
    "http://purl.org/linked-data/cube#": "qb",
    "http://purl.org/linked-data/sdmx/2009/attribute#": "sdmx-attribute",
    "http://www.w3.org/2002/07/owl#": "owl",
    "http://www.w3.org/2006/time#": "time",
    "http://www.w3.org/ns/shacl#": "sh",
    XSD: "xsd",
}


def prefixed(iri: str) -> str:
    """Return an IRI in short form, such as "dct:title", if its namespace is in :data:`PREFIXES`; else the IRI
    itself."""
    cut = max(iri.rfind("#"), iri.rfind("/")) + 1
    prefix = PREFIXES.get(iri[:cut])
    return f"{prefix}:{iri[cut:]}" if prefix else iri


def expanded(name: str) -> str:
    """Return the IRI of a name in short form, such as "dct:title". Raise StopIteration for an unknown prefix."""
    prefix, _, local = name.partition(":")
    return next(space for space, known in PREFIXES.items() if known == prefix) + local


class RdfTerm(NamedTuple):
    """An IRI, a blank node or a literal. ``kind``: :data:`IRI`, :data:`BLANK` or :data:`LITERAL`.

    ``value``: the IRI, the name of the blank node, or the text. ``language``: language tag of a literal; "" for none.
    """

    kind: str
    value: str
    datatype: str = ""
    """IRI of the datatype; literals only."""
    language: str = ""


class Property(NamedTuple):
    """How a declared text is stated: with the IRI ``predicate`` and the term that the function ``make`` returns for the
    text."""

    predicate: str
    make: Callable[[str], RdfTerm]


class PartForm(NamedTuple):
    """How the parts of a thing are stated: each is a resource of a class that a statement about the whole links to."""

    kind: str
    """First word of the nodes of the parts, as for :func:`catalog.rdf.values.node_of`."""
    link: str
    """IRI of the predicate from the whole to a part."""
    of_class: str
    """IRI of the class."""
    properties: tuple[Property, ...]
    """How the first texts that a part declares are stated, in their order."""


class RdfGraph:
    """A set of RDF statements in memory, which keeps the order in which they were added.

    ``nodes`` maps subject, then predicate, to the objects; ``by_class`` maps the IRI of a class to the nodes stated to
    be of it.
    """

    __slots__ = ("_inverse", "_subclasses", "by_class", "nodes")

    def __init__(self) -> None:
        self.nodes: dict[RdfTerm, dict[str, dict[RdfTerm, None]]] = {}
        self.by_class: dict[str, dict[RdfTerm, None]] = {}
        self._subclasses: dict[str, list[str]] = {}
        self._inverse: dict[str, dict[RdfTerm, list[RdfTerm]]] | None = None

    def add(self, subject: RdfTerm, predicate: str, value: RdfTerm) -> None:
        """Add the statement (``subject``, ``predicate``, ``value``). A statement that is already in the graph changes
        nothing."""
        properties = self.nodes.get(subject)
        if properties is None:
            properties = self.nodes[subject] = {}
        values = properties.get(predicate)
        if values is None:
            properties[predicate] = {value: None}
        else:
            values[value] = None
        if predicate == RDF_TYPE:
            self.by_class.setdefault(value.value, {})[subject] = None
        elif predicate == _SUBCLASS:
            self._subclasses.setdefault(value.value, []).append(subject.value)
        self._inverse = None

    def values(self, subject: RdfTerm, predicate: str) -> Iterable[RdfTerm]:
        """Return the objects of the statements with this subject and predicate, in the order in which they were
        added."""
        properties = self.nodes.get(subject)
        return properties.get(predicate, ()) if properties else ()

    def subjects(self, predicate: str, value: RdfTerm) -> list[RdfTerm]:
        """Return the subjects of the statements whose predicate is ``predicate`` and whose object is ``value``."""
        if self._inverse is None:
            self._inverse = {}
            for subject, properties in self.nodes.items():
                for name, values in properties.items():
                    by_value = self._inverse.setdefault(name, {})
                    for one in values:
                        by_value.setdefault(one, []).append(subject)
        return self._inverse.get(predicate, {}).get(value, [])

    def instances(self, iri: str) -> Iterator[RdfTerm]:
        """Yield, each once, the nodes that the graph states to be of the class ``iri`` or of one of its subclasses.

        Subclasses are those that the graph itself states.
        """
        if len(classes := self._below(iri)) == 1:
            yield from self.by_class.get(iri, ())
        else:
            yield from dict.fromkeys(node for one in classes for node in self.by_class.get(one, ()))

    def is_instance(self, node: RdfTerm, iri: str) -> bool:
        """Return whether the graph states that ``node`` is of the class ``iri`` or of one of its subclasses.

        Subclasses are those that the graph itself states.
        """
        return any(node in self.by_class.get(one, ()) for one in self._below(iri))

    def _below(self, iri: str) -> list[str]:
        found = [iri]
        if self._subclasses:
            for one in found:
                found += [below for below in self._subclasses.get(one, ()) if below not in found]
        return found

    def quads(self, datatype_of: Callable[[str], str] = lambda text: _STRING) -> Iterator[tuple[RdfTerm, str, RdfTerm]]:
        """Yield all statements as (subject, predicate, object).

        ``datatype_of``: function that gives literals of unknown datatype (:data:`UNTYPED`) a datatype: it takes the
        text and returns the IRI of the datatype. By default they all become xsd:string.
        """
        for subject, properties in self.nodes.items():
            for predicate, values in properties.items():
                for value in values:
                    if value.datatype == UNTYPED:
                        value = value._replace(datatype=datatype_of(value.value))
                    yield subject, predicate, value


_DIGITS = r"[0-9]"
_ZONE = r"(?:Z|[+-](?:0[0-9]|1[0-4]):[0-5][0-9])?"
_DAY = rf"-?{_DIGITS}{{4,}}-(?:0[1-9]|1[0-2])-(?:0[1-9]|[12][0-9]|3[01])"
_LEXICAL = {
    "date": rf"{_DAY}{_ZONE}",
    "dateTime": rf"{_DAY}T(?:(?:[01][0-9]|2[0-3]):[0-5][0-9]:[0-5][0-9](?:\.[0-9]+)?|24:00:00(?:\.0+)?){_ZONE}",
    "gYear": rf"-?{_DIGITS}{{4,}}{_ZONE}",
    "gYearMonth": rf"-?{_DIGITS}{{4,}}-(?:0[1-9]|1[0-2]){_ZONE}",
    "decimal": r"[+-]?(?:[0-9]+(?:\.[0-9]*)?|\.[0-9]+)",
    "integer": r"[+-]?[0-9]+",
    "nonNegativeInteger": r"\+?[0-9]+|-0+",
    "hexBinary": r"(?:[0-9a-fA-F]{2})*",
    "boolean": r"true|false|0|1",
    "double": r"(?:[+-]?(?:[0-9]+(?:\.[0-9]*)?|\.[0-9]+)(?:[eE][+-]?[0-9]+)?)|[+-]?INF|NaN",
    "duration": r"-?P(?=.)(?:[0-9]+Y)?(?:[0-9]+M)?(?:[0-9]+D)?"
    r"(?:T(?=.)(?:[0-9]+H)?(?:[0-9]+M)?(?:[0-9]+(?:\.[0-9]+)?S)?)?",
}
_PATTERNS: dict[str, re.Pattern[str]] = {XSD + name: re.compile(text) for name, text in _LEXICAL.items()}
_MAX_TEXT = 200
"""Characters of a literal that can be one of these; longer ones are cut before any pattern is tried."""


def is_of_datatype(term: RdfTerm, datatype: str) -> bool:
    """Return whether a term is a literal of a datatype and its text is valid for it. ``datatype``: IRI of the datatype.

    Validity is that of XML Schema 1.1, part 2; datatypes without a pattern here, such as xsd:string, allow any text. A
    literal with the datatype :data:`UNTYPED` counts as being of every datatype that its text is valid for. A text of
    more than 200 characters is valid only for hexBinary and for datatypes without a pattern.
    """
    if term.kind != LITERAL or (term.datatype != datatype and term.datatype != UNTYPED):
        return False
    pattern = _PATTERNS.get(datatype)
    if pattern is None:
        return True
    text = term.value.strip(" \t\r\n")
    if len(text) > _MAX_TEXT and datatype != f"{XSD}hexBinary":
        return False
    return bool(pattern.fullmatch(text)) and (datatype[len(XSD) :] not in ("date", "dateTime") or _is_day(text))


def _is_day(text: str) -> bool:
    """Return whether the day is in the calendar. Years without exactly four digits are not checked."""
    if text[4] != "-" or text[0] == "-":
        return True
    try:
        date(int(text[:4]), int(text[5:7]), int(text[8:10]))
    except ValueError:
        return False
    return True


def quad_term(node: Any) -> RdfTerm:
    """Return a node of the library pyoxigraph (NamedNode, BlankNode or Literal) as an :class:`RdfTerm`."""
    kind = type(node).__name__
    if kind == "Literal":
        return RdfTerm(LITERAL, node.value, node.datatype.value, node.language or "")
    return RdfTerm(IRI if kind == "NamedNode" else BLANK, node.value)


def read_graph(text: bytes, media_type: str = "text/turtle") -> RdfGraph:
    """Return the graph of an RDF document. ``media_type``: media type of its syntax.

    Raise SyntaxError if the document cannot be parsed, and ValueError if the media type is not one of RDF.
    """
    from pyoxigraph import RdfFormat, parse

    form = RdfFormat.from_media_type(media_type)
    graph = RdfGraph()
    for quad in parse(text, format=form):
        graph.add(quad_term(quad.subject), quad.predicate.value, quad_term(quad.object))
    return graph
