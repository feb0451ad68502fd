"""What spiders share whose portal lists its records page by page.

A page may be known by its offset, its number, or by what the page before it says: a link, a token, a key. It is asked
for conditionally, read smaller where it fails, and its end must be proved: see :class:`~.paging.Walk`.
"""

from __future__ import annotations

from collections.abc import AsyncIterator, Iterator
from dataclasses import replace
from typing import TYPE_CHECKING, Any, ClassVar

from catalog.model import Answer, Page
from harvester.checks import faults
from harvester.spiders.base import PortalSpider
from harvester.spiders.losses import poisoned
from harvester.spiders.paging import MAX_POISON, SHRINKABLE, Sheet, Walk

if TYPE_CHECKING:
    from scrapy import Request
    from scrapy.http import Response
    from twisted.python.failure import Failure

__all__ = ["ListingSpider", "Refused"]

MAX_BARREN = 20
"""Pages in a row with nothing new, where such pages may be: small ones, and those that a link leads to."""


class Refused(Exception):
    """An answer that is no page: its fault, and what it said."""

    def __init__(self, fault: faults.Fault, value: Any = None) -> None:
        super().__init__(fault.detail)
        self.fault, self.value = fault, value


class ListingSpider(PortalSpider):
    """Base of spiders that page.

    A subclass says how a page is asked for (``ask``) and what is in it (``read``). Where the portal answers no offset
    beyond some window, ``ahead`` gives the key from which the next window counts.
    """

    max_rows: ClassVar[int] = 1000
    """Records on a page that the interface admits."""
    has_numbers: ClassVar[bool] = False
    """Pages are asked for by number: their size divides their start."""
    can_shrink: ClassVar[bool] = True
    """False where a page cannot be asked for with fewer records."""

    async def begin(self) -> AsyncIterator[Any]:
        self.barren = 0
        self.resume(self.cursor or {})
        for step in self.continued(self.cursor) if self.cursor else self.opening():
            yield step

    # What a subclass says

    def ask(self, walk: Walk) -> Request:
        """The request for a page, by :meth:`get`."""
        raise NotImplementedError

    def read(self, response: Response, walk: Walk) -> Sheet:
        """What is in an answer with 2xx. Raises Refused, or ValueError in words, where it is no page."""
        raise NotImplementedError

    def resume(self, cursor: dict[str, Any]) -> None:
        """Set up what the spider remembers of its own; ``cursor`` is that of a broken harvest, or {}."""

    def position(self, walk: Walk) -> dict[str, Any]:
        """The cursor of a page: what ``resume`` takes, and the walk."""
        return {"walk": walk.as_json()}

    def opening(self) -> list[Any]:
        """The first steps."""
        return [self.ask(self.first_walk())]

    def continued(self, cursor: dict[str, Any]) -> list[Any]:
        """The first steps of a harvest that was broken off."""
        walk = Walk(**cursor["walk"])
        return self.at_end(walk, "the last page is read") if walk.is_end else [self.ask(walk)]

    def instead(self, fault: faults.Fault, response: Response | None, walk: Walk) -> list[Any] | None:
        """Other steps where a page is refused: another order, another interface. None: there are none."""
        return None

    def ahead(self, walk: Walk, sheet: Sheet) -> Walk:
        """Where the next page is."""
        return walk.forward(sheet.count, sheet.at)

    # Asking

    def first_walk(self) -> Walk:
        return Walk(rows=min(self.portal.limits.page_rows, self.max_rows))

    def get(self, url: str, walk: Walk, **kwargs: Any) -> Request:
        """The request for a page."""
        # A page that had to shrink has failed already: it is not worth as many tries.
        tries = {} if walk.size == 0 else {"max_retry_times": 1 if walk.size == 1 else 0}
        is_plain = self.tally.mode == "full" and not walk.is_second and kwargs.get("method", "GET") == "GET"
        return self.request(
            url,
            self.on_page,
            errback=self.on_page_failed,
            is_conditional=is_plain,
            meta={**tries, **kwargs.pop("meta", {})},
            cb_kwargs={"walk": walk},
            **kwargs,
        )

    # Answers

    async def on_page_failed(self, failure: Failure) -> AsyncIterator[Any]:
        request: Request = failure.request  # type: ignore[attr-defined]
        fault, walk = self.fault_of(failure), request.cb_kwargs["walk"]
        other = self.instead(fault, None, walk)
        for step in self.round_trouble(fault, walk, request.url) if other is None else other:
            yield step

    async def on_page(self, response: Response, walk: Walk) -> AsyncIterator[Any]:
        if known := self.remembered(response):
            for step in self.on_same(known, walk):
                yield step
            return
        try:
            sheet = self.sheet_of(response, walk)
        except Refused as refusal:
            other = self.instead(refusal.fault, response, walk)
            if other is None:
                other = self.round_trouble(refusal.fault, walk, response.url, refusal.value)
            for step in other:
                yield step
            return
        for step in self.taken(sheet, response, walk):
            yield step

    def taken(self, sheet: Sheet, response: Response, walk: Walk) -> Iterator[Any]:
        """Keep what is in a page, and go on."""
        self.tally.advertise(sheet.total)
        before, named = self.known(), self.known_names()
        is_last = self.is_last(walk, sheet)
        ahead = replace(self.ahead(walk, sheet), is_end=is_last)
        is_regular = self.tally.mode == "full" and walk.size == 0 and not walk.is_second
        state = {"total": sheet.total, "received": sheet.count, "at": sheet.at, "is_end": sheet.is_end}
        page = self.page(
            response,
            sheet.records,
            state=state if is_regular and self.may_remember(sheet) else None,
            is_second=walk.is_second,
            is_overlap=self.may_overlap(walk),
        )
        self.kept(page)
        yield replace(page, checkpoint=self.checkpoint(self.position(ahead)))
        has_more = self.known() > before
        is_lost = has_more and self.known_names() == named
        yield from self.next_of(walk, ahead, has_more or not sheet.count, response.url, is_lost=is_lost)

    def sheet_of(self, response: Response, walk: Walk) -> Sheet:
        """What is in an answer. Raises Refused."""
        if fault := faults.of_response(response):
            raise Refused(fault, response.body[:500].decode("utf-8", "replace"))
        try:
            return self.read(response, walk)
        except ValueError as error:
            start = response.body.lstrip()[:1]
            kind = "empty" if not start else "parse" if start == b"<" else "cut_short"
            remedy = f"check that {self.portal.url} is the address of a portal of type {self.type}"
            fault = faults.Fault(kind, "unknown", str(error), remedy)
            raise Refused(fault, response.body[:300].decode("utf-8", "replace")) from error

    def kept(self, page: Page) -> None:
        """Called for every page that is kept."""

    def is_last(self, walk: Walk, sheet: Sheet) -> bool:
        return sheet.is_end or (sheet.at is None and walk.is_last(sheet.count, self.tally.advertised))

    def may_remember(self, sheet: Sheet) -> bool:
        """Whether a page that is the same next night means that its records are."""
        return True

    def may_overlap(self, walk: Walk) -> bool:
        """Whether a page may hold records of the page before by right: windows by key do."""
        return False

    def known(self) -> int:
        """Records of which it is known what became of them: each page should add some."""
        return self.known_names() + self.tally.lost + self.tally.unidentified

    def known_names(self) -> int:
        """Records that are known by name."""
        return len(self.seen_ids) + len(self.seen_others)

    def on_same(self, known: Answer, walk: Walk) -> list[Any]:
        """Go on after a page that is the same as last night."""
        own = known.state["own"]
        sheet = Sheet(**{name: known.state[name] for name in ("total", "received", "at", "is_end")})
        self.tally.advertise(sheet.total)
        ahead = replace(self.ahead(walk, sheet), is_end=self.is_last(walk, sheet))
        before = self.known()
        page = self.unchanged(known, cursor=self.position(ahead), is_overlap=self.may_overlap(walk))
        is_new = self.known() > before or bool(own["skipped"]) or not sheet.count
        return [page, *self.next_of(walk, ahead, is_new, known.url)]

    def next_of(self, walk: Walk, ahead: Walk, is_new: bool, url: str, *, is_lost: bool = False) -> list[Any]:
        """Go on, end, or break off where paging goes round in circles.

        ``is_lost``: all that is new of the page are records that were lost, which may be the same as before.
        """
        # A second reading needs to go no further than the first has proved.
        if ahead.is_end or (walk.is_second and ahead.start >= (self.tally.advertised or 0)):
            return self.at_end(ahead, "the last page is read")
        self.barren = 0 if is_new and not is_lost else self.barren + 1
        # Where pages are small, one record that is lost or listed twice fills a page.
        allowed = MAX_BARREN if walk.size or ahead.at is not None or is_lost else 0
        if self.barren <= allowed or walk.is_second:
            return [self.ask(ahead)]
        message = f"{url}: the page holds nothing new: paging goes round in circles"
        return [self.fatal("parse", message, "ask the portal to mend its paging; what was read is kept", url)]

    def round_trouble(self, fault: faults.Fault, walk: Walk, url: str, value: Any = None) -> list[Any]:
        """Go on after a page that did not come: smaller, past the record that cannot be sent, or not at all."""
        has_begun = bool(self.tally.kept or walk.start)
        # A home page where an API should be is no matter of size.
        is_worth_it = fault.kind in SHRINKABLE and (has_begun or (walk.can_shrink and fault.kind != "parse"))
        # Past the deadline a smaller page is refused as well, after its turn in the queue for the host.
        if self.is_over or not self.can_shrink or not is_worth_it or walk.misses >= MAX_POISON:
            return [self.no_answer(fault, url, value)]
        if walk.can_shrink:
            return [self.ask(walk.smaller(is_aligned=self.has_numbers))]
        beyond = walk.skip()
        self.tally.lost += 1
        self.tally.seen += 1
        error = poisoned(fault.detail, self.pointer(walk.start), url)
        page = Page(errors=self.written([error]), checkpoint=self.checkpoint(self.position(beyond)))
        if walk.at is None and self.tally.advertised is not None and beyond.start >= self.tally.advertised:
            return [page, *self.at_end(beyond, "the portal's total is reached")]
        return [page, self.ask(beyond)]

    def pointer(self, index: int) -> str:
        """JSON pointer of the record at a place, for errors."""
        return f"/{index}"

    def at_end(self, walk: Walk, how: str) -> list[Any]:
        """What is left to do where paging ends: nothing, or a second reading."""
        total = self.tally.advertised
        hidden = self.tally.duplicates - self.tally.explained
        if hidden > 0 and total is not None and self.tally.accounted < total:
            if not walk.is_second:
                return [self.ask(walk.again())]
            # Read twice, and still the same records come twice: nothing hides behind them.
            self.tally.explained += hidden
            self.tally.notes.append(f"{hidden} records come twice, in a second reading too")
        self.tally.end(how)
        return []
