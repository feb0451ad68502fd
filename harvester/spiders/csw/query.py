"""Write GetRecords requests of CSW 2.0.2 and 3.0, as the body of a POST or as an address.

Standards: OGC 07-006r1 and OGC 12-176r7; the latter has other filters (FES 2.0) and namespaces.
"""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Literal, NamedTuple
from urllib.parse import urlencode, urlsplit

__all__ = [
    "FUTURE",
    "PARAMETERS",
    "UNDATED",
    "WAYS",
    "WAYS_OF_3",
    "RequestMethod",
    "Window",
    "first_windows",
    "get_url",
    "halves",
    "post_body",
]

ISO = "http://www.isotc211.org/2005/gmd"
MDB = "http://standards.iso.org/iso/19115/-3/mdb/2.0"
"""ISO 19115-3, for servers that hold it and do not convert it to ISO 19139."""
FGDC = "http://www.opengis.net/cat/csw/csdgm"
CSW = "http://www.opengis.net/cat/csw/2.0.2"
CSW_3 = "http://www.opengis.net/cat/csw/3.0"
PARAMETERS = frozenset(("service", "version", "request"))

Window = tuple[int | None, int | None]
"""Start (included) and end (excluded) in seconds since 1970; None for no limit."""
FUTURE = 32_472_144_000
"""2999-01-01; no record can have changed since then."""
UNDATED: Window = (None, None)
"""The window of records without a date, which are in no other window."""
EARLY, LATE = -2_208_988_800, 4_102_444_800
"""The years 1900 and 2100, used as limits when an unlimited window is halved."""


class RequestMethod(NamedTuple):
    """One way to send GetRecords requests to a CSW, of several that a server may accept or refuse.

    ``address``: where to send them. ``schema``: the metadata standard of the records: ISO 19139 ("iso"), ISO 19115-3
    ("mdb"), FGDC CSDGM ("fgdc") or Dublin Core ("dublin"). ``is_sorted``: whether to request an order. ``is_post``:
    whether to use POST in place of GET.
    """

    address: str
    schema: Literal["iso", "mdb", "fgdc", "dublin"]
    is_sorted: bool
    is_post: bool
    is_3: bool = False
    """True for version 3.0 of the standard."""

    @property
    def is_iso(self) -> bool:
        """Return whether records are requested in ISO 19139."""
        return self.schema == "iso"

    @property
    def own(self) -> str:
        """Return the XML namespace of the CSW version that this method uses, 3.0 or 2.0.2."""
        return CSW_3 if self.is_3 else CSW

    @property
    def asked_for(self) -> tuple[str, str]:
        """Return (outputSchema, typeNames) of the GetRecords request."""
        if self.is_iso:
            return ISO, "gmd:MD_Metadata"
        if self.schema == "mdb":
            return MDB, "mdb:MD_Metadata"
        record = "csw30:Record" if self.is_3 else "csw:Record"
        return FGDC if self.schema == "fgdc" else self.own, record


WAYS: tuple[tuple[Literal["iso", "mdb", "fgdc", "dublin"], bool, bool], ...] = (
    ("iso", True, True),
    ("iso", False, True),
    ("mdb", False, True),
    ("fgdc", False, True),
    ("dublin", True, True),
    ("dublin", False, True),
    ("iso", False, False),
    ("dublin", False, False),
)
"""Combinations of (schema, sorted, POST) to try, the best first."""
WAYS_OF_3 = tuple(way for way in WAYS if way[0] != "fgdc")
"""The same combinations for a service that supports only version 3.0."""


def post_body(way: RequestMethod, start: int, rows: int, window: Window | None) -> str:
    """Return the XML body of a GetRecords request.

    ``way``: schema, order and version to use. ``start``: the position of the first record, counted from 1. ``rows``:
    the largest number of records. ``window``: the range of dates of the last change; None for all records.
    """
    schema, kind = way.asked_for
    prefix, version, queried = ("csw30", "3.0.0", "fes") if way.is_3 else ("csw", "2.0.2", "ogc")
    order = "apiso:Identifier" if way.is_iso else "dc:identifier"
    name = f"{queried}:{_NAME[way.is_3]}"
    sort = (
        f"<{queried}:SortBy><{queried}:SortProperty><{name}>{order}</{name}>"
        f"<{queried}:SortOrder>ASC</{queried}:SortOrder></{queried}:SortProperty></{queried}:SortBy>"
    )
    declared = 'xmlns:fes="http://www.opengis.net/fes/2.0"' if way.is_3 else 'xmlns:ogc="http://www.opengis.net/ogc"'
    # Version 3 has no "resultType".
    more = "" if way.is_3 else 'resultType="results" '
    return (
        f'<?xml version="1.0" encoding="UTF-8"?><{prefix}:GetRecords xmlns:{prefix}="{way.own}" '
        f'{declared} xmlns:gmd="{ISO}" xmlns:mdb="{MDB}" '
        'xmlns:apiso="http://www.opengis.net/cat/csw/apiso/1.0" '
        'xmlns:dc="http://purl.org/dc/elements/1.1/" xmlns:dct="http://purl.org/dc/terms/" service="CSW" '
        f'version="{version}" {more}outputFormat="application/xml" outputSchema="{schema}" '
        f'startPosition="{start}" maxRecords="{rows}"><{prefix}:Query typeNames="{kind}">'
        f"<{prefix}:ElementSetName>full</{prefix}:ElementSetName>"
        f"{_filter(window, 'apiso:Modified' if way.is_iso else 'dct:modified', way.is_3) if window else ''}"
        f"{sort if way.is_sorted else ''}</{prefix}:Query></{prefix}:GetRecords>"
    )


_NAME = {False: "PropertyName", True: "ValueReference"}


def _filter(window: Window, name: str, is_3: bool = False) -> str:
    space, held = ("fes" if is_3 else "ogc"), _NAME[is_3]
    named = f"<{space}:{held}>{name}</{space}:{held}>"
    bounds = [
        f"<{space}:{how}>{named}<{space}:Literal>{_instant(at)}</{space}:Literal></{space}:{how}>"
        for how, at in zip(("PropertyIsGreaterThanOrEqualTo", "PropertyIsLessThan"), window, strict=True)
        if at is not None
    ]
    if window == UNDATED:
        bounds = [f"<{space}:PropertyIsNull>{named}</{space}:PropertyIsNull>"]
    both = "".join(bounds)
    both = f"<{space}:And>{both}</{space}:And>" if len(bounds) > 1 else both
    prefix, version = ("csw30", "2.0.0") if is_3 else ("csw", "1.1.0")
    return f'<{prefix}:Constraint version="{version}"><{space}:Filter>{both}</{space}:Filter></{prefix}:Constraint>'


def get_url(way: RequestMethod, start: int, rows: int) -> str:
    """Return the address of a GetRecords request by GET, which can have neither an order nor a range of dates.

    ``way``: the server's address, schema and version to use. ``start``: the position of the first record, counted
    from 1. ``rows``: the largest number of records.
    """
    schema, kind = way.asked_for
    prefix = kind.partition(":")[0]
    version = "3.0.0" if way.is_3 else "2.0.2"
    query = urlencode(
        {
            "service": "CSW",
            "version": version,
            "request": "GetRecords",
            "resultType": "results",
            "typeNames": kind,
            "namespace": f"xmlns({prefix}{',' if way.is_3 else '='}{schema})",
            "outputSchema": schema,
            "elementSetName": "full",
            "startPosition": start,
            "maxRecords": rows,
        }
    )
    return f"{way.address}{'&' if urlsplit(way.address).query else '?'}{query}"


def first_windows() -> list[Window]:
    """Return ranges of dates (start and end in seconds since 1970) that together hold all records of a CSW.

    There are three: up to the beginning of the year 2000, from then on, and the records without a date.
    """
    middle = (EARLY + LATE) // 2
    return [(None, middle), (middle, None), UNDATED]


def halves(window: Window) -> list[Window]:
    """Split ``window``, a range of dates (start and end in seconds since 1970, None for an open end), in the middle.

    Return both parts. The list is empty for a range of at most one second, and for the records without a date.
    """
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
