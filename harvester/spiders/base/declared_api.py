"""Read a simple JSON API that is declared as data: its path, its paging, and where records and total are.

A portal type with such an API needs a :class:`ListingApi` and a function that maps one record; ``udata`` and ``i14y``
are examples. Pages that fail, the proof of the end and interrupted harvests are handled as for every listing.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, ClassVar
from urllib.parse import urljoin

from harvester.facts.values import first
from harvester.http import faults
from harvester.spiders.base.listing import ListingSpider, PageRefusedError
from harvester.spiders.base.next_links import host_name
from harvester.spiders.base.paging import ListingPage, PageCursor

if TYPE_CHECKING:
    from scrapy import Request
    from scrapy.http import Response

__all__ = ["DeclaredApiSpider", "ListingApi"]


@dataclass(frozen=True, slots=True, kw_only=True)
class ListingApi:
    """Declaration of how a JSON API lists its records.

    Fields that are pointers are JSON pointers (RFC 6901) into a response.
    """

    name: str
    """What the API is called in the remedy of an error: ``udata's API``."""
    query: str
    """Path and query of a page below the portal's address. ``{size}`` stands for the number of records,
    ``{page}`` for the page from 1, ``{index}`` for the page from 0, ``{offset}`` for the records before it."""
    records: str
    """Pointer to the list of records."""
    total: str | None = None
    """Pointer to the number of all records."""
    next: str | None = None
    """Pointer to the address of the next page; no value there means that the page was the last. It is followed only
    if ``query`` neither numbers pages nor counts records, and only to the portal's own host."""
    messages: tuple[str, ...] = ()
    """Pointers to the text of an error, in the order in which they are tried."""
    is_list_allowed: bool = False
    """Whether a response may be the list of records itself."""
    ends_with_404: bool = False
    """Whether a page past the end is 404. The total must then confirm the end."""

    @property
    def is_numbered(self) -> bool:
        """Whether pages are requested by number, which they are if ``query`` contains ``{page}`` or ``{index}``."""
        return "{page}" in self.query or "{index}" in self.query

    @property
    def follows_links(self) -> bool:
        """Whether the address of the next page is taken from the response: ``next`` is set, and ``query`` neither
        numbers pages nor counts records.
        """
        return self.next is not None and not self.is_numbered and "{offset}" not in self.query

    def url(self, base: str, cursor: PageCursor) -> str:
        """Return the address of the page at ``cursor``; ``base`` is the address of the portal without final slash.

        >>> api = ListingApi(name="an API", query="/v1?p={page}&n={size}", records="/data")
        >>> api.url("https://x.example", PageCursor(rows=50))
        'https://x.example/v1?p=1&n=50'
        """
        if cursor.at is not None and self.follows_links:
            return str(cursor.at)
        return base + self.query.format(
            size=cursor.asked, page=cursor.number, index=cursor.number - 1, offset=cursor.start
        )

    def page(self, body: Any, cursor: PageCursor, url: str) -> ListingPage | None:
        """Return the listing page in ``body``, the parsed response of ``url``; None if it holds no list of records.

        ``cursor`` is the position requested. Raise PageRefusedError if links are followed and the next one leads to
        another host.
        """
        found = body if self.is_list_allowed and isinstance(body, list) else value_at(body, self.records)
        if not isinstance(found, list):
            return None
        link = value_at(body, self.next) if self.next is not None else None
        says_next = self.next is not None and is_at(body, self.next)
        has_next = bool(link) or self.next is None
        at = None
        if self.follows_links and link:
            at = urljoin(url, str(link))
            if host_name(at) != host_name(url):
                raise PageRefusedError(
                    faults.RequestFault(
                        "page", "unknown", f"the next page is on another host: {at}", "ask the portal to fix the link"
                    )
                )
        return ListingPage(
            records=[(f"{self.records}/{i}", record) for i, record in enumerate(found)],
            total=value_at(body, self.total) if self.total is not None else None,
            # The number of the next page depends on the page size, so a short page counts as a whole one.
            received=(cursor.asked if found and has_next else len(found)) if self.is_numbered else None,
            at=at,
            is_end=not link and (says_next or self.follows_links),
        )

    def message(self, body: Any) -> str | None:
        """Return the error text in ``body``, a parsed response; None if none of the ``messages`` pointers leads to a
        text.
        """
        return first(*(value_at(body, pointer) for pointer in self.messages))


class DeclaredApiSpider(ListingSpider):
    """Base class of spiders for a JSON API that ``api`` declares; a subclass only maps one record (``to_dataset``)."""

    api: ClassVar[ListingApi]

    def __init_subclass__(cls, **kwargs: Any) -> None:
        super().__init_subclass__(**kwargs)
        cls.has_numbers = cls.api.is_numbered
        cls.can_shrink = not cls.api.follows_links

    def ask(self, page_cursor: PageCursor) -> Request:
        return self.get(self.api.url(self.base, page_cursor), page_cursor)

    def fallback(
        self, fault: faults.RequestFault, response: Response | None, page_cursor: PageCursor
    ) -> list[Any] | None:
        """Return the steps that end the harvest if the page after the last one was requested and gave 404, else None.

        ``fault``, why the page failed, is not used. The result is None if the declaration ``api`` does not say that 404
        marks the end, if the portal has stated no total, or if the page is the first. ``response`` is the response, or
        None if none came; ``page_cursor`` is the position requested.
        """
        is_past = response is not None and response.status == 404 and page_cursor.start
        if not (self.api.ends_with_404 and is_past and self.stats.advertised is not None):
            return None
        return self.at_end(page_cursor, "there is no further page")

    def read(self, response: Response, page_cursor: PageCursor) -> ListingPage:
        body = self.read_json(response)
        found = self.api.page(body, page_cursor, response.url)
        if found is None:
            raise self.refusal(body)
        return found

    def refusal(self, body: Any) -> Exception:
        """Return the exception to raise for ``body``, a parsed response that holds no list of records.

        It repeats the error message in ``body``, if there is one.
        """
        said = self.api.message(body)
        what = self.api.records.rpartition("/")[2]
        detail = f"the API reports an error: {said}" if said else f"the response has no list of {what}"
        return PageRefusedError(
            faults.RequestFault("parse", "unknown", detail, f"check that it is {self.api.name}"), body
        )

    def pointer(self, index: int) -> str:
        return f"{self.api.records}/{index}"


def value_at(document: Any, pointer: str) -> Any:
    """Return the value to which the JSON pointer ``pointer`` leads in ``document``; None if it leads to no value.

    Only keys of objects are followed, no positions in lists.

    >>> value_at({"result": {"count": 3}}, "/result/count")
    3
    """
    for part in pointer.split("/")[1:]:
        document = document.get(part) if isinstance(document, dict) else None
    return document


def is_at(document: Any, pointer: str) -> bool:
    """Return whether ``document`` has the key to which the JSON ``pointer`` leads, even if the value is null."""
    parent, _, key = pointer.rpartition("/")
    holder = value_at(document, parent)
    return isinstance(holder, dict) and key in holder
