"""Datasets that a harvest did not see, and that is not complete: each is looked for alone.

One that the portal does not know any more (404, 410, an id unknown to its interface) is missing from then on; so a
portal of which something always fails does not keep for ever what it has withdrawn.
"""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable
from typing import TYPE_CHECKING, Any, ClassVar
from urllib.parse import quote

from scrapy.exceptions import DontCloseSpider

from catalog.harvests import seen_example, unseen_datasets
from catalog.model import Page
from harvester.checks import faults
from harvester.judging import judged
from harvester.spiders.identity import absent, settle

if TYPE_CHECKING:
    import scrapy
    from scrapy.http import Response

    from harvester.night import Night
    from harvester.verdict import Tally
    from specs.portals import PortalSpec

__all__ = ["MAX_LOOKUPS", "Lookups"]

MAX_LOOKUPS = 200
"""Datasets looked for alone in one harvest, those first that were seen last the longest time ago."""


class Lookups:
    """Part of every spider; it does nothing where a type knows no address of a single dataset."""

    alone: ClassVar[str | None] = None
    """Address of a single dataset, with {base} and {id}; None where there is none."""
    portal: PortalSpec
    night: Night
    tally: Tally
    is_over: bool
    has_looked = False
    not_found: list[str]
    request: Callable[..., scrapy.Request]
    checkpoint: Callable[[Any], dict[str, Any] | None]

    @property
    def base(self) -> str:
        """The address that an interface's paths are joined to."""
        raise NotImplementedError

    # What a subclass says

    def look_up(self, identifier: str, source_url: str) -> str | None:
        """The address of a single dataset; ``source_url`` is that of the answer that held it. None: there is none."""
        return self.alone.format(base=self.base, id=quote(identifier, safe="")) if self.alone else None

    def is_unknown(self, response: Response) -> bool:
        """Whether an answer says that the portal has no such dataset."""
        return response.status in (404, 410)

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
        self.unseen = [row for row in unseen_datasets(*where, MAX_LOOKUPS) if self.look_up(row[1], row[2])]
        there = seen_example(*where)
        if not self.unseen or there is None or not (url := self.look_up(there[1], there[2])):
            return None
        return self.request(url, self.on_example, errback=self.on_unanswered)

    async def on_example(self, response: Response) -> AsyncIterator[Any]:
        if faults.of_response(response) is None and not self.is_unknown(response):
            for key, identifier, source_url in self.unseen:
                url = self.look_up(identifier, source_url)
                yield self.request(
                    str(url),
                    self.on_alone,
                    errback=self.on_unanswered,
                    cb_kwargs={"key": key, "identifier": identifier},
                )

    async def on_alone(self, response: Response, key: str, identifier: str) -> AsyncIterator[Any]:
        if self.is_unknown(response):
            self.not_found.append(key)
        elif faults.of_response(response) is None:
            # It is there; what it says is read when the listing has it again.
            yield Page(unchanged=(identifier,))

    async def on_unanswered(self, failure: Any) -> None:
        """Nothing is known of it then."""
