"""Choose the link to the next page among those in a response; one representation may link to several others."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any
from urllib.parse import parse_qsl, urlsplit

if TYPE_CHECKING:
    from scrapy.http import Response

__all__ = ["host_name", "is_page", "media_type_of", "next_link", "rels_of"]

_PAGES = ("html", "xhtml", "text/html", "htm")


def rels_of(link: dict[str, Any]) -> set[str]:
    """Return the relation names of a link; they may be one name, several with spaces, a list, or IANA addresses."""
    rel = link.get("rel")
    words = rel.split() if isinstance(rel, str) else [one for one in rel if isinstance(one, str)] if rel else []
    return {word.rstrip("/").rpartition("/")[2].lower() for word in words}


def is_page(link: dict[str, Any]) -> bool:
    """Return whether a link leads to an HTML page for people, by its media type or else by its address."""
    if isinstance(kind := link.get("type"), str) and kind.strip():
        return "html" in kind.lower()
    try:
        parts = urlsplit(str(link.get("href")))
        query = dict(parse_qsl(parts.query))
    except ValueError:
        return False
    wanted = query.get("f") or query.get("format") or ""
    return wanted.lower() in _PAGES or parts.path.lower().endswith((".html", ".htm"))


def host_name(url: str) -> str | None:
    """Return the host of an address without "www.", in lower case; None if it has none."""
    try:
        host = urlsplit(url).hostname
    except ValueError:
        return None
    return host.removeprefix("www.") if host else None


def media_type_of(response: Response) -> str:
    """Return the media type in the response's Content-Type header."""
    return (response.headers.get("Content-Type") or b"").decode("latin-1")


def next_link(links: Any, media_type: str = "") -> dict[str, Any] | None:
    """Return the next link for the representation of media type ``media_type``; None if there is none.

    The order of preference is: the same media type, any JSON, a link without a type, then links that accept POST as
    well as GET. An HTML page for people comes last; only its position in the listing can be used.
    """
    found = [
        one
        for one in (links if isinstance(links, list) else ())
        if isinstance(one, dict) and "next" in rels_of(one) and isinstance(one.get("href"), str) and one["href"].strip()
    ]
    return min(found, key=lambda one: _rank(one, media_type), default=None)


def _rank(link: dict[str, Any], media_type: str) -> tuple[int, bool]:
    kind = str(link.get("type") or "").partition(";")[0].strip().lower()
    own = media_type.partition(";")[0].strip().lower()
    is_post = str(link.get("method") or "GET").upper() != "GET"
    if is_page(link):
        return 4, is_post
    if kind and kind == own:
        return 0, is_post
    return (1 if "json" in kind else 3 if kind else 2), is_post
