"""Map the description of an ArcGIS Server service to a dataset; no request is made.

Reference: developers.arcgis.com, "REST APIs", Map, Feature and Image service. A dataset is a service. Its layers are
parts of it and no datasets, because the server states neither rights nor contact for them. A service is no file, so
there are no distributions. ``editingInfo`` states the age of the data; the record has no date.
"""

from __future__ import annotations

import math
from typing import Any

from catalog.model import Contact, DataService, Dataset
from harvester.facts.values import first, text, texts
from harvester.spiders.arcgis_portal.record import box, instant
from harvester.spiders.base.losses import LostRecord
from harvester.spiders.dcat_us.record import keywords_of

__all__ = ["to_dataset"]

_MERCATOR = (102100, 3857, 102113, 900913, 3785)
"""Web Mercator, the reference system of web maps, in metres on a sphere."""
_RADIUS_M = 6_378_137.0
_NO_FIELD = ("publisher", "issued", "frequency", "language")
"""Facts that a service description has no field for; a portal beside the server may state them."""


def to_dataset(raw: Any) -> Dataset:
    """Map ``raw``, the description of an ArcGIS Server service, to a :class:`Dataset`.

    ``raw`` is an object with "service" (path ``folder/name/type``, which becomes the identifier), "url" (the service's
    address) and "answer" (its description, as parsed JSON). Raise LostRecord if the description is no object.
    """
    body = raw["answer"]
    if not isinstance(body, dict):
        raise LostRecord(
            "the description of the service is not an object", "ask the portal to fix the description", value=body
        )
    path, url = raw["service"], raw["url"]
    info = _object(body, "documentInfo")
    title = first(info.get("Title"), body.get("name"), path.split("/")[-2])
    author = text(info.get("Author"))
    editing = _object(body, "editingInfo")
    spatial = _extent(body)
    start, end = _period(_object(body, "timeInfo").get("timeExtent"))
    return Dataset(
        identifier=path,
        title=title,
        description=first(body.get("serviceDescription"), body.get("description"), info.get("Comments")),
        keywords=keywords_of(info.get("Keywords")),
        themes=texts(info.get("Category")) or texts(info.get("Subject")),
        contact=Contact(name=author) if author else None,
        licence=text(body.get("licenseInfo")),
        rights=first(body.get("copyrightText"), info.get("Credits")),
        modified=instant(first(editing.get("dataLastEditDate"), editing.get("lastEditDate"))),
        spatial=spatial,
        temporal_start=start,
        temporal_end=end,
        landing_page=url,
        other_identifiers=texts(body.get("serviceItemId")),
        # An extent in the metres of a national grid is stated, but we cannot convert it.
        not_carried=_NO_FIELD if spatial or not _stated(body) else (*_NO_FIELD, "spatial"),
        data_services=(DataService(title=title, endpoint_url=url),),
    )


def _object(holder: dict[str, Any], name: str) -> dict[str, Any]:
    found = holder.get(name)
    return found if isinstance(found, dict) else {}


def _period(extent: Any) -> tuple[str | None, str | None]:
    start, end = extent if isinstance(extent, list) and len(extent) == 2 else (None, None)
    return instant(start), instant(end)


def _stated(body: dict[str, Any]) -> dict[str, Any]:
    return _object(body, "fullExtent") or _object(body, "extent")


def _extent(body: dict[str, Any]) -> tuple[str, ...]:
    """Return the extent of the data in degrees; () if it is in the metres or feet of another grid."""
    extent = _stated(body)
    sides = [extent.get(name) for name in ("xmin", "ymin", "xmax", "ymax")]
    if not all(isinstance(one, int | float) and math.isfinite(one) for one in sides):
        return ()
    west, south, east, north = (float(one) for one in sides if one is not None)
    system = _object(extent, "spatialReference")
    numbers = {one for one in (system.get("wkid"), system.get("latestWkid")) if isinstance(one, int)}
    if numbers & set(_MERCATOR):
        corners = [(_longitude(x), _latitude(y)) for x, y in ((west, south), (east, north))]
        return box([[round(x, 6), round(y, 6)] for x, y in corners])
    is_named = str(system.get("wkt") or "").upper().startswith(("GEOGCS", "GEOGCRS"))
    if not (is_named or any(map(_is_in_degrees, numbers)) or body.get("units") == "esriDecimalDegrees"):
        return ()
    return box([[west, south], [east, north]]) if abs(south) <= 90 and abs(north) <= 90 else ()


def _is_in_degrees(number: int) -> bool:
    """Return whether a reference system is geographic: EPSG's range of codes, GDA 2020, or Esri's own codes."""
    return 4000 < number < 5000 or number in (7843, 7844, 9057, 6318) or 104000 <= number < 105000


def _longitude(x: float) -> float:
    return max(-180.0, min(180.0, math.degrees(x / _RADIUS_M)))


def _latitude(y: float) -> float:
    return math.degrees(2 * math.atan(math.exp(max(-20.0, min(20.0, y / _RADIUS_M)))) - math.pi / 2)
