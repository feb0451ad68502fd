"""From the description of an ArcGIS Server service to a dataset: a pure mapping.

Reference: developers.arcgis.com, "REST APIs", Map, Feature and Image service. A dataset is a service: its layers are
parts of it, not datasets, for the server states neither rights nor contact of them. It is no file, so there are no
distributions. What the server states of the data's age is ``editingInfo``; of the record it states no date.
"""

from __future__ import annotations

from typing import Any

from catalog.model import Contact, DataService, Dataset
from harvester.spiders.arcgis_item import box, instant
from harvester.spiders.dcat_us_record import keywords_of
from harvester.spiders.losses import LostRecord
from harvester.spiders.values import first, text, texts

__all__ = ["to_dataset"]

_DEGREES = (4326, 4269, 4258)
"""Reference systems whose coordinates are degrees (WGS 84, NAD 83, ETRS 89). An extent in others is in metres or feet,
and would have to be computed."""


def to_dataset(raw: Any) -> Dataset:
    """The dataset of ``{"service": path, "url": address, "answer": description}``.

    Identity is the path: ``folder/name/type``. Raises LostRecord where the description is no object.
    """
    answer = raw["answer"]
    if not isinstance(answer, dict):
        raise LostRecord("the description of the service is not an object", "ask the portal to mend it", value=answer)
    path, url = raw["service"], raw["url"]
    info = _object(answer, "documentInfo")
    title = first(info.get("Title"), answer.get("name"), path.split("/")[-2])
    author = text(info.get("Author"))
    editing = _object(answer, "editingInfo")
    start, end = _period(_object(answer, "timeInfo").get("timeExtent"))
    return Dataset(
        identifier=path,
        title=title,
        description=first(answer.get("serviceDescription"), answer.get("description"), info.get("Comments")),
        keywords=keywords_of(info.get("Keywords")),
        themes=texts(info.get("Category")) or texts(info.get("Subject")),
        contact=Contact(name=author) if author else None,
        licence=text(answer.get("licenseInfo")),
        rights=first(answer.get("copyrightText"), info.get("Credits")),
        modified=instant(first(editing.get("dataLastEditDate"), editing.get("lastEditDate"))),
        spatial=_extent(answer),
        temporal_start=start,
        temporal_end=end,
        landing_page=url,
        other_identifiers=texts(answer.get("serviceItemId")),
        data_services=(DataService(title=title, endpoint_url=url),),
    )


def _object(holder: dict[str, Any], name: str) -> dict[str, Any]:
    found = holder.get(name)
    return found if isinstance(found, dict) else {}


def _period(extent: Any) -> tuple[str | None, str | None]:
    start, end = extent if isinstance(extent, list) and len(extent) == 2 else (None, None)
    return instant(start), instant(end)


def _extent(answer: dict[str, Any]) -> tuple[str, ...]:
    """The extent of the data; where it is not in degrees, nothing."""
    extent = _object(answer, "fullExtent") or _object(answer, "extent")
    system = _object(extent, "spatialReference")
    if not {system.get("wkid"), system.get("latestWkid")} & set(_DEGREES):
        return ()
    west, south, east, north = (extent.get(name) for name in ("xmin", "ymin", "xmax", "ymax"))
    return box([[west, south], [east, north]])
