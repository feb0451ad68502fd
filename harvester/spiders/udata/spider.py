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

from typing import Any

from catalog.model import Dataset
from harvester.facts.values import text
from harvester.spiders.base.declared_api import DeclaredApiSpider, ListingApi
from harvester.spiders.base.portal_type_info import PortalTypeInfo
from harvester.spiders.udata.record import to_dataset

__all__ = ["Spider"]


class Spider(DeclaredApiSpider):
    """Spider for all public datasets of a udata portal, such as data.gouv.fr."""

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
    api = ListingApi(
        name="udata's API",
        query="/api/1/datasets/?page_size={size}&page={page}&sort=created",
        records="/data",
        total="/total",
        next="/next_page",
        messages=("/message",),
        ends_with_404=True,
    )

    def non_dataset_id(self, raw: Any) -> str | None:
        """Return the id of ``raw`` if it is a dataset that the portal lists although it is deleted or private, else
        None.
        """
        is_gone = isinstance(raw, dict) and (raw.get("deleted") or raw.get("private") is True)
        return text(raw.get("id")) if is_gone else None

    def to_dataset(self, raw: Any) -> Dataset:
        return to_dataset(raw, self.languages)
