"""Opendatasoft (Huwise), Explore API v2.1.

API: help.opendatasoft.com, "Explore API", catalogue. Quirks handled: pages have 100 records at most; offset and limit
reach no further than 10,000, where the server answers with an unexplained 500; datasets taken from other domains
(federation) are among the portal's own; some have no records but attachments alone.

The export of the whole catalogue knows no limit, but is one document without a total to check it by, and not paged: a
night on which one record changed would fetch all of it. So the listing is read, in the order of ``modified``; where the
window is full, the next begins at the date of its last record, which is read again; what has no date comes last.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any
from urllib.parse import urlencode

from catalog.model import Dataset
from harvester.checks import faults
from harvester.spiders.about import About
from harvester.spiders.listing import ListingSpider, Refused
from harvester.spiders.opendatasoft_record import modified_of, to_dataset
from harvester.spiders.paging import Sheet, Walk

if TYPE_CHECKING:
    from scrapy import Request
    from scrapy.http import Response

__all__ = ["Spider"]

WINDOW = 10_000
"""Offset and limit must stay below."""
ORDERS = ("modified desc,dataset_id", "modified desc")
"""Orders to try: many records may bear one date, and only the first keeps them in place."""
_DATE = re.compile(r"\d{4}-\d\d-\d\d(T[\d:.]+(Z|[+-]\d\d:?\d\d)?)?")
"""What may stand in a filter."""


class Spider(ListingSpider):
    """All datasets of an Opendatasoft domain."""

    type = "opendatasoft"
    has_facts = True
    about = About(
        software="Opendatasoft, Huwise: Explore API v2.1",
        paging="by offset in the order of `modified`; in windows by that date behind 10,000 records",
        incremental="not offered: the filter is on the data's date, not on the record's",
        deletion="absent from a complete full harvest",
        limits="100 records to a page; 10,000 by offset",
        loses="datasets that are not open to everyone",
        rank=90,
    )
    alone = "{base}/api/explore/v2.1/catalog/datasets/{id}"
    volatile = ("metas.default.data_processed", "metas.default.records_count", "metas.explore")
    max_rows = 100

    def resume(self, cursor: dict[str, Any]) -> None:
        self.order: int = cursor.get("order", 0)

    def position(self, walk: Walk) -> dict[str, Any]:
        return {**super().position(walk), "order": self.order}

    def ask(self, walk: Walk) -> Request:
        params: dict[str, Any] = {"limit": walk.asked, "offset": walk.start, "order_by": ORDERS[self.order]}
        if walk.at:
            until = walk.at["until"]
            params["where"] = f"modified <= date'{until}'" if until else "modified is null"
        return self.get(f"{self.base}/api/explore/v2.1/catalog/datasets?{urlencode(params)}", walk)

    def instead(self, fault: faults.Fault, response: Response | None, walk: Walk) -> list[Any] | None:
        """Another order."""
        is_first = not (walk.start or walk.at or self.tally.kept)
        if is_first and response is not None and response.status == 400 and self.order + 1 < len(ORDERS):
            self.order += 1
            return [self.ask(walk)]
        return None

    def read(self, response: Response, walk: Walk) -> Sheet:
        answer = self.read_json(response)
        results = answer.get("results") if isinstance(answer, dict) else None
        if not isinstance(results, list):
            said = answer.get("message") or answer.get("error") if isinstance(answer, dict) else None
            detail = f"the API reports an error: {said}" if said else "the answer has no list of results"
            raise Refused(faults.Fault("parse", "unknown", detail, "check that it is Opendatasoft's API"), answer)
        records = [(f"/results/{i}", record) for i, record in enumerate(results)]
        is_full = walk.start + len(results) + walk.rows >= WINDOW
        if walk.at is None and not is_full:
            return Sheet(records=records, total=answer.get("total_count"))
        # A filtered answer counts what the filter finds.
        total = answer.get("total_count") if walk.at is None else None
        return Sheet(
            records=records, total=total, at=self._window(results, walk, is_full), is_end=self._is_end(results, walk)
        )

    @staticmethod
    def _is_end(results: list[Any], walk: Walk) -> bool:
        """Whether a page of a window is the last of all: an empty one of those without a date."""
        return not results and walk.at is not None and not walk.at["until"]

    @staticmethod
    def _window(results: list[Any], walk: Walk, is_full: bool) -> dict[str, Any]:
        """The window of the next page. Raises Refused where there is no way on."""
        if results and not is_full:
            return dict(walk.at)
        if not results:
            return {"until": None, "is_new": True}
        last = modified_of(results[-1])
        if last is not None and not _DATE.fullmatch(last):
            raise _no_way_on(f"the last date of the page cannot be asked for: {last[:60]!r}")
        if walk.at and walk.at["until"] == last:
            what = f"the date {last}" if last else "no date"
            raise _no_way_on(f"some {WINDOW:,} records bear {what}: the portal shows no more of them")
        return {"until": last, "is_new": True}

    def ahead(self, walk: Walk, sheet: Sheet) -> Walk:
        if sheet.at and sheet.at.get("is_new") and not sheet.is_end:
            return walk.from_key({"until": sheet.at["until"]})
        return super().ahead(walk, sheet)

    def may_overlap(self, walk: Walk) -> bool:
        return walk.at is not None

    def pointer(self, index: int) -> str:
        return f"/results/{index}"

    def to_dataset(self, raw: Any) -> Dataset:
        return to_dataset(raw, self.base, self.languages)


def _no_way_on(detail: str) -> Refused:
    # No smaller page would help.
    return Refused(faults.Fault("page", "unknown", detail, "ask the portal for its export; what was read is kept"))
