"""Choose the link to the next page among those in a response; one representation may link to several others."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any
from urllib.parse import parse_qsl, urlsplit

if TYPE_CHECKING:
    from scrapy.http import Response

__all__ = ["host_name", "is_page", "media_type_of", "next_link", "rels_of"]

_PAGES = ("html", "xhtml", "text/html", "htm")


def rels_of(link: dict[str, Any]) -> set[str]:
    """Return the relation names of a link object in lower case, without the address before them ("next").

    ``link`` is a JSON object with "rel": one name, several separated by spaces, a list, or an address of IANA that ends
    in the name. The set is empty if there is no "rel".
    """
    rel = link.get("rel")
    words = rel.split() if isinstance(rel, str) else [one for one in rel if isinstance(one, str)] if rel else []
    return {word.rstrip("/").rpartition("/")[2].lower() for word in words}


def is_page(link: dict[str, Any]) -> bool:
    """Return whether the link object ``link`` leads to an HTML page for people instead of data.

    Its "type" (a media type) decides; without one, the format in the query or the ending of its "href" does. An address
    that is not valid gives False.
    """
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
    """Return the host name in ``url`` in lower case and without "www."; None if there is no host or the address is
    invalid.
    """
    try:
        host = urlsplit(url).hostname
    except ValueError:
        return None
    return host.removeprefix("www.") if host else None


def media_type_of(response: Response) -> str:
    """Return the Content-Type header of ``response`` with its parameters, as text; "" without one."""
    return (response.headers.get("Content-Type") or b"").decode("latin-1")


def next_link(links: Any, media_type: str = "") -> dict[str, Any] | None:
    """Return the best link object with the relation "next" and an address; None if there is none.

    ``links`` is the list of links in a response (anything else gives None), and ``media_type`` the media type of that
    response. A link of the same media type is best, then one of any JSON type, one without a type, one of another type.
    A link to an HTML page for people comes last. Of equally good links, one for GET is preferred to one for POST.
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
