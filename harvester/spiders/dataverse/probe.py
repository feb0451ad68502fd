"""How Dataverse is recognised from outside."""

from __future__ import annotations

from harvester.spiders.base.detection import CERTAIN, Detection, PageMarker, Probe, ProbeResponse, TypeProbes, count_of
from harvester.spiders.base.probe_reading import object_of

__all__ = ["PROBES", "dataverse"]


def dataverse(seen: ProbeResponse) -> Detection | None:
    """Return a "dataverse" detection if the response ``seen`` is one of Dataverse's search API, else None.

    It is one if its body is JSON with the status "OK" and with ``total_count`` and ``items`` under "data".
    """
    body = object_of(seen)
    data = body.get("data")
    if body.get("status") == "OK" and isinstance(data, dict) and "total_count" in data and "items" in data:
        return Detection("dataverse", CERTAIN, count_of(data["total_count"]), "Dataverse's search API answers")
    return None


PROBES = TypeProbes(
    probes=(Probe(90, "/api/search?q=*&type=dataset&per_page=1", dataverse),),
    recognisers=((100, dataverse),),
    marker=PageMarker(80, r"dataverse\.xhtml|dataverse-", ("dataverse.xhtml",)),
    api_paths=("/api/search",),
    page_paths=("/dataset.xhtml", "/dataverse"),
    is_at_home=True,
)
