"""Map a DCAT-US 3 dataset to a dataset; no request is made.

Schema: GSA, dcat-us3-tools (JSON Schema and JSON-LD context). The format is JSON-LD: nearly every value may be a text,
a node with an IRI, a node with a label, or a list of these. Keys may have prefixes. Beside a text there may be a
``...Map`` with its translations.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from catalog.model import Contact, DataService, Dataset, Distribution, Publisher
from harvester.facts import periods, span, worded_values
from harvester.facts.candidates import Candidate, FactScope
from harvester.facts.choice import choose
from harvester.facts.values import email, first, text
from harvester.spiders.base.losses import LostRecord
from harvester.spiders.dcat_us.record import keywords_of
from harvester.spiders.rdf.facts import is_open_licence, most_specific

__all__ = ["identifier_of", "plain_keys", "reference", "to_dataset"]

_MOST_LEVELS = 10
_WORDS = ("prefLabel", "label", "name", "title", "fn", "licenseText", "attributionText", "restrictionNote", "notation")


def plain_keys(node: dict[str, Any]) -> dict[str, Any]:
    """Return the JSON-LD object ``node`` with the namespace prefixes removed from its keys; keywords ("@id") stay.

    >>> plain_keys({"dct:title": "Trees"})
    {'title': 'Trees'}
    """
    return {key if key.startswith("@") else key.rpartition(":")[2]: value for key, value in node.items()}


def reference(value: Any) -> str | None:
    """Return the IRI (``@id`` or ``id``) of ``value``, a JSON-LD object, or ``value`` itself if it is a text; None if
    there is none.
    """
    if isinstance(value, dict):
        return text(value.get("@id")) or text(value.get("id"))
    return text(value) if isinstance(value, str) else None


def identifier_of(node: dict[str, Any]) -> str | None:
    """Return the identifier of the dataset ``node``, a JSON-LD object; None if it has none.

    It is the value of ``identifier`` (of an object, its IRI or else its label), else ``@id``.
    """
    return _name(node.get("identifier")) or reference(node)


def to_dataset(raw: Any, languages: Sequence[str | None] = ()) -> Dataset:
    """Map a DCAT-US 3 dataset to a :class:`Dataset`.

    ``raw``: the JSON object, with keys without prefixes. What the document says about the dataset elsewhere may stand
    in it under "@record" (its catalogue record), "@services" and "@series" (True for a series). ``languages``: the
    portal's language codes, the preferred one first. The identifier is that of the record, else its ``@id``, else its
    landing page. Raise LostRecord if it has none of these or is no object.
    """
    if not isinstance(raw, dict):
        raise LostRecord("the record is not an object", "ask the publisher to fix the record", value=raw)
    identifier = identifier_of(raw) or _name(raw.get("landingPage"))
    if identifier is None:
        raise LostRecord(
            "the dataset has neither identifier nor @id",
            "give every dataset an identifier that never changes",
            "/identifier",
        )
    own_id = reference(raw)
    start, end = span(periods(raw.get("temporal")))
    words = worded_values(
        [raw.get("title"), raw.get("titleMap")],
        [raw.get("description"), raw.get("descriptionMap")],
        [list(keywords_of(raw.get("keyword"))), raw.get("keywordMap")],
        languages,
    )
    distributions = tuple(_distribution(one) for one in _nodes(raw.get("distribution")))
    return Dataset(
        identifier=identifier,
        title=words.title,
        description=words.description,
        keywords=words.keywords,
        translations=words.translations,
        themes=_names(raw.get("theme")) or _names(raw.get("subject")),
        publisher=_publisher(raw.get("publisher")),
        contact=_contact(raw.get("contactPoint")),
        licence=_licence(raw, FactScope.DATASET),
        access_rights=_name(raw.get("accessRights")) or text(raw.get("accessLevel")),
        rights=_label(raw.get("rights")),
        issued=text(raw.get("issued")),
        modified=text(raw.get("modified")),
        record_modified=text((raw.get("@record") or {}).get("modified")),
        frequency=_name(raw.get("accrualPeriodicity")),
        spatial=_places(raw.get("spatial")),
        temporal_start=start,
        temporal_end=end,
        language=_names(raw.get("language")),
        landing_page=_name(raw.get("landingPage")),
        conforms_to=_names(raw.get("conformsTo")),
        provenance=_label(raw.get("provenance")),
        relations=_names(raw.get("relation")),
        other_identifiers=tuple(
            one for one in (own_id, *_labels(raw.get("otherIdentifier"))) if one and one != identifier
        ),
        documentation=_names(raw.get("page")),
        described_by=_file(raw.get("describedBy")),
        described_by_type=first(raw.get("describedByType"), _node(raw.get("describedBy")).get("mediaType")),
        is_part_of=first(raw.get("inSeries"), _name(raw.get("isPartOf"))),
        is_series=bool(raw.get("@series")) and not distributions,
        harvested_from=_name((raw.get("@record") or {}).get("source")),
        distributions=distributions,
        data_services=_services(raw),
    )


def _nodes(value: Any) -> list[dict[str, Any]]:
    found = value if isinstance(value, list) else [value]
    return [plain_keys(one) for one in found if isinstance(one, dict)]


def _node(value: Any) -> dict[str, Any]:
    found = _nodes(value)
    return found[0] if found else {}


def _words(node: dict[str, Any], name: str) -> str | None:
    """Return a text, or the one in its language map."""
    return first(node.get(name), node.get(f"{name}Map"))


def _label(value: Any) -> str | None:
    """Return a node's label, else its IRI; a text as it is."""
    for one in value if isinstance(value, list) else [value]:
        if isinstance(one, dict):
            node = plain_keys(one)
            found = first(*(_words(node, name) for name in _WORDS), reference(node), node.get("@value"))
        else:
            found = text(one)
        if found:
            return found
    return None


def _labels(value: Any) -> tuple[str, ...]:
    found = [_label(one) for one in (value if isinstance(value, list) else [value])]
    return tuple(one for one in found if one)


def _name(value: Any) -> str | None:
    """Return a node's IRI, else its label."""
    for one in value if isinstance(value, list) else [value]:
        if found := reference(one) or _label(one):
            return found
    return None


def _names(value: Any) -> tuple[str, ...]:
    found = [_name(one) for one in (value if isinstance(value, list) else [value])]
    return tuple(dict.fromkeys(one for one in found if one))


def _file(value: Any) -> str | None:
    """Return the address of a description, which may be given as a whole distribution."""
    node = _node(value)
    return first(_name(node.get("downloadURL")), _name(node.get("accessURL"))) or _name(value)


def _publisher(value: Any) -> Publisher | None:
    for one in value if isinstance(value, list) else [value]:
        node = _node(one)
        if name := first(node.get("name")) or _label(one):
            above = _above(node.get("subOrganizationOf"))
            return Publisher(
                name=name, identifier=reference(node), parent=above[0] if above else None, ancestors=above[1:]
            )
    return None


def _above(value: Any) -> tuple[str, ...]:
    """Return the names of the organisations above one, the nearest first."""
    names: list[str] = []
    while (name := _label(value)) is not None and len(names) < _MOST_LEVELS:
        names.append(name)
        value = _node(value).get("subOrganizationOf")
    return tuple(names)


def _contact(value: Any) -> Contact | None:
    node = _node(value)
    contact = Contact(
        name=first(_words(node, "fn"), node.get("organization-name"), None if node else text(value)),
        email=email(_name(node.get("hasEmail"))),
        url=_name(node.get("hasURL")),
    )
    return contact if contact != Contact() else None


def _places(value: Any) -> tuple[str, ...]:
    found = []
    for one in value if isinstance(value, list) else [value]:
        node = _node(one)
        shape = first(node.get("bbox"), node.get("centroid"), node.get("geometry"))
        found.append(first(_words(node, "prefLabel"), reference(one), shape) or _label(one))
    return tuple(one for one in found if one)


def _licence(node: dict[str, Any], scope: FactScope) -> str | None:
    """Return the licence; open terms among the rights count if no licence, or no known one, is stated."""
    rights = [*_names(node.get("rights")), *_labels(node.get("rights")), *_names(node.get("accessRights"))]
    found = [Candidate("licence", one, "license", scope) for one in _names(node.get("license"))]
    found += [Candidate("licence", one, "rights", scope, rank=10) for one in rights if is_open_licence(one)]
    chosen = choose("licence", found)
    return chosen.text if chosen else None


def _distribution(node: dict[str, Any]) -> Distribution:
    checksum = _node(node.get("checksum"))
    download = _name(node.get("downloadURL"))
    return Distribution(
        identifier=first(_name(node.get("identifier")), reference(node)),
        title=_words(node, "title"),
        description=_words(node, "description"),
        access_url=_name(node.get("accessURL")) or download,
        download_url=download,
        format=most_specific(list(_labels(node.get("format"))), (download, *_names(node.get("mediaType")))),
        media_type=most_specific(list(_names(node.get("mediaType"))), (download, *_labels(node.get("format")))),
        byte_size=text(node.get("byteSize")),
        checksum=text(checksum.get("checksumValue")),
        checksum_algorithm=_name(checksum.get("algorithm")),
        licence=_licence(node, FactScope.FILE),
        rights=_label(node.get("rights")),
        issued=text(node.get("issued")),
        modified=text(node.get("modified")),
        language=_names(node.get("language")),
        conforms_to=_names(node.get("conformsTo")),
        described_by=_file(node.get("describedBy")),
        described_by_type=first(node.get("describedByType"), _node(node.get("describedBy")).get("mediaType")),
        documentation=_name(node.get("page")),
        status=_name(node.get("status")),
        availability=_name(node.get("availability")),
    )


def _services(raw: dict[str, Any]) -> tuple[DataService, ...]:
    found = [plain_keys(one) for one in raw.get("@services") or ()]
    for part in _nodes(raw.get("distribution")):
        found += _nodes(part.get("accessService"))
    services: dict[Any, DataService] = {}
    for node in found:
        service = DataService(
            identifier=first(_name(node.get("identifier")), reference(node)),
            title=_words(node, "title"),
            description=_words(node, "description"),
            endpoint_url=_name(node.get("endpointURL")),
            endpoint_description=_name(node.get("endpointDescription")),
            licence=_name(node.get("license")),
            access_rights=_name(node.get("accessRights")),
            documentation=_name(node.get("page")),
            conforms_to=_names(node.get("conformsTo")),
        )
        services.setdefault(service.identifier or service, service)
    return tuple(services.values())
