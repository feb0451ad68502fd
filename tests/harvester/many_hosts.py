"""Many HTTP servers, each at a loopback address of its own, that note who asked what and when."""

from __future__ import annotations

import threading
import time
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

__all__ = ["ManyHosts", "many_hosts"]


class ManyHosts:
    """What the servers have in common: the port, the bodies they serve, and the log of requests."""

    def __init__(self, sleep_s: float = 0.0) -> None:
        self.sleep_s = sleep_s
        self.port = 0
        self.hosts: list[str] = []
        self.bodies: dict[str, bytes] = {}
        """JSON documents by path, beside the tables."""
        self.changed: set[str] = set()
        """Paths that serve other bytes than at first."""
        self.log: list[tuple[str, float, str, str]] = []
        """Host, time on the monotonic clock, method and path of every request."""

    def url(self, host: int, path: str) -> str:
        """Return the address of a path at the host of a number."""
        return f"http://{self.hosts[host]}:{self.port}{path}"

    def respond(self, host: str, path: str) -> tuple[int, bytes, dict[str, str]]:
        """Return status, body and headers for a path: a table, but for what its name says."""
        other = self.hosts[(self.hosts.index(host) + 1) % len(self.hosts)]
        if path in self.bodies:
            return 200, self.bodies[path], {"Content-Type": "application/json"}
        if "gone" in path:
            return 410, b"gone", {}
        if "wall" in path:
            return 403, b"<title>Just a moment...</title>", {}
        if "moved" in path:
            return 302, b"", {"Location": f"http://{other}:{self.port}{path.replace('moved', 'here')}"}
        if path.endswith(".json"):
            return 200, b'{"fields": [{"name": "a", "type": "integer"}, {"name": "b", "type": "integer"}]}', {}
        mark = "2" if path in self.changed else "1"
        rows = "".join(f"{n},{mark}\n" for n in range(200))
        ragged = "7,8,9\n" if "ragged" in path else ""
        return 200, f"a,b\n{rows}{ragged}".encode(), {"ETag": f'"{path}-{mark}"', "Content-Type": "text/csv"}


@contextmanager
def many_hosts(count: int, sleep_s: float = 0.0) -> Iterator[ManyHosts]:
    """Serve at ``count`` addresses from 127.0.0.2 on, all on one free port. Each response takes ``sleep_s`` seconds."""
    made = ManyHosts(sleep_s)

    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def do_GET(self) -> None:
            host = str(self.server.server_address[0])
            made.log.append((host, time.monotonic(), self.command, self.path))
            if made.sleep_s:
                time.sleep(made.sleep_s)
            status, body, headers = made.respond(host, self.path) if self.path != "/robots.txt" else (404, b"", {})
            if headers.get("ETag") and self.headers.get("If-None-Match") == headers["ETag"]:
                status, body = 304, b""
            self.send_response(status)
            for name, value in headers.items():
                self.send_header(name, value)
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            if self.command == "GET":
                self.wfile.write(body)

        do_HEAD = do_GET

        def log_message(self, *_: object) -> None:
            """Print nothing."""

    with ExitStack() as stack:
        for number in range(count):
            host = f"127.0.0.{number + 2}"
            server = stack.enter_context(ThreadingHTTPServer((host, made.port), Handler))
            made.port = server.server_address[1]
            made.hosts.append(host)
            thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02}, daemon=True)
            thread.start()
            stack.callback(thread.join)
            stack.callback(server.shutdown)
        yield made
