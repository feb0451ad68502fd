"""Read web sites whose pages describe datasets with schema.org, found by their sitemaps.

Sitemaps are those in robots.txt, else ``/sitemap.xml``; indexes, compressed files and wrong namespaces are accepted. A
page may hold several JSON-LD blocks with datasets at any depth. A block that is not JSON is reported and the others are
read. A page without datasets is no loss. ``lastmod`` is wrong on many sites and is not used.
"""

from __future__ import annotations

import re
import zlib
from typing import TYPE_CHECKING, Any
from urllib.parse import urljoin, urlsplit

from lxml import etree

from catalog.model import Dataset
from harvester.spiders.base.addresses import AddressSpider
from harvester.spiders.base.portal_type_info import PortalTypeInfo
from harvester.spiders.documents.xml_reading import tree_of
from harvester.spiders.sitemap.pages import datasets_in
from harvester.spiders.sitemap.record import is_sure, to_dataset

if TYPE_CHECKING:
    from scrapy import Request
    from scrapy.http import Response

    from harvester.http.faults import RequestFault

__all__ = ["Spider"]

MAX_SITEMAP = 60_000_000
"""Maximum size of an unpacked sitemap in bytes; the protocol allows 50 MiB."""
_BARE = re.compile(rb"&(?!(?:#\d{1,7}|#x[0-9a-fA-F]{1,6}|\w{1,31});)")
_LIKELY = re.compile(r"(?i)dataset|opendata|open-data|/data/|daten|dati|donnees|datos|dados")
_ROOTS = ("urlset", "sitemapindex")
_CUT = "the sitemap is cut short: what follows in it was not seen"


class Spider(AddressSpider):
    """Spider for all schema.org Datasets in the web pages that a site's sitemaps name."""

    type = "sitemap"
    has_sets = True
    about = PortalTypeInfo(
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
    pages: set[str] | None = None
    """Addresses of the pages to request."""

    def listings(self) -> list[str]:
        url = self.portal.url
        if re.search(r"(?i)\.(xml|txt)(\.gz)?($|\?)", url):
            return [url]
        parts = urlsplit(url)
        return [f"{parts.scheme}://{parts.netloc}/robots.txt", f"{url}/sitemap.xml"]

    def listing_request(self, url: str) -> Request:
        return self.request(
            url, self.on_listing, errback=self.on_listing_failed, meta={"download_maxsize": MAX_SITEMAP}
        )

    def not_listed(self, url: str, fault: RequestFault) -> list[Any] | None:
        # robots.txt may be missing; if it exists and cannot be read, it may name other sitemaps than the usual one.
        is_robots = url.endswith("/robots.txt") and fault.kind == "gone"
        # If robots.txt names sitemaps, the usual place may be empty.
        is_guess = url == f"{self.portal.url}/sitemap.xml" and (self.wanted or self.waiting or len(self.listed) > 2)
        return [] if is_robots or is_guess else None

    def read_listing(self, response: Response) -> list[str]:
        if response.meta["asked"].endswith("/robots.txt"):
            text = response.body[:500_000].decode("utf-8", "replace")
            named = re.findall(r"(?im)^[ \t]*sitemap[ \t]*:[ \t]*(\S+)", text)
            return self.own_sitemaps(named, response)
        body, is_cut = _unpacked(response.body)
        if body.lstrip()[:1] != b"<":
            # The protocol also allows plain-text sitemaps with one address per line.
            lines = [line.strip() for line in body.decode("utf-8-sig", "replace").splitlines()]
            if not any(re.match(r"https?://", line) for line in lines):
                raise ValueError("the response is no sitemap")
            if is_cut:
                # The last address may be incomplete.
                lines.pop()
                self.stats.fail(f"{response.url}: {_CUT}")
            for line in lines:
                if re.match(r"(?i)https?:|/[^/]", line):
                    self.add_page(line, response.url)
            return []
        name, found, is_half = _addresses(body)
        if is_cut or is_half:
            self.stats.fail(f"{response.url}: {_CUT}")
        if name == "urlset":
            for one in found:
                self.add_page(one, response.url)
            return []
        own = self.own_sitemaps(found, response)
        if found and not own:
            said = f"{response.url}: {len(found):,} sitemaps of other hosts were not read"
            self.stats.fail(f"{said}, and it names no others")
        return own

    def own_sitemaps(self, named: list[str], response: Response) -> list[str]:
        """Return the addresses of those sitemaps that are on the portal's own host; the others are only counted.

        ``named``: addresses of sitemaps, possibly relative. ``response``: the document that names them.
        """
        own = []
        for one in named:
            url = _joined(response.url, one)
            if url and self.is_own(url):
                own.append(url)
            else:
                self.add_elsewhere(url or one)
        return own

    def is_own(self, url: str) -> bool:
        """Return whether the address ``url`` is on the portal's own host, with or without "www."; False if it is not
        valid.
        """
        try:
            host, own = urlsplit(url).hostname or "", urlsplit(self.portal.url).hostname or ""
        except ValueError:
            return False
        return host.removeprefix("www.") == own.removeprefix("www.")

    def add_page(self, named: str, base: str) -> None:
        """Queue a page for reading, if it is on the portal's own host; other pages are only counted.

        ``named``: the page's address, which some sitemaps write as a path. ``base``: the address of the sitemap.
        """
        url = _joined(base, named)
        if url and self.is_own(url):
            self.add(url)
        else:
            self.add_elsewhere(url or named)

    def order(self, url: str) -> tuple[Any, ...]:
        # If a night is too short for a whole site, the pages most likely to hold datasets come first.
        return (not _LIKELY.search(url), url)

    def may_overlap(self, records: list[tuple[str, Any]]) -> bool:
        # Two pages may show one dataset in two languages. Without a unique identifier that is unproven, and the second
        # one is reported as not kept.
        return all(is_sure(raw) for _, raw in records)

    def read_address(self, response: Response) -> list[tuple[str, Any]]:
        pages = self.pages = self.pages or set(map(_page_of, self.names))
        own = {_page_of(response.url), _page_of(response.meta["asked"])}
        kind = (response.headers.get("Content-Type") or b"").decode("latin-1")
        found, self.passed_here = datasets_in(
            response.body, kind, response.url, lambda url: (page := _page_of(url)) in pages and page not in own
        )
        return found

    def to_dataset(self, raw: Any) -> Dataset:
        return to_dataset(raw, self.languages)


def _joined(base: str, named: str) -> str | None:
    """Return the web address that a sitemap names; None if it is not valid."""
    try:
        url = urljoin(base, named)
        return url if urlsplit(url).scheme in ("http", "https") and urlsplit(url).hostname else None
    except ValueError:
        return None


def _local(node: Any) -> str:
    """Return the local name of an element, whatever its namespace, even if its prefix is not declared."""
    return str(node.tag).rpartition("}")[2].rpartition(":")[2] if node is not None else ""


def _page_of(url: str) -> str:
    """Return the part of an address that tells one page from another."""
    return url.partition("#")[0].partition("://")[2].rstrip("/")


def _addresses(body: bytes) -> tuple[str, list[str], bool]:
    """Return the name of a sitemap's root element, the addresses in it, and whether its end is missing.

    Raise ValueError if it is not a sitemap.
    """
    parser = etree.XMLParser(resolve_entities=False, no_network=True, load_dtd=False, recover=True, huge_tree=False)
    # Many sites write addresses with an unescaped "&".
    root = tree_of(_BARE.sub(b"&amp;", body), parser)
    name = _local(root) if root is not None else ""
    if root is None or name not in _ROOTS:
        raise ValueError("an HTML or XML page came where a sitemap was expected")
    found: list[str] = []
    for one in root.iter(etree.Element):
        # Images and videos have a "loc" element too.
        if _local(one) == "loc" and _local(one.getparent()) in ("url", "sitemap"):
            found.append((one.text or "").strip())
    if not any(error.level_name == "FATAL" for error in parser.error_log):
        return name, found, False
    tags = re.findall(rb"<(/?)(?:[\w.-]+:)?(loc|urlset|sitemapindex)\b", body.replace(b"\0", b""))
    is_half = (b"/", name.encode()) not in tags
    if is_half and found and tags[-1] == (b"", b"loc"):
        # The last address may be incomplete.
        found.pop()
    return name, found, is_half


def _unpacked(body: bytes) -> tuple[bytes, bool]:
    """Return a sitemap, unpacked if it is compressed, and whether it is truncated.

    Raise ValueError if its unpacked size exceeds the limit.
    """
    text, is_cut = b"", False
    if body[:2] != b"\x1f\x8b":
        return body, is_cut
    while body[:2] == b"\x1f\x8b":
        inflater = zlib.decompressobj(zlib.MAX_WBITS | 16)
        try:
            text += inflater.decompress(body, MAX_SITEMAP - len(text) + 1)
        except zlib.error as error:
            raise ValueError(f"the sitemap cannot be unpacked: {error}") from error
        if len(text) > MAX_SITEMAP:
            raise ValueError(f"the sitemap unfolds to more than {MAX_SITEMAP:,} bytes")
        is_cut, body = not inflater.eof, inflater.unused_data
    return text, is_cut
