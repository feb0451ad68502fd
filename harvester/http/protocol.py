"""Decide whether a body arrived whole, because aiohttp accepts whatever arrived.

A body without a length ends when its connection ends, for whatever reason, so connection resets are noted here. A
partial response (206) also counts as whole for aiohttp, whether a range was requested or not.
"""

from __future__ import annotations

import re
from collections import deque
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from harvester.http.scrapy_private import note_lost_connections

if TYPE_CHECKING:
    from aiohttp import StreamReader, TCPConnector

__all__ = ["heed_resets", "why_cut"]

_RESET: deque[tuple[StreamReader, str]] = deque(maxlen=256)
"""The most recent bodies whose connection was lost before their end, and the reason."""


def heed_resets(connector: TCPConnector) -> TCPConnector:
    """Make the connections of the aiohttp ``connector`` record when they are lost before the end of a body.

    The records are used by :func:`why_cut`. The same connector is returned.
    """
    return note_lost_connections(
        connector, lambda body, error: _RESET.append((body, f"the connection was lost: {error}"[:200]))
    )


def why_cut(response: Any, size: int) -> str | None:
    """Return why a response body may be incomplete although aiohttp reports no error; None if nothing shows that it is.

    ``response``: the aiohttp response, read to its end. ``size``: the number of body bytes received. A lost connection
    is known only if :func:`heed_resets` has prepared the connector.
    """
    if response.status == 206 and "Range" not in response.request_info.headers and not _is_all(response.headers):
        return "the server sends a part that was not asked for"
    if any(name in response.headers for name in ("Content-Length", "Transfer-Encoding")):
        return None
    for body, why in _RESET:
        if body is response.content:
            return why
    # An empty response that is intended says so (204, Content-Length: 0); this one ended before it began.
    return "the connection was closed before anything came" if not size and response.status in (200, 203) else None


def _is_all(headers: Mapping[str, str]) -> bool:
    """Return whether the Content-Range covers the file from its first byte to its last."""
    said = re.fullmatch(r"\s*bytes\s+0-(\d+)/(\d+)\s*", headers.get("Content-Range", ""))
    return said is not None and int(said[1]) + 1 == int(said[2])
