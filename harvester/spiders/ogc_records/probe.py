"""How OGC API - Records is recognised from outside."""

from __future__ import annotations

import re

from harvester.spiders.arcgis_hub.probe import hub
from harvester.spiders.base.detection import (
    CERTAIN,
    Detection,
    Probe,
    ProbeResponse,
    TypeProbes,
    count_of,
    without_query,
)
from harvester.spiders.base.probe_reading import object_of
from harvester.spiders.stac.probe import stac

__all__ = ["PROBES", "collections", "ogc_records"]


def ogc_records(seen: ProbeResponse) -> Detection | None:
    """Return an "ogc-records" detection if the response ``seen`` is one of OGC API - Records, else None.

    It is one if it lists a collection with the itemType "record"; the number of datasets is None then. It also is if it
    is a FeatureCollection whose first item has a type, a title and a further property of records, unless
    :func:`~harvester.spiders.arcgis_hub.probe.hub` recognises it.
    """
    body = object_of(seen)
    collections = body.get("collections")
    if isinstance(collections, list):
        records = [one for one in collections if isinstance(one, dict) and one.get("itemType") in ("record", "records")]
        if records:
            return Detection("ogc-records", CERTAIN, None, f"{len(records)} collections of records")
    features = body.get("features")
    first = features[0] if isinstance(features, list) and features and isinstance(features[0], dict) else {}
    own = first.get("properties") if body.get("type") == "FeatureCollection" else None
    told = {"created", "updated", "themes", "contacts", "keywords", "recordCreated"}
    if isinstance(own, dict) and {"type", "title"} <= own.keys() and told & own.keys() and not hub(seen):
        return Detection("ogc-records", CERTAIN, count_of(body.get("numberMatched")), "items that are records")
    return None


def collections(seen: ProbeResponse) -> Detection | None:
    """Return the result of :func:`ogc_records` or, if that is None, of STAC's probe, for the response ``seen``.

    Both interfaces list their collections at the same path.
    """
    return ogc_records(seen) or stac(seen)


def _own_address(url: str) -> str:
    """The address of the collections, of an address of one of them or of its items."""
    return re.sub(r"(/items)?(/[^/?]*)?(\?.*)?$", "", url) if "/items" in url else without_query(url)


PROBES = TypeProbes(
    probes=(Probe(100, "/collections?f=json&limit=10", collections, kinds=("ogc-records", "stac")),),
    recognisers=((110, ogc_records),),
    api_paths=("/collections/", "/collections?"),
    own_address=_own_address,
)
