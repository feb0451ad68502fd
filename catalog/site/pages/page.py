"""What a page of the site is: an address, a function that reads its contents, and a template.

The same page is rendered live under Datasette and written to a file of the mirror. Its contents are plain data, so that
each page can also be had as JSON.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from functools import cached_property
from re import Pattern, compile, escape
from typing import Any
from urllib.parse import quote, unquote

from specs.languages import Language

__all__ = ["Content", "Moved", "Page", "SiteOptions", "Visit"]


@dataclass(frozen=True, slots=True, kw_only=True)
class SiteOptions:
    """Who runs the site and where, from ``winnow.toml``; without it everything is None or its default."""

    public_url: str | None = None
    """Web address of the site, without a slash at its end."""
    base_url: str = "/"
    """Path that all addresses of the site begin with; it begins and ends with a slash."""
    operator: str | None = None
    """Name of who runs the site."""
    imprint: str | None = None
    """Postal address of the operator, or the web address of a page with it."""
    contact: str | None = None
    """E-mail address or page for questions and replies."""
    hold_days: int = 0
    """Days for which a new cause stays unpublished after the first letter about it."""
    exports: str | None = None
    """Path of the folder of exported files on this machine; None if the site has none."""
    exports_url: str | None = None
    """Web address at which that folder is published, without a slash at its end; None if it is not."""
    inbox: str | None = None
    """Path of the data folder whose inbox takes reports of visitors; None if the site takes none."""
    languages: tuple[str, ...] = ()
    """Tags of the languages that a mirror has; () for all in which the site is shown."""
    is_static: bool = False
    """Whether the pages are files of the mirror: no form works there, and addresses of pages end with a slash."""


@dataclass(frozen=True)
class Visit:
    """One request for a page, as the page's function gets it."""

    conn: sqlite3.Connection
    """Read-only connection to the public catalogue; rows are ``sqlite3.Row``."""
    words: Language
    """Language of the page."""
    options: SiteOptions
    name: str = ""
    """The part of the address that names the thing, decoded; "" for a page without one."""
    args: Mapping[str, str] = field(default_factory=dict)
    """Parameters of the query string, the last of each name; a mirrored page gets none."""

    def rows(self, sql: str, **params: object) -> list[dict[str, Any]]:
        """Return all rows of a query as dictionaries. ``params``: values of the SQL parameters by name."""
        return [dict(row) for row in self.conn.execute(sql, params)]

    def row(self, sql: str, **params: object) -> dict[str, Any] | None:
        """Return the first row of a query; None if there is none. ``params``: as for :meth:`rows`."""
        found = self.conn.execute(sql, params).fetchone()
        return dict(found) if found else None

    @cached_property
    def run(self) -> str:
        """Id of the last run whose harvests are in the catalogue; "" if there is none. Pages are "as of" this night."""
        found = self.row("select max(run_id) as run from harvests where verdict is not null")
        return (found or {}).get("run") or ""


Content = dict[str, Any]
"""The contents of a page by name: what its template shows and its JSON holds. Values are those of JSON.

Names that a page may add for the frame around it: ``title`` (text of the page's heading, needed), ``description`` (a
sentence for search engines), ``json_ld`` (an object of schema.org; an address of it that begins with a slash is a path
on this site), ``_cited`` (run and path of what is shown, if that is not the last night), ``_above`` (name and path of
each page between the front page and this one), ``feed`` (path of its Atom feed), ``status`` (HTTP status, 200 if
absent), ``is_fresh`` (True for a page that no cache may keep), ``is_listed`` (False keeps search engines away),
``canonical`` (path, if not that of the page). Those that begin with "_" are not in the JSON.
"""


@dataclass(frozen=True, slots=True)
class Moved:
    """The answer of a page that now has another address. ``path``: that address, beginning with a slash, without the
    base and the language."""

    path: str


@dataclass(frozen=True, kw_only=True)
class Page:
    """The declaration of a kind of page.

    ``name``: stem of its template ``<name>.html`` and of its phrases ``specs/languages/site/<name>.toml``.
    ``address``: path, such as "/portal/<id>"; a part in angle brackets is the name of the thing and has no slash.
    ``read``: function that returns the contents, a :class:`Moved`, or None if there is no such thing (status 404).
    """

    name: str
    address: str
    read: Callable[[Visit], Content | Moved | None]
    names: Callable[[Visit], Iterable[str]] | None = None
    """Function that yields the names of all pages of this kind, which the mirror writes; None for a page without a
    name in its address, and for pages that nobody lists."""
    form: str = "html"
    """File extension of what the template gives: html, svg, xml (for a feed)."""
    shorten: Callable[[Content], Content] | None = None
    """Function that returns what of the contents the JSON in the mirror has; None for all of them."""
    is_mirrored: bool = True
    """Whether the mirror has it."""
    is_framed: bool = False
    """Whether other sites may show it in a frame."""
    is_translated: bool = True
    """Whether it has an address in each language."""

    @cached_property
    def pattern(self) -> Pattern[str]:
        """Regular expression of its path, with the groups ``language`` (a tag or None), ``name`` if it has one, and
        ``json`` (".json" or None)."""
        before, bracket, rest = self.address.partition("<")
        path = escape(before)
        if bracket:
            path += r"(?P<name>[^/]+?)" + escape(rest.partition(">")[2])
        tag = r"(?:/(?P<language>[a-z]{2,3}(?:-[A-Z]{2})?)(?=/))?" if self.is_translated else ""
        end = r"(?P<json>\.json)?/?" if self.form == "html" else ""
        root = r"(?:/|/index(?P<json>\.json))?" if self.address == "/" else None
        return compile(rf"{tag}{root or path + end}$")

    def path(self, name: str = "") -> str:
        """Return the path of the page about ``name``, percent-encoded, without base and language.

        >>> Page(name="x", address="/portal/<id>", read=lambda visit: None).path("a b")
        '/portal/a%20b'
        """
        before, bracket, rest = self.address.partition("<")
        return before + quote(name, safe="") + rest.partition(">")[2] if bracket else self.address

    def name_in(self, path: str) -> tuple[str | None, str, bool] | None:
        """Return the language tag (None for English), the decoded name and whether JSON is asked for; None if
        ``path``, percent-encoded, is no address of this page."""
        match = self.pattern.match(path)
        if match is None:
            return None
        found = match.groupdict()
        return found.get("language"), unquote(found.get("name") or ""), bool(found.get("json"))

    def all_names(self, visit: Visit) -> Iterator[str]:
        """Yield the names of all pages of this kind that a mirror or a sitemap lists; "" for a page without a name."""
        if self.names is not None:
            yield from self.names(visit)
        elif "<" not in self.address:
            yield ""
