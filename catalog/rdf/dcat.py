"""Map a dataset and its parts to DCAT-AP statements.

This is the only mapping: exports write it, and the standards are checked against it. An address that is a valid IRI
becomes one; anything else stays the declared text. Licences, formats, media types, themes, frequencies, languages
and access rights that are known by name become the IRI of that concept, as a catalogue in RDF would give them. A
text in place of a resource that may have no address (a place, a rights statement, a standard) becomes a blank node
with that label. Dates are typed by their form; what is not an XML Schema date stays a plain text.

:data:`NOT_TOLD` lists what the model does not hold: its absence says nothing about the publisher.
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Iterable
from functools import lru_cache
from typing import Protocol

from catalog import vocabulary
from catalog.model import Contact, DataService, Distribution
from catalog.rdf.terms import BLANK, IRI, LITERAL, RDF_TYPE, UNTYPED, XSD, RdfGraph, RdfTerm, is_of_datatype
from catalog.repositories.reading import StoredDataset

__all__ = [
    "text",
    "value",
    "ADMS",
    "DCAT",
    "DCATAP",
    "DCT",
    "FOAF",
    "NOT_TOLD",
    "SPDX",
    "VCARD",
    "concept",
    "StatementSink",
    "dataset_graph",
    "describe",
    "day",
    "is_email",
    "is_iri",
    "node_of",
]

DCAT = "http://www.w3.org/ns/dcat#"
DCT = "http://purl.org/dc/terms/"
DCATAP = "http://data.europa.eu/r5r/"
FOAF = "http://xmlns.com/foaf/0.1/"
VCARD = "http://www.w3.org/2006/vcard/ns#"
ADMS = "http://www.w3.org/ns/adms#"
SKOS = "http://www.w3.org/2004/02/skos/core#"
SPDX = "http://spdx.org/rdf/terms#"
_LABEL = "http://www.w3.org/2000/01/rdf-schema#label"
_STRING = f"{XSD}string"
_MEDIA_TYPES = "https://www.iana.org/assignments/media-types/"

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

_ADDRESS = re.compile(r"(?:https?|ftp|urn|mailto|doi|info|tel|ark):[^\s<>\"{}|\\^`\x00-\x20\ud800-\udfff]+", re.I)
_EMAIL = re.compile(r"[\w.+-]+@[\w-]+(?:\.[\w-]+)+")
_ALGORITHM = re.compile(r"[^a-z0-9]")
_ALGORITHMS = {32: "md5", 40: "sha1", 56: "sha224", 64: "sha256", 96: "sha384", 128: "sha512"}
"""By number of hexadecimal digits: CKAN records hold only a digest, whose length identifies the algorithm."""
_LANGUAGE = re.compile(r"[a-zA-Z]{2,3}(?:-[a-zA-Z0-9]{2,8})*")
LANG_STRING = "http://www.w3.org/1999/02/22-rdf-syntax-ns#langString"
_MAX_NAME = 1_000
"""Characters of a text that may be the name of a concept."""
_MAX_IRI = 4_000
"""Characters of an IRI; a longer text is not an address."""


def is_iri(text: str) -> bool:
    """Return whether a text, of at most 4,000 characters, is an absolute IRI (RFC 3987) of a scheme that catalogues
    use, such as https or urn."""
    return len(text) <= _MAX_IRI and _ADDRESS.fullmatch(text) is not None


def is_email(text: str) -> bool:
    """Return whether a text, of at most 4,000 characters, is a plain e-mail address, without "mailto:"."""
    return len(text) <= _MAX_IRI and _EMAIL.fullmatch(text) is not None


def node_of(kind: str, key: str) -> RdfTerm:
    """Return the RDF node ``urn:winnow:<kind>:<key>``, which stands for a thing of this catalogue.

    ``kind``: for example dataset, distribution, publisher or catalog. ``key``: id of the thing.
    """
    return RdfTerm(IRI, f"urn:winnow:{kind}:{key}")


def text(value: str) -> RdfTerm:
    """Return a literal of the datatype xsd:string."""
    return RdfTerm(LITERAL, value, _STRING)


def in_language(value: str, language: str) -> RdfTerm:
    """Return a literal in a language. ``language``: language tag; if it is not valid (BCP 47), or "und", the literal is
    plain."""
    known = _LANGUAGE.fullmatch(language) and language != "und"
    return RdfTerm(LITERAL, value, LANG_STRING, language) if known else text(value)


def value(declared: str) -> RdfTerm:
    """Return a declared text as an IRI if it is one, else as a literal. Blanks around it are removed."""
    declared = declared.strip()
    return RdfTerm(IRI, declared) if is_iri(declared) else text(declared)


@lru_cache(maxsize=4096)
def day(declared: str) -> RdfTerm:
    """Return a declared date as a literal with the datatype of its form: xsd:date, dateTime, gYearMonth or gYear.

    A text of none of these forms becomes a plain literal.
    """
    declared = declared.strip()
    for name in ("date", "dateTime", "gYearMonth", "gYear"):
        term = RdfTerm(LITERAL, declared, XSD + name)
        if is_of_datatype(term, term.datatype):
            return term
    return text(declared)


def _by_language(declared: str) -> list[str]:
    """Return the names in a text; some portals give a JSON object of names by language."""
    if declared.startswith("{"):
        try:
            found = json.loads(declared)
        except ValueError:
            return [declared]
        return [one for one in found.values() if isinstance(one, str)]
    return [declared]


@lru_cache(maxsize=4096)
def _known(kind: str, declared: str) -> str | None:
    """Return the IRI of the concept of this kind that a text names; None if it names none."""
    if kind == "format":
        found = vocabulary.file_format(declared)
        media_type = found.media_types[0] if found and found.media_types else None
        return (found and found.eu_uri) or (_MEDIA_TYPES + media_type if media_type else None)
    if kind == "media_type":
        media_type = vocabulary.known_media_type(declared)
        return _MEDIA_TYPES + media_type if media_type else None
    look_up: Callable[..., vocabulary.Concept | vocabulary.Frequency | None] = getattr(vocabulary, kind)
    term = look_up(*_by_language(declared))
    return term.eu_uri if term else None


def concept(kind: str, declared: str) -> RdfTerm:
    """Return a concept as an RDF term: the declared IRI, else that of the concept that the text names, else the text.

    ``kind``: format, media_type, theme, frequency, language or access_right.
    """
    declared = declared.strip()
    if len(declared) > _MAX_NAME or is_iri(declared):
        return value(declared)
    known = _known(kind, declared)
    return RdfTerm(IRI, known) if known else text(declared)


@lru_cache(maxsize=4096)
def _known_licence(declared: str, title: str | None) -> str | None:
    known = vocabulary.licence(declared, title)
    return (known.eu_uri or known.homepage) if known else None


def _licence(declared: str | None, title: str | None) -> RdfTerm | None:
    """Return a licence; it may also be named in prose of any length."""
    if not declared or not declared.strip():
        return None
    if is_iri(declared.strip()):
        return RdfTerm(IRI, declared.strip())
    look_up = _known_licence if len(declared) <= _MAX_NAME else _known_licence.__wrapped__
    known = look_up(declared, title)
    return RdfTerm(IRI, known) if known else text(declared)


class StatementSink(Protocol):
    """Interface of objects to which RDF statements can be added, such as :class:`catalog.rdf.terms.RdfGraph`."""

    def add(self, subject: RdfTerm, predicate: str, value: RdfTerm, /) -> None:
        """Add one statement. Adding the same statement again changes nothing."""


class _Writer:
    """Collects the statements of one dataset."""

    def __init__(self, stored: StoredDataset, graph: StatementSink) -> None:
        self.stored, self.graph = stored, graph
        self.blanks = 0

    def blank(self) -> RdfTerm:
        self.blanks += 1
        return RdfTerm(BLANK, f"{self.stored.id}-{self.blanks}")

    def texts(self, node: RdfTerm, **values: str | None) -> None:
        """Add titles and descriptions."""
        for name, declared in values.items():
            if declared and declared.strip():
                self.graph.add(node, DCT + name, text(declared))

    def values(self, node: RdfTerm, predicate: str, declared: str | None | Iterable[str]) -> None:
        """Add addresses, or whatever was declared instead of them."""
        for one in (declared,) if isinstance(declared, str) else declared or ():
            if one.strip():
                self.graph.add(node, predicate, value(one))

    def things(self, node: RdfTerm, predicate: str, kind: str, declared: str | None | Iterable[str]) -> None:
        """Add resources that have an address, or else a label."""
        for one in (declared,) if isinstance(declared, str) else declared or ():
            if is_iri(one.strip()):
                self.graph.add(node, predicate, RdfTerm(IRI, one.strip()))
            elif one.strip():
                thing = self.blank()
                self.graph.add(node, predicate, thing)
                self.graph.add(thing, RDF_TYPE, RdfTerm(IRI, kind))
                self.graph.add(thing, _LABEL, text(one))

    def languages(self, node: RdfTerm, declared: Iterable[str]) -> None:
        for one in declared:
            if one.strip():
                self.graph.add(node, f"{DCT}language", concept("language", one))

    def access_rights(self, node: RdfTerm, declared: str | None) -> None:
        if declared and declared.strip():
            right = concept("access_right", declared)
            if right.kind == IRI:
                self.graph.add(node, f"{DCT}accessRights", right)
            else:
                self.things(node, f"{DCT}accessRights", f"{DCT}RightsStatement", declared)


def dataset_graph(stored: StoredDataset, *, inherits: bool = True) -> RdfGraph:
    """Return the DCAT-AP statements about a dataset, its distributions, data services, publisher, contact, period and
    places.

    ``inherits``: True states the licence of the dataset also of distributions that declare none, as the metrics do.
    False states it of the dataset only.
    """
    graph = RdfGraph()
    describe(stored, graph, inherits=inherits)
    return graph


def describe(stored: StoredDataset, graph: StatementSink, *, inherits: bool = True) -> None:
    """Add the statements that :func:`dataset_graph` returns to ``graph``. ``inherits``: as for that function."""
    writer = _Writer(stored, graph)
    graph, d, node = writer.graph, stored.dataset, node_of("dataset", stored.id)
    graph.add(node, RDF_TYPE, RdfTerm(IRI, f"{DCAT}DatasetSeries" if d.is_series else f"{DCAT}Dataset"))
    writer.texts(node, identifier=d.identifier, title=d.title, description=d.description)
    tags = {word: code for code, words in d.translations.items() for word in words.get("keywords", ())}
    for word in d.keywords:
        graph.add(node, f"{DCAT}keyword", in_language(word, tags[word]) if word in tags else text(word))
    for language, words in d.translations.items():
        for name in ("title", "description"):
            if isinstance(said := words.get(name), str) and said.strip():
                graph.add(node, DCT + name, in_language(said, language))
    for word in d.themes:
        if word.strip():
            graph.add(node, f"{DCAT}theme", concept("theme", word))
    if d.frequency and d.frequency.strip():
        graph.add(node, f"{DCT}accrualPeriodicity", concept("frequency", d.frequency))
    if licence := _licence(d.licence, d.licence_title):
        graph.add(node, f"{DCT}license", licence)
    writer.access_rights(node, d.access_rights)
    writer.languages(node, d.language)
    for name, date in (("issued", d.issued), ("modified", d.modified)):
        if date and date.strip():
            graph.add(node, DCT + name, day(date))
    writer.values(node, f"{DCAT}landingPage", d.landing_page)
    writer.values(node, f"{FOAF}page", d.documentation)
    writer.values(node, f"{DCT}relation", d.relations)
    writer.values(node, f"{DCT}isPartOf", d.is_part_of)
    writer.values(node, f"{DCATAP}applicableLegislation", d.applicable_legislation)
    writer.values(node, f"{DCATAP}hvdCategory", d.hvd_categories)
    writer.things(node, f"{DCT}rights", f"{DCT}RightsStatement", d.rights)
    writer.things(node, f"{DCT}provenance", f"{DCT}ProvenanceStatement", d.provenance)
    writer.things(node, f"{DCT}conformsTo", f"{DCT}Standard", d.conforms_to)
    writer.things(node, f"{DCT}spatial", f"{DCT}Location", d.spatial)
    for other in d.other_identifiers:
        one = writer.blank()
        graph.add(node, f"{ADMS}identifier", one)
        graph.add(one, RDF_TYPE, RdfTerm(IRI, f"{ADMS}Identifier"))
        graph.add(one, f"{SKOS}notation", text(other))
    _period(writer, node, d.temporal_start, d.temporal_end)
    if d.publisher and stored.publisher_id:
        agent = node_of("publisher", stored.publisher_id)
        graph.add(node, f"{DCT}publisher", agent)
        graph.add(agent, RDF_TYPE, RdfTerm(IRI, f"{FOAF}Agent"))
        graph.add(agent, f"{FOAF}name", text(d.publisher.name))
        writer.values(agent, f"{FOAF}homepage", d.publisher.url)
    if d.contact:
        _contact(writer, node, d.contact)
    for part in stored.distributions:
        _distribution(writer, node, part.id, part.distribution, inherits)
    for number, service in enumerate(d.data_services):
        _service(writer, node, node_of("service", f"{stored.id}-{number}"), service)


def _period(writer: _Writer, node: RdfTerm, start: str | None, end: str | None) -> None:
    dates = [(n, d) for n, d in (("startDate", start), ("endDate", end)) if d and d.strip()]
    if dates:
        period = writer.blank()
        writer.graph.add(node, f"{DCT}temporal", period)
        writer.graph.add(period, RDF_TYPE, RdfTerm(IRI, f"{DCT}PeriodOfTime"))
        for name, date in dates:
            writer.graph.add(period, DCAT + name, day(date))


def _contact(writer: _Writer, node: RdfTerm, contact: Contact) -> None:
    card = node_of("contact", writer.stored.id)
    writer.graph.add(node, f"{DCAT}contactPoint", card)
    writer.graph.add(card, RDF_TYPE, RdfTerm(IRI, f"{VCARD}Kind"))
    if contact.name:
        writer.graph.add(card, f"{VCARD}fn", text(contact.name))
    if contact.email and contact.email.strip():
        writer.values(card, f"{VCARD}hasEmail", f"mailto:{contact.email}" if is_email(contact.email) else contact.email)
    writer.values(card, f"{VCARD}hasURL", contact.url)


def _distribution(writer: _Writer, dataset: RdfTerm, key: str, d: Distribution, inherits: bool) -> None:
    node, graph, whole = node_of("distribution", key), writer.graph, writer.stored.dataset
    graph.add(dataset, f"{DCAT}distribution", node)
    graph.add(node, RDF_TYPE, RdfTerm(IRI, f"{DCAT}Distribution"))
    writer.texts(node, title=d.title, description=d.description)
    writer.values(node, f"{DCAT}accessURL", d.access_url)
    writer.values(node, f"{DCAT}downloadURL", d.download_url)
    if d.format and d.format.strip():
        graph.add(node, f"{DCT}format", concept("format", d.format))
    if d.media_type and d.media_type.strip():
        graph.add(node, f"{DCAT}mediaType", concept("media_type", d.media_type))
    licence = _licence(d.licence, d.licence_title)
    if licence is None and inherits:
        licence = _licence(whole.licence, whole.licence_title)
    if licence:
        graph.add(node, f"{DCT}license", licence)
    if d.byte_size and d.byte_size.strip():
        graph.add(node, f"{DCAT}byteSize", RdfTerm(LITERAL, d.byte_size.strip(), UNTYPED))
    if d.checksum:
        checksum = writer.blank()
        graph.add(node, f"{SPDX}checksum", checksum)
        graph.add(checksum, RDF_TYPE, RdfTerm(IRI, f"{SPDX}Checksum"))
        graph.add(checksum, f"{SPDX}checksumValue", RdfTerm(LITERAL, d.checksum, UNTYPED))
        if algorithm := _algorithm(d.checksum, d.checksum_algorithm):
            graph.add(checksum, f"{SPDX}algorithm", algorithm)
    for name, date in (("issued", d.issued), ("modified", d.modified)):
        if date and date.strip():
            graph.add(node, DCT + name, day(date))
    # Few records have these, and there are many distributions.
    if d.language:
        writer.languages(node, d.language)
    if d.rights:
        writer.things(node, f"{DCT}rights", f"{DCT}RightsStatement", d.rights)
    if d.conforms_to:
        writer.things(node, f"{DCT}conformsTo", f"{DCT}Standard", d.conforms_to)
    if d.documentation:
        writer.values(node, f"{FOAF}page", d.documentation)
    if d.status:
        writer.values(node, f"{ADMS}status", d.status)
    if d.availability:
        writer.values(node, f"{DCATAP}availability", d.availability)


def _algorithm(checksum: str, declared: str | None) -> RdfTerm | None:
    name = _ALGORITHM.sub("", declared[:50].lower()) if declared else _ALGORITHMS.get(len(checksum.strip()))
    if name in _ALGORITHMS.values():
        return RdfTerm(IRI, f"{SPDX}checksumAlgorithm_{name}")
    return value(declared) if declared else None


def _service(writer: _Writer, dataset: RdfTerm, node: RdfTerm, s: DataService) -> None:
    graph = writer.graph
    graph.add(node, RDF_TYPE, RdfTerm(IRI, f"{DCAT}DataService"))
    graph.add(node, f"{DCAT}servesDataset", dataset)
    writer.texts(node, title=s.title, description=s.description)
    writer.values(node, f"{DCAT}endpointURL", s.endpoint_url)
    writer.values(node, f"{DCAT}endpointDescription", s.endpoint_description)
    if licence := _licence(s.licence, None):
        graph.add(node, f"{DCT}license", licence)
    writer.access_rights(node, s.access_rights)
    writer.values(node, f"{FOAF}page", s.documentation)
    writer.things(node, f"{DCT}conformsTo", f"{DCT}Standard", s.conforms_to)
