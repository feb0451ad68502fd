"""The list of all pages for search engines: ``/sitemap.xml``, in parts of 50,000 addresses if there are more."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Iterator
from dataclasses import replace
from itertools import islice
from typing import Any
from xml.sax.saxutils import escape

from datasette.utils import sqlite_timelimit
from datasette.utils.asgi import NotFound, Response

from catalog.site.errors import options_of
from catalog.site.metadata import DATABASE
from catalog.site.pages import SiteOptions, Visit, pages
from catalog.site.render import site_url
from specs.languages import language

__all__ = ["PART", "addresses", "sitemap", "sitemap_routes"]

PART = 50_000
"""Addresses of one file: the most that the protocol (sitemaps.org) allows."""
_TIME_LIMIT_MS = 10_000
_HEAD = '<?xml version="1.0" encoding="UTF-8"?>\n'
_SPACE = "http://www.sitemaps.org/schemas/sitemap/0.9"


def addresses(visit: Visit) -> Iterator[str]:
    """Yield the addresses of all pages in English, whole ones if the options of ``visit`` have the site's address.

    Pages name their translations themselves. Badges, cards and feeds are no pages.
    """
    base, english = visit.options.public_url or "", language("en")
    for page in pages():
        if page.form == "html" and not page.is_framed and page.is_mirrored:
            for name in page.all_names(visit):
                yield base + site_url(visit.options, english, page.path(name))


def sitemap(visit: Visit, part: int | None = None, size: int = PART) -> str | None:
    """Return the list of addresses as XML: the whole one, or an index of its parts if there are more than ``size``.

    ``part``: number of the part to return instead, from 1; None if it is asked for none. The result is None if there is
    no such part.
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
    urls = [base + site_url(visit.options, language("en"), f"/sitemap-{number}.xml") for number in parts]
    return f'{_HEAD}<sitemapindex xmlns="{_SPACE}">\n{_entries(urls, "sitemap")}</sitemapindex>\n'


def _listed(urls: list[str]) -> str:
    return f'{_HEAD}<urlset xmlns="{_SPACE}">\n{_entries(urls, "url")}</urlset>\n'


def _entries(urls: list[str], element: str) -> str:
    return "".join(f"<{element}><loc>{escape(url)}</loc></{element}>\n" for url in urls)


def sitemap_routes() -> list[tuple[str, Callable[..., Awaitable[Response]]]]:
    """Return the routes of the sitemap and its parts for Datasette."""
    return [(r"/sitemap(?:-(?P<part>[1-9]\d{0,4}))?\.xml$", _view)]


async def _view(datasette: Any, request: Any) -> Response:
    options: SiteOptions = options_of(datasette)
    part = request.url_vars.get("part")
    # The protocol wants whole addresses.
    if options.public_url is None:
        host = request.headers.get("host") or "localhost"
        options = replace(options, public_url=f"{request.scheme}://{host}")

    def read(conn: Any) -> str | None:
        with sqlite_timelimit(conn, _TIME_LIMIT_MS):
            return sitemap(Visit(conn, language("en"), options), int(part) if part else None)

    text = await datasette.get_database(DATABASE).execute_fn(read)
    if text is None:
        raise NotFound("no such part")
    return Response(text, content_type="application/xml; charset=utf-8")
