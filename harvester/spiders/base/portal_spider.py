"""What all spiders share: a page is kept whole, a bad record is lost alone, and every loss is said."""

from __future__ import annotations

import hashlib
from collections import Counter
from collections.abc import AsyncIterator, Callable, Iterable
from dataclasses import asdict
from typing import TYPE_CHECKING, Any, ClassVar, Self

import scrapy
from scrapy import signals

from catalog.model import CachedResponse, Dataset, HarvestError, Page, Record
from catalog.model.canonical import fingerprint, json_text, unordered
from catalog.model.harvest_stats import HarvestStats
from catalog.repositories.harvests import answer_of, before, identifiers_seen, restart
from catalog.repositories.identities import IdentityFacts
from harvester import __version__
from harvester.facts.placeholders import without_placeholders
from harvester.http import faults
from harvester.http.login import Credential, credential_of
from harvester.night.context import RunContext
from harvester.spiders.base.error_reports import FaultTelling
from harvester.spiders.base.identity import facts_from, hold, told_apart, twins_of
from harvester.spiders.base.limits import BIG_RECORD, capped
from harvester.spiders.base.lookups import Lookups
from harvester.spiders.base.losses import LostRecord, PassedOver, cut_off, duplicate, lost, masked
from harvester.spiders.base.page_content import PageContent
from harvester.spiders.base.portal_type_info import PortalTypeInfo
from specs.errors import SpecError
from specs.portals import PortalSpec

if TYPE_CHECKING:
    from scrapy.crawler import Crawler
    from scrapy.http import Response

    from harvester.http.robots_rules import Decision

__all__ = ["PortalSpider"]

MAX_ASKED = 3
"""Times that one address is asked for in a harvest, beside tries again: for a second reading, and a beginning anew."""
MAX_IDENTIFIER = 2_000
"""Characters of an identifier; what is longer is none."""
RecordWithPlace = tuple[str, Any]
"""(JSON pointer, record)."""


class PortalSpider(FaultTelling, Lookups, scrapy.Spider):
    """Base of all spiders.

    A subclass sets ``type``, yields requests from ``begin``, and gives parsed records to :meth:`page`; its module
    holds a pure function from a record to a :class:`~catalog.model.Dataset`. It is strict about identity and
    paging (raise :class:`LostRecord`), lenient about description: what a publisher left out is what is measured.

    Every page carries a cursor: where to go on after it. ``self.cursor`` is that of a harvest that was broken off, or
    None; ``begin`` goes on from it.
    """

    name = "portal"
    type: ClassVar[str]
    about: ClassVar[PortalTypeInfo]
    volatile: ClassVar[tuple[str, ...]] = ()
    """Fields of a record whose change is no change: counters of views, dates of the portal's own robots."""
    has_sets: ClassVar[bool] = False
    """Whether records are JSON-LD, whose lists are sets: their order means nothing."""
    has_facts: ClassVar[bool] = False
    """Whether records are read by ``harvester.facts``, which leaves placeholders out."""
    is_incremental: ClassVar[bool] = False
    """Whether the interface can be asked for what changed."""

    def __init__(self, *, portal: PortalSpec, night: RunContext, checkpoint: dict[str, Any], **kwargs: Any) -> None:
        super().__init__(name=portal.id, **kwargs)
        self.portal = portal
        self.night = night
        self.before = before(night.catalog, portal.id, night.run_id)
        self.tally = HarvestStats(**checkpoint.get("tally", {}))
        self.cursor: Any = checkpoint.get("cursor")
        self.seen_others: set[str] = set(checkpoint.get("others", ()))
        self.seen_ids = identifiers_seen(night.catalog, night.run_id, portal.id) if checkpoint else set[str]()
        self.nameless: list[tuple[IdentityFacts, Record | None]] = []
        """Records without identifier, to be matched in the end."""
        self.unmatched: list[IdentityFacts] = []
        """Those that are no dataset known from before."""
        self.not_found: list[str] = []
        """Ids of datasets that were looked for alone, and that the portal does not know any more."""
        self.twins = twins_of(night.catalog, portal.id)
        self.asked: Counter[str] = Counter()
        self.begun_again: str | None = None
        """Why this harvest has begun again from its start, if it has."""
        self.robots: Decision | None = None
        """How robots.txt of the portal's own host is taken; None until it is first asked."""
        self.credential: Credential | None = None
        """What the portal's interface is asked with, where its file names something."""
        self.is_over = False
        """True once the deadline has passed."""
        self.is_abandoned = False
        """True once its harvest is closed though it did not end: nothing of it is kept any more."""
        self.fields_to_ignore = (*self.volatile, *portal.volatile)
        if checkpoint.get("begun_again"):
            # Which records the second beginning has seen is not known: it begins once more.
            self.start_over(checkpoint["begun_again"])

    @classmethod
    def from_crawler(cls, crawler: Crawler, *args: Any, **kwargs: Any) -> Self:
        spider = super().from_crawler(crawler, *args, **kwargs)
        crawler.signals.connect(spider.on_idle, signal=signals.spider_idle)
        return spider

    async def start(self) -> AsyncIterator[Any]:
        """Scrapy's way in. A harvest that was killed after its last page has nothing left to ask."""
        try:
            self.credential = credential_of(self.portal)
        except SpecError as error:
            yield self.fatal("auth", str(error), "set what [auth] of the portal file names", self.portal.url)
            return
        if not self.tally.ended:
            async for step in self.begin():
                yield step

    # What a subclass says

    def begin(self) -> AsyncIterator[Any]:
        """The first request, or the one that follows the cursor."""
        raise NotImplementedError

    def to_dataset(self, raw: Any) -> Dataset:
        """The mapping of one record. Raises LostRecord where it has no identity."""
        raise NotImplementedError

    def own_part(self, raw: Any) -> Any:
        """What of a record is its own: what it shares with others is no change of it where it changes."""
        return raw

    def hash_of(self, raw: Any) -> tuple[str, int]:
        """The hash of what is a record's own, and the size of the record."""
        own = self.own_part(raw)
        digest, size = fingerprint(unordered(own) if self.has_sets else own, self.fields_to_ignore)
        return digest, size if own is raw else len(json_text(raw).encode("utf-8", "surrogatepass"))

    def non_dataset_id(self, raw: Any) -> str | None:
        """The identity of a record that is no dataset (a harvest source, a showcase), else None."""
        return None

    # Asking

    @property
    def base(self) -> str:
        """The address that an interface's paths are joined to, where the portal's file names the interface or not."""
        return self.portal.url.split("/api/")[0].rstrip("/")

    @property
    def languages(self) -> tuple[str, ...]:
        """The language of the portal, where its file names it: texts in it are shown first."""
        return (self.portal.language,) if self.portal.language else ()

    @property
    def reader(self) -> str:
        """What an answer was read by: with another program, or another limit, it may be read otherwise."""
        return f"{__version__}/{self.portal.limits.max_record_bytes}"

    @property
    def wants_incremental(self) -> bool:
        """Whether this harvest may ask for changes only: there is something to add to, and no full one is due."""
        return (
            self.is_incremental
            and not self.night.is_full
            and not self.begun_again
            and self.before.run_id is not None
            and self.before.since_full + 1 < self.portal.schedule.full_every
        )

    def request(
        self,
        url: str,
        callback: Callable[..., Any],
        *,
        errback: Callable[..., Any] | None = None,
        is_conditional: bool = False,
        **kwargs: Any,
    ) -> scrapy.Request:
        """A request whose failure ends up as a harvest error.

        With ``is_conditional`` the answer remembered of the address is told to the server, which may then answer
        304; see :meth:`remembered`.
        """
        # Not "handle_httpstatus_all": with it no redirect would be followed.
        meta = {"handle_httpstatus_list": [304, *range(400, 600)], **kwargs.pop("meta", {})}
        headers = dict(kwargs.pop("headers", {}))
        is_conditional = is_conditional and not self.night.is_full
        known = answer_of(self.night.catalog, self.portal.id, url, self.reader) if is_conditional else None
        if known is not None:
            meta["remembered"] = known
            headers |= {"If-None-Match": known.etag} if known.etag else {}
            headers |= {"If-Modified-Since": known.last_modified} if known.last_modified else {}
        if self.credential is not None:
            url = self.credential.without(url)
        meta |= {"asked": url, "credential": self.credential}
        return scrapy.Request(
            url, callback, errback=errback or self.failed, dont_filter=True, meta=meta, headers=headers, **kwargs
        )

    def remembered(self, response: Response, sha256: str | None = None) -> CachedResponse | None:
        """What is remembered of an answer that is the same as before: by 304, or to the byte."""
        known: CachedResponse | None = response.meta.get("remembered")
        if known is None:
            return None
        if response.status == 304:
            return known
        digest = sha256 or hashlib.sha256(response.body).hexdigest()
        return known if response.status == 200 and digest == known.sha256 else None

    def check_request(self, request: scrapy.Request) -> None:
        """Called for every request before it goes out. Raises BudgetSpent, or GoingRound: next links do at times."""
        self.check_budget()
        if not request.meta.keys() & {"retry_times", "redirect_times", "reconnects"}:
            # What is asked for by POST lies in the body.
            asked = f"{request.url} {hashlib.sha256(request.body).hexdigest()}" if request.body else request.url
            self.asked[asked] += 1
            if self.asked[asked] > MAX_ASKED:
                raise faults.PagingLoopError(f"{request.url} was asked for before: paging goes round in circles")
        self.tally.requests += 1

    def count_bytes(self, count: int) -> None:
        """Called for every piece of a body that comes in."""
        self.tally.bytes += count

    def bad_tls(self, reason: str) -> None:
        """Called for an answer of a server whose certificate cannot be verified."""
        self.tally.tls_fault = reason

    def received(self, count: int) -> None:
        """Called for every piece of a body that goes to disk. Raises BudgetSpent."""
        self.count_bytes(count)
        self.check_budget()

    def check_budget(self) -> None:
        """Raise BudgetSpent where the portal has had its share of the night."""
        limits = self.portal.limits
        trial = self.night.trial_requests
        if trial is not None and (self.tally.kept or self.tally.requests >= trial):
            raise faults.BudgetSpent(f"this look is over after {self.tally.requests} requests")
        if self.is_over:
            raise faults.BudgetSpent(f"limits.deadline_s = {limits.deadline_s:g} is over")
        if self.tally.bytes > limits.max_harvest_bytes:
            raise faults.BudgetSpent(f"limits.max_harvest_bytes = {limits.max_harvest_bytes:,} is used up")
        if self.tally.seen > limits.max_datasets:
            raise faults.BudgetSpent(f"more than limits.max_datasets = {limits.max_datasets:,} records came")

    # Keeping

    def page(
        self,
        response: Response,
        records: Iterable[RecordWithPlace],
        *,
        cursor: Any = None,
        reading: PageContent | None = None,
        state: dict[str, Any] | None = None,
        is_second: bool = False,
        is_overlap: bool = False,
    ) -> Page:
        """Map the records of one answer.

        ``state`` is remembered of it for the next night, with the identifiers in it; an answer that is read in several
        pages shares a ``reading`` and is remembered with its last one. In a second reading what is known is passed
        over, and so are known records where pages overlap by right.
        """
        own = reading or PageContent(response)
        kept: list[Record] = []
        errors: list[HarvestError] = [*self.moved(response), *self.unsaid]
        self.unsaid.clear()
        for pointer, sent in records:
            raw = sent
            try:
                other = self.non_dataset_id(raw)
            except Exception:  # noqa: BLE001  # what is wrong with the record is said below
                other = None
            if other is not None:
                other = hashlib.blake2b(other.encode("utf-8", "surrogatepass"), digest_size=8).hexdigest()
                if other not in self.seen_others:
                    self.seen_others.add(other)
                    if is_second and self.tally.not_modified:
                        # A page that was vouched for did not tell which others it holds: they are counted.
                        continue
                    self.tally.skipped += 1
                    self.tally.seen += 1
                    own.skipped += 1
                    own.others.append(other)
                continue
            try:
                raw = self.masked(sent)
                record, said = self.record_of(raw, pointer, response)
            except Exception as error:  # noqa: BLE001  # one bad record must not stop the others
                if not is_second:
                    if isinstance(error, PassedOver):
                        own.outside[error.place] = own.outside.get(error.place, 0) + 1
                        self._passed_over({error.place: 1})
                    else:
                        own.lose(isinstance(error, LostRecord))
                        hold(self, error, raw, pointer, response, own)
                    errors.append(lost(error, raw, pointer, response.url))
                continue
            record = told_apart(self, record, kept, errors, is_known=is_overlap or is_second)
            identifier = record.dataset.identifier
            if identifier in self.seen_ids:
                if is_overlap:
                    own.identifiers.append(identifier)
                elif not is_second:
                    own.repeat(identifier)
                    errors.append(duplicate(record))
                continue
            self.seen_ids.add(identifier)
            own.identifiers.append(identifier)
            kept.append(record)
            errors += said if raw is sent else [*said, masked(record.dataset, pointer, response.url)]
        own.remember(errors)
        self._count(own)
        self.tally.kept += len(kept)
        self.tally.seen += len(kept)
        return Page(
            records=tuple(kept),
            errors=self.written(errors),
            answer=own.answer(state) if state is not None else None,
            checkpoint=self.checkpoint(cursor),
        )

    def unchanged(self, known: CachedResponse, *, cursor: Any = None, is_overlap: bool = False) -> Page:
        """The page of an answer that is the same as it was: its datasets count as seen, its faults as met again."""
        own = PageContent.of(known)
        new = [one for one in known.identifiers if one not in self.seen_ids]
        own.repeats += 0 if is_overlap else len(known.identifiers) - len(new)
        self.seen_ids.update(new)
        # A second reading, which is no conditional one, meets them again.
        self.seen_others.update(own.others)
        self.tally.kept += len(new)
        self.tally.seen += len(new) + own.skipped
        self.tally.skipped += own.skipped
        self.tally.not_modified += 1
        self._count(own)
        self._passed_over(own.outside)
        self.nameless += [(facts_from(one), None) for one in own.nameless]
        return Page(unchanged=tuple(new), errors=self.written(own.errors), checkpoint=self.checkpoint(cursor))

    def _passed_over(self, outside: dict[str, int]) -> None:
        """Count what is listed and is no record that can be read."""
        for place, count in outside.items():
            self.tally.leave_out(place, count, is_record=True)
            self.tally.seen += count

    def _count(self, reading: PageContent) -> None:
        """Take over what a reading has counted since it was asked last."""
        lost, unidentified, repeats, explained = reading.taken()
        self.tally.lost += lost
        self.tally.unidentified += unidentified
        self.tally.duplicates += repeats
        self.tally.explained += explained
        self.tally.seen += lost + unidentified + repeats

    def record_of(self, raw: Any, pointer: str, response: Response) -> tuple[Record, list[HarvestError]]:
        """A record mapped, and what was too much of it. Raises LostRecord, or what is wrong with it."""
        dataset = self.to_dataset(raw)
        if not self.has_facts:
            dataset = without_placeholders(dataset)
        if len(dataset.identifier) > MAX_IDENTIFIER:
            raise LostRecord(f"the identifier has over {MAX_IDENTIFIER:,} characters", "give the dataset a short one")
        raw_hash, size = self.hash_of(raw)
        said: list[HarvestError] = []
        if size > BIG_RECORD:
            if size > self.portal.limits.max_record_bytes:
                limit = f"limits.max_record_bytes = {self.portal.limits.max_record_bytes:,}"
                raise ValueError(f"it has {size:,} bytes, more than {limit}")
            dataset, what = capped(dataset)
            said = [cut_off(dataset, one, pointer, response.url) for one in what]
        exchange = response.meta.get("exchange")
        return Record(
            dataset=dataset,
            raw=raw,
            url=self.masked(response.url),
            pointer=pointer,
            raw_hash=raw_hash,
            exchange=exchange,
        ), said

    def checkpoint(self, cursor: Any) -> dict[str, Any] | None:
        """Where reading stands, as it is kept with a page; None where the page ends nothing."""
        if cursor is None:
            return None
        others = sorted(self.seen_others)
        return {"cursor": cursor, "tally": asdict(self.tally), "others": others, "begun_again": self.begun_again}

    def start_over(self, why: str) -> None:
        """Forget what this harvest has seen: it begins again, as a full one."""
        restart(self.night.catalog, self.night.run_id, self.portal.id)
        old = self.tally
        self.tally = HarvestStats(requests=old.requests, bytes=old.bytes, notes=[why], tls_fault=old.tls_fault)
        self.begun_again = why
        self.seen_ids, self.seen_others, self.nameless, self.cursor = set(), set(), [], None
