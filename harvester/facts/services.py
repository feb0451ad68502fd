"""Recognise OGC services and APIs among distributions, so that they are listed as data services too."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from typing import Any

from catalog import vocabulary
from catalog.model import DataService, Distribution
from harvester.facts.record import RecordFacts
from harvester.facts.values import json_text, text, texts

__all__ = ["access_services", "services_among"]

_SERVICE_IDS = (
    "WMS_SRVC", "WFS_SRVC", "WCS_SRVC", "WMTS_SRVC", "API", "REST", "SOAP", "SPARQLQ", "ARCGIS_SRVC", "OGC_API",
)  # fmt: skip
_QUERY = re.compile(r"[?&]service=(wms|wfs|wcs|wmts|csw|sos|wps)\b", re.IGNORECASE)
_DATA = re.compile(r"request=(?:get(?:feature|coverage|map)\b)", re.IGNORECASE)


def services_among(files: Iterable[Distribution]) -> tuple[DataService, ...]:
    """Return a data service for each address in ``files`` that leads to a web service; each address counts once.

    The address of a service is known by its query ("service=WMS") or by the format that the distribution states. An
    address that requests data (GetFeature, GetCoverage, GetMap) is a file, not a service. The result is () if there are
    none.
    """
    made: dict[str, DataService] = {}
    for file in files:
        url = file.access_url or file.download_url
        if url is None or url in made or not (kind := _kind(file, url)):
            continue
        made[url] = DataService(
            title=file.title, description=file.description, endpoint_url=url, licence=file.licence,
            conforms_to=(kind,) if kind in ("WMS", "WFS", "WCS", "WMTS") else (),
        )  # fmt: skip
    return tuple(made.values())


def _kind(file: Distribution, url: str) -> str | None:
    if _DATA.search(url):
        return None
    if match := _QUERY.search(url):
        return match[1].upper()
    found = vocabulary.file_format(file.format) or vocabulary.file_format(file.media_type)
    return found.id.removesuffix("_SRVC") if found and found.kind == "service" else None


def access_services(value: Any, facts: RecordFacts) -> tuple[DataService, ...]:
    """Return the data services in ``value``, the content of a ``dcat:accessService`` field.

    ``value`` is an object, a list of objects, or one of these as JSON in a text. A service without address and title is
    left out. ``facts`` are those of the record; they give the preferred languages.
    """
    value = json_text(value)
    items = value if isinstance(value, list) else [value]
    made = []
    for item in items:
        item = json_text(item)
        if not isinstance(item, Mapping):
            continue
        own = RecordFacts("file", facts.preferred)
        own.read(item)
        urls = texts(item.get("endpoint_url") or item.get("endpointURL") or item.get("dcat:endpointURL"))
        url = urls[0] if urls else own.text("access_url")
        title = own.text("title")
        if not (url or title):
            continue
        description = item.get("endpoint_description") or item.get("endpointDescription")
        made.append(
            DataService(
                identifier=text(item.get("identifier")),
                title=title,
                description=own.text("description"),
                endpoint_url=url,
                endpoint_description=next(iter(texts(description)), None),
                licence=own.text("licence"),
                access_rights=text(item.get("access_rights") or item.get("accessRights")),
                documentation=own.text("documentation"),
                conforms_to=own.first_texts("conforms_to"),
            )
        )
    return tuple(made)
