"""How a piveau hub is recognised from outside."""

from __future__ import annotations

from harvester.spiders.base.detection import CERTAIN, Detection, Probe, ProbeResponse, TypeProbes, count_of
from harvester.spiders.base.probe_reading import object_of

__all__ = ["PROBES", "piveau"]


def piveau(seen: ProbeResponse) -> Detection | None:
    """Return a "piveau" detection if the response ``seen`` is one of a piveau hub's search, else None.

    It is one if it states a count and if a result has a field of piveau's index: ``catalog_record``,
    ``translation_meta`` or ``index``.
    """
    result = object_of(seen).get("result")
    found = result.get("results") if isinstance(result, dict) else None
    if not isinstance(result, dict) or not isinstance(found, list) or "count" not in result:
        return None
    if any(isinstance(one, dict) and {"catalog_record", "translation_meta", "index"} & one.keys() for one in found):
        return Detection("piveau", CERTAIN, count_of(result["count"]), "the search of a piveau hub answers")
    return None


PROBES = TypeProbes(
    probes=(
        Probe(1110, "/api/hub/search/search?filter=dataset&limit=1&aggregation=false", piveau),
        Probe(1120, "/search?filter=dataset&limit=1&aggregation=false", piveau),
    ),
    recognisers=((190, piveau),),
    api_paths=("/api/hub/",),
    is_at_home=True,
)
