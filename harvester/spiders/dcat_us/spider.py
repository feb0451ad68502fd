"""Read DCAT-US 1.1 and Project Open Data 1.0: one ``data.json``.

Schema: resources.data.gov, "DCAT-US Schema v1.1". Quirks handled: a byte-order mark; a bare array (v1.0);
``distribution`` as object, ``false`` or absent; keywords in one text; missing and repeated identifiers. Feeds may
exceed 100 MB, so they are saved to disk and read record by record. Feeds of CKAN return further pages at ``?page=2``. A
truncated document makes the harvest partial, never complete.
"""

from __future__ import annotations

from typing import Any

from catalog.model import Dataset
from harvester.spiders.base.feed import FeedSpider
from harvester.spiders.base.portal_type_info import PortalTypeInfo
from harvester.spiders.dcat_us.record import to_dataset

__all__ = ["Spider"]


class Spider(FeedSpider):
    """Spider for all datasets of a ``data.json`` in DCAT-US 1.1 or Project Open Data 1.0."""

    type = "dcat-us"
    has_sets = True
    has_facts = True
    about = PortalTypeInfo(
        software="DCAT-US 1.1, Project Open Data 1.0: `data.json`",
        paging="one document, read record by record from disk; `?page=2` where CKAN made it",
        incremental="not offered",
        deletion="absent from a whole document",
        limits="some software cuts its list off at 1,001 records",
        loses="checksums, dates of records, organisations' ids",
        rank=55,
    )

    @property
    def feed(self) -> str:
        url = self.portal.url
        return url if "data.json" in url or url.endswith(".json") or "?" in url else f"{url}/data.json"

    def to_dataset(self, raw: Any) -> Dataset:
        return to_dataset(raw, self.languages)
