"""How a CSW is recognised from outside."""

from __future__ import annotations

from harvester.spiders.base.detection import (
    CERTAIN,
    AsGiven,
    Detection,
    PageMarker,
    Probe,
    ProbeResponse,
    TypeProbes,
    count_of,
    without_query,
)
from harvester.spiders.base.probe_reading import elements_of, local_name, root_of

__all__ = ["PROBES", "csw"]


def csw(seen: ProbeResponse) -> Detection | None:
    """Return a "csw" detection if the response ``seen`` is a capabilities document or a GetRecords response, else None.

    The number of datasets is the number of records that a GetRecords response states, if it states one, else None.
    """
    root = root_of(seen)
    if root is None or "cat/csw" not in str(root.tag):
        return None
    if local_name(root) == "Capabilities":
        return Detection("csw", CERTAIN, None, f"CSW {root.get('version') or '2.0.2'} capabilities")
    for results in elements_of(root, "SearchResults"):
        return Detection("csw", CERTAIN, count_of(results.get("numberOfRecordsMatched")), "CSW GetRecords answers")
    return None


PROBES = TypeProbes(
    probes=(
        Probe(160, "/csw?service=CSW&version=2.0.2&request=GetCapabilities", csw, "/csw"),
        Probe(170, "/srv/eng/csw?service=CSW&version=2.0.2&request=GetCapabilities", csw, "/srv/eng/csw"),
        Probe(
            1010,
            "/geonetwork/srv/eng/csw?service=CSW&version=2.0.2&request=GetCapabilities",
            csw,
            "/geonetwork/srv/eng/csw",
        ),
    ),
    as_given=(AsGiven(20, "?service=CSW&version=2.0.2&request=GetCapabilities", csw, ("csw", "catalogue", "srv")),),
    recognisers=((150, csw),),
    marker=PageMarker(90, r"geonetwork|catalog\.search|/srv/eng/", ("catalog.search",)),
    own_address=without_query,
)
