"""Map Dublin Core in XML (csw:Record and similar, oai_dc) to a dataset.

The meaning of a date depends on the protocol. In a catalogue service (OGC 07-006, 10.2.5.3), ``dct:modified`` and
``dc:date`` are dates of the catalogue's *record*. In OAI-PMH, ``dc:date`` belongs to the resource, and only a single
date can be taken as the date of issue.
"""

from __future__ import annotations

import re

from lxml import etree

from catalog.model import DataService, Dataset, Distribution, Publisher
from harvester.facts.values import first
from harvester.spiders.base.losses import LostRecord
from harvester.spiders.base.service_links import service_of
from harvester.spiders.documents.iso_constraints import StatedConstraint, by_content, is_of_access
from harvester.spiders.documents.iso_distributions import is_media_type
from harvester.spiders.documents.xml_reading import attribute, find_all, value, values

__all__ = ["from_csw", "from_oai", "is_dataset"]

_DATASET = re.compile(r"(?i)data[\s_-]*set|c_ddb1\b|^(series|data|downloadableData|liveData)$|/series$")
"""Match words for a dataset in DCMI, DataCite, ISO 19115 and COAR (c_ddb1)."""
_ACCESS = re.compile(r"info:eu-repo/semantics/\w+Access|https?://purl\.org/coar/access_right/")
"""Match OpenAIRE's access rights, which say who may see the data."""
_CODES = ("otherRestrictions", "license", "licence")
"""ISO 19115 codes that stand in dc:rights when a conversion has lost the text that belongs to them."""


_NO_FIELD = ("contact", "contact_email", "contact_url", "frequency", "temporal_start", "temporal_end", "byte_size")
"""Facts that Dublin Core has no element for, or that conversions to it leave out."""
_LOST_BY_CATALOGUES = ("licence", "issued", "modified", "distributions", "format", "media_type", "provenance")
"""Further facts that catalogues of ISO records lose in csw:Record; its dates are the record's."""
_LOST_BY_REPOSITORIES = ("modified", "distributions", "download_url", "format", "media_type")


def is_dataset(kinds: tuple[str, ...]) -> bool:
    """Return whether a record with the types ``kinds`` describes a dataset; also True if it states no type."""
    return not kinds or any(_DATASET.search(kind) for kind in kinds)


def from_csw(record: etree._Element) -> Dataset:
    """Return the dataset that ``record``, a csw:Record element, describes; raise LostRecord if it has no
    ``dc:identifier``.
    """
    own = values(record, "identifier")
    if not own:
        raise LostRecord(
            "the record has no dc:identifier", "give every record an identifier that never changes", "/identifier"
        )
    return _dataset(
        record,
        own[0],
        own[1:],
        issued=value(record, "issued"),
        modified=None,
        record_modified=first(value(record, "modified"), value(record, "date")),
        lost=_LOST_BY_CATALOGUES,
    )


def from_oai(metadata: etree._Element, identifier: str, stamp: str | None) -> Dataset:
    """Return the dataset that ``metadata``, an oai_dc element, describes.

    ``identifier`` and ``stamp`` (the date of the record, or None) come from the header of the OAI-PMH record.
    """
    dates = values(metadata, "date")
    return _dataset(
        metadata,
        identifier,
        tuple(one for one in values(metadata, "identifier") if one != identifier),
        issued=first(value(metadata, "issued"), dates[0] if len(dates) == 1 else None),
        modified=value(metadata, "modified"),
        record_modified=stamp,
        lost=_LOST_BY_REPOSITORIES,
    )


def _dataset(
    record: etree._Element,
    identifier: str,
    others: tuple[str, ...],
    *,
    issued: str | None,
    modified: str | None,
    record_modified: str | None,
    lost: tuple[str, ...],
) -> Dataset:
    publisher = value(record, "publisher")
    stated = [*values(record, "license"), *values(record, "rights")]
    access = [one for one in stated if _ACCESS.match(one) or is_of_access(StatedConstraint(None, one))]
    licences = [_said(one) for one in stated if one not in access and one not in _CODES]
    licences.sort(key=lambda one: one.link is None)
    codes = [one for one in stated if one in _CODES]
    legal = by_content(licences, [], [], [], codes)
    links, services = _links(record)
    pages = [one for one in others if re.match(r"https?://", one)]
    return Dataset(
        identifier=identifier,
        title=value(record, "title"),
        description=first(value(record, "abstract"), value(record, "description")),
        keywords=values(record, "subject"),
        publisher=Publisher(name=publisher) if publisher else None,
        licence=legal.licence,
        access_rights=first(value(record, "accessRights"), *access),
        rights=legal.rights,
        issued=issued,
        modified=modified,
        record_modified=record_modified,
        frequency=value(record, "accrualPeriodicity"),
        spatial=(*_boxes(record), *values(record, "spatial"), *values(record, "coverage")),
        language=values(record, "language"),
        landing_page=pages[0] if pages else None,
        conforms_to=values(record, "conformsTo"),
        provenance=value(record, "provenance"),
        relations=(*values(record, "relation"), *values(record, "source")),
        other_identifiers=others,
        is_part_of=value(record, "isPartOf"),
        not_carried=(*_NO_FIELD, *lost),
        distributions=links,
        data_services=services,
    )


def _boxes(record: etree._Element) -> tuple[str, ...]:
    """Return boxes by lower and upper corner, with the axes in the order of the record."""
    found = []
    for box in find_all(record, "BoundingBox"):
        corners = [value(box, "LowerCorner"), value(box, "UpperCorner")]
        if all(corners):
            found.append(",".join(" ".join(map(str, corners)).split()))
    return tuple(found)


def _said(words: str) -> StatedConstraint:
    return (
        StatedConstraint(words, None) if re.fullmatch(r"https?://\S+", words.strip()) else StatedConstraint(None, words)
    )


def _links(record: etree._Element) -> tuple[tuple[Distribution, ...], tuple[DataService, ...]]:
    """Return the distributions and data services of a record.

    They come from ``dct:references`` with a scheme and from GeoNetwork's ``dc:URI`` with a protocol. A stated format is
    used only if there is a single link.
    """
    formats, links = values(record, "format"), [*find_all(record, "references"), *find_all(record, "URI")]
    only = formats[0] if len(formats) == 1 and len(links) == 1 else None
    found: dict[tuple[str | None, str | None], Distribution] = {}
    services: dict[tuple[str, str | None], DataService] = {}
    for link in links:
        url, protocol = value(link), attribute(link, "scheme", "protocol")
        # A reference may be prose. An address without scheme is kept, so that the fault stays visible.
        if url is None or not re.match(r"(?i)\w+:|\S*\w\.\w{2,}\S*$", url):
            continue
        if (service := service_of(protocol, url)) is not None:
            named = DataService(
                title=attribute(link, "name"),
                description=attribute(link, "description"),
                endpoint_url=url,
                conforms_to=(service,),
            )
            services.setdefault((url, named.title), named)
            continue
        is_file = re.search(r"(?i)download", protocol or "") is not None
        declared = None if is_media_type(protocol) else only
        one = Distribution(
            title=attribute(link, "name"),
            description=attribute(link, "description"),
            access_url=url,
            download_url=url if is_file else None,
            format=None if is_media_type(declared) else declared,
            media_type=first(
                protocol if is_media_type(protocol) else None, declared if is_media_type(declared) else None
            ),
        )
        found.setdefault((url, one.title), one)
    return tuple(found.values()), tuple(services.values())
