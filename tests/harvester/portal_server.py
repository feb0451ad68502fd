"""A small real HTTP server on the loopback interface, and a harvest against it."""

from __future__ import annotations

import json
import ssl
import threading
from collections.abc import Callable, Iterator, Mapping
from contextlib import suppress
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from types import TracebackType
from typing import Any
from urllib.parse import parse_qsl, urlsplit

from catalog.db.store import Catalog
from harvester.night.context import RunContext
from harvester.night.crawl import crawl
from harvester.night.stages import portal_of
from specs.errors import parse
from specs.portals import PortalSpec

__all__ = ["Asked", "PortalServer", "Response", "as_json", "ckan_search", "harvest", "harvested", "spec"]


@dataclass(frozen=True, slots=True)
class Asked:
    """A request that the server received."""

    method: str
    path: str
    query: dict[str, str]
    headers: Mapping[str, str]
    body: bytes = b""
    query_text: str = ""
    """The query as it came: a name may stand in it several times."""


@dataclass(frozen=True, slots=True)
class Response:
    """A response to send. A body that is an iterator is sent in chunks, without Content-Length."""

    status: int = 200
    content_type: str = "application/json"
    body: bytes | Callable[[], Iterator[bytes]] = b""
    headers: dict[str, str] = field(default_factory=dict)


Route = Response | Callable[[Asked], Response]


def as_json(value: Any, status: int = 200) -> Response:
    """Return a response whose body is ``value`` as JSON."""
    return Response(status, body=json.dumps(value, ensure_ascii=False).encode())


class PortalServer:
    """Context manager that serves ``routes`` on a free port. A route is found by path with query, then by path alone;
    other paths get 404."""

    def __init__(
        self, routes: Mapping[str, Route] | None = None, *, tls: ssl.SSLContext | None = None, port: int = 0
    ) -> None:
        self.routes: dict[str, Route] = dict(routes or {})
        self.requests: list[tuple[str, str]] = []
        """Every (method, path with query) received."""
        self._http = _Http(("127.0.0.1", port), _Handler)
        self._http.portal = self
        self.scheme = "https" if tls else "http"
        if tls:
            # The handshake is the handler thread's: a client that breaks it off must not end the server.
            self._http.socket = tls.wrap_socket(self._http.socket, server_side=True, do_handshake_on_connect=False)
        self._thread = threading.Thread(target=self._http.serve_forever, kwargs={"poll_interval": 0.02}, daemon=True)

    @property
    def url(self) -> str:
        return f"{self.scheme}://127.0.0.1:{self._http.server_address[1]}"

    def stop_listening(self) -> None:
        """Close the socket, so that later connections are refused. To be called from a route."""
        self._http.shutdown()
        self._http.server_close()

    def asked(self, prefix: str, method: str | None = None) -> list[str]:
        """Return the requests whose path begins with ``prefix``."""
        return [path for how, path in self.requests if path.startswith(prefix) and method in (None, how)]

    def __enter__(self) -> PortalServer:
        self._thread.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._http.shutdown()
        self._http.server_close()
        self._thread.join()


class _Http(ThreadingHTTPServer):
    daemon_threads = True
    block_on_close = False
    portal: PortalServer

    def handle_error(self, request: Any, client_address: Any) -> None:
        """Ignore clients that close the connection while an endless body is sent."""


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    server: _Http

    def log_message(self, format: str, *args: Any) -> None:
        """Print nothing; tests read the requests from ``requests``."""

    def do_GET(self) -> None:
        portal = self.server.portal
        portal.requests.append((self.command, self.path))
        parts = urlsplit(self.path)
        route = (
            portal.routes.get(self.path) or portal.routes.get(parts.path) or Response(404, "text/plain", b"not here")
        )
        while not isinstance(route, Response):
            query = dict(parse_qsl(parts.query, keep_blank_values=True))
            body = self.rfile.read(int(self.headers.get("Content-Length") or 0))
            route = route(Asked(self.command, parts.path, query, dict(self.headers), body, parts.query))
        with suppress(OSError):
            self.send(route)

    do_HEAD = do_POST = do_GET

    def send(self, response: Response) -> None:
        self.send_response(response.status)
        self.send_header("Content-Type", response.content_type)
        for name, value in response.headers.items():
            self.send_header(name, value)
        if isinstance(response.body, bytes):
            if "Content-Length" not in response.headers:
                self.send_header("Content-Length", str(len(response.body)))
            elif response.headers["Content-Length"] != str(len(response.body)):
                self.close_connection = True
        else:
            self.send_header("Connection", "close")
            self.close_connection = True
        self.end_headers()
        if self.command == "HEAD":
            return
        for chunk in [response.body] if isinstance(response.body, bytes) else response.body():
            self.wfile.write(chunk)


def ckan_search(packages: list[dict[str, Any]], *, rows_max: int = 1000) -> Callable[[Asked], Response]:
    """Return a route that works as CKAN's package_search over a list, including its silent limit of rows."""

    def respond(asked: Asked) -> Response:
        start, rows = int(asked.query.get("start", 0)), min(int(asked.query["rows"]), rows_max)
        page = packages[start : start + rows]
        return as_json({"success": True, "result": {"count": len(packages), "results": page}})

    return respond


def spec(portal_id: str, portal_type: str, url: str, *, local: bool = True, **values: Any) -> PortalSpec:
    """Return a portal as a portal file would declare it, without pauses between requests."""
    limits = {"delay_s": 0, "timeout_s": 20, **values.pop("limits", {})}
    data = {"id": portal_id, "type": portal_type, "title": portal_id.title(), "url": url, "local": local, **values}
    return parse(PortalSpec, {**data, "limits": limits}, portal_id)


def harvest(catalog: Catalog, *portals: PortalSpec, contact: str = "no contact given") -> RunContext:
    """Harvest ``portals`` in a new run, without the other stages; return the context of the run."""
    chosen = [portal_of(portal) for portal in portals]
    run_id = catalog.begin_run("test", chosen, version="0", methodology="0")
    run = RunContext(catalog=catalog, run_id=run_id, data=Path(catalog.path).parent, contact=contact)
    crawl(run, portals)
    return run


def harvested(catalog: Catalog, portal_id: str) -> dict[str, Any]:
    """Return the row of the last harvest of a portal, with its reasons parsed."""
    row = catalog.rows("select * from harvests where portal_id = ? order by run_id desc limit 1", [portal_id])[0]
    return row | {"reasons": json.loads(row["reasons"] or "[]")}
