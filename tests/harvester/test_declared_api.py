"""A simple API is declared as data: its paging, its total and its records."""

from __future__ import annotations

from typing import Any

import pytest

from harvester.spiders.base.declared_api import ListingApi
from harvester.spiders.base.listing import PageRefusedError
from harvester.spiders.base.paging import ListingPage, PageCursor

AT = "https://x.example/v1"
NUMBERED = ListingApi(name="an API", query="/v1?p={page}&n={size}", records="/data", total="/meta/total", next="/next")
BY_OFFSET = ListingApi(name="an API", query="/v1?from={offset}&n={size}", records="/hits", total="/count")
LINKED = ListingApi(name="an API", query="/v1?n={size}", records="/items", next="/links/next", messages=("/error",))
FIRST = PageCursor(rows=2)


def page(api: ListingApi, response: Any, cursor: PageCursor = FIRST) -> ListingPage:
    found = api.page(response, cursor, AT)
    assert found is not None
    return found


def test_address_of_a_page() -> None:
    third = PageCursor(rows=2, start=4)
    from_zero = ListingApi(name="an API", query="/v1?p={index}", records="/data")
    assert NUMBERED.url("https://x.example", third) == f"{AT}?p=3&n=2"
    assert from_zero.url("https://x.example", third) == f"{AT}?p=2"
    assert BY_OFFSET.url("https://x.example", third) == f"{AT}?from=4&n=2"
    assert LINKED.url("https://x.example", FIRST) == f"{AT}?n=2"
    assert LINKED.url("https://x.example", PageCursor(rows=2, at=f"{AT}?token=b")) == f"{AT}?token=b"


def test_numbered_pages_move_by_whole_pages_until_there_is_no_next() -> None:
    short = page(NUMBERED, {"data": [{"id": 1}], "next": f"{AT}?p=2", "meta": {"total": 9}})
    assert (short.records, short.total, short.count, short.is_end) == ([("/data/0", {"id": 1})], 9, 2, False)
    last = page(NUMBERED, {"data": [1], "next": None})
    assert (last.count, last.total, last.is_end, last.at) == (1, None, True, None)
    # Where the response says nothing of a next page, it does not say that there is none.
    assert not page(NUMBERED, {"data": [1]}).is_end


def test_offsets_move_by_what_came() -> None:
    found = page(BY_OFFSET, {"hits": [1], "count": 1})
    assert (found.received, found.count, found.total, found.is_end) == (None, 1, 1, False)


def test_links_are_followed_on_the_same_host_alone() -> None:
    found = page(LINKED, {"items": [1, 2], "links": {"next": "?token=b"}})
    assert (found.at, found.is_end) == (f"{AT}?token=b", False)
    assert page(LINKED, {"items": []}).is_end
    with pytest.raises(PageRefusedError, match="another host"):
        page(LINKED, {"items": [1], "links": {"next": "https://elsewhere.example/v1"}})


@pytest.mark.parametrize("response", [None, [], {}, {"items": {}}, {"items": None}, "text", 5])
def test_response_without_records_is_no_page(response: Any) -> None:
    assert LINKED.page(response, FIRST, AT) is None


def test_error_is_told_in_the_words_of_the_api() -> None:
    assert LINKED.message({"error": "no such index"}) == "no such index"
    assert LINKED.message({}) is None and LINKED.message([]) is None
