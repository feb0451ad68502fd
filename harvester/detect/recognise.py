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
    """Return the detection by the recogniser that is surest which portal type sent the response ``seen``, else None.

    The recognisers of all portal types are tried (:data:`RECOGNISERS`). Of detections with the same confidence, that of
    the recogniser with the lowest rank is returned. The result is None if no recogniser knows the response, or if its
    status is not 2xx.
    """
    if not seen.is_ok:
        return None
    found = [hit for one in RECOGNISERS if (hit := recognised(one, seen)) is not None]
    return max(found, key=lambda hit: hit.confidence) if found else None
