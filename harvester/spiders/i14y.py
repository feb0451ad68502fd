"""I14Y, the interoperability platform of Switzerland.

API: api.i14y.admin.ch/swagger ("IOP Partner", reading is open to everyone). The listing states no total, so only an
empty page is its end: a short page may have been cut, and a page that is not there proves nothing.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

from catalog.model import Dataset
from harvester.spiders.about import About
from harvester.spiders.i14y_record import to_dataset
from harvester.spiders.listing import ListingSpider
from harvester.spiders.paging import Sheet, Walk
from harvester.spiders.values import first

if TYPE_CHECKING:
    from scrapy import Request
    from scrapy.http import Response

__all__ = ["Spider"]


class Spider(ListingSpider):
    """All public datasets of the platform."""

    type = "i14y"
    about = About(
        software="I14Y, Swiss Federal Statistical Office",
        paging="by page number, to an empty page",
        incremental="not offered",
        deletion="absent from a complete full harvest",
        limits="no total is stated",
        loses="structures of data, concepts; addresses of services",
        rank=85,
    )
    max_rows = 100
    has_numbers = True

    def ask(self, walk: Walk) -> Request:
        base = self.portal.url.split("?")[0].rstrip("/").removesuffix("/datasets")
        api = base if "api" in urlsplit(base).path.split("/") else f"{base}/api"
        return self.get(f"{api}/datasets?page={walk.number}&pageSize={walk.asked}", walk)

    def read(self, response: Response, walk: Walk) -> Sheet:
        answer = self.read_json(response)
        found = answer.get("data") if isinstance(answer, dict) else None
        if not isinstance(found, list):
            said = first(answer.get("detail"), answer.get("title")) if isinstance(answer, dict) else None
            raise ValueError("the answer has no data" + (f": {said}" if said else ""))
        # Pages are counted, not records: behind a page that was cut comes the next one all the same.
        records = [(f"/data/{i}", one) for i, one in enumerate(found)]
        return Sheet(records=records, received=walk.asked if found else 0)

    def pointer(self, index: int) -> str:
        return f"/data/{index}"

    def to_dataset(self, raw: Any) -> Dataset:
        return to_dataset(raw)
