"""Read OAI-PMH 2.0: repositories of libraries, universities and archives, and catalogue services that offer OAI.

Protocol: openarchives.org/OAI/openarchivesprotocol.html. Quirks handled:

- Tokens expire, repeat, or never end.
- ``completeListSize`` may be an estimate.
- A token must be sent alone, but pycsw requires the prefix beside it.
- pycsw returns a token after the last page, and an empty list if nothing matches.
- ``noRecordsMatch`` is no error.
- Deleted records stay as tombstones; records that say they are no datasets are passed over.

Changes are requested by ``from`` if the repository keeps tombstones. A tombstone of a known dataset leads to a full
harvest, because only that may decide that a dataset is gone.
"""

from __future__ import annotations

from collections.abc import AsyncIterator
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Any
from urllib.parse import parse_qsl, urlencode, urlsplit, urlunsplit

from lxml import etree

from catalog.model import Dataset
from catalog.repositories.harvests import new_among
from harvester.http import faults
from harvester.spiders.base.listing import ListingSpider, PageRefusedError
from harvester.spiders.base.paging import ListingPage, PageCursor
from harvester.spiders.base.portal_type_info import PortalTypeInfo
from harvester.spiders.documents.xml_reading import (
    attribute,
    canonical,
    children,
    find,
    find_all,
    local,
    parse_xml,
    value,
    values,
)
from harvester.spiders.oai_pmh import record as oai_record

if TYPE_CHECKING:
    from scrapy import Request
    from scrapy.http import Response

__all__ = ["Spider"]

PREFIXES = ("iso19139", "iso19115", "oai_datacite", "datacite", "ddi", "oai_ddi25", "oai_ddi", "oai_dc")
"""Readable metadata formats, the richest first."""
OURS = ("verb", "metadataprefix", "resumptiontoken", "identifier", "set", "from", "until")
"""Parameters of the protocol; others in the portal's address are kept."""
MAX_EMPTY = 20
"""Number of empty pages in a row before the harvest ends."""
MAX_RESTARTS = 20
"""Number of tokens that may expire in one harvest."""
OVERLAP = timedelta(hours=1)


class Spider(ListingSpider):
    """Spider for all datasets of an OAI-PMH repository.

    If the portal's address already names a list or record (``verb=``), only that is read.
    """

    type = "oai-pmh"
    about = PortalTypeInfo(
        software="OAI-PMH 2.0; ISO 19139, DataCite, DDI Codebook or Dublin Core",
        paging="`ListRecords` by resumption token; begun again by date where a token has expired",
        incremental="`from`, where the repository keeps tombstones",
        deletion="tombstones, or absent from a complete harvest",
        limits="Dublin Core has no files, and dates without a meaning",
        loses="formats, sizes and addresses of files",
        rank=45,
    )
    can_shrink = False
    is_incremental = True

    def resume(self, cursor: dict[str, Any]) -> None:
        self.prefix: str | None = cursor.get("prefix", self.named.get("metadataprefix"))
        self.has_prefix: bool = cursor.get("has_prefix", False)
        """Whether the repository requires the prefix beside the token."""
        self.since: str | None = cursor.get("since")
        self.stamp: str | None = cursor.get("stamp")
        """Date of the last record received."""
        self.is_rising: bool = cursor.get("is_rising", True)
        """Whether records have come in the order of their dates."""
        self.restarts: int = cursor.get("restarts", 0)
        self.known_then: int = cursor.get("known_then", 0)
        """Number of known records when the list was last restarted."""
        self.empties, self.code = 0, ""

    def position(self, page_cursor: PageCursor) -> dict[str, Any]:
        own = {"prefix": self.prefix, "has_prefix": self.has_prefix, "since": self.since, "stamp": self.stamp}
        again = {"is_rising": self.is_rising, "restarts": self.restarts, "known_then": self.known_then}
        return {**super().position(page_cursor), **own, **again}

    # Addresses

    @property
    def named(self) -> dict[str, str]:
        """Return the parameters of OAI-PMH in the portal's address, such as "set", with names in lower case."""
        pairs = parse_qsl(urlsplit(self.portal.url).query, keep_blank_values=True)
        return {key.lower(): said for key, said in pairs if key.lower() in OURS}

    def address(self, verb: str, **params: str | None) -> str:
        """Return the address of an OAI-PMH request.

        ``verb``: for example "ListRecords". ``params``: its arguments; those that are None are left out, and a
        trailing "_" is removed from names ("from_").
        """
        parts = urlsplit(self.portal.url)
        kept = [(k, v) for k, v in parse_qsl(parts.query, keep_blank_values=True) if k.lower() not in OURS]
        asked = [(name.rstrip("_"), said) for name, said in params.items() if said]
        return urlunsplit(parts._replace(query=urlencode([*kept, ("verb", verb), *asked])))

    def look_up(self, identifier: str, source_url: str) -> str | None:
        return self.address("GetRecord", identifier=identifier, metadataPrefix=self.prefix)

    def says_unknown(self, response: Response) -> bool:
        root = parse_xml(response.body)
        if any(attribute(error, "code") == "idDoesNotExist" for error in children(root, "error")):
            return True
        return attribute(find(root, "GetRecord/record/header"), "status") == "deleted"

    def ask(self, page_cursor: PageCursor) -> Request:
        at = page_cursor.at or {}
        if token := at.get("token"):
            prefix = self.prefix if self.has_prefix else None
            return self.get(self.address("ListRecords", resumptionToken=token, metadataPrefix=prefix), page_cursor)
        since = at.get("from") or self.since
        if "verb" in self.named and not since:
            return self.get(self.portal.url, page_cursor)
        params = {"metadataPrefix": self.prefix, "set": self.named.get("set"), "from_": since}
        return self.get(self.address("ListRecords", **params), page_cursor)

    # The repository's abilities

    def opening(self) -> list[Any]:
        if "verb" in self.named:
            return [self.ask(self.first_walk())]
        return [self.request(self.address("Identify"), self.on_identify)]

    async def on_identify(self, response: Response) -> AsyncIterator[Any]:
        """Read whether the OAI-PMH repository reports deleted records, and request the list of its metadata formats.

        If it reports them, and a full harvest is not due, only the records changed since the last harvest are read. If
        the response is an error or no OAI-PMH, the harvest ends with an error.
        """
        try:
            root = self.root_of(response)
        except PageRefusedError as refusal:
            yield self.request_failed(refusal.fault, response.url, refusal.value)
            return
        has_tombstones = value(root, "Identify/deletedRecord") in ("persistent", "transient")
        if self.wants_incremental and has_tombstones:
            has_time = "hh" in (value(root, "Identify/granularity") or "")
            self.since = _before(self.before.newest_record, self.before.started_at, has_time=has_time)
        yield self.request(self.address("ListMetadataFormats"), self.on_formats)

    async def on_formats(self, response: Response) -> AsyncIterator[Any]:
        """Choose the metadata format with the most detail that can be read, and request the first page of records.

        It is ``oai_dc`` if none of PREFIXES is listed. If the response is an error or no OAI-PMH, the harvest ends with
        an error.
        """
        try:
            offered = values(self.root_of(response), "ListMetadataFormats/metadataFormat/metadataPrefix")
        except PageRefusedError as refusal:
            yield self.request_failed(refusal.fault, response.url, refusal.value)
            return
        # Every repository must offer oai_dc, but some do not list it.
        self.prefix = next((prefix for prefix in PREFIXES if prefix in offered), "oai_dc")
        if self.since:
            self.stats.mode = "incremental"
        yield self.ask(self.first_walk())

    def root_of(self, response: Response) -> etree._Element:
        """Return the root element of ``response``. Raise PageRefusedError if it is no OAI-PMH document or reports an
        error.
        """
        listing_page = self.sheet_of(response, PageCursor(rows=1, at={"is_list": False}))
        root: etree._Element = listing_page.records[0][1]
        return root

    # The list

    def read(self, response: Response, page_cursor: PageCursor) -> ListingPage:
        root = parse_xml(response.body)
        if local(root) != "OAI-PMH":
            raise ValueError(f"<{local(root)}> came where OAI-PMH was expected")
        self.code = ""
        at = page_cursor.at or {}
        for error in children(root, "error"):
            self.code = attribute(error, "code") or "error"
            if self.code == "noRecordsMatch" and at.get("is_list", True) and not at.get("token"):
                return self.nothing()
            words = f"the repository reports an error: {self.code}: {value(error) or ''}"[:300].rstrip(": ")
            raise PageRefusedError(
                faults.RequestFault("server", "unknown", words, "ask the operator of the repository what is wrong")
            )
        if not at.get("is_list", True):
            return ListingPage(records=[("", root)], is_end=True)
        found = [*find_all(root, "ListRecords/record"), *find_all(root, "GetRecord/record")]
        if find(root, "ListRecords") is None and find(root, "GetRecord") is None:
            raise ValueError("there is no list of records in the response")
        self.note(found)
        return self.listing_page(root, found, page_cursor)

    def listing_page(self, root: etree._Element, found: list[etree._Element], page_cursor: PageCursor) -> ListingPage:
        """Return the page of records in a response, with the resumption token of the next page.

        ``root``: the root element. ``found``: the records. ``page_cursor``: the position of this page. An empty first
        page of a harvest of changes is handled as :meth:`nothing` describes. Raise PageRefusedError after more than
        MAX_EMPTY pages in a row without records.
        """
        at = page_cursor.at or {}
        mark = find(root, "ListRecords/resumptionToken")
        token = value(mark)
        size = attribute(mark, "completeListSize") or ""
        total = int(size) if size.isdecimal() and len(size) < 12 else None
        reached = page_cursor.start + len(found)
        is_whole = total is not None and reached >= total
        self.empties = 0 if found else self.empties + 1
        if not found and self.stats.mode == "incremental" and not page_cursor.start:
            return self.nothing()
        if self.empties > MAX_EMPTY:
            words = f"{MAX_EMPTY} pages in a row hold no record"
            raise PageRefusedError(
                faults.RequestFault("server", "unknown", words, "ask the repository to fix its paging")
            )
        beyond = bool(at.get("is_beyond"))
        is_end = token is None or (not found and (beyond or is_whole))
        is_own = self.stats.mode == "full" and not at.get("is_again")
        following = {"token": token, "is_beyond": is_whole}
        return ListingPage(
            records=[
                (f"/ListRecords/record[{page_cursor.start + i}]", canonical(one)) for i, one in enumerate(found, 1)
            ],
            total=total if is_own and not beyond else None,
            at=None if is_end else following,
            is_end=is_end,
        )

    def nothing(self) -> ListingPage:
        """Return an empty last page, for a repository that says that no record matches the request.

        Raise PageRefusedError if only changes were requested: the newest known record should have been found, so the
        repository's dates cannot be trusted and a full harvest is needed.
        """
        if self.stats.mode == "incremental":
            raise PageRefusedError(_in_full("the repository does not find the newest record that it has"))
        return ListingPage(is_end=True)

    def note(self, found: list[etree._Element]) -> None:
        """Remember the date of the last record in ``found``, and whether all records so far were sorted by date.

        Raise PageRefusedError if only changes were requested and a record in ``found`` is the deletion of a dataset in
        the catalogue, because only a full harvest may remove datasets.
        """
        for record in found:
            stamp = oai_record.stamp_of(record)
            self.is_rising = self.is_rising and stamp is not None and stamp >= (self.stamp or "")
            self.stamp = stamp or self.stamp
        if self.stats.mode == "incremental":
            gone = [oai_record.identifier_of(record) for record in found if oai_record.is_deleted(record)]
            ids = [one for one in gone if one]
            if ids and new_among(self.run.catalog, self.portal.id, ids) < len(ids):
                raise PageRefusedError(_in_full("the repository has deleted datasets that are known"))

    def may_overlap(self, page_cursor: PageCursor) -> bool:
        return bool(page_cursor.at and (page_cursor.at.get("is_again") or page_cursor.at.get("is_beyond")))

    def next_cursor(self, page_cursor: PageCursor, listing_page: ListingPage) -> PageCursor:
        is_again = bool(page_cursor.at and page_cursor.at.get("is_again"))
        return page_cursor.forward(listing_page.count, listing_page.at and {**listing_page.at, "is_again": is_again})

    def next_of(
        self, page_cursor: PageCursor, next_cursor: PageCursor, is_new: bool, url: str, *, is_lost: bool = False
    ) -> list[Any]:
        if page_cursor.at and page_cursor.at.get("is_beyond") and not is_new:
            # The token after the last page leads back to the first one.
            return self.at_end(next_cursor, "the total is reached, and nothing new comes behind it")
        return super().next_of(page_cursor, next_cursor, is_new, url, is_lost=is_lost)

    # Other ways

    def fallback(
        self, fault: faults.RequestFault, response: Response | None, page_cursor: PageCursor
    ) -> list[Any] | None:
        at = page_cursor.at or {}
        if fault.kind == "changes":
            return [self.in_full(fault.detail)]
        if at.get("token") and self.code == "badArgument" and not self.has_prefix and self.prefix:
            self.has_prefix = True
            return [self.ask(page_cursor)]
        if at.get("is_beyond"):
            return self.at_end(page_cursor, "the total is reached")
        is_worth_it = self.restarts < MAX_RESTARTS and self.known() > self.known_then
        if at.get("token") and self.code == "badResumptionToken" and is_worth_it:
            self.restarts, self.known_then = self.restarts + 1, self.known()
            # Only if records come in the order of their dates is nothing missing before the last one.
            since = self.stamp if self.is_rising else None
            self.stats.notes[:] = [n for n in self.stats.notes if "expired" not in n]
            self.stats.notes.append(f"a resumption token has expired: the list was begun again {self.restarts} times")
            return [self.ask(PageCursor(rows=page_cursor.rows, at={"from": since, "is_again": True}))]
        if self.stats.mode == "incremental":
            return [self.in_full(fault.detail)]
        return None

    def in_full(self, why: str) -> Request:
        """Start the harvest over as a full harvest of the repository, and return its first request.

        ``why``: why reading only the changes is not enough, as a phrase for the notes of the harvest.
        """
        prefix, has_prefix = self.prefix, self.has_prefix
        self.start_over(f"read in full: {why}")
        self.resume({"prefix": prefix, "has_prefix": has_prefix})
        return self.ask(self.first_walk())

    # Records

    def non_dataset_id(self, raw: Any) -> str | None:
        return oai_record.non_dataset_id(raw)

    def to_dataset(self, raw: Any) -> Dataset:
        return oai_record.to_dataset(raw, self.languages)


def _in_full(why: str) -> faults.RequestFault:
    return faults.RequestFault("changes", "unknown", why, "nothing needs to be done: everything was read")


def _before(newest: str | None, started: str | None, *, has_time: bool) -> str | None:
    """Return the earlier of two instants minus the overlap, as precise as the repository's dates.

    None if one is no date.
    """
    try:
        at = min(datetime.fromisoformat((one or "")[:19]) for one in (newest, started)) - OVERLAP
    except (ValueError, OverflowError):
        return None
    return at.strftime("%Y-%m-%dT%H:%M:%SZ" if has_time else "%Y-%m-%d")
