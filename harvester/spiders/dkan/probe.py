"""How DKAN is recognised from outside."""

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
from harvester.spiders.base.probe_reading import json_of

__all__ = ["PROBES", "dkan"]


def dkan(seen: ProbeResponse) -> Detection | None:
    """Return a "dkan" detection if the response ``seen`` is one of DKAN 2's search API or of DKAN 1, else None.

    A JSON object with "total", "results" and "facets" is certainly DKAN 2. A response of
    current_package_list_with_resources whose first package has "resources" is likely DKAN 1; the number of datasets is
    None then.
    """
    body = json_of(seen)
    if isinstance(body, dict) and {"total", "results", "facets"} <= body.keys():
        return Detection("dkan", CERTAIN, count_of(body["total"]), "DKAN's search API answers")
    if isinstance(body, dict) and body.get("success") is True and isinstance(body.get("result"), list):
        first = body["result"][0] if body["result"] else None
        first = first[0] if isinstance(first, list) and first else first
        if isinstance(first, dict) and "resources" in first:
            return Detection("dkan", LIKELY, None, "current_package_list_with_resources answers")
    return None


PROBES = TypeProbes(
    probes=(
        Probe(70, "/api/1/search?page-size=1", dkan),
        Probe(1070, "/api/3/action/current_package_list_with_resources?limit=1", dkan),
    ),
    recognisers=((20, dkan),),
    marker=PageMarker(20, r"content=[\"']DKAN|/profiles/dkan/|/modules/contrib/dkan|dkan-frontend"),
    api_paths=("/api/1/",),
    is_at_home=True,
)
