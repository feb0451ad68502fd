"""Redirect pages of the site whose table or column was renamed in 0.2. The old addresses work until 0.4.

Data in other forms (``responses.json``, ``.csv``) stays at its old address, with its old columns, which the views
with the old names provide. Only addresses of single rows have moved, because a view has no key to select a row by.
That of a finding, which citations hold, leads to the view ``findings`` with this finding alone, and always will.
"""

from __future__ import annotations

import re
from urllib.parse import parse_qsl, unquote, urlencode

from catalog.db.schema.public import PUBLIC
from catalog.db.schema.views import OLD_COLUMNS, OLD_TABLES
from catalog.site.metadata import DATABASE
from catalog.site.pages.figure import address_of_query

__all__ = ["new_address"]

_PAGE = re.compile(rf"(?P<before>(?:/[\w.~-]+)*/{DATABASE}/)(?P<table>[a-z_]+)(?P<row>/[^/].*)?(?P<form>\.\w+)?")
_OF_COLUMNS = {"_facet", "_facet_array", "_facet_date", "_sort", "_sort_desc", "_col", "_nocol"}
"""Parameters of Datasette whose value is the name of a column."""


def new_address(path: str, query: str) -> str | None:
    """Return the present address of a page of the site whose table or columns were renamed, or that shows one finding.

    None if the requested address is still right. That is also so for the data of a whole table under its old name, such
    as ``responses.json``.

    ``path``: path of the requested address; ``query``: its query string without "?". The result is a path, with a query
    string if there is one.

    >>> new_address("/catalog/responses", "response=disputed&_facet=response")
    '/catalog/replies?reply=disputed&_facet=reply'
    >>> new_address("/catalog/responses/north%20x.json", "")
    '/catalog/replies/north%20x.json'
    >>> new_address("/about", "")
    '/method'
    >>> new_address("/catalog", "sql=select+1") is None
    True
    >>> new_address("/catalog/responses.json", "") is None
    True
    >>> new_address("/catalog/findings/00007fb8fceed251e8b0.json", "_shape=array")
    '/catalog/findings.json?id=00007fb8fceed251e8b0&_shape=array'
    """
    if path == "/about":
        return "/method"
    if path.rstrip("/") == f"/{DATABASE}" and "sql=" in query:
        return _figure_address(query)
    match = _PAGE.fullmatch(path)
    if match is None:
        return None
    table = match["table"]
    if table == "findings" and match["row"]:
        return _finding_address(match["before"], match["row"][1:], query)
    if OLD_TABLES.get(table) in PUBLIC:
        if match["form"] and not match["row"]:
            return None
        moved = f"{match['before']}{OLD_TABLES[table]}{match['row'] or ''}{match['form'] or ''}"
    elif table in OLD_COLUMNS:
        moved = path
    else:
        return None
    new_query = _renamed(query, OLD_COLUMNS.get(table, {}))
    return None if (moved, new_query) == (path, query) else f"{moved}?{new_query}" if new_query else moved


def _figure_address(query: str) -> str | None:
    """Return the address of the page of a figure for a query that an earlier ``queries.csv`` led to."""
    given = dict(parse_qsl(query, keep_blank_values=True))
    page = address_of_query(given.get("sql", ""))
    return f"{page}?{urlencode({'entity': given.get('entity', '')})}" if page else None


def _finding_address(before: str, row: str, query: str) -> str:
    stem, _, form = row.rpartition(".")
    key, form = (stem, f".{form}") if stem else (row, "")
    # Datasette writes "~" where others write "%".
    chosen = urlencode({"id": unquote(key.replace("~", "%"))})
    return f"{before}findings{form}?{chosen}{'&' if query else ''}{query}"


def _renamed(query: str, columns: dict[str, str]) -> str:
    """Return a query string with today's column names; the same text if it names no renamed column."""
    before = parse_qsl(query, keep_blank_values=True)
    now = [_parameter(name, value, columns) for name, value in before]
    return query if now == before else urlencode(now)


def _parameter(name: str, value: str, columns: dict[str, str]) -> tuple[str, str]:
    if name in _OF_COLUMNS:
        return name, columns.get(value, value)
    column, separator, condition = name.partition("__")
    return f"{columns.get(column, column)}{separator}{condition}", value
