"""How GeoNode is recognised from outside."""

from __future__ import annotations

from harvester.spiders.base.detection import (
    CERTAIN,
    LIKELY,
    Detection,
    PageMarker,
    Probe,
    ProbeResponse,
    TypeProbes,
    count_of,
)
from harvester.spiders.base.probe_reading import object_of

__all__ = ["PROBES", "geonode"]


def geonode(seen: ProbeResponse) -> Detection | None:
    """Return a "geonode" detection if the response ``seen`` is one of GeoNode's API, else None.

    A JSON object with a list "datasets" and a "total" is certainly API v2. One with a list "objects" and a
    "total_count" under "meta" is likely GeoNode's older API.
    """
    body = object_of(seen)
    if isinstance(body.get("datasets"), list) and "total" in body:
        return Detection("geonode", CERTAIN, count_of(body["total"]), "GeoNode's API v2 answers")
    meta = body.get("meta")
    if isinstance(meta, dict) and "total_count" in meta and isinstance(body.get("objects"), list):
        return Detection("geonode", LIKELY, count_of(meta["total_count"]), "GeoNode's older API answers")
    return None


PROBES = TypeProbes(
    probes=(
        Probe(80, "/api/v2/datasets/?page_size=1", geonode),
        Probe(1080, "/api/datasets/?limit=1", geonode),
        Probe(1090, "/api/layers/?limit=1", geonode),
    ),
    recognisers=((90, geonode),),
    marker=PageMarker(70, r"geonode"),
    api_paths=("/api/v2/", "/api/datasets", "/api/layers"),
    is_at_home=True,
)
