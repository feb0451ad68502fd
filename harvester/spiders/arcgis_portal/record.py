"""Map an item of ArcGIS Online or Enterprise to a dataset; no request is made.

Reference: developers.arcgis.com, "REST APIs", Item. An item is a record about a service, a file or a page. Its
``modified`` is the record's date; it states none for the data. ``licenseInfo`` is HTML and stays HTML.
"""

from __future__ import annotations

import math
import re
from datetime import UTC, datetime, timedelta
from typing import Any

from catalog.model import Contact, DataService, Dataset, Distribution, Publisher
from harvester.facts.values import first, text, texts

__all__ = ["box", "instant", "item_dataset"]

_SERVICES = ("WMS", "WFS", "WMTS", "WCS", "OGCFeatureServer", "Elevation Layer", "Tiled Imagery Layer")
"""Types of services whose names do not end in "Service"."""
_NO_CODE = ("none", "custom")
"""What Hub writes for a licence outside its list; the text beside it counts."""


def instant(value: Any) -> str | None:
    """Convert ``value``, milliseconds since 1970, to an instant (ISO 8601, UTC).

    A text of 11 to 14 digits counts as milliseconds too. Any other value, and a number outside the years 1 to 9999, is
    returned as text. The result is None if there is no text, or if ``value`` is 0 or -1, which mean "unknown".

    >>> instant(1577836800000)
    '2020-01-01T00:00:00.000Z'
    """
    digits = isinstance(value, str) and re.fullmatch(r"-?\d{11,14}", value)
    if (isinstance(value, int | float) and not isinstance(value, bool) and value not in (0, -1)) or digits:
        try:
            at = datetime(1970, 1, 1, tzinfo=UTC) + timedelta(milliseconds=int(value))
        except (OverflowError, ValueError):
            return text(value)
        return f"{at:%Y-%m-%dT%H:%M:%S}.{at.microsecond // 1000:03}Z"
    return None if value in (0, -1) else text(value)


def item_dataset(
    item: dict[str, Any], *, identifier: str, landing_page: str, file_url: str | None, contact: Contact | None = None
) -> Dataset:
    """Map an ArcGIS item to a :class:`Dataset`.

    ``item``: the item, as parsed JSON. ``identifier`` and ``landing_page``: the identifier and page to give the
    dataset. ``file_url``: the address of the item's file; None if it has none or it is unknown. ``contact``: the
    contact point; None if unknown.
    """
    code = text(item.get("license"))
    known_code = None if code is None or code.strip().lower() in _NO_CODE else code
    prose = text(item.get("licenseInfo"))
    source = text(item.get("source"))
    services, distributions = _ways(item, landing_page, file_url)
    return Dataset(
        identifier=identifier,
        title=first(item.get("title"), item.get("name")),
        description=first(item.get("description"), item.get("snippet")),
        keywords=texts(item.get("tags")),
        themes=texts(item.get("categories")),
        publisher=Publisher(name=source, identifier=text(item.get("orgId"))) if source else None,
        contact=contact,
        licence=known_code or prose or code,
        licence_title=prose if known_code else None,
        access_rights=text(item.get("access")),
        rights=text(item.get("accessInformation")),
        issued=instant(item.get("created")),
        record_modified=instant(item.get("modified")),
        spatial=box(item.get("extent")),
        language=texts(item.get("culture")),
        landing_page=landing_page,
        documentation=texts(item.get("documentation")),
        distributions=distributions,
        data_services=services,
    )


def _ways(
    item: dict[str, Any], landing_page: str, file_url: str | None
) -> tuple[tuple[DataService, ...], tuple[Distribution, ...]]:
    """Return the services and distributions of an item; an item without an address is a file or has only its page."""
    kind, url = text(item.get("type")) or "", text(item.get("url"))
    if kind.endswith("Service") or kind in _SERVICES or (url and "/rest/services/" in url):
        return ((DataService(title=text(item.get("title")), endpoint_url=url),) if url else ()), ()
    size = item.get("size")
    return (), (
        Distribution(
            title=text(item.get("name")),
            access_url=url or file_url or landing_page,
            download_url=None if url else file_url,
            format=kind or None,
            byte_size=text(size) if isinstance(size, int) and size > 0 else None,
        ),
    )


def box(extent: Any) -> tuple[str, ...]:
    """Return the ArcGIS extent ``extent`` as one text "west,south,east,north" in a tuple; () if it is not two corners.

    ``extent``: a list of two corners, each a pair of numbers, or an object that holds this list under "coordinates".
    The numbers are not converted; south and north are put in order.
    """
    corners = extent.get("coordinates") if isinstance(extent, dict) else extent
    try:
        west, a, east, b = (float(one) for corner in corners or () for one in corner)
    except (TypeError, ValueError, OverflowError):
        return ()
    if not all(math.isfinite(one) for one in (west, a, east, b)):
        return ()
    return (",".join(str(int(one) if one.is_integer() else one) for one in (west, min(a, b), east, max(a, b))),)
