"""Map DataCite's XML (oai_datacite, kernel 3 and 4) to a dataset; no request is made.

Dates state their meaning: "Issued" and "Available" are the date of issue, "Updated" is the data's last change. The year
of publication is the date of issue if no other is given. Formats and sizes have no addresses, so they give no
distribution.
"""

from __future__ import annotations

import re

from lxml import etree

from catalog.model import Contact, Dataset, Publisher
from harvester.facts.values import first
from harvester.spiders.documents.xml_reading import attribute, find, find_all, local, value, values

__all__ = ["is_dataset", "to_dataset"]

_KINDS = ("dataset", "datapaper", "collection")


def _resource(said: etree._Element) -> etree._Element | None:
    return said if local(said) == "resource" else find(said, "payload/resource")


def is_dataset(said: etree._Element) -> bool:
    """Return whether ``said``, an oai_datacite or resource element, describes a dataset, data paper or collection.

    The general resource type decides; a record without one counts as a dataset.
    """
    kind = attribute(find(_resource(said), "resourceType"), "resourceTypeGeneral")
    return kind is None or kind.lower() in _KINDS


def to_dataset(said: etree._Element, identifier: str) -> Dataset:
    """Return the dataset that ``said``, an oai_datacite or resource element, describes.

    ``identifier`` is that of the record in the repository; the DOI becomes a further identifier.
    """
    resource = _resource(said)
    dates = {attribute(date, "dateType"): value(date) for date in find_all(resource, "dates/date")}
    doi = value(resource, "identifier")
    licence, licence_title, access = _rights(resource)
    start, _, end = (dates.get("Collected") or "").partition("/")
    related = [
        (attribute(one, "relationType"), value(one))
        for one in find_all(resource, "relatedIdentifiers/relatedIdentifier")
    ]
    publisher = value(resource, "publisher")
    people = find_all(resource, "contributors/contributor")
    contact = [value(one, "contributorName") for one in people if attribute(one, "contributorType") == "ContactPerson"]
    others = (doi, *values(resource, "alternateIdentifiers/alternateIdentifier"))
    return Dataset(
        identifier=identifier,
        title=_main(resource, "titles/title", "titleType"),
        description=first(
            *(
                value(one)
                for one in find_all(resource, "descriptions/description")
                if attribute(one, "descriptionType") in ("Abstract", None)
            ),
            value(resource, "descriptions/description"),
        ),
        keywords=values(resource, "subjects/subject"),
        publisher=Publisher(name=publisher) if publisher else None,
        contact=Contact(name=first(*contact)) if first(*contact) else None,
        licence=licence,
        licence_title=licence_title,
        access_rights=access,
        issued=first(dates.get("Issued"), dates.get("Available"), value(resource, "publicationYear")),
        modified=dates.get("Updated"),
        spatial=_places(resource),
        temporal_start=start.strip() or None,
        temporal_end=end.strip() or None,
        language=values(resource, "language"),
        landing_page=_page(doi, resource),
        relations=tuple(dict.fromkeys(name for kind, name in related if name and kind != "IsPartOf")),
        other_identifiers=tuple(dict.fromkeys(one for one in others if one and one != identifier)),
        is_part_of=next((name for kind, name in related if kind == "IsPartOf" and name), None),
    )


def _main(resource: etree._Element | None, path: str, kind: str) -> str | None:
    """Return the main text, which is neither a subtitle nor a translation."""
    found = find_all(resource, path)
    return first(*(value(one) for one in found if attribute(one, kind) is None), *(value(one) for one in found))


def _rights(resource: etree._Element | None) -> tuple[str | None, str | None, str | None]:
    """Return the licence, its name, and the access rights."""
    licences, access = [], None
    for one in find_all(resource, "rightsList/rights"):
        link, words = attribute(one, "rightsURI"), value(one)
        if re.match(r"info:eu-repo/semantics/\w+Access", link or words or ""):
            access = access or link or words
        elif link or words:
            licences.append((link or words, first(attribute(one, "rightsIdentifier"), words) if link else None))
    licence, title = licences[0] if licences else (None, None)
    return licence, title, access


def _places(resource: etree._Element | None) -> tuple[str, ...]:
    """Return places: names as written, boxes as "west,south,east,north"."""
    found = list(values(resource, "geoLocations/geoLocation/geoLocationPlace"))
    for box in find_all(resource, "geoLocations/geoLocation/geoLocationBox"):
        names = ("westBoundLongitude", "southBoundLatitude", "eastBoundLongitude", "northBoundLatitude")
        sides = [value(box, name) for name in names]
        if all(sides):
            found.append(",".join(map(str, sides)))
        elif words := value(box):
            found.append(words)
    return tuple(dict.fromkeys(found))


def _page(doi: str | None, resource: etree._Element | None) -> str | None:
    if doi and re.match(r"https?://", doi):
        return doi
    kind = (attribute(find(resource, "identifier"), "identifierType") or "").upper()
    return f"https://doi.org/{doi}" if doi and kind == "DOI" else None
