"""Downloader middleware: pages come unpacked, whatever was said of their coding."""

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
    """In the place of Scrapy's own, which takes what is said for what was sent, and half a body for a whole one.

    A body that cannot be unpacked is asked for again, as one that broke off is; then it is a fault of the answer.
    """

    def __init__(self, crawler: Crawler) -> None:
        self.crawler = crawler
        self.max_bytes = crawler.settings.getint("DOWNLOAD_MAXSIZE")

    @classmethod
    def from_crawler(cls, crawler: Crawler) -> Self:
        return cls(crawler)

    def process_request(self, request: Request) -> None:
        request.headers.setdefault("Accept-Encoding", ACCEPTED)

    def process_response(self, request: Request, response: Response) -> Response | Request:
        # What is asked for with a path to save it to was unpacked on the way to disk.
        if request.method == "HEAD" or not response.body or "saved" in request.meta or "first_bytes" in request.meta:
            return response
        names = ("Content-Encoding", "Transfer-Encoding")
        header = ",".join(value.decode("latin-1") for name in names for value in response.headers.getlist(name))
        if not codings_of(header) and response.body[:2] not in (b"\x1f\x8b", b"\x28\xb5"):
            return response
        try:
            body = unpacked(response.body, header, request.meta.get("download_maxsize", self.max_bytes))
        except BrokenCodingError as error:
            why = f"{error}" if error.is_short else f"the answer cannot be unpacked: {error}"
            spider: Any = self.crawler.spider
            return get_retry_request(request, spider=spider, reason=why) or self._lost(response, why)
        if body is None:
            raise IgnoreRequest(f"MAXSIZE: {response.url} unfolds to more than is allowed")
        response.headers.pop("Content-Encoding", None)
        kind = responsetypes.from_args(headers=response.headers, url=response.url, body=body)
        return response.replace(cls=kind, body=body)

    def _lost(self, response: Response, why: str) -> Response:
        if not 200 <= response.status < 300:
            # The status tells enough.
            response.headers.pop("Content-Encoding", None)
            return response
        raise ResponseDataLossError(why)
