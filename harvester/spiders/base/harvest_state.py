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
    """The attributes of a running spider that functions outside it use.

    These functions find the dataset to which a record belongs, and decide whether the harvest was complete.
    """

    portal: PortalSpec
    run: RunContext
    before: PreviousHarvest
    """The results of earlier runs."""
    stats: HarvestStats
    seen_ids: set[str]
    """Identifiers of the datasets found in this harvest."""
    nameless: list[tuple[IdentityFacts, Record | None]]
    """Records without identifier with their title, files and page, to be matched to known datasets at the end."""
    unmatched: list[IdentityFacts]
    """Titles, files and pages of the records without identifier that match no known dataset."""
    twins: dict[str, set[str]]
    """Identifiers that several datasets share, each with the new identifiers given to the further datasets."""

    @property
    def reader(self) -> str:
        """Cache key of stored responses: program version and largest record size in bytes, such as "1.2.0/50000000".

        A response stored under another key is parsed again.
        """

    def hash_of(self, raw: Any) -> tuple[str, int]:
        """Return a hash by which a change of the record ``raw`` is noticed, and the size of ``raw`` in bytes.

        Parts that other records share, such as the publisher, do not count for the hash, nor do fields that change
        without a real change of the record, such as view counters.
        """

    def record_of(self, raw: Any, pointer: str, response: Response) -> tuple[Record, list[HarvestError]]:
        """Return the record ``raw`` mapped to a dataset, and errors for texts and lists that were cut to the limits.

        ``pointer`` is its place in ``response``. Raise LostRecord if it has no usable identifier, ValueError if it is
        larger than the portal's limit, or the error of the mapping.
        """

    def written(self, errors: list[HarvestError]) -> tuple[HarvestError, ...]:
        """Count ``errors`` in the statistics of the harvest, and return those that the caller is to store.

        Beyond a number for each portal, errors are only counted and not returned.
        """
