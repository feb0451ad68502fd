"""How a Portal for ArcGIS is recognised from outside."""

from __future__ import annotations

from harvester.spiders.base.detection import CERTAIN, Detection, Probe, ProbeResponse, TypeProbes, count_of
from harvester.spiders.base.probe_reading import object_of

__all__ = ["PROBES", "arcgis_portal"]


def arcgis_portal(seen: ProbeResponse) -> Detection | None:
    """Return an "arcgis-portal" detection if the response ``seen`` is one of ``sharing/rest/search``, else None.

    It is one if its body is a JSON object with all of "total", "start", "num", "nextStart" and "results".
    """
    body = object_of(seen)
    if {"total", "start", "num", "nextStart", "results"} <= body.keys():
        return Detection("arcgis-portal", CERTAIN, count_of(body["total"]), "sharing/rest/search answers")
    return None


def _own_address(url: str) -> str:
    return url.split("/sharing/rest")[0]


PROBES = TypeProbes(
    probes=(
        Probe(1020, "/portal/sharing/rest/search?q=*&num=1&f=json", arcgis_portal, "/portal"),
        Probe(1030, "/sharing/rest/search?q=*&num=1&f=json", arcgis_portal),
    ),
    recognisers=((70, arcgis_portal),),
    api_paths=("/sharing/rest",),
    own_address=_own_address,
)
