"""Request single datasets that an incomplete harvest did not see.

A dataset that the portal no longer knows (404, 410, or an unknown id) is missing from then on. Without this, a portal
with a permanent fault would keep withdrawn datasets forever.
"""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable
from typing import TYPE_CHECKING, Any, ClassVar
from urllib.parse import quote

from scrapy.exceptions import DontCloseSpider

from catalog.model import HarvestPage
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
    """Mixin of every spider: after an incomplete harvest, send one request for each dataset that was not found.

    The responses show which of these datasets the portal still has. Nothing is requested if the portal type has no
    address for a single dataset. ``is_over``: whether the harvest has reached its deadline. ``not_found``: ids of the
    datasets that the portal said it does not have. ``request``, ``read_json`` and ``checkpoint`` are the methods of
    :class:`~harvester.spiders.base.portal_spider.PortalSpider`.
    """

    alone: ClassVar[str | None] = None
    """Address of a single dataset, with {base} and {id}; None if there is no such address, as in a feed.

    Without it, only a complete harvest can find that a dataset is gone.
    """
    portal: PortalSpec
    run: RunContext
    stats: HarvestStats
    is_over: bool
    has_looked = False
    not_found: list[str]
    request: Callable[..., scrapy.Request]
    read_json: Callable[[Response], Any]
    checkpoint: Callable[[Any], dict[str, Any] | None]

    @property
    def base(self) -> str:
        """Address without final slash to which the paths of the portal's interface are appended."""
        raise NotImplementedError

    # Hooks of a subclass

    def look_up(self, identifier: str, source_url: str) -> str | None:
        """Return the address (or query) that requests the dataset ``identifier`` alone; None if there is none.

        ``source_url`` is the address of the response in which the dataset was found before.
        """
        return self.alone.format(base=self.base, id=quote(identifier, safe="")) if self.alone else None

    def lookup_request(self, address: str, callback: Callable[..., Any], **kwargs: Any) -> scrapy.Request:
        """Return the request for ``address``, which :meth:`look_up` returned: an address or a query.

        ``callback`` is called with the response. ``kwargs`` are passed on to the Scrapy request.
        """
        return self.request(address, callback, errback=self.on_no_response, **kwargs)

    def is_unknown(self, response: Response) -> bool:
        """Return whether the portal says in ``response`` that it does not have the dataset requested.

        It says so by status 404 or 410, or in the body of a response with status 200; see :meth:`says_unknown`. Return
        False if the body cannot be read.
        """
        try:
            return response.status in (404, 410) or (response.status == 200 and self.says_unknown(response))
        except ValueError:
            return False

    def says_unknown(self, response: Response) -> bool:
        """Return whether the body of ``response`` (status 200) says that the dataset requested does not exist.

        The default is False, for portals that say so by the status alone. Raise ValueError if the body cannot be read.
        """
        return False

    def is_there(self, response: Response, identifier: str) -> bool:
        """Return whether ``response`` is successful and shows the dataset ``identifier``.

        Return False also if the response cannot be read.
        """
        try:
            return faults.of_response(response) is None and self.shows(response, identifier)
        except ValueError:
            return False

    def shows(self, response: Response, identifier: str) -> bool:
        """Return whether the successful ``response`` holds the dataset ``identifier``; the default is True.

        Raise ValueError if it cannot be read.
        """
        return True

    # The search

    def on_idle(self) -> None:
        """Start the requests for datasets that the harvest did not find; Scrapy calls this when no request is left.

        Before that, records without identifier are matched to known datasets. Raise DontCloseSpider if a request was
        started, so that Scrapy goes on. Nothing is done after the deadline or when this is called a second time.
        """
        if self.is_over or self.has_looked:
            return
        self.has_looked = True
        settle(self)  # type: ignore[arg-type]
        self.not_found += absent(self)  # type: ignore[arg-type]
        if (first := self.first_lookup()) is not None:
            self.crawler.engine.crawl(first)  # type: ignore[attr-defined]
            raise DontCloseSpider

    def first_lookup(self) -> scrapy.Request | None:
        """Return a test request for a single dataset that this harvest has found; None if there is nothing to test.

        The test shows whether a request for a single dataset can be trusted; see :meth:`on_example`. The datasets to
        request afterwards, at most MAX_LOOKUPS, are kept in ``unseen``. The result is None unless a full harvest was
        judged partial, some dataset that it missed can be requested alone, and so can some dataset that it found. At
        most MAX_CANDIDATES of each are examined.
        """
        if self.stats.mode != "full" or judged(self)[0] != "partial":  # type: ignore[arg-type]
            return None
        where = (self.run.catalog, self.portal.id, self.run.run_id)
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
        """Yield the requests for all datasets that the harvest did not find, if a test request gave the right result.

        ``response`` is that of the test; it must show the dataset ``identifier``, which certainly exists. Otherwise
        nothing is requested.
        """
        if self.is_unknown(response) or not self.is_there(response, identifier):
            return
        for key, other, source_url in self.unseen:
            address = self.look_up(other, source_url)
            yield self.lookup_request(str(address), self.on_alone, cb_kwargs={"key": key, "identifier": other})

    async def on_alone(self, response: Response, key: str, identifier: str) -> AsyncIterator[Any]:
        """Note whether the portal still has a dataset, from ``response``, the response to a request for this dataset.

        If the portal does not know the dataset, its id is added to ``not_found``. If the response shows it, it counts
        as seen. With any other response, nothing is noted. ``key`` is the id of the dataset in the catalogue,
        ``identifier`` that of the portal.
        """
        if self.is_unknown(response):
            self.not_found.append(key)
        elif self.is_there(response, identifier):
            # The dataset exists; its content is read when the listing returns it again.
            yield HarvestPage(unchanged=(identifier,))

    async def on_no_response(self, failure: Any) -> None:
        """Ignore a failed request for a single dataset: whether it still exists stays unknown."""
