"""From the node of a dcat:Dataset to a dataset: a pure mapping.

Properties as in DCAT 2 and 3, DCAT-AP 1 to 3 and their national profiles; and as met: ``dcat:distributions``,
``dct:abstract``, addresses as texts, licences and formats as nodes with a label.
"""

from __future__ import annotations

from typing import Any
from urllib.parse import urljoin

from catalog.model import Contact, DataService, Dataset, Distribution, Publisher
from harvester.spiders.losses import LostRecord
from harvester.spiders.rdf_nodes import RELATIVE
from harvester.spiders.values import email

__all__ = ["identifier_of", "to_dataset"]

_LABELS = ("skos:prefLabel", "dct:title", "foaf:name", "rdfs:label", "vcard:fn", "dc:title", "schema:name")
_AUTHORITY = "publications.europa.eu/resource/authority/"


def to_dataset(node: Any) -> Dataset:
    """The dataset of one node; see :mod:`~harvester.spiders.rdf_nodes` for its form.

    Raises LostRecord where nothing names it.
    """
    node = _resolved(node, node["@base"]) if "@base" in node else node
    identifier = identifier_of(node)
    record = node.get("@record") or {}
    start, end = _period(_first_node(node, "dct:temporal"))
    publisher = _publisher(node)
    licence, licence_title = _licence(node)
    return Dataset(
        identifier=identifier,
        title=_text(node, "dct:title", "dc:title", "rdfs:label", "schema:name"),
        description=_text(node, "dct:description", "dct:abstract", "dc:description", "schema:description"),
        keywords=_texts(node, "dcat:keyword"),
        themes=_names(node, "dcat:theme"),
        publisher=publisher,
        contact=_contact(node),
        licence=licence,
        licence_title=licence_title,
        access_rights=_name(node, "dct:accessRights"),
        rights=_label_or_name(node, "dct:rights"),
        issued=_text(node, "dct:issued"),
        modified=_text(node, "dct:modified"),
        record_modified=_text(record, "dct:modified"),
        frequency=_name(node, "dct:accrualPeriodicity"),
        spatial=_places(node),
        temporal_start=start,
        temporal_end=end,
        language=_names(node, "dct:language", "dc:language"),
        landing_page=_address(node, "dcat:landingPage"),
        conforms_to=_names(node, "dct:conformsTo"),
        applicable_legislation=_names(node, "dcatap:applicableLegislation"),
        hvd_categories=_names(node, "dcatap:hvdCategory"),
        provenance=_label_or_name(node, "dct:provenance"),
        relations=_names(node, "dct:relation"),
        other_identifiers=_other_identifiers(node, identifier),
        documentation=_names(node, "foaf:page"),
        described_by=_name(node, "dcat:describedBy"),
        is_part_of=_parent(node),
        is_series="dcat:DatasetSeries" in node.get("@type", ()) and not _nodes(node, "dcat:distribution"),
        harvested_from=_name(record, "dct:source"),
        distributions=tuple(
            _distribution(one) for one in _nodes(node, "dcat:distribution", "dcat:distributions", "adms:includedAsset")
        ),
        data_services=_services(node),
    )


_ADDRESSES = (
    "dcat:accessURL", "dcat:accessUrl", "dcat:downloadURL", "dcat:downloadUrl", "dcat:landingPage", "foaf:page",
    "foaf:homepage", "dcat:endpointURL", "dcat:endpointDescription", "vcard:hasURL",
    "dcat:distribution", "dcat:distributions", "dcat:inSeries", "dct:isPartOf", "@record", "@services",
)  # fmt: skip


def _resolved(node: Any, base: str, is_address: bool = True) -> Any:
    """A node whose relative IRIs are addresses where addresses stand, and the text that they were elsewhere."""
    if isinstance(node, list):
        return [_resolved(one, base, is_address) for one in node]
    if not isinstance(node, dict):
        return node
    found = {}
    for key, value in node.items():
        if key == "@id" and value.startswith(RELATIVE):
            text = value.removeprefix(RELATIVE)
            found[key] = urljoin(base, text) if is_address else text
        elif key == "@member_of":
            found[key] = [urljoin(base, one.removeprefix(RELATIVE)) for one in value]
        else:
            is_plain = key.startswith("@") and key not in _ADDRESSES
            found[key] = value if is_plain else _resolved(value, base, key in _ADDRESSES)
    return found


def identifier_of(node: Any) -> str:
    """What names a dataset: its IRI; for a blank node its dct:identifier or landing page. Raises LostRecord.

    A dct:identifier is often that of several datasets, and would name others overnight.
    """
    found = node.get("@id") or _text(node, "dct:identifier", "dc:identifier") or _address(node, "dcat:landingPage")
    if found is None:
        raise LostRecord(
            "the dataset has neither dct:identifier nor IRI nor landing page",
            "give every dataset an IRI that never changes",
        )
    return str(found)


def _values(node: Any, *names: str) -> list[Any]:
    """The values of the first of some properties that is there."""
    for name in names:
        if found := node.get(name):
            return list(found)
    return []


def _nodes(node: Any, *names: str) -> list[Any]:
    """The values of all of some properties that are nodes."""
    return [one for name in names for one in node.get(name, ()) if "@value" not in one]


def _first_node(node: Any, name: str) -> Any:
    found = _nodes(node, name)
    return found[0] if found else {}


def _chosen(literals: list[Any]) -> str | None:
    """Of several texts the one without language, else the English, else the first."""
    texts: dict[str, str] = {
        one.get("@language", ""): one["@value"] for one in reversed(literals) if one["@value"].strip()
    }
    if not texts:
        return None
    english = next((texts[key] for key in sorted(texts) if key.lower().startswith("en")), None)
    return texts.get("") or english or texts[min(texts)]


def _text(node: Any, *names: str) -> str | None:
    """A text; an IRI where one stands in its place."""
    for name in names:
        values = node.get(name, ())
        found = _chosen([one for one in values if "@value" in one])
        found = found or next((_label(one) or one.get("@id") for one in values if "@value" not in one), None)
        if found:
            return str(found)
    return None


def _texts(node: Any, name: str) -> tuple[str, ...]:
    values = node.get(name, ())
    found = [one["@value"] if "@value" in one else _label(one) or one.get("@id") for one in values]
    return tuple(dict.fromkeys(word for word in found if word and word.strip()))


def _label(node: Any) -> str | None:
    """The name of a node, in words."""
    for name in _LABELS:
        if found := _chosen([one for one in node.get(name, ()) if "@value" in one]):
            return found
    return None


def _names(node: Any, *names: str) -> tuple[str, ...]:
    """What the values are called: by IRI where they have one, else by label or text."""
    found = []
    for one in _values(node, *names):
        if "@value" in one:
            found.append(one["@value"])
        else:
            found.append(one.get("@id") or _label(one) or _text(one, "rdf:value", "dct:identifier", "skos:notation"))
    return tuple(dict.fromkeys(word for word in found if word and word.strip()))


def _name(node: Any, *names: str) -> str | None:
    found = _names(node, *names)
    return found[0] if found else None


def _label_or_name(node: Any, name: str) -> str | None:
    """A statement: its words where it has some, else its IRI."""
    return next((label for one in _nodes(node, name) if (label := _label(one))), None) or _text(node, name)


def _address(node: Any, *names: str) -> str | None:
    """An address: an IRI, or a text in its place."""
    return _name(node, *names)


def _licence(node: Any) -> tuple[str | None, str | None]:
    """Address and name. Some portals put the licence under dct:rights, or give it as a node with a page."""
    for one in _values(node, "dct:license", "dcat:license"):
        if "@value" in one:
            if one["@value"].strip():
                return one["@value"], None
            continue
        label = _label(one) or _text(one, "dct:identifier")
        address = one.get("@id") or _name(one, "foaf:page", "foaf:homepage", "dct:source", "rdfs:seeAlso")
        if address or label:
            return address or label, label if address else None
    return None, None


def _publisher(node: Any) -> Publisher | None:
    for one in _values(node, "dct:publisher", "dct:creator", "schema:publisher"):
        if "@value" in one:
            if one["@value"].strip():
                return Publisher(name=one["@value"])
            continue
        name = _label(one) or _text(one, "vcard:organization-name") or one.get("@id")
        if name:
            above = _first_node(one, "org:subOrganizationOf")
            return Publisher(
                name=name,
                identifier=one.get("@id") or _text(one, "dct:identifier"),
                email=email(_name(one, "foaf:mbox", "vcard:hasEmail")),
                url=_address(one, "foaf:homepage", "vcard:hasURL"),
                parent=_label(above),
            )
    return None


def _contact(node: Any) -> Contact | None:
    for one in _values(node, "dcat:contactPoint", "adms:contactPoint"):
        if "@value" in one:
            return Contact(name=one["@value"])
        mail = _text(_first_node(one, "vcard:hasEmail"), "vcard:value", "rdf:value")
        contact = Contact(
            name=_text(one, "vcard:fn", "vcard:hasFN", "vcard:organization-name", "foaf:name"),
            email=email(mail or _name(one, "vcard:hasEmail", "vcard:email", "foaf:mbox")),
            url=_address(one, "vcard:hasURL", "foaf:page"),
        )
        if contact != Contact():
            return contact
    return None


def _period(period: Any) -> tuple[str | None, str | None]:
    def end(*names: str) -> str | None:
        if found := _text(period, *(name for name in names if not name.startswith("time:"))):
            return found
        instant: Any = next((one for name in names if name.startswith("time:") for one in _nodes(period, name)), {})
        return _text(instant, "time:inXSDDate", "time:inXSDDateTime", "time:inXSDDateTimeStamp", "time:inXSDgYear")

    start = end("dcat:startDate", "schema:startDate", "dcatapit:startDate", "time:hasBeginning")
    return start, end("dcat:endDate", "schema:endDate", "dcatapit:endDate", "time:hasEnd")


def _places(node: Any) -> tuple[str, ...]:
    found = []
    for one in node.get("dct:spatial", ()):
        if "@value" in one:
            found.append(one["@value"])
            continue
        shape = _text(one, "dcat:bbox", "dcat:centroid", "locn:geometry", "locn:geographicName")
        found.append(one.get("@id") or _label(one) or shape)
    return tuple(dict.fromkeys(word for word in found if word and word.strip()))


def _other_identifiers(node: Any, identifier: str) -> tuple[str, ...]:
    found = [_text(one, "skos:notation", "dct:identifier") or one.get("@id") for one in _nodes(node, "adms:identifier")]
    found += [one["@value"] for one in node.get("adms:identifier", ()) if "@value" in one]
    found += [node.get("@id"), *(one["@value"] for one in node.get("dct:identifier", ()) if "@value" in one)]
    return tuple(dict.fromkeys(word for word in found if word and word != identifier))


def _parent(node: Any) -> str | None:
    return _name(node, "dcat:inSeries", "dct:isPartOf") or next(iter(node.get("@member_of", ())), None)


def _distribution(node: Any) -> Distribution:
    licence, licence_title = _licence(node)
    checksum = _first_node(node, "spdx:checksum")
    return Distribution(
        identifier=node.get("@id") or _text(node, "dct:identifier"),
        title=_text(node, "dct:title", "rdfs:label"),
        description=_text(node, "dct:description"),
        access_url=_address(node, "dcat:accessURL", "dcat:accessUrl"),
        download_url=_address(node, "dcat:downloadURL", "dcat:downloadUrl"),
        format=_format(node),
        media_type=_code(node, "dcat:mediaType"),
        byte_size=_text(node, "dcat:byteSize"),
        checksum=_text(checksum, "spdx:checksumValue"),
        checksum_algorithm=_name(checksum, "spdx:algorithm"),
        licence=licence,
        licence_title=licence_title,
        rights=_label_or_name(node, "dct:rights"),
        issued=_text(node, "dct:issued"),
        modified=_text(node, "dct:modified"),
        language=_names(node, "dct:language"),
        conforms_to=_names(node, "dct:conformsTo"),
        described_by=_name(node, "dcat:describedBy"),
        documentation=_name(node, "foaf:page"),
        status=_name(node, "adms:status"),
        availability=_name(node, "dcatap:availability"),
    )


def _format(node: Any) -> str | None:
    """The format as named: its IRI where it is one of the EU's authority, else its label or text."""
    for one in node.get("dct:format", ()):
        if "@value" in one:
            if one["@value"].strip():
                return str(one["@value"])
            continue
        iri, label = one.get("@id"), _label(one) or _text(one, "rdf:value")
        if found := iri if iri and (_AUTHORITY in iri or not label) else label:
            return str(found)
    return None


def _code(node: Any, name: str) -> str | None:
    """A media type, by IRI, label or text."""
    for one in node.get(name, ()):
        found = one.get("@value") or one.get("@id") or _label(one)
        if found:
            return str(found)
    return None


def _services(node: Any) -> tuple[DataService, ...]:
    """The services that serve the dataset, and those its distributions name."""
    found = list(node.get("@services", ()))
    for one in _nodes(node, "dcat:distribution", "dcat:distributions"):
        found += _nodes(one, "dcat:accessService")
    services: dict[Any, DataService] = {}
    for one in found:
        licence, _ = _licence(one)
        service = DataService(
            identifier=one.get("@id"),
            title=_text(one, "dct:title"),
            description=_text(one, "dct:description"),
            endpoint_url=_address(one, "dcat:endpointURL"),
            endpoint_description=_name(one, "dcat:endpointDescription"),
            licence=licence,
            access_rights=_name(one, "dct:accessRights"),
            documentation=_name(one, "foaf:page"),
            conforms_to=_names(one, "dct:conformsTo"),
        )
        services.setdefault(service.identifier or service, service)
    return tuple(services.values())
