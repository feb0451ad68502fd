"""Listings that reach no further than some offset: behind it, the next window begins at the date of the last record.

The record at the seam, and all of its date, come twice by right.
"""

from __future__ import annotations

from typing import Any, ClassVar

from harvester.checks import faults
from harvester.spiders.base import RecordWithPlace
from harvester.spiders.listing import ListingSpider, Refused
from harvester.spiders.paging import Sheet, Walk

__all__ = ["WindowedSpider"]


class WindowedSpider(ListingSpider):
    """Base of spiders whose portal is sorted by a date, and answers no greater offset than ``window``.

    ``walk.at["key"]`` is the date from which a window counts; the first has none.
    """

    window: ClassVar[int] = 10_000
    """Records that can be reached by offset. Totals are cut off there as well."""

    def key_of(self, raw: Any) -> int | None:
        """The date of a record by which the listing is sorted."""
        raise NotImplementedError

    def windowed(self, walk: Walk, records: list[RecordWithPlace], total: Any, *, is_end: bool) -> Sheet:
        """The sheet of a page. Raises Refused where the window is full and no further one can be opened."""
        at = None
        # Where the total is cut off, so may be the sign that there is more: only a total within the window ends it.
        is_whole = isinstance(total, int) and total < self.window
        is_end = is_end and (is_whole or not records or walk.start + len(records) + walk.asked <= self.window)
        if records and not is_end and walk.start + len(records) + walk.asked > self.window:
            key = self.key_of(records[-1][1])
            if key is None or (walk.at and walk.at["key"] == key):
                why = "the last record has no date" if key is None else "all records in it bear one date"
                detail = f"the portal lists {self.window:,} records at once; what follows cannot be asked for: {why}"
                raise Refused(faults.Fault("http", "unknown", detail, "ask the portal for a listing without a limit"))
            at = {"key": key}
        # A window's total is not the portal's, and one that is cut off is none.
        is_total = walk.at is None and isinstance(total, int) and total < self.window
        return Sheet(records=records, total=total if is_total else None, at=at, is_end=is_end)

    def ahead(self, walk: Walk, sheet: Sheet) -> Walk:
        return walk.from_key(sheet.at) if sheet.at else walk.forward(sheet.count, walk.at)

    def may_overlap(self, walk: Walk) -> bool:
        return walk.at is not None
