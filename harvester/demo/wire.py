"""HTTP for the demo portals: HEAD, conditional requests, ranges, chunks, and a shutdown that does not wait."""

from __future__ import annotations

import contextlib
import socket
import sys
import threading
from collections.abc import Callable, Mapping
from dataclasses import replace
from datetime import UTC, datetime
from email.utils import format_datetime, parsedate_to_datetime
from http import HTTPStatus
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.parse import parse_qsl, unquote, urlsplit

from harvester.demo.responses import ReplayedResponse, page

__all__ = ["Listener"]

MAX_REQUEST_BYTES = 1_000_000

Respond = Callable[[str, Mapping[str, Any], bytes | None], ReplayedResponse]
"""(decoded path, query, body of a POST) -> the response before ranges and conditions are applied."""


class Listener(ThreadingHTTPServer):
    """HTTP server with one thread for each connection. Stopping it does not wait for clients.

    ``respond`` gives the response to each request. ``requests`` is a list to which (method, path with query) of each
    request is appended.
    """

    request_queue_size = 64

    def __init__(self, port: int, respond: Respond, requests: list[tuple[str, str]]) -> None:
        super().__init__(("127.0.0.1", port), _Handler)
        self.respond, self.requests = respond, requests
        self.stopping = threading.Event()
        self.idle = threading.Condition()
        self.connections: set[socket.socket] = set()

    def stop(self) -> None:
        """Stop the server and close all connections within half a second, even while an endless body is sent."""
        self.stopping.set()
        self.shutdown()
        self.server_close()
        with self.idle:
            for connection in self.connections:
                with contextlib.suppress(OSError):
                    connection.shutdown(socket.SHUT_RDWR)
            self.idle.wait_for(lambda: not self.connections, timeout=0.5)

    def process_request(self, request: Any, client_address: Any) -> None:
        # Before the thread starts; afterwards stop() could miss it.
        with self.idle:
            self.connections.add(request)
        super().process_request(request, client_address)

    def shutdown_request(self, request: Any) -> None:
        super().shutdown_request(request)
        with self.idle:
            self.connections.discard(request)
            self.idle.notify_all()

    def handle_error(self, request: Any, client_address: Any) -> None:
        """Print an exception of a request to stderr, unless it is an OSError, because then the client closed the
        connection."""
        if not isinstance(sys.exc_info()[1], OSError):
            super().handle_error(request, client_address)


class _Handler(BaseHTTPRequestHandler):
    server: Listener
    protocol_version = "HTTP/1.1"
    disable_nagle_algorithm = True
    timeout = 60

    def log_message(self, format: str, *args: Any) -> None:
        pass

    def version_string(self) -> str:
        return "winnow-demo"

    def do_GET(self) -> None:
        self._serve(None)

    def do_HEAD(self) -> None:
        self._serve(None)

    def do_POST(self) -> None:
        length = self.headers.get("Content-Length", "")
        if not length.isdigit() or int(length) > MAX_REQUEST_BYTES:
            # The body was not read, so the connection cannot be reused.
            self.close_connection = True
            self._send(page("Bad Request", "A body of known, moderate length is needed.", status=400))
            return
        self._serve(self.rfile.read(int(length)))

    def _serve(self, body: bytes | None) -> None:
        self.server.requests.append((self.command, self.path))
        try:
            parts = urlsplit(self.path)
            parameters = dict(parse_qsl(parts.query, keep_blank_values=True, max_num_fields=100))
        except ValueError:
            self._send(page("Bad Request", "The address cannot be read.", status=400))
            return
        response = self.server.respond(unquote(parts.path), parameters, body)
        self._send(self._conditional(response) if self.command in ("GET", "HEAD") else response)

    def _conditional(self, response: ReplayedResponse) -> ReplayedResponse:
        """Apply RFC 9110 §13.2.2: If-None-Match overrides If-Modified-Since; then Range, for GET only."""
        if response.modified is None or response.status != HTTPStatus.OK:
            return response
        validators = {"ETag": response.etag, "Last-Modified": format_datetime(response.modified, usegmt=True)}
        if response.ranges:
            validators["Accept-Ranges"] = "bytes"
        response = replace(response, headers={**validators, **response.headers})
        tags, since = self.headers.get("If-None-Match"), _instant(self.headers.get("If-Modified-Since"))
        if tags is not None:
            known = {tag.strip().removeprefix("W/") for tag in tags.split(",")}
            fresh = "*" in known or response.etag in known
        else:
            fresh = since is not None and response.modified is not None and response.modified <= since
        if fresh:
            return replace(response, status=304, body=b"", content_type=None)
        wanted = self.headers.get("Range")
        if wanted and response.ranges and self.command == "GET" and self._if_range(validators):
            return _part(response, wanted)
        return response

    def _if_range(self, validators: Mapping[str, str]) -> bool:
        condition = self.headers.get("If-Range")
        return condition is None or condition in (validators["ETag"], validators["Last-Modified"])

    def _send(self, response: ReplayedResponse) -> None:
        self.send_response_only(response.status)
        headers = {"Server": self.version_string(), "Date": self.date_time_string()}
        if response.content_type:
            headers["Content-Type"] = response.content_type
        # HTTP/1.0 has no chunks, so the end of the connection is the end of the body.
        chunked = response.streamed is not None and response.length is None and self.request_version != "HTTP/1.0"
        if response.streamed is None and response.status != HTTPStatus.NOT_MODIFIED:
            headers["Content-Length"] = str(len(response.body))
        elif response.length is not None:
            headers["Content-Length"] = str(response.length)
        elif chunked:
            headers["Transfer-Encoding"] = "chunked"
        if self.close_connection:
            headers["Connection"] = "close"
        for name, value in {**headers, **response.headers}.items():
            self.send_header(name, value)
        self.end_headers()
        if self.command == "HEAD":
            return
        if response.streamed is None:
            self.wfile.write(response.body)
            return
        for block in response.streamed(self.server.stopping):
            self.wfile.write(b"%x\r\n%b\r\n" % (len(block), block) if chunked else block)
        if self.server.stopping.is_set() or (response.length is None and not chunked):
            self.close_connection = True
        elif chunked:
            self.wfile.write(b"0\r\n\r\n")


def _instant(value: str | None) -> datetime | None:
    """Return an HTTP date; None for anything else, which must be ignored."""
    try:
        parsed = parsedate_to_datetime(value) if value else None
    except ValueError:
        return None
    return parsed.replace(tzinfo=UTC) if parsed and parsed.tzinfo is None else parsed


def _part(response: ReplayedResponse, wanted: str) -> ReplayedResponse:
    """Return one range of bytes (RFC 9110 §14); several ranges, or an invalid one, return the whole file."""
    unit, _, span = wanted.partition("=")
    first, dash, last = span.strip().partition("-")
    numbers_only = all(part == "" or (part.isascii() and part.isdigit()) for part in (first, last))
    if unit.strip() != "bytes" or not dash or not numbers_only or not (first or last):
        return response
    size = len(response.body)
    start = int(first) if first else max(size - int(last), 0)
    end = min(int(last) + 1, size) if first and last else size
    if start >= size or (not first and int(last) == 0):
        return replace(response, status=416, body=b"", headers={**response.headers, "Content-Range": f"bytes */{size}"})
    if end <= start:
        return response
    headers = {**response.headers, "Content-Range": f"bytes {start}-{end - 1}/{size}"}
    return replace(response, status=206, body=response.body[start:end], headers=headers)
