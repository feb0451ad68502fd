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
    """Return which portal type a response reveals; None if it reveals none or is not a success (2xx).

    All portal types are tried. If several of them recognise the response, the detection with the highest confidence is
    returned.
    """
    if not seen.is_ok:
        return None
    found = [hit for one in RECOGNISERS if (hit := recognised(one, seen)) is not None]
    return max(found, key=lambda hit: hit.confidence) if found else None
