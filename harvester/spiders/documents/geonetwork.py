"""Map a document of GeoNetwork's index to a dataset.

The OGC API of GeoNetwork 4 returns its index documents unchanged when asked for JSON. Formats were read in GeoNetwork's
source (``index/record`` of the schema plugins, and the index model of its microservices). Texts are objects by language
(``{"default": .., "langeng": .., "langfre": ..}``), with the record's own language under ``default``. ``dateStamp`` and
``changeDate`` are dates of the record. Constraints are sorted by their content, as for ISO records.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from typing import Any

from catalog.model import Contact, DataService, Dataset, Distribution, Publisher
from catalog.vocabulary import language_code
from harvester.facts.languages import worded
from harvester.facts.values import email, first, text, texts
from harvester.spiders.base.boxes import box_of
from harvester.spiders.base.losses import LostRecord
from harvester.spiders.base.service_links import service_of
from harvester.spiders.documents.iso import KEPT_LEVELS
from harvester.spiders.documents.iso_constraints import StatedConstraint, by_content
from harvester.spiders.documents.iso_parties import PUBLISHERS

__all__ = ["kind_of", "to_dataset"]

_ABOUT = ("information", "search", "browsing", "browsegraphic", "completemetadata")
_LANGUAGE = re.compile(r"lang([a-z]{2,3})")


def kind_of(source: dict[str, Any]) -> str:
    """Return the kind of resource that ``source`` describes, in lower case without spaces, such as "series".

    ``source`` is a document of GeoNetwork's index. If it states several kinds, the first that means a dataset is
    returned, or the first of all if none does. If it states none, the result is "dataset".
    """
    said = [re.sub(r"[^a-z]", "", one.lower()) for one in texts(source.get("resourceType") or source.get("type"))]
    return next((one for one in said if one in KEPT_LEVELS), next(iter(said), "dataset"))


def to_dataset(source: dict[str, Any], identifier: str | None, language: str | None = None) -> Dataset:
    """Return the dataset that ``source``, a document of GeoNetwork's index, describes.

    ``identifier`` is used if the document states none. ``language`` is the language code of the portal; texts in it
    become title and description. Raise LostRecord if there is no identifier at all.
    """
    named = first(source.get("uuid"), source.get("metadataIdentifier"), identifier)
    if named is None:
        raise LostRecord("the record has no uuid", "give every record an identifier that never changes", "/uuid")
    said = worded(
        _by_language(source.get("resourceTitleObject"), source.get("mainLanguage")),
        _by_language(source.get("resourceAbstractObject"), source.get("mainLanguage")),
        _keywords(source),
        (language,),
    )
    files, services, pages = _links(source)
    contacts = [*_objects(source.get("contactForResource")), *_objects(source.get("contactForResourceDistribution"))]
    legal = by_content(
        _stated(source, "MD_LegalConstraintsOtherConstraintsObject", "licenseObject", "license"),
        _stated(source, "MD_LegalConstraintsUseLimitationObject", "MD_ConstraintsUseLimitationObject"),
        [],
        _codes(source.get("cl_accessConstraints")),
        _codes(source.get("cl_useConstraints")),
    )
    start, end = _period(source)
    return Dataset(
        identifier=named,
        title=said.title,
        description=said.description,
        keywords=said.keywords,
        themes=tuple(_codes(source.get("cl_topic"))),
        publisher=_publisher(contacts) or _organisation(source),
        contact=_contact([*contacts, *_objects(source.get("contact"))]),
        licence=legal.licence,
        licence_title=legal.licence_title,
        access_rights=legal.access_rights,
        rights=legal.rights,
        issued=_date(source, "publication"),
        modified=_date(source, "revision"),
        record_modified=first(source.get("dateStamp"), source.get("changeDate")),
        frequency=next(iter(_codes(source.get("cl_maintenanceAndUpdateFrequency"))), None),
        spatial=_places(source),
        temporal_start=start,
        temporal_end=end,
        language=texts(source.get("resourceLanguage")),
        provenance=_default(source.get("lineageObject")),
        other_identifiers=tuple(
            code for one in _objects(source.get("resourceIdentifier")) if (code := text(one.get("code")))
        ),
        documentation=pages,
        is_part_of=text(source.get("parentUuid")),
        is_series="series" in kind_of(source) and not files and not services,
        translations=said.translations,
        distributions=files,
        data_services=services,
    )


def _objects(value: Any) -> Iterator[dict[str, Any]]:
    listed = value if isinstance(value, list) else [value]
    return (one for one in listed if isinstance(one, dict))


def _default(value: Any) -> str | None:
    """Return the text in the record's own language, from texts by language or from a plain text."""
    if isinstance(value, dict):
        return first(value.get("default"), *(held for key, held in value.items() if _LANGUAGE.fullmatch(str(key))))
    return text(value)


def _by_language(value: Any, own: Any) -> dict[str | None, str]:
    """Return texts by language code; the default text stands under the record's language."""
    if not isinstance(value, dict):
        found = text(value)
        return {None: found} if found else {}
    made: dict[str | None, str] = {}
    for key, held in value.items():
        parted = _LANGUAGE.fullmatch(str(key))
        if (words := text(held)) and parted:
            made[_code(parted[1])] = words
    if (words := text(value.get("default"))) and words not in made.values():
        made[_code(text(own))] = words
    return made


def _code(language: str | None) -> str | None:
    return (language_code(language) or language) if language else None


def _keywords(source: dict[str, Any]) -> dict[str | None, list[str]]:
    made: dict[str | None, list[str]] = {}
    for one in source.get("tag") or () if isinstance(source.get("tag"), list) else ():
        for code, word in _by_language(one, source.get("mainLanguage")).items():
            made.setdefault(code, []).append(word)
    return made


def _codes(value: Any) -> list[str]:
    return [found for one in _objects(value) if (found := first(one.get("key"), one.get("default")))]


def _stated(source: dict[str, Any], *names: str) -> list[StatedConstraint]:
    found = []
    for name in names:
        for one in source[name] if isinstance(source.get(name), list) else [source.get(name)]:
            link = text(one.get("link")) if isinstance(one, dict) else None
            words = _default(one)
            if link or words:
                found.append(StatedConstraint(link, words))
    return found


def _date(source: dict[str, Any], kind: str) -> str | None:
    """Return the latest date of a kind."""
    listed = [text(one.get("date")) for one in _objects(source.get("resourceDate")) if one.get("type") == kind]
    own = source.get(f"{kind}DateForResource")
    return max((one for one in [*listed, *texts(own)] if one), default=None)


def _period(source: dict[str, Any]) -> tuple[str | None, str | None]:
    # Not resourceTemporalDateRange, because it also holds the dates of the citation.
    ranges = _objects(source.get("resourceTemporalExtentDateRange"))
    spans = [(text(one.get("gte")), text(one.get("lte"))) for one in ranges]
    starts, ends = [one for one, _ in spans if one], [one for _, one in spans if one]
    is_open = any(end is None for _, end in spans)
    return min(starts, default=None), None if is_open else max(ends, default=None)


def _places(source: dict[str, Any]) -> tuple[str, ...]:
    areas = source.get("geom")
    boxes = [box for one in (areas if isinstance(areas, list) else [areas]) for box in box_of(one)]
    named = [_default(one) for one in _objects(source.get("extentDescriptionObject"))]
    return tuple(dict.fromkeys([*boxes, *(one for one in named if one)]))


def _name(contact: dict[str, Any]) -> str | None:
    return first(_default(contact.get("organisationObject")), contact.get("organisation"))


def _publisher(contacts: Iterable[dict[str, Any]]) -> Publisher | None:
    listed = [((text(one.get("role")) or "").lower(), one) for one in contacts]
    for role in PUBLISHERS:
        for held, one in listed:
            if held == role and (name := _name(one)):
                return Publisher(name=name, email=email(one.get("email")), url=text(one.get("website")))
    return None


def _organisation(source: dict[str, Any]) -> Publisher | None:
    listed = source.get("OrgForResourceObject") or source.get("OrgForResource")
    name = _default(listed[0] if isinstance(listed, list) and listed else listed)
    return Publisher(name=name) if name else None


def _contact(contacts: list[dict[str, Any]]) -> Contact | None:
    found = [
        Contact(
            name=first(_name(one), one.get("individual")), email=email(one.get("email")), url=text(one.get("website"))
        )
        for one in sorted(contacts, key=lambda one: (text(one.get("role")) or "").lower() != "pointofcontact")
    ]
    return next((one for one in found if one.email), next((one for one in found if one != Contact()), None))


def _links(source: dict[str, Any]) -> tuple[tuple[Distribution, ...], tuple[DataService, ...], tuple[str, ...]]:
    files: dict[tuple[str, str | None], Distribution] = {}
    services: dict[tuple[str, str | None], DataService] = {}
    pages: dict[str, None] = {}
    formats = texts(source.get("format"))
    for one in _objects(source.get("link")):
        url = first(_default(one.get("urlObject")), one.get("url"))
        protocol, function = text(one.get("protocol")), (text(one.get("function")) or "").lower()
        if url is None:
            continue
        title = first(_default(one.get("nameObject")), one.get("name"))
        words = first(_default(one.get("descriptionObject")), one.get("description"))
        is_file = function == "download" or "download" in (protocol or "").lower()
        if (service := service_of(protocol, url)) is not None:
            services.setdefault(
                (url, title), DataService(title=title, description=words, endpoint_url=url, conforms_to=(service,))
            )
        elif function in _ABOUT and not is_file:
            pages[url] = None
        else:
            files.setdefault(
                (url, title),
                Distribution(
                    title=title,
                    description=words,
                    access_url=url,
                    download_url=url if is_file else None,
                    format=formats[0] if len(formats) == 1 and is_file else None,
                    media_type=text(one.get("mimeType")),
                ),
            )
    return tuple(files.values()), tuple(services.values()), tuple(pages)
