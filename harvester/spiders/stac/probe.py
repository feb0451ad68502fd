"""How STAC is recognised from outside."""

from __future__ import annotations

from harvester.spiders.base.detection import CERTAIN, LIKELY, Detection, Probe, ProbeResponse, TypeProbes, count_of
from harvester.spiders.base.probe_reading import object_of

__all__ = ["PROBES", "stac"]


STAC_PAGE = 10
"""Collections requested at once."""


def stac(seen: ProbeResponse) -> Detection | None:
    """Return a "stac" detection if the response ``seen`` is a list of STAC collections or a single STAC document, else
    None.

    A list is recognised by a collection with ``stac_version`` among the first five. Its number of datasets is the total
    that the response states, if that is not less than the number of collections received. Otherwise it is the number
    received, or None if there may be further pages. Any other document with ``stac_version`` is likely STAC, and its
    number of datasets is None.
    """
    body = object_of(seen)
    collections = body.get("collections")
    if isinstance(collections, list) and any(isinstance(c, dict) and "stac_version" in c for c in collections[:5]):
        total = count_of(body.get("numberMatched"))
        links = body.get("links")
        is_page = len(collections) >= STAC_PAGE or any(
            isinstance(one, dict) and one.get("rel") == "next" for one in (links if isinstance(links, list) else ())
        )
        if total is None or total < len(collections):
            # The number received is the total only if there is no further page.
            total = None if is_page else len(collections)
        return Detection("stac", CERTAIN, total, "collections with a stac_version")
    if "stac_version" in body:
        kind = "collection" if body.get("type") == "Collection" else "catalogue"
        return Detection("stac", LIKELY, None, f"a STAC {kind}")
    return None


PROBES = TypeProbes(
    probes=(
        Probe(1220, "/stac", stac, "/stac"),
        Probe(1230, "/catalog.json", stac, "/catalog.json"),
    ),
    recognisers=((120, stac),),
)
