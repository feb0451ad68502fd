"""What spiders yield and what the night carries: one page at a time, and a tally that can be judged."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Literal

from catalog.model import HarvestError, Record
from catalog.store import Catalog
from harvester.checks.politeness import HostBudget

__all__ = ["Night", "Page", "Tally", "Verdict", "verdict"]

Verdict = Literal["complete", "partial", "suspect", "failed"]
MAX_FALL = 0.2
"""A portal that shrinks by more than this share against its last complete harvest is looked at first."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Page:
    """The records of one answer, mapped, and what was lost from it. Written as one transaction."""

    records: tuple[Record, ...] = ()
    errors: tuple[HarvestError, ...] = ()


@dataclass(slots=True, kw_only=True)
class Tally:
    """Counts of one portal's harvest."""

    advertised: int | None = None
    seen: int = 0
    kept: int = 0
    duplicates: int = 0
    lost: int = 0
    """Records that could not be read though they may be datasets known from before."""
    unidentified: int = 0
    """Records without an identity: nothing that was kept before can be among them."""
    skipped: int = 0
    """Records that are no datasets: harvest sources, showcases."""
    requests: int = 0
    bytes: int = 0
    ended: bool = False
    """True where paging came to its proper end."""
    faults: list[str] = field(default_factory=list)
    """Why something was not read, in words."""


@dataclass(slots=True, kw_only=True)
class Night:
    """What all stages share."""

    catalog: Catalog
    run_id: str
    data: Path
    """Folder of the catalogue, downloads and exports."""
    contact: str = "no contact given"
    budget: HostBudget = field(default_factory=HostBudget)
    on_progress: Callable[[str, str, int, int | None], None] = lambda stage, what, done, total: None
    """Called with stage, portal (or other label), things done, and things to do where known."""
    fault: BaseException | None = None
    """A fault of the catalogue itself (disk full): the night stops, and says so."""


def verdict(
    tally: Tally, *, previous: int | None, minimum: int | None, maximum: int | None
) -> tuple[Verdict, list[str]]:
    """Whether a harvest saw everything, and why not.

    ``previous`` is the number of datasets of the last complete harvest; ``minimum`` and ``maximum`` come from the
    portal file. "suspect" is complete by its own word, but too far from what was expected to act on.
    """
    reasons = list(tally.faults)
    if tally.unidentified:
        reasons.append(f"{tally.unidentified} records have no identity and were lost; see harvest_errors")
    if tally.kept == 0:
        if (
            tally.ended
            and not tally.lost
            and not tally.unidentified
            and tally.advertised in (0, None)
            and not previous
            and not minimum
        ):
            return "complete", ["the portal lists no datasets"]
        return "failed", reasons or ["no dataset could be read"]
    if not tally.ended:
        return "partial", reasons or ["the listing broke off"]
    if tally.lost:
        return "partial", [*reasons, f"{tally.lost} records were lost; see harvest_errors"]
    if tally.advertised is not None and tally.seen < tally.advertised:
        return "partial", [*reasons, f"the portal says {tally.advertised} datasets and sent {tally.seen}"]
    if minimum is not None and tally.kept < minimum:
        return "suspect", [*reasons, f"{tally.kept} datasets, fewer than min_datasets = {minimum}"]
    if maximum is not None and tally.kept > maximum:
        return "suspect", [*reasons, f"{tally.kept} datasets, more than max_datasets = {maximum}"]
    if previous and tally.kept < previous * (1 - MAX_FALL):
        return "suspect", [*reasons, f"{tally.kept} datasets, and {previous} at the last complete harvest"]
    return "complete", reasons
