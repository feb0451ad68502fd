"""How Magda is recognised from outside."""

from __future__ import annotations

from harvester.spiders.base.detection import CERTAIN, LIKELY, Detection, Probe, ProbeResponse, TypeProbes, count_of
from harvester.spiders.base.probe_reading import object_of

__all__ = ["PROBES", "magda"]


def magda(seen: ProbeResponse) -> Detection | None:
    """Return a "magda" detection if the response ``seen`` is one of Magda's search or registry, else None.

    A search response ("dataSets" and "hitCount") and a registry response with a record that has aspects are certain. A
    registry response without such a record is likely; the number of datasets is None then.
    """
    body = object_of(seen)
    if isinstance(body.get("dataSets"), list) and "hitCount" in body:
        return Detection("magda", CERTAIN, count_of(body["hitCount"]), "Magda's search API answers")
    records = body.get("records")
    if isinstance(records, list) and "hasMore" in body:
        if any(isinstance(one, dict) and isinstance(one.get("aspects"), dict) for one in records):
            return Detection("magda", CERTAIN, count_of(body.get("totalCount")), "Magda's registry answers")
        return Detection("magda", LIKELY, None, "what may be an empty registry of Magda answers")
    return None


PROBES = TypeProbes(
    probes=(
        Probe(1130, "/api/v0/registry/records?aspect=dcat-dataset-strings&limit=1", magda),
        Probe(1140, "/api/v0/search/datasets?query=*&limit=1", magda),
    ),
    recognisers=((180, magda),),
    api_paths=("/api/v0/",),
    is_at_home=True,
)
