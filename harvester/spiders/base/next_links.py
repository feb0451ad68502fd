"""The link to the next page, of those that an answer offers: one representation links to several others."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any
from urllib.parse import parse_qsl, urlsplit

if TYPE_CHECKING:
    from scrapy.http import Response

__all__ = ["host_name", "is_page", "media_type_of", "next_link", "rels_of"]

_PAGES = ("html", "xhtml", "text/html", "htm")


def rels_of(link: dict[str, Any]) -> set[str]:
    """The relations of a link: one, several with spaces between, or a list; by name, or by IANA's address of it."""
    rel = link.get("rel")
    words = rel.split() if isinstance(rel, str) else [one for one in rel if isinstance(one, str)] if rel else []
    return {word.rstrip("/").rpartition("/")[2].lower() for word in words}


def is_page(link: dict[str, Any]) -> bool:
    """Whether a link leads to a page for readers, by its media type, or else by its address."""
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
    """The host of an address without "www.", in lower case; None where it has none."""
    try:
        host = urlsplit(url).hostname
    except ValueError:
        return None
    return host.removeprefix("www.") if host else None


def media_type_of(response: Response) -> str:
    """The media type of an answer, as its header says it."""
    return (response.headers.get("Content-Type") or b"").decode("latin-1")


def next_link(links: Any, media_type: str = "") -> dict[str, Any] | None:
    """The next link of the representation that was read, of media type ``media_type``; None where there is none.

    Preferred are, in this order: the media type itself, any JSON, a link that does not say, and by GET what may also
    be asked for by POST. A page for readers comes last: of it no more than the place can be used.
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
