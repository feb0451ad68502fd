"""Write small graphs as N-Triples (W3C Recommendation "RDF 1.1 N-Triples")."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Sequence
from functools import lru_cache
from operator import itemgetter
from typing import Any

from catalog.rdf.terms import (
    BLANK,
    IRI,
    RDF_TYPE,
    UNTYPED,
    XSD,
    PartForm,
    Property,
    RdfGraph,
    RdfTerm,
    is_of_datatype,
)
from catalog.rdf.values import MAX_IRI, text, value

__all__ = ["NTriplesWriter", "direct_term", "n_triples", "term_text"]

_OWN = "urn:winnow:"
"""Beginning of the IRIs that this program makes, which are valid."""
_KEPT = 10_000
"""Values whose text is kept, at most."""
_KEPT_LINES = 2_000
"""Lines that are kept of each property, at most."""
_CONTROL = re.compile(r"[\x00-\x1f\x7f]")
_STRING = f"{XSD}string"
_CHARS = r"[A-Za-z0-9/._~!$&'()*+,;=:@-]*"
_PLAIN_IRI = re.compile(
    rf"https?://[A-Za-z0-9.-]+(?:/{_CHARS}(?:%[0-9A-Fa-f]{{2}}{_CHARS})*)?(?:\?{_CHARS}(?:%[0-9A-Fa-f]{{2}}{_CHARS})*)?"
)
"""An address that every RDF reader accepts, recognised without one: nearly all are of this form."""


@lru_cache(maxsize=1)
def _named_node() -> type:
    from pyoxigraph import NamedNode

    return NamedNode


def _is_valid(iri: str) -> bool:
    try:
        _named_node()(iri)
    except ValueError:
        return False
    return True


def _literal(value: str) -> str:
    # Nearly all texts have nothing to escape, and this test is ten times as fast.
    if value.isprintable() and '"' not in value and "\\" not in value:
        return f'"{value}"'
    value = value.replace("\\", "\\\\").replace('"', '\\"').replace("\n", "\\n").replace("\r", "\\r")
    if not value.isprintable():
        value = value.encode("utf-8", "replace").decode("utf-8") if not value.isascii() else value
        value = _CONTROL.sub(lambda m: f"\\u{ord(m[0]):04X}", value)
    return f'"{value}"'


def _term(term: RdfTerm) -> str:
    if term.kind == BLANK:
        return f"_:{term.value}"
    if term.kind == IRI:
        # A term that no RDF reader would accept is written as text.
        return f"<{term.value}>" if term.value.startswith(_OWN) or _is_valid(term.value) else _literal(term.value)
    if term.language:
        return f"{_literal(term.value)}@{term.language}"
    datatype = term.datatype
    if datatype == UNTYPED:
        number = f"{XSD}nonNegativeInteger"
        datatype = number if is_of_datatype(term, number) else _STRING
    return _literal(term.value) if datatype == _STRING else f"{_literal(term.value)}^^<{datatype}>"


def _address(declared: str) -> str:
    """Return the term that :func:`catalog.rdf.values.value` makes of a declared text."""
    plain = declared.strip()
    return f"<{plain}>" if len(plain) <= MAX_IRI and _PLAIN_IRI.fullmatch(plain) else _term(value(plain))


_DIRECT: dict[Callable[..., RdfTerm], Callable[[str], str]] = {text: _literal, value: _address}
"""For the functions that make most terms: what makes the same term as a text at once."""


def term_text(term: RdfTerm) -> str:
    """Return a term as text in N-Triples, as :func:`n_triples` writes it."""
    return _term(term)


def direct_term(make: Callable[..., RdfTerm]) -> Callable[[str], str]:
    """Return a function that gives, in N-Triples, the term that ``make`` returns for a text.

    ``make``: one of the functions :func:`catalog.rdf.values.text` and :func:`catalog.rdf.values.value`; raise KeyError
    for any other. It is faster than making the term and then its text.
    """
    return _DIRECT[make]


def n_triples(graph: RdfGraph) -> bytes:
    """Return the statements of a graph as N-Triples in UTF-8, sorted, so that equal graphs give equal bytes.

    Blank nodes keep their names. A literal of unknown datatype (:data:`catalog.rdf.terms.UNTYPED`) is written as an
    integer if it is a whole number from 0 on, else as a text. An IRI that RDF readers would reject is written as a
    text.
    """
    lines = {
        f"{_term(subject)} <{predicate}> {_term(value)} .\n"
        for subject, predicate, value in graph.quads(lambda _: UNTYPED)
    }
    return "".join(sorted(lines)).encode("utf-8")


class _Lines(dict[str, str]):
    """What follows the subject in the statement of a property, by declared text; "" for a blank text."""

    def __init__(self, property: Property) -> None:
        super().__init__()
        make = property.make
        self._begin, self._make = f"<{property.predicate}> ", _DIRECT.get(make) or (lambda text: _term(make(text)))

    def __missing__(self, declared: str) -> str:
        if len(self) >= _KEPT_LINES:
            self.clear()
        made = self[declared] = f"{self._begin}{self._make(declared)} .\n" if declared.strip() else ""
        return made


class NTriplesWriter:
    """Collects statements one by one and returns them as N-Triples, without building a graph; a
    :class:`catalog.rdf.dcat.StatementSink` of texts.

    The result equals that of :func:`n_triples` for a graph of the same statements, in a fraction of the time. Use one
    writer for many small graphs: it keeps the text of each declared value, because licences, formats, titles and
    addresses are repeated.
    """

    def __init__(self) -> None:
        self._by_subject: dict[str, list[str]] = {}
        self._known: dict[tuple[Any, ...], str] = {}
        self._lines: dict[tuple[Property, ...], list[_Lines]] = {}
        self._forms: dict[PartForm, tuple[str, str, str, list[_Lines]]] = {}

    @staticmethod
    def node(kind: str, key: str) -> str:
        """Return the node of a thing of this catalogue, as :func:`catalog.rdf.values.node_of` does."""
        return f"<{_OWN}{kind}:{key}>"

    @staticmethod
    def blank(name: str) -> str:
        """Return the blank node of this name."""
        return f"_:{name}"

    def term(self, make: Callable[..., RdfTerm], *declared: str | None) -> str:
        """Return the term that ``make`` returns for ``declared``, as text in N-Triples.

        ``make``: function from texts to a term. Results are kept, so that ``make`` is not called again for the same
        texts. When 10,000 are kept, all are dropped.
        """
        key = (make, *declared)
        text = self._known.get(key)
        if text is None:
            if len(self._known) >= _KEPT:
                self._known.clear()
            direct = _DIRECT.get(make)
            text = self._known[key] = _term(make(*declared)) if direct is None else direct(str(declared[0]))
        return text

    def add(self, subject: str, predicate: str, value: str) -> None:
        """Add the statement (``subject``, ``predicate``, ``value``). A statement that was added before changes nothing.

        ``subject`` and ``value`` are texts as :meth:`node`, :meth:`blank` and :meth:`term` return them; ``predicate``
        is an IRI.
        """
        self._of_subject(subject).append(f"<{predicate}> {value} .\n")

    def add_texts(self, subject: str, properties: tuple[Property, ...], declared: Sequence[str | None]) -> None:
        """Add a statement about ``subject`` for each of ``properties`` whose text in ``declared`` is neither None nor
        blank, see :meth:`catalog.rdf.dcat.TermSink.add_texts`.

        The lines of the last texts are kept, 2,000 for each property, because formats, dates and titles are repeated.
        """
        known = self._lines_of(properties)
        own = self._of_subject(subject)
        own += [line for lines, said in zip(known, declared, strict=True) if said and (line := lines[said])]

    def add_lists(self, subject: str, properties: tuple[Property, ...], lists: Sequence[Sequence[str]]) -> None:
        """Add a statement about ``subject`` for each text that is not blank in ``lists``, see
        :meth:`catalog.rdf.dcat.StatementSink.add_lists`."""
        own = self._of_subject(subject)
        for lines, several in zip(self._lines_of(properties), lists, strict=True):
            if several:
                own += [line for said in several if (line := lines[said])]

    def add_parts(self, whole: str, form: PartForm, parts: Iterable[tuple[str, Sequence[Any]]]) -> None:
        """Add the statements about the parts of a thing, see :meth:`catalog.rdf.dcat.StatementSink.add_parts`."""
        known = self._forms.get(form)
        if known is None:
            begin, of_class = f"<{_OWN}{form.kind}:", f"<{RDF_TYPE}> <{form.of_class}> .\n"
            known = self._forms[form] = f"<{form.link}> ", of_class, begin, self._lines_of(form.properties)
        link, of_class, begin, columns = known
        links, by_subject = self._of_subject(whole), self._by_subject
        for key, declared in parts:
            node = f"{begin}{key}>"
            links.append(f"{link}{node} .\n")
            own = [line for lines, said in zip(columns, declared, strict=False) if said and (line := lines[said])]
            own.append(of_class)
            # Two parts with one key would be one subject.
            by_subject[node] = [*by_subject[node], *own] if node in by_subject else own

    def _lines_of(self, properties: tuple[Property, ...]) -> list[_Lines]:
        known = self._lines.get(properties)
        if known is None:
            known = self._lines[properties] = [_Lines(one) for one in properties]
        return known

    def _of_subject(self, subject: str) -> list[str]:
        own = self._by_subject.get(subject)
        if own is None:
            own = self._by_subject[subject] = []
        return own

    def take(self) -> bytes:
        """Return the statements added since the last call as sorted N-Triples in UTF-8, and forget them."""
        # Sorted by what the lines begin with: so many short texts are faster to sort than the lines.
        begins = sorted([(f"{subject} ", own) for subject, own in self._by_subject.items()], key=itemgetter(0))
        self._by_subject = {}
        return "".join([begin + begin.join(sorted({*own})) for begin, own in begins if own]).encode("utf-8")
