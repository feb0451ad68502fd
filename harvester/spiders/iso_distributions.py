"""From the distribution section of an ISO 19139 or 19115-3 record to distributions.

A link's protocol tells what it is ("WWW:DOWNLOAD-1.0-http--download", "OGC:WMS"); its function tells what it is for. A
plain link for information is documentation and no distribution. Formats are declared beside the links, not for each:
only where there is one format, and one file, is it known which file has it.
"""

from __future__ import annotations

import re

from lxml import etree

from catalog.model import Distribution
from harvester.spiders.iso_text import code, iso_text, iso_texts
from harvester.spiders.values import first
from harvester.spiders.xml_reading import attribute, find, find_all

__all__ = ["distributions", "documentation", "is_media_type", "is_service"]

_ABOUT = ("information", "search", "browsing", "completeMetadata", "browseGraphic", "fileAccess-information")
"""Functions of links that lead to no data."""


def is_service(protocol: str | None) -> bool:
    """Whether a protocol is that of a web service."""
    return bool(re.match(r"(?i)(ogc:|esri:|wms\b|wfs\b|wcs\b|wmts\b|sos\b|csw\b)", protocol or ""))


def is_media_type(word: str | None) -> bool:
    """Whether a word is a media type, such as some put in place of a protocol or a format."""
    return bool(re.fullmatch(r"(application|audio|font|image|message|model|multipart|text|video)/[\w.+-]+", word or ""))


def distributions(record: etree._Element) -> tuple[Distribution, ...]:
    """The links to data, each once, in the order of the record."""
    found: dict[tuple[str | None, str | None], Distribution] = {}
    for section in find_all(record, "distributionInfo/MD_Distribution"):
        every = [link for one in _options(section) for link in find_all(one, "onLine/CI_OnlineResource")]
        for options in _options(section):
            links = find_all(options, "onLine/CI_OnlineResource")
            formats = _formats(options)
            if formats:
                files = _files(links)
            else:
                formats, files = _formats(section), _files(every)
            declared = formats[0] if len(formats) == 1 and len(files) == 1 else None
            size = _size(options) if len(links) == 1 else None
            for link in links:
                if not _is_about(link):
                    one = _distribution(link, declared, size)
                    found.setdefault((one.access_url, one.title), one)
    return tuple(one for one in found.values() if one != Distribution())


def _files(links: list[etree._Element]) -> set[str | None]:
    """Addresses of links that are neither services nor pages about the data."""
    urls = {iso_text(link, "linkage") for link in links if not _is_about(link) and not _service(link)}
    return urls - {None}


def _service(link: etree._Element) -> str | None:
    protocol = iso_text(link, "protocol")
    return protocol if is_service(protocol) else None


def documentation(record: etree._Element) -> tuple[str, ...]:
    """Addresses of pages about the data."""
    links = [
        iso_text(link, "linkage")
        for section in find_all(record, "distributionInfo/MD_Distribution")
        for options in _options(section)
        for link in find_all(options, "onLine/CI_OnlineResource")
        if _is_about(link)
    ]
    return tuple(dict.fromkeys(link for link in links if link))


def _options(section: etree._Element) -> list[etree._Element]:
    path = "transferOptions/MD_DigitalTransferOptions"
    return [
        *find_all(section, path),
        *find_all(section, "distributor/MD_Distributor/distributorTransferOptions/MD_DigitalTransferOptions"),
    ]


def _formats(section: etree._Element) -> tuple[str, ...]:
    names: list[str] = []
    for place in ("distributionFormat/MD_Format", "distributor/MD_Distributor/distributorFormat/MD_Format"):
        for one in find_all(section, place):
            names += iso_texts(one, "name") or iso_texts(one, "formatSpecificationCitation/CI_Citation/title")
    return tuple(dict.fromkeys(names))


def _is_about(link: etree._Element) -> bool:
    """Whether a plain link leads to a page about the data."""
    protocol = iso_text(link, "protocol")
    is_plain = not is_service(protocol) and not re.search(r"(?i)download", protocol or "")
    return is_plain and code(find(link, "function/CI_OnLineFunctionCode")) in _ABOUT


def _size(options: etree._Element) -> str | None:
    """ISO's transfer size is in megabytes: the unit is said with it."""
    size = first(iso_text(options, "transferSize"))
    return f"{size} MB" if size else None


def _distribution(link: etree._Element, declared: str | None, size: str | None) -> Distribution:
    url, protocol = iso_text(link, "linkage"), iso_text(link, "protocol")
    function = code(find(link, "function/CI_OnLineFunctionCode"))
    is_file = function == "download" or re.search(r"(?i)download", protocol or "") is not None
    description = iso_text(link, "description")
    # The North American profile: "Dataset;CSV;eng,fra".
    described = re.fullmatch(r"[^;]*;\s*([^;]+?)\s*;\s*[a-z]{3}(\s*,\s*[a-z]{3})*\s*", description or "")
    typed = attribute(find(link, "name/MimeFileType"), "type")
    service = _service(link)
    return Distribution(
        title=iso_text(link, "name"),
        description=description,
        access_url=url,
        download_url=url if is_file and not service else None,
        format=first(described[1] if described else None, service, declared),
        media_type=first(typed, protocol if is_media_type(protocol) else None),
        byte_size=size,
    )
