"""How Socrata is recognised from outside."""

from __future__ import annotations

from harvester.spiders.base.detection import CERTAIN, Detection, PageMarker, Probe, ProbeResponse, TypeProbes, count_of
from harvester.spiders.base.probe_reading import object_of

__all__ = ["PROBES", "socrata"]


def socrata(seen: ProbeResponse) -> Detection | None:
    """Return a "socrata" detection if the response ``seen`` is one of Socrata's discovery API, else None.

    It is one if it has a list of results and states ``resultSetSize``. A response without any dataset is not
    recognised.
    """
    body = object_of(seen)
    results = body.get("results")
    if isinstance(results, list) and "resultSetSize" in body:
        count = count_of(body["resultSetSize"])
        if not results and not count:
            return None
        return Detection("socrata", CERTAIN, count, "Socrata's discovery API answers")
    return None


PROBES = TypeProbes(
    probes=(Probe(40, "/api/catalog/v1?domains={host}&search_context={host}&only=datasets&limit=1", socrata),),
    recognisers=((30, socrata),),
    marker=PageMarker(30, r"socrata\.com|socrata-|data-socrata|\bsocrata\b"),
    api_paths=("/api/catalog/", "/api/views"),
    page_paths=("/d", "/browse", "/stories"),
    is_at_home=True,
)
