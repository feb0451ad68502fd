"""GetRecords of CSW 2.0.2 as it is sent: in the body of a POST, or in an address."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import NamedTuple
from urllib.parse import urlencode, urlsplit

__all__ = [
    "FUTURE",
    "PARAMETERS",
    "UNDATED",
    "WAYS",
    "Way",
    "Window",
    "first_windows",
    "get_url",
    "halves",
    "post_body",
]

ISO = "http://www.isotc211.org/2005/gmd"
CSW = "http://www.opengis.net/cat/csw/2.0.2"
PARAMETERS = frozenset(("service", "version", "request"))

Window = tuple[int | None, int | None]
"""From (included) and to (excluded), in seconds since 1970; None for no bound."""
FUTURE = 32_472_144_000
"""2999-01-01: nothing has changed since."""
UNDATED: Window = (None, None)
"""Records without a date, which lie in no other window."""
EARLY, LATE = -2_208_988_800, 4_102_444_800
"""1900 and 2100, between which windows without a bound are halved."""


class Way(NamedTuple):
    """One way of asking."""

    address: str
    is_iso: bool
    is_sorted: bool
    is_post: bool


WAYS = (
    (True, True, True),
    (True, False, True),
    (False, True, True),
    (False, False, True),
    (True, False, False),
    (False, False, False),
)
"""(ISO, sorted, POST), the best first."""


def post_body(way: Way, start: int, rows: int, window: Window | None) -> str:
    """The request for records from a position on, counted from 1."""
    schema, kind = (ISO, "gmd:MD_Metadata") if way.is_iso else (CSW, "csw:Record")
    prefix = "apiso" if way.is_iso else "dc"
    order = f"{prefix}:{'identifier' if prefix == 'dc' else 'Identifier'}"
    sort = (
        f"<ogc:SortBy><ogc:SortProperty><ogc:PropertyName>{order}</ogc:PropertyName>"
        "<ogc:SortOrder>ASC</ogc:SortOrder></ogc:SortProperty></ogc:SortBy>"
    )
    return (
        f'<?xml version="1.0" encoding="UTF-8"?><csw:GetRecords xmlns:csw="{CSW}" '
        f'xmlns:ogc="http://www.opengis.net/ogc" xmlns:gmd="{ISO}" '
        'xmlns:apiso="http://www.opengis.net/cat/csw/apiso/1.0" '
        'xmlns:dc="http://purl.org/dc/elements/1.1/" xmlns:dct="http://purl.org/dc/terms/" service="CSW" '
        f'version="2.0.2" resultType="results" outputFormat="application/xml" outputSchema="{schema}" '
        f'startPosition="{start}" maxRecords="{rows}"><csw:Query typeNames="{kind}">'
        "<csw:ElementSetName>full</csw:ElementSetName>"
        f"{_filter(window, 'apiso:Modified' if way.is_iso else 'dct:modified') if window else ''}"
        f"{sort if way.is_sorted else ''}</csw:Query></csw:GetRecords>"
    )


def _filter(window: Window, name: str) -> str:
    bounds = [
        f"<ogc:{how}><ogc:PropertyName>{name}</ogc:PropertyName><ogc:Literal>{_instant(at)}</ogc:Literal></ogc:{how}>"
        for how, at in zip(("PropertyIsGreaterThanOrEqualTo", "PropertyIsLessThan"), window, strict=True)
        if at is not None
    ]
    if window == UNDATED:
        bounds = [f"<ogc:PropertyIsNull><ogc:PropertyName>{name}</ogc:PropertyName></ogc:PropertyIsNull>"]
    both = "".join(bounds)
    both = f"<ogc:And>{both}</ogc:And>" if len(bounds) > 1 else both
    return f'<csw:Constraint version="1.1.0"><ogc:Filter>{both}</ogc:Filter></csw:Constraint>'


def get_url(way: Way, start: int, rows: int) -> str:
    """The same in an address, without order or filter."""
    schema, kind = (ISO, "gmd:MD_Metadata") if way.is_iso else (CSW, "csw:Record")
    prefix = kind.partition(":")[0]
    query = urlencode(
        {
            "service": "CSW",
            "version": "2.0.2",
            "request": "GetRecords",
            "resultType": "results",
            "typeNames": kind,
            "namespace": f"xmlns({prefix}={schema})",
            "outputSchema": schema,
            "elementSetName": "full",
            "startPosition": start,
            "maxRecords": rows,
        }
    )
    return f"{way.address}{'&' if urlsplit(way.address).query else '?'}{query}"


def first_windows() -> list[Window]:
    """Windows that hold all records together: two of dates, and the one of those without."""
    middle = (EARLY + LATE) // 2
    return [(None, middle), (middle, None), UNDATED]


def halves(window: Window) -> list[Window]:
    """Two windows in place of one; none where it is a second long."""
    start, end = window
    if tuple(window) == UNDATED:
        return []
    low = EARLY if start is None else start
    high = LATE if end is None else end
    if high - low < 2:
        return []
    middle = (low + high) // 2
    return [(start, middle), (middle, end)]


def _instant(at: int) -> str:
    return (datetime(1970, 1, 1, tzinfo=UTC) + timedelta(seconds=at)).strftime("%Y-%m-%dT%H:%M:%SZ")
