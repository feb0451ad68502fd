"""Lists on several pages: the first at its own address, the further ones at ``<address>/page/<number>``, so that the
mirror, which has no query strings, has them too."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from dataclasses import replace

from catalog.site.pages.page import Content, Page, Visit

__all__ = ["name_and_number", "numbered", "paged"]

_NUMBER = re.compile(r"[1-9][0-9]{0,5}")


def paged(
    name: str, address: str, *, shown: int, count: Callable[[Visit], int], read: Callable[[Visit, int], Content]
) -> tuple[Page, Page]:
    """Return two kinds of page for a list: its first page and the further ones.

    ``name`` and ``address``: as for :class:`Page`. ``shown``: entries on a page. ``count``: function that returns the
    number of all entries. ``read``: function that returns the contents of the page whose first entry has the given
    position, from 0; ``page_number`` and ``last_page`` are added to them. A page number that does not exist answers
    with status 404. Number 1 shows the first page, with the address of the list as its canonical address.
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


def name_and_number(name: str) -> tuple[str, int]:
    """Split the last part of an address into the id of a thing and the number of one of its pages, "<id>~<number>";
    the number is 0 if it is invalid.

    >>> name_and_number("north-1"), name_and_number("north-1~3"), name_and_number("north-1~x")
    (('north-1', 1), ('north-1', 3), ('north-1', 0))
    """
    stem, tilde, number = name.rpartition("~")
    if not tilde:
        return name, 1
    return stem, int(number) if _NUMBER.fullmatch(number) and number != "1" else 0


def numbered(name: str, last: int) -> Iterator[str]:
    """Yield the names of the further pages of the thing ``name``, whose last page has the number ``last``."""
    yield from (f"{name}~{number}" for number in range(2, last + 1))
