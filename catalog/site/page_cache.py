"""Finished responses, kept in memory until the public file changes: most visitors ask for what others asked for."""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Awaitable, Callable
from typing import Any

__all__ = ["KEPT_BYTES", "LARGEST_KEPT", "Key", "ResponseCache"]

KEPT_BYTES = 64_000_000
"""Bytes of all responses that are kept; those that nobody has asked for longest go first."""
LARGEST_KEPT = 1_000_000
"""Bytes of the largest response that is kept."""
_OVERHEAD = 1_000
"""Bytes that a response takes besides its body and its address, about."""
_ASKS_MORE = (b"cookie", b"authorization", b"if-modified-since")
"""Headers of requests whose answer may be another one than that of others."""

Key = tuple[bytes, ...]
"""What a response depends on: tag of the public file and the form, scheme, host, path, query string, and whether it is
compressed."""
Send = Callable[[dict[str, Any]], Awaitable[None]]


class ResponseCache:
    """Responses as they were sent; where they take more than ``kept_bytes`` bytes in all, those not asked for the
    longest time go first."""

    def __init__(self, kept_bytes: int = KEPT_BYTES) -> None:
        self.kept_bytes, self.size = kept_bytes, 0
        self._kept: OrderedDict[Key, tuple[dict[str, Any], bytes]] = OrderedDict()

    def key(self, tag: bytes, scope: Any, asked: dict[bytes, bytes]) -> Key | None:
        """Return the key under which the response to a request is kept; None if it must not be kept: for methods other
        than GET, responses without ETag (``tag``), and those that may differ from visitor to visitor.

        ``scope``: the ASGI scope of the request. ``asked``: its headers, with lower-case names.
        """
        if not tag or scope["method"] != "GET" or any(name in asked for name in _ASKS_MORE):
            return None
        packed = b"gzip" if b"gzip" in asked.get(b"accept-encoding", b"") else b""
        path = scope.get("raw_path") or scope["path"].encode()
        query = scope.get("query_string", b"")
        return tag, scope.get("scheme", "http").encode(), asked.get(b"host", b""), path, query, packed

    async def answer(self, key: Key | None, send: Send) -> bool:
        """Send the response that is kept under ``key``; return whether there is one."""
        found = self._kept.get(key) if key else None
        if key is None or found is None:
            return False
        self._kept.move_to_end(key)
        start, body = found
        await send(start)
        await send({"type": "http.response.body", "body": body})
        return True

    def keeping(self, key: Key | None, send: Send) -> Send:
        """Return a function that sends like ``send`` and keeps the response under ``key`` when it is whole: one with
        status 200 and an ETag that is not too large. None keeps nothing."""
        if key is None:
            return send
        start: dict[str, Any] = {}
        parts: list[bytes] = []

        async def keep(event: dict[str, Any]) -> None:
            nonlocal start
            if event["type"] == "http.response.start":
                is_kept = event["status"] == 200 and any(name == b"etag" for name, _ in event["headers"])
                start = event if is_kept else {}
            elif start:
                parts.append(event.get("body", b""))
                if sum(map(len, parts)) > LARGEST_KEPT:
                    start = {}
                    parts.clear()
                elif not event.get("more_body"):
                    self._put(key, start, b"".join(parts))
            await send(event)

        return keep

    def _put(self, key: Key, start: dict[str, Any], body: bytes) -> None:
        if key in self._kept:
            return
        self._kept[key] = (start, body)
        self.size += _size(key, body)
        while self.size > self.kept_bytes:
            old, (_, gone) = self._kept.popitem(last=False)
            self.size -= _size(old, gone)


def _size(key: Key, body: bytes) -> int:
    return len(body) + sum(map(len, key)) + _OVERHEAD
