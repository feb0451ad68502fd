"""Web sites whose pages describe datasets in schema.org's terms, found by their sitemaps.

Sitemaps: those that robots.txt names, else ``/sitemap.xml``; indexes, compressed ones, ones with a wrong namespace.
Each page may hold several JSON-LD blocks, with datasets at any depth; a block that is no JSON is said, and the others
are read. A page without datasets is no loss. ``lastmod`` is a hint that many sites get wrong: it is not used.
"""

from __future__ import annotations

import re
import zlib
from typing import TYPE_CHECKING, Any
from urllib.parse import urljoin, urlsplit

from lxml import etree

from catalog.model import Dataset
from harvester.spiders.about import About
from harvester.spiders.addresses import AddressSpider
from harvester.spiders.schema_org import datasets_in
from harvester.spiders.schema_org_record import to_dataset

if TYPE_CHECKING:
    from scrapy import Request
    from scrapy.http import Response

__all__ = ["Spider"]

MAX_SITEMAP = 60_000_000
"""Bytes of a sitemap, unpacked. The protocol allows 50 MiB."""
_LIKELY = re.compile(r"(?i)dataset|opendata|open-data|/data/|daten|dati|donnees|datos|dados")
_PARSER = etree.XMLParser(resolve_entities=False, no_network=True, load_dtd=False, recover=True, huge_tree=True)


class Spider(AddressSpider):
    """All schema.org Datasets of the pages that a site's sitemaps name."""

    type = "sitemap"
    about = About(
        software="any web site with a sitemap and schema.org JSON-LD",
        paging="sitemaps and their indexes; then page by page",
        incremental="not offered: `lastmod` is not to be trusted",
        deletion="absent from the sitemaps, or its page is gone",
        limits="one request a page; pages of other hosts are not asked",
        loses="most of what schema.org has no word for: contact points, frequency, checksums, record dates",
        rank=20,
    )
    counts_addresses = False
    may_repeat = True

    def listings(self) -> list[str]:
        url = self.portal.url
        if re.search(r"(?i)\.(xml|txt)(\.gz)?($|\?)", url):
            return [url]
        parts = urlsplit(url)
        self.has_robots = False
        return [f"{parts.scheme}://{parts.netloc}/robots.txt", f"{url}/sitemap.xml"]

    def listing_request(self, url: str) -> Request:
        return self.request(
            url, self.on_listing, errback=self.on_listing_failed, meta={"download_maxsize": MAX_SITEMAP}
        )

    def not_listed(self, url: str, why: str) -> list[Any] | None:
        # robots.txt need not be there; and where it names sitemaps, the usual place may be empty.
        is_robots = url.endswith("/robots.txt")
        is_guess = url == f"{self.portal.url}/sitemap.xml" and (self.wanted or self.waiting or len(self.listed) > 2)
        return [] if is_robots or is_guess else None

    def read_listing(self, response: Response) -> list[str]:
        if response.url.endswith("/robots.txt"):
            named = re.findall(r"(?im)^\s*sitemap\s*:\s*(\S+)", response.body[:500_000].decode("utf-8", "replace"))
            return [urljoin(response.url, one) for one in named if self.is_own(urljoin(response.url, one))]
        body = _unpacked(response.body)
        if body.lstrip()[:1] != b"<":
            # The protocol knows sitemaps of plain text, an address a line.
            lines = [line.strip() for line in body.decode("utf-8-sig", "replace").splitlines()]
            if not any(re.match(r"https?://", line) for line in lines):
                raise ValueError("the answer is no sitemap")
            for line in lines:
                self.add_page(line)
            return []
        root = etree.fromstring(body, _PARSER)
        name = etree.QName(root).localname if root is not None and isinstance(root.tag, str) else ""
        if name not in ("urlset", "sitemapindex"):
            raise ValueError("an HTML or XML page came where a sitemap was expected")
        found = [
            (one.text or "").strip()
            for one in root.iter()
            if isinstance(one.tag, str) and etree.QName(one).localname == "loc"
        ]
        if name == "sitemapindex":
            return [one for one in found if self.is_own(one)]
        for one in found:
            self.add_page(one)
        return []

    def is_own(self, url: str) -> bool:
        """Whether an address lies on the portal's own site."""
        try:
            host, own = urlsplit(url).hostname or "", urlsplit(self.portal.url).hostname or ""
        except ValueError:
            return False
        return host.removeprefix("www.") == own.removeprefix("www.")

    def add_page(self, url: str) -> None:
        if url.startswith(("http://", "https://")) and self.is_own(url):
            self.add(url)

    def order(self, url: str) -> tuple[Any, ...]:
        # Where a night is too short for a whole site, the likely pages were asked.
        return (not _LIKELY.search(url), url)

    def read_address(self, response: Response) -> list[tuple[str, Any]]:
        return datasets_in(response.body, (response.headers.get("Content-Type") or b"").decode("latin-1"), response.url)

    def to_dataset(self, raw: Any) -> Dataset:
        return to_dataset(raw)


def _unpacked(body: bytes) -> bytes:
    """The text of a sitemap that may be compressed. Raises ValueError where it unfolds to too much."""
    if body[:2] != b"\x1f\x8b":
        return body
    inflater = zlib.decompressobj(zlib.MAX_WBITS | 16)
    try:
        text = inflater.decompress(body, MAX_SITEMAP)
    except zlib.error as error:
        raise ValueError(f"the sitemap cannot be unpacked: {error}") from error
    if inflater.unconsumed_tail:
        raise ValueError(f"the sitemap unfolds to more than {MAX_SITEMAP:,} bytes")
    return text
