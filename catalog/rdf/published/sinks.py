"""Where the statements that are published go: into a graph in memory, or into the text of large files."""

from __future__ import annotations

from typing import Protocol, TypeVar

from catalog.rdf.dcat import GraphSink, TermSink
from catalog.rdf.published.values import words
from catalog.rdf.terms import IRI, RDF_TYPE, RdfTerm
from catalog.rdf.values import LABEL

__all__ = ["PublishedGraph", "PublishedSink", "Term"]

Term = TypeVar("Term")


class PublishedSink(TermSink[Term], Protocol[Term]):
    """A :class:`catalog.rdf.dcat.TermSink` that also takes resources by their IRIs."""

    def resource(self, iri: str, /) -> Term:
        """Return the term of an IRI, which must be a valid one: a thing of this catalogue."""

    def constant(self, iri: str, /) -> Term:
        """Return the term of an IRI that many statements name: a class, a licence, a format. One that RDF readers would
        reject becomes a text."""

    def add_iri(self, subject: Term, predicate: str, iri: str, /) -> None:
        """Add the statement (``subject``, ``predicate``, :meth:`constant` of ``iri``)."""

    def note(self, iri: str, of_class: str, label: str, predicate: str = LABEL, /) -> None:
        """State the class and a label of a resource that is not of this catalogue, such as a licence."""


class PublishedGraph(GraphSink):
    """Adds published statements to a graph in memory; a :class:`PublishedSink` of
    :class:`catalog.rdf.terms.RdfTerm`."""

    @staticmethod
    def resource(iri: str) -> RdfTerm:
        """Return an IRI as a term."""
        return RdfTerm(IRI, iri)

    constant = resource

    def add_iri(self, subject: RdfTerm, predicate: str, iri: str) -> None:
        """Add a statement whose object is an IRI."""
        self.add(subject, predicate, RdfTerm(IRI, iri))

    def note(self, iri: str, of_class: str, label: str, predicate: str = LABEL) -> None:
        """State the class and a label of a resource, see :meth:`PublishedSink.note`."""
        self.add(RdfTerm(IRI, iri), RDF_TYPE, RdfTerm(IRI, of_class))
        self.add(RdfTerm(IRI, iri), predicate, words(label))
