"""``/figure/<level>-<name>?entity=``: a figure of the scorecards with the SQL that counts it and its result today."""

from __future__ import annotations

from collections.abc import Iterator
from functools import cache

from catalog.exports.figures import queries
from catalog.site.pages.page import Content, Page, Visit

__all__ = ["PAGES", "address_of_query"]


@cache
def _figures() -> dict[str, dict[str, str]]:
    """Return the rows of ``queries.csv`` by the part of the address that names a figure."""
    return {f"{row['entity_level']}-{row['figure']}": row for row in queries()}


@cache
def _names_by_sql() -> dict[str, str]:
    return {row["sql"]: name for name, row in _figures().items()}


def address_of_query(sql: str) -> str | None:
    """Return the path of the page of the figure that the query ``sql`` counts; None if it is none of them.

    Files sent by earlier versions lead to the query itself.
    """
    name = _names_by_sql().get(" ".join(sql.split()))
    return f"/figure/{name}" if name else None


def _read(visit: Visit) -> Content | None:
    figure = _figures().get(visit.name)
    if figure is None:
        return None
    entity = visit.args.get("entity", "")[:500]
    found = visit.row(figure["sql"], entity=entity) if entity else None
    return {
        "title": visit.words.column(figure["figure"]),
        "figure": figure["figure"],
        "level": figure["entity_level"],
        "sql": figure["sql"],
        "entity": entity or None,
        "value": next(iter(found.values())) if found else None,
        "canonical": f"/figure/{visit.name}",
        "is_listed": not entity,
    }


def _names(visit: Visit) -> Iterator[str]:
    yield from _figures()


PAGES = (Page(name="figure", address="/figure/<name>", read=_read, names=_names),)
