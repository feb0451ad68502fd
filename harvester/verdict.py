"""Whether a harvest saw everything, and why not."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Literal

__all__ = ["Mode", "Tally", "Verdict", "verdict"]

Verdict = Literal["complete", "partial", "suspect", "failed"]
Mode = Literal["full", "incremental"]
MAX_FALL = 0.2
"""A portal that shrinks by more than this share against its last complete harvest is looked at first."""


@dataclass(slots=True, kw_only=True)
class Tally:
    """Counts of one portal's harvest. All of it is JSON: it is kept with every page."""

    mode: Mode = "full"
    advertised: int | None = None
    """What the portal last said it has."""
    advertised_first: int | None = None
    advertised_most: int = 0
    seen: int = 0
    kept: int = 0
    duplicates: int = 0
    explained: int = 0
    """Duplicates that hide no other record: in one answer, or confirmed by a second reading."""
    lost: int = 0
    """Records that could not be read though they may be datasets known from before."""
    unidentified: int = 0
    """Records without an identity: nothing that was kept before can be among them."""
    skipped: int = 0
    """Records that are no datasets: harvest sources, showcases."""
    not_modified: int = 0
    requests: int = 0
    bytes: int = 0
    errors: int = 0
    """Harvest errors met; beyond a limit they are counted and not written."""
    tls_fault: str | None = None
    has_moved: bool = False
    """True once it was said that the portal has moved for good."""
    ended: bool = False
    """True where paging came to its proper end."""
    paging_end: str = ""
    """How it ended, in words."""
    faults: list[str] = field(default_factory=list)
    """Why something was not read, in words."""
    notes: list[str] = field(default_factory=list)
    """What was odd and lost nothing."""

    def advertise(self, count: object) -> None:
        """Take note of a total that the portal states; what is no number is none."""
        if isinstance(count, int) and not isinstance(count, bool) and count >= 0:
            self.advertised = count
            self.advertised_most = max(self.advertised_most, count)
            if self.advertised_first is None:
                self.advertised_first = count

    def end(self, how: str) -> None:
        """Paging came to its proper end."""
        self.ended, self.paging_end = True, how

    def fail(self, why: str) -> None:
        """Something was not read; what follows cannot be complete."""
        self.ended, self.paging_end = False, why
        self.faults.append(why)

    @property
    def accounted(self) -> int:
        """Records of which it is known what became of them, each counted once."""
        return self.kept + self.skipped + self.unidentified + self.lost + self.explained


def verdict(
    tally: Tally, *, previous: int | None, minimum: int | None, maximum: int | None
) -> tuple[Verdict, list[str]]:
    """The verdict on a harvest, and its reasons; a complete one may carry notes.

    ``previous`` is the number of datasets of the last complete harvest; ``minimum`` and ``maximum`` come from the
    portal file. "suspect" is complete by its own word, but too far from what was expected to act on.
    """
    reasons = list(tally.faults)
    if tally.unidentified:
        reasons.append(f"{tally.unidentified} records have no identity and were lost; see harvest_errors")
    if tally.mode == "incremental" and tally.ended and not tally.lost:
        return "complete", [*reasons, *tally.notes]
    if tally.kept == 0:
        is_empty = tally.ended and not tally.lost and not tally.unidentified and tally.advertised in (0, None)
        if is_empty and (previous or minimum):
            return "suspect", ["the portal lists no datasets", f"it had {previous or 0} at the last complete harvest"]
        if is_empty:
            return "complete", ["the portal lists no datasets", *tally.notes]
        return "failed", reasons or ["no dataset could be read"]
    if not tally.ended:
        return "partial", [*(reasons or ["the listing broke off"]), *tally.notes]
    if tally.lost:
        return "partial", [*reasons, f"{tally.lost} records were lost; see harvest_errors", *tally.notes]
    total, unique = tally.advertised, tally.accounted
    if total is not None and tally.advertised_first != total:
        reasons.append(f"the portal's total moved from {tally.advertised_first} to {total} while it was read")
    if total is not None and unique != total and unique < tally.advertised_most:
        most = tally.advertised_most
        return "partial", [*reasons, f"the portal said up to {most} datasets and sent {unique}", *tally.notes]
    if total is not None and unique < total:
        twice = f", {tally.duplicates} of them twice" if tally.duplicates else ""
        return "partial", [
            *reasons, f"the portal says {total} datasets and sent {tally.seen} records{twice}", *tally.notes
        ]  # fmt: skip
    if total is not None and unique > total:
        reasons.append(f"the portal says {total} datasets and sent {unique}: its total is wrong or cut off")
    reasons += tally.notes
    if minimum is not None and tally.kept < minimum:
        return "suspect", [*reasons, f"{tally.kept} datasets, fewer than min_datasets = {minimum}"]
    if maximum is not None and tally.kept > maximum:
        return "suspect", [*reasons, f"{tally.kept} datasets, more than max_datasets = {maximum}"]
    if previous and tally.kept < previous * (1 - MAX_FALL):
        return "suspect", [*reasons, f"{tally.kept} datasets, and {previous} at the last complete harvest"]
    return "complete", reasons
