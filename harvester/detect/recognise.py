"""Recognise which portal type sent the response of an address given by hand."""

from __future__ import annotations

from harvester.detect.probes import BY_TYPE
from harvester.spiders.base.detection import Detection, ProbeResponse, Recogniser, recognised

__all__ = ["RECOGNISERS", "whatever"]

RECOGNISERS: tuple[Recogniser, ...] = tuple(
    recogniser
    for _, recogniser in sorted(
        (one for declared in BY_TYPE.values() for one in declared.recognisers), key=lambda one: one[0]
    )
)
"""The recognisers of all types, sorted by rank: of two equally certain results the first one is used."""


def whatever(seen: ProbeResponse) -> Detection | None:
    """Try the recognisers of all portal types on a response, and return the detection with the highest confidence.

    The result is None if the response is not a success or if no recogniser knows it.
    """
    if not seen.is_ok:
        return None
    found = [hit for one in RECOGNISERS if (hit := recognised(one, seen)) is not None]
    return max(found, key=lambda hit: hit.confidence) if found else None
