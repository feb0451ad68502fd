"""The demo portals behind one port of the loopback interface: two nights of three fictional governments.

    with DemoServer() as server:
        specs = server.portals()
        ...                      # first night
        server.night = 2
        ...                      # second night

HTTP is done properly where it is not broken on purpose: HEAD, ETag, Last-Modified, 304, Range, chunks. Nothing
depends on the clock but the Date header and the two answers that take their time.
"""

from __future__ import annotations

import contextlib
import socket
import sys
import threading
from collections.abc import Mapping
from dataclasses import replace
from datetime import UTC, datetime
from email.utils import format_datetime, parsedate_to_datetime
from http import HTTPStatus
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from types import TracebackType
from typing import Any
from urllib.parse import parse_qsl, unquote, urlsplit

from harvester.demo import ckan
from harvester.demo.harborview import HARBORVIEW
from harvester.demo.replies import Reply, json_reply, page
from harvester.demo.sites import Json, Site
from harvester.demo.solmark import SOLMARK
from harvester.demo.verdania import VERDANIA, feed

__all__ = ["DISALLOWED", "SITES", "DemoServer"]

SITES: tuple[Site, ...] = (SOLMARK, VERDANIA, HARBORVIEW)
DISALLOWED = "/solmark/files/reserved/"
"""The one folder that robots.txt keeps to itself. It is served all the same: a client has to obey by itself."""
ROBOTS = Reply(content_type="text/plain", body=f"User-agent: *\nDisallow: {DISALLOWED}\n".encode())
SECOND_NIGHT = datetime(2026, 3, 3, 1, 15, tzinfo=UTC)
"""Last-Modified on night 2 of what differs from night 1."""
MAX_REQUEST_BYTES = 1_000_000


class DemoServer:
    """Context manager; ``night`` (1 or 2) may be set at any time and holds for the requests that follow."""

    def __init__(self, *, night: int = 1, port: int = 0) -> None:
        self.requests: list[tuple[str, str]] = []
        """Every (method, path with query) received, in order."""
        self._night = 1
        self.night = night
        self._port = port
        self._http: _Http | None = None
        self._thread: threading.Thread | None = None
        self._records: dict[tuple[str, int], list[Json]] = {}
        self._replies: dict[tuple[str, int], Reply | None] = {}

    @property
    def night(self) -> int:
        return self._night

    @night.setter
    def night(self, value: int) -> None:
        if value not in (1, 2):
            raise ValueError(f"night must be 1 or 2, not {value!r}")
        self._night = value

    @property
    def url(self) -> str:
        """Root address without a trailing slash. Raises RuntimeError while the server is not running."""
        if self._http is None:
            raise RuntimeError("the demo server is not running; use it as a context manager")
        return f"http://127.0.0.1:{self._http.server_address[1]}"

    def portals(self) -> list[dict[str, Any]]:
        """The portals as ``specs/portals/<id>.toml`` would declare them."""
        return [
            {
                "id": site.id,
                "type": site.type,
                "title": site.title,
                "url": self.url + site.path,
                "government": site.government,
                "country": site.country,
                "contact_email": site.contact_email,
                "local": True,
                "limits": {"delay_s": 0, "concurrency": 4},
            }
            for site in SITES
        ]

    def __enter__(self) -> DemoServer:
        self._http = _Http(("127.0.0.1", self._port), self)
        self._thread = threading.Thread(
            target=self._http.serve_forever, kwargs={"poll_interval": 0.02}, name="winnow-demo", daemon=True
        )
        self._thread.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if self._http is not None and self._thread is not None:
            self._http.stop()
            self._thread.join()
        self._http = self._thread = None
        # The next start has another port, which stands in every record.
        self._records.clear()
        self._replies.clear()

    def answer(self, path: str, parameters: Mapping[str, Any], body: bytes | None = None) -> Reply:
        """The reply to a request for ``path`` (decoded), before ranges and conditions are looked at."""
        night = self.night
        if path == "/robots.txt":
            return ROBOTS
        if path == "/":
            return page("Demo portals", ", ".join(f"{site.title}: {site.path}" for site in SITES))
        site = next((s for s in SITES if f"{path}/".startswith(f"/{s.id}/")), None)
        reply = site and self._of_site(site, night, path, parameters, body)
        if reply is None:
            return page("Not Found", "The requested URL was not found on the server.", status=404)
        return reply

    def _of_site(
        self, site: Site, night: int, path: str, parameters: Mapping[str, Any], body: bytes | None
    ) -> Reply | None:
        files = f"/{site.id}/files/"
        if path.startswith(files):
            return self._file(site, night, path.removeprefix(files))
        if site.type == "ckan" and path.startswith(f"{site.path}/dataset/") and "/download/" in path:
            return self._file(site, night, path.rsplit("/", 1)[1])
        if site.type == "dcat-us":
            reply = self._catalogue(site, night, path)
        else:
            below = path.removeprefix(site.path) if path.startswith(site.path) else "?"
            reply = ckan.answer(site.title, self.records(site, night), below, parameters, body)
        if reply is None and path.rstrip("/") == f"/{site.id}":
            reply = page(site.title, f"The data is at {site.path}")
        return replace(reply, modified=SECOND_NIGHT) if reply and reply.modified and night == 2 else reply

    def _catalogue(self, site: Site, night: int, path: str) -> Reply | None:
        if path == site.path:
            return json_reply(feed(self.records(site, night)), bom=True)
        folder, _, name = path.rpartition("/")
        return page(name, "About this dataset.") if folder == f"/{site.id}/pages" and name else None

    def records(self, site: Site, night: int) -> list[Json]:
        """What the site serves on a night, private packages included."""
        key = site.id, night
        if key not in self._records:
            self._records[key] = site.records(self.url, night)
        return self._records[key]

    def _file(self, site: Site, night: int, name: str) -> Reply | None:
        key = f"{site.id}/{name}", night
        if key not in self._replies:
            make = site.files(night).get(name)
            reply = make() if make else None
            if reply and reply.modified and night == 2:
                before = self._file(site, 1, name)
                if before is None or before.etag != reply.etag:
                    reply = replace(reply, modified=SECOND_NIGHT)
            self._replies[key] = reply
        return self._replies[key]


class _Http(ThreadingHTTPServer):
    """Daemon threads, and an end that does not wait for clients."""

    request_queue_size = 64

    def __init__(self, address: tuple[str, int], demo: DemoServer) -> None:
        super().__init__(address, _Handler)
        self.demo = demo
        self.stopping = threading.Event()
        self.idle = threading.Condition()
        self.connections: set[socket.socket] = set()

    def stop(self) -> None:
        """End everything in well under a second, endless bodies too."""
        self.stopping.set()
        self.shutdown()
        self.server_close()
        with self.idle:
            for connection in self.connections:
                with contextlib.suppress(OSError):
                    connection.shutdown(socket.SHUT_RDWR)
            self.idle.wait_for(lambda: not self.connections, timeout=0.5)

    def process_request(self, request: Any, client_address: Any) -> None:
        # Before the thread starts: afterwards stop() could miss it.
        with self.idle:
            self.connections.add(request)
        super().process_request(request, client_address)

    def shutdown_request(self, request: Any) -> None:
        super().shutdown_request(request)
        with self.idle:
            self.connections.discard(request)
            self.idle.notify_all()

    def handle_error(self, request: Any, client_address: Any) -> None:
        """A client that hangs up is none of our business; a mistake of ours goes to stderr."""
        if not isinstance(sys.exc_info()[1], OSError):
            super().handle_error(request, client_address)


class _Handler(BaseHTTPRequestHandler):
    server: _Http
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
            # The body is not read, so the connection cannot be used again.
            self.close_connection = True
            self._send(page("Bad Request", "A body of known, moderate length is needed.", status=400))
            return
        self._serve(self.rfile.read(int(length)))

    def _serve(self, body: bytes | None) -> None:
        demo = self.server.demo
        demo.requests.append((self.command, self.path))
        try:
            parts = urlsplit(self.path)
            parameters = dict(parse_qsl(parts.query, keep_blank_values=True, max_num_fields=100))
        except ValueError:
            self._send(page("Bad Request", "The address cannot be read.", status=400))
            return
        reply = demo.answer(unquote(parts.path), parameters, body)
        self._send(self._conditional(reply) if self.command in ("GET", "HEAD") else reply)

    def _conditional(self, reply: Reply) -> Reply:
        """RFC 9110 §13.2.2: If-None-Match wins over If-Modified-Since; then Range, for GET alone."""
        if reply.modified is None or reply.status != HTTPStatus.OK:
            return reply
        validators = {"ETag": reply.etag, "Last-Modified": format_datetime(reply.modified, usegmt=True)}
        if reply.ranges:
            validators["Accept-Ranges"] = "bytes"
        reply = replace(reply, headers={**validators, **reply.headers})
        tags, since = self.headers.get("If-None-Match"), _instant(self.headers.get("If-Modified-Since"))
        if tags is not None:
            known = {tag.strip().removeprefix("W/") for tag in tags.split(",")}
            fresh = "*" in known or reply.etag in known
        else:
            fresh = since is not None and reply.modified is not None and reply.modified <= since
        if fresh:
            return replace(reply, status=304, body=b"", content_type=None)
        wanted = self.headers.get("Range")
        if wanted and reply.ranges and self.command == "GET" and self._if_range(validators):
            return _part(reply, wanted)
        return reply

    def _if_range(self, validators: Mapping[str, str]) -> bool:
        condition = self.headers.get("If-Range")
        return condition is None or condition in (validators["ETag"], validators["Last-Modified"])

    def _send(self, reply: Reply) -> None:
        self.send_response_only(reply.status)
        headers = {"Server": self.version_string(), "Date": self.date_time_string()}
        if reply.content_type:
            headers["Content-Type"] = reply.content_type
        # HTTP/1.0 knows no chunks: there the end of the connection is the end of the body.
        chunked = reply.streamed is not None and reply.length is None and self.request_version != "HTTP/1.0"
        if reply.streamed is None and reply.status != HTTPStatus.NOT_MODIFIED:
            headers["Content-Length"] = str(len(reply.body))
        elif reply.length is not None:
            headers["Content-Length"] = str(reply.length)
        elif chunked:
            headers["Transfer-Encoding"] = "chunked"
        if self.close_connection:
            headers["Connection"] = "close"
        for name, value in {**headers, **reply.headers}.items():
            self.send_header(name, value)
        self.end_headers()
        if self.command == "HEAD":
            return
        if reply.streamed is None:
            self.wfile.write(reply.body)
            return
        for block in reply.streamed(self.server.stopping):
            self.wfile.write(b"%x\r\n%b\r\n" % (len(block), block) if chunked else block)
        if self.server.stopping.is_set() or (reply.length is None and not chunked):
            self.close_connection = True
        elif chunked:
            self.wfile.write(b"0\r\n\r\n")


def _instant(value: str | None) -> datetime | None:
    """An HTTP date; None for anything else, which is to be ignored."""
    try:
        parsed = parsedate_to_datetime(value) if value else None
    except ValueError:
        return None
    return parsed.replace(tzinfo=UTC) if parsed and parsed.tzinfo is None else parsed


def _part(reply: Reply, wanted: str) -> Reply:
    """One range of bytes (RFC 9110 §14); several at once, or nonsense, are answered with the whole file."""
    unit, _, span = wanted.partition("=")
    first, dash, last = span.strip().partition("-")
    numbers_only = all(part == "" or (part.isascii() and part.isdigit()) for part in (first, last))
    if unit.strip() != "bytes" or not dash or not numbers_only or not (first or last):
        return reply
    size = len(reply.body)
    start = int(first) if first else max(size - int(last), 0)
    end = min(int(last) + 1, size) if first and last else size
    if start >= size or (not first and int(last) == 0):
        return replace(reply, status=416, body=b"", headers={**reply.headers, "Content-Range": f"bytes */{size}"})
    if end <= start:
        return reply
    headers = {**reply.headers, "Content-Range": f"bytes {start}-{end - 1}/{size}"}
    return replace(reply, status=206, body=reply.body[start:end], headers=headers)
