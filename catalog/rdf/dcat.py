"""Map a dataset and its parts to DCAT-AP statements.

This is the only mapping: exports write it, and the standards are checked against it. An address that is a valid IRI
becomes one; anything else stays the declared text. Licences, formats, media types, themes, frequencies, languages
and access rights that are known by name become the IRI of that concept, as a catalogue in RDF would give them. A
text in place of a resource that may have no address (a place, a rights statement, a standard) becomes a blank node
with that label. Dates are typed by their form; what is not an XML Schema date stays a plain text.

:data:`NOT_TOLD` lists what the model does not hold: its absence says nothing about the publisher.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from functools import partial
from operator import attrgetter
from typing import Any, Generic, Protocol, TypeVar

from catalog.model import Contact, DataService
from catalog.model.declared import DeclaredPart
from catalog.rdf.terms import BLANK, IRI, RDF_TYPE, PartForm, Property, RdfGraph, RdfTerm
from catalog.rdf.values import (
    ADMS,
    DCAT,
    DCATAP,
    DCT,
    FOAF,
    LABEL,
    SKOS,
    SPDX,
    VCARD,
    algorithm_name,
    concept,
    day,
    in_language,
    iri,
    is_email,
    is_iri,
    licence,
    node_of,
    text,
    trimmed,
    untyped,
    value,
)  # fmt: skip
from catalog.repositories.declared import DeclaredDataset
from catalog.repositories.reading import StoredDataset

__all__ = ["NOT_TOLD", "GraphSink", "StatementSink", "TermSink", "dataset_graph", "describe"]

NOT_TOLD: dict[str, frozenset[str]] = {
    f"{DCAT}Distribution": frozenset({"dcatap:applicableLegislation"}),
    f"{DCAT}DataService": frozenset(
        {
            "dcat:contactPoint",
            "dcat:keyword",
            "dcat:theme",
            "dct:publisher",
            "dcatap:applicableLegislation",
            "dcatap:hvdCategory",
        }
    ),
    f"{DCAT}DatasetSeries": frozenset({"^dcat:inSeries"}),
    f"{FOAF}Agent": frozenset({"dct:type"}),
    f"{DCT}Location": frozenset({"dcat:bbox", "dcat:centroid"}),
}
"""By class: properties that :mod:`catalog.model` has no place for, or that belong to other datasets."""

Term = TypeVar("Term")


class TermSink(Protocol[Term]):
    """Interface of objects to which RDF statements can be added. Each has its own form of terms, ``Term``.

    For a graph in memory a term is a :class:`catalog.rdf.terms.RdfTerm`; for a file it is a text, which is made once
    for each value.
    """

    def node(self, kind: str, key: str, /) -> Term:
        """Return the node of a thing of this catalogue, as :func:`catalog.rdf.values.node_of` does."""

    def blank(self, name: str, /) -> Term:
        """Return the blank node of this name."""

    def term(self, make: Callable[..., RdfTerm], /, *declared: str | None) -> Term:
        """Return the term that the function ``make``, such as :func:`catalog.rdf.values.value`, makes of declared
        texts. ``make`` must give the same term for the same texts."""

    def add(self, subject: Term, predicate: str, value: Term, /) -> None:
        """Add the statement (``subject``, ``predicate``, ``value``), where ``predicate`` is an IRI. A statement that
        was added before changes nothing."""

    def add_texts(self, subject: Term, properties: tuple[Property, ...], declared: Sequence[str | None], /) -> None:
        """Add one statement about ``subject`` for each text in ``declared`` that is neither None nor blank.

        ``properties``: one for each text in ``declared``, in the same order; it gives the predicate, and the function
        ``make`` with which :meth:`term` makes the object of the text.
        """


class StatementSink(TermSink[Term], Protocol[Term]):
    """A :class:`TermSink` that also takes what a dataset declares as lists: its keywords, its files."""

    def add_lists(self, subject: Term, properties: tuple[Property, ...], lists: Sequence[Sequence[str]], /) -> None:
        """Add one statement about ``subject`` for each text that is not blank in each of ``lists``.

        ``properties``: one for each list, in the same order; an object is made as :meth:`~TermSink.add_texts` does.
        """

    def add_parts(self, whole: Term, form: PartForm, parts: Iterable[tuple[str, Sequence[Any]]], /) -> None:
        """Add the statements that ``form`` describes about the parts of ``whole``.

        ``parts``: for each the key of its node and the values that it declares, of which the first are texts, one for
        each of the properties of ``form``. The object of a text is made as :meth:`~TermSink.add_texts` does.
        """


class GraphSink:
    """Adds statements to a graph in memory; a :class:`StatementSink` of :class:`catalog.rdf.terms.RdfTerm`."""

    node = staticmethod(node_of)

    def __init__(self, graph: RdfGraph) -> None:
        self.add = graph.add

    def add_texts(self, subject: RdfTerm, properties: tuple[Property, ...], declared: Sequence[str | None]) -> None:
        """Add a statement about ``subject`` for each of ``properties`` whose text in ``declared`` is neither None nor
        blank, see :meth:`TermSink.add_texts`."""
        for (predicate, make), said in zip(properties, declared, strict=True):
            if said and said.strip():
                self.add(subject, predicate, make(said))

    def add_lists(self, subject: RdfTerm, properties: tuple[Property, ...], lists: Sequence[Sequence[str]]) -> None:
        """Add a statement about ``subject`` for each text of each list, see :meth:`StatementSink.add_lists`."""
        for (predicate, make), several in zip(properties, lists, strict=True):
            for said in several:
                if said.strip():
                    self.add(subject, predicate, make(said))

    def add_parts(self, whole: RdfTerm, form: PartForm, parts: Iterable[tuple[str, Sequence[Any]]]) -> None:
        """Add the statements about the parts of a thing, see :meth:`StatementSink.add_parts`."""
        of_class, count = RdfTerm(IRI, form.of_class), len(form.properties)
        for key, declared in parts:
            node = node_of(form.kind, key)
            self.add(whole, form.link, node)
            self.add(node, RDF_TYPE, of_class)
            self.add_texts(node, form.properties, declared[:count])

    @staticmethod
    def blank(name: str) -> RdfTerm:
        """Return the blank node of this name."""
        return RdfTerm(BLANK, name)

    @staticmethod
    def term(make: Callable[..., RdfTerm], *declared: str | None) -> RdfTerm:
        """Return what ``make`` returns for ``declared``."""
        return make(*declared)


class _Writer(Generic[Term]):
    """Collects the statements of one dataset."""

    def __init__(self, stored: StoredDataset | DeclaredDataset, sink: StatementSink[Term]) -> None:
        self.stored, self.sink = stored, sink
        self.add, self.term = sink.add, sink.term
        self.blanks = 0

    def blank(self) -> Term:
        self.blanks += 1
        return self.sink.blank(f"{self.stored.id}-{self.blanks}")

    def is_a(self, node: Term, kind: str) -> None:
        self.add(node, RDF_TYPE, self.term(iri, kind))

    def texts(self, node: Term, **values: str | None) -> None:
        """Add titles and descriptions."""
        for name, declared in values.items():
            if declared and declared.strip():
                self.add(node, DCT + name, self.term(text, declared))

    def values(self, node: Term, predicate: str, declared: str | None | Iterable[str]) -> None:
        """Add addresses, or whatever was declared instead of them."""
        for one in (declared,) if isinstance(declared, str) else declared or ():
            if one.strip():
                self.add(node, predicate, self.term(value, one))

    def things(self, node: Term, predicate: str, kind: str, declared: str | None | Iterable[str]) -> None:
        """Add resources that have an address, or else a label."""
        for one in (declared,) if isinstance(declared, str) else declared or ():
            if is_iri(one.strip()):
                self.add(node, predicate, self.term(iri, one))
            elif one.strip():
                thing = self.blank()
                self.add(node, predicate, thing)
                self.is_a(thing, kind)
                self.add(thing, LABEL, self.term(text, one))

    def concepts(self, node: Term, predicate: str, kind: str, declared: str | None | Iterable[str]) -> None:
        """Add concepts known by their names, or else the names."""
        for one in (declared,) if isinstance(declared, str) else declared or ():
            if one.strip():
                self.add(node, predicate, self.term(concept, kind, one))

    def licence(self, node: Term, declared: str | None, title: str | None) -> bool:
        """Add a licence, which may be declared by its title only; return whether one is declared."""
        for said in (declared, title):
            if said and said.strip():
                self.add(node, f"{DCT}license", self.term(licence, said, title))
                return True
        return False

    def access_rights(self, node: Term, declared: str | None) -> None:
        if declared and declared.strip():
            if concept("access_right", declared).kind == IRI:
                self.concepts(node, f"{DCT}accessRights", "access_right", declared)
            else:
                self.things(node, f"{DCT}accessRights", f"{DCT}RightsStatement", declared)


def dataset_graph(stored: StoredDataset, *, inherits: bool = True) -> RdfGraph:
    """Return the DCAT-AP statements about the dataset ``stored``, its distributions, data services, publisher, contact,
    period and places.

    What is not declared is not stated. A publisher without an id in the catalogue is left out. A series is stated to be
    a dcat:DatasetSeries, not a dcat:Dataset. ``inherits``: True states the licence of the dataset also of distributions
    that declare none, neither by address nor by title, as the metrics do. False states it of the dataset only.
    """
    graph = RdfGraph()
    describe(stored, GraphSink(graph), inherits=inherits)
    return graph


_TEXTS = {
    "identifier": Property(f"{DCT}identifier", text),
    "title": Property(f"{DCT}title", text),
    "description": Property(f"{DCT}description", text),
    "frequency": Property(f"{DCT}accrualPeriodicity", partial(concept, "frequency")),
    "issued": Property(f"{DCT}issued", day),
    "modified": Property(f"{DCT}modified", day),
    "landing_page": Property(f"{DCAT}landingPage", value),
    "is_part_of": Property(f"{DCT}isPartOf", value),
}
"""By field of :class:`catalog.model.Dataset` with one text: how that is stated."""
_LISTS = {
    "keywords": Property(f"{DCAT}keyword", text),
    "themes": Property(f"{DCAT}theme", partial(concept, "theme")),
    "language": Property(f"{DCT}language", partial(concept, "language")),
    "documentation": Property(f"{FOAF}page", value),
    "relations": Property(f"{DCT}relation", value),
    "applicable_legislation": Property(f"{DCATAP}applicableLegislation", value),
    "hvd_categories": Property(f"{DCATAP}hvdCategory", value),
}
"""The same for the fields with several texts."""
_OF_TEXTS, _OF_LISTS = attrgetter(*_TEXTS), attrgetter(*_LISTS)
_TEXT_FORMS, _LIST_FORMS = tuple(_TEXTS.values()), tuple(_LISTS.values())


def describe(stored: StoredDataset | DeclaredDataset, sink: StatementSink[Term], *, inherits: bool = True) -> None:
    """Add to ``sink`` the statements about the dataset ``stored`` that :func:`dataset_graph` returns. ``inherits``: as
    for that function."""
    writer = _Writer(stored, sink)
    add, term, d, node = sink.add, sink.term, stored.dataset, sink.node("dataset", stored.id)
    writer.is_a(node, f"{DCAT}DatasetSeries" if d.is_series else f"{DCAT}Dataset")
    sink.add_texts(node, _TEXT_FORMS, _OF_TEXTS(d))
    tags = {word: code for code, words in d.translations.items() for word in words.get("keywords", ())}
    lists = _OF_LISTS(d)
    if tags:
        lists = ((), *lists[1:])
        for word in d.keywords:
            add(node, f"{DCAT}keyword", term(in_language, word, tags[word]) if word in tags else term(text, word))
    sink.add_lists(node, _LIST_FORMS, lists)
    for language, words in d.translations.items():
        for name in ("title", "description"):
            if isinstance(said := words.get(name), str) and said.strip():
                add(node, DCT + name, term(in_language, said, language))
    writer.licence(node, d.licence, d.licence_title)
    writer.access_rights(node, d.access_rights)
    if d.rights or d.provenance or d.conforms_to or d.spatial:
        writer.things(node, f"{DCT}rights", f"{DCT}RightsStatement", d.rights)
        writer.things(node, f"{DCT}provenance", f"{DCT}ProvenanceStatement", d.provenance)
        writer.things(node, f"{DCT}conformsTo", f"{DCT}Standard", d.conforms_to)
        writer.things(node, f"{DCT}spatial", f"{DCT}Location", d.spatial)
    for other in d.other_identifiers:
        one = writer.blank()
        add(node, f"{ADMS}identifier", one)
        writer.is_a(one, f"{ADMS}Identifier")
        add(one, f"{SKOS}notation", term(text, other))
    if d.temporal_start or d.temporal_end:
        _period(writer, node, d.temporal_start, d.temporal_end)
    if d.publisher and stored.publisher_id:
        agent = sink.node("publisher", stored.publisher_id)
        add(node, f"{DCT}publisher", agent)
        writer.is_a(agent, f"{FOAF}Agent")
        add(agent, f"{FOAF}name", term(text, d.publisher.name))
        writer.values(agent, f"{FOAF}homepage", d.publisher.url)
    if d.contact:
        _contact(writer, node, d.contact)
    parts = stored.parts
    sink.add_parts(node, _PARTS, parts)
    for key, part in parts:
        if inherits or any(part[_LICENCE:]):
            _rest_of_part(writer, sink.node(_PARTS.kind, key), part, inherits)
    for number, service in enumerate(d.data_services):
        _service(writer, node, sink.node("service", f"{stored.id}-{number}"), service)


def _period(writer: _Writer[Term], node: Term, start: str | None, end: str | None) -> None:
    dates = [(n, d) for n, d in (("startDate", start), ("endDate", end)) if d and d.strip()]
    if dates:
        period = writer.blank()
        writer.add(node, f"{DCT}temporal", period)
        writer.is_a(period, f"{DCT}PeriodOfTime")
        for name, date in dates:
            writer.add(period, DCAT + name, writer.term(day, date))


def _contact(writer: _Writer[Term], node: Term, contact: Contact) -> None:
    card = writer.sink.node("contact", writer.stored.id)
    writer.add(node, f"{DCAT}contactPoint", card)
    writer.is_a(card, f"{VCARD}Kind")
    if contact.name:
        writer.add(card, f"{VCARD}fn", writer.term(text, contact.name))
    if contact.email and contact.email.strip():
        writer.values(card, f"{VCARD}hasEmail", f"mailto:{contact.email}" if is_email(contact.email) else contact.email)
    writer.values(card, f"{VCARD}hasURL", contact.url)


_PARTS = PartForm(
    "distribution",
    link=f"{DCAT}distribution",
    of_class=f"{DCAT}Distribution",
    properties=(
        Property(f"{DCT}title", text),
        Property(f"{DCT}description", text),
        Property(f"{DCAT}accessURL", value),
        Property(f"{DCAT}downloadURL", value),
        Property(f"{DCT}format", partial(concept, "format")),
        Property(f"{DCAT}mediaType", partial(concept, "media_type")),
        Property(f"{DCAT}byteSize", trimmed),
        Property(f"{DCT}issued", day),
        Property(f"{DCT}modified", day),
    ),
)
"""How the first fields of a :class:`DeclaredPart` are stated, which many distributions have."""
_LICENCE = len(_PARTS.properties)
_RARE = DeclaredPart._fields.index("checksum")
"""From this field on a :class:`DeclaredPart` has what few records declare."""


def _rest_of_part(writer: _Writer[Term], node: Term, d: DeclaredPart, inherits: bool) -> None:
    """Add what :data:`_PARTS` does not state of a distribution."""
    add, term = writer.add, writer.term
    if not writer.licence(node, d.licence, d.licence_title) and inherits:
        whole = writer.stored.dataset
        writer.licence(node, whole.licence, whole.licence_title)
    if not any(d[_RARE:]):
        return
    if d.checksum:
        checksum = writer.blank()
        add(node, f"{SPDX}checksum", checksum)
        writer.is_a(checksum, f"{SPDX}Checksum")
        add(checksum, f"{SPDX}checksumValue", term(untyped, d.checksum))
        if (name := algorithm_name(d.checksum, d.checksum_algorithm)) is not None:
            add(checksum, f"{SPDX}algorithm", term(value, name))
    writer.concepts(node, f"{DCT}language", "language", d.language)
    writer.things(node, f"{DCT}rights", f"{DCT}RightsStatement", d.rights)
    writer.things(node, f"{DCT}conformsTo", f"{DCT}Standard", d.conforms_to)
    writer.values(node, f"{FOAF}page", d.documentation)
    writer.values(node, f"{ADMS}status", d.status)
    writer.values(node, f"{DCATAP}availability", d.availability)


def _service(writer: _Writer[Term], dataset: Term, node: Term, s: DataService) -> None:
    writer.is_a(node, f"{DCAT}DataService")
    writer.add(node, f"{DCAT}servesDataset", dataset)
    writer.texts(node, title=s.title, description=s.description)
    writer.values(node, f"{DCAT}endpointURL", s.endpoint_url)
    writer.values(node, f"{DCAT}endpointDescription", s.endpoint_description)
    writer.licence(node, s.licence, None)
    writer.access_rights(node, s.access_rights)
    writer.values(node, f"{FOAF}page", s.documentation)
    writer.things(node, f"{DCT}conformsTo", f"{DCT}Standard", s.conforms_to)
