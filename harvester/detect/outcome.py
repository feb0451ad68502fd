"""The result of a detection: the endpoints of a portal, the recommended one first."""

from __future__ import annotations

from dataclasses import asdict, dataclass, field
from typing import Any

from harvester.spiders.base.detection import Detection

__all__ = ["SURE", "DetectionReport", "Endpoint", "ranked"]

SURE = 0.6
"""Confidence from which an endpoint is recommended and no further base is tried."""
ENOUGH = 0.9
"""An endpoint with less than this share of another's datasets is not recommended, even if it ranks higher."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Endpoint:
    """One way to harvest a portal: an API or document, its address, and what is known about it.

    ``type``: the portal type to harvest it with. ``evidence``: what identified it, as a phrase. ``rank``: how
    complete the records of this type are compared with those of other types; higher is better.
    """

    type: str
    url: str
    """The address as a portal file would state it."""
    confidence: float
    """Confidence, 0..1."""
    datasets: int | None
    """Number of datasets it states; None if it states none."""
    evidence: str
    loses: str
    """Which of the portal's facts it does not deliver, as a sentence."""
    rank: int
    tried: str | None = None
    """Result of reading one record; None if it was not tried."""


@dataclass(frozen=True, slots=True, kw_only=True)
class DetectionReport:
    """What detection found at one address.

    ``title``: the title of the page; None if it has none. ``endpoints``: all APIs and documents found, the recommended
    one first. ``asked``: the number of requests sent, without those for robots.txt and for reading a record.
    ``notes``: further sentences for the user.
    """

    url: str
    title: str | None = None
    endpoints: tuple[Endpoint, ...] = ()
    asked: int = 0
    forbidden: tuple[str, ...] = ()
    """Addresses that robots.txt forbids; they were not requested."""
    fault: str | None = None
    """Why nothing is known: the address cannot be requested, or the site did not respond at all. Else None."""
    notes: tuple[str, ...] = field(default=())
    robots: str | None = None
    """How a harvest of the recommended endpoint would apply robots.txt of its host."""

    @property
    def best(self) -> Endpoint | None:
        """Return the recommended endpoint, which is the first one; None if its confidence is below 0.6 or none was
        found.
        """
        return self.endpoints[0] if self.endpoints and self.endpoints[0].confidence >= SURE else None

    def reasons(self) -> list[str]:
        """Return lines of text that say why the best endpoint is recommended and which others were found.

        The list is empty if no endpoint is recommended.
        """
        best = self.best
        if best is None:
            return []
        count = "" if best.datasets is None else f", {best.datasets:,} datasets"
        lines = [f"{best.type}: {best.evidence}{count} ({best.confidence:.0%} sure)"]
        lines += [best.tried] if best.tried else []
        lines += [f"It loses: {best.loses}"]
        lines += [self.robots] if self.robots else []
        lines += [
            f"Also offered: {one.type} at {one.url} ({one.evidence}); it loses: {one.loses}"
            for one in self.endpoints
            if one is not best and one.confidence >= SURE
        ]
        return [*lines, *self.notes]

    def as_json(self) -> dict[str, Any]:
        """Return the report as a dictionary for JSON: its fields, and ``recommended`` with the portal type of the
        best endpoint.
        """
        return asdict(self) | {"recommended": self.best.type if self.best else None}


def ranked(hits: dict[tuple[str, str], Detection]) -> list[Endpoint]:
    """Turn detections into endpoints, and return them from the most to the least recommended.

    ``hits``: the detections by portal type and address. Endpoints with a confidence of at least 0.6 come first. Among
    these, endpoints with at least nine tenths of the largest number of datasets, or with an unknown number, come first,
    then types with more complete records, then higher confidence, then shorter addresses.
    """
    from harvester.spiders import spider_class

    most = max((hit.datasets or 0 for hit in hits.values() if hit.confidence >= SURE), default=0)
    found = []
    for (kind, url), hit in hits.items():
        about = spider_class(kind).about
        loses = about.loses
        if hit.datasets is not None and hit.datasets < most:
            loses += f"; {most - hit.datasets:,} datasets that another endpoint lists"
        found.append(
            Endpoint(
                type=kind,
                url=url,
                confidence=hit.confidence,
                datasets=hit.datasets,
                evidence=hit.evidence,
                loses=loses,
                rank=about.rank,
            )
        )

    def order(one: Endpoint) -> tuple[Any, ...]:
        has_most = one.datasets is None or one.datasets >= most * ENOUGH
        return (-(one.confidence >= SURE), -has_most, -one.rank, -one.confidence, len(one.url), one.url)

    return sorted(found, key=order)
