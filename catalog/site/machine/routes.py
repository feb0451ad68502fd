"""The routes of the site for programs under Datasette."""

from __future__ import annotations

import asyncio
import gzip
import json
from collections.abc import Awaitable, Callable
from datetime import UTC, datetime
from email.utils import format_datetime, parsedate_to_datetime
from pathlib import Path
from typing import Any
from urllib.parse import quote, unquote

from datasette.utils import sqlite_timelimit
from datasette.utils.asgi import Response

from catalog.site.errors import options_of, path_of, respond
from catalog.site.machine.answers import (
    CatalogueAnswer,
    catalogue_page,
    data_json_page,
    data_json_part,
    graph_of,
    what_became_of,
)
from catalog.site.machine.data_json import catalogue_head
from catalog.site.machine.negotiation import RDF_FORMS, THINGS, RdfForm, alternates
from catalog.site.machine.paging import BadPageError, GoneError
from catalog.site.metadata import DATABASE
from catalog.site.pages import Page, SiteOptions
from catalog.site.render import CONTENT_TYPES

__all__ = ["alternate_links", "graph_response", "machine_routes"]

_EXT = f"(?P<form>{'|'.join(RDF_FORMS)})"
_TIME_LIMIT_MS = 10_000
DATA_JSON_MAX = 25_000
"""Datasets up to which the whole data.json is sent as one document: it takes 5 s, and 60 MB for who reads it."""
_AT_ONCE = 2
"""Such documents that are sent at the same time."""
_SEND_SECONDS = 60
_PRESENT = "select count(*) from present_datasets"
_sending: set[object] = set()
_PACK_LEVEL = 4
"""Of gzip: at 6 a page of the catalogue takes twice as long, for a twentieth of its size."""


def machine_routes() -> list[tuple[str, Callable[..., Awaitable[Response | None]]]]:
    """Return the routes of things and of the catalogue in RDF for Datasette: patterns of paths, and what answers."""
    kinds = "|".join(one for one in THINGS if one != "home")
    return [
        (rf"/catalog\.{_EXT}$", _catalogue),
        (rf"(?:/[a-z]{{2,3}}(?:-[A-Z]{{2}})?)?/(?P<thing>{kinds})/(?P<name>[^/]+)\.{_EXT}$", _thing),
        (rf"/index\.{_EXT}$", _thing),
        (r"/data\.json$", _data_json),
    ]


async def _thing(datasette: Any, request: Any) -> Response:
    given = request.url_vars
    form = RDF_FORMS[given["form"]]
    return await graph_response(
        datasette, request, given.get("thing") or "home", unquote(given.get("name") or ""), form
    )


async def graph_response(datasette: Any, request: Any, thing: str, name: str, form: RdfForm) -> Response:
    """Return the answer to a request for a thing in an RDF syntax; status 404 if there is no such thing.

    ``thing``: name of its page, one of :data:`catalog.site.machine.negotiation.THINGS`. ``name``: its id, decoded.
    """
    options = options_of(datasette)
    # The second page of a dataset is about the same dataset.
    name = name.partition("~")[0]

    def read(conn: Any) -> Any:
        with sqlite_timelimit(conn, _TIME_LIMIT_MS):
            body = graph_of(conn, options, thing, name, form)
            return body, *(what_became_of(conn, name) if body is None and thing == "dataset" else (None, False))

    body, became, is_gone = await datasette.get_database(DATABASE).execute_fn(read)
    if body is not None:
        return Response(body, content_type=_type(form), headers={"vary": "Accept"})
    if became:
        return Response.redirect(f"{options.base_url}dataset/{quote(became, safe='')}.{form.ext}")
    if is_gone:
        return _told(410, "This dataset is no longer listed by its portal. Its page says since when.")
    return respond(options, path_of(request.scope, datasette.setting("base_url")), 404)


def alternate_links(options: SiteOptions, page: Page, name: str) -> str:
    """Return the header ``Link`` of a page: the addresses of its thing in RDF. ``name``: id of the thing."""
    path = page.path(name.partition("~")[0]) if name else "/index"
    address = f"{options.public_url or ''}{options.base_url}{path.lstrip('/')}"
    return ", ".join(f'<{url}>; rel="alternate"; type="{kind}"' for url, kind in alternates(address))


async def _catalogue(datasette: Any, request: Any) -> Response:
    """Answer with a page of the catalogue."""
    form = RDF_FORMS[request.url_vars["form"]]

    def read(conn: Any, public: Path, options: SiteOptions, args: dict[str, str], address: str) -> CatalogueAnswer:
        return catalogue_page(conn, public, options, args, form, address)

    return await _page(datasette, request, f"catalog.{form.ext}", read, _type(form))


async def _page(
    datasette: Any, request: Any, name: str, read: Callable[..., CatalogueAnswer], content_type: str
) -> Response:
    """Answer with a page that ``read`` makes. ``name``: path of the first page below that of the site."""
    options, database = options_of(datasette), datasette.get_database(DATABASE)
    args, address = {key: request.args[key] for key in request.args}, f"{_base(options, request)}{name}"
    changed, headers = _changed(database)
    if _is_known(request.headers, changed):
        return Response("", status=304, headers=headers)
    takes_gzip = "gzip" in (request.headers.get("accept-encoding") or "")

    def answer(conn: Any) -> Response:
        with sqlite_timelimit(conn, _TIME_LIMIT_MS):
            found = read(conn, Path(database.path), options, args, address)
        links = ", ".join(f'<{address}?{query}>; rel="{relation}"' for relation, query in found.links.items())
        more = {"link": links} | ({"content-encoding": "gzip"} if takes_gzip else {})
        body = gzip.compress(found.body, _PACK_LEVEL, mtime=0) if takes_gzip else found.body
        return Response(body, content_type=content_type, headers=headers | more)

    try:
        response: Response = await database.execute_fn(answer)
    except BadPageError as error:
        return _told(400, f"{error}.")
    except GoneError as error:
        return _told(410, f"The catalogue as of {error.run} is not kept any more. Begin again at {address}.")
    return response


async def _data_json(datasette: Any, request: Any, send: Any) -> Response | None:
    """Answer with the whole catalogue as data.json, part after part, or with a page of it."""
    if request.args.get("page"):
        return await _page(datasette, request, "data.json", data_json_page, CONTENT_TYPES["json"])
    options, database = options_of(datasette), datasette.get_database(DATABASE)
    address = f"{_base(options, request)}data.json"
    changed, headers = _changed(database)
    if _is_known(request.headers, changed):
        return Response("", status=304, headers=headers)
    count = await database.execute_fn(lambda conn: conn.execute(_PRESENT).fetchone()[0])
    if count > DATA_JSON_MAX:
        pages = f"Follow the links of {address}?page=first, or of {_base(options, request)}catalog.jsonld"
        return _told(413, f"The catalogue has {count:,} datasets, too many for one document. {pages}.")
    if len(_sending) >= _AT_ONCE:
        return _told(429, "Others read the whole document just now. Try again in a minute, or take ?page=first.")
    place = object()
    _sending.add(place)
    try:
        named = [(name.encode(), value.encode()) for name, value in headers.items()]
        kind = (b"content-type", CONTENT_TYPES["json"].encode())
        await send({"type": "http.response.start", "status": 200, "headers": [kind, *named]})
        # From here on an error can only break the connection off.
        await _part(send, f'{json.dumps(catalogue_head(address))[:-1]}, "dataset": ['.encode())
        after: str | None = ""
        glue = b"\n"
        while after is not None:
            made, after = await database.execute_fn(lambda conn, key=after: data_json_part(conn, options, key))
            await _part(send, _joined(glue, made))
            glue = b",\n" if made else glue
        await send({"type": "http.response.body", "body": b"\n]}\n", "more_body": False})
    except TimeoutError:
        # The server breaks off a response that has no end.
        return None
    finally:
        _sending.discard(place)
    return None


def _joined(glue: bytes, made: list[bytes]) -> bytes:
    return glue + b",\n".join(made) if made else b""


async def _part(send: Any, body: bytes) -> None:
    """Send a part of a response. Raise TimeoutError if the client reads nothing for too long, because others wait
    for its place."""
    await asyncio.wait_for(send({"type": "http.response.body", "body": body, "more_body": True}), _SEND_SECONDS)


def _changed(database: Any) -> tuple[datetime, dict[str, str]]:
    """Return when the public file was written, to the second, and the header that says so."""
    changed = datetime.fromtimestamp(database.identity[3] // 1_000_000_000, UTC)
    return changed, {"last-modified": format_datetime(changed, usegmt=True)}


def _is_known(headers: Any, changed: datetime) -> bool:
    """Return whether a client that sends no ETag has what is there since ``changed``."""
    if headers.get("if-none-match") or not (since := headers.get("if-modified-since")):
        return False
    try:
        return bool(parsedate_to_datetime(since) >= changed)
    except (TypeError, ValueError):
        return False


def _told(status: int, text: str) -> Response:
    return Response(f"{text}\n", status=status, content_type="text/plain; charset=utf-8")


def _type(form: RdfForm) -> str:
    # Turtle and N-Triples are always UTF-8; not every client knows that.
    return f"{form.media_type}; charset=utf-8"


def _base(options: SiteOptions, request: Any) -> str:
    """Return the absolute address of the site, with a slash at its end: that of the request where it is not known."""
    public = options.public_url or f"{request.scheme}://{request.headers.get('host') or 'localhost'}"
    return f"{public}{options.base_url}"
