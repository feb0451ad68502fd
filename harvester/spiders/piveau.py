"""piveau: the hub of data.europa.eu and of other portals, by its search.

API: data.europa.eu, "API documentation", hub search; piveau's own documentation. Quirks handled: pages of the search
end at the window of its index, so the search is scrolled; a scroll belongs to one harvest and its token soon ends, so a
harvest that was broken off begins again; a hub without scrolling is read by pages, up to its window. Errors come as
plain text. What is asked for beside the search, such as ``facets`` of a catalogue in the portal's address, is kept.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any
from urllib.parse import parse_qsl, quote, urlencode, urlsplit, urlunsplit

from catalog.model import Dataset
from harvester.checks import faults
from harvester.spiders.about import About
from harvester.spiders.listing import ListingSpider, Refused
from harvester.spiders.paging import Sheet, Walk
from harvester.spiders.piveau_record import to_dataset
from harvester.spiders.values import first

if TYPE_CHECKING:
    from scrapy import Request
    from scrapy.http import Response

__all__ = ["Spider"]

HUB = "/api/hub/search"
WINDOW = 10_000
"""Records behind which the index answers no page."""
OURS = ("filter", "limit", "page", "scroll", "aggregation", "q", "locale")
"""Parameters that are set here."""


class Spider(ListingSpider):
    """All datasets of a piveau hub."""

    type = "piveau"
    about = About(
        software="piveau hub search: data.europa.eu, open.bydata.de and others",
        paging="a scroll of the search; by page number where there is none",
        incremental="not offered",
        deletion="absent from a complete full harvest",
        limits="without a scroll 10,000 datasets; a scroll cannot be taken up again",
        loses="properties of DCAT-AP that its index leaves out: the hub's RDF has them",
        rank=70,
    )
    volatile = ("quality_meas", "catalog", "catalog_record", "translation_meta", "score")
    max_rows = 250
    has_numbers = True

    def resume(self, cursor: dict[str, Any]) -> None:
        self.way: int = cursor.get("way", 0)

    def position(self, walk: Walk) -> dict[str, Any]:
        return {**super().position(walk), "way": self.way}

    def continued(self, cursor: dict[str, Any]) -> list[Any]:
        walk = Walk(**cursor["walk"])
        if walk.at is None or walk.is_end:
            return super().continued(cursor)
        self.start_over("a scroll of the search cannot be taken up again: begun anew")
        return self.opening()

    @property
    def bases(self) -> list[str]:
        """Where the search may lie: at the address given, or below a portal's."""
        parts = urlsplit(self.portal.url)
        whole = urlunsplit(parts._replace(query="", fragment="")).rstrip("/").removesuffix("/search/search")
        if HUB in whole:
            return [whole[: whole.index(HUB)] + HUB]
        site = whole.removesuffix("/search")
        return [f"{site}{HUB}", site]

    @property
    def own(self) -> list[tuple[str, str]]:
        """What the portal's address asks for of its own."""
        return [(key, held) for key, held in parse_qsl(urlsplit(self.portal.url).query) if key not in OURS]

    def look_up(self, identifier: str, source_url: str) -> str | None:
        is_id = "/" not in identifier
        return f"{self.bases[self.way]}/datasets/{quote(identifier, safe='')}" if is_id else None

    def shows(self, response: Response, identifier: str) -> bool:
        answer = self.read_json(response)
        return isinstance(answer, dict) and isinstance(answer.get("result"), dict)

    def ask(self, walk: Walk) -> Request:
        base = self.bases[self.way]
        if walk.at is not None:
            return self.get(f"{base}/scroll?{urlencode({'scrollId': walk.at})}", walk)
        params = [*self.own, ("filter", "dataset"), ("aggregation", "false"), ("limit", walk.asked)]
        params += [("page", walk.number - 1)] if walk.start else [("scroll", "true")]
        return self.get(f"{base}/search?{urlencode(params)}", walk)

    def instead(self, fault: faults.Fault, response: Response | None, walk: Walk) -> list[Any] | None:
        if response is None:
            return None
        if not walk.start and not self.tally.kept and response.status == 404 and self.way + 1 < len(self.bases):
            self.way += 1
            return [self.ask(walk)]
        if walk.at is None and walk.start + walk.asked > WINDOW:
            message = f"{response.url}: the search answers nothing behind {walk.start:,} datasets ({fault.detail})"
            return [self.fatal("http", message, "ask the portal to allow scrolling of its search", response.url)]
        return None

    def read(self, response: Response, walk: Walk) -> Sheet:
        answer = self.read_json(response)
        result = answer.get("result") if isinstance(answer, dict) else None
        found = result.get("results") if isinstance(result, dict) else None
        if not isinstance(result, dict) or not isinstance(found, list):
            said = first(answer.get("message")) if isinstance(answer, dict) else None
            detail = f"the search reports an error: {said}" if said else "the answer has no results"
            raise Refused(faults.Fault("parse", "unknown", detail, "check that it is a piveau hub"), answer)
        count = result.get("count")
        scroll = first(result.get("scrollId"), result.get("scroll_id")) if found else None
        is_scrolled = walk.at is not None or scroll is not None
        return Sheet(
            records=[(f"/result/results/{i}", one) for i, one in enumerate(found)],
            total=count if isinstance(count, int) and not isinstance(count, bool) else None,
            # The token may stay the same from page to page.
            at=(scroll or walk.at) if is_scrolled and found else None,
            is_end=is_scrolled and not found,
        )

    def may_remember(self, sheet: Sheet) -> bool:
        # A scroll is of one night.
        return sheet.at is None and not sheet.is_end

    def next_of(self, walk: Walk, ahead: Walk, is_new: bool, url: str, *, is_lost: bool = False) -> list[Any]:
        if ahead.at is not None:
            # Every page of a scroll has the same address.
            self.asked.clear()
        return super().next_of(walk, ahead, is_new, url, is_lost=is_lost)

    def pointer(self, index: int) -> str:
        return f"/result/results/{index}"

    def other_id(self, raw: Any) -> str | None:
        """A catalogue, a service, a vocabulary: the index holds them beside datasets."""
        kind = first(raw.get("index")) if isinstance(raw, dict) else None
        return None if kind in (None, "dataset", "dataset-series", "datasetseries") else first(raw.get("id"))

    def to_dataset(self, raw: Any) -> Dataset:
        return to_dataset(raw, self.bases[self.way], self.portal.language)
