"""Datasets that a harvest did not see, and that is not complete: each is looked for alone.

One that the portal does not know any more (404, 410, an id unknown to its interface) is missing from then on; so a
portal of which something always fails does not keep for ever what it has withdrawn.
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
"""Datasets that are looked through for some that can be asked for: others have no address of their own."""

MAX_LOOKUPS = 200
"""Datasets looked for alone in one harvest, those first that were seen last the longest time ago."""


class Lookups:
    """Part of every spider; it does nothing where a type knows no address of a single dataset."""

    alone: ClassVar[str | None] = None
    """Address of a single dataset, with {base} and {id}; None where there is none, as in a feed: then a complete
    reading decides, and a partial one never."""
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

    # What a subclass says

    def look_up(self, identifier: str, source_url: str) -> str | None:
        """The address of a single dataset, or the query for one; ``source_url`` is that of the answer that held it.

        None: it cannot be asked for alone.
        """
        return self.alone.format(base=self.base, id=quote(identifier, safe="")) if self.alone else None

    def lookup_request(self, address: str, callback: Callable[..., Any], **kwargs: Any) -> scrapy.Request:
        """The request for what :meth:`look_up` names."""
        return self.request(address, callback, errback=self.on_unanswered, **kwargs)

    def is_unknown(self, response: Response) -> bool:
        """Whether an answer says that the portal has no such dataset: by its status, or by its words."""
        try:
            return response.status in (404, 410) or (response.status == 200 and self.says_unknown(response))
        except ValueError:
            return False

    def says_unknown(self, response: Response) -> bool:
        """Whether an answer with status 200 says so. Raises ValueError where it cannot be read."""
        return False

    def is_there(self, response: Response, identifier: str) -> bool:
        """Whether an answer, which does not say that it is unknown, shows the dataset."""
        try:
            return faults.of_response(response) is None and self.shows(response, identifier)
        except ValueError:
            return False

    def shows(self, response: Response, identifier: str) -> bool:
        """Whether an answer without fault holds the dataset. Raises ValueError where it cannot be read."""
        return True

    # The search

    def on_idle(self) -> None:
        """Called by Scrapy when nothing is left to ask. Raises DontCloseSpider where there is."""
        if self.is_over or self.has_looked:
            return
        self.has_looked = True
        settle(self)  # type: ignore[arg-type]
        self.not_found += absent(self)  # type: ignore[arg-type]
        if (first := self.first_lookup()) is not None:
            self.crawler.engine.crawl(first)  # type: ignore[attr-defined]
            raise DontCloseSpider

    def first_lookup(self) -> scrapy.Request | None:
        """The request for a dataset that is there: only who finds it may be believed about others."""
        if self.tally.mode != "full" or judged(self)[0] != "partial":  # type: ignore[arg-type]
            return None
        where = (self.night.catalog, self.portal.id, self.night.run_id)
        unseen = unseen_datasets(*where, MAX_CANDIDATES)
        # The name that we tell a twin by is unknown to the portal.
        self.unseen = [row for row in unseen if TWIN not in row[1] and self.look_up(row[1], row[2])][:MAX_LOOKUPS]
        if not self.unseen:
            return None
        for _, identifier, source_url in seen_examples(*where, MAX_CANDIDATES):
            if TWIN not in identifier and (address := self.look_up(identifier, source_url)):
                return self.lookup_request(address, self.on_example, cb_kwargs={"identifier": identifier})
        return None

    async def on_example(self, response: Response, identifier: str) -> AsyncIterator[Any]:
        if self.is_unknown(response) or not self.is_there(response, identifier):
            return
        for key, other, source_url in self.unseen:
            address = self.look_up(other, source_url)
            yield self.lookup_request(str(address), self.on_alone, cb_kwargs={"key": key, "identifier": other})

    async def on_alone(self, response: Response, key: str, identifier: str) -> AsyncIterator[Any]:
        if self.is_unknown(response):
            self.not_found.append(key)
        elif self.is_there(response, identifier):
            # It is there; what it says is read when the listing has it again.
            yield Page(unchanged=(identifier,))

    async def on_unanswered(self, failure: Any) -> None:
        """Nothing is known of it then."""
