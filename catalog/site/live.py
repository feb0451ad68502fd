"""Serve the pages of the site under Datasette: its routes, and what a request for a page is answered with."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from dataclasses import replace
from typing import Any

from datasette.utils import sqlite_timelimit
from datasette.utils.asgi import NotFound, Response

from catalog.site.errors import options_of, path_of, respond
from catalog.site.machine.negotiation import HTML, RDF_FORMS, THINGS, form_for
from catalog.site.machine.routes import alternate_links, graph_response
from catalog.site.metadata import DATABASE
from catalog.site.pages import Content, Moved, Page, SiteOptions, Visit, pages
from catalog.site.render import CONTENT_TYPES, render, render_json, site_url
from catalog.site.reporting import TooLargeError, is_from_elsewhere, read_body, take_report
from catalog.site.sitemap import sitemap
from specs.languages import Language, language, site_languages

__all__ = ["routes"]

BODY_SECONDS = 20
"""Seconds within which a form must have come."""
SITEMAP_LIMIT_MS = 10_000
TIME_LIMIT_MS = 2000
"""Milliseconds after which a query of a page is stopped; the visitor gets status 503."""


def routes() -> list[tuple[str, Callable[..., Awaitable[Response]]]]:
    """Return the routes of all pages and of the sitemap for Datasette: patterns of paths, and what answers."""
    return [
        (r"/sitemap(?:-(?P<part>[1-9]\d{0,4}))?\.xml$", _sitemap),
        *((page.pattern.pattern, _view_of(page)) for page in pages()),
    ]


def _view_of(page: Page) -> Callable[..., Awaitable[Response]]:
    async def view(datasette: Any, request: Any) -> Response:
        options = options_of(datasette)
        path = path_of(request.scope, datasette.setting("base_url"))
        found = page.name_in(path)
        if found is None or (found[0] and found[0] not in site_languages()):
            return respond(options, path, 404)
        tag, name, is_json = found
        args = {key: request.args[key] for key in request.args}
        words = language(tag)
        if request.method == "POST" and page.name == "report":
            return await _take(datasette, request, options, words, path)
        is_thing = page.name in THINGS and not is_json
        if is_thing and (form := form_for(request.headers.get("accept") or "")) != HTML:
            return await graph_response(datasette, request, page.name, name, RDF_FORMS[form])
        response = await datasette.get_database(DATABASE).execute_fn(
            lambda conn: _answer(page, Visit(conn, words, options, name, args), is_json, path)
        )
        if is_thing and response.status == 200:
            response.headers |= {"vary": "Accept", "link": alternate_links(options, page, name)}
        return response

    return view


async def _take(datasette: Any, request: Any, options: SiteOptions, words: Language, path: str) -> Response:
    """Answer the form of ``/report``."""
    if is_from_elsewhere(request.scope["headers"]):
        return respond(options, path, 403, "report.expired")
    try:
        body = await asyncio.wait_for(read_body(request.receive), BODY_SECONDS)
    except TooLargeError:
        return respond(options, path, 413, "report.too_large")
    except (TimeoutError, ConnectionError):
        return respond(options, path, 400, "report.expired")
    address = (request.scope.get("client") or [""])[0]
    status, what = await datasette.get_database(DATABASE).execute_fn(
        lambda conn: take_report(conn, options, words, body, address)
    )
    if status == 303:
        return Response.redirect(site_url(options, words, what), status=303)
    return respond(options, path, status, what)


def _answer(page: Page, visit: Visit, is_json: bool, path: str) -> Response:
    """Read and render a page, in a thread of Datasette."""
    with sqlite_timelimit(visit.conn, TIME_LIMIT_MS):
        content: Content | Moved | None = page.read(visit)
    if content is None:
        return respond(visit.options, path, 404)
    if isinstance(content, Moved):
        return Response.redirect(site_url(visit.options, visit.words, content.path))
    status, headers = content.get("status") or 200, {"cache-control": "no-store"} if content.get("is_fresh") else {}
    if is_json:
        return Response(render_json(content), status=status, content_type=CONTENT_TYPES["json"], headers=headers)
    text = render(page, visit, content)
    return Response(text, status=status, content_type=CONTENT_TYPES[page.form], headers=headers)


async def _sitemap(datasette: Any, request: Any) -> Response:
    """Answer with the list of all pages, or a part of it."""
    options = options_of(datasette)
    part = request.url_vars.get("part")
    # The protocol wants whole addresses.
    if options.public_url is None:
        host = request.headers.get("host") or "localhost"
        options = replace(options, public_url=f"{request.scheme}://{host}")

    def read(conn: Any) -> str | None:
        with sqlite_timelimit(conn, SITEMAP_LIMIT_MS):
            return sitemap(Visit(conn, language("en"), options), int(part) if part else None)

    text = await datasette.get_database(DATABASE).execute_fn(read)
    if text is None:
        raise NotFound("no such part")
    return Response(text, content_type="application/xml; charset=utf-8")
