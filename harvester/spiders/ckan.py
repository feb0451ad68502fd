"""CKAN, action API v3.

API: docs.ckan.org, "API guide"; seen on 2.2 to 2.12. Quirks handled: the base may be a sub-path; ``rows`` is cut
silently, so paging goes by records received; the default order moves records between pages, so ``sort=id asc``;
``success: false`` comes with 200; ``count`` may be wrong, cut off, or move while it is read; one record can make its
page fail; resources may have no URL; extras hold JSON in strings; texts may be language dicts; organisations may be
null. Where ``package_search`` is not offered, the names of ``package_list`` are asked for one by one.

Changes alone can be asked for by ``metadata_modified``; but some sites ignore the filter, and a proxy before one big
portal answers it with nothing. So it is trusted only after it has found what it must find and nothing it must not,
and only if the totals agree at the end; otherwise everything is read.
"""

from __future__ import annotations

from collections.abc import AsyncIterator
from dataclasses import replace
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Any
from urllib.parse import urlencode

from catalog.harvests import new_among, present
from catalog.model import Dataset, HarvestError, Page
from harvester.checks import faults
from harvester.spiders.base import PortalSpider
from harvester.spiders.ckan_record import to_dataset
from harvester.spiders.losses import cut, poisoned
from harvester.spiders.paging import MAX_POISON, SHRINKABLE, Walk

if TYPE_CHECKING:
    from scrapy import Request
    from scrapy.http import Response
    from twisted.python.failure import Failure

__all__ = ["Spider"]

SORTS = ("id asc", "name asc", None)
"""Orders to try: some sites refuse the first with 400 or 409."""
MAX_BARREN = 20
"""Small pages in a row with nothing new."""
MAX_MISSES = 20
"""Names in a row that cannot be shown before the list is given up."""
NO_DATASETS = ("harvest", "showcase")
"""Package types that are no datasets."""
OVERLAP = timedelta(hours=1)
"""Changes are asked for from so long before the newest one known: a record may be stored later than it is dated."""
FUTURE = "2999-01-01T00:00:00Z"


class Spider(PortalSpider):
    """All public datasets of a CKAN site, through ``package_search``."""

    type = "ckan"
    volatile = (
        "tracking_summary", "resources.*.tracking_summary", "archiver", "resources.*.archiver", "qa", "resources.*.qa",
        "total_downloads", "num_followers",
    )  # fmt: skip
    is_incremental = True

    async def begin(self) -> AsyncIterator[Request]:
        self.names: list[str] = []
        self.misses = 0
        self.barren = 0
        self.order = 0
        self.since: str | None = None
        self.expected: int | None = None
        """What the portal says it has, when changes are asked for."""
        self.after = 0
        """Datasets of the catalogue after the changes that have come so far."""
        if not self.cursor:
            if self.wants_incremental:
                # What the last complete harvest saw, and no record's date from the future.
                self.since = _before(self.before.newest_record, self.before.started_at)
                self.after = present(self.night.catalog, self.portal.id)
            yield self.count(None) if self.since else self.search(self.first_walk())
            return
        self.order, self.since = self.cursor["order"], self.cursor["since"]
        self.expected, self.after = self.cursor["expected"], self.cursor["after"]
        if "shown" in self.cursor:
            yield self.list_names(self.cursor["shown"])
        else:
            yield self.search(Walk(**self.cursor["walk"]))

    def first_walk(self) -> Walk:
        return Walk(rows=self.portal.limits.page_rows)

    def position(self, **where: Any) -> dict[str, Any]:
        """The cursor of a page."""
        return {
            "order": self.order,
            "since": self.since,
            "expected": self.expected,
            "after": self.after,
            **where,
        }

    def action(self, name: str, **params: Any) -> str:
        base = self.portal.url.split("/api/")[0].rstrip("/")
        return f"{base}/api/3/action/{name}?{urlencode(params)}"

    # Is the filter to be trusted?

    def count(self, since: str | None) -> Request:
        """How many records there are, or have changed since an instant."""
        params: dict[str, Any] = {"q": "*:*", "rows": 0, "facet": "false"}
        if since:
            params["fq"] = f"metadata_modified:[{since} TO *]"
        url = self.action("package_search", **params)
        return self.request(url, self.on_count, errback=self.on_count_failed, cb_kwargs={"since": since})

    async def on_count(self, response: Response, since: str | None) -> AsyncIterator[Any]:
        result, problem = self.result_of(response)
        count = result.get("count") if not problem and isinstance(result, dict) else None
        if not isinstance(count, int):
            yield self.in_full("the portal's counts cannot be read")
        elif since is None:
            self.expected = count
            yield self.count(FUTURE)
        elif since == FUTURE and count:
            yield self.in_full(f"the portal finds {count} records that change in {FUTURE[:4]}: its filter does nothing")
        elif since == FUTURE:
            yield self.count(self.since)
        elif count == 0:
            yield self.in_full("the portal does not find the newest record that it has: its filter finds nothing")
        else:
            self.tally.mode = "incremental"
            yield self.search(self.first_walk())

    async def on_count_failed(self, failure: Failure) -> AsyncIterator[Any]:
        yield self.in_full(f"the portal does not count its changes: {self.fault_of(failure).detail}")

    def in_full(self, why: str) -> Request:
        """Read everything, because asking for changes cannot be trusted."""
        self.start_over(f"read in full: {why}")
        self.order = 0
        return self.search(self.first_walk())

    # The search

    def search(self, walk: Walk) -> Request:
        params: dict[str, Any] = {"q": "*:*", "rows": walk.asked, "start": walk.start, "facet": "false"}
        if SORTS[self.order]:
            params["sort"] = SORTS[self.order]
        is_full = self.tally.mode == "full"
        if not is_full:
            params["fq"] = f"metadata_modified:[{self.since} TO *]"
        # A page that had to shrink has failed already: it is not worth as many tries.
        tries = {} if walk.size == 0 else {"max_retry_times": 1 if walk.size == 1 else 0}
        return self.request(
            self.action("package_search", **params),
            self.on_search,
            errback=self.on_search_failed,
            is_conditional=is_full and not walk.is_second,
            meta=tries,
            cb_kwargs={"walk": walk},
        )

    async def on_search_failed(self, failure: Failure) -> AsyncIterator[Any]:
        request: Request = failure.request  # type: ignore[attr-defined]
        for step in self.round_trouble(self.fault_of(failure), request.cb_kwargs["walk"], request.url):
            yield step

    def round_trouble(self, fault: faults.Fault, walk: Walk, url: str, value: Any = None) -> list[Any]:
        """Go on after a page that did not come: smaller, past the record that cannot be sent, or not at all."""
        has_begun = bool(self.tally.kept or walk.start)
        # A home page where an API should be is no matter of size.
        is_worth_it = fault.kind in SHRINKABLE and (has_begun or (walk.can_shrink and fault.kind != "parse"))
        if not is_worth_it or walk.misses >= MAX_POISON:
            return [self.no_answer(fault, url, value)]
        if walk.can_shrink:
            return [self.search(walk.smaller())]
        beyond = walk.skip()
        self.tally.lost += 1
        self.tally.seen += 1
        error = poisoned(fault.detail, f"/result/results/{walk.start}", url)
        page = Page(errors=self.written([error]), checkpoint=self.checkpoint(self.position(walk=beyond.as_json())))
        if self.tally.advertised is not None and beyond.start >= self.tally.advertised:
            return [page, *self.at_end(beyond, "the portal's total is reached")]
        return [page, self.search(beyond)]

    async def on_search(self, response: Response, walk: Walk) -> AsyncIterator[Any]:
        if known := self.remembered(response):
            for step in self.on_same(known, walk):
                yield step
            return
        is_first = walk.start == 0 and not self.tally.kept
        if response.status in (400, 409, 500) and is_first and self.order + 1 < len(SORTS):
            self.order += 1
            yield self.search(walk)
            return
        if response.status == 404 and is_first:
            self.order = 0
            yield self.list_names(0)
            return
        result, problem = self.result_of(response)
        records = result.get("results") if isinstance(result, dict) else None
        if problem or not isinstance(records, list):
            no_list = faults.Fault(
                "parse", "unknown", "the answer has no result.results", "check that it is CKAN's API"
            )
            for step in self.round_trouble(problem or no_list, walk, response.url, self.value):
                yield step
            return
        if self.order == len(SORTS) - 1 and walk.start == 0:
            self.tally.notes.append("the portal refuses a stable order: records may move between pages")
        count = result.get("count")
        self.tally.advertise(count)
        before = self.known()
        ahead = walk.forward(len(records))
        is_last = walk.is_last(len(records), self.tally.advertised)
        is_regular = self.tally.mode == "full" and walk.size == 0 and not walk.is_second
        state = {"count": self.tally.advertised, "received": len(records)} if is_regular else None
        pairs = [(f"/result/results/{i}", r) for i, r in enumerate(records)]
        page = self.page(response, pairs, state=state, is_second=walk.is_second)
        if self.tally.mode == "incremental":
            came = [record.dataset.identifier for record in page.records]
            self.after += new_among(self.night.catalog, self.portal.id, came)
        yield replace(page, checkpoint=self.checkpoint(self.position(walk=ahead.as_json())))
        self.barren = 0 if self.known() > before else self.barren + 1
        # Where pages are small, one record that is lost or listed twice fills a page.
        is_circle = self.barren > (MAX_BARREN if walk.size else 0) and not walk.is_second
        for step in self.next_of(walk, ahead, is_last, not is_circle or not records, response.url):
            yield step

    def known(self) -> int:
        """Records of which it is known what became of them: each page should add some."""
        return len(self.seen_ids) + len(self.seen_others) + self.tally.lost + self.tally.unidentified

    def on_same(self, known: Any, walk: Walk) -> list[Any]:
        """Go on after a page that is the same as last night."""
        received = known.state["received"]
        self.tally.advertise(known.state["count"])
        ahead = walk.forward(received)
        before = self.known()
        page = self.unchanged(known, cursor=self.position(walk=ahead.as_json()))
        is_new = self.known() > before or bool(known.state["own"]["skipped"])
        is_last = walk.is_last(received, self.tally.advertised)
        return [page, *self.next_of(walk, ahead, is_last, is_new or not received, known.url)]

    def next_of(self, walk: Walk, ahead: Walk, is_last: bool, is_new: bool, url: str) -> list[Any]:
        # A second reading needs to go no further than the first has proved.
        if is_last or (walk.is_second and ahead.start >= (self.tally.advertised or 0)):
            return self.at_end(ahead, "the last page is read")
        if is_new:
            return [self.search(ahead)]
        return [
            self.fatal(
                "parse",
                f"{url}: the page holds nothing new: paging goes round in circles",
                "ask the portal to mend start and sort of package_search",
                url,
            )
        ]

    def at_end(self, walk: Walk, how: str) -> list[Any]:
        """What is left to do where paging ends: nothing, a second reading, or all of it in full."""
        if self.tally.mode == "incremental":
            should = self.after + self.before.gap
            if should != self.expected:
                return [self.in_full(f"the portal has {self.expected} records where {should} were expected")]
            self.tally.advertised = self.expected
            self.tally.end("all changes are read, and the portal's total agrees")
            return []
        total = self.tally.advertised
        hidden = self.tally.duplicates - self.tally.explained
        if hidden > 0 and total is not None and self.tally.accounted < total:
            if not walk.is_second:
                return [self.search(walk.again())]
            # Read twice, and still the same records come twice: nothing hides behind them.
            self.tally.explained += hidden
            self.tally.notes.append(f"{hidden} records come twice, in a second reading too")
        self.tally.end(how)
        return []

    # Name by name

    def list_names(self, shown: int) -> Request:
        return self.request(self.action("package_list"), self.on_list, is_conditional=True, cb_kwargs={"shown": shown})

    async def on_list(self, response: Response, shown: int) -> AsyncIterator[Any]:
        known = self.remembered(response)
        names, problem = (known.state["names"], None) if known else self.result_of(response)
        if not problem and not isinstance(names, list):
            problem = faults.Fault("parse", "unknown", "no list of names", "check that it is CKAN's API")
        if problem:
            yield self.no_answer(problem, response.url, self.value)
            return
        if shown and not known:
            self.start_over("the list of names changed while it was read: begun again")
            shown = 0
        if not known:
            yield self.page(response, [], state={"names": names})
        self.names = [str(name) for name in names]
        self.tally.advertise(len(names))
        for step in self.show_next(shown):
            yield step

    def show_next(self, shown: int) -> list[Request]:
        """Ask for the next name, if there is one."""
        if shown >= len(self.names):
            self.tally.end("all names are asked for")
            return []
        return [
            self.request(
                self.action("package_show", id=self.names[shown]),
                self.on_show,
                errback=self.on_show_failed,
                is_conditional=True,
                cb_kwargs={"shown": shown},
            )
        ]

    async def on_show(self, response: Response, shown: int) -> AsyncIterator[Any]:
        if known := self.remembered(response):
            yield self.unchanged(known, cursor=self.position(shown=shown + 1))
            for step in self.show_next(shown + 1):
                yield step
            return
        record, problem = self.result_of(response)
        if problem:
            for step in self.not_shown(problem, shown, response.url, self.value):
                yield step
            return
        self.misses = 0
        # CKAN before 2.0 and DKAN answer with a list of one.
        records = record if isinstance(record, list) else [record]
        pairs = [("/result", r) for r in records]
        yield self.page(response, pairs, cursor=self.position(shown=shown + 1), state={})
        for step in self.show_next(shown + 1):
            yield step

    async def on_show_failed(self, failure: Failure) -> AsyncIterator[Any]:
        request: Request = failure.request  # type: ignore[attr-defined]
        for step in self.not_shown(self.fault_of(failure), request.cb_kwargs["shown"], request.url):
            yield step

    def not_shown(self, fault: faults.Fault, shown: int, url: str, value: Any = None) -> list[Any]:
        """One name that cannot be shown is one record lost, not the end."""
        self.tally.lost += 1
        self.tally.seen += 1
        self.misses += 1
        error = HarvestError(
            kind=fault.kind, message=f"{url}: {fault.detail}", remedy=fault.remedy, url=url, value=cut(value)
        )
        steps: list[Any] = [
            Page(errors=self.written([error]), checkpoint=self.checkpoint(self.position(shown=shown + 1)))
        ]
        if self.misses < MAX_MISSES:
            return [*steps, *self.show_next(shown + 1)]
        left = len(self.names) - shown - 1
        message = f"package_show failed {MAX_MISSES} times in a row; {left} more names were not tried"
        return [*steps, self.fatal("page", message, "ask the portal to offer package_search or package_show", url)]

    # Answers

    value: Any = None
    """What the last refused answer said, for the error."""

    def result_of(self, response: Response) -> tuple[Any, faults.Fault | None]:
        """(result, None) of an action, or (None, fault)."""
        self.value = None
        refusal = faults.of_response(response)
        try:
            answer = self.read_json(response)
        except ValueError as error:
            self.value = response.body[:300].decode("utf-8", "replace")
            start = response.body.lstrip()[:1]
            kind = "empty" if not start else "parse" if start == b"<" else "cut_short"
            remedy = f"check that {self.portal.url} is the base of a CKAN site"
            return None, refusal or faults.Fault(kind, "unknown", str(error), remedy)
        if isinstance(answer, dict) and answer.get("success") is True and "result" in answer:
            return answer["result"], None
        self.value = answer.get("error") if isinstance(answer, dict) else answer
        if refusal:
            return None, refusal
        return None, faults.Fault("server", "unknown", "the API says success: false", "ask the portal what is wrong")

    def other_id(self, raw: Any) -> str | None:
        """Harvest sources and the like. They are counted, as the portal counts them too."""
        is_other = isinstance(raw, dict) and raw.get("type") in NO_DATASETS
        return str(raw.get("id")) if is_other else None

    def to_dataset(self, raw: Any) -> Dataset:
        return to_dataset(raw, self.portal.url)


def _before(newest: str | None, started: str | None) -> str | None:
    """An instant for the filter: the overlap before the earlier of two; None where one of them is no date."""
    try:
        at = min(datetime.fromisoformat((one or "")[:19]) for one in (newest, started)) - OVERLAP
    except (ValueError, OverflowError):
        return None
    return at.strftime("%Y-%m-%dT%H:%M:%SZ")
