"""Refuse a filter that a table does not have: Datasette leaves it out, and shows all rows as if they were asked for."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from functools import cache
from typing import Any
from urllib.parse import parse_qsl

from datasette.filters import Filters

from catalog.site.metadata import DATABASE
from catalog.site.queries import queries

__all__ = ["UnknownFilterError", "check_filters", "is_unknown_parameter"]


class UnknownFilterError(Exception):
    """Raised for a filter that names no column of its table, or no way to compare. ``status``: HTTP status of the
    answer. ``why``: key of the phrase that says what is wrong."""

    status, why = 400, "frame.error_filter"


async def check_filters(datasette: Any, request: Any, table: str) -> None:
    """Raise UnknownFilterError if a parameter of a request for a table or view is a filter that it does not have.

    ``table``: its name in the public file; of one that does not exist nothing is said.
    """
    if request.query_string:
        columns = await datasette.get_database(DATABASE).table_columns(table)
        if columns and not _has_known_filters(request.args, columns):
            raise UnknownFilterError(table)


def _has_known_filters(names: Iterable[str], columns: Sequence[str]) -> bool:
    """Return whether all filters among the parameters name a column, and a way to compare that Datasette knows."""
    known = {key for key, *_ in Filters(()).lookups()}
    filters = [name for name in names if "__" in name or not name.startswith("_")]
    asked = [name.rsplit("__", 1) if "__" in name else (name, "exact") for name in filters]
    return all(column in (*columns, "rowid") and way in known for column, way in asked)


@cache
def _parameters() -> dict[str, frozenset[str]]:
    """Return the names of the parameters of each ready-made query, by the path of its page."""
    return {f"/{DATABASE}/{name}": frozenset(one["params"]) for name, one in queries().items()}


def is_unknown_parameter(path: str, query: str) -> bool:
    """Return whether a request for a ready-made query has a parameter that the query does not have.

    ``path``: as :func:`catalog.site.errors.path_of` returns it. ``query``: the query string. Parameters that begin with
    "_" are Datasette's own.
    """
    known = _parameters().get(path.rstrip("/").removesuffix(".json").removesuffix(".csv"))
    if known is None or not query:
        return False
    asked = {name for name, _ in parse_qsl(query, keep_blank_values=True) if not name.startswith("_")}
    return not asked <= known
