"""The result of harvesting one portal: typed counts, from the spider to its row of the table ``harvests``."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Literal

__all__ = ["HarvestMode", "HarvestStats"]

HarvestMode = Literal["full", "incremental"]


@dataclass(slots=True, kw_only=True)
class HarvestStats:
    """The counts of harvesting one portal in one run. A number counts records unless its description says otherwise.

    A spider counts here while it reads. All fields are JSON values: they are stored with every page as part of the
    checkpoint, so that a harvest that was killed continues its counts.
    """

    mode: HarvestMode = "full"
    """Whether everything was asked for, or only what changed since the last harvest."""
    advertised: int | None = None
    """Total number of records that the portal stated last; None if it states none."""
    advertised_first: int | None = None
    """Total that the portal stated first. If the last one differs, the portal changed while it was read."""
    advertised_most: int = 0
    """The largest total that the portal stated."""
    seen: int = 0
    """Records received, or confirmed by a response that says that nothing changed."""
    kept: int = 0
    """Number of different datasets among the records in ``seen``."""
    duplicates: int = 0
    """Records whose identifier an earlier record of this harvest already had."""
    explained: int = 0
    """Duplicates that cannot have displaced another record: both were in one response, or a second reading confirmed
    them."""
    lost: int = 0
    """Records that could not be read although they may be known datasets."""
    unidentified: int = 0
    """Records without an identity that could not be matched to a known dataset."""
    gone: int = 0
    """Listed addresses that the server says are gone (404, 410)."""
    outside: dict[str, int] = field(default_factory=dict)
    """What the portal lists but we do not harvest, because it lies outside the portal's own listing: number by place. A
    place is a host, or a kind of thing such as "deeper folders"."""
    outside_records: int = 0
    """How many of the things in ``outside`` are included in the total that the portal states."""
    twins: int = 0
    """Records stored under an identifier that we made, because a different dataset has the same identifier."""
    skipped: int = 0
    """Records that are not datasets: harvest sources, showcases."""
    not_modified: int = 0
    """Responses that said that nothing changed, or were identical byte for byte."""
    requests: int = 0
    """Requests sent."""
    bytes: int = 0
    """Bytes received over the wire."""
    errors: int = 0
    """Harvest errors; beyond a limit they are counted but not written."""
    tls_fault: str | None = None
    """Why the portal's certificate cannot be verified; None if it can."""
    has_moved: bool = False
    """True once it was reported that the portal has moved permanently."""
    ended: bool = False
    """True if all pages of the portal were read to the end."""
    paging_end: str = ""
    """By what the end of the pages was recognised, or why reading stopped before it, in words."""
    faults: list[str] = field(default_factory=list)
    """Reasons, in words, why something was not read."""
    notes: list[str] = field(default_factory=list)
    """What was odd although nothing was lost, in words."""

    def advertise(self, count: object) -> None:
        """Store a total number of records that the portal states. Anything but a whole number from 0 on is ignored."""
        if isinstance(count, int) and not isinstance(count, bool) and count >= 0:
            self.advertised = count
            self.advertised_most = max(self.advertised_most, count)
            if self.advertised_first is None:
                self.advertised_first = count

    def pass_over(self, outside: Mapping[str, int]) -> None:
        """Count items that were received, and are in the portal's total, but lie outside its own listing.

        ``outside``: numbers of such items by place, see :meth:`leave_out`. They also count as seen.
        """
        for place, count in outside.items():
            self.leave_out(place, count, is_record=True)
            self.seen += count

    def add_losses(self, lost: int, unidentified: int, duplicates: int, explained: int) -> None:
        """Add records that were listed but are not kept, by reason.

        ``explained``: how many of ``duplicates`` cannot have displaced another record. Lost, unidentified and duplicate
        records also count as seen.
        """
        self.lost += lost
        self.unidentified += unidentified
        self.duplicates += duplicates
        self.explained += explained
        self.seen += lost + unidentified + duplicates

    def leave_out(self, place: str, count: int = 1, *, is_record: bool = False) -> None:
        """Count things that the portal lists but that are not harvested, because they lie on other hosts or outside its
        listing.

        ``place``: where they lie: a host, or a kind of thing such as "deeper folders". ``is_record``: whether they are
        included in the total that the portal states.
        """
        self.outside[place] = self.outside.get(place, 0) + count
        self.outside_records += count if is_record else 0

    def end(self, how: str) -> None:
        """Record that all pages of the portal were read. This also takes back what an earlier :meth:`fail` put into
        :attr:`ended`.

        ``how``: how the end was recognised, in words.
        """
        self.ended, self.paging_end = True, how

    def fail(self, why: str) -> None:
        """Record that something could not be read. ``why``: the reason, in words, which is added to :attr:`faults`.

        :attr:`ended` becomes False, so the harvest counts as incomplete; a later call of :meth:`end` sets it to True
        again.
        """
        self.ended, self.paging_end = False, why
        self.faults.append(why)

    @property
    def accounted(self) -> int:
        """Return for how many of the records that the portal lists we know what became of them.

        The result is compared with ``advertised``, the total that the portal states. It is the sum of the records kept,
        skipped, lost, not identified, gone or outside the listing, and of the duplicates in ``explained``.
        """
        missed = self.unidentified + self.lost + self.gone + self.outside_records
        return self.kept + self.skipped + missed + self.explained

    def row(self) -> dict[str, Any]:
        """Return the columns of the table ``harvests`` that these counts give, as a mapping from name to value.

        The verdict, its reasons and the totals of the catalogue are not included: they are known only at the end of the
        harvest.
        """
        return {
            "mode": self.mode,
            "paging_end": self.paging_end or "it broke off",
            "advertised": self.advertised,
            "seen": self.seen,
            "duplicates": self.duplicates,
            "skipped": self.skipped,
            "lost": self.lost + self.unidentified,
            "outside": self.outside,
            "requests": self.requests,
            "not_modified": self.not_modified,
            "bytes": self.bytes,
            "tls_fault": self.tls_fault,
        }
