"""Lists on several pages: the first at its own address, the further ones at ``<address>/page/<number>``, so that the
mirror, which has no query strings, has them too."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from dataclasses import replace

from catalog.site.pages.page import Content, Page, Visit

__all__ = ["paged"]

_NUMBER = re.compile(r"[1-9][0-9]{0,5}")


def paged(
    name: str, address: str, *, shown: int, count: Callable[[Visit], int], read: Callable[[Visit, int], Content]
) -> tuple[Page, Page]:
    """Return the two kinds of page of a list: its first page, and the further ones.

    ``name`` and ``address``: as for :class:`Page`. ``shown``: entries on a page. ``count``: function that returns the
    number of all entries. ``read``: function that returns the contents of the page whose first entry has the given
    position, from 0; ``page_number`` and ``last_page`` are added to them. A number that is none, or above the last
    page, is no address; the first page also answers as number 1, and names itself as the right address.
    """

    def last_page(visit: Visit) -> int:
        return max(1, -(-count(visit) // shown))

    def read_page(visit: Visit) -> Content | None:
        last = last_page(visit)
        if visit.name and not _NUMBER.fullmatch(visit.name):
            return None
        number = int(visit.name or 1)
        if number > last:
            return None
        place = {"page_number": number, "last_page": last, "canonical": address if number == 1 else None}
        return read(visit, (number - 1) * shown) | place

    def further(visit: Visit) -> Iterator[str]:
        yield from map(str, range(2, last_page(visit) + 1))

    first = Page(name=name, address=address, read=read_page)
    return first, replace(first, address=f"{address}/page/<number>", names=further)
