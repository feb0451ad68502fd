"""Map the node of a dcat:Dataset to a dataset; no request is made.

Properties are read as in DCAT 2 and 3, DCAT-AP 1 to 3 and their national profiles, and as portals write them:
``dcat:distributions``, ``dct:abstract``, addresses as texts, licences and formats as nodes with a label.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from catalog.model import DataService, Dataset, Distribution
from harvester.facts.candidates import FactScope
from harvester.facts.languages import worded
from harvester.spiders.base.losses import LostRecord
from harvester.spiders.rdf import facts as facts
from harvester.spiders.rdf.values import (
    by_language,
    label_or_name,
    name,
    names,
    nodes,
    ordered,
    preferred_of,
    resolved,
    text,
    words_of,
)  # fmt: skip

__all__ = ["identifier_of", "to_dataset"]

_TITLES = ("dct:title", "dc:title", "rdfs:label", "schema:name", "skos:prefLabel")
_DESCRIPTIONS = ("dct:description", "dct:abstract", "dc:description", "schema:description", "rdfs:comment")
_FILES = ("dcat:distribution", "dcat:distributions", "adms:includedAsset", "schema:distribution")
_DESCRIBED_BY = ("dcat:describedBy", "wdrs:describedby", "wdrs:describedBy", "dcat-us:describedBy")


def to_dataset(node: Any, languages: Sequence[str] = ()) -> Dataset:
    """Map the RDF description of a dcat:Dataset to a :class:`Dataset`.

    ``node``: the description in the form of :mod:`~harvester.spiders.rdf.nodes`. ``languages``: the portal's language
    codes, the preferred one first. Raise LostRecord if the dataset has neither IRI nor dct:identifier nor landing
    page.
    """
    node = resolved(node, node["@base"]) if "@base" in node else node
    preferred = preferred_of(node, languages)
    node = ordered(node, preferred)
    identifier = identifier_of(node)
    record = node.get("@record") or {}
    start, end = facts.period(node)
    licence, licence_title, contradictions = facts.licence(node, FactScope.DATASET)
    words = words_of(node, "dcat:keyword", "schema:keywords")
    plain = {"dct:subject": [one for one in node.get("dct:subject", ()) if "@value" in one]}
    for code, more in words_of(plain, "dct:subject").items():
        words[code] = list(dict.fromkeys([*words.get(code, ()), *more]))
    shown = worded(by_language(node, *_TITLES), by_language(node, *_DESCRIPTIONS), words, preferred)
    subjects = names({"dct:subject": nodes(node, "dct:subject")}, "dct:subject")
    return Dataset(
        identifier=identifier,
        title=shown.title or text(node, *_TITLES),
        description=shown.description or text(node, *_DESCRIPTIONS),
        keywords=shown.keywords,
        themes=tuple(dict.fromkeys([*names(node, "dcat:theme"), *subjects])),
        publisher=facts.publisher(node),
        contact=facts.contact(node),
        licence=licence,
        licence_title=licence_title,
        access_rights=facts.access_rights(node),
        rights=label_or_name(node, "dct:rights", "dc:rights"),
        issued=facts.date(node, False, "dct:issued", "schema:datePublished"),
        modified=facts.date(node, True, "dct:modified", "schema:dateModified"),
        record_modified=facts.date(record, True, "dct:modified"),
        frequency=facts.frequency(node),
        spatial=facts.areas(node),
        temporal_start=start,
        temporal_end=end,
        language=names(node, "dct:language", "dc:language", "schema:inLanguage"),
        landing_page=name(node, "dcat:landingPage") or name(node, "foaf:homepage", "schema:url"),
        conforms_to=names(node, "dct:conformsTo"),
        applicable_legislation=names(node, "dcatap:applicableLegislation"),
        hvd_categories=names(node, "dcatap:hvdCategory"),
        provenance=label_or_name(node, "dct:provenance"),
        relations=names(node, "dct:relation"),
        other_identifiers=_other_identifiers(node, identifier),
        documentation=names(node, "foaf:page"),
        described_by=_described_by(node),
        described_by_type=_described_by_type(node),
        is_part_of=_parent(node),
        is_series="dcat:DatasetSeries" in node.get("@type", ()) and not nodes(node, "dcat:distribution"),
        harvested_from=name(record, "dct:source"),
        translations=shown.translations,
        contradictions=contradictions,
        distributions=tuple(_distribution(one) for one in nodes(node, *_FILES)),
        data_services=_services(node),
    )


def identifier_of(node: Any) -> str:
    """Return the identifier to store for the dataset ``node``: its IRI, else dct:identifier, else the landing page.

    The IRI comes first, because several datasets often share one dct:identifier, and some portals give it to another
    dataset later. Raise LostRecord if there is none of these.
    """
    found = node.get("@id") or text(node, "dct:identifier", "dc:identifier", "schema:identifier")
    found = found or name(node, "dcat:landingPage")
    if found is None:
        raise LostRecord(
            "the dataset has neither dct:identifier nor IRI nor landing page",
            "give every dataset an IRI that never changes",
        )
    return str(found)


def _described_by(node: Any) -> str | None:
    """Return the address of a data dictionary, which may be given as a whole distribution."""
    for one in nodes(node, *_DESCRIBED_BY):
        if found := name(one, "dcat:downloadURL") or name(one, "dcat:accessURL"):
            return found
    return name(node, *_DESCRIBED_BY)


def _described_by_type(node: Any) -> str | None:
    """Return the media type of a data dictionary, stated beside its address or in its distribution."""
    own = (name(one, "dcat:mediaType") or name(one, "dct:format") for one in nodes(node, *_DESCRIBED_BY))
    return name(node, *(f"{one}Type" for one in _DESCRIBED_BY)) or next(filter(None, own), None)


def _other_identifiers(node: Any, identifier: str) -> tuple[str, ...]:
    found = [text(one, "skos:notation", "dct:identifier") or one.get("@id") for one in nodes(node, "adms:identifier")]
    found += [one["@value"] for one in node.get("adms:identifier", ()) if "@value" in one]
    found += [node.get("@id"), *(one["@value"] for one in node.get("dct:identifier", ()) if "@value" in one)]
    return tuple(dict.fromkeys(word for word in found if word and word != identifier))


def _parent(node: Any) -> str | None:
    return name(node, "dcat:inSeries", "dct:isPartOf") or next(iter(node.get("@member_of", ())), None)


def _distribution(node: Any) -> Distribution:
    licence, licence_title, _ = facts.licence(node, FactScope.FILE)
    checksum: Any = next(iter(nodes(node, "spdx:checksum")), {})
    return Distribution(
        identifier=node.get("@id") or text(node, "dct:identifier"),
        title=text(node, "dct:title", "rdfs:label", "schema:name"),
        description=text(node, "dct:description", "schema:description"),
        access_url=name(node, "dcat:accessURL") or name(node, "dcat:accessUrl", "schema:url"),
        download_url=name(node, "dcat:downloadURL") or name(node, "dcat:downloadUrl", "schema:contentUrl"),
        format=facts.file_format(node),
        media_type=facts.media_type(node),
        byte_size=text(node, "dcat:byteSize", "schema:contentSize"),
        checksum=text(checksum, "spdx:checksumValue"),
        checksum_algorithm=name(checksum, "spdx:algorithm"),
        licence=licence,
        licence_title=licence_title,
        rights=label_or_name(node, "dct:rights", "dc:rights"),
        issued=facts.date(node, False, "dct:issued", "schema:datePublished"),
        modified=facts.date(node, True, "dct:modified", "schema:dateModified"),
        language=names(node, "dct:language"),
        conforms_to=names(node, "dct:conformsTo"),
        described_by=_described_by(node),
        described_by_type=_described_by_type(node),
        documentation=name(node, "foaf:page"),
        status=name(node, "adms:status"),
        availability=name(node, "dcatap:availability"),
    )


def _services(node: Any) -> tuple[DataService, ...]:
    """Return the services that serve the dataset, and those that its distributions name."""
    found = list(node.get("@services", ()))
    for one in nodes(node, "dcat:distribution", "dcat:distributions"):
        found += nodes(one, "dcat:accessService")
    services: dict[Any, DataService] = {}
    for one in found:
        licence, _, _ = facts.licence(one, FactScope.FILE)
        service = DataService(
            identifier=one.get("@id"),
            title=text(one, "dct:title"),
            description=text(one, "dct:description"),
            endpoint_url=name(one, "dcat:endpointURL"),
            endpoint_description=name(one, "dcat:endpointDescription"),
            licence=licence,
            access_rights=facts.access_rights(one),
            documentation=name(one, "foaf:page"),
            conforms_to=names(one, "dct:conformsTo"),
        )
        services.setdefault(service.identifier or service, service)
    return tuple(services.values())
