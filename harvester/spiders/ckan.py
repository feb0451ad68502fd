"""CKAN, action API v3.

API: docs.ckan.org, "API guide"; seen on 2.2 to 2.12. Quirks handled: the base may be a sub-path; ``rows`` is cut
silently, so paging goes by records received; the default order moves records between pages, so ``sort=id asc``;
``success: false`` comes with 200; ``count`` may be wrong; resources may have no URL; extras hold JSON in strings;
texts may be language dicts; organisations may be null. Where ``package_search`` is not offered, the names of
``package_list`` are asked for one by one.
"""

from __future__ import annotations

from collections.abc import AsyncIterator
from dataclasses import replace
from typing import TYPE_CHECKING, Any
from urllib.parse import urlencode

from catalog.model import Dataset
from harvester.pages import Page
from harvester.spiders.base import PortalSpider
from harvester.spiders.ckan_record import to_dataset

if TYPE_CHECKING:
    from scrapy import Request
    from scrapy.http import Response

__all__ = ["Spider"]

SORTS = ("id asc", "name asc", None)
"""Orders to try: some sites refuse the first with 400 or 409."""
MAX_MISSES = 20
"""Names in a row that cannot be shown before the list is given up."""
NO_DATASETS = ("harvest", "showcase")
"""Package types that are no datasets."""


class Spider(PortalSpider):
    """All public datasets of a CKAN site, through ``package_search``."""

    type = "ckan"

    async def start(self) -> AsyncIterator[Request]:
        self.misses = 0
        self.names: list[str] = []
        self.skipped_ids: set[str] = set()
        yield self.search(0, 0)

    def action(self, name: str, **params: Any) -> str:
        base = self.portal.url.split("/api/")[0].rstrip("/")
        return f"{base}/api/3/action/{name}?{urlencode(params)}"

    def search(self, start: int, order: int) -> Request:
        params = {"q": "*:*", "rows": self.portal.limits.page_rows, "start": start, "facet": "false"}
        if SORTS[order]:
            params["sort"] = SORTS[order]
        return self.request(
            self.action("package_search", **params), self.on_search, cb_kwargs={"start": start, "order": order}
        )

    async def on_search(self, response: Response, start: int, order: int) -> AsyncIterator[Any]:
        if response.status in (400, 409, 500) and order + 1 < len(SORTS) and start == 0:
            yield self.search(0, order + 1)
            return
        if response.status == 404 and start == 0:
            yield self.request(self.action("package_list"), self.on_list)
            return
        result, problem = self.result_of(response)
        if problem:
            yield problem
            return
        records = result.get("results") if isinstance(result, dict) else None
        if not isinstance(records, list):
            yield self.fatal(
                "page", f"{response.url}: the answer has no result.results", "check that it is CKAN's API", response.url
            )
            return
        count = result.get("count")
        self.tally.advertised = count if isinstance(count, int) and count >= 0 else self.tally.advertised
        before, skipped = len(self.seen_ids), set(self.skipped_ids)
        wanted = [(f"/result/results/{i}", r) for i, r in enumerate(records) if not self.is_other(r)]
        yield self.page(wanted, response.url)
        received = start + len(records)
        if not records or received == count:
            self.tally.ended = True
        elif len(self.seen_ids) == before and self.skipped_ids == skipped:
            yield self.fatal(
                "page",
                f"{response.url}: the page holds nothing new: paging goes round in circles",
                "ask the portal to mend start and sort of package_search",
                response.url,
            )
        else:
            yield self.search(received, order)

    def is_other(self, record: Any) -> bool:
        """Whether a package is a harvest source or the like. It is counted, as the portal counts it too."""
        other = isinstance(record, dict) and record.get("type") in NO_DATASETS
        if other:
            self.skipped_ids.add(str(record.get("id")))
        self.tally.skipped += other
        self.tally.seen += other
        return other

    async def on_list(self, response: Response) -> AsyncIterator[Any]:
        names, problem = self.result_of(response)
        if problem:
            yield problem
            return
        if not isinstance(names, list):
            yield self.fatal("page", f"{response.url}: no list of names", "check that it is CKAN's API", response.url)
            return
        self.names = [str(name) for name in reversed(names)]
        self.tally.advertised = len(names)
        for request in self.next_show():
            yield request

    def next_show(self) -> list[Request]:
        if not self.names:
            self.tally.ended = True
            return []
        return [self.request(self.action("package_show", id=self.names.pop()), self.on_show)]

    async def on_show(self, response: Response) -> AsyncIterator[Any]:
        record, problem = self.result_of(response)
        self.misses = self.misses + 1 if problem else 0
        if problem:
            # One name that cannot be shown is one record lost, not the end.
            self.tally.faults.pop()
            self.tally.lost += 1
            yield Page(errors=tuple(replace(e, is_lost=True, is_fatal=False) for e in problem.errors))
            if self.misses >= MAX_MISSES:
                left = len(self.names)
                yield self.fatal(
                    "page",
                    f"package_show failed {MAX_MISSES} times in a row; {left} more names were not tried",
                    "ask the portal to offer package_search or package_show",
                    response.url,
                )
                return
        else:
            # CKAN before 2.0 and DKAN answer with a list of one.
            records = record if isinstance(record, list) else [record]
            yield self.page([("/result", r) for r in records if not self.is_other(r)], response.url)
        for request in self.next_show():
            yield request

    def result_of(self, response: Response) -> tuple[Any, Any]:
        """(result, None) of an action, or (None, error page)."""
        self.tally.bytes += len(response.body)
        try:
            answer = self.read_json(response)
        except ValueError as error:
            problem = self.refused(response) or self.fatal(
                "page",
                f"{response.url}: {error}",
                f"check that {self.portal.url} is the base of a CKAN site",
                response.url,
                response.body[:300].decode("utf-8", "replace"),
            )
            return None, problem
        if isinstance(answer, dict) and answer.get("success") is True and "result" in answer:
            return answer["result"], None
        if refusal := self.refused(response):
            return None, refusal
        why = answer.get("error") if isinstance(answer, dict) else answer
        return None, self.fatal(
            "page", f"{response.url}: the API says success: false", "ask the portal what is wrong", response.url, why
        )

    def to_dataset(self, raw: Any) -> Dataset:
        return to_dataset(raw, self.portal.url)
