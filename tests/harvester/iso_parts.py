"""ISO 19139 records for tests, from their parts."""

from __future__ import annotations

from typing import Any

from catalog.model import Dataset
from harvester.spiders.documents import any_xml

GMD = (
    'xmlns:gmd="http://www.isotc211.org/2005/gmd" xmlns:gco="http://www.isotc211.org/2005/gco" '
    'xmlns:gmx="http://www.isotc211.org/2005/gmx" xmlns:gml="http://www.opengis.net/gml" '
    'xmlns:xlink="http://www.w3.org/1999/xlink"'
)


def words(text: str, link: str | None = None) -> str:
    if link is None:
        return f"<gco:CharacterString>{text}</gco:CharacterString>"
    return f'<gmx:Anchor xlink:href="{link}">{text}</gmx:Anchor>'


def listed(kind: str, code: str) -> str:
    return f'<gmd:{kind} codeList="x#{kind}" codeListValue="{code}"/>'


def record(about: str = "", cited: str = "", rest: str = "", before: str = "", own: str = words("r-1")) -> str:
    return (
        f"<gmd:MD_Metadata {GMD}><gmd:fileIdentifier>{own}</gmd:fileIdentifier>{before}<gmd:identificationInfo>"
        f"<gmd:MD_DataIdentification><gmd:citation><gmd:CI_Citation><gmd:title>{words('Wells')}</gmd:title>{cited}"
        f"</gmd:CI_Citation></gmd:citation>{about}</gmd:MD_DataIdentification></gmd:identificationInfo>{rest}"
        "</gmd:MD_Metadata>"
    )


def dataset(*args: Any, **kwargs: Any) -> Dataset:
    return any_xml.to_dataset(record(*args, **kwargs))
