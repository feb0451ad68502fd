"""Read catalogue services by CSW 2.0.2 and 3.0: GeoNetwork, pycsw, deegree, ArcGIS and others.

Standard: OGC 07-006r1 and 07-045 (ISO profile). Quirks handled:

- Pages are shortened silently, so paging counts the records received.
- ``nextRecord`` is 0, the total plus one, or wrong; it is only a hint.
- ISO is advertised and then refused; FGDC and Dublin Core are tried next.
- A sort order may be refused, and so may POST; GET is tried then.
- Error reports come with status 200.
- A service that supports only version 3.0 says so in a report with another namespace; it is then asked by 3.0.

If the total is exactly 10,000, or pages beyond that fail, the number is the limit of a search engine. Then records are
read by the date of their last change, in windows halved until each holds fewer. A test shows first whether the server
applies the filter; if not, the harvest reports that the list was cut off.
"""

from __future__ import annotations

import re
from dataclasses import replace
from typing import TYPE_CHECKING, Any
from urllib.parse import parse_qsl, urlencode, urlsplit, urlunsplit

from lxml import etree

from catalog.model import CachedResponse, Dataset
from harvester.http import faults
from harvester.spiders.base.listing import ListingSpider, PageRefusedError
from harvester.spiders.base.paging import ListingPage, PageCursor
from harvester.spiders.base.portal_type_info import PortalTypeInfo
from harvester.spiders.csw import query
from harvester.spiders.csw.query import FUTURE, UNDATED, RequestMethod, Window
from harvester.spiders.documents import any_xml
from harvester.spiders.documents.xml_reading import attribute, canonical, children, find, local, parse_xml, values

if TYPE_CHECKING:
    from scrapy import Request
    from scrapy.http import Response

__all__ = ["Spider"]

CLAMP = 10_000
"""The total that search engines state for every larger number."""
SURE = ("auth", "blocked", "rate_limited", "robots", "too_large", "cut_short")
"""Faults that another way of asking does not fix."""


class Spider(ListingSpider):
    """Spider for all datasets and dataset series of a catalogue service (CSW)."""

    type = "csw"
    about = PortalTypeInfo(
        software="CSW 2.0.2 and 3.0: GeoNetwork, pycsw, deegree, ArcGIS; ISO 19139, FGDC CSDGM or Dublin Core",
        paging="GetRecords by position; windows of dates where the total is cut off at 10,000",
        incremental="not used: what a filter on dates finds differs from server to server",
        deletion="absent from a complete harvest",
        limits="pages are cut silently, to 10 at times",
        loses="formats by file: ISO declares them for all together",
        rank=75,
    )

    def resume(self, cursor: dict[str, Any]) -> None:
        self.is_3: bool = cursor.get("is_3", bool(re.search(r"(?i)[?&]version=3", self.portal.url)))
        """Whether requests use version 3.0 of the standard."""
        self.way: int = cursor.get("way", 0)
        self.windows: list[Window] = cursor.get("windows", [])
        """Windows still to be read: (start, end) in seconds since 1970, None for no limit."""
        self.found: int = cursor.get("found", 0)
        """Sum of the totals of the windows."""
        self.whole: int = cursor.get("whole", 0)
        """Total of all records, if it is known in addition to the windows' totals."""
        self.is_cut: bool = cursor.get("is_cut", False)
        """Whether the server lists only its limit and ignores the filter."""
        self.has_overlap: bool = cursor.get("has_overlap", False)

    def position(self, page_cursor: PageCursor) -> dict[str, Any]:
        own = {"way": self.way, "is_3": self.is_3, "windows": self.windows, "found": self.found, "whole": self.whole}
        return {**super().position(page_cursor), **own, "is_cut": self.is_cut, "has_overlap": self.has_overlap}

    @property
    def base(self) -> str:
        """Return the portal's address without the parameters service, version and request.

        Other parameters, such as ``map=``, are part of the address.
        """
        parts = urlsplit(self.portal.url)
        ours = query.PARAMETERS
        kept = [(k, v) for k, v in parse_qsl(parts.query, keep_blank_values=True) if k.lower() not in ours]
        return urlunsplit(parts._replace(query=urlencode(kept), fragment=""))

    @property
    def ways(self) -> list[RequestMethod]:
        """Return the request methods to try, the best one first.

        They are for the portal's address and, unless that address contains "csw", also for ``/csw`` below it.
        """
        addresses = [self.base]
        if "csw" not in self.portal.url.lower():
            addresses.append(f"{self.base.rstrip('/')}/csw")
        ways = query.WAYS_OF_3 if self.is_3 else query.WAYS
        return [RequestMethod(address, *how, self.is_3) for address in addresses for how in ways]

    def look_up(self, identifier: str, source_url: str) -> str | None:
        address = self.ways[self.way].address
        asked = {"service": "CSW", "version": "2.0.2", "request": "GetRecordById", "elementSetName": "brief"}
        return f"{address}{'&' if '?' in address else '?'}{urlencode({**asked, 'id': identifier})}"

    def says_unknown(self, response: Response) -> bool:
        """Return whether ``response`` is a GetRecordById response without a record.

        The record requested does not exist then (OGC 07-006r1, 10.9).
        """
        root = parse_xml(response.body)
        return local(root) == "GetRecordByIdResponse" and not len(root)

    def ask(self, page_cursor: PageCursor) -> Request:
        way = self.ways[self.way]
        if way.is_post:
            body = query.post_body(way, page_cursor.start + 1, page_cursor.asked, page_cursor.at)
            return self.get(
                way.address, page_cursor, method="POST", body=body, headers={"Content-Type": "application/xml"}
            )
        return self.get(query.get_url(way, page_cursor.start + 1, page_cursor.asked), page_cursor)

    def read(self, response: Response, page_cursor: PageCursor) -> ListingPage:
        root = parse_xml(response.body)
        if local(root) == "ExceptionReport":
            raise PageRefusedError(_reported(root, self.portal.url), response.text[:500])
        results = find(root, "SearchResults")
        if results is None:
            raise ValueError(f"<{local(root)}> came where records were expected")
        records = [
            (f"/{local(one)}[{page_cursor.start + i}]", canonical(one)) for i, one in enumerate(children(results), 1)
        ]
        total, following = _number(results, "numberOfRecordsMatched"), _number(results, "nextRecord")
        received = _received(results, len(records), page_cursor.start, following)
        schema = self.ways[self.way].schema
        is_other = schema in ("mdb", "fgdc") and all(local(one) in any_xml.CSW_ROOTS for one in children(results))
        if (not received or is_other) and not page_cursor.start and page_cursor.at is None and schema != "dublin":
            # A server may find nothing for a schema it does not know, or return what it has.
            fault = faults.RequestFault(
                "empty", "unknown", "the portal finds no records of this kind", "check whether the portal works"
            )
            raise PageRefusedError(fault)
        if page_cursor.start == 0 and (steps := self.windowed(page_cursor, total)) is not None:
            return steps
        beyond = page_cursor.start + received
        is_end = not received or (beyond >= total if total is not None else not following or following <= beyond)
        return ListingPage(
            records=records, total=self.counted(page_cursor, total), received=received, at=page_cursor.at, is_end=is_end
        )

    def counted(self, page_cursor: PageCursor, total: int | None) -> int | None:
        """Add the total of a new range of dates to ``self.found``, and return the number of records that the whole
        catalogue should have. Call it once for each page.

        If the catalogue is read in ranges of dates, the number is the sum over the ranges begun so far, or the portal's
        total if that is larger. Otherwise it is ``total``, and ``self.found`` begins again at 0. ``total``: what the
        response states, None if nothing; the result is then None too. ``page_cursor``: the position of the page, which
        holds the range of dates.
        """
        if page_cursor.at is None or total is None:
            self.found = 0
            return total
        self.found += 0 if page_cursor.start else total
        # The portal's total for the whole counts, unless it equals the limit.
        return max(self.found, self.whole)

    # Windows

    def windowed(self, page_cursor: PageCursor, total: int | None) -> ListingPage | None:
        """Return an empty page if this page is only a test, or must be replaced by pages for smaller ranges of dates,
        else None.

        ``page_cursor``: the position of the page. ``total``: the number of records that the response states; None if it
        states none. The page is a test if it requests the records changed in the year 2999: if there are any, the
        server ignores ranges of dates. It must be replaced if ``total`` is only the limit of the portal's search
        engine, which hides further records. The smaller ranges are then queued. If there are none, or the requests
        cannot state a range, the harvest is marked as cut off, and the result is None.
        """
        if total is None or (self.is_cut and page_cursor.at is None):
            return None
        if page_cursor.at is not None and page_cursor.at[0] == FUTURE:
            if total:
                self.unfiltered("the server finds records that change in the year 2999")
            return ListingPage(is_end=True, at=page_cursor.at)
        if not (total == CLAMP or (total > CLAMP and self.has_overlap)):
            return None
        if page_cursor.at is None and total > CLAMP:
            self.whole = total
        if not self.ways[self.way].is_post:
            self.is_cut = True
            return None
        if page_cursor.at is None:
            self.windows = [(FUTURE, None), *query.first_windows()]
        elif not (halves := query.halves(page_cursor.at)):
            self.is_cut = True
            return None
        else:
            self.windows = [*halves, *self.windows]
        return ListingPage(is_end=True, at=page_cursor.at)

    def unfiltered(self, why: str) -> None:
        """Give up reading by ranges of dates, because the server does not filter by them.

        What the server lists without a filter is read instead, and the harvest then ends with an error, because the
        list is cut off. ``why``: the reason as a phrase for a note.
        """
        self.windows, self.is_cut = [], True
        self.stats.notes.append(f"windows of dates cannot be read: {why}")

    def on_same(self, known: CachedResponse, page_cursor: PageCursor) -> list[Any]:
        # What was cut off last night is cut off again.
        self.is_cut = self.is_cut or (known.state["total"] == CLAMP and page_cursor.at is None)
        return super().on_same(known, page_cursor)

    def may_overlap(self, page_cursor: PageCursor) -> bool:
        return self.has_overlap

    def is_last(self, page_cursor: PageCursor, listing_page: ListingPage) -> bool:
        is_again = page_cursor.at is not None and page_cursor.at[0] == FUTURE and self.is_cut
        return listing_page.is_end and not self.windows and not is_again

    def next_cursor(self, page_cursor: PageCursor, listing_page: ListingPage) -> PageCursor:
        if not listing_page.is_end:
            return page_cursor.forward(listing_page.count, page_cursor.at)
        if self.windows:
            return PageCursor(rows=page_cursor.rows, at=self.windows.pop(0), is_second=page_cursor.is_second)
        return (
            PageCursor(rows=page_cursor.rows)
            if self.is_cut and page_cursor.at
            else page_cursor.forward(listing_page.count)
        )

    def at_end(self, page_cursor: PageCursor, how: str) -> list[Any]:
        if not self.is_cut:
            return super().at_end(page_cursor, how)
        message = f"the portal lists {CLAMP:,} records and no more: that is a search engine's window, not its total"
        remedy = "raise the window of the catalogue's search engine, or let apiso:Modified be queried by GetRecords"
        return [self.fatal("page", message, remedy, self.base)]

    # Other ways

    def fallback(
        self, fault: faults.RequestFault, response: Response | None, page_cursor: PageCursor
    ) -> list[Any] | None:
        ways = self.ways
        if page_cursor.at is not None and page_cursor.at[0] == FUTURE:
            self.unfiltered(fault.detail)
            return [self.ask(PageCursor(rows=page_cursor.rows))]
        if page_cursor.at is not None and tuple(page_cursor.at) == UNDATED and not page_cursor.start:
            # Whether records without a date exist is unknown then, unless the windows hold the whole total.
            self.is_cut = self.found != CLAMP
            if self.is_cut:
                self.stats.notes.append(f"records without a date cannot be asked for: {fault.detail}")
            return (
                self.at_end(page_cursor, "")
                if not self.windows
                else [self.ask(self.next_cursor(page_cursor, ListingPage(is_end=True)))]
            )
        if response is None or fault.kind in SURE:
            return None
        if page_cursor.start >= CLAMP - page_cursor.asked and page_cursor.at is None:
            # The position is beyond the search engine's limit.
            if self.is_cut or not ways[self.way].is_post:
                self.is_cut = True
                return self.at_end(page_cursor, "")
            self.has_overlap = True
            self.windows = query.first_windows()
            return [self.ask(PageCursor(rows=page_cursor.rows, at=(FUTURE, None)))]
        if page_cursor.start or page_cursor.at is not None or self.stats.kept:
            return None
        if self.other_version(fault, response):
            self.is_3, self.way = True, 0
            return [self.ask(replace(page_cursor, size=0))]
        now, others = ways[self.way], list(range(self.way + 1, len(ways)))
        if fault.kind == "gone" or response.status in (405, 415):
            # The server cannot be reached at that address, so another schema would not help.
            others = [i for i in others if (ways[i].address, ways[i].is_post) != (now.address, now.is_post)]
        elif fault.kind == "empty":
            others = [i for i in others if ways[i].schema != now.schema]
        if not others:
            return None
        self.way = others[0]
        return [self.ask(replace(page_cursor, size=0))]

    def other_version(self, fault: faults.RequestFault, response: Response) -> bool:
        """Return whether an error report suggests that the server accepts only version 3.0 of CSW.

        ``response``: the response with the report. ``fault`` is not used. The result is False if the requests already
        use that version.
        """
        if self.is_3:
            return False
        body = response.body[:5_000]
        is_report = b"ExceptionReport" in body
        return is_report and bool(re.search(rb"ows/2\.0|csw/3\.0|VersionNegotiationFailed|locator=.version", body))

    # Records

    def non_dataset_id(self, raw: Any) -> str | None:
        return any_xml.non_dataset_id(raw)

    def to_dataset(self, raw: Any) -> Dataset:
        return any_xml.to_dataset(raw, languages=self.languages)


def _reported(report: etree._Element, url: str) -> faults.RequestFault:
    """Return the fault in an ExceptionReport, in its own words."""
    codes = [attribute(one, "exceptionCode") or "" for one in children(report, "Exception")]
    words = [*codes, *values(report, "Exception/ExceptionText")]
    said = re.sub(r"\s+", " ", ": ".join(word for word in words if word))[:300]
    return faults.RequestFault(
        "server", "unknown", f"the service reports an error: {said}", f"ask the operator of {url} what is wrong"
    )


def _number(results: etree._Element, name: str) -> int | None:
    said = attribute(results, name)
    return int(said) if said and re.fullmatch(r"\d{1,12}", said) else None


def _received(results: etree._Element, count: int, start: int, following: int | None) -> int:
    """Return by how many records the position moves: the number received.

    A server that cannot write a record leaves it out but counts it; its two numbers then agree.
    """
    returned = _number(results, "numberOfRecordsReturned")
    if returned is not None and returned > count and following == start + returned + 1:
        return returned
    return count
