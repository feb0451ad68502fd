"""Read udata portals (data.gouv.fr and others) through API v1.

API: udata.readthedocs.io and ``/api/1/swagger.json``; seen on 17.18 and in responses of 2019 and 2022. Quirks handled:

- Pages are numbered, and a page past the end is 404.
- Deep pages sometimes return HTML, so smaller pages are requested.
- The default order changes while new datasets arrive, so the listing is sorted by ``created``.
- ``next_page`` may name another host, so pages are requested by number.
- Datasets harvested from other portals are listed among the portal's own.

API v2 is not used, because it returns resources only as a link.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any
from urllib.parse import urlencode

from catalog.model import Dataset
from harvester.facts.values import text
from harvester.http import faults
from harvester.spiders.base.listing import ListingSpider, PageRefusedError
from harvester.spiders.base.paging import ListingPage, PageCursor
from harvester.spiders.base.portal_type_info import PortalTypeInfo
from harvester.spiders.udata.record import to_dataset

if TYPE_CHECKING:
    from scrapy import Request
    from scrapy.http import Response

__all__ = ["Spider"]


class Spider(ListingSpider):
    """Spider for all public datasets of a udata portal."""

    type = "udata"
    has_facts = True
    about = PortalTypeInfo(
        software="udata 1.6 to 17",
        paging="pages by number, in the order of creation, until there is no `next_page`",
        incremental="not offered",
        deletion="absent from a complete full harvest; private ones vanish the same way",
        limits="100 records to a page",
        loses="resources that the community added",
        rank=90,
    )
    alone = "{base}/api/1/datasets/{id}/"
    volatile = (
        "metrics", "resources.*.metrics", "quality", "permissions", "resources.*.extras", "resources.*.preview_url",
        "harvest.last_update", "resources.*.harvest.last_update", "extras.harvest:last_update",
    )  # fmt: skip
    max_rows = 100
    has_numbers = True

    def ask(self, page_cursor: PageCursor) -> Request:
        params = {"page_size": page_cursor.asked, "page": page_cursor.number, "sort": "created"}
        return self.get(f"{self.base}/api/1/datasets/?{urlencode(params)}", page_cursor)

    def fallback(
        self, fault: faults.RequestFault, response: Response | None, page_cursor: PageCursor
    ) -> list[Any] | None:
        """Treat 404 as the possible end; the portal's total tells whether it was."""
        is_past = (
            response is not None and response.status == 404 and page_cursor.start and self.tally.advertised is not None
        )
        return self.at_end(page_cursor, "there is no further page") if is_past else None

    def read(self, response: Response, page_cursor: PageCursor) -> ListingPage:
        answer = self.read_json(response)
        data = answer.get("data") if isinstance(answer, dict) else None
        if not isinstance(data, list):
            said = text(answer.get("message")) if isinstance(answer, dict) else None
            detail = f"the API reports an error: {said}" if said else "the answer has no list of data"
            raise PageRefusedError(
                faults.RequestFault("parse", "unknown", detail, "check that it is udata's API"), answer
            )
        return ListingPage(
            records=[(f"/data/{i}", record) for i, record in enumerate(data)],
            total=answer.get("total"),
            # Pages are numbered: a short one still counts as a whole page.
            received=page_cursor.asked if data and answer.get("next_page") else len(data),
            is_end="next_page" in answer and not answer["next_page"],
        )

    def pointer(self, index: int) -> str:
        return f"/data/{index}"

    def non_dataset_id(self, raw: Any) -> str | None:
        """Return the identity of deleted and private datasets, in case they are listed."""
        is_gone = isinstance(raw, dict) and (raw.get("deleted") or raw.get("private") is True)
        return text(raw.get("id")) if is_gone else None

    def to_dataset(self, raw: Any) -> Dataset:
        return to_dataset(raw, self.languages)
