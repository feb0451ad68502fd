"""Sessions of requests behind the address guard, for the few addresses that are asked outside a crawl.

Detection probes a site's likely paths, and scorecards are posted to webhooks. Every connection of such a session,
including redirects and proxies, goes to an address that :mod:`harvester.http.guard` permits.
"""

from __future__ import annotations

import socket
import threading
from collections.abc import Callable, Collection, Iterable, Iterator
from contextlib import contextmanager, suppress
from typing import Any

import requests
import urllib3
from requests.adapters import HTTPAdapter
from urllib3.connection import HTTPConnection, HTTPSConnection
from urllib3.connectionpool import HTTPConnectionPool, HTTPSConnectionPool

from harvester.http.guard import guarded_connection

__all__ = ["cut_after", "ended_after", "guarded_session"]

CONNECT_S = 20.0
"""Seconds to wait for a connection, if the request sets no time-out itself."""
_IN_USE = threading.local()
"""The sockets that this thread's request uses."""


def guarded_session(local: Collection[str] = ()) -> requests.Session:
    """Return a new requests session that connects only to public addresses and to those in ``local``.

    ``local``: private addresses with their ports, as :func:`harvester.http.guard.own_addresses` returns them. Proxies
    and logins from the environment are ignored. A refused connection raises requests.ConnectionError. The caller must
    close the session.
    """
    session = requests.Session()
    session.trust_env = False
    session.mount("http://", _Adapter(local))
    session.mount("https://", _Adapter(local))
    return session


@contextmanager
def ended_after(seconds: float) -> Iterator[None]:
    """Cut the connections that this thread uses within the ``with`` block if the block takes longer than ``seconds``.

    A socket time-out applies to each read alone, so a server that sends one byte now and then would never reach it.
    """
    sockets = _IN_USE.sockets = []
    with cut_after(seconds, lambda: sockets):
        yield


@contextmanager
def cut_after(seconds: float, sockets: Callable[[], Iterable[socket.socket]]) -> Iterator[None]:
    """If the ``with`` block takes longer than ``seconds``, call ``sockets`` and shut down the sockets that it
    returns.
    """

    def end() -> None:
        for one in sockets():
            with suppress(OSError):
                # Shut down the plain socket: the TLS socket's own method must not be called from a second thread.
                socket.socket.shutdown(one, socket.SHUT_RDWR)

    timer = threading.Timer(seconds, end)
    timer.daemon = True
    timer.start()
    try:
        yield
    finally:
        timer.cancel()


def _connected(connection: HTTPConnection, local: Collection[str]) -> socket.socket:
    """Connect to the host's first permitted address, and to no other."""
    host, port = connection.host.strip("[]"), connection.port or connection.default_port
    timeout_s = connection.timeout if isinstance(connection.timeout, int | float) else CONNECT_S
    try:
        return guarded_connection(host, port or 80, timeout_s, local=local)
    except TimeoutError as error:
        raise urllib3.exceptions.ConnectTimeoutError(connection, str(error)) from error
    except OSError as error:
        raise urllib3.exceptions.NewConnectionError(connection, str(error)) from error


class _Noted:
    """Note the socket a response is awaited on, so that another thread can shut it down."""

    def getresponse(self) -> Any:
        getattr(_IN_USE, "sockets", []).append(self.sock)  # type: ignore[attr-defined]
        return super().getresponse()  # type: ignore[misc]


class _Adapter(HTTPAdapter):
    """Send every connection, including redirects, through the address guard."""

    def __init__(self, local: Collection[str]) -> None:
        self.local = local
        super().__init__(max_retries=0, pool_maxsize=4)

    def init_poolmanager(self, *args: Any, **kwargs: Any) -> None:
        super().init_poolmanager(*args, **kwargs)
        local = self.local

        class Plain(_Noted, HTTPConnection):
            def _new_conn(self) -> socket.socket:
                return _connected(self, local)

        class Secure(_Noted, HTTPSConnection):
            def _new_conn(self) -> socket.socket:
                return _connected(self, local)

        class PlainPool(HTTPConnectionPool):
            ConnectionCls = Plain

        class SecurePool(HTTPSConnectionPool):
            ConnectionCls = Secure

        self.poolmanager.pool_classes_by_scheme = {"http": PlainPool, "https": SecurePool}

    def proxy_manager_for(self, proxy: str, **kwargs: Any) -> Any:
        manager = super().proxy_manager_for(proxy, **kwargs)
        manager.pool_classes_by_scheme = self.poolmanager.pool_classes_by_scheme
        return manager
