"""Tell links to web services from links to files, by their protocol or address.

Protocols are named as in the list of the OSGeo cat-interop project ("OGC:WMS-1.3.0-http-get-map", "ESRI:REST"), as OGC
addresses ("http://www.opengis.net/def/serviceType/ogc/wms"), or freely. A data request to a service, such as
GetFeature, returns a file.
"""

from __future__ import annotations

import re
from urllib.parse import parse_qsl, urlsplit

__all__ = ["is_service", "service_of"]

_KINDS = "wms|wfs|wcs|wmts|wps|sos|csw|tms|wms-c|sensorthings|ows"
_PROTOCOL = re.compile(
    rf"(?i)(ogc:(?!(gml|kml|gpkg|geopackage|geotiff|netcdf|filter)\b)|esri:|inspire atom$|({_KINDS})\b"
    rf"|(open ?gis:?\s*)?web (map|feature|coverage|map tile|processing) (tile )?service\b"
    rf"|https?://www\.opengis\.net/(def/serviceType/ogc|spec)/({_KINDS})\b"
    rf"|https?://.*/ProtocolValue/)"
)
_ESRI = re.compile(r"(?i)/(feature|map|image|geocode|scene|vectortile)server(/\d+)?/?$")
_ENDS = re.compile(rf"(?i)/({_KINDS})/?$")
_DATA = ("getfeature", "getcoverage", "getmap", "gettile", "getobservation", "getrecordbyid")


def is_service(protocol: str | None) -> bool:
    """Return whether ``protocol``, the protocol that a record states for a link, is that of a web service.

    For example, it is for "OGC:WMS". The result is False for None.
    """
    return bool(_PROTOCOL.match((protocol or "").strip()))


def service_of(protocol: str | None, url: str | None) -> str | None:
    """Return the kind of web service that a link leads to, such as "OGC:WMS"; None if it leads to a file or page.

    ``protocol`` is the protocol that the record states for the link, and ``url`` its address; either may be None. If
    ``protocol`` names a service, it is the result, except for a request for data, such as GetFeature, whose protocol
    mentions a download. Otherwise the kind is derived from the address; a request for data then gives None.
    """
    try:
        parts = urlsplit(url or "")
    except ValueError:
        parts = urlsplit("")
    query = {key.lower(): held for key, held in parse_qsl(parts.query)}
    if query.get("request", "").lower() in _DATA and re.search(r"(?i)download", protocol or ""):
        return None
    if is_service(protocol):
        return (protocol or "").strip()
    if query.get("request", "").lower() in _DATA:
        return None
    named = query.get("service", "").lower()
    if re.fullmatch(_KINDS, named):
        return f"OGC:{named.upper()}"
    if _ESRI.search(parts.path) and "/rest/" in parts.path.lower():
        return "ESRI:REST"
    if re.search(r"(?i)wmtscapabilities\.xml$", parts.path):
        return "OGC:WMTS"
    ending = _ENDS.search(parts.path)
    return f"OGC:{ending[1].upper()}" if ending else None
