"""What all spiders share: a page is kept whole, a bad record is lost alone, and every loss is said."""

from __future__ import annotations

import json
from collections.abc import AsyncIterator, Callable, Iterable
from typing import TYPE_CHECKING, Any, ClassVar

import scrapy

from catalog.model import Dataset, HarvestError, Record
from harvester.checks import faults
from harvester.pages import Night, Page, Tally
from specs.portals import PortalSpec

if TYPE_CHECKING:
    from scrapy.http import Response
    from twisted.python.failure import Failure

__all__ = ["LostRecord", "PortalSpider", "cut"]

MAX_ERRORS = 10_000
"""Errors written for one portal; more are counted only."""


class LostRecord(Exception):
    """A record cannot be kept: it has no identity. ``pointer`` is relative to the record."""

    def __init__(self, message: str, remedy: str, pointer: str = "", value: Any = None) -> None:
        super().__init__(message)
        self.remedy, self.pointer, self.value = remedy, pointer, value


def cut(value: Any, length: int = 500) -> str | None:
    """A value as text, for an error: short, and None for None."""
    if value is None:
        return None
    text = value if isinstance(value, str) else json.dumps(value, ensure_ascii=False, default=str)
    return text if len(text) <= length else text[: length - 1] + "…"


class PortalSpider(scrapy.Spider):
    """Base of all spiders.

    A subclass sets ``type``, yields requests from ``start``, and gives parsed records to :meth:`page`; its module
    holds a pure function from a record to a :class:`~catalog.model.Dataset`. It is strict about identity and
    paging (raise :class:`LostRecord`), lenient about description: what a publisher left out is what is measured.
    """

    name = "portal"
    type: ClassVar[str]

    def __init__(self, *, portal: PortalSpec, night: Night, **kwargs: Any) -> None:
        super().__init__(name=portal.id, **kwargs)
        self.portal = portal
        self.night = night
        self.tally = Tally()
        self.seen_ids: set[str] = set()

    def to_dataset(self, raw: Any) -> Dataset:
        """The mapping of one record. Raises LostRecord where it has no identity."""
        raise NotImplementedError

    def request(self, url: str, callback: Callable[..., Any], **kwargs: Any) -> scrapy.Request:
        """A request whose failure ends up as a harvest error."""
        self.tally.requests += 1
        # Not "handle_httpstatus_all": with it no redirect would be followed.
        meta = {"handle_httpstatus_list": list(range(400, 600)), **kwargs.pop("meta", {})}
        return scrapy.Request(url, callback, errback=self.failed, dont_filter=True, meta=meta, **kwargs)

    def page(self, records: Iterable[tuple[str, Any]], url: str) -> Page:
        """Map the records of one answer, given as (JSON pointer, record)."""
        kept: list[Record] = []
        errors: list[HarvestError] = []
        for pointer, raw in records:
            self.tally.seen += 1
            try:
                dataset = self.to_dataset(raw)
                identifier = dataset.identifier
                if identifier in self.seen_ids:
                    self.tally.duplicates += 1
                    errors.append(self._duplicate(dataset, pointer, url))
                    continue
                self.seen_ids.add(identifier)
                kept.append(Record(dataset=dataset, raw=raw, url=url, pointer=pointer))
            except Exception as error:  # noqa: BLE001  # one bad record must not stop the others
                if isinstance(error, LostRecord):
                    self.tally.unidentified += 1
                else:
                    self.tally.lost += 1
                errors.append(_lost(error, raw, pointer, url))
        self.tally.kept += len(kept)
        return Page(records=tuple(kept), errors=tuple(errors[:MAX_ERRORS]))

    def _duplicate(self, dataset: Dataset, pointer: str, url: str) -> HarvestError:
        return HarvestError(
            kind="duplicate",
            message="the identifier came before in this harvest: the first record was kept, this one was not",
            remedy="give every dataset an identifier of its own, and list it once",
            url=url,
            record_id=cut(dataset.identifier),
            title=cut(dataset.title),
            pointer=pointer,
            value=cut(dataset.identifier),
        )

    def fatal(self, kind: str, message: str, remedy: str, url: str, value: Any = None) -> Page:
        """A page that says that nothing more can be read, and why."""
        self.tally.faults.append(message)
        return Page(
            errors=(
                HarvestError(
                    kind=kind, message=message, remedy=remedy, url=url, value=cut(value), is_lost=False, is_fatal=True
                ),
            )
        )

    async def failed(self, failure: Failure) -> AsyncIterator[Page]:
        """Errback of every request: the answer did not come."""
        fault = faults.of_exception(failure.value or RuntimeError("no reason given"))
        url = failure.request.url  # type: ignore[attr-defined]
        yield self.fatal(fault.kind, f"{url}: {fault.detail}", fault.remedy, url)

    def refused(self, response: Response) -> Page | None:
        """The error page for an answer that is not 2xx; None where it is."""
        fault = faults.of_response(response)
        if fault is None:
            return None
        return self.fatal(fault.kind, f"{response.url}: {fault.detail}", fault.remedy, response.url, _text(response))

    def read_json(self, response: Response) -> Any:
        """The parsed body. Raises ValueError, in words, for HTML, truncated or too deep JSON."""
        body = response.body.lstrip()
        if body[:1] == b"<":
            raise ValueError("an HTML or XML page came where JSON was expected")
        try:
            return json.loads(body.decode("utf-8-sig", "replace"))
        except ValueError as error:
            raise ValueError(f"the answer is not valid JSON ({error}); it may be cut short") from None
        except RecursionError:
            raise ValueError("the answer is nested too deeply") from None


def _text(response: Response) -> str:
    return response.body[:500].decode("utf-8", "replace")


def _lost(error: Exception, raw: Any, pointer: str, url: str) -> HarvestError:
    record = raw if isinstance(raw, dict) else {}
    if isinstance(error, LostRecord):
        kind, message, remedy = "identifier", str(error), error.remedy
        pointer, value = pointer + error.pointer, cut(error.value if error.value is not None else raw)
    else:
        kind, message = "record", f"the record could not be read: {type(error).__name__}: {error}"
        remedy, value = "report the record to the makers of this program: it is kept here as it came", cut(raw)
    return HarvestError(
        kind=kind,
        message=message,
        remedy=remedy,
        url=url,
        record_id=cut(record.get("identifier") or record.get("id") or record.get("name")),
        title=cut(record.get("title")),
        pointer=pointer,
        value=value,
    )
