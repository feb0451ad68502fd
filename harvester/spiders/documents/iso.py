"""Map an ISO 19139 record (gmd, gmi) or an ISO 19115-3 record (mdb) to a dataset.

Both are read by local names. The rules follow GeoDCAT-AP 2.0 where it has one. ``dateStamp`` is the *record's* date;
publication and revision in the citation are the data's dates; a missing revision stays missing. Constraints on use are
the licence, constraints on access are the access rights. INSPIRE writes both as text, as an anchor with an address, and
in Germany as JSON in a text; all are stored as written.
"""

from __future__ import annotations

import re
from collections.abc import Sequence

from lxml import etree

from catalog.model import Dataset
from catalog.vocabulary import language_code
from harvester.facts.languages import MultilingualText, worded
from harvester.facts.values import first
from harvester.spiders.base.losses import LostRecord
from harvester.spiders.base.service_links import service_of
from harvester.spiders.documents.iso_constraints import constraints
from harvester.spiders.documents.iso_distributions import Links, links_of
from harvester.spiders.documents.iso_parties import contact_of, parties_of, publisher_of
from harvester.spiders.documents.iso_text import code, codes, href, iso_text, localised, own_text
from harvester.spiders.documents.xml_reading import attribute, find, find_all, value, values

__all__ = ["KEPT_LEVELS", "is_dataset", "to_dataset"]

KEPT_LEVELS = ("dataset", "series", "nongeographicdataset")
"""Scopes that are datasets, in lower case; by the standard's default, a record without a scope is one too."""
ISSUED = ("publication", "released")
REVISED = ("revision", "lastRevision", "lastUpdate")


_LOST_BY_PYCSW = (
    "licence", "access_rights", "rights", "publisher", "contact", "contact_email", "contact_url", "frequency",
    "temporal_start", "temporal_end", "provenance", "format", "media_type", "byte_size", "relations",
)  # fmt: skip
"""Facts that pycsw leaves out when it converts another record to ISO: constraints, roles, maintenance, formats."""


def levels(record: etree._Element) -> list[str]:
    """Return what the ISO ``record`` states that it describes, such as ["dataset"] or ["service"]; [] if nothing.

    The codes are in lower case and without spaces.
    """
    found = [
        *codes(record, "hierarchyLevel/MD_ScopeCode"),
        *codes(record, "metadataScope/MD_MetadataScope/resourceScope/MD_ScopeCode"),
    ]
    return [re.sub(r"[^a-z]", "", level.lower()) for level in found if level]


def is_dataset(record: etree._Element) -> bool:
    """Return whether the ISO ``record`` describes a dataset or a series.

    A record that does not state what it describes is taken as a dataset, unless it describes a service.
    """
    said = levels(record)
    if said:
        return any(level in KEPT_LEVELS for level in said)
    return find(record, "identificationInfo/SV_ServiceIdentification") is None


def identity(record: etree._Element) -> str | None:
    """Return the identifier of the ISO ``record``; None if it has none.

    It is ``fileIdentifier`` in ISO 19139 and ``metadataIdentifier`` in ISO 19115-3.
    """
    return first(iso_text(record, "fileIdentifier"), iso_text(record, "metadataIdentifier/MD_Identifier/code"))


def to_dataset(record: etree._Element, default_id: str | None = None, languages: Sequence[str | None] = ()) -> Dataset:
    """Return the dataset that ``record``, the root element of an ISO record, describes.

    ``default_id`` identifies a record without identifier; raise LostRecord if it is None as well. ``languages`` are
    language codes, the portal's first; texts in the first one that occurs become title and description.
    """
    own = identity(record)
    identifier = own or default_id
    if identifier is None:
        raise LostRecord(
            "the record has no fileIdentifier", "give every record an identifier that never changes", "/fileIdentifier"
        )
    about = find(record, "identificationInfo/*")
    cited = find(about, "citation/CI_Citation")
    parties = parties_of(record, about, cited)
    said = _worded(record, about, cited, languages)
    legal = constraints(about)
    start, end = _period(about)
    links = links_of(record)
    data_uri = iso_text(record, "dataSetURI")
    related = _related(about)
    return Dataset(
        identifier=identifier,
        title=said.title,
        description=said.description,
        keywords=said.keywords,
        translations=said.translations,
        themes=values(about, "topicCategory/MD_TopicCategoryCode"),
        publisher=publisher_of(parties),
        contact=contact_of(parties, record),
        licence=legal.licence,
        licence_title=legal.licence_title,
        access_rights=legal.access_rights,
        rights=legal.rights,
        issued=_date(cited, ISSUED),
        modified=_date(cited, REVISED),
        record_modified=_record_date(record),
        frequency=_frequency(about),
        spatial=_spatial(about),
        temporal_start=start,
        temporal_end=end,
        language=_languages(about),
        landing_page=_landing_page(record, data_uri, links),
        conforms_to=_conformance(record),
        # By the guidance on high-value datasets, both are keywords with an address.
        applicable_legislation=_keyword_links(about, "/eli/"),
        hvd_categories=_keyword_links(about, "/bna/"),
        provenance=first(
            iso_text(record, "dataQualityInfo/DQ_DataQuality/lineage/LI_Lineage/statement"),
            iso_text(record, "resourceLineage/LI_Lineage/statement"),
        ),
        relations=related[1],
        other_identifiers=_other_identifiers(cited, data_uri, identifier),
        documentation=links.documentation,
        is_part_of=first(_parent(record), related[0]),
        not_carried=_LOST_BY_PYCSW if _is_made_by_pycsw(record, about) else (),
        is_series="series" in levels(record) and not links.files and not links.services,
        distributions=links.files,
        data_services=links.services,
    )


def _keyword_links(about: etree._Element | None, part: str) -> tuple[str, ...]:
    """Return the addresses of keywords that contain ``part``."""
    links = (href(one) for one in find_all(about, "descriptiveKeywords/MD_Keywords/keyword"))
    return tuple(dict.fromkeys(link for link in links if link and part in link))


# Texts


def _worded(
    record: etree._Element, about: etree._Element | None, cited: etree._Element | None, languages: Sequence[str | None]
) -> MultilingualText:
    """Return title, abstract and keywords in all languages of the record."""
    title, abstract = find(cited, "title"), find(about, "abstract")
    listed = find_all(about, "descriptiveKeywords/MD_Keywords/keyword")
    if not any(find(one, "PT_FreeText") is not None for one in (title, abstract, *listed)):
        words = tuple(dict.fromkeys(found for one in listed if (found := iso_text(one))))
        return MultilingualText(iso_text(title), iso_text(abstract), words, {})
    own, locales = _locales(record)

    def by_language(element: etree._Element | None) -> dict[str | None, str]:
        made: dict[str | None, str] = {}
        if element is not None and (plain := own_text(element)) is not None:
            made[own] = plain
        for locale, words in localised(element).items():
            made.setdefault(locales.get(locale.lower()) or language_code(locale) or locale.lower(), words)
        return made

    keywords: dict[str | None, list[str]] = {}
    for one in listed:
        for code_, word in by_language(one).items():
            keywords.setdefault(code_, []).append(word)
    return worded(by_language(title), by_language(abstract), keywords, (*languages, own))


def _locales(record: etree._Element) -> tuple[str | None, dict[str, str]]:
    """Return the language of the record, and its other languages by locale id in lower case."""
    found: dict[str, str] = {}
    for locale in [*find_all(record, "locale/PT_Locale"), *find_all(record, "otherLocale/PT_Locale")]:
        named = find(locale, "languageCode/LanguageCode")
        declared = code(named if named is not None else find(locale, "language/LanguageCode"))
        if (known := language_code(declared)) and (name := attribute(locale, "id")):
            found[name.lower()] = known
    declared = first(
        code(find(record, "language/LanguageCode")), iso_text(record, "language"),
        code(find(record, "defaultLocale/PT_Locale/language/LanguageCode")),
    )  # fmt: skip
    return (language_code(re.split(r"[;,]", declared)[0].strip()) if declared else None), found


# Dates


def _date(cited: etree._Element | None, kinds: tuple[str, ...]) -> str | None:
    """Return the latest citation date of some kinds, as written."""
    found = []
    for date in find_all(cited, "date/CI_Date"):
        if code(find(date, "dateType/CI_DateTypeCode")) in kinds and (at := value(date, "date")):
            found.append(at)
    return max(found, default=None)


def _record_date(record: etree._Element) -> str | None:
    dated = {
        code(find(date, "dateType/CI_DateTypeCode")): value(date, "date")
        for date in find_all(record, "dateInfo/CI_Date")
    }
    return first(value(record, "dateStamp"), *(dated.get(kind) for kind in (*REVISED, "creation", *ISSUED)))


def _frequency(about: etree._Element | None) -> str | None:
    kept = find(about, "resourceMaintenance/MD_MaintenanceInformation")
    named = code(find(kept, "maintenanceAndUpdateFrequency/MD_MaintenanceFrequencyCode"))
    return first(named, value(kept, "userDefinedMaintenanceFrequency"))


def _period(about: etree._Element | None) -> tuple[str | None, str | None]:
    """Return the earliest start and the latest end of all periods; an instant is both.

    The end is open if one period's end is. "now" and "unknown" are no dates and are left out.
    """
    spans: list[tuple[str | None, str | None]] = []
    for extent in find_all(about, "extent/EX_Extent/temporalElement/*/extent/*"):
        start = first(
            value(extent, "beginPosition"), value(extent, "begin/TimeInstant/timePosition"), value(extent, "begin")
        )
        end = first(value(extent, "endPosition"), value(extent, "end/TimeInstant/timePosition"), value(extent, "end"))
        instant = value(extent, "timePosition")
        if start or end or instant:
            spans.append((start or instant, end or instant))
    if not all(re.match(r"\d{4}", at) for span in spans for at in span if at):
        return spans[0]
    starts, ends = ([at for at in side if at] for side in zip(*spans, strict=True)) if spans else ([], [])
    is_open = [len(side) < len(spans) for side in (starts, ends)]
    return None if is_open[0] else min(starts, default=None), None if is_open[1] else max(ends, default=None)


# Places and languages


def _spatial(about: etree._Element | None) -> tuple[str, ...]:
    """Return boxes as "west,south,east,north" and place names as written."""
    found: list[str] = []
    for extent in find_all(about, "extent/EX_Extent"):
        for box in find_all(extent, "geographicElement/EX_GeographicBoundingBox"):
            names = ("westBoundLongitude", "southBoundLatitude", "eastBoundLongitude", "northBoundLatitude")
            sides = [value(box, name) for name in names]
            if all(sides):
                found.append(",".join(map(str, sides)))
        for place in find_all(extent, "geographicElement/EX_GeographicDescription/geographicIdentifier/*/code"):
            found += [one for one in (href(place) or iso_text(place),) if one]
        if find(extent, "geographicElement") is not None or find(extent, "temporalElement") is None:
            found += [one for one in (iso_text(extent, "description"),) if one]
    return tuple(dict.fromkeys(found))


def _languages(about: etree._Element | None) -> tuple[str, ...]:
    found = [
        code(find(one, "LanguageCode")) or iso_text(one)
        for one in [
            *find_all(about, "language"),
            *find_all(about, "defaultLocale/PT_Locale/language"),
            *find_all(about, "otherLocale/PT_Locale/language"),
        ]
    ]
    return tuple(dict.fromkeys(one for one in found if one))


# Losses of a conversion


def _is_made_by_pycsw(record: etree._Element, about: etree._Element | None) -> bool:
    """Return whether pycsw converted the record from another format than ISO.

    The signs are the standard that it names, and the elements that pycsw's profile ``apiso`` never writes.
    """
    if iso_text(record, "metadataStandardName") != "ISO19115" or find(record, "characterSet") is not None:
        return False
    if iso_text(record, "metadataStandardVersion") != "2003/Cor.1:2006" or find(record, "contact/*/role") is not None:
        return False
    never = (
        "resourceConstraints",
        "pointOfContact",
        "resourceMaintenance",
        "citation/CI_Citation/citedResponsibleParty",
    )
    return all(find(about, path) is None for path in never)


# Pages and relations


def _landing_page(record: etree._Element, data_uri: str | None, links: Links) -> str | None:
    """Return the page that ISO 19115-3 states for the record, or the data's address if that is no file."""
    is_file = any(data_uri in (one.access_url, one.download_url) for one in links.files)
    pages = [iso_text(one, "linkage") for one in find_all(record, "metadataLinkage/CI_OnlineResource")]
    if data_uri and not is_file and service_of(None, data_uri) is None:
        pages.append(data_uri)
    return next((page for page in pages if page and re.match(r"https?://", page)), None)


def _parent(record: etree._Element) -> str | None:
    parent = find(record, "parentMetadata")
    return first(
        iso_text(record, "parentIdentifier"), attribute(parent, "uuidref"),
        iso_text(parent, "CI_Citation/identifier/MD_Identifier/code"), iso_text(parent, "MD_Identifier/code"),
    )  # fmt: skip


def _related(about: etree._Element | None) -> tuple[str | None, tuple[str, ...]]:
    """Return the larger work and other related data, by identifier, else by title."""
    larger, others = None, []
    for link in [
        *find_all(about, "aggregationInfo/MD_AggregateInformation"),
        *find_all(about, "associatedResource/MD_AssociatedResource"),
    ]:
        name = first(
            iso_text(link, "aggregateDataSetIdentifier/*/code"),
            attribute(find(link, "metadataReference"), "uuidref"),
            iso_text(link, "metadataReference/CI_Citation/identifier/MD_Identifier/code"),
            iso_text(link, "name/CI_Citation/identifier/MD_Identifier/code"),
            iso_text(link, "aggregateDataSetName/CI_Citation/title"),
            iso_text(link, "name/CI_Citation/title"),
        )
        kind = code(find(link, "associationType/DS_AssociationTypeCode"))
        if name and kind == "largerWorkCitation" and larger is None:
            larger = name
        elif name:
            others.append(name)
    return larger, tuple(dict.fromkeys(others))


def _conformance(record: etree._Element) -> tuple[str, ...]:
    """Return specifications that the data conform to, by address or title."""
    found = []
    for result in find_all(record, "dataQualityInfo/DQ_DataQuality/report/*/result/DQ_ConformanceResult"):
        named = find(result, "specification/CI_Citation/title")
        if (value(result, "pass") or "").lower() in ("true", "1"):
            found.append(href(named) or iso_text(named))
    return tuple(dict.fromkeys(one for one in found if one))


def _other_identifiers(cited: etree._Element | None, data_uri: str | None, own: str) -> tuple[str, ...]:
    codes_ = [href(one) or iso_text(one) for one in find_all(cited, "identifier/*/code")]
    return tuple(dict.fromkeys(one for one in [*codes_, data_uri] if one and one != own))
