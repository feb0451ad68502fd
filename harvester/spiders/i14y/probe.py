"""How the I14Y platform is recognised from outside."""

from __future__ import annotations

from harvester.spiders.base.detection import LIKELY, Detection, Probe, ProbeResponse, TypeProbes
from harvester.spiders.base.probe_reading import json_of

__all__ = ["PROBES", "i14y"]


def i14y(seen: ProbeResponse) -> Detection | None:
    """Return an "i14y" detection if the response ``seen`` is a list of datasets of the Swiss I14Y platform, else None.

    It is one if the first item has "identifiers", a "publisher" and a "title", which is an object by language.
    """
    body = json_of(seen)
    items = body.get("data") if isinstance(body, dict) else body
    first = items[0] if isinstance(items, list) and items and isinstance(items[0], dict) else {}
    if {"identifiers", "publisher", "title"} <= first.keys() and isinstance(first["title"], dict):
        return Detection("i14y", LIKELY, None, "datasets as the I14Y platform gives them")
    return None


PROBES = TypeProbes(
    probes=(Probe(1100, "/api/datasets?page=1&pageSize=2", i14y),),
    recognisers=((140, i14y),),
    api_paths=("/api/datasets",),
    is_at_home=True,
)
