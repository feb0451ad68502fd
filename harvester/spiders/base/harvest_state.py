"""The part of a spider that its judgement and the identification of its records need."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Protocol

if TYPE_CHECKING:
    from scrapy.http import Response

    from catalog.model import HarvestError, Record
    from catalog.model.harvest_stats import HarvestStats
    from catalog.repositories.harvests import PreviousHarvest
    from catalog.repositories.identities import IdentityFacts
    from harvester.night.context import RunContext
    from specs.portals import PortalSpec

__all__ = ["HarvestState"]


class HarvestState(Protocol):
    """What a harvest has seen so far. Every spider of a portal is one."""

    portal: PortalSpec
    night: RunContext
    before: PreviousHarvest
    """The results of earlier runs."""
    tally: HarvestStats
    seen_ids: set[str]
    """Identifiers of the records kept in this harvest."""
    nameless: list[tuple[IdentityFacts, Record | None]]
    """Records without identifier, to be matched at the end of the harvest."""
    unmatched: list[IdentityFacts]
    """Records without identifier that match no known dataset."""
    twins: dict[str, set[str]]
    """Identifiers shared by several datasets, each with the identities of the further datasets."""

    @property
    def reader(self) -> str:
        """Version of the program and limits that read a response."""

    def hash_of(self, raw: Any) -> tuple[str, int]:
        """Return the hash of a record's own part, and the size of the whole record in bytes."""

    def record_of(self, raw: Any, pointer: str, response: Response) -> tuple[Record, list[HarvestError]]:
        """Return a mapped record, and errors for parts cut off; raise LostRecord, or the error of the mapping."""

    def written(self, errors: list[HarvestError]) -> tuple[HarvestError, ...]:
        """Return the errors that are still stored; those beyond the limit are only counted."""
