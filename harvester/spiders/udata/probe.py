"""How udata is recognised from outside."""

from __future__ import annotations

from harvester.spiders.base.detection import CERTAIN, Detection, PageMarker, Probe, ProbeResponse, TypeProbes, count_of
from harvester.spiders.base.probe_reading import object_of

__all__ = ["PROBES", "udata"]


def udata(seen: ProbeResponse) -> Detection | None:
    """Return a "udata" detection if the response ``seen`` is one of udata's API 1, else None.

    It is one if its body is a JSON object with a list "data", and with "page", "page_size" and "total".
    """
    body = object_of(seen)
    if {"data", "page", "total", "page_size"} <= body.keys() and isinstance(body["data"], list):
        return Detection("udata", CERTAIN, count_of(body["total"]), "udata's API 1 answers")
    return None


PROBES = TypeProbes(
    probes=(Probe(60, "/api/1/datasets/?page_size=1", udata),),
    recognisers=((50, udata),),
    marker=PageMarker(60, r"\budata\b|udata-front"),
    api_paths=("/api/1/", "/api/2/"),
    is_at_home=True,
)
