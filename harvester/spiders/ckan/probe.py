"""How CKAN is recognised from outside."""

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

__all__ = ["PROBES", "ckan"]


def ckan(seen: ProbeResponse) -> Detection | None:
    """Return a "ckan" detection if the response ``seen`` is one of CKAN's API with ``success: true``, else None.

    A response of package_search, with a list of results, is certain. A response of package_list, a list of names that
    is not empty, is likely, because DKAN 1 has that action too.
    """
    body = object_of(seen)
    result = body.get("result")
    if body.get("success") is not True:
        return None
    if isinstance(result, dict) and isinstance(result.get("results"), list):
        return Detection("ckan", CERTAIN, count_of(result.get("count")), "package_search answers with success: true")
    if isinstance(result, list) and result and all(isinstance(one, str) for one in result[:20]):
        # DKAN 1 has this action too, but no package_search.
        return Detection("ckan", LIKELY, len(result), "package_list answers with names")
    return None


PROBES = TypeProbes(
    probes=(
        Probe(10, "/api/3/action/package_search?rows=0", ckan),
        Probe(1060, "/api/3/action/package_list", ckan),
    ),
    recognisers=((10, ckan),),
    marker=PageMarker(10, r"content=[\"']ckan ([\d.]+)|/fanstatic/|ckan-footer|data-site-root="),
    api_paths=("/api/3/", "/api/action/"),
    page_paths=("/organization", "/group"),
    is_at_home=True,
)
