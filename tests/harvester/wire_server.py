"""A server that sends what it is told, byte by byte: responses that break the rules of HTTP, or break off."""

from __future__ import annotations

import socket
import ssl
import struct
import threading
from collections.abc import Callable, Sequence
from contextlib import suppress
from types import TracebackType

__all__ = ["RESET", "WireServer", "head"]

RESET = "reset"
"""As a step of a response: the connection is reset (RST)."""
Step = bytes | str
Wire = Sequence[Step] | Callable[[str, str, dict[str, str]], Sequence[Step]]


def head(status: str = "200 OK", /, version: str = "1.1", **headers: object) -> bytes:
    """Return the head of a response; "_" in the name of a header stands for "-"."""
    lines = [f"HTTP/{version} {status}", *(f"{name.replace('_', '-')}: {value}" for name, value in headers.items())]
    return "\r\n".join([*lines, "", ""]).encode("latin-1")


NOT_FOUND = [head("404 Not Found", Content_Length=0)]


class WireServer:
    """Context manager. Each connection gets one response and is closed; a path without a route gets 404.

    A route is a list of steps, or makes one of the method, the path and the headers asked with.
    """

    def __init__(self, routes: dict[str, Wire] | None = None, *, tls: ssl.SSLContext | None = None) -> None:
        self.routes: dict[str, Wire] = dict(routes or {})
        self.requests: list[tuple[str, str]] = []
        self._tls = tls
        self._listener = socket.create_server(("127.0.0.1", 0), backlog=64)
        self.url = f"{'https' if tls else 'http'}://127.0.0.1:{self._listener.getsockname()[1]}"

    def __enter__(self) -> WireServer:
        threading.Thread(target=self._serve, daemon=True).start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._listener.close()

    def asked(self, path: str) -> int:
        """Return how often a path was requested with GET."""
        return self.requests.count(("GET", path))

    def _serve(self) -> None:
        with suppress(OSError):
            while True:
                connection, _ = self._listener.accept()
                threading.Thread(target=self._answer, args=(connection,), daemon=True).start()

    def _answer(self, plain: socket.socket) -> None:
        with suppress(OSError):
            plain.settimeout(20)
            with self._tls.wrap_socket(plain, server_side=True) if self._tls else plain as stream:
                self._converse(stream)

    def _converse(self, stream: socket.socket) -> None:
        asked = b""
        while b"\r\n\r\n" not in asked:
            if not (block := stream.recv(65_536)):
                return
            asked += block
        start, *lines = asked.decode("latin-1").split("\r\n\r\n")[0].split("\r\n")
        method, path, _ = start.split(" ", 2)
        headers = dict(line.split(": ", 1) for line in lines)
        self.requests.append((method, path))
        route = self.routes.get(path) or self.routes.get(path.partition("?")[0], NOT_FOUND)
        for step in route(method, path, headers) if callable(route) else route:
            if step == RESET:
                stream.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
                return
            if isinstance(step, bytes):
                stream.sendall(step)
        stream.shutdown(socket.SHUT_WR)
        # What the client has still sent would make this a reset.
        while stream.recv(65_536):
            pass
