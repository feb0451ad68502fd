"""Asking strangers' servers a few short questions: guarded, within robots.txt, slowly, and never for much."""

from __future__ import annotations

import socket
import threading
import time
from collections.abc import Collection
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import urlsplit

import requests
import urllib3
from protego import Protego
from requests.adapters import HTTPAdapter
from urllib3.connection import HTTPConnection, HTTPSConnection
from urllib3.connectionpool import HTTPConnectionPool, HTTPSConnectionPool

from harvester.checks.guard import guarded_connection, own_addresses
from harvester.settings import USER_AGENT

__all__ = ["Asker", "Seen"]

TIMEOUT_S = 20.0
"""For one answer, from the connection to its last byte."""
MAX_BYTES = 3_000_000
"""Of one answer; what is longer is known by its beginning."""
MAX_REDIRECTS = 5


@dataclass(frozen=True, slots=True)
class Seen:
    """What an address answered. ``status`` 0: nothing, and ``fault`` says why."""

    url: str
    status: int
    content_type: str = ""
    body: bytes = b""
    is_whole: bool = True
    final_url: str = ""
    fault: str | None = None

    @property
    def is_ok(self) -> bool:
        return 200 <= self.status < 300


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
        super().__init__(max_retries=0, pool_maxsize=4)

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


@dataclass(slots=True)
class Asker:
    """Asks the addresses of one portal; may be used by several threads."""

    url: str
    allow_local: bool = False
    contact: str = "no contact given"
    delay_s: float = 0.25
    """Seconds between two requests to one host. robots.txt can only lengthen it."""
    max_asked: int = 70
    asked: int = 0
    forbidden: list[str] = field(default_factory=list)
    """Addresses that robots.txt forbids: they were not asked."""
    _known: dict[str, Seen] = field(default_factory=dict)
    _rules: dict[str, Any] = field(default_factory=dict)
    _free_at: dict[str, float] = field(default_factory=dict)
    _lock: threading.Lock = field(default_factory=threading.Lock)
    _session: Any = None

    def __post_init__(self) -> None:
        local = own_addresses(self.url) if self.allow_local else frozenset[str]()
        self._session = requests.Session()
        self._session.trust_env = False
        self._session.max_redirects = MAX_REDIRECTS
        self._session.headers["User-Agent"] = USER_AGENT.format(contact=self.contact)
        self._session.mount("http://", _Adapter(local))
        self._session.mount("https://", _Adapter(local))

    def close(self) -> None:
        self._session.close()

    def __enter__(self) -> Asker:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def get(self, url: str, *, data: str | None = None, headers: dict[str, str] | None = None) -> Seen:
        """The answer of an address, asked for once; by POST where ``data`` is given."""
        key = f"{url} {data or ''}"
        with self._lock:
            if key in self._known:
                return self._known[key]
        found = self._asked(url, data, headers or {})
        with self._lock:
            return self._known.setdefault(key, found)

    def _asked(self, url: str, data: str | None, headers: dict[str, str]) -> Seen:
        if not self.may(url):
            with self._lock:
                self.forbidden.append(url)
            return Seen(url, 0, fault="robots.txt forbids it: not asked")
        with self._lock:
            if self.asked >= self.max_asked:
                return Seen(url, 0, fault="enough was asked")
            self.asked += 1
        return self._fetched(url, data, headers)

    def may(self, url: str) -> bool:
        """Whether robots.txt of the host allows an address."""
        parts = urlsplit(url)
        site = f"{parts.scheme}://{parts.netloc}"
        with self._lock:
            is_known = site in self._rules
        if not is_known:
            seen = self._fetched(f"{site}/robots.txt", None, {})
            is_text = seen.is_ok and not seen.body.lstrip().startswith(b"<")
            rules = Protego.parse(seen.body[:512_000].decode("utf-8", "replace")) if is_text else None
            with self._lock:
                self._rules.setdefault(site, rules)
                if rules is not None:
                    pause = rules.crawl_delay(self._session.headers["User-Agent"]) or 0
                    self.delay_s = max(self.delay_s, min(float(pause), 10.0))
        rules = self._rules[site]
        return rules is None or bool(rules.can_fetch(url, self._session.headers["User-Agent"]))

    def sitemaps(self) -> list[str]:
        """Sitemaps that robots.txt names."""
        return [one for rules in self._rules.values() if rules is not None for one in rules.sitemaps][:3]

    def _wait(self, host: str) -> None:
        """Until the host may be asked again."""
        with self._lock:
            now = time.monotonic()
            at = max(now, self._free_at.get(host, 0.0))
            self._free_at[host] = at + self.delay_s
        time.sleep(max(0.0, at - now))

    def _fetched(self, url: str, data: str | None, headers: dict[str, str]) -> Seen:
        self._wait(urlsplit(url).netloc)
        method, deadline = ("POST" if data else "GET"), time.monotonic() + TIMEOUT_S
        try:
            with self._session.request(
                method, url, data=data, headers=headers, timeout=TIMEOUT_S, stream=True
            ) as response:
                body, is_whole = b"", True
                for chunk in response.iter_content(65_536):
                    body += chunk
                    if len(body) >= MAX_BYTES or time.monotonic() > deadline:
                        is_whole = False
                        break
                kind = response.headers.get("Content-Type", "")
                return Seen(url, response.status_code, kind, body, is_whole, response.url)
        except (requests.RequestException, urllib3.exceptions.HTTPError, UnicodeError, ValueError) as error:
            return Seen(url, 0, fault=str(error)[:200])
