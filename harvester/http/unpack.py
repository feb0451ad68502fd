"""Downloader middleware: unpack pages, whatever their Content-Encoding says."""

from __future__ import annotations

import logging
from typing import TYPE_CHECKING, Any, Self

from scrapy.downloadermiddlewares.retry import get_retry_request
from scrapy.exceptions import IgnoreRequest, ResponseDataLossError
from scrapy.responsetypes import responsetypes

from harvester.http.decode import BrokenCodingError, codings_of, unpacked

if TYPE_CHECKING:
    from scrapy import Request
    from scrapy.crawler import Crawler
    from scrapy.http import Response

__all__ = ["Unpack"]

ACCEPTED = b"gzip, deflate, br, zstd"
log = logging.getLogger(__name__)


class Unpack:
    """Downloader middleware that decompresses pages, also when their Content-Encoding is wrong, and detects cut-off
    bodies.

    It replaces Scrapy's own middleware, which trusts the header and accepts half a body as a whole one. A page that
    cannot be decompressed is requested again; if that does not help, ResponseDataLossError is raised for a status of
    2xx, and a response with another status is passed on as it is.
    """

    def __init__(self, crawler: Crawler) -> None:
        self.crawler = crawler
        self.max_bytes = crawler.settings.getint("DOWNLOAD_MAXSIZE")

    @classmethod
    def from_crawler(cls, crawler: Crawler) -> Self:
        """Return a new middleware for a crawler. Scrapy calls this."""
        return cls(crawler)

    def process_request(self, request: Request) -> None:
        """Add the header "Accept-Encoding: gzip, deflate, br, zstd" unless the request already has one of its own."""
        request.headers.setdefault("Accept-Encoding", ACCEPTED)

    def process_response(self, request: Request, response: Response) -> Response | Request:
        """Return the response with its body decompressed, or the request again if that fails and retries are left.

        Bodies that are not compressed, saved to a file or read only in part are returned unchanged. If no retry is
        left, raise ResponseDataLossError for a status of 2xx; a response with another status is returned with its body
        as it is. Raise IgnoreRequest if the decompressed body would be larger than the limit.
        """
        # A body saved to a file was unpacked while it was written.
        if request.method == "HEAD" or not response.body or "saved" in request.meta or "first_bytes" in request.meta:
            return response
        names = ("Content-Encoding", "Transfer-Encoding")
        header = ",".join(value.decode("latin-1") for name in names for value in response.headers.getlist(name))
        if not codings_of(header) and response.body[:2] not in (b"\x1f\x8b", b"\x28\xb5"):
            return response
        try:
            body = unpacked(response.body, header, request.meta.get("download_maxsize", self.max_bytes))
        except BrokenCodingError as error:
            why = f"{error}" if error.is_short else f"the response cannot be unpacked: {error}"
            spider: Any = self.crawler.spider
            return get_retry_request(request, spider=spider, reason=why) or self._lost(response, why)
        if body is None:
            raise IgnoreRequest(f"MAXSIZE: {response.url} unfolds to more than is allowed")
        response.headers.pop("Content-Encoding", None)
        kind = responsetypes.from_args(headers=response.headers, url=response.url, body=body)
        return response.replace(cls=kind, body=body)

    def _lost(self, response: Response, why: str) -> Response:
        if not 200 <= response.status < 300:
            # An error status says enough; its body is not needed.
            response.headers.pop("Content-Encoding", None)
            return response
        raise ResponseDataLossError(why)
