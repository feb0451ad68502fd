"""Request single datasets that an incomplete harvest did not see.

A dataset that the portal no longer knows (404, 410, or an unknown id) is missing from then on. Without this, a portal
with a permanent fault would keep withdrawn datasets forever.
"""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable
from typing import TYPE_CHECKING, Any, ClassVar
from urllib.parse import quote

from scrapy.exceptions import DontCloseSpider

from catalog.model import Page
from catalog.repositories.harvests import seen_examples, unseen_datasets
from harvester.http import faults
from harvester.night.judging import judged
from harvester.spiders.base.identity import TWIN, absent, settle

if TYPE_CHECKING:
    import scrapy
    from scrapy.http import Response

    from catalog.model.harvest_stats import HarvestStats
    from harvester.night.context import RunContext
    from specs.portals import PortalSpec

__all__ = ["MAX_LOOKUPS", "Lookups"]

MAX_CANDIDATES = 2_000
"""Maximum number of datasets examined to find some that can be requested; others have no address of their own."""

MAX_LOOKUPS = 200
"""Maximum number of datasets requested alone in one harvest, those seen longest ago first."""


class Lookups:
    """Single-dataset requests for every spider; inactive for types without an address for a single dataset."""

    alone: ClassVar[str | None] = None
    """Address of a single dataset with {base} and {id}; None if there is none, as in a feed. Without it, only a
    complete harvest can find that a dataset is gone.
    """
    portal: PortalSpec
    night: RunContext
    tally: HarvestStats
    is_over: bool
    has_looked = False
    not_found: list[str]
    request: Callable[..., scrapy.Request]
    read_json: Callable[[Response], Any]
    checkpoint: Callable[[Any], dict[str, Any] | None]

    @property
    def base(self) -> str:
        """The address that an interface's paths are joined to."""
        raise NotImplementedError

    # Hooks of a subclass

    def look_up(self, identifier: str, source_url: str) -> str | None:
        """Return the address of a single dataset, or the query for one; None if it cannot be requested alone.

        ``source_url`` is the address of the response that held the dataset.
        """
        return self.alone.format(base=self.base, id=quote(identifier, safe="")) if self.alone else None

    def lookup_request(self, address: str, callback: Callable[..., Any], **kwargs: Any) -> scrapy.Request:
        """Return the request for the address or query that :meth:`look_up` returned."""
        return self.request(address, callback, errback=self.on_unanswered, **kwargs)

    def is_unknown(self, response: Response) -> bool:
        """Return whether a response says, by its status or its body, that the portal has no such dataset."""
        try:
            return response.status in (404, 410) or (response.status == 200 and self.says_unknown(response))
        except ValueError:
            return False

    def says_unknown(self, response: Response) -> bool:
        """Return whether a response with status 200 says so; raise ValueError if it cannot be read."""
        return False

    def is_there(self, response: Response, identifier: str) -> bool:
        """Return whether a response shows the dataset and does not say that it is unknown."""
        try:
            return faults.of_response(response) is None and self.shows(response, identifier)
        except ValueError:
            return False

    def shows(self, response: Response, identifier: str) -> bool:
        """Return whether a successful response holds the dataset; raise ValueError if it cannot be read."""
        return True

    # The search

    def on_idle(self) -> None:
        """Start the look-ups when Scrapy has no requests left; raise DontCloseSpider if there are look-ups to make."""
        if self.is_over or self.has_looked:
            return
        self.has_looked = True
        settle(self)  # type: ignore[arg-type]
        self.not_found += absent(self)  # type: ignore[arg-type]
        if (first := self.first_lookup()) is not None:
            self.crawler.engine.crawl(first)  # type: ignore[attr-defined]
            raise DontCloseSpider

    def first_lookup(self) -> scrapy.Request | None:
        """Return the request for a dataset that exists: only if it is found are the other results believed."""
        if self.tally.mode != "full" or judged(self)[0] != "partial":  # type: ignore[arg-type]
            return None
        where = (self.night.catalog, self.portal.id, self.night.run_id)
        unseen = unseen_datasets(*where, MAX_CANDIDATES)
        # The portal does not know identifiers that we made to tell twins apart.
        self.unseen = [row for row in unseen if TWIN not in row[1] and self.look_up(row[1], row[2])][:MAX_LOOKUPS]
        if not self.unseen:
            return None
        for _, identifier, source_url in seen_examples(*where, MAX_CANDIDATES):
            if TWIN not in identifier and (address := self.look_up(identifier, source_url)):
                return self.lookup_request(address, self.on_example, cb_kwargs={"identifier": identifier})
        return None

    async def on_example(self, response: Response, identifier: str) -> AsyncIterator[Any]:
        """Request the unseen datasets, after the example was found."""
        if self.is_unknown(response) or not self.is_there(response, identifier):
            return
        for key, other, source_url in self.unseen:
            address = self.look_up(other, source_url)
            yield self.lookup_request(str(address), self.on_alone, cb_kwargs={"key": key, "identifier": other})

    async def on_alone(self, response: Response, key: str, identifier: str) -> AsyncIterator[Any]:
        """Note whether the portal still has this dataset."""
        if self.is_unknown(response):
            self.not_found.append(key)
        elif self.is_there(response, identifier):
            # The dataset exists; its content is read when the listing returns it again.
            yield Page(unchanged=(identifier,))

    async def on_unanswered(self, failure: Any) -> None:
        """Ignore a failed look-up: the dataset's state stays unknown."""
