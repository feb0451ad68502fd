"""Serve the pages of the site under Datasette: its routes, and what a request for a page is answered with."""

from __future__ import annotations

import asyncio
import sqlite3
from collections.abc import Awaitable, Callable
from typing import Any

from datasette.utils import sqlite_timelimit
from datasette.utils.asgi import Response

from catalog.site.gate import path_of
from catalog.site.metadata import DATABASE, PLUGIN
from catalog.site.pages import Content, Moved, Page, SiteOptions, Visit, pages
from catalog.site.render import CONTENT_TYPES, error_page, render, render_json, site_url
from catalog.site.reporting import TooLargeError, is_from_elsewhere, read_body, take_report
from specs.languages import Language, language, site_languages

__all__ = ["routes"]

BODY_SECONDS = 20
"""Seconds within which a form must have come."""
TIME_LIMIT_MS = 2000
"""Milliseconds after which a query of a page is stopped; the visitor gets status 503."""


def routes() -> list[tuple[str, Callable[..., Awaitable[Response]]]]:
    """Return the routes of all pages for Datasette: regular expressions of paths, and the functions that answer."""
    return [(page.pattern.pattern, _view_of(page)) for page in pages()]


def _view_of(page: Page) -> Callable[..., Awaitable[Response]]:
    async def view(datasette: Any, request: Any) -> Response:
        options = SiteOptions(**(datasette.plugin_config(PLUGIN) or {}))
        path = path_of(request.scope, datasette.setting("base_url"))
        found = page.name_in(path)
        if found is None or (found[0] and found[0] not in site_languages()):
            return _error(options, language(None), 404, path)
        tag, name, is_json = found
        args = {key: request.args[key] for key in request.args}
        words = language(tag)
        if request.method == "POST" and page.name == "report":
            return await _take(datasette, request, options, words, path)
        try:
            return await datasette.get_database(DATABASE).execute_fn(
                lambda conn: _answer(page, Visit(conn, words, options, name, args), is_json, path)
            )
        except sqlite3.OperationalError as error:
            if "interrupted" not in str(error):
                raise
            return _error(options, words, 503, path)

    return view


async def _take(datasette: Any, request: Any, options: SiteOptions, words: Language, path: str) -> Response:
    """Answer the form of ``/report``."""
    if is_from_elsewhere(request.scope["headers"]):
        return _error(options, words, 403, path, "report.expired")
    try:
        body = await asyncio.wait_for(read_body(request.receive), BODY_SECONDS)
    except TooLargeError:
        return _error(options, words, 413, path, "report.too_large")
    except (TimeoutError, ConnectionError):
        return _error(options, words, 400, path, "report.expired")
    address = (request.scope.get("client") or [""])[0]
    status, what = await datasette.get_database(DATABASE).execute_fn(
        lambda conn: take_report(conn, options, words, body, address)
    )
    if status == 303:
        return Response.redirect(site_url(options, words, what), status=303)
    return _error(options, words, status, path, what)


def _answer(page: Page, visit: Visit, is_json: bool, path: str) -> Response:
    """Read and render a page, in a thread of Datasette."""
    with sqlite_timelimit(visit.conn, TIME_LIMIT_MS):
        content: Content | Moved | None = page.read(visit)
    if content is None:
        return _error(visit.options, visit.words, 404, path)
    if isinstance(content, Moved):
        return Response.redirect(site_url(visit.options, visit.words, content.path))
    status, headers = content.get("status") or 200, {"cache-control": "no-store"} if content.get("is_fresh") else {}
    if is_json:
        return Response(render_json(content), status=status, content_type=CONTENT_TYPES["json"], headers=headers)
    text = render(page, visit, content)
    return Response(text, status=status, content_type=CONTENT_TYPES[page.form], headers=headers)


def _error(options: SiteOptions, words: Language, status: int, path: str, why: str | None = None) -> Response:
    page = error_page(options, words, status, path, why)
    return Response(page, status=status, content_type=CONTENT_TYPES["html"])
