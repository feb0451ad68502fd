"""State what is published of one dataset: its record, its files, its publisher and its services, as consumers read it.

It is a layer of its own: :mod:`catalog.rdf.dcat` gives what standards are judged by, one statement for one declared
text. Here everything has the form that harvesters of DCAT-AP look for. The licence stands on each file; sizes, dates
and checksums are typed; what may only be a resource is one. Nothing is added that the record does not say, but for the
dcat:CatalogRecord, which is ours and names our readings of the record (:data:`READINGS`).
"""

from __future__ import annotations

import json

from catalog.rdf.names import ResourceNames
from catalog.rdf.published.context import PROFILES, Publication
from catalog.rdf.published.licences import Licences
from catalog.rdf.published.places import WKT, shape
from catalog.rdf.published.reading import PublishedDataset, PublishedFile, PublishedService
from catalog.rdf.published.sinks import PublishedSink, Term
from catalog.rdf.published.values import address, digest, instant, moment, typed, words
from catalog.rdf.published.writer import ResourceWriter
from catalog.rdf.terms import IRI, XSD, Property, RdfTerm
from catalog.rdf.values import ADMS, DCAT, DCATAP, DCT, FOAF, SKOS, SPDX, VCARD, in_language, is_iri, text
from catalog.repositories.persons import public_email, public_name, without_addresses

__all__ = ["READINGS", "describe_dataset", "reading_iri", "words_scheme"]

LOCN = "http://www.w3.org/ns/locn#"
OWL = "http://www.w3.org/2002/07/owl#"
DCAT_US = "http://data.resources.gov/ontology/dcat-us#"
POD = "https://project-open-data.cio.gov/v1.1/schema#"

READINGS = {
    "licence": "The address of a licence is Winnow's reading of a declared text, which dct:rights or dct:title holds.",
    "inherited": "Files that declare no licence have the licence of their dataset.",
    "concepts": "Formats, media types, themes, languages, frequencies and access rights that the record names by words "
    "have the address that Winnow knows for these words.",
    "access": "dcat:accessURL repeats dcat:downloadURL where the record has no other address.",
    "dates": "Dates are in the form of their datatype, which the record writes in another way.",
    "places": "Geometries are the declared text in GeoJSON, and its bounding box in Well-known Text.",
}
"""What in a dcat:CatalogRecord is our reading of the record, by name: each is a dct:ProvenanceStatement."""

_TEXTS = {
    "title": Property(f"{DCT}title", words),
    "description": Property(f"{DCT}description", words),
    "identifier": Property(f"{DCT}identifier", words),
    "issued": Property(f"{DCT}issued", moment),
    "modified": Property(f"{DCT}modified", moment),
}
_LISTS = {
    "documentation": (f"{FOAF}page", f"{FOAF}Document"),
    "relations": (f"{DCT}relation", "http://www.w3.org/2000/01/rdf-schema#Resource"),
    "applicable_legislation": (f"{DCATAP}applicableLegislation", "http://data.europa.eu/eli/ontology#LegalResource"),
    "hvd_categories": (f"{DCATAP}hvdCategory", f"{SKOS}Concept"),
    "conforms_to": (f"{DCT}conformsTo", f"{DCT}Standard"),
}


def words_scheme(names: ResourceNames, portal_id: str) -> str:
    """Return the IRI of the skos:ConceptScheme of the words that a portal uses for concepts."""
    return f"{names.portal(portal_id)}{'#' if names.site is not None else ':'}words"


def reading_iri(names: ResourceNames, name: str) -> str:
    """Return the IRI of the statement on one of our :data:`READINGS`."""
    return f"{names.site}/#reading-{name}" if names.site is not None else f"urn:winnow:reading:{name}"


def describe_dataset(stored: PublishedDataset, sink: PublishedSink[Term], publication: Publication) -> None:
    """Add to ``sink`` the statements about a dataset, its files, publisher, contact and services, and our record of it.

    ``publication``: under which IRIs, and in which profile. What is not declared is not stated; see
    :mod:`catalog.rdf.published.dataset` for what is.
    """
    _Writer(stored, sink, publication).write()


class _Writer(ResourceWriter[Term]):
    def __init__(self, stored: PublishedDataset, sink: PublishedSink[Term], publication: Publication) -> None:
        self.d, self.to = stored, publication
        self.names, self.profile = publication.names, publication.profile
        scheme = words_scheme(self.names, stored.portal_id) if self.profile.is_american else None
        super().__init__(stored.id, sink, scheme)

    def write(self) -> None:
        d, sink, add, names = self.d, self.sink, self.add, self.names
        node = sink.resource(names.dataset(d.id))
        if d.is_series and self.profile.has_series:
            self.is_a(node, f"{DCAT}DatasetSeries")
        # A series is a dataset too (DCAT 3).
        self.is_a(node, f"{DCAT}Dataset")
        add(sink.resource(names.portal(d.portal_id)), f"{DCAT}dataset", node)
        if names.site is not None:
            add(node, f"{OWL}sameAs", sink.resource(names.former(d.id)))
        self.words(node)
        self.note_dates(d.issued, d.modified)
        self.link(node, f"{DCAT}landingPage", f"{FOAF}Document", d.landing_page)
        for field, (predicate, kind) in _LISTS.items():
            if declared := getattr(d, field):
                if field == "documentation" and self.profile.is_american:
                    self.one_page(node, declared)
                else:
                    self.links(node, predicate, kind, declared)
        for kind, declared in (("theme", d.themes), ("language", d.language)):
            for one in json.loads(declared) if declared else ():
                self.concept(node, kind, one)
        self.concept(node, "frequency", d.frequency)
        self.concept(node, "access_right", d.access_rights)
        if d.provenance:
            self.link(node, f"{DCT}provenance", f"{DCT}ProvenanceStatement", d.provenance)
        if d.spatial or d.temporal_start or d.temporal_end:
            self.extent(node)
        for other in json.loads(d.other_identifiers) if d.other_identifiers else ():
            one = self.blank(f"{ADMS}Identifier")
            add(node, f"{ADMS}identifier", one)
            add(one, f"{SKOS}notation", self.term(words, other))
        if d.is_part_of:
            self.part_of(node, d.is_part_of)
        if self.profile.is_american:
            self.american(node)
        self.bodies(node)
        licences = Licences(self, d.licence, d.licence_title)
        licences.state(node, d.licence, d.licence_title, d.rights)
        self.files(node, licences)
        for number, service in enumerate(d.services):
            self.service(node, sink.resource(names.of("service", f"{d.id}-{number}")), service, licences)
        self.record(node)

    def words(self, node: Term) -> None:
        """Add titles, descriptions and keywords, in all languages, and what has no language."""
        d, add, term = self.d, self.add, self.term
        if d.translations is None and d.text_language is None:
            self.sink.add_texts(node, _TEXT_FORMS, (d.title, d.description, d.identifier, d.issued, d.modified))
            for word in json.loads(d.keywords) if d.keywords else ():
                if word.strip():
                    add(node, f"{DCAT}keyword", term(words, word))
            return
        self.sink.add_texts(node, _TEXT_FORMS[2:], (d.identifier, d.issued, d.modified))
        others = json.loads(d.translations or "{}")
        own = d.text_language or "und"
        for language, said in [(own, {"title": d.title, "description": d.description}), *others.items()]:
            for name in ("title", "description"):
                if isinstance(one := said.get(name), str) and one.strip():
                    add(node, DCT + name, term(_tagged, one, language))
        tags = {word: code for code, said in others.items() for word in said.get("keywords", ())}
        for word in json.loads(d.keywords) if d.keywords else ():
            if word.strip():
                add(node, f"{DCAT}keyword", term(_tagged, word, tags.get(word, own)))

    def note_dates(self, *declared: str | None) -> None:
        for one in declared:
            if one and moment(one).value != one.strip():
                self.readings["dates"] = None

    def extent(self, node: Term) -> None:
        d, add, term = self.d, self.add, self.term
        for place in json.loads(d.spatial) if d.spatial else ():
            if (found := shape(place)) is None:
                self.link(node, f"{DCT}spatial", f"{DCT}Location", place)
                continue
            self.readings["places"] = None
            area = self.blank(f"{DCT}Location")
            add(node, f"{DCT}spatial", area)
            add(area, f"{LOCN}geometry", term(typed, found.geojson, self.profile.geojson))
            add(area, f"{DCAT}centroid" if found.is_point else f"{DCAT}bbox", term(typed, found.wkt, WKT))
        dates = [(n, one) for n, one in (("startDate", d.temporal_start), ("endDate", d.temporal_end)) if one]
        if dates:
            self.note_dates(d.temporal_start, d.temporal_end)
            period = self.blank(f"{DCT}PeriodOfTime")
            add(node, f"{DCT}temporal", period)
            for name, one in dates:
                add(period, DCAT + name, term(moment, one))

    def part_of(self, node: Term, declared: str) -> None:
        if is_iri(declared.strip()):
            self.link(node, f"{DCT}isPartOf", "", declared)
        else:
            whole = self.blank(f"{DCAT}Resource")
            self.add(node, f"{DCT}isPartOf", whole)
            self.add(whole, f"{DCT}identifier", self.term(words, declared))

    def one_page(self, node: Term, declared: str) -> None:
        """Add one page as documentation, which is all that DCAT-US 3 allows, and further ones as related."""
        for number, one in enumerate(json.loads(declared)):
            self.link(node, f"{DCT}relation" if number else f"{FOAF}page", f"{FOAF}Document", one)

    def american(self, node: Term) -> None:
        d = self.d
        if d.described_by and address(d.described_by).kind == IRI:
            # By its address alone: a dcat:Distribution would need a licence, which no record states for a dictionary.
            self.add(node, f"{DCAT_US}describedBy", self.term(address, d.described_by))
        for name, declared in (("bureauCode", d.bureau_codes), ("programCode", d.program_codes)):
            for one in json.loads(declared) if declared else ():
                self.add(node, POD + name, self.term(words, one))

    def bodies(self, node: Term) -> None:
        """Add publisher and contact; of persons nothing is published."""
        d, sink, add, term = self.d, self.sink, self.add, self.term
        publisher = d.publisher
        if publisher is not None:
            agent = sink.resource(self.names.publisher(publisher.id))
            add(node, f"{DCT}publisher", agent)
            self.is_a(agent, f"{FOAF}Agent")
            add(agent, f"{FOAF}name", term(words, publisher.name))
            if publisher.identifier:
                add(agent, f"{DCT}identifier", term(words, publisher.identifier))
            self.link(agent, f"{FOAF}homepage", f"{FOAF}Document", publisher.url)
            if email := public_email(publisher.email):
                add(agent, f"{FOAF}mbox", sink.resource(f"mailto:{email}"))
        above = (publisher.name, publisher.parent or "", *publisher.ancestors) if publisher and d.contact_name else ()
        name, email = public_name(d.contact_name, above), public_email(d.contact_email)
        # A card in DCAT-US 3 has both, or is none.
        is_card = (name and email) if self.profile.is_american else (name or email or d.contact_url)
        if is_card:
            card = sink.resource(self.names.of("contact", d.id))
            add(node, f"{DCAT}contactPoint", card)
            self.is_a(card, f"{VCARD}Kind")
            if name:
                add(card, f"{VCARD}fn", term(words, name))
            if email:
                add(card, f"{VCARD}hasEmail", sink.resource(f"mailto:{email}"))
            self.link(card, f"{VCARD}hasURL", f"{FOAF}Document", d.contact_url)

    def files(self, whole: Term, licences: Licences[Term]) -> None:
        d, sink, add = self.d, self.sink, self.add
        forms = _FILE_FORMS[self.to.profile_name]
        inherited = licences.is_stated
        for key, file in d.files:
            node = sink.resource(self.names.file(key))
            add(whole, f"{DCAT}distribution", node)
            self.is_a(node, f"{DCAT}Distribution")
            sink.add_texts(node, forms, file[:_PLAIN])
            self.concept(node, "format", file.format)
            self.concept(node, "media_type", file.media_type)
            if file.licence or file.licence_title:
                licences.state(node, file.licence, file.licence_title, file.rights)
            else:
                if inherited:
                    licences.inherit(node)
                if file.rights:
                    self.link(node, f"{DCT}rights", f"{DCT}RightsStatement", file.rights)
            if file.access_url == file.download_url:
                self.readings["access"] = None
            self.note_dates(file.issued, file.modified)
            if any(file[_RARE:]):
                self.rest_of_file(node, file)

    def rest_of_file(self, node: Term, file: PublishedFile) -> None:
        add, term = self.add, self.term
        if file.checksum and (found := digest(file.checksum, file.checksum_algorithm)):
            checksum = self.blank(f"{SPDX}Checksum")
            add(node, f"{SPDX}checksum", checksum)
            add(checksum, f"{SPDX}checksumValue", term(typed, found[0], f"{XSD}hexBinary"))
            self.sink.add_iri(checksum, f"{SPDX}algorithm", found[1])
        for one in json.loads(file.language) if file.language else ():
            self.concept(node, "language", one)
        self.links(node, f"{DCT}conformsTo", f"{DCT}Standard", file.conforms_to)
        self.link(node, f"{FOAF}page", f"{FOAF}Document", file.documentation)
        self.link(node, f"{ADMS}status", f"{SKOS}Concept", file.status)
        self.link(node, f"{DCATAP}availability", f"{SKOS}Concept", file.availability)

    def service(self, whole: Term, node: Term, s: PublishedService, licences: Licences[Term]) -> None:
        self.is_a(node, f"{DCAT}DataService")
        self.add(node, f"{DCAT}servesDataset", whole)
        self.sink.add_texts(node, _TEXT_FORMS[:2], (s.title, s.description))
        self.link(node, f"{DCAT}endpointURL", "http://www.w3.org/2000/01/rdf-schema#Resource", s.endpoint_url)
        self.link(node, f"{DCAT}endpointDescription", f"{FOAF}Document", s.endpoint_description)
        if s.licence:
            licences.state(node, s.licence, None, None)
        self.concept(node, "access_right", s.access_rights)
        self.link(node, f"{FOAF}page", f"{FOAF}Document", s.documentation)
        self.links(node, f"{DCT}conformsTo", f"{DCT}Standard", s.conforms_to)

    def record(self, node: Term) -> None:
        """Add our record of the dataset."""
        d, sink, add, names = self.d, self.sink, self.add, self.names
        record = sink.resource(names.record(d.id))
        add(sink.resource(names.portal(d.portal_id)), f"{DCAT}record", record)
        self.is_a(record, f"{DCAT}CatalogRecord")
        add(record, f"{FOAF}primaryTopic", node)
        sink.add_texts(record, _RECORD_FORMS, (d.id, d.source_url, d.first_seen_run, d.changed_run or d.first_seen_run))
        for name in self.readings:
            sink.add_iri(record, f"{DCT}provenance", reading_iri(names, name))


def _tagged(declared: str, language: str) -> RdfTerm:
    return in_language(without_addresses(declared) or "", language)


_TEXT_FORMS = tuple(_TEXTS.values())
_RECORD_FORMS = (
    Property(f"{DCT}identifier", text),
    Property(f"{DCT}source", address),
    Property(f"{DCT}issued", instant),
    Property(f"{DCT}modified", instant),
)
_RARE = PublishedFile._fields.index("checksum")
_PLAIN = PublishedFile._fields.index("format")


def _file_forms(publication: Publication) -> tuple[Property, ...]:
    forms = {
        "title": Property(f"{DCT}title", words),
        "description": Property(f"{DCT}description", words),
        "access_url": Property(f"{DCAT}accessURL", address),
        "download_url": Property(f"{DCAT}downloadURL", address),
        "byte_size": Property(f"{DCAT}byteSize", publication.profile.size),
        "issued": Property(f"{DCT}issued", moment),
        "modified": Property(f"{DCT}modified", moment),
        "identifier": Property(f"{DCT}identifier", words),
    }
    return tuple(forms[name] for name in PublishedFile._fields[:_PLAIN])


_FILE_FORMS = {name: _file_forms(Publication(profile_name=name)) for name in PROFILES}
