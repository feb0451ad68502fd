"""Store what a spider yields: one page, one transaction."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from scrapy.exceptions import DropItem

from catalog.model import HarvestPage
from harvester.night.watchdog import HELD

if TYPE_CHECKING:
    from scrapy.crawler import Crawler

    from harvester.spiders.base.portal_spider import PortalSpider

__all__ = ["StorePages"]


class StorePages:
    """Scrapy item pipeline that writes each page of records to the catalogue in one transaction. If the catalogue
    cannot be written, it ends the crawl, because nothing more could be stored."""

    def __init__(self, crawler: Crawler) -> None:
        self.crawler = crawler

    @classmethod
    def from_crawler(cls, crawler: Crawler) -> StorePages:
        """Return a pipeline for ``crawler``. Scrapy calls this to create pipelines."""
        return cls(crawler)

    def process_item(self, item: Any) -> Any:
        """Write ``item`` to the catalogue if it is a Page of records, and report progress. Return the item unchanged.

        Raise DropItem if the harvest of the portal has already been closed. If the page cannot be written, close the
        spider and raise the error.
        """
        if isinstance(item, HarvestPage):
            spider: PortalSpider = self.crawler.spider  # type: ignore[assignment]
            run = spider.run
            if spider.is_abandoned:
                raise DropItem("its harvest is closed")
            try:
                with HELD:
                    run.harvest_store.page(spider.portal, item)
            except Exception as error:
                run.fault = error
                self.crawler.engine.close_spider(spider, "catalogue")  # type: ignore[union-attr,unused-ignore]
                raise
            run.on_progress("harvest", spider.portal.id, spider.stats.kept, spider.stats.advertised)
        return item
