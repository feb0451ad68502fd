"""udata (data.gouv.fr and others), API v1.

API: udata.readthedocs.io and ``/api/1/swagger.json``; seen on 17.18 and in answers of 2019 and 2022. Quirks handled:
pages have numbers, a page past the end is 404; HTML comes now and then deep in, so smaller pages are asked for; the
default order moves while new datasets come, so ``sort=created``; ``next_page`` may name another host, so pages are
asked for by number; datasets taken from other portals are among the portal's own.

API v2 is not used: it gives resources as a link.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any
from urllib.parse import urlencode

from catalog.model import Dataset
from harvester.checks import faults
from harvester.spiders.about import About
from harvester.spiders.listing import ListingSpider, Refused
from harvester.spiders.paging import Sheet, Walk
from harvester.spiders.udata_record import to_dataset
from harvester.spiders.values import text

if TYPE_CHECKING:
    from scrapy import Request
    from scrapy.http import Response

__all__ = ["Spider"]


class Spider(ListingSpider):
    """All public datasets of a udata portal."""

    type = "udata"
    has_facts = True
    about = About(
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

    def ask(self, walk: Walk) -> Request:
        params = {"page_size": walk.asked, "page": walk.number, "sort": "created"}
        return self.get(f"{self.base}/api/1/datasets/?{urlencode(params)}", walk)

    def instead(self, fault: faults.Fault, response: Response | None, walk: Walk) -> list[Any] | None:
        """A page past the end is 404. Whether it was the end, the portal's total tells."""
        is_past = response is not None and response.status == 404 and walk.start and self.tally.advertised is not None
        return self.at_end(walk, "there is no further page") if is_past else None

    def read(self, response: Response, walk: Walk) -> Sheet:
        answer = self.read_json(response)
        data = answer.get("data") if isinstance(answer, dict) else None
        if not isinstance(data, list):
            said = text(answer.get("message")) if isinstance(answer, dict) else None
            detail = f"the API reports an error: {said}" if said else "the answer has no list of data"
            raise Refused(faults.Fault("parse", "unknown", detail, "check that it is udata's API"), answer)
        return Sheet(
            records=[(f"/data/{i}", record) for i, record in enumerate(data)],
            total=answer.get("total"),
            # Pages are known by number: a short one is a page all the same.
            received=walk.asked if data and answer.get("next_page") else len(data),
            is_end="next_page" in answer and not answer["next_page"],
        )

    def pointer(self, index: int) -> str:
        return f"/data/{index}"

    def other_id(self, raw: Any) -> str | None:
        """What is deleted or private, should it be listed."""
        is_gone = isinstance(raw, dict) and (raw.get("deleted") or raw.get("private") is True)
        return text(raw.get("id")) if is_gone else None

    def to_dataset(self, raw: Any) -> Dataset:
        return to_dataset(raw, self.languages)
