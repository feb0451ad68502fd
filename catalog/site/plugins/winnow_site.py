"""The site's Datasette plugin: safe cells, variables for its templates, and a strict content policy.

Portals decide the contents of a cell. datasette-json-html renders any cell that looks like its JSON, so a title
could load a picture from elsewhere, or break a page with ``{"href": 1, "label": 2}``. Therefore this plugin renders
every such cell first: links only in query results, and only to addresses of this site and http(s).
"""

from __future__ import annotations

import json
import re
from collections.abc import Awaitable, Callable, Generator
from functools import cache
from typing import Any

from datasette import handle_exception as handle_exception_of_datasette
from datasette.plugins import pm
from datasette.utils import tilde_encode
from datasette.utils.asgi import Forbidden
from markupsafe import Markup, escape
from pluggy import HookimplMarker

from catalog.db.schema.views import VIEWS, view_columns
from catalog.site.errors import answer
from catalog.site.live import routes
from catalog.site.metadata import DATABASE
from catalog.site.page_queries import NAMED_SQL
from catalog.site.queries import queries
from catalog.site.renamed import new_address
from specs.metrics import dimensions, grade, methodology_version, metrics
from specs.systems import systems

# The same as datasette.hookimpl, with types.
hookimpl = HookimplMarker("datasette")

# Datasette calls all plugins that answer errors. Its own one renders a second page and, with rich installed, prints a
# report that takes half a second of the only loop.
if pm.is_registered(handle_exception_of_datasette):
    pm.unregister(handle_exception_of_datasette)

_LONGEST = 20_000
"""Characters of a cell that are parsed; a longer text could be nested deeply enough to exhaust the parser's stack."""
_POLICY = (
    "default-src 'none'; script-src 'self' 'unsafe-inline'; style-src 'self' 'unsafe-inline'; img-src 'self' data:; "
    "connect-src 'self'; form-action 'self'; base-uri 'none'; frame-ancestors 'none'"
)
_HEADERS = (
    (b"content-security-policy", _POLICY.encode()),
    (b"x-content-type-options", b"nosniff"),
    (b"referrer-policy", b"no-referrer"),
)


@hookimpl(wrapper=True)
def render_cell(value: object, column: str, table: str | None) -> Generator[None, list[Any], list[Any]]:
    """Render a cell whose text looks like JSON, or that holds the id of another row (a hook of Datasette).

    JSON-like text is shown as text, and a list of texts as words. A JSON object with just ``href`` and ``label`` is
    shown as a link in the result of a query, for which ``table`` is None. Otherwise ``table`` is the name of the table
    or view, and ``column`` that of the column. In views, and in ``replies`` and ``corrections``, an id of another row
    is shown as a link to that row, because Datasette links only columns with a foreign key. The result replaces that of
    other plugins for such a cell, and their errors are ignored. All other cells are left to the other plugins.
    """
    ours = _drawn(value, table) or _row_link(value, column, table)
    try:
        others = yield
    except (AttributeError, KeyError, TypeError, ValueError, RecursionError):
        if ours is None:
            raise
        return [ours]
    return others if ours is None else [ours]


def _drawn(value: object, table: str | None) -> Markup | None:
    """Return JSON-like text as text, a list of words as words, and a link of a query as a link; None for any other
    cell."""
    if not isinstance(value, str) or not value.strip().startswith(("{", "[")):
        return None
    try:
        data = json.loads(value) if len(value) <= _LONGEST else None
    except (ValueError, RecursionError):
        data = None
    if table is None and isinstance(data, dict) and set(data) == {"href", "label"}:
        href, label = data["href"], data["label"]
        if isinstance(href, str) and href.startswith(("/", "http://", "https://")) and not href.startswith("//"):
            rel = "" if href.startswith("/") else Markup(' rel="nofollow noopener"')
            return Markup('<a href="{}"{}>{}</a>').format(href, rel, label or href)
    if isinstance(data, list) and all(isinstance(item, str) for item in data):
        return escape(", ".join(data)) if data else Markup("&nbsp;")
    return escape(value)


@cache
def _references(table: str | None) -> dict[str, str]:
    """Return the columns that hold ids of rows of another table or view and that Datasette does not link, with its
    name."""
    if table in VIEWS:
        return {name: spec.references for name, spec in view_columns(table).items() if spec.references}
    return {"finding_id": "findings", "carried_from": "findings"} if table in ("replies", "corrections") else {}


def _row_link(value: object, column: str, table: str | None) -> Markup | None:
    """Return an id as a link to its row; None for any other cell."""
    to = _references(table).get(column)
    if to is None or not isinstance(value, str) or not value:
        return None
    return Markup('<a href="/{}/{}/{}">{}</a>').format(DATABASE, to, tilde_encode(value), value)


@hookimpl
def register_routes() -> list[tuple[str, Callable[..., Awaitable[Any]]]]:
    """Return the routes of the site's own pages, which come before those of Datasette (a hook of Datasette)."""
    return routes()


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
    """Return the variables that the site's templates use (a hook of Datasette).

    ``canned``: the ready-made queries. ``listed``: function that gives the members of a cell with a JSON list.
    ``named_sql``: the queries of the pages by name. ``method``: version of the methodology, dimensions with their
    points, weighted metrics, lowest score of each grade, and other scoring systems.
    """
    return {
        "canned": queries(),
        "listed": _listed,
        "named_sql": NAMED_SQL,
        "method": {
            "version": methodology_version(),
            "dimensions": {name: spec.weight for name, spec in dimensions().items()},
            "grades": _grades(),
            "metrics": [m for m in metrics().values() if m.weight],
            "systems": systems(),
        },
    }


def _listed(cell: object) -> list[Any]:
    try:
        found = json.loads(cell) if isinstance(cell, str) and len(cell) <= 10 * _LONGEST else []
    except (ValueError, RecursionError):
        found = []
    return found if isinstance(found, list) else []


def _grades() -> dict[str, int]:
    lowest: dict[str, int] = {}
    for score in range(100, -1, -1):
        lowest[grade(score) or ""] = score
    return lowest


_DATASET_PAGE = re.compile(r"(?P<before>(?:/[\w.~-]+)*/(?P<database>[^/]+)/datasets/)(?P<id>[^/.]+)(?P<form>\.\w+)?")


async def _other_name(datasette: Any, path: str) -> str | None:
    """Return the address of a dataset's page if the path holds another name of it; None for every other path."""
    match = _DATASET_PAGE.fullmatch(path)
    if match is None or match["database"] not in datasette.databases:
        return None
    database = datasette.get_database(match["database"])
    if not await database.table_exists("dataset_aliases"):
        return None
    row = (await database.execute(NAMED_SQL["alias"], {"id": match["id"]})).first()
    return f"{match['before']}{row[0]}{match['form'] or ''}" if row else None


@hookimpl
def asgi_wrapper(datasette: Any) -> Callable[[Any], Any]:
    """Wrap the site's application (a hook of Datasette): add security headers and redirect old addresses.

    The headers keep pages from loading anything from other sites. Old addresses are those with an alias of a dataset's
    id, and those of renamed tables and columns.
    """

    def wrap(app: Callable[..., Awaitable[None]]) -> Callable[..., Awaitable[None]]:
        async def with_headers(scope: Any, receive: Any, send: Callable[[Any], Awaitable[None]]) -> None:
            async def sending(event: dict[str, Any]) -> None:
                if event["type"] == "http.response.start":
                    event = {**event, "headers": [*event.get("headers", ()), *_HEADERS]}
                await send(event)

            is_http = scope["type"] == "http"
            path = scope.get("raw_path", b"").decode("latin-1").partition("?")[0] if is_http else ""
            query = scope.get("query_string", b"").decode("latin-1")
            if location := new_address(path, query) or await _other_name(datasette, path):
                headers = [(b"location", location.encode("latin-1")), (b"content-length", b"0")]
                await sending({"type": "http.response.start", "status": 301, "headers": headers})
                await sending({"type": "http.response.body", "body": b""})
                return
            await app(scope, receive, sending)

        return with_headers

    return wrap
