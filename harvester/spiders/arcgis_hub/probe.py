"""How an ArcGIS Hub is recognised from outside."""

from __future__ import annotations

from harvester.spiders.base.detection import CERTAIN, Detection, PageMarker, Probe, ProbeResponse, TypeProbes, count_of
from harvester.spiders.base.probe_reading import object_of

__all__ = ["PROBES", "hub"]


def hub(seen: ProbeResponse) -> Detection | None:
    """Return an "arcgis-hub" detection if the response ``seen`` is a page of the search of an ArcGIS Hub, else None.

    It is one if its body is a GeoJSON FeatureCollection that states ``numberMatched``, and if the first feature has a
    property "owner", "access", "orgId" or "typeKeywords". A page without features is not recognised.
    """
    body = object_of(seen)
    if body.get("type") == "FeatureCollection" and "numberMatched" in body:
        features = body.get("features")
        first = features[0] if isinstance(features, list) and features else None
        properties = first.get("properties") if isinstance(first, dict) else None
        if isinstance(properties, dict) and {"owner", "access", "orgId", "typeKeywords"} & properties.keys():
            return Detection("arcgis-hub", CERTAIN, count_of(body["numberMatched"]), "the Hub's search API answers")
    return None


PROBES = TypeProbes(
    probes=(Probe(30, "/api/search/v1/collections/dataset/items?limit=1", hub),),
    recognisers=((60, hub),),
    marker=PageMarker(50, r"opendata-ui|hubcdn\.arcgis\.com|hub-app|arcgis-hub|opendata\.arcgis\.com"),
    api_paths=("/api/search",),
    is_at_home=True,
)
