"""State resources of one dataset: by their address, by the concept that words name, or with a label."""

from __future__ import annotations

import json
from typing import Generic

from catalog.rdf.published.sinks import PublishedSink, Term
from catalog.rdf.published.values import address, known, words
from catalog.rdf.terms import IRI, RDF_TYPE
from catalog.rdf.values import DCAT, DCT, LABEL, SKOS

__all__ = ["ResourceWriter"]

_CONCEPT = f"{SKOS}Concept"

_KINDS = {
    "theme": (f"{DCAT}theme", f"{SKOS}Concept"),
    "language": (f"{DCT}language", f"{DCT}LinguisticSystem"),
    "frequency": (f"{DCT}accrualPeriodicity", f"{DCT}Frequency"),
    "access_right": (f"{DCT}accessRights", f"{DCT}RightsStatement"),
    "format": (f"{DCT}format", f"{DCT}IMT"),
    "media_type": (f"{DCAT}mediaType", f"{DCT}IMT"),
}
"""By kind of concept: the predicate, and the class of a concept that is known only by the declared words. Readers of
CKAN take the label of a format from a node of the class dct:IMT."""


class ResourceWriter(Generic[Term]):
    """Adds statements about the resources of one dataset to ``sink``.

    ``key``: id of the dataset, for the names of blank nodes. ``scheme``: IRI of the scheme of concepts that are known
    by words only, for a profile of DCAT that demands one: there a labelled resource has a title too. None for others.
    """

    def __init__(self, key: str, sink: PublishedSink[Term], scheme: str | None = None) -> None:
        self.key, self.sink, self.scheme, self.blanks = key, sink, scheme, 0
        self.add, self.term = sink.add, sink.term
        self.readings: dict[str, None] = {}
        """Names of our readings of the record that statements rest on."""

    def blank(self, kind: str) -> Term:
        """Return a new blank node of a class; without :attr:`scheme` a concept that is known by words has no class."""
        self.blanks += 1
        node = self.sink.blank(f"{self.key}-{self.blanks}")
        if kind != _CONCEPT:
            self.is_a(node, kind)
        elif self.scheme is not None:
            self.is_a(node, kind)
            self.sink.add_iri(node, f"{SKOS}inScheme", self.scheme)
        return node

    def is_a(self, node: Term, kind: str) -> None:
        """State the class of a node."""
        self.sink.add_iri(node, RDF_TYPE, kind)

    def link(self, node: Term, predicate: str, kind: str, declared: str | None) -> None:
        """Add a resource: by its address or, without one, with the declared text as its label."""
        if declared is None or not (declared := declared.strip()):
            return
        if address(declared).kind == IRI:
            self.add(node, predicate, self.term(address, declared))
        else:
            thing = self.blank(kind)
            self.add(node, predicate, thing)
            self.add(thing, f"{SKOS}prefLabel" if kind == _CONCEPT else LABEL, self.term(words, declared))
            if self.scheme is not None and kind != _CONCEPT:
                self.add(thing, f"{DCT}title", self.term(words, declared))

    def links(self, node: Term, predicate: str, kind: str, declared: str | None) -> None:
        """Add a resource, as :meth:`link` does, for each text of a JSON list."""
        for one in json.loads(declared) if declared else ():
            self.link(node, predicate, kind, one)

    def concept(self, node: Term, kind: str, declared: str | None) -> None:
        """Add a concept: by the address that is declared or known for the declared words, or else with a label."""
        if declared is None or not (declared := declared.strip()):
            return
        predicate, of_class = _KINDS[kind]
        if iri := known(kind, declared):
            self.sink.add_iri(node, predicate, iri)
            if iri != declared:
                self.readings["concepts"] = None
            if kind == "format":
                # Readers that know no authority table show the label.
                self.sink.note(iri, of_class, iri.rpartition("/")[2])
        elif kind == "theme":
            # A theme must have an address; a subject need not.
            self.link(node, f"{DCT}subject", of_class, declared)
        else:
            self.link(node, predicate, of_class, declared)
