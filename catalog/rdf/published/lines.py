"""Write statements as N-Quads and Turtle at once, for files of any size.

A statement is made once for both: only its subject, its predicate and its end differ. Statements about one subject that
are added one after the other stand together.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

from catalog.rdf.ntriples import direct_term, term_text
from catalog.rdf.published.values import address, words
from catalog.rdf.terms import IRI, PREFIXES, RDF_TYPE, XSD, Property, RdfTerm
from catalog.rdf.values import LABEL, text, value
from catalog.repositories.persons import has_addresses

__all__ = ["PairedLines", "turtle_head"]

_KEPT = 10_000
"""Values whose text is kept, at most."""
_KEPT_LINES = 2_000
"""Lines that are kept of each property, at most."""
_XSD = f"^^<{XSD}"
_MORE = {
    "http://www.w3.org/2000/01/rdf-schema#": "rdfs",
    "http://www.w3.org/ns/dqv#": "dqv",
    "http://www.w3.org/ns/prov#": "prov",
    "http://www.w3.org/ns/hydra/core#": "hydra",
    "http://data.resources.gov/ontology/dcat-us#": "dcat-us",
}
_PREFIXES = PREFIXES | _MORE
Pair = tuple[str, str]


def turtle_head() -> bytes:
    """Return the declarations of the prefixes that Turtle of :class:`PairedLines` uses."""
    return "".join(f"@prefix {prefix}: <{space}> .\n" for space, prefix in sorted(_PREFIXES.items())).encode()


def _short(predicate: str) -> str:
    """Return a predicate as Turtle writes it."""
    if predicate == RDF_TYPE:
        return "a"
    cut = max(predicate.rfind("#"), predicate.rfind("/")) + 1
    prefix, local = _PREFIXES.get(predicate[:cut]), predicate[cut:]
    return f"{prefix}:{local}" if prefix and local.isalnum() else f"<{predicate}>"


def _in_turtle(term: str) -> str:
    """Return a term of N-Triples as Turtle writes it: the types of XML Schema by their prefix."""
    if term[-1] == ">" and term[0] == '"' and (at := term.rfind(_XSD)) > 0:
        return f"{term[:at]}^^xsd:{term[at + len(_XSD) : -1]}"
    return term


def _plain_words(declared: str) -> str:
    return term_text(words(declared)) if has_addresses(declared) else direct_term(text)(declared)


def _plain_address(declared: str) -> str:
    if has_addresses(declared):
        return term_text(address(declared))
    made: str = direct_term(value)(declared)
    return made if made[0] == "<" else term_text(address(declared))


_DIRECT: dict[Callable[..., RdfTerm], Callable[[str], str]] = {words: _plain_words, address: _plain_address}


class _Lines(dict[str, Pair]):
    """What follows the subject in the statement of a property, in both syntaxes, by declared text."""

    def __init__(self, property: Property) -> None:
        super().__init__()
        self._begin, self._short = f"<{property.predicate}> ", f"{_short(property.predicate)} "
        make = property.make
        self._make = _DIRECT.get(make) or (lambda declared: term_text(make(declared)))

    def __missing__(self, declared: str) -> Pair:
        if len(self) >= _KEPT_LINES:
            self.clear()
        if not declared.strip():
            made = ("", "")
        else:
            term = self._make(declared)
            made = (self._begin + term, self._short + _in_turtle(term))
        self[declared] = made
        return made


class PairedLines:
    """Collects statements and returns them as N-Quads and as Turtle; a :class:`.sinks.PublishedSink` of texts.

    ``graph``: IRI of the named graph of the N-Quads. ``has_turtle``: whether Turtle is made too. Use one for many small
    graphs: it keeps the text of each declared value, because licences, formats, titles and addresses are repeated.
    """

    def __init__(self, graph: str, *, has_turtle: bool = True) -> None:
        self._end, self._has_turtle = f" <{graph}> .\n", has_turtle
        self._by_subject: dict[str, list[Pair]] = {}
        self._notes: dict[tuple[str, str, str, str], None] = {}
        self._known: dict[tuple[Any, ...], str] = {}
        self._lines: dict[tuple[Property, ...], list[_Lines]] = {}
        self._predicates: dict[str, tuple[str, str]] = {}
        self._pairs: dict[tuple[str, str], Pair] = {}

    @staticmethod
    def node(kind: str, key: str) -> str:
        """Return the URN of a thing of this catalogue, as :func:`catalog.rdf.values.node_of` does."""
        return f"<urn:winnow:{kind}:{key}>"

    @staticmethod
    def blank(name: str) -> str:
        """Return the blank node of this name."""
        return f"_:{name}"

    @staticmethod
    def resource(iri: str) -> str:
        """Return the term of an IRI that is valid."""
        return f"<{iri}>"

    def constant(self, iri: str) -> str:
        """Return the term of an IRI that many statements name."""
        return self.term(_iri, iri)

    def term(self, make: Callable[..., RdfTerm], *declared: str | None) -> str:
        """Return the term that ``make`` returns for ``declared``, as text in N-Triples.

        Results are kept, so ``make`` must give the same term for the same texts.
        """
        key = (make, *declared)
        found = self._known.get(key)
        if found is None:
            if len(self._known) >= _KEPT:
                self._known.clear()
            direct = _DIRECT.get(make)
            found = self._known[key] = direct(str(declared[0])) if direct else term_text(make(*declared))
        return found

    def add(self, subject: str, predicate: str, value: str) -> None:
        """Add a statement; ``subject`` and ``value`` are terms of this object, ``predicate`` is an IRI."""
        names = self._predicates.get(predicate)
        if names is None:
            names = self._predicates[predicate] = f"<{predicate}> ", f"{_short(predicate)} "
        own = self._by_subject.get(subject)
        if own is None:
            own = self._by_subject[subject] = []
        own.append((names[0] + value, names[1] + (_in_turtle(value) if value[0] == '"' else value)))

    def add_iri(self, subject: str, predicate: str, iri: str) -> None:
        """Add a statement whose object is an IRI that many statements name: a class, a licence, a format.

        The text of a statement is kept, as by :meth:`term`. One that RDF readers would reject becomes a text.
        """
        key = predicate, iri
        pair = self._pairs.get(key)
        if pair is None:
            if len(self._pairs) >= _KEPT:
                self._pairs.clear()
            value = self.term(_iri, iri)
            pair = self._pairs[key] = f"<{predicate}> {value}", f"{_short(predicate)} {value}"
        own = self._by_subject.get(subject)
        if own is None:
            own = self._by_subject[subject] = []
        own.append(pair)

    def add_texts(self, subject: str, properties: tuple[Property, ...], declared: Sequence[str | None]) -> None:
        """Add a statement about ``subject`` for each text that is neither None nor blank, see
        :meth:`catalog.rdf.dcat.TermSink.add_texts`."""
        known = self._lines.get(properties)
        if known is None:
            known = self._lines[properties] = [_Lines(one) for one in properties]
        own = self._by_subject.get(subject)
        if own is None:
            own = self._by_subject[subject] = []
        own += [line for lines, said in zip(known, declared, strict=True) if said and (line := lines[said])[0]]

    def note(self, iri: str, of_class: str, label: str, predicate: str = LABEL) -> None:
        """State the class and a label of a resource, once for all statements that :meth:`take` returns together."""
        self._notes[iri, of_class, label, predicate] = None

    def take(self) -> tuple[bytes, bytes]:
        """Return the statements added since the last call as N-Quads and as Turtle, in UTF-8, and forget them.

        They stand in the order in which their subjects were added. Turtle is b"" if it is not wanted, and has no
        declarations of prefixes: :func:`turtle_head` has.
        """
        for iri, of_class, label, predicate in self._notes:
            node = self.constant(iri)
            if node[0] == "<":
                self.add_iri(node, RDF_TYPE, of_class)
                self.add(node, predicate, self.term(words, label))
        by_subject, end = self._by_subject, self._end
        self._by_subject, self._notes = {}, {}
        quads: list[str] = []
        turtle: list[str] = []
        for subject, own in by_subject.items():
            if own:
                begin = f"{subject} "
                quads += (begin, (end + begin).join([one for one, _ in own]), end)
                if self._has_turtle:
                    turtle += (begin, " ;\n\t".join([one for _, one in own]), " .\n")
        return "".join(quads).encode("utf-8"), "".join(turtle).encode("utf-8")


def _iri(iri: str) -> RdfTerm:
    return RdfTerm(IRI, iri)
