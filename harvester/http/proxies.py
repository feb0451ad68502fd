"""Proxies: one of the configuration, if any, and none of the environment.

Behind a proxy the address guard sees the proxy alone. So a name is resolved and looked at here before the proxy is
asked for it, and refused where any of its addresses is not public.
"""

from __future__ import annotations

import os
import socket
from collections.abc import Collection
from urllib.parse import urlsplit

from harvester.http.guard import check_address, own_addresses

__all__ = ["check_name", "is_direct", "of_environment"]

_NAMES = ("http_proxy", "https_proxy", "all_proxy", "ftp_proxy", "no_proxy")


def of_environment() -> list[str]:
    """The variables of the environment that name a proxy. They are ignored."""
    return sorted(name for name in os.environ if name.lower() in _NAMES and os.environ[name].strip())


def check_name(url: str) -> None:
    """Resolve the host of an address, and raise PrivateAddressError where one of its addresses is not public.

    Raises socket.gaierror where it has none.
    """
    parts = urlsplit(url)
    port = parts.port or (443 if parts.scheme == "https" else 80)
    for info in socket.getaddrinfo(parts.hostname or "", port, type=socket.SOCK_STREAM):
        check_address(str(info[4][0]), port)


def is_direct(url: str, local: Collection[str]) -> bool:
    """Whether an address is a place of a local portal, which no proxy is asked for."""
    return bool(local) and not own_addresses(url).isdisjoint(local)
