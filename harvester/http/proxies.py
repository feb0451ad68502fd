"""Use the proxy of the configuration, if any, and none from the environment.

Behind a proxy the address guard sees only the proxy. So each host name is resolved and checked here before the
proxy gets the request, and refused if any of its addresses is not public.
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
    """Return the names of environment variables that set a proxy, such as HTTPS_PROXY, so that a warning can name
    them.

    Winnow ignores these variables; its proxy comes from its own configuration.
    """
    return sorted(name for name in os.environ if name.lower() in _NAMES and os.environ[name].strip())


def check_name(url: str) -> None:
    """Resolve the host of ``url``, and raise PrivateAddressError if any of its IP addresses is not public.

    Raise socket.gaierror if the name does not resolve.
    """
    parts = urlsplit(url)
    port = parts.port or (443 if parts.scheme == "https" else 80)
    for info in socket.getaddrinfo(parts.hostname or "", port, type=socket.SOCK_STREAM):
        check_address(str(info[4][0]), port)


def is_direct(url: str, local: Collection[str]) -> bool:
    """Return whether ``url`` leads to an address of a local portal, which is requested without the proxy.

    ``local``: the portal's addresses, as :func:`harvester.http.guard.own_addresses` returns them.
    """
    return bool(local) and not own_addresses(url).isdisjoint(local)
