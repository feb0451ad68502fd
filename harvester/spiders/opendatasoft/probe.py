"""How Opendatasoft is recognised from outside."""

from __future__ import annotations

from harvester.spiders.base.detection import CERTAIN, Detection, PageMarker, Probe, ProbeResponse, TypeProbes, count_of
from harvester.spiders.base.probe_reading import object_of

__all__ = ["PROBES", "opendatasoft"]


def opendatasoft(seen: ProbeResponse) -> Detection | None:
    """Return an "opendatasoft" detection if the response ``seen`` is one of the Explore API 2.1, else None.

    It is one if it states ``total_count`` and has a list of results, which is empty or whose first one has a
    ``dataset_id``.
    """
    body = object_of(seen)
    results = body.get("results")
    if "total_count" in body and isinstance(results, list):
        if results and not (isinstance(results[0], dict) and "dataset_id" in results[0]):
            return None
        return Detection("opendatasoft", CERTAIN, count_of(body["total_count"]), "the Explore API 2.1 answers")
    return None


PROBES = TypeProbes(
    probes=(Probe(50, "/api/explore/v2.1/catalog/datasets?limit=1", opendatasoft),),
    recognisers=((40, opendatasoft),),
    marker=PageMarker(40, r"opendatasoft|ods-widgets|odswidgets"),
    api_paths=("/api/explore/",),
    page_paths=("/explore",),
    is_at_home=True,
)
