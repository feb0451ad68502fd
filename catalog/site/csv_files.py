"""Serve tables and queries as CSV: whole, or with an error before the first byte.

Datasette gives the first 2,000 rows with status 200, or pages through a table by a column whose values may be equal, so
that rows are lost. Here one query gives all rows. If it fails on the way, the connection is broken off, which a client
notices, because the response has no end.
"""

from __future__ import annotations

import asyncio
import csv
import io
import re
import sqlite3
from collections import Counter
from collections.abc import Awaitable, Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from typing import Any
from urllib.parse import parse_qsl, urlencode

from datasette.utils import sqlite_timelimit, tilde_decode
from datasette.utils.asgi import Forbidden, NotFound, Response

from catalog.exports.csvfile import guard
from catalog.site.database import PublicDatabase
from catalog.site.errors import options_of, respond
from catalog.site.metadata import DATABASE
from catalog.site.table_filters import check_filters

__all__ = ["csv_routes"]

_ROWS = 500
"""Rows that are read at a time."""
_TIME_LIMIT_MS = 10_000
"""Milliseconds for the first rows, and for each further part."""
_AT_ONCE, _OF_ONE_ADDRESS = 6, 2
"""Files that are sent at the same time, in all and to one address."""
_SEND_SECONDS = 60
"""Time within which a visitor must have taken a part."""
_FORMS = frozenset({"_size", "_nocount", "_nofacet", "_shape", "_labels", "_nl", "_extra"})
"""Parameters of Datasette that change the form of an answer."""
_LIMIT = re.compile(r"\s+limit\s+\d+(\s+offset\s+\d+)?\s*$", re.IGNORECASE)
_POOL = ThreadPoolExecutor(2, thread_name_prefix="csv")
_sending: Counter[str] = Counter()


def csv_routes() -> list[tuple[str, Callable[..., Awaitable[Response | None]]]]:
    """Return the routes of CSVs for Datasette: of tables, views and ready-made queries, and of a visitor's SQL."""
    return [(rf"/{DATABASE}/(?P<name>[^/]+)\.csv$", _table), (rf"/{DATABASE}\.csv$", _own_sql)]


async def _table(datasette: Any, request: Any, send: Any) -> Response | None:
    name = request.url_vars["name"]
    canned = await datasette.get_canned_query(DATABASE, name, None)
    if canned:
        params = {one: request.args.get(one) or "" for one in canned.get("params") or ()}
        return await _send_rows(datasette, request, send, canned["sql"], params)
    # Datasette's answer below has no words for a visitor.
    await check_filters(datasette, request, tilde_decode(name))
    # What is asked for here must count, whatever the visitor asks for.
    asked = [one for one in parse_qsl(request.query_string, keep_blank_values=True) if one[0] not in _FORMS]
    query = urlencode(
        [*asked, ("_size", 0), ("_nocount", 1), ("_nofacet", 1), ("_shape", "objects"), ("_labels", "off")]
    )
    told = await datasette.client.get(datasette.urls.path(f"/{DATABASE}/{name}.json?{query}"))
    if told.status_code != 200:
        raise NotFound("no table") if told.status_code in (301, 302, 404) else _Told(told.status_code)
    size = request.args.get("_size") or ""
    sql = _LIMIT.sub("", told.json()["query"]["sql"])
    if size.isdigit() and not request.args.get("_stream"):
        sql += f" limit {int(size[:9])}"
    return await _send_rows(datasette, request, send, sql, told.json()["query"]["params"])


async def _own_sql(datasette: Any, request: Any, send: Any) -> Response | None:
    if not await datasette.permission_allowed(request.actor, "execute-sql", DATABASE, default=True):
        raise Forbidden("execute-sql")
    params = {name: request.args[name] for name in request.args if name != "sql" and not name.startswith("_")}
    database = datasette.get_database(DATABASE)
    found = await database.execute(request.args.get("sql") or "select 1", params, truncate=True)
    if found.truncated:
        return respond(options_of(datasette), request.path, 413)
    columns = [column[0] for column in found.description]
    return Response(
        _text([columns, *map(tuple, found.rows)]), headers=_headers(request), content_type="text/csv; charset=utf-8"
    )


class _Told(Exception):
    """Raised if the table cannot be queried in the requested way. ``status``: HTTP status of the response."""

    def __init__(self, status: int) -> None:
        super().__init__(f"status {status}")
        self.status = status


async def _send_rows(datasette: Any, request: Any, send: Any, sql: str, params: Any) -> Response | None:
    database: PublicDatabase = datasette.get_database(DATABASE)
    address = (request.scope.get("client") or ("",))[0]
    if _sending.total() >= _AT_ONCE or _sending[address] >= _OF_ONE_ADDRESS:
        return respond(options_of(datasette), request.path, 429)
    _sending[address] += 1
    loop = asyncio.get_running_loop()
    conn = None
    try:
        conn = await loop.run_in_executor(_POOL, _connect, database)
        with closing(conn):
            cursor, rows = await loop.run_in_executor(_POOL, _first, conn, sql, params)
            columns = [column[0] for column in cursor.description]
            headers = [(b"content-type", b"text/csv; charset=utf-8")]
            headers += [(name.encode(), value.encode("latin-1")) for name, value in _headers(request).items()]
            # From here on an error can only break the connection off.
            await send({"type": "http.response.start", "status": 200, "headers": headers})
            heading = [columns] if request.args.get("_header") != "off" else []
            body = _text([*heading, *rows])
            while rows:
                await _send_part(send, body, has_more=True)
                rows = await loop.run_in_executor(_POOL, _more, conn, cursor)
                body = _text(rows)
            await _send_part(send, body, has_more=False)
    except TimeoutError:
        # The server breaks off a response that has no end.
        return None
    finally:
        _sending[address] -= 1
        if not _sending[address]:
            del _sending[address]
        if conn is not None:
            database.forget(conn)
    return None


async def _send_part(send: Any, body: str, *, has_more: bool) -> None:
    """Send a part of a response. Raise TimeoutError if the client reads nothing for too long, because others wait
    for its place."""
    part = {"type": "http.response.body", "body": body.encode("utf-8", "replace"), "more_body": has_more}
    await asyncio.wait_for(send(part), _SEND_SECONDS)


def _connect(database: PublicDatabase) -> sqlite3.Connection:
    conn = database.connect()
    database.ds._prepare_connection(conn, database.name)
    return conn


def _first(conn: sqlite3.Connection, sql: str, params: Any) -> tuple[sqlite3.Cursor, list[Any]]:
    with sqlite_timelimit(conn, _TIME_LIMIT_MS):
        cursor = conn.execute(sql, params)
        return cursor, cursor.fetchmany(_ROWS)


def _more(conn: sqlite3.Connection, cursor: sqlite3.Cursor) -> list[Any]:
    with sqlite_timelimit(conn, _TIME_LIMIT_MS):
        return cursor.fetchmany(_ROWS)


def _headers(request: Any) -> dict[str, str]:
    if not request.args.get("_dl"):
        return {}
    name = re.sub(r"\W", "", request.url_vars.get("name") or DATABASE)
    return {"content-disposition": f'attachment; filename="{name}.csv"'}


def _cell(value: Any) -> Any:
    return value.hex() if isinstance(value, bytes) else guard(value) if isinstance(value, str) else value


def _text(rows: Sequence[Sequence[Any]]) -> str:
    written = io.StringIO()
    writer = csv.writer(written)
    for row in rows:
        writer.writerow([_cell(cell) for cell in row])
    return written.getvalue()
