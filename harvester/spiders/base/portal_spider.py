"""Define the base of all spiders: a page is stored whole, a bad record is lost alone, every loss is reported."""

from __future__ import annotations

import hashlib
from collections import Counter
from collections.abc import AsyncIterator, Callable, Iterable
from dataclasses import asdict
from typing import TYPE_CHECKING, Any, ClassVar, Self

import scrapy
from scrapy import signals

from catalog.model import CachedResponse, Dataset, HarvestError, HarvestPage, Record
from catalog.model.canonical import fingerprint, json_text, unordered
from catalog.model.harvest_stats import HarvestStats
from catalog.repositories.harvests import before, cached_response, identifiers_seen
from catalog.repositories.identities import IdentityFacts
from harvester.facts.placeholders import without_placeholders
from harvester.http import faults
from harvester.http.login import Credential, credential_of
from harvester.night.context import RunContext
from harvester.night.harvest_store import reader_of
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
"""Maximum number of requests for one address in a harvest, without retries; second readings and restarts repeat it."""
MAX_IDENTIFIER = 2_000
"""Maximum length of an identifier in characters; a longer text does not count as an identifier."""
RecordWithPlace = tuple[str, Any]
"""Pair of JSON pointer and record."""


class PortalSpider(FaultTelling, Lookups, scrapy.Spider):
    """Base class of all spiders.

    A subclass sets ``type``, yields requests from ``begin``, passes parsed records to :meth:`page`, and maps each
    record in :meth:`to_dataset`. A record without identifier is refused (:class:`LostRecord`); a missing description is
    not a fault.

    Every page to store carries a cursor that says where to continue after it. ``self.cursor`` is the cursor of an
    interrupted harvest, or None.
    """

    name = "portal"
    type: ClassVar[str]
    about: ClassVar[PortalTypeInfo]
    volatile: ClassVar[tuple[str, ...]] = ()
    """Fields that change without a real change of the record: view counters, dates of the portal's own harvester."""
    has_sets: ClassVar[bool] = False
    """Whether records are JSON-LD, where the order in lists has no meaning."""
    has_facts: ClassVar[bool] = False
    """Whether records are read by ``harvester.facts``, which drops placeholders."""
    is_incremental: ClassVar[bool] = False
    """Whether the interface can return only what changed."""

    def __init__(self, *, portal: PortalSpec, run: RunContext, checkpoint: dict[str, Any], **kwargs: Any) -> None:
        super().__init__(name=portal.id, **kwargs)
        self.portal, self.run = portal, run
        self.before = before(run.catalog, portal.id, run.run_id)
        self.stats = HarvestStats(**checkpoint.get("stats", checkpoint.get("tally", {})))  # "tally" in version 0.1.0
        self.cursor: Any = checkpoint.get("cursor")
        self.seen_others: set[str] = set(checkpoint.get("others", ()))
        self.seen_ids = identifiers_seen(run.catalog, run.run_id, portal.id) if checkpoint else set[str]()
        self.nameless: list[tuple[IdentityFacts, Record | None]] = []
        """Records without identifier, to be matched at the end of the harvest."""
        self.unmatched: list[IdentityFacts] = []
        """Records without identifier that match no known dataset."""
        self.not_found: list[str] = []
        """Ids of datasets that were requested alone and that the portal no longer knows."""
        self.twins = twins_of(run.catalog, portal.id)
        self.asked: Counter[str] = Counter()
        self.begun_again: str | None = None
        """Why this harvest started over; None if it did not."""
        self.robots: Decision | None = None
        """What robots.txt of the portal's own host allows; None until it is first needed."""
        self.credential: Credential | None = None
        """The login or key for the portal's interface, if the portal file names one."""
        self.is_over = False
        """True after the deadline."""
        self.is_abandoned = False
        """True if the harvest was closed before its end; nothing more is stored then."""
        self.fields_to_ignore = (*self.volatile, *portal.volatile)
        if checkpoint.get("begun_again"):
            # Which records the restarted harvest had seen is unknown, so it starts over once more.
            self.start_over(checkpoint["begun_again"])

    @classmethod
    def from_crawler(cls, crawler: Crawler, *args: Any, **kwargs: Any) -> Self:
        spider = super().from_crawler(crawler, *args, **kwargs)
        crawler.signals.connect(spider.on_idle, signal=signals.spider_idle)
        return spider

    async def start(self) -> AsyncIterator[Any]:
        """Yield the first requests (Scrapy's entry point), or an error if the portal's key is missing; nothing if an
        interrupted harvest had already read its last page.
        """
        try:
            self.credential = credential_of(self.portal)
        except SpecError as error:
            yield self.fatal("auth", str(error), "set the key that [auth] of the portal file names", self.portal.url)
            return
        if not self.stats.ended:
            async for step in self.begin():
                yield step

    # Hooks of a subclass

    def begin(self) -> AsyncIterator[Any]:
        """Yield the first request of the harvest; if ``self.cursor`` is not None, continue from it."""
        raise NotImplementedError

    def to_dataset(self, raw: Any) -> Dataset:
        """Return the parsed record ``raw`` mapped to a dataset; raise LostRecord if it has no identifier."""
        raise NotImplementedError

    def own_part(self, raw: Any) -> Any:
        """Return the part of ``raw`` to hash: all of it; a subclass leaves out what records share (publishers)."""
        return raw

    def hash_of(self, raw: Any) -> tuple[str, int]:
        """Return the hash of :meth:`own_part` without ``fields_to_ignore``, and the size of ``raw`` in bytes."""
        own = self.own_part(raw)
        digest, size = fingerprint(unordered(own) if self.has_sets else own, self.fields_to_ignore)
        return digest, size if own is raw else len(json_text(raw).encode("utf-8", "surrogatepass"))

    def non_dataset_id(self, raw: Any) -> str | None:
        """Return the identifier of ``raw`` if it is no dataset but, say, a harvest source, else None (the default)."""
        return None

    # Requesting

    @property
    def base(self) -> str:
        """The portal's address up to "/api/", without final slash; the paths of the API are appended to it."""
        return self.portal.url.split("/api/")[0].rstrip("/")

    @property
    def languages(self) -> tuple[str, ...]:
        """The language code in the portal file, as a tuple of one or none; texts in this language are shown first."""
        return (self.portal.language,) if self.portal.language else ()

    @property
    def reader(self) -> str:
        """Cache key of stored responses: program version and largest record size in bytes, "1.2.0/50000000".

        A response stored under another key is parsed again, because its datasets might be mapped otherwise now.
        """
        return reader_of(self.portal)

    @property
    def wants_incremental(self) -> bool:
        """Whether to request only changed records: the API can do so, and no full harvest is due, demanded or begun."""
        return (
            self.is_incremental
            and not self.run.is_full
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
        """Return a request to ``url``; ``callback`` gets the response, ``errback`` the failure if none comes.

        Without ``errback``, a failure becomes a harvest error. ``kwargs`` are passed on to Scrapy. With
        ``is_conditional``, ETag and Last-Modified of the stored response are sent, so that the server may answer 304;
        see :meth:`remembered`. A full harvest that was demanded does not send them.
        """
        # Not "handle_httpstatus_all", because Scrapy would then follow no redirects.
        meta = {"handle_httpstatus_list": [304, *range(400, 600)], **kwargs.pop("meta", {})}
        headers = dict(kwargs.pop("headers", {}))
        is_conditional = is_conditional and not self.run.is_full
        known = cached_response(self.run.catalog, self.portal.id, url, self.reader) if is_conditional else None
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
        """Return the stored response if ``response`` equals it (status 304 or the same SHA-256); None otherwise.

        ``sha256`` is that of a body saved to disk; None computes it.
        """
        known: CachedResponse | None = response.meta.get("remembered")
        if known is None:
            return None
        if response.status == 304:
            return known
        digest = sha256 or hashlib.sha256(response.body).hexdigest()
        return known if response.status == 200 and digest == known.sha256 else None

    def check_request(self, request: scrapy.Request) -> None:
        """Count ``request`` before it is sent; raise BudgetSpent, or PagingLoopError if it was sent too often."""
        self.check_budget()
        if not request.meta.keys() & {"retry_times", "redirect_times", "reconnects"}:
            # The query of a POST request stands in its body.
            asked = f"{request.url} {hashlib.sha256(request.body).hexdigest()}" if request.body else request.url
            self.asked[asked] += 1
            if self.asked[asked] > MAX_ASKED:
                raise faults.PagingLoopError(f"{request.url} was asked for before: paging goes round in circles")
        self.stats.requests += 1

    def count_bytes(self, count: int) -> None:
        """Add ``count``, the bytes of a body that have just arrived, to the statistics of the harvest."""
        self.stats.bytes += count

    def bad_tls(self, reason: str) -> None:
        """Note in the statistics that a server's certificate cannot be verified; ``reason`` says why."""
        self.stats.tls_fault = reason

    def received(self, count: int) -> None:
        """Count ``count`` bytes of a body that is saved to disk; raise BudgetSpent if a limit is reached."""
        self.count_bytes(count)
        self.check_budget()

    def check_budget(self) -> None:
        """Raise BudgetSpent if a limit of the portal file (time, bytes, records) or of a trial harvest is reached."""
        limits = self.portal.limits
        trial = self.run.trial_requests
        if trial is not None and (self.stats.kept or self.stats.requests >= trial):
            raise faults.BudgetSpent(f"this look is over after {self.stats.requests} requests")
        if self.is_over:
            raise faults.BudgetSpent(f"limits.deadline_s = {limits.deadline_s:g} is over")
        if self.stats.bytes > limits.max_harvest_bytes:
            raise faults.BudgetSpent(f"limits.max_harvest_bytes = {limits.max_harvest_bytes:,} is used up")
        if self.stats.seen > limits.max_datasets:
            raise faults.BudgetSpent(f"more than limits.max_datasets = {limits.max_datasets:,} records came")

    # Storing

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
    ) -> HarvestPage:
        """Return the page to store for ``records`` (pairs of JSON pointer and record), which came in ``response``.

        ``cursor`` says where to continue after it. ``state`` are JSON values to store with the response for the next
        harvest; None stores no response. If a response is stored in several pages, all are given the same ``reading``.
        In a second reading (``is_second``) and on pages that overlap (``is_overlap``), records already seen are
        skipped; elsewhere each gives an error.
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
                    if is_second and self.stats.not_modified:
                        # An unchanged page did not list its skipped items by name, so they are only counted.
                        continue
                    self.stats.skipped += 1
                    self.stats.seen += 1
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
                        self.stats.pass_over({error.place: 1})
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
        self.stats.add_losses(*own.taken())
        self.stats.kept += len(kept)
        self.stats.seen += len(kept)
        return HarvestPage(
            records=tuple(kept),
            errors=self.written(errors),
            response=own.cached(state) if state is not None else None,
            checkpoint=self.checkpoint(cursor),
        )

    def unchanged(self, known: CachedResponse, *, cursor: Any = None, is_overlap: bool = False) -> HarvestPage:
        """Return the page to store if a response equals ``known``, stored earlier: its datasets count as seen.

        ``cursor`` says where to continue after it. With ``is_overlap``, datasets seen before are no fault.
        """
        own = PageContent.of(known)
        new = [one for one in known.identifiers if one not in self.seen_ids]
        own.repeats += 0 if is_overlap else len(known.identifiers) - len(new)
        self.seen_ids.update(new)
        # A second reading sends no conditional requests and meets them again.
        self.seen_others.update(own.others)
        self.stats.kept += len(new)
        self.stats.seen += len(new) + own.skipped
        self.stats.skipped += own.skipped
        self.stats.not_modified += 1
        self.stats.add_losses(*own.taken())
        self.stats.pass_over(own.outside)
        self.nameless += [(facts_from(one), None) for one in own.nameless]
        return HarvestPage(unchanged=tuple(new), errors=self.written(own.errors), checkpoint=self.checkpoint(cursor))

    def record_of(self, raw: Any, pointer: str, response: Response) -> tuple[Record, list[HarvestError]]:
        """Return ``raw`` mapped to a dataset, as a record, and an error for each text or list cut to its limit.

        ``pointer`` is its place in ``response``. Raise LostRecord if it has no identifier or too long a one, ValueError
        if it is larger than ``limits.max_record_bytes``, or the error of the mapping.
        """
        dataset = self.to_dataset(raw)
        if not self.has_facts:
            dataset = without_placeholders(dataset)
        if len(dataset.identifier) > MAX_IDENTIFIER:
            raise LostRecord(f"the identifier has over {MAX_IDENTIFIER:,} characters", "give it a shorter one")
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
        """Return JSON values with which an interrupted harvest continues at ``cursor``; None if the cursor is None."""
        if cursor is None:
            return None
        others = sorted(self.seen_others)
        return {"cursor": cursor, "stats": asdict(self.stats), "others": others, "begun_again": self.begun_again}

    def start_over(self, why: str) -> None:
        """Forget what this harvest has read, and start it again as a full harvest; ``why`` is noted as the reason."""
        self.run.harvest_store.restart(self.portal)
        old = self.stats
        self.stats = HarvestStats(requests=old.requests, bytes=old.bytes, notes=[why], tls_fault=old.tls_fault)
        self.begun_again = why
        self.seen_ids, self.seen_others, self.nameless, self.cursor = set(), set(), [], None
