"""A portal that numbers its pages and caps them is read to the end by a spider that knows nothing of the cap."""

from __future__ import annotations

from typing import Any

import pytest
from portal_server import Asked, PortalServer, Response, as_json, harvest, harvested, spec

from catalog.db.store import Catalog
from catalog.model import Dataset
from harvester import spiders
from harvester.spiders.base.listing import ListingSpider
from harvester.spiders.base.paging import ListingPage, PageCursor
from harvester.spiders.udata import spider as udata

CAP = 4
COUNT = 11


class NumberedSpider(ListingSpider):
    """A spider as a contributor first writes it: its offset moves by the records that were received."""

    type = "udata"
    about = udata.Spider.about
    has_numbers = True

    def ask(self, page_cursor: PageCursor) -> Any:
        return self.get(f"{self.base}/list?page={page_cursor.number}&size={page_cursor.asked}", page_cursor)

    def read(self, response: Any, page_cursor: PageCursor) -> ListingPage:
        body = self.read_json(response)
        return ListingPage(records=[(f"/data/{i}", one) for i, one in enumerate(body["data"])], total=body.get("total"))

    def to_dataset(self, raw: Any) -> Dataset:
        return Dataset(identifier=raw["id"], title=raw["title"])


@pytest.mark.parametrize("has_total", [True, False])
def test_capped_pages_are_followed_to_the_end(
    has_total: bool, catalog: Catalog, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(udata, "Spider", NumberedSpider)
    assert spiders.spider_class("udata") is NumberedSpider
    records = [{"id": f"{n}", "title": f"Dataset {n}"} for n in range(COUNT)]

    def capped(asked: Asked) -> Response:
        size = min(int(asked.query["size"]), CAP)
        start = (int(asked.query["page"]) - 1) * size
        return as_json({"data": records[start : start + size]} | ({"total": COUNT} if has_total else {}))

    with PortalServer({"/list": capped}) as server:
        harvest(catalog, spec("p", "udata", server.url, limits={"page_rows": 5}))
        pages = [path.partition("page=")[2].partition("&")[0] for path in server.asked("/list")]
    row = harvested(catalog, "p")
    assert (row["verdict"], row["datasets"], row["errors"]) == ("complete", COUNT, 0), row["reasons"]
    assert pages == ["1", "2", "3", "4"]
