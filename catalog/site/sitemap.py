"""The list of all pages for search engines: ``/sitemap.xml``, in parts of 50,000 addresses if there are more."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import islice
from xml.sax.saxutils import escape

from catalog.site.pages import Visit, pages
from catalog.site.render import site_url

__all__ = ["PART", "addresses", "sitemap"]

PART = 50_000
"""Addresses of one file: the most that the protocol (sitemaps.org) allows."""
_HEAD = '<?xml version="1.0" encoding="UTF-8"?>\n'
_SPACE = "http://www.sitemaps.org/schemas/sitemap/0.9"


def addresses(visit: Visit) -> Iterator[str]:
    """Yield the addresses of all pages in the language of ``visit``, whole ones if its options have the site's address.

    Pages name their translations themselves. Badges, cards and feeds are no pages.
    """
    base = visit.options.public_url or ""
    for page in pages():
        if page.form == "html" and not page.is_framed and page.is_mirrored:
            for name in page.all_names(visit):
                yield base + site_url(visit.options, visit.words, page.path(name))


def sitemap(visit: Visit, part: int | None = None, size: int = PART) -> str | None:
    """Return the sitemap as XML: all addresses, or an index of parts if there are more than ``size``.

    ``part``: number of the part to return, from 1; None for the whole list or the index. The result is None if the
    part does not exist.
    """
    found = addresses(visit)
    if part is not None:
        return _listed(own) if (own := [*islice(found, (part - 1) * size, part * size)]) else None
    first = [*islice(found, size)]
    rest = sum(1 for _ in found)
    if not rest:
        return _listed(first)
    base = visit.options.public_url or ""
    parts = range(1, 2 + -(-rest // size))
    urls = [base + site_url(visit.options, visit.words, f"/sitemap-{number}.xml") for number in parts]
    return f'{_HEAD}<sitemapindex xmlns="{_SPACE}">\n{_entries(urls, "sitemap")}</sitemapindex>\n'


def _listed(urls: list[str]) -> str:
    return f'{_HEAD}<urlset xmlns="{_SPACE}">\n{_entries(urls, "url")}</urlset>\n'


def _entries(urls: list[str], element: str) -> str:
    return "".join(f"<{element}><loc>{escape(url)}</loc></{element}>\n" for url in urls)
