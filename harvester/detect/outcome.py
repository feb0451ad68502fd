"""What a detection comes to: the endpoints of a portal, the one to take first."""

from __future__ import annotations

from dataclasses import asdict, dataclass, field
from typing import Any

from harvester.detect.detection import Detection

__all__ = ["SURE", "DetectionReport", "Endpoint", "ranked"]

SURE = 0.6
"""Confidence from which an endpoint is recommended, and no further base is tried."""
ENOUGH = 0.9
"""An endpoint with less than this share of the datasets that another has is not recommended for its rank."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Endpoint:
    """An interface that a portal offers."""

    type: str
    url: str
    """As a portal file would name it."""
    confidence: float
    """0..1."""
    datasets: int | None
    """What it says it holds; None where it does not say."""
    evidence: str
    loses: str
    """What of the portal's knowledge it does not give, in words."""
    rank: int
    tried: str | None = None
    """What came of reading one record; None where it was not tried."""


@dataclass(frozen=True, slots=True, kw_only=True)
class DetectionReport:
    """What is behind an address. ``endpoints``: the recommended first."""

    url: str
    title: str | None = None
    endpoints: tuple[Endpoint, ...] = ()
    asked: int = 0
    forbidden: tuple[str, ...] = ()
    """Addresses that robots.txt forbids: they were not asked."""
    fault: str | None = None
    """Why nothing is known, where the site did not answer at all."""
    notes: tuple[str, ...] = field(default=())
    robots: str | None = None
    """How a harvest of the endpoint to take would take robots.txt of its host."""

    @property
    def best(self) -> Endpoint | None:
        """The endpoint to take; None where none is sure enough."""
        return self.endpoints[0] if self.endpoints and self.endpoints[0].confidence >= SURE else None

    def reasons(self) -> list[str]:
        """Why the endpoint to take is recommended, and what else there is, line by line."""
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
        return asdict(self) | {"recommended": self.best.type if self.best else None}


def ranked(hits: dict[tuple[str, str], Detection]) -> list[Endpoint]:
    """The endpoints, the one to take first: sure ones, then by what they hold and how well they tell it."""
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
