"""Socrata (Tyler Data & Insights), discovery API v1; ``/api/views`` where a site does not offer it.

API: dev.socrata.com, "Discovery API" ("Pagination", "Deep scrolling", "Sort order"). Quirks handled: without an order
that is unique, records come twice and hide others, so ``order=dataset_id``, or by name where that is refused; offset
and limit reach no further than 10,000 records, so behind them ``scroll_id`` leads from id to id, and is trusted only
while ids rise; catalogues of other sites are mixed in (federation), whose records are passed over; ``only=datasets`` is
not always obeyed, so charts, maps, stories, calendars and files are passed over too; the old ``/api/views`` mixes all
of them, has no total and dates in epoch seconds.

What is federated is told by ``metadata.domain``, which must be the portal's own host. A portal reached by an IP address
has no such name: there the domain that most records of the first page bear counts as its own.
"""

from __future__ import annotations

import ipaddress
from collections import Counter
from typing import TYPE_CHECKING, Any
from urllib.parse import urlencode, urlsplit

from catalog.model import Dataset
from harvester.checks import faults
from harvester.spiders.about import About
from harvester.spiders.listing import ListingSpider, Refused
from harvester.spiders.paging import Sheet, Walk
from harvester.spiders.socrata_record import domain_of, id_of, is_dataset, to_dataset

if TYPE_CHECKING:
    from scrapy import Request
    from scrapy.http import Response

__all__ = ["Spider"]

WINDOW = 10_000
"""Sum of offset and limit that the discovery API admits."""
ORDERS = ("dataset_id", "name")
"""Orders to try: only the first is unique."""
LOWEST = "0000-0000"
"""Before every id: they are of digits and letters, four and four."""
VIEWS_ROWS = 200
"""Records on a page of ``/api/views``."""


class Spider(ListingSpider):
    """All datasets of a Socrata site, without those of other sites."""

    type = "socrata"
    has_facts = True
    about = About(
        software="Socrata, Tyler Data & Insights: discovery API v1, `/api/views`",
        paging="by offset in the order of ids; by `scroll_id` behind 10,000 records",
        incremental="not offered",
        deletion="absent from a complete full harvest",
        limits="10,000 records by offset; no files, links or map layers, which `only=datasets` leaves out",
        loses="attachments and data dictionaries, which only single views tell of",
        rank=90,
    )
    alone = "{base}/api/views/{id}.json"
    volatile = (
        "resource.page_views", "resource.view_count", "resource.download_count", "viewCount", "downloadCount",
        "numberOfComments", "averageRating", "totalTimesRated", "indexUpdatedAt",
    )  # fmt: skip
    has_numbers = True

    def resume(self, cursor: dict[str, Any]) -> None:
        self.order: int = cursor.get("order", 0)
        self.by_views: bool = cursor.get("by_views", False)
        """Whether the discovery API is not offered."""
        self.domain: str | None = cursor.get("domain")
        """The domain of the portal's own records."""

    def position(self, walk: Walk) -> dict[str, Any]:
        own = {"order": self.order, "by_views": self.by_views, "domain": self.domain}
        return {**super().position(walk), **own}

    @property
    def host(self) -> str:
        return (urlsplit(self.portal.url).hostname or "").lower()

    def ask(self, walk: Walk) -> Request:
        params: dict[str, Any]
        if self.by_views:
            return self.get(f"{self.base}/api/views?{urlencode({'page': walk.number, 'limit': walk.asked})}", walk)
        params = {"domains": self.host, "search_context": self.host, "only": "datasets", "limit": walk.asked}
        # Scrolling has an order of its own.
        params |= {"scroll_id": walk.at} if walk.at else {"offset": walk.start, "order": ORDERS[self.order]}
        return self.get(f"{self.base}/api/catalog/v1?{urlencode(params)}", walk)

    def instead(self, fault: faults.Fault, response: Response | None, walk: Walk) -> list[Any] | None:
        """Another order; the old interface; and no step over a record where places have no number."""
        if walk.at and not walk.can_shrink:
            url = response.url if response is not None else self.portal.url
            return [self.no_answer(fault, url)]
        if response is None or walk.start or walk.at or self.tally.kept or self.by_views:
            return None
        if response.status == 400 and self.order + 1 < len(ORDERS):
            self.order += 1
            return [self.ask(walk)]
        if response.status == 404:
            self.by_views, self.order = True, 0
            return [self.ask(Walk(rows=min(walk.rows, VIEWS_ROWS)))]
        return None

    def read(self, response: Response, walk: Walk) -> Sheet:
        answer = self.read_json(response)
        if self.by_views and isinstance(answer, list):
            # Pages are known by number: a short one, by the portal's own cap or at the end, is a page all the same.
            received = walk.asked if answer else 0
            return Sheet(records=[(f"/{i}", record) for i, record in enumerate(answer)], received=received)
        results = answer.get("results") if isinstance(answer, dict) else None
        if self.by_views or not isinstance(results, list):
            said = answer.get("error") or answer.get("message") if isinstance(answer, dict) else None
            detail = f"the API reports an error: {said}" if said else "the answer has no list of results"
            raise Refused(faults.Fault("parse", "unknown", detail, "check that it is Socrata's API"), answer)
        if self.domain is None:
            self.domain = self._own_domain(results)
        records = [(f"/results/{i}", record) for i, record in enumerate(results)]
        total = answer.get("resultSetSize")
        if walk.at is None and walk.start + len(results) + walk.rows <= WINDOW:
            return Sheet(records=records, total=total)
        return Sheet(records=records, total=total, at=self._last_id(results, walk), is_end=not results)

    def _own_domain(self, results: list[Any]) -> str | None:
        if not _is_address(self.host):
            return self.host
        named = Counter(domain for record in results if (domain := domain_of(record)))
        return named.most_common(1)[0][0] if named else None

    def _last_id(self, results: list[Any], walk: Walk) -> str:
        """The id after which the next page begins. Raises Refused where ids do not rise: then nothing is sure."""
        ids = [found for record in results if (found := id_of(record))]
        if walk.at is not None and (ids != sorted(ids) or (ids and ids[0] <= walk.at)):
            raise _no_way_on(f"scroll_id={walk.at} is not obeyed: the ids after it do not rise")
        if results and not ids:
            raise _no_way_on("no record of the page has an id: there is no way on from it")
        if walk.at is None and self.order:
            # By name, the last record says nothing of the ids behind it.
            return LOWEST
        return ids[-1] if ids else str(walk.at or LOWEST)

    def may_overlap(self, walk: Walk) -> bool:
        """Scrolling that began anew comes by what was read by name."""
        return walk.at is not None and self.order > 0

    def other_id(self, raw: Any) -> str | None:
        """Records of other sites, and what is no dataset."""
        domain = domain_of(raw)
        is_federated = bool(self.domain and domain and _plain(domain) != _plain(self.domain))
        return id_of(raw) if is_federated or not is_dataset(raw) else None

    def to_dataset(self, raw: Any) -> Dataset:
        return to_dataset(raw, self.base, self.languages)


def _no_way_on(detail: str) -> Refused:
    # No smaller page would help.
    return Refused(faults.Fault("page", "unknown", detail, "ask the portal to mend its paging; what was read is kept"))


def _plain(domain: str) -> str:
    return domain.lower().removeprefix("www.")


def _is_address(host: str) -> bool:
    """Whether a host has no name of its own."""
    try:
        ipaddress.ip_address(host)
    except ValueError:
        return host == "localhost"
    return True
