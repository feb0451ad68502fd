"""The responses of the demo server: one frozen class, and functions that build the usual ones."""

from __future__ import annotations

import hashlib
import html
import json
import threading
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from functools import cached_property
from typing import Any

__all__ = ["Body", "Exhibits", "ReplayedResponse", "file", "json_response", "page", "stream"]

PUBLISHED = datetime(2026, 3, 2, 6, 30, tzinfo=UTC)
"""Last-Modified unless stated otherwise. No clock is read, so every start serves the same."""

Body = Callable[[threading.Event], Iterator[bytes]]
"""A body generated while it is sent; it ends early once the event (the server is stopping) is set."""


@dataclass(frozen=True)
class ReplayedResponse:
    """An HTTP response of the demo server to a plain GET request.

    ``headers`` are further headers beside ``content_type``. The server derives from it the responses to HEAD, to
    conditional requests and, if ``ranges``, to requests for a range of bytes.
    """

    status: int = 200
    content_type: str | None = None
    body: bytes = b""
    headers: Mapping[str, str] = field(default_factory=dict)
    modified: datetime | None = None
    """Set for responses with validators: ETag, Last-Modified and 304 follow from it."""
    ranges: bool = False
    streamed: Body | None = None
    """Replaces ``body``."""
    length: int | None = None
    """Bytes of ``streamed``; None if its length is unknown, so that it is sent in chunks."""

    @cached_property
    def etag(self) -> str:
        """Return the ETag header, a hash of the body in quotation marks."""
        return f'"{hashlib.sha256(self.body).hexdigest()[:16]}"'


Exhibits = dict[str, Callable[[], ReplayedResponse]]
"""File name to its response, which is made when first requested."""


def file(body: bytes, content_type: str, *, modified: datetime = PUBLISHED, **headers: str) -> ReplayedResponse:
    """Return a response that serves the static file ``body``. ``modified`` is its Last-Modified. ``headers`` are
    further HTTP headers, with underscores in place of hyphens."""
    named = {name.replace("_", "-"): value for name, value in headers.items()}
    return ReplayedResponse(content_type=content_type, body=body, headers=named, modified=modified, ranges=True)


def page(
    title: str,
    text: str,
    *,
    status: int = 200,
    headers: Mapping[str, str] | None = None,
    content_type: str = "text/html; charset=utf-8",
) -> ReplayedResponse:
    """Return a response with an HTML page of ``title`` and ``text``, with the HTTP ``status`` and further ``headers``.

    Only with status 200 does it have an ETag and Last-Modified.
    """
    # Lone control characters from hostile titles are not valid HTML, and escaping would keep them.
    title, text = ("".join(c for c in part if c.isprintable()) for part in (title, text))
    body = (
        f'<!DOCTYPE html>\n<html lang="en"><head><meta charset="utf-8"><title>{html.escape(title)}</title></head>\n'
        f"<body><h1>{html.escape(title)}</h1><p>{html.escape(text)}</p></body></html>\n"
    )
    return ReplayedResponse(status, content_type, body.encode(), headers or {}, PUBLISHED if status == 200 else None)


def json_response(value: Any, *, status: int = 200, bom: bool = False, validators: bool = True) -> ReplayedResponse:
    """Return a response with ``value`` as JSON in UTF-8. ``bom`` puts a byte-order mark before it. ``validators`` adds
    ETag and Last-Modified if the status is 200."""
    # The encoder escapes control characters; lone surrogates do not occur in the demo.
    body = json.dumps(value, ensure_ascii=False, separators=(",", ":")).encode()
    return ReplayedResponse(
        status,
        "application/json;charset=utf-8",
        b"\xef\xbb\xbf" + body if bom else body,
        modified=PUBLISHED if validators and status == 200 else None,
    )


def stream(streamed: Body, content_type: str, *, length: int | None = None) -> ReplayedResponse:
    """Return a response whose body ``streamed`` generates while it is sent. ``length`` is the number of bytes; None if
    unknown, and then the body is sent in chunks."""
    return ReplayedResponse(content_type=content_type, streamed=streamed, length=length)
