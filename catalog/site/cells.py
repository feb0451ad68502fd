"""Draw the cells of tables and queries: a link only where a column is meant for one, everything else as text.

Portals decide the contents of a cell. datasette-json-html renders any cell that looks like its JSON, so a title could
load a picture from elsewhere, or break a page with ``{"href": 1, "label": 2}``; and Datasette itself makes a link of
any text that begins like an address.
"""

from __future__ import annotations

import json
import re
from functools import cache
from urllib.parse import urlsplit

from datasette.utils import tilde_encode
from markupsafe import Markup, escape

from catalog.db.schema.views import VIEWS, view_columns
from catalog.site.metadata import DATABASE

__all__ = ["drawn", "is_web_address"]

LONGEST = 20_000
"""Characters of a cell that are parsed; a longer text could be nested deeply enough to exhaust the parser's stack."""
_SHOWN = 300
"""Characters of an address that are shown."""
_CELL = 2_000
"""Characters of a list or an object that are shown."""
_ADDRESSES = frozenset(
    {"url", "address", "access_url", "download_url", "landing_page", "contact_url", "final_url", "source_url"}
    | {"resource_url", "endpoint_url", "endpoint_description", "documentation", "described_by", "licence", "ogp_url"}
)
"""Columns whose texts are shown as links, if they are addresses of the web."""
_OF_QUERIES = frozenset({"dataset", "portal", "address"})
"""Columns of queries that hold a link as a JSON object with ``href`` and ``label``."""
_ODD = re.compile(r"[\x00-\x20\x7f-\xa0\u200b-\u200f\u2028-\u202e\u2066-\u2069\\]")
"""Characters that no link has: browsers take some for a slash, and others hide where a link leads."""


def is_web_address(text: str) -> bool:
    """Return whether a text is a web address that may become a link: http or https, with a host, without a user
    name, and without characters that browsers rewrite, such as a backslash."""
    if not text.lower().startswith(("http://", "https://")) or _ODD.search(text):
        return False
    try:
        parts = urlsplit(text)
        return bool(parts.hostname) and "@" not in parts.netloc
    except ValueError:
        return False


def drawn(value: object, column: str, table: str | None, base_url: str = "/") -> Markup | None:
    """Return the HTML of a cell whose text is an address, looks like JSON, or is the id of another row; None for any
    other cell, which Datasette draws.

    ``column``: name of the column. ``table``: name of the table or view; None for the result of a query. ``base_url``:
    path that all addresses of the site begin with.
    """
    if not isinstance(value, str) or not value.strip():
        return None
    to = _references(table).get(column)
    if to is not None:
        return Markup('<a href="{}{}/{}/{}">{}</a>').format(base_url, DATABASE, to, tilde_encode(value), value)
    if value.strip().startswith(("{", "[")):
        return _drawn_json(value, column if table is None else None, base_url)
    if value.strip().lower().startswith(("http:", "https:")):
        return _link(value, value) if column in _ADDRESSES and is_web_address(value) else escape(value)
    return None


def _drawn_json(value: str, column: str | None, base_url: str) -> Markup:
    try:
        data = json.loads(value) if len(value) <= LONGEST else None
    except (ValueError, RecursionError):
        data = None
    if column in _OF_QUERIES and isinstance(data, dict) and set(data) == {"href", "label"}:
        href, label = data["href"], data["label"]
        if isinstance(href, str) and href.startswith("/") and not href.startswith("//") and not _ODD.search(href):
            return Markup('<a href="{}{}">{}</a>').format(base_url, href[1:], label or href)
        # A link to elsewhere shows where it leads.
        if isinstance(href, str) and href == label and is_web_address(href):
            return _link(href, href)
    if isinstance(data, list) and all(isinstance(item, str) for item in data):
        return escape(_beginning(", ".join(data))) if data else Markup("&nbsp;")
    return escape(_beginning(value))


def _beginning(text: str) -> str:
    """Return a text, or the beginning of a long one: its JSON and CSV have all of it."""
    return text if len(text) <= _CELL else f"{text[:_CELL]}…"


def _link(url: str, text: str) -> Markup:
    return Markup('<a href="{}" rel="nofollow noopener">{}</a>').format(url, text[:_SHOWN])


@cache
def _references(table: str | None) -> dict[str, str]:
    """Return the columns that hold ids of rows of another table or view and that Datasette does not link, with its
    name."""
    if table in VIEWS:
        return {name: spec.references for name, spec in view_columns(table).items() if spec.references}
    return {"finding_id": "findings", "carried_from": "findings"} if table in ("replies", "corrections") else {}
