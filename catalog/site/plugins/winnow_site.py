"""The site's Datasette plugin: it joins our pages, cells, errors, files and limits to Datasette's tables."""

from __future__ import annotations

import re
from collections.abc import Awaitable, Callable, Generator
from typing import Any

from datasette import handle_exception as handle_exception_of_datasette
from datasette.plugins import pm
from datasette.utils.asgi import Forbidden
from pluggy import HookimplMarker

from catalog.site.cells import drawn
from catalog.site.csv_files import csv_routes
from catalog.site.database import adopt, refresh
from catalog.site.errors import answer
from catalog.site.gate import Gate
from catalog.site.live import routes
from catalog.site.machine.routes import machine_routes
from catalog.site.page_queries import NAMED_SQL
from catalog.site.renamed import new_address
from catalog.site.table_filters import check_filters

# The same as datasette.hookimpl, with types.
hookimpl = HookimplMarker("datasette")

# Datasette calls all plugins that answer errors. Its own one renders a second page and, with rich installed, prints a
# report that takes half a second of the only loop.
if pm.is_registered(handle_exception_of_datasette):
    pm.unregister(handle_exception_of_datasette)


@hookimpl
def startup(datasette: Any) -> None:
    """Read the public file within limits, and notice when another one stands in its place (a hook of Datasette)."""
    adopt(datasette)


@hookimpl(wrapper=True)
def render_cell(value: object, column: str, table: str | None, datasette: Any) -> Generator[None, list[Any], list[Any]]:
    """Render a cell that holds an address, JSON-like text or the id of another row (a hook of Datasette).

    See :func:`catalog.site.cells.drawn`, whose result replaces that of other plugins for such a cell, and their errors
    are ignored. All other cells are left to the other plugins.
    """
    ours = drawn(value, column, table, datasette.setting("base_url"))
    try:
        others = yield
    except (AttributeError, KeyError, TypeError, ValueError, RecursionError):
        if ours is None:
            raise
        return [ours]
    return others if ours is None else [ours]


@hookimpl
def register_routes() -> list[tuple[str, Callable[..., Awaitable[Any]]]]:
    """Return the routes of the site's own pages, which come before those of Datasette (a hook of Datasette)."""
    return [*csv_routes(), *machine_routes(), *routes()]


@hookimpl
async def filters_from_request(request: Any, table: str, datasette: Any) -> None:
    """Refuse a table with a filter that it does not have (a hook of Datasette)."""
    await check_filters(datasette, request, table)


@hookimpl
def handle_exception(datasette: Any, request: Any, exception: BaseException) -> Any:
    """Answer a request that ended in an error with a page of ours (a hook of Datasette)."""
    return answer(datasette, request, exception)


@hookimpl
def forbidden(datasette: Any, request: Any, message: str) -> Any:
    """Answer a request for what visitors may not have (a hook of Datasette)."""
    return answer(datasette, request, Forbidden(message))


@hookimpl
def skip_csrf(scope: dict[str, Any]) -> bool:
    """Return whether a form needs no cookie against forgery (a hook of Datasette): that of /report has a seal of its
    own, and this site sets no cookies."""
    return bool(scope["type"] == "http" and scope.get("path", "").rstrip("/").endswith("/report"))


@hookimpl
def extra_template_vars() -> dict[str, Any]:
    """Return the variable ``named_sql`` for templates (a hook of Datasette): the queries of tables' pages by name."""
    return {"named_sql": NAMED_SQL}


_DATASET_PAGE = re.compile(r"(?P<before>(?:/[\w.~-]+)*/(?P<database>[^/]+)/datasets/)(?P<id>[^/.]+)(?P<form>\.\w+)?")


async def _other_name(datasette: Any, path: str) -> str | None:
    """Return the address of a dataset's page if the path holds another name of it, or if its content is withheld; None
    for every other path."""
    match = _DATASET_PAGE.fullmatch(path)
    if match is None or match["database"] not in datasette.databases:
        return None
    database = datasette.get_database(match["database"])
    if not await database.table_exists("dataset_aliases"):
        return None
    row = (await database.execute(NAMED_SQL["alias"], {"id": match["id"]})).first()
    if row:
        return f"{match['before']}{row[0]}{match['form'] or ''}"
    row = (await database.execute(NAMED_SQL["withheld"], {"id": match["id"]})).first()
    base = match["before"].removesuffix(f"{match['database']}/datasets/")
    return f"{base}dataset/{row[0]}{match['form'] or ''}" if row else None


@hookimpl
def asgi_wrapper(datasette: Any) -> Callable[[Any], Any]:
    """Put :class:`catalog.site.gate.Gate` before the site's application (a hook of Datasette).

    It also redirects old addresses: those with an alias of a dataset's id, and those of renamed tables and columns.
    """

    def wrap(app: Callable[..., Awaitable[None]]) -> Callable[..., Awaitable[None]]:
        async def redirect(path: str, query: str) -> str | None:
            return new_address(path, query) or await _other_name(datasette, path)

        return Gate(datasette, app, redirect=redirect, before=lambda: refresh(datasette))

    return wrap
