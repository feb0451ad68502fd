"""Map the distribution section of an ISO 19139 or 19115-3 record to distributions and data services.

A link's protocol states what it is ("WWW:DOWNLOAD-1.0-http--download", "OGC:WMS"), its function what it is for. A plain
link for information is documentation, not a distribution; a link to a web service is a data service. Formats are stated
beside the links, for all links or for those of one distributor. A file has the format that its name or address shows;
if they show none, each stated format becomes a distribution with the same address.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass, replace

from lxml import etree

from catalog.model import DataService, Distribution
from catalog.vocabulary import file_format, format_of_url
from harvester.facts.values import first
from harvester.spiders.base.service_links import service_of
from harvester.spiders.documents.iso_text import code, iso_text, iso_texts
from harvester.spiders.documents.xml_reading import attribute, find, find_all

__all__ = ["Links", "is_media_type", "links_of"]

_ABOUT = ("information", "search", "browsing", "completemetadata", "browsegraphic", "fileaccess-information")
"""Functions of links that do not lead to data, in lower case."""
_PLAIN = re.compile(
    r"(?i)|https?|ftps?|s3|file|url|www|https?://.*|.*(file|geopackage|shape|gml|kml|tiff|netcdf|csv).*"
)
"""Match protocols that a file may have as well as a page."""
_PACKED = ("archive", "service")
"""Kinds of formats that do not state what is inside."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Links:
    """What the links of a record lead to: files, web services, and pages about the data.

    All are in the order of the record. Links with the same address and title count once. A link that offers several
    formats gives one distribution for each.
    """

    files: tuple[Distribution, ...] = ()
    services: tuple[DataService, ...] = ()
    documentation: tuple[str, ...] = ()
    """Addresses of pages about the data."""


def is_media_type(word: str | None) -> bool:
    """Return whether ``word`` has the form of a media type ("text/csv"); False for None.

    Some records state a media type in place of a protocol or format.
    """
    return bool(re.fullmatch(r"(application|audio|font|image|message|model|multipart|text|video)/[\w.+-]+", word or ""))


def links_of(record: etree._Element) -> Links:
    """Return the links in the ISO ``record``, divided into distributions, data services and pages about the data.

    The data's own address (``dataSetURI``) becomes a distribution too if it shows the format of a file and no link has
    it.
    """
    files: dict[tuple[str | None, str | None, str | None], Distribution] = {}
    services: dict[tuple[str, str | None], DataService] = {}
    pages: dict[str, None] = {}
    for link, formats, size in _links(record):
        url = iso_text(link, "linkage")
        service = service_of(iso_text(link, "protocol"), url)
        if _is_about(link) and service is None:
            if url:
                pages[url] = None
        elif service is not None and url is not None:
            found = _service(link, url, service)
            services.setdefault((url, found.title), found)
        else:
            one, offered = _distribution(link, url, formats, size)
            if not any((url, title) == (one.access_url, one.title) for url, title, _ in files):
                # One link that offers several formats becomes several distributions.
                files |= {
                    (one.access_url, one.title, name): replace(one, format=name) for name in offered or (one.format,)
                }
    if data_uri := iso_text(record, "dataSetURI"):
        own = format_of_url(data_uri)
        is_named = any(data_uri in (one.access_url, one.download_url) for one in files.values())
        if re.match(r"(https?|ftps?)://", data_uri) and own is not None and not is_named and not _is_page(data_uri):
            formats = tuple(dict.fromkeys(one for section in _sections(record) for one in _formats(section)))
            named = next(iter(_formats_of(data_uri, (), formats)), None)
            files[data_uri, None, None] = Distribution(access_url=data_uri, download_url=data_uri, format=named)
    return Links(
        files=tuple(one for one in files.values() if one != Distribution()),
        services=tuple(services.values()),
        documentation=tuple(pages),
    )


def _is_page(url: str) -> bool:
    found = format_of_url(url)
    return found is None or found.id in ("HTML", "XHTML") or found.kind == "service"


def _is_no_file(url: str) -> bool:
    """Return whether an address leads to a page or record about the data, whatever its link says."""
    found = format_of_url(url)
    is_html = found is not None and found.id in ("HTML", "XHTML")
    return is_html or re.search(r"(?i)#!?/|[?&]request=(getrecord|getcapabilities|describe)", url) is not None


def _links(record: etree._Element) -> Iterator[tuple[etree._Element, tuple[str, ...], str | None]]:
    """Yield each link of a record, with the formats stated for it and its size."""
    for section in _sections(record):
        # Links outside of any distributor use all formats; a distributor without formats uses those of the section.
        own = _formats(section)
        parts = [(section, "transferOptions", own)]
        for distributor in find_all(section, "distributor/MD_Distributor"):
            named = tuple(dict.fromkeys(_names(find_all(distributor, "distributorFormat/MD_Format"))))
            parts.append((distributor, "distributorTransferOptions", named or own))
        parts[0] = (section, "transferOptions", own or _of_all(section))
        for holder, name, formats in parts:
            for options in find_all(holder, f"{name}/MD_DigitalTransferOptions"):
                inner = tuple(_names(find_all(options, "distributionFormat/MD_Format")))
                links = find_all(options, "onLine/CI_OnlineResource")
                size = _size(options) if len(links) == 1 else None
                for link in links:
                    yield link, inner or formats, size


def _sections(record: etree._Element) -> list[etree._Element]:
    return find_all(record, "distributionInfo/MD_Distribution")


def _of_all(section: etree._Element) -> tuple[str, ...]:
    """Return the formats of all distributors."""
    return tuple(dict.fromkeys(_names(find_all(section, "distributor/MD_Distributor/distributorFormat/MD_Format"))))


def _formats(section: etree._Element) -> tuple[str, ...]:
    return tuple(dict.fromkeys(_names(find_all(section, "distributionFormat/MD_Format"))))


def _names(formats: list[etree._Element]) -> list[str]:
    names: list[str] = []
    for one in formats:
        names += (
            iso_texts(one, "name")
            or iso_texts(one, "formatSpecificationCitation/CI_Citation/title")
            or iso_texts(one, "formatSpecificationCitation/CI_Citation/alternateTitle")
        )
    return names


def _formats_of(url: str | None, hints: tuple[str | None, ...], formats: tuple[str, ...]) -> tuple[str, ...]:
    """Return the stated format that a link's address, name or words show; else all that are informative."""
    if not formats:
        return ()
    known = {name: found.id for name in formats if (found := file_format(name)) is not None}
    own = format_of_url(url or "")
    if own is not None and own.kind not in _PACKED and own.id not in ("HTML", "XML", "JSON"):
        # An address that ends in .csv is no GeoPackage, whatever is stated for all files together.
        same = next((name for name, found in known.items() if found == own.id), None if known else formats[0])
        return (same,) if same else ()
    # A packed file is described by its contents.
    inner = [
        name for name in formats if name not in known or (one := file_format(name)) is None or one.kind not in _PACKED
    ]
    left = inner or list(formats)
    said = re.findall(r"[a-z0-9]{2,20}", " ".join(hint for hint in (*hints, url) if hint).lower())
    spoken = {word for word in said} | {found.id for word in set(said) if (found := file_format(word)) is not None}
    named = [name for name in left if known.get(name) in spoken or name.lower() in spoken]
    if len(named) == 1:
        return (named[0],)
    left = named or left
    # Uninformative names are kept only if there is no other.
    telling = {known[name]: name for name in reversed(left) if known.get(name, "HTML") != "HTML"}
    return tuple(reversed(telling.values())) or (left[0],)


def _is_about(link: etree._Element) -> bool:
    """Return whether a plain link leads to a page about the data."""
    function = (code(find(link, "function/CI_OnLineFunctionCode")) or "").lower()
    return function in _ABOUT and not re.search(r"(?i)download", iso_text(link, "protocol") or "")


def _size(options: etree._Element) -> str | None:
    """Return the transfer size with its unit, which is megabytes in ISO."""
    size = first(iso_text(options, "transferSize"))
    return f"{size} MB" if size else None


def _service(link: etree._Element, url: str, kind: str) -> DataService:
    return DataService(
        title=iso_text(link, "name"),
        description=iso_text(link, "description"),
        endpoint_url=url,
        conforms_to=(kind,),
    )


def _distribution(
    link: etree._Element, url: str | None, formats: tuple[str, ...], size: str | None
) -> tuple[Distribution, tuple[str, ...]]:
    """Return a link's distribution, and its formats if there are several."""
    protocol, name = iso_text(link, "protocol"), iso_text(link, "name")
    function = code(find(link, "function/CI_OnLineFunctionCode"))
    is_file = function == "download" or re.search(r"(?i)download", protocol or "") is not None
    description = iso_text(link, "description")
    # The North American profile writes "Dataset;CSV;eng,fra".
    described = re.fullmatch(r"[^;]*+;\s*+([^;]+);\s*+[a-z]{3}(\s*+,\s*+[a-z]{3})*+\s*+", description or "")
    typed = attribute(find(link, "name/MimeFileType"), "type")
    # Formats stated for the files do not apply to a page.
    may_be_page = not is_file and not re.fullmatch(_PLAIN, protocol or "") and not is_media_type(protocol)
    is_page = url is None or _is_no_file(url) or (may_be_page and _is_page(url))
    declared = () if is_page or described else _formats_of(url, (name, description), formats)
    is_one = len(declared) <= 1
    made = Distribution(
        title=name,
        description=description,
        access_url=url,
        download_url=url if is_file else None,
        format=first(described[1].strip() if described else None, *declared),
        media_type=first(typed, protocol if is_media_type(protocol) else None),
        byte_size=size if is_one else None,
    )
    return made, () if is_one else declared
