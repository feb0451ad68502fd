"""What kind of portal an address is: a few polite questions, one after the other."""

from __future__ import annotations

import socket
from collections.abc import Collection
from typing import Any

import requests
import urllib3
from requests.adapters import HTTPAdapter
from urllib3.connection import HTTPConnection, HTTPSConnection
from urllib3.connectionpool import HTTPConnectionPool, HTTPSConnectionPool

from harvester.checks.guard import guarded_connection, own_addresses
from harvester.settings import USER_AGENT

__all__ = ["detect"]

TIMEOUT_S = 20.0
MAX_BYTES = 200_000


def _guarded(connection: HTTPConnection, local: Collection[str]) -> socket.socket:
    """Connect to the first address of the host that may be connected to, and to no other."""
    host, port = connection.host.strip("[]"), connection.port or connection.default_port
    try:
        return guarded_connection(host, port or 80, TIMEOUT_S, local=local)
    except OSError as error:
        raise urllib3.exceptions.NewConnectionError(connection, str(error)) from error


class _Adapter(HTTPAdapter):
    """Every connection, also of a redirect, passes the address guard."""

    def __init__(self, local: Collection[str]) -> None:
        self.local = local
        super().__init__(max_retries=0)

    def init_poolmanager(self, *args: Any, **kwargs: Any) -> None:
        super().init_poolmanager(*args, **kwargs)
        local = self.local

        class Plain(HTTPConnection):
            def _new_conn(self) -> socket.socket:
                return _guarded(self, local)

        class Secure(HTTPSConnection):
            def _new_conn(self) -> socket.socket:
                return _guarded(self, local)

        class PlainPool(HTTPConnectionPool):
            ConnectionCls = Plain

        class SecurePool(HTTPSConnectionPool):
            ConnectionCls = Secure

        self.poolmanager.pool_classes_by_scheme = {"http": PlainPool, "https": SecurePool}


def detect(url: str, *, allow_local: bool = False, contact: str = "no contact given") -> str | None:
    """The portal type behind an address, or None where none of the known ones answers.

    Asks for CKAN's ``package_search`` without rows, then for the first bytes of ``data.json``.
    """
    base = url.split("/api/")[0].rstrip("/")
    local = own_addresses(url) if allow_local else frozenset[str]()
    with requests.Session() as session:
        session.trust_env = False
        session.headers["User-Agent"] = USER_AGENT.format(contact=contact)
        session.mount("http://", _Adapter(local))
        session.mount("https://", _Adapter(local))
        if not url.endswith(".json"):
            answer = _begin(session, f"{base}/api/3/action/package_search?rows=0")
            if b'"success"' in answer and b'"result"' in answer:
                return "ckan"
        answer = _begin(session, url if url.endswith(".json") else f"{base}/data.json")
        start = answer.removeprefix(b"\xef\xbb\xbf").lstrip()
        if start[:1] in (b"{", b"[") and (b'"dataset"' in start or b'"identifier"' in start):
            return "dcat-us"
    return None


def _begin(session: requests.Session, url: str) -> bytes:
    """The first bytes of a 2xx answer; nothing where there is none."""
    try:
        with session.get(url, timeout=TIMEOUT_S, stream=True) as response:
            return next(response.iter_content(MAX_BYTES), b"") if response.ok else b""
    except requests.RequestException:
        return b""
