"""Decide which network addresses may be connected to.

A portal can name any address: the operator's router, or a cloud's metadata service. The guard checks the IP
address a connection is about to use, not the name in the URL, so a name that resolves differently the second time
gains nothing. It runs for every connection, and therefore on every redirect.
"""

from __future__ import annotations

import ipaddress
import socket
from collections.abc import Collection, Iterable
from contextlib import suppress
from urllib.parse import urlsplit

__all__ = ["PrivateAddressError", "check_address", "guarded_connection", "guarded_socket", "own_addresses"]


_NAT64 = ipaddress.IPv6Network("64:ff9b::/96")
"""A NAT64 gateway connects these addresses to the IPv4 address in their last four bytes."""


class PrivateAddressError(OSError):
    """A connection was refused by Winnow, because the IP address is not public."""


def own_addresses(url: str, also: Iterable[str] = ()) -> frozenset[str]:
    """Return the IP addresses to which the host of ``url`` resolves, each with the port of ``url`` ("127.0.0.1:8080").

    They are needed for a portal on this machine or a private network, which its portal file declares with ``local``: a
    harvest of that portal may connect to these private addresses and to no others. ``also``: further places as
    "host:port", whose addresses are added. A host that does not resolve, and a URL that is not valid, add none.
    """
    own: frozenset[str] = frozenset()
    with suppress(OSError, ValueError):
        parts = urlsplit(url)
        port = parts.port or _PORTS.get(parts.scheme, 80)
        found = socket.getaddrinfo(parts.hostname or "", None, type=socket.SOCK_STREAM)
        own = frozenset(_place(str(info[4][0]).split("%")[0], port) for info in found)
    return own.union(*(own_addresses(f"http://{place}") for place in also))


_PORTS = {"http": 80, "https": 443, "ftp": 21}


def _place(address: str, port: int | None) -> str:
    return f"[{address}]:{port}" if ":" in address else f"{address}:{port}"


def check_address(host: str, port: int | None = None, *, local: Collection[str] = ()) -> None:
    """Raise PrivateAddressError if no connection may be made to ``host``, an IP address.

    ``port``: the port of the connection; None if it is unknown. ``local``: private addresses that are allowed, with a
    port ("127.0.0.1:8080") or without one for all ports. Public addresses are allowed. Link-local (cloud metadata),
    multicast, reserved and unspecified addresses are refused even if ``local`` names them. An IPv6 address that stands
    for an IPv4 address (mapped, 6to4, Teredo, NAT64) is judged by that one. Raise ValueError if ``host`` is no IP
    address.
    """
    text = host.split("%")[0]
    address = ipaddress.ip_address(text)
    if isinstance(address, ipaddress.IPv6Address):
        inner = address.ipv4_mapped or address.sixtofour or (address.teredo[1] if address.teredo else None)
        if address in _NAT64:
            inner = ipaddress.IPv4Address(address.packed[-4:])
        if inner is not None:
            address = inner
    if (
        address.is_multicast
        or address.is_link_local
        or address.is_unspecified
        or (address.is_reserved and not address.is_loopback)
    ):
        allowed = False
    else:
        allowed = address.is_global or text in local or _place(text, port) in local
    if not allowed:
        raise PrivateAddressError(f"{address} is not a public address{_other_port(text, port, local)}")


def _other_port(address: str, port: int | None, local: Collection[str]) -> str:
    own = [one for one in local if one.startswith(_place(address, None).removesuffix("None"))]
    return f" (port {port}; the portal that is declared local has {own[0]} alone)" if own else ""


def guarded_socket(
    info: tuple[socket.AddressFamily, socket.SocketKind, int, str, tuple[str, int] | tuple[str, int, int, int]],
    *,
    local: Collection[str] = (),
) -> socket.socket:
    """Check a resolved address and return a new, unconnected socket for it. Raise PrivateAddressError if it is
    refused.

    ``info``: one result of ``socket.getaddrinfo``. ``local``: the private addresses that are allowed, see
    :func:`check_address`.
    """
    family, kind, protocol, _, destination = info
    check_address(str(destination[0]), int(destination[1]), local=local)
    return socket.socket(family, kind, protocol)


def guarded_connection(host: str, port: int, timeout_s: float, *, local: Collection[str] = ()) -> socket.socket:
    """Resolve ``host`` and return a socket connected to its first address that is allowed and accepts the connection.

    ``port``: the port to connect to. ``timeout_s``: the time-out in seconds. ``local``: the private addresses that are
    allowed, see :func:`check_address`. If no connection is made, raise PrivateAddressError if an address was refused,
    otherwise the OSError of the last try. Raise socket.gaierror if the name does not resolve.
    """
    refused: OSError | None = None
    for family, kind, protocol, name, destination in socket.getaddrinfo(host, port, type=socket.SOCK_STREAM):
        made: socket.socket | None = None
        try:
            made = guarded_socket((family, kind, protocol, name, destination), local=local)  # type: ignore[arg-type]
            made.settimeout(timeout_s)
            made.connect(destination)
        except OSError as error:
            if made is not None:
                made.close()
            refused = refused if isinstance(refused, PrivateAddressError) else error
        else:
            return made
    raise refused or OSError(f"{host} has no address")
